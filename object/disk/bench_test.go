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

func BenchmarkList(b *testing.B) {
	s, err := Open(b.TempDir(), Options{NoSync: true})
	must(b, err)
	defer s.Close()
	must(b, s.CreateBucket(ctx, testBucket))
	const n = 10_000
	for i := range n {
		put(b, s, fmt.Sprintf("p/%06d.parquet", i), "x")
	}
	for b.Loop() {
		l, err := s.List(ctx, testBucket, object.ListOptions{Limit: n})
		must(b, err)
		if len(l.Objects) != n {
			b.Fatal(len(l.Objects))
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "keys/s")
}
