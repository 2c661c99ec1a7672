package parquet

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sort"

	"lethe/object"
)

// After the pages are changed, everything behind them moves. What stays is laid out
// anew in three steps: bytes that nothing refers to (row groups and filters that
// are gone, padding, copies of metadata that old writers left between chunks) are
// taken out; offset indexes, which hold offsets, are written where one changed; and
// last the footer.

// indexRef is an offset index of a column chunk.
type indexRef struct {
	group, col int
	off, n     int64
}

// lay makes the plan's edits.
func (p *planner) lay(ctx context.Context) error {
	known, indexes, err := p.survey(ctx)
	if err != nil {
		return err
	}
	p.gaps(known)
	slices.SortStableFunc(p.edits, func(a, b edit) int { return cmp.Compare(a.off, b.off) })
	moved := newShifts(p.edits)
	lengths, err := p.writeIndexes(ctx, indexes, moved)
	if err != nil {
		return err
	}
	if err := p.writeFooter(moved, lengths); err != nil {
		return err
	}
	p.finish()
	return nil
}

// survey returns the ranges of the file that something refers to, in order, and
// the offset indexes.
func (p *planner) survey(ctx context.Context) (known [][2]int64, indexes []indexRef, err error) {
	f := p.file
	for i := range f.groups {
		edit := p.groups[i]
		if edit != nil && edit.gone {
			continue
		}
		g, err := f.group(i, 0)
		if err != nil {
			return nil, nil, err
		}
		for col := range g.columns() {
			c := &g.columns()[col]
			m := c.get(chunkMeta)
			if m == nil || len(c.get(chunkPath).bytes()) > 0 {
				return nil, nil, unsupported("columns whose values are in other files, as in a _metadata file")
			}
			if edit != nil && edit.chunks[col] != nil {
				known = append(known, edit.ranges[col])
			} else {
				start, end, err := chunkRange(m, f.start)
				if err != nil {
					return nil, nil, in(err, "row group %d, column %s", i, f.leaves[col].name)
				}
				known = append(known, [2]int64{start, end})
			}
			for _, id := range []int16{chunkOffsetIdx, chunkColumnIdx} {
				off, n := c.num(id), c.num(id+1)
				if off <= 0 {
					continue
				}
				if id == chunkColumnIdx && edit != nil && edit.chunks[col] != nil {
					n = edit.chunks[col].indexSize // as it was
				}
				known = append(known, [2]int64{off, off + n})
				if id == chunkOffsetIdx {
					indexes = append(indexes, indexRef{i, col, off, n})
				}
			}
			if off := m.num(metaBloom); off > 0 {
				n, err := f.bloomSize(ctx, m)
				if err != nil {
					return nil, nil, in(err, "row group %d, column %s", i, f.leaves[col].name)
				}
				known = append(known, [2]int64{off, off + n})
			}
		}
	}
	slices.SortFunc(known, func(a, b [2]int64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	slices.SortFunc(indexes, func(a, b indexRef) int { return cmp.Compare(a.off, b.off) })
	at := int64(len(magic))
	for _, k := range known {
		if k[0] < at || k[1] < k[0] || k[1] > f.start {
			return nil, nil, damaged("what is at %d overlaps what is before it, or the footer", k[0])
		}
		at = k[1]
	}
	return known, indexes, nil
}

// gaps takes out what nothing refers to.
func (p *planner) gaps(known [][2]int64) {
	at := int64(len(magic))
	for _, k := range append(known, [2]int64{p.file.start, p.file.start}) {
		if k[0] > at {
			p.edits = append(p.edits, edit{off: at, n: k[0] - at})
		}
		at = k[1]
	}
}

// shifts tells where bytes of the old file are in the new one.
type shifts struct {
	ends []int64 // of edits, rising
	by   []int64 // how far what follows each is moved
}

func newShifts(edits []edit) *shifts {
	s := &shifts{}
	for _, e := range edits {
		s.add(e)
	}
	return s
}

// add takes one more edit into account, which is behind the others.
func (s *shifts) add(e edit) {
	by := e.len - e.n
	if n := len(s.by); n > 0 {
		by += s.by[n-1]
	}
	s.ends, s.by = append(s.ends, e.off+e.n), append(s.by, by)
}

// at returns how far the byte at off is moved.
func (s *shifts) at(off int64) int64 {
	i := sort.Search(len(s.ends), func(i int) bool { return s.ends[i] > off })
	if i == 0 {
		return 0
	}
	return s.by[i-1]
}

// moves are the shifts by the edits of pages and by those of offset indexes, which
// are only known one after the other.
type moves struct{ pages, indexes *shifts }

func (m moves) to(off int64) int64 { return off + m.pages.at(off) + m.indexes.at(off) }

// writeIndexes writes the offset indexes in which something changed, front to back:
// each is behind its own pages, and so knows where they went. It returns the
// lengths that are new.
func (p *planner) writeIndexes(ctx context.Context, indexes []indexRef, pages *shifts) (map[[2]int]int64, error) {
	lengths := map[[2]int]int64{}
	m := moves{pages, &shifts{}}
	for _, ref := range indexes {
		var idx node
		if e := p.groups[ref.group]; e != nil && e.chunks[ref.col] != nil {
			idx = *e.chunks[ref.col].pages.index
		} else {
			if m.still(ref.off) {
				continue // nothing before it changed
			}
			var err error
			if idx, err = p.file.readIndex(ctx, ref.off, ref.n); err != nil {
				return nil, in(err, "offset index at %d", ref.off)
			}
		}
		for i := range idx.items(offPages) {
			off := idx.items(offPages)[i].get(locOff)
			if off == nil || off.n >= ref.off {
				return nil, unsupported("an offset index that is before its pages")
			}
			off.n = m.to(off.n)
		}
		b := appendNode(nil, &idx)
		data, err := p.spill.add(b)
		if err != nil {
			return nil, err
		}
		e := edit{off: ref.off, n: ref.n, data: data, len: int64(len(b))}
		p.edits = append(p.edits, e)
		m.indexes.add(e)
		lengths[[2]int{ref.group, ref.col}] = int64(len(b))
	}
	p.indexes = m.indexes
	return lengths, nil
}

// still reports whether there is no edit before off.
func (m moves) still(off int64) bool {
	return (len(m.pages.ends) == 0 || m.pages.ends[0] > off) && (len(m.indexes.ends) == 0 || m.indexes.ends[0] > off)
}

// writeFooter writes the footer with all offsets as they are now.
func (p *planner) writeFooter(pages *shifts, lengths map[[2]int]int64) error {
	f := p.file
	m := moves{pages, p.indexes}
	move := func(v *node, id int16) {
		if o := v.get(id); o != nil && o.n > 0 {
			o.n = m.to(o.n)
		}
	}
	var groups, changed [][]byte
	rows, changedRows := int64(0), int64(0)
	for i := range f.groups {
		if p.groups[i] != nil && p.groups[i].gone {
			continue
		}
		g, err := f.group(i, 0)
		if err != nil {
			return err
		}
		rows += g.rows
		move(&g.node, groupOffset)
		for col := range g.columns() {
			c := &g.columns()[col]
			meta := c.get(chunkMeta)
			start := min(meta.num(metaDataPage), cmp.Or(max(meta.num(metaDictPage), 0), meta.num(metaDataPage)))
			if o := c.get(chunkOffset); o != nil && o.n != start {
				o.n = 0 // of a copy of the metadata, which is gone, or meaningless
			}
			move(c, chunkOffset)
			for _, id := range []int16{metaDataPage, metaIndexPage, metaDictPage, metaBloom} {
				move(meta, id)
			}
			move(c, chunkOffsetIdx)
			move(c, chunkColumnIdx)
			if n, ok := lengths[[2]int{i, col}]; ok {
				c.setNum(chunkOffsetIdx+1, tI32, n)
			}
		}
		if o := g.get(groupOrdinal); o != nil {
			o.n = int64(len(groups))
		}
		groups = append(groups, appendNode(nil, &g.node))
		if p.groups[i] != nil {
			for col := range g.columns() { // which readers expect to follow one another in a file
				g.columns()[col].del(chunkOffsetIdx, chunkOffsetIdx+1, chunkColumnIdx, chunkColumnIdx+1)
			}
			if o := g.get(groupOrdinal); o != nil {
				o.n = int64(len(changed))
			}
			changed, changedRows = append(changed, appendNode(nil, &g.node)), changedRows+g.rows
		}
	}
	f.footer.setNum(fileRows, tI64, changedRows)
	p.excerpt(m.to(f.start), trailer(f.encode(changed)), changedRows)
	f.footer.setNum(fileRows, tI64, rows)
	ok, err := f.sayBlanked(groups, p.blanked)
	if err != nil {
		return err
	}
	p.forgotten = !ok
	b := trailer(f.encode(groups))
	data, err := p.spill.add(b)
	if err != nil {
		return err
	}
	p.edits = append(p.edits, edit{off: f.start, n: f.src.size - f.start, data: data, len: int64(len(b))})
	p.plan.Excerpt[0].Len = int64(len(b))
	return nil
}

// excerpt says how to read again what is new: by a footer that has the row groups
// alone in which something changed. The file's own, which begins at off, is made of
// the same.
func (p *planner) excerpt(off int64, footer []byte, rows int64) {
	p.plan.Contents = true
	p.plan.Excerpt = []object.Edit{{Off: off, Data: bytes.NewReader(footer)}}
	p.plan.ExcerptRows = rows
}

// encode writes the footer with row groups that are encoded already.
func (f *file) encode(groups [][]byte) []byte {
	var b []byte
	var last int16
	for i := range f.footer.fields {
		v := &f.footer.fields[i]
		b = appendHeader(b, last, v.id, v.kind)
		last = v.id
		if v.id != fileGroups {
			b = appendNode(b, &v.node)
			continue
		}
		b = appendLength(b, len(groups), tStruct)
		for _, g := range groups {
			b = append(b, g...)
		}
	}
	return append(b, 0)
}

// finish turns the edits into the plan's, those that touch into one.
func (p *planner) finish() {
	slices.SortStableFunc(p.edits, func(a, b edit) int { return cmp.Compare(a.off, b.off) })
	var merged []edit
	for _, e := range p.edits {
		if n := len(merged); n > 0 {
			if l := &merged[n-1]; l.off+l.n == e.off && (e.len == 0 || l.len == 0 || l.data+l.len == e.data) {
				if l.len == 0 {
					l.data = e.data
				}
				l.n += e.n
				l.len += e.len
				continue
			}
		}
		merged = append(merged, e)
	}
	p.plan.Edits = make([]object.Edit, len(merged))
	for i, e := range merged {
		p.plan.Edits[i] = object.Edit{Off: e.off, Len: e.n}
		if e.len > 0 {
			p.plan.Edits[i].Data = p.spill.section(e.data, e.len)
			p.plan.Written += e.len
		}
	}
}
