package instancetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"lethe/instance"
)

// writer commits rows as fast as it can, and knows which were acknowledged.
type writer struct {
	stop context.CancelFunc
	done sync.WaitGroup
	n    atomic.Int64

	mu    sync.Mutex
	acked []int
}

// write begins to write into the table w of the server, by some connections. It goes on
// while the server is gone.
func (u *under) write(t testing.TB, s instance.Server) *writer {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &writer{stop: cancel}
	t.Cleanup(w.end)
	db := u.open(t, s, master)
	db.SetMaxIdleConns(4)
	exec(t, db, "CREATE TABLE w (i int PRIMARY KEY)")
	var next atomic.Int64
	for range 4 {
		w.done.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1))
				if _, err := db.ExecContext(ctx, fmt.Sprintf("INSERT INTO w VALUES (%d)", i)); err == nil {
					w.mu.Lock()
					w.acked = append(w.acked, i)
					w.mu.Unlock()
					w.n.Add(1)
				}
			}
		})
	}
	return w
}

// more waits until some more rows were acknowledged.
func (w *writer) more(t testing.TB) {
	t.Helper()
	from := w.n.Load()
	until(t, "commits", func() bool { return w.n.Load() > from+50 })
}

func (w *writer) end() {
	w.stop()
	w.done.Wait()
}

// check sees to it that all that was acknowledged is there.
func (w *writer) check(t testing.TB, u *under, s instance.Server) {
	t.Helper()
	w.end()
	db := u.open(t, s, master)
	rows, err := db.QueryContext(within(t), "SELECT i FROM w")
	must(t, err)
	defer rows.Close()
	there := map[int]bool{}
	for rows.Next() {
		var i int
		must(t, rows.Scan(&i))
		there[i] = true
	}
	must(t, rows.Err())
	lost := 0
	for _, i := range w.acked {
		if !there[i] {
			lost++
		}
	}
	if lost > 0 || len(w.acked) == 0 {
		t.Errorf("%d of %d acknowledged commits are lost", lost, len(w.acked))
	}
}
