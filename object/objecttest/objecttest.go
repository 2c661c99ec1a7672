// Package objecttest is the conformance suite of object.Store. Every
// implementation runs it:
//
//	func TestStore(t *testing.T) {
//		objecttest.Suite{Open: func(t testing.TB) object.Store { ... }}.Run(t)
//	}
//
// It states what the interface's comments promise: kinds of errors, byte order
// of listings, conditions, commits, splices, versions and links, under
// concurrency and under random operations against a model. What a store does not
// promise it declares, with the reason, in the suite's fields.
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

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Suite is the suite for one kind of store.
type Suite struct {
	// Open returns an empty store that lives as long as the test.
	Open func(t testing.TB) object.Store
	// Client returns an S3 client of the same store, for what object.Store has
	// no words for: tags, locks, versioning, unfinished uploads.
	Client func(t testing.TB, s object.Store) *s3.Client
	// Far says that every call goes through a network, so that there should be
	// fewer of them.
	Far bool
	// Lacks names tests that the store does not pass, with the reason.
	Lacks map[string]string
	// NoKey says why the store cannot have a key, "" if it can; nil: it has all.
	NoKey func(key string) string
	// NoList says why the store lists wrongly by these options, "" if it does not;
	// nil: it lists by all.
	NoList func(o object.ListOptions) string
	// OwnType is the content type that the store gives where the writer named none.
	OwnType string
}

// Run runs the suite.
func (s Suite) Run(t *testing.T) {
	tests := map[string]func(t *testing.T, s *under){
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
		"CommitLarge":     testCommitLarge,
		"CommitRefuses":   testCommitRefuses,
		"CommitIsAtomic":  testCommitIsAtomic,
		"Discard":         testDiscard,
		"Link":            testLink,
		"LinkRefuses":     testLinkRefuses,
		"LinkRaces":       testLinkRaces,
		"OneWinner":       testOneWinner,
		"OneDeleteWins":   testOneDeleteWins,
		"ReadersSeeWhole": testReadersSeeWhole,
		"Canceled":        testCanceled,
		"Random":          testRandom,
		"Splice":          testSplice,
		"SpliceLarge":     testSpliceLarge,
		"SpliceRefuses":   testSpliceRefuses,
		"SpliceKeeps":     testSpliceKeeps,
		"SpliceVersions":  testSpliceVersions,
		"SpliceRaces":     testSpliceRaces,
		"Versions":        testVersions,
		"VersionPages":    testVersionPages,
		"NullVersion":     testNullVersion,
		"Locks":           testLocks,
		"Uploads":         testUploads,
	}
	for name := range s.Lacks {
		if tests[name] == nil {
			t.Errorf("there is no test %s to lack", name)
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if why := s.Lacks[name]; why != "" {
				t.Logf("not promised: %s", why)
				return
			}
			test(t, &under{Store: s.Open(t), suite: s})
		})
	}
}

// under is a store under test.
type under struct {
	object.Store
	suite Suite
}

// keys returns those keys that the store can have.
func (s *under) keys(t testing.TB, all []string) (some []string) {
	for _, k := range all {
		if s.suite.NoKey != nil {
			if why := s.suite.NoKey(k); why != "" {
				t.Logf("no key %.40q: %s", k, why)
				continue
			}
		}
		some = append(some, k)
	}
	return some
}

// admin returns an S3 client of the store.
func (s *under) admin(t testing.TB) *s3.Client {
	t.Helper()
	return s.suite.Client(t, s.Store)
}

const bucket = "suite-bucket"

// prepare makes the suite's bucket.
func prepare(t *testing.T, s *under) context.Context {
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
