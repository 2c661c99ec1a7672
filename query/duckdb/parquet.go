package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	duck "github.com/duckdb/duckdb-go/v2"

	"lethe/lib/trinosql"
)

// Parquet files say what their columns are, and need not say what the table
// says. As in Athena, columns are found by name, a missing one is null, and a
// type that does not fit is an error that names file, column and both types.
//
// A column whose stored type is the table's is read as it is: no cast, so that
// filters reach row groups and unused columns stay unread. Files with equal
// types of the used columns are read together.

// parquetColumn is a column of a file, as parquet_schema describes it.
type parquetColumn struct {
	name     string
	physical string // Parquet's type, as INT64
	shape    string // everything about the type, also of what is nested in it
}

// millis reports whether a column holds timestamps in milliseconds.
func (c parquetColumn) millis() bool {
	return strings.Contains(c.shape, "TIMESTAMP_MILLIS") || strings.Contains(c.shape, "MILLIS=MilliSeconds")
}

// parquet writes the SELECTs of a Parquet source.
func (b *builder) parquet(ctx context.Context) error {
	groups, err := b.alike(ctx)
	if err != nil {
		return err
	}
	for _, files := range groups {
		names, types, err := b.d.columnsOf(ctx, "SELECT * FROM read_parquet("+quote(files[0])+", hive_partitioning=false)")
		if err != nil {
			return unreadableFile(files[0], err)
		}
		exact, err := b.exactTimestamps(ctx, files[0])
		if err != nil {
			return err
		}
		at := map[string]int{}
		for i := len(names) - 1; i >= 0; i-- { // the first of several spellings
			at[strings.ToLower(names[i])] = i
		}
		items := make([]string, len(b.rel.Columns))
		var hints []string
		for i, c := range b.rel.Columns {
			x := ""
			if c.Key >= 0 {
				x = b.key(i)
			} else if j, ok := at[strings.ToLower(c.Name)]; !ok {
				x = "CAST(NULL AS " + c.Duck + ")"
			} else if x, ok = fromParquet(ident(names[j]), types[j], c.Type, c.Duck, exact[strings.ToLower(c.Name)]); !ok {
				return b.incompatible(ctx, files[0], c, types[j])
			} else if plain := ident(names[j]); x != plain {
				if h := c.hint(plain, types[j]); h != "" {
					hints = append(hints, "("+h+")")
				}
			}
			items[i] = x + " AS " + ident(c.Name)
		}
		from, err := b.files(ctx, files)
		if err != nil {
			return err
		}
		sql := "SELECT " + selectList(items) + " FROM read_parquet(" + from + ")"
		if len(hints) > 0 {
			sql += " WHERE " + strings.Join(hints, " AND ")
		}
		b.selects = append(b.selects, sql)
	}
	return nil
}

// exactTimestamps returns the used columns, in lower case, whose timestamps are
// stored in milliseconds.
func (b *builder) exactTimestamps(ctx context.Context, file string) (map[string]bool, error) {
	if !slices.ContainsFunc(b.rel.Columns, func(c relColumn) bool { return c.Key < 0 && c.Type.Kind == trinosql.KindTimestamp }) {
		return nil, nil
	}
	exact := map[string]bool{}
	return exact, b.d.schemas(ctx, []string{file}, func(_ string, columns []parquetColumn) {
		for _, c := range columns {
			exact[strings.ToLower(c.name)] = c.millis()
		}
	})
}

// alike groups the files by the stored types of the used columns.
func (b *builder) alike(ctx context.Context) ([][]string, error) {
	if len(b.src.Files) == 1 {
		return [][]string{b.src.Files}, nil
	}
	used := map[string]bool{}
	for _, c := range b.rel.Columns {
		if c.Key < 0 {
			used[strings.ToLower(c.Name)] = true
		}
	}
	groups := map[string][]string{}
	var order []string
	err := b.d.schemas(ctx, b.src.Files, func(file string, columns []parquetColumn) {
		var sig strings.Builder
		for _, c := range columns {
			if used[strings.ToLower(c.name)] {
				sig.WriteString(strings.ToLower(c.name) + "\x00" + c.shape + "\x00")
			}
		}
		s := sig.String()
		if groups[s] == nil {
			order = append(order, s)
		}
		groups[s] = append(groups[s], file)
	})
	if err != nil {
		// DuckDB does not always say which.
		for _, f := range b.src.Files {
			if err := b.d.schemas(ctx, []string{f}, func(string, []parquetColumn) {}); err != nil {
				return nil, unreadableFile(f, err)
			}
		}
		return nil, err
	}
	list := make([][]string, len(order))
	for i, s := range order {
		list[i] = groups[s]
	}
	return list, nil
}

