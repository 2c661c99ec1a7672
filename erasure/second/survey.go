package second

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"lethe"
	"lethe/catalog"
	"lethe/erasure"
	"lethe/object"
)

var _ erasure.Surveyor = Reader{}

// Survey implements erasure.Surveyor, for Parquet.
func (Reader) Survey(ctx context.Context, s erasure.Stored, src object.Content) (erasure.Survey, error) {
	st := s.Storage
	if st.SerDe.Library == "" {
		st.SerDe = s.Table.Storage.SerDe
	}
	if s.Format != "parquet" && (s.Format != "" || st.SerDe.Library != catalog.Parquet.SerDe) {
		return nil, lethe.Errorf(lethe.Unsupported, "%s is in a format without a table of contents", s.Key)
	}
	in := &source{ctx: ctx, Content: src}
	f, err := footer(in)
	var ours *lethe.Error
	switch {
	case in.err != nil:
		return nil, in.err
	case errors.As(err, &ours):
		return nil, err
	case err != nil:
		return nil, lethe.Errorf(lethe.Invalid, "%w", err)
	}
	return f, nil
}

// parquetFooter is the table of contents of a Parquet file.
type parquetFooter struct {
	*format.FileMetaData
	indexes []format.OffsetIndex // of all columns of all row groups; empty if there is none
}

func footer(in *source) (f *parquetFooter, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("parquet-go: %v", p)
		}
	}()
	file, err := parquet.OpenFile(in, in.Size(), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	f = &parquetFooter{file.Metadata(), file.OffsetIndexes()}
	rows := int64(0)
	for i := range f.RowGroups {
		g := &f.RowGroups[i]
		rows += g.NumRows
		for col := range g.Columns {
			if err := f.pages(i, col); err != nil {
				return nil, fmt.Errorf("row group %d, column %d: %w", i, col, err)
			}
		}
	}
	if rows != f.NumRows {
		return nil, fmt.Errorf("its row groups have %d rows, and it says %d", rows, f.NumRows)
	}
	return f, nil
}

// Records implements erasure.Survey.
func (f *parquetFooter) Records() int64 { return f.NumRows }

// index returns where a column chunk's pages are, as far as the file says it.
func (f *parquetFooter) index(group, col int) []format.PageLocation {
	if i := group*len(f.RowGroups[group].Columns) + col; i < len(f.indexes) && f.RowGroups[group].Columns[col].OffsetIndexOffset > 0 {
		return f.indexes[i].PageLocations
	}
	return nil
}

// pages says what is wrong with where a column chunk's pages are.
func (f *parquetFooter) pages(group, col int) error {
	from, to := chunk(&f.RowGroups[group].Columns[col])
	at, row := from, int64(-1)
	for i, p := range f.index(group, col) {
		if i > 0 && p.Offset != at || p.Offset < at || p.FirstRowIndex <= row || p.FirstRowIndex >= f.RowGroups[group].NumRows {
			return fmt.Errorf("page %d is at %d and begins with row %d, which cannot be", i, p.Offset, p.FirstRowIndex)
		}
		at, row = p.Offset+int64(p.CompressedPageSize), p.FirstRowIndex
	}
	if at > to {
		return fmt.Errorf("its pages go on until %d, and it ends at %d", at, to)
	}
	return nil
}

// chunk is where a column chunk is.
func chunk(c *format.ColumnChunk) (from, to int64) {
	from = c.MetaData.DataPageOffset
	if d := c.MetaData.DictionaryPageOffset; d > 0 && d < from {
		from = d
	}
	return from, from + c.MetaData.TotalCompressedSize
}

