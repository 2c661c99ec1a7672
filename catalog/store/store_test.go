package store_test

import (
	"testing"

	"lethe/catalog"
	"lethe/catalog/catalogtest"
	"lethe/catalog/store"
)

// TestCatalog holds catalogs in all databases and versions to the same. The
// random changes, which take the longest, are made in the version that a new
// database has.
func TestCatalog(t *testing.T) {
	for _, version := range store.Versions() {
		run := catalogtest.RunCases
		if version == store.DefaultVersion {
			run = catalogtest.Run
		}
		for _, p := range everywhere {
			t.Run(p.name+"/"+version, func(t *testing.T) {
				run(t, func(t *testing.T) catalog.Catalog { return timeless{connect(t, p.make(t), version)} })
			})
		}
	}
}

// timeless tells the suite that Hive before 4.0 does not say when a database was
// made; a file of ours does.
type timeless struct{ *store.Store }

func (s timeless) NoDatabaseTimes() bool { return !s.KeepsDatabaseTimes() }
