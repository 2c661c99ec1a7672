package console_test

import (
	"net/http"
	"strings"
	"testing"

	"lethe"
)

const tablesPath = "/api/v1/catalogs/AwsDataCatalog/databases/default/tables"

type table struct {
	Name, Format, DDL string
	Columns           []struct{ Name, Type, Comment string }
	PartitionKeys     []struct{ Name string } `json:"partition_keys"`
}

func TestCatalog(t *testing.T) {
	c := serve(t).as("admin")
	if a := c.do("GET", "/api/v1/catalogs", ""); !strings.Contains(a.body, `"demo_hive_metastore"`) {
		t.Error(a.body)
	}
	if a := c.do("GET", "/api/v1/catalogs/demo_hive_metastore/databases", ""); !strings.Contains(a.body, `"sales"`) {
		t.Error(a.body)
	}
	ts := decode[struct{ Tables []table }](c, c.do("GET", tablesPath, "")).Tables
	formats := map[string]string{}
	for _, x := range ts {
		formats[x.Name] = x.Format
		if x.Columns != nil {
			t.Errorf("%s has columns nobody asked for", x.Name)
		}
	}
	if formats["reviews"] != "json" || formats["covid_confirmed_cases"] != "parquet" || formats["latest_cases"] != "view" {
		t.Errorf("%v", formats)
	}
	x := decode[table](c, c.do("GET", tablesPath+"/reviews", ""))
	if len(x.Columns) != 5 || len(x.PartitionKeys) != 3 || !strings.HasPrefix(x.DDL, "CREATE EXTERNAL TABLE") {
		t.Errorf("%+v", x)
	}
	// A view has no statement of this kind; the rest of it is told all the same.
	if x := decode[table](c, c.do("GET", tablesPath+"/latest_cases", "")); x.DDL != "" || x.Name == "" {
		t.Errorf("%+v", x)
	}
}

func TestTablesArePaged(t *testing.T) {
	c := serve(t).as("admin")
	var names []string
	for after := ""; ; {
		p := decode[struct {
			Tables []table
			Next   string
		}](c, c.do("GET", tablesPath+"?columns=true&limit=2&after="+after, ""))
		for _, x := range p.Tables {
			names = append(names, x.Name)
			if len(x.Columns) == 0 {
				t.Errorf("%s has no columns", x.Name)
			}
		}
		if after = p.Next; after == "" {
			break
		}
	}
	if len(names) != 5 {
		t.Errorf("%q", names)
	}
}

func TestPartitionsArePaged(t *testing.T) {
	c := serve(t).as("admin")
	seen := map[string]bool{}
	pages := 0
	for after := ""; ; pages++ {
		p := decode[struct {
			Partitions []struct {
				Name, Location string
				Values         []string
			}
			Next string
		}](c, c.do("GET", tablesPath+"/reviews/partitions?limit=500&after="+after, ""))
		for _, x := range p.Partitions {
			seen[x.Name] = true
			if len(x.Values) != 3 || !strings.HasPrefix(x.Location, "s3://lake/reviews/year=") {
				t.Fatalf("%+v", x)
			}
		}
		if after = p.Next; after == "" {
			break
		}
	}
	if len(seen) != 1200 || pages != 2 {
		t.Errorf("%d partitions in %d pages", len(seen), pages+1)
	}
}

func TestWhatACatalogDoesNotHold(t *testing.T) {
	c := serve(t).as("admin")
	for _, path := range []string{
		"/api/v1/catalogs/nope/databases",
		"/api/v1/catalogs/AwsDataCatalog/databases/nope/tables",
		tablesPath + "/nope",
		tablesPath + "/nope/partitions",
	} {
		c.problem(c.do("GET", path, ""), http.StatusNotFound, lethe.NotFound)
	}
}
