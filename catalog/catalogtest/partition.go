package catalogtest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
)

// oddValues are partition values that need care on their way to a name.
var oddValues = []string{"1", "10", "9", "a b", "a/b", "a=b", "50%", "%41", "x:y", "ünïcode", "", catalog.DefaultValue, "'", `"`, "A", "a", "tab\there", "日本", "[x]", "a.b", "-", "0"}

func testPartitions(t *testing.T, c catalog.Catalog) {
	ctx := t.Context()
	def := table("default", "t", "Dt", "country")
	must(t, c.CreateTable(ctx, def))
	def, err := c.Table(ctx, "default", "t")
	must(t, err)
	var ps []catalog.Partition
	seen := map[string]bool{}
	for i, v := range oddValues {
		p := partition(def, v, oddValues[len(oddValues)-1-i])
		if name := catalog.PartitionName(def.Partitions, p.Values); !seen[name] {
			seen[name] = true
			ps = append(ps, p)
		}
	}
	must(t, c.AddPartitions(ctx, "Default", "T", ps, false))

	slices.SortFunc(ps, func(a, b catalog.Partition) int {
		return strings.Compare(catalog.PartitionName(def.Partitions, a.Values), catalog.PartitionName(def.Partitions, b.Values))
	})
	names, err := c.PartitionNames(ctx, "default", "t", catalog.PartitionPage{})
	must(t, err)
	got, err := c.Partitions(ctx, "DEFAULT", "T", catalog.PartitionPage{})
	must(t, err)
	if len(got) != len(ps) || len(names) != len(ps) {
		t.Fatalf("%d partitions, %d names, want %d", len(got), len(names), len(ps))
	}
	for i, w := range ps {
		w = comparablePartition(w)
		for j, v := range w.Values {
			if v == "" {
				w.Values[j] = catalog.DefaultValue
			}
		}
		if g := comparablePartition(got[i]); !reflect.DeepEqual(g, w) {
			t.Errorf("partition is\n%+v, want\n%+v", g, w)
		}
		if w := catalog.PartitionName(def.Partitions, w.Values); names[i] != w {
			t.Errorf("name is %s, want %s", names[i], w)
		}
		if got[i].Created.IsZero() {
			t.Errorf("%s was never made", names[i])
		}
	}

	// All or none.
	fresh, old := partition(def, "new", "new"), ps[0]
	want(t, c.AddPartitions(ctx, "default", "t", []catalog.Partition{fresh, old}, false), lethe.Exists)
	want(t, c.AddPartitions(ctx, "default", "t", []catalog.Partition{fresh, fresh}, false), lethe.Exists)
	if n, _ := c.PartitionNames(ctx, "default", "t", catalog.PartitionPage{}); len(n) != len(ps) {
		t.Errorf("a refused AddPartitions left %d partitions, want %d", len(n), len(ps))
	}
	changed := old
	changed.Parameters = map[string]string{"numRows": "8"}
	must(t, c.AddPartitions(ctx, "default", "t", []catalog.Partition{fresh, changed, fresh}, true))
	again, err := c.Partitions(ctx, "default", "t", catalog.PartitionPage{})
	must(t, err)
	if len(again) != len(ps)+1 {
		t.Errorf("%d partitions, want %d", len(again), len(ps)+1)
	}
	for _, p := range again {
		if p.Parameters["numRows"] != "7" {
			t.Errorf("ifNotExists changed %q", p.Values)
		}
	}

	want(t, c.DropPartitions(ctx, "default", "t", [][]string{{"new", "new"}, {"no", "no"}}, false), lethe.NotFound)
	must(t, c.DropPartitions(ctx, "default", "t", [][]string{{"new", "new"}, {"no", "no"}, {"new", "new"}}, true))
	if n, _ := c.PartitionNames(ctx, "default", "t", catalog.PartitionPage{}); len(n) != len(ps) {
		t.Errorf("%d partitions after the drop, want %d", len(n), len(ps))
	}
	must(t, c.DropPartitions(ctx, "default", "t", [][]string{old.Values}, false))
	must(t, c.AddPartitions(ctx, "default", "t", nil, false))
	must(t, c.DropPartitions(ctx, "default", "t", nil, false))

	must(t, c.CreateTable(ctx, table("default", "flat")))
	names, err = c.PartitionNames(ctx, "default", "flat", catalog.PartitionPage{})
	if err != nil || len(names) != 0 {
		t.Errorf("a table without partitions has %q, %v", names, err)
	}
	for _, err := range []error{
		c.AddPartitions(ctx, "default", "nothing", ps, false),
		c.DropPartitions(ctx, "default", "nothing", nil, true),
		c.AlterPartition(ctx, "default", "nothing", []string{"1"}, ps[0]),
	} {
		want(t, err, lethe.NotFound)
	}
	_, err = c.Partitions(ctx, "default", "nothing", catalog.PartitionPage{})
	want(t, err, lethe.NotFound)
	_, err = c.PartitionNames(ctx, "nothing", "t", catalog.PartitionPage{})
	want(t, err, lethe.NotFound)

	must(t, c.DropTable(ctx, "default", "t"))
	must(t, c.CreateTable(ctx, def))
	if n, _ := c.PartitionNames(ctx, "default", "t", catalog.PartitionPage{}); len(n) != 0 {
		t.Errorf("a new table has the old one's partitions: %q", n)
	}
}

