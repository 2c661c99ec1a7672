// Package rewritetest is the conformance suite of erasure.Format. Every
// implementation runs it:
//
//	func TestFormat(t *testing.T) {
//		rewritetest.Suite{New: ..., Write: ...}.Run(t)
//	}
//
// It states what the interface's comments promise: that records come as they were
// written, that a plan takes out those that match and nothing else, that no byte
// of theirs is left, that damaged objects are refused, and that memory does not
// grow with the object. Objects are random; a failure names the seed, and
// LETHE_SEED repeats it.
package rewritetest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"lethe/erasure"
	"lethe/object"
)

// Suite is the suite for one format.
type Suite struct {
	// New returns the format under test.
	New func() erasure.Format
	// Write makes an object of rows, in as many shapes of the format as r chooses.
	Write func(t testing.TB, r *rand.Rand, rows []Row) []byte
	// Without names the columns of Row that the format cannot hold.
	Without []string
	// Lines says that a record's bytes are together: records have Off and Len, and
	// what is kept is kept byte for byte.
	Lines bool
	// Inside returns further forms of an object's bytes in which nothing of an
	// erased record may be found, as what it holds compressed. nil: there are none.
	Inside func(t testing.TB, object []byte) [][]byte
	// Big makes an object of about size bytes that is not in memory, which holds
	// one record with BigUser in user_id.
	Big func(t testing.TB, size int64) object.Content
	// BigSize is its size; 0: 1 GiB. Under the race detector it is at most twice
	// Memory.
	BigSize int64
	// Memory bounds the heap while a Big object is planned; 0: 64 MiB.
	Memory int64
	// Rounds is how many random objects each test tries; 0: 40, and 12 under the race
	// detector.
	Rounds int
}

// BigUser is the user of one record in a Big object.
const BigUser = "u-0123456789abcdef"

// Run runs the suite.
func (s Suite) Run(t *testing.T) {
	if s.Rounds == 0 {
		s.Rounds = 40
		if slow {
			s.Rounds = 12
		}
	}
	if s.Memory == 0 {
		s.Memory = 64 << 20
	}
	if s.BigSize == 0 {
		s.BigSize = 1 << 30
	}
	tests := []struct {
		name string
		run  func(t *testing.T, u *under)
	}{
		{"Records", testRecords},
		{"RecordsOfRows", testRecordsOfRows},
		{"RecordsStop", testRecordsStop},
		{"Delete", func(t *testing.T, u *under) { testCut(t, u, erasure.Delete) }},
		{"Blank", func(t *testing.T, u *under) { testCut(t, u, erasure.Blank) }},
		{"Replace", func(t *testing.T, u *under) { testCut(t, u, erasure.Replace) }},
		{"NoMatch", testNoMatch},
		{"All", testAll},
		{"OnlyRows", testOnlyRows},
		{"Marks", testMarks},
		{"NoObject", testNoObject},
		{"Hostile", testHostile},
		{"ReadFails", testReadFails},
		{"Canceled", testCanceled},
		{"Concurrent", testConcurrent},
		{"Memory", testMemory},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			if v := os.Getenv("LETHE_SEED"); v != "" {
				var err error
				if seed, err = strconv.ParseUint(v, 10, 64); err != nil {
					t.Fatalf("LETHE_SEED: %v", err)
				}
			}
			t.Logf("LETHE_SEED=%d", seed)
			x.run(t, &under{Suite: s, r: rand.New(rand.NewPCG(seed, 0))})
		})
	}
}

// under is a format in one test.
type under struct {
	Suite
	r *rand.Rand
}
