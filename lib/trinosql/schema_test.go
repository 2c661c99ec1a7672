package trinosql

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

// tables is a Resolver over tables in one database.
type testTables map[string]*TableSchema

func (m testTables) Table(_ context.Context, n TableName) (*TableSchema, error) {
	s := m[strings.ToLower(n.Table)]
	if s == nil || n.Database != "db" && n.Database != "views" {
		return nil, fmt.Errorf("no %s.%s: %w", n.Database, n.Table, ErrNoTable)
	}
	return s, nil
}

// loadSchema reads testdata/*.schema: a table a line, its columns' types by letter.
func loadSchema(t *testing.T, file string) testTables {
	t.Helper()
	letters := map[string]*Type{
		"c": CharOf(10), "d": DecimalOf(12, 2), "f": Double, "i": Bigint, "m": DecimalOf(7, 2), "n": Integer, "t": Date, "v": Varchar,
		"x": CharOf(1), "y": DecimalOf(5, 2), "z": DecimalOf(15, 2),
	}
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	tables := testTables{}
	for _, line := range strings.Split(string(b), "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		s := &TableSchema{TableName: TableName{"c", "db", f[0]}}
		for i := 1; i < len(f); i += 2 {
			if letters[f[i+1]] == nil {
				t.Fatalf("%s: type %q", f[0], f[i+1])
			}
			s.Columns = append(s.Columns, Column{Name: f[i], Type: letters[f[i+1]]})
		}
		tables[f[0]] = s
	}
	return tables
}

// TestBenchmarksAnalyze holds the analyzer against the queries of TPC-H and TPC-DS.
func TestBenchmarksAnalyze(t *testing.T) {
	type statement struct{ Group, ID, SQL string }
	tables := map[string]testTables{"tpch": loadSchema(t, "tpch.schema"), "tpcds": loadSchema(t, "tpcds.schema")}
	n := 0
	for _, s := range jsonLines[statement](t, "trino_statements.jsonl") {
		if tables[s.Group] == nil {
			continue
		}
		n++
		if _, err := analyzeText(s.SQL, tables[s.Group]); err != nil {
			t.Errorf("%s %s: %v\n%s", s.Group, s.ID, err, s.SQL)
		}
	}
	t.Logf("%d statements", n)
}

// TestPublishedQueriesAnalyze holds the analyzer against the queries of Trino's
// own tests over its tpch connector. Many are there to be refused, and some use
// what is not supported here, so the test holds a share, and that nothing is
// refused for a reason that no query has.
func TestPublishedQueriesAnalyze(t *testing.T) {
	type statement struct{ Group, ID, SQL string }
	tables := loadSchema(t, "tpchconnector.schema")
	accepted, unsupported, total := 0, 0, 0
	for _, s := range jsonLines[statement](t, "trino_statements.jsonl") {
		if s.Group != "abstracttest" && s.Group != "sqlquery" {
			continue
		}
		stmt, err := Parse(s.SQL)
		if err != nil {
			continue
		}
		if _, ok := stmt.(*QueryStmt); !ok {
			continue
		}
		total++
		_, err = analyzeText(s.SQL, tables)
		switch e, ok := err.(*Error); {
		case err == nil:
			accepted++
		case ok && e.Code == NotSupported:
			unsupported++
		default:
			if os.Getenv("TRINOSQL_VERBOSE") != "" {
				fmt.Printf("%s\t%v\t%s\n", s.ID, err, strings.Join(strings.Fields(s.SQL), " "))
			}
		}
	}
	t.Logf("accepts %d of %d queries, %d not supported", accepted, total, unsupported)
	if accepted < total*90/100 || accepted+unsupported < total*95/100 {
		t.Errorf("accepts %d of %d queries, %d not supported", accepted, total, unsupported)
	}
}
