package ingest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"reflect"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// codec is shared, because it keeps its encoders.
var codec = &zstd.Codec{Level: zstd.SpeedDefault}

// parquetFile writes blocks as row groups: zstd, statistics, page index.
type parquetFile struct {
	path string
	file *os.File
	out  *bufio.Writer
	w    *parquet.GenericWriter[any]
	rows int64
}

func createParquet(path string, columns []column) (*parquetFile, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	out := bufio.NewWriterSize(f, 256<<10)
	return &parquetFile{path: path, file: f, out: out, w: parquet.NewGenericWriter[any](out, schemaOf(columns),
		parquet.Compression(codec),
		parquet.DataPageStatistics(true),
		parquet.DictionaryMaxBytes(1<<20), // beyond, a column is not worth a dictionary
		parquet.PageBufferSize(256<<10),
		parquet.CreatedBy("lethe", "", ""),
	)}, nil
}

func schemaOf(columns []column) *parquet.Schema {
	r := row{fields: make([]parquet.Field, len(columns))}
	for i, c := range columns {
		r.fields[i] = leaf{c.node(), c.name}
	}
	return parquet.NewSchema("row", r)
}

// row is the group of all columns. A parquet.Group would sort them by name.
type row struct {
	parquet.Group
	fields []parquet.Field
}

func (r row) Fields() []parquet.Field { return r.fields }

// GoType is asked for, but never used: rows are written by column.
func (r row) GoType() reflect.Type { return reflect.TypeFor[struct{}]() }

type leaf struct {
	parquet.Node
	name string
}

func (l leaf) Name() string                      { return l.name }
func (l leaf) Value(reflect.Value) reflect.Value { return reflect.Value{} }

// write adds a block as a row group.
func (p *parquetFile) write(b *block) error {
	for i, w := range p.w.ColumnWriters() {
		if _, err := w.WriteRowValues(b.columns[i]); err != nil {
			return fmt.Errorf("write Parquet: %w", err)
		}
	}
	p.rows += int64(b.rows)
	if err := p.w.Flush(); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}

// close ends the file and returns its size.
func (p *parquetFile) close() (int64, error) {
	err := errors.Join(p.w.Close(), p.out.Flush())
	info, serr := p.file.Stat()
	err = errors.Join(err, serr, p.file.Close())
	if err != nil {
		return 0, fmt.Errorf("write Parquet: %w", err)
	}
	return info.Size(), nil
}
