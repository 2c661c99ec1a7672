package console_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/ingest"
	"lethe/object"
	"lethe/query"
	"lethe/wire/console"
)

// What the tests' server is made of: the console's neighbours, in memory.

var admin = lethe.Principal{ID: "AIDAADMIN", Name: "admin", ARN: lethe.UserARN("admin"), Administrator: true}
var reader = lethe.Principal{ID: "AIDAREADER", Name: "reader", ARN: lethe.UserARN("reader")}

const password = "correct horse battery staple"

var began = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// sessions holds logins.
type sessions struct {
	mu     sync.Mutex
	tokens map[string]lethe.Principal
	waits  bool // all sessions wait for another password
}

func (s *sessions) Login(_ context.Context, name, pw string) (string, lethe.Principal, error) {
	p, ok := map[string]lethe.Principal{"admin": admin, "reader": reader}[name]
	if !ok || pw != password {
		return "", lethe.Principal{}, lethe.Errorf(lethe.Denied, "name or password is wrong")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := lethe.NewSecret()
	s.tokens[t] = p
	return t, p, nil
}

func (s *sessions) Session(_ context.Context, token string) (lethe.Principal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.tokens[token]
	if !ok {
		return p, lethe.Errorf(lethe.Denied, "the session has ended")
	}
	if s.waits {
		return p, access.ErrPasswordChange
	}
	return p, nil
}

func (s *sessions) ChangeSessionPassword(_ context.Context, token, old, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.tokens[token]; !ok || old != password {
		return lethe.Errorf(lethe.Denied, "The old password was incorrect.")
	}
	s.waits = false
	return nil
}

func (s *sessions) Logout(_ context.Context, token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, token)
	return nil
}

// policy allows administrators all and others what it lists, and remembers what it was asked.
type policy struct {
	mu      sync.Mutex
	allowed []string
	asked   []string
}

func (d *policy) Decide(_ context.Context, p lethe.Principal, action, resource string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, action+" "+resource)
	if p.Administrator || slices.Contains(d.allowed, action+" "+resource) {
		return nil
	}
	return lethe.Errorf(lethe.Denied, "%s is not authorized to perform %s on %s", p.ARN, action, resource)
}

// queries answers every SELECT with a made-up result of as many rows as its
// LIMIT says; "fail" and "slow" in a statement do what they say.
type queries struct {
	mu   sync.Mutex
	list []*query.Execution
	done map[string]chan struct{}
	cat  catalog.Catalog
	obj  object.Store
}

func (q *queries) Start(ctx context.Context, r query.Request) (string, error) {
	if i := strings.Index(strings.ToUpper(r.Statement), "FORM "); i >= 0 {
		line := 1 + strings.Count(r.Statement[:i], "\n")
		col := i - strings.LastIndex(r.Statement[:i], "\n")
		return "", lethe.Errorf(lethe.Syntax, "line %d:%d: mismatched input 'FORM'", line, col).WithHint("did you mean FROM?")
	}
	if r.Catalog == "" {
		r.Catalog = lethe.DefaultCatalog
	}
	if r.Database == "" {
		r.Database = "default"
	}
	e := &query.Execution{ID: lethe.NewOrderedID(), Request: r, Type: "DML", Subtype: "SELECT", Principal: lethe.PrincipalOf(ctx).ARN,
		State: query.Running, Progress: 0.3, Submitted: began, Output: "s3://lake/results/out.csv"}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(q.list, e)
	q.done[e.ID] = make(chan struct{})
	e.Statistics = query.Statistics{ScannedBytes: 41_231_000, ResultBytes: 912_000, Queue: time.Millisecond, Planning: 3 * time.Millisecond, Engine: 18 * time.Millisecond, Total: 25 * time.Millisecond}
	switch s := strings.ToLower(r.Statement); {
	case strings.Contains(s, "slow"):
		return e.ID, nil
	case strings.Contains(s, "fail"):
		e.State, e.Reason = query.Failed, "line 2:8: Column 'nope' cannot be resolved"
		e.Error = &query.Failure{Category: 2, Type: 1006, Message: "COLUMN_NOT_FOUND: " + e.Reason}
	default:
		e.State, e.Progress = query.Succeeded, 1
		e.Rows = limitOf(s)
		e.Columns = []query.Column{{Name: "state", Type: "varchar"}, {Name: "country", Type: "varchar"}, {Name: "lat", Type: "double"}, {Name: "lon", Type: "double"}, {Name: "date", Type: "varchar"}, {Name: "confirmed", Type: "bigint"}}
	}
	e.Completed = began.Add(25 * time.Millisecond)
	close(q.done[e.ID])
	return e.ID, nil
}

