package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lethe/lib/state"
	"lethe/workflow"
)

// The kill test runs this test binary as a child that is killed right before, or
// right after, its nth commit, and then runs it again until it ends.

const killDir, killAt = "LETHE_JOURNAL_KILL_DIR", "LETHE_JOURNAL_KILL_AT"

var (
	work    = workflow.Process[int, int64]{Name: "work"}
	effect  = workflow.Activity[string, int]{Name: "effect"}
	effects = workflow.Activity[string, workflow.None]{Name: "effects"}
	listing = workflow.Activity[workflow.Page, workflow.Items[string]]{Name: "listing"}
	sign    = workflow.Activity[string, workflow.None]{Name: "sign"}
)

func TestKillChild(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		return // this is TestKill's child, not a test
	}
	if at, err := strconv.Atoi(os.Getenv(killAt)); err == nil && at != 0 {
		n := 0
		afterCommit = func(committed bool) {
			if committed == (at < 0) {
				if n++; n == max(at, -at) {
					syscall.Kill(os.Getpid(), syscall.SIGKILL)
					select {}
				}
			}
		}
	}
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	log, err := os.OpenFile(filepath.Join(dir, "effects"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	write := func(s string) error { _, err := fmt.Fprintln(log, s); return err }

	var e *Engine
	g := workflow.NewRegistry()
	workflow.Handle(g, effect, func(_ context.Context, s string) (int, error) { return len(s), write(s) })
	workflow.Handle(g, effects, func(_ context.Context, s string) (workflow.None, error) { return workflow.None{}, write(s) })
	workflow.Handle(g, listing, func(_ context.Context, p workflow.Page) (workflow.Items[string], error) {
		if p.After == "" {
			return workflow.Items[string]{Items: []string{"i1", "i2"}, Next: "i2"}, nil
		}
		return workflow.Items[string]{Items: []string{"i3"}}, nil
	})
	workflow.Handle(g, sign, func(ctx context.Context, id string) (workflow.None, error) {
		_, err := e.Signal(ctx, id, "signed", "k", 7)
		return workflow.None{}, err
	})
	workflow.Define(g, work, func(r workflow.Run, n int) (int64, error) {
		a, err := workflow.Call(r, effect, "a")
		if err != nil {
			return 0, err
		}
		k, err := workflow.Each(r, listing, effects, r.ID(), 1)
		if err != nil {
			return 0, err
		}
		if _, err := workflow.Call(r, sign, r.ID()); err != nil {
			return 0, err
		}
		s, ok, err := workflow.Await[int](r, "signed", time.Hour)
		if err != nil || !ok {
			return 0, errors.Join(err, errors.New("not signed"))
		}
		b, err := workflow.Call(r, effect, "bb")
		return k + int64(a+b+s+n), err
	})
	if e, err = Open(t.Context(), Config{State: db, Registry: g, Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), work.Name, "1", 100); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	for {
		s, err := e.Status(ctx, "1")
		if err != nil {
			t.Fatal(err)
		}
		if s.State != workflow.Active {
			raw, _ := json.Marshal(s)
			fmt.Printf("status %s\n", raw)
			break
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func TestKill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := func(dir string, at int) (string, bool) {
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestKillChild$", "-test.count=1")
		cmd.Env = append(os.Environ(), killDir+"="+dir, killAt+"="+strconv.Itoa(at))
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		switch {
		case err == nil:
			return string(out), true
		case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL:
			return "", false
		}
		t.Fatalf("killed at %d: %v\n%s", at, err, out)
		panic("not reached")
	}
	for _, sign := range []int{1, -1} { // before and after the commit
		for n := 1; ; n++ {
			dir := t.TempDir()
			out, ended := child(dir, sign*n)
			if !ended {
				out, _ = child(dir, 0)
			}
			check(t, sign*n, dir, out)
			if ended { // it made fewer commits than that
				if n < 10 {
					t.Errorf("only %d commits", n-1)
				}
				break
			}
		}
	}
}

func check(t *testing.T, at int, dir, out string) {
	t.Helper()
	_, raw, _ := strings.Cut(out, "status ")
	var s workflow.Status
	if err := json.NewDecoder(strings.NewReader(raw)).Decode(&s); err != nil {
		t.Fatalf("killed at %d: %v\n%s", at, err, out)
	}
	if s.State != workflow.Done || string(s.Result) != "113" { // 100 + 3 items + 1 + 2 + 7
		t.Errorf("killed at %d: it is %+v", at, s)
	}
	log, err := os.ReadFile(filepath.Join(dir, "effects"))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(string(bytes.TrimSpace(log)))
	// Each effect at least once and in order; a step, or a page, may be there twice.
	order := strings.Join(got, " ")
	repeats := len(got) - 5
	for _, twice := range []struct{ with, without string }{{"a a", "a"}, {"i1 i2 i1 i2", "i1 i2"}, {"i3 i3", "i3"}, {"bb bb", "bb"}} {
		order = strings.Replace(order, twice.with, twice.without, 1)
	}
	if order != "a i1 i2 i3 bb" || repeats > 2 {
		t.Errorf("killed at %d: the effects are %q", at, got)
	}
}
