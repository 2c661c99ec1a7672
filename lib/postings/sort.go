package postings

import (
	"cmp"
	"slices"
)

// countFrom is from how many postings on counting beats comparing.
const countFrom = 64 << 10

// Sorter sorts postings of several buckets. It keeps memory from one time to the
// next.
type Sorter struct{ spare []Posting }

// Sort returns the postings in the order of their buckets, which are less than
// buckets, each bucket's in the order of Compare. The slice may be another one;
// the one it was given must not be used further.
func (s *Sorter) Sort(ps []Posting, buckets int) []Posting {
	if len(ps) < countFrom {
		slices.SortFunc(ps, func(a, b Posting) int {
			if a.Bucket != b.Bucket {
				return cmp.Compare(a.Bucket, b.Bucket)
			}
			return Compare(a, b)
		})
		return ps
	}
	starts := make([]uint32, buckets+1)
	for i := range ps {
		starts[ps[i].Bucket+1]++
	}
	for i := range starts[1:] {
		starts[i+1] += starts[i]
	}
	if cap(s.spare) < len(ps) {
		s.spare = make([]Posting, len(ps), max(len(ps), cap(ps)))
	}
	s.spare = s.spare[:len(ps)]
	for _, p := range ps {
		s.spare[starts[p.Bucket]] = p
		starts[p.Bucket]++ // in the end, where the next bucket starts
	}
	ps, s.spare = s.spare, ps
	var from uint32
	for _, to := range starts[:buckets] {
		slices.SortFunc(ps[from:to], Compare)
		from = to
	}
	return ps
}

// Buckets calls f with each bucket's part of sorted postings, until it fails.
func Buckets(ps []Posting, f func(bucket uint32, ps []Posting) error) error {
	for i := 0; i < len(ps); {
		j := i + 1
		for j < len(ps) && ps[j].Bucket == ps[i].Bucket {
			j++
		}
		if err := f(ps[i].Bucket, ps[i:j]); err != nil {
			return err
		}
		i = j
	}
	return nil
}
