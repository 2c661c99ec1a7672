package index_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/index"
)

// TestCuts: rows are taken through cuts as they are through the list of all rows, also after
// the cuts were written and read.
func TestCuts(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 200 {
		n := 1 + rng.IntN(200)
		now := make([]int64, n) // the rows that are left, by the numbers they had; -1 where one is blank
		for i := range now {
			now[i] = int64(i)
		}
		var cs index.Cuts
		for range rng.IntN(5) {
			var gone []int64
			often := 1 + rng.IntN(6)
			for row := range now {
				if rng.IntN(often) == 0 {
					gone = append(gone, int64(row))
				}
			}
			blank := rng.IntN(3) == 0
			for _, row := range slices.Backward(gone) {
				if blank {
					now[row] = -1
				} else {
					now = slices.Delete(now, int(row), int(row)+1)
				}
			}
			var err error
			if cs, err = cs.Add(gone, blank); err != nil {
				t.Fatal(err)
			}
		}
		raw, err := index.WriteCuts(cs)
		if err != nil {
			t.Fatal(err)
		}
		read, err := index.ReadCuts(raw)
		if err != nil {
			t.Fatal(err)
		}
		var rows, want []int64
		for row := range int64(n) {
			if at := slices.Index(now, row); rng.IntN(3) > 0 {
				if rows = append(rows, row); at >= 0 {
					want = append(want, int64(at))
				}
			}
		}
		rows, want = append(rows, erasure.Whole), append(want, erasure.Whole)
		for _, cs := range []index.Cuts{cs, read} {
			if got := cs.Of(slices.Clone(rows)); !slices.Equal(got, want) {
				t.Fatalf("rows %v through %s are %v, want %v", rows, raw, got, want)
			}
		}
	}
}

// TestCutsRead: what was kept before as a list is read, and what cannot be is an error.
func TestCutsRead(t *testing.T) {
	cs, err := index.ReadCuts([]byte(`[{"Rows":[1,2,7],"Blank":false}]`))
	if err != nil {
		t.Fatal(err)
	}
	if got := cs.Of([]int64{0, 1, 2, 3, 7, 8}); !slices.Equal(got, []int64{0, 1, 5}) {
		t.Errorf("through a list: %v", got)
	}
	if _, err := index.ReadCuts([]byte(`[{"Rows":"AQ=="}]`)); !lethe.Is(err, lethe.BadData) {
		t.Errorf("what was not kept: %v", err)
	}
}
