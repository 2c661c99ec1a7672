"""A plugin of pytest: the account that moto's tests expect is lethe's."""
import os

import moto.core
import moto.core.models

moto.core.models.DEFAULT_ACCOUNT_ID = moto.core.DEFAULT_ACCOUNT_ID = os.environ["LETHE_ACCOUNT"]
