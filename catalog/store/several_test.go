package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/catalogtest"
	"lethe/catalog/store"
)

// TestSeveral holds two catalogs that share a database, as those of two processes,
// to what one is held to, and has them race.
func TestSeveral(t *testing.T) {
	for _, p := range servers {
		t.Run(p.name, func(t *testing.T) {
			database := p.make(t)
			a := connect(t, database, "")
			b := connect(t, database, "")
			both := []*store.Store{a, b}
			t.Run("Concurrency", func(t *testing.T) {
				catalogtest.RunConcurrency(t, &turns{a, b, &sync.Mutex{}, 0})
			})
			t.Run("Races", func(t *testing.T) { races(t, both) })
			t.Run("Locks", func(t *testing.T) { exclusive(t, both) })
		})
	}
}

// turns gives each change to the other catalog than the one before.
type turns struct {
	catalog.Catalog
	other catalog.Catalog
	mu    *sync.Mutex
	n     int
}

func (s *turns) next() catalog.Catalog {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n++; s.n%2 == 0 {
		return s.other
	}
	return s.Catalog
}

func (s *turns) CreateTable(ctx context.Context, t catalog.Table) error {
	return s.next().CreateTable(ctx, t)
}

func (s *turns) AddPartitions(ctx context.Context, database, table string, ps []catalog.Partition, ifNotExists bool) error {
	return s.next().AddPartitions(ctx, database, table, ps, ifNotExists)
}

func (s *turns) Partitions(ctx context.Context, database, table string, page catalog.PartitionPage) ([]catalog.Partition, error) {
	return s.next().Partitions(ctx, database, table, page)
}

// races has catalogs create, alter and drop the same at once: nothing but what is
// in the way of a change is said, and nothing is left half.
func races(t *testing.T, all []*store.Store) {
	ctx := t.Context()
	keys := []catalog.Column{{Name: "p", Type: "string"}}
	def := catalog.Table{Database: "raced", Name: "t", Type: catalog.ExternalTable, Partitions: keys, Storage: catalog.Storage{Columns: []catalog.Column{{Name: "c", Type: "int"}}}, Parameters: map[string]string{"v": "0"}}
	var wg sync.WaitGroup
	may := func(what string, err error, kinds ...lethe.Kind) {
		if err != nil && !slices.Contains(kinds, lethe.KindOf(err)) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range 6 {
		s := all[i%len(all)]
		wg.Go(func() {
			for n := range 15 {
				switch (n + i) % 6 {
				case 0:
					may("create database", s.CreateDatabase(ctx, catalog.Database{Name: "raced"}), lethe.Exists)
				case 1, 2:
					may("create table", s.CreateTable(ctx, def), lethe.Exists, lethe.NotFound)
					ps := []catalog.Partition{{Values: []string{fmt.Sprint(n)}}, {Values: []string{fmt.Sprint(n + 1)}}}
					may("add partitions", s.AddPartitions(ctx, "raced", "t", ps, true), lethe.NotFound)
				case 3:
					may("alter table", s.AlterTable(ctx, "raced", "t", def), lethe.NotFound)
					may("drop partitions", s.DropPartitions(ctx, "raced", "t", [][]string{{fmt.Sprint(n - 2)}}, true), lethe.NotFound)
				case 4:
					may("drop table", s.DropTable(ctx, "raced", "t"), lethe.NotFound)
				default:
					may("drop database", s.DropDatabase(ctx, "raced", n%2 == 0), lethe.NotFound, lethe.Conflict)
				}
			}
		})
	}
	wg.Wait()

	// A change of what was read is lost by nobody.
	err := all[0].CreateTable(ctx, catalog.Table{Database: "default", Name: "counted", Parameters: map[string]string{"n": ""}})
	if err != nil {
		t.Fatal(err)
	}
	var moved [4]int
	for i := range moved {
		s := all[i%len(all)]
		wg.Go(func() {
			for range 10 {
				now, err := s.Table(ctx, "default", "counted")
				if err != nil {
					t.Error(err)
					return
				}
				was := now.Parameters["n"]
				now.Parameters["n"] = was + "+"
				if err := s.AlterTableIf(ctx, "default", "counted", now, "n", was); err == nil {
					moved[i]++
				} else {
					may("alter table if", err, lethe.Conflict)
				}
			}
		})
	}
	wg.Wait()
	now, err := all[1].Table(ctx, "default", "counted")
	if sum := moved[0] + moved[1] + moved[2] + moved[3]; err != nil || len(now.Parameters["n"]) != sum || sum == 0 {
		t.Errorf("%v: %d changes, n is %s", err, sum, now.Parameters["n"])
	}
}

// exclusive has catalogs lock the same at once: one of them has it.
func exclusive(t *testing.T, all []*store.Store) {
	ctx := t.Context()
	var wg sync.WaitGroup
	held := make([]bool, 8)
	for i := range held {
		s := all[i%len(all)]
		wg.Go(func() {
			l, err := s.Lock(ctx, catalog.Lock{User: "ada", Host: "h", Targets: []catalog.LockTarget{{Database: "d", Table: "t", Type: catalog.Exclusive}}})
			if err != nil {
				t.Error(err)
			}
			held[i] = l.Held
		})
	}
	wg.Wait()
	n := 0
	for _, h := range held {
		if h {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d hold an exclusive lock", n)
	}
}
