package postings

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

func some(rng *rand.Rand, n, buckets int) []Posting {
	ps := make([]Posting, n)
	for i := range ps {
		ps[i] = Posting{Bucket: uint32(rng.IntN(buckets)), Rest: rng.Uint32N(1<<10) << 20, Number: rng.Uint64N(50), Row: rng.Uint64N(1 << rng.IntN(50))}
	}
	return ps
}

// What is packed comes back sorted and without repeats, however much there is.
func TestPack(t *testing.T) {
	var s Sorter
	for _, n := range []int{0, 1, 1000, countFrom, 2*countFrom + 7} {
		rng := rand.New(rand.NewPCG(uint64(n), 0))
		ps := some(rng, n, 300)
		want := slices.Clone(ps)
		slices.SortFunc(want, func(a, b Posting) int { return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), Compare(a, b)) })
		want = slices.Compact(want)
		var got []Posting
		err := Buckets(s.Sort(ps, 300), func(bucket uint32, ps []Posting) error {
			from := len(got)
			var err error
			got, err = Unpack(got, Pack(nil, ps), 32)
			for i := range got[from:] {
				got[from+i].Bucket = bucket
			}
			return err
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d postings: %d come back, %v, want %d", n, len(got), err, len(want))
		}
	}
}

func FuzzUnpack(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := range 5 {
		ps := some(rng, n*3, 1)
		slices.SortFunc(ps, Compare)
		f.Add(Pack(nil, ps))
	}
	f.Add([]byte{3})
	f.Fuzz(func(t *testing.T, packed []byte) {
		ps, err := Unpack(nil, packed, 30)
		for _, p := range ps {
			if p.Rest >= 1<<30 {
				t.Errorf("a rest of %d", p.Rest)
			}
		}
		if err != nil {
			return
		}
		// Differences may wrap around in what nobody packed; sorted, all is well.
		ps = slices.DeleteFunc(ps, func(p Posting) bool { return p.Number >= 1<<62 || p.Row >= 1<<62 })
		slices.SortFunc(ps, Compare)
		ps = slices.Compact(ps)
		again, err := Unpack(nil, Pack(nil, ps), 30)
		if err != nil || !slices.Equal(ps, again) {
			t.Errorf("%v came back as %v, %v", ps, again, err)
		}
	})
}
