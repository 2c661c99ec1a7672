package catalogtest

import (
	"maps"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
)

func testDatabases(t *testing.T, c catalog.Catalog) {
	ctx := t.Context()
	if _, err := c.Database(ctx, "default"); err != nil {
		t.Fatalf("a new catalog has no database default: %v", err)
	}
	created := time.Date(2020, 9, 10, 11, 12, 13, 0, time.UTC)
	d := catalog.Database{Name: "Sales_2", Description: "what was sold – since 2020", Location: "s3://lake/sales", Owner: "ada", Parameters: map[string]string{"team": "sales", "": "x"}}
	want(t, c.CreateDatabase(ctx, d), lethe.Invalid)
	delete(d.Parameters, "")
	d.Created = created
	must(t, c.CreateDatabase(ctx, d))
	want(t, c.CreateDatabase(ctx, d), lethe.Exists)
	want(t, c.CreateDatabase(ctx, catalog.Database{Name: "SALES_2"}), lethe.Exists)

	if _, own := c.(OwnTimes); own || !databaseTimes(c) {
		got, err := c.Database(ctx, "sales_2")
		must(t, err)
		created = got.Created
	}
	for _, name := range []string{"sales_2", "SALES_2"} {
		got, err := c.Database(ctx, name)
		must(t, err)
		if got.Name != "sales_2" || got.Description != d.Description || got.Location != d.Location || got.Owner != d.Owner ||
			!got.Created.Equal(created) || !maps.Equal(got.Parameters, d.Parameters) {
			t.Errorf("database is %+v", got)
		}
	}
	_, err := c.Database(ctx, "nothing")
	want(t, err, lethe.NotFound)

	must(t, c.CreateDatabase(ctx, catalog.Database{Name: "archive"}))
	all, err := c.Databases(ctx)
	must(t, err)
	var names []string
	for _, d := range all {
		names = append(names, d.Name)
		if databaseTimes(c) && d.Created.IsZero() {
			t.Errorf("database %s was never made", d.Name)
		}
	}
	if got := strings.Join(names, " "); got != "archive default sales_2" {
		t.Errorf("databases are %s", got)
	}

	must(t, c.AlterDatabase(ctx, "Sales_2", catalog.Database{Name: "sales_2", Location: "s3://lake/sold", Parameters: map[string]string{"a": ""}}))
	got, err := c.Database(ctx, "sales_2")
	must(t, err)
	if got.Description != "" || got.Location != "s3://lake/sold" || got.Owner != "" || !got.Created.Equal(created) || !maps.Equal(got.Parameters, map[string]string{"a": ""}) {
		t.Errorf("altered database is %+v", got)
	}
	want(t, c.AlterDatabase(ctx, "nothing", catalog.Database{Name: "nothing"}), lethe.NotFound)
	want(t, c.AlterDatabase(ctx, "sales_2", catalog.Database{Name: "other"}), lethe.Unsupported)

	want(t, c.DropDatabase(ctx, "nothing", true), lethe.NotFound)
	want(t, c.DropDatabase(ctx, "default", true), lethe.Invalid)
	must(t, c.CreateTable(ctx, table("sales_2", "orders", "dt")))
	must(t, c.AddPartitions(ctx, "sales_2", "orders", []catalog.Partition{partition(table("sales_2", "orders", "dt"), "1")}, false))
	want(t, c.DropDatabase(ctx, "sales_2", false), lethe.Conflict)
	must(t, c.DropDatabase(ctx, "sales_2", true))
	must(t, c.DropDatabase(ctx, "archive", false))
	_, err = c.Database(ctx, "sales_2")
	want(t, err, lethe.NotFound)
	_, err = c.Table(ctx, "sales_2", "orders")
	want(t, err, lethe.NotFound)
	_, err = c.Tables(ctx, "sales_2")
	want(t, err, lethe.NotFound)
	_, err = c.TableNames(ctx, "sales_2")
	want(t, err, lethe.NotFound)

	for _, name := range []string{"", "a b", "a.b", "a/b", "../x", "a;b", "a\x00b", "tab`le", `q"uote`, "\xff", strings.Repeat("x", 300)} {
		want(t, c.CreateDatabase(ctx, catalog.Database{Name: name}), lethe.Invalid)
	}
	for _, d := range []catalog.Database{
		{Name: "a", Description: "\xff"},
		{Name: "a", Location: "s3://a\x00b"},
		{Name: "a", Parameters: map[string]string{strings.Repeat("k", 5000): ""}},
		{Name: "a", Parameters: map[string]string{"k": "\xc0"}},
	} {
		want(t, c.CreateDatabase(ctx, d), lethe.Invalid)
	}
}
