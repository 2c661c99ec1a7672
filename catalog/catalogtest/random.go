package catalogtest

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lethe"
	"lethe/catalog"
)

// testModel does random operations on a catalog and on the model; answers and
// the kinds of errors are the same.
func testModel(t *testing.T, open func(t *testing.T) catalog.Catalog) {
	c := open(t) // one for all runs: each begins by emptying it
	rapid.Check(t, func(rt *rapid.T) {
		ctx := t.Context()
		if err := empty(ctx, c); err != nil {
			rt.Fatal(err)
		}
		p := &pair{rt: rt, ctx: ctx, real: c, model: newModel()}
		rt.Repeat(map[string]func(*rapid.T){
			"":                p.compare,
			"CreateDatabase":  p.createDatabase,
			"AlterDatabase":   p.alterDatabase,
			"DropDatabase":    p.dropDatabase,
			"CreateTable":     p.createTable,
			"AlterTable":      p.alterTable,
			"DropTable":       p.dropTable,
			"AddPartitions":   p.addPartitions,
			"AddPartitions2":  p.addPartitions, // more often than the others
			"DropPartitions":  p.dropPartitions,
			"AlterPartition":  p.alterPartition,
			"QueryPartitions": p.queryPartitions,
		})
	})
}

func empty(ctx context.Context, c catalog.Catalog) error {
	names, err := c.TableNames(ctx, "default")
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := c.DropTable(ctx, "default", n); err != nil {
			return err
		}
	}
	ds, err := c.Databases(ctx)
	if err != nil {
		return err
	}
	for _, d := range ds {
		if d.Name == "default" {
			continue
		}
		if err := c.DropDatabase(ctx, d.Name, true); err != nil {
			return err
		}
	}
	return c.AlterDatabase(ctx, "default", catalog.Database{})
}

type pair struct {
	rt    *rapid.T
	ctx   context.Context
	real  catalog.Catalog
	model *model
}

// both does the same to both.
func (p *pair) both(rt *rapid.T, op func(catalog.Catalog) error) {
	got, want := op(p.real), op(p.model)
	if (got == nil) != (want == nil) || got != nil && lethe.KindOf(got) != lethe.KindOf(want) {
		rt.Fatalf("answers %v, want %v", got, want)
	}
}

var (
	someDatabase = rapid.SampledFrom([]string{"default", "a", "b", "A"})
	someTable    = rapid.SampledFrom([]string{"t", "u", "T"})
	someText     = rapid.SampledFrom([]string{"", "x", "Ünïcode", "a'b\"c`d"})
	someValue    = rapid.SampledFrom([]string{"1", "2", "10", "a/b", ""})
	someMap      = rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "C"}), someText, 0, 3)
)

func someColumns(names ...string) *rapid.Generator[[]catalog.Column] {
	return rapid.Custom(func(rt *rapid.T) []catalog.Column {
		var out []catalog.Column
		for _, n := range names {
			if rapid.Bool().Draw(rt, n) {
				out = append(out, catalog.Column{Name: n, Type: rapid.SampledFrom([]string{"int", "array<string>"}).Draw(rt, "type"), Comment: someText.Draw(rt, "comment")})
			}
		}
		return out
	})
}

var someStorage = rapid.Custom(func(rt *rapid.T) catalog.Storage {
	s := catalog.Storage{
		Columns:      someColumns("c1", "c2", "c3").Draw(rt, "columns"),
		Location:     someText.Draw(rt, "location"),
		InputFormat:  someText.Draw(rt, "input"),
		OutputFormat: someText.Draw(rt, "output"),
		Compressed:   rapid.Bool().Draw(rt, "compressed"),
		BucketCount:  -1,
		SerDe:        catalog.SerDe{Name: someText.Draw(rt, "name"), Library: someText.Draw(rt, "library"), Parameters: someMap.Draw(rt, "serde")},
		Parameters:   someMap.Draw(rt, "parameters"),
	}
	if rapid.Bool().Draw(rt, "buckets") {
		s.BucketCount = 4
		s.BucketColumns = []string{"c2", "c1"}
		s.SortColumns = []catalog.SortColumn{{Column: "c1", Ascending: rapid.Bool().Draw(rt, "ascending")}}
	}
	return s
})

