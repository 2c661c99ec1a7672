//go:build nightly

package disk

import "time"

const metamorphicTime = 15 * time.Minute
