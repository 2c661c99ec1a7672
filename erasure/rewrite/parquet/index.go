package parquet

import "context"

// columnIndex reads the chunk's column index; nil if it has none, or one that does
// not fit its pages and is dropped therefore.
func (e *chunkEdit) columnIndex(ctx context.Context) (*node, error) {
	off := e.column.num(chunkColumnIdx)
	if off <= 0 {
		return nil, nil
	}
	idx, err := e.file.readIndex(ctx, off, e.column.num(chunkColumnIdx+1))
	if err != nil {
		return nil, in(err, "column index")
	}
	n := len(e.all)
	for _, id := range []int16{idxNullPages, idxMin, idxMax} {
		if len(idx.items(id)) != n {
			return nil, nil
		}
	}
	for _, id := range []int16{idxNulls, idxNaNs} {
		if list := idx.get(id); list != nil && len(list.list) != n {
			return nil, nil
		}
	}
	for i := range n {
		if !nullPage(&idx, i) && !(e.leaf.comparable(idx.items(idxMin)[i].data) && e.leaf.comparable(idx.items(idxMax)[i].data)) {
			// Shortened bounds of values of one size cannot be compared.
			return nil, nil
		}
	}
	idx.keep(idxNaNs)
	return &idx, nil
}

func nullPage(idx *node, i int) bool { return idx.items(idxNullPages)[i].n == 1 }

// boundsFromIndex adds the bounds of the pages that stay to those that were seen;
// not ok where the column index does not have the very bounds.
func (e *chunkEdit) boundsFromIndex(ctx context.Context) (ok bool, err error) {
	if e.leaf.physical == byteArray || e.leaf.physical == fixed {
		return false, nil // they may be shortened
	}
	idx, err := e.columnIndex(ctx)
	if err != nil || idx == nil {
		return false, err
	}
	if e.leaf.maxRep > 0 {
		// arrow-rs (seen in 59.3) says of a page of lists that it has nothing but nulls where
		// it has as many of them as rows. Such a page must be read.
		for i := range e.all {
			if e.edits[i] == nil && nullPage(idx, i) {
				return false, nil
			}
		}
	}
	for i := range e.all {
		if e.edits[i] == nil && !nullPage(idx, i) {
			e.kept.add(idx.items(idxMin)[i].data)
			e.kept.add(idx.items(idxMax)[i].data)
		}
	}
	return true, nil
}

// describes reports whether the offset index is one of the pages that were found.
func (e *chunkEdit) describes(idx *node) bool {
	locs := idx.items(offPages)
	if len(locs) != len(e.all) {
		return false
	}
	for i, p := range e.all {
		if l := &locs[i]; p.within || l.num(locOff) != p.off || l.num(locSize) != p.size || l.num(locRow) != p.first {
			return false
		}
	}
	return true
}

// indexes brings the chunk's page index up to date: the column index is written,
// the offset index only when all offsets are known.
func (e *chunkEdit) indexes(ctx context.Context) error {
	if e.pages.index != nil {
		if !e.pages.trusted && !e.describes(e.pages.index) {
			// Nothing refers to them any more, so their bytes go with the others of that kind.
			e.column.del(chunkOffsetIdx, chunkOffsetIdx+1, chunkColumnIdx, chunkColumnIdx+1)
			return nil
		}
		e.offsetIndex()
	}
	off := e.column.num(chunkColumnIdx)
	if off <= 0 {
		return nil
	}
	idx, err := e.columnIndex(ctx)
	if err != nil {
		return err
	}
	if idx == nil || !e.updateIndex(idx) {
		e.column.del(chunkColumnIdx, chunkColumnIdx+1)
		return nil
	}
	b := appendNode(nil, idx)
	n := e.column.num(chunkColumnIdx + 1)
	e.column.setNum(chunkColumnIdx+1, tI32, int64(len(b)))
	return e.add(off, n, nil, b)
}

