package duckdb

import (
	"context"
	"fmt"
	"strings"

	"lethe/lib/trinosql"
)

// relation is what one table reference reads: a view lake.<Name> with the
// columns that the statement uses, over the files of a table. The engine says
// what the files are; the worker, which may open them, finds out how each gives
// the columns.
type relation struct {
	Name    string
	Columns []relColumn
	Sources []source
}

// relColumn is a column of a relation.
type relColumn struct {
	Name string
	Type *trinosql.Type
	Duck string // the dialect's storage type of Type
	// Key is the place of a partition key among the table's keys; -1 for a
	// column in the files.
	Key int
	// Within holds the values outside which rows do not matter; nil if unknown.
	Within []interval `json:",omitempty"`
}

// The formats of a source.
const (
	parquetFormat = "parquet"
	lazyFormat    = "text" // LazySimpleSerDe
	openCSVFormat = "csv"  // OpenCSVSerde
	jsonFormat    = "json"
)

// source is a set of files that are read alike.
type source struct {
	Format string
	Files  []string // relative to the worker's directory
	// Fields are the names of the columns in a line of text, in order.
	Fields []string
	Text   textOptions
	// Keys has for each partition key of the table how many directories hold
	// its value; 0 where the statement does not use it.
	Keys []int
}

// keyDir names the directory column that holds part j of partition key i.
func keyDir(i, j int) string { return fmt.Sprintf("k%d_%d", i, j) }

// define makes the view of a relation.
func (d *database) define(ctx context.Context, r relation) error {
	var selects []string
	for i, s := range r.Sources {
		if len(s.Files) == 0 {
			continue
		}
		b := builder{d: d, rel: r, src: s, name: fmt.Sprintf("%s_%d", r.Name, i)}
		var err error
		switch s.Format {
		case parquetFormat:
			err = b.parquet(ctx)
		case lazyFormat, openCSVFormat:
			err = b.text(ctx)
		case jsonFormat:
			err = b.json(ctx)
		default:
			err = fmt.Errorf("unknown format %q", s.Format)
		}
		if err != nil {
			return err
		}
		selects = append(selects, b.selects...)
	}
	if len(selects) == 0 { // no files: no rows, of the right types
		items := make([]string, len(r.Columns))
		for i, c := range r.Columns {
			items[i] = "CAST(NULL AS " + c.Duck + ") AS " + ident(c.Name)
		}
		selects = []string{"SELECT " + selectList(items) + " WHERE false"}
	}
	return d.exec(ctx, "CREATE VIEW lake."+ident(r.Name)+" AS "+strings.Join(selects, " UNION ALL "))
}

// selectList joins the items of a SELECT, of which there must be one.
func selectList(items []string) string {
	if len(items) == 0 {
		return "NULL AS nothing"
	}
	return strings.Join(items, ", ")
}

// builder writes the SELECTs that read one source.
type builder struct {
	d       *database
	rel     relation
	src     source
	name    string // unique to this source
	groups  int
	selects []string
}

// files stores file names in a variable, so that they are parsed once however
// often the view is used, and returns an expression for them and the options
// for the directories that hold partition values.
func (b *builder) files(ctx context.Context, names []string) (string, error) {
	v := fmt.Sprintf("files_%s_%d", b.name, b.groups)
	b.groups++
	if err := b.d.exec(ctx, "SET VARIABLE "+v+" = "+list(names)); err != nil {
		return "", err
	}
	var hive []string
	for i, n := range b.src.Keys {
		for j := range n {
			hive = append(hive, quote(keyDir(i, j))+": VARCHAR")
		}
	}
	if len(hive) == 0 {
		return "getvariable(" + quote(v) + "), hive_partitioning=false", nil
	}
	return "getvariable(" + quote(v) + "), hive_partitioning=true, hive_types_autocast=false, hive_types={" + strings.Join(hive, ", ") + "}", nil
}

// key writes the value of the partition key of column i. Values stand in
// directory names after a letter, so that none is taken for null or a number.
// DuckDB evaluates the expression for each file before it opens it.
func (b *builder) key(i int) string {
	c := b.rel.Columns[i]
	parts := make([]string, b.src.Keys[c.Key])
	for j := range parts {
		parts[j] = "substr(" + keyDir(c.Key, j) + ", 2)"
	}
	x := strings.Join(parts, " || ")
	if c.Duck == "VARCHAR" {
		return x
	}
	return "CAST(" + x + " AS " + c.Duck + ")"
}
