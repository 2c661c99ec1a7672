package event

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxBatch is how many events are handed over at once, minBatch how many
	// where the last ones failed.
	maxBatch, minBatch = 256, 16
	// maxScan is how many events are looked at in one round.
	maxScan = 4096
	// maxHeld is how many events of one receiver may wait for another try,
	// themselves or behind one of their key. Then the outbox waits.
	maxHeld = 10000
	// downAfter is how many keys must fail, and none succeed, until a receiver
	// is taken to be away.
	downAfter = 8
)

// receiver goes through the outbox for one target or subscriber.
type receiver struct {
	d      *Dispatcher
	name   string
	want   func(Event) (rule string, ok bool)
	send   func(ctx context.Context, items []item) []error // items of different objects
	wake   chan struct{}
	reload atomic.Bool // what is held has changed

	maxHeld int // fewer in tests

	// The rest but what mu guards is of run alone.

	lanes    map[object]*lane // of what is held
	held     int
	more     bool // more is held than the lanes know
	accepted uint64
	suspects map[object]bool // failed since the last success
	batch    int
	down     bool
	downs    int       // tries since it is
	retry    time.Time // when down: the next one

	mu      sync.Mutex
	cursor  uint64 // the outbox is done up to here
	flushed uint64 // of which is durable
	stats   Status
}

type object struct{ bucket, key string }

// lane is what is held of one object: its first is tried, the others wait.
type lane struct {
	events []waiting
	due    time.Time
	failed int
	mark   uint64 // receiver.accepted at the last try
}

// waiting is an event that is held.
type waiting struct {
	id   int64
	time time.Time
}

func newReceiver(d *Dispatcher, name string) *receiver {
	return &receiver{d: d, name: name, wake: make(chan struct{}, 1), batch: maxBatch, maxHeld: maxHeld}
}

// nudge says that there is something to do.
func (r *receiver) nudge() {
	select {
	case r.wake <- struct{}{}:
	default: // it is said already
	}
}

// load makes the lanes from what is held.
func (r *receiver) load(ctx context.Context) error {
	lanes, held := map[object]*lane{}, 0
	err := r.d.ledger.held(ctx, r.name, r.maxHeld, func(i item) {
		l := lanes[i.object()]
		if l == nil {
			l = &lane{mark: r.accepted}
			lanes[i.object()] = l
		}
		l.events = append(l.events, waiting{i.id, i.event.Time})
		held++
	})
	if err != nil {
		return err
	}
	r.lanes, r.held, r.more, r.suspects = lanes, held, held == r.maxHeld, map[object]bool{}
	return nil
}

// run delivers until the dispatcher is closed.
func (r *receiver) run() {
	stop := r.d.rounds.Done()
	for failed := 0; ; {
		busy, err := r.round(r.d.work)
		select {
		case <-stop:
			return
		default:
		}
		if err != nil {
			// Of the outbox or the state file: what is in memory may be ahead of it.
			failed++
			r.d.Log.Error("deliver events", "receiver", r.name, "err", err)
			r.reload.Store(true)
			if r.d.Backoff.Wait(r.d.rounds, failed) != nil {
				return
			}
			continue
		}
		failed = 0
		r.publish()
		if busy {
			continue
		}
		var alarm <-chan time.Time
		t := (*time.Timer)(nil)
		if at := r.next(); !at.IsZero() {
			t = time.NewTimer(time.Until(at))
			alarm = t.C
		}
		select {
		case <-stop:
		case <-r.wake:
		case <-alarm:
		}
		if t != nil {
			t.Stop()
		}
	}
}

// next is when something is to be tried again; zero if nothing is.
func (r *receiver) next() (at time.Time) {
	if r.down {
		if time.Now().Before(r.retry) || len(r.lanes) > 0 {
			at = r.retry
		}
		return at
	}
	for _, l := range r.lanes {
		if at.IsZero() || l.due.Before(at) {
			at = l.due
		}
	}
	return at
}

