package erasure_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/metrics"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"lethe/erasure"

	"github.com/parquet-go/parquet-go"
)

// bench is a lake for benchmarks, which take what a test takes.
func bench(b *testing.B, f func(t *testing.T)) {
	b.Helper()
	if !testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: b.Name(), F: f}}) {
		b.Fatal("it failed")
	}
}

// BenchmarkReport measures the time from a request for one person to its report, in a
// lake of 10,000 objects that is in the index.
func BenchmarkReport(b *testing.B) {
	bench(b, func(t *testing.T) {
		l, _ := counted(t)
		l.located("jsonl")
		for i := range 10_000 {
			l.put(fmt.Sprintf("people/%d/%05d.jsonl", i%7, i), jsonOf(t, customers(uint64(i), 1, i%1000)))
		}
		l.build()
		b.ResetTimer()
		before := processorTime(t)
		for b.Loop() {
			l.until(l.ask(erasure.Named{Type: "user_id", Values: []string{hunted}}).ID, erasure.Reported)
		}
		b.ReportMetric(float64((processorTime(t)-before).Milliseconds())/float64(b.N), "CPU-ms/op")
	})
}

// processorTime is what the process has taken of the processors so far.
func processorTime(t *testing.T) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkPurge measures what it takes to erase one person from an object of
// LETHE_BENCH_MB megabytes, 50 if that is not set: the bytes at the store, as a part of
// those of a rewrite, and the heap.
func BenchmarkPurge(b *testing.B) {
	size := 50 << 20
	if s := os.Getenv("LETHE_BENCH_MB"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		size = n << 20
	}
	rows := size / 330 / 20 * 20
	hers := []int{3*rows/20 + 17, 17*rows/20 + 5}
	for _, format := range []string{"parquet", "jsonl"} {
		b.Run(format, func(b *testing.B) {
			bench(b, func(t *testing.T) {
				for b.Loop() {
					b.StopTimer()
					l, store := counted(t)
					l.located(format)
					n := l.putMany(format, rows, hers)
					l.build()
					peak := heapPeak()
					b.StartTimer()
					moved, _ := l.purge(store, erasure.Named{Type: "user_id", Values: []string{hunted}})
					b.StopTimer()
					b.ReportMetric(100*float64(moved)/float64(2*n), "%-of-rewrite")
					b.ReportMetric(float64(peak())/(1<<20), "MB-heap")
					l.close()
					b.StartTimer()
				}
			})
		})
	}
}

// putMany puts many records as one object, and returns its size.
func (l *lake) putMany(format string, rows int, hers []int) int {
	l.t.Helper()
	var b bytes.Buffer
	rng := rand.New(rand.NewPCG(1, 2))
	w := parquet.NewGenericWriter[customer](&b, parquet.Compression(&parquet.Zstd))
	for i := range rows {
		c := customerOf(rng, i)
		for _, h := range hers {
			if i == h {
				c.User, c.Mail = hunted, "zerlina@example.org"
			}
		}
		if format == "jsonl" {
			b.Write(jsonOf(l.t, []customer{c}))
			continue
		}
		if _, err := w.Write([]customer{c}); err != nil {
			l.t.Fatal(err)
		}
		if (i+1)%(rows/20) == 0 {
			l.must(w.Flush())
		}
	}
	if format == "parquet" {
		l.must(w.Close())
	}
	l.put("people/a."+format, b.Bytes())
	return b.Len()
}

// heapPeak begins to watch what the heap takes beyond what it takes now.
func heapPeak() (peak func() int64) {
	read := func() int64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(s)
		return int64(s[0].Value.Uint64())
	}
	before, most := read(), int64(0)
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				most = max(most, read()-before)
			}
		}
	})
	return func() int64 {
		close(stop)
		done.Wait()
		return most
	}
}
