package postgres_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/index/indextest"
	"lethe/erasure/index/postgres"
	"lethe/test/need"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) {
	code := m.Run()
	need.StopServers()
	os.Exit(code)
}

func open(t testing.TB, c postgres.Config) *postgres.Index {
	t.Helper()
	x, err := postgres.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func TestIndex(t *testing.T) {
	indextest.Run(t, func(t *testing.T) indextest.Open {
		c := postgres.Config{URL: need.Postgres(t)}
		return func(t *testing.T) erasure.Index { return open(t, c) }
	})
}

// column asks the database, as a program that is not lethe does.
func column(t *testing.T, url, sql string, args ...any) []string {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	rows, err := c.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSeveral: what one process enters, replaces and erases, another sees at once,
// and two that open an empty database at the same time make its tables once.
func TestSeveral(t *testing.T) {
	c := postgres.Config{URL: need.Postgres(t)}
	var nodes [2]*postgres.Index
	var opening sync.WaitGroup
	for i := range nodes {
		opening.Go(func() {
			x, err := postgres.Open(t.Context(), c)
			if err != nil {
				t.Error(err)
				return
			}
			nodes[i] = x
		})
	}
	opening.Wait()
	if t.Failed() {
		t.FailNow()
	}
	defer nodes[0].Close()
	defer nodes[1].Close()
	var writing sync.WaitGroup
	for i, x := range nodes {
		writing.Go(func() {
			for n := range 20 {
				indextest.Put(t, x, indextest.Object("shared", "", fmt.Sprint(i, "-", n)), indextest.At("ada", int64(n)))
				indextest.Put(t, x, indextest.Object(fmt.Sprint(i, "-", n), "", "e"), indextest.At("bob", int64(n)))
			}
		})
	}
	writing.Wait()
	for _, x := range nodes {
		if got := indextest.Places(t, x, "ada"); len(got) != 1 || !strings.HasSuffix(got[0], "[19]") {
			t.Errorf("the shared object is at %q", got)
		}
		if got := indextest.Places(t, x, "bob"); len(got) != 40 {
			t.Errorf("%d objects", len(got))
		}
	}
	if err := nodes[0].Erase(t.Context(), []erasure.Hash{indextest.H("bob")}); err != nil {
		t.Fatal(err)
	}
	if got := indextest.Places(t, nodes[1], "bob"); len(got) != 0 {
		t.Errorf("the other process finds %q", got)
	}
}

// TestMerge: a bucket that is written to often keeps few rows, and loses nothing.
func TestMerge(t *testing.T) {
	c := postgres.Config{URL: need.Postgres(t)}
	x := open(t, c)
	var want []string
	for i := range 150 {
		o := indextest.Object(fmt.Sprintf("k%03d", i), "", "e")
		indextest.Put(t, x, o, indextest.At("ada", int64(i)))
		if i%3 == 0 {
			if err := x.Forget(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want = append(want, fmt.Sprintf("b/%s@#e [%d]", o.Key, i))
	}
	if got := indextest.Places(t, x, "ada"); !slices.Equal(got, want) {
		t.Errorf("ada is at %q", got)
	}
	if got := column(t, c.URL, `SELECT count(*)::text FROM lethe_index.postings`); len(got[0]) > 2 {
		t.Errorf("150 writes have left %s rows", got[0])
	}
}

func TestNewer(t *testing.T) {
	c := postgres.Config{URL: need.Postgres(t)}
	open(t, c)
	column(t, c.URL, `INSERT INTO lethe_index.migrations (version_id, is_applied) VALUES (99, true) RETURNING ''`)
	if _, err := postgres.Open(t.Context(), c); !lethe.Is(err, lethe.Unsupported) {
		t.Errorf("an index of a newer version: %v", err)
	}
}

// TestUnreachable: errors do not tell passwords.
func TestUnreachable(t *testing.T) {
	for _, url := range []string{"postgres://lethe:geheim@127.0.0.1:1/x?sslmode=disable&connect_timeout=5", "postgres://lethe:geheim@[::1/x"} {
		_, err := postgres.Open(t.Context(), postgres.Config{URL: url})
		if err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%v", err)
		}
	}
}
