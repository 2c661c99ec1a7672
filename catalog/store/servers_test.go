package store_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"lethe/catalog/store"
	"lethe/test/need"
)

func TestMain(m *testing.M) {
	code := m.Run()
	need.StopServers()
	os.Exit(code)
}

// place is where a catalog may be: a new one each time.
type place struct {
	name string
	make func(t testing.TB) string
}

var (
	inSQLite   = place{"SQLite", func(t testing.TB) string { return filepath.Join(t.TempDir(), "catalog.db") }}
	inPostgres = place{"PostgreSQL", func(t testing.TB) string { return need.Postgres(t) }}
	inMariaDB  = place{"MariaDB", func(t testing.TB) string { return need.MariaDB(t) }}
	servers    = []place{inPostgres, inMariaDB}
	everywhere = []place{inSQLite, inPostgres, inMariaDB}
)

func connect(t testing.TB, database, version string) *store.Store {
	t.Helper()
	s, err := store.Connect(t.Context(), store.Options{Database: database, Version: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Whatever a test did, no reference may point nowhere.
		if err := s.Check(context.Background()); err != nil {
			t.Error(err)
		}
		s.Close()
	})
	return s
}
