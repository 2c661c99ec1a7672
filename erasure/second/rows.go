package second

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"lethe"
)

// mostRows bounds the rows of a row group, of which nine bytes each are kept.
const mostRows = 8 << 20

// parquetSequence goes through the rows of a Parquet file. They are read by column, so that
// memory is that of a page, and each is a hash over its values and their levels.
func parquetSequence(in *source, head func([]byte), add func(record []byte, blank bool)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("parquet-go: %v", p)
		}
	}()
	file, err := parquet.OpenFile(in, in.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true), parquet.ReadBufferSize(1<<20))
	if err != nil {
		return err
	}
	for _, g := range file.Metadata().RowGroups {
		for _, c := range g.Columns {
			if c.MetaData.Codec == format.Lz4Raw {
				return lethe.Errorf(lethe.Unsupported, "parquet-go does not read LZ4_RAW")
			}
		}
	}
	head([]byte(file.Root().String()))
	var leaves []*parquet.Column
	everyLeaf(file.Root(), func(c *parquet.Column) { leaves = append(leaves, c) })
	for i, g := range file.RowGroups() {
		if g.NumRows() > mostRows {
			return lethe.Errorf(lethe.Unsupported, "a row group of %d rows (the most is %d)", g.NumRows(), mostRows)
		}
		rows := make([]hashedRow, g.NumRows())
		for _, c := range leaves {
			if err := hashColumn(g.ColumnChunks()[c.Index()], c, rows); err != nil {
				return fmt.Errorf("column %v of row group %d: %w", c.Path(), i, err)
			}
		}
		var record [8]byte
		for _, r := range rows {
			binary.LittleEndian.PutUint64(record[:], r.sum)
			add(record[:], !r.some)
		}
	}
	return nil
}

func everyLeaf(c *parquet.Column, f func(c *parquet.Column)) {
	if c.Leaf() {
		f(c)
	}
	for _, child := range c.Columns() {
		everyLeaf(child, f)
	}
}

// hashedRow is what was seen of a row.
type hashedRow struct {
	sum  uint64
	some bool // it has something in it: what is neither null, nor zero where there can be no null
}

// hashColumn reads a column of a row group.
func hashColumn(chunk parquet.ColumnChunk, c *parquet.Column, rows []hashedRow) error {
	pages := chunk.Pages()
	defer pages.Close()
	var values [512]parquet.Value
	var text []byte
	row := -1
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		for from := page.Values(); ; {
			n, err := from.ReadValues(values[:])
			for _, v := range values[:n] {
				if v.RepetitionLevel() == 0 {
					row++
				}
				if row < 0 || row >= len(rows) {
					return fmt.Errorf("it has other rows than the %d of its row group", len(rows))
				}
				r := &rows[row]
				text = append(text[:0], byte(v.RepetitionLevel()), byte(v.DefinitionLevel()))
				if !v.IsNull() {
					text = v.AppendBytes(text)
				}
				// In order: a value that moves to another column or row changes both.
				r.sum = r.sum*0x9e3779b97f4a7c15 + xxhash.Sum64(text)
				if c.MaxDefinitionLevel() > 0 {
					r.some = r.some || v.DefinitionLevel() > 0 || v.RepetitionLevel() > 0
					continue
				}
				for _, b := range text[2:] {
					r.some = r.some || b != 0
				}
			}
			if err == io.EOF {
				break
			} else if err != nil {
				return err
			}
		}
	}
	if row != len(rows)-1 {
		return fmt.Errorf("it has %d rows, and its row group %d", row+1, len(rows))
	}
	return nil
}
