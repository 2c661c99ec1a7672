package query_test

import (
	"context"
	"testing"

	"lethe"
	"lethe/query"
)

// only allows some principals what they ask for, by ARN and action.
type only map[string]string

func (o only) Decide(_ context.Context, p lethe.Principal, action, resource string) error {
	if p == lethe.System || o[p.ARN+" "+action] == resource || o[p.ARN+" "+action] == "*" {
		return nil
	}
	return lethe.Errorf(lethe.Denied, "%s may not %s on %s", p.Name, action, resource)
}

// Who may not invoke a data catalog's connector learns nothing of what is behind it.
func TestInvoke(t *testing.T) {
	l := newLake(t)
	function := lethe.FunctionARN(lethe.DefaultRegion, "metastore")
	hive := query.DataCatalog{Name: "hive", Type: "HIVE", Parameters: map[string]string{query.MetadataFunction: function}}
	if err := l.CreateDataCatalog(admin(t), hive); err != nil {
		t.Fatal(err)
	}
	if err := l.PutConnector(admin(t), query.Connector{Name: "metastore"}); err != nil {
		t.Fatal(err)
	}
	l.sql(logs)
	engineer, sales := lethe.Principal{ID: "e", Name: "engineer", ARN: lethe.UserARN("engineer")}, lethe.Principal{ID: "s", Name: "sales", ARN: lethe.UserARN("sales")}
	all := only{}
	for _, p := range []lethe.Principal{engineer, sales} {
		for _, a := range []string{"glue:GetTable", "glue:GetTables", "glue:GetDatabase", "glue:GetDatabases", "s3:PutObject", "s3:ListBucket", "s3:GetObject"} {
			all[p.ARN+" "+a] = "*"
		}
	}
	all[engineer.ARN+" lambda:InvokeFunction"] = function
	l.config.Access = all
	l.open()
	run := func(p lethe.Principal, statement string) query.Execution {
		t.Helper()
		ctx := lethe.WithPrincipal(t.Context(), p)
		id, err := l.Start(ctx, query.Request{Statement: statement})
		if err != nil {
			t.Fatal(err)
		}
		x, err := l.Wait(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	mine := run(engineer, "SELECT id FROM hive.default.logs")
	if mine.State != query.Succeeded {
		t.Fatal(mine.Reason)
	}
	refusal := run(sales, "SELECT * FROM hive.default.logs").Reason
	for _, s := range []string{"SELECT * FROM hive.default.absent", "SELECT * FROM hive.absent.absent", "SHOW TABLES IN hive.default", "SHOW DATABASES IN hive", "DESCRIBE hive.default.logs"} {
		x := run(sales, s)
		if x.State != query.Failed || x.Reason == "" {
			t.Errorf("%s: %s", s, x.State)
		}
		if s[:6] == "SELECT" && x.Reason != refusal {
			t.Errorf("%s tells what is there:\n%s\n%s", s, x.Reason, refusal)
		}
	}
	// Results are their principal's.
	for p, want := range map[lethe.Principal]lethe.Kind{sales: lethe.Denied, engineer: "", lethe.System: ""} {
		_, err := l.Results(lethe.WithPrincipal(t.Context(), p), mine.ID, "", 10)
		if lethe.KindOf(err) != want && (err != nil || want != "") {
			t.Errorf("%s reads the engineer's result: %v", p.Name, err)
		}
	}
}

func TestConnectors(t *testing.T) {
	l := newLake(t)
	ctx := admin(t)
	for _, c := range []query.Connector{{Name: ""}, {Name: "a b"}, {Name: "x", URIs: []string{"http://h:1"}}, {Name: "x", URIs: []string{"thrift://"}}, {Name: "x", URIs: []string{"thrift://h/../x"}}} {
		if err := l.PutConnector(ctx, c); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for range 2 {
		if err := l.PutConnector(ctx, query.Connector{Name: "far", URIs: []string{"thrift://a:9083", "thrift://b:9083"}}); err != nil {
			t.Fatal(err)
		}
	}
	cs, err := l.Connectors(ctx)
	if err != nil || len(cs) != 2 || len(cs[0].URIs) != 2 || cs[0].Created.After(cs[0].Changed) || cs[1].Name != query.OwnConnector {
		t.Error(cs, err)
	}
	if err := l.DeleteConnector(ctx, "far"); err != nil {
		t.Error(err)
	}
	if _, err := l.Connector(ctx, "far"); !lethe.Is(err, lethe.NotFound) {
		t.Error(err)
	}
	if err := l.DeleteConnector(ctx, "far"); !lethe.Is(err, lethe.NotFound) {
		t.Error(err)
	}
}
