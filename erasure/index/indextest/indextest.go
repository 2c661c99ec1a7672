// Package indextest holds what every erasure.Index must do.
package indextest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
)

// Open opens the index that an earlier Open of the same test left, or an empty
// one.
type Open func(t *testing.T) erasure.Index

// Run runs the suite. fresh is called for each test.
func Run(t *testing.T, fresh func(t *testing.T) Open) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, open Open)
	}{
		{"Find", testFind},
		{"Replace", testReplace},
		{"Versions", testVersions},
		{"Forget", testForget},
		{"Follow", testFollow},
		{"Entries", testEntries},
		{"Postings", testPostings},
		{"Sequence", testSequence},
		{"Erase", testErase},
		{"EraseWhileEntered", testEraseWhileEntered},
		{"Reopen", testReopen},
		{"Concurrent", testConcurrent},
		{"FindWhileReplaced", testFindWhileReplaced},
		{"Canceled", testCanceled},
		{"Random", testRandom},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, fresh(t)) })
	}
}

// H is the hash of a name.
func H(name string) erasure.Hash { return sha256.Sum256([]byte(name)) }

// Object is an object version in bucket "b".
func Object(key, version, etag string) erasure.ObjectVersion {
	return erasure.ObjectVersion{Bucket: "b", Key: key, Version: version, ETag: etag}
}

// Entry is one of an object version.
func Entry(o erasure.ObjectVersion) erasure.Entry {
	return erasure.Entry{ObjectVersion: o, Size: 1234, Rows: 56, Sequencer: "00AB", Mapping: "m1",
		Indexed: time.Date(2026, 2, 3, 4, 5, 6, 789000, time.UTC)}
}

// At is postings of a name.
func At(name string, rows ...int64) iter.Seq2[erasure.Posting, error] {
	return func(yield func(erasure.Posting, error) bool) {
		h := H(name)
		for _, r := range rows {
			if !yield(erasure.Posting{Hash: h, Row: r}, nil) {
				return
			}
		}
	}
}

// All are the postings of several sequences.
func All(seqs ...iter.Seq2[erasure.Posting, error]) iter.Seq2[erasure.Posting, error] {
	return func(yield func(erasure.Posting, error) bool) {
		for _, s := range seqs {
			for p, err := range s {
				if !yield(p, err) {
					return
				}
			}
		}
	}
}

// Of is a sequence of objects.
func Of(os ...erasure.Indexed) iter.Seq2[*erasure.Indexed, error] {
	return func(yield func(*erasure.Indexed, error) bool) {
		for _, o := range os {
			if !yield(&o, nil) {
				return
			}
		}
	}
}

// Put enters an object with its postings.
func Put(t *testing.T, x erasure.Index, o erasure.ObjectVersion, ps ...iter.Seq2[erasure.Posting, error]) {
	t.Helper()
	if err := x.Put(t.Context(), Of(erasure.Indexed{Entry: Entry(o), Postings: All(ps...)})); err != nil {
		t.Fatal(err)
	}
}

// Places writes the places of a name as texts.
func Places(t *testing.T, x erasure.Index, name string) []string {
	t.Helper()
	var out []string
	for p, err := range x.Find(t.Context(), H(name)) {
		if err != nil {
			t.Fatal(err)
		}
		if p.Entry != Entry(p.ObjectVersion) {
			t.Errorf("a place's entry is %+v, want %+v", p.Entry, Entry(p.ObjectVersion))
		}
		out = append(out, fmt.Sprintf("%s/%s@%s#%s %v", p.Bucket, p.Key, p.Version, p.ETag, p.Rows))
	}
	return out
}

func wantPlaces(t *testing.T, x erasure.Index, name string, want ...string) {
	t.Helper()
	if got := Places(t, x, name); !slices.Equal(got, want) {
		t.Errorf("%s is at %q, want %q", name, got, want)
	}
}

