package duckdb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lethe"
	"lethe/catalog"
	"lethe/lib/trinosql"
	"lethe/object"
	"lethe/query"
)

// schemas resolves tables by name.
type schemas map[string]catalog.Table

func (s schemas) Table(_ context.Context, name trinosql.TableName) (*trinosql.TableSchema, error) {
	t, ok := s[name.Table]
	if !ok {
		return nil, trinosql.ErrNoTable
	}
	r := &trinosql.TableSchema{TableName: name, Handle: t}
	for i, c := range t.Columns() {
		typ, err := trinosql.ParseHiveType(c.Type)
		if err != nil {
			return nil, err
		}
		r.Columns = append(r.Columns, trinosql.Column{Name: c.Name, Type: typ, Partition: i >= len(t.Storage.Columns)})
	}
	return r, nil
}

// analyze checks a statement over scans whose tables have the given names.
func analyze(t testing.TB, sql string, scans map[string]query.Scan) (*trinosql.Analysis, []query.Scan) {
	t.Helper()
	stmt, err := trinosql.Parse(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	s := schemas{}
	for name, scan := range scans {
		s[name] = scan.Table
	}
	a, err := trinosql.Analyze(t.Context(), stmt, s, trinosql.Options{Catalog: "awsdatacatalog", Database: "default"})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var list []query.Scan
	for _, use := range a.Tables {
		list = append(list, scans[use.Schema.Table])
	}
	return a, list
}

// query runs a statement and returns its whole result file.
func (l *lake) query(t testing.TB, sql string, scans map[string]query.Scan) (string, query.Result, error) {
	t.Helper()
	a, list := analyze(t, sql, scans)
	r, err := l.Run(l.ctx, query.Job{ID: lethe.NewID(), Analysis: a, Scans: list})
	if err != nil {
		return "", r, err
	}
	b, err := os.ReadFile(r.Path)
	if err != nil {
		t.Fatal(err)
	}
	if in, err := os.ReadDir(filepath.Join(filepath.Dir(r.Path), "..", inDir)); err == nil {
		t.Errorf("links are left after the query: %v", in)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	return string(b), r, nil
}

func TestRun(t *testing.T) {
	l := newLake(t)
	cases := table(catalog.Parquet, "state string", "country string", "date string", "confirmed bigint")
	cases.Partitions = []catalog.Column{{Name: "year", Type: "int"}}
	scan := query.Scan{Table: cases, Parts: []query.Part{
		{Values: []string{"2020"}, Storage: cases.Storage, Objects: []object.Object{l.parquet(t, "c/2020", `SELECT * FROM (VALUES ('', 'Italy', '2020-09-10', 283180), (NULL, 'US', '2020-09-10', 6396100)) v("state", country, "date", confirmed)`)}},
		{Values: []string{"2021"}, Storage: cases.Storage, Objects: []object.Object{l.parquet(t, "c/2021", `SELECT 'say "hi", x' AS state, 'Italy' AS country, '2021-01-01' AS date, 1::BIGINT AS confirmed`)}},
	}}
	names := table(catalog.OpenCSV, "code string", "name string")
	scans := map[string]query.Scan{"cases": scan, "names": scanOf(names, l.store.put(t, "n.csv", []byte("it,Italy\nus,US\n")))}
	for _, c := range []struct{ sql, want string }{
		{"SELECT * FROM awsdatacatalog.default.cases WHERE country = 'US' OR country = 'Italy' ORDER BY confirmed",
			`"state","country","date","confirmed","year"` + "\n" + `"say ""hi"", x","Italy","2021-01-01","1","2021"` + "\n" + `"","Italy","2020-09-10","283180","2020"` + "\n" + `,"US","2020-09-10","6396100","2020"` + "\n"},
		{"SELECT count(*) AS n, count(*) AS n, sum(confirmed) FROM cases WHERE year = 2020", `"n","n","_col2"` + "\n" + `"2","2","6679280"` + "\n"},
		{"SELECT a.code FROM names a JOIN cases c ON c.country = a.name JOIN names b ON b.name = a.name WHERE c.year > 2020", `"code"` + "\n" + `"it"` + "\n"},
		{"WITH t0 AS (SELECT 1 AS x) SELECT t0.x, lake.year FROM t0, cases lake WHERE year = 2021", `"x","year"` + "\n" + `"1","2021"` + "\n"},
		{"SELECT 5/2, 1e0, CAST(1.005 AS decimal(5,2)), true, ARRAY[1, NULL], DATE '2020-01-02'", `"_col0","_col1","_col2","_col3","_col4","_col5"` + "\n" + `"2","1.0","1.01","true","[1, null]","2020-01-02"` + "\n"},
		{"SELECT country FROM cases WHERE false", `"country"` + "\n"},
		{"SELECT NULL", `"_col0"` + "\n\n"},
	} {
		got, r, err := l.query(t, c.sql, scans)
		if err != nil || got != c.want {
			t.Errorf("%s:\n%s%v\nwant:\n%s", c.sql, got, err, c.want)
		}
		if n := int64(strings.Count(c.want, "\n") - 1); r.Rows != n {
			t.Errorf("%s: %d rows, want %d", c.sql, r.Rows, n)
		}
	}
	_, r, err := l.query(t, "SELECT country, confirmed, CAST(1 AS decimal(10,2)) AS d, TIMESTAMP '2020-01-01 00:00:00' AS t, ARRAY[1] AS a FROM cases", scans)
	want := []query.Column{{Name: "country", Type: "varchar", Precision: 2147483647}, {Name: "confirmed", Type: "bigint", Precision: 19},
		{Name: "d", Type: "decimal", Precision: 10, Scale: 2}, {Name: "t", Type: "timestamp", Precision: 0}, {Name: "a", Type: "array"}}
	if err != nil || len(r.Columns) != len(want) {
		t.Fatalf("%v %v", r.Columns, err)
	}
	for i := range want {
		if r.Columns[i] != want[i] {
			t.Errorf("column %+v, want %+v", r.Columns[i], want[i])
		}
	}
}

// Failures of expressions have Trino's words and the kind Invalid.
func TestRunFails(t *testing.T) {
	l := newLake(t)
	scans := map[string]query.Scan{"t": scanOf(table(catalog.Parquet, "i bigint", "s string"), l.parquet(t, "p", "SELECT i, 'x' || i AS s FROM range(3) r(i)"))}
	for sql, want := range map[string]string{
		"SELECT 1 / i FROM t":                               "DIVISION_BY_ZERO: Division by zero",
		"SELECT CAST(s AS bigint) FROM t":                   "INVALID_CAST_ARGUMENT: Cannot cast 'x",
		"SELECT (SELECT i FROM t)":                          "SUBQUERY_MULTIPLE_ROWS: ",
		"SELECT i * 9223372036854775807 FROM t WHERE i = 2": "NUMERIC_VALUE_OUT_OF_RANGE: ",
	} {
		_, _, err := l.query(t, sql, scans)
		if !lethe.Is(err, lethe.Invalid) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v of kind %s, want %s", sql, err, lethe.KindOf(err), want)
		}
	}
}

func TestWriteParquet(t *testing.T) {
	l := newLake(t)
	local := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(local, []byte("it,1\nfr,2\nit,3\n,4\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	source := scanOf(with(table(catalog.TextFile, "country string", "n int"), "field.delim", ",", "serialization.null.format", ""))
	a, _ := analyze(t, `SELECT n AS "N", upper(country) AS country, n * 2.5e0 AS "two_words" FROM source ORDER BY n`, map[string]query.Scan{"source": source})
	write := Write{Analysis: a, Inputs: []Input{{Scan: source, Files: []File{{Path: local, Name: "upload.csv"}}}}, Metadata: map[string]string{"made-by": "a test's \"hand\""}}

	w, err := l.WriteParquet(l.ctx, write)
	if err != nil {
		t.Fatal(err)
	}
	if len(w.Files) != 1 || w.Rows != 4 || w.Files[0].Rows != 4 || len(w.Columns) != 3 {
		t.Fatalf("%+v", w)
	}
	o := l.store.put(t, "w/1", readFile(t, w.Files[0].Path))
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	scan := scanOf(table(catalog.Parquet, "n int", "country string", "two_words double"), o)
	if got, _, err := l.query(t, `SELECT * FROM t`, map[string]query.Scan{"t": scan}); err != nil || got != `"n","country","two_words"
"1","IT","2.5"
"2","FR","5.0"
"3","IT","7.5"
"4",,"10.0"
` {
		t.Errorf("%s %v", got, err)
	}

	write.PartitionBy = []string{"country", "n"}
	if w, err = l.WriteParquet(l.ctx, write); err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, f := range w.Files {
		key := ""
		for _, v := range f.Partition {
			if v == nil {
				key += "∅ "
			} else {
				key += *v + " "
			}
		}
		got[key] += f.Rows
		if i, err := os.Stat(f.Path); err != nil || i.Size() != f.Bytes {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if len(got) != 4 || got["IT 1 "] != 1 || got["∅ 4 "] != 1 {
		t.Errorf("partitions %v", got)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}

	if b := readFile(t, local); string(b) != "it,1\nfr,2\nit,3\n,4\n" {
		t.Errorf("the source is now %q", b)
	}
	write.PartitionBy = []string{"missing"}
	if _, err := l.WriteParquet(l.ctx, write); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("error %v", err)
	}
	for sql, kind := range map[string]lethe.Kind{
		"SELECT n, n FROM source":           lethe.Invalid,
		"SELECT current_timestamp AS x":     lethe.Unsupported,
		"SELECT NULL AS x":                  lethe.Unsupported,
		"SELECT n / 0 AS x FROM source":     lethe.Invalid,
		"SELECT sum(n) AS x FROM source":    "",
		"SELECT n FROM source WHERE n > 99": "",
	} {
		a, scans := analyze(t, sql, map[string]query.Scan{"source": source})
		write := Write{Analysis: a}
		for range scans {
			write.Inputs = append(write.Inputs, Input{Scan: source, Files: []File{{Path: local, Name: "upload.csv"}}})
		}
		w, err := l.WriteParquet(l.ctx, write)
		switch {
		case kind != "" && (err == nil || !lethe.Is(err, kind)):
			t.Errorf("%s: %v of kind %s, want %s", sql, err, lethe.KindOf(err), kind)
		case kind == "" && err != nil:
			t.Errorf("%s: %v", sql, err)
		case kind == "" && len(w.Files) != 1:
			t.Errorf("%s: %+v", sql, w)
		}
		if err == nil {
			_ = w.Close()
		}
	}
}

// An error about a local file names it as its owner does.
func TestWriteParquetNamesFiles(t *testing.T) {
	l := newLake(t)
	local := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(local, []byte("PAR1 this is not it"), 0o400); err != nil {
		t.Fatal(err)
	}
	source := scanOf(table(catalog.Parquet, "n int"))
	a, _ := analyze(t, "SELECT n FROM source", map[string]query.Scan{"source": source})
	_, err := l.WriteParquet(l.ctx, Write{Analysis: a, Inputs: []Input{{Scan: source, Files: []File{{Path: local, Name: "s3://in/upload.parquet"}}}}})
	if !lethe.Is(err, lethe.BadData) || !strings.Contains(err.Error(), "s3://in/upload.parquet") || strings.Contains(err.Error(), local) {
		t.Errorf("error %v", err)
	}
}

// A large result is written by several threads and keeps its order.
func TestLargeResult(t *testing.T) {
	l := newLake(t)
	scan := scanOf(table(catalog.Parquet, "i bigint", "s string"), l.parquet(t, "p", "SELECT i, 'row ' || i AS s FROM range(500000) r(i)"))
	got, r, err := l.query(t, "SELECT i, s, NULL AS n FROM t ORDER BY i", map[string]query.Scan{"t": scan})
	if err != nil {
		t.Fatal(err)
	}
	i := int64(-1)
	for line := range strings.Lines(got) {
		if want := fmt.Sprintf("\"%d\",\"row %d\",\n", i, i); i >= 0 && line != want {
			t.Fatalf("line %q, want %q", line, want)
		}
		i++
	}
	if i != 500000 || r.Rows != i {
		t.Errorf("%d lines, %d rows", i, r.Rows)
	}
}
