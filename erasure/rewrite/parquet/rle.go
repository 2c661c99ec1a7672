package parquet

import (
	"encoding/binary"
	"math/bits"
)

// The hybrid of run lengths and packed bits holds levels, dictionary indices and
// booleans (Encodings.md, RLE). A run's header is a number: with the last bit 0,
// half of it counts repeats of one value; with 1, groups of eight packed values.

// decodeHybrid fills dst with the values of b, each of width bits, up to 32. It
// takes no memory, whatever b says.
func decodeHybrid[T uint8 | uint32](dst []T, b []byte, width int) error {
	for len(dst) > 0 {
		h, n := binary.Uvarint(b)
		if n <= 0 {
			return damaged("runs end %d values early", len(dst))
		}
		b = b[n:]
		if h&1 == 0 {
			size := (width + 7) / 8
			if size > len(b) {
				return damaged("a run ends within its value")
			}
			var v uint32
			for i := range size {
				v |= uint32(b[i]) << (8 * i)
			}
			if width < 32 && v>>width != 0 {
				return damaged("a run's value has more than %d bits", width)
			}
			b = b[size:]
			run := dst[:min(h>>1, uint64(len(dst)))]
			for i := range run {
				run[i] = T(v)
			}
			dst = dst[len(run):]
			continue
		}
		groups := h >> 1
		count := len(dst)
		if groups < uint64(count)/8+1 {
			count = min(count, int(groups)*8)
		}
		// Some writers leave the padding of the last group out.
		if need := (count*width + 7) / 8; need > len(b) {
			return damaged("packed values end early")
		}
		unpack(dst[:count], b, width)
		dst = dst[count:]
		if groups > uint64(len(b)) {
			b = nil
		} else {
			b = b[min(len(b), int(groups)*width):]
		}
	}
	return nil
}

// unpack fills dst with values of width bits, up to 32, all of which are in b.
func unpack[T uint8 | uint32](dst []T, b []byte, width int) {
	if width == 0 {
		clear(dst)
		return
	}
	mask := uint64(1)<<width - 1
	// Values of which 8 bytes can be read at once, then the rest by way of a copy.
	i, bit := 0, 0
	if len(b) >= 8 {
		whole := min(len(dst), ((len(b)-8)*8)/width+1)
		for ; i < whole; i++ {
			dst[i] = T(binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7) & mask)
			bit += width
		}
	}
	for ; i < len(dst); i++ {
		var last [8]byte
		copy(last[:], b[bit>>3:])
		dst[i] = T(binary.LittleEndian.Uint64(last[:]) >> (bit & 7) & mask)
		bit += width
	}
}

// mostGroups is how many groups of eight go into a packed run, so that its header
// is a byte, as the other writers have it.
const mostGroups = 63

// appendHybrid appends values of width bits.
func appendHybrid[T uint8 | uint32](b []byte, v []T, width int) []byte {
	from := 0 // values from here are to be packed
	for i := 0; i < len(v); {
		run := 1
		for i+run < len(v) && v[i+run] == v[i] {
			run++
		}
		// A run may have to fill the group before it.
		fill := (8 - (i-from)%8) % 8
		if run-fill >= 8 {
			b = appendPacked(b, v[from:i+fill], width)
			b = binary.AppendUvarint(b, uint64(run-fill)<<1)
			for k := range (width + 7) / 8 {
				b = append(b, byte(uint32(v[i])>>(8*k)))
			}
			from = i + run
		}
		i += run
	}
	return appendPacked(b, v[from:], width)
}

// appendPacked appends packed runs, the last group of them filled up with zeros.
func appendPacked[T uint8 | uint32](b []byte, v []T, width int) []byte {
	for len(v) > 0 {
		part := v[:min(len(v), mostGroups*8)]
		v = v[len(part):]
		groups := (len(part) + 7) / 8
		b = append(b, byte(groups<<1|1))
		var acc uint64
		n := 0
		for _, x := range part {
			acc |= uint64(x) << n
			if n += width; n >= 32 {
				b = binary.LittleEndian.AppendUint32(b, uint32(acc))
				acc >>= 32
				n -= 32
			}
		}
		for ; n > 0; n -= 8 {
			b = append(b, byte(acc))
			acc >>= 8
		}
		for pad := groups*width - (len(part)*width+7)/8; pad > 0; pad-- {
			b = append(b, 0)
		}
	}
	return b
}

// width returns how many bits a number takes.
func width(most uint32) int { return bits.Len32(most) }
