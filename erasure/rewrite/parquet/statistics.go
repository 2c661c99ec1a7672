package parquet

// setBounds writes bounds into statistics that have some: those of the column's
// order, and of the old kind, which are always by signed comparison, only where
// that is the same.
func setBounds(st *node, b *bounds) {
	least, most, ok := b.get()
	l := b.leaf
	old := l.order == signedOrder || l.order == floatOrder || l.physical == boolean
	put := func(id int16, v []byte, allowed bool) {
		switch {
		case st.get(id) == nil:
		case !ok || !allowed || len(v) > maxBound:
			st.del(id)
		default:
			st.set(id, node{kind: tBinary, data: append([]byte{}, v...)})
		}
	}
	put(statMin, least, true)
	put(statMax, most, true)
	put(statOldMin, least, old)
	put(statOldMax, most, old)
	for exact, of := range map[int16]int16{statMinExact: statMin, statMaxExact: statMax} {
		if st.get(exact) == nil {
			continue
		}
		if st.get(of) == nil {
			st.del(exact)
		} else {
			st.set(exact, node{kind: tTrue})
		}
	}
}

// dropBounds takes the bounds out of statistics.
func dropBounds(st *node) {
	st.del(statMin, statMax, statOldMin, statOldMax, statMinExact, statMaxExact)
}

// boundsOf returns the bounds that are in statistics.
func boundsOf(st *node) [][]byte {
	var all [][]byte
	for _, id := range []int16{statMin, statMax, statOldMin, statOldMax} {
		if f := st.get(id); f != nil {
			all = append(all, f.data)
		}
	}
	return all
}

// known takes out of statistics what is of later versions of Parquet, which may
// tell of values in ways not known here, and the count of distinct values.
func known(st *node) {
	st.keep(statNaNs)
	st.del(statDistinct)
}

// widen makes bounds hold one more value.
func widen(st *node, l *leaf, v []byte) {
	b := newBounds(l)
	for _, f := range boundsOf(st) {
		if !l.comparable(f) {
			dropBounds(st)
			return
		}
	}
	lo, hi := st.get(statMin), st.get(statMax)
	inside := lo != nil && hi != nil && l.compare(lo.data, v) <= 0 && l.compare(v, hi.data) <= 0
	if lo == nil || hi == nil {
		dropBounds(st) // of the old kind alone, or of one side
		return
	}
	if inside {
		return
	}
	least, most := st.get(statMinExact), st.get(statMaxExact)
	if l.compare(v, lo.data) < 0 {
		least = nil
	} else {
		most = nil
	}
	b.add(lo.data)
	b.add(hi.data)
	b.add(v)
	setBounds(st, b)
	// A bound that was not moved is as exact as it was.
	if least != nil && least.kind == tFalse && st.get(statMinExact) != nil {
		st.set(statMinExact, node{kind: tFalse})
	}
	if most != nil && most.kind == tFalse && st.get(statMaxExact) != nil {
		st.set(statMaxExact, node{kind: tFalse})
	}
}