// Follows implements erasure.Survey. Column chunks that no edit touches must be in the
// file, in order, at the places to which the edits have moved them, and told of as
// they were.
func (f *parquetFooter) Follows(was erasure.Survey, edits []object.Edit) error {
	before, ok := was.(*parquetFooter)
	if !ok {
		return fmt.Errorf("it was no Parquet file")
	}
	if !reflect.DeepEqual(before.Schema, f.Schema) {
		return fmt.Errorf("it has another schema")
	}
	m := moving(edits)
	next := 0 // row group of f
	for i := range before.RowGroups {
		var still []int
		for col := range before.RowGroups[i].Columns {
			if from, to := chunk(&before.RowGroups[i].Columns[col]); !m.touch(from, to) {
				still = append(still, col)
			}
		}
		if len(still) == 0 {
			continue // it was cut in every column, or is gone: whoever reads what is new sees which
		}
		// Those that were cut in every column lie between.
		var why error
		at := next
		for ; at < len(f.RowGroups); at++ {
			err := f.same(at, before, i, still, m)
			if err == nil {
				break
			}
			why = cmp.Or(why, err)
		}
		if at == len(f.RowGroups) {
			return fmt.Errorf("row group %d as it was: %w", i, cmp.Or(why, errors.New("it is not there")))
		}
		next = at + 1
	}
	return nil
}

// same says why a row group is not another one as it was before, in the columns that
// were not touched.
func (f *parquetFooter) same(group int, before *parquetFooter, was int, columns []int, m moving) error {
	g, w := &f.RowGroups[group], &before.RowGroups[was]
	if len(g.Columns) != len(w.Columns) {
		return fmt.Errorf("%d columns, and not %d", len(g.Columns), len(w.Columns))
	}
	if len(columns) == len(w.Columns) && g.NumRows != w.NumRows {
		return fmt.Errorf("%d rows, and not %d", g.NumRows, w.NumRows)
	}
	for _, col := range columns {
		c, o := g.Columns[col], w.Columns[col]
		now, then := c.MetaData, o.MetaData
		for _, p := range []struct {
			what      string
			now, then int64
		}{
			{"its pages", now.DataPageOffset, then.DataPageOffset},
			{"its dictionary", now.DictionaryPageOffset, then.DictionaryPageOffset},
			{"its index page", now.IndexPageOffset, then.IndexPageOffset},
			{"its Bloom filter", now.BloomFilterOffset, then.BloomFilterOffset},
			{"its column index", c.ColumnIndexOffset, o.ColumnIndexOffset},
			{"its offset index", c.OffsetIndexOffset, o.OffsetIndexOffset},
		} {
			// An index that was written anew is looked into below.
			if p.then > 0 && p.now != m.to(p.then) && !m.touch(p.then, p.then+1) || (p.then > 0) != (p.now > 0) {
				return fmt.Errorf("column %d: %s are said to be at %d, and are at %d", col, p.what, p.now, m.to(p.then))
			}
		}
		now.DataPageOffset, now.DictionaryPageOffset, now.IndexPageOffset, now.BloomFilterOffset = then.DataPageOffset, then.DictionaryPageOffset, then.IndexPageOffset, then.BloomFilterOffset
		now.KeyValueMetadata, then.KeyValueMetadata = nil, nil // which may have named the person
		if !reflect.DeepEqual(now, then) {
			return fmt.Errorf("column %d is told of otherwise", col)
		}
		pages := slices.Clone(before.index(was, col))
		for i := range pages {
			pages[i].Offset = m.to(pages[i].Offset)
		}
		if !slices.Equal(pages, f.index(group, col)) {
			return fmt.Errorf("column %d: its offset index is not of its pages", col)
		}
	}
	return nil
}

// moving are edits, which move what is behind them.
type moving []object.Edit

// touch reports whether one of them is of bytes from one offset to another.
func (m moving) touch(from, to int64) bool {
	return slices.ContainsFunc(m, func(e object.Edit) bool { return e.Off < to && (e.Off+e.Len > from || e.Len == 0 && e.Off > from) })
}

// to is where a byte is once the edits are made.
func (m moving) to(off int64) int64 {
	at := off
	for _, e := range m {
		if e.Off+e.Len <= off {
			at += e.NewLen() - e.Len
		}
	}
	return at
}
