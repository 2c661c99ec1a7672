package ingest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/catalog/store"
	"lethe/ingest"
	"lethe/lib/state"
	"lethe/object"
	"lethe/object/disk"
)

// everyone may do everything but what is denied.
type everyone struct{ denied string }

func (e everyone) Decide(_ context.Context, p lethe.Principal, action, resource string) error {
	if action == e.denied {
		return lethe.Errorf(lethe.Denied, "%s may not do %s to %s", p.Name, action, resource)
	}
	return nil
}

var _ access.Decider = everyone{}

// lake is a store, a catalog, a journal and an ingest service in a folder.
type lake struct {
	t       testing.TB
	dir     string
	db      *state.DB
	objects *disk.Store
	catalog *store.Store
	*ingest.Service
	closed bool
}

const bucket = "lake"

func openLake(t testing.TB, dir string, change ...func(*ingest.Config)) *lake {
	t.Helper()
	ctx := context.Background()
	l := &lake{t: t, dir: dir}
	l.must(os.MkdirAll(dir, 0o700))
	var err error
	l.db, err = state.Open(ctx, filepath.Join(dir, "state.db"))
	l.must(err)
	l.objects, err = disk.Open(filepath.Join(dir, "objects"), disk.Options{})
	l.must(err)
	if err := l.objects.CreateBucket(ctx, bucket); err != nil && !lethe.Is(err, lethe.Exists) {
		l.must(err)
	}
	l.catalog, err = store.Open(ctx, filepath.Join(dir, "catalog.db"))
	l.must(err)
	c := ingest.Config{DB: l.db, Store: l.objects, Catalog: l.catalog, Access: everyone{}, Dir: filepath.Join(dir, "ingest"), Region: lethe.DefaultRegion}
	for _, f := range change {
		f(&c)
	}
	l.Service, err = ingest.Open(ctx, c)
	l.must(err)
	t.Cleanup(l.close)
	return l
}

func (l *lake) close() {
	if l.closed {
		return
	}
	l.closed = true
	l.must(errors.Join(l.Service.Close(), l.catalog.Close(), l.objects.Close(), l.db.Close()))
}

func (l *lake) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lake) put(key, text string) {
	l.t.Helper()
	_, err := l.objects.Put(context.Background(), bucket, key, strings.NewReader(text), object.Header{}, object.Condition{})
	l.must(err)
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.String()
}

// keys lists all objects below a prefix.
func (l *lake) keys(prefix string) (keys []string) {
	l.t.Helper()
	for o, err := range object.All(context.Background(), l.objects, bucket, prefix) {
		l.must(err)
		keys = append(keys, o.Key)
	}
	return keys
}

func (l *lake) text(location string) string {
	l.t.Helper()
	at, err := lethe.ParseLocation(location)
	l.must(err)
	r, _, err := l.objects.Open(context.Background(), at.Bucket, at.Key, 0, -1)
	l.must(err)
	defer r.Close()
	b, err := io.ReadAll(r)
	l.must(err)
	return string(b)
}

// rows reads a table back as the catalog has it, each row as name=value pairs
// in the table's order, and sorts them.
func (l *lake) rows(table string) []string {
	l.t.Helper()
	ctx := context.Background()
	def, err := l.catalog.Table(ctx, "default", table)
	l.must(err)
	if len(def.Partitions) == 0 {
		return l.rowsAt(def.Storage.Location, "")
	}
	ps, err := l.catalog.Partitions(ctx, "default", table, catalog.PartitionPage{})
	l.must(err)
	var out []string
	for _, p := range ps {
		out = append(out, l.rowsAt(p.Storage.Location, " "+catalog.PartitionName(def.Partitions, p.Values))...)
	}
	sort.Strings(out)
	return out
}

func (l *lake) rowsAt(location, suffix string) (out []string) {
	l.t.Helper()
	at, err := lethe.ParseLocation(location)
	l.must(err)
	for _, key := range l.keys(at.Dir().Key) {
		for _, row := range readParquet(l.t, []byte(l.text("s3://"+bucket+"/"+key))) {
			out = append(out, row+suffix)
		}
	}
	sort.Strings(out)
	return out
}

