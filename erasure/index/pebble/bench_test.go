package pebble_test

import (
	"encoding/binary"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"lethe/erasure"
	"lethe/erasure/index/indextest"
	"lethe/erasure/index/pebble"
)

var (
	benchObjects = flag.Int("index.objects", 200, "objects of the benchmark's index, of 10,000 rows each")
	benchPeople  = flag.Uint64("index.people", 100_000, "people in it")
)

const benchRows = 10_000

// person is a hash as HMAC-SHA256 would make it, which is not what is measured.
func person(n uint64) (h erasure.Hash) {
	mix := func(x uint64) uint64 {
		x += 0x9E3779B97F4A7C15
		x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9
		x = (x ^ (x >> 27)) * 0x94D049BB133111EB
		return x ^ (x >> 31)
	}
	binary.BigEndian.PutUint64(h[:], mix(n))
	return h
}

func lake(objects int) iter.Seq2[*erasure.Indexed, error] {
	return func(yield func(*erasure.Indexed, error) bool) {
		for o := range objects {
			in := &erasure.Indexed{Entry: indextest.Entry(indextest.Object(fmt.Sprintf("part-%06d", o), "", "e")), Postings: func(yield func(erasure.Posting, error) bool) {
				rng := rand.New(rand.NewPCG(uint64(o), 1))
				for r := range int64(benchRows) {
					if !yield(erasure.Posting{Hash: person(rng.Uint64N(*benchPeople)), Row: r}, nil) {
						return
					}
				}
			}}
			if !yield(in, nil) {
				return
			}
		}
	}
}

// BenchmarkIndex builds an index, and looks people up in it.
//
//	go test ./erasure/index/pebble -run - -bench Index -benchtime 1x -index.objects 10000 -index.people 5000000
func BenchmarkIndex(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		x := open(b, dir)
		total := float64(*benchObjects * benchRows)
		began := time.Now()
		if err := x.Put(b.Context(), lake(*benchObjects)); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(total/time.Since(began).Seconds(), "postings/s")
		report(b, x, total, "")
		began = time.Now()
		if err := pebble.Compact(b.Context(), x); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "compaction-s")
		report(b, x, total, "-compacted")
		if err := x.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func report(b *testing.B, x *pebble.Index, total float64, when string) {
	s, err := x.Stats(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(s.Bytes)/total, "B/posting"+when)
	var took []time.Duration
	for i := range uint64(2000) {
		began := time.Now()
		for _, err := range x.Find(b.Context(), person(i*77%*benchPeople)) {
			if err != nil {
				b.Fatal(err)
			}
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[1000].Microseconds()), "p50-us"+when)
	b.ReportMetric(float64(took[1980].Microseconds()), "p99-us"+when)
}
