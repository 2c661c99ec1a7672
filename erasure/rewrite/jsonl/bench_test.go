package jsonl_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"lethe/erasure"
	"lethe/erasure/rewrite/jsonl"
)

// reviews are n JSON lines of the size and shape of product reviews, of which the
// one in the middle is by the-one.
func reviews(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"great", "phone", "the", "battery", "lasts", "a", "day", "and", "then", "some", "broke", "after", "\\\"two\\\"", "weeks"}
	var b bytes.Buffer
	for i := range n {
		user := fmt.Sprintf("%022x", r.Uint64())
		if i == n/2 {
			user = "the-one"
		}
		fmt.Fprintf(&b, `{"review_id":"R%d","user_id":"%s","business_id":"%022x","stars":%d,"useful":%d,"date":"2018-02-%02d","text":"`, i, user, r.Uint64(), 1+i%5, i%9, 1+i%28)
		for range 20 + r.IntN(100) {
			b.WriteString(words[r.IntN(len(words))])
			b.WriteByte(' ')
		}
		b.WriteString("\"}\n")
	}
	return b.Bytes()
}

// perCPU reports the speed by the processor's time, which other load does not change
// much.
func perCPU(b *testing.B, size int) func() {
	used := func() time.Duration {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			b.Fatal(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	begin := used()
	return func() {
		b.ReportMetric(float64(size)*float64(b.N)/1e6/(used()-begin).Seconds(), "MB/cpu-s")
	}
}

func BenchmarkOneOf200MB(bench *testing.B) {
	data := reviews(400_000)
	ctx := context.Background()
	cut := erasure.Cut{Columns: []string{"user_id"}, Match: func(v [][]string) bool { return len(v[0]) == 1 && v[0][0] == "the-one" }}
	run := func(name string, c erasure.Cut) {
		bench.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			defer perCPU(b, len(data))()
			for b.Loop() {
				p, err := jsonl.New(nil).Plan(ctx, bytes.NewReader(data), c)
				if err != nil || p.Cut != 1 {
					b.Fatal(p, err)
				}
				b.ReportMetric(float64(p.Read), "read-B/op")
			}
		})
	}
	run("scan", cut)
	var marks []erasure.Mark
	var row int64
	for r, err := range jsonl.New(nil).Records(ctx, bytes.NewReader(data), nil, nil) {
		if err != nil {
			bench.Fatal(err)
		}
		if r.Row%1000 == 0 {
			marks = append(marks, erasure.Mark{Row: r.Row, Off: r.Off})
		}
		row = r.Row
	}
	cut.Rows = []int64{200_000}
	run("rows", cut)
	marks = append(marks, erasure.Mark{Row: row + 1, Off: int64(len(data))})
	cut.Marks = marks
	run("rows and marks", cut)
	bench.Run("encoding json", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		defer perCPU(b, len(data))()
		for b.Loop() {
			hits := 0
			s := bufio.NewScanner(bytes.NewReader(data))
			for s.Scan() {
				var m map[string]any
				if err := json.Unmarshal(s.Bytes(), &m); err != nil {
					b.Fatal(err)
				}
				if m["user_id"] == "the-one" {
					hits++
				}
			}
			if hits != 1 {
				b.Fatal(hits)
			}
		}
	})
}