func readParquet(t testing.TB, b []byte) (out []string) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	columns := f.Schema().Columns()
	for _, g := range f.RowGroups() {
		r := g.Rows()
		buf := make([]parquet.Row, 100)
		for {
			n, err := r.ReadRows(buf)
			for _, row := range buf[:n] {
				var parts []string
				for i, v := range row {
					text := "null"
					if !v.IsNull() {
						text = v.String()
						if v.Kind() == parquet.ByteArray {
							text = fmt.Sprintf("%q", text)
						}
					}
					parts = append(parts, columns[i][0]+"="+text)
				}
				out = append(out, strings.Join(parts, " "))
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		r.Close()
	}
	return out
}

func (l *lake) do(j ingest.Job) (ingest.Report, error) {
	return l.Do(context.Background(), j, nil)
}

// people is a job over the object in/people.csv.
func people(more ...func(*ingest.Job)) ingest.Job {
	j := ingest.Job{Sources: []string{"s3://lake/in/"}, Table: "people", Location: "s3://lake/out/people"}
	for _, f := range more {
		f(&j)
	}
	return j
}

func typed(columns ...string) func(*ingest.Job) {
	return func(j *ingest.Job) {
		for i := 0; i < len(columns); i += 2 {
			j.Columns = append(j.Columns, catalog.Column{Name: columns[i], Type: columns[i+1]})
		}
	}
}

func equal(t *testing.T, got, want []string) {
	t.Helper()
	sort.Strings(want)
	if !slices.Equal(got, want) {
		t.Errorf("rows are\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestCSV(t *testing.T) {
	l := openLake(t, t.TempDir())
	l.put("in/people.csv", "\ufeffName, Age ,City\r\nAda,36,\"London, \"\"UK\"\"\"\r\nBob,,\nEve,\"\",\"\"\n\n\"Two\nlines\",1,x")
	r, err := l.do(people())
	l.must(err)
	equal(t, l.rows("people"), []string{
		`name="Ada" age="36" city="London, \"UK\""`,
		`name="Bob" age=null city=null`,
		`name="Eve" age="" city=""`,
		`name="Two\nlines" age="1" city="x"`,
	})
	if r.RowsRead != 4 || r.RowsWritten != 4 || r.BlankLines != 1 || r.BadRows != 0 || r.FilesWritten != 1 {
		t.Errorf("report is %+v", r)
	}
	def, err := l.catalog.Table(t.Context(), "default", "people")
	l.must(err)
	if def.Type != catalog.ExternalTable || def.Storage.Location != "s3://lake/out/people" || def.Storage.InputFormat != catalog.Parquet.InputFormat {
		t.Errorf("table is %+v", def)
	}
	if want := []catalog.Column{{Name: "name", Type: "string"}, {Name: "age", Type: "string"}, {Name: "city", Type: "string"}}; !slices.Equal(def.Storage.Columns, want) {
		t.Errorf("columns are %v", def.Storage.Columns)
	}
}

func TestTypes(t *testing.T) {
	l := openLake(t, t.TempDir())
	l.put("in/t.csv", "b,t,s,i,l,f,d,n,m,k,v,w,e\n"+
		"TRUE,-128,32767, 42 ,-9223372036854775808,1.5,1e300,12.50,-0.01,12345678901234567890123456789012345.678,2020-09-10,2020-09-10 01:02:03.5,aGk=\n"+
		"false,,,,,,,,,,1969-12-31,1969-12-31T23:59:59.999999,\n"+
		",1,1,1,1,NaN,-Infinity,-99.99,9999999999999999.99,-1,0001-01-01,2020-01-01T00:00:00+02:00,\n")
	_, err := l.do(people(typed("b", "boolean", "t", "tinyint", "s", "smallint", "i", "int", "l", "bigint", "f", "float", "d", "double",
		"n", "decimal(4,2)", "m", "decimal(18,2)", "k", "decimal(38,3)", "v", "date", "w", "timestamp", "e", "binary")))
	l.must(err)
	got := strings.Join(l.rows("people"), "\n")
	for _, want := range []string{"b=true t=-128 s=32767 i=42 l=-9223372036854775808 f=1.5 d=1e+300 n=1250 m=-1 ", "v=18515 w=1599699723500000 e=\"hi\"",
		"v=-1 w=-1 e=null", "f=NaN d=-Inf n=-9999 m=999999999999999999 ", "v=-719162 w=1577829600000000"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
	def, err := l.catalog.Table(t.Context(), "default", "people")
	l.must(err)
	var types []string
	for _, c := range def.Storage.Columns {
		types = append(types, c.Type)
	}
	if got := strings.Join(types, " "); got != "boolean tinyint smallint int bigint float double decimal(4,2) decimal(18,2) decimal(38,3) date timestamp binary" {
		t.Errorf("types are %s", got)
	}
}

func TestInference(t *testing.T) {
	l := openLake(t, t.TempDir())
	l.put("in/1.csv", "i,big,d,mixed,zip,b,day,at,empty,text\n1,1,1,1,01234,true,2020-01-02,2020-01-02,,x\n")
	l.put("in/2.csv.gz", zipped("i,big,d,mixed,zip,b,day,at,empty,text\n-7,9007199254740993,2.5,9007199254740993,1,FALSE,1999-12-31,2020-01-02 03:04:05,,1\n,,,2.5,,,,,,\n"))
	r, err := l.do(people(func(j *ingest.Job) { j.Infer = true }))
	l.must(err)
	def, err := l.catalog.Table(t.Context(), "default", "people")
	l.must(err)
	var types []string
	for _, c := range def.Storage.Columns {
		types = append(types, c.Name+" "+c.Type)
	}
	if got, want := strings.Join(types, ", "), "i bigint, big bigint, d double, mixed string, zip string, b boolean, day date, at timestamp, empty string, text string"; got != want {
		t.Errorf("types are %s, want %s", got, want)
	}
	if r.RowsWritten != 3 || len(r.Sources) != 2 {
		t.Errorf("report is %+v", r)
	}
}

func TestJSONLines(t *testing.T) {
	l := openLake(t, t.TempDir())
	l.put("in/a.jsonl.gz", zipped(`{"Id": 1, "name": "Ada", "tags": ["x", {"y": 1}], "ok": true}`+"\n\n"+`{"id": 9007199254740993, "score": 1.5, "name": null}`+"\n"))
	l.put("in/b.jsonl", `{"id":3,"name":"\u00e9\ud83d\ude00\n","score":2}`)
	_, err := l.do(people())
	l.must(err)
	equal(t, l.rows("people"), []string{
		`id=1 name="Ada" tags="[\"x\",{\"y\":1}]" ok=true score=null`,
		`id=9007199254740993 name=null tags=null ok=null score=1.5`,
		`id=3 name="é😀\n" tags=null ok=null score=2`,
	})

	// With a schema, other keys are ignored, and counted.
	r, err := l.do(people(typed("id", "int", "name", "string"), func(j *ingest.Job) { j.Sources = []string{"s3://lake/in/b.jsonl"} }))
	l.must(err)
	equal(t, l.rows("people"), []string{`id=3 name="é😀\n"`})
	if fmt.Sprint(r.Ignored) != "map[score:1]" {
		t.Errorf("ignored %v", r.Ignored)
	}
}

func TestBadRows(t *testing.T) {
	csv := strings.Join([]string{
		"id,name",                          // 1
		"1,one",                            // 2
		"2",                                // 3: too few
		"3,three,3",                        // 4: too many
		"x,four",                           // 5: no integer
		`5,"fi"ve`,                         // 6: after the closing quote
		`6,s"ix`,                           // 7: quote inside
		"7,\xff",                           // 8: not UTF-8
		"99999999999,8",                    // 9: too large
		"9,ok",                             // 10
		strings.Repeat("y", 300) + ",long", // 11: over the bound
		`11,"fine`,                         // 12: two lines
		`yes"`,                             // 13
		`12,"never ends`,                   // 14: runs to the end
		"13,thirteen",                      // 15: taken all the same
		"",
	}, "\n")
	wantBad := []string{
		"3: it has 1 fields, not 2", "4: it has 3 fields, not 2", `5: column id: "x" is not an integer`, "6: field 2 has 'v' after its closing quote",
		"7: field 2 has a quote, but does not begin with one", "8: byte 3 of the line is not valid UTF-8", `9: column id: "99999999999" does not fit into 32 bits`,
		"11: the line is longer than 200 bytes", "14: a quote opens a field that never ends",
	}
	wantRows := []string{`id=1 name="one"`, `id=9 name="ok"`, `id=11 name="fine\nyes"`, `id=13 name="thirteen"`}
	job := func(policy string) ingest.Job {
		return people(typed("id", "int", "name", "string"), func(j *ingest.Job) { j.BadRows, j.MaxLine = policy, 200 })
	}
	check := func(t *testing.T, r ingest.Report) {
		t.Helper()
		var bad []string
		for _, b := range r.Bad {
			if b.Object != "s3://lake/in/p.csv" {
				t.Errorf("bad row of %s", b.Object)
			}
			bad = append(bad, fmt.Sprintf("%d: %s", b.Line, b.Reason))
		}
		if !slices.Equal(bad, wantBad) {
			t.Errorf("bad rows are\n  %s\nwant\n  %s", strings.Join(bad, "\n  "), strings.Join(wantBad, "\n  "))
		}
		if r.BadRows != int64(len(wantBad)) || r.RowsWritten != int64(len(wantRows)) {
			t.Errorf("report is %+v", r)
		}
	}
	t.Run("skip", func(t *testing.T) {
		l := openLake(t, t.TempDir())
		l.put("in/p.csv", csv)
		r, err := l.do(job("skip:9"))
		l.must(err)
		check(t, r)
		equal(t, l.rows("people"), wantRows)
		if _, err := l.do(job("skip:8")); !lethe.Is(err, lethe.BadData) || !strings.Contains(err.Error(), "s3://lake/in/p.csv line 14") {
			t.Errorf("one bad row too many: %v", err)
		}
		equal(t, l.rows("people"), wantRows) // the failed run changed nothing
	})
	t.Run("fail", func(t *testing.T) {
		l := openLake(t, t.TempDir())
		l.put("in/p.csv", csv)
		r, err := l.do(job("fail"))
		if !lethe.Is(err, lethe.BadData) || !strings.Contains(err.Error(), "line 3: it has 1 fields") || len(r.Bad) != 1 {
			t.Errorf("%v, report %+v", err, r)
		}
		if _, err := l.catalog.Table(t.Context(), "default", "people"); !lethe.Is(err, lethe.NotFound) {
			t.Error("a failed ingest left a table")
		}
		if keys := l.keys("out/"); len(keys) != 0 {
			t.Errorf("a failed ingest left %q", keys)
		}
	})
	t.Run("quarantine", func(t *testing.T) {
		l := openLake(t, t.TempDir())
		l.put("in/p.csv", csv)
		for range 2 { // the second run replaces the first one's bad rows too
			r, err := l.do(job("quarantine:s3://lake/bad"))
			l.must(err)
			check(t, r)
			equal(t, l.rows("people"), wantRows)
			if keys := l.keys("bad/"); len(keys) != 1 || "s3://lake/"+keys[0] != r.Quarantine {
				t.Errorf("quarantine is %q, the report says %s", keys, r.Quarantine)
			}
			lines := strings.Split(strings.TrimSpace(l.text(r.Quarantine)), "\n")
			if len(lines) != len(wantBad) {
				t.Fatalf("%d rows aside", len(lines))
			}
			source := strings.Split(csv, "\n")
			for i, line := range lines {
				var b ingest.BadRow
				l.must(json.Unmarshal([]byte(line), &b))
				raw := b.Raw
				if b.RawBytes != nil {
					raw = string(b.RawBytes)
				}
				if raw != source[b.Line-1] && !(b.Truncated && strings.HasPrefix(source[b.Line-1], raw)) || csv[b.Offset:b.Offset+int64(len(raw))] != raw {
					t.Errorf("row %d aside is %+v", i, b)
				}
			}
		}
	})
}

func TestBadJSON(t *testing.T) {
	l := openLake(t, t.TempDir())
	l.put("in/p.json", strings.Join([]string{
		`{"id":1}`, `{"id":`, `[1]`, `{"id":2} x`, `{"id":"x"}`, `{"id":{"a":1}}`, "{\"id\":\"\xff\"}", `{"id":1,"ID":2}`, `{"name":"\ud800"}`, `nope`, `{"id":1.5}`, `{"id":3}`,
		`{"name":"` + strings.Repeat("x", 300) + `"}`,
	}, "\n"))
	r, err := l.do(people(typed("id", "int", "name", "string"), func(j *ingest.Job) { j.BadRows, j.MaxLine = "skip:100", 200 }))
	l.must(err)
	equal(t, l.rows("people"), []string{"id=1 name=null", "id=3 name=null"})
	var lines []int64
	for _, b := range r.Bad {
		lines = append(lines, b.Line)
	}
	if !slices.Equal(lines, []int64{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13}) {
		t.Errorf("bad lines are %v: %+v", lines, r.Bad)
	}
}

func TestDamagedSources(t *testing.T) {
	whole := zipped(strings.Repeat("a,b\n", 1000))
	for name, c := range map[string]struct {
		key, text string
		kind      lethe.Kind
		want      string
	}{
		"truncated gzip": {"in/a.csv.gz", whole[:len(whole)-9], lethe.BadData, "damaged after line"},
		"broken gzip":    {"in/a.csv.gz", "\x1f\x8bnonsense", lethe.BadData, "not valid gzip"},
		"empty":          {"in/a.csv", "", lethe.BadData, "empty"},
		"two names":      {"in/a.csv", "a,A\n1,2\n", lethe.BadData, "two columns named a"},
		"bad header":     {"in/a.csv", "a,\"b\n", lethe.BadData, "header"},
		"no format":      {"in/a.dat", "a\n", lethe.Invalid, "format"},
		"no keys":        {"in/a.json", "{}\n", lethe.BadData, "no columns"},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLake(t, t.TempDir())
			l.put(c.key, c.text)
			if _, err := l.do(people()); !lethe.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %s with %q", err, c.kind, c.want)
			}
		})
	}
	l := openLake(t, t.TempDir())
	l.put("in/1.csv", "a,b\n1,2\n")
	l.put("in/2.csv", "b,a\n3,4\n")
	_, err := l.do(people())
	l.must(err)
	equal(t, l.rows("people"), []string{`a="1" b="2"`, `a="4" b="3"`})
	for _, header := range []string{"a\n1\n", "a,b,c\n1,2,3\n", "a,c\n1,2\n"} {
		l.put("in/2.csv", header)
		if _, err := l.do(people()); !lethe.Is(err, lethe.BadData) || !strings.Contains(err.Error(), "in/2.csv") {
			t.Errorf("another header: %v", err)
		}
	}
}

func TestPartitions(t *testing.T) {
	l := openLake(t, t.TempDir())
	job := people(typed("id", "int", "day", "date", "c", "string"), func(j *ingest.Job) { j.PartitionBy = []string{"C", "day"} })
	l.put("in/p.csv", "id,day,c\n1,2020-01-01,a/b\n2,2020-01-01,\n3,,x=y\n4,2020-01-01,a/b\n5,2020-01-02,\"\"\n")
	r, err := l.do(job)
	l.must(err)
	equal(t, l.rows("people"), []string{
		"id=1 c=a%2Fb/day=2020-01-01", "id=4 c=a%2Fb/day=2020-01-01", "id=2 c=__HIVE_DEFAULT_PARTITION__/day=2020-01-01",
		"id=3 c=x%3Dy/day=__HIVE_DEFAULT_PARTITION__", "id=5 c=__HIVE_DEFAULT_PARTITION__/day=2020-01-02",
	})
	if r.Partitions != 4 || r.FilesWritten != 4 {
		t.Errorf("report is %+v", r)
	}
	for _, key := range l.keys("out/") {
		if !strings.HasPrefix(key, "out/people/c=") {
			t.Errorf("file %s", key)
		}
	}

	// Another run: partitions that it has no rows for go, unless somebody else's
	// object lies there.
	l.put("out/people/c=x%3Dy/day=__HIVE_DEFAULT_PARTITION__/theirs.parquet", "not ours")
	l.put("in/p.csv", "id,day,c\n9,2020-01-01,a/b\n8,2021-01-01,new\n")
	r, err = l.do(job)
	l.must(err)
	names, err := l.catalog.PartitionNames(t.Context(), "default", "people", catalog.PartitionPage{})
	l.must(err)
	if want := []string{"c=a%2Fb/day=2020-01-01", "c=new/day=2021-01-01", "c=x%3Dy/day=__HIVE_DEFAULT_PARTITION__"}; !slices.Equal(names, want) {
		t.Errorf("partitions are %q, want %q", names, want)
	}
	if r.FilesReplaced != 4 || len(l.keys("out/")) != 3 {
		t.Errorf("report is %+v, objects are %q", r, l.keys("out/"))
	}

	// Other partition keys: other partitions.
	job.PartitionBy = nil
	l.must(l.objects.Delete(t.Context(), bucket, "out/people/c=x%3Dy/day=__HIVE_DEFAULT_PARTITION__/theirs.parquet", object.Condition{}))
	_, err = l.do(job)
	l.must(err)
	equal(t, l.rows("people"), []string{`id=9 day=18262 c="a/b"`, `id=8 day=18628 c="new"`})

	job.PartitionBy = []string{"nothing"}
	if _, err := l.do(job); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("partition by a column that is not there: %v", err)
	}
}

