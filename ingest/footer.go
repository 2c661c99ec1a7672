package ingest

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"lethe"
	"lethe/catalog"
)

// parquetColumns reads the columns and the number of rows of a local file.
func parquetColumns(path string) (columns []catalog.Column, rows int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	return ParquetColumns(f, info.Size())
}

// ParquetColumns reads a Parquet file's columns, in Hive's types, and the
// number of its rows from its footer.
func ParquetColumns(f io.ReaderAt, size int64) (columns []catalog.Column, rows int64, err error) {
	defer func() {
		// The footer is a stranger's; a reader that trips over it must not take
		// the server along.
		if r := recover(); r != nil {
			err = fmt.Errorf("its footer cannot be read: %v", r)
		}
	}()
	p, err := parquet.OpenFile(f, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, 0, err
	}
	for _, field := range p.Schema().Fields() {
		typ, err := hiveType(field, 0)
		if err != nil {
			return nil, 0, fmt.Errorf("column %s: %w", field.Name(), err)
		}
		columns = append(columns, catalog.Column{Name: strings.ToLower(field.Name()), Type: typ})
	}
	return columns, p.NumRows(), nil
}

// maxNesting bounds how deep a footer's types may nest.
const maxNesting = 32

// hiveType is the type in Hive's spelling of a column as Parquet describes it.
func hiveType(n parquet.Node, depth int) (string, error) {
	if depth > maxNesting {
		return "", fmt.Errorf("its type nests more than %d levels", maxNesting)
	}
	if n.Repeated() {
		// A repeated field that is in no LIST is a list of required elements.
		t, err := hiveType(parquet.Required(n), depth+1)
		return "array<" + t + ">", err
	}
	if n.Leaf() {
		return hiveLeaf(n)
	}
	fields := n.Fields()
	if l := n.Type().LogicalType(); l != nil && len(fields) == 1 {
		switch l.Value.(type) {
		case *format.ListType:
			return hiveList(fields[0], depth)
		case *format.MapType:
			if kv := fields[0].Fields(); !fields[0].Leaf() && len(kv) == 2 {
				k, err := hiveType(kv[0], depth+1)
				if err != nil {
					return "", err
				}
				v, err := hiveType(kv[1], depth+1)
				return "map<" + k + "," + v + ">", err
			}
		}
	}
	var parts []string
	for _, f := range fields {
		t, err := hiveType(f, depth+1)
		if err != nil {
			return "", err
		}
		parts = append(parts, strings.ToLower(f.Name())+":"+t)
	}
	return "struct<" + strings.Join(parts, ",") + ">", nil
}

// hiveList is a LIST: its repeated group holds the element, or, as old writers
// have it, is the element.
func hiveList(n parquet.Field, depth int) (string, error) {
	if !n.Leaf() && len(n.Fields()) == 1 {
		t, err := hiveType(n.Fields()[0], depth+1)
		return "array<" + t + ">", err
	}
	return hiveType(n, depth)
}

func hiveLeaf(n parquet.Node) (string, error) {
	t := n.Type()
	if l := t.LogicalType(); l != nil {
		switch l := l.Value.(type) {
		case *format.StringType, *format.EnumType, *format.JsonType:
			return "string", nil
		case *format.DecimalType:
			return fmt.Sprintf("decimal(%d,%d)", l.Precision, l.Scale), nil
		case *format.DateType:
			return "date", nil
		case *format.TimestampType:
			return "timestamp", nil
		case *format.IntType:
			return hiveInt(int(l.BitWidth), l.IsSigned)
		case *format.NullType:
			return "string", nil
		case *format.TimeType, *format.UUIDType, *format.BsonType:
			return "", lethe.Errorf(lethe.Unsupported, "its type %s is none of Hive's", t)
		}
	}
	switch t.Kind() {
	case parquet.Boolean:
		return "boolean", nil
	case parquet.Int32:
		return "int", nil
	case parquet.Int64:
		return "bigint", nil
	case parquet.Int96:
		return "timestamp", nil
	case parquet.Float:
		return "float", nil
	case parquet.Double:
		return "double", nil
	}
	return "binary", nil
}

// hiveInt widens unsigned integers, which Hive does not have.
func hiveInt(bits int, signed bool) (string, error) {
	if !signed {
		bits *= 2
	}
	switch {
	case bits <= 8:
		return "tinyint", nil
	case bits <= 16:
		return "smallint", nil
	case bits <= 32:
		return "int", nil
	case bits <= 64:
		return "bigint", nil
	}
	return "decimal(20,0)", nil
}
