//go:build bench

package bench

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lethe/test/lake"
	"lethe/test/need"
)

// dashboardRows are those that are asked; DASHBOARD_ROWS takes another number.
var dashboardRows = max(number("DASHBOARD_ROWS", 10_000_000), 50_000) / 50_000 * 50_000

const (
	dashboardRounds = 20
	// dashboardAtOnce is how many questions are under way: what a browser's page asks of a server.
	dashboardAtOnce = 6
)

// board is a server that answers the eight questions of a dashboard for a range of days.
type board struct {
	name string
	// ask answers the nth question and returns the numbers of its measures, in no order.
	ask func(n int, from, to string) ([]float64, error)
	// process is the first of its processes.
	process int
}

// TestDashboardBesideSuperset asks lethe and Apache Superset the eight questions of one dashboard
// over the same rows by HTTP, in turns, on the same version of DuckDB: lethe's extract, and a
// database file of DuckDB's own, which is what answers fastest under Superset. Answers are compared.
func TestDashboardBesideSuperset(t *testing.T) {
	wheels := need.Wheels(t, "apache-superset==6.1.0", "duckdb-engine==0.17.0", "duckdb==1.5.5", "flask-caching==2.3.1")
	boards := []board{startLetheBoard(t, dashboardRows/50_000), startSuperset(t, wheels, dashboardRows/50_000)}
	day := func(n int) string { return time.Date(2024, 1, 1+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) }

	for n := range dashboardQuestions { // both mean the same
		var found [2][]float64
		for i, b := range boards {
			var err error
			if found[i], err = b.ask(n, day(3), day(90)); err != nil {
				t.Fatalf("%s, question %d: %v", b.name, n, err)
			}
			slices.Sort(found[i])
		}
		if !slices.EqualFunc(found[0], found[1], func(a, b float64) bool { return max(a-b, b-a) <= 1e-9*max(a, b, 1) }) {
			t.Fatalf("question %d: %d numbers %.200v and %d numbers %.200v", n, len(found[0]), found[0], len(found[1]), found[1])
		}
	}
	type figures struct{ one, all, again []time.Duration }
	took := map[string]*figures{}
	for _, b := range boards {
		took[b.name] = &figures{}
	}
	for round := range dashboardRounds {
		from, to := day(round), day(120+3*round)
		for _, b := range boards {
			f := took[b.name]
			// Of one question after the other the range is another, so that nothing is known.
			n := round % dashboardQuestions
			began := time.Now()
			if _, err := b.ask(n, from, day(200)); err != nil {
				t.Fatal(b.name, err)
			}
			f.one = append(f.one, time.Since(began))
			f.all = append(f.all, b.dashboard(t, from, to))
			f.again = append(f.again, b.dashboard(t, from, to))
		}
	}
	for _, b := range boards {
		f := took[b.name]
		own, children := memory(t, b.process)
		t.Logf("%-8s %d rows: one question %.0f ms (95th %.0f), a dashboard of eight %.0f ms (95th %.0f), asked again %.0f ms (95th %.0f); %d MB",
			b.name, dashboardRows, ms(median(f.one)), ms(at95(f.one)), ms(median(f.all)), ms(at95(f.all)), ms(median(f.again)), ms(at95(f.again)), (own+children)>>20)
	}
}

// dashboard asks all questions, as a page does, and returns when the last answer was there.
func (b board) dashboard(t *testing.T, from, to string) time.Duration {
	began := time.Now()
	slots := make(chan struct{}, dashboardAtOnce)
	var wg sync.WaitGroup
	for n := range dashboardQuestions {
		slots <- struct{}{}
		wg.Go(func() {
			if _, err := b.ask(n, from, to); err != nil {
				t.Errorf("%s, question %d: %v", b.name, n, err)
			}
			<-slots
		})
	}
	wg.Wait()
	return time.Since(began)
}

func at95(v []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(v))
	return s[(len(s)*95+99)/100-1]
}

// dashboardQuestions is their number: a key figure, days, countries as bars and as shares, months,
// countries by two measures, countries by months, and places.
const dashboardQuestions = 8

// client speaks JSON to a server.
type jsonClient struct {
	base, token string
}

