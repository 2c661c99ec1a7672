package store

import (
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/test/need"
)

// everywhere tests new catalogs in all databases, in the version given or in all.
func everywhere(t *testing.T, versions []string, test func(t *testing.T, s *Store)) {
	for _, place := range []struct {
		name string
		make func(t *testing.T) string
	}{
		{"SQLite", func(t *testing.T) string { return filepath.Join(t.TempDir(), "catalog.db") }},
		{"PostgreSQL", func(t *testing.T) string { return need.Postgres(t) }},
		{"MariaDB", func(t *testing.T) string { return need.MariaDB(t) }},
	} {
		for _, version := range versions {
			t.Run(place.name+"/"+version, func(t *testing.T) {
				s, err := Connect(t.Context(), Options{Database: place.make(t), Version: version})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := s.Check(context.Background()); err != nil {
						t.Error(err)
					}
					s.Close()
				})
				test(t, s)
			})
		}
	}
}

func TestAlterTableIfIsAtomic(t *testing.T) {
	everywhere(t, []string{DefaultVersion}, alterTableIfIsAtomic)
}

func alterTableIfIsAtomic(t *testing.T, s *Store) {
	ctx := t.Context()
	table := catalog.Table{Database: "default", Name: "t", Storage: catalog.Storage{Columns: []catalog.Column{{Name: "a", Type: "int"}}}, Parameters: map[string]string{"version": "0"}}
	if err := s.CreateTable(ctx, table); err != nil {
		t.Fatal(err)
	}
	// Each of many writers moves the version on from what it read; none is lost.
	var moved atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				now, err := s.Table(ctx, "default", "t")
				if err != nil {
					t.Error(err)
					return
				}
				was := now.Parameters["version"]
				now.Parameters["version"] = was + "+"
				switch err := s.AlterTableIf(ctx, "default", "t", now, "version", was); {
				case err == nil:
					moved.Add(1)
				case !lethe.Is(err, lethe.Conflict):
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	now, err := s.Table(ctx, "default", "t")
	if err != nil || int64(strings.Count(now.Parameters["version"], "+")) != moved.Load() || moved.Load() == 0 {
		t.Errorf("%v: %d changes, version %q", err, moved.Load(), now.Parameters["version"])
	}
	if err := s.AlterTableIf(ctx, "default", "t", now, "absent", ""); err != nil {
		t.Errorf("an absent parameter expected absent: %v", err)
	}
}

func TestPartitionsByNameAndAllAtOnce(t *testing.T) {
	everywhere(t, []string{DefaultVersion}, partitionsByNameAndAllAtOnce)
}

func partitionsByNameAndAllAtOnce(t *testing.T, s *Store) {
	ctx := t.Context()
	table := catalog.Table{Database: "default", Name: "t", Storage: catalog.Storage{Columns: []catalog.Column{{Name: "a", Type: "int"}}}, Partitions: []catalog.Column{{Name: "p", Type: "string"}}}
	if err := s.CreateTable(ctx, table); err != nil {
		t.Fatal(err)
	}
	var ps []catalog.Partition
	for _, v := range []string{"a", "b", "c"} {
		ps = append(ps, catalog.Partition{Values: []string{v}})
	}
	if err := s.AddPartitions(ctx, "default", "t", ps, false); err != nil {
		t.Fatal(err)
	}
	for i := range ps {
		ps[i].Parameters = map[string]string{"seen": "yes"}
	}
	if err := s.AlterPartitions(ctx, "default", "t", append(slices.Clone(ps), catalog.Partition{Values: []string{"none"}})); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("%v", err)
	}
	got, err := s.PartitionsNamed(ctx, "default", "t", []string{"p=c", "p=none", "p=a", "p=a"})
	if err != nil || len(got) != 2 || got[0].Values[0] != "a" || got[0].Parameters["seen"] != "" {
		t.Errorf("%v, %+v", err, got)
	}
	if err := s.AlterPartitions(ctx, "default", "t", ps); err != nil {
		t.Fatal(err)
	}
	if got, err = s.PartitionsNamed(ctx, "default", "t", []string{"p=b"}); err != nil || got[0].Parameters["seen"] != "yes" {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestStatisticsFollowWhatTheyDescribe(t *testing.T) {
	everywhere(t, Versions(), statisticsFollowWhatTheyDescribe)
}

func statisticsFollowWhatTheyDescribe(t *testing.T, s *Store) {
	ctx := t.Context()
	table := catalog.Table{Database: "default", Name: "t", Storage: catalog.Storage{Columns: []catalog.Column{{Name: "a", Type: "int"}, {Name: "b", Type: "decimal(5,2)"}}}, Partitions: []catalog.Column{{Name: "p", Type: "string"}}}
	if err := s.CreateTable(ctx, table); err != nil {
		t.Fatal(err)
	}
	if err := s.AddPartitions(ctx, "default", "t", []catalog.Partition{{Values: []string{"x"}}}, false); err != nil {
		t.Fatal(err)
	}
	low, distinct, text := int64(-1), int64(7), "1.25"
	stats := []catalog.ColumnStatistics{
		{Column: "a", Type: "int", Low: &low, Distinct: &distinct, Nulls: 3, Sketch: []byte("s"), Analyzed: time.Unix(1790000000, 0).UTC()},
		{Column: "b", Type: "decimal(5,2)", DecimalLow: &text, Analyzed: time.Unix(1790000000, 0).UTC()},
	}
	if err := s.SetTableStatistics(ctx, "default", "t", stats); err != nil {
		t.Fatal(err)
	}
	if err := s.SetPartitionStatistics(ctx, "default", "t", map[string][]catalog.ColumnStatistics{"p=x": stats}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetPartitionStatistics(ctx, "default", "t", map[string][]catalog.ColumnStatistics{"p=y": stats}); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("of a partition that is not there: %v", err)
	}
	table.Name = "u"
	if err := s.AlterTable(ctx, "default", "t", table); err != nil {
		t.Fatal(err)
	}
	if err := s.AlterPartition(ctx, "default", "u", []string{"x"}, catalog.Partition{Values: []string{"z"}}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.TableStatistics(ctx, "default", "U", nil); err != nil || !reflect.DeepEqual(got, stats) {
		t.Errorf("%v\n%+v\n%+v", err, got, stats)
	}
	if got, err := s.PartitionStatistics(ctx, "default", "u", []string{"p=z", "p=x"}, []string{"A"}); err != nil || len(got) != 1 || !reflect.DeepEqual(got["p=z"], stats[:1]) {
		t.Errorf("%v\n%+v", err, got)
	}
	params := map[string]string{"numRows": "1", "spark.sql.statistics.colStats.a.min": "7", "sparkXsql.other": "kept"}
	if err := s.AlterPartition(ctx, "default", "u", []string{"z"}, catalog.Partition{Values: []string{"z"}, Parameters: params}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.ForgetStatistics(ctx, "Default", "U", "p=z"); err != nil || n != 4 {
		t.Errorf("of a partition it forgets %d: %v", n, err)
	}
	if ps, err := s.Partitions(ctx, "default", "u", catalog.PartitionPage{}); err != nil || !reflect.DeepEqual(ps[0].Parameters, map[string]string{"sparkXsql.other": "kept"}) {
		t.Errorf("%v %+v", err, ps)
	}
	if got, err := s.PartitionStatistics(ctx, "default", "u", []string{"p=z"}, nil); err != nil || len(got) != 0 {
		t.Errorf("forgotten are %v, %+v", err, got)
	}
	if got, err := s.TableStatistics(ctx, "default", "u", nil); err != nil || len(got) != 2 {
		t.Errorf("the table's are there no more: %v, %+v", err, got)
	}
	if n, err := s.ForgetStatistics(ctx, "default", "u", ""); err != nil || n != 2 {
		t.Errorf("of the table it forgets %d: %v", n, err)
	}
	for _, partition := range []string{"p=x", "nope"} {
		if _, err := s.ForgetStatistics(ctx, "default", "u", partition); !lethe.Is(err, lethe.NotFound) {
			t.Errorf("of a partition that is not there: %v", err)
		}
	}
	if err := s.SetTableStatistics(ctx, "default", "u", stats); err != nil {
		t.Fatal(err)
	}
	if err := s.DropTable(ctx, "default", "u"); err != nil {
		t.Fatal(err)
	}
	table.Name = "t"
	if err := s.CreateTable(ctx, table); err != nil {
		t.Fatal(err)
	}
	if got, err := s.TableStatistics(ctx, "default", "t", nil); err != nil || len(got) != 0 {
		t.Errorf("a new table has statistics: %v, %+v", err, got)
	}
}

func TestLocks(t *testing.T) { everywhere(t, []string{"3.1", "4.0"}, locks) }

func locks(t *testing.T, s *Store) {
	ctx := t.Context()
	now := time.Unix(1790000000, 0)
	s.clock = func() time.Time { return now }
	lock := func(db, table string, typ catalog.LockType) catalog.Lock {
		t.Helper()
		l, err := s.Lock(ctx, catalog.Lock{User: "ada", Host: "h", Targets: []catalog.LockTarget{{Database: db, Table: table, Type: typ}}})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	// What excludes what: the second of two locks on a table waits.
	types := []catalog.LockType{catalog.SharedRead, catalog.SharedWrite, catalog.ExclusiveWrite, catalog.Exclusive}
	for i, a := range types {
		for j, b := range types {
			first, second := lock("d", "t", a), lock("d", "t", b)
			waits := i == 3 || j == 3 || i > 0 && j > 0
			if !first.Held || second.Held == waits {
				t.Errorf("%c then %c: %v, %v", a, b, first.Held, second.Held)
			}
			for _, l := range []catalog.Lock{first, second} {
				if err := s.Unlock(ctx, l.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	whole, part, other := lock("D", "", catalog.Exclusive), lock("d", "t", catalog.SharedRead), lock("e", "t", catalog.Exclusive)
	if !whole.Held || part.Held || !other.Held {
		t.Errorf("%v %v %v", whole.Held, part.Held, other.Held)
	}
	// A lock whose holder is silent goes, and who waited has it; a heartbeat keeps one.
	now = now.Add(catalog.LockTimeout - time.Second)
	for _, l := range []catalog.Lock{part, other} {
		if err := s.Heartbeat(ctx, l.ID); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(2 * time.Second)
	if l, err := s.CheckLock(ctx, part.ID); err != nil || !l.Held {
		t.Errorf("%+v, %v", l, err)
	}
	if err := s.Heartbeat(ctx, whole.ID); !lethe.Is(err, lethe.NotFound) || !strings.Contains(err.Error(), "No such lock") {
		t.Errorf("an expired lock: %v", err)
	}
	if all, err := s.Locks(ctx); err != nil || len(all) != 2 {
		t.Errorf("%v, %+v", err, all)
	}
	if _, err := s.Lock(ctx, catalog.Lock{}); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("a lock on nothing: %v", err)
	}
}
