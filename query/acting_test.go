package query_test

import (
	"strings"
	"testing"

	"lethe"
	"lethe/access"
	"lethe/query"
)

const connectorTrust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`

// A connector that names a role reaches what the role may. Who names the role needs
// iam:PassRole on it, and who uses the data catalog nothing.
func TestConnectorActsByRole(t *testing.T) {
	l := newLake(t)
	acc := l.config.Access.(*access.Service)
	l.config.Roles = acc
	l.open()
	l.sql(logs)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	allow := func(e access.Entity, name, actions, condition string) {
		t.Helper()
		must(acc.PutInline(ctx, e, name, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":[`+actions+`],"Resource":"*"`+condition+`}}`))
	}
	user := func(name string) lethe.Principal {
		u, err := acc.CreateUser(ctx, access.NewUser{Name: name})
		must(err)
		return lethe.Principal{ID: u.ID, Name: name, ARN: u.ARN()}
	}
	owner, viewer := user("owner"), user("viewer")
	role, err := acc.CreateRole(ctx, access.NewRole{Name: "hive", Trust: connectorTrust})
	must(err)
	put := func() error {
		return l.PutConnector(lethe.WithPrincipal(ctx, owner), query.Connector{Name: "metastore", Role: "hive"})
	}

	if err := put(); !lethe.Is(err, lethe.Denied) || !strings.Contains(err.Error(), "iam:PassRole on resource: "+role.ARN()) {
		t.Error("who may not pass the role is told", err)
	}
	allow(access.UserNamed("owner"), "pass", `"iam:PassRole"`, `,"Condition":{"StringEquals":{"iam:PassedToService":"ingest.lethe"}}`)
	if err := put(); !lethe.Is(err, lethe.Denied) {
		t.Error("who may pass the role to another service is told", err)
	}
	allow(access.UserNamed("owner"), "pass", `"iam:PassRole"`, `,"Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}`)
	must(put())
	if c, err := l.Connector(ctx, "metastore"); err != nil || c.Role != role.ARN() || c.Owner != owner.ARN {
		t.Errorf("%+v %v", c, err)
	}
	function := lethe.FunctionARN(lethe.DefaultRegion, "metastore")
	must(l.CreateDataCatalog(admin(t), query.DataCatalog{Name: "hive", Type: "HIVE", Parameters: map[string]string{query.MetadataFunction: function}}))

	// The viewer may what a viewer of the data catalog must, and cannot pass the role.
	allow(access.UserNamed("viewer"), "use", `"lambda:InvokeFunction","glue:GetTable","glue:GetTables","s3:*"`, "")
	run := func(statement string) string {
		t.Helper()
		as := lethe.WithPrincipal(ctx, viewer)
		id, err := l.Start(as, query.Request{Statement: statement})
		must(err)
		x, err := l.Wait(as, id)
		must(err)
		return string(x.State) + " " + x.Reason
	}
	want := func(words ...string) {
		t.Helper()
		got := run("SELECT id FROM hive.default.logs")
		for _, w := range words {
			if !strings.Contains(got, w) {
				t.Errorf("%s does not say %s", got, w)
			}
		}
	}
	want("FAILED", "assumed-role/hive/lambda is not authorized to perform: glue:GetTable")
	allow(access.RoleNamed("hive"), "read", `"glue:GetTable","glue:GetPartitions"`, "")
	want("SUCCEEDED")
	if got := run("SHOW TABLES IN hive.default"); !strings.Contains(got, "assumed-role/hive/lambda is not authorized to perform: glue:GetTables") {
		t.Error(got)
	}
	if got := run("DROP TABLE hive.default.logs"); strings.HasPrefix(got, "SUCCEEDED") {
		t.Error(got)
	}
	// What the role may, nobody may who may not use the connector.
	must(acc.DeleteInline(ctx, access.UserNamed("viewer"), "use"))
	allow(access.UserNamed("viewer"), "use", `"glue:*","s3:*"`, "")
	want("FAILED", "lambda:InvokeFunction")
	allow(access.UserNamed("viewer"), "use", `"lambda:InvokeFunction","glue:*","s3:*"`, "")
	want("SUCCEEDED")

	// The role stops to trust connectors; then it is gone.
	must(acc.UpdateTrust(ctx, "hive", strings.Replace(connectorTrust, "lambda", "quicksight", 1)))
	want("FAILED", "its trust policy does not let it")
	if err := put(); !lethe.Is(err, lethe.Invalid) {
		t.Error("a role that trusts others is named, and the answer is", err)
	}
	must(acc.DeleteInline(ctx, access.RoleNamed("hive"), "read"))
	must(acc.DeleteRole(ctx, "hive"))
	want("FAILED", "there is none")
	// Without a role it acts as the lake.
	must(l.PutConnector(lethe.WithPrincipal(ctx, owner), query.Connector{Name: "metastore"}))
	want("SUCCEEDED")
}
