package athena_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/smithy-go"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/lib/awsproto/awsprototest"
	"lethe/query"
	"lethe/wire/athena"
	"lethe/wire/aws"
)

const region = "eu-central-1"

// lake is the API between a client of the real SDK and in-memory stand-ins of the
// services.
type lake struct {
	*services
	client *sdk.Client
	url    string
	log    bytes.Buffer
}

type services struct {
	decisions  []string // action resource
	deny       string   // an action
	executions map[string]query.Execution
	pages      map[string]query.Page // by token
	started    []query.Request
	workgroups map[string]query.Workgroup
	catalogs   map[string]query.DataCatalog
	databases  memory
	fail       error // of Start and Results
}

var created = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newLake(t *testing.T) *lake {
	t.Helper()
	l := &lake{services: &services{
		executions: map[string]query.Execution{},
		pages:      map[string]query.Page{},
		workgroups: map[string]query.Workgroup{"primary": {Name: "primary", Output: "s3://results/", Created: created}},
		catalogs: map[string]query.DataCatalog{
			"awsdatacatalog": {Name: lethe.DefaultCatalog, Type: "GLUE"},
			"hive":           {Name: "Hive", Type: "HIVE", Description: "a metastore", Parameters: map[string]string{"metadata-function": "f"}},
		},
	}}
	svc, err := athena.New(athena.Config{Executions: l, Workgroups: l, DataCatalogs: l, Access: l, Region: region})
	if err != nil {
		t.Fatal(err)
	}
	if left := svc.Unhandled(); len(left) > 0 {
		t.Errorf("the model describes operations that nobody handles: %v", left)
	}
	handler, err := aws.New(aws.Config{Keys: l, S3: http.NotFoundHandler(), Log: slog.New(slog.NewTextHandler(&l.log, nil))}, svc)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	l.url = server.URL
	l.client = l.signedWith("secret")
	return l
}

// signedWith returns a client with this secret.
func (l *lake) signedWith(secret string) *sdk.Client {
	return sdk.New(sdk.Options{
		Region: region, BaseEndpoint: &l.url, HTTPClient: awsprototest.HTTPClient, Retryer: awssdk.NopRetryer{},
		Credentials: awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
			return awssdk.Credentials{AccessKeyID: "AKIATEST", SecretAccessKey: secret}, nil
		}),
	})
}

func (l *services) Key(_ context.Context, id string) (access.Key, error) {
	if id != "AKIATEST" {
		return access.Key{}, lethe.Errorf(lethe.NotFound, "no key %s", id)
	}
	return access.Key{Secret: "secret", Principal: lethe.Principal{ID: "AIDATEST", Name: "ada", ARN: lethe.UserARN("ada")}}, nil
}

func (*services) Used(string, string, string) {}

func (l *services) Decide(_ context.Context, p lethe.Principal, action, resource string) error {
	l.decisions = append(l.decisions, action+" "+resource)
	if p.Name != "ada" || action == l.deny {
		return lethe.Errorf(lethe.Denied, "%s is not authorized to perform %s on %s", p.ARN, action, resource)
	}
	return nil
}

func (l *services) Start(_ context.Context, q query.Request) (string, error) {
	if l.fail != nil {
		return "", l.fail
	}
	l.started = append(l.started, q)
	return fmt.Sprintf("id-%d", len(l.started)), nil
}

func (l *services) Get(_ context.Context, id string) (query.Execution, error) {
	x, ok := l.executions[id]
	if !ok {
		return x, lethe.Errorf(lethe.NotFound, "QueryExecution %s was not found", id)
	}
	return x, nil
}

func (l *services) Stop(ctx context.Context, id string) error {
	x, err := l.Get(ctx, id)
	if err == nil {
		x.State = query.Cancelled
		l.executions[id] = x
	}
	return err
}

func (l *services) List(_ context.Context, workgroup, after string, limit int) (ids []string, next string, err error) {
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(l.executions))) {
		if l.executions[id].Request.Workgroup != workgroup || after != "" && id >= after {
			continue
		}
		if len(ids) == limit {
			return ids, ids[limit-1], nil
		}
		ids = append(ids, id)
	}
	return ids, "", nil
}

