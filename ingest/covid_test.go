package ingest_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"lethe"
	"lethe/catalog"
	"lethe/ingest"
)

// shared is a folder of the project's shared data; the test is skipped without.
func shared(t *testing.T, name ...string) string {
	t.Helper()
	root := os.Getenv("LETHE_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	path := filepath.Join(append([]string{root}, name...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not there; set LETHE_SHARED to the folder of shared data", path)
	}
	return path
}

func runCovid(t *testing.T, l *lake, folder fs.FS) []ingest.Report {
	t.Helper()
	l.must(ingest.PutCovid(t.Context(), l.objects, bucket, folder))
	var out []ingest.Report
	for _, j := range ingest.CovidJobs(bucket, folder == nil) {
		r, err := l.do(j)
		l.must(err)
		out = append(out, r)
	}
	return out
}

// each reads a table's rows; columns are state, country, lat, lon, date, count.
func eachCovid(t *testing.T, l *lake, table string, fn func(row parquet.Row)) {
	t.Helper()
	for _, key := range l.keys("covid_data/parquet/" + table + "/") {
		text := l.text("s3://" + bucket + "/" + key)
		f, err := parquet.OpenFile(strings.NewReader(text), int64(len(text)))
		l.must(err)
		for _, g := range f.RowGroups() {
			r := g.Rows()
			buf := make([]parquet.Row, 1000)
			for {
				n, err := r.ReadRows(buf)
				for _, row := range buf[:n] {
					fn(row)
				}
				if err != nil {
					break
				}
			}
			r.Close()
		}
	}
}

func TestCovid(t *testing.T) {
	folder := shared(t, "data", "covid19")
	l := openLake(t, t.TempDir())
	reports := runCovid(t, l, os.DirFS(folder))
	// The figures are those of the data's README; world is the sum of all.
	for i, want := range []struct {
		table, column string
		rows          int64
		sums          map[string]int64
	}{
		{"covid_confirmed_cases", "confirmed", 289, map[string]int64{"US": 6420040, "India": 4562414, "Brazil": 4246638, "Spain": 554143, "United Kingdom": 360545, "Italy": 283180, "world": 28227493}},
		{"covid_death_cases", "deaths", 289, map[string]int64{"world": 972736}},
		{"covid_recovered_cases", "recovered", 274, map[string]int64{"world": 19004538}},
	} {
		if r := reports[i]; r.RowsRead != want.rows || r.RowsWritten != want.rows*1143 || r.BadRows != 0 {
			t.Errorf("%s: report is %+v", want.table, r)
		}
		sums := map[string]int64{}
		rows, noPlace, noState := 0, 0, 0
		eachCovid(t, l, want.table, func(row parquet.Row) {
			rows++
			if row[0].IsNull() {
				noState++
			}
			if row[2].IsNull() {
				noPlace++
			}
			if string(row[4].ByteArray()) == "2020-09-10" {
				sums["world"] += row[5].Int64()
				sums[string(row[1].ByteArray())] += row[5].Int64()
			}
		})
		if int64(rows) != want.rows*1143 || noPlace == 0 || noPlace%1143 != 0 || noState == 0 {
			t.Errorf("%s: %d rows, %d without coordinates, %d without a state", want.table, rows, noPlace, noState)
		}
		for place, n := range want.sums {
			if sums[place] != n {
				t.Errorf("%s of %s on 2020-09-10: %d, want %d", want.column, place, sums[place], n)
			}
		}
		def, err := l.catalog.Table(t.Context(), "default", want.table)
		l.must(err)
		columns := []catalog.Column{{Name: "state", Type: "string"}, {Name: "country", Type: "string"}, {Name: "lat", Type: "double"}, {Name: "lon", Type: "double"}, {Name: "date", Type: "string"}, {Name: want.column, Type: "bigint"}}
		if fmt.Sprint(def.Storage.Columns) != fmt.Sprint(columns) || def.Storage.Location != "s3://lake/covid_data/parquet/"+want.table {
			t.Errorf("table is %+v", def)
		}
	}
	if n := len(l.keys("covid_data/csv/")); n != 3 {
		t.Errorf("%d originals", n)
	}
}

func TestSimulatedOutbreak(t *testing.T) {
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		if err := ingest.SimulatedOutbreak(w, "deaths"); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the outbreak is another one each time")
	}
	if err := ingest.SimulatedOutbreak(&a, "rumours"); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("an unknown kind: %v", err)
	}
	l := openLake(t, t.TempDir())
	runCovid(t, l, nil)
	var total, before int64
	countries := map[string]bool{}
	eachCovid(t, l, "covid_confirmed_cases", func(row parquet.Row) {
		countries[string(row[1].ByteArray())] = true
		switch string(row[4].ByteArray()) {
		case "2020-09-10":
			before += row[5].Int64()
		case "2023-03-09":
			total += row[5].Int64()
		}
	})
	if before <= 0 || total <= before || !countries["Korea, South"] || !countries["United Kingdom"] {
		t.Errorf("cases are %d, then %d, in %v", before, total, countries)
	}
	def, err := l.catalog.Table(t.Context(), "default", "covid_recovered_cases")
	l.must(err)
	if !strings.Contains(def.Parameters["comment"], "SIMULATED") {
		t.Errorf("the comment is %q", def.Parameters["comment"])
	}
	for _, key := range l.keys("covid_data/csv/") {
		if !strings.Contains(key, "simulated") {
			t.Errorf("a simulated file is called %s", key)
		}
	}
	if err := ingest.PutCovid(t.Context(), l.objects, bucket, os.DirFS(t.TempDir())); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("an empty folder: %v", err)
	}
}
