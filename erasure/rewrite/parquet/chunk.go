package parquet

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// chunkEdit changes one column chunk: its data pages, then what was made of their
// values, which are dictionary, statistics, indexes and Bloom filter.
//
// Pages that hold rows of the set are decoded, changed and encoded as they were.
// The others are read only if they must tell something: whether a dictionary's
// entry is still in use, what goes into the Bloom filter, or, where a bound may
// have been made of a value that goes, what the bound is now.
type chunkEdit struct {
	file   *file
	change change
	leaf   *leaf
	column *node // ColumnChunk, changed in place
	meta   *node
	pages  *pages
	spill  *spill

	all   []*page
	edits []*pageEdit // by the number of the page; nil: it stays as it is
	out   []edit

	unpacked, packed int64 // by how much the pages' bytes grow

	// Of the whole chunk: what goes and what comes.
	entries, nulls, nans, bytes int64
	rep, def                    []int64

	removed *rowSet // entries of the dictionary that values which go refer to
	used    *rowSet // entries that values which stay refer to
	place   uint32  // of the new value in the dictionary
	placed  bool    // it is there
	plain   bool    // values went that are not in the dictionary
	told    bool    // and a bound may have been made of one
	kept    *bounds // of values that stay, as far as they were seen
	came    bool    // values came in

	indexed   bool // it had a column index, of indexSize bytes
	indexSize int64
	bloom     *bloom
}

// pageEdit is what became of a page.
type pageEdit struct {
	gone     bool  // no entry is left
	size     int64 // of header and body
	rows     int64 // that went
	nulls    int64
	bytes    int64 // by how much those of values that vary in size grow
	nans     int64 // that went
	rep, def []int64
	bounds   *bounds // nil where nobody asks for them
}

// edit replaces n bytes at off by new ones, which are in the spill.
type edit struct {
	off, n    int64
	data, len int64
}

// editChunk changes a column chunk; the column is a copy of the row group's own.
func (f *file) editChunk(ctx context.Context, g *group, col int, c change, s *spill) (*chunkEdit, error) {
	p, err := f.open(ctx, g, col)
	if err != nil {
		return nil, err
	}
	column := &g.columns()[col]
	e := &chunkEdit{file: f, change: c, leaf: &f.leaves[col], column: column, meta: column.get(chunkMeta), pages: p, spill: s}
	e.indexed, e.indexSize = column.num(chunkColumnIdx) > 0, column.num(chunkColumnIdx+1)
	e.rep, e.def = make([]int64, e.leaf.maxRep+1), make([]int64, e.leaf.maxDef+1)
	e.kept = newBounds(e.leaf)
	if e.bloom, err = f.newBloom(ctx, e.meta); err != nil {
		return nil, err
	}
	for {
		g, err := p.following(ctx)
		if err != nil {
			return nil, err
		}
		if g == nil {
			break
		}
		e.all, e.edits = append(e.all, g), append(e.edits, nil)
		if err := e.visit(ctx, g); err != nil {
			return nil, in(err, "page at %d", g.off)
		}
	}
	if !p.trusted && p.row != p.rows {
		return nil, damaged("its pages have %d rows, the row group %d", p.row, p.rows)
	}
	if err := e.rest(ctx); err != nil {
		return nil, err
	}
	if len(e.out) == 0 {
		return e, nil
	}
	return e, e.finish(ctx)
}

// visit changes a page if it holds rows of the set.
func (e *chunkEdit) visit(ctx context.Context, g *page) error {
	rows := e.change.rows
	if g.rows >= 0 && !rows.any(g.first, g.first+g.rows) {
		return nil
	}
	p, err := e.pages.load(ctx, g, e.contiguous(g))
	if err != nil {
		return err
	}
	if !rows.any(g.first, g.first+g.rows) {
		return nil
	}
	if e.change.empty {
		if err := e.leaf.wantBlank(p, e.pages.dict, rows); err != nil {
			return err
		}
	}
	eff := e.change.on(p, e.leaf)
	if eff.none() {
		return nil
	}
	v, err := p.values(e.leaf, e.pages.dict)
	if err != nil {
		return err
	}
	return e.edit(p, v, eff)
}

// contiguous returns up to where pages will be read too.
func (e *chunkEdit) contiguous(g *page) int64 {
	end := g.off + g.size
	if !e.pages.trusted {
		return end
	}
	locs := e.pages.index.items(offPages)
	for i := e.pages.next; i < len(locs) && end-g.off < ahead; i++ {
		last := e.pages.rows
		if i+1 < len(locs) {
			last = locs[i+1].num(locRow)
		}
		if locs[i].num(locOff) != end || !e.change.rows.any(locs[i].num(locRow), last) {
			break
		}
		end += locs[i].num(locSize)
	}
	return end
}

