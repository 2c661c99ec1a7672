//go:build bench

// Package bench measures lethe against something measured in the same run, on
// the same disk: bare DuckDB on the same files, plain files that are fsynced.
// Machines differ and are noisy, so ratios are what to read. Run it with
// make bench; the last figures stand in docs/reference/benchmarks.md.
package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	_ "github.com/duckdb/duckdb-go/v2"

	"lethe/test/lake"
	"lethe/test/need"
)

func median[T int64 | float64 | time.Duration](v []T) T {
	s := slices.Clone(v)
	slices.Sort(s)
	return s[len(s)/2]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// answer runs a statement through the API until its first page is read.
func answer(t *testing.T, c *athena.Client, statement string) int {
	t.Helper()
	ctx := context.Background()
	started, err := c.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{QueryString: &statement})
	if err != nil {
		t.Fatal(err)
	}
	// A client asks again after a tenth of the time that it has waited: one that
	// asked all the time would measure what its own questions cost.
	for began, wait := time.Now(), 2*time.Millisecond; ; wait = max(wait, time.Since(began)/10) {
		got, err := c.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: started.QueryExecutionId})
		if err != nil {
			t.Fatal(err)
		}
		switch s := got.QueryExecution.Status; s.State {
		case types.QueryExecutionStateSucceeded:
			page, err := c.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: started.QueryExecutionId})
			if err != nil {
				t.Fatal(err)
			}
			return len(page.ResultSet.Rows) - 1
		case types.QueryExecutionStateFailed, types.QueryExecutionStateCancelled:
			t.Fatalf("%s: %s", statement, *s.StateChangeReason)
		}
		time.Sleep(wait)
	}
}

