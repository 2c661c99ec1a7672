package parquet

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// A plan that changes most of a file reads it as a whole: each row group at once, in parts
// side by side, while the one before is worked on. Column by column it would wait for the
// store as often as there are column chunks, and what it left out would not be worth it.

const (
	// mostly is from how many percent of its pages on a file is read as a whole.
	mostly = 60
	// heldGroup bounds the bytes of a row group that is read at once, as two are in memory.
	heldGroup = 16 << 20
)

// held are bytes of a file that were read ahead.
type held struct {
	off int64
	b   []byte
}

// has reports whether a range is in it.
func (h *held) has(off, n int64) bool {
	return h != nil && off >= h.off && off+n <= h.off+int64(len(h.b))
}

// wholes reads row groups ahead.
type wholes struct {
	src    *source
	ranges [][2]int64 // of each row group's pages; empty where it is read as it is needed
	work   *errgroup.Group
	at     int // the row group that is being read, -1 if none is
	next   *held
}

// wholes returns what reads row groups ahead, where a plan changes most of them: all columns
// in rows that are known before.
func (p *planner) wholes(changes map[int]change) (*wholes, error) {
	f := p.file
	w := &wholes{src: f.src, ranges: make([][2]int64, len(f.groups)), at: -1}
	if p.cut.Rows == nil || len(changes) < len(f.leaves) {
		return w, nil
	}
	first, all, touched := int64(0), int64(0), int64(0)
	for i := range f.groups {
		g, err := f.group(i, first)
		if err != nil {
			return nil, err
		}
		first += g.rows
		from, to, indexed := f.start, int64(0), int64(0)
		for col := range g.columns() {
			c := &g.columns()[col]
			m := c.get(chunkMeta)
			start, end, err := chunkRange(m, f.start)
			if m == nil || err != nil {
				return &wholes{src: f.src, at: -1}, nil // who comes to it says what is wrong
			}
			from, to = min(from, start), max(to, end)
			if all += end - start; c.num(chunkOffsetIdx) > 0 {
				indexed += end - start
			}
		}
		// With an index of pages only those with such rows are read.
		if n := to - from; len(within(p.cut.Rows, g)) > 0 && indexed*100 <= n*(100-mostly) {
			if touched += n; n <= heldGroup {
				w.ranges[i] = [2]int64{from, to}
			}
		}
	}
	if touched*100 < all*mostly {
		clear(w.ranges)
	}
	return w, nil
}

// begin has a row group read, or the first behind it that is read ahead.
func (w *wholes) begin(ctx context.Context, i int) {
	for ; i < len(w.ranges); i++ {
		n := w.ranges[i][1] - w.ranges[i][0]
		if n <= 0 {
			continue
		}
		h := &held{w.ranges[i][0], make([]byte, n)}
		work, inner := errgroup.WithContext(ctx)
		for off := int64(0); off < n; off += ahead {
			part := h.b[off:min(off+ahead, n)]
			work.Go(func() error {
				_, err := w.src.fetch(inner, part, h.off+off)
				return err
			})
		}
		w.work, w.at, w.next = work, i, h
		return
	}
}

// hold has the source answer from a row group, if that is read ahead, and the one after it
// be read.
func (w *wholes) hold(ctx context.Context, i int) error {
	w.src.held = nil
	if w.at < i {
		w.begin(ctx, i)
	}
	if w.at != i {
		return nil
	}
	err := w.work.Wait()
	w.src.held, w.at, w.work = w.next, -1, nil
	if err == nil {
		w.begin(ctx, i+1)
	}
	return err
}

// end waits for what is being read.
func (w *wholes) end() {
	w.src.held = nil
	if w.work != nil {
		_ = w.work.Wait() // nobody asks for it any more
	}
}
