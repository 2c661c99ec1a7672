package indextest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
)

// testFollow: what became of an object is known by what was known of the object, also
// after the index was opened again, and at once or not at all.
func testFollow(t *testing.T, open Open) {
	x := open(t)
	follow := func(from erasure.Entry, to erasure.Entry, gone []int64, blank bool) error {
		t.Helper()
		return x.(erasure.Follower).Follow(t.Context(), from.ObjectVersion, to, gone, blank)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	entry := func(version, etag string, rows int64) erasure.Entry {
		return erasure.Entry{ObjectVersion: Object("k", version, etag), Rows: rows, Size: 10 * rows, Indexed: time.Unix(rows, 0).UTC(), Mapping: "m"}
	}
	want := func(name string, want ...string) {
		t.Helper()
		var got []string
		for p, err := range x.Find(t.Context(), H(name)) {
			must(err)
			if e, err := x.Entry(t.Context(), p.ObjectVersion); err != nil || e != p.Entry {
				t.Errorf("the entry is %+v, %v, and the place's %+v", e, err, p.Entry)
			}
			got = append(got, fmt.Sprint(p.Version, "#", p.ETag, " ", p.Entry.Rows, " ", p.Rows))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is at %q, want %q", name, got, want)
		}
	}
	first := entry("null", "1", 10)
	must(x.Put(t.Context(), Of(erasure.Indexed{Entry: first, Postings: All(At("ada", 1, 4), At("bob", 0, 5, 9, erasure.Whole))})))
	second, third, fourth := entry("null", "2", 8), entry("null", "3", 8), entry("v4", "4", 7)
	must(follow(first, second, []int64{1, 4}, false))
	want("ada")
	want("bob", fmt.Sprint("null#2 8 ", []int64{0, 3, 7, erasure.Whole}))
	if err := follow(first, third, []int64{0}, false); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("of what is no more: %v", err)
	}
	must(follow(second, third, []int64{3}, true))
	want("bob", fmt.Sprint("null#3 8 ", []int64{0, 7, erasure.Whole}))
	must(x.Close())
	x = open(t)
	// What the version had before does not count any more.
	must(x.Put(t.Context(), Of(erasure.Indexed{Entry: entry("v4", "0", 1), Postings: At("ada", 0)})))
	want("ada", "v4#0 1 [0]")
	must(follow(third, fourth, []int64{0}, false))
	want("ada")
	want("bob", fmt.Sprint("v4#4 7 ", []int64{6, erasure.Whole}))
	for _, gone := range []erasure.Entry{first, second, third} {
		if _, err := x.Entry(t.Context(), gone.ObjectVersion); !lethe.Is(err, lethe.NotFound) {
			t.Errorf("%s is in it: %v", gone.ETag, err)
		}
	}
	if s, err := x.Stats(t.Context()); err != nil || s.Objects != 1 {
		t.Errorf("stats: %+v, %v", s, err)
	}
	many := make([]int64, 1<<17)
	for i := range many {
		many[i] = 2 * int64(i)
	}
	if err := follow(fourth, entry("v5", "5", 0), many, false); !lethe.Is(err, lethe.Unsupported) {
		t.Errorf("of very many: %v", err)
	}
	if err := follow(fourth, fourth, nil, false); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("of itself: %v", err)
	}
	// Of several at once one is what followed, and what was cut is cut once.
	var all sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		all.Go(func() {
			errs[i] = x.(erasure.Follower).Follow(t.Context(), fourth.ObjectVersion, entry("v4", fmt.Sprint("f", i), 6), []int64{2}, false)
		})
	}
	all.Wait()
	ok := slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return lethe.Is(err, lethe.NotFound) })
	if len(ok) != 1 || ok[0] != nil {
		t.Errorf("several follow at once: %v", errs)
	}
	fifth := entry("v4", fmt.Sprint("f", slices.Index(errs, nil)), 6)
	want("bob", fmt.Sprint("v4#", fifth.ETag, " 6 ", []int64{5, erasure.Whole}))
	// What is read again begins anew.
	must(x.Put(t.Context(), Of(erasure.Indexed{Entry: entry("v4", "6", 6), Postings: At("bob", 2, 5)})))
	want("bob", fmt.Sprint("v4#6 6 ", []int64{2, 5}))
	must(x.Erase(t.Context(), []erasure.Hash{H("bob")}))
	want("bob")
}