// edit changes a page and writes it.
func (e *chunkEdit) edit(p *loaded, v *values, eff effect) error {
	out := &pageEdit{rows: eff.rows}
	e.edits[len(e.edits)-1] = out
	rep0, def0 := histogram(p.rep, e.leaf.maxRep, p.count), histogram(p.def, e.leaf.maxDef, p.count)
	nulls0 := int64(p.count - p.present)
	e.remove(v, eff, out)

	if e.came && v.dict != nil {
		e.placed, e.place = true, uint32(v.dict.n)
		v.width = max(v.width, width(e.place))
	}
	if err := v.apply(eff.values, e.change.with, e.place); err != nil {
		return err
	}
	for _, c := range eff.nulled {
		for i := c.from; i < c.to; i++ {
			if p.def[i] == uint8(e.leaf.maxDef) {
				p.def[i]--
			}
		}
	}
	count := p.count
	if len(eff.entries) > 0 {
		for _, c := range eff.entries {
			count += c.put - (c.to - c.from)
		}
		if e.leaf.maxRep > 0 {
			p.rep = applyCuts(p.rep, eff.entries, 0)
		}
		if e.leaf.maxDef > 0 {
			p.def = applyCuts(p.def, eff.entries, 0)
		}
	}
	out.rep, out.def = histogram(p.rep, e.leaf.maxRep, count), histogram(p.def, e.leaf.maxDef, count)
	out.nulls = int64(count - v.n)
	for i := range e.rep {
		e.rep[i] += out.rep[i] - rep0[i]
	}
	for i := range e.def {
		e.def[i] += out.def[i] - def0[i]
	}
	e.entries += int64(count - p.count)
	e.nulls += out.nulls - nulls0
	e.nans -= out.nans
	e.bytes += out.bytes
	if count == 0 {
		out.gone = true
		e.packed -= p.size
		e.unpacked -= int64(p.headerSize) + p.header.num(pageUncompressed)
		e.out = append(e.out, edit{off: p.off, n: p.size})
		return nil
	}
	e.keep(p, v, out)
	return e.write(p, v, count, out)
}

// remove takes note of the values that go, and of how many come.
func (e *chunkEdit) remove(v *values, eff effect, out *pageEdit) {
	bounds := boundsOf(e.meta.get(metaStatistics))
	for _, c := range eff.values {
		if c.put > 0 {
			e.came = true
			out.bytes += int64(c.put * len(e.change.with))
		}
		for i := c.from; i < c.to; i++ {
			x := v.at(i)
			out.bytes -= int64(len(x))
			if e.leaf.float() && e.leaf.number(x) != e.leaf.number(x) {
				out.nans++
			}
			if v.dict != nil {
				if e.removed == nil {
					e.removed = newRowSet(int64(v.dict.n))
				}
				if k := int64(v.index[i]); !e.removed.has(k) {
					e.removed.add(k)
				}
				continue
			}
			e.plain = true
			for _, b := range bounds {
				e.told = e.told || e.leaf.tells(b, x)
			}
		}
	}
}

// keep takes note of the values that stay in a changed page.
func (e *chunkEdit) keep(p *loaded, v *values, out *pageEdit) {
	e.see(v)
	// Where neither the page nor another page of the chunk can make it needed, the
	// bounds are not looked for: it takes as long as all the rest.
	alone := p.off+p.size == e.pages.end && len(e.all) == 1
	chunk := v.dict == nil && len(boundsOf(e.meta.get(metaStatistics))) > 0 && (e.told || !alone)
	if e.column.num(chunkColumnIdx) <= 0 && !p.stats && !chunk {
		return
	}
	out.bounds = newBounds(e.leaf)
	out.bounds.addAll(v)
	if v.dict == nil {
		e.kept.merge(out.bounds)
	} else if e.placed && slices.Contains(v.index, e.place) {
		out.bounds.add(e.change.with)
	}
}

// see takes note of values that stay, for dictionary and Bloom filter.
func (e *chunkEdit) see(v *values) {
	if v.dict != nil {
		if e.used == nil {
			e.used = newRowSet(int64(v.dict.n) + 1)
		}
		for _, i := range v.index {
			e.used.words[i/64] |= 1 << (i % 64)
		}
	} else if e.bloom != nil {
		e.bloom.addAll(v)
	}
}

