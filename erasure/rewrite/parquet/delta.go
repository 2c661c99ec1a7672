package parquet

import (
	"encoding/binary"
	"math/bits"
)

// Differences of numbers, packed in blocks of miniblocks, each with the fewest
// bits that hold its own (Encodings.md, DELTA_BINARY_PACKED).
const (
	deltaBlock = 128
	deltaMini  = 32
)

// decodeDeltas reads n numbers, of 32 bits or of 64, calls yield with each, and
// returns what follows them. Numbers wrap around, as writers' do.
func decodeDeltas(b []byte, n int, yield func(i int, v int64)) ([]byte, error) {
	next := func() uint64 {
		v, k := binary.Uvarint(b)
		if k <= 0 {
			b = nil
			return 0
		}
		b = b[k:]
		return v
	}
	zigzag := func() int64 { u := next(); return int64(u>>1) ^ -int64(u&1) }
	block, minis, total := next(), next(), next()
	value := zigzag()
	switch {
	case block == 0 || block > 1<<20 || minis == 0 || minis > block || block%minis != 0 || block/minis%8 != 0:
		return nil, damaged("blocks of %d numbers in %d parts", block, minis)
	case total != uint64(n):
		return nil, damaged("%d numbers where there must be %d", total, n)
	case n == 0:
		return b, nil
	}
	yield(0, value)
	mini := int(block / minis)
	for i := 1; i < n; {
		least := zigzag()
		if uint64(len(b)) < minis {
			return nil, damaged("numbers end %d early", n-i)
		}
		widths := b[:minis]
		b = b[minis:]
		for _, w := range widths {
			if i == n {
				break // the widths of parts that are not there are
			}
			if w > 64 {
				return nil, damaged("numbers of %d bits", w)
			}
			count := min(mini, n-i)
			if need := (count*int(w) + 7) / 8; need > len(b) {
				return nil, damaged("numbers end %d early", n-i)
			}
			for k := range count {
				value += least + int64(bitsAt(b, k*int(w), int(w)))
				yield(i, value)
				i++
			}
			b = b[min(len(b), mini*int(w)/8):]
		}
	}
	return b, nil
}

// bitsAt returns width bits of b from bit at on; bytes beyond b are 0.
func bitsAt(b []byte, at, width int) uint64 {
	if width == 0 {
		return 0
	}
	var low, high uint64
	if p := at >> 3; len(b)-p >= 9 {
		low, high = binary.LittleEndian.Uint64(b[p:]), uint64(b[p+8])
	} else {
		var last [16]byte
		copy(last[:], b[p:])
		low, high = binary.LittleEndian.Uint64(last[:]), uint64(last[8])
	}
	v := low >> (at & 7)
	if at&7 != 0 {
		v |= high << (64 - at&7)
	}
	if width < 64 {
		v &= 1<<width - 1
	}
	return v
}

// appendDeltas appends n numbers. With narrow, they have 32 bits, and differences
// wrap around at 32.
func appendDeltas(b []byte, n int, narrow bool, at func(i int) int64) []byte {
	b = binary.AppendUvarint(b, deltaBlock)
	b = binary.AppendUvarint(b, deltaBlock/deltaMini)
	b = binary.AppendUvarint(b, uint64(n))
	if n == 0 {
		return binary.AppendVarint(b, 0)
	}
	last := at(0)
	b = binary.AppendVarint(b, last)
	var deltas [deltaBlock]int64
	for i := 1; i < n; {
		count := min(deltaBlock, n-i)
		least := int64(1<<63 - 1)
		for k := range count {
			v := at(i + k)
			d := v - last
			if narrow {
				d = int64(int32(d))
			}
			deltas[k], last = d, v
			least = min(least, d)
		}
		i += count
		b = binary.AppendVarint(b, least)
		widths := len(b)
		b = append(b, make([]byte, deltaBlock/deltaMini)...)
		for m := 0; m < count; m += deltaMini {
			part := deltas[m:min(m+deltaMini, count)]
			var most uint64
			for _, d := range part {
				v := uint64(d - least)
				if narrow {
					v = uint64(uint32(v))
				}
				most |= v
			}
			w := bits.Len64(most)
			b[widths+m/deltaMini] = byte(w)
			start := len(b)
			b = append(b, make([]byte, deltaMini*w/8)...)
			for k, d := range part {
				v := uint64(d - least)
				if narrow {
					v = uint64(uint32(v))
				}
				putBits(b[start:], k*w, w, v)
			}
		}
	}
	return b
}

// putBits sets width bits of b, which are 0, from bit at on.
func putBits(b []byte, at, width int, v uint64) {
	for p, shift := at>>3, at&7; width > 0; p++ {
		b[p] |= byte(v << shift)
		v >>= 8 - shift
		width -= 8 - shift
		shift = 0
	}
}
