package own

import (
	"context"
	"time"

	"lethe/erasure"
	"lethe/event"
)

// texts are a service's texts.
type texts struct {
	Config
	name, place string
	keeper      Texts
	settle      func(context.Context) error // waits for what may still write some; nil if nothing does
}

// Name implements erasure.Holder.
func (t *texts) Name() string { return t.name }

// Locate implements erasure.Holder.
func (t *texts) Locate(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	n, err := t.keeper.RedactTexts(ctx, true, t.match(p).redact)
	return held(t.place, n), err
}

// Erase implements erasure.Holder. It empties the log of the state file also if it
// finds nothing: an earlier try may have ended before that.
func (t *texts) Erase(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	if t.settle != nil {
		if err := t.settle(ctx); err != nil {
			return nil, err
		}
	}
	n, err := t.keeper.RedactTexts(ctx, false, t.match(p).redact)
	if err != nil {
		return held(t.place, n), err
	}
	return held(t.place, n), t.DB.Truncate(ctx)
}

// letters are events about objects whose keys name the person, which receivers did
// not take.
type letters struct{ Config }

// Name implements erasure.Holder.
func (l *letters) Name() string { return "event dead letters" }

// Locate implements erasure.Holder.
func (l *letters) Locate(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	dead, waiting, err := l.Events.RedactTexts(ctx, true, l.match(p).redact)
	return append(held("dead letters", dead), undelivered(waiting)...), err
}

// Erase implements erasure.Holder.
func (l *letters) Erase(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	dead, waiting, err := l.Events.RedactTexts(ctx, false, l.match(p).redact)
	did := append(held("dead letters", dead), undelivered(waiting)...)
	if err != nil {
		return did, err
	}
	return did, l.DB.Truncate(ctx)
}

// undelivered are events that must be delivered, because they tell that an object is
// gone.
func undelivered(n int64) []erasure.Holding {
	if n == 0 {
		return nil
	}
	return []erasure.Holding{{Place: "events on their way", Records: n, Reason: "receivers have not taken them yet, and learn from them what is gone"}}
}

// index is the index of the object store: keys, tags and metadata of what was
// deleted, and events.
type index struct{ Config }

// Name implements erasure.Holder.
func (x *index) Name() string { return "object index" }

// Locate implements erasure.Holder. What was deleted from the index cannot be looked
// up; it goes with each request.
func (x *index) Locate(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	n, err := x.waiting(ctx, p)
	return undelivered(n), err
}

const (
	// outboxWait is how long events may take to be delivered before they are
	// reported to be on their way.
	outboxWait = 5 * time.Second
	outboxPoll = 20 * time.Millisecond
)

// Erase implements erasure.Holder.
func (x *index) Erase(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	patience := time.NewTimer(outboxWait)
	defer patience.Stop()
	for {
		n, err := x.waiting(ctx, p)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			select {
			case <-time.After(outboxPoll):
				continue
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-patience.C:
			}
		}
		return undelivered(n), x.Index.Purge(ctx)
	}
}

// waiting counts the events in the outbox that name the person.
func (x *index) waiting(ctx context.Context, p erasure.Person) (n int64, err error) {
	m := x.match(p)
	return n, x.Index.Outbox(0, func(_ uint64, e event.Event) error {
		if m.in(e.Key) {
			n++
		}
		return ctx.Err()
	})
}
