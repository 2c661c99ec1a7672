package dialect

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"lethe/lib/trinosql"
)

// TestPublishedStatements: every published statement over TPC-H that the analyzer
// accepts is written or refused, and DuckDB takes what is written.
func TestPublishedStatements(t *testing.T) {
	f, err := os.Open(shared(t, "conformance/trino_statements.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	e := newEngine(t)
	e.withTPCH(t, "")
	counts := map[string]int{}
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var s struct{ Group, ID, SQL string }
		if err := json.Unmarshal(sc.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		st, err := e.emit(t.Context(), s.SQL, Text())
		var te *trinosql.Error
		switch {
		case err == nil:
		case errors.As(err, &te):
			counts["not analyzed"]++
			continue
		case refused(err):
			counts["refused"]++
			if *listWorst {
				t.Logf("refused %s: %v\n\t%s", s.ID, err, s.SQL)
			}
			continue
		default:
			counts["invalid"]++
			if *listWorst {
				t.Logf("invalid %s: %v\n\t%s", s.ID, err, s.SQL)
			}
			continue
		}
		rows, err := e.db.QueryContext(t.Context(), "EXPLAIN "+st.SQL)
		if err == nil {
			rows.Close()
			counts["taken"]++
			continue
		}
		if m := MapError(err.Error()); m != nil && !strings.Contains(err.Error(), "Binder Error") && !strings.Contains(err.Error(), "Parser Error") {
			counts["failing constant"]++
			continue
		}
		counts["not bound"]++
		if *listWorst {
			t.Logf("not bound %s: %v\n\t%s\n\t%s", s.ID, err, s.SQL, st.SQL)
		}
	}
	t.Logf("%v", counts)
	if total := counts["taken"] + counts["not bound"]; counts["not bound"]*200 > total {
		t.Errorf("DuckDB does not take %d of %d statements", counts["not bound"], total)
	}
}