func TestRunAgain(t *testing.T) {
	l := openLake(t, t.TempDir())
	l.put("in/p.csv", "id\n1\n2\n")
	_, err := l.do(people())
	l.must(err)
	first := l.keys("out/")
	l.put("out/people/theirs.parquet", "left alone")
	l.put("out/people-2/x", "left alone")
	def, err := l.catalog.Table(t.Context(), "default", "people")
	l.must(err)
	def.Parameters["note"], def.Storage.Columns[0].Comment, def.Owner = "kept", "kept too", "ada"
	l.must(l.catalog.AlterTable(t.Context(), "default", "people", def))

	l.put("in/p.csv", "id,more\n3,x\n")
	r, err := l.do(people())
	l.must(err)
	keys := l.keys("out/")
	if len(keys) != 3 || r.FilesReplaced != 1 || slices.Contains(keys, first[0]) {
		t.Errorf("objects are %q after %q, report %+v", keys, first, r)
	}
	l.must(l.objects.Delete(t.Context(), bucket, "out/people/theirs.parquet", object.Condition{}))
	equal(t, l.rows("people"), []string{`id="3" more="x"`})
	def, err = l.catalog.Table(t.Context(), "default", "people")
	l.must(err)
	if def.Parameters["note"] != "kept" || def.Storage.Columns[0].Comment != "kept too" || def.Owner != "ada" {
		t.Errorf("another run lost what others added: %+v", def)
	}

	// After the table was dropped, its files are still ours to replace.
	l.must(l.catalog.DropTable(t.Context(), "default", "people"))
	_, err = l.do(people())
	l.must(err)
	equal(t, l.rows("people"), []string{`id="3" more="x"`})

	runs, err := l.Runs(t.Context(), 0)
	l.must(err)
	if len(runs) != 3 || runs[0].Phase != ingest.Done || runs[0].Report.FilesReplaced != 1 || runs[0].ID < runs[1].ID {
		t.Errorf("runs are %+v", runs)
	}
}

