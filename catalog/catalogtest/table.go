package catalogtest

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
)

func testTables(t *testing.T, c catalog.Catalog) {
	ctx := t.Context()
	must(t, c.CreateDatabase(ctx, catalog.Database{Name: "lake"}))
	for _, name := range []string{"orders", "Users", "a-b", "2020_events"} {
		must(t, c.CreateTable(ctx, table("LAKE", name)))
	}
	want(t, c.CreateTable(ctx, table("lake", "USERS")), lethe.Exists)
	want(t, c.CreateTable(ctx, table("nothing", "users")), lethe.NotFound)
	must(t, c.CreateTable(ctx, table("default", "users"))) // the same name elsewhere

	names, err := c.TableNames(ctx, "Lake")
	must(t, err)
	if want := []string{"2020_events", "a-b", "orders", "users"}; !slices.Equal(names, want) {
		t.Errorf("tables are %q, want %q", names, want)
	}
	ts, err := c.Tables(ctx, "lake")
	must(t, err)
	for i, got := range ts {
		if got.Name != names[i] || got.Database != "lake" || got.Type != catalog.ExternalTable || len(got.Storage.Columns) != 2 {
			t.Errorf("table %d of the list is %+v", i, got)
		}
		one, err := c.Table(ctx, "lake", got.Name)
		must(t, err)
		if !reflect.DeepEqual(one, got) {
			t.Errorf("the list has\n%+v, alone it is\n%+v", got, one)
		}
	}
	_, err = c.Table(ctx, "lake", "nothing")
	want(t, err, lethe.NotFound)
	_, err = c.Table(ctx, "nothing", "users")
	want(t, err, lethe.NotFound)

	must(t, c.DropTable(ctx, "lake", "USERS"))
	want(t, c.DropTable(ctx, "lake", "users"), lethe.NotFound)
	want(t, c.DropTable(ctx, "nothing", "users"), lethe.NotFound)
	_, err = c.Table(ctx, "lake", "users")
	want(t, err, lethe.NotFound)
	if _, err := c.Table(ctx, "default", "users"); err != nil {
		t.Errorf("dropping lake.users took default.users along: %v", err)
	}
}

// full uses every field of a table.
func full() catalog.Table {
	return catalog.Table{
		Database: "default",
		Name:     "full",
		Type:     catalog.ManagedTable,
		Owner:    "ada",
		Created:  time.Date(2021, 1, 2, 3, 4, 5, 0, time.UTC),
		Partitions: []catalog.Column{
			{Name: "dt", Type: "date", Comment: "the day"},
			{Name: "größe", Type: "int"},
		},
		Storage: catalog.Storage{
			Columns: []catalog.Column{
				{Name: "id", Type: "bigint", Comment: "unique"},
				{Name: "with space", Type: "string"},
				{Name: "quote`d \"x\"", Type: "varchar(10)"},
				{Name: "price", Type: "decimal(38,18)"},
				{Name: "deep", Type: "array<struct<a:int,Other_Name:map<string,array<double>>>>"},
				{Name: "z", Type: "timestamp"},
				{Name: "y", Type: "char(3)"},
			},
			Location:      "s3://lake/full",
			InputFormat:   catalog.OpenCSV.InputFormat,
			OutputFormat:  catalog.OpenCSV.OutputFormat,
			Compressed:    true,
			SerDe:         catalog.SerDe{Name: "csv", Library: catalog.OpenCSV.SerDe, Parameters: map[string]string{"separatorChar": ",", "quoteChar": "\"", "escapeChar": "\\", "empty": ""}},
			BucketColumns: []string{"id", "price"},
			BucketCount:   16,
			SortColumns:   []catalog.SortColumn{{Column: "price", Ascending: true}, {Column: "id"}},
			Parameters:    map[string]string{"k": "v"},
		},
		Parameters:       map[string]string{"skip.header.line.count": "1", "comment": "ünïcode\nline two", "long": strings.Repeat("é", 10000)},
		ViewOriginalText: "",
	}
}

