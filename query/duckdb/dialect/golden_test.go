package dialect

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lethe/lib/trinosql"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// people is the table that the golden files and the tables of meanings read.
const people = "a integer, b bigint, d decimal(15,2), f double, r real, s varchar, dt date, ts timestamp(3), tz timestamp(3) with time zone, c char(5), arr array(integer), m map(varchar,integer), rw row(x integer, y varchar), ts9 timestamp(9), bin varbinary, bo boolean"

func (e *engine) withPeople(tb testing.TB) {
	e.table(tb, "t", people, `CREATE TABLE t AS SELECT i::INTEGER AS a, (i * 10)::BIGINT AS b, (i / 10.0)::DECIMAL(15,2) AS d, (i / 4.0)::DOUBLE AS f,
		(i / 4.0)::FLOAT AS r, 's' || i AS s, DATE '2020-01-01' + i::INTEGER AS dt, TIMESTAMP '2020-01-01 10:00:00' + to_hours(i) AS ts,
		TIMESTAMPTZ '2020-01-01 10:00:00+00' + to_hours(i) AS tz, 'c' || i || '  ' AS c, [i::INTEGER, NULL, 3] AS arr, MAP{'k' || i: i::INTEGER} AS m,
		{'x': i::INTEGER, 'y': 'y' || i} AS rw, TIMESTAMP_NS '2020-01-01 00:00:00.123456789' AS ts9, '\xAB\x01'::BLOB AS bin, i % 2 = 0 AS bo FROM range(5) q(i)`)
}

// TestGolden compares the SQL written for statements with testdata/*.txt: a
// statement, a line of dashes, and what becomes of it. go test -update rewrites.
func TestGolden(t *testing.T) {
	e := newEngine(t)
	e.withPeople(t)
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		for _, block := range strings.Split(strings.TrimSpace(string(data)), "\n\n") {
			statement, want, _ := strings.Cut(block, "\n----\n")
			got := ""
			switch st, err := e.emit(t.Context(), statement); {
			case err != nil:
				got = "error: " + err.Error()
			case st.Wide != "":
				got = st.SQL + "\nwide: " + st.Wide
			default:
				got = st.SQL
			}
			if got != want && !*update {
				t.Errorf("%s: %s\ngot:  %s\nwant: %s", file, statement, got, want)
			}
			fmt.Fprintf(&out, "%s\n----\n%s\n\n", statement, got)
		}
		if *update {
			if err := os.WriteFile(file, []byte(strings.TrimSpace(out.String())+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestStored writes rows as a table's file holds them, and reads them back.
func TestStored(t *testing.T) {
	e := newEngine(t)
	e.withPeople(t)
	st, err := e.emit(t.Context(), "SELECT a, rw, tz, arr, m, ARRAY[rw] AS rs, c FROM t", Stored())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := e.db.Query(st.SQL)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range st.Columns {
		want, err := StorageType(c.Type)
		if err != nil {
			t.Fatal(err)
		}
		if got := types[i].DatabaseTypeName(); strings.ReplaceAll(got, `"`, "") != strings.ReplaceAll(strings.ReplaceAll(want, `"`, ""), "field0", "") && types[i].Name() == c.Name {
			t.Errorf("column %s has type %s, want %s", c.Name, got, want)
		}
	}
	if _, err := e.emit(t.Context(), "SELECT a, INTERVAL '1' DAY AS i FROM t", Stored()); err == nil {
		t.Error("an interval was stored")
	}
}

// TestHostileNames: whatever a user calls a thing, nothing breaks out.
func TestHostileNames(t *testing.T) {
	e := newEngine(t)
	const evil = `x" FROM secrets; DROP TABLE t; --`
	e.table(t, "evil", "a integer", `CREATE TABLE evil ("x"" FROM secrets; DROP TABLE t; --" INTEGER)`)
	e.tables["evil"].Columns[0] = trinosql.Column{Name: evil, Type: trinosql.Integer}
	if _, err := e.db.Exec("INSERT INTO evil VALUES (7)"); err != nil {
		t.Fatal(err)
	}
	quoted := trinosql.QuoteNameAlways(evil)
	for _, q := range []string{
		"SELECT " + quoted + " FROM evil",
		"SELECT " + quoted + " AS " + quoted + " FROM evil AS " + quoted,
		"WITH " + quoted + " AS (SELECT " + quoted + " FROM evil) SELECT * FROM " + quoted,
		"SELECT max(" + quoted + `) OVER "w'; --" FROM evil WINDOW "w'; --" AS (ORDER BY ` + quoted + ")",
		"SELECT r." + quoted + " FROM (SELECT CAST(ROW(7) AS ROW(" + quoted + " integer)) AS r)",
		"SELECT reduce(ARRAY[7], 0, (" + quoted + ", y) -> " + quoted + " + y, z -> z)",
	} {
		_, rows, err := e.query(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
		} else if got := rowsText(rows); got != "7" {
			t.Errorf("%s: got %s", q, got)
		}
	}
	_, rows, err := e.query(t.Context(), `SELECT 'it''s; -- $1 %x $9 %y', U&'\0000', ARRAY['$1', '%x'], CAST(ROW('$2') AS ROW("$1 %x" varchar))`)
	if err != nil {
		t.Fatal(err)
	}
	if got := rowsText(rows); got != "it's; -- $1 %x $9 %y|\x00|[$1, %x]|{$1 %x=$2}" {
		t.Errorf("got %q", got)
	}
}
