package pebble

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"lethe/erasure"
	"lethe/erasure/index/indextest"
	"lethe/lib/postings"
)

// TestErasedBytes: not even a hash's packed bytes are in any file afterwards.
func TestErasedBytes(t *testing.T) {
	dir := t.TempDir()
	x, err := Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	// A person who is alone in a bucket: what is written of it is known.
	_, rest := split(indextest.H("ada"))
	marker := postings.First(rest)
	if len(marker) < 4 {
		t.Fatalf("%x could be anything", marker)
	}
	holds := func() (names []string) {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if raw, err := os.ReadFile(f); err == nil && bytes.Contains(raw, marker) {
				names = append(names, filepath.Base(f))
			}
		}
		return names
	}
	for i := range 50 { // in tables, in the log, and in those of objects that no longer count
		o := indextest.Object(fmt.Sprint("k", i%20), "", fmt.Sprint("e", i))
		indextest.Put(t, x, o, indextest.At("ada", int64(i)), indextest.At(fmt.Sprint("p", i), 1))
		if i%20 == 10 {
			if err := x.db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := holds(); len(got) == 0 {
		t.Fatal("no file holds what was written")
	}
	if err := x.Erase(t.Context(), []erasure.Hash{indextest.H("ada")}); err != nil {
		t.Fatal(err)
	}
	if got := holds(); len(got) > 0 {
		t.Errorf("%v hold what was erased", got)
	}
}
