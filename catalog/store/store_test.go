package store_test

import (
	"flag"
	"testing"

	"lethe/catalog"
	"lethe/catalog/catalogtest"
	"lethe/catalog/store"
)

// TestCatalog holds catalogs in all databases and versions to the same. The
// random changes, which take the longest, are made in the version that a new
// database has, and fewer of them on servers.
func TestCatalog(t *testing.T) {
	for _, p := range places {
		for _, version := range store.Versions() {
			t.Run(p.name+"/"+version, func(t *testing.T) {
				open := func(t *testing.T) catalog.Catalog { return timeless{connect(t, p.make(t), version)} }
				run := catalogtest.RunCases
				if version == store.DefaultVersion {
					run = catalogtest.Run
				}
				if p.name != inSQLite.name {
					database := p.make(t) // one for all cases
					connect(t, database, version)
					open = func(t *testing.T) catalog.Catalog {
						empty(t, database)
						return timeless{connect(t, database, version)}
					}
					fewer(t, "12")
				}
				run(t, open)
			})
		}
	}
}

func empty(t *testing.T, database string) {
	s, err := store.Connect(t.Context(), store.Options{Database: database})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := store.Empty(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

// fewer bounds how many series of random changes are made, unless a number was
// asked for.
func fewer(t *testing.T, n string) {
	f := flag.Lookup("rapid.checks")
	if before := f.Value.String(); before == f.DefValue {
		f.Value.Set(n)
		t.Cleanup(func() { f.Value.Set(before) })
	}
}

// timeless tells the suite that Hive before 4.0 does not say when a database was
// made; a file of ours does.
type timeless struct{ *store.Store }

func (s timeless) NoDatabaseTimes() bool { return !s.KeepsDatabaseTimes() }
