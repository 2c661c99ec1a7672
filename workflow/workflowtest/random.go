package workflowtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/workflow"
)

// op is a step of a random process.
type op struct {
	Kind  string // call, fail, each, await or now
	N     int
	Hours int
}

var (
	random = workflow.Process[[]op, string]{Name: "random"}
	mark   = workflow.Activity[string, string]{Name: "mark"}
	refuse = workflow.Activity[string, string]{Name: "refuse"}
	marks  = workflow.Activity[string, workflow.None]{Name: "marks"}
	lists  = workflow.Activity[workflow.Page, workflow.Items[string]]{Name: "lists"}
)

// world is what activities change: each mark has been made or not, so that
// making it again does nothing.
type world struct {
	mu    sync.Mutex
	rng   *rand.Rand
	made  map[string]bool
	flaky bool
}

func (w *world) make(m string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.flaky && w.rng.IntN(6) == 0 {
		return errors.New("503 before")
	}
	w.made[m] = true
	if w.flaky && w.rng.IntN(6) == 0 {
		return errors.New("connection lost after")
	}
	return nil
}

// interpret does the ops and returns what it saw of them.
func interpret(r workflow.Run, ops []op) (string, error) {
	var seen []string
	for i, o := range ops {
		name := fmt.Sprintf("%s/%d", r.ID(), i)
		switch o.Kind {
		case "call":
			s, err := workflow.Call(r, mark, name)
			if err != nil {
				return "", err
			}
			seen = append(seen, s)
		case "fail":
			_, err := workflow.Call(r, refuse, name)
			seen = append(seen, string(lethe.KindOf(err)))
		case "each":
			n, err := workflow.Each(r, lists, marks, fmt.Sprintf("%s:%d", name, o.N), 1+o.N%5)
			if err != nil {
				return "", err
			}
			seen = append(seen, fmt.Sprint(n))
		case "await":
			s, ok, err := workflow.Await[string](r, fmt.Sprint("s", o.N), time.Duration(o.Hours)*time.Hour)
			if err != nil {
				return "", err
			}
			seen = append(seen, fmt.Sprint(s, ok))
		case "now":
			seen = append(seen, "now")
			if r.Now().IsZero() {
				return "", errors.New("no time")
			}
		}
	}
	return strings.Join(seen, " "), nil
}

// expect says what interpret returns and which marks it makes, if the signals it
// was sent before are those named.
func expect(id string, ops []op, signals map[string][]string) (string, map[string]bool) {
	var seen []string
	made := map[string]bool{}
	for i, o := range ops {
		name := fmt.Sprintf("%s/%d", id, i)
		switch o.Kind {
		case "call":
			made[name] = true
			seen = append(seen, "made "+name)
		case "fail":
			seen = append(seen, string(lethe.Denied))
		case "each":
			for j := range o.N {
				made[fmt.Sprintf("%s:%d:%d", name, o.N, j)] = true
			}
			seen = append(seen, fmt.Sprint(o.N))
		case "await":
			s := fmt.Sprint("s", o.N)
			if q := signals[s]; len(q) > 0 {
				seen = append(seen, q[0]+"true")
				signals[s] = q[1:]
			} else {
				seen = append(seen, "false")
			}
		case "now":
			seen = append(seen, "now")
		}
	}
	return strings.Join(seen, " "), made
}

// testRandom runs random processes with activities that fail before and after
// they have taken effect, on engines that are stopped at random moments.
func testRandom(t *testing.T, open Open) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	w := &world{rng: rand.New(rand.NewPCG(seed, 2)), made: map[string]bool{}, flaky: true}
	g := workflow.NewRegistry()
	workflow.Handle(g, mark, func(_ context.Context, m string) (string, error) { return "made " + m, w.make(m) })
	workflow.Handle(g, refuse, func(_ context.Context, m string) (string, error) {
		return "", lethe.Errorf(lethe.Denied, "%s is refused", m)
	})
	workflow.Handle(g, marks, func(_ context.Context, m string) (workflow.None, error) { return workflow.None{}, w.make(m) })
	workflow.Handle(g, lists, func(ctx context.Context, p workflow.Page) (workflow.Items[string], error) {
		var n int
		if _, err := fmt.Sscan(p.Of[strings.LastIndexByte(p.Of, ':')+1:], &n); err != nil {
			return workflow.Items[string]{}, err
		}
		numbers, err := pages(n)(ctx, p)
		out := workflow.Items[string]{Next: numbers.Next}
		for _, i := range numbers.Items {
			out.Items = append(out.Items, fmt.Sprintf("%s:%d", p.Of, i))
		}
		return out, err
	})
	workflow.Define(g, random, interpret)

	e := start(t, open, g)
	want := map[string]string{}
	made := map[string]bool{}
	for i := range 12 {
		id := fmt.Sprint("r", i)
		var ops []op
		for range 1 + rng.IntN(12) {
			ops = append(ops, op{Kind: []string{"call", "call", "fail", "each", "await", "now"}[rng.IntN(6)], N: rng.IntN(20), Hours: 1 + rng.IntN(50)})
		}
		signals := map[string][]string{}
		e.begin("random", id, append([]op{{Kind: "await", N: 99, Hours: 1000}}, ops...))
		for _, o := range ops {
			if o.Kind == "await" && rng.IntN(2) == 0 {
				s, v := fmt.Sprint("s", o.N), fmt.Sprint("v", rng.IntN(100), "-")
				e.signal(id, s, fmt.Sprint(len(signals[s])), v)
				signals[s] = append(signals[s], v)
			}
		}
		signals["s99"] = []string{"begin"}
		var m map[string]bool
		want[id], m = expect(id, append([]op{{Kind: "await", N: 99}}, ops...), signals)
		for k := range m {
			made[k] = true
		}
	}
	for id := range want { // so that all signals were there before
		e.signal(id, "s99", "k", "begin")
	}
	for range 20 {
		time.Sleep(time.Duration(rng.IntN(int(30 * time.Hour))))
		e.stop()
		e = start(t, open, g)
	}
	for id, want := range want {
		if got := result[string](e, id); got != want {
			t.Errorf("%s returned %q, want %q", id, got, want)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for m := range made {
		if !w.made[m] {
			t.Errorf("%s was not made", m)
		}
	}
	if len(w.made) != len(made) {
		t.Errorf("%d marks, want %d", len(w.made), len(made))
	}
}
