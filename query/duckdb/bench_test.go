package duckdb

import (
	"database/sql"
	"fmt"
	"testing"

	"lethe/catalog"
	"lethe/query"
)

// BenchmarkSmallQuery is the engine's share of a small query: a warm worker, one
// Parquet file, one row.
func BenchmarkSmallQuery(b *testing.B) {
	l := newLake(b)
	o := l.parquet(b, "p", "SELECT i, 'c' || (i % 200) AS country FROM range(100000) r(i)")
	scans := map[string]query.Scan{"t": scanOf(table(catalog.Parquet, "i bigint", "country string"), o)}
	b.Run("worker", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := l.query(b, "SELECT * FROM t WHERE i = 77", scans); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		db, err := sql.Open("duckdb", "")
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		for b.Loop() {
			var i int64
			var c string
			if err := db.QueryRow(fmt.Sprintf("SELECT * FROM read_parquet('%s') WHERE i = 77", l.store.blob(o))).Scan(&i, &c); err != nil {
				b.Fatal(err)
			}
		}
	})
}
