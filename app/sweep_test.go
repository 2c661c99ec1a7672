package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lethe/config"
	"lethe/erasure"
	"lethe/lib/state"
)

// Each sweep goes on where the last one began, also where nobody was erased yet: whoever
// is later is looked for by their own request in what was there before.
func TestSweepGoesOn(t *testing.T) {
	dir := t.TempDir()
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	key, err := erasure.NewHashKey([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	a := &App{Config: config.Config{Data: dir}, Log: slog.New(slog.DiscardHandler)}
	if a.Erasure, err = erasure.Open(t.Context(), erasure.Config{DB: db, Key: key}); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(a.path("erasure"), 0o700); err != nil {
		t.Fatal(err)
	}
	if s, err := a.swept(); err != nil || !s.Since.IsZero() {
		t.Errorf("before the first it is %+v, %v", s, err)
	}
	began := time.Now()
	if err := a.sweepOwn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err := a.swept(); err != nil || s.Since.Before(began.Add(-sweepMargin)) || s.Since.After(time.Now().Add(-sweepMargin)) {
		t.Errorf("after it is %+v, %v", s, err)
	}
	if err := os.WriteFile(a.sweptPath(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.sweepOwn(t.Context()); err == nil {
		t.Error("a damaged file is taken for none")
	}
}