func TestTakesOverNothing(t *testing.T) {
	l := openLake(t, t.TempDir())
	ctx := t.Context()
	l.put("in/p.csv", "id\n1\n")
	conflict := func(what string, j ingest.Job) {
		t.Helper()
		if _, err := l.do(j); !lethe.Is(err, lethe.Conflict) {
			t.Errorf("%s: %v", what, err)
		}
	}
	l.put("out/people/theirs.parquet", "x")
	conflict("a new table where objects are", people())
	l.must(l.objects.Delete(ctx, bucket, "out/people/theirs.parquet", object.Condition{}))
	l.put("out/people/_SUCCESS", "")
	l.put("out/people/_temporary/x", "hidden")

	other := catalog.Table{Database: "default", Name: "people", Type: catalog.ExternalTable, Storage: catalog.Storage{Location: "s3://lake/out/people", Columns: []catalog.Column{{Name: "x", Type: "int"}}}}
	l.must(l.catalog.CreateTable(ctx, other))
	conflict("a table that no ingest made", people())
	_, err := l.do(people(func(j *ingest.Job) { j.Replace = true }))
	l.must(err)
	conflict("another location", people(func(j *ingest.Job) { j.Location = "s3://lake/elsewhere/people" }))
	l.must(l.catalog.CreateTable(ctx, catalog.Table{Database: "default", Name: "v", Type: catalog.VirtualView, ViewOriginalText: "SELECT 1"}))
	conflict("a view", people(func(j *ingest.Job) { j.Table, j.Replace, j.Location = "v", true, "s3://lake/out/v" }))
	if _, err := l.do(people(func(j *ingest.Job) { j.Database = "nothing" })); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("no database: %v", err)
	}
}

