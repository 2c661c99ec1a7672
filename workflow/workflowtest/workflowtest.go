// Package workflowtest holds what every workflow.Engine must do.
package workflowtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lethe"
	"lethe/workflow"
)

// Open opens an engine on what an earlier one of the same test left, or on
// nothing. It is called, and its engine runs, in a bubble of testing/synctest.
type Open func(t *testing.T, g *workflow.Registry) workflow.Engine

// Run runs the suite. open is called for each test, and returns how the test
// opens its engines.
func Run(t *testing.T, fresh func(t *testing.T) Open) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, open Open)
	}{
		{"Steps", testSteps},
		{"Signals", testSignals},
		{"Times", testTimes},
		{"Errors", testErrors},
		{"ErrorsThatPass", testErrorsThatPass},
		{"Each", testEach},
		{"EachErrors", testEachErrors},
		{"Panics", testPanics},
		{"Changed", testChanged},
		{"Refusals", testRefusals},
		{"Forget", testForget},
		{"Many", testMany},
		{"Random", testRandom},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { c.test(t, fresh(t)) })
		})
	}
}

// running is an engine at work.
type running struct {
	workflow.Engine
	t    *testing.T
	stop func()
}

func start(t *testing.T, open Open, g *workflow.Registry) *running {
	t.Helper()
	e := open(t, g)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	r := &running{Engine: e, t: t}
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

func (r *running) begin(process, id string, in any) {
	r.t.Helper()
	if err := r.Start(r.t.Context(), process, id, in); err != nil {
		r.t.Fatal(err)
	}
}

func (r *running) signal(id, name, key string, v any) {
	r.t.Helper()
	if fresh, err := r.Signal(r.t.Context(), id, name, key, v); err != nil || !fresh {
		r.t.Fatalf("signal %s of %s: %v, %v", name, id, fresh, err)
	}
}

func (r *running) status(id string) workflow.Status {
	r.t.Helper()
	s, err := r.Status(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// until waits until the run is in a state.
func (r *running) until(id string, state workflow.State) workflow.Status {
	r.t.Helper()
	for range 10_000 { // of the bubble's time, 70 days
		s := r.status(id)
		if s.State == state {
			return s
		}
		time.Sleep(10 * time.Minute)
	}
	r.t.Fatalf("run %s is %+v, and should come to %s", id, r.status(id), state)
	panic("not reached")
}

// result waits until the run is done.
func result[T any](r *running, id string) T {
	r.t.Helper()
	s := r.until(id, workflow.Done)
	var out T
	if err := json.Unmarshal(s.Result, &out); err != nil {
		r.t.Fatal(err)
	}
	return out
}

// counter counts calls by name.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counter) add(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[name]++
	return c.n[name]
}

func (c *counter) of(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[name]
}

var (
	upper = workflow.Activity[string, string]{Name: "upper"}
	greet = workflow.Process[string, string]{Name: "greet"}
)

func testSteps(t *testing.T, open Open) {
	var calls counter
	g := workflow.NewRegistry()
	workflow.Handle(g, upper, func(_ context.Context, s string) (string, error) {
		calls.add(s)
		return strings.ToUpper(s), nil
	})
	workflow.Define(g, greet, func(r workflow.Run, name string) (string, error) {
		began := r.Now()
		a, err := workflow.Call(r, upper, "hello")
		if err != nil {
			return "", err
		}
		if _, _, err := workflow.Await[int](r, "never", 24*time.Hour); err != nil {
			return "", err
		}
		b, err := workflow.Call(r, upper, name)
		return fmt.Sprintf("%s %s %s %v", r.ID(), a, b, r.Now().Sub(began)), err
	})
	e := start(t, open, g)
	e.begin("greet", "1", "ada")
	e.begin("greet", "1", "somebody else")
	time.Sleep(time.Hour)
	if s := e.status("1"); s.State != workflow.Active || s.Process != "greet" || time.Until(s.Wake) != 23*time.Hour || len(s.Steps) != 3 || !s.Steps[1].Done || s.Steps[2].Done {
		t.Errorf("while it waits it is %+v", s)
	}
	e.stop() // and another program goes on
	e = start(t, open, g)
	if got, want := result[string](e, "1"), "1 HELLO ADA 24h0m0s"; got != want {
		t.Errorf("it returned %q, want %q", got, want)
	}
	if calls.of("hello") != 1 || calls.of("ada") != 1 {
		t.Errorf("calls: %v", calls.n)
	}
}

var (
	orders  = workflow.Process[int, []string]{Name: "orders"}
	decide  = workflow.Process[workflow.None, string]{Name: "decide"}
	nothing = workflow.Activity[workflow.None, workflow.None]{Name: "nothing"}
)

func testSignals(t *testing.T, open Open) {
	g := workflow.NewRegistry()
	workflow.Define(g, orders, func(r workflow.Run, n int) ([]string, error) {
		var out []string
		for range n {
			s, ok, err := workflow.Await[string](r, "order", 30*24*time.Hour)
			if err != nil || !ok {
				return out, errors.Join(err, errors.New("no order"))
			}
			out = append(out, s)
		}
		return out, nil
	})
	e := start(t, open, g)
	e.begin("orders", "o", 4)
	e.signal("o", "order", "a", "first")
	e.signal("o", "order", "b", "second")
	if fresh, err := e.Signal(t.Context(), "o", "order", "a", "again"); fresh || err != nil {
		t.Errorf("the same key again: %v, %v", fresh, err)
	}
	e.signal("o", "other", "a", "not awaited")
	time.Sleep(9 * 24 * time.Hour)
	e.stop()
	e = start(t, open, g)
	e.signal("o", "order", "c", "third")
	synctest.Wait()
	if fresh, err := e.Signal(t.Context(), "o", "order", "c", "again"); fresh || err != nil {
		t.Errorf("the key of a signal that was taken: %v, %v", fresh, err)
	}
	e.signal("o", "order", "d", "fourth")
	if got := result[[]string](e, "o"); !slices.Equal(got, []string{"first", "second", "third", "fourth"}) {
		t.Errorf("it got %q", got)
	}
	if _, err := e.Signal(t.Context(), "o", "order", "e", "late"); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("a signal for what has ended: %v", err)
	}
}

func testTimes(t *testing.T, open Open) {
	g := workflow.NewRegistry()
	var reminded counter
	workflow.Handle(g, nothing, func(context.Context, workflow.None) (workflow.None, error) {
		reminded.add("")
		return workflow.None{}, nil
	})
	workflow.Define(g, decide, func(r workflow.Run, _ workflow.None) (string, error) {
		for range 4 {
			d, ok, err := workflow.Await[string](r, "decision", 3*24*time.Hour)
			if ok || err != nil {
				return d, err
			}
			if _, err := workflow.Call(r, nothing, workflow.None{}); err != nil {
				return "", err
			}
		}
		return "expired", nil
	})
	e := start(t, open, g)
	e.begin("decide", "a", nil)
	e.begin("decide", "b", nil)
	time.Sleep(7 * 24 * time.Hour)
	e.signal("a", "decision", "1", "yes")
	synctest.Wait()
	if got := result[string](e, "a"); got != "yes" {
		t.Errorf("a decided %q", got)
	}
	if s := e.status("b"); s.State != workflow.Active {
		t.Errorf("b is %+v", s)
	}
	if got := result[string](e, "b"); got != "expired" || reminded.of("") != 2+4 {
		t.Errorf("b decided %q after %d reminders", got, reminded.of("")-2)
	}
}

var try = workflow.Process[string, string]{Name: "try"}

func testErrors(t *testing.T, open Open) {
	var calls counter
	g := workflow.NewRegistry()
	workflow.Handle(g, upper, func(context.Context, string) (string, error) {
		calls.add("")
		return "", fmt.Errorf("wrapped: %w", lethe.Errorf(lethe.Conflict, "the object has changed").WithHint("read it again"))
	})
	workflow.Define(g, try, func(r workflow.Run, how string) (string, error) {
		_, err := workflow.Call(r, upper, "x")
		if !lethe.Is(err, lethe.Conflict) || !strings.Contains(err.Error(), "the object has changed") || !strings.Contains(err.Error(), "read it again") {
			return "", fmt.Errorf("the process got %v", err)
		}
		_, _, werr := workflow.Await[int](r, "later", time.Hour)
		if werr != nil || how == "give up" {
			return "", errors.Join(werr, err)
		}
		return "went on", nil
	})
	e := start(t, open, g)
	e.begin("try", "1", "go on")
	e.begin("try", "2", "give up")
	if got := result[string](e, "1"); got != "went on" {
		t.Errorf("it returned %q", got)
	}
	if s := e.until("2", workflow.Failed); !strings.Contains(s.Error, "the object has changed") {
		t.Errorf("it failed with %q", s.Error)
	}
	if n := calls.of(""); n != 2 {
		t.Errorf("%d calls, want 2: an error that stays is not tried again", n)
	}
}

func testErrorsThatPass(t *testing.T, open Open) {
	var mu sync.Mutex
	down, calls := true, 0
	g := workflow.NewRegistry()
	workflow.Handle(g, upper, func(_ context.Context, s string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if calls++; down {
			return "", errors.New("503 slow down")
		}
		return strings.ToUpper(s), nil
	})
	workflow.Define(g, try, func(r workflow.Run, s string) (string, error) { return workflow.Call(r, upper, s) })
	e := start(t, open, g)
	e.begin("try", "1", "x")
	s := e.until("1", workflow.Stalled)
	if s.Error != "503 slow down" || s.Wake.IsZero() || s.Steps[0].Done {
		t.Errorf("a stalled run is %+v", s)
	}
	time.Sleep(3 * 24 * time.Hour)
	mu.Lock()
	before := calls
	down = false
	mu.Unlock()
	if before > 3*24*12+20 || before < 3*24*6 {
		t.Errorf("%d tries in three days", before)
	}
	if err := e.Resume(t.Context(), "1"); err != nil { // not in minutes, but now
		t.Fatal(err)
	}
	synctest.Wait()
	if got := result[string](e, "1"); got != "X" {
		t.Errorf("it returned %q", got)
	}
}

var (
	list   = workflow.Activity[workflow.Page, workflow.Items[int]]{Name: "list"}
	handle = workflow.Activity[int, workflow.None]{Name: "handle"}
	all    = workflow.Process[string, int64]{Name: "all"}
)

// pages lists the numbers below n, seven at a time.
func pages(n int) func(context.Context, workflow.Page) (workflow.Items[int], error) {
	return func(_ context.Context, p workflow.Page) (workflow.Items[int], error) {
		var out workflow.Items[int]
		from := 0
		if p.After != "" {
			if _, err := fmt.Sscan(p.After, &from); err != nil {
				return out, err
			}
		}
		for i := from; i < min(from+7, n); i++ {
			out.Items = append(out.Items, i)
		}
		if from+7 < n {
			out.Next = fmt.Sprint(from + 7)
		}
		return out, nil
	}
}

func testEach(t *testing.T, open Open) {
	for _, n := range []int{0, 1, 7, 100} {
		id := fmt.Sprint(n)
		var calls, at counter
		most := 0
		g := workflow.NewRegistry()
		workflow.Handle(g, list, pages(n))
		workflow.Handle(g, handle, func(ctx context.Context, i int) (workflow.None, error) {
			now := at.add("")
			at.mu.Lock()
			most = max(most, now)
			at.mu.Unlock()
			time.Sleep(time.Second)
			at.mu.Lock()
			at.n[""]--
			at.mu.Unlock()
			calls.add(fmt.Sprint(i))
			return workflow.None{}, ctx.Err()
		})
		workflow.Define(g, all, func(r workflow.Run, of string) (int64, error) { return workflow.Each(r, list, handle, of, 3) })
		e := start(t, open, g)
		e.begin("all", id, "numbers")
		if n == 100 {
			time.Sleep(10*time.Second + 500*time.Millisecond) // amid a page
			e.stop()
			e = start(t, open, g)
		}
		if got := result[int64](e, id); got != int64(n) {
			t.Errorf("%d items, want %d", got, n)
		}
		repeats := 0
		for i := range n {
			c := calls.of(fmt.Sprint(i))
			if repeats += c - 1; c == 0 {
				t.Errorf("item %d was not done", i)
			}
		}
		if most > 3 || repeats > 7 {
			t.Errorf("%d items at once, %d done again", most, repeats)
		}
		if s := e.status(id); s.Steps[0].Count != int64(n) || !s.Steps[0].Done {
			t.Errorf("its step is %+v", s.Steps[0])
		}
		e.stop()
	}
}

func testEachErrors(t *testing.T, open Open) {
	var calls counter
	g := workflow.NewRegistry()
	workflow.Handle(g, list, pages(20))
	workflow.Handle(g, handle, func(_ context.Context, i int) (workflow.None, error) {
		n := calls.add(fmt.Sprint(i))
		switch {
		case i == 3 && n < 4:
			return workflow.None{}, errors.New("503")
		case i == 9:
			return workflow.None{}, lethe.Errorf(lethe.Denied, "item 9 may not be touched")
		}
		return workflow.None{}, nil
	})
	workflow.Define(g, all, func(r workflow.Run, of string) (int64, error) { return workflow.Each(r, list, handle, of, 4) })
	e := start(t, open, g)
	e.begin("all", "1", "numbers")
	if s := e.until("1", workflow.Failed); s.Error != "item 9 may not be touched" || s.Steps[0].Count != 7 {
		t.Errorf("it is %+v", s)
	}
	if calls.of("3") != 4 || calls.of("9") != 1 || calls.of("13") != 1 || calls.of("14") != 0 {
		t.Errorf("calls: %v", calls.n)
	}
}

func testPanics(t *testing.T, open Open) {
	var calls counter
	g := workflow.NewRegistry()
	workflow.Handle(g, upper, func(_ context.Context, s string) (string, error) {
		if calls.add(s) == 1 {
			panic("an activity's")
		}
		return s, nil
	})
	workflow.Define(g, try, func(r workflow.Run, s string) (string, error) {
		out, err := workflow.Call(r, upper, s)
		if calls.add("process") == 1 { // when Call has returned, after its second try
			panic("a process's")
		}
		return out, err
	})
	e := start(t, open, g)
	e.begin("try", "1", "x")
	if s := e.until("1", workflow.Stopped); !strings.Contains(s.Error, "panicked") {
		t.Errorf("it is %+v", s)
	}
	if err := e.Resume(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	if got := result[string](e, "1"); got != "x" || calls.of("x") != 2 {
		t.Errorf("it returned %q after %d calls", got, calls.of("x"))
	}
}

func testChanged(t *testing.T, open Open) {
	version := func(names ...string) *workflow.Registry {
		g := workflow.NewRegistry()
		workflow.Define(g, try, func(r workflow.Run, s string) (string, error) {
			for _, n := range names {
				out, err := workflow.Call(r, workflow.Activity[string, string]{Name: n}, s)
				if err != nil {
					return "", err
				}
				s += out
			}
			if _, _, err := workflow.Await[int](r, "wait", 24*time.Hour); err != nil {
				return "", err
			}
			return s, nil
		})
		for _, n := range names {
			workflow.Handle(g, workflow.Activity[string, string]{Name: n}, func(context.Context, string) (string, error) { return n, nil })
		}
		return g
	}
	e := start(t, open, version("a", "b"))
	e.begin("try", "1", "")
	synctest.Wait()
	time.Sleep(time.Hour)
	for _, other := range []*workflow.Registry{version("a", "c"), version("b", "a"), version("a"), workflow.NewRegistry()} {
		e.stop()
		e = start(t, open, other)
		if err := e.Resume(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s := e.until("1", workflow.Stopped); s.Error == "" {
			t.Errorf("under another version it is %+v", s)
		}
	}
	e.stop()
	e = start(t, open, version("a", "b"))
	if err := e.Resume(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	if got := result[string](e, "1"); got != "ab" {
		t.Errorf("under its own version it returned %q", got)
	}
}

func testRefusals(t *testing.T, open Open) {
	g := workflow.NewRegistry()
	workflow.Define(g, greet, func(workflow.Run, string) (string, error) { return "", nil })
	e := start(t, open, g)
	ctx := t.Context()
	if err := e.Start(ctx, "nope", "1", nil); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("a process that is not there: %v", err)
	}
	if err := e.Start(ctx, "greet", "", nil); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("no id: %v", err)
	}
	if err := e.Start(ctx, "greet", "1", func() {}); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("an input that is no JSON: %v", err)
	}
	_, serr := e.Status(ctx, "1")
	_, gerr := e.Signal(ctx, "1", "x", "y", nil)
	for what, err := range map[string]error{"Status": serr, "Signal": gerr, "Resume": e.Resume(ctx, "1"), "Forget": e.Forget(ctx, "1")} {
		if !lethe.Is(err, lethe.NotFound) {
			t.Errorf("%s of a run that is not there: %v", what, err)
		}
	}
}

func testForget(t *testing.T, open Open) {
	g := workflow.NewRegistry()
	workflow.Define(g, decide, func(r workflow.Run, _ workflow.None) (string, error) {
		d, _, err := workflow.Await[string](r, "decision", 24*time.Hour)
		return d, err
	})
	e := start(t, open, g)
	ctx := t.Context()
	e.begin("decide", "1", nil)
	synctest.Wait()
	if err := e.Forget(ctx, "1"); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("while it is under way: %v", err)
	}
	e.signal("1", "decision", "k", "yes")
	result[string](e, "1")
	if err := e.Forget(ctx, "1"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Status(ctx, "1"); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("afterwards: %v", err)
	}
	e.begin("decide", "1", nil) // and it is as if it had never been
	synctest.Wait()
	e.signal("1", "decision", "k", "no")
	if got := result[string](e, "1"); got != "no" {
		t.Errorf("the second run decided %q", got)
	}
}

func testMany(t *testing.T, open Open) {
	g := workflow.NewRegistry()
	workflow.Handle(g, upper, func(_ context.Context, s string) (string, error) {
		time.Sleep(time.Millisecond)
		return strings.ToUpper(s), nil
	})
	workflow.Define(g, greet, func(r workflow.Run, name string) (string, error) {
		d, _, err := workflow.Await[string](r, "go", 24*time.Hour)
		if err != nil {
			return "", err
		}
		return workflow.Call(r, upper, name+d)
	})
	e := start(t, open, g)
	var senders sync.WaitGroup
	const n = 200
	for i := range n {
		e.begin("greet", fmt.Sprint(i), "a")
		senders.Go(func() { // while it may or may not have come to wait
			if _, err := e.Signal(context.Background(), fmt.Sprint(i), "go", "k", "b"); err != nil {
				t.Error(err)
			}
		})
	}
	senders.Wait()
	time.Sleep(time.Hour)
	for i := range n {
		if s := e.status(fmt.Sprint(i)); s.State != workflow.Done || string(s.Result) != `"AB"` {
			t.Errorf("run %d is %+v: a signal was lost", i, s)
		}
	}
}
