package event

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"lethe"
	"lethe/lib/state"
)

// Outbox is where a store keeps its events until everybody has them. They are
// numbered; numbers grow, and those of one key in the order of its changes.
type Outbox interface {
	// Outbox calls f for the events after seq, oldest first, until f fails,
	// whose error it returns. No event appears later between those it has shown.
	Outbox(seq uint64, f func(seq uint64, e Event) error) error
	// Settled is the number up to which Outbox would go now.
	Settled() uint64
	// Forget removes the events up to and including seq.
	Forget(seq uint64) error
	// Events tells when there may be more than at the last receive.
	Events() <-chan struct{}
}

// Config is what a Dispatcher works with.
type Config struct {
	DB     *state.DB
	Outbox Outbox
	// Rules are those of a bucket, at this moment.
	Rules func(bucket string) []Rule
	// Targets by name, see TargetARN. The dispatcher closes them.
	Targets map[string]Target
	Region  string // of the lake, as events tell it

	// Tries of an event that count, after which it is a dead letter. Default: 16.
	Tries int
	// MaxAge of an event that fails; an older one is a dead letter. Default: 14 days.
	MaxAge time.Duration
	// Backoff between tries. Default: from 1 second to 5 minutes.
	Backoff Backoff
	// Timeout of handing over some messages. Default: 1 minute.
	Timeout time.Duration
	Log     *slog.Logger
}

// Dispatcher brings the events of a store to their receivers, each at least
// once, those of one key in order.
//
// Each receiver, a target or a subscriber, has a place in the outbox, which is
// durable, and moves on when an event was acknowledged. None waits for another,
// and the outbox is emptied up to the place of the last. A receiver that is away
// for days costs room in the outbox and no memory.
//
// An event that its receiver does not take is held, in the state file; later
// ones of its key wait behind it and those of other keys go on. It is tried
// again with growing pauses, and is a dead letter when Tries counted. A try counts
// if the receiver refused the event, or took another one since the last try: a
// receiver that is away, or refuses everything, uses up no tries. Dead letters
// are kept until somebody redelivers or discards them.
//
// A place is written down once in a second. After a crash, what was delivered
// since comes again, in order.
//
// Which events a target gets is decided when they are about to be handed over,
// by the rules of that moment. So a rule that is removed takes with it what its
// target has not had yet, as does the removal of the bucket, and a new rule may
// bring events from before it, as many as the target is behind.
type Dispatcher struct {
	Config
	ledger ledger

	rounds, work context.Context // of the next piece of work, and of the present one
	stop, cut    context.CancelFunc
	running      sync.WaitGroup
	closeOnce    sync.Once
	closeErr     error
	handlersMu   sync.Mutex
	handlers     []namedHandler // of the subscribers, for Receive
	mu           sync.Mutex
	started      bool
	receivers    []*receiver
	absent       map[string]uint64 // receivers of an earlier run that nobody has named yet
	forgot       uint64
}

type namedHandler struct {
	name   string
	handle Handler
}

// flushEvery is how often places are written down and the outbox is emptied.
const flushEvery = time.Second

// stopWithin is how long a receiver may take for what it is given when the
// dispatcher is closed.
const stopWithin = 5 * time.Second

