package parquet

import (
	"context"
	"encoding/binary"
	"hash/crc32"
)

// page is a data page of a column chunk.
type page struct {
	off, size   int64 // of header and body; size is 0 until the header is read
	first, rows int64 // the rows in it, counted within the row group; rows is -1 if its levels must tell
	seen        bool  // what follows is known
	v2          bool
	count       int // values, nulls too
	encoding    int64
	stats       bool // its header has statistics
	within      bool // it begins within a row
}

// A loaded page has been read and its levels decoded.
type loaded struct {
	*page
	header     node
	headerSize int
	rep, def   []uint8 // empty where the column has no such levels
	raw        []byte  // the values, encoded
	present    int     // values, without nulls
}

// data returns the header's part about data.
func (p *loaded) data() *node {
	if p.v2 {
		return p.header.get(pageV2)
	}
	return p.header.get(pageV1)
}

// maxValues bounds the values of a page, as a few bytes may declare any number.
const maxValues = 1 << 24

// readHeader takes note of a page's header.
func (p *page) readHeader(h *node, size int) error {
	body := h.num(pageCompressed)
	if body < 0 || h.num(pageUncompressed) < 0 {
		return damaged("a page of %d bytes", body)
	}
	if h.num(pageUncompressed) > maxPage || body > maxPage {
		return unsupported("a page of %d MB (the most is %d)", max(body, h.num(pageUncompressed))>>20, maxPage>>20)
	}
	p.seen, p.size = true, int64(size)+body
	var data, stats *node
	switch h.num(pageType) {
	case isDataV1:
		data = h.get(pageV1)
		p.encoding = data.num(v1Encoding)
		stats = data.get(v1Statistics)
	case isDataV2:
		p.v2 = true
		data = h.get(pageV2)
		p.encoding = data.num(v2Encoding)
		stats = data.get(v2Statistics)
	case isIndex:
		return unsupported("index pages")
	default:
		return damaged("a page of type %d where data must be", h.num(pageType))
	}
	if data == nil {
		return damaged("a page without its header")
	}
	p.stats = stats != nil && len(stats.fields) > 0
	switch n := data.num(dataValues); {
	case n < 0:
		return damaged("a page of %d values", n)
	case n > maxValues:
		return unsupported("a page of %d values (the most is %d)", n, maxValues)
	default:
		p.count = int(n)
	}
	return nil
}

// scratch are buffers of one chunk's work.
type scratch struct {
	raw, out, body []byte
	rep, def       []uint8
}

// load decodes a page from its bytes. What it returns is good until the next load
// with the same scratch.
func load(p *page, b []byte, l *leaf, codec int64, s *scratch) (*loaded, error) {
	h, size, err := decode(b)
	if err != nil {
		return nil, err
	}
	if err := p.readHeader(&h, size); err != nil {
		return nil, err
	}
	if p.size > int64(len(b)) {
		return nil, damaged("a page of %d bytes where %d are", p.size, len(b))
	}
	body := b[size:p.size]
	if crc := h.get(pageCRC); crc != nil && uint32(crc.n) != crc32.ChecksumIEEE(body) {
		return nil, damaged("the checksum of a page is not that of its bytes")
	}
	out := &loaded{page: p, header: h, headerSize: size}
	if err := out.levels(body, l, codec, s); err != nil {
		return nil, err
	}
	out.present = p.count
	if l.maxDef > 0 {
		out.present = countByte(out.def, uint8(l.maxDef))
	}
	return out, nil
}

func (p *loaded) levels(body []byte, l *leaf, codec int64, s *scratch) (err error) {
	size := int(p.header.num(pageUncompressed))
	s.rep, s.def = s.rep[:0], s.def[:0]
	if l.maxRep > 0 {
		s.rep = resize(s.rep, p.count)
	}
	if l.maxDef > 0 {
		s.def = resize(s.def, p.count)
	}
	p.rep, p.def = s.rep, s.def
	data := p.data()
	if p.v2 {
		d, r := data.num(v2DefLength), data.num(v2RepLength)
		if d < 0 || r < 0 || d+r > int64(len(body)) || d+r > int64(size) {
			return damaged("levels of %d and %d bytes in a page of %d", r, d, len(body))
		}
		if err := decodeLevels(p.rep, body[:r], l.maxRep); err != nil {
			return err
		}
		if err := decodeLevels(p.def, body[r:r+d], l.maxDef); err != nil {
			return err
		}
		body, size = body[d+r:], size-int(d+r)
		if f := data.get(v2IsCompressed); f != nil && f.kind == tFalse || size == 0 && len(body) == 0 {
			p.raw = body
			return nil
		}
		p.raw, err = decompress(codec, s.raw, body, size)
		s.keep(codec, p.raw)
		return err
	}
	raw, err := decompress(codec, s.raw, body, size)
	if err != nil {
		return err
	}
	s.keep(codec, raw)
	take := func(levels []uint8, most int, encoding int64) error {
		switch {
		case most == 0:
			return nil
		case encoding == bitPacked:
			return unsupported("levels in encoding BIT_PACKED")
		case encoding != rle:
			return damaged("levels in encoding %d", encoding)
		case len(raw) < 4 || uint64(binary.LittleEndian.Uint32(raw)) > uint64(len(raw)-4):
			return damaged("levels end early")
		}
		n := 4 + binary.LittleEndian.Uint32(raw)
		err := decodeLevels(levels, raw[4:n], most)
		raw = raw[n:]
		return err
	}
	if err := take(p.rep, l.maxRep, data.num(v1RepEncoding)); err != nil {
		return err
	}
	if err := take(p.def, l.maxDef, data.num(v1DefEncoding)); err != nil {
		return err
	}
	p.raw = raw
	return nil
}

