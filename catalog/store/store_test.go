package store_test

import (
	"context"
	"path/filepath"
	"testing"

	"lethe/catalog"
	"lethe/catalog/catalogtest"
	"lethe/catalog/store"
)

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestCatalog(t *testing.T) {
	catalogtest.Run(t, func(t *testing.T) catalog.Catalog {
		s := open(t, filepath.Join(t.TempDir(), "catalog.db"))
		t.Cleanup(func() {
			// Whatever a test did, no reference may point nowhere.
			if err := s.Check(context.Background()); err != nil {
				t.Error(err)
			}
		})
		return s
	})
}
