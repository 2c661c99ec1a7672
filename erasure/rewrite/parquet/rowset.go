package parquet

import "math/bits"

// rowSet is a set of rows of a row group, a bit each.
type rowSet struct {
	words []uint64
	n     int64 // how many are in it
}

func newRowSet(rows int64) *rowSet { return &rowSet{words: make([]uint64, (rows+63)/64)} }

// add puts a row in that is not in it.
func (s *rowSet) add(r int64) {
	s.words[r/64] |= 1 << (r % 64)
	s.n++
}

func (s *rowSet) has(r int64) bool { return s.words[r/64]>>(r%64)&1 != 0 }

// next returns the first row from r on that is in it, and -1 if none is.
func (s *rowSet) next(r int64) int64 {
	i := r / 64
	if r < 0 || i >= int64(len(s.words)) {
		return -1
	}
	for w := s.words[i] >> (r % 64) << (r % 64); ; w = s.words[i] {
		if w != 0 {
			return i*64 + int64(bits.TrailingZeros64(w))
		}
		if i++; i == int64(len(s.words)) {
			return -1
		}
	}
}

// any reports whether one of the rows [from, to) is in it.
func (s *rowSet) any(from, to int64) bool {
	r := s.next(from)
	return r >= 0 && r < to
}