func testRoundTrip(t *testing.T, c catalog.Catalog) {
	ctx := t.Context()
	view := catalog.Table{Database: "default", Name: "v", Type: catalog.VirtualView, ViewOriginalText: "/* Presto View: e30= */", ViewExpandedText: "/* Presto View */",
		Storage: catalog.Storage{Columns: []catalog.Column{{Name: "x", Type: "int"}}, BucketCount: -1}, Parameters: map[string]string{"presto_view": "true"}}
	bare := catalog.Table{Database: "default", Name: "bare", Type: catalog.ManagedTable, Storage: catalog.Storage{BucketCount: -1}}
	for _, in := range []catalog.Table{full(), view, bare, table("default", "plain", "a", "b")} {
		before := comparable(in)
		must(t, c.CreateTable(ctx, in))
		if !reflect.DeepEqual(before, comparable(in)) {
			t.Error("CreateTable changed its argument")
		}
		got, err := c.Table(ctx, in.Database, in.Name)
		must(t, err)
		if g, w := comparable(got), comparable(in); !reflect.DeepEqual(g, w) {
			t.Errorf("put\n%+v\ngot\n%+v", w, g)
		}
		_, own := c.(OwnTimes)
		if got.Created.IsZero() || !own && !in.Created.IsZero() && !got.Created.Equal(in.Created) {
			t.Errorf("%s was made %v, want %v", in.Name, got.Created, in.Created)
		}
	}

	// EXTERNAL=TRUE and EXTERNAL_TABLE say the same.
	marked := table("default", "marked")
	marked.Type, marked.Parameters = catalog.ManagedTable, map[string]string{"EXTERNAL": "true"}
	must(t, c.CreateTable(ctx, marked))
	got, err := c.Table(ctx, "default", "marked")
	must(t, err)
	if got.Type != catalog.ExternalTable {
		t.Errorf("a table with EXTERNAL=true is %s", got.Type)
	}
	got, err = c.Table(ctx, "default", "plain")
	must(t, err)
	if !strings.EqualFold(got.Parameters["EXTERNAL"], "true") {
		t.Error("an external table lacks EXTERNAL=TRUE")
	}

	// Types are given back in Hive's spelling, names in lower case.
	odd := table("default", "odd")
	odd.Storage.Columns = []catalog.Column{{Name: "ID", Type: "INTEGER"}, {Name: "D", Type: "Decimal( 10 , 2 )"}, {Name: "S", Type: "STRUCT< a : Int, b:ARRAY<string> >"}, {Name: "E", Type: "decimal"}}
	must(t, c.CreateTable(ctx, odd))
	got, err = c.Table(ctx, "default", "odd")
	must(t, err)
	if w := []catalog.Column{{Name: "id", Type: "int"}, {Name: "d", Type: "decimal(10,2)"}, {Name: "s", Type: "struct<a:int,b:array<string>>"}, {Name: "e", Type: "decimal(10,0)"}}; !slices.Equal(got.Storage.Columns, w) {
		t.Errorf("columns are %v, want %v", got.Storage.Columns, w)
	}
}

func testAlterTable(t *testing.T, c catalog.Catalog) {
	ctx := t.Context()
	must(t, c.CreateDatabase(ctx, catalog.Database{Name: "other"}))
	old := table("default", "t", "dt")
	must(t, c.CreateTable(ctx, old))
	first, err := c.Table(ctx, "default", "t")
	must(t, err)
	must(t, c.AddPartitions(ctx, "default", "t", []catalog.Partition{partition(old, "1"), partition(old, "2")}, false))

	next := full()
	next.Name, next.Partitions, next.Created = "t", old.Partitions, time.Time{}
	must(t, c.AlterTable(ctx, "DEFAULT", "T", next))
	got, err := c.Table(ctx, "default", "t")
	must(t, err)
	if g, w := comparable(got), comparable(next); !reflect.DeepEqual(g, w) {
		t.Errorf("altered to\n%+v\ngot\n%+v", w, g)
	}
	if !got.Created.Equal(first.Created) {
		t.Errorf("an alter without a time changed it from %v to %v", first.Created, got.Created)
	}

	// Another name, another database; the partitions come along.
	next.Database, next.Name = "Other", "Moved"
	must(t, c.AlterTable(ctx, "default", "t", next))
	_, err = c.Table(ctx, "default", "t")
	want(t, err, lethe.NotFound)
	names, err := c.PartitionNames(ctx, "other", "moved", catalog.PartitionPage{})
	must(t, err)
	if !slices.Equal(names, []string{"dt=1", "dt=2"}) {
		t.Errorf("partitions after the move: %q", names)
	}
	must(t, c.CreateTable(ctx, table("default", "t")))
	next.Database, next.Name = "default", "t"
	want(t, c.AlterTable(ctx, "other", "moved", next), lethe.Exists)
	next.Database, next.Name = "nothing", "t"
	want(t, c.AlterTable(ctx, "other", "moved", next), lethe.NotFound)
	want(t, c.AlterTable(ctx, "other", "nothing", next), lethe.NotFound)

	// Partition keys can change their types, and all else only without partitions.
	next.Database, next.Name = "other", "moved"
	next.Partitions = []catalog.Column{{Name: "dt", Type: "date", Comment: "day"}}
	must(t, c.AlterTable(ctx, "other", "moved", next))
	next.Partitions = []catalog.Column{{Name: "day", Type: "date"}}
	want(t, c.AlterTable(ctx, "other", "moved", next), lethe.Conflict)
	next.Partitions = nil
	want(t, c.AlterTable(ctx, "other", "moved", next), lethe.Conflict)
	must(t, c.DropPartitions(ctx, "other", "moved", [][]string{{"1"}, {"2"}}, false))
	must(t, c.AlterTable(ctx, "other", "moved", next))

	next.Storage.Columns = append(next.Storage.Columns, catalog.Column{Name: "ID", Type: "int"})
	want(t, c.AlterTable(ctx, "other", "moved", next), lethe.Invalid)
}

