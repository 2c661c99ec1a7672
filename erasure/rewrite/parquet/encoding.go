package parquet

import (
	"encoding/binary"
	"math"
)

// maxPage bounds a page's bytes, uncompressed. DuckDB begins a new page at 100 MB,
// others at 1 MB.
const maxPage = 120 << 20

// encodingName says an encoding in the format's words.
func encodingName(e int64) string {
	switch e {
	case bitPacked:
		return "BIT_PACKED"
	case 10:
		return "ALP"
	}
	return "of number " + itoa(e)
}

// decodeValues reads n values. What it returns may share memory with b. dict is
// the chunk's dictionary, or nil.
func decodeValues(l *leaf, encoding int64, b []byte, n int, dict *values) (*values, error) {
	v := &values{n: n, size: l.size}
	switch encoding {
	case plain:
		return v, v.decodePlain(l, b)
	case plainDictionary, rleDictionary:
		return v, v.decodeIndices(b, dict)
	case rle:
		if l.physical != boolean {
			break
		}
		if n == 0 {
			return v, nil
		}
		if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
			return nil, damaged("booleans end early")
		}
		v.data = make([]byte, n)
		return v, decodeHybrid(v.data, b[4:4+binary.LittleEndian.Uint32(b)], 1)
	case deltaPacked:
		if l.physical != int32Type && l.physical != int64Type {
			break
		}
		v.data = make([]byte, n*l.size)
		_, err := decodeDeltas(b, n, func(i int, x int64) {
			if l.size == 4 {
				binary.LittleEndian.PutUint32(v.data[4*i:], uint32(x))
			} else {
				binary.LittleEndian.PutUint64(v.data[8*i:], uint64(x))
			}
		})
		return v, err
	case deltaLength:
		if l.physical != byteArray {
			break
		}
		rest, err := v.decodeLengths(b)
		if err != nil {
			return nil, err
		}
		v.data = rest[:v.off[n]]
		return v, nil
	case deltaBytes:
		if l.physical != byteArray && l.physical != fixed {
			break
		}
		return v, v.decodePrefixes(b)
	case byteStreamSplit:
		if l.size == 0 || l.physical == boolean {
			break
		}
		if len(b) < n*l.size {
			return nil, damaged("values end early")
		}
		v.data = make([]byte, n*l.size)
		for k := range l.size {
			stream := b[k*n : (k+1)*n]
			for i, x := range stream {
				v.data[i*l.size+k] = x
			}
		}
		return v, nil
	default:
		return nil, unsupported("values in encoding %s", encodingName(encoding))
	}
	return nil, damaged("values of type %d in encoding %d", l.physical, encoding)
}

func (v *values) decodePlain(l *leaf, b []byte) error {
	switch {
	case l.physical == boolean:
		if len(b) < (v.n+7)/8 {
			return damaged("booleans end early")
		}
		v.data = make([]byte, v.n)
		unpack(v.data, b, 1)
		return nil
	case v.size > 0:
		if len(b) < v.n*v.size {
			return damaged("values end early")
		}
		v.data = b[:v.n*v.size]
		return nil
	}
	if len(b) < 4*v.n || len(b) > math.MaxUint32 {
		return damaged("values end early")
	}
	v.prefix = 4
	v.off = make([]uint32, v.n+1)
	at := uint64(0)
	for i := range v.n {
		v.off[i] = uint32(at)
		if at+4 > uint64(len(b)) {
			return damaged("value %d of %d is not there", i, v.n)
		}
		at += 4 + uint64(binary.LittleEndian.Uint32(b[at:]))
	}
	if at > uint64(len(b)) {
		return damaged("the last value ends early")
	}
	v.off[v.n] = uint32(at)
	v.data = b[:at]
	return nil
}

func (v *values) decodeIndices(b []byte, dict *values) error {
	v.index = make([]uint32, v.n)
	if dict == nil {
		return damaged("indices into a dictionary that is not there")
	}
	v.dict = dict
	if v.n == 0 {
		if len(b) > 0 {
			v.width = int(min(b[0], 32))
		}
		return nil
	}
	if len(b) == 0 || b[0] > 32 {
		return damaged("indices have no width")
	}
	v.width = int(b[0])
	if err := decodeHybrid(v.index, b[1:], v.width); err != nil {
		return err
	}
	most := uint32(0)
	for _, i := range v.index {
		most = max(most, i)
	}
	if int64(most) >= int64(dict.n) {
		return damaged("index %d into a dictionary of %d", most, dict.n)
	}
	return nil
}

