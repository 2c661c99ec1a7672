package access_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lethe"
	"lethe/access"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
)

func open(t *testing.T) (*access.Service, string) {
	t.Helper()
	dir := t.TempDir()
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	audit, err := access.OpenAudit(filepath.Join(dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := access.Open(t.Context(), db, sealtest.Keyring(t, db), audit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { audit.Close() })
	return s, dir
}

func bootstrap(t *testing.T, s *access.Service) (c access.Credentials) {
	t.Helper()
	made, err := s.Bootstrap(t.Context(), func(x access.Credentials) error { c = x; return nil })
	if err != nil || !made {
		t.Fatal(made, err)
	}
	return c
}

func TestBootstrapMakesOneAdministratorOnce(t *testing.T) {
	s, _ := open(t)
	c := bootstrap(t, s)
	made, err := s.Bootstrap(t.Context(), func(access.Credentials) error { t.Error("published twice"); return nil })
	if err != nil || made {
		t.Fatal(made, err)
	}
	id, secret, err := s.AdministratorKey(t.Context())
	if err != nil || id != c.AccessKeyID || secret != c.SecretKey {
		t.Fatal(id, secret, err)
	}
	for range 2 { // from the database, then from the cache
		k, err := s.Key(t.Context(), c.AccessKeyID)
		if err != nil || k.Secret != c.SecretKey || !k.Principal.Administrator || k.Principal.ARN != "arn:aws:iam::000000000000:user/admin" {
			t.Fatal(k, err)
		}
	}
}

func TestCredentialsThatWereNotPublishedAreNotMade(t *testing.T) {
	s, _ := open(t)
	full := errors.New("disk full")
	if _, err := s.Bootstrap(t.Context(), func(access.Credentials) error { return full }); !errors.Is(err, full) {
		t.Fatal(err)
	}
	if _, _, err := s.AdministratorKey(t.Context()); !lethe.Is(err, lethe.NotFound) {
		t.Fatal(err)
	}
	bootstrap(t, s)
}

func TestUnknownKey(t *testing.T) {
	s, _ := open(t)
	if _, err := s.Key(t.Context(), "AKIANOBODY"); !lethe.Is(err, lethe.NotFound) {
		t.Fatal(err)
	}
}

func TestLogin(t *testing.T) {
	s, _ := open(t)
	c := bootstrap(t, s)
	for _, wrong := range [][2]string{{c.Name, c.Password + "x"}, {c.Name, ""}, {"nobody", c.Password}, {c.AccessKeyID, c.Password}, {"AKIANOBODY", c.SecretKey}} {
		if _, _, err := s.Login(t.Context(), wrong[0], wrong[1]); !lethe.Is(err, lethe.Denied) {
			t.Errorf("login %q: %v", wrong, err)
		}
	}
	if _, p, err := s.Login(t.Context(), c.AccessKeyID, c.SecretKey); err != nil || p.Name != "admin" {
		t.Fatal("login by access key:", p, err)
	}
	token, p, err := s.Login(t.Context(), c.Name, c.Password)
	if err != nil || p.Name != "admin" {
		t.Fatal(p, err)
	}
	if q, err := s.Session(t.Context(), token); err != nil || q != p {
		t.Fatal(q, err)
	}
	if _, err := s.Session(t.Context(), token+"x"); !lethe.Is(err, lethe.Denied) {
		t.Fatal(err)
	}
	if err := s.Logout(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), token); !lethe.Is(err, lethe.Denied) {
		t.Fatal("session outlives logout", err)
	}
}

// A login by a password that must be changed waits for that; logins by other means do not.
func TestPasswordMustBeChanged(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	_, err := s.CreateUser(ctx, access.NewUser{Name: "ada", Tags: []access.Tag{{Key: access.IdentityTag, Value: "ada"}}})
	must(t, err)
	_, err = s.CreateLoginProfile(ctx, "ada", "first one", true)
	must(t, err)
	resets := func() bool {
		p, err := s.LoginProfile(ctx, "ada")
		must(t, err)
		return p.ResetRequired
	}
	login := func(password string) (string, lethe.Principal) {
		token, p, err := s.Login(ctx, "ada", password)
		must(t, err)
		return token, p
	}
	waits := func(token string) bool {
		p, err := s.Session(ctx, token)
		if err != nil && !errors.Is(err, access.ErrPasswordChange) || p.Name != "ada" {
			t.Fatal(p, err)
		}
		return err != nil
	}
	other, _ := login("first one")
	token, p := login("first one")
	if !resets() || !waits(token) || !waits(other) {
		t.Error("the login does not wait for another password")
	}
	key, secret, err := s.CreateAccessKey(ctx, "ada")
	must(t, err)
	byKey, _, err := s.Login(ctx, key.ID, secret)
	must(t, err)
	byProvider, _, _, err := s.LoginIdentity(ctx, access.Identity{Issuer: "https://id", Subject: "1", Name: "ada"})
	must(t, err)
	if waits(byKey) || waits(byProvider) {
		t.Error("a login by a key or a provider waits for another password")
	}
	for _, wrong := range []struct {
		token, old, password string
		kind                 lethe.Kind
	}{{token, "wrong", "second one", lethe.Denied}, {token, "first one", "first one", lethe.Invalid}, {token, "first one", "short", lethe.Invalid}, {"x", "first one", "second one", lethe.Denied}} {
		if err := s.ChangeSessionPassword(ctx, wrong.token, wrong.old, wrong.password); !lethe.Is(err, wrong.kind) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	if !waits(token) {
		t.Error("a change that was refused ended the waiting")
	}
	must(t, s.ChangeSessionPassword(ctx, token, "first one", "second one"))
	if waits(token) || resets() {
		t.Error("the login waits after the change")
	}
	for _, ended := range []string{other, byKey, byProvider} {
		if _, err := s.Session(ctx, ended); !lethe.Is(err, lethe.Denied) || errors.Is(err, access.ErrPasswordChange) {
			t.Error("a login goes on after the password was changed by another:", err)
		}
	}
	if _, _, err := s.Login(ctx, "ada", "first one"); !lethe.Is(err, lethe.Denied) {
		t.Error("the old password still counts:", err)
	}

	// It can be asked for again, with the password or without; IAM's ChangePassword does as well.
	must(t, s.UpdateLoginProfile(ctx, "ada", "", new(true)))
	if waits(token) {
		t.Error("a login from before waits")
	}
	if token, _ = login("second one"); !waits(token) {
		t.Error("the next login does not wait")
	}
	must(t, s.ChangePassword(ctx, p, "second one", "third one"))
	must(t, s.UpdateLoginProfile(ctx, "ada", "fourth one", new(true)))
	must(t, s.UpdateLoginProfile(ctx, "ada", "fifth one", nil))
	if token, _ = login("fifth one"); !waits(token) {
		t.Error("a password that was given without saying so lifted what was asked")
	}
	must(t, s.UpdateLoginProfile(ctx, "ada", "", new(false)))
	if waits(token) || resets() {
		t.Error("what is not asked any more is waited for")
	}
	must(t, s.DeleteLoginProfile(ctx, "ada"))
	if err := s.UpdateLoginProfile(ctx, "ada", "", new(true)); !lethe.Is(err, lethe.NotFound) {
		t.Error(err)
	}
}

func TestDecisionsNameAllThreeAndAreAudited(t *testing.T) {
	dir := t.TempDir()
	audit, err := access.OpenAudit(filepath.Join(dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := access.Open(t.Context(), db, sealtest.Keyring(t, db), audit)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Decide(t.Context(), lethe.System, "s3:GetObject", lethe.ObjectARN("b", "k")); err != nil {
		t.Error(err)
	}
	err = s.Decide(context.Background(), lethe.Principal{}, "s3:GetObject", "arn:aws:s3:::b/k")
	if !lethe.Is(err, lethe.Denied) || !strings.Contains(err.Error(), "s3:GetObject on resource: arn:aws:s3:::b/k") {
		t.Error(err)
	}
	if err := audit.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(got)), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"outcome":"allowed"`) || !strings.Contains(lines[1], `"outcome":"denied"`) || strings.Contains(string(got), "b/k") {
		t.Errorf("audit:\n%s", got)
	}
}