func testInvalidTables(t *testing.T, c catalog.Catalog) {
	ctx := t.Context()
	for name, change := range map[string]func(*catalog.Table){
		"no name":                 func(t *catalog.Table) { t.Name = "" },
		"no database":             func(t *catalog.Table) { t.Database = "" },
		"slash":                   func(t *catalog.Table) { t.Name = "a/b" },
		"dots":                    func(t *catalog.Table) { t.Name = "../../etc/passwd" },
		"quote":                   func(t *catalog.Table) { t.Name = "x'; DROP TABLE TBLS; --" },
		"long name":               func(t *catalog.Table) { t.Name = strings.Repeat("n", 256) },
		"column twice":            func(t *catalog.Table) { t.Storage.Columns[1].Name = "ID" },
		"column and key":          func(t *catalog.Table) { t.Partitions = []catalog.Column{{Name: "Id", Type: "int"}} },
		"column without name":     func(t *catalog.Table) { t.Storage.Columns[0].Name = " " },
		"control character":       func(t *catalog.Table) { t.Storage.Columns[0].Name = "a\nb" },
		"not UTF-8":               func(t *catalog.Table) { t.Storage.Columns[0].Name = "\xff" },
		"long column":             func(t *catalog.Table) { t.Storage.Columns[0].Name = strings.Repeat("n", 256) },
		"no type":                 func(t *catalog.Table) { t.Storage.Columns[0].Type = "" },
		"unknown type":            func(t *catalog.Table) { t.Storage.Columns[0].Type = "text" },
		"open type":               func(t *catalog.Table) { t.Storage.Columns[0].Type = "array<int" },
		"type and more":           func(t *catalog.Table) { t.Storage.Columns[0].Type = "int)" },
		"precision":               func(t *catalog.Table) { t.Storage.Columns[0].Type = "decimal(39,2)" },
		"scale":                   func(t *catalog.Table) { t.Storage.Columns[0].Type = "decimal(5,6)" },
		"deep type":               func(t *catalog.Table) { t.Storage.Columns[0].Type = strings.Repeat("array<", 10000) },
		"key of no simple type":   func(t *catalog.Table) { t.Partitions = []catalog.Column{{Name: "k", Type: "array<int>"}} },
		"zero in parameter":       func(t *catalog.Table) { t.Parameters = map[string]string{"a": "b\x00"} },
		"zero in SerDe parameter": func(t *catalog.Table) { t.Storage.SerDe.Parameters = map[string]string{"a": "b\x00"} },
		"view with keys": func(t *catalog.Table) {
			t.Type, t.Partitions = catalog.VirtualView, []catalog.Column{{Name: "k", Type: "int"}}
		},
		"negative buckets": func(t *catalog.Table) { t.Storage.BucketCount = -2 },
	} {
		t.Run(name, func(t *testing.T) {
			def := table("default", "t")
			change(&def)
			want(t, c.CreateTable(ctx, def), lethe.Invalid)
		})
	}
	odd := table("default", "t")
	odd.Type = "SOMETHING"
	want(t, c.CreateTable(ctx, odd), lethe.Unsupported)
	names, err := c.TableNames(ctx, "default")
	must(t, err)
	if len(names) > 0 {
		t.Errorf("refused tables are there: %q", names)
	}
}
