// Package accesstest makes accounts for the tests of what asks package access.
package accesstest

import (
	"path/filepath"
	"testing"

	"lethe/access"
	"lethe/lib/seal"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
)

// Account has users in a state database that ends with the test.
type Account struct {
	*access.Service
	Admin access.Credentials
	DB    *state.DB
	Keys  *seal.Keyring

	t testing.TB
}

// New makes an account with its administrator.
func New(t testing.TB) *Account {
	t.Helper()
	a := &Account{t: t}
	var err error
	if a.DB, err = state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.DB.Close() })
	a.Keys = sealtest.Keyring(t, a.DB)
	if a.Service, err = access.Open(t.Context(), a.DB, a.Keys, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Service.Close() })
	if _, err = a.Bootstrap(t.Context(), func(c access.Credentials) error { a.Admin = c; return nil }); err != nil {
		t.Fatal(err)
	}
	return a
}

// NewUser makes a user with a policy, "" for none, and returns a key of theirs.
func (a *Account) NewUser(name, policy string) (id, secret string) {
	a.t.Helper()
	ctx := a.t.Context()
	if _, err := a.CreateUser(ctx, access.NewUser{Name: name}); err != nil {
		a.t.Fatal(err)
	}
	if policy != "" {
		if err := a.PutInline(ctx, access.UserNamed(name), "p", policy); err != nil {
			a.t.Fatal(err)
		}
	}
	k, secret, err := a.CreateAccessKey(ctx, name)
	if err != nil {
		a.t.Fatal(err)
	}
	return k.ID, secret
}