func limitOf(s string) int64 {
	_, after, ok := strings.Cut(s, "limit ")
	if !ok {
		return 1000
	}
	n, _ := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	return n
}

func (q *queries) find(id string) (*query.Execution, error) {
	for _, e := range q.list {
		if e.ID == id {
			return e, nil
		}
	}
	return nil, lethe.Errorf(lethe.NotFound, "query execution %s was not found", id)
}

func (q *queries) Get(_ context.Context, id string) (query.Execution, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e, err := q.find(id)
	if err != nil {
		return query.Execution{}, err
	}
	return *e, nil
}

func (q *queries) Wait(ctx context.Context, id string) (query.Execution, error) {
	q.mu.Lock()
	done := q.done[id]
	q.mu.Unlock()
	select {
	case <-done:
		return q.Get(ctx, id)
	case <-ctx.Done():
		return query.Execution{}, ctx.Err()
	}
}

func (q *queries) List(_ context.Context, wg, after string, limit int) ([]string, string, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var ids []string
	latest := slices.SortedFunc(slices.Values(q.list), func(a, b *query.Execution) int { return strings.Compare(b.ID, a.ID) })
	for _, e := range latest {
		if after == "" || e.ID < after {
			ids = append(ids, e.ID)
		}
	}
	if len(ids) > limit {
		return ids[:limit], ids[limit-1], nil
	}
	return ids, "", nil
}

var countries = []string{"US", "India", "Brazil", "Spain", "United Kingdom", "Italy", "Korea, South", "Taiwan*"}

func (q *queries) ResultsAt(ctx context.Context, id string, row int64, limit int) (query.Page, error) {
	e, err := q.Get(ctx, id)
	if err != nil {
		return query.Page{}, err
	}
	p := query.Page{Columns: e.Columns}
	for i := row; i < min(row+int64(limit), e.Rows); i++ {
		var state *string
		if i%3 == 0 {
			state = ptr("Province " + strconv.FormatInt(i%97, 10))
		}
		day := time.Date(2020, 1, 22, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(i%900)).Format(time.DateOnly)
		p.Rows = append(p.Rows, []*string{state, ptr(countries[i%int64(len(countries))]), ptr(fmt.Sprintf("%.4f", float64(i%180)-90)), ptr(fmt.Sprintf("%.4f", float64(i%360)-180)), ptr(day), ptr(strconv.FormatInt(i, 10))})
	}
	return p, nil
}

func ptr(s string) *string { return &s }

func (q *queries) Results(ctx context.Context, id, token string, limit int) (query.Page, error) {
	row, _ := strconv.ParseInt(token, 10, 64)
	p, err := q.ResultsAt(ctx, id, row, limit)
	if err != nil {
		return p, err
	}
	e, _ := q.Get(ctx, id)
	if next := row + int64(len(p.Rows)); next < e.Rows {
		p.Next = strconv.FormatInt(next, 10)
	}
	if token == "" {
		names := make([]*string, len(p.Columns))
		for i := range p.Columns {
			names[i] = &p.Columns[i].Name
		}
		p.Rows = append([][]*string{names}, p.Rows...)
	}
	return p, nil
}

func (q *queries) Stop(_ context.Context, id string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	e, err := q.find(id)
	if err == nil && !e.State.Final() {
		e.State, e.Reason = query.Cancelled, "Query cancelled by user"
		close(q.done[id])
	}
	return err
}

func (q *queries) Workgroups(context.Context) ([]query.Workgroup, error) {
	return []query.Workgroup{{Name: "primary", Output: "s3://lake/results/"}}, nil
}

