package query_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/catalog/store"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
	"lethe/object"
	"lethe/object/disk"
	"lethe/query"
)

// lake is a service over real stores, with an engine of the test's.
type lake struct {
	*query.Service
	t       *testing.T
	db      *state.DB
	objects *disk.Store
	catalog catalog.Catalog
	engine  *engine
	config  query.Config
}

// engine answers queries with what the test tells it to.
type engine struct {
	dir string
	mu  sync.Mutex
	job query.Job // the last one
	run func(ctx context.Context, job query.Job) (csv string, rows int64, err error)
}

func (e *engine) Run(ctx context.Context, job query.Job) (query.Result, error) {
	e.mu.Lock()
	e.job = job
	e.mu.Unlock()
	csv, rows, err := e.run(ctx, job)
	if err != nil {
		return query.Result{}, err
	}
	path := filepath.Join(e.dir, job.ID+".csv")
	if err := os.WriteFile(path, []byte(csv), 0o600); err != nil {
		return query.Result{}, err
	}
	var columns []query.Column
	for _, c := range job.Analysis.Output {
		columns = append(columns, query.Column{Name: c.Name, Type: c.Type.String()})
	}
	return query.Result{Path: path, Columns: columns, Rows: rows, Close: func() error { return os.Remove(path) }}, nil
}

