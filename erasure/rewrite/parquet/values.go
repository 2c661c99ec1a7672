package parquet

import (
	"encoding/binary"
	"slices"
)

// values are the values of a page or a dictionary, nulls left out, as near to the
// bytes they came from as they can be worked with.
type values struct {
	n int
	// size is that of a value in bytes (booleans have one each); 0 where it varies:
	// then off tells where each begins, n+1 of them, with prefix bytes before it
	// that are not the value's.
	size   int
	data   []byte
	off    []uint32
	prefix uint32
	// dict holds the values where these are indices into it, of width bits.
	dict  *values
	index []uint32
	width int
}

// at returns a value. It is only good until the values are changed.
func (v *values) at(i int) []byte {
	if v.dict != nil {
		return v.dict.at(int(v.index[i]))
	}
	if v.size > 0 {
		return v.data[i*v.size : (i+1)*v.size : (i+1)*v.size]
	}
	return v.data[v.off[i]+v.prefix : v.off[i+1] : v.off[i+1]]
}

// cut is a run of values or levels [from, to) to take out, in the place of which
// come put others.
type cut struct{ from, to, put int }

// apply changes the values; with is the value that comes in, in a dictionary its
// place there.
func (v *values) apply(cuts []cut, with []byte, place uint32) error {
	grown := 0
	for _, c := range cuts {
		grown += c.put - (c.to - c.from)
	}
	switch {
	case len(cuts) == 0:
	case v.dict != nil:
		v.index = applyCuts(v.index, cuts, place)
	case v.size > 0:
		size := v.size
		scaled := make([]cut, len(cuts))
		for i, c := range cuts {
			scaled[i] = cut{c.from * size, c.to * size, c.put}
		}
		v.data = applyBytes(v.data, scaled, with)
	default:
		if err := v.applyVaried(cuts, with); err != nil {
			return err
		}
	}
	v.n += grown
	return nil
}

// applyCuts changes a list in place; no cut puts more than it takes.
func applyCuts[T uint8 | uint32](list []T, cuts []cut, with T) []T {
	to, from := cuts[0].from, cuts[0].from
	for i, c := range cuts {
		to += copy(list[to:], list[from:c.from])
		for range c.put {
			list[to] = with
			to++
		}
		from = c.to
		if i == len(cuts)-1 {
			to += copy(list[to:], list[from:])
		}
	}
	return list[:to]
}

// applyBytes changes bytes in place where nothing comes in that is longer than
// what goes, and else makes others.
func applyBytes(data []byte, cuts []cut, with []byte) []byte {
	room := 0
	fits := true
	for _, c := range cuts {
		room += c.to - c.from - c.put*len(with)
		fits = fits && room >= 0
	}
	out := data[:cuts[0].from]
	if !fits {
		out = append(make([]byte, 0, len(data)-room), out...)
	}
	from := cuts[0].from
	for _, c := range cuts {
		out = append(out, data[from:c.from]...)
		for range c.put {
			out = append(out, with...)
		}
		from = c.to
	}
	return append(out, data[from:]...)
}

func (v *values) applyVaried(cuts []cut, with []byte) error {
	var entry []byte
	if v.prefix == 4 {
		entry = binary.LittleEndian.AppendUint32(nil, uint32(len(with)))
	}
	entry = append(entry, with...)
	total := len(v.data)
	scaled := make([]cut, len(cuts))
	off := make([]uint32, 0, v.n+1)
	shift := int64(0)
	from := 0
	keep := func(to int) {
		for _, o := range v.off[from:to] {
			off = append(off, uint32(int64(o)+shift))
		}
	}
	for i, c := range cuts {
		keep(c.from)
		a, b := v.off[c.from], v.off[c.to]
		scaled[i] = cut{int(a), int(b), c.put}
		for k := range c.put {
			off = append(off, uint32(int64(a)+shift+int64(k*len(entry))))
		}
		shift += int64(c.put*len(entry)) - int64(b-a)
		from = c.to
	}
	if int64(total)+shift > maxPage {
		return unsupported("a page that grows beyond %d MB", maxPage>>20)
	}
	keep(len(v.off))
	v.data, v.off = applyBytes(v.data, scaled, entry), off
	return nil
}

// clone returns values that do not share memory with others.
func (v *values) clone() *values {
	c := *v
	c.data, c.off, c.index = slices.Clone(v.data), slices.Clone(v.off), slices.Clone(v.index)
	return &c
}