// keep keeps a buffer that decompress has made.
func (s *scratch) keep(codec int64, raw []byte) {
	if codec != codecNone && cap(raw) > cap(s.raw) {
		s.raw = raw
	}
}

func resize(b []uint8, n int) []uint8 {
	if cap(b) < n {
		return make([]uint8, n)
	}
	return b[:n]
}

// values decodes the page's values.
func (p *loaded) values(l *leaf, dict *values) (*values, error) {
	return decodeValues(l, p.encoding, p.raw, p.present, dict)
}

// pages walks the data pages of a column chunk in order.
type pages struct {
	leaf       *leaf
	codec      int64
	rows       int64 // of the row group
	start, end int64 // of the chunk; end is where its last page ends once it was reached
	index      *node // its offset index, nil if it has none
	trusted    bool  // the index says where pages and rows are, and pages begin with rows
	split      bool  // pages of any kind may begin within a row
	win        window
	scratch    scratch
	dict       *values
	dictPage   *dictPage
	next       int   // number of the next page
	at, row    int64 // where it begins, where that is not in the index
	left       int64 // values that are to come
}

// open prepares reading a chunk.
func (f *file) open(ctx context.Context, g *group, col int) (*pages, error) {
	c := &g.columns()[col]
	l := &f.leaves[col]
	switch {
	case c.get(chunkCrypto) != nil || c.get(chunkEncrypted) != nil:
		return nil, unsupported("an encrypted column")
	case len(c.get(chunkPath).bytes()) > 0:
		return nil, unsupported("a column whose values are in another file")
	}
	m := c.get(chunkMeta)
	if m == nil {
		return nil, damaged("no metadata")
	}
	if t := m.num(1); t != l.physical {
		return nil, damaged("values of type %d, of %d in the schema", t, l.physical)
	}
	if err := knownCodec(m.num(metaCodec)); err != nil {
		return nil, err
	}
	start, end, err := chunkRange(m, f.start)
	if err != nil {
		return nil, err
	}
	p := &pages{leaf: l, codec: m.num(metaCodec), rows: g.rows, start: start, end: end, at: start, left: m.num(metaValues)}
	p.win.src = f.src
	p.split = l.maxRep > 0 && f.splitsRows()
	off, n := c.num(chunkOffsetIdx), c.num(chunkOffsetIdx+1)
	if off <= 0 {
		return p, nil
	}
	idx, err := f.readIndex(ctx, off, n)
	if err != nil {
		return nil, in(err, "offset index")
	}
	p.index = &idx
	if p.trusted = !p.split && p.fits(&idx); !p.trusted {
		return p, nil
	}
	locs := idx.items(offPages)
	if len(locs) == 0 {
		return p, nil
	}
	last := &locs[len(locs)-1]
	p.end = last.num(locOff) + last.num(locSize)
	if first := locs[0].num(locOff); first > start { // what is before the first page is a dictionary
		if err := p.readDict(ctx, start, first); err != nil {
			return nil, err
		}
		if p.dictPage.size != first-start {
			return nil, damaged("%d bytes between its dictionary and its pages", first-start-p.dictPage.size)
		}
	}
	return p, nil
}

// fits reports whether the offset index is one of the chunk's bytes and rows.
func (p *pages) fits(idx *node) bool {
	at, row := p.start, int64(-1)
	for i := range idx.items(offPages) {
		loc := &idx.items(offPages)[i]
		off, size, first := loc.num(locOff), loc.num(locSize), loc.num(locRow)
		if off != at && (i > 0 || off < at) || size <= 0 || size > p.end-off || first <= row && !(i == 0 && first == 0) || first >= max(p.rows, 1) || i == 0 && first != 0 {
			return false
		}
		at, row = off+size, first
	}
	return len(idx.items(offPages)) > 0 || p.rows == 0
}