// Open makes a dispatcher with its targets. Nothing is delivered before Start.
func Open(ctx context.Context, c Config) (*Dispatcher, error) {
	if c.Tries <= 0 {
		c.Tries = 16
	}
	if c.MaxAge <= 0 {
		c.MaxAge = 14 * 24 * time.Hour
	}
	if c.Backoff.Min <= 0 {
		c.Backoff.Min = time.Second
	}
	if c.Backoff.Max < c.Backoff.Min {
		c.Backoff.Max = max(5*time.Minute, c.Backoff.Min)
	}
	if c.Timeout <= 0 {
		c.Timeout = time.Minute
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	d := &Dispatcher{Config: c}
	var err error
	if d.ledger, err = openLedger(ctx, c.DB); err != nil {
		return nil, err
	}
	if d.absent, err = d.ledger.receivers(ctx); err != nil {
		return nil, err
	}
	d.rounds, d.stop = context.WithCancel(context.Background())
	d.work, d.cut = context.WithCancel(context.Background())
	for name, t := range c.Targets {
		r := newReceiver(d, "target/"+name)
		r.want = func(e Event) (string, bool) { return ruleFor(c.Rules(e.Bucket), name, e) }
		r.send = func(ctx context.Context, items []item) []error { return t.Send(ctx, d.messages(items)) }
		if err := d.add(ctx, r); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// ruleFor finds the rule that gives an event to a target. Of several that do,
// the first counts: the target gets it once.
func ruleFor(rules []Rule, target string, e Event) (id string, ok bool) {
	for _, r := range rules {
		if name, is := TargetName(r.Target); is && name == target && r.Match(e) {
			return r.ID, true
		}
	}
	return "", false
}

func (d *Dispatcher) messages(items []item) []Message {
	m := make([]Message, len(items))
	for i, it := range items {
		m[i] = Message{Event: it.event, ID: it.event.ID(), Body: Encode(d.Region, it.rule, it.event)}
	}
	return m
}

// Subscribe gives all events of all buckets to a part of this process. The name
// is durable: it goes on where the subscriber of this name was. A new one begins
// with the oldest event that is kept. handle must bear events that it has seen.
func (d *Dispatcher) Subscribe(ctx context.Context, name string, handle Handler) error {
	r := newReceiver(d, "subscriber/"+name)
	r.want = func(Event) (string, bool) { return "", true }
	r.send = func(ctx context.Context, items []item) []error { return call(ctx, handle, items) }
	if err := d.add(ctx, r); err != nil {
		return err
	}
	d.handlersMu.Lock()
	defer d.handlersMu.Unlock()
	d.handlers = append(d.handlers, namedHandler{name, handle})
	return nil
}

// call gives events to a handler together, and if it fails one by one, so that
// one bad event does not hold the others.
func call(ctx context.Context, handle Handler, items []item) []error {
	events := make([]Event, len(items))
	for i, it := range items {
		events[i] = it.event
	}
	err := handle(ctx, events)
	if err == nil {
		return nil
	}
	errs := make([]error, len(items))
	if len(items) == 1 {
		// A handler in this process is always there: it is about this event.
		errs[0] = fmt.Errorf("%w: %w", ErrRefused, err)
		return errs
	}
	for i := range items {
		if errs[i] = ctx.Err(); errs[i] == nil {
			if e := call(ctx, handle, items[i:i+1]); e != nil {
				errs[i] = e[0]
			}
		}
	}
	return errs
}

// Receive gives events that did not come from the outbox, but from a Source, to
// the subscribers. It is nil when all of them are done; otherwise the source
// shall bring the events again.
func (d *Dispatcher) Receive(ctx context.Context, events []Event) error {
	d.handlersMu.Lock()
	handlers := slices.Clone(d.handlers)
	d.handlersMu.Unlock()
	var err error
	for _, h := range handlers {
		if e := h.handle(ctx, events); e != nil {
			err = errors.Join(err, fmt.Errorf("subscriber %s: %w", h.name, e))
		}
	}
	return err
}

func (d *Dispatcher) add(ctx context.Context, r *receiver) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, other := range d.receivers {
		if other.name == r.name {
			return lethe.Errorf(lethe.Exists, "%s receives events already", r.name)
		}
	}
	seq, known := d.absent[r.name]
	// A place beyond the outbox is of another outbox, or of a later state of
	// this one: numbers below it will be given again.
	if seq > d.Outbox.Settled() {
		seq, known = 0, false
	}
	if !known {
		if err := d.ledger.restart(ctx, r.name); err != nil {
			return err
		}
	}
	r.cursor, r.flushed = seq, seq
	if err := r.load(ctx); err != nil {
		return err
	}
	delete(d.absent, r.name)
	d.receivers = append(d.receivers, r)
	if d.started {
		d.running.Go(r.run)
	}
	return nil
}

// Start begins to deliver. All who want to go on where they were have
// subscribed: places of others are given up, and what was held for them becomes
// dead letters.
func (d *Dispatcher) Start(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.absent {
		d.Log.Warn("a receiver of events is gone from the configuration; what it has not had is given up", "receiver", name)
		if err := d.ledger.remove(ctx, name); err != nil {
			return err
		}
		delete(d.absent, name)
	}
	d.started = true
	for _, r := range d.receivers {
		d.running.Go(r.run)
	}
	d.running.Go(d.pump)
	return nil
}

// pump wakes the receivers when there are events, and writes down how far they are.
func (d *Dispatcher) pump() {
	t := time.NewTicker(flushEvery)
	defer t.Stop()
	for {
		select {
		case <-d.rounds.Done():
			return
		case <-d.Outbox.Events():
			d.mu.Lock()
			for _, r := range d.receivers {
				r.nudge()
			}
			d.mu.Unlock()
		case <-t.C:
			if err := d.flush(d.work); err != nil {
				d.Log.Error("write down how far events are delivered", "err", err)
			}
		}
	}
}

// flush makes the receivers' places durable and empties the outbox up to the
// last of them.
func (d *Dispatcher) flush(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	low := d.Outbox.Settled() // if nobody receives
	for _, seq := range d.absent {
		low = min(low, seq)
	}
	moved := map[string]uint64{}
	for _, r := range d.receivers {
		r.mu.Lock()
		if low = min(low, r.cursor); r.cursor != r.flushed {
			moved[r.name] = r.cursor
		}
		r.mu.Unlock()
	}
	if len(moved) > 0 {
		if err := d.ledger.place(ctx, moved); err != nil {
			return err
		}
		for _, r := range d.receivers {
			if seq, ok := moved[r.name]; ok {
				r.mu.Lock()
				r.flushed = max(r.flushed, seq)
				r.mu.Unlock()
			}
		}
	}
	if low <= d.forgot {
		return nil
	}
	if err := d.Outbox.Forget(low); err != nil {
		return err
	}
	d.forgot = low
	return nil
}

// Close stops delivering, gives receivers a moment for what they are at, writes
// down how far each is, and closes the targets.
func (d *Dispatcher) Close() error {
	d.closeOnce.Do(func() {
		d.stop()
		t := time.AfterFunc(stopWithin, d.cut)
		d.running.Wait()
		t.Stop()
		d.cut()
		d.closeErr = d.flush(context.Background())
		for _, t := range d.Targets {
			d.closeErr = errors.Join(d.closeErr, t.Close())
		}
	})
	return d.closeErr
}
