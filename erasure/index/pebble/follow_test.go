package pebble_test

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/index/pebble"
)

// TestFollow: what became of an object is known by what was known of the object, also
// after the index was opened again, and at once or not at all.
func TestFollow(t *testing.T) {
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	x, err := pebble.Open(dir, log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { x.Close() }()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	entry := func(version, etag string, rows int64) erasure.Entry {
		return erasure.Entry{ObjectVersion: erasure.ObjectVersion{Bucket: "b", Key: "k", Version: version, ETag: etag}, Rows: rows, Indexed: time.Unix(rows, 0).UTC(), Mapping: "m"}
	}
	a, other := erasure.Hash{0: 1}, erasure.Hash{0: 2}
	find := func(h erasure.Hash) (at []string) {
		t.Helper()
		for p, err := range x.Find(t.Context(), h) {
			must(err)
			at = append(at, fmt.Sprint(p.Version, p.ETag, p.ObjectVersion == p.Entry.ObjectVersion, p.Entry.Rows, p.Rows))
		}
		return at
	}
	want := func(h erasure.Hash, want ...string) {
		t.Helper()
		if got := find(h); !slices.Equal(got, want) {
			t.Errorf("it is at %q, want %q", got, want)
		}
	}
	first := entry("null", "1", 10)
	must(x.Put(t.Context(), func(yield func(*erasure.Indexed, error) bool) {
		yield(&erasure.Indexed{Entry: first, Postings: func(yield func(erasure.Posting, error) bool) {
			for _, p := range []erasure.Posting{{Hash: a, Row: 1}, {Hash: a, Row: 4}, {Hash: other, Row: 0}, {Hash: other, Row: 5}, {Hash: other, Row: 9}, {Hash: other, Row: erasure.Whole}} {
				if !yield(p, nil) {
					return
				}
			}
		}}, nil)
	}))
	second, third, fourth := entry("null", "2", 8), entry("null", "3", 8), entry("v4", "4", 7)
	must(x.Follow(t.Context(), first.ObjectVersion, second, []int64{1, 4}, false))
	want(a)
	want(other, fmt.Sprint("null2", true, 8, []int64{0, 3, 7, erasure.Whole}))
	if err := x.Follow(t.Context(), first.ObjectVersion, third, []int64{0}, false); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("of what is no more: %v", err)
	}
	must(x.Follow(t.Context(), second.ObjectVersion, third, []int64{3}, true))
	want(other, fmt.Sprint("null3", true, 8, []int64{0, 7, erasure.Whole}))
	must(x.Close())
	if x, err = pebble.Open(dir, log); err != nil {
		t.Fatal(err)
	}
	must(x.Follow(t.Context(), third.ObjectVersion, fourth, []int64{0}, false))
	want(other, fmt.Sprint("v44", true, 7, []int64{6, erasure.Whole}))
	for _, gone := range []erasure.Entry{first, second, third} {
		if _, err := x.Entry(t.Context(), gone.ObjectVersion); !lethe.Is(err, lethe.NotFound) {
			t.Errorf("%s is in it: %v", gone.ETag, err)
		}
	}
	if s, err := x.Stats(t.Context()); err != nil || s.Objects != 1 {
		t.Errorf("stats: %+v, %v", s, err)
	}
	many := make([]int64, 5000)
	for i := range many {
		many[i] = int64(i)
	}
	if err := x.Follow(t.Context(), fourth.ObjectVersion, entry("v5", "5", 0), many, false); !lethe.Is(err, lethe.Unsupported) {
		t.Errorf("of very many: %v", err)
	}
	if err := x.Follow(t.Context(), fourth.ObjectVersion, fourth, nil, false); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("of itself: %v", err)
	}
	must(x.Erase(t.Context(), []erasure.Hash{other}))
	want(other)
}