func testPartitionPages(t *testing.T, c catalog.Catalog) {
	ctx := t.Context()
	def := table("default", "t", "n")
	must(t, c.CreateTable(ctx, def))
	var ps []catalog.Partition
	var all []string
	for i := range 57 {
		p := partition(def, fmt.Sprint(i))
		ps, all = append(ps, p), append(all, catalog.PartitionName(def.Partitions, p.Values))
	}
	slices.Sort(all)
	must(t, c.AddPartitions(ctx, "default", "t", ps, false))
	var got []string
	page := catalog.PartitionPage{Limit: 10}
	for {
		names, err := c.PartitionNames(ctx, "default", "t", page)
		must(t, err)
		same, err := c.Partitions(ctx, "default", "t", page)
		must(t, err)
		if len(same) != len(names) || len(names) > 10 {
			t.Fatalf("%d partitions, %d names", len(same), len(names))
		}
		for i, p := range same {
			if name := catalog.PartitionName(def.Partitions, p.Values); name != names[i] {
				t.Errorf("partition %s where the name is %s", name, names[i])
			}
		}
		if len(names) == 0 {
			break
		}
		got, page.After = append(got, names...), names[len(names)-1]
	}
	if !slices.Equal(got, all) {
		t.Errorf("pages have %q, want %q", got, all)
	}
	between, err := c.PartitionNames(ctx, "default", "t", catalog.PartitionPage{After: "n=3!", Limit: 1})
	must(t, err)
	if !slices.Equal(between, []string{"n=30"}) {
		t.Errorf("after a name that is not there: %q", between)
	}
}

