package pebble

import (
	"cmp"
	"encoding/binary"
	"io"
	"slices"

	"lethe/erasure"

	"github.com/cockroachdb/pebble/v2"
)

// Of a hash the first 48 bits are kept: 18 of them choose a bucket, 30 stand in
// the bucket's postings. Two identifiers out of 10^8 share them with a chance of
// 4 in 10^7 for each that is looked up, which costs a read and nothing else,
// because whoever finds a posting reads the record itself before cutting it.
const (
	bucketBits = 18
	restBits   = 30
)

// posting is a posting in a bucket.
type posting struct {
	bucket uint32
	rest   uint32
	number uint64 // of the object version
	row    uint64
}

func split(h erasure.Hash) (bucket, rest uint32) {
	v := binary.BigEndian.Uint64(h[:8]) >> (64 - bucketBits - restBits)
	return uint32(v >> restBits), uint32(v & (1<<restBits - 1))
}

func compare(a, b posting) int {
	switch {
	case a.rest != b.rest:
		return cmp.Compare(a.rest, b.rest)
	case a.number != b.number:
		return cmp.Compare(a.number, b.number)
	}
	return cmp.Compare(a.row, b.row)
}

// A bucket's postings are written in order, each as its difference from the one
// before. The first varint's low bits say what differs:
//
//	row<<2 | 0                     the same hash and object, that many rows on
//	number<<2 | 1, row             the same hash, that many numbers on
//	rest<<2 | 2, number, row       the hash that much greater
const (
	nextRow = iota
	nextNumber
	nextHash
)

// pack appends postings of one bucket, which are in order.
func pack(dst []byte, ps []posting) []byte {
	var last posting
	for i, p := range ps {
		switch {
		case i == 0 || p.rest != last.rest:
			dst = binary.AppendUvarint(dst, uint64(p.rest-last.rest)<<2|nextHash)
			dst = binary.AppendUvarint(dst, p.number)
			dst = binary.AppendUvarint(dst, p.row)
		case p.number != last.number:
			dst = binary.AppendUvarint(dst, (p.number-last.number)<<2|nextNumber)
			dst = binary.AppendUvarint(dst, p.row)
		case p.row != last.row:
			dst = binary.AppendUvarint(dst, (p.row-last.row)<<2|nextRow)
		}
		last = p
	}
	return dst
}

// unpack appends the postings of a packed bucket.
func unpack(dst []posting, packed []byte) ([]posting, error) {
	dst = slices.Grow(dst, len(packed)/4) // as many as there are, about
	var p posting
	bad := false
	next := func() uint64 {
		v, n := binary.Uvarint(packed)
		if n <= 0 {
			bad = true
			packed = nil
			return 0
		}
		packed = packed[n:]
		return v
	}
	for len(packed) > 0 {
		v := next()
		d := v >> 2
		switch v & 3 {
		case nextRow:
			p.row += d
		case nextNumber:
			p.number += d
			p.row = next()
		case nextHash:
			if d >= 1<<restBits || uint64(p.rest)+d >= 1<<restBits {
				bad = true
			}
			p.rest += uint32(d)
			p.number = next()
			p.row = next()
		default:
			bad = true
		}
		if bad {
			return dst, damaged("postings that cannot be read")
		}
		dst = append(dst, p)
	}
	return dst, nil
}

// merger makes one packed bucket of several, wherever Pebble meets them. It
// leaves out what does not count any more.
func merger(counts func(number uint64) bool) *pebble.Merger {
	return &pebble.Merger{
		Name: "lethe.postings.1",
		Merge: func(_, value []byte) (pebble.ValueMerger, error) {
			m := &merging{counts: counts}
			return m, m.add(value)
		},
	}
}

type merging struct {
	counts func(uint64) bool
	ps     []posting
}

func (m *merging) add(packed []byte) (err error) {
	m.ps, err = unpack(m.ps, packed)
	return err
}

func (m *merging) MergeNewer(value []byte) error { return m.add(value) }
func (m *merging) MergeOlder(value []byte) error { return m.add(value) }

// Finish packs what is left, if only an empty bucket: Pebble 2.1.7 panics in
// compactions if a merge says that its key shall go.
func (m *merging) Finish(bool) ([]byte, io.Closer, error) { return m.packed(), nil, nil }

func (m *merging) packed() []byte {
	m.ps = slices.DeleteFunc(m.ps, func(p posting) bool { return !m.counts(p.number) })
	slices.SortFunc(m.ps, compare)
	return pack(nil, m.ps)
}
