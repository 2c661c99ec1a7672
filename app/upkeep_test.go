package app

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lethe/config"
	"lethe/object"
	"lethe/object/disk"
)

// The upkeep scrubs when its time has come, and its report is there afterwards.
func TestScrubReport(t *testing.T) {
	dir := t.TempDir()
	store, err := disk.Open(filepath.Join(dir, "objects"), disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.CreateBucket(t.Context(), "data"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Put(t.Context(), "data", "k", strings.NewReader("content"), object.Header{}, object.Condition{}); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadScrub(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var log bytes.Buffer
	run := func(scrub time.Duration) *App {
		a := &App{Config: config.Config{Data: dir, Upkeep: config.Upkeep{Scrub: scrub, Lifecycle: time.Hour}}, Objects: store,
			Log: slog.New(slog.NewTextHandler(&log, nil)), metrics: newMetrics()}
		a.startUpkeep()
		return a
	}
	report := func() ScrubReport {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for ctx.Err() == nil {
			if r, err := ReadScrub(dir); err == nil {
				return r
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Fatal("no report")
		return ScrubReport{}
	}
	a := run(time.Millisecond)
	r := report()
	if err := a.Stop(); err != nil {
		t.Fatal(err)
	}
	if r.Versions != 1 || r.Bytes != 7 || r.Damaged+r.Missing+r.Strays != 0 || r.Ended.IsZero() {
		t.Errorf("%+v", r)
	}
	// A flipped bit is in the next report, once that is due.
	var blob string
	err = filepath.WalkDir(filepath.Join(dir, "objects", "blobs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			blob = path
		}
		return err
	})
	if err != nil || blob == "" {
		t.Fatal(blob, err)
	}
	if err := errors.Join(os.Chmod(blob, 0o600), os.WriteFile(blob, []byte("c0ntent"), 0o600), os.Remove(filepath.Join(dir, ScrubFile))); err != nil {
		t.Fatal(err)
	}
	a = run(time.Millisecond)
	r = report()
	if err := a.Stop(); err != nil {
		t.Fatal(err)
	}
	if r.Damaged != 1 || len(r.Faults) != 1 || r.Faults[0].Key != "k" || !strings.Contains(log.String(), "the scrub found a fault") {
		t.Errorf("%+v\n%s", r, &log)
	}
}