func (q *queries) DataCatalogs(context.Context) ([]query.DataCatalog, error) {
	return []query.DataCatalog{{Name: lethe.DefaultCatalog, Type: "GLUE", Description: "the lake's own catalog"}, {Name: "demo_hive_metastore", Type: "HIVE"}}, nil
}

func (q *queries) CreateDataCatalog(_ context.Context, d query.DataCatalog) error {
	if d.Name == "demo_hive_metastore" {
		return lethe.Errorf(lethe.Exists, "DataCatalog %s already exists", d.Name)
	}
	return nil
}

func (q *queries) DeleteDataCatalog(_ context.Context, name string) error {
	if !strings.EqualFold(name, "demo_hive_metastore") {
		return lethe.Errorf(lethe.NotFound, "DataCatalog %s was not found", name)
	}
	return nil
}

func (q *queries) CatalogNamed(_ context.Context, name string) (catalog.Catalog, query.DataCatalog, error) {
	if name != lethe.DefaultCatalog && name != "demo_hive_metastore" {
		return nil, query.DataCatalog{}, lethe.Errorf(lethe.NotFound, "DataCatalog %s was not found", name)
	}
	return q.cat, query.DataCatalog{Name: name}, nil
}

// connectors keeps connectors; one is there, and has been used.
type connectors struct{ put []query.Connector }

func usedNodes() map[string][]hive.NodeState {
	return map[string][]hive.NodeState{"old-metastore": {{URI: "thrift://a:9083", LastError: "connection refused", Since: began}}}
}

func (k *connectors) Connectors(context.Context) ([]query.Connector, error) {
	return append([]query.Connector{{Name: "old-metastore", Description: "on the cluster", URIs: []string{"thrift://a:9083"}, Created: began, Changed: began}}, k.put...), nil
}

func (k *connectors) Connector(ctx context.Context, name string) (query.Connector, error) {
	all, _ := k.Connectors(ctx)
	for _, c := range slices.Backward(all) {
		if c.Name == name {
			return c, nil
		}
	}
	return query.Connector{}, lethe.Errorf(lethe.NotFound, "there is no connector %s", name)
}

func (k *connectors) PutConnector(_ context.Context, c query.Connector) error {
	k.put = append(k.put, c)
	return nil
}

func (k *connectors) DeleteConnector(ctx context.Context, name string) error {
	_, err := k.Connector(ctx, name)
	return err
}

// ingests keeps one run, which ends when it is cancelled.
type ingests struct{ run ingest.Run }

func (g *ingests) Start(ctx context.Context, j ingest.Job) (ingest.Run, error) {
	g.run = ingest.Run{ID: "i-1", Job: j, Principal: lethe.PrincipalOf(ctx).ARN, Phase: "working", Started: began,
		Progress: &ingest.Progress{Step: "reading", Files: 3, FilesDone: 1}}
	return g.run, nil
}

func (g *ingests) Get(_ context.Context, id string) (ingest.Run, error) {
	if id != "i-1" {
		return ingest.Run{}, lethe.Errorf(lethe.NotFound, "there is no ingest %s", id)
	}
	return g.run, nil
}

func (g *ingests) Wait(ctx context.Context, _ string) (ingest.Run, error) {
	<-ctx.Done()
	return g.run, ctx.Err()
}

func (g *ingests) Runs(context.Context, int) ([]ingest.Run, error) { return nil, nil }

func (g *ingests) Cancel(context.Context, string) error { return nil }

// previews has one row for every Parquet object but those called broken.
type previews struct{}

func (previews) Preview(_ context.Context, o object.Object, limit int) (query.Page, error) {
	if strings.Contains(o.Key, "broken") {
		return query.Page{}, lethe.Errorf(lethe.BadData, "s3://%s/%s is not a whole Parquet file", o.Bucket, o.Key)
	}
	return query.Page{Columns: []query.Column{{Name: "country", Type: "varchar"}, {Name: "confirmed", Type: "bigint"}}, Rows: [][]*string{{ptr("US"), nil}}}, nil
}

