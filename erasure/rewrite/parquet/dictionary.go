package parquet

import (
	"context"
	"hash/crc32"
)

// dictPage is the page of a chunk's dictionary.
type dictPage struct {
	off, size int64
	header    node
	sorted    bool
	unpacked  int64 // bytes of header and body, uncompressed
}

// readDict reads the dictionary, which is at off and ends before end.
func (p *pages) readDict(ctx context.Context, off, end int64) error {
	b, err := p.win.bytes(ctx, off, end-off, end)
	if err != nil {
		return in(err, "dictionary at %d", off)
	}
	h, size, err := decode(b)
	if err != nil {
		return in(err, "dictionary at %d", off)
	}
	d := h.get(pageDict)
	body, raw := h.num(pageCompressed), h.num(pageUncompressed)
	switch {
	case h.num(pageType) != isDict || d == nil:
		return damaged("dictionary at %d: a page of type %d", off, h.num(pageType))
	case body < 0 || raw < 0 || body > int64(len(b)-size):
		return damaged("dictionary at %d: it has %d bytes", off, body)
	case raw > maxPage || d.num(dictValues) > maxValues:
		return unsupported("a dictionary of %d MB with %d values", raw>>20, d.num(dictValues))
	case d.num(dictValues) < 0:
		return damaged("dictionary at %d: it has %d values", off, d.num(dictValues))
	}
	if e := d.num(dictEncoding); e != plain && e != plainDictionary {
		return unsupported("a dictionary in encoding %s", encodingName(e))
	}
	packed := b[size : size+int(body)]
	if crc := h.get(pageCRC); crc != nil && uint32(crc.n) != crc32.ChecksumIEEE(packed) {
		return damaged("dictionary at %d: its checksum is not that of its bytes", off)
	}
	unpacked, err := decompress(p.codec, nil, packed, int(raw))
	if err != nil {
		return in(err, "dictionary at %d", off)
	}
	v, err := decodeValues(p.leaf, plain, unpacked, int(d.num(dictValues)), nil)
	if err != nil {
		return in(err, "dictionary at %d", off)
	}
	if p.codec == codecNone {
		v = v.clone() // the window's bytes will be others
	}
	p.dict = v
	// The header's own bytes are the window's too; it has nothing but numbers.
	sorted := d.get(dictSorted)
	p.dictPage = &dictPage{off: off, size: int64(size) + body, header: h, sorted: sorted != nil && sorted.kind == tTrue, unpacked: int64(size) + raw}
	return nil
}

// overwritten returns a dictionary in which the entries that are gone are overwritten by
// others, so that indices into it stay good. In a sorted one these are neighbours,
// in others the shortest entry.
func overwritten(l *leaf, d *values, sorted bool, gone func(i int) bool) *values {
	from := make([]int, d.n)
	spare := -1
	last := -1
	for i := range d.n {
		if gone(i) {
			from[i] = last
			continue
		}
		from[i], last = i, i
		if spare < 0 || len(d.at(i)) < len(d.at(spare)) {
			spare = i
		}
	}
	first := -1
	for i := d.n - 1; i >= 0; i-- {
		if !gone(i) {
			first = i
		} else if !sorted {
			from[i] = spare
		} else if from[i] < 0 {
			from[i] = first
		}
	}
	out := &values{n: d.n, size: d.size}
	if d.size == 0 {
		out.off = append(make([]uint32, 0, d.n+1), 0)
	}
	zero := make([]byte, l.size)
	for _, i := range from {
		v := zero // nothing is left of the dictionary
		if i >= 0 {
			v = d.at(i)
		}
		out.data = append(out.data, v...)
		if d.size == 0 {
			out.off = append(out.off, uint32(len(out.data)))
		}
	}
	return out
}

// with returns a dictionary with one more entry.
func (v *values) with(entry []byte) *values {
	out := &values{n: v.n + 1, size: v.size}
	if v.size > 0 {
		out.data = append(append(make([]byte, 0, len(v.data)+len(entry)), v.data...), entry...)
		return out
	}
	out.off = append(make([]uint32, 0, v.n+2), 0)
	for i := range v.n + 1 {
		x := entry
		if i < v.n {
			x = v.at(i)
		}
		out.data = append(out.data, x...)
		out.off = append(out.off, uint32(len(out.data)))
	}
	return out
}
