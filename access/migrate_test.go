package access_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"lethe/access"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
)

// The administrator of a lake from before there were policies stays one.
func TestAnOlderLakesAdministrator(t *testing.T) {
	first, err := os.ReadFile("migrations/00001_principals.sql")
	must(t, err)
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	must(t, err)
	defer db.Close()
	must(t, db.Migrate(t.Context(), "access", fstest.MapFS{"00001_principals.sql": {Data: first}}))
	must(t, db.Tx(t.Context(), func(tx *sql.Tx) error {
		for _, s := range []string{
			"INSERT INTO access_users (id, name, administrator, password, created) VALUES ('AIDAOLD', 'admin', 1, 'x', 5), ('AIDAOTHER', 'other', 0, '', 5)",
			"INSERT INTO access_keys (id, secret, user_id, active, created) VALUES ('AKIAOLD', 's', 'AIDAOLD', 1, 5), ('AKIAOTHER', 's', 'AIDAOTHER', 1, 4)",
		} {
			if _, err := tx.Exec(s); err != nil {
				return err
			}
		}
		return nil
	}))
	s, err := access.Open(t.Context(), db, sealtest.Keyring(t, db), nil)
	must(t, err)
	defer s.Close()
	id, _, err := s.AdministratorKey(t.Context())
	if err != nil || id != "AKIAOLD" {
		t.Fatal(id, err)
	}
	for key, may := range map[string]bool{"AKIAOLD": true, "AKIAOTHER": false} {
		k, err := s.Key(t.Context(), key)
		must(t, err)
		if err := s.Decide(t.Context(), k.Principal, "s3:GetObject", "*"); (err == nil) != may {
			t.Errorf("%s: %v", key, err)
		}
	}
}
