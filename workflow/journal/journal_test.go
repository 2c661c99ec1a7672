package journal_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	"lethe/lib/state"
	"lethe/workflow"
	"lethe/workflow/journal"
	"lethe/workflow/workflowtest"
)

func TestEngine(t *testing.T) {
	workflowtest.Run(t, func(t *testing.T) workflowtest.Open {
		path := filepath.Join(t.TempDir(), "state.db")
		return func(t *testing.T, g *workflow.Registry) workflow.Engine {
			db, err := state.Open(context.Background(), path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			e, err := journal.Open(context.Background(), journal.Config{State: db, Registry: g, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
	})
}