// schemas calls f with each file's columns.
func (d *database) schemas(ctx context.Context, files []string, f func(file string, columns []parquetColumn)) error {
	rows, err := d.conn.QueryContext(ctx, "SELECT file_name, name, coalesce(type, ''), coalesce(num_children, 0), "+
		"concat_ws(' ', repetition_type, type, type_length, converted_type, scale, precision, logical_type, duckdb_type) "+
		"FROM parquet_schema("+list(files)+")")
	if err != nil {
		return err
	}
	defer rows.Close()
	var (
		file    string
		columns []parquetColumn
		open    []int64 // children still to come, from the root inwards
	)
	for rows.Next() {
		var name, in, physical, shape sql.RawBytes
		var children int64
		if err := rows.Scan(&in, &name, &physical, &children, &shape); err != nil {
			return err
		}
		for len(open) > 0 && open[len(open)-1] == 0 {
			open = open[:len(open)-1]
		}
		switch len(open) {
		case 0: // a file's root
			if file != "" {
				f(file, columns)
			}
			file, columns = string(in), nil
		case 1:
			columns = append(columns, parquetColumn{name: string(name), physical: string(physical)})
		}
		if len(open) > 0 {
			open[len(open)-1]--
			c := &columns[len(columns)-1]
			c.shape += "(" + strconv.Itoa(len(open)) + string(name) + " " + string(shape)
			if len(open) == 1 { // the column's own name may be spelt differently from file to file
				c.shape = string(shape)
			}
		}
		open = append(open, children)
	}
	if file != "" {
		f(file, columns)
	}
	return rows.Err()
}

// unreadableFile says which file an error is about, unless it is about memory.
func unreadableFile(file string, err error) error {
	if t, _ := errorClass(err); t == outOfMemory || strings.Contains(plain(err), file) {
		return err
	}
	return fmt.Errorf("%sThe file %s is not readable as Parquet: %s", badData, file, plain(err))
}

// decoding matches what DuckDB says of pages that cannot be decoded.
var decoding = regexp.MustCompile(`(?i)TProtocol|don't know what type|parquet|decompress|snappy|zstd|brotli|gzip|miniz|lz4|corrupt|out of buffer|dictionary|encoding|thrift|bit width|bitpack|page|offset`)

// blame finds the Parquet file that made a scan fail, where DuckDB does not say
// it. It reads the files again, one by one.
func (d *database) blame(ctx context.Context, t task, err error) error {
	class, ok := errorClass(err)
	if !ok || class == outOfMemory || inputPath.MatchString(plain(err)) || !decoding.MatchString(plain(err)) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, blameTime)
	defer cancel()
	for _, r := range t.Relations {
		for _, s := range r.Sources {
			if s.Format != parquetFormat {
				continue
			}
			for _, f := range s.Files {
				one := relation{Name: "blame", Columns: r.Columns, Sources: []source{{Format: s.Format, Files: []string{f}, Keys: s.Keys}}}
				values := []string{"count(*)"}
				for _, c := range r.Columns { // what needs every value
					values = append(values, "bit_xor(hash("+ident(c.Name)+"))")
				}
				e := d.define(ctx, one)
				if e == nil {
					e = errors.Join(d.exec(ctx, "SELECT "+strings.Join(values, ", ")+" FROM lake.blame"), d.exec(ctx, "DROP VIEW lake.blame"))
				}
				if ctx.Err() != nil {
					return err
				}
				if e != nil {
					return unreadableFile(f, e)
				}
			}
		}
	}
	return err
}

// blameTime bounds the search.
const blameTime = 20 * time.Second

// incompatible is Athena's error for a column whose stored type does not fit.
func (b *builder) incompatible(ctx context.Context, file string, c relColumn, found duck.TypeInfo) error {
	physical := ""
	err := b.d.schemas(ctx, []string{file}, func(_ string, columns []parquetColumn) {
		for _, p := range columns {
			if strings.EqualFold(p.name, c.Name) && physical == "" {
				physical = p.physical
			}
		}
	})
	if err != nil {
		return err
	}
	if physical == "" {
		physical = duckName(found)
	}
	return fmt.Errorf("%sField %s's type %s in parquet file %s is incompatible with type %s defined in table schema",
		badData, c.Name, physical, file, c.Type)
}

// duckName names a nested stored type for a message.
func duckName(t duck.TypeInfo) string {
	switch t.InternalType() {
	case duck.TYPE_LIST:
		return "LIST"
	case duck.TYPE_MAP:
		return "MAP"
	case duck.TYPE_STRUCT:
		return "GROUP"
	}
	return "of another kind"
}
