package parquet_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// honest checks, with parquet-go, that the metadata of a file is what its values
// say: counts, sizes, bounds, levels, page indexes and Bloom filters.
func honest(t *testing.T, name string, b []byte) {
	t.Helper()
	f, err := pq.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatalf("%s: parquet-go refuses it: %v", name, err)
	}
	var rows int64
	for i, g := range f.RowGroups() {
		m := f.Metadata().RowGroups[i]
		rows += g.NumRows()
		if int(m.Ordinal) != i && m.Ordinal != 0 {
			t.Errorf("%s: row group %d has ordinal %d", name, i, m.Ordinal)
		}
		var packed int64
		for _, c := range m.Columns {
			packed += c.MetaData.TotalCompressedSize
		}
		if m.TotalCompressedSize != 0 && m.TotalCompressedSize != packed {
			t.Errorf("%s: row group %d has %d bytes, its columns %d", name, i, m.TotalCompressedSize, packed)
		}
		for k, c := range g.ColumnChunks() {
			meta := m.Columns[k].MetaData
			if meta.Codec == format.Lz4Raw || meta.Type == format.Boolean && !slices.Contains(meta.Encoding, format.Plain) {
				continue // parquet-go reads neither LZ4 nor run lengths of booleans as they are
			}
			x := chunkCheck{t: t, name: name, group: i, column: m.Columns[k].MetaData, rows: g.NumRows(), chunk: c}
			x.run()
		}
	}
	if rows != f.Metadata().NumRows {
		t.Errorf("%s: %d rows in row groups, %d in the file", name, rows, f.Metadata().NumRows)
	}
}

// readable reports whether parquet-go reads a file: it panics on pages without
// values, which PyArrow writes now and then.
func readable(b []byte) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	f, err := pq.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return false
	}
	for _, g := range f.RowGroups() {
		for _, c := range g.ColumnChunks() {
			pages := c.Pages()
			for err == nil {
				_, err = pages.ReadPage()
			}
			pages.Close()
			if err != io.EOF {
				return false
			}
			err = nil
		}
	}
	return true
}

type chunkCheck struct {
	t      *testing.T
	name   string
	group  int
	column format.ColumnMetaData
	rows   int64
	chunk  pq.ColumnChunk

	values, nulls int64
	least, most   pq.Value
	seen          bool
}

func (x *chunkCheck) fail(text string, args ...any) {
	x.t.Helper()
	x.t.Fatalf("%s, row group %d, column %v: "+text, append([]any{x.name, x.group, x.column.PathInSchema}, args...)...)
}

func nan(v pq.Value) bool {
	switch v.Kind() {
	case pq.Float:
		return math.IsNaN(float64(v.Float()))
	case pq.Double:
		return math.IsNaN(v.Double())
	}
	return false
}

