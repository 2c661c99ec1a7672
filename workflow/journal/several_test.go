package journal_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/lib/state"
	"lethe/workflow"
	"lethe/workflow/journal"
)

// Two engines share a state file; each runs what is its own, and does not stop what it
// does not know.
func TestSeveralEngines(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	db, err := state.Open(ctx, filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	open := func(only, except, process string) *journal.Engine {
		g := workflow.NewRegistry()
		workflow.Define(g, workflow.Process[workflow.None, string]{Name: process}, func(workflow.Run, workflow.None) (string, error) { return process, nil })
		e, err := journal.Open(ctx, journal.Config{State: db, Registry: g, Only: only, Except: except, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	all := map[string]*journal.Engine{"server.boot": open("server.", "", "server.boot"), "erasure": open("", "server.", "erasure")}
	for range 20 {
		for process, e := range all {
			if err := e.Start(ctx, process, lethe.NewOrderedID(), workflow.None{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, e := range all {
		running.Go(func() { e.Run(ctx) })
	}
	for process, e := range all {
		id := "last-" + process
		if err := e.Start(ctx, process, id, workflow.None{}); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			s, err := e.Status(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			if s.State == workflow.Done && string(s.Result) == `"`+process+`"` {
				break
			}
			if s.State != workflow.Active || time.Now().After(end) {
				t.Fatalf("%s is %+v", process, s)
			}
		}
	}
}