// tables is a catalog that is only read.
type tables struct {
	catalog.Catalog
	dbs        []catalog.Database
	list       []catalog.Table
	partitions map[string][]catalog.Partition
}

func (c *tables) Databases(context.Context) ([]catalog.Database, error) { return c.dbs, nil }

func (c *tables) Tables(_ context.Context, db string) ([]catalog.Table, error) {
	if !slices.ContainsFunc(c.dbs, func(d catalog.Database) bool { return d.Name == db }) {
		return nil, lethe.Errorf(lethe.NotFound, "database %s does not exist", db)
	}
	var out []catalog.Table
	for _, t := range c.list {
		if t.Database == db {
			out = append(out, t)
		}
	}
	return out, nil
}

func (c *tables) Table(_ context.Context, db, name string) (catalog.Table, error) {
	for _, t := range c.list {
		if t.Database == db && t.Name == name {
			return t, nil
		}
	}
	return catalog.Table{}, lethe.Errorf(lethe.NotFound, "table %s.%s does not exist", db, name)
}

func (c *tables) Partitions(_ context.Context, db, name string, page catalog.PartitionPage) ([]catalog.Partition, error) {
	t, err := c.Table(context.Background(), db, name)
	if err != nil {
		return nil, err
	}
	var out []catalog.Partition
	for _, p := range c.partitions[db+"."+name] {
		if catalog.PartitionName(t.Partitions, p.Values) > page.After && (page.Limit == 0 || len(out) < page.Limit) {
			out = append(out, p)
		}
	}
	return out, nil
}

// objects is a store.
type objects struct {
	object.Store
	mu      sync.Mutex
	buckets []string
	bytes   map[string][]byte // by bucket/key
	about   map[string]object.Object
}

func (s *objects) Buckets(context.Context) ([]object.Bucket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]object.Bucket, len(s.buckets))
	for i, b := range s.buckets {
		out[i] = object.Bucket{Name: b, Created: began}
	}
	return out, nil
}

func (s *objects) CreateBucket(_ context.Context, b string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.buckets, b) {
		return lethe.Errorf(lethe.Exists, "bucket %s exists already", b)
	}
	if len(b) < 3 {
		return lethe.Errorf(lethe.Invalid, "bucket name %q is shorter than 3 characters", b)
	}
	s.buckets = append(s.buckets, b)
	slices.Sort(s.buckets)
	return nil
}

func (s *objects) DeleteBucket(_ context.Context, b string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.bytes {
		if strings.HasPrefix(k, b+"/") {
			return lethe.Errorf(lethe.Conflict, "bucket %s is not empty", b)
		}
	}
	s.buckets = slices.DeleteFunc(s.buckets, func(x string) bool { return x == b })
	return nil
}

func (s *objects) Head(_ context.Context, b, k string) (object.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.about[b+"/"+k]
	if !ok {
		return o, lethe.Errorf(lethe.NotFound, "there is no object s3://%s/%s", b, k)
	}
	return o, nil
}

func (s *objects) Open(ctx context.Context, b, k string, off, n int64) (io.ReadCloser, object.Object, error) {
	o, err := s.Head(ctx, b, k)
	if err != nil {
		return nil, o, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	data := s.bytes[b+"/"+k][off:]
	if n >= 0 && n < int64(len(data)) {
		data = data[:n]
	}
	return io.NopCloser(bytes.NewReader(data)), o, nil
}

func (s *objects) Put(_ context.Context, b, k string, r io.Reader, h object.Header, c object.Condition) (object.Object, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return object.Object{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.buckets, b) {
		return object.Object{}, lethe.Errorf(lethe.NotFound, "there is no bucket %s", b)
	}
	if _, ok := s.about[b+"/"+k]; ok && c.IfNoneMatch {
		return object.Object{}, lethe.Errorf(lethe.Conflict, "s3://%s/%s exists already", b, k)
	}
	sum := md5.Sum(data)
	o := object.Object{Bucket: b, Key: k, Size: int64(len(data)), ETag: `"` + hex.EncodeToString(sum[:]) + `"`, Modified: began, ContentType: h.ContentType}
	s.bytes[b+"/"+k], s.about[b+"/"+k] = data, o
	return o, nil
}

func (s *objects) Delete(_ context.Context, b, k string, _ object.Condition) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.bytes, b+"/"+k)
	delete(s.about, b+"/"+k)
	return nil
}