// round tries what is due of what is held, then what comes next in the outbox.
// It reports whether there may be more to do at once.
func (r *receiver) round(ctx context.Context) (busy bool, err error) {
	if r.reload.Swap(false) || r.held == 0 && r.more {
		if err := r.load(ctx); err != nil {
			r.reload.Store(true)
			return false, err
		}
	}
	if r.down && time.Now().Before(r.retry) {
		return false, nil
	}
	again, err := r.retryHeld(ctx)
	if err != nil {
		return false, err
	}
	fresh, err := r.readOn(ctx)
	if err != nil {
		return false, err
	}
	if r.down {
		r.downs++
		r.retry = time.Now().Add(r.d.Backoff.After(r.downs))
		return false, nil
	}
	return again || fresh, nil
}

// retryHeld tries the first of each lane that is due: of a receiver that is
// down, only the one that waits longest.
func (r *receiver) retryHeld(ctx context.Context) (busy bool, err error) {
	var heads []*lane
	now := time.Now()
	for _, l := range r.lanes {
		if r.down || !l.due.After(now) {
			heads = append(heads, l)
		}
	}
	if len(heads) == 0 {
		return false, nil
	}
	if slices.SortFunc(heads, func(a, b *lane) int { return a.due.Compare(b.due) }); r.down {
		heads = heads[:1]
	}
	heads = heads[:min(len(heads), r.batch)]
	slices.SortFunc(heads, func(a, b *lane) int { return cmp.Compare(a.events[0].id, b.events[0].id) })
	ids := make([]int64, len(heads))
	for i, l := range heads {
		ids[i] = l.events[0].id
	}
	items, err := r.d.ledger.items(ctx, ids)
	if err != nil {
		return false, err
	}
	if len(items) != len(ids) {
		r.reload.Store(true) // somebody changed what is held
		return true, nil
	}
	errs, err := r.hand(ctx, items)
	if err != nil {
		return false, err
	}
	var c changes
	for i, it := range items {
		if errs[i] == nil {
			c.done = append(c.done, it.id)
			continue
		}
		r.judge(&it, errs[i], heads[i].mark)
		c.update = append(c.update, it)
		items[i] = it
	}
	if err := r.d.ledger.apply(ctx, r.name, c); err != nil {
		return false, err
	}
	for i, it := range items {
		l := heads[i]
		if errs[i] != nil && !it.dead {
			l.failed++
			l.mark = r.accepted
			l.due = time.Now().Add(r.d.Backoff.After(l.failed))
			continue
		}
		r.pop(it.object(), l)
	}
	return true, nil
}

// pop ends the first of a lane.
func (r *receiver) pop(o object, l *lane) {
	r.held--
	if l.events = l.events[1:]; len(l.events) == 0 {
		delete(r.lanes, o)
		delete(r.suspects, o)
		return
	}
	l.failed, l.due, l.mark = 0, time.Time{}, r.accepted
}

