package leak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquet looks at all values of all pages of a Parquet file, and at its
// dictionaries, also at entries that no value uses. Footer, statistics and indexes
// are not compressed, and were looked at as they are.
func (s *scan) parquet(f *os.File, size int64, rel string) (err error) {
	defer func() { // a damaged file
		if r := recover(); r != nil {
			err = fmt.Errorf("parquet: %v", r)
		}
	}()
	p, err := parquet.OpenFile(f, size, parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	for i, g := range p.RowGroups() {
		for j, c := range g.ColumnChunks() {
			meta := p.Metadata().RowGroups[i].Columns[j].MetaData
			if meta.Codec == format.Lz4Raw { // parquet-go 0.32.0 decodes its pages wrong (its issue 608)
				s.unread(rel, fmt.Errorf("column %s is LZ4_RAW", strings.Join(meta.PathInSchema, ".")))
				continue
			}
			if err := s.parquetColumn(rel, "column "+strings.Join(meta.PathInSchema, "."), c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *scan) parquetColumn(rel, where string, c parquet.ColumnChunk) error {
	pages := c.Pages()
	defer pages.Close()
	values := make([]parquet.Value, 256)
	dictionary := false
	for {
		if s.ctx.Err() != nil {
			return context.Cause(s.ctx)
		}
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if d := page.Dictionary(); d != nil && !dictionary {
			dictionary = true
			for i := range d.Len() {
				s.parquetValue(rel, where+", dictionary", d.Index(int32(i)))
			}
		}
		for r := page.Values(); err == nil; {
			var n int
			n, err = r.ReadValues(values)
			for _, v := range values[:n] {
				s.parquetValue(rel, where, v)
			}
		}
		parquet.Release(page)
		if !errors.Is(err, io.EOF) {
			return err
		}
	}
}

// parquetValue looks at the bytes of a value, and at the digits of a number, which
// may be an identifier.
func (s *scan) parquetValue(rel, where string, v parquet.Value) {
	switch v.Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		s.value(rel, where, v.ByteArray())
	case parquet.Int32, parquet.Int64:
		s.bytes(rel, where, []byte(v.String()))
	}
}