func (s *objects) List(_ context.Context, b string, o object.ListOptions) (object.Listing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.buckets, b) {
		return object.Listing{}, lethe.Errorf(lethe.NotFound, "there is no bucket %s", b)
	}
	var l object.Listing
	for _, full := range slices.Sorted(maps.Keys(s.about)) {
		k, ok := strings.CutPrefix(full, b+"/")
		if !ok || !strings.HasPrefix(k, o.Prefix) || k <= o.After || o.After != "" && strings.HasSuffix(o.After, "/") && strings.HasPrefix(k, o.After) {
			continue
		}
		if len(l.Objects)+len(l.Prefixes) == o.Limit {
			l.Next = max(last(l.Prefixes), lastKey(l.Objects))
			break
		}
		rest := k[len(o.Prefix):]
		if i := strings.Index(rest, o.Delimiter); o.Delimiter != "" && i >= 0 {
			if p := o.Prefix + rest[:i+1]; last(l.Prefixes) != p {
				l.Prefixes = append(l.Prefixes, p)
			}
			continue
		}
		l.Objects = append(l.Objects, s.about[full])
	}
	return l, nil
}

func last(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[len(s)-1]
}

func lastKey(s []object.Object) string {
	if len(s) == 0 {
		return ""
	}
	return s[len(s)-1].Key
}

// lake is a console in front of the doubles.
type lake struct {
	console.Options
	sessions  *sessions
	policy    *policy
	queries   *queries
	objects   *objects
	instances *instances
}

