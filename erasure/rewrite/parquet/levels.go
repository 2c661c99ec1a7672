package parquet

import "bytes"

// Levels tell where the values of a column belong (Dremel's encoding): the
// repetition level at which list a value begins anew, 0 for a new row, and the
// definition level how much of its path is there, the whole of it where it is the
// column's highest.

func decodeLevels(levels []uint8, b []byte, most int) error {
	if most == 0 || len(levels) == 0 {
		return nil
	}
	if err := decodeHybrid(levels, b, width(uint32(most))); err != nil {
		return in(err, "levels")
	}
	if most&(most+1) == 0 {
		return nil // every value of that width is a level
	}
	for _, l := range levels {
		if int(l) > most {
			return damaged("a level of %d where the highest is %d", l, most)
		}
	}
	return nil
}

func appendLevels(b []byte, levels []uint8, most int) []byte {
	if most == 0 || len(levels) == 0 {
		return b
	}
	return appendHybrid(b, levels, width(uint32(most)))
}

func countByte(b []uint8, v uint8) int { return bytes.Count(b, []byte{v}) }

// histogram counts each level; a column without such levels has only level 0.
func histogram(levels []uint8, most, count int) []int64 {
	h := make([]int64, most+1)
	if most == 0 {
		h[0] = int64(count)
		return h
	}
	for l := range h {
		h[l] = int64(countByte(levels, uint8(l)))
	}
	return h
}