func TestInvalidJobs(t *testing.T) {
	l := openLake(t, t.TempDir())
	l.put("in/p.csv", "id\n1\n")
	for name, change := range map[string]func(*ingest.Job){
		"no table":             func(j *ingest.Job) { j.Table = "" },
		"no source":            func(j *ingest.Job) { j.Sources = nil },
		"local path":           func(j *ingest.Job) { j.Sources = []string{"/etc/passwd"} },
		"no location":          func(j *ingest.Job) { j.Location = "" },
		"whole bucket":         func(j *ingest.Job) { j.Location = "s3://lake" },
		"reads what it writes": func(j *ingest.Job) { j.Location = "s3://lake/in" },
		"writes what it reads": func(j *ingest.Job) { j.Location = "s3://lake/in/deeper" },
		"policy":               func(j *ingest.Job) { j.BadRows = "ignore" },
		"skip":                 func(j *ingest.Job) { j.BadRows = "skip:-1" },
		"quarantine in table":  func(j *ingest.Job) { j.BadRows = "quarantine:s3://lake/out/people/bad" },
		"format":               func(j *ingest.Job) { j.Format = "xml" },
		"delimiter":            func(j *ingest.Job) { j.CSV.Delimiter = "ab" },
		"delimiter is quote":   func(j *ingest.Job) { j.CSV.Delimiter = `"` },
		"no names":             func(j *ingest.Job) { j.CSV.NoHeader = true },
		"type":                 func(j *ingest.Job) { j.Columns = []catalog.Column{{Name: "id", Type: "nonsense"}} },
		"column twice": func(j *ingest.Job) {
			j.Columns = []catalog.Column{{Name: "id", Type: "int"}, {Name: "ID", Type: "int"}}
		},
		"partition twice": func(j *ingest.Job) { j.PartitionBy = []string{"a", "A"} },
		"partitions only": func(j *ingest.Job) { j.PartitionBy = []string{"id"} },
		"table name":      func(j *ingest.Job) { j.Table = "a/../b" },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := l.do(people(change)); !lethe.Is(err, lethe.Invalid) {
				t.Errorf("error is %v", err)
			}
		})
	}
	for name, change := range map[string]func(*ingest.Job){
		"file URL": func(j *ingest.Job) { j.Sources = []string{"file:///etc/passwd"} },
		"URL":      func(j *ingest.Job) { j.Sources = []string{"http://example.com/x.csv"} },
		"nested":   func(j *ingest.Job) { j.Columns = []catalog.Column{{Name: "id", Type: "array<int>"}} },
		"no SQL":   func(j *ingest.Job) { j.SQL = "SELECT 1" },
		"Parquet":  func(j *ingest.Job) { j.Format = ingest.Parquet },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := l.do(people(change)); !lethe.Is(err, lethe.Unsupported) {
				t.Errorf("error is %v", err)
			}
		})
	}
	if _, err := l.do(people(func(j *ingest.Job) { j.Sources = []string{"s3://lake/nothing"} })); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("no source: %v", err)
	}
	if keys := l.keys("out/"); len(keys) > 0 {
		t.Errorf("failed ingests left %q", keys)
	}
	if left, err := os.ReadDir(filepath.Join(l.dir, "ingest")); err != nil || len(left) > 0 {
		t.Errorf("failed ingests left temporary files: %v %v", left, err)
	}
}

