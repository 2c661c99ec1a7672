package access_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lethe/access"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
)

// A lake whose secrets were kept in the clear opens, works as before, and has them in the
// clear no more, anywhere in its files.
func TestAnOlderLakesSecretsAreSealed(t *testing.T) {
	dir := t.TempDir()
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	must(t, err)
	defer func() { db.Close() }()
	must(t, db.Migrate(t.Context(), "access", os.DirFS("migrations")))
	clear := []string{"clear/secret+of+a+key/aaaaaaaaaaaaaaaaaaa", "clear/secret+of+a+session/bbbbbbbbbbbbbbb", "FwoGZXIvYXdzEclear", strings.Repeat("0badcafe", 8)}
	must(t, db.Tx(t.Context(), func(tx *sql.Tx) error {
		for _, s := range []string{
			"INSERT INTO access_users (id, name, password, created) VALUES ('AIDAOLD', 'ada', '', 5)",
			"INSERT INTO access_keys (id, secret, user_id, active, created) VALUES ('AKIAOLD', '" + clear[0] + "', 'AIDAOLD', 1, 5)",
			"INSERT INTO access_temporary (id, secret, token, owner_id, session, policies, tags, issued, expires) VALUES ('ASIAOLD', '" + clear[1] + "', '" + clear[2] + "', 'AIDAOLD', '', 'null', 'null', 5, 9999999999999999)",
			"INSERT INTO access_lake (name, value) VALUES ('audit-key', '" + clear[3] + "'), ('alias', 'acme')",
		} {
			if _, err := tx.Exec(s); err != nil {
				return err
			}
		}
		return nil
	}))
	for range 2 { // the second has nothing left to do
		audit, err := access.OpenAudit(filepath.Join(dir, "audit.jsonl"))
		must(t, err)
		s, err := access.Open(t.Context(), db, sealtest.Keyring(t, db), audit)
		must(t, err)
		k, err := s.Key(t.Context(), "AKIAOLD")
		if err != nil || k.Secret != clear[0] || k.Principal.Name != "ada" {
			t.Fatal(k, err)
		}
		k, err = s.Key(t.Context(), "ASIAOLD")
		if err != nil || k.Secret != clear[1] || k.SessionToken != clear[2] {
			t.Fatal(k, err)
		}
		if alias, err := s.Alias(t.Context()); err != nil || alias != "acme" {
			t.Error(alias, err)
		}
		must(t, s.Close())
		must(t, audit.Close())
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		must(t, err)
		for _, f := range files {
			b, err := os.ReadFile(f)
			must(t, err)
			for _, secret := range clear {
				if bytes.Contains(b, []byte(secret)) {
					t.Errorf("%s still holds %s", f, secret)
				}
			}
		}
	}
}

// What is made is sealed at once, and a sealed secret does not open in another's place.
func TestSecretsAreNeverInTheClear(t *testing.T) {
	dir := t.TempDir()
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	must(t, err)
	defer db.Close()
	s, err := access.Open(t.Context(), db, sealtest.Keyring(t, db), nil)
	must(t, err)
	defer s.Close()
	c := bootstrap(t, s)
	k, err := s.Key(t.Context(), c.AccessKeyID)
	must(t, err)
	tmp, err := s.SessionToken(t.Context(), k.Principal, 0)
	must(t, err)
	_, err = s.CreateUser(t.Context(), access.NewUser{Name: "ada", Path: "/"})
	must(t, err)
	other, secret, err := s.CreateAccessKey(t.Context(), "ada")
	must(t, err)
	for _, name := range []string{"state.db", "state.db-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		for _, x := range []string{c.Password, c.SecretKey, tmp.SecretKey, tmp.SessionToken, secret} {
			if bytes.Contains(b, []byte(x)) {
				t.Errorf("%s holds %s", name, x)
			}
		}
	}
	must(t, db.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE access_keys SET secret = (SELECT secret FROM access_keys WHERE id = $1) WHERE id = $2", other.ID, c.AccessKeyID)
		return err
	}))
	must(t, s.SetAccessKeyActive(t.Context(), "ada", other.ID, true)) // forget what is cached
	if k, err := s.Key(t.Context(), c.AccessKeyID); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("the administrator's key has another's secret: %v %v", k.Principal, err)
	}
}
