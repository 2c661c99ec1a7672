package parquet

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// bounds are the least and the greatest of values, as statistics have them.
type bounds struct {
	leaf     *leaf
	min, max []byte // nil where there are none
	nans     *bounds
}

func newBounds(l *leaf) *bounds { return &bounds{leaf: l} }

func (b *bounds) add(v []byte) {
	if b.leaf.order == undefined {
		return
	}
	if b.leaf.nan(v) {
		if b.nans == nil {
			b.nans = &bounds{leaf: &leaf{order: totalOrder, size: len(v), physical: byteArray}}
		}
		b.nans.widen(v)
		return
	}
	b.widen(v)
}

func (b *bounds) widen(v []byte) {
	// The same memory is used again: values are compared in their millions.
	if b.min == nil || b.leaf.compare(v, b.min) < 0 {
		b.min = append(b.min[:0:cap(b.min)], v...)
		if b.min == nil {
			b.min = []byte{}
		}
	}
	if b.max == nil || b.leaf.compare(v, b.max) > 0 {
		b.max = append(b.max[:0:cap(b.max)], v...)
		if b.max == nil {
			b.max = []byte{}
		}
	}
}

// merge widens bounds to hold others.
func (b *bounds) merge(o *bounds) {
	if o == nil {
		return
	}
	if o.min != nil {
		b.widen(o.min)
		b.widen(o.max)
	}
	if o.nans != nil {
		b.add(o.nans.min)
		b.add(o.nans.max)
	}
}

// addAll widens bounds to hold values; of a dictionary those that are used.
func (b *bounds) addAll(v *values) {
	switch {
	case b.leaf.order == undefined || v.n == 0:
	case v.dict != nil:
		used := newRowSet(int64(v.dict.n) + 1) // perhaps one is still to be put into it
		for _, i := range v.index {
			used.words[i/64] |= 1 << (i % 64)
		}
		b.addUsed(v.dict, used)
	case b.leaf.order == signedOrder && v.size == 4:
		least, most := int32(math.MaxInt32), int32(math.MinInt32)
		for at := 0; at < len(v.data); at += 4 {
			x := int32(binary.LittleEndian.Uint32(v.data[at:]))
			least, most = min(least, x), max(most, x)
		}
		b.widen(binary.LittleEndian.AppendUint32(nil, uint32(least)))
		b.widen(binary.LittleEndian.AppendUint32(nil, uint32(most)))
	case b.leaf.order == signedOrder && v.size == 8:
		least, most := int64(math.MaxInt64), int64(math.MinInt64)
		for at := 0; at < len(v.data); at += 8 {
			x := int64(binary.LittleEndian.Uint64(v.data[at:]))
			least, most = min(least, x), max(most, x)
		}
		b.widen(binary.LittleEndian.AppendUint64(nil, uint64(least)))
		b.widen(binary.LittleEndian.AppendUint64(nil, uint64(most)))
	default:
		for i := range v.n {
			b.add(v.at(i))
		}
	}
}

// addUsed widens bounds to hold the entries of a dictionary that are used.
func (b *bounds) addUsed(dict *values, used *rowSet) {
	for i := used.next(0); i >= 0 && i < int64(dict.n); i = used.next(i + 1) {
		b.add(dict.at(int(i)))
	}
}

// get returns the bounds as the column's order has them written; not ok if there
// are none to write.
func (b *bounds) get() (least, most []byte, ok bool) {
	l := b.leaf
	if b.min == nil && l.order == totalOrder && b.nans != nil {
		return b.nans.min, b.nans.max, true
	}
	if b.min == nil {
		return nil, nil, false
	}
	least, most = b.min, b.max
	if l.order == floatOrder { // either zero stands for both
		if l.number(least) == 0 {
			least = make([]byte, len(least))
			least[len(least)-1] = 0x80
		}
		if l.number(most) == 0 {
			most = make([]byte, len(most))
		}
	}
	return least, most, true
}

// tells reports whether a bound may have been made of a value: it is the value, or
// what is left of a value that was too long, the last of it perhaps increased.
func (l *leaf) tells(bound, v []byte) bool {
	if bytes.Equal(bound, v) {
		return true
	}
	if l.physical != byteArray && l.physical != fixed {
		// Zeros have two forms, and either may stand for the other.
		return l.order == floatOrder && l.comparable(bound) && l.number(bound) == 0 && l.number(v) == 0
	}
	if l.order == numberOrder && l.physical == byteArray {
		return compareNumbers(bound, v) == 0 // padded otherwise
	}
	same := max(0, len(bound)-utf8.UTFMax)
	return len(bound) < len(v)+utf8.UTFMax && len(v) >= same && bytes.Equal(bound[:same], v[:same]) && len(bound) <= len(v)
}

// maxBound is how long a bound may be; longer ones are shortened in a column index,
// where there must be one, and left out of statistics.
const maxBound = 1 << 10

// short returns bounds of at most maxBound bytes that hold these; not ok where
// there is no such upper one.
func (l *leaf) short(least, most []byte) (a, b []byte, ok bool) {
	text := l.logical == logicalString || l.logical == logicalEnum || l.logical == logicalJSON
	cut := func(v []byte) []byte {
		v = v[:maxBound]
		for text && len(v) > 0 && !utf8.Valid(v) {
			v = v[:len(v)-1]
		}
		return bytes.Clone(v)
	}
	if l.order != bytesOrder || l.physical != byteArray {
		return least, most, len(most) <= maxBound
	}
	if len(least) > maxBound {
		least = cut(least)
	}
	if len(most) <= maxBound {
		return least, most, true
	}
	most = cut(most)
	for i := len(most) - 1; i >= 0; i-- {
		// In text, only what stays ASCII is surely text still.
		if text && most[i] < 0x7f || !text && most[i] < 0xff {
			most[i]++
			return least, most[:i+1], true
		}
	}
	return nil, nil, false
}
