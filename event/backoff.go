package event

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff is how long to wait between tries: doubling from Min to Max, with a
// random part so that many who wait do not come at once.
type Backoff struct{ Min, Max time.Duration }

// After is the wait after n failures, of which the first is 1: between half of
// the step and all of it.
func (b Backoff) After(n int) time.Duration {
	d := b.Min
	for i := 1; i < n && d < b.Max; i++ {
		d *= 2
	}
	d = max(min(d, b.Max), 2)
	return d/2 + rand.N(d/2)
}

// Wait waits so long after n failures, or until ctx ends, of which it returns
// the error.
func (b Backoff) Wait(ctx context.Context, n int) error {
	t := time.NewTimer(b.After(n))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
