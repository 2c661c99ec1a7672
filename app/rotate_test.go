package app

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"lethe"
	"lethe/access"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
	"lethe/secret"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// An access key is rotated so that the one before counts until the rotation after.
func TestRotateAccessKey(t *testing.T) {
	ctx := t.Context()
	db, err := state.Open(ctx, filepath.Join(t.TempDir(), "state.db"))
	must(t, err)
	defer db.Close()
	seals := sealtest.Keyring(t, db)
	users, err := access.Open(ctx, db, seals, nil)
	must(t, err)
	defer users.Close()
	secrets, err := secret.Open(ctx, secret.Config{DB: db, Keys: seals, Rotators: map[string]secret.Rotator{rotateAccessKey: accessKeys{users}, rotatePassword: passwords{users}}})
	must(t, err)

	_, err = users.CreateUser(ctx, access.NewUser{Name: "ada", Path: "/people/"})
	must(t, err)
	k, key, err := users.CreateAccessKey(ctx, "ada")
	must(t, err)
	text, err := json.Marshal(map[string]string{"username": "ada", "access_key_id": k.ID, "secret_access_key": key, "note": "kept"})
	must(t, err)
	_, _, err = secrets.Create(ctx, secret.New{Name: "key", Value: secret.Value{Text: string(text)}})
	must(t, err)
	ids := []string{k.ID}
	for range 3 {
		_, _, err := secrets.Rotate(ctx, lethe.System, "key", secret.Rotate{Function: lethe.FunctionARN(lethe.DefaultRegion, rotateAccessKey)})
		must(t, err)
		_, _, v, err := secrets.Get(ctx, "key", "", "")
		must(t, err)
		var now struct {
			keyPair
			Note string
		}
		must(t, json.Unmarshal([]byte(v.Text), &now))
		found, err := users.Key(ctx, now.ID)
		if err != nil || found.Secret != now.Secret || found.Principal.Name != "ada" || now.Note != "kept" {
			t.Fatal(found.Principal, now.Note, err)
		}
		ids = append(ids, now.ID)
		for i, id := range ids {
			_, err := users.Key(ctx, id)
			if counts := i >= len(ids)-2; (err == nil) != counts {
				t.Errorf("key %d of %d: %v", i, len(ids), err)
			}
		}
	}

	// Who may rotate secrets, and no more, has nobody's key changed.
	_, err = users.CreateUser(ctx, access.NewUser{Name: "eve"})
	must(t, err)
	must(t, users.PutInline(ctx, access.UserNamed("eve"), "p", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"}}`))
	e, _, err := users.CreateAccessKey(ctx, "eve")
	must(t, err)
	eve, err := users.Key(ctx, e.ID)
	must(t, err)
	for _, function := range []string{rotateAccessKey, rotatePassword} {
		for _, target := range []string{"ada", "absent"} {
			name := function + target
			_, _, err = secrets.Create(ctx, secret.New{Name: name, Value: secret.Value{Text: `{"username":"` + target + `"}`}})
			must(t, err)
			_, _, err = secrets.Rotate(ctx, eve.Principal, name, secret.Rotate{Function: lethe.FunctionARN(lethe.DefaultRegion, function)})
			if !lethe.Is(err, lethe.Denied) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, bad := range []string{"text", `{}`, `{"username":7}`, `[]`} {
		_, _, err = secrets.Put(ctx, "key", secret.Put{Value: secret.Value{Text: bad}})
		must(t, err)
		if _, _, err = secrets.Rotate(ctx, lethe.System, "key", secret.Rotate{}); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
