//go:build !nightly

package disk

import "time"

const metamorphicTime = 6 * time.Second
