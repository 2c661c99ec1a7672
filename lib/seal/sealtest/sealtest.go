// Package sealtest gives tests a keyring.
package sealtest

import (
	"crypto/rand"
	"encoding/base64"
	"testing"

	"lethe/lib/seal"
	"lethe/lib/state"
)

// master is one for the process, so that a test can close its database and open it again.
var master = func() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}()

// Keyring returns a keyring on db.
func Keyring(t testing.TB, db *state.DB) *seal.Keyring {
	t.Helper()
	k, err := seal.Open(t.Context(), db, seal.Text("the test's own key", master))
	if err != nil {
		t.Fatal(err)
	}
	return k
}