func (x *chunkCheck) run() {
	x.t.Helper()
	index, err := x.chunk.ColumnIndex()
	if err != nil && !errors.Is(err, pq.ErrMissingColumnIndex) {
		x.fail("column index: %v", err)
	}
	if index != nil && index.NumPages() == 0 {
		index = nil // of a column that has none beside one that has, parquet-go makes an empty one
	}
	offsets, err := x.chunk.OffsetIndex()
	if err != nil && !errors.Is(err, pq.ErrMissingOffsetIndex) {
		x.fail("offset index: %v", err)
	}
	filter := x.chunk.BloomFilter()
	typ := x.chunk.Type()
	// Orders that parquet-go does not know, and that of decimals, which it gets wrong.
	ordered := typ.Kind() != pq.Int96 && !(typ.Kind() == pq.FixedLenByteArray && (typ.Length() == 2 || strings.HasPrefix(typ.String(), "DECIMAL")))
	pages := x.chunk.Pages()
	defer pages.Close()
	row, n := int64(0), 0
	for {
		p, err := pages.ReadPage()
		if err == io.EOF {
			break
		}
		if err != nil {
			x.fail("page %d: %v", n, err)
		}
		if offsets != nil && (n >= offsets.NumPages() || offsets.FirstRowIndex(n) != row) {
			x.fail("page %d begins at row %d, of %d pages", n, row, offsets.NumPages())
		}
		row += p.NumRows()
		list := make([]pq.Value, p.NumValues())
		k, err := p.Values().ReadValues(list)
		if err != nil && err != io.EOF || k != len(list) {
			x.fail("page %d has %d values, not %d: %v", n, k, len(list), err)
		}
		nulls := int64(0)
		for _, v := range list {
			x.values++
			if v.IsNull() {
				nulls++
				continue
			}
			if filter != nil {
				if ok, err := filter.Check(v); err != nil || !ok {
					x.fail("the Bloom filter lacks a value (%v)", err)
				}
			}
			if nan(v) || !ordered {
				continue
			}
			if index != nil && !index.NullPage(n) {
				if typ.Compare(v, index.MinValue(n)) < 0 || typ.Compare(v, index.MaxValue(n)) > 0 && len(index.MaxValue(n).Bytes()) >= len(v.Bytes()) {
					x.fail("page %d: %v is not within %v and %v", n, v, index.MinValue(n), index.MaxValue(n))
				}
			} else if index != nil && !(p.NumValues() > p.NumRows() && index.NullCount(n) == p.NumRows()) {
				// (arrow-rs says so of lists where it has as many nulls as rows.)
				x.fail("page %d has values, and the index says that it has none", n)
			}
			if !x.seen || typ.Compare(v, x.least) < 0 {
				x.least = v.Clone()
			}
			if !x.seen || typ.Compare(v, x.most) > 0 {
				x.most = v.Clone()
			}
			x.seen = true
		}
		if index != nil && index.NullCount(n) != nulls {
			x.fail("page %d has %d nulls, not %d", n, nulls, index.NullCount(n))
		}
		x.nulls += nulls
		n++
	}
	switch {
	case row != x.rows:
		x.fail("it has %d rows, the row group %d", row, x.rows)
	case offsets != nil && n != offsets.NumPages():
		x.fail("it has %d pages, its index %d", n, offsets.NumPages())
	case x.values != x.column.NumValues:
		x.fail("it has %d values, not %d", x.values, x.column.NumValues)
	}
	x.statistics(typ, ordered)
	x.sizes()
}

// statistics must be exactly those of the values, as those of whole files by these
// writers are, or are but for being cut.
func (x *chunkCheck) statistics(typ pq.Type, ordered bool) {
	x.t.Helper()
	s := x.column.Statistics
	if s.NullCount != x.nulls && s.NullCount != 0 {
		x.fail("it has %d nulls, not %d", x.nulls, s.NullCount)
	}
	if s.MinValue == nil || s.MaxValue == nil || !ordered {
		return
	}
	if !x.seen {
		if len(s.MinValue) > 0 {
			x.fail("it has bounds and no values")
		}
		return
	}
	least, most := typ.Kind().Value(s.MinValue), typ.Kind().Value(s.MaxValue)
	// arrow-rs cuts long bounds of texts, the upper one after making it greater.
	cutLeast := typ.Kind() == pq.ByteArray && len(s.MinValue) < len(x.least.Bytes()) && typ.Compare(least, x.least) < 0
	cutMost := typ.Kind() == pq.ByteArray && len(s.MaxValue) < len(x.most.Bytes()) && typ.Compare(most, x.most) > 0
	if typ.Compare(least, x.least) != 0 && !cutLeast || typ.Compare(most, x.most) != 0 && !cutMost {
		x.fail("its bounds are %v and %v, those of its values %v and %v", least, most, x.least, x.most)
	}
}

func (x *chunkCheck) sizes() {
	x.t.Helper()
	for _, h := range [][]int64{x.column.SizeStatistics.RepetitionLevelHistogram, x.column.SizeStatistics.DefinitionLevelHistogram} {
		sum := int64(0)
		for _, n := range h {
			sum += n
		}
		if len(h) > 0 && sum != x.values {
			x.fail("its histogram is of %d values, not %d", sum, x.values)
		}
	}
}
