package duckdb

import (
	"testing"

	"lethe/catalog"
)

func TestRows(t *testing.T) {
	l := newLake(t)
	o := l.parquet(t, "p/1.parquet", "SELECT i::INTEGER id, 'n' || i AS name, NULLIF(i, 2) AS n FROM range(4) r(i)")
	header, rows, err := l.raw(nil, "SELECT id, name, n, id FROM lake.t0 ORDER BY id", scanOf(table(catalog.Parquet, "id int", "name string", "n bigint", "more date"), o))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := text([][]string{header}), "id|name|n|id\n"; got != want {
		t.Errorf("header %q, want %q", got, want)
	}
	if got, want := text(rows), "0|n0|0|0\n1|n1|1|1\n2|n2|∅|2\n3|n3|3|3\n"; got != want {
		t.Errorf("rows:\n%s\nwant:\n%s", got, want)
	}
}
