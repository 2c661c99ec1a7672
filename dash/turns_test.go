package dash

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// waits tells how many wait for a thing.
func (t *turns) waits(what string) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l := t.of[what]; l != nil {
		for _, w := range l.waiting {
			n += len(w)
		}
	}
	return n
}

// Who asks a hundred things at once keeps who asks one thing waiting for one turn.
func TestTurnsAreFair(t *testing.T) {
	var all turns
	var held []func()
	for range questionsAtOnce {
		back, err := all.take(t.Context(), "x", "much")
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, back)
	}
	got := make(chan string)
	queue := func(who string, n int) {
		before := all.waits("x")
		for range n {
			go func() {
				back, err := all.take(t.Context(), "x", who)
				if err != nil {
					t.Error(err)
				}
				got <- who
				back()
			}()
		}
		for all.waits("x") < before+n {
			runtime.Gosched()
		}
	}
	queue("much", 20)
	queue("little", 1)
	if back, err := all.take(t.Context(), "y", "much"); err != nil {
		t.Error("another extract waits")
	} else {
		back()
	}
	held[0]()
	first, second := <-got, <-got
	if first != "much" || second != "little" {
		t.Errorf("asked by turns: %s, %s", first, second)
	}
	for range 19 {
		<-got
	}
	for _, back := range held[1:] {
		back()
	}
}

// Whoever leaves, at whatever moment, takes no turn along.
func TestTurnsAreGivenBack(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var all turns
	var now, most atomic.Int64
	var wg sync.WaitGroup
	for i := range 400 {
		who, leaves, yields := strconv.Itoa(i%7), r.IntN(3) == 0, r.IntN(50)
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if leaves {
				go cancel()
			}
			back, err := all.take(ctx, "x", who)
			if err != nil {
				if !leaves || !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				return
			}
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			for range yields {
				_ = all.waits("x")
			}
			now.Add(-1)
			back()
		})
	}
	wg.Wait()
	if most.Load() > questionsAtOnce || len(all.of) != 0 {
		t.Errorf("%d at once; left %v", most.Load(), all.of)
	}
}
