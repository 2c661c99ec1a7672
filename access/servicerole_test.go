package access_test

import (
	"strings"
	"testing"

	"lethe"
	"lethe/access"
)

func trust(service string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}}`
}

// A service acts by a role if its owner could pass it and the role trusts the service;
// then it may do what the role may, whatever the owner may.
func TestServiceRoles(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	owner := ada(t, s)
	role, err := s.CreateRole(ctx, access.NewRole{Name: "refresh", Path: "/service/", Trust: trust(access.DataSetService)})
	must(t, err)
	must(t, s.PutInline(ctx, access.RoleNamed("refresh"), "read", allow("s3:GetObject", "arn:aws:s3:::lake/*", "")))
	pass := func(service string) error { return s.PassRole(ctx, owner, role.ARN(), service) }

	if err := pass(access.DataSetService); !lethe.Is(err, lethe.Denied) || !strings.Contains(err.Error(), "iam:PassRole") {
		t.Error("who may not pass the role is told", err)
	}
	must(t, s.PutInline(ctx, access.UserNamed("ada"), "pass", allow("iam:PassRole", "*", `,"Condition":{"StringEquals":{"iam:PassedToService":"`+access.DataSetService+`"}}`)))
	must(t, pass(access.DataSetService))
	if err := pass(access.ErasureService); !lethe.Is(err, lethe.Denied) {
		t.Error("the condition says another service, and the answer is", err)
	}
	must(t, s.PutInline(ctx, access.UserNamed("ada"), "pass", allow("iam:PassRole", "*", "")))
	if err := pass(access.ErasureService); !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), access.ErasureService) {
		t.Error("the role does not trust the service, and the answer is", err)
	}
	for _, wrong := range []string{"", "x", "Data Sets", "arn:aws:iam::000000000000:root"} {
		if err := pass(wrong); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if err := s.PassRole(ctx, owner, lethe.IAMARN("role/none"), access.DataSetService); !lethe.Is(err, lethe.Invalid) {
		t.Error(err)
	}

	p, err := s.AssumeServiceRole(ctx, owner, role.ARN(), access.DataSetService)
	must(t, err)
	if p.ARN != lethe.SessionARN("refresh", "quicksight") || p.For != owner.ARN || p.Zero() {
		t.Errorf("%+v", p)
	}
	must(t, s.Decide(ctx, p, "s3:GetObject", lethe.ObjectARN("lake", "k")))
	for action, resource := range map[string]string{"s3:PutObject": lethe.ObjectARN("lake", "k"), "s3:GetObject": lethe.ObjectARN("other", "k"), "iam:PassRole": role.ARN()} {
		if err := s.Decide(ctx, p, action, resource); !lethe.Is(err, lethe.Denied) {
			t.Errorf("%s on %s: %v", action, resource, err)
		}
	}
	// The role's session is what resources' policies can name.
	must(t, s.PutInline(ctx, access.RoleNamed("refresh"), "no", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"`+role.ARN()+`"}}}}`))
	if err := s.Decide(ctx, p, "s3:GetObject", lethe.ObjectARN("lake", "k")); !lethe.Is(err, lethe.Denied) {
		t.Error("a Deny of the role, and the answer is", err)
	}
	must(t, s.DeleteInline(ctx, access.RoleNamed("refresh"), "no"))
	must(t, s.Decide(ctx, p, "s3:GetObject", lethe.ObjectARN("lake", "k")))

	// Both stand in the audit.
	page, err := s.ReadAudit(ctx, access.AuditQuery{Action: "s3:GetObject", Outcome: "allowed", Limit: 1})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].Principal != p.ARN || page.Entries[0].For != owner.ARN {
		t.Errorf("%+v %v", page.Entries, err)
	}
	page, err = s.ReadAudit(ctx, access.AuditQuery{Action: "sts:AssumeRole", Limit: 1})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].Principal != access.DataSetService || page.Entries[0].For != owner.ARN || page.Entries[0].Outcome != "allowed" {
		t.Errorf("%+v %v", page.Entries, err)
	}

	// The role does not trust the service any more; then it is gone.
	must(t, s.UpdateTrust(ctx, "refresh", trust("other.amazonaws.com")))
	if _, err := s.AssumeServiceRole(ctx, owner, role.ARN(), access.DataSetService); !lethe.Is(err, lethe.Denied) {
		t.Error(err)
	}
	must(t, s.DeleteInline(ctx, access.RoleNamed("refresh"), "read"))
	must(t, s.DeleteRole(ctx, "refresh"))
	if err := s.Decide(ctx, p, "s3:GetObject", lethe.ObjectARN("lake", "k")); !lethe.Is(err, lethe.Denied) {
		t.Error("the role is gone, and the answer is", err)
	}
	if _, err := s.AssumeServiceRole(ctx, owner, role.ARN(), access.DataSetService); !lethe.Is(err, lethe.Denied) {
		t.Error(err)
	}
}
