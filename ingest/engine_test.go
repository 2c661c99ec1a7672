package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"lethe"
	"lethe/catalog"
	"lethe/ingest"
)

// echo is an engine whose every SELECT answers the rows of source in one
// partition, or in none.
type echo struct {
	t      *testing.T
	job    ingest.WriteJob
	input  []string // rows that it was given
	values []*string
	keys   []catalog.Column
	err    error
}

func (e *echo) Write(_ context.Context, job ingest.WriteJob) (ingest.WriteResult, error) {
	e.job, e.input = job, nil
	if e.err != nil {
		return ingest.WriteResult{}, e.err
	}
	r := ingest.WriteResult{Columns: append(slices.Clone(job.Columns), e.keys...)}
	for i, f := range job.Files {
		b, err := os.ReadFile(f)
		if err != nil {
			return r, err
		}
		rows := readParquet(e.t, b)
		e.input = append(e.input, rows...)
		out := filepath.Join(job.Dir, fmt.Sprint(i))
		if err := os.WriteFile(out, b, 0o600); err != nil {
			return r, err
		}
		r.Files = append(r.Files, ingest.WrittenFile{Path: out, Rows: int64(len(rows)), Values: e.values})
	}
	job.Progress(1)
	return r, nil
}

func TestSelect(t *testing.T) {
	e := &echo{t: t}
	l := openLake(t, t.TempDir(), func(c *ingest.Config) { c.Engine = e })
	l.put("in/p.csv", "id,name\n1,a\nx,b\n2,c\n")
	job := people(typed("id", "int", "name", "string"), func(j *ingest.Job) { j.SQL, j.BadRows = "SELECT * FROM source", "skip:1" })
	r, err := l.do(job)
	l.must(err)
	if e.job.SQL != job.SQL || fmt.Sprint(e.job.Columns) != "[{id int } {name string }]" || e.job.RowGroup != 65536 || len(e.job.Names) != len(e.job.Files) {
		t.Errorf("the engine was given %+v", e.job)
	}
	equal(t, e.input, []string{`id=1 name="a"`, `id=2 name="c"`}) // clean rows only
	equal(t, l.rows("people"), e.input)
	if r.RowsRead != 2 || r.BadRows != 1 || r.RowsWritten != 2 {
		t.Errorf("report is %+v", r)
	}

	// Partition keys are the SELECT's; null and empty are Hive's default.
	day := "2020-09-10"
	empty := ""
	e.values, e.keys = []*string{&day, nil, &empty}, []catalog.Column{{Name: "Day", Type: "date"}, {Name: "n", Type: "int"}, {Name: "s", Type: "string"}}
	job.PartitionBy, job.Table, job.Location = []string{"DAY", "n", "s"}, "parts", "s3://lake/out/parts"
	_, err = l.do(job)
	l.must(err)
	names, err := l.catalog.PartitionNames(t.Context(), "default", "parts", catalog.PartitionPage{})
	l.must(err)
	if !slices.Equal(names, []string{"day=2020-09-10/n=__HIVE_DEFAULT_PARTITION__/s=__HIVE_DEFAULT_PARTITION__"}) {
		t.Errorf("partitions are %q", names)
	}

	for _, c := range []struct {
		name string
		err  error
		keys []catalog.Column
		kind lethe.Kind
	}{
		{"an error of the engine", lethe.Errorf(lethe.Syntax, "line 1:1: nonsense"), e.keys, lethe.Syntax},
		{"no partition column", nil, nil, lethe.Invalid},
		{"a column without name", nil, []catalog.Column{{Name: "day", Type: "date"}, {Name: "n", Type: "int"}, {Name: "s", Type: "string"}, {Type: "int"}}, lethe.Invalid},
		{"a column twice", nil, []catalog.Column{{Name: "day", Type: "date"}, {Name: "n", Type: "int"}, {Name: "s", Type: "string"}, {Name: "ID", Type: "int"}}, lethe.Invalid},
	} {
		e.err, e.keys = c.err, c.keys
		if _, err := l.do(job); !lethe.Is(err, c.kind) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

type nested struct {
	ID    int64               `parquet:"ID"`
	Name  *string             `parquet:"name,optional"`
	Tags  []string            `parquet:"tags,list"`
	Attrs map[string]int32    `parquet:"attrs"`
	Deep  struct{ X float64 } `parquet:"deep"`
}

func parquetFile[T any](t *testing.T, rows ...T) string {
	t.Helper()
	var b bytes.Buffer
	if err := parquet.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestParquetSources(t *testing.T) {
	e := &echo{t: t}
	l := openLake(t, t.TempDir(), func(c *ingest.Config) { c.Engine = e })
	file := parquetFile(t, nested{ID: 1}, nested{ID: 2})
	l.put("in/1.parquet", file)
	l.put("in/2.parquet", parquetFile(t, nested{ID: 3}))
	r, err := l.do(people())
	l.must(err)
	if e.job.SQL != "SELECT * FROM source" || len(e.job.Files) != 2 || e.job.Names[1] != "s3://lake/in/2.parquet" {
		t.Errorf("the engine was given %+v", e.job)
	}
	if got, want := fmt.Sprint(e.job.Columns), "[{id bigint } {name string } {tags array<string> } {attrs map<string,int> } {deep struct<x:double> }]"; got != want {
		t.Errorf("columns are %s, want %s", got, want)
	}
	if r.RowsRead != 3 || r.RowsWritten != 3 {
		t.Errorf("report is %+v", r)
	}
	if got := l.text("s3://lake/in/1.parquet"); got != file {
		t.Error("the source was changed")
	}

	for name, text := range map[string]string{
		"truncated":     file[:len(file)-10],
		"empty":         "",
		"text":          "id,name\n",
		"no footer":     "PAR1" + strings.Repeat("\xff", 100) + "PAR1",
		"other columns": parquetFile(t, struct{ ID int32 }{1}),
	} {
		l.put("in/2.parquet", text)
		if _, err := l.do(people()); !lethe.Is(err, lethe.BadData) || !strings.Contains(err.Error(), "in/2.parquet") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := l.do(people(typed("id", "int"))); !lethe.Is(err, lethe.Unsupported) {
		t.Errorf("columns for Parquet: %v", err)
	}
}
