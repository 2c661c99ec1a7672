// Package eventtest holds what the tests of every kind of target and source ask:
// that messages get through a peer that goes away, and that a source brings every
// event, those of one key in order.
package eventtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"lethe/event"
)

// Message is the n-th event, of a key in bucket b.
func Message(key string, n int) event.Message {
	e := event.Event{Name: "ObjectCreated:Put", Bucket: "b", Key: key, Time: time.Now(), Sequencer: fmt.Sprintf("%016X", n)}
	return event.Message{Event: e, ID: e.ID(), Body: event.Encode("eu-central-1", "rule", e)}
}

// Send tries until the target has taken all messages.
func Send(t *testing.T, target event.Target, m []event.Message) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); len(m) > 0; {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		var left []event.Message
		var last error
		for i, err := range target.Send(ctx, m) {
			if err != nil {
				left, last = append(left, m[i]), err
			}
		}
		cancel()
		if m = left; len(m) > 0 {
			if time.Now().After(end) {
				t.Fatal("never taken:", last)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// Run runs a source until stop is called, which may be more than once.
func Run(t *testing.T, s event.Source, handle event.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, handle) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// Soak sends 1,000 events of 50 keys to a target and expects them from a source,
// while handling fails at random, the source is stopped twice, something that is
// no notification comes by, and the peer goes away once.
func Soak(t *testing.T, target event.Target, source event.Source, noise, away func()) {
	t.Helper()
	var mu sync.Mutex
	seen, last := map[string]bool{}, map[string]string{}
	handled := make(chan int, 10000)
	handle := func(_ context.Context, events []event.Event) error {
		mu.Lock()
		defer mu.Unlock()
		if rand.IntN(4) == 0 {
			return errors.New("not now")
		}
		for _, e := range events {
			if !seen[e.Sequencer] {
				if e.Sequencer < last[e.Key] {
					t.Errorf("key %s: %s after %s", e.Key, e.Sequencer, last[e.Key])
				}
				seen[e.Sequencer], last[e.Key] = true, e.Sequencer
			}
		}
		handled <- len(seen)
		return nil
	}
	stop := Run(t, source, handle)
	defer func() { stop() }()
	for i := 0; i < 1000; i += 50 {
		var m []event.Message
		for k := range 50 {
			m = append(m, Message(fmt.Sprint("key", k), i+k+1))
		}
		Send(t, target, m)
		switch i {
		case 300:
			noise()
		case 400, 700:
			stop()
			stop = Run(t, source, handle)
		case 500:
			away()
		}
	}
	for limit := time.After(90 * time.Second); ; {
		select {
		case n := <-handled:
			if n == 1000 {
				return
			}
		case <-limit:
			mu.Lock()
			defer mu.Unlock()
			t.Fatalf("%d of 1000 events", len(seen))
		}
	}
}
