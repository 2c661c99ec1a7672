package event

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe/lib/state"
)

// outbox is a store's outbox in memory.
type outbox struct {
	mu     sync.Mutex
	events map[uint64]Event
	last   uint64
	forgot uint64
	more   chan struct{}
}

func newOutbox() *outbox { return &outbox{events: map[uint64]Event{}, more: make(chan struct{}, 1)} }

func (o *outbox) put(bucket, key string) Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	e := Event{Name: "ObjectCreated:Put", Bucket: bucket, Key: key, Size: int64(o.last), Time: time.Now().UTC(), Sequencer: fmt.Sprintf("%016X", o.last)}
	o.events[o.last] = e
	select {
	case o.more <- struct{}{}:
	default:
	}
	return e
}

func (o *outbox) Outbox(seq uint64, f func(uint64, Event) error) error {
	o.mu.Lock()
	var seqs []uint64
	events := maps.Clone(o.events)
	o.mu.Unlock()
	for s := range events {
		if s > seq {
			seqs = append(seqs, s)
		}
	}
	slices.Sort(seqs)
	for _, s := range seqs {
		if err := f(s, events[s]); err != nil {
			return err
		}
	}
	return nil
}

func (o *outbox) Settled() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

func (o *outbox) Forget(seq uint64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forgot = seq
	maps.DeleteFunc(o.events, func(s uint64, _ Event) bool { return s <= seq })
	return nil
}

func (o *outbox) Events() <-chan struct{} { return o.more }

func (o *outbox) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.events)
}

// consumer is a target whose behaviour a test decides.
type consumer struct {
	mu     sync.Mutex
	refuse func(Event) error
	got    []Event
	sent   int // messages, whether taken or not
	closed bool
}

func (c *consumer) Send(ctx context.Context, messages []Message) []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	errs := make([]error, len(messages))
	for i, m := range messages {
		c.sent++
		if c.refuse != nil {
			errs[i] = c.refuse(m.Event)
		}
		if errs[i] == nil {
			c.got = append(c.got, m.Event)
		}
	}
	return errs
}

func (c *consumer) Close() error { c.closed = true; return nil }

func (c *consumer) set(refuse func(Event) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = refuse
}

func (c *consumer) events() []Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

func (c *consumer) tries() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent
}

var errDown = errors.New("connection refused")

func down(Event) error    { return errDown }
func refused(Event) error { return fmt.Errorf("%w: 400", ErrRefused) }

func only(key string, f func(Event) error) func(Event) error {
	return func(e Event) error {
		if e.Key == key {
			return f(e)
		}
		return nil
	}
}

// eventually waits until f holds.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func openState(t *testing.T, path string) *state.DB {
	t.Helper()
	db, err := state.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// rules send everything of every bucket to the targets.
func rules(targets ...string) func(string) []Rule {
	return func(string) (r []Rule) {
		for _, name := range targets {
			r = append(r, Rule{ID: "to-" + name, Target: TargetARN("eu-central-1", name), Events: []string{"s3:ObjectCreated:*", "s3:ObjectRemoved:*"}})
		}
		return r
	}
}

func testConfig(t *testing.T, o Outbox, targets map[string]Target) Config {
	return Config{
		DB: openState(t, filepath.Join(t.TempDir(), "state.db")), Outbox: o, Targets: targets, Region: "eu-central-1",
		Rules: rules(slices.Collect(maps.Keys(targets))...), Tries: 4, Backoff: Backoff{time.Millisecond, 20 * time.Millisecond},
	}
}

