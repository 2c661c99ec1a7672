package parquet

import (
	"bytes"
	"context"
	"iter"
	"slices"

	"lethe/erasure"
	"lethe/object"
)

// Records yields the rows of a Parquet file; see the package's documentation for
// what the text of a value is. With rows, it reads only the pages that hold these,
// as far as an offset index tells.
func (Format) Records(ctx context.Context, src object.Content, columns []string, rows []int64) iter.Seq2[erasure.Record, error] {
	return func(yield func(erasure.Record, error) bool) {
		f, err := openFile(ctx, src)
		if err != nil {
			yield(erasure.Record{}, err)
			return
		}
		cols, err := f.columns(columns)
		if err != nil {
			yield(erasure.Record{}, err)
			return
		}
		first := int64(0)
		for i := range f.groups {
			g, err := f.group(i, first)
			if err != nil {
				yield(erasure.Record{}, err)
				return
			}
			first += g.rows
			more := true
			err = f.scan(ctx, g, cols, within(rows, g), func(r int64, values [][]string) bool {
				more = yield(erasure.Record{Row: g.first + r, Values: values}, nil)
				return more
			})
			if !more {
				return
			}
			if err != nil {
				yield(erasure.Record{}, in(err, "row group %d", i))
				return
			}
		}
	}
}

// columns finds the columns by their names; -1 is one that the file does not have.
func (f *file) columns(names []string) ([]int, error) {
	cols := make([]int, len(names))
	for i, name := range names {
		var err error
		if cols[i], err = find(f.leaves, name); err != nil {
			return nil, err
		}
	}
	return cols, nil
}

// within returns those of the rows that are in a row group, counted within it; nil,
// as rows, stands for all.
func within(rows []int64, g *group) []int64 {
	if rows == nil {
		return nil
	}
	from, _ := slices.BinarySearch(rows, g.first)
	to, _ := slices.BinarySearch(rows, g.first+g.rows)
	local := make([]int64, to-from)
	for i := range local {
		local[i] = rows[from+i] - g.first
	}
	return local
}

