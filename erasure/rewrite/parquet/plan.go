package parquet

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"lethe/erasure"
	"lethe/lib/runs"
	"lethe/object"
)

// Plan finds the rows of a person and says which bytes to replace.
func (Format) Plan(ctx context.Context, src object.Content, c erasure.Cut) (*erasure.Plan, error) {
	return plan(ctx, src, c, func(p *planner) error {
		cols, err := p.file.columns(c.Columns)
		if err != nil {
			return err
		}
		return p.cutRows(ctx, c.Traces, func(g *group, rows *rowSet) error {
			return p.file.scan(ctx, g, cols, within(c.Rows, g), func(r int64, values [][]string) bool {
				if c.Match(values) {
					rows.add(r)
				}
				return true
			})
		})
	})
}

// plan makes a plan of the rows that cut finds.
func plan(ctx context.Context, src object.Content, c erasure.Cut, cut func(*planner) error) (_ *erasure.Plan, err error) {
	f, err := openFile(ctx, src)
	if err != nil {
		return nil, err
	}
	p := &planner{file: f, cut: c, was: f.takeBlanked(), spill: &spill{dir: c.Dir}, groups: make([]*groupEdit, len(f.groups)), plan: &erasure.Plan{Rows: f.rows}}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.spill.close())
		}
	}()
	if err := cut(p); err != nil {
		return nil, err
	}
	table := f.keptBy()
	pairs, changed := f.cleanMetadata(c.Traces, p.plan.Cut > 0)
	if p.pairs += pairs; p.plan.Cut > 0 || changed || p.pairs > 0 {
		if table != "" {
			return nil, unsupported("a data file of a table in %s's format, whose metadata would not fit it any more", table)
		}
		if err := p.lay(ctx); err != nil {
			return nil, err
		}
	}
	p.notes()
	p.plan.Read = f.src.read.Load()
	p.plan.Release = p.spill.close
	return p.plan, nil
}

// planner makes a plan: rows are cut group by group, then all that stays is laid
// out anew.
type planner struct {
	file   *file
	cut    erasure.Cut
	spill  *spill
	plan   *erasure.Plan
	groups []*groupEdit // nil: the row group stays as it is
	edits  []edit       // of pages, dictionaries, column indexes and filters
	pairs  int          // of metadata that named the person

	was, blanked runs.Set // the rows that were blanked, and those that are now
	gone         int64    // rows that were cut, up to where it is
	forgotten    bool     // the file cannot say which are blanked

	indexes        *shifts // by the new offset indexes
	droppedIndexes int
}

// cutRows changes the pages of the rows that find adds, in each row group, and takes the
// traces out of what the group says.
func (p *planner) cutRows(ctx context.Context, traces []string, find func(g *group, rows *rowSet) error) error {
	f := p.file
	changes, err := f.changes(p.cut)
	if err != nil {
		return err
	}
	reading, stop := context.WithCancel(ctx)
	whole, err := p.wholes(changes)
	if err != nil {
		stop()
		return err
	}
	defer whole.end()
	defer stop()
	first := int64(0)
	for i := range f.groups {
		g, err := f.group(i, first)
		if err != nil {
			return err
		}
		first += g.rows
		if err := whole.hold(reading, i); err != nil {
			return in(err, "row group %d", i)
		}
		changed := false
		for col := range g.columns() {
			n := cleanColumn(&g.columns()[col], traces)
			p.pairs += n
			changed = changed || n > 0
		}
		rows := newRowSet(g.rows)
		if err = find(g, rows); err == nil {
			p.stillBlanked(g, rows)
		}
		if err == nil && rows.n > 0 {
			p.plan.Cut += rows.n
			if p.groups[i], err = f.editGroup(ctx, g, changes, rows, p.plan.Gone != nil, p.spill); err == nil {
				p.take(p.groups[i], g)
				changed = true
			}
		}
		if err != nil {
			return in(err, "row group %d", i)
		}
		if changed {
			f.groups[i] = appendNode(nil, &g.node)
		}
	}
	p.plan.Empty = p.plan.Cut > 0 && p.plan.Cut == f.rows && p.cut.Mode != erasure.Replace
	return nil
}

// take takes over what became of a row group, and lets go of what is not needed.
func (p *planner) take(e *groupEdit, g *group) {
	for col, c := range e.chunks {
		if c == nil {
			continue
		}
		p.edits = append(p.edits, c.out...)
		column := &g.columns()[col]
		if c.indexed && column.num(chunkColumnIdx) == 0 {
			p.droppedIndexes++
		}
		e.chunks[col] = &chunkEdit{pages: &pages{index: c.pages.index}, indexSize: c.indexSize}
	}
}

// notes tells what a reviewer should know.
func (p *planner) notes() {
	note := func(format string, args ...any) { p.plan.Notes = append(p.plan.Notes, fmt.Sprintf(format, args...)) }
	if p.pairs > 0 {
		note("%d of the file's metadata entries named the person and are removed", p.pairs)
	}
	if p.forgotten {
		note("the rows that are blank in it are too scattered for it to say which they are: they stay so")
	}
	if p.droppedIndexes > 0 {
		note("%d column indexes cannot describe what is left and are removed; readers do without", p.droppedIndexes)
	}
}

// trailer returns the footer with its length and magic.
func trailer(footer []byte) []byte {
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer)))
	return append(footer, magic...)
}