// readOn delivers what comes next in the outbox.
func (r *receiver) readOn(ctx context.Context) (busy bool, err error) {
	if r.more || r.held >= r.maxHeld {
		return false, nil
	}
	limit := r.batch
	if r.down {
		limit = 1
	}
	items, cursor, whole, err := r.scan(limit)
	if err != nil || cursor == r.cursor {
		return false, err
	}
	c := changes{cursor: cursor}
	due := map[object]time.Time{}
	hold := func(it item) { c.hold = append(c.hold, it) }
	blocked := func(o object) bool { _, failed := due[o]; return failed || r.lanes[o] != nil }
	mark := r.accepted
	for len(items) > 0 {
		// The first of each object goes, the others follow when it is there.
		var wave, rest []item
		in := map[object]bool{}
		for _, it := range items {
			switch o := it.object(); {
			case blocked(o):
				hold(it)
			case in[o]:
				rest = append(rest, it)
			default:
				in[o] = true
				wave = append(wave, it)
			}
		}
		errs, err := r.hand(ctx, wave)
		if err != nil {
			return false, err
		}
		for i, it := range wave {
			if errs[i] == nil {
				continue
			}
			r.judge(&it, errs[i], mark)
			if !it.dead {
				due[it.object()] = time.Now().Add(r.d.Backoff.After(1))
			}
			hold(it)
		}
		items = rest
	}
	if !c.empty() {
		slices.SortFunc(c.hold, func(a, b item) int { return cmp.Compare(a.seq, b.seq) })
		if err := r.d.ledger.apply(ctx, r.name, c); err != nil {
			return false, err
		}
	}
	for _, it := range c.hold {
		if it.dead {
			continue
		}
		l := r.lanes[it.object()]
		if l == nil {
			l = &lane{due: due[it.object()], failed: 1, mark: r.accepted}
			r.lanes[it.object()] = l
		}
		l.events = append(l.events, waiting{it.id, it.event.Time})
		r.held++
	}
	r.mu.Lock()
	r.cursor = cursor
	if !c.empty() {
		r.flushed = cursor
	}
	r.mu.Unlock()
	return !whole, nil
}

var errEnough = errors.New("enough")

// scan reads events that the receiver wants, at most limit, and returns where
// that ended; whole is true if the outbox did.
func (r *receiver) scan(limit int) (items []item, cursor uint64, whole bool, err error) {
	cursor = r.cursor
	looked := 0
	err = r.d.Outbox.Outbox(cursor, func(seq uint64, e Event) error {
		if len(items) == limit || looked == maxScan {
			return errEnough
		}
		looked++
		cursor = seq
		if rule, ok := r.want(e); ok {
			items = append(items, item{seq: seq, event: e, rule: rule})
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return items, cursor, false, nil
	}
	return items, cursor, true, err
}

// hand gives items of different objects to the receiver, and notes how that
// went. Its error is the end of ctx, at which nothing is known of the items.
func (r *receiver) hand(ctx context.Context, items []item) ([]error, error) {
	if len(items) == 0 {
		return nil, nil
	}
	limited, cancel := context.WithTimeout(ctx, r.d.Timeout)
	errs := r.send(limited, items)
	cancel()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if errs == nil {
		errs = make([]error, len(items))
	}
	good := 0
	for i, it := range items {
		if errs[i] == nil {
			good++
			continue
		}
		r.suspects[it.object()] = true
	}
	r.batch = min(r.batch*2, maxBatch)
	if good < len(items) {
		r.batch = minBatch
	}
	r.mu.Lock()
	r.stats.Delivered += uint64(good)
	r.stats.Failed += uint64(len(items) - good)
	r.mu.Unlock()
	switch {
	case good > 0:
		r.accepted += uint64(good)
		clear(r.suspects)
		if r.down {
			r.d.Log.Info("a receiver of events is back", "receiver", r.name)
			for _, l := range r.lanes {
				l.due = time.Time{}
			}
		}
		r.down, r.downs = false, 0
	case len(r.suspects) >= downAfter && !r.down:
		r.down = true
		r.d.Log.Warn("a receiver of events takes none; they wait", "receiver", r.name, "err", short(errors.Join(errs[len(errs)-1])))
	}
	return errs, nil
}

// judge decides what becomes of an event that failed: whether the try counts,
// and whether it was the last. mark is how many events the receiver had taken
// before the try before this one.
func (r *receiver) judge(it *item, err error, mark uint64) {
	it.reason = short(err)
	if !errors.Is(err, ErrNotSent) && (r.accepted != mark || errors.Is(err, ErrRefused) && !r.down) {
		it.tries++
	}
	it.dead = it.tries >= r.d.Tries || !it.event.Time.IsZero() && time.Since(it.event.Time) > r.d.MaxAge
	if it.dead {
		r.d.Log.Warn("an event became a dead letter", "receiver", r.name, "event", it.event.ID(), "tries", it.tries, "err", it.reason)
	}
}
