package postgres

import (
	"testing"
	"time"
)

// SetPatience sets how long Erase waits, for a test.
func SetPatience(t *testing.T, d time.Duration) {
	old := patience
	patience = d
	t.Cleanup(func() { patience = old })
}
