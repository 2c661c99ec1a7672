package parquet

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// groupEdit is what became of a row group.
type groupEdit struct {
	gone   bool // no row is left
	rows   int64
	chunks []*chunkEdit // by column; nil: it stays as it is
	ranges [][2]int64   // where the chunks' pages were
}

// The memory that the columns of a row group may take while they are changed: small
// columns share it, a large one has it alone.
const memory = 96 << 20

// weight estimates the memory that a column chunk takes while it is changed: as
// much of the file as is read ahead, the largest page as it was, as it becomes, and
// its levels and indices.
func weight(m *node) int64 {
	packed, unpacked, values := m.num(metaCompressed), m.num(metaUncompressed), m.num(metaValues)
	if packed < 0 || unpacked < 0 || values < 0 || packed > memory || unpacked > memory || values > memory {
		return memory
	}
	return min(memory, packed+3*unpacked+6*values)
}

// editGroup changes the columns of a row group in which rows are cut, which must be blank
// ones if empty is true. What it changes of the metadata it changes in g.
func (f *file) editGroup(ctx context.Context, g *group, changes map[int]change, rows *rowSet, empty bool, s *spill) (*groupEdit, error) {
	out := &groupEdit{chunks: make([]*chunkEdit, len(f.leaves)), ranges: make([][2]int64, len(f.leaves)), rows: g.rows}
	whole := len(changes) > 0 && changes[0].kind == drop && rows.n == g.rows
	if whole && !empty {
		out.gone, out.rows = true, 0
		return out, nil
	}
	sem := semaphore.NewWeighted(memory)
	work, inner := errgroup.WithContext(ctx)
	work.SetLimit(min(runtime.GOMAXPROCS(0), 4))
	for col := range f.leaves {
		c, ok := changes[col]
		if !ok {
			continue
		}
		c.rows, c.empty = rows, empty
		need := weight(g.columns()[col].get(chunkMeta))
		if err := sem.Acquire(inner, need); err != nil {
			break // a column failed, or the caller went
		}
		work.Go(func() error {
			defer sem.Release(need)
			e, err := f.editChunk(inner, g, col, c, s)
			if err != nil {
				return in(err, "column %s", f.leaves[col].name)
			}
			out.chunks[col] = e
			out.ranges[col] = [2]int64{e.pages.start, e.pages.end}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if whole { // and was looked through
		return &groupEdit{gone: true, chunks: make([]*chunkEdit, len(f.leaves)), ranges: out.ranges}, nil
	}
	for col, e := range out.chunks {
		if e == nil || len(e.out) == 0 {
			out.chunks[col] = nil
			continue
		}
		g.add(groupBytes, e.unpacked)
		g.add(groupCompressed, e.packed)
		if e.change.kind != drop {
			g.unsort(col)
		}
	}
	if len(changes) > 0 && changes[0].kind == drop {
		out.rows -= rows.n
		g.add(groupRows, -rows.n)
	}
	return out, nil
}

// unsort takes back that the row group is sorted, if it is by a column of which
// values were replaced.
func (g *group) unsort(col int) {
	for _, s := range g.items(groupSorting) {
		if s.num(1) == int64(col) {
			g.del(groupSorting)
			return
		}
	}
}
