package duckdb

import (
	"fmt"
	"strings"
	"testing"

	"lethe"
	"lethe/catalog"
	"lethe/object"
	"lethe/query"
)

// Partition values are text that strangers chose, and reach the engine as
// directory names.
func TestPartitionValues(t *testing.T) {
	l := newLake(t)
	values := []string{"US", "", "NULL", "null", "v", "a/b", "a=b", "a%2Fb", "%", "%zz", "+", " ", " x ", "..", ".", "*", "[a]", "?", "'", `"`, `\`,
		"k0_0=vX", "ä", "日本", "\t", "\n", "\x01", "1", "01", "2020-01-01", "true", "$x", "{a,b}", "~", ":", "#", strings.Repeat("long ", 100), strings.Repeat("日", 200), catalog.DefaultValue}
	tab := table(catalog.Parquet, "id int")
	tab.Partitions = []catalog.Column{{Name: "p", Type: "string"}, {Name: "q", Type: "int"}}
	scan := query.Scan{Table: tab}
	for i, v := range values {
		o := l.parquet(t, fmt.Sprintf("p/%d.parquet", i), fmt.Sprintf("SELECT %d AS id, 'file' AS p", i))
		q := fmt.Sprint(i % 3)
		if i%3 == 2 {
			q = catalog.DefaultValue
		}
		scan.Parts = append(scan.Parts, query.Part{Values: []string{v, q}, Storage: tab.Storage, Objects: nil})
		scan.Parts[i].Objects = append(scan.Parts[i].Objects, o)
	}
	_, rows, err := l.raw(nil, "SELECT p, q, id FROM lake.t0 ORDER BY id", scan)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(values) {
		t.Fatalf("%d rows, want %d", len(rows), len(values))
	}
	for i, v := range values {
		if v == catalog.DefaultValue {
			v = "∅"
		}
		q := fmt.Sprint(i % 3)
		if i%3 == 2 {
			q = "∅"
		}
		if got := rows[i]; got[0] != v || got[1] != q {
			t.Errorf("partition %q, %q is read as %q, %q", v, q, got[0], got[1])
		}
	}
}

func TestPartitionTypes(t *testing.T) {
	l := newLake(t)
	o := l.parquet(t, "p/1.parquet", "SELECT 1 AS id")
	csv := l.store.put(t, "p/1.csv", []byte("1\n"))
	ndjson := l.store.put(t, "p/1.json", []byte(`{"id":1,"p":"file"}`+"\n"))
	for _, c := range []struct{ typ, value, want string }{
		{"int", "007", "7"}, {"tinyint", "-1", "-1"}, {"bigint", "9223372036854775807", "9223372036854775807"},
		{"int", "x", "!"}, {"int", "1.5", "!"}, {"tinyint", "128", "!"}, {"int", " 1", "!"}, {"int", "", "∅"},
		{"date", "2020-02-29", "2020-02-29"}, {"date", "2020-02-30", "!"}, {"date", "20200229", "!"},
		{"boolean", "TRUE", "true"}, {"boolean", "1", "!"},
		{"double", "1e3", "1000.0"}, {"double", "1_0", "!"}, {"decimal(4,2)", "1.5", "1.50"}, {"decimal(4,2)", "123456", "!"},
		{"timestamp", "2020-01-01 01:02:03", "2020-01-01 01:02:03"}, {"timestamp", "noon", "!"},
		{"varchar(3)", "abc", "abc"}, {"string", "007", "007"}, {"array<int>", "1", "!"},
	} {
		for f, o := range map[*catalog.Format]object.Object{&catalog.Parquet: o, &catalog.TextFile: csv, &catalog.JSON: ndjson} {
			tab := table(*f, "id int")
			tab.Partitions = []catalog.Column{{Name: "p", Type: c.typ}}
			scan := query.Scan{Table: tab, Parts: []query.Part{{Values: []string{c.value}, Storage: tab.Storage}}}
			scan.Parts[0].Objects = append(scan.Parts[0].Objects, o)
			_, rows, err := l.raw(nil, "SELECT * FROM lake.t0", scan)
			switch {
			case c.want == "!":
				if !lethe.Is(err, lethe.BadData) || !strings.Contains(err.Error(), "partition key p of table default.t") {
					t.Errorf("%s %q: %s, %v", c.typ, c.value, text(rows), err)
				}
			case err != nil || text(rows) != "1|"+c.want+"\n":
				t.Errorf("%s %q in %s: %q %v, want %s", c.typ, c.value, f.SerDe, text(rows), err, c.want)
			}
		}
	}
}

// Files of partitions that a filter excludes are not read: here they could not be.
func TestPartitionPruning(t *testing.T) {
	l := newLake(t)
	tab := table(catalog.Parquet, "id int")
	tab.Partitions = []catalog.Column{{Name: "country", Type: "string"}, {Name: "day", Type: "date"}}
	scan := query.Scan{Table: tab}
	for i, c := range []string{"IT", "FR", "DE"} {
		o := l.parquet(t, fmt.Sprintf("p/%d.parquet", i), fmt.Sprintf("SELECT %d AS id", i))
		if c != "FR" {
			b := readFile(t, l.store.blob(o))
			o = l.store.put(t, o.Key, append([]byte("PAR1\xff\xff\xff\xff"), b[8:]...))
		}
		scan.Parts = append(scan.Parts, query.Part{Values: []string{c, fmt.Sprintf("2020-01-0%d", i+1)}, Storage: tab.Storage})
		scan.Parts[i].Objects = append(scan.Parts[i].Objects, o)
	}
	for _, where := range []string{"country = 'FR'", "day = DATE '2020-01-02'", "country IN ('FR', 'XX')", "day BETWEEN DATE '2020-01-02' AND DATE '2020-01-02'"} {
		_, rows, err := l.raw(nil, "SELECT id FROM lake.t0 WHERE "+where, scan)
		if err != nil || text(rows) != "1\n" {
			t.Errorf("%s: %s %v", where, text(rows), err)
		}
	}
	if _, _, err := l.raw(nil, "SELECT id FROM lake.t0", scan); !lethe.Is(err, lethe.BadData) {
		t.Errorf("the other files were to be unreadable: %v", err)
	}
}

// Parts of one table may be stored differently.
func TestPartsDiffer(t *testing.T) {
	l := newLake(t)
	tab := table(catalog.Parquet, "id int", "name string")
	tab.Partitions = []catalog.Column{{Name: "p", Type: "int"}}
	csv := table(catalog.OpenCSV, "name string", "id int") // in another order
	scan := query.Scan{Table: tab, Parts: []query.Part{
		{Values: []string{"1"}, Storage: tab.Storage},
		{Values: []string{"2"}, Storage: csv.Storage},
		{Values: []string{"3"}, Storage: tab.Storage},
	}}
	scan.Parts[0].Objects = append(scan.Parts[0].Objects, l.parquet(t, "a", "SELECT 1 AS id, 'x' AS name"))
	scan.Parts[1].Objects = append(scan.Parts[1].Objects, l.store.put(t, "b", []byte("y,2\n")))
	_, rows, err := l.raw(nil, "SELECT a.*, b.id FROM lake.t0 a JOIN lake.t1 b USING (p) ORDER BY p", scan, scan)
	if err != nil || text(rows) != "1|x|1|1\n2|y|2|2\n" {
		t.Errorf("%s %v", text(rows), err)
	}
}