// following returns the next data page, and nil after the last one. With an index,
// nothing of it is read yet; without, its header is.
func (p *pages) following(ctx context.Context) (*page, error) {
	if p.trusted {
		locs := p.index.items(offPages)
		if p.next >= len(locs) {
			return nil, nil
		}
		loc := &locs[p.next]
		end := p.rows
		if p.next++; p.next < len(locs) {
			end = locs[p.next].num(locRow)
		}
		return &page{off: loc.num(locOff), size: loc.num(locSize), first: loc.num(locRow), rows: end - loc.num(locRow)}, nil
	}
	for p.at < p.end && p.left > 0 {
		h, size, err := p.header(ctx, p.at)
		if err != nil {
			return nil, in(err, "page at %d", p.at)
		}
		if h.num(pageType) == isDict {
			end := p.at + int64(size) + h.num(pageCompressed)
			if p.next > 0 || p.dictPage != nil || end <= p.at || end > p.end {
				return nil, damaged("page at %d: a dictionary where none may be", p.at)
			}
			if err := p.readDict(ctx, p.at, end); err != nil {
				return nil, err
			}
			p.at = end
			continue
		}
		g := &page{off: p.at, first: p.row, rows: -1}
		if err := g.readHeader(&h, size); err != nil {
			return nil, in(err, "page at %d", p.at)
		}
		if g.size > p.end-p.at || int64(g.count) > p.left {
			return nil, damaged("page at %d: it is longer than its column", p.at)
		}
		switch {
		case p.leaf.maxRep == 0:
			g.rows = int64(g.count)
		case g.v2 && !p.split:
			g.rows = h.get(pageV2).num(v2Rows)
		}
		if g.rows > p.rows-g.first || g.rows < -1 {
			return nil, damaged("page at %d: more rows than the row group's %d", p.at, p.rows)
		}
		p.next++
		p.at += g.size
		p.left -= int64(g.count)
		p.row += max(g.rows, 0)
		return g, nil
	}
	p.end = p.at
	return nil, nil
}

// counted takes note of the rows of a page whose levels had to tell.
func (p *pages) counted(g *loaded) error {
	if g.rows >= 0 {
		if p.leaf.maxRep > 0 && (len(g.rep) > 0 && g.rep[0] != 0 || int64(countByte(g.rep, 0)) != g.rows) {
			return damaged("page at %d: it has other rows than is said of it", g.off)
		}
		return nil
	}
	g.rows = int64(countByte(g.rep, 0))
	if len(g.rep) > 0 && g.rep[0] != 0 { // it begins within the row before
		if g.first == 0 {
			return damaged("page at %d: it begins within a row", g.off)
		}
		g.first--
		g.rows++
		g.within = true
	}
	if p.row = g.first + g.rows; p.row > p.rows {
		return damaged("page at %d: more rows than the row group's %d", g.off, p.rows)
	}
	return nil
}

// maySplit reports whether the row at the end of a page may go on in the next one.
func (p *pages) maySplit(g *page) bool {
	return p.leaf.maxRep > 0 && !p.trusted && (p.split || !g.v2)
}

// header reads the header of a page, of which the size is not known before.
func (p *pages) header(ctx context.Context, at int64) (node, int, error) {
	until := at
	if p.end-p.start <= ahead {
		until = p.end // a small chunk is read at once
	}
	for n := int64(4 << 10); ; n *= 16 {
		n = min(n, p.end-at)
		b, err := p.win.bytes(ctx, at, n, until)
		if err != nil {
			return node{}, 0, err
		}
		d := decoder{b: b}
		h := d.value(tStruct, 0)
		if d.err != nil && d.short && n < min(p.end-at, 16<<20) {
			continue
		}
		return h, d.at, d.err
	}
}

// load reads and decodes a page. Bytes up to until will be read too.
func (p *pages) load(ctx context.Context, g *page, until int64) (*loaded, error) {
	if p.end-p.start <= ahead && !p.trusted {
		until = p.end
	}
	b, err := p.win.bytes(ctx, g.off, g.size, until)
	if err != nil {
		return nil, in(err, "page at %d", g.off)
	}
	out, err := load(g, b, p.leaf, p.codec, &p.scratch)
	if err != nil {
		return nil, in(err, "page at %d", g.off)
	}
	if p.leaf.maxRep == 0 && g.rows >= 0 && int64(g.count) != g.rows {
		return nil, damaged("page at %d: %d values in %d rows", g.off, g.count, g.rows)
	}
	return out, in(p.counted(out), "page at %d", g.off)
}