func testFind(t *testing.T, open Open) {
	x := open(t)
	Put(t, x, Object("one", "", "e1"), At("ada", 7, 3, 7), At("bob", 0))
	Put(t, x, Object("two", "", "e2"), At("ada", 1<<40, 5))
	Put(t, x, Object("none", "", "e3"))
	wantPlaces(t, x, "ada", "b/one@#e1 [3 7]", "b/two@#e2 [5 1099511627776]")
	wantPlaces(t, x, "bob", "b/one@#e1 [0]")
	wantPlaces(t, x, "eve")
	if e, err := x.Entry(t.Context(), Object("none", "", "e3")); err != nil || e != Entry(Object("none", "", "e3")) {
		t.Errorf("an object without postings: %+v, %v", e, err)
	}
	for p, err := range x.Find(t.Context(), H("ada")) { // and one may stop
		if err != nil || p.Key != "one" {
			t.Errorf("the first place is %+v, %v", p, err)
		}
		break
	}
	s, err := x.Stats(t.Context())
	if err != nil || s.Objects != 3 || s.Postings < 5 || s.Postings > 6 || s.Bytes <= 0 {
		t.Errorf("Stats: %+v, %v", s, err)
	}
}

func testReplace(t *testing.T, open Open) {
	x := open(t)
	Put(t, x, Object("k", "", "e1"), At("ada", 1, 2), At("bob", 3))
	Put(t, x, Object("k", "", "e2"), At("ada", 9))
	wantPlaces(t, x, "ada", "b/k@#e2 [9]")
	wantPlaces(t, x, "bob")
	if _, err := x.Entry(t.Context(), Object("k", "", "e1")); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("the entry that was replaced: %v", err)
	}
	Put(t, x, Object("k", "", "e2"), At("bob", 4)) // the same version again, read with other mappings
	wantPlaces(t, x, "ada")
	wantPlaces(t, x, "bob", "b/k@#e2 [4]")
	if s, err := x.Stats(t.Context()); err != nil || s.Objects != 1 {
		t.Errorf("Stats: %+v, %v", s, err)
	}
}

func testVersions(t *testing.T, open Open) {
	x := open(t)
	Put(t, x, Object("k", "v1", "e"), At("ada", 1))
	Put(t, x, Object("k", "v2", "e"), At("ada", 2))
	Put(t, x, Object("k", "null", "e"), At("ada", 3))
	wantPlaces(t, x, "ada", "b/k@null#e [3]", "b/k@v1#e [1]", "b/k@v2#e [2]")
}

func testForget(t *testing.T, open Open) {
	x := open(t)
	Put(t, x, Object("k", "", "e1"), At("ada", 1))
	Put(t, x, Object("l", "", "e1"), At("ada", 2))
	for range 2 {
		if err := x.Forget(t.Context(), Object("k", "", "e1")); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Forget(t.Context(), Object("l", "", "another")); err != nil {
		t.Fatal(err)
	}
	if err := x.Forget(t.Context(), Object("never", "", "e1")); err != nil {
		t.Fatal(err)
	}
	wantPlaces(t, x, "ada", "b/l@#e1 [2]")
	if _, err := x.Entry(t.Context(), Object("k", "", "e1")); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("a forgotten entry: %v", err)
	}
	Put(t, x, Object("k", "", "e1"), At("bob", 1))
	wantPlaces(t, x, "ada", "b/l@#e1 [2]")
	wantPlaces(t, x, "bob", "b/k@#e1 [1]")
}

// hostile keys sort and come back as they are.
var hostile = []string{"", "a", "a\x00", "a\x00b", "a\x01", "a/", "a/b", "b", "zz\xc3\xa9", "\xf4\x8f\xbf\xbf"}

