package parquet

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
)

// order is how a column's values are ordered; the bounds in its statistics are by it.
type order int

const (
	undefined   order = iota // bounds mean nothing
	signedOrder              // INT32, INT64
	unsignedOrder
	floatOrder  // without NaN, and both zeros are the same
	totalOrder  // IEEE 754's: every bit pattern has its place
	bytesOrder  // byte by byte, unsigned; BOOLEAN too
	numberOrder // big-endian two's complement of any length
	int96Order  // days, then nanoseconds
)

// orderOf returns the order of a leaf, the column at place i of the file's orders.
func (l *leaf) orderOf(orders []node, i int) order {
	var id int16
	if i < len(orders) && len(orders[i].fields) > 0 {
		id = orders[i].fields[0].id
	}
	if id > orderInt96 {
		return undefined
	}
	switch {
	case l.physical == int96:
		if id == orderInt96 {
			return int96Order
		}
		return undefined
	case l.converted == convertedInterval, l.logical >= logicalVariant, l.logical == 11:
		return undefined
	case l.float():
		if id == orderTotal {
			return totalOrder
		}
		return floatOrder
	case l.physical == int32Type || l.physical == int64Type:
		if l.unsigned {
			return unsignedOrder
		}
		return signedOrder
	case l.logical == logicalDecimal:
		return numberOrder
	}
	return bytesOrder
}

func (l *leaf) float() bool {
	return l.physical == floatType || l.physical == doubleType || l.logical == logicalFloat16
}

// number returns a value of a floating point column.
func (l *leaf) number(v []byte) float64 {
	switch len(v) {
	case 2:
		return half(binary.LittleEndian.Uint16(v))
	case 4:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(v)))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(v))
}

// half returns the number that 16 bits of IEEE 754 stand for.
func half(b uint16) float64 {
	sign := 1.0
	if b&0x8000 != 0 {
		sign = -1
	}
	exp, frac := int(b>>10&31), float64(b&1023)
	switch exp {
	case 0:
		return sign * math.Ldexp(frac, -24)
	case 31:
		if frac != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+frac, exp-25)
}

func (l *leaf) nan(v []byte) bool {
	if l.order != floatOrder && l.order != totalOrder {
		return false
	}
	n := l.number(v)
	return n != n
}

// comparable reports whether a bound can be compared: it has the size of a number,
// or is a string of bytes, perhaps shortened.
func (l *leaf) comparable(v []byte) bool {
	return l.order == bytesOrder || l.order == numberOrder || len(v) == l.size
}

// compare orders two values or bounds, both comparable.
func (l *leaf) compare(a, b []byte) int {
	le := binary.LittleEndian
	switch l.order {
	case signedOrder:
		if l.size == 4 {
			return cmp.Compare(int32(le.Uint32(a)), int32(le.Uint32(b)))
		}
		return cmp.Compare(int64(le.Uint64(a)), int64(le.Uint64(b)))
	case unsignedOrder:
		if l.size == 4 {
			return cmp.Compare(le.Uint32(a), le.Uint32(b))
		}
		return cmp.Compare(le.Uint64(a), le.Uint64(b))
	case floatOrder:
		return cmp.Compare(l.number(a), l.number(b))
	case totalOrder:
		return cmp.Compare(total(a), total(b))
	case numberOrder:
		return compareNumbers(a, b)
	case int96Order:
		if c := cmp.Compare(int32(le.Uint32(a[8:])), int32(le.Uint32(b[8:]))); c != 0 {
			return c
		}
		return cmp.Compare(int64(le.Uint64(a)), int64(le.Uint64(b)))
	}
	return bytes.Compare(a, b)
}

// total maps a float's bits to a number of the same order.
func total(v []byte) int64 {
	var bits int64
	switch len(v) {
	case 2:
		bits = int64(int16(binary.LittleEndian.Uint16(v)))
		return bits ^ int64(uint64(bits>>63)>>49)
	case 4:
		bits = int64(int32(binary.LittleEndian.Uint32(v)))
		return bits ^ int64(uint64(bits>>63)>>33)
	}
	bits = int64(binary.LittleEndian.Uint64(v))
	return bits ^ int64(uint64(bits>>63)>>1)
}

// compareNumbers orders big-endian numbers in two's complement.
func compareNumbers(a, b []byte) int {
	negative := func(v []byte) bool { return len(v) > 0 && v[0]&0x80 != 0 }
	if na, nb := negative(a), negative(b); na != nb {
		if na {
			return -1
		}
		return 1
	}
	var pad byte
	if negative(a) {
		pad = 0xff
	}
	for n := max(len(a), len(b)); n > 0; n-- {
		x, y := pad, pad
		if n <= len(a) {
			x = a[len(a)-n]
		}
		if n <= len(b) {
			y = b[len(b)-n]
		}
		if x != y {
			return cmp.Compare(x, y)
		}
	}
	return 0
}
