//go:build nightly

package store_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/test/need"
)

// TestBesideJava has a Java metastore, 3.1.3, work on the database of a catalog of
// ours: in turns, each reading what the other wrote, and both at once. Java makes
// sure of the schema when it starts.
func TestBesideJava(t *testing.T) {
	for _, p := range servers {
		t.Run(p.name, func(t *testing.T) {
			database := p.make(t)
			ours := connect(t, database, "3.1")
			java := startJava(t, database)
			must(t, ours.CreateDatabase(t.Context(), catalog.Database{Name: "both", Location: "file:/tmp/lethe-both"}))
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			t.Run("Turns", func(t *testing.T) {
				c := newChanges(rand.New(rand.NewPCG(seed, 1)), "turn")
				for i := range 2000 {
					actors := []catalog.Catalog{ours, java}
					if i%2 == 1 {
						slices.Reverse(actors)
					}
					c.next(t, actors[0])
					c.compare(t, actors[1], c.last)
					if i%200 == 199 {
						c.compareAll(t, ours)
						c.compareAll(t, java)
						sound(t, database)
					}
					if t.Failed() {
						t.Fatalf("change %d: %s", i, c.what)
					}
				}
			})
			t.Run("AtOnce", func(t *testing.T) {
				shared := tableOf("shared", catalog.Column{Name: "dt", Type: "string"})
				must(t, ours.CreateTable(t.Context(), shared))
				var all []*changes
				var wg sync.WaitGroup
				for i, actor := range []catalog.Catalog{ours, java} {
					c := newChanges(rand.New(rand.NewPCG(seed, uint64(2+i))), []string{"ours", "java"}[i])
					all = append(all, c)
					wg.Go(func() {
						for n := range 1000 {
							c.next(t, actor)
							if n%10 == 0 {
								err := actor.AddPartitions(t.Context(), "both", "shared", []catalog.Partition{{Values: []string{fmt.Sprint(c.prefix, n)}, Storage: shared.Storage}}, false)
								if err != nil {
									t.Error(err)
								}
							}
							if t.Failed() {
								t.Errorf("change %d of %s: %s", n, c.prefix, c.what)
								return
							}
						}
					})
				}
				wg.Wait()
				for _, actor := range []catalog.Catalog{ours, java} {
					for _, c := range all {
						c.compareAll(t, actor)
					}
					if names, err := actor.PartitionNames(t.Context(), "both", "shared", catalog.PartitionPage{}); err != nil || len(names) != 200 {
						t.Errorf("%v, %d partitions", err, len(names))
					}
				}
				sound(t, database)
			})
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// changes makes random changes and remembers what they come to.
type changes struct {
	r      *rand.Rand
	prefix string
	tables map[string]*known
	last   string // the table of the last change
	what   string
	n      int
}

// known is what a table should be.
type known struct {
	table      catalog.Table
	partitions map[string]string // name: its parameter p
}

func newChanges(r *rand.Rand, prefix string) *changes {
	return &changes{r: r, prefix: prefix, tables: map[string]*known{}}
}

func tableOf(name string, keys ...catalog.Column) catalog.Table {
	return catalog.Table{Database: "both", Name: name, Type: catalog.ExternalTable, Owner: "ada",
		Storage: catalog.Storage{Columns: []catalog.Column{{Name: "id", Type: "bigint", Comment: "naïve"}}, Location: "file:/tmp/lethe-both/" + name,
			InputFormat: catalog.Parquet.InputFormat, OutputFormat: catalog.Parquet.OutputFormat, SerDe: catalog.SerDe{Library: catalog.Parquet.SerDe, Parameters: map[string]string{"serialization.format": "1"}}, BucketCount: -1},
		Partitions: keys, Parameters: map[string]string{"EXTERNAL": "TRUE", "DO_NOT_UPDATE_STATS": "true"}}
}

func (c *changes) next(t *testing.T, actor catalog.Catalog) {
	c.n++
	ctx := t.Context()
	names := slices.Sorted(maps.Keys(c.tables))
	op := c.r.IntN(10)
	if len(names) == 0 || op == 0 && len(names) < 8 {
		var keys []catalog.Column
		for i := range c.r.IntN(3) {
			keys = append(keys, catalog.Column{Name: fmt.Sprint("k", i), Type: "string"})
		}
		k := &known{table: tableOf(fmt.Sprintf("%s_%d", c.prefix, c.n), keys...), partitions: map[string]string{}}
		for i := range c.r.IntN(3) {
			k.table.Storage.Columns = append(k.table.Storage.Columns, catalog.Column{Name: fmt.Sprint("c", i), Type: []string{"string", "decimal(10,2)", "array<struct<a:int,b:string>>"}[i]})
		}
		k.table.Parameters["p"] = fmt.Sprint(c.n)
		c.did(t, k, "create", actor.CreateTable(ctx, k.table))
		c.tables[k.table.Name] = k
		return
	}
	k := c.tables[names[c.r.IntN(len(names))]]
	name := k.table.Name
	switch {
	case op == 1 && len(names) > 2:
		delete(c.tables, name)
		c.did(t, k, "drop", actor.DropTable(ctx, "both", name))
	case op == 2:
		delete(c.tables, name)
		k.table.Name = fmt.Sprintf("%s_renamed_%d", c.prefix, c.n)
		c.tables[k.table.Name] = k
		c.did(t, k, "rename", actor.AlterTable(ctx, "both", name, k.table))
	case op <= 4:
		k.table.Parameters = maps.Clone(k.table.Parameters)
		k.table.Parameters["p"] = fmt.Sprint(c.n)
		k.table.Storage.Columns = slices.Clone(k.table.Storage.Columns)
		k.table.Storage.Columns[0].Comment = fmt.Sprint("altered ", c.n)
		c.did(t, k, "alter", actor.AlterTable(ctx, "both", name, k.table))
	case len(k.table.Partitions) == 0:
		k.table.Storage.SerDe.Parameters = map[string]string{"serialization.format": "1", "n": fmt.Sprint(c.n)}
		c.did(t, k, "alter SerDe", actor.AlterTable(ctx, "both", name, k.table))
	case op <= 7 || len(k.partitions) == 0:
		var ps []catalog.Partition
		for i := range 1 + c.r.IntN(4) {
			p := catalog.Partition{Storage: k.table.Storage, Parameters: map[string]string{"p": fmt.Sprint(c.n), "DO_NOT_UPDATE_STATS": "true"}}
			for range k.table.Partitions {
				p.Values = append(p.Values, fmt.Sprintf("%d-%d/é:%d", c.n, i, c.r.IntN(3)))
			}
			name := catalog.PartitionName(k.table.Partitions, p.Values)
			p.Storage.Location += "/" + name
			k.partitions[name] = p.Parameters["p"]
			ps = append(ps, p)
		}
		c.did(t, k, "add partitions", actor.AddPartitions(ctx, "both", name, ps, false))
	case op == 8:
		name, values := c.partition(k)
		k.partitions[name] = fmt.Sprint(c.n)
		p := catalog.Partition{Values: values, Storage: k.table.Storage, Parameters: map[string]string{"p": fmt.Sprint(c.n), "DO_NOT_UPDATE_STATS": "true"}}
		p.Storage.Location += "/" + name
		c.did(t, k, "alter partition", actor.AlterPartition(ctx, "both", k.table.Name, values, p))
	default:
		name, values := c.partition(k)
		delete(k.partitions, name)
		c.did(t, k, "drop partition", actor.DropPartitions(ctx, "both", k.table.Name, [][]string{values}, false))
	}
}

func (c *changes) partition(k *known) (name string, values []string) {
	names := slices.Sorted(maps.Keys(k.partitions))
	name = names[c.r.IntN(len(names))]
	for part := range strings.SplitSeq(name, "/") {
		_, v, _ := strings.Cut(part, "=")
		values = append(values, catalog.UnescapePath(v))
	}
	return name, values
}

func (c *changes) did(t *testing.T, k *known, what string, err error) {
	c.last, c.what = k.table.Name, what+" "+k.table.Name
	if err != nil {
		t.Errorf("%s: %v", c.what, err)
	}
}

// compare looks whether a metastore has a table as it should be.
func (c *changes) compare(t *testing.T, actor catalog.Catalog, name string) {
	got, err := actor.Table(t.Context(), "both", name)
	k, there := c.tables[name]
	if !there {
		if !lethe.Is(err, lethe.NotFound) {
			t.Errorf("%s is there: %v", name, err)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	want := k.table
	if !slices.Equal(got.Columns(), want.Columns()) || got.Parameters["p"] != want.Parameters["p"] || got.Type != want.Type || got.Owner != want.Owner ||
		got.Storage.Location != want.Storage.Location || got.Storage.SerDe.Library != want.Storage.SerDe.Library || !maps.Equal(got.Storage.SerDe.Parameters, want.Storage.SerDe.Parameters) {
		t.Errorf("%s by %T is\n%+v, not\n%+v", name, actor, got, want)
	}
	if len(want.Partitions) == 0 {
		return
	}
	ps, err := actor.Partitions(t.Context(), "both", name, catalog.PartitionPage{})
	if err != nil {
		t.Error(err)
	}
	have := map[string]string{}
	for _, p := range ps {
		have[catalog.PartitionName(want.Partitions, p.Values)] = p.Parameters["p"]
	}
	if !maps.Equal(have, k.partitions) {
		t.Errorf("partitions of %s by %T are %v, not %v", name, actor, have, k.partitions)
	}
}

func (c *changes) compareAll(t *testing.T, actor catalog.Catalog) {
	names, err := actor.TableNames(t.Context(), "both")
	if err != nil {
		t.Error(err)
	}
	var mine []string
	for _, n := range names {
		if strings.HasPrefix(n, c.prefix+"_") {
			mine = append(mine, n)
		}
	}
	slices.Sort(mine)
	if want := slices.Sorted(maps.Keys(c.tables)); !slices.Equal(mine, want) {
		t.Errorf("tables by %T are %v, not %v", actor, mine, want)
	}
	for n := range c.tables {
		c.compare(t, actor, n)
	}
}

// startJava starts a Java metastore on a database and connects to it.
func startJava(t *testing.T, database string, options ...string) catalog.Catalog {
	t.Helper()
	java := need.StartJavaMetastore(t, need.JavaMetastore(t), database, options...)
	k, err := hive.Open(hive.Config{URIs: []string{java.URI}, Age: -1})
	must(t, err)
	t.Cleanup(func() { k.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for {
		if _, err := k.Databases(ctx); err == nil {
			return k
		}
		select {
		case <-java.Ended:
			t.Fatal("the Java metastore ended")
		case <-ctx.Done():
			t.Fatal("the Java metastore does not answer")
		case <-time.After(200 * time.Millisecond):
		}
	}
}
