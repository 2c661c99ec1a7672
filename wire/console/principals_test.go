package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lethe"
	"lethe/access"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
	"lethe/wire/console"
)

// nobody is a lake without principals: enough for decisions.
type nobody struct{ console.Principals }

func (nobody) ARN(_ context.Context, e access.Entity) (string, error) {
	if e.Type == access.PolicyType {
		return e.Name, nil
	}
	return access.NewARN(e.Type, "", e.Name), nil
}

func (nobody) LoginProfile(_ context.Context, user string) (access.LoginProfile, error) {
	return access.LoginProfile{}, lethe.Errorf(lethe.NotFound, "Login Profile for User %s cannot be found.", user)
}

// changes are principals that remember what the audit was told.
type changes struct {
	*access.Service
	told []string
}

func (c *changes) RecordChange(_ context.Context, _ lethe.Principal, action, resource string, err error) {
	c.told = append(c.told, fmt.Sprintf("%s %s %t", action, resource, err == nil))
}

// people returns a client, logged in as the administrator, of a console over the real
// service.
func people(t *testing.T) (*client, *changes) {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := access.Open(t.Context(), db, sealtest.Keyring(t, db), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	p := &changes{Service: s}
	return serve(t, func(o *console.Options) { o.Principals, o.Explainer = p, p }).as("admin"), p
}

const readAll = `{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
const anyone = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"sts:AssumeRole"}]}`

func policyBody(text string) string {
	b, _ := json.Marshal(map[string]string{"document": text})
	return string(b)
}

func ownPolicy(name string) string { return url.PathEscape(lethe.IAMARN("policy/" + name)) }

const s3ReadOnly = "arn:aws:iam::aws:policy%2FAmazonS3ReadOnlyAccess"

// The life of a user, a group, a role and a policy, as described.
func TestAnswersAboutPrincipalsAreAsDescribed(t *testing.T) {
	c, p := people(t)
	trust, _ := json.Marshal(map[string]any{"trust": anyone, "description": "at night", "max_session_s": 7200})
	c.asDescribed([]described{
		{"createUser", "PUT", "/users/ada", ""},
		{"createGroup", "PUT", "/groups/makers", ""},
		{"createRole", "PUT", "/roles/night", string(trust)},
		{"createPolicy", "PUT", "/policies/" + ownPolicy("read"), policyBody(readAll)},
		{"createPolicyVersion", "POST", "/policies/" + ownPolicy("read") + "/versions", strings.TrimSuffix(policyBody(readAll), "}") + `,"default":true}`},
		{"setDefaultPolicyVersion", "PUT", "/policies/" + ownPolicy("read") + "/versions/v1/default", ""},
		{"deletePolicyVersion", "DELETE", "/policies/" + ownPolicy("read") + "/versions/v2", ""},
		{"addUserToGroup", "PUT", "/groups/makers/members/ada", ""},
		{"attachUserPolicy", "PUT", "/users/ada/attached-policies/" + ownPolicy("read"), ""},
		{"attachGroupPolicy", "PUT", "/groups/makers/attached-policies/" + s3ReadOnly, ""},
		{"attachRolePolicy", "PUT", "/roles/night/attached-policies/" + s3ReadOnly, ""},
		{"putUserPolicy", "PUT", "/users/ada/inline-policies/own", policyBody(readAll)},
		{"putGroupPolicy", "PUT", "/groups/makers/inline-policies/own", policyBody(readAll)},
		{"putRolePolicy", "PUT", "/roles/night/inline-policies/own", policyBody(readAll)},
		{"putUserPermissionsBoundary", "PUT", "/users/ada/boundary/" + s3ReadOnly, ""},
		{"putRolePermissionsBoundary", "PUT", "/roles/night/boundary/" + s3ReadOnly, ""},
		{"updateAssumeRolePolicy", "PUT", "/roles/night/trust", policyBody(anyone)},
		{"createAccessKey", "POST", "/users/ada/keys", ""},
		{"putPassword", "PUT", "/users/ada/password", `{}`},
		{"putPassword", "PUT", "/users/ada/password", `{"password":"long enough"}`},
		{"listUsers", "GET", "/users", ""},
		{"getUser", "GET", "/users/ada", ""},
		{"listGroups", "GET", "/groups", ""},
		{"getGroup", "GET", "/groups/makers", ""},
		{"listRoles", "GET", "/roles", ""},
		{"getRole", "GET", "/roles/night", ""},
		{"listPolicies", "GET", "/policies", ""},
		{"getPolicy", "GET", "/policies/" + ownPolicy("read"), ""},
		{"getPolicy", "GET", "/policies/" + s3ReadOnly, ""},
		{"explainAccess", "GET", "/access/explain?as=ada&action=s3:PutObject&resource=arn:aws:s3:::lake/x", ""},
	})
	if want := "iam:CreateUser " + lethe.UserARN("ada") + " true"; p.told[0] != want || len(p.told) != 20 {
		t.Errorf("the audit was told %d changes, the first %q, want %q", len(p.told), p.told[0], want)
	}
	c.asDescribed([]described{
		{"endConsoleLogin", "DELETE", "/users/ada/logins/0011", ""},
		{"deletePassword", "DELETE", "/users/ada/password", ""},
		{"detachUserPolicy", "DELETE", "/users/ada/attached-policies/" + ownPolicy("read"), ""},
		{"detachGroupPolicy", "DELETE", "/groups/makers/attached-policies/" + s3ReadOnly, ""},
		{"detachRolePolicy", "DELETE", "/roles/night/attached-policies/" + s3ReadOnly, ""},
		{"deleteUserPolicy", "DELETE", "/users/ada/inline-policies/own", ""},
		{"deleteGroupPolicy", "DELETE", "/groups/makers/inline-policies/own", ""},
		{"deleteRolePolicy", "DELETE", "/roles/night/inline-policies/own", ""},
		{"deleteUserPermissionsBoundary", "DELETE", "/users/ada/boundary", ""},
		{"deleteRolePermissionsBoundary", "DELETE", "/roles/night/boundary", ""},
		{"removeUserFromGroup", "DELETE", "/groups/makers/members/ada", ""},
		{"deleteGroup", "DELETE", "/groups/makers", ""},
		{"deleteRole", "DELETE", "/roles/night", ""},
		{"deletePolicy", "DELETE", "/policies/" + ownPolicy("read"), ""},
	})
	for _, failed := range p.told {
		if strings.HasSuffix(failed, "false") {
			t.Errorf("not done: %s", failed)
		}
	}
}

func TestAccessKeysShowTheirSecretOnce(t *testing.T) {
	c, _ := people(t)
	c.want(c.do("PUT", "/api/v1/users/ada", ""), http.StatusCreated)
	a := c.do("POST", "/api/v1/users/ada/keys", "")
	c.want(a, http.StatusCreated)
	k := decode[struct{ ID, Secret string }](c, a)
	if len(k.Secret) != 40 {
		t.Errorf("the secret is %q", k.Secret)
	}
	for _, path := range []string{"/api/v1/users", "/api/v1/users/ada"} {
		a := c.do("GET", path, "")
		c.want(a, http.StatusOK)
		if !strings.Contains(a.body, k.ID) || strings.Contains(a.body, k.Secret) || strings.Contains(a.body, "secret") {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	c.problem(c.do("PUT", "/api/v1/users/ada/keys/"+k.ID, `{}`), http.StatusBadRequest, lethe.Invalid)
	c.want(c.do("PUT", "/api/v1/users/ada/keys/"+k.ID, `{"active":false}`), http.StatusNoContent)
	if a := c.do("GET", "/api/v1/users/ada", ""); !strings.Contains(a.body, `"active":false`) {
		t.Error(a.body)
	}
	c.want(c.do("DELETE", "/api/v1/users/ada/keys/"+k.ID, ""), http.StatusNoContent)
	c.want(c.do("DELETE", "/api/v1/users/ada", ""), http.StatusNoContent)
	c.problem(c.do("GET", "/api/v1/users/ada", ""), http.StatusNotFound, lethe.NotFound)
}

func TestPasswordsAndLogins(t *testing.T) {
	c, p := people(t)
	c.want(c.do("PUT", "/api/v1/users/ada", ""), http.StatusCreated)
	c.lake.policy.asked = nil
	a := c.do("PUT", "/api/v1/users/ada/password", `{}`)
	c.want(a, http.StatusOK)
	given := decode[struct{ Password string }](c, a).Password
	if want := "iam:CreateLoginProfile " + lethe.UserARN("ada"); !slices.Equal(c.lake.policy.asked, []string{want}) {
		t.Errorf("a first password was decided as %q", c.lake.policy.asked)
	}
	for range 3 {
		if _, _, err := p.Login(t.Context(), "ada", given); err != nil {
			t.Fatalf("login with the password that was made up: %v", err)
		}
	}
	type user struct{ Logins []struct{ ID string } }
	logins := decode[user](c, c.do("GET", "/api/v1/users/ada", "")).Logins
	if len(logins) != 3 {
		t.Fatalf("%d logins, want 3", len(logins))
	}
	c.want(c.do("DELETE", "/api/v1/users/ada/logins/"+logins[1].ID, ""), http.StatusNoContent)
	left := decode[user](c, c.do("GET", "/api/v1/users/ada", "")).Logins
	if len(left) != 2 || slices.Contains(left, logins[1]) {
		t.Errorf("after ending one of %v: %v", logins, left)
	}
	c.lake.policy.asked = nil
	c.problem(c.do("PUT", "/api/v1/users/ada/password", `{"password":"short"}`), http.StatusBadRequest, lethe.Invalid)
	c.want(c.do("PUT", "/api/v1/users/ada/password", `{"password":"long enough"}`), http.StatusOK)
	if want := "iam:UpdateLoginProfile " + lethe.UserARN("ada"); c.lake.policy.asked[0] != want {
		t.Errorf("another password was decided as %q", c.lake.policy.asked)
	}
	if left := decode[user](c, c.do("GET", "/api/v1/users/ada", "")).Logins; len(left) != 0 {
		t.Errorf("logins outlive the password: %v", left)
	}
}

// A list shows the keys of those users whose keys the caller may list.
func TestKeysInListsAreDecidedByUser(t *testing.T) {
	c, p := people(t)
	for _, name := range []string{"ada", "bob"} {
		if _, err := p.CreateUser(t.Context(), access.NewUser{Name: name, Path: "/team/"}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.CreateAccessKey(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	c.lake.policy.allowed = []string{"iam:ListUsers *", "iam:GetAccountAuthorizationDetails *", "iam:ListAccessKeys " + lethe.IAMARN("user/team/ada")}
	c.as("reader")
	a := c.do("GET", "/api/v1/users", "")
	c.want(a, http.StatusOK)
	users := decode[struct {
		Users []struct {
			Name string
			Keys []struct{ ID string }
		}
	}](c, a).Users
	if len(users) != 2 || len(users[0].Keys) != 1 || users[1].Keys != nil {
		t.Errorf("%+v", users)
	}
}

func TestPolicyCheck(t *testing.T) {
	c := serve(t).as("admin")
	type answer struct {
		Error *struct {
			Path         string
			Line, Column int
			Message      string
		}
		Warnings    []struct{ Message string }
		ContextKeys []string `json:"context_keys"`
	}
	check := func(text, kind string) answer {
		t.Helper()
		b, _ := json.Marshal(map[string]string{"document": text, "kind": kind})
		a := c.do("POST", "/api/v1/policy-check", string(b))
		c.want(a, http.StatusOK)
		return decode[answer](c, a)
	}
	if a := check(readAll, "identity"); a.Error != nil || a.Warnings == nil || a.ContextKeys == nil {
		t.Errorf("%+v", a)
	}
	if a := check(readAll, "trust"); a.Error == nil {
		t.Errorf("an identity policy passes for a trust policy")
	}
	a := check("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\"Effect\": \"Alow\"}]\n}", "")
	if a.Error == nil || a.Error.Line != 3 || a.Error.Column != 28 || a.Error.Path != "Statement[0].Effect" {
		t.Errorf("%+v", a.Error)
	}
	c.problem(c.do("POST", "/api/v1/policy-check", `{"document":"{}","kind":"odd"}`), http.StatusBadRequest, lethe.Invalid)
}

// What IAM's API would refuse is refused with its words, and with the place.
func TestPoliciesThatAreNone(t *testing.T) {
	c, _ := people(t)
	_, hint := c.problem(c.do("PUT", "/api/v1/policies/"+ownPolicy("odd"), policyBody(`{"Statement": 1}`)), http.StatusBadRequest, lethe.Invalid)
	if !strings.Contains(hint, "line 1") {
		t.Errorf("the hint %q has no place", hint)
	}
	c.problem(c.do("PUT", "/api/v1/policies/not-an-arn", policyBody(readAll)), http.StatusBadRequest, lethe.Invalid)
	c.problem(c.do("PUT", "/api/v1/policies/"+s3ReadOnly, policyBody(readAll)), http.StatusBadRequest, lethe.Invalid)
	c.want(c.do("PUT", "/api/v1/policies/"+url.PathEscape(lethe.IAMARN("policy/team/a/read")), policyBody(readAll)), http.StatusCreated)
	a := c.do("GET", "/api/v1/policies/"+url.PathEscape(lethe.IAMARN("policy/team/a/read")), "")
	if p := decode[struct{ Name, Path string }](c, a); p.Name != "read" || p.Path != "/team/a/" {
		t.Errorf("%+v", p)
	}
	c.problem(c.do("PUT", "/api/v1/policies/"+ownPolicy("READ"), policyBody(readAll)), http.StatusConflict, lethe.Exists)
}