// bare runs a statement in DuckDB and reads all rows.
func bare(t *testing.T, db *sql.DB, statement string) int {
	t.Helper()
	rows, err := db.Query(statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	n := 0
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		n++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

func duck(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// TestSmallQuery: one row of the COVID table, from start to result read.
func TestSmallQuery(t *testing.T) {
	l := lake.Start(t, t.TempDir(), "demo", "--covid", need.Shared(t, "data", "covid19"))
	client := l.Athena(t)
	dir := t.TempDir()
	files := download(t, l, "lethe-demo", "covid_data/parquet/covid_confirmed_cases/", dir)
	db := duck(t)
	where := " WHERE country = 'Italy' AND date = '2020-09-10'"
	reads := "SELECT * FROM read_parquet(['" + strings.Join(files, "','") + "'])" + where
	const rounds = 40
	var ours, theirs []time.Duration
	for i := range rounds + 5 {
		began := time.Now()
		n := answer(t, client, "SELECT * FROM covid_confirmed_cases"+where)
		a := time.Since(began)
		began = time.Now()
		m := bare(t, db, reads)
		b := time.Since(began)
		if n != 1 || m != 1 {
			t.Fatal(n, m)
		}
		if i >= 5 { // the first ones warm caches
			ours, theirs = append(ours, a), append(theirs, b)
		}
	}
	t.Logf("| small query | %.1f ms | bare DuckDB %.1f ms | %.1f ms more |", ms(median(ours)), ms(median(theirs)), ms(median(ours)-median(theirs)))
}

func download(t *testing.T, l *lake.Lake, bucket, prefix, dir string) (files []string) {
	t.Helper()
	c := l.S3(t)
	listed, err := c.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range listed.Contents {
		got, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &bucket, Key: o.Key})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		got.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprintf("%d.parquet", i))
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	return files
}

// tables of TPC-H with their columns as tpchgen-cli writes them.
var tables = map[string]string{
	"region":   "r_regionkey bigint, r_name string, r_comment string",
	"nation":   "n_nationkey bigint, n_name string, n_regionkey bigint, n_comment string",
	"supplier": "s_suppkey bigint, s_name string, s_address string, s_nationkey bigint, s_phone string, s_acctbal decimal(15,2), s_comment string",
	"customer": "c_custkey bigint, c_name string, c_address string, c_nationkey bigint, c_phone string, c_acctbal decimal(15,2), c_mktsegment string, c_comment string",
	"part":     "p_partkey bigint, p_name string, p_mfgr string, p_brand string, p_type string, p_size int, p_container string, p_retailprice decimal(15,2), p_comment string",
	"partsupp": "ps_partkey bigint, ps_suppkey bigint, ps_availqty int, ps_supplycost decimal(15,2), ps_comment string",
	"orders":   "o_orderkey bigint, o_custkey bigint, o_orderstatus string, o_totalprice decimal(15,2), o_orderdate date, o_orderpriority string, o_clerk string, o_shippriority int, o_comment string",
	"lineitem": "l_orderkey bigint, l_partkey bigint, l_suppkey bigint, l_linenumber int, l_quantity decimal(15,2), l_extendedprice decimal(15,2), l_discount decimal(15,2), l_tax decimal(15,2), l_returnflag string, l_linestatus string, l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct string, l_shipmode string, l_comment string",
}

// TestTPCH: the 22 queries at scale factor 1 (or TPCH_SCALE).
func TestTPCH(t *testing.T) {
	scale := os.Getenv("TPCH_SCALE")
	if scale == "" {
		scale = "1"
	}
	dir := t.TempDir()
	if out, err := exec.Command(need.Venv(t, "tpchgen-cli"), "parquet", "-s", scale, "--output-dir", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	queries := tpch(t)
	l := lake.Start(t, t.TempDir(), "serve", "--query-memory", "8GiB")
	l.Bucket(t, "tpch")
	db := duck(t)
	for name, columns := range tables {
		file := filepath.Join(dir, name+".parquet")
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		bucket, key := "tpch", name+"/0.parquet"
		if _, err := l.S3(t).PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: f}); err != nil {
			t.Fatal(err)
		}
		f.Close()
		l.SQL(t, "CREATE EXTERNAL TABLE "+name+" ("+columns+") STORED AS PARQUET LOCATION 's3://tpch/"+name+"/'")
		if _, err := db.Exec("CREATE VIEW " + name + " AS SELECT * FROM read_parquet('" + file + "')"); err != nil {
			t.Fatal(err)
		}
	}
	client := l.Athena(t)
	const rounds = 3
	var sumOurs, sumTheirs time.Duration
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for k := range queries {
			if !yield(k) {
				return
			}
		}
	}) {
		var ours, theirs []time.Duration
		for i := range rounds + 1 {
			began := time.Now()
			n := answer(t, client, queries[name])
			a := time.Since(began)
			began = time.Now()
			m := bare(t, db, queries[name])
			b := time.Since(began)
			if n != min(m, 999) {
				t.Errorf("%s: %d rows, bare DuckDB has %d", name, n, m)
			}
			if i > 0 {
				ours, theirs = append(ours, a), append(theirs, b)
			}
		}
		sumOurs += median(ours)
		sumTheirs += median(theirs)
		t.Logf("| %s | %.0f ms | %.0f ms | %.2f |", name, ms(median(ours)), ms(median(theirs)), float64(median(ours))/float64(median(theirs)))
	}
	t.Logf("| TPC-H, scale factor %s, total | %.0f ms | bare DuckDB %.0f ms | %.2f |", scale, ms(sumOurs), ms(sumTheirs), float64(sumOurs)/float64(sumTheirs))
}

