package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lethe/lib/trinosql"
)

// casesSQL makes rows as those of a joined data set: places, days and counts.
func casesSQL(rows int) string {
	return fmt.Sprintf("SELECT 'country ' || (i %% 190) AS country, 'province ' || (i %% 3400) AS province, "+
		"DATE '2020-01-22' + CAST(i // 3400 %% 1100 AS INTEGER) AS day, 40.0 + (i %% 3400) / 100.0 AS latitude, 7.0 + (i %% 3400) / 90.0 AS longitude, "+
		"CAST(hash(i) %% 100000 AS BIGINT) AS confirmed, CAST(hash(i + 1) %% 3000 AS BIGINT) AS deaths, CAST(hash(i + 2) %% 90000 AS BIGINT) AS recovered FROM range(%d) r(i)", rows)
}

var casesColumns = []trinosql.Column{
	{Name: "country", Type: trinosql.VarcharOf(trinosql.Unbounded)}, {Name: "province", Type: trinosql.VarcharOf(trinosql.Unbounded)},
	{Name: "day", Type: &trinosql.Type{Kind: trinosql.KindDate}},
	{Name: "latitude", Type: &trinosql.Type{Kind: trinosql.KindDouble}}, {Name: "longitude", Type: &trinosql.Type{Kind: trinosql.KindDouble}},
	{Name: "confirmed", Type: &trinosql.Type{Kind: trinosql.KindBigint}}, {Name: "deaths", Type: &trinosql.Type{Kind: trinosql.KindBigint}},
	{Name: "recovered", Type: &trinosql.Type{Kind: trinosql.KindBigint}},
}

// BenchmarkSession asks an extract what a dashboard's visuals ask after a filter was
// changed: of the file, and of the copy that a session makes when nobody asks.
func BenchmarkSession(b *testing.B) {
	for _, rows := range []int{50_000, 10_000_000} {
		path := filepath.Join(b.TempDir(), "x.parquet")
		db, err := sql.Open("duckdb", "")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := db.Exec("COPY (" + casesSQL(rows) + ") TO '" + path + "' (FORMAT parquet, COMPRESSION zstd)"); err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		for _, form := range []string{"file", "copy"} {
			if i, err := os.Stat(path); err != nil || form == "copy" && i.Size() < nativeFrom {
				continue
			}
			b.Run(fmt.Sprintf("rows=%d/%s", rows, form), func(b *testing.B) { benchmarkSession(b, path, form == "copy") })
		}
	}
}

func benchmarkSession(b *testing.B, path string, copied bool) {
	s, f := newSessions(b), SessionFile{"x", path}
	n := 0
	ask := func(q string) time.Duration {
		n++
		from := time.Date(2020, 1, 22, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n%500)
		began := time.Now()
		_, err := s.ask(b, f, fmt.Sprintf(q, from.Format(time.DateOnly), from.AddDate(0, 0, 400).Format(time.DateOnly)), casesColumns, 5000)
		if err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	visuals := []string{
		`SELECT country, sum(confirmed) FROM "extract" WHERE day >= DATE '%s' AND day < DATE '%s' GROUP BY 1 ORDER BY 2 DESC`,
		`SELECT latitude, longitude, sum(confirmed) FROM "extract" WHERE day >= DATE '%s' AND day < DATE '%s' GROUP BY 1, 2`,
		`SELECT day, sum(deaths) / NULLIF(CAST(sum(confirmed) AS double), 0) FROM "extract" WHERE day >= DATE '%s' AND day < DATE '%s' AND country IN ('country 1', 'country 2', 'country 3') GROUP BY 1 ORDER BY 1`,
	}
	ask(visuals[0])
	if copied {
		for end := time.Now().Add(time.Minute); !opened(b, s.session(f).p, nativeFile); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				b.Fatal("no native copy was made")
			}
		}
	}
	var took []time.Duration
	pid := s.session(f).p.cmd.Process.Pid
	used := processorTime(b, pid)
	for b.Loop() {
		for _, q := range visuals {
			took = append(took, ask(q))
		}
	}
	used = processorTime(b, pid) - used
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "ms-p95")
	b.ReportMetric(float64(used.Microseconds())/1000/float64(len(took)), "cpu-ms")
}

// processorTime is what a process has used, in the kernel's hundredths of seconds.
func processorTime(b *testing.B, pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest) // from the third on
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

type testSessions struct{ *Sessions }

func newSessions(t testing.TB, configure ...func(*SessionConfig)) testSessions {
	t.Helper()
	c := SessionConfig{Config: Config{Dir: filepath.Join(t.TempDir(), "sessions"), Threads: 2, Memory: 1 << 30, Spill: 4 << 30}}
	for _, f := range configure {
		f(&c)
	}
	s, err := NewSessions(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(c.Dir); err != nil || len(left) > 0 {
			t.Errorf("left in the sessions' directory: %v %v", left, err)
		}
	})
	return testSessions{s}
}

type oneTable []trinosql.Column

func (o oneTable) Table(_ context.Context, name trinosql.TableName) (*trinosql.TableSchema, error) {
	return &trinosql.TableSchema{TableName: name, Columns: o}, nil
}

func (s testSessions) ask(t testing.TB, f SessionFile, text string, columns []trinosql.Column, limit int) (Answer, error) {
	return s.askIn(context.Background(), f, text, columns, limit)
}

func (s testSessions) askIn(ctx context.Context, f SessionFile, text string, columns []trinosql.Column, limit int) (Answer, error) {
	stmt, err := trinosql.Parse(text)
	if err != nil {
		return Answer{}, err
	}
	a, err := trinosql.Analyze(ctx, stmt.(*trinosql.QueryStmt), oneTable(columns), trinosql.Options{Catalog: "c", Database: "d", Now: time.Now(), Zone: time.UTC})
	if err != nil {
		return Answer{}, err
	}
	return s.Ask(ctx, f, a, limit)
}