func TestAccess(t *testing.T) {
	for _, action := range []string{"s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject", "glue:CreateTable", "glue:UpdateTable"} {
		l := openLake(t, t.TempDir(), func(c *ingest.Config) { c.Access = everyone{denied: action} })
		l.put("in/p.csv", "id\n1\n")
		if _, err := l.do(people()); !lethe.Is(err, lethe.Denied) {
			t.Errorf("without %s: %v", action, err)
		}
		l.close()
	}
}

func TestStartWaitCancel(t *testing.T) {
	l := openLake(t, t.TempDir())
	ctx := t.Context()
	l.put("in/p.csv", "id\n1\n")
	run, err := l.Start(ctx, people())
	l.must(err)
	run, err = l.Wait(ctx, run.ID)
	l.must(err)
	if run.Phase != ingest.Done || run.Report.RowsWritten != 1 || run.Ended.IsZero() {
		t.Errorf("run is %+v", run)
	}
	if err := l.Cancel(ctx, run.ID); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("cancel of a run that is done: %v", err)
	}
	if _, err := l.Get(ctx, "nothing"); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("a run that is not: %v", err)
	}

	// Canceled in the middle: nothing is left.
	l.put("in/p.csv", "id\n"+strings.Repeat("12345678\n", 1<<20))
	canceled, cancel := context.WithCancel(ctx)
	var steps []string
	_, err = l.Do(canceled, people(func(j *ingest.Job) { j.Table, j.Location = "other", "s3://lake/out/other" }), func(p ingest.Progress) {
		if len(steps) == 0 || steps[len(steps)-1] != p.Step {
			steps = append(steps, p.Step)
		}
		if p.Step == "reading" {
			cancel()
		}
	})
	if !lethe.Is(err, lethe.Canceled) {
		t.Errorf("a canceled run answers %v", err)
	}
	if keys := l.keys("out/other"); len(keys) > 0 {
		t.Errorf("a canceled run left %q", keys)
	}
	runs, err := l.Runs(ctx, 1)
	l.must(err)
	if runs[0].Phase != ingest.Failed || runs[0].Kind != string(lethe.Canceled) || runs[0].Report.FilesWritten != 0 {
		t.Errorf("the canceled run is %+v", runs[0])
	}
}

