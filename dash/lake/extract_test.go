package lake_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lethe"
	"lethe/access"
	"lethe/dash"
)

// copies are extracts that are asked from what they would be made from.
type copies struct {
	dash.Extracts // the rest is not used
	w             *world
	asked         atomic.Int64
	hold          chan struct{} // if not nil, answers wait for it

	mu   sync.Mutex
	info dash.ExtractInfo
}

func (c *copies) Info(context.Context, string) (dash.ExtractInfo, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.info, nil
}

func (c *copies) refreshed(id string, columns ...dash.Column) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.info = dash.ExtractInfo{ID: id, Columns: columns, AsOf: time.Date(2020, 9, 12, 0, 0, 0, 0, time.UTC)}
}

func (c *copies) History(context.Context, string, int) ([]dash.Refresh, error) {
	return []dash.Refresh{{Error: "the source failed"}}, nil
}

func (c *copies) Refresh(context.Context, string, dash.RefreshOptions) (dash.Refresh, error) {
	return dash.Refresh{}, nil
}

func (c *copies) Open(context.Context, string) error { return nil }

func (c *copies) Ask(ctx context.Context, dataSet, sql string, limit int) (dash.Rows, time.Time, error) {
	c.asked.Add(1)
	if c.hold != nil {
		select {
		case <-c.hold:
		case <-ctx.Done():
			return dash.Rows{}, time.Time{}, context.Cause(ctx)
		}
	}
	p, err := c.w.Prepared(ctx, dataSet, time.Now())
	if err != nil {
		return dash.Rows{}, time.Time{}, err
	}
	st := p.Statement
	st.SQL, st.Limit = "WITH \"extract\" AS (\n"+p.Statement.SQL+"\n)", limit
	if rest, ok := strings.CutPrefix(sql, "WITH "); ok {
		st.SQL += ",\n" + rest
	} else {
		st.SQL += "\n" + sql
	}
	rows, err := c.w.config.Asker.Ask(lethe.WithPrincipal(ctx, st.As), st)
	info, _ := c.Info(ctx, dataSet)
	return rows, info.AsOf, err
}

// extracted gives the world extracts.
func (w *world) extracted() *copies {
	w.t.Helper()
	c := &copies{w: w}
	w.config.Extracts = c
	w.open()
	return c
}

