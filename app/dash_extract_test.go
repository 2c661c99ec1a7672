package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/dash"
	"lethe/dash/extract"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
	"lethe/query"
	"lethe/query/duckdb"
)

// The test binary is its own query worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		os.Exit(duckdb.Worker())
	}
	os.Exit(m.Run())
}

// prepared says what the extract of every data set is made from.
type prepared struct {
	mu sync.Mutex
	p  dash.Prepared
}

func (p *prepared) set(f func(*dash.Prepared)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.p)
}

func (p *prepared) Prepared(context.Context, string, time.Time) (dash.Prepared, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.p, nil
}
func (p *prepared) Extracted(context.Context) ([]string, error) { return []string{"cases"}, nil }

// values is a statement of rows.
func values(rows ...string) dash.Statement {
	return dash.Statement{SQL: "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + `) AS t("country", "day", "deaths", "rate", "at", "open", "price")`}
}

func row(country, day string, deaths int) string {
	return fmt.Sprintf("('%s', DATE '%s', BIGINT '%d', %d.5e0, TIMESTAMP '%s 12:00:00.250', %v, DECIMAL '1.50')", country, day, deaths, deaths, day, deaths > 1)
}

// newExtracts opens extracts over a query service and an engine of this process.
func newExtracts(t *testing.T, p *prepared, bound func(*duckdb.Config)) *extract.Service {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := state.Open(ctx, filepath.Join(dir, "state.db"))
	must(err)
	c := duckdb.Config{Dir: filepath.Join(dir, "queries"), Threads: 1, Pool: -1, Memory: 512 << 20, Spill: 1 << 30}
	bound(&c)
	engine, err := duckdb.New(c)
	must(err)
	c.Dir = filepath.Join(dir, "sessions")
	sessions, err := duckdb.NewSessions(duckdb.SessionConfig{Config: c})
	must(err)
	q, err := query.Open(ctx, query.Config{DB: db, Keys: sealtest.Keyring(t, db), Engine: engine, Region: lethe.DefaultRegion, Output: "s3://results/", Log: slog.New(slog.DiscardHandler)})
	must(err)
	x := extracts{q, sessions}
	s, err := extract.Open(ctx, extract.Config{DB: db, Dir: filepath.Join(dir, "extracts"), Maker: x, Reader: x})
	must(err)
	s.Start(p)
	t.Cleanup(func() {
		err := errors.Join(s.Close(), sessions.Close())
		q.Close()
		if err := errors.Join(err, engine.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// refreshed refreshes and waits for the end.
func refreshed(t *testing.T, s *extract.Service, increment bool) dash.Refresh {
	t.Helper()
	r, err := s.Refresh(t.Context(), "cases", dash.RefreshOptions{Increment: increment})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		h, err := s.History(t.Context(), "cases", 1)
		if err != nil {
			t.Fatal(err)
		}
		if h[0].ID == r.ID && (h[0].State.Final() || h[0].Error != "") {
			return h[0]
		}
	}
	t.Fatal("the refresh does not end")
	return r
}

// TestExtracts makes, asks, increments and erases an extract with the engine that lakes have.
func TestExtracts(t *testing.T) {
	p := &prepared{p: dash.Prepared{Statement: values(row("Italy", "2020-09-09", 1), row("Spain", "2020-09-10", 2)), Revision: 1}}
	s := newExtracts(t, p, func(*duckdb.Config) {})
	if r := refreshed(t, s, false); r.State != dash.Refreshed || r.Rows != 2 {
		t.Fatalf("%+v", r)
	}
	ask := func(sql string) string {
		t.Helper()
		r, _, err := s.Ask(t.Context(), "cases", sql, 10)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for i := range r.N {
			for _, c := range r.Columns {
				fmt.Fprintf(&b, "%T %v|", c.Values[i], c.Values[i])
			}
		}
		return b.String()
	}
	if got, want := ask(`SELECT * FROM "extract" WHERE "day" >= DATE '2020-09-10' AND "day" < DATE '2020-09-11'`),
		"string Spain|string 2020-09-10|int64 2|float64 2.5|string 2020-09-10T12:00:00.250|bool true|float64 1.5|"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	r, _, err := s.Ask(t.Context(), "cases", `SELECT "country", sum("deaths") FROM "extract" GROUP BY 1 ORDER BY 1`, 1)
	if err != nil || r.N != 1 || !r.More || r.Columns[1].Type != dash.Integer || r.Columns[0].Type != dash.Text {
		t.Errorf("%+v %v", r, err)
	}
	for _, bad := range []string{`SELECT * FROM "other"`, `SELECT nothing FROM "extract"`, `DROP TABLE "extract"`} {
		if _, _, err := s.Ask(t.Context(), "cases", bad, 1); lethe.KindOf(err) == lethe.Internal || err == nil {
			t.Errorf("%s: %v", bad, err)
		}
	}
	p.set(func(p *dash.Prepared) {
		p.Increment = &dash.Narrowed{Statement: values(row("Spain", "2020-09-10", 3), row("Peru", "2020-09-11", 4)), Replaces: `"day" >= DATE '2020-09-10'`}
	})
	if r := refreshed(t, s, true); !r.Increment || r.Rows != 3 || r.State != dash.Refreshed {
		t.Fatalf("%+v", r)
	}
	counts := `SELECT array_join(array_agg("country" || ' ' || CAST("deaths" AS varchar) ORDER BY "country"), ', ') FROM "extract"`
	if got := ask(counts); got != "string Italy 1, Peru 4, Spain 3|" {
		t.Errorf("after the increment: %s", got)
	}
	p.set(func(p *dash.Prepared) { p.Statement = values(row("Italy", "2020-09-09", 1)) })
	for x, err := range s.Extracts(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		next, stop := iter.Pull2(s.Rows(t.Context(), x))
		if names, err, _ := next(); err != nil || strings.Join(names, " ") != "country day deaths rate at open price" {
			t.Errorf("%v, %v", names, err)
		}
		if row, err, _ := next(); err != nil || strings.Join(row, " ") != "Italy 2020-09-09 1 1.5 2020-09-09 12:00:00.250 false 1.50" {
			t.Errorf("%v, %v", row, err)
		}
		stop() // no need to read on
		if err := s.EraseExtract(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	refreshed(t, s, false)
	if got := ask(counts); got != "string Italy 1|" {
		t.Errorf("after the erasure: %s", got)
	}
}

// TestExtractWithoutSpace: where there is no place for a new extract, the error says so, and
// the old one answers.
func TestExtractWithoutSpace(t *testing.T) {
	p := &prepared{p: dash.Prepared{Statement: values(row("Italy", "2020-09-09", 1))}}
	s := newExtracts(t, p, func(c *duckdb.Config) { c.Spill = 256 << 10 })
	refreshed(t, s, false)
	p.set(func(p *dash.Prepared) {
		p.Statement = dash.Statement{SQL: `SELECT to_hex(sha256(to_utf8(CAST(a * 1000 + b AS varchar)))) AS "country" FROM UNNEST(sequence(1, 100)) t(a), UNNEST(sequence(1, 1000)) u(b)`}
	})
	if r := refreshed(t, s, false); r.State == dash.Refreshed || !strings.Contains(r.Error, "space") {
		t.Errorf("%+v", r)
	}
	if rows, _, err := s.Ask(t.Context(), "cases", `SELECT "country" FROM "extract"`, 10); err != nil || rows.N != 1 || rows.Columns[0].Values[0] != "Italy" {
		t.Errorf("%+v, %v", rows, err)
	}
}