func testPartitionExpressions(t *testing.T, c catalog.Catalog) {
	ctx := t.Context()
	def := table("default", "t", "a", "b", "c")
	must(t, c.CreateTable(ctx, def))
	values := []string{"1", "10", "2", "x/y", ""}
	var ps []catalog.Partition
	for _, a := range values {
		for _, b := range values {
			for _, c := range values {
				ps = append(ps, partition(def, a, b, c))
			}
		}
	}
	must(t, c.AddPartitions(ctx, "default", "t", ps, false))
	long := make([]string, 5000)
	for i := range long {
		long[i] = fmt.Sprint("none", i)
	}
	long = append(long, "10", "1")
	for _, e := range [][][]string{
		nil,
		{nil, nil, nil},
		{{"1"}},
		{{"1"}, nil, nil},
		{{"1", "2"}, nil, nil},
		{{"1"}, {"x/y"}, nil},
		{{"1", "1"}, {"2", "10"}, {"2"}},
		{{"x/y", "no"}, {""}, {catalog.DefaultValue}},
		{nil, {"1"}, nil},
		{nil, nil, {"1", "10"}},
		{{"2"}, nil, {"10"}},
		{{"no"}, nil, nil},
		{{}, nil, nil},
		{nil, {}, nil},
		{long, nil, nil},
		{long, long, long},
		{nil, long, {"1"}},
		{{"1"}, {"2"}, long},
		{{"1' OR '1'='1"}, nil, nil},
		{{"%"}, nil, nil},
	} {
		exact := map[string]bool{}
		for _, p := range ps {
			if matches(e, p.Values) {
				exact[catalog.PartitionName(def.Partitions, p.Values)] = true
			}
		}
		names, err := c.PartitionNames(ctx, "default", "t", catalog.PartitionPage{Where: &catalog.Expression{Values: e}})
		must(t, err)
		if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%.200v: names are not in order or not unique: %q", e, names)
		}
		for name := range exact {
			if !slices.Contains(names, name) {
				t.Errorf("%.200v lacks %s", e, name)
			}
		}
		got, err := c.Partitions(ctx, "default", "t", catalog.PartitionPage{Where: &catalog.Expression{Values: e}, Limit: 3})
		must(t, err)
		if len(got) != min(3, len(names)) {
			t.Errorf("%.200v: %d partitions of %d with limit 3", e, len(got), len(names))
		}
	}
	_, err := c.Partitions(ctx, "default", "t", catalog.PartitionPage{Where: &catalog.Expression{Values: make([][]string, 4)}})
	want(t, err, lethe.Invalid)
}

// matches reports whether an expression selects the values of a partition.
func matches(e [][]string, values []string) bool {
	null := func(s string) string {
		if s == "" {
			return catalog.DefaultValue
		}
		return s
	}
	for i, may := range e {
		if may != nil && !slices.ContainsFunc(may, func(v string) bool { return null(v) == null(values[i]) }) {
			return false
		}
	}
	return true
}

func testAlterPartition(t *testing.T, c catalog.Catalog) {
	ctx := t.Context()
	def := table("default", "t", "a", "b")
	must(t, c.CreateTable(ctx, def))
	must(t, c.AddPartitions(ctx, "default", "t", []catalog.Partition{partition(def, "1", "x"), partition(def, "2", "y")}, false))

	p := partition(def, "1", "x")
	p.Created = time.Date(2022, 2, 3, 4, 5, 6, 0, time.UTC)
	p.Parameters = map[string]string{"totalSize": "12"}
	p.Storage = full().Storage
	p.Storage.Location = "s3://elsewhere/p"
	must(t, c.AlterPartition(ctx, "default", "t", []string{"1", "x"}, p))
	get := func(values ...string) catalog.Partition {
		t.Helper()
		e := &catalog.Expression{}
		for _, v := range values {
			e.Values = append(e.Values, []string{v})
		}
		ps, err := c.Partitions(ctx, "default", "t", catalog.PartitionPage{Where: e})
		must(t, err)
		i := slices.IndexFunc(ps, func(p catalog.Partition) bool { return slices.Equal(p.Values, values) })
		if i < 0 {
			t.Fatalf("no partition %q", values)
		}
		return ps[i]
	}
	got := get("1", "x")
	if g, w := comparablePartition(got), comparablePartition(p); !reflect.DeepEqual(g, w) || !got.Created.Equal(p.Created) {
		t.Errorf("altered to\n%+v\ngot\n%+v", w, g)
	}

	p.Values = []string{"2", "y"}
	want(t, c.AlterPartition(ctx, "default", "t", []string{"1", "x"}, p), lethe.Exists)
	p.Values, p.Created = []string{"3", "a/b"}, time.Time{}
	must(t, c.AlterPartition(ctx, "default", "t", []string{"1", "x"}, p))
	if got := get("3", "a/b"); !got.Created.Equal(time.Date(2022, 2, 3, 4, 5, 6, 0, time.UTC)) {
		t.Errorf("an alter without a time changed it to %v", got.Created)
	}
	want(t, c.AlterPartition(ctx, "default", "t", []string{"1", "x"}, p), lethe.NotFound)
	names, err := c.PartitionNames(ctx, "default", "t", catalog.PartitionPage{Where: &catalog.Expression{Values: [][]string{nil, {"a/b"}}}})
	must(t, err)
	if !slices.Equal(names, []string{"a=3/b=a%2Fb"}) {
		t.Errorf("the renamed partition is found as %q", names)
	}
}