// write encodes a page as it was and keeps it.
func (e *chunkEdit) write(p *loaded, v *values, count int, out *pageEdit) error {
	s, l := &e.pages.scratch, e.leaf
	h, data := &p.header, p.data()
	old := int64(p.headerSize) + h.num(pageUncompressed)
	data.setNum(dataValues, tI32, int64(count))
	h.keep(pageV2)
	b := s.out[:0]
	var err error
	var unpacked int
	if p.v2 {
		data.keep(v2Statistics)
		b = appendLevels(b, p.rep, l.maxRep)
		reps := len(b)
		b = appendLevels(b, p.def, l.maxDef)
		levels := len(b)
		if b, err = appendValues(b, l, p.encoding, v); err != nil {
			return err
		}
		unpacked = len(b)
		data.setNum(v2Nulls, tI32, out.nulls)
		data.add(v2Rows, -out.rows)
		data.setNum(v2RepLength, tI32, int64(reps))
		data.setNum(v2DefLength, tI32, int64(levels-reps))
		s.body = append(s.body[:0], b[:levels]...)
		if f := data.get(v2IsCompressed); f != nil && f.kind == tFalse || levels == len(b) {
			data.set(v2IsCompressed, node{kind: tFalse})
			s.body = append(s.body, b[levels:]...)
		} else if s.body, err = appendCompressed(e.pages.codec, s.body, b[levels:]); err != nil {
			return err
		}
	} else {
		data.keep(v1Statistics)
		prefixed := func(levels []uint8, most int) {
			if most == 0 {
				return
			}
			at := len(b)
			b = appendLevels(append(b, 0, 0, 0, 0), levels, most)
			binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-4))
		}
		prefixed(p.rep, l.maxRep)
		prefixed(p.def, l.maxDef)
		if b, err = appendValues(b, l, p.encoding, v); err != nil {
			return err
		}
		unpacked = len(b)
		if s.body, err = appendCompressed(e.pages.codec, s.body[:0], b); err != nil {
			return err
		}
	}
	s.out = b
	statistics := int16(v1Statistics)
	if p.v2 {
		statistics = v2Statistics
	}
	e.pageStatistics(data.get(statistics), out)
	header := e.header(h, unpacked, s.body)
	out.size = int64(len(header) + len(s.body))
	e.packed += out.size - p.size
	e.unpacked += int64(len(header)+unpacked) - old
	return e.add(p.off, p.size, header, s.body)
}

func (e *chunkEdit) pageStatistics(st *node, out *pageEdit) {
	if st == nil {
		return
	}
	known(st)
	st.add(statNaNs, -out.nans)
	if f := st.get(statNulls); f != nil {
		f.n = out.nulls
	}
	if out.bounds == nil {
		dropBounds(st)
	} else {
		setBounds(st, out.bounds)
	}
}

// header completes the header of a page.
func (e *chunkEdit) header(h *node, unpacked int, body []byte) []byte {
	h.setNum(pageUncompressed, tI32, int64(unpacked))
	h.setNum(pageCompressed, tI32, int64(len(body)))
	if f := h.get(pageCRC); f != nil {
		f.n = int64(int32(crc32.ChecksumIEEE(body)))
	}
	return appendNode(nil, h)
}

// add puts bytes in the place of others.
func (e *chunkEdit) add(off, n int64, header, body []byte) error {
	b := append(header, body...)
	data, err := e.spill.add(b)
	if err == nil {
		e.out = append(e.out, edit{off: off, n: n, data: data, len: int64(len(b))})
	}
	return err
}

// pending reports whether an entry of the dictionary went that no value seen so
// far refers to.
func (e *chunkEdit) pending() bool {
	if e.removed == nil {
		return false
	}
	for i, w := range e.removed.words {
		var used uint64
		if e.used != nil {
			used = e.used.words[i]
		}
		if w&^used != 0 {
			return true
		}
	}
	return false
}

// orphan reports whether an entry of the dictionary is referred to no more.
func (e *chunkEdit) orphan(i int) bool {
	return e.removed.has(int64(i)) && (e.used == nil || !e.used.has(int64(i)))
}

// rest reads the pages that stay as they are, as far as they must be.
func (e *chunkEdit) rest(ctx context.Context) error {
	bounded := e.leaf.order != undefined && len(boundsOf(e.meta.get(metaStatistics))) > 0
	told := e.told && bounded
	if told && e.pages.dict == nil {
		ok, err := e.boundsFromIndex(ctx)
		if err != nil {
			return err
		}
		told = !ok
	}
	whole := told || e.bloom != nil && (e.plain || e.came)
	for i, g := range e.all {
		if e.edits[i] != nil {
			continue
		}
		if !whole && !e.pending() {
			return nil
		}
		p, err := e.pages.load(ctx, g, e.pages.end)
		if err != nil {
			return err
		}
		v, err := p.values(e.leaf, e.pages.dict)
		if err != nil {
			return in(err, "page at %d", g.off)
		}
		e.see(v)
		// Whether an entry of the dictionary that goes made a bound is known when all
		// pages are read, so then their bounds must be known too.
		if v.dict == nil && bounded && (told || e.removed != nil) {
			e.kept.addAll(v)
		}
	}
	return nil
}

