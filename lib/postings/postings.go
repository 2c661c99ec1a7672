// Package postings packs postings: where, as row of which numbered document, a
// hash is. Those of one bucket of hashes are sorted and written as differences, so
// that one takes three to seven bytes.
package postings

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
)

// Posting is a place of a hash. Its bucket is not packed with it.
type Posting struct {
	Bucket uint32 // of hashes that are kept together
	Rest   uint32 // what is kept of the hash besides
	Number uint64 // of a document; less than 2^62
	Row    uint64 // in it; less than 2^62
}

// Compare orders postings of one bucket as Pack wants them.
func Compare(a, b Posting) int {
	switch {
	case a.Rest != b.Rest:
		return cmp.Compare(a.Rest, b.Rest)
	case a.Number != b.Number:
		return cmp.Compare(a.Number, b.Number)
	}
	return cmp.Compare(a.Row, b.Row)
}

// A bucket's postings are written in order, each as its difference from the one
// before. The first varint's low bits say what differs:
//
//	row<<2 | 0                     the same hash and document, that many rows on
//	number<<2 | 1, row             the same hash, that many numbers on
//	rest<<2 | 2, number, row       the hash that much greater
const (
	nextRow = iota
	nextNumber
	nextHash
)

// Pack appends postings of one bucket, which are in order; of equal ones one.
func Pack(dst []byte, ps []Posting) []byte {
	var last Posting
	for i, p := range ps {
		switch {
		case i == 0 || p.Rest != last.Rest:
			dst = binary.AppendUvarint(dst, uint64(p.Rest-last.Rest)<<2|nextHash)
			dst = binary.AppendUvarint(dst, p.Number)
			dst = binary.AppendUvarint(dst, p.Row)
		case p.Number != last.Number:
			dst = binary.AppendUvarint(dst, (p.Number-last.Number)<<2|nextNumber)
			dst = binary.AppendUvarint(dst, p.Row)
		case p.Row != last.Row:
			dst = binary.AppendUvarint(dst, (p.Row-last.Row)<<2|nextRow)
		}
		last = p
	}
	return dst
}

// First is how packed postings begin whose first has that rest of a hash.
func First(rest uint32) []byte { return binary.AppendUvarint(nil, uint64(rest)<<2|nextHash) }

// ErrDamaged says that packed postings cannot be read.
var ErrDamaged = errors.New("postings that cannot be read")

// Unpack appends the postings of a packed bucket, without their Bucket. No rest of a
// hash may have more than that many bits.
func Unpack(dst []Posting, packed []byte, restBits uint) ([]Posting, error) {
	dst = slices.Grow(dst, len(packed)/4) // as many as there are, about
	var p Posting
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
			p.Row += d
		case nextNumber:
			p.Number += d
			p.Row = next()
		case nextHash:
			if d >= 1<<restBits || uint64(p.Rest)+d >= 1<<restBits {
				bad = true
			}
			p.Rest += uint32(d)
			p.Number = next()
			p.Row = next()
		default:
			bad = true
		}
		if bad {
			return dst, ErrDamaged
		}
		dst = append(dst, p)
	}
	return dst, nil
}
