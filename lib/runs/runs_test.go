package runs_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"lethe/lib/runs"
)

// TestSet: a set answers as the list of its numbers does, also after it was written and read.
func TestSet(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 300 {
		var numbers []int64
		often := 1 + rng.IntN(6)
		for i := range int64(rng.IntN(300)) {
			if rng.IntN(often) == 0 {
				numbers = append(numbers, i)
			}
		}
		raw, err := json.Marshal(runs.Of(numbers))
		if err != nil {
			t.Fatal(err)
		}
		var read runs.Set
		if err := json.Unmarshal(raw, &read); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		for _, s := range []runs.Set{runs.Of(numbers), read} {
			if s.Len() != int64(len(numbers)) || s.Runs() > len(numbers) {
				t.Fatalf("%d numbers in %d runs, of %v", s.Len(), s.Runs(), numbers)
			}
			for n := range int64(302) {
				at, want := slices.BinarySearch(numbers, n)
				if before, is := s.Find(n); is != want || before != int64(at) {
					t.Fatalf("%d in %v: %v after %d", n, numbers, is, before)
				}
				next := int64(-1)
				if at < len(numbers) {
					next = numbers[at]
				}
				if got := s.Next(n); got != next {
					t.Fatalf("after %d in %v comes %d, not %d", n, numbers, got, next)
				}
			}
		}
	}
}

func TestUnmarshal(t *testing.T) {
	var s runs.Set
	if err := json.Unmarshal([]byte("[1,2,7]"), &s); err != nil || s.Len() != 3 || s.Runs() != 2 {
		t.Errorf("a list: %+v, %v", s, err)
	}
	for _, text := range []string{"AQ==", "AQA=", "gA==", "AQH///////////8BAQ==", "A", "*", "[2,1]", "[1,1]", "[-1]", "7"} {
		raw := text
		if text[0] != '[' && text != "7" {
			raw = `"` + text + `"`
		}
		if err := json.Unmarshal([]byte(raw), &s); err == nil {
			t.Errorf("%s is %+v", raw, s)
		}
	}
}
