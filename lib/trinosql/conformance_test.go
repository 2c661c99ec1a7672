package trinosql

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shared opens a file of the shared conformance data, or skips the test.
func shared(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("LETHE_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	b, err := os.ReadFile(filepath.Join(dir, "conformance", name))
	if err != nil {
		t.Skipf("no conformance data: %v (set LETHE_SHARED to the folder that has it)", err)
	}
	return b
}

func jsonLines[T any](t *testing.T, name string) []T {
	t.Helper()
	var out []T
	sc := bufio.NewScanner(strings.NewReader(string(shared(t, name))))
	sc.Buffer(nil, 1<<24)
	for sc.Scan() {
		var v T
		if err := json.Unmarshal(sc.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

func TestPublishedStatementsParse(t *testing.T) {
	type statement struct{ Group, ID, SQL string }
	failed := map[string]int{}
	all := jsonLines[statement](t, "trino_statements.jsonl")
	for _, s := range all {
		if _, err := Parse(s.SQL); err != nil {
			failed[s.Group]++
			t.Logf("%s %s: %v\n%s", s.Group, s.ID, err, s.SQL)
		}
	}
	t.Logf("%d statements, failed: %v", len(all), failed)
	// Among the statements of Trino's query tests are a few that the tests
	// expect to be refused.
	if failed["sqlquery"] > 5 {
		t.Errorf("%d statements of group sqlquery do not parse", failed["sqlquery"])
	}
	delete(failed, "sqlquery")
	if len(failed) > 0 {
		t.Errorf("statements do not parse: %v", failed)
	}
}

func TestAthenaStatementsParse(t *testing.T) {
	for _, file := range []string{"athena.sql", "athena_ddl.sql"} {
		n := 0
		for _, s := range Split(string(shared(t, file))) {
			n++
			if _, err := Parse(s); err != nil {
				t.Errorf("%s: %v\n%s", file, err, s)
			}
		}
		t.Logf("%s: %d statements", file, n)
	}
}

func TestAthenaQueriesAnalyze(t *testing.T) {
	n := 0
	for _, s := range strings.Split(string(shared(t, "athena.sql")), "-- id: ") {
		head, sql, ok := strings.Cut(s, "\n")
		if !ok || strings.HasSuffix(head, "PARSE") {
			continue
		}
		n++
		if _, err := analyzeText(strings.TrimSuffix(strings.TrimSpace(sql), ";"), nil); err != nil {
			t.Errorf("%s: %v", head, err)
		}
	}
	t.Logf("%d queries", n)
}