func newLake(log *slog.Logger) *lake {
	covid := func(name, measure string) catalog.Table {
		return catalog.Table{Database: "default", Name: name, Type: catalog.ExternalTable, Owner: "lethe", Created: began,
			Parameters: map[string]string{"EXTERNAL": "TRUE", "classification": "parquet"},
			Storage: catalog.Storage{Location: "s3://lake/covid_data/parquet/" + name + "/", InputFormat: catalog.Parquet.InputFormat,
				OutputFormat: catalog.Parquet.OutputFormat, SerDe: catalog.SerDe{Name: catalog.Parquet.SerDe, Parameters: map[string]string{"serialization.format": "1"}},
				Columns: []catalog.Column{{Name: "state", Type: "string", Comment: "province or state, often empty"}, {Name: "country", Type: "string"}, {Name: "lat", Type: "double"}, {Name: "lon", Type: "double"}, {Name: "date", Type: "string", Comment: "yyyy-MM-dd"}, {Name: measure, Type: "bigint", Comment: "cumulative"}}}}
	}
	reviews := catalog.Table{Database: "default", Name: "reviews", Type: catalog.ExternalTable, Created: began,
		Partitions: []catalog.Column{{Name: "year", Type: "int"}, {Name: "month", Type: "int"}, {Name: "day", Type: "int"}},
		Storage: catalog.Storage{Location: "s3://lake/reviews/", InputFormat: catalog.JSON.InputFormat, SerDe: catalog.SerDe{Name: catalog.JSON.SerDe},
			Columns: []catalog.Column{{Name: "user_id", Type: "string"}, {Name: "body", Type: "string"}, {Name: "stars", Type: "int"}, {Name: "tags", Type: "array<string>"}, {Name: "device", Type: "struct<os:string,version:string>"}}}}
	var days []catalog.Partition
	for d := range 1200 {
		at := began.AddDate(0, 0, d-1200)
		days = append(days, catalog.Partition{Values: []string{at.Format("2006"), at.Format("01"), at.Format("02")}, Created: began,
			Storage: catalog.Storage{Location: "s3://lake/reviews/year=" + at.Format("2006/month=01/day=02") + "/"}})
	}
	slices.SortFunc(days, func(a, b catalog.Partition) int {
		return strings.Compare(catalog.PartitionName(reviews.Partitions, a.Values), catalog.PartitionName(reviews.Partitions, b.Values))
	})
	cat := &tables{
		dbs: []catalog.Database{{Name: "default", Description: "Default database", Location: "s3://lake/", Created: began}, {Name: "sales", Created: began}},
		list: []catalog.Table{covid("covid_confirmed_cases", "confirmed"), covid("covid_death_cases", "deaths"), covid("covid_recovered_cases", "recovered"),
			{Database: "default", Name: "latest_cases", Type: catalog.VirtualView, ViewOriginalText: "SELECT 1", Created: began, Storage: catalog.Storage{Columns: []catalog.Column{{Name: "country", Type: "string"}, {Name: "confirmed", Type: "bigint"}}}},
			reviews},
		partitions: map[string][]catalog.Partition{"default.reviews": days},
	}
	obj := &objects{buckets: []string{"empty-bucket", "lake"}, bytes: map[string][]byte{}, about: map[string]object.Object{}}
	put := func(key, text string) {
		obj.Put(context.Background(), "lake", key, strings.NewReader(text), object.Header{ContentType: "application/octet-stream"}, object.Condition{})
	}
	put("covid_data/csv/confirmed.csv", "Province/State,Country/Region,Lat,Long,1/22/20\n,\"Korea, South\",35.9,127.7,1\n\"said \"\"hi\"\"\",Italy,41.9,12.6,0\n,Taiwan*,,,3\n")
	put("covid_data/parquet/covid_confirmed_cases/part-0.parquet", "PAR1\x00\x01\x02PAR1")
	put("covid_data/parquet/broken.parquet", "PAR1\x00")
	put("reviews/year=2026/month=11/day=01/a.jsonl", "{\"user_id\":\"u1\",\"body\":\"fine\",\"stars\":4}\n{\"user_id\":\"u2\",\"body\":\"<script>alert(1)</script>\",\"stars\":1}\n")
	put("config.json", "{\n  \"a\": [1, 2, {\"b\": null}]\n}\n")
	put("notes/readme.txt", "A lake that can forget.\n")
	put("notes/page.html", "<h1>hi</h1><script>alert(document.cookie)</script>")
	put("results/out.csv", "\"state\",\"country\"\n,\"US\"\n")
	for i := range 1500 {
		put(fmt.Sprintf("logs/%05d.txt", i), "line\n")
	}
	l := &lake{sessions: &sessions{tokens: map[string]lethe.Principal{}}, policy: &policy{}, objects: obj}
	l.instances = newInstances()
	l.queries = &queries{done: map[string]chan struct{}{}, cat: cat, obj: obj}
	l.Options = console.Options{
		Log: log, Sessions: l.sessions, Access: l.policy, Explainer: noPrincipals{}, Principals: nobody{}, Secrets: noSecrets{}, Audit: audit{}, Rules: newRules(), Queries: l.queries, Connectors: &connectors{}, MetastoreNodes: usedNodes, Ingests: &ingests{}, Events: newEvents(), Erasure: persons{}, Backups: backups{}, Instances: l.instances, Objects: obj, Previews: previews{}, Version: "test",
		DDL: func(t catalog.Table) (string, error) {
			if t.Type == catalog.VirtualView {
				return "", lethe.Errorf(lethe.Unsupported, "a view has no CREATE TABLE statement")
			}
			var b strings.Builder
			fmt.Fprintf(&b, "CREATE EXTERNAL TABLE `%s.%s`(\n", t.Database, t.Name)
			for i, c := range t.Storage.Columns {
				if i > 0 {
					b.WriteString(",\n")
				}
				fmt.Fprintf(&b, "  `%s` %s", c.Name, c.Type)
			}
			fmt.Fprintf(&b, ")\nROW FORMAT SERDE\n  '%s'\nLOCATION\n  '%s'", t.Storage.SerDe.Name, t.Storage.Location)
			return b.String(), nil
		},
	}
	return l
}

// noPrincipals knows nobody.
type noPrincipals struct{}

func (noPrincipals) Explain(_ context.Context, arn string, _ map[string][]string) (*access.Simulator, error) {
	return nil, lethe.Errorf(lethe.NotFound, "there is no %s", arn)
}
