package indextest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"lethe/erasure"
)

// model is an index in maps.
type model map[string]modelEntry // by key and version

type modelEntry struct {
	o    erasure.ObjectVersion
	rows map[string][]int64 // by name
}

func (m model) places(name string) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if e := m[k]; len(e.rows[name]) > 0 {
			out = append(out, fmt.Sprintf("%s/%s@%s#%s %v", e.o.Bucket, e.o.Key, e.o.Version, e.o.ETag, e.rows[name]))
		}
	}
	return out
}

func (m model) put(e modelEntry)           { m[id(e.o)] = e }
func id(o erasure.ObjectVersion) string    { return o.Key + "\x00\x00" + o.Version }
func pick[T any](rng *rand.Rand, of []T) T { return of[rng.IntN(len(of))] }
func someOf[T any](rng *rand.Rand, of []T) (s []T) {
	for range 1 + rng.IntN(2) {
		s = append(s, pick(rng, of))
	}
	return s
}

// testRandom does random operations on an index and on the model.
func testRandom(t *testing.T, open Open) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	x, m := open(t), model{}
	names := []string{"ada", "bob", "eve", "joe"}
	object := func() erasure.ObjectVersion {
		return Object(pick(rng, []string{"a", "a/b", "a\x00b", "c"}), pick(rng, []string{"", "v1"}), pick(rng, []string{"e1", "e2"}))
	}
	for n := range 250 {
		var did string
		switch what := rng.IntN(20); {
		case what < 12:
			var os []erasure.Indexed
			for range 1 + rng.IntN(3) {
				e := modelEntry{o: object(), rows: map[string][]int64{}}
				in := erasure.Indexed{Entry: Entry(e.o), Postings: All()}
				for range rng.IntN(4) {
					name := pick(rng, names)
					var rows []int64
					for range rng.IntN(4) {
						rows = append(rows, rng.Int64N(300))
					}
					in.Postings = All(in.Postings, At(name, rows...))
					e.rows[name] = slices.Compact(slices.Sorted(slices.Values(append(e.rows[name], rows...))))
				}
				os = append(os, in)
				m.put(e)
				did += fmt.Sprintf("put %+v ", e)
			}
			if err := x.Put(t.Context(), Of(os...)); err != nil {
				t.Fatal(err)
			}
		case what < 16:
			o := object()
			did = fmt.Sprintf("forget %+v", o)
			if err := x.Forget(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if m[id(o)].o == o {
				delete(m, id(o))
			}
		case what < 19:
			gone := someOf(rng, names)
			did = fmt.Sprintf("erase %q", gone)
			var hs []erasure.Hash
			for _, g := range gone {
				hs = append(hs, H(g))
				for _, e := range m {
					delete(e.rows, g)
				}
			}
			if err := x.Erase(t.Context(), hs); err != nil {
				t.Fatal(err)
			}
		default:
			did = "reopen"
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			x = open(t)
		}
		for _, name := range names {
			if got, want := Places(t, x, name), m.places(name); !slices.Equal(got, want) {
				t.Fatalf("seed %d, operation %d, %s: %s is at %q, want %q", seed, n, did, name, got, want)
			}
		}
	}
}
