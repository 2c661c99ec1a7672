package journal_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/lib/state"
	"lethe/workflow"
	"lethe/workflow/journal"
)

// TestRedactTexts: what a run that has ended quotes is passed through f, in whatever
// part of JSON; of one that is under way only errors are.
func TestRedactTexts(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	db, err := state.Open(ctx, filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	defer stop()
	type note struct{ Who, Said string }
	echo := workflow.Activity[note, note]{Name: "echo"}
	process := workflow.Process[note, note]{Name: "notes"}
	g := workflow.NewRegistry()
	workflow.Handle(g, echo, func(_ context.Context, n note) (note, error) {
		if n.Said == "fail" {
			return n, lethe.Errorf(lethe.Invalid, `%s said "fail"`, n.Who)
		}
		return n, nil
	})
	workflow.Define(g, process, func(r workflow.Run, n note) (note, error) {
		n, err := workflow.Call(r, echo, n)
		if err == nil && n.Said == "wait" {
			_, _, err = workflow.Await[note](r, "go on", time.Hour)
		}
		return n, err
	})
	e, err := journal.Open(ctx, journal.Config{State: db, Registry: g, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- e.Run(ctx) }()
	until := func(id string, ok func(workflow.Status) bool) workflow.Status {
		t.Helper()
		for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			s, err := e.Status(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			if ok(s) {
				return s
			}
			if time.Since(began) > time.Minute {
				t.Fatalf("run %s is %+v", id, s)
			}
		}
	}
	for _, said := range []string{`of "u2" \ é`, "fail", "wait"} {
		if err := e.Start(ctx, "notes", said, note{"u2", said}); err != nil {
			t.Fatal(err)
		}
	}
	until(`of "u2" \ é`, func(s workflow.Status) bool { return s.State == workflow.Done })
	until("fail", func(s workflow.Status) bool { return s.State == workflow.Failed })
	until("wait", func(s workflow.Status) bool { return len(s.Steps) == 2 })
	f := func(text string) string { return strings.ReplaceAll(text, "u2", "-") }
	var counts []int64
	for _, dry := range []bool{true, false, true} {
		n, err := e.RedactTexts(ctx, dry, f)
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, n)
	}
	// Inputs of two, the result and its step of one, the error and its step of the
	// other.
	if counts[0] != 6 || counts[1] != 6 || counts[2] != 0 {
		t.Errorf("%v rows were changed", counts)
	}
	if s, err := e.Status(ctx, `of "u2" \ é`); err != nil || string(s.Result) != `{"Who":"-","Said":"of \"-\" \\ é"}` {
		t.Errorf("the result is %s, %v", s.Result, err)
	}
	if s, err := e.Status(ctx, "fail"); err != nil || strings.Contains(s.Error, "u2") || !strings.Contains(s.Error, `- said "fail"`) {
		t.Errorf("the error is %s, %v", s.Error, err)
	}
	if _, err := e.Signal(ctx, "wait", "go on", "1", note{}); err != nil {
		t.Fatal(err)
	}
	if s := until("wait", func(s workflow.Status) bool { return s.State == workflow.Done }); string(s.Result) != `{"Who":"u2","Said":"wait"}` {
		t.Errorf("what was under way went on with %s", s.Result)
	}
	if n, err := e.RedactTexts(ctx, false, f); err != nil || n != 3 {
		t.Errorf("%d rows of it were changed when it had ended, %v", n, err)
	}
	stop()
	<-ran
}
