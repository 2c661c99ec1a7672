// Package objecttest is the conformance suite of object.Store. Every
// implementation runs it:
//
//	func TestStore(t *testing.T) {
//		objecttest.Run(t, func(t testing.TB) object.Store { ... })
//	}
//
// It states what the interface's comments promise: kinds of errors, byte order
// of listings, conditions, atomic commits and links, under concurrency and under
// random operations against a model.
package objecttest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"lethe"
	"lethe/object"
)

// Run runs the suite. open returns an empty store that lives as long as the
// test; links are made in the test's temporary folder.
func Run(t *testing.T, open func(t testing.TB) object.Store) {
	for name, test := range map[string]func(t *testing.T, s object.Store){
		"Buckets":         testBuckets,
		"Objects":         testObjects,
		"Ranges":          testRanges,
		"Missing":         testMissing,
		"BadArguments":    testBadArguments,
		"Conditions":      testConditions,
		"OddKeys":         testOddKeys,
		"ReaderFails":     testReaderFails,
		"OpenStays":       testOpenStays,
		"Listing":         testListing,
		"ListingPages":    testListingPages,
		"All":             testAll,
		"Commit":          testCommit,
		"CommitRefuses":   testCommitRefuses,
		"CommitIsAtomic":  testCommitIsAtomic,
		"Discard":         testDiscard,
		"Link":            testLink,
		"LinkRefuses":     testLinkRefuses,
		"LinkRaces":       testLinkRaces,
		"OneWinner":       testOneWinner,
		"ReadersSeeWhole": testReadersSeeWhole,
		"Canceled":        testCanceled,
		"Random":          testRandom,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

const bucket = "suite-bucket"

// prepare makes the suite's bucket.
func prepare(t *testing.T, s object.Store) context.Context {
	t.Helper()
	ctx := context.Background()
	must(t, s.CreateBucket(ctx, bucket))
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t testing.TB, err error, k lethe.Kind, doing string) {
	t.Helper()
	if !lethe.Is(err, k) {
		t.Errorf("%s: %v (kind %q), want kind %q", doing, err, lethe.KindOf(err), k)
	}
}

func put(t testing.TB, s object.Store, key string, data []byte) object.Object {
	t.Helper()
	o, err := s.Put(context.Background(), bucket, key, bytes.NewReader(data), object.Header{}, object.Condition{})
	must(t, err)
	return o
}

func stage(t testing.TB, s object.Store, data []byte) object.Staged {
	t.Helper()
	g, err := s.Stage(context.Background(), bucket, bytes.NewReader(data))
	must(t, err)
	return g
}

// get reads an object whole; ok is false if there is none.
func get(t testing.TB, s object.Store, key string) (data []byte, ok bool) {
	t.Helper()
	r, o, err := s.Open(context.Background(), bucket, key, 0, -1)
	if lethe.Is(err, lethe.NotFound) {
		return nil, false
	}
	must(t, err)
	data, err = io.ReadAll(r)
	must(t, err)
	must(t, r.Close())
	if int64(len(data)) != o.Size {
		t.Errorf("%q: read %d bytes of %d", key, len(data), o.Size)
	}
	return data, true
}

func keysOf(objs []object.Object) []string {
	keys := []string{}
	for _, o := range objs {
		keys = append(keys, o.Key)
	}
	return keys
}

// noise is n bytes that do not repeat and are the same for the same n.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)})
	r.Read(b)
	return b
}

// failing yields some bytes and then an error.
type failing struct {
	n   int
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	if f.n == 0 {
		return 0, f.err
	}
	n := min(len(p), f.n)
	f.n -= n
	return n, nil
}

func quoted(keys []string) string { return fmt.Sprintf("%q", keys) }
