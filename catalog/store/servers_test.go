package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lethe/catalog/store"
	"lethe/test/need"
)

func TestMain(m *testing.M) {
	code := m.Run()
	need.StopServers()
	os.Exit(code)
}

// place is where catalogs may be.
type place struct {
	name string
	// make returns where a new catalog is.
	make func(t testing.TB) string
}

var (
	inSQLite = place{"SQLite", func(t testing.TB) string { return filepath.Join(t.TempDir(), "catalog.db") }}
	servers  = []place{{"PostgreSQL", need.Postgres}, {"MariaDB", need.MariaDB}}
	places   = append([]place{inSQLite}, servers...)
)

func connect(t testing.TB, database, version string) *store.Store {
	t.Helper()
	s, err := store.Connect(t.Context(), store.Options{Database: database, Version: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		sound(t, database)
	})
	return s
}

// sound holds that, whatever a test did, no metastore stumbles over what is left.
func sound(t testing.TB, database string) {
	t.Helper()
	found, err := store.Inspect(context.Background(), store.Options{Database: database})
	if err != nil {
		t.Error(err)
	}
	for _, f := range found {
		if f.Advice != "alter the table's location" && f.Advice != "alter the partition's location" { // which tests leave out
			t.Errorf("%+v", f)
		}
	}
	if strings.Contains(database, "://") {
		return
	}
	s, err := store.Open(context.Background(), database)
	if err != nil {
		t.Error(err)
		return
	}
	defer s.Close()
	if err := s.Check(context.Background()); err != nil {
		t.Error(err)
	}
}
