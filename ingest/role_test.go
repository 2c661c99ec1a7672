package ingest_test

import (
	"context"
	"strings"
	"testing"

	"lethe"
	"lethe/access"
	"lethe/ingest"
	"lethe/lib/seal/sealtest"
)

// A run that names a role acts by it: who starts the run needs iam:PassRole on the role
// and nothing that it has, and the run fails where the role lacks something.
func TestRoles(t *testing.T) {
	var roles *access.Service
	l := openLake(t, t.TempDir(), func(c *ingest.Config) {
		var err error
		if roles, err = access.Open(t.Context(), c.DB, sealtest.Keyring(t, c.DB), nil); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { roles.Close() })
		c.Access, c.Roles = roles, roles
	})
	ctx := t.Context()
	ada, err := roles.CreateUser(ctx, access.NewUser{Name: "ada"})
	l.must(err)
	role, err := roles.CreateRole(ctx, access.NewRole{Name: "loader", Path: "/service/", Trust: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ingest.lethe"},"Action":"sts:AssumeRole"}}`})
	l.must(err)
	allow := func(owner access.Entity, name, actions, resource, condition string) {
		l.must(roles.PutInline(ctx, owner, name, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":[`+actions+`],"Resource":"`+resource+`"`+condition+`}}`))
	}
	owner := lethe.WithPrincipal(ctx, lethe.Principal{ID: ada.ID, Name: "ada", ARN: ada.ARN()})
	l.put("in/p.csv", "id\n1\n")
	do := func(role string) error {
		_, err := l.Do(owner, people(func(j *ingest.Job) { j.Role = role }), nil)
		return err
	}
	refused := func(err error, kind lethe.Kind, words ...string) {
		t.Helper()
		if !lethe.Is(err, kind) {
			t.Fatalf("%v is not %s", err, kind)
		}
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%v does not say %s", err, w)
			}
		}
	}

	refused(do(role.ARN()), lethe.Denied, "iam:PassRole", role.ARN())
	refused(do("service/loader"), lethe.Denied, "iam:PassRole", role.ARN())
	allow(access.UserNamed("ada"), "pass", `"iam:PassRole"`, role.ARN(), `,"Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}`)
	refused(do(role.ARN()), lethe.Denied, "iam:PassRole")
	allow(access.UserNamed("ada"), "pass", `"iam:PassRole"`, role.ARN(), `,"Condition":{"StringEquals":{"iam:PassedToService":"ingest.lethe"}}`)

	// The role's permissions count, and the owner's do not.
	allow(access.UserNamed("ada"), "all", `"s3:*","glue:*"`, "*", "")
	refused(do(role.ARN()), lethe.Denied, "s3:ListBucket", "assumed-role/loader/ingest")
	allow(access.RoleNamed("loader"), "list", `"s3:ListBucket"`, "*", "")
	refused(do(role.ARN()), lethe.Denied, "s3:GetObject", lethe.ObjectARN(bucket, "in/"))
	allow(access.RoleNamed("loader"), "read", `"s3:GetObject"`, lethe.ObjectARN(bucket, "in/*"), "")
	refused(do(role.ARN()), lethe.Denied, "s3:PutObject")
	allow(access.RoleNamed("loader"), "write", `"s3:PutObject","s3:DeleteObject"`, lethe.ObjectARN(bucket, "out/*"), "")
	refused(do(role.ARN()), lethe.Denied, "glue:CreateTable")
	allow(access.RoleNamed("loader"), "table", `"glue:CreateTable","glue:UpdateTable"`, "*", "")
	l.must(roles.DeleteInline(ctx, access.UserNamed("ada"), "all"))
	l.must(do("service/loader"))
	equal(t, l.rows("people"), []string{`id="1"`})

	runs, err := l.Runs(ctx, 1)
	l.must(err)
	if len(runs) != 1 || runs[0].Job.Role != role.ARN() || runs[0].Principal != ada.ARN() {
		t.Errorf("%+v", runs)
	}
	refused(do(""), lethe.Denied, "user/ada") // by herself she may not
	refused(do("arn:aws:iam::123456789012:role/loader"), lethe.Invalid)
	refused(do("a b"), lethe.Invalid)

	// What is decided while the run works is decided for the role as it is then.
	run, err := roles.AssumeServiceRole(ctx, lethe.PrincipalOf(owner), role.ARN(), access.IngestService)
	l.must(err)
	l.must(roles.UpdateTrust(ctx, "loader", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`))
	refused(do(role.ARN()), lethe.Invalid, "cannot be assumed by ingest.lethe")
	for _, name := range []string{"list", "read", "write", "table"} {
		l.must(roles.DeleteInline(ctx, access.RoleNamed("loader"), name))
	}
	l.must(roles.DeleteRole(ctx, "loader"))
	refused(do(role.ARN()), lethe.Invalid, "loader")
	refused(roles.Decide(context.Background(), run, "s3:GetObject", lethe.ObjectARN(bucket, "in/p.csv")), lethe.Denied)
}

// A run whose role is deleted while it works fails, leaves nothing, and says what was
// not allowed.
func TestRoleDeletedLater(t *testing.T) {
	var roles *access.Service
	l := openLake(t, t.TempDir(), func(c *ingest.Config) {
		var err error
		if roles, err = access.Open(t.Context(), c.DB, sealtest.Keyring(t, c.DB), nil); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { roles.Close() })
		c.Access, c.Roles = vanishing{roles}, roles
	})
	l.put("in/p.csv", "id\n1\n")
	_, err := roles.CreateRole(t.Context(), access.NewRole{Name: "loader", Trust: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ingest.lethe"},"Action":"sts:AssumeRole"}}`})
	l.must(err)
	l.must(roles.PutInline(t.Context(), access.RoleNamed("loader"), "all", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*","glue:*"],"Resource":"*"}}`))
	run, err := l.Start(lethe.WithPrincipal(t.Context(), lethe.System), people(func(j *ingest.Job) { j.Role = "loader" }))
	l.must(err)
	run, err = l.Wait(t.Context(), run.ID)
	l.must(err)
	if run.Phase != ingest.Failed || run.Kind != string(lethe.Denied) || !strings.Contains(run.Error, "assumed-role/loader/ingest is not authorized to perform: s3:GetObject") {
		t.Errorf("%+v", run)
	}
	if keys := l.keys("out/"); len(keys) > 0 {
		t.Errorf("the failed ingest left %q", keys)
	}
}

// vanishing deletes the role after the last decision that starts an ingest.
type vanishing struct{ *access.Service }

func (v vanishing) Decide(ctx context.Context, p lethe.Principal, action, resource string) error {
	err := v.Service.Decide(ctx, p, action, resource)
	if err == nil && action == "glue:UpdateTable" {
		if err := v.DeleteInline(ctx, access.RoleNamed("loader"), "all"); err != nil {
			return err
		}
		return v.DeleteRole(ctx, "loader")
	}
	return err
}