func testEntries(t *testing.T, open Open) {
	x := open(t)
	var all []erasure.Indexed
	for _, k := range hostile {
		all = append(all, erasure.Indexed{Entry: Entry(Object(k, "v2", "e"))}, erasure.Indexed{Entry: Entry(Object(k, "v1", "e"))})
	}
	for i := range 600 { // more than a page
		all = append(all, erasure.Indexed{Entry: Entry(Object(fmt.Sprintf("many/%04d", i), "", "e"))})
	}
	other := Entry(erasure.ObjectVersion{Bucket: "bb", Key: "a", ETag: "e"})
	all = append(all, erasure.Indexed{Entry: other})
	if err := x.Put(t.Context(), Of(all...)); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b erasure.Indexed) int {
		return slices.Compare([]string{a.Bucket, a.Key, a.Version}, []string{b.Bucket, b.Key, b.Version})
	})
	for _, prefix := range []string{"", "a", "a\x00", "a/", "many/", "many/05", "nothing"} {
		var want []erasure.Entry
		for _, o := range all {
			if o.Bucket == "b" && len(o.Key) >= len(prefix) && o.Key[:len(prefix)] == prefix {
				want = append(want, o.Entry)
			}
		}
		if got := entries(t, x, "b", prefix); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %d entries, want %d: %+v", prefix, len(got), len(want), got)
		}
	}
	if got := entries(t, x, "bb", ""); len(got) != 1 || got[0] != other {
		t.Errorf("another bucket has %+v", got)
	}
	n := 0
	for _, err := range x.Entries(t.Context(), "b", "many/") { // while they are taken out
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Forget(t.Context(), Object(fmt.Sprintf("many/%04d", n), "", "e")); err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 600 || len(entries(t, x, "b", "many/")) != 0 {
		t.Errorf("%d entries seen while they were taken out, %d left", n, len(entries(t, x, "b", "many/")))
	}
}

func entries(t *testing.T, x erasure.Index, bucket, prefix string) (es []erasure.Entry) {
	t.Helper()
	for e, err := range x.Entries(t.Context(), bucket, prefix) {
		if err != nil {
			t.Fatal(err)
		}
		es = append(es, e)
	}
	return es
}

// testPostings enters an object with more postings than are gathered at once.
func testPostings(t *testing.T, open Open) {
	x := open(t)
	const n, people = 150_000, 997
	name := func(i int64) string { return fmt.Sprint("p", i*31%people) }
	hashes := map[string]erasure.Hash{}
	for i := range int64(people) {
		hashes[name(i)] = H(name(i))
	}
	err := x.Put(t.Context(), Of(erasure.Indexed{Entry: Entry(Object("big", "", "e")), Postings: func(yield func(erasure.Posting, error) bool) {
		for i := range int64(n) {
			if !yield(erasure.Posting{Hash: hashes[name(i)], Row: i}, nil) {
				return
			}
		}
	}}))
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int64{0, 1, 500, 996} {
		var want []int64
		for r := i; r < n; r += people {
			want = append(want, r)
		}
		for p, err := range x.Find(t.Context(), H(name(i))) {
			if err != nil || !slices.Equal(p.Rows, want) {
				t.Errorf("%s has %d rows, %v, want %d", name(i), len(p.Rows), err, len(want))
			}
		}
	}
	s, err := x.Stats(t.Context())
	if err != nil || s.Postings < n*9/10 || s.Postings > n {
		t.Errorf("Stats: %+v, %v", s, err)
	}
}

