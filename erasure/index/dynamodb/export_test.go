package dynamodb

import (
	"testing"
	"time"
)

// SetLease sets how long an object may take to be entered, for a test.
func SetLease(t *testing.T, d time.Duration) {
	old := lease
	lease = d
	t.Cleanup(func() { lease = old })
}