func (p *pair) tableOf(rt *rapid.T) catalog.Table {
	t := catalog.Table{
		Database:   someDatabase.Draw(rt, "to database"),
		Name:       someTable.Draw(rt, "to table"),
		Type:       rapid.SampledFrom([]catalog.TableType{catalog.ExternalTable, catalog.ManagedTable}).Draw(rt, "type"),
		Owner:      someText.Draw(rt, "owner"),
		Storage:    someStorage.Draw(rt, "storage"),
		Parameters: someMap.Draw(rt, "parameters"),
	}
	for i := range rapid.IntRange(0, 2).Draw(rt, "keys") {
		t.Partitions = append(t.Partitions, catalog.Column{Name: []string{"k", "l"}[i], Type: "string"})
	}
	return t
}

func (p *pair) createDatabase(rt *rapid.T) {
	d := catalog.Database{Name: someDatabase.Draw(rt, "database"), Description: someText.Draw(rt, "description"), Location: someText.Draw(rt, "location"), Owner: someText.Draw(rt, "owner"), Parameters: someMap.Draw(rt, "parameters")}
	p.both(rt, func(c catalog.Catalog) error { return c.CreateDatabase(p.ctx, d) })
}

func (p *pair) alterDatabase(rt *rapid.T) {
	name := someDatabase.Draw(rt, "database")
	d := catalog.Database{Name: name, Description: someText.Draw(rt, "description"), Parameters: someMap.Draw(rt, "parameters")}
	p.both(rt, func(c catalog.Catalog) error { return c.AlterDatabase(p.ctx, name, d) })
}

func (p *pair) dropDatabase(rt *rapid.T) {
	name, cascade := someDatabase.Draw(rt, "database"), rapid.Bool().Draw(rt, "cascade")
	p.both(rt, func(c catalog.Catalog) error { return c.DropDatabase(p.ctx, name, cascade) })
}

func (p *pair) createTable(rt *rapid.T) {
	t := p.tableOf(rt)
	p.both(rt, func(c catalog.Catalog) error { return c.CreateTable(p.ctx, t) })
}

func (p *pair) alterTable(rt *rapid.T) {
	database, name, t := someDatabase.Draw(rt, "database"), someTable.Draw(rt, "table"), p.tableOf(rt)
	p.both(rt, func(c catalog.Catalog) error { return c.AlterTable(p.ctx, database, name, t) })
}

func (p *pair) dropTable(rt *rapid.T) {
	database, name := someDatabase.Draw(rt, "database"), someTable.Draw(rt, "table")
	p.both(rt, func(c catalog.Catalog) error { return c.DropTable(p.ctx, database, name) })
}

// partitioned draws a partitioned table that is there; it skips if there is none.
func (p *pair) partitioned(rt *rapid.T) *modelTable {
	var ts []*modelTable
	for _, t := range p.model.tables {
		if len(t.Table.Partitions) > 0 {
			ts = append(ts, t)
		}
	}
	if len(ts) == 0 {
		rt.Skip("no partitioned table")
	}
	slices.SortFunc(ts, func(a, b *modelTable) int {
		return slices.Compare([]string{a.Database, a.Name}, []string{b.Database, b.Name})
	})
	return rapid.SampledFrom(ts).Draw(rt, "table")
}

func someValues(n int) *rapid.Generator[[]string] { return rapid.SliceOfN(someValue, n, n) }

func (p *pair) partitionOf(rt *rapid.T, t *modelTable) catalog.Partition {
	s := someStorage.Draw(rt, "storage")
	if rapid.Bool().Draw(rt, "follows") {
		s.Columns = nil
	}
	return catalog.Partition{Values: someValues(len(t.Table.Partitions)).Draw(rt, "values"), Storage: s, Parameters: someMap.Draw(rt, "parameters")}
}

func (p *pair) addPartitions(rt *rapid.T) {
	t, ok := p.partitioned(rt), rapid.Bool().Draw(rt, "if not exists")
	var ps []catalog.Partition
	for range rapid.IntRange(0, 4).Draw(rt, "partitions") {
		ps = append(ps, p.partitionOf(rt, t))
	}
	p.both(rt, func(c catalog.Catalog) error { return c.AddPartitions(p.ctx, t.Database, t.Name, ps, ok) })
}

