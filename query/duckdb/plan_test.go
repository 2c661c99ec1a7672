package duckdb

import (
	"path/filepath"
	"strings"
	"testing"

	"lethe/catalog"
	"lethe/lib/trinosql"
	"lethe/query"
	"lethe/query/duckdb/dialect"
)

// What is known of a converted column reaches the statistics of what is stored.
func TestHints(t *testing.T) {
	l := newLake(t)
	o := l.parquet(t, "p", "SELECT i::INTEGER AS small, (TIMESTAMP '2020-01-01' + to_seconds(i))::TIMESTAMPTZ AS ts, TIMESTAMP '2020-01-01' + to_milliseconds(i * 1000 - 0.4) AS local, i AS n FROM range(1000) r(i) UNION ALL SELECT NULL, NULL, NULL, 1000")
	scans := map[string]query.Scan{"t": scanOf(table(catalog.Parquet, "small bigint", "ts timestamp", "local timestamp", "n bigint"), o)}
	for sql, known := range map[string]bool{
		"SELECT n FROM t WHERE small = 77":                                  true,
		"SELECT n FROM t WHERE small > 996 OR small < 2":                    true,
		"SELECT n FROM t WHERE small IS NULL OR small = 5":                  false,
		"SELECT count(*) AS n FROM t WHERE small BETWEEN 1 AND 99999999999": true,
		"SELECT n FROM t WHERE ts = TIMESTAMP '2020-01-01 00:00:07'":        true,
		"SELECT n FROM t WHERE ts < TIMESTAMP '2020-01-01 00:00:01.5'":      true,
		"SELECT n FROM t WHERE local >= TIMESTAMP '2020-01-01 00:16:38'":    true,
	} {
		a, list := analyze(t, sql, scans)
		s := &stage{store: l.store}
		k, _, err := s.task(a, list, dialect.Text())
		if err != nil {
			t.Fatal(err)
		}
		hinted := false
		for _, c := range k.Relations[0].Columns {
			hinted = hinted || c.Within != nil
		}
		if hinted != known {
			t.Errorf("%s: is anything known of its columns: %v, want %v", sql, hinted, known)
		}
		// Hints change nothing: compare with the statement without them.
		got, _, err := l.query(t, sql, scans)
		for i := range k.Relations[0].Columns {
			k.Relations[0].Columns[i].Within = nil
		}
		k.CSV = &csvOutput{Header: []string{"n"}}
		o, err2 := l.run(l.ctx, work{k, s, nil})
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if plain := string(readFile(t, filepath.Join(o.dir, csvFile))); got != plain {
			t.Errorf("%s: with hints\n%s\nwithout\n%s", sql, got, plain)
		}
		if err := o.release(); err != nil {
			t.Error(err)
		}
	}
}

// A view over Parquet costs nothing: filters reach the scan, where they skip row
// groups, and columns that are not used are not read.
func TestPlans(t *testing.T) {
	d, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.conn.Close()
	if err := d.exec(t.Context(), "CREATE SCHEMA lake"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "1.parquet")
	if err := d.exec(t.Context(), "COPY (SELECT i::BIGINT AS big, i::INTEGER AS small, 'x' || i AS s, TIMESTAMP '2020-01-01' + to_seconds(i) AS ts, (TIMESTAMP '2020-01-01' + to_seconds(i))::TIMESTAMPTZ AS tz, "+
		"DATE '2020-01-01' + i::INTEGER AS day, i::DECIMAL(12,2) AS price FROM range(100000) r(i)) TO "+quote(file)+" (ROW_GROUP_SIZE 4096)"); err != nil {
		t.Fatal(err)
	}
	r := relation{Name: "t", Sources: []source{{Format: parquetFormat, Files: []string{file}}}}
	for _, c := range []struct{ name, typ, duck string }{{"big", "bigint", "BIGINT"}, {"small", "bigint", "BIGINT"}, {"s", "string", "VARCHAR"},
		{"ts", "timestamp", "TIMESTAMP"}, {"tz", "timestamp", "TIMESTAMP"}, {"day", "date", "DATE"}, {"price", "decimal(12,2)", "DECIMAL(12,2)"}} {
		typ, err := trinosql.ParseHiveType(c.typ)
		if err != nil {
			t.Fatal(err)
		}
		r.Columns = append(r.Columns, relColumn{Name: c.name, Type: typ, Duck: c.duck, Key: -1})
	}
	if err := d.define(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ where, pushed string }{
		{"big = 77777", "big=77777"},
		{"s = 'x77777'", "s='x77777'"},
		{"day = DATE '2020-06-01'", "day='2020-06-01'"},
		{"price > 99990.00", "price>99990.00"},
	} {
		var key, plan string
		if err := d.conn.QueryRowContext(t.Context(), "EXPLAIN SELECT price FROM lake.t WHERE "+c.where).Scan(&key, &plan); err != nil {
			t.Fatal(err)
		}
		flat := strings.Join(strings.FieldsFunc(plan, func(r rune) bool { return strings.ContainsRune("│\n┌┐└┘─┬┴ ", r) }), "")
		if !strings.Contains(flat, strings.ReplaceAll(c.pushed, " ", "")) || strings.Contains(flat, "FILTER") {
			t.Errorf("%s is not pushed into the scan:\n%s", c.where, plan)
		}
	}
}
