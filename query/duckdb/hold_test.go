package duckdb

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lethe"
	"lethe/object"
)

// holder is a store that notes what is held.
type holder struct {
	object.Store
	held     chan func(error)
	released func(dir string)
}

func (h *holder) Hold(dir string, cancel func(error)) (release func()) {
	h.held <- cancel
	return func() { h.released(dir) }
}

// A query holds what it links: who deletes it can end the query, and is told
// when nothing of it is left.
func TestHold(t *testing.T) {
	l := newLake(t)
	released := make(chan struct{}, 2)
	h := &holder{Store: l.store, held: make(chan func(error), 1), released: func(dir string) {
		released <- struct{}{}
		if _, err := os.Stat(filepath.Join(dir, inDir)); err == nil {
			t.Error("released while the links are there")
		}
	}}
	deleted := lethe.Errorf(lethe.Conflict, "it was deleted")
	ended := make(chan error, 1)
	go func() {
		_, err := l.run(l.ctx, work{task: task{SQL: endless, CSV: &csvOutput{}}, stage: &stage{store: h}})
		ended <- err
	}()
	cancel := <-h.held
	time.Sleep(time.Duration(time.Now().UnixNano()%50) * time.Millisecond) // whatever it does by now
	cancel(deleted)
	if err := <-ended; !errors.Is(err, deleted) {
		t.Errorf("the query ended with %v", err)
	}
	select {
	case <-released:
	default:
		t.Error("not released")
	}
	o, err := l.run(l.ctx, work{task: task{SQL: "SELECT 1", CSV: &csvOutput{}}, stage: &stage{store: h}})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-released:
	case <-l.ctx.Done():
		t.Error("not released before the result is read")
	}
	if err := o.release(); err != nil {
		t.Error(err)
	}
}
