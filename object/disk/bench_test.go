package disk

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"lethe/object"
)

// The store against plain fsynced files with an MD5 on the same disk: compare
// within one run only.
func BenchmarkPut(b *testing.B) {
	for _, size := range []int{4 << 10, 64 << 20} {
		data := make([]byte, size)
		rand.Read(data)
		for _, parallel := range []int{1, 16} {
			if size > 1<<20 && parallel > 1 {
				continue
			}
			name := fmt.Sprintf("%dKiB/x%d", size>>10, parallel)
			b.Run(name+"/store", func(b *testing.B) {
				s, err := Open(b.TempDir(), Options{})
				must(b, err)
				defer s.Close()
				must(b, s.CreateBucket(ctx, testBucket))
				each(b, size, parallel, func(i int64) error {
					_, err := s.Put(ctx, testBucket, fmt.Sprint(i), bytes.NewReader(data), object.Header{}, object.Condition{})
					return err
				})
			})
			b.Run(name+"/files", func(b *testing.B) {
				dir := b.TempDir()
				each(b, size, parallel, func(i int64) error {
					f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
					if err != nil {
						return err
					}
					defer f.Close()
					if _, err := io.Copy(io.MultiWriter(f, md5.New()), bytes.NewReader(data)); err != nil {
						return err
					}
					return f.Sync()
				})
			})
		}
	}
}

func each(b *testing.B, size, parallel int, f func(i int64) error) {
	b.Helper()
	b.SetBytes(int64(size))
	b.SetParallelism((parallel + 1) / 2)
	var n atomic.Int64
	if parallel == 1 {
		for b.Loop() {
			must(b, f(n.Add(1)))
		}
		return
	}
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := f(n.Add(1)); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkList reads pages of 1000, as S3's clients do.
func BenchmarkList(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		s, err := Open(b.TempDir(), Options{NoSync: true})
		must(b, err)
		defer s.Close()
		must(b, s.CreateBucket(ctx, testBucket))
		fill(b, s, n)
		var after string
		list := func(max int) int {
			l, err := s.List(ctx, testBucket, object.ListOptions{Limit: max, After: after})
			must(b, err)
			after = l.Next
			return len(l.Objects)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			after = ""
			listed := 0
			for b.Loop() {
				listed += list(1000)
			}
			b.ReportMetric(float64(listed)/b.Elapsed().Seconds(), "keys/s")
		})
	}
}

// fill writes the records of n objects, of which no listing reads the bytes.
func fill(b testing.TB, s *Store, n int) {
	v := put(b, s, "model", "x")
	rec, err := s.newest(testBucket, v.Key)
	must(b, err)
	for i := 0; i < n; {
		c := s.change()
		for range min(10_000, n-i) {
			rec.id = s.newID(rec.id)
			c.set(versionKey(testBucket, fmt.Sprintf("table/dt=2026-11-22/part-%08d.parquet", i), rec.id), rec)
			i++
		}
		must(b, c.commit())
	}
}