func testSequence(t *testing.T, open Open) {
	x := open(t)
	broken := errors.New("the object could not be read")
	err := x.Put(t.Context(), func(yield func(*erasure.Indexed, error) bool) {
		_ = yield(&erasure.Indexed{Entry: Entry(Object("a", "", "e")), Postings: At("ada", 1)}, nil) &&
			yield(nil, broken) &&
			yield(&erasure.Indexed{Entry: Entry(Object("c", "", "e")), Postings: At("ada", 1)}, nil)
	})
	if !errors.Is(err, broken) {
		t.Errorf("Put returned %v", err)
	}
	if got := Places(t, x, "ada"); len(got) > 1 {
		t.Errorf("after an error there is %q", got)
	}
	if err := x.Put(t.Context(), Of(erasure.Indexed{Entry: Entry(Object("a", "", "e")), Postings: At("ada", -1)})); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("a posting of row -1: %v", err)
	}
	// An object that cannot be read to its end is left out, and others are not.
	Put(t, x, Object("torn", "", "old"), At("joe", 1))
	torn := func(yield func(erasure.Posting, error) bool) {
		_ = yield(erasure.Posting{Hash: H("joe"), Row: 2}, nil) && yield(erasure.Posting{}, broken)
	}
	err = x.Put(t.Context(), Of(
		erasure.Indexed{Entry: Entry(Object("torn", "", "new")), Postings: torn},
		erasure.Indexed{Entry: Entry(Object("whole", "", "e")), Postings: At("joe", 3)}))
	if err != nil {
		t.Fatal(err)
	}
	wantPlaces(t, x, "joe", "b/torn@#old [1]", "b/whole@#e [3]")
	// Of one object twice, the last counts.
	err = x.Put(t.Context(), Of(
		erasure.Indexed{Entry: Entry(Object("k", "", "e1")), Postings: At("bob", 1)},
		erasure.Indexed{Entry: Entry(Object("k", "", "e2")), Postings: At("bob", 2)}))
	if err != nil {
		t.Fatal(err)
	}
	wantPlaces(t, x, "bob", "b/k@#e2 [2]")
}

func testErase(t *testing.T, open Open) {
	x := open(t)
	Put(t, x, Object("one", "", "e"), At("ada", 1, 2), At("bob", 3), At("eve", 4))
	Put(t, x, Object("two", "v", "e"), At("ada", 1), At("bob", 2))
	if err := x.Erase(t.Context(), []erasure.Hash{H("ada"), H("eve"), H("nobody")}); err != nil {
		t.Fatal(err)
	}
	wantPlaces(t, x, "ada")
	wantPlaces(t, x, "eve")
	wantPlaces(t, x, "bob", "b/one@#e [3]", "b/two@v#e [2]")
	if _, err := x.Entry(t.Context(), Object("one", "", "e")); err != nil {
		t.Errorf("its objects stay known: %v", err)
	}
	Put(t, x, Object("three", "", "e"), At("ada", 8))
	wantPlaces(t, x, "ada", "b/three@#e [8]")
	if err := x.Erase(t.Context(), nil); err != nil {
		t.Errorf("of nothing: %v", err)
	}
}

