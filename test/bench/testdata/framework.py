"""Blanks lines of an object as the AWS erasure framework does.

    framework.py ENDPOINT BUCKET KEY LINES

The framework ("Build a data lake erasure framework", AWS Big Data Blog) has the numbers of
a person's lines in its index. It reads the object whole, writes {} in place of each of
those lines, and puts the object back. LINES is a file with a JSON array of line numbers.
"""
import json
import sys

import boto3

endpoint, bucket, key, file = sys.argv[1:]
with open(file) as f:
    numbers = set(json.load(f))
s3 = boto3.client("s3", endpoint_url=endpoint)
lines = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8").split("\n")
for n in numbers:
    lines[n] = "{}"
s3.put_object(Bucket=bucket, Key=key, Body="\n".join(lines).encode("utf-8"))