func (l *services) Results(_ context.Context, id, token string, limit int) (query.Page, error) {
	if l.fail != nil {
		return query.Page{}, l.fail
	}
	p, ok := l.pages[token]
	if !ok {
		return p, lethe.Errorf(lethe.Invalid, "Malformed nextPageToken %s", token)
	}
	p.Rows = p.Rows[:min(limit, len(p.Rows))]
	return p, nil
}

func (l *services) Workgroups(context.Context) ([]query.Workgroup, error) {
	return slices.Collect(maps.Values(l.workgroups)), nil
}

func (l *services) Workgroup(_ context.Context, name string) (query.Workgroup, error) {
	w, ok := l.workgroups[cmp.Or(name, query.Primary)]
	if !ok {
		return w, lethe.Errorf(lethe.NotFound, "WorkGroup %s is not found.", name)
	}
	return w, nil
}

func (l *services) CreateWorkgroup(_ context.Context, w query.Workgroup) error {
	if _, ok := l.workgroups[w.Name]; ok {
		return lethe.Errorf(lethe.Exists, "WorkGroup %s already exists", w.Name)
	}
	w.Created = created
	l.workgroups[w.Name] = w
	return nil
}

func (l *services) UpdateWorkgroup(_ context.Context, w query.Workgroup) error {
	l.workgroups[w.Name] = w
	return nil
}

func (l *services) DeleteWorkgroup(_ context.Context, name string) error {
	delete(l.workgroups, name)
	return nil
}

func (l *services) DataCatalogs(context.Context) ([]query.DataCatalog, error) {
	return slices.Collect(maps.Values(l.catalogs)), nil
}

func (l *services) DataCatalog(_ context.Context, name string) (query.DataCatalog, error) {
	d, ok := l.catalogs[strings.ToLower(name)]
	if !ok {
		return d, lethe.Errorf(lethe.NotFound, "DataCatalog %s was not found", name)
	}
	return d, nil
}

func (l *services) CreateDataCatalog(_ context.Context, d query.DataCatalog) error {
	if _, ok := l.catalogs[strings.ToLower(d.Name)]; ok {
		return lethe.Errorf(lethe.Exists, "DataCatalog %s already exists", d.Name)
	}
	l.catalogs[strings.ToLower(d.Name)] = d
	return nil
}

func (l *services) UpdateDataCatalog(_ context.Context, d query.DataCatalog) error {
	l.catalogs[strings.ToLower(d.Name)] = d
	return nil
}

func (l *services) DeleteDataCatalog(_ context.Context, name string) error {
	delete(l.catalogs, strings.ToLower(name))
	return nil
}

func (l *services) CatalogNamed(ctx context.Context, name string) (catalog.Catalog, query.DataCatalog, error) {
	d, err := l.DataCatalog(ctx, name)
	return l.databases, d, err
}

// memory is a catalog to read: tables by database and name.
type memory struct {
	catalog.Catalog
	tables map[string]map[string]catalog.Table
}

func (m memory) Databases(context.Context) (ds []catalog.Database, err error) {
	for name := range m.tables {
		ds = append(ds, catalog.Database{Name: name})
	}
	return ds, nil
}

func (m memory) Database(_ context.Context, name string) (catalog.Database, error) {
	if m.tables[name] == nil {
		return catalog.Database{}, lethe.Errorf(lethe.NotFound, "database %s does not exist", name)
	}
	return catalog.Database{Name: name, Description: "about " + name, Parameters: map[string]string{"k": "v"}}, nil
}

func (m memory) TableNames(ctx context.Context, db string) ([]string, error) {
	if _, err := m.Database(ctx, db); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(m.tables[db])), nil
}

func (m memory) Table(_ context.Context, db, name string) (catalog.Table, error) {
	t, ok := m.tables[db][name]
	if !ok {
		return t, lethe.Errorf(lethe.NotFound, "table %s.%s does not exist", db, name)
	}
	return t, nil
}

// wantError checks an error's code, and that its text has part.
func wantError(t *testing.T, err error, code, part string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), part) {
		t.Errorf("got %s: %s\nwant %s: %s", api.ErrorCode(), api.ErrorMessage(), code, part)
	}
}

// wantDecisions checks what was asked of access since the last time.
func (l *lake) wantDecisions(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(l.decisions, want) {
		t.Errorf("decided\n\t%s\nwant\n\t%s", strings.Join(l.decisions, "\n\t"), strings.Join(want, "\n\t"))
	}
	l.decisions = nil
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
