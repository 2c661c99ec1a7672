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