// decodeLengths reads lengths into off, checks that as many bytes follow them,
// and returns these.
func (v *values) decodeLengths(b []byte) ([]byte, error) {
	v.off = make([]uint32, v.n+1)
	total, bad := int64(0), false
	rest, err := decodeDeltas(b, v.n, func(i int, x int64) {
		x = int64(int32(x))
		bad = bad || x < 0
		if total += x; bad || total > math.MaxInt32 {
			bad = true
			return
		}
		v.off[i+1] = uint32(total)
	})
	switch {
	case err != nil:
		return nil, err
	case bad || total > int64(len(rest)):
		return nil, damaged("values have %d bytes, of which %d are there", total, len(rest))
	}
	return rest, nil
}

func (v *values) decodePrefixes(b []byte) error {
	shared := make([]uint32, v.n)
	rest, err := decodeDeltas(b, v.n, func(i int, x int64) { shared[i] = uint32(x) })
	if err != nil {
		return err
	}
	suffixes := values{n: v.n}
	if suffixes.data, err = suffixes.decodeLengths(rest); err != nil {
		return err
	}
	off := make([]uint32, v.n+1)
	var out []byte
	for i, p := range shared {
		last := out[off[max(i-1, 0)]:]
		if uint64(p) > uint64(len(last)) {
			return damaged("value %d shares %d bytes with the one before, of %d", i, p, len(last))
		}
		suffix := suffixes.at(i)
		if len(out)+int(p)+len(suffix) > maxPage {
			return unsupported("a page of more than %d MB", maxPage>>20)
		}
		off[i] = uint32(len(out))
		out = append(out, last[:p]...)
		out = append(out, suffix...)
		if v.size > 0 && len(out)-int(off[i]) != v.size {
			return damaged("value %d has %d bytes", i, len(out)-int(off[i]))
		}
	}
	off[v.n] = uint32(len(out))
	v.data = out
	if v.size == 0 {
		v.off = off
	}
	return nil
}

// appendValues appends values in an encoding.
func appendValues(b []byte, l *leaf, encoding int64, v *values) ([]byte, error) {
	switch encoding {
	case plain:
		if l.physical == boolean {
			start := len(b)
			b = append(b, make([]byte, (v.n+7)/8)...)
			for i, x := range v.data[:v.n] {
				b[start+i/8] |= x << (i % 8)
			}
			return b, nil
		}
		if v.size > 0 || v.prefix == 4 {
			return append(b, v.data...), nil
		}
		for i := range v.n {
			x := v.at(i)
			b = binary.LittleEndian.AppendUint32(b, uint32(len(x)))
			b = append(b, x...)
		}
		return b, nil
	case plainDictionary, rleDictionary:
		return appendHybrid(append(b, byte(v.width)), v.index, v.width), nil
	case rle:
		start := len(b)
		b = appendHybrid(append(b, 0, 0, 0, 0), v.data[:v.n], 1)
		binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start-4))
		return b, nil
	case deltaPacked:
		return appendDeltas(b, v.n, l.size == 4, func(i int) int64 {
			if l.size == 4 {
				return int64(int32(binary.LittleEndian.Uint32(v.data[4*i:])))
			}
			return int64(binary.LittleEndian.Uint64(v.data[8*i:]))
		}), nil
	case deltaLength:
		b = appendDeltas(b, v.n, true, func(i int) int64 { return int64(len(v.at(i))) })
		return append(b, v.data...), nil
	case deltaBytes:
		return appendPrefixes(b, v), nil
	case byteStreamSplit:
		start := len(b)
		b = append(b, make([]byte, v.n*l.size)...)
		out := b[start:]
		for k := range l.size {
			stream := out[k*v.n : (k+1)*v.n]
			for i := range stream {
				stream[i] = v.data[i*l.size+k]
			}
		}
		return b, nil
	}
	return nil, unsupported("values in encoding %s", encodingName(encoding))
}

func appendPrefixes(b []byte, v *values) []byte {
	shared := make([]uint32, v.n)
	for i := 1; i < v.n; i++ {
		last, x := v.at(i-1), v.at(i)
		n := min(len(last), len(x))
		k := 0
		for k < n && last[k] == x[k] {
			k++
		}
		shared[i] = uint32(k)
	}
	b = appendDeltas(b, v.n, true, func(i int) int64 { return int64(shared[i]) })
	b = appendDeltas(b, v.n, true, func(i int) int64 { return int64(len(v.at(i)) - int(shared[i])) })
	for i := range v.n {
		b = append(b, v.at(i)[shared[i]:]...)
	}
	return b
}