// scan visits the rows of a row group, all of them if rows is nil, with their values of the
// columns, until visit returns false.
func (f *file) scan(ctx context.Context, g *group, cols []int, rows []int64, visit func(r int64, values [][]string) bool) error {
	if rows != nil && len(rows) == 0 {
		return nil
	}
	cursors := make([]*cursor, len(cols))
	for i, col := range cols {
		if col < 0 {
			continue
		}
		p, err := f.open(ctx, g, col)
		if err != nil {
			return in(err, "column %s", f.leaves[col].name)
		}
		cursors[i] = &cursor{pages: p, sparse: rows != nil}
	}
	n := g.rows
	if rows != nil {
		n = int64(len(rows))
	}
	var block [][]string // of many rows, so that not each is an allocation
	for k := range n {
		r := k
		if rows != nil {
			r = rows[k]
		}
		if len(block) < len(cols) {
			block = make([][]string, len(cols)*int(min(n-k, 512)))
		}
		values := block[:len(cols):len(cols)]
		block = block[len(cols):]
		for i, c := range cursors {
			if c == nil {
				continue
			}
			var err error
			if values[i], err = c.values(ctx, r); err != nil {
				return in(err, "column %s", f.leaves[cols[i]].name)
			}
		}
		if !visit(r, values) {
			return nil
		}
		if k%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// cursor reads a column row by row, in rising order.
type cursor struct {
	pages  *pages
	sparse bool // few rows are asked for: do not read ahead
	cur    *loaded
	vals   *values // nil until one is needed
	entry  int     // where row at begins in the page
	value  int     // and its first value
	at     int64

	block []string   // free strings, so that not each row is an allocation
	texts [][]string // the dictionary's, made when first met
}

// mostTexts bounds the dictionary entries of which the text is kept.
const mostTexts = 1 << 16

// values returns the column's values in row r.
func (c *cursor) values(ctx context.Context, r int64) ([]string, error) {
	if c.cur == nil || r >= c.cur.first+c.cur.rows {
		if err := c.find(ctx, r); err != nil {
			return nil, err
		}
	}
	out, err := c.row(nil, r)
	// A row that ends with its page may go on in the next one.
	for err == nil && c.pages.maySplit(c.cur.page) && c.entry == c.cur.count {
		var next *page
		if next, err = c.pages.following(ctx); err != nil || next == nil {
			break
		}
		if err = c.load(ctx, next); err != nil || c.cur.count == 0 {
			continue
		}
		if c.cur.rep[0] == 0 {
			break
		}
		out, err = c.row(out, r)
	}
	return out, err
}

// find loads the page that holds row r.
func (c *cursor) find(ctx context.Context, r int64) error {
	for {
		g, err := c.pages.following(ctx)
		if err != nil {
			return err
		}
		if g == nil {
			return damaged("its pages end before row %d", r)
		}
		if g.rows >= 0 && r >= g.first+g.rows {
			continue
		}
		if err := c.load(ctx, g); err != nil {
			return err
		}
		if r < c.cur.first+c.cur.rows {
			return nil
		}
	}
}

func (c *cursor) load(ctx context.Context, g *page) error {
	until := c.pages.end
	if c.sparse {
		until = g.off + g.size
	}
	p, err := c.pages.load(ctx, g, until)
	if err != nil {
		return err
	}
	c.cur, c.vals, c.entry, c.value, c.at = p, nil, 0, 0, p.first
	return nil
}

// row appends the texts of row r, as far as it is in the page, and moves behind it.
func (c *cursor) row(out []string, r int64) ([]string, error) {
	for c.at < r {
		if c.pages.leaf.maxRep == 0 {
			c.skip(c.entry + int(r-c.at))
			c.at = r
			break
		}
		c.skip(c.end())
		c.at++
	}
	end := c.end()
	if end > c.cur.count {
		return nil, damaged("page at %d: it ends before row %d", c.cur.off, r)
	}
	from := c.value
	c.skip(end)
	c.at++
	if c.value == from {
		return out, nil
	}
	if c.vals == nil {
		var err error
		if c.vals, err = c.cur.values(c.pages.leaf, c.pages.dict); err != nil {
			return nil, in(err, "page at %d", c.cur.off)
		}
	}
	if c.value-from == 1 && out == nil {
		return c.text(from), nil
	}
	for i := from; i < c.value; i++ {
		out = append(out, c.text(i)...)
	}
	return out, nil
}

// end returns where the row ends that begins at entry.
func (c *cursor) end() int {
	if c.pages.leaf.maxRep == 0 {
		return c.entry + 1
	}
	if c.entry+1 >= c.cur.count {
		return c.cur.count
	}
	if n := bytes.IndexByte(c.cur.rep[c.entry+1:], 0); n >= 0 {
		return c.entry + 1 + n
	}
	return c.cur.count
}

// skip moves to another entry, and past the values before it.
func (c *cursor) skip(entry int) {
	entry = min(entry, c.cur.count)
	switch {
	case c.pages.leaf.maxDef == 0:
		c.value += entry - c.entry
	case entry == c.entry+1:
		if c.cur.def[c.entry] == uint8(c.pages.leaf.maxDef) {
			c.value++
		}
	default:
		c.value += countByte(c.cur.def[c.entry:entry], uint8(c.pages.leaf.maxDef))
	}
	c.entry = entry
}

// text returns the forms of text of a value.
func (c *cursor) text(i int) []string {
	v := c.vals
	if v.dict == nil || v.dict.n > mostTexts {
		return c.form(v.at(i))
	}
	if c.texts == nil {
		c.texts = make([][]string, v.dict.n)
	}
	k := v.index[i]
	if c.texts[k] == nil {
		c.texts[k] = c.form(v.dict.at(int(k)))
	}
	return c.texts[k]
}

func (c *cursor) form(b []byte) []string {
	if cap(c.block)-len(c.block) < 2 {
		c.block = make([]string, 0, 512)
	}
	from := len(c.block)
	c.block = c.pages.leaf.appendTexts(c.block, b)
	return c.block[from:len(c.block):len(c.block)]
}