func testInvalidPartitions(t *testing.T, c catalog.Catalog) {
	ctx := t.Context()
	def, flat := table("default", "t", "a", "b"), table("default", "flat")
	must(t, c.CreateTable(ctx, def))
	must(t, c.CreateTable(ctx, flat))
	for name, p := range map[string]catalog.Partition{
		"too few values":  partition(def, "1"),
		"too many values": {Values: []string{"1", "2", "3"}},
		"no values":       {},
		"long value":      partition(def, "1", strings.Repeat("v", 2000)),
		"not UTF-8":       partition(def, "1", "\xff"),
		"zero byte":       partition(def, "1", "a\x00"),
		"own column of a key's name": {Values: []string{"1", "2"},
			Storage: catalog.Storage{Columns: []catalog.Column{{Name: "A", Type: "int"}}}},
		"own column of no type": {Values: []string{"1", "2"},
			Storage: catalog.Storage{Columns: []catalog.Column{{Name: "x", Type: "nothing"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, c.AddPartitions(ctx, "default", "t", []catalog.Partition{partition(def, "ok", "ok"), p}, true), lethe.Invalid)
		})
	}
	want(t, c.AddPartitions(ctx, "default", "flat", []catalog.Partition{{Values: []string{"1"}}}, true), lethe.Invalid)
	want(t, c.DropPartitions(ctx, "default", "flat", [][]string{{"1"}}, true), lethe.Invalid)
	want(t, c.DropPartitions(ctx, "default", "t", [][]string{{"1"}}, true), lethe.Invalid)
	want(t, c.AlterPartition(ctx, "default", "t", []string{"1"}, partition(def, "1", "2")), lethe.Invalid)
	if n, _ := c.PartitionNames(ctx, "default", "t", catalog.PartitionPage{}); len(n) != 0 {
		t.Errorf("refused partitions are there: %q", n)
	}
}

// testFollowTable: a partition without columns of its own has the table's,
// also after these change; one with columns keeps them.
func testFollowTable(t *testing.T, c catalog.Catalog) {
	ctx := t.Context()
	def := table("default", "t", "k")
	must(t, c.CreateTable(ctx, def))
	same, own := partition(def, "same"), partition(def, "own")
	same.Storage.Columns = slices.Clone(def.Storage.Columns)
	own.Storage.Columns = []catalog.Column{{Name: "id", Type: "int"}}
	must(t, c.AddPartitions(ctx, "default", "t", []catalog.Partition{partition(def, "none"), same, own}, false))
	def.Storage.Columns = append(def.Storage.Columns, catalog.Column{Name: "more", Type: "double"})
	must(t, c.AlterTable(ctx, "default", "t", def))
	ps, err := c.Partitions(ctx, "default", "t", catalog.PartitionPage{})
	must(t, err)
	for _, p := range ps {
		switch got := p.Storage.Columns; p.Values[0] {
		case "own":
			if !slices.Equal(got, own.Storage.Columns) {
				t.Errorf("a partition's own columns became %v", got)
			}
		default:
			if got != nil {
				t.Errorf("partition %s has columns %v of its own", p.Values[0], got)
			}
		}
	}
	own.Storage.Columns = nil
	must(t, c.AlterPartition(ctx, "default", "t", []string{"own"}, own))
	ps, err = c.Partitions(ctx, "default", "t", catalog.PartitionPage{Where: &catalog.Expression{Values: [][]string{{"own"}}}})
	must(t, err)
	if len(ps) != 1 || ps[0].Storage.Columns != nil {
		t.Errorf("a partition that gave up its columns is %+v", ps)
	}
}
