package second

import (
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"lethe"
)

// parquetFile reads a Parquet file. Its bytes were written by anybody, and
// parquet-go panics at some: that is an error here.
func parquetFile(in *source, columns []string, f func(values [][]string)) (n int64, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("parquet-go: %v", p)
		}
	}()
	file, err := parquet.OpenFile(in, in.Size(), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<20))
	if err != nil {
		return 0, err
	}
	leaves := make([]*leaf, len(columns))
	named(file.Root(), "", func(name string, c *parquet.Column) {
		for i, want := range columns {
			if leaves[i] == nil && strings.EqualFold(name, want) {
				leaves[i] = newLeaf(c)
			}
		}
	})
	for _, g := range file.Metadata().RowGroups {
		for _, l := range leaves {
			if l != nil && g.Columns[l.index].MetaData.Codec == format.Lz4Raw {
				return 0, lethe.Errorf(lethe.Unsupported, "parquet-go does not read LZ4_RAW")
			}
		}
	}
	for i, g := range file.RowGroups() {
		rows := g.NumRows()
		cursors := make([]*cursor, len(leaves))
		for j, l := range leaves {
			if l == nil {
				continue
			}
			cursors[j] = &cursor{leaf: l, pages: g.ColumnChunks()[l.index].Pages()}
			defer cursors[j].pages.Close()
		}
		for r := range rows {
			values := make([][]string, len(leaves))
			for j, c := range cursors {
				if c == nil {
					continue
				}
				if values[j], err = c.row(); err != nil {
					return n, fmt.Errorf("column %s, row %d of row group %d: %w", columns[j], r, i, err)
				}
			}
			f(values)
			n++
		}
		for j, c := range cursors {
			if c != nil && c.more() {
				return n, fmt.Errorf("column %s has more values than row group %d has rows", columns[j], i)
			}
		}
	}
	return n, nil
}

// named calls f with each leaf and its name, which leaves out the levels that lists
// and maps are made of (parquet-format's LogicalTypes.md).
func named(c *parquet.Column, name string, f func(name string, c *parquet.Column)) {
	if c.Leaf() {
		f(name, c)
		return
	}
	for _, child := range c.Columns() {
		next := child
		switch {
		case is[*format.ListType](c, deprecated.List) && child.Repeated():
			if !child.Leaf() && len(child.Columns()) == 1 && child.Name() != "array" && child.Name() != c.Name()+"_tuple" {
				next = child.Columns()[0]
			}
			named(next, name, f)
		case is[*format.MapType](c, deprecated.Map, deprecated.MapKeyValue) && child.Repeated():
			named(child, name, f)
		default:
			named(child, strings.TrimPrefix(name+"."+child.Name(), "."), f)
		}
	}
}

// is reports whether a column has a logical type, or the older converted type.
func is[T format.LogicalTypeValue](c *parquet.Column, converted ...deprecated.ConvertedType) bool {
	if l := c.Type().LogicalType(); l != nil {
		_, ok := l.Value.(T)
		return ok
	}
	t := c.Type().ConvertedType()
	return t != nil && slices.Contains(converted, *t)
}

// leaf is a column, and what its values are.
type leaf struct {
	index                      int
	unsigned, date, uuid, text bool
	plain                      bool // without a logical type
}

func newLeaf(c *parquet.Column) *leaf {
	l := &leaf{
		index: c.Index(),
		date:  is[*format.DateType](c, deprecated.Date),
		uuid:  is[*format.UUIDType](c),
		text:  is[*format.StringType](c, deprecated.UTF8) || is[*format.EnumType](c, deprecated.Enum) || is[*format.JsonType](c, deprecated.Json),
		plain: c.Type().LogicalType() == nil && c.Type().ConvertedType() == nil,
	}
	if t := c.Type().LogicalType(); t != nil {
		n, ok := t.Value.(*format.IntType)
		l.unsigned = ok && !n.IsSigned
	} else {
		l.unsigned = is[*format.IntType](c, deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64)
	}
	return l
}

// texts are what a value may be compared as.
func (l *leaf) texts(v parquet.Value) []string {
	switch v.Kind() {
	case parquet.Boolean:
		return []string{strconv.FormatBool(v.Boolean())}
	case parquet.Int32:
		if l.unsigned {
			return []string{strconv.FormatUint(uint64(v.Uint32()), 10)}
		}
		if l.date {
			return []string{time.Unix(int64(v.Int32())*86400, 0).UTC().Format(time.DateOnly)}
		}
		return []string{strconv.FormatInt(int64(v.Int32()), 10)}
	case parquet.Int64:
		if l.unsigned {
			return []string{strconv.FormatUint(v.Uint64(), 10)}
		}
		return []string{strconv.FormatInt(v.Int64(), 10)}
	case parquet.ByteArray, parquet.FixedLenByteArray:
		b := v.ByteArray()
		switch {
		case l.text:
			return []string{string(b)}
		case l.uuid && len(b) == 16:
			return []string{uuid.UUID(b).String()}
		case l.plain && utf8.Valid(b):
			return []string{string(b), hex.EncodeToString(b)}
		}
		return []string{hex.EncodeToString(b)}
	}
	return []string{v.String()}
}

// cursor reads a column of a row group row by row.
type cursor struct {
	leaf  *leaf
	pages parquet.Pages
	page  parquet.ValueReader
	buf   [512]parquet.Value
	have  []parquet.Value
	err   error
}

// more says whether another value is there.
func (c *cursor) more() bool {
	for len(c.have) == 0 && c.err == nil {
		if c.page == nil {
			p, err := c.pages.ReadPage()
			if err != nil {
				c.err = err
				break
			}
			c.page = p.Values()
		}
		n, err := c.page.ReadValues(c.buf[:])
		c.have = c.buf[:n]
		if err == io.EOF {
			c.page = nil
		} else if err != nil {
			c.err = err
		}
	}
	return len(c.have) > 0
}

// row reads the values of the next row.
func (c *cursor) row() (texts []string, err error) {
	if !c.more() {
		if c.err == io.EOF {
			return nil, io.ErrUnexpectedEOF
		}
		return nil, c.err
	}
	for first := true; c.more() && (first || c.have[0].RepetitionLevel() > 0); first = false {
		if v := c.have[0]; !v.IsNull() {
			texts = append(texts, c.leaf.texts(v)...)
		}
		c.have = c.have[1:]
	}
	if c.err != nil && c.err != io.EOF {
		return nil, c.err
	}
	return texts, nil
}
