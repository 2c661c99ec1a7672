package disk

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/event"

	"github.com/cockroachdb/pebble/v2"
	"github.com/valyala/fasthttp"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3api/utils"
)

// outbox numbers events. An event is written in the same batch as its change,
// so none is lost and none tells of what did not happen. Batches commit in any
// order, so a reader is shown events only as far as no lower number may still
// come: whoever has read up to a number has seen all below it.
//
// The events of one key are numbered in the order of its changes, because the
// key's lock is held from before the number to after the commit.
type outbox struct {
	mu   sync.Mutex
	last uint64            // given
	open map[uint64]uint64 // being committed: the first number of a change and its last
	more chan struct{}
}

// begin gives a change n numbers, of which it returns the first; end says that
// they are committed, or never will be.
func (o *outbox) begin(n int) (first uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first = o.last + 1
	o.last += uint64(n)
	o.open[first] = o.last
	return first
}

func (o *outbox) end(first uint64) {
	o.mu.Lock()
	delete(o.open, first)
	o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default: // it is said already
	}
}

// settled is the number up to which every event is there that ever will be.
func (o *outbox) settled() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := o.last
	for first := range o.open {
		n = min(n, first-1)
	}
	return n
}

// Outbox calls f for the events after seq, oldest first, until f fails. The
// numbers grow over the store's whole life, but not always by one.
func (s *Store) Outbox(seq uint64, f func(seq uint64, e event.Event) error) error {
	settled := s.outbox.settled() // before the index is looked at
	it, err := s.index.seek(tableKey(tabOutbox))
	if err != nil {
		return err
	}
	defer it.Close()
	for ok := it.SeekGE(outboxKey(seq + 1)); ok; ok = it.Next() {
		n := binary.BigEndian.Uint64(it.Key()[1:])
		if n > settled {
			break
		}
		var e event.Event
		if err := decode(it.Key(), it.Value(), &e); err != nil {
			return err
		}
		e.Sequencer = sequencer(n)
		if err := f(n, e); err != nil {
			return err
		}
	}
	return it.Error()
}

// Settled is the number up to which Outbox would go now. There may be no event
// of that number.
func (s *Store) Settled() uint64 { return s.outbox.settled() }

// sequencer is a number as S3 words it: as text, a later one of a key is greater.
func sequencer(n uint64) string { return fmt.Sprintf("%016X", n) }

// Events tells when the outbox may hold more than at the last receive. Its
// reader looks once before it waits.
func (s *Store) Events() <-chan struct{} { return s.outbox.more }

// Forget removes the events up to and including seq: their receivers have them.
// Without a sync: what comes back after a loss of power is delivered again.
func (s *Store) Forget(seq uint64) error {
	b := s.index.db.NewBatch()
	if err := b.DeleteRange(outboxKey(0), outboxKey(seq+1), nil); err != nil {
		return err
	}
	// Numbers go on after it, also when no event is left.
	if err := b.Set(tableKey(tabForgot), binary.BigEndian.AppendUint64(nil, seq), nil); err != nil {
		return err
	}
	return s.index.commit(b, pebble.NoSync)
}

// resume finds where the numbers go on.
func (s *Store) resume() error {
	s.outbox.open, s.outbox.more = map[uint64]uint64{}, make(chan struct{}, 1)
	if err := s.index.scan(tableKey(tabForgot), func(_, v []byte) error {
		if len(v) != 8 {
			return lethe.Errorf(lethe.BadData, "object store index: the outbox's position has %d bytes", len(v))
		}
		s.outbox.last = binary.BigEndian.Uint64(v)
		return nil
	}); err != nil {
		return err
	}
	it, err := s.index.seek(tableKey(tabOutbox))
	if err != nil {
		return err
	}
	if it.Last() {
		s.outbox.last = max(s.outbox.last, binary.BigEndian.Uint64(it.Key()[1:]))
	}
	return it.Close()
}

// caller is who asked for a change, as far as it is known.
type caller struct{ principal, address, request string }

// callerOf finds it in the context of a request of the front end, or of one of
// lethe's own parts.
func callerOf(ctx context.Context) (c caller) {
	c.principal = lethe.PrincipalOf(ctx).ARN
	if a, ok := ctx.Value(string(utils.ContextKeyAccount)).(auth.Account); ok && c.principal == "" {
		if c.principal = a.Arn; c.principal == "" {
			c.principal = a.Access // versitygw's own users have no ARN
		}
	}
	c.request, _ = ctx.Value(string(utils.ContextKeyRequestID)).(string)
	if r, ok := ctx.(*fasthttp.RequestCtx); ok {
		c.address = r.RemoteIP().String()
	}
	return c
}

// tell adds an event about a version to the change, if the store keeps an outbox.
func (c *change) tell(b *bucket, name string, v *version) {
	if !c.s.events {
		return
	}
	if c.expiring {
		name = strings.Replace(name, "ObjectRemoved:", "LifecycleExpiration:", 1)
	}
	e := event.Event{Name: name, Bucket: b.Name, Key: v.key, Time: time.Now().UTC(),
		Principal: c.by.principal, SourceIP: c.by.address, RequestID: c.by.request}
	if !e.Removed() { // as Amazon's
		e.Size, e.ETag = v.Size, strings.Trim(v.ETag, `"`)
	}
	if b.Versioning != "" {
		e.Version = v.versionID()
	}
	c.events = append(c.events, encode(e))
}

// number gives the change's events their places in the outbox. The caller calls
// done when the change is committed or has failed.
func (c *change) number() (done func()) {
	if len(c.events) == 0 {
		return func() {}
	}
	first := c.s.outbox.begin(len(c.events))
	for i, e := range c.events {
		_ = c.batch.Set(outboxKey(first+uint64(i)), e, nil)
	}
	return func() { c.s.outbox.end(first) }
}