func (c *jsonClient) do(method, path string, body, into any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(context.Background(), method, c.base+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s %.500s", method, path, resp.Status, said)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(said, into)
}

type doc = map[string]any

// startLetheBoard makes a lake with the data set as an extract, and its dashboard.
func startLetheBoard(t *testing.T, blocks int) board {
	l := lake.Start(t, t.TempDir(), "serve")
	text, err := os.ReadFile(filepath.Join(l.Data, "aws", "credentials"))
	if err != nil {
		t.Fatal(err)
	}
	key := regexp.MustCompile(`\[lethe\]\naws_access_key_id = (\S+)\naws_secret_access_key = (\S+)`).FindSubmatch(text)
	c := &jsonClient{base: l.Console + "/api/v1"}
	must := func(method, path string, body, into any) {
		t.Helper()
		if err := c.do(method, path, body, into); err != nil {
			t.Fatal(err)
		}
	}
	var session struct{ Token string }
	must("POST", "/session", doc{"name": string(key[1]), "password": string(key[2]), "token": true}, &session)
	c.token = session.Token

	var set, analysis, dashboard struct {
		ID       string
		Revision int64
	}
	fields := []doc{}
	for _, name := range []string{"place", "country", "day", "cases", "share"} {
		fields = append(fields, doc{"name": name, "column": name})
	}
	must("POST", "/data-sets", doc{"name": "cases", "mode": "extract", "read_as": "viewer", "fields": fields, "source": doc{"sql": fmt.Sprintf(
		`SELECT 'place ' || CAST(p AS varchar) AS place, 'country ' || CAST(p %% 40 AS varchar) AS country, date_add('day', d, DATE '2024-01-01') AS day,
		  (p * 7919 + d * 104729 + b * 31) %% 100000 AS cases, CAST((p * 31 + d * 17 + b) %% 1000 AS double) / 10 AS share
		FROM UNNEST(sequence(1, 200)) AS x(p) CROSS JOIN UNNEST(sequence(0, 249)) AS y(d) CROSS JOIN UNNEST(sequence(1, %d)) AS z(b)`, blocks)}}, &set)
	for deadline := time.Now().Add(10 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		var extract struct {
			ID   string
			Rows int
		}
		must("GET", "/data-sets/"+set.ID+"/extract", nil, &extract)
		if extract.ID != "" && extract.Rows == blocks*50_000 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the extract is not made: %+v", extract)
		}
	}
	value := []doc{{"field": "cases", "aggregation": "sum"}}
	country, day, month := []doc{{"field": "country"}}, []doc{{"field": "day", "grain": "day"}}, []doc{{"field": "day", "grain": "month"}}
	visuals := []doc{}
	for i, v := range []struct {
		kind  string
		wells doc
	}{
		{"kpi", doc{"value": value}}, {"line", doc{"x": day, "value": value}}, {"bar", doc{"x": country, "value": value}}, {"pie", doc{"color": country, "value": value}},
		{"area", doc{"x": month, "value": value}}, {"scatter", doc{"group": country, "x": value, "y": []doc{{"field": "share", "aggregation": "average"}}}},
		{"heat_map", doc{"rows": country, "columns": month, "value": value}}, {"table", doc{"group": []doc{{"field": "place"}}, "value": value}},
	} {
		visuals = append(visuals, doc{"id": fmt.Sprint("v", i), "kind": v.kind, "data_set": set.ID, "wells": v.wells, "look": doc{}, "place": doc{"x": i % 4 * 3, "y": i / 4 * 5, "w": 3, "h": 5}})
	}
	must("POST", "/analyses", doc{"name": "cases", "definition": doc{"data_sets": []string{set.ID}, "sheets": []doc{{"id": "s", "name": "Sheet", "visuals": visuals,
		"filters": []doc{{"id": "day", "data_set": set.ID, "kind": "time_range", "field": "day"}}, "controls": []doc{{"id": "c", "filter": "day"}}}}}}, &analysis)
	must("POST", "/analyses/"+analysis.ID+"/publish", doc{"name": "cases", "revision": analysis.Revision}, &dashboard)
	return board{name: "lethe", process: l.Process(), ask: func(n int, from, to string) ([]float64, error) {
		var a struct {
			From    string
			Columns []struct{ Values []any }
		}
		err := c.do("POST", fmt.Sprintf("/dashboards/%s/visuals/v%d/answer", dashboard.ID, n), doc{"filters": []doc{{"id": "day", "kind": "time_range", "field": "day", "from": from, "to": to}}}, &a)
		if err == nil && a.From != "extract" {
			err = fmt.Errorf("answered by %q", a.From)
		}
		var numbers []float64
		for _, col := range a.Columns {
			for _, v := range col.Values {
				if f, ok := v.(float64); ok {
					numbers = append(numbers, f)
				}
			}
		}
		return numbers, err
	}}
}

