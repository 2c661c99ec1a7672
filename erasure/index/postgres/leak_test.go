package postgres_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/index/indextest"
	"lethe/erasure/index/postgres"
	"lethe/lib/postings"
	"lethe/test/need"

	"github.com/jackc/pgx/v5"
)

// holders returns the files of the database's tables that hold a text, after all of
// them have been written.
func holders(t *testing.T, url string, marker []byte) (names []string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	// After a checkpoint, files of dropped tables are gone too.
	if _, err := c.Exec(t.Context(), `CHECKPOINT`); err != nil {
		t.Fatal(err)
	}
	var dir string
	if err := c.QueryRow(t.Context(), `SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database WHERE datname = current_database()`).Scan(&dir); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", dir, err)
	}
	for _, f := range files {
		if raw, err := os.ReadFile(f); err == nil && bytes.Contains(raw, marker) {
			names = append(names, filepath.Base(f))
		}
	}
	return names
}

// TestErasedBytes: not even a hash's packed bytes, and in plain mode no identifier,
// are in any of the tables' files afterwards.
func TestErasedBytes(t *testing.T) {
	c := postgres.Config{URL: need.Postgres(t), Plain: true}
	x := open(t, c)
	h := indextest.H("ada")
	markers := map[string][]byte{
		"packed hash": postings.First(binary.BigEndian.Uint32(h[2:])),
		"hash":        h[:],
		"identifier":  []byte("ada@example.org"),
	}
	for i := range 100 { // in rows, in rows that were merged, and of objects that no longer count
		err := x.Put(t.Context(), indextest.Of(erasure.Indexed{Entry: indextest.Entry(indextest.Object(fmt.Sprint("k", i%20), "", fmt.Sprint("e", i))),
			Postings: func(yield func(erasure.Posting, error) bool) {
				_ = yield(erasure.Posting{Hash: h, Row: int64(i), Plain: "ada@example.org"}, nil) &&
					yield(erasure.Posting{Hash: indextest.H("bob"), Row: int64(i), Plain: "bob@example.org"}, nil)
			}}))
		if err != nil {
			t.Fatal(err)
		}
	}
	for what, m := range markers {
		if got := holders(t, c.URL, m); len(got) == 0 {
			t.Fatalf("no file holds the %s before", what)
		}
	}
	if err := x.Erase(t.Context(), []erasure.Hash{h}); err != nil {
		t.Fatal(err)
	}
	for what, m := range markers {
		if got := holders(t, c.URL, m); len(got) > 0 {
			t.Errorf("%v hold the %s", got, what)
		}
	}
	if got := indextest.Places(t, x, "bob"); len(got) != 20 {
		t.Errorf("bob is at %q", got)
	}
}

// TestEraseWaits: while a transaction may see what was deleted, Erase does not say
// that it is gone.
func TestEraseWaits(t *testing.T) {
	c := postgres.Config{URL: need.Postgres(t)}
	x := open(t, c)
	indextest.Put(t, x, indextest.Object("k", "", "e"), indextest.At("ada", 1))
	other, err := pgx.Connect(t.Context(), c.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(t.Context())
	tx, err := other.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT count(*) FROM lethe_index.entries`); err != nil {
		t.Fatal(err)
	}
	postgres.SetPatience(t, 200*time.Millisecond)
	if err := x.Erase(t.Context(), []erasure.Hash{indextest.H("ada")}); !lethe.Is(err, lethe.Exhausted) {
		t.Errorf("with a transaction that may see it: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	postgres.SetPatience(t, time.Minute)
	if err := x.Erase(t.Context(), []erasure.Hash{indextest.H("ada")}); err != nil {
		t.Errorf("without: %v", err)
	}
}