func (p *pair) dropPartitions(rt *rapid.T) {
	t, ok := p.partitioned(rt), rapid.Bool().Draw(rt, "if exists")
	values := rapid.SliceOfN(someValues(len(t.Table.Partitions)), 0, 3).Draw(rt, "partitions")
	p.both(rt, func(c catalog.Catalog) error { return c.DropPartitions(p.ctx, t.Database, t.Name, values, ok) })
}

func (p *pair) alterPartition(rt *rapid.T) {
	t := p.partitioned(rt)
	values, next := someValues(len(t.Table.Partitions)).Draw(rt, "partition"), p.partitionOf(rt, t)
	p.both(rt, func(c catalog.Catalog) error { return c.AlterPartition(p.ctx, t.Database, t.Name, values, next) })
}

func (p *pair) queryPartitions(rt *rapid.T) {
	t := p.partitioned(rt)
	page := catalog.PartitionPage{Limit: rapid.IntRange(0, 3).Draw(rt, "limit"), Where: &catalog.Expression{}}
	for range rapid.IntRange(0, len(t.Table.Partitions)).Draw(rt, "terms") {
		var may []string
		if rapid.Bool().Draw(rt, "some") {
			may = rapid.SliceOfN(someValue, 0, 3).Draw(rt, "may be")
		}
		page.Where.Values = append(page.Where.Values, may)
	}
	if names, _ := p.model.PartitionNames(p.ctx, t.Database, t.Name, catalog.PartitionPage{}); len(names) > 0 && rapid.Bool().Draw(rt, "after") {
		page.After = rapid.SampledFrom(names).Draw(rt, "after name")
	}
	p.samePartitions(rt, t, page)
}

func (p *pair) samePartitions(rt *rapid.T, t *modelTable, page catalog.PartitionPage) {
	want, _ := p.model.PartitionNames(p.ctx, t.Database, t.Name, page)
	got, err := p.real.PartitionNames(p.ctx, t.Database, t.Name, page)
	if err != nil || !slices.Equal(got, want) {
		rt.Fatalf("%s.%s %+v: names are %q, %v, want %q", t.Database, t.Name, page, got, err, want)
	}
	ps, err := p.real.Partitions(p.ctx, t.Database, t.Name, page)
	if err != nil || len(ps) != len(want) {
		rt.Fatalf("%d partitions, %v, want %d", len(ps), err, len(want))
	}
	for i, got := range ps {
		if g, w := comparablePartition(t.read(got)), comparablePartition(t.read(t.partitions[want[i]])); !reflect.DeepEqual(g, w) {
			rt.Fatalf("partition %s is\n%+v, want\n%+v", want[i], g, w)
		}
	}
}

// compare checks that all of the catalog is all of the model.
func (p *pair) compare(rt *rapid.T) {
	got, err := p.real.Databases(p.ctx)
	want, _ := p.model.Databases(p.ctx)
	if err != nil || len(got) != len(want) {
		rt.Fatalf("%d databases, %v, want %d", len(got), err, len(want))
	}
	for i, d := range got {
		w := want[i]
		d.Created = time.Time{}
		d.Parameters, w.Parameters = without(d.Parameters), without(w.Parameters)
		if !reflect.DeepEqual(d, w) {
			rt.Fatalf("database is\n%+v, want\n%+v", d, w)
		}
		ts, err := p.real.Tables(p.ctx, d.Name)
		tw, _ := p.model.Tables(p.ctx, d.Name)
		if err != nil || len(ts) != len(tw) {
			rt.Fatalf("%d tables, %v, want %d", len(ts), err, len(tw))
		}
		for j, t := range ts {
			if g, w := comparable(t), comparable(tw[j]); !reflect.DeepEqual(g, w) {
				rt.Fatalf("table is\n%+v, want\n%+v", g, w)
			}
			p.samePartitions(rt, p.model.tables[[2]string{t.Database, t.Name}], catalog.PartitionPage{})
		}
	}
}
