package state_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"lethe/lib/state"
)

func file(sql string) *fstest.MapFile { return &fstest.MapFile{Data: []byte("-- +goose Up\n" + sql)} }

var first = fstest.MapFS{
	"00001_numbers.sql": file(`CREATE TABLE numbers (n bigint PRIMARY KEY, note text NOT NULL);`),
}

func open(t *testing.T, path string) *state.DB {
	t.Helper()
	db, err := state.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func migrate(t *testing.T, db *state.DB, set string, f fs.FS) {
	t.Helper()
	if err := db.Migrate(t.Context(), set, f); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, db *state.DB) (n int) {
	t.Helper()
	err := db.View(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(t.Context(), "SELECT count(*) FROM numbers").Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func insert(ctx context.Context, db *state.DB, n int) error {
	return db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO numbers (n, note) VALUES ($1, $2)", n, "x")
		return err
	})
}

func TestOpenSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd ?#% name.db")
	db := open(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if m := info.Mode().Perm(); m != 0o600 {
		t.Errorf("mode is %v", m)
	}
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1", "trusted_schema": "0",
	} {
		for name, in := range map[string]func(context.Context, func(*sql.Tx) error) error{"Tx": db.Tx, "View": db.View} {
			err := in(t.Context(), func(tx *sql.Tx) error {
				var got string
				if err := tx.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil {
					return err
				}
				if got != want {
					t.Errorf("%s: %s is %s, want %s", name, pragma, got, want)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestTransactions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	db := open(t, path)
	migrate(t, db, "test", first)
	ctx := t.Context()

	if err := insert(ctx, db, 1); err != nil {
		t.Fatal(err)
	}
	want := errors.New("no")
	err := db.Tx(ctx, func(tx *sql.Tx) error {
		tx.Exec("INSERT INTO numbers VALUES (2, 'x')")
		return want
	})
	if err != want || count(t, db) != 1 {
		t.Errorf("after a failed transaction: %v, %d rows", err, count(t, db))
	}
	func() {
		defer func() { recover() }()
		db.Tx(ctx, func(tx *sql.Tx) error {
			tx.Exec("INSERT INTO numbers VALUES (2, 'x')")
			panic("stop")
		})
	}()
	if count(t, db) != 1 {
		t.Error("a panic left its rows")
	}
	err = db.View(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO numbers VALUES (2, 'x')")
		return err
	})
	if err == nil {
		t.Error("a view wrote")
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if err := insert(canceled, db, 3); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled transaction answers %v", err)
	}

	// A view keeps its snapshot while others write.
	err = db.View(ctx, func(tx *sql.Tx) error {
		for range 2 {
			var n int
			if err := tx.QueryRow("SELECT count(*) FROM numbers").Scan(&n); err != nil {
				return err
			}
			if n != 1 {
				t.Errorf("view sees %d rows", n)
			}
			if err := insert(ctx, db, 10+n); n == 1 && err != nil && !strings.Contains(err.Error(), "UNIQUE") {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Check(ctx); err != nil {
		t.Error(err)
	}
}

func TestConcurrentWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	a := open(t, path)
	migrate(t, a, "test", first)
	b := open(t, path) // as a second process would
	var wg sync.WaitGroup
	for w := range 8 {
		db := a
		if w%2 == 1 {
			db = b
		}
		wg.Go(func() {
			for i := range 25 {
				if err := insert(t.Context(), db, w*1000+i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if n := count(t, a); n != 200 {
		t.Errorf("%d rows", n)
	}
}

func TestMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	db := open(t, path)
	second := fstest.MapFS{
		"00001_numbers.sql": first["00001_numbers.sql"],
		"00002_more.sql":    file(`ALTER TABLE numbers ADD COLUMN more bigint NOT NULL DEFAULT 7;`),
	}
	migrate(t, db, "one", first)
	if err := insert(t.Context(), db, 1); err != nil {
		t.Fatal(err)
	}
	migrate(t, db, "one", second)
	migrate(t, db, "one", second)
	migrate(t, db, "two", fstest.MapFS{"00001_other.sql": file(`CREATE TABLE other (a text);`)})
	if count(t, db) != 1 {
		t.Error("a migration lost rows")
	}
	err := db.Migrate(t.Context(), "one", first)
	if err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("older program on newer tables: %v", err)
	}
	broken := fstest.MapFS{"00001_a.sql": file("CREATE TABLE half (a text);\nCREATE TABLE nonsense (;")}
	if err := db.Migrate(t.Context(), "three", broken); err == nil {
		t.Error("a broken migration passed")
	}
	err = db.View(t.Context(), func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").Scan(&n); err != nil {
			return err
		}
		if n != 0 {
			t.Error("a broken migration left half of itself")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context(), "Bad name", first); err == nil {
		t.Error("a bad set name passed")
	}
}

func TestRefusesForeignFiles(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, bytes.Repeat([]byte("not a database. "), 500), 0o600); err != nil {
		t.Fatal(err)
	}
	mark := func(name, pragma string) string {
		path := filepath.Join(dir, name)
		db := open(t, path)
		migrate(t, db, "test", first)
		err := db.Tx(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(pragma); return err })
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ path, want string }{
		{text, "not a SQLite database"},
		{mark("other.db", "PRAGMA application_id=77"), "another program"},
		{mark("newer.db", "PRAGMA user_version=99"), "a newer one"},
		{mark("zero.db", "PRAGMA user_version=0"), "backup"},
		{filepath.Join(dir, "missing", "x.db"), "no such file"},
	} {
		db, err := state.Open(t.Context(), c.path)
		if err == nil {
			db.Close()
			t.Errorf("%s was opened", c.path)
		} else if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("error %q lacks %q or the path", err, c.want)
		}
	}
}

func TestCheckFindsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	db := open(t, path)
	migrate(t, db, "test", first)
	for i := range 500 {
		if err := insert(t.Context(), db, i); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(b) - 4096; i < len(b); i++ {
		b[i] ^= 0x5a
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err = state.Open(t.Context(), path)
	if err != nil {
		return // noticed even earlier
	}
	defer db.Close()
	if err := db.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Errorf("damage unnoticed: %v", err)
	}
}

func TestDeletedContentIsGone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s.db")
	db := open(t, path)
	migrate(t, db, "test", first)
	ctx := t.Context()
	secret := "someone-in-particular"
	err := db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO numbers VALUES (1, $1)", secret)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Tx(ctx, func(tx *sql.Tx) error { _, err := tx.Exec("DELETE FROM numbers"); return err })
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Truncate(ctx); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(path + "*")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("%s still holds it", filepath.Base(f))
		}
	}
}

func TestBackup(t *testing.T) {
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "s.db"))
	migrate(t, db, "test", first)
	if err := insert(t.Context(), db, 1); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "it's a copy.db")
	if err := db.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	if n := count(t, open(t, copied)); n != 1 {
		t.Errorf("the copy has %d rows", n)
	}
	if err := db.Backup(t.Context(), copied); err == nil {
		t.Error("a backup replaced a file")
	}
}

// TestKilled runs a writer as a process of its own and kills it: every
// transaction that it reported is there, and rows come in whole pairs.
func TestKilled(t *testing.T) {
	if path := os.Getenv("STATE_TEST_WRITER"); path != "" {
		writer(path)
		return
	}
	path := filepath.Join(t.TempDir(), "s.db")
	db := open(t, path)
	migrate(t, db, "test", first)
	for round := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), "STATE_TEST_WRITER="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		last, lines := -1, bufio.NewScanner(out)
		for i := 0; i < 20+30*round && lines.Scan(); i++ {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatalf("the writer says %q", lines.Text())
			}
			last = n
		}
		cmd.Process.Kill()
		for lines.Scan() {
			if n, err := strconv.Atoi(lines.Text()); err == nil {
				last = n
			}
		}
		cmd.Wait()
		n := count(t, db)
		if n%2 != 0 || n < last+2 {
			t.Fatalf("%d rows, though the pair of %d was reported", n, last)
		}
		if err := db.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func writer(path string) {
	ctx := context.Background()
	db, err := state.Open(ctx, path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for {
		var n int
		err := db.Tx(ctx, func(tx *sql.Tx) error {
			if err := tx.QueryRow("SELECT count(*) FROM numbers").Scan(&n); err != nil {
				return err
			}
			for i := range 2 {
				if _, err := tx.Exec("INSERT INTO numbers VALUES ($1, 'k')", n+i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(n)
	}
}
