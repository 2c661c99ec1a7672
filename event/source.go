package event

import (
	"context"
	"sync"
	"time"
)

// Handler works on events. It returns nil when their effect is durable; on an
// error they come again, all of them. The events of one key are in order as far
// as their sender keeps one.
type Handler func(ctx context.Context, events []Event) error

// Source brings the events of a store that is not ours: of buckets on AWS,
// MinIO, Ceph or another S3.
type Source interface {
	// Run hands events to handle until ctx ends, and acknowledges them to their
	// sender only after handle returned nil: they come at least once. A sender
	// that cannot be reached is tried again; Run returns early only with an
	// error that trying again does not cure.
	//
	// Messages that cannot be read are reported to the source's log and left to
	// the sender's own dead letters where it has some, else passed over.
	Run(ctx context.Context, handle Handler) error
}

// Persist gives events to handle until that succeeds, with growing pauses. Sources
// use it whose senders must not be told of a failure. It returns early only when
// ctx ends; failed is called with each error.
func (b Backoff) Persist(ctx context.Context, handle Handler, events []Event, failed func(error)) error {
	for n := 1; len(events) > 0; n++ {
		err := handle(ctx, events)
		if err == nil {
			break
		}
		failed(err)
		if err := b.Wait(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// Meanwhile calls f at an interval until stop is called, which waits for a call
// under way. Sources tell their senders so that they are still at work.
func Meanwhile(ctx context.Context, interval time.Duration, f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		t := time.NewTicker(interval)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				f(ctx)
			}
		}
	})
	return func() { cancel(); done.Wait() }
}