// finish writes what was made of the values that went.
func (e *chunkEdit) finish(ctx context.Context) error {
	m := e.meta
	orphans := e.pending()
	e.statistics(orphans)
	if e.bloom != nil && (e.plain || orphans || e.came) {
		if err := e.writeBloom(); err != nil {
			return err
		}
	}
	if orphans || e.placed {
		if err := e.writeDict(orphans); err != nil {
			return err
		}
	}
	m.add(metaValues, e.entries)
	m.add(metaUncompressed, e.unpacked)
	m.add(metaCompressed, e.packed)
	m.keep(metaGeo)
	m.del(metaGeo) // a bounding box would have to be computed from shapes; it is optional
	if s := m.get(metaSizes); s != nil {
		s.keep(sizeDef)
		s.add(sizeBytes, e.bytes)
		addHistogram(s, sizeRep, e.rep)
		addHistogram(s, sizeDef, e.def)
	}
	if list := m.get(metaEncodings); list != nil {
		e.encodings(list)
	}
	return e.indexes(ctx)
}

func addHistogram(s *node, id int16, by []int64) {
	h := s.get(id)
	switch {
	case h == nil:
	case len(h.list) == len(by):
		for i := range by {
			h.list[i].n += by[i]
		}
	case len(h.list) > 0:
		s.del(id)
	}
}

// encodings counts the pages that are gone out of the statistics of encodings.
func (e *chunkEdit) encodings(list *node) {
	for i, p := range e.all {
		if e.edits[i] == nil || !e.edits[i].gone {
			continue
		}
		kind := int64(isDataV1)
		if p.v2 {
			kind = isDataV2
		}
		for k := range list.list {
			if s := &list.list[k]; s.num(1) == kind && s.num(2) == p.encoding {
				s.add(3, -1)
				break
			}
		}
	}
	left := list.list[:0]
	for _, s := range list.list {
		if s.num(3) > 0 {
			left = append(left, s)
		}
	}
	list.list = left
}

// statistics brings the chunk's statistics up to date. Bounds that no value made
// which went hold still, but perhaps not for the value that came.
func (e *chunkEdit) statistics(orphans bool) {
	st := e.meta.get(metaStatistics)
	if st == nil {
		return
	}
	known(st)
	st.add(statNulls, e.nulls)
	st.add(statNaNs, e.nans)
	told := e.told
	for i := 0; orphans && !told && i < e.pages.dict.n; i++ {
		if e.orphan(i) {
			told = slices.ContainsFunc(boundsOf(st), func(b []byte) bool { return e.leaf.tells(b, e.pages.dict.at(i)) })
		}
	}
	switch {
	case e.leaf.order == undefined:
		dropBounds(st)
	case told:
		if e.used != nil {
			e.kept.addUsed(e.pages.dict, e.used)
		}
		if e.came {
			e.kept.add(e.change.with)
		}
		setBounds(st, e.kept)
	case e.came:
		widen(st, e.leaf, e.change.with)
	}
}

// writeDict writes the dictionary without what is referred to no more, and with
// what came in.
func (e *chunkEdit) writeDict(orphans bool) error {
	p, d := e.pages.dictPage, e.pages.dict
	if orphans {
		d = overwritten(e.leaf, d, p.sorted, e.orphan)
	}
	if e.placed {
		d = d.with(e.change.with)
	}
	raw, err := appendValues(nil, e.leaf, plain, d)
	if err != nil {
		return err
	}
	if len(raw) > maxPage || d.n > maxValues {
		return unsupported("a dictionary that grows to %d MB", len(raw)>>20)
	}
	body, err := appendCompressed(e.pages.codec, nil, raw)
	if err != nil {
		return err
	}
	h := &p.header
	h.keep(pageV2)
	head := h.get(pageDict)
	head.keep(dictSorted)
	head.setNum(dictValues, tI32, int64(d.n))
	if e.placed && p.sorted {
		head.set(dictSorted, node{kind: tFalse})
	}
	header := e.header(h, len(raw), body)
	e.packed += int64(len(header)+len(body)) - p.size
	e.unpacked += int64(len(header)+len(raw)) - p.unpacked
	return e.add(p.off, p.size, header, body)
}

// writeBloom writes the filter of all values that are left. Those of plain pages
// are in it, as all of them were seen.
func (e *chunkEdit) writeBloom() error {
	if e.used != nil {
		d := e.pages.dict
		for i := e.used.next(0); i >= 0 && i < int64(d.n); i = e.used.next(i + 1) {
			e.bloom.add(d.at(int(i)))
		}
	}
	if e.came {
		e.bloom.add(e.change.with)
	}
	e.meta.setNum(metaBloomLength, tI32, int64(len(e.bloom.header)+len(e.bloom.blocks)))
	return e.add(e.bloom.off, e.bloom.size, e.bloom.header, e.bloom.blocks)
}
