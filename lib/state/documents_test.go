package state_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	"lethe/lib/state"
)

func TestDocuments(t *testing.T) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	read := func(query string, args ...any) (all []map[string]int, err error) {
		err = db.View(t.Context(), func(tx *sql.Tx) error {
			all, err = state.Documents[map[string]int](context.Background(), tx, query, args...)
			return err
		})
		return all, err
	}
	all, err := read(`VALUES ('{"a":1}'), ('{"a":2}')`)
	if err != nil || len(all) != 2 || !slices.Equal([]int{all[0]["a"], all[1]["a"]}, []int{1, 2}) {
		t.Errorf("%v %v", all, err)
	}
	if all, err := read(`SELECT $1 WHERE 1 = 0`, "{}"); err != nil || all != nil {
		t.Errorf("of no rows: %v %v", all, err)
	}
	for _, bad := range []string{`VALUES ('{"a":1}'), ('{"a":')`, `SELECT nothing FROM nowhere`, `VALUES ('{}', '{}')`} {
		if all, err := read(bad); err == nil {
			t.Errorf("%s: %v", bad, all)
		}
	}
}