func TestLargeAndMany(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	l := openLake(t, t.TempDir())
	var b strings.Builder
	b.WriteString("id,part,text\n")
	const rows = 200_000
	for i := range rows {
		fmt.Fprintf(&b, "%d,p%d,some text %d\n", i, i%97, i*7919%1000)
	}
	l.put("in/p.csv.gz", zipped(b.String()))
	columns := typed("id", "bigint", "part", "string", "text", "string")
	r, err := l.do(people(columns))
	l.must(err)
	if r.RowsWritten != rows || r.FilesWritten != 1 {
		t.Errorf("report is %+v", r)
	}
	key := l.keys("out/")[0]
	text := l.text("s3://lake/" + key)
	f, err := parquet.OpenFile(strings.NewReader(text), int64(len(text)))
	l.must(err)
	var groups []int64
	for i, g := range f.RowGroups() {
		groups = append(groups, g.NumRows())
		for j, c := range f.Metadata().RowGroups[i].Columns {
			if c.MetaData.Codec.String() != "ZSTD" || c.ColumnIndexOffset == 0 || c.OffsetIndexOffset == 0 || len(c.MetaData.Statistics.MinValue) == 0 {
				t.Errorf("row group %d, column %d: %+v", i, j, c)
			}
		}
	}
	if !slices.Equal(groups, []int64{65536, 65536, 65536, 3392}) {
		t.Errorf("row groups are %v", groups)
	}
	sum := int64(0)
	for _, row := range l.rows("people") {
		var id int64
		fmt.Sscanf(row, "id=%d", &id)
		sum += id
	}
	if sum != rows*(rows-1)/2 {
		t.Errorf("sum of ids is %d", sum)
	}
	r, err = l.do(people(columns, func(j *ingest.Job) {
		j.Table, j.Location, j.PartitionBy = "parts", "s3://lake/out/parts", []string{"part"}
	}))
	l.must(err)
	if r.RowsWritten != rows || r.Partitions != 97 || r.FilesWritten != 97 {
		t.Errorf("report is %+v", r)
	}
}