// tpch reads the queries, in Trino's dialect, from the shared cases. Query 15
// defines a view, which stands here as a common table expression.
func tpch(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(need.Shared(t, "conformance", "trino_statements.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	queries, view := map[string]string{}, ""
	for d := json.NewDecoder(bytes.NewReader(text)); d.More(); {
		var c struct{ Group, ID, SQL string }
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		if c.Group != "tpch" {
			continue
		}
		name := regexp.MustCompile(`q\d\d`).FindString(c.ID)
		if v, ok := strings.CutPrefix(c.SQL, "CREATE OR REPLACE VIEW revenue AS"); ok {
			view = v
			continue
		}
		queries[name] = c.SQL
	}
	queries["q15"] = "WITH revenue AS (" + view + ") " + queries["q15"]
	if len(queries) != 22 {
		t.Fatalf("%d queries", len(queries))
	}
	return queries
}

// TestObjects: PUT and GET against files that are written, fsynced and renamed.
func TestObjects(t *testing.T) {
	data := t.TempDir()
	l := lake.Start(t, data, "serve", "--s3-addr", "127.0.0.1:0")
	l.Bucket(t, "bench")
	dir := filepath.Join(data, "plain")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name             string
		size, n, workers int
	}{{"64 MB", 64 << 20, 8, 1}, {"4 kB", 4 << 10, 400, 1}, {"4 kB, 16 at once", 4 << 10, 1600, 16}} {
		body := make([]byte, c.size)
		rand.Read(body)
		for _, endpoint := range []string{l.AWS, l.Endpoints.S3} {
			client := s3.NewFromConfig(l.AWSConfig(t), func(o *s3.Options) { o.UsePathStyle = true; o.BaseEndpoint = &endpoint })
			bucket := "bench"
			puts := rate(t, c.n, c.workers, func(i int) error {
				key := fmt.Sprintf("%s/%d", c.name, i)
				_, err := client.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
				return err
			})
			files := rate(t, c.n, c.workers, func(i int) error { return writeFile(dir, strconv.Itoa(i), body) })
			gets := rate(t, c.n, c.workers, func(i int) error {
				key := fmt.Sprintf("%s/%d", c.name, i)
				got, err := client.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
				if err != nil {
					return err
				}
				defer got.Body.Close()
				_, err = io.Copy(io.Discard, got.Body)
				return err
			})
			reads := rate(t, c.n, c.workers, func(i int) error {
				f, err := os.Open(filepath.Join(dir, strconv.Itoa(i)))
				if err != nil {
					return err
				}
				defer f.Close()
				_, err = io.Copy(struct{ io.Writer }{io.Discard}, f)
				return err
			})
			port := map[string]string{l.AWS: "shared port", l.Endpoints.S3: "S3 port"}[endpoint]
			t.Logf("| PUT %s, %s | %.1f /s | plain fsynced files %.1f /s | %.2f |", c.name, port, puts, files, puts/files)
			t.Logf("| GET %s, %s | %.1f /s | plain files %.1f /s | %.3f |", c.name, port, gets, reads, gets/reads)
		}
	}
}

// rate does f n times with some workers and returns how often a second.
func rate(t *testing.T, n, workers int, f func(i int) error) float64 {
	t.Helper()
	next := make(chan int)
	var wg sync.WaitGroup
	var failed sync.Once
	var failure error
	began := time.Now()
	for range workers {
		wg.Go(func() {
			for i := range next {
				if err := f(i); err != nil {
					failed.Do(func() { failure = err })
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	if failure != nil {
		t.Fatal(failure)
	}
	return float64(n) / time.Since(began).Seconds()
}

// writeFile is what a careful program does to keep a file.
func writeFile(dir, name string, body []byte) error {
	f, err := os.CreateTemp(dir, ".new")
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(body); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// TestStart: from the command to the ready line, and the memory of an idle lake.
func TestStart(t *testing.T) {
	var starts []time.Duration
	data := t.TempDir()
	for range 7 {
		began := time.Now()
		l := lake.Start(t, data, "serve")
		starts = append(starts, time.Since(began))
		l.Stop(t)
	}
	t.Logf("| start to ready, new lake | %.0f ms |", ms(starts[0]))
	t.Logf("| start to ready, again | %.0f ms |", ms(median(starts[1:])))
	l := lake.Start(t, data, "serve")
	time.Sleep(3 * time.Second) // what is idle has settled
	server, workers := memory(t, l.Process())
	t.Logf("| memory of an idle server | %d MB, its waiting worker %d MB |", server>>20, workers>>20)
}

// memory returns the proportional set size of a process and of its children.
func memory(t *testing.T, pid int) (own, children int64) {
	t.Helper()
	kids, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range tasks(t, pid) {
		more, err := os.ReadFile(d)
		if err == nil {
			kids = append(kids, more...)
		}
	}
	seen := map[string]bool{}
	for _, kid := range strings.Fields(string(kids)) {
		if n, err := strconv.Atoi(kid); err == nil && !seen[kid] {
			seen[kid] = true
			children += pss(t, n)
		}
	}
	return pss(t, pid), children
}

func tasks(t *testing.T, pid int) []string {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func pss(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`Pss:\s+(\d+) kB`).FindSubmatch(text)
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}