func open(t *testing.T, c Config) *Dispatcher {
	t.Helper()
	d, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func start(t *testing.T, c Config) *Dispatcher {
	t.Helper()
	d := open(t, c)
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

func status(t *testing.T, d *Dispatcher, receiver string) Status {
	t.Helper()
	all, err := d.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Receiver == receiver {
			return s
		}
	}
	t.Fatalf("no receiver %s", receiver)
	return Status{}
}

// checkOrder sees that all of want came, those of a key in order, where an event
// that came again does not count.
func checkOrder(t *testing.T, got, want []Event) {
	t.Helper()
	seen, last := map[string]bool{}, map[string]Event{}
	for _, e := range got {
		if seen[e.Sequencer] {
			continue
		}
		seen[e.Sequencer] = true
		if before, ok := last[e.Key]; ok && !e.After(before) {
			t.Fatalf("key %s: %s came after %s", e.Key, e.Sequencer, before.Sequencer)
		}
		last[e.Key] = e
	}
	for _, e := range want {
		if !seen[e.Sequencer] {
			t.Fatalf("event %s of %s never came", e.Sequencer, e.Key)
		}
	}
}

func TestEveryTargetGetsWhatItsRulesSay(t *testing.T) {
	o, all, csv := newOutbox(), &consumer{}, &consumer{}
	c := testConfig(t, o, map[string]Target{"all": all, "csv": csv})
	c.Rules = func(bucket string) []Rule {
		if bucket != "b" {
			return nil
		}
		return []Rule{
			{ID: "1", Target: TargetARN("us-east-1", "all"), Events: []string{"s3:ObjectCreated:*"}},
			{ID: "2", Target: "arn:aws:sns:eu-central-1:000000000000:csv", Events: []string{"s3:ObjectCreated:Put"}, Prefix: "in/", Suffix: ".csv"},
			{ID: "3", Target: "arn:aws:lambda:eu-central-1:000000000000:function:csv", Events: []string{"s3:ObjectCreated:*"}, Suffix: "x.csv"},
		}
	}
	d := start(t, c)
	for _, key := range []string{"in/a.csv", "in/a.json", "out/a.csv", "in/x.csv"} {
		o.put("b", key)
		o.put("other", key)
	}
	eventually(t, "all arrive and the outbox is empty", func() bool { return len(all.events()) == 4 && len(csv.events()) == 2 && o.len() == 0 })
	eventually(t, "it is known that all arrived", func() bool {
		s := status(t, d, "target/all")
		return s.Behind == 0 && s.Held == 0 && s.Oldest.IsZero() && s.Delivered == 4 && !s.Down
	})
	if err := d.Close(); err != nil || !all.closed {
		t.Error(err, all.closed)
	}
}

func TestATargetThatIsAwayLosesNothingAndStopsNobody(t *testing.T) {
	o, here, away := newOutbox(), &consumer{}, &consumer{refuse: down}
	d := start(t, testConfig(t, o, map[string]Target{"here": here, "away": away}))
	var want []Event
	for i := range 1000 {
		want = append(want, o.put("b", fmt.Sprint("key", i%50)))
	}
	eventually(t, "the other has all", func() bool { return len(here.events()) == 1000 })
	eventually(t, "it is known to be away", func() bool { return status(t, d, "target/away").Down })
	s := status(t, d, "target/away")
	if s.Dead != 0 || s.Held > 1000 || s.Oldest.IsZero() {
		t.Errorf("%+v", s)
	}
	if n := away.tries(); n > 500 {
		t.Errorf("%d tries while it is away", n)
	}
	away.set(nil)
	eventually(t, "it has all", func() bool { return len(away.events()) >= 1000 && o.len() == 0 })
	checkOrder(t, away.events(), want)
	checkOrder(t, here.events(), want)
	eventually(t, "it is known that all arrived", func() bool {
		s := status(t, d, "target/away")
		return s.Dead == 0 && s.Held == 0 && s.Behind == 0 && !s.Down
	})
}

func TestABadEventBecomesADeadLetter(t *testing.T) {
	for name, bad := range map[string]func(Event) error{"refused": refused, "breaks the connection": down} {
		t.Run(name, func(t *testing.T) {
			o, c := newOutbox(), &consumer{}
			d := start(t, testConfig(t, o, map[string]Target{"t": c}))
			var first Event
			var known sync.Mutex // held until first is
			known.Lock()
			c.set(func(e Event) error {
				known.Lock()
				defer known.Unlock()
				if e.Sequencer == first.Sequencer {
					return bad(e)
				}
				return nil
			})
			first = o.put("b", "poison")
			known.Unlock()
			second := o.put("b", "poison")
			go func() { // a target that takes others is not away
				for i := range 400 {
					o.put("b", fmt.Sprint("good", i))
					time.Sleep(time.Millisecond)
				}
			}()
			eventually(t, "the next of its key arrives", func() bool { return slices.ContainsFunc(c.events(), func(e Event) bool { return e == second }) })
			eventually(t, "all others too", func() bool { return len(c.events()) == 401 })
			letters, err := d.DeadLetters(t.Context(), "target/t", 0, 10)
			if err != nil || len(letters) != 1 || letters[0].Event != first || letters[0].Tries != 4 || letters[0].Reason == "" || letters[0].Rule != "to-t" || time.Since(letters[0].Died) > time.Minute {
				t.Fatalf("%+v %v", letters, err)
			}
			eventually(t, "it is the only one", func() bool { s := status(t, d, "target/t"); return s.Dead == 1 && s.Held == 0 })
			c.set(nil)
			if n, err := d.Redeliver(t.Context(), "target/t", letters[0].ID); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			eventually(t, "it is redelivered", func() bool { return slices.Contains(c.events(), first) })
			eventually(t, "it is no dead letter", func() bool { s := status(t, d, "target/t"); return s.Dead == 0 && s.Held == 0 })
		})
	}
}

func TestDiscardAndUnknownReceivers(t *testing.T) {
	o, c := newOutbox(), &consumer{refuse: only("bad", refused)}
	d := start(t, testConfig(t, o, map[string]Target{"t": c}))
	o.put("b", "bad")
	o.put("b", "bad")
	eventually(t, "both are dead", func() bool { return status(t, d, "target/t").Dead == 2 })
	letters, err := d.DeadLetters(t.Context(), "", 0, 1)
	if err != nil || len(letters) != 1 {
		t.Fatal(letters, err)
	}
	if next, err := d.DeadLetters(t.Context(), "", letters[0].ID, 5); err != nil || len(next) != 1 || next[0].ID <= letters[0].ID {
		t.Fatal(next, err)
	}
	if n, err := d.Discard(t.Context(), "target/t", letters[0].ID, 12345); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := d.Discard(t.Context(), "target/t"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := d.Redeliver(t.Context(), "target/other"); err == nil {
		t.Error("somebody unknown is redelivered to")
	}
}

func TestOldEventsThatFailAreDead(t *testing.T) {
	o, c := newOutbox(), &consumer{refuse: down}
	cfg := testConfig(t, o, map[string]Target{"t": c})
	cfg.MaxAge = time.Nanosecond
	d := start(t, cfg)
	o.put("b", "k")
	eventually(t, "it is dead", func() bool { return status(t, d, "target/t").Dead == 1 })
}

// TestWhatWasNotSentUsesUpNoTries: a target that fails at one event and does not
// try those behind it gives up that one only.
func TestWhatWasNotSentUsesUpNoTries(t *testing.T) {
	o, c := newOutbox(), &consumer{}
	n := 0
	c.set(func(e Event) error {
		n++
		switch {
		case e.Key == "poison":
			return errDown
		case n%2 == 0:
			return fmt.Errorf("%w: %w", ErrNotSent, errDown)
		}
		return nil
	})
	cfg := testConfig(t, o, map[string]Target{"t": c})
	cfg.Tries = 2
	d := open(t, cfg)
	o.put("b", "poison")
	for i := range 200 {
		o.put("b", fmt.Sprint(i))
	}
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the others arrive, and the one is dead", func() bool { return len(c.events()) == 200 && status(t, d, "target/t").Dead == 1 })
}

// TestABoundIsHeld: what is held is bounded, the rest waits in the outbox, and
// order stays.
func TestABoundIsHeld(t *testing.T) {
	o, c := newOutbox(), &consumer{refuse: refused}
	cfg := testConfig(t, o, map[string]Target{"t": c})
	cfg.Tries = 1000000
	limit := func(d *Dispatcher) {
		for _, r := range d.receivers {
			r.maxHeld = 40
		}
	}
	d := open(t, cfg)
	limit(d)
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var want []Event
	for i := range 500 {
		want = append(want, o.put("b", fmt.Sprint("key", i%3)))
	}
	eventually(t, "as many are held as may be", func() bool { return status(t, d, "target/t").Held >= 40 })
	if s := status(t, d, "target/t"); s.Held > 40+maxBatch+maxScan || s.Behind == 0 && s.Held < 500 {
		t.Errorf("%+v", s)
	}
	d.abandon()

	// A start finds more than the bound, as after a redelivery of many.
	d = open(t, cfg)
	limit(d)
	for _, r := range d.receivers {
		if err := r.load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c.set(nil)
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all arrive", func() bool { return len(c.events()) >= 500 && o.len() == 0 })
	checkOrder(t, c.events(), want)
	eventually(t, "it is known that all arrived", func() bool { s := status(t, d, "target/t"); return s.Held == 0 && s.Dead == 0 })
}

func TestRefusingEverythingUsesUpNoTries(t *testing.T) {
	o, c := newOutbox(), &consumer{refuse: refused}
	cfg := testConfig(t, o, map[string]Target{"t": c})
	cfg.Tries = 3
	d := start(t, cfg)
	for i := range 100 {
		o.put("b", fmt.Sprint(i))
	}
	eventually(t, "it is taken to be away", func() bool { return status(t, d, "target/t").Down && c.tries() > 120 })
	if s := status(t, d, "target/t"); s.Dead != 0 {
		t.Errorf("%+v", s)
	}
	c.set(nil)
	eventually(t, "all arrive", func() bool { return len(c.events()) == 100 })
}

// TestRandomFailures delivers 1,000 events of 50 keys through a target that
// fails at random and a dispatcher that is thrown away at random.
func TestRandomFailures(t *testing.T) {
	o, dir := newOutbox(), t.TempDir()
	db := openState(t, filepath.Join(dir, "state.db"))
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	roll := func() float64 { mu.Lock(); defer mu.Unlock(); return random.Float64() }
	flaky := func(Event) error {
		switch p := roll(); {
		case p < .2:
			return errDown
		case p < .25:
			return fmt.Errorf("%w: 500", ErrRefused)
		}
		return nil
	}
	a, b := &consumer{refuse: flaky}, &consumer{refuse: flaky}
	var subscribed []Event
	config := Config{DB: db, Outbox: o, Targets: map[string]Target{"a": a, "b": b}, Rules: rules("a", "b"), Tries: 1000, Backoff: Backoff{time.Millisecond, 5 * time.Millisecond}}
	begin := func() *Dispatcher {
		d, err := Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Subscribe(t.Context(), "index", func(_ context.Context, events []Event) error {
			if roll() < .1 {
				return errors.New("no")
			}
			mu.Lock()
			defer mu.Unlock()
			subscribed = append(subscribed, events...)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := d.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := begin()
	var want []Event
	for i := range 1000 {
		want = append(want, o.put("b", fmt.Sprint("key", int(roll()*50))))
		if i%150 == 149 {
			d.abandon()
			d = begin()
		}
	}
	defer func() { d.Close() }()
	index := func() []Event { mu.Lock(); defer mu.Unlock(); return slices.Clone(subscribed) }
	done := func(events []Event) bool {
		seen := map[string]bool{}
		for _, e := range events {
			seen[e.Sequencer] = true
		}
		return len(seen) == len(want)
	}
	eventually(t, "everybody has all", func() bool { return done(a.events()) && done(b.events()) && done(index()) })
	for _, got := range [][]Event{a.events(), b.events(), index()} {
		checkOrder(t, got, want)
	}
	eventually(t, "the outbox is empty", func() bool { return o.len() == 0 })
}

// abandon ends the dispatcher as a crash does: nothing is written down.
func (d *Dispatcher) abandon() {
	d.stop()
	d.cut()
	d.running.Wait()
	d.closeOnce.Do(func() {})
}

func TestSubscribers(t *testing.T) {
	o := newOutbox()
	c := testConfig(t, o, nil)
	d := open(t, c)
	var mu sync.Mutex
	var got []Event
	handle := func(_ context.Context, events []Event) error {
		mu.Lock()
		defer mu.Unlock()
		for _, e := range events {
			if e.Key == "bad" {
				return errors.New("cannot be indexed")
			}
		}
		got = append(got, events...)
		return nil
	}
	n := func() int { mu.Lock(); defer mu.Unlock(); return len(got) }
	o.put("b", "before") // what is there already belongs to it
	if err := d.Subscribe(t.Context(), "index", handle); err != nil {
		t.Fatal(err)
	}
	if err := d.Subscribe(t.Context(), "index", handle); err == nil {
		t.Error("two have one name")
	}
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.put("b", "bad")
	o.put("b", "after")
	eventually(t, "the good ones arrive, the bad one is a dead letter", func() bool { return n() == 2 && status(t, d, "subscriber/index").Dead == 1 })
	if err := d.Receive(t.Context(), []Event{{Name: "ObjectCreated:Put", Bucket: "far", Key: "k"}}); err != nil || n() != 3 {
		t.Error(err, n())
	}
	if err := d.Receive(t.Context(), []Event{{Key: "bad"}}); err == nil || !strings.Contains(err.Error(), "index") {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}

	// It goes on where it was; what it was not there for waits.
	o.put("b", "away")
	d = open(t, c)
	if err := d.Subscribe(t.Context(), "index", handle); err != nil {
		t.Fatal(err)
	}
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the next one arrives", func() bool { return n() == 4 })
	d.Close()

	// Who is gone gives up.
	o.put("b", "lost")
	d = start(t, c)
	eventually(t, "the outbox is empty", func() bool { return o.len() == 0 })
	if letters, err := d.DeadLetters(t.Context(), "subscriber/index", 0, 10); err != nil || len(letters) != 1 {
		t.Error(letters, err)
	}
}

// TestAnotherOutbox: state that is newer than the store, as after a restored
// backup, does not make new events look delivered.
func TestAnotherOutbox(t *testing.T) {
	o, c := newOutbox(), &consumer{}
	cfg := testConfig(t, o, map[string]Target{"t": c})
	d := start(t, cfg)
	for range 10 {
		o.put("b", "k")
	}
	eventually(t, "all arrive", func() bool { return len(c.events()) == 10 })
	d.Close()
	cfg.Outbox = newOutbox()
	cfg.Outbox.(*outbox).put("b", "new")
	start(t, cfg)
	eventually(t, "the new one arrives", func() bool { return len(c.events()) == 11 })
}

func TestBackoff(t *testing.T) {
	b := Backoff{time.Second, time.Minute}
	for n, limit := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1000000: time.Minute} {
		for range 20 {
			if d := b.After(n); d < limit/2 || d > limit {
				t.Errorf("after %d failures %v, want %v to %v", n, d, limit/2, limit)
			}
		}
	}
}
