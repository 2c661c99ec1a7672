package console_test

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lethe"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
	"lethe/secret"
	"lethe/wire/console"
)

// noSecrets are secrets that are all alike: enough for decisions.
type noSecrets struct{}

func (noSecrets) Conditions(_ context.Context, id string) (string, map[string][]string, error) {
	arn := lethe.SecretARN(lethe.DefaultRegion, id)
	return arn, map[string][]string{"secretsmanager:SecretId": {arn}}, nil
}
func (noSecrets) List(context.Context, secret.Listing) (_ []secret.Secret, _ string, err error) {
	return nil, "", nil
}
func (noSecrets) Versions(context.Context, string, bool) (x secret.Secret, vs []secret.Version, err error) {
	return x, vs, nil
}
func (noSecrets) Create(context.Context, secret.New) (x secret.Secret, version string, err error) {
	return x, "", nil
}
func (noSecrets) Put(context.Context, string, secret.Put) (x secret.Secret, v secret.Version, err error) {
	return x, v, nil
}
func (noSecrets) Get(context.Context, string, string, string) (x secret.Secret, v secret.Version, value secret.Value, err error) {
	return x, v, value, nil
}
func (noSecrets) Delete(context.Context, string, int64, bool) (x secret.Secret, err error) {
	return x, nil
}
func (noSecrets) Restore(context.Context, string) (x secret.Secret, err error) { return x, nil }
func (noSecrets) Rotate(context.Context, lethe.Principal, string, secret.Rotate) (x secret.Secret, version string, err error) {
	return x, "", nil
}

// next rotates secrets to a value that it makes up, for administrators.
type next struct{}

func (next) Target(secret.Value) (string, error) { return "user/ada", nil }
func (next) Authorize(_ context.Context, p lethe.Principal, _ string) error {
	if !p.Administrator {
		return lethe.Errorf(lethe.Denied, "%s is no administrator", p.Name)
	}
	return nil
}
func (next) Next(context.Context, secret.Value) (secret.Value, error) {
	return secret.Value{Text: "rotated"}, nil
}
func (next) Set(context.Context, secret.Value, secret.Value) error { return nil }

func TestSecrets(t *testing.T) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	kept, err := secret.Open(t.Context(), secret.Config{DB: db, Keys: sealtest.Keyring(t, db), Rotators: map[string]secret.Rotator{"rotate-it": next{}}})
	if err != nil {
		t.Fatal(err)
	}
	c := serve(t, func(o *console.Options) { o.Secrets = kept }).as("admin")
	c.asDescribed([]described{
		{"createSecret", "PUT", "/secrets/team%2Fdb", `{"description":"of the team","value":"first"}`},
		{"putSecretValue", "PUT", "/secrets/team%2Fdb/value", `{"value":"second"}`},
		{"getSecretValue", "GET", "/secrets/team%2Fdb/value", ""},
		{"rotateSecret", "POST", "/secrets/team%2Fdb/rotate?function=rotate-it&days=30", ""},
		{"listSecrets", "GET", "/secrets", ""},
		{"getSecret", "GET", "/secrets/team%2Fdb", ""},
		{"deleteSecret", "DELETE", "/secrets/team%2Fdb?days=7", ""},
		{"restoreSecret", "POST", "/secrets/team%2Fdb/restore", ""},
	})
	value := func(query string) string {
		return decode[struct{ Text string }](c, c.do("GET", "/api/v1/secrets/team%2Fdb/value"+query, "")).Text
	}
	if now, before := value(""), value("?stage=AWSPREVIOUS"); now != "rotated" || before != "second" {
		t.Errorf("the values are %q and %q", now, before)
	}
	a := c.do("GET", "/api/v1/secrets/team%2Fdb", "")
	got := decode[struct {
		Name, ARN, Description string
		Purge                  string
		Rotation               struct {
			Function string
			Enabled  bool
			Days     int
			Next     string
		}
		Versions []struct{ Stages []string }
	}](c, a)
	if got.Name != "team/db" || !strings.HasPrefix(got.ARN, lethe.SecretARN(lethe.DefaultRegion, "team/db-")) || got.Description != "of the team" || got.Purge != "" || len(got.Versions) != 2 ||
		got.Rotation.Function != "rotate-it" || !got.Rotation.Enabled || got.Rotation.Days != 30 || got.Rotation.Next == "" {
		t.Errorf("%+v", got)
	}
	for _, hidden := range []string{"first", "second", "rotated\""} {
		if strings.Contains(a.body, hidden) {
			t.Errorf("the description of the secret tells %s", hidden)
		}
	}

	// A reading is decided on the secret's own ARN, and is not in a cache.
	c.lake.policy.asked = nil
	a = c.do("GET", "/api/v1/secrets/team%2Fdb/value", "")
	if want := []string{"secretsmanager:GetSecretValue " + got.ARN}; !slices.Equal(c.lake.policy.asked, want) {
		t.Errorf("decided %q, want %q", c.lake.policy.asked, want)
	}
	if h := a.res.Header.Get("Cache-Control"); h != "no-store" {
		t.Errorf("Cache-Control: %s", h)
	}

	c.problem(c.do("PUT", "/api/v1/secrets/team%2Fdb", `{"value":"x"}`), http.StatusConflict, lethe.Exists)
	c.problem(c.do("GET", "/api/v1/secrets/none", ""), http.StatusNotFound, lethe.NotFound)
	c.problem(c.do("PUT", "/api/v1/secrets/team%2Fdb/value", `{"value":""}`), http.StatusBadRequest, lethe.Invalid)
	c.problem(c.do("DELETE", "/api/v1/secrets/team%2Fdb?days=1", ""), http.StatusBadRequest, lethe.Invalid)
	c.problem(c.do("POST", "/api/v1/secrets/team%2Fdb/rotate?function=other", ""), http.StatusNotFound, lethe.NotFound)
	c.want(c.do("DELETE", "/api/v1/secrets/team%2Fdb", ""), http.StatusOK)
	a = c.do("GET", "/api/v1/secrets/team%2Fdb/value", "")
	if a.res.StatusCode < 400 || strings.Contains(a.body, "rotated") {
		t.Errorf("a deleted secret's value is told: %d %s", a.res.StatusCode, a.body)
	}
}
