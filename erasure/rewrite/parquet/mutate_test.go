package parquet

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lethe/erasure"
)

// TestMutations: damaged files are refused or cut, and nothing panics. It is what
// FuzzFile looks for, with damage where structures are.
func TestMutations(t *testing.T) {
	names, err := filepath.Glob("testdata/*.parquet")
	if err != nil || len(names) == 0 {
		t.Fatal("no files", err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	for _, name := range names {
		good, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for range 500 {
			b := bytes.Clone(good)
			for range 1 + r.IntN(3) {
				switch at := r.IntN(len(b)); r.IntN(3) {
				case 0:
					b[at] ^= 1 << r.IntN(8)
				case 1:
					b[at] = byte(r.Uint32())
				case 2:
					b[at] = []byte{0, 0x7f, 0x80, 0xff}[r.IntN(4)]
				}
			}
			odd := false
			p, err := Format{}.Plan(context.Background(), bytes.NewReader(b), erasure.Cut{Columns: []string{"id"}, Dir: dir, Mode: erasure.Mode(r.IntN(2)),
				Match: func([][]string) bool { odd = !odd; return odd }})
			if err == nil {
				if err := p.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
