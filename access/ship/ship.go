// Package ship sends the lines of the audit to somebody outside of the lake.
//
// Lines go in order and at least once, in batches, each with a name that stays the
// same when it is sent again. How far the other side is, is kept in the state database
// after it acknowledged a batch and before the next is sent. Only durable lines go, so
// that what was shipped can always be found in the lake. While the other side is away,
// or refuses, the same batch is tried again, for ever; the lake goes on without it, and
// keeps the files that were not shipped.
//
// A batch is a JSON object whose lines are those of the audit, byte for byte:
//
//	{"lines":[{"seq":17,...,"prev":"9f86d0..."},{"seq":18,...}]}
//
// so that a receiver can check their chain: the prev of a line is the SHA-256 of the
// line before it.
package ship

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync"
	"time"

	"lethe/event"
)

// Lines are what is to be shipped. *access.Audit is one, and says what each method does.
type Lines interface {
	Lines(after int64, most int) (lines [][]byte, last int64, err error)
	Wait(ctx context.Context, after int64) error
	Behind(after int64) (lines int64, oldest time.Time, err error)
	Hold(after int64)
}

// Position keeps how far the other side is. *access.Service is one.
type Position interface {
	Shipped(ctx context.Context) (seq int64, err error)
	SetShipped(ctx context.Context, seq int64) error
}

// Config introduces a Shipper to its neighbours.
type Config struct {
	Lines    Lines
	Position Position
	Target   event.Target
	// Batch bounds the lines of a message. 0 means 500.
	Batch int
	// Backoff between tries. Default: from 1 second to 5 minutes.
	Backoff event.Backoff
	Log     *slog.Logger
}

// Shipper sends lines.
type Shipper struct {
	Config

	mu      sync.Mutex
	at      int64 // the last line that was shipped
	shipped int64 // lines since the start
	fails   int64 // tries since the start
	failed  error
}

// New makes a shipper, and holds the files from now on that it has not shipped.
func New(ctx context.Context, c Config) (*Shipper, error) {
	if c.Batch <= 0 {
		c.Batch = 500
	}
	if c.Backoff.Min <= 0 {
		c.Backoff = event.Backoff{Min: time.Second, Max: 5 * time.Minute}
	}
	at, err := c.Position.Shipped(ctx)
	if err != nil {
		return nil, err
	}
	if last, _, err := c.Lines.Lines(at-1, 1); err != nil {
		return nil, err
	} else if at > 0 && len(last) == 0 {
		// The audit ends before: it was replaced. All of it is new to the other side.
		c.Log.Warn("the audit is not the one that was shipped; it is shipped from its beginning", "shipped", at)
		at = 0
	}
	c.Lines.Hold(at)
	return &Shipper{Config: c, at: at}, nil
}

// Run ships until ctx ends.
func (s *Shipper) Run(ctx context.Context) {
	for tries := 0; ; {
		err := s.batch(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			tries = 0
			continue
		}
		tries++
		s.mu.Lock()
		if s.failed == nil {
			s.Log.Warn("the audit cannot be shipped; it is tried again", "error", err)
		}
		s.failed, s.fails = err, s.fails+1
		s.mu.Unlock()
		if s.Backoff.Wait(ctx, tries) != nil {
			return
		}
	}
}

// batch waits for lines and ships some.
func (s *Shipper) batch(ctx context.Context) error {
	s.mu.Lock()
	at := s.at
	s.mu.Unlock()
	if err := s.Lines.Wait(ctx, at); err != nil {
		return err
	}
	lines, last, err := s.Lines.Lines(at, s.Batch)
	if err != nil || len(lines) == 0 {
		return err
	}
	if errs := s.Target.Send(ctx, []event.Message{message(lines)}); errs != nil && errs[0] != nil {
		return errs[0]
	}
	if err := s.Position.SetShipped(ctx, last); err != nil {
		return err
	}
	s.Lines.Hold(last)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		s.Log.Info("the audit is shipped again")
	}
	s.at, s.shipped, s.failed = last, s.shipped+int64(len(lines)), nil
	return nil
}

func message(lines [][]byte) event.Message {
	var body bytes.Buffer
	body.WriteString(`{"lines":[`)
	body.Write(bytes.Join(lines, []byte(",")))
	body.WriteString("]}")
	// The last line's hash tells of all before it, and the first begins the batch.
	h := sha256.New()
	h.Write(lines[0])
	h.Write(lines[len(lines)-1])
	return event.Message{ID: "audit-" + hex.EncodeToString(h.Sum(nil)[:16]), Body: body.Bytes()}
}

// Status tells how far a shipper is.
type Status struct {
	At      int64     // number of the last line that was shipped
	Behind  int64     // lines that were not
	Oldest  time.Time // when the first of them was written; zero if all were shipped
	Shipped int64     // lines since the start
	Failed  int64     // tries since the start
	Err     error     // of the last try; nil if it succeeded
}

// Status tells how far it is.
func (s *Shipper) Status() Status {
	s.mu.Lock()
	x := Status{At: s.at, Shipped: s.shipped, Failed: s.fails, Err: s.failed}
	s.mu.Unlock()
	var err error
	x.Behind, x.Oldest, err = s.Lines.Behind(x.At)
	if x.Err == nil && err != nil && !errors.Is(err, context.Canceled) {
		x.Err = err
	}
	return x
}