// offsetIndex brings sizes and rows up to date. Offsets are still the old ones.
func (e *chunkEdit) offsetIndex() {
	idx := e.pages.index
	idx.keep(offBytes)
	locs, sizes := idx.get(offPages), idx.get(offBytes)
	if sizes != nil && len(sizes.list) != len(locs.list) {
		idx.del(offBytes)
		locs, sizes = idx.get(offPages), nil
	}
	gone, n := int64(0), 0
	for i := range locs.list {
		loc, edit := &locs.list[i], e.edits[i]
		loc.add(locRow, -gone)
		if edit != nil {
			gone += edit.rows
			if edit.gone {
				continue
			}
			loc.setNum(locSize, tI32, edit.size)
		}
		locs.list[n] = *loc
		if sizes != nil {
			sizes.list[n] = sizes.list[i]
			if edit != nil {
				sizes.list[n].n += edit.bytes
			}
		}
		n++
	}
	locs.list = locs.list[:n]
	if sizes != nil {
		sizes.list = sizes.list[:n]
	}
}

// updateIndex brings a column index up to date. It reports whether that can be one:
// each page that is not all null must have bounds.
func (e *chunkEdit) updateIndex(idx *node) bool {
	if e.leaf.order == undefined {
		return false
	}
	reps, defs := e.histograms(idx, idxRep, e.leaf.maxRep), e.histograms(idx, idxDef, e.leaf.maxDef)
	lists := map[int16][]node{}
	for i := range e.all {
		edit := e.edits[i]
		if edit != nil && edit.gone {
			continue
		}
		for _, id := range []int16{idxNullPages, idxMin, idxMax, idxNulls, idxNaNs} {
			if idx.get(id) == nil {
				continue
			}
			v := idx.items(id)[i]
			if edit != nil {
				var ok bool
				if v, ok = edit.indexed(id, v); !ok {
					return false
				}
			}
			lists[id] = append(lists[id], v)
		}
		for id, levels := range map[int16][][]node{idxRep: reps, idxDef: defs} {
			if levels == nil {
				continue
			}
			if edit != nil {
				by := edit.rep
				if id == idxDef {
					by = edit.def
				}
				for k := range levels[i] {
					levels[i][k].n = by[k]
				}
			}
			lists[id] = append(lists[id], levels[i]...)
		}
	}
	for id, list := range lists {
		idx.get(id).list = list
	}
	if order := idx.get(idxOrder); order != nil && order.n != unordered && !e.ordered(idx, order.n == ascending) {
		order.n = unordered
	}
	return true
}

// histograms cuts the levels' histograms into those of each page; nil if there are
// none. Ones that do not fit are dropped.
func (e *chunkEdit) histograms(idx *node, id int16, most int) [][]node {
	list := idx.items(id)
	if len(list) != (most+1)*len(e.all) || len(list) == 0 {
		idx.del(id)
		return nil
	}
	out := make([][]node, len(e.all))
	for i := range out {
		out[i] = list[i*(most+1) : (i+1)*(most+1)]
	}
	return out
}

// indexed returns what a column index says of a changed page.
func (p *pageEdit) indexed(id int16, v node) (node, bool) {
	least, most, ok := p.bounds.get()
	if ok {
		least, most, ok = p.bounds.leaf.short(least, most)
		if !ok {
			return v, false
		}
	} else if p.bounds.nans != nil {
		return v, false
	}
	switch id {
	case idxNullPages:
		v.n = 1
		if ok {
			v.n = 2
		}
	case idxMin:
		v.data = least
	case idxMax:
		v.data = most
	case idxNulls:
		v.n = p.nulls
	case idxNaNs:
		v.n -= p.nans
	}
	return v, true
}

// ordered reports whether the bounds of pages rise, or fall.
func (e *chunkEdit) ordered(idx *node, rising bool) bool {
	last := -1
	for i := range idx.items(idxNullPages) {
		if nullPage(idx, i) {
			continue
		}
		if last >= 0 {
			for _, id := range []int16{idxMin, idxMax} {
				c := e.leaf.compare(idx.items(id)[last].data, idx.items(id)[i].data)
				if rising && c > 0 || !rising && c < 0 {
					return false
				}
			}
		}
		last = i
	}
	return true
}