func newLake(t *testing.T) *lake {
	t.Helper()
	dir := t.TempDir()
	l := &lake{t: t, engine: &engine{dir: dir}}
	l.engine.run = func(context.Context, query.Job) (string, int64, error) { return "\"a\"\n\"1\"\n", 1, nil }
	var err error
	if l.db, err = state.Open(t.Context(), filepath.Join(dir, "state.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.db.Close() })
	if l.objects, err = disk.Open(filepath.Join(dir, "objects"), disk.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.objects.Close() })
	cat, err := store.Open(t.Context(), filepath.Join(dir, "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cat.Close() })
	l.catalog = cat
	for _, b := range []string{"results", "data"} {
		if err := l.objects.CreateBucket(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	acc, err := access.Open(t.Context(), l.db, sealtest.Keyring(t, l.db), nil)
	if err != nil {
		t.Fatal(err)
	}
	l.config = query.Config{DB: l.db, Store: l.objects, Catalog: cat, Engine: l.engine, Access: acc,
		Region: lethe.DefaultRegion, Output: "s3://results/", Log: slog.New(slog.DiscardHandler)}
	l.open()
	return l
}

func (l *lake) open() {
	l.t.Helper()
	s, err := query.Open(l.t.Context(), l.config)
	if err != nil {
		l.t.Fatal(err)
	}
	l.Service = s
	l.t.Cleanup(s.Close)
}

func admin(t *testing.T) context.Context { return lethe.WithPrincipal(t.Context(), lethe.System) }

// start runs a statement to its end.
func (l *lake) start(r query.Request) query.Execution {
	l.t.Helper()
	id, err := l.Start(admin(l.t), r)
	if err != nil {
		l.t.Fatalf("%s: %v", r.Statement, err)
	}
	x, err := l.Wait(admin(l.t), id)
	if err != nil {
		l.t.Fatal(err)
	}
	return x
}

// sql runs a statement that must succeed and returns its rows, values joined by |.
func (l *lake) sql(statement string) []string {
	l.t.Helper()
	x := l.start(query.Request{Statement: statement})
	if x.State != query.Succeeded {
		l.t.Fatalf("%s: %s %s", statement, x.State, x.Reason)
	}
	p, err := l.Results(admin(l.t), x.ID, "", 1000)
	if err != nil {
		l.t.Fatal(err)
	}
	var rows []string
	for _, r := range p.Rows {
		var vs []string
		for _, v := range r {
			if v == nil {
				vs = append(vs, "NULL")
			} else {
				vs = append(vs, *v)
			}
		}
		rows = append(rows, strings.Join(vs, "|"))
	}
	return rows
}

// fails runs a statement that must fail, and checks that its reason holds want.
func (l *lake) fails(statement, want string) {
	l.t.Helper()
	id, err := l.Start(admin(l.t), query.Request{Statement: statement})
	if err == nil {
		var x query.Execution
		if x, err = l.Wait(admin(l.t), id); err != nil {
			l.t.Fatal(err)
		}
		if x.State != query.Failed {
			l.t.Errorf("%s: is %s", statement, x.State)
		}
		err = fmt.Errorf("%s", x.Reason)
	}
	if !strings.Contains(err.Error(), want) {
		l.t.Errorf("%s:\n got %s\nwant %s", statement, err, want)
	}
}

func (l *lake) put(key, content string) {
	l.t.Helper()
	if _, err := l.objects.Put(l.t.Context(), "data", key, strings.NewReader(content), object.Header{}, object.Condition{}); err != nil {
		l.t.Fatal(err)
	}
}

const logs = "CREATE EXTERNAL TABLE logs (id bigint, msg string COMMENT 'what was said') PARTITIONED BY (day string, hour int) STORED AS PARQUET LOCATION 's3://data/logs/'"

func TestDefinitionsAreShownAsTheyWereMade(t *testing.T) {
	l := newLake(t)
	l.sql("CREATE DATABASE web COMMENT 'sites'")
	l.sql("CREATE DATABASE IF NOT EXISTS web")
	l.fails("CREATE DATABASE web", "exists")
	if got := strings.Join(l.sql("SHOW DATABASES"), " "); got != "default web" {
		t.Error(got)
	}
	l.sql(logs)
	l.sql(strings.Replace(logs, "TABLE logs", "TABLE IF NOT EXISTS default.logs", 1))
	l.fails(logs, "exists")
	if got := l.sql("SHOW TABLES IN default LIKE 'l*'"); len(got) != 1 || got[0] != "logs" {
		t.Error(got)
	}
	if got := l.sql("SHOW TABLES IN default 'x.*'"); len(got) != 0 {
		t.Error(got)
	}
	shown := strings.Join(l.sql("SHOW CREATE TABLE logs"), "\n")
	l.sql("DROP TABLE logs")
	l.sql(strings.Replace(shown, "`default.logs`", "default.logs", 1))
	if again := strings.Join(l.sql("SHOW CREATE TABLE logs"), "\n"); again != shown {
		t.Errorf("the table made from its own definition differs:\n%s\n--- and\n%s", shown, again)
	}
	want := []string{"id                  \tbigint              \t                    ",
		"msg                 \tstring              \twhat was said       "}
	if got := l.sql("DESCRIBE logs"); len(got) != 10 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%q", got)
	}
	if got := l.sql("SHOW COLUMNS IN logs"); len(got) != 4 || got[3] != "hour                " {
		t.Errorf("%q", got)
	}
	l.fails("DROP TABLE nothing", "TABLE_NOT_FOUND")
	l.sql("DROP TABLE IF EXISTS nothing")
	l.fails("DROP DATABASE default", "")
	l.sql("DROP DATABASE web CASCADE")
}

func TestPartitionsAreAddedDroppedAndFound(t *testing.T) {
	l := newLake(t)
	l.sql(logs)
	l.sql("ALTER TABLE logs ADD PARTITION (hour=3, day='2024-01-01') PARTITION (day='a/b', hour=4) LOCATION 's3://data/elsewhere/'")
	l.fails("ALTER TABLE logs ADD PARTITION (day='2024-01-01', hour=3)", "exists")
	l.sql("ALTER TABLE logs ADD IF NOT EXISTS PARTITION (day='2024-01-01', hour=3)")
	l.fails("ALTER TABLE logs ADD PARTITION (day='2024-01-01')", "hour is missing")
	l.fails("ALTER TABLE logs ADD PARTITION (day='2024-01-01', minute=3)", "minute is not a partition key")
	if got := strings.Join(l.sql("SHOW PARTITIONS logs"), " "); got != "day=2024-01-01/hour=3 day=a%2Fb/hour=4" {
		t.Error(got)
	}
	l.put("logs/day=2024-01-02/hour=5/x.parquet", "x")
	l.put("logs/day=2024-01-02/hour=6/x.parquet", "x")
	l.put("logs/day=2024-01-02/readme.txt", "x")
	l.put("logs/other/hour=6/x.parquet", "x")
	if got := l.sql("MSCK REPAIR TABLE logs"); len(got) != 3 {
		t.Errorf("%q", got)
	}
	if got := l.sql("MSCK REPAIR TABLE logs"); strings.Join(got, "") != "" {
		t.Errorf("the second repair found %q", got)
	}
	l.sql("ALTER TABLE logs DROP PARTITION (day='2024-01-01', hour=3)")
	l.fails("ALTER TABLE logs DROP PARTITION (day='2024-01-01', hour=3)", "")
	l.sql("ALTER TABLE logs DROP IF EXISTS PARTITION (day='2024-01-01', hour=3)")
	if got := len(l.sql("SHOW PARTITIONS logs")); got != 3 {
		t.Error(got)
	}
}

func TestOnlyThePartitionsThatMatterAreRead(t *testing.T) {
	l := newLake(t)
	l.sql(logs)
	for d := range 4 {
		for h := range 3 {
			l.put(fmt.Sprintf("logs/day=2024-01-0%d/hour=%d/part.parquet", d+1, h), "12345")
			l.put(fmt.Sprintf("logs/day=2024-01-0%d/hour=%d/_hidden", d+1, h), "1")
			l.put(fmt.Sprintf("logs/day=2024-01-0%d/hour=%d/.hidden/x", d+1, h), "1")
		}
	}
	l.sql("MSCK REPAIR TABLE logs")
	for where, want := range map[string]int{
		"":                         12,
		"WHERE day = '2024-01-02'": 3,
		"WHERE day IN ('2024-01-02', '2024-01-03') AND hour = 1":            2,
		"WHERE hour BETWEEN 1 AND 2 AND day > '2024-01-03'":                 2,
		"WHERE day = '2024-01-02' OR msg = 'x'":                             12,
		"WHERE hour = 7":                                                    0,
		"WHERE day LIKE '2024-01-0%' AND hour <> 1 AND day >= '2024-01-03'": 4,
		"WHERE date(day) = DATE '2024-01-02' AND msg = 'x'":                 3,
		"WHERE day IS NULL":                                                 0,
		"WHERE upper(msg) = 'X'":                                            12,
	} {
		x := l.start(query.Request{Statement: "SELECT id FROM logs " + where})
		if x.State != query.Succeeded {
			t.Fatal(where, x.Reason)
		}
		if got := x.Statistics.ScannedBytes; got != int64(5*want) {
			t.Errorf("%s: %d bytes given to the engine, want %d", where, got, 5*want)
		}
	}
}

func TestResultsComeInPagesAndAtAnyRow(t *testing.T) {
	l := newLake(t)
	const rows = 2500
	l.engine.run = func(context.Context, query.Job) (string, int64, error) {
		var b strings.Builder
		b.WriteString("\"n\",\"s\"\n")
		for i := range rows {
			if i%7 == 0 {
				fmt.Fprintf(&b, "\"%d\",\n", i)
			} else {
				fmt.Fprintf(&b, "\"%d\",\"say \"\"%d\"\",\nthen \"\n", i, i)
			}
		}
		return b.String(), rows, nil
	}
	x := l.start(query.Request{Statement: "SELECT 1 AS n, 'x' AS s"})
	if x.State != query.Succeeded || x.Rows != rows {
		t.Fatal(x.State, x.Rows, x.Reason)
	}
	n, token := 0, ""
	for {
		p, err := l.Results(admin(t), x.ID, token, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Rows {
			want := fmt.Sprint(n - 1)
			if n == 0 {
				want = "n"
			}
			if *r[0] != want {
				t.Fatalf("row %d begins with %s", n, *r[0])
			}
			n++
		}
		if token = p.Next; token == "" {
			break
		}
	}
	if n != rows+1 {
		t.Errorf("%d rows with the header", n)
	}
	for _, at := range []int64{0, 1, 999, 1000, 2345, 7, 2499, 2500, 9999} {
		p, err := l.ResultsAt(admin(t), x.ID, at, 3)
		if err != nil {
			t.Fatal(err)
		}
		if want := max(0, min(3, rows-int(at))); len(p.Rows) != want {
			t.Fatalf("at %d: %d rows, want %d", at, len(p.Rows), want)
		}
		for i, r := range p.Rows {
			k := int(at) + i
			if *r[0] != fmt.Sprint(k) || (r[1] == nil) != (k%7 == 0) || r[1] != nil && *r[1] != fmt.Sprintf("say \"%d\",\nthen ", k) {
				t.Fatalf("row %d is %s %v", k, *r[0], r[1])
			}
		}
	}
	for _, bad := range []string{"x", x.ID, x.ID + ".-1", x.ID + ".abc"} {
		if _, err := l.Results(admin(t), x.ID, bad, 10); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("token %q: %v", bad, err)
		}
	}
}

func TestStartRefusesWhatCannotRun(t *testing.T) {
	l := newLake(t)
	for _, c := range []struct {
		r    query.Request
		kind lethe.Kind
		want string
	}{
		{query.Request{Statement: " "}, lethe.Invalid, "empty"},
		{query.Request{Statement: "SELEC 1"}, lethe.Syntax, "line 1:1"},
		{query.Request{Statement: "SELECT 1", Workgroup: "nobody"}, lethe.Invalid, "not found"},
		{query.Request{Statement: "SELECT 1", Output: "/tmp/x"}, lethe.Invalid, "valid S3 path"},
		{query.Request{Statement: "SELECT 1", Output: "s3://nowhere/x/"}, lethe.Invalid, "nowhere"},
	} {
		_, err := l.Start(admin(t), c.r)
		if !lethe.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.r, err)
		}
	}
	if _, err := l.Start(t.Context(), query.Request{Statement: "SELECT 1"}); !lethe.Is(err, lethe.Denied) {
		t.Error("somebody unknown:", err)
	}
}

func TestFailuresHaveAthenasClasses(t *testing.T) {
	l := newLake(t)
	l.sql(logs)
	for statement, want := range map[string]query.Failure{
		"SELECT nope FROM logs":                {Category: 2, Type: 1006, Message: "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"},
		"SELECT * FROM nope":                   {Category: 2, Type: 1301, Message: "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.default.nope' does not exist"},
		"SELECT frobnicate(1)":                 {Category: 2, Type: 1303, Message: "FUNCTION_NOT_FOUND: line 1:8: Function 'frobnicate' not registered"},
		"SELECT * FROM nowhere.default.logs":   {Category: 2, Type: 1006, Message: "CATALOG_NOT_FOUND: line 1:15: Catalog 'nowhere' not found"},
		"SELECT * FROM logs WHERE id = 'text'": {Category: 2, Type: 1002, Message: "TYPE_MISMATCH: line 1:29: Cannot apply operator: bigint = varchar(4)"},
		"GRANT SELECT ON logs TO x":            {Category: 2, Type: 1200, Message: "NOT_SUPPORTED"},
	} {
		id, err := l.Start(admin(t), query.Request{Statement: statement})
		if err != nil {
			t.Errorf("%s: %v", statement, err)
			continue
		}
		x, err := l.Wait(admin(t), id)
		if err != nil {
			t.Fatal(err)
		}
		if x.Error == nil || x.Error.Category != want.Category || x.Error.Type != want.Type || !strings.Contains(x.Error.Message, want.Message) {
			t.Errorf("%s:\n got %+v\nwant %+v", statement, x.Error, want)
		}
	}
}

func TestTheSameTokenStartsOneExecution(t *testing.T) {
	l := newLake(t)
	r := query.Request{Statement: "SELECT 1", Token: strings.Repeat("t", 32)}
	first, err := l.Start(admin(t), r)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := l.Start(admin(t), r); err != nil || again != first {
		t.Error(again, err)
	}
	r.Statement = "SELECT 2"
	if _, err := l.Start(admin(t), r); !lethe.Is(err, lethe.Conflict) {
		t.Error(err)
	}
}

func TestStopEndsAQuery(t *testing.T) {
	l := newLake(t)
	started := make(chan struct{})
	l.engine.run = func(ctx context.Context, _ query.Job) (string, int64, error) {
		close(started)
		<-ctx.Done()
		return "", 0, ctx.Err()
	}
	id, err := l.Start(admin(t), query.Request{Statement: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	<-started
	if x, _ := l.Get(admin(t), id); x.State != query.Running {
		t.Error(x.State)
	}
	if _, err := l.Results(admin(t), id, "", 10); !lethe.Is(err, lethe.Conflict) || !strings.Contains(err.Error(), "RUNNING") {
		t.Error(err)
	}
	if err := l.Stop(admin(t), id); err != nil {
		t.Fatal(err)
	}
	x, err := l.Get(admin(t), id)
	if err != nil || x.State != query.Cancelled || x.Reason != "Query cancelled by user" {
		t.Error(x.State, x.Reason, err)
	}
	if err := l.Stop(admin(t), id); err != nil {
		t.Error("stopping what has ended:", err)
	}
	if err := l.Stop(admin(t), "no-such-id"); !lethe.Is(err, lethe.NotFound) {
		t.Error(err)
	}
}

func TestWhatACrashInterruptedHasFailed(t *testing.T) {
	l := newLake(t)
	release, started := make(chan struct{}), make(chan struct{})
	l.engine.run = func(context.Context, query.Job) (string, int64, error) {
		close(started)
		<-release
		return "\"a\"\n", 0, nil
	}
	id, err := l.Start(admin(t), query.Request{Statement: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	<-started
	l.open() // another service over the same database, as after a kill
	x, err := l.Get(admin(t), id)
	if err != nil || x.State != query.Failed || !x.Error.Retryable {
		t.Errorf("%+v %v", x, err)
	}
	close(release)
}

func TestWorkgroupsAndDataCatalogs(t *testing.T) {
	l := newLake(t)
	ctx := admin(t)
	if err := l.CreateWorkgroup(ctx, query.Workgroup{Name: "strict", Output: "s3://results/strict/", Enforce: true}); err != nil {
		t.Fatal(err)
	}
	x := l.start(query.Request{Statement: "SELECT 1", Workgroup: "strict", Output: "s3://results/own/"})
	if want := "s3://results/strict/" + x.ID + ".csv"; x.Output != want {
		t.Error(x.Output)
	}
	if x := l.start(query.Request{Statement: "SELECT 1", Output: "s3://results/own"}); x.Output != "s3://results/own/"+x.ID+".csv" {
		t.Error(x.Output)
	}
	ids, next, err := l.List(ctx, "strict", "", 10)
	if err != nil || len(ids) != 1 || ids[0] != x.ID || next != "" {
		t.Error(ids, next, err)
	}
	for range 5 {
		l.sql("SELECT 1")
	}
	ids, next, err = l.List(ctx, "primary", "", 4)
	if err != nil || len(ids) != 4 || next == "" {
		t.Fatal(ids, next, err)
	}
	rest, next, err := l.List(ctx, "primary", next, 4)
	if err != nil || len(rest) != 2 || next != "" || rest[0] >= ids[3] {
		t.Error(rest, next, err)
	}
	if err := l.DeleteWorkgroup(ctx, "primary"); !lethe.Is(err, lethe.Invalid) {
		t.Error(err)
	}
	hive := query.DataCatalog{Name: "demo_Hive", Type: "HIVE", Parameters: map[string]string{"metadata-function": "arn:x"}}
	if err := l.CreateDataCatalog(ctx, hive); !lethe.Is(err, lethe.Invalid) {
		t.Error(err)
	}
	hive.Parameters["metadata-function"] = lethe.FunctionARN(lethe.DefaultRegion, "metastore")
	if err := l.CreateDataCatalog(ctx, hive); err != nil {
		t.Fatal(err)
	}
	l.fails("SELECT id FROM DEMO_hive.default.logs", "there is no connector metastore")
	if err := l.PutConnector(ctx, query.Connector{Name: "metastore"}); err != nil {
		t.Fatal(err)
	}
	if err := l.CreateDataCatalog(ctx, hive); !lethe.Is(err, lethe.Exists) {
		t.Error(err)
	}
	if err := l.CreateDataCatalog(ctx, query.DataCatalog{Name: "x", Type: "LAMBDA"}); !lethe.Is(err, lethe.Unsupported) {
		t.Error(err)
	}
	l.sql(logs)
	l.sql("SELECT id FROM DEMO_hive.default.logs")
	ds, err := l.DataCatalogs(ctx)
	if err != nil || len(ds) != 2 {
		t.Error(ds, err)
	}
	if err := l.DeleteDataCatalog(ctx, "demo_hive"); err != nil {
		t.Error(err)
	}
	l.fails("SELECT id FROM demo_hive.default.logs", "CATALOG_NOT_FOUND")
}

func TestObjectsThatChangeUnderAQueryAreListedAgain(t *testing.T) {
	l := newLake(t)
	l.put("t/a.json", "{}")
	l.sql("CREATE EXTERNAL TABLE t (a bigint) STORED AS JSONFILE LOCATION 's3://data/t/'")
	tries := 0
	l.engine.run = func(_ context.Context, job query.Job) (string, int64, error) {
		if tries++; tries < 3 {
			l.put("t/a.json", strings.Repeat("{}", tries+1))
			return "", 0, lethe.Errorf(lethe.Conflict, "s3://data/t/a.json was replaced while it was being read")
		}
		return fmt.Sprintf("\"a\"\n\"%d\"\n", job.Scans[0].Parts[0].Objects[0].Size), 1, nil
	}
	if got := l.sql("SELECT a FROM t"); got[1] != "6" || tries != 3 {
		t.Error(got, tries)
	}
	l.engine.run = func(context.Context, query.Job) (string, int64, error) {
		return "", 0, lethe.Errorf(lethe.Conflict, "s3://data/t/a.json was replaced while it was being read")
	}
	l.fails("SELECT a FROM t", "was replaced")
}

func TestPeekAnswersTheFirstRowsOfAnObject(t *testing.T) {
	l := newLake(t)
	l.put("x.parquet", "whatever the engine reads")
	o, err := l.objects.Head(t.Context(), "data", "x.parquet")
	if err != nil {
		t.Fatal(err)
	}
	l.engine.run = func(_ context.Context, job query.Job) (string, int64, error) {
		if got := job.Scans[0].Parts[0].Objects; len(got) != 1 || got[0].ETag != o.ETag {
			t.Errorf("the engine was given %v", got)
		}
		return "\"a\",\"b\"\n\"1\",\n", 1, nil
	}
	p, err := l.Peek(t.Context(), o, []catalog.Column{{Name: "a", Type: "bigint"}, {Name: "b", Type: "string"}}, 10)
	if err != nil || len(p.Rows) != 1 || *p.Rows[0][0] != "1" || p.Rows[0][1] != nil || p.Columns[1].Name != "b" {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := l.Peek(t.Context(), o, []catalog.Column{{Name: "a", Type: "uniontype<int>"}}, 10); !lethe.Is(err, lethe.Unsupported) {
		t.Error(err)
	}
	if ids, _, err := l.List(admin(t), "primary", "", 10); err != nil || len(ids) != 0 {
		t.Error("a look left an execution:", ids, err)
	}
}