func TestWhatExtractsAnswer(t *testing.T) {
	w := newWorld(t)
	c := w.extracted()
	w.covid()
	set := w.set(dash.DataSet{Mode: dash.Extract, ReadAs: dash.ReadAsOwner, Source: dash.Source{SQL: "SELECT * FROM covid WHERE deaths >= ${least}"}, Parameters: []dash.Parameter{{Name: "least", Type: dash.Integer, Default: "0"}},
		Fields: []dash.Field{{Name: "country", Column: "country"}, {Name: "deaths", Column: "deaths"}, {Name: "share", Expression: "deaths / 10"}, {Name: "m", Expression: "sum(share)"}}})
	q := dash.Query{Dimensions: []dash.By{{Field: "country"}}, Measures: []dash.Of{{Field: "m"}, {Field: "deaths", Aggregation: dash.Maximum}}}
	ask := func(p lethe.Principal, q dash.Query) (dash.Answer, error) { return w.Query(w.as(p), set.ID, q) }
	if _, err := ask(w.sam, q); !lethe.Is(err, lethe.Conflict) || !strings.Contains(err.Error(), "could not be imported: the source failed") {
		t.Error(err)
	}
	c.info.Running = &dash.Refresh{}
	if _, err := ask(w.sam, q); !lethe.Is(err, lethe.Conflict) || !strings.Contains(err.Error(), "being imported for the first time") {
		t.Error(err)
	}
	c.refreshed("one")
	expect := func(name string, p lethe.Principal, q dash.Query, from dash.Mode, cached bool, want string) {
		t.Helper()
		a, err := ask(p, q)
		if err != nil || a.From != from || a.Cached != cached || lines(a) != want {
			t.Errorf("%s: from %s, cached %v, %v\n%s", name, a.From, a.Cached, err, lines(a))
		}
	}
	all := "China|1|5\nItaly|2.2|12\nNowhere|0|0"
	expect("first", w.sam, q, dash.Extract, false, all)
	expect("again, by another", w.olga, q, dash.Extract, true, all)
	c.refreshed("two")
	expect("after a refresh", w.sam, q, dash.Extract, false, all)
	now := q
	now.Calculated = []dash.Field{{Name: "today", Expression: "CASE WHEN current_date > DATE '2020-01-01' THEN 1 END"}}
	now.Measures = append(now.Measures, dash.Of{Field: "today", Aggregation: dash.Maximum})
	for range 2 {
		expect("what the time changes is not kept", w.sam, now, dash.Extract, false, "China|1|5|1\nItaly|2.2|12|1\nNowhere|0|0|1")
	}
	parameter := q
	parameter.Parameters = map[string]string{"least": "6"}
	expect("rows that the extract may lack", w.sam, parameter, dash.Live, false, "Italy|2.2|12")
	// Equal questions are asked once; who goes away does not stop those who wait.
	c.refreshed("three")
	c.hold = make(chan struct{})
	before := c.asked.Load()
	gone, cancel := context.WithCancel(w.as(w.sam))
	results := make(chan error, 3)
	go func() { _, err := w.Query(gone, set.ID, q); results <- err }()
	until(t, func() bool { return c.asked.Load() != before })
	for range 2 {
		go func() { _, err := ask(w.olga, q); results <- err }()
	}
	until(t, func() bool { return w.Waiting() == 3 })
	cancel()
	if err := <-results; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(c.hold)
	for range 2 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if n := c.asked.Load() - before; n != 1 {
		t.Errorf("asked %d times", n)
	}
	c.hold = nil
	// Whom rules narrow is answered live.
	err := w.access.PutTableRule(t.Context(), access.TableRule{Name: "r", Table: access.TableName{Catalog: lethe.DefaultCatalog, Database: "default", Table: "covid"}, Principals: []string{"user/sam"}, Filter: "country = 'Italy'"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ask(w.sam, q); !lethe.Is(err, lethe.Invalid) { // the owner sees nothing of the table now
		t.Error(err)
	}
	if err := w.access.PutInline(t.Context(), access.UserNamed("olga"), "all", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`); err != nil {
		t.Fatal(err)
	}
	expect("narrowed by a rule", w.sam, q, dash.Live, false, "Italy|2.2|12")
	expect("the owner", w.olga, q, dash.Extract, true, all)
	// The data set is changed: until another extract is made, the lake answers what this one lacks.
	held := []dash.Column{{Name: "country", Type: "varchar"}, {Name: "deaths", Type: "bigint"}, {Name: "share", Type: "double"}}
	c.refreshed("four", held...)
	set.Fields[1].Type = dash.Text
	set.Fields = append(set.Fields, dash.Field{Name: "twice", Expression: "share * 20"})
	if set, err = w.UpdateDataSet(w.as(w.olga), set.ID, set); err != nil {
		t.Fatal(err)
	}
	twice := dash.Query{Measures: []dash.Of{{Field: "twice", Aggregation: dash.Maximum}}}
	typed := dash.Query{Measures: []dash.Of{{Field: "deaths", Aggregation: dash.Maximum}}}
	country := dash.Query{Dimensions: []dash.By{{Field: "country"}}}
	expect("a new field", w.olga, twice, dash.Live, false, "24")
	expect("a field of another type", w.olga, typed, dash.Live, false, "5")
	expect("what is as it was", w.olga, country, dash.Extract, false, "China\nItaly\nNowhere")
	held[1].Type = "varchar"
	c.refreshed("five", append(held, dash.Column{Name: "twice", Type: "double"})...)
	expect("the new field, refreshed", w.olga, twice, dash.Extract, false, "24")
	expect("the other type, refreshed", w.olga, typed, dash.Extract, false, "5")
}

func TestPreviews(t *testing.T) {
	w := newWorld(t)
	w.covid()
	source := dash.Source{Tables: []dash.SourceTable{{Alias: "c", Database: "default", Table: "covid"},
		{Alias: "d", Database: "default", Table: "covid", Join: &dash.Join{Kind: dash.Left, On: []dash.JoinPair{{Alias: "c", Left: "country", Column: "country"}, {Alias: "c", Left: "state", Column: "state"}, {Alias: "c", Left: "date", Column: "date"}}}}}}
	p, err := w.Preview(w.as(w.olga), dash.DataSet{Source: source}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if p.Answer.Rows != 7 || len(p.Columns) != 14 || len(p.Fields) != 14 {
		t.Fatalf("%+v", p)
	}
	for i, want := range []dash.Field{
		{Name: "state", Column: "c.state", SourceType: "varchar", Type: dash.Text, Role: dash.Dimension, Geo: dash.Region},
		{Name: "country", Column: "c.country", SourceType: "varchar", Type: dash.Text, Role: dash.Dimension, Geo: dash.Country},
		{Name: "lat", Column: "c.lat", SourceType: "double", Type: dash.Decimal, Role: dash.Dimension, Geo: dash.Latitude},
		{Name: "lon", Column: "c.lon", SourceType: "double", Type: dash.Decimal, Role: dash.Dimension, Geo: dash.Longitude},
		{Name: "date", Column: "c.date", SourceType: "varchar", Type: dash.Text, Role: dash.Dimension},
		{Name: "confirmed", Column: "c.confirmed", SourceType: "bigint", Type: dash.Integer, Role: dash.Measure},
	} {
		if p.Fields[i] != want {
			t.Errorf("field %d: %+v, want %+v", i, p.Fields[i], want)
		}
	}
	if p.Fields[7].Name != "state (d)" {
		t.Error(p.Fields[7])
	}
	p, err = w.Preview(w.as(w.olga), dash.DataSet{Source: source, Fields: []dash.Field{{Name: "when", Column: "c.date", Type: dash.Date, Format: "yyyy-MM-dd"}, {Name: "n", Column: "c.country", Type: dash.Integer},
		{Name: "ratio", Expression: "1 / 0"}, {Name: "all", Expression: "count(*)"}}}, 3)
	if err != nil {
		t.Fatal(err)
	}
	if p.Answer.Rows != 3 || len(p.Answer.Columns) != 3 || !p.Answer.More || !p.Fields[3].Aggregate || p.Fields[3].Role != dash.Measure || p.Fields[2].Type != dash.Decimal {
		t.Errorf("%+v", p)
	}
	if len(p.Failures) != 2 || p.Failures[0].Field != "when" || p.Failures[0].Rows != 1 || p.Failures[0].Of != 7 || strings.Join(p.Failures[0].Examples, " ") != "soon" ||
		p.Failures[1].Rows != 7 || strings.Join(p.Failures[1].Examples, " ") != "China Italy Nowhere" {
		t.Errorf("%+v", p.Failures)
	}
	if _, err := w.Preview(w.as(w.sam), dash.DataSet{Source: source}, 0); err == nil || lethe.Is(err, lethe.Internal) {
		t.Errorf("sam, who may not read the table: %v", err)
	}
	for _, sql := range []string{"SELECT", "DROP TABLE covid", "SELECT 1) AS x, (SELECT 2", "SELECT * FROM nope", "SELECT 1; DROP TABLE covid", "SELECT '${nope}"} {
		if _, err := w.Preview(w.as(w.olga), dash.DataSet{Source: dash.Source{SQL: sql}}, 0); !lethe.Is(err, lethe.Invalid) && !lethe.Is(err, lethe.Syntax) && !lethe.Is(err, lethe.Unsupported) {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if p, err := w.Preview(w.as(w.olga), dash.DataSet{Source: dash.Source{SQL: "SELECT '2020-01-01' AS d, 7 AS \"user id\", ARRAY[1] AS a"}}, 0); err != nil || p.Fields[0].Type != dash.Date || p.Fields[1].Role != dash.Dimension || lines(p.Answer) != "2020-01-01|7|[1]" {
		t.Errorf("%+v %v", p, err)
	}
}

// Answers that are kept of an extract are not given to whom rules of rows keep them from.
func TestKeptAnswersAndRules(t *testing.T) {
	w := newWorld(t)
	c := w.extracted()
	w.covid()
	set := w.set(dash.DataSet{Mode: dash.Extract, ReadAs: dash.ReadAsOwner, Source: dash.Source{SQL: "SELECT * FROM covid"}, Fields: []dash.Field{{Name: "country", Column: "country"}, {Name: "deaths", Column: "deaths"}},
		Rules: []dash.RowRule{{Name: "sam", Principals: []string{w.sam.ARN}, Filter: "country = 'Italy'"}, {Name: "olga", Principals: []string{w.olga.ARN}, Filter: "country = 'China'"}}})
	c.refreshed("one")
	tim := w.person("tim", "")
	q := dash.Query{Dimensions: []dash.By{{Field: "country"}}, Measures: []dash.Of{{Field: "deaths", Aggregation: dash.Maximum}}}
	for _, cached := range []bool{false, true} {
		for _, x := range []struct {
			who  lethe.Principal
			want string
		}{{w.sam, "Italy|12"}, {w.olga, "China|5"}, {tim, ""}} {
			a, err := w.Query(w.as(x.who), set.ID, q)
			if err != nil || lines(a) != x.want || a.Cached != cached || a.From != dash.Extract {
				t.Errorf("%s: from %s, cached %v, %v\n%s", x.who.Name, a.From, a.Cached, err, lines(a))
			}
		}
	}
}
