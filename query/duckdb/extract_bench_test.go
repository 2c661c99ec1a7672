package duckdb

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"lethe/query"
)

// BenchmarkExtract makes an extract of 3 million rows in Parquet, and the same rows in
// DuckDB's own table by its own CREATE TABLE AS in this process, without confinement.
func BenchmarkExtract(b *testing.B) {
	const rows = 3_000_000
	dir := b.TempDir()
	source := filepath.Join(dir, "source.parquet")
	db, err := sql.Open("duckdb", "?threads=2")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for _, to := range []string{"'" + source + "' (FORMAT parquet, COMPRESSION snappy)", "'" + source + ".csv' (FORMAT csv, HEADER)"} {
		if _, err := db.Exec("COPY (" + casesSQL(rows) + ") TO " + to); err != nil {
			b.Fatal(err)
		}
	}
	csv, err := os.Stat(source + ".csv")
	if err != nil {
		b.Fatal(err)
	}
	if err := os.Remove(source + ".csv"); err != nil {
		b.Fatal(err)
	}
	cpu := func(b *testing.B, who int) func() {
		used := func() float64 {
			var r syscall.Rusage
			if err := syscall.Getrusage(who, &r); err != nil {
				b.Fatal(err)
			}
			return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
		}
		began := used()
		return func() { b.ReportMetric((used()-began)/float64(b.N), "cpu-s/op") }
	}
	b.Run("lethe", func(b *testing.B) {
		l := newLake(b, func(c *Config) { c.Memory = 2 << 30 })
		tables := map[string]query.Local{"source": {Path: source, Columns: casesColumns}}
		told := cpu(b, syscall.RUSAGE_CHILDREN)
		for b.Loop() {
			a, err := query.AnalyzeLocal(b.Context(), "SELECT * FROM source", tables)
			if err != nil {
				b.Fatal(err)
			}
			w, err := l.Write(l.ctx, query.LocalJob(a, tables))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(w.Bytes)/1e6, "MB")
			b.ReportMetric(float64(csv.Size())/float64(w.Bytes), "csv/extract")
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		}
		if err := l.Close(); err != nil { // its workers have ended
			b.Fatal(err)
		}
		told()
	})
	b.Run("own table", func(b *testing.B) {
		defer cpu(b, syscall.RUSAGE_SELF)()
		for i := 0; b.Loop(); i++ {
			path := filepath.Join(b.TempDir(), fmt.Sprintf("%d.db", i))
			for _, q := range []string{"ATTACH '" + path + "' AS copy", "CREATE TABLE copy.main.cases AS SELECT * FROM read_parquet('" + source + "')", "CHECKPOINT copy", "DETACH copy"} {
				if _, err := db.Exec(q); err != nil {
					b.Fatal(err)
				}
			}
			if s, err := os.Stat(path); err == nil {
				b.ReportMetric(float64(s.Size())/1e6, "MB")
			}
		}
	})
}