// startSuperset makes a database of DuckDB's own with the same rows, and a Superset over it as its
// manual has it run: gunicorn with threads, here two processes for two cores, and a cache of data.
func startSuperset(t *testing.T, wheels string, blocks int) board {
	dir := t.TempDir()
	file := filepath.Join(dir, "cases.duckdb")
	db, err := sql.Open("duckdb", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(fmt.Sprintf(`CREATE TABLE cases AS SELECT 'place ' || p AS place, 'country ' || p %% 40 AS country, CAST(DATE '2024-01-01' + CAST(d AS integer) AS date) AS day,
		(p * 7919 + d * 104729 + b * 31) %% 100000 AS cases, CAST((p * 31 + d * 17 + b) %% 1000 AS double) / 10 AS share FROM range(1, 201) x(p), range(0, 250) y(d), range(1, %d) z(b)`, blocks+1)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`
SECRET_KEY = "only for a measurement on this machine"
SQLALCHEMY_DATABASE_URI = "sqlite:///%[1]s/superset.db?check_same_thread=false"
DATA_CACHE_CONFIG = {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": "%[1]s/cache", "CACHE_DEFAULT_TIMEOUT": 86400, "CACHE_THRESHOLD": 100000}
CACHE_CONFIG = FILTER_STATE_CACHE_CONFIG = EXPLORE_FORM_DATA_CACHE_CONFIG = dict(DATA_CACHE_CONFIG, CACHE_DIR="%[1]s/cache2")
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
RATELIMIT_ENABLED = False
`, dir)
	if err := os.WriteFile(filepath.Join(dir, "superset_config.py"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	said := func() string {
		b, _ := os.ReadFile(out.Name())
		return string(b[max(0, len(b)-4000):])
	}
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command(need.Venv(t, "python"), args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PYTHONPATH="+dir+":"+wheels, "SUPERSET_CONFIG_PATH="+filepath.Join(dir, "superset_config.py"), "SUPERSET_HOME="+dir, "FLASK_APP=superset.app:create_app()")
		cmd.Stdout, cmd.Stderr = out, out
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		return cmd
	}
	const cli = "from superset.cli.main import superset; superset()"
	for _, args := range [][]string{{"db", "upgrade"}, {"fab", "create-admin", "--username", "admin", "--firstname", "A", "--lastname", "B", "--email", "admin@example.org", "--password", "measured-once"}, {"init"}} {
		if err := command(append([]string{"-c", cli}, args...)...).Run(); err != nil {
			t.Fatalf("superset %s: %v\n%s", strings.Join(args, " "), err, said())
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	listener.Close()
	server := command("-m", "gunicorn", "--bind", addr, "--workers", "2", "--worker-class", "gthread", "--threads", "8", "--timeout", "120", "--keep-alive", "75", "superset.app:create_app()")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Signal(syscall.SIGTERM)
		server.Wait()
		if t.Failed() {
			t.Logf("Superset said:\n%s", said())
		}
	})
	c := &jsonClient{base: "http://" + addr}
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		var login struct {
			Token string `json:"access_token"`
		}
		err := c.do("POST", "/api/v1/security/login", doc{"username": "admin", "password": "measured-once", "provider": "db", "refresh": false}, &login)
		if err == nil {
			c.token = login.Token
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("Superset does not answer: %v\n%s", err, said())
		}
	}
	var database, set struct{ ID int }
	if err := c.do("POST", "/api/v1/database/", doc{"database_name": "cases", "sqlalchemy_uri": "duckdb:///" + file, "extra": `{"engine_params":{"connect_args":{"read_only":true}}}`}, &database); err != nil {
		t.Fatalf("%v\n%s", err, said())
	}
	if err := c.do("POST", "/api/v1/dataset/", doc{"database": database.ID, "schema": "main", "table_name": "cases"}, &set); err != nil {
		t.Fatalf("%v\n%s", err, said())
	}
	measure := func(column, how string) doc {
		return doc{"expressionType": "SIMPLE", "aggregate": how, "label": how + " " + column, "column": doc{"column_name": column}}
	}
	cases := []doc{measure("cases", "SUM")}
	month := doc{"expressionType": "SQL", "sqlExpression": "date_trunc('month', day)", "label": "month"}
	questions := []struct {
		columns []any
		metrics []doc
	}{
		{[]any{}, cases}, {[]any{"day"}, cases}, {[]any{"country"}, cases}, {[]any{"country"}, cases}, {[]any{month}, cases},
		{[]any{"country"}, []doc{cases[0], measure("share", "AVG")}}, {[]any{"country", month}, cases}, {[]any{"place"}, cases},
	}
	return board{name: "Superset", process: server.Process.Pid, ask: func(n int, from, to string) ([]float64, error) {
		q := questions[n]
		var a struct {
			Result []struct{ Data []doc }
		}
		err := c.do("POST", "/api/v1/chart/data", doc{"datasource": doc{"id": set.ID, "type": "table"}, "result_format": "json", "result_type": "full", "queries": []doc{{
			"columns": q.columns, "metrics": q.metrics, "row_limit": 10_000, "orderby": []any{},
			"filters": []doc{{"col": "day", "op": "TEMPORAL_RANGE", "val": from + " : " + to}}}}}, &a)
		var numbers []float64
		for _, r := range a.Result {
			for _, row := range r.Data {
				for _, m := range q.metrics {
					if f, ok := row[m["label"].(string)].(float64); ok {
						numbers = append(numbers, f)
					}
				}
			}
		}
		return numbers, err
	}}
}
