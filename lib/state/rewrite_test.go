package state_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"lethe/lib/state"
)

// TestRewrite: every text passes through, over several pages, and a dry run and an
// error keep what is there.
func TestRewrite(t *testing.T) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const rows = 450
	err = db.Tx(t.Context(), func(tx *sql.Tx) error {
		if _, err := tx.Exec(`CREATE TABLE notes (id text PRIMARY KEY, note text NOT NULL)`); err != nil {
			return err
		}
		for i := range rows {
			if _, err := tx.Exec(`INSERT INTO notes (id, note) VALUES ($1, $2)`, fmt.Sprint(i), fmt.Sprintf("note %d of %s", i, []string{"ada", "bob"}[i%2])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f := func(s string) (string, error) { return strings.ReplaceAll(s, "ada", "-"), nil }
	for _, step := range []struct {
		dry  bool
		want int64
	}{{true, rows / 2}, {true, rows / 2}, {false, rows / 2}, {false, 0}, {true, 0}} {
		if n, err := db.Rewrite(t.Context(), "notes", "id", "note", step.dry, f); err != nil || n != step.want {
			t.Errorf("dry %v: %d texts changed, %v; want %d", step.dry, n, err, step.want)
		}
	}
	broken := errors.New("broken")
	if _, err := db.Rewrite(t.Context(), "notes", "id", "note", false, func(string) (string, error) { return "", broken }); !errors.Is(err, broken) {
		t.Errorf("an error of f is %v", err)
	}
	var left int
	if err := db.View(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM notes WHERE note LIKE 'note %of bob' OR note LIKE 'note % of -'`).Scan(&left)
	}); err != nil || left != rows {
		t.Errorf("%d of %d texts are as they should be, %v", left, rows, err)
	}
}
