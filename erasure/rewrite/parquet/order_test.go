package parquet

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
)

func double(f float64) []byte {
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(f))
}

// TestOrders: each list rises by its order.
func TestOrders(t *testing.T) {
	le := binary.LittleEndian
	negative := math.Copysign(math.NaN(), -1)
	tests := []struct {
		leaf   leaf
		rising [][]byte
	}{
		{leaf{order: signedOrder, size: 4}, [][]byte{le.AppendUint32(nil, 1<<31), le.AppendUint32(nil, math.MaxUint32), {0, 0, 0, 0}, {0, 1, 0, 0}}},
		{leaf{order: unsignedOrder, size: 4}, [][]byte{{0, 0, 0, 0}, {0, 1, 0, 0}, le.AppendUint32(nil, 1<<31), le.AppendUint32(nil, math.MaxUint32)}},
		{leaf{order: floatOrder, size: 8}, [][]byte{double(math.Inf(-1)), double(-1), double(0), double(1e-300), double(math.Inf(1))}},
		{leaf{order: floatOrder, size: 2, logical: logicalFloat16}, [][]byte{{0, 0xfc}, {0, 0xc0}, {1, 0}, {0, 0x3c}, {0, 0x7c}}},
		{leaf{order: totalOrder, size: 8}, [][]byte{double(negative), double(-1), double(math.Copysign(0, -1)), double(0), double(1), double(math.NaN())}},
		{leaf{order: bytesOrder}, [][]byte{nil, {0}, {0, 0}, {1}, {0x7f}, {0x80}, {0xff, 0}}},
		{leaf{order: numberOrder}, [][]byte{{0x80, 0}, {0xff, 0}, {0xff}, {0}, {0, 1}, {0x7f}, {0, 0x80}}},
		{leaf{order: int96Order, size: 12}, [][]byte{append(le.AppendUint64(nil, 5), 0, 0, 0, 0x80), append(le.AppendUint64(nil, 9), 1, 0, 0, 0), append(le.AppendUint64(nil, 3), 2, 0, 0, 0), append(le.AppendUint64(nil, 4), 2, 0, 0, 0)}},
	}
	for _, x := range tests {
		for i := 1; i < len(x.rising); i++ {
			a, b := x.rising[i-1], x.rising[i]
			if x.leaf.compare(a, b) >= 0 || x.leaf.compare(b, a) <= 0 || x.leaf.compare(a, a) != 0 {
				t.Errorf("order %d: % x is not below % x", x.leaf.order, a, b)
			}
		}
	}
}

// TestTells: a bound tells of the values it may have been made of.
func TestTells(t *testing.T) {
	text := leaf{physical: byteArray, order: bytesOrder, logical: logicalString}
	number := leaf{physical: doubleType, order: floatOrder, size: 8}
	tests := []struct {
		leaf         *leaf
		bound, value []byte
		tells        bool
	}{
		{&text, []byte("ann@example.org"), []byte("ann@example.org"), true},
		{&text, []byte("ann@exam"), []byte("ann@example.org"), true}, // shortened
		{&text, []byte("ann@exan"), []byte("ann@example.org"), true}, // and increased
		{&text, []byte("ann@"), []byte("zoe"), false},
		{&text, []byte("bob@exam"), []byte("ann@example.org"), false},
		{&text, []byte("ann@example.org"), []byte("ann"), false},
		{&number, double(1), double(1), true},
		{&number, double(math.Copysign(0, -1)), double(0), true},
		{&number, double(1), double(2), false},
	}
	for _, x := range tests {
		if got := x.leaf.tells(x.bound, x.value); got != x.tells {
			t.Errorf("%q tells of %q: %v", x.bound, x.value, got)
		}
	}
}

// TestOverwritten: what is gone from a dictionary is nowhere in it, what stays is at
// its place, and a sorted dictionary stays sorted.
func TestOverwritten(t *testing.T) {
	words := []string{"ann", "bob", "cy", "doris", "eve"}
	d := &values{n: len(words), off: []uint32{0}}
	for _, w := range words {
		d.data = append(d.data, w...)
		d.off = append(d.off, uint32(len(d.data)))
	}
	l := &leaf{physical: byteArray, order: bytesOrder}
	for mask := range 1 << len(words) {
		gone := func(i int) bool { return mask>>i&1 != 0 }
		for _, sorted := range []bool{true, false} {
			out := overwritten(l, d, sorted, gone)
			for i, w := range words {
				if got := string(out.at(i)); gone(i) == (got == w) {
					t.Errorf("mask %b: entry %d is %q", mask, i, got)
				}
				if gone(i) && bytes.Contains(out.data, []byte(w)) {
					t.Errorf("mask %b: %q is still there", mask, w)
				}
				if sorted && i > 0 && bytes.Compare(out.at(i-1), out.at(i)) > 0 {
					t.Errorf("mask %b: not sorted: %q", mask, out.data)
				}
			}
		}
	}
}
