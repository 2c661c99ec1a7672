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
		"c": CharOf(10), "d": DecimalOf(12, 2), "i": Bigint, "m": DecimalOf(7, 2), "n": Integer, "t": Date, "v": Varchar,
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
