package lake_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/access"
	"lethe/catalog/store"
	"lethe/dash"
	"lethe/dash/lake"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
	"lethe/object"
	"lethe/object/disk"
	"lethe/query"
	"lethe/query/duckdb"
)

// The test binary is its own worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		os.Exit(duckdb.Worker())
	}
	os.Exit(m.Run())
}

// world is a lake with tables, people and data sets.
type world struct {
	*dash.Service
	t       *testing.T
	access  *access.Service
	queries *query.Service
	objects *disk.Store
	config  dash.Config
	olga    lethe.Principal // may everything
	sam     lethe.Principal // may nothing
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t}
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if w.objects, err = disk.Open(filepath.Join(dir, "objects"), disk.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.objects.Close() })
	cat, err := store.Open(t.Context(), filepath.Join(dir, "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cat.Close() })
	for _, b := range []string{"results", "data"} {
		if err := w.objects.CreateBucket(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if w.access, err = access.Open(t.Context(), db, sealtest.Keyring(t, db), nil); err != nil {
		t.Fatal(err)
	}
	engine, err := duckdb.New(duckdb.Config{Dir: filepath.Join(dir, "queries"), Store: w.objects, Memory: 512 << 20, Threads: 1, Pool: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	w.queries, err = query.Open(t.Context(), query.Config{DB: db, Store: w.objects, Catalog: cat, Engine: engine, Access: w.access, Region: lethe.DefaultRegion,
		Output: "s3://results/", Scratch: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.queries.Close)
	w.config = dash.Config{DB: db, Access: w.access, Asker: lake.Asker{Queries: w.queries}}
	w.open()
	w.access.AddResourcePolicies("quicksight", func(ctx context.Context, r string) ([]string, error) { return w.ResourcePolicies(ctx, r) })
	w.olga = w.person("olga", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"lethe:BypassTableRules","Resource":"*"}]}`)
	w.sam = w.person("sam", "")
	return w
}

func (w *world) open() {
	w.t.Helper()
	var err error
	if w.Service, err = dash.Open(w.t.Context(), w.config); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) person(name, policy string) lethe.Principal {
	w.t.Helper()
	u, err := w.access.CreateUser(w.t.Context(), access.NewUser{Name: name})
	if err != nil {
		w.t.Fatal(err)
	}
	if policy != "" {
		if err := w.access.PutInline(w.t.Context(), access.UserNamed(name), "all", policy); err != nil {
			w.t.Fatal(err)
		}
	}
	return lethe.Principal{ID: u.ID, Name: u.Name, ARN: u.ARN()}
}

func (w *world) as(p lethe.Principal) context.Context { return lethe.WithPrincipal(w.t.Context(), p) }

// table makes a table of lines of CSV, all columns as told.
func (w *world) table(name, columns string, lines ...string) {
	w.t.Helper()
	w.sql("CREATE EXTERNAL TABLE " + name + " (" + columns + ") ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' LOCATION 's3://data/" + name + "/'")
	if _, err := w.objects.Put(w.t.Context(), "data", name+"/f.csv", strings.NewReader(strings.Join(lines, "\n")+"\n"), object.Header{}, object.Condition{}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) sql(statement string) {
	w.t.Helper()
	ctx := w.as(lethe.System)
	id, err := w.queries.Start(ctx, query.Request{Statement: statement})
	if err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
	if x, err := w.queries.Wait(ctx, id); err != nil || x.State != query.Succeeded {
		w.t.Fatalf("%s: %v %s", statement, err, x.Reason)
	}
}

// set makes a data set of olga's.
func (w *world) set(d dash.DataSet) dash.DataSet {
	w.t.Helper()
	if d.Name == "" {
		d.Name = "set"
	}
	made, err := w.CreateDataSet(w.as(w.olga), d)
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

// lines are an answer's rows, values joined by |.
func lines(a dash.Answer) string {
	rows := make([]string, a.Rows)
	for i := range rows {
		var vs []string
		for _, c := range a.Columns {
			if v := c.Values[i]; v == nil {
				vs = append(vs, "NULL")
			} else {
				vs = append(vs, fmt.Sprint(v))
			}
		}
		rows[i] = strings.Join(vs, "|")
	}
	return strings.Join(rows, "\n")
}

// until waits for a condition.
func until(t *testing.T, met func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !met(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it has not come to that within a minute")
		}
	}
}