// testEraseWhileEntered: what is entered meanwhile may hold the person, and must
// not come to count without saying so.
func testEraseWhileEntered(t *testing.T, open Open) {
	x := open(t)
	Put(t, x, Object("old", "", "e"), At("ada", 1))
	const n = 100_000
	err := x.Put(t.Context(), func(yield func(*erasure.Indexed, error) bool) {
		for i := range int64(5) {
			if !yield(&erasure.Indexed{Entry: Entry(Object(fmt.Sprint("new", i), "", "e")), Postings: All(At("ada", 1), At(fmt.Sprint("filler", i), make([]int64, n)...))}, nil) {
				return
			}
			if err := x.Erase(t.Context(), []erasure.Hash{H("ada")}); err != nil {
				yield(nil, err)
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range Places(t, x, "ada") {
		if p == "b/old@#e [1]" {
			t.Error("what was there before is still there")
		}
	}
	// The last one was entered after all erasures.
	if got := Places(t, x, "ada"); !slices.Contains(got, "b/new4@#e [1]") {
		t.Errorf("ada is at %q", got)
	}
}

func testReopen(t *testing.T, open Open) {
	x := open(t)
	Put(t, x, Object("one", "", "e1"), At("ada", 1), At("bob", 2))
	Put(t, x, Object("one", "", "e2"), At("ada", 3))
	Put(t, x, Object("two", "", "e"), At("ada", 4))
	if err := x.Forget(t.Context(), Object("two", "", "e")); err != nil {
		t.Fatal(err)
	}
	before, err := x.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = open(t)
	wantPlaces(t, x, "ada", "b/one@#e2 [3]")
	wantPlaces(t, x, "bob")
	after, err := x.Stats(t.Context())
	if err != nil || after.Objects != before.Objects || after.Postings != before.Postings {
		t.Errorf("Stats: %+v, %v, want %+v", after, err, before)
	}
	Put(t, x, Object("three", "", "e"), At("eve", 5))
	wantPlaces(t, x, "eve", "b/three@#e [5]")
	wantPlaces(t, x, "bob")
}

func testConcurrent(t *testing.T, open Open) {
	x := open(t)
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := range 25 {
				name := fmt.Sprint("w", w)
				// Their own object, and one that all replace.
				err := x.Put(context.Background(), Of(
					erasure.Indexed{Entry: Entry(Object(fmt.Sprint(name, "-", i), "", "e")), Postings: All(At(name, int64(i)), At("all", int64(i)))},
					erasure.Indexed{Entry: Entry(Object("shared", "", fmt.Sprint("e", w))), Postings: At("shared", int64(w))}))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for w := range 8 {
		if got := Places(t, x, fmt.Sprint("w", w)); len(got) != 25 {
			t.Errorf("writer %d finds %d places", w, len(got))
		}
	}
	if got := Places(t, x, "all"); len(got) != 200 {
		t.Errorf("%d places of all", len(got))
	}
	var shared []string
	for w := range 8 {
		shared = append(shared, fmt.Sprintf("b/shared@#e%d [%d]", w, w))
	}
	if got := Places(t, x, "shared"); len(got) != 1 || !slices.Contains(shared, got[0]) {
		t.Errorf("the shared object is at %q", got)
	}
	if s, err := x.Stats(t.Context()); err != nil || s.Objects != 201 {
		t.Errorf("Stats: %+v, %v", s, err)
	}
}

// testFindWhileReplaced: an object that holds a person before and after it is
// replaced holds the person at every moment. Not to find it would be to say that the
// person is gone.
func testFindWhileReplaced(t *testing.T, open Open) {
	x := open(t)
	Put(t, x, Object("k", "", "e"), At("ada", 0))
	done := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		defer close(done)
		for i := range int64(60) {
			if err := x.Put(context.Background(), Of(erasure.Indexed{Entry: Entry(Object("k", "", fmt.Sprint("e", i))), Postings: At("ada", i)})); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for n, ended := 0, false; !ended; n++ {
		select {
		case <-done:
			ended = true
		default:
		}
		if got := Places(t, x, "ada"); len(got) != 1 {
			t.Errorf("ada is at %q when looked for the %d-th time", got, n)
			break
		}
	}
	writing.Wait()
}

func testCanceled(t *testing.T, open Open) {
	x := open(t)
	Put(t, x, Object("k", "", "e"), At("ada", 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := x.Put(ctx, Of(erasure.Indexed{Entry: Entry(Object("l", "", "e")), Postings: At("ada", 2)})); !lethe.Is(err, lethe.Canceled) {
		t.Errorf("Put: %v", err)
	}
	for _, err := range x.Find(ctx, H("ada")) {
		if !lethe.Is(err, lethe.Canceled) {
			t.Errorf("Find: %v", err)
		}
	}
	wantPlaces(t, x, "ada", "b/k@#e [1]")
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if err := x.Put(t.Context(), Of(erasure.Indexed{Entry: Entry(Object("l", "", "e"))})); !lethe.Is(err, lethe.Canceled) {
		t.Errorf("Put after Close: %v", err)
	}
	for _, err := range x.Find(t.Context(), H("ada")) {
		if !lethe.Is(err, lethe.Canceled) {
			t.Errorf("Find after Close: %v", err)
		}
	}
	if err := x.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
}
