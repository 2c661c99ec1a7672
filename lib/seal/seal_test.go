package seal_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lethe/lib/seal"
	"lethe/lib/state"
)

func database(t *testing.T, dir string) *state.DB {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func keyring(t *testing.T, db *state.DB, s seal.Source) *seal.Keyring {
	t.Helper()
	k, err := seal.Open(t.Context(), db, s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keyFile(dir string) string { return filepath.Join(dir, "keys", "master") }

func opens(t *testing.T, k *seal.Keyring, text, want string, words ...string) {
	t.Helper()
	got, err := k.Unseal(text, words...)
	if err != nil || string(got) != want {
		t.Fatalf("%q, %v; want %q", got, err, want)
	}
}

func TestSealedValues(t *testing.T) {
	dir := t.TempDir()
	db := database(t, dir)
	k := keyring(t, db, seal.File(keyFile(dir)))
	for _, plain := range []string{"", "a", "hunter2-hunter2", strings.Repeat("x", 65536), "\x00\xff"} {
		text := k.Seal([]byte(plain), "table", "row")
		if !seal.Sealed(text) || len(plain) > 3 && strings.Contains(text, plain) {
			t.Errorf("%.40q is sealed as %.60q", plain, text)
		}
		opens(t, k, text, plain, "table", "row")
		if text == k.Seal([]byte(plain), "table", "row") {
			t.Error("sealing twice gives one text")
		}
	}
	text := k.Seal([]byte("hunter2-hunter2"), "table", "row")
	for _, words := range [][]string{nil, {"table"}, {"table", "row2"}, {"tab", "lerow"}, {"tablerow"}, {"table", "row", ""}} {
		if got, err := k.Unseal(text, words...); err == nil {
			t.Errorf("opens as %q: %q", words, got)
		}
	}
	for i := range text {
		changed := []byte(text)
		changed[i] ^= 1
		if got, err := k.Unseal(string(changed), "table", "row"); err == nil {
			t.Errorf("opens with byte %d changed: %q", i, got)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Error(err)
		}
	}
	// Another database has other keys.
	other := t.TempDir()
	if _, err := keyring(t, database(t, other), seal.File(keyFile(other))).Unseal(text, "table", "row"); err == nil {
		t.Error("another lake opens it")
	}
	// And the same one opens it again.
	opens(t, keyring(t, db, seal.File(keyFile(dir))), text, "hunter2-hunter2", "table", "row")
}

func TestTheKeyFileIsForItsOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	keyring(t, database(t, dir), seal.File(keyFile(dir)))
	for path, want := range map[string]os.FileMode{keyFile(dir): 0o600, filepath.Dir(keyFile(dir)): os.ModeDir | 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
}

func newKey() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

// A key that is missing, wrong or unreadable is told with its place, and nothing is
// changed.
func TestWithoutTheRightKey(t *testing.T) {
	dir := t.TempDir()
	db := database(t, dir)
	path := keyFile(dir)
	k := keyring(t, db, seal.File(path))
	text := k.Seal([]byte("kept"), "x")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wrong := newKey()
	for name, put := range map[string]func() (seal.Source, error){
		"missing":       func() (seal.Source, error) { return seal.File(path), os.Remove(path) },
		"another":       func() (seal.Source, error) { return seal.File(path), os.WriteFile(path, []byte(wrong), 0o600) },
		"empty":         func() (seal.Source, error) { return seal.File(path), os.WriteFile(path, nil, 0o600) },
		"garbage":       func() (seal.Source, error) { return seal.File(path), os.WriteFile(path, []byte("c2hvcnQ="), 0o600) },
		"a folder":      func() (seal.Source, error) { return seal.File(dir), nil },
		"environment":   func() (seal.Source, error) { return seal.Text("the variable MASTER", wrong), nil },
		"nothing there": func() (seal.Source, error) { return seal.Text("the variable MASTER", " "), nil },
	} {
		source, err := put()
		if err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(path)
		_, err = seal.Open(t.Context(), db, source)
		if err == nil {
			t.Fatalf("%s: opens", name)
		}
		if !strings.Contains(err.Error(), k.Master()) || !strings.Contains(err.Error(), source.String()) || strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Errorf("%s: the file was changed", name)
		}
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opens(t, keyring(t, db, seal.File(path)), text, "kept", "x")
}

func TestRotate(t *testing.T) {
	dir := t.TempDir()
	db := database(t, dir)
	source := seal.File(keyFile(dir))
	k := keyring(t, db, source)
	text, was := k.Seal([]byte("kept"), "x"), k.Master()
	old, err := os.ReadFile(keyFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	id, err := k.Rotate(t.Context())
	if err != nil || id == was || id != k.Master() {
		t.Fatal(id, err)
	}
	opens(t, k, text, "kept", "x")
	if n, err := source.Keys(); n != 1 || err != nil {
		t.Error(n, err)
	}
	if got, _ := os.ReadFile(keyFile(dir)); bytes.Contains(got, bytes.Fields(old)[len(bytes.Fields(old))-3]) {
		t.Error("the old key is still in the file")
	}
	if _, err := seal.Open(t.Context(), db, seal.Text("the old key", string(old))); err == nil || !strings.Contains(err.Error(), id) {
		t.Error(err)
	}
	opens(t, keyring(t, db, source), text, "kept", "x")
}

// Keys that somebody else keeps are changed by putting a new one first.
func TestRotateElsewhere(t *testing.T) {
	dir := t.TempDir()
	db := database(t, dir)
	one, two := newKey(), newKey()
	k := keyring(t, db, seal.Text("the variable", one))
	text := k.Seal([]byte("kept"), "x")
	if _, err := k.Rotate(t.Context()); err == nil || !strings.Contains(err.Error(), "put a new key before") {
		t.Error(err)
	}
	opens(t, keyring(t, db, seal.Text("the variable", two+","+one)), text, "kept", "x")
	opens(t, keyring(t, db, seal.Text("the variable", two)), text, "kept", "x")
	if _, err := seal.Open(t.Context(), db, seal.Text("the variable", one)); err == nil {
		t.Error("the old key opens")
	}
	// From the environment into a file.
	if err := os.MkdirAll(filepath.Dir(keyFile(dir)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(keyFile(dir), []byte("# ours\n"+two+"\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	opens(t, keyring(t, db, seal.File(keyFile(dir))), text, "kept", "x")
}

const killAt = "SEAL_TEST_KILL_AT"

// TestMain is also the process that is killed in TestKilledRotation.
func TestMain(m *testing.M) {
	if at := os.Getenv(killAt); at != "" {
		rotateAndDie(os.Getenv("SEAL_TEST_DIR"), at)
	}
	os.Exit(m.Run())
}

func rotateAndDie(dir, at string) {
	ctx := context.Background()
	db, err := state.Open(ctx, filepath.Join(dir, "state.db"))
	if err != nil {
		panic(err)
	}
	k, err := seal.Open(ctx, db, seal.File(keyFile(dir)))
	if err != nil {
		panic(err)
	}
	k.OnStep(func(step string) {
		if step == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	_, err = k.Rotate(ctx)
	panic(err)
}

// A rotation that is killed before any of its steps loses nothing, and the next start
// ends it.
func TestKilledRotation(t *testing.T) {
	steps := 0
	probe := t.TempDir()
	k := keyring(t, database(t, probe), seal.File(keyFile(probe)))
	var names []string
	k.OnStep(func(s string) { names = append(names, s) })
	if _, err := k.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, step := range names {
		steps++
		t.Run(step, func(t *testing.T) {
			dir := t.TempDir()
			db := database(t, dir)
			source := seal.File(keyFile(dir))
			k := keyring(t, db, source)
			text, was := k.Seal([]byte("kept"), "x"), k.Master()
			db.Close()
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), killAt+"="+step, "SEAL_TEST_DIR="+dir)
			out, err := cmd.CombinedOutput()
			exit, ok := err.(*exec.ExitError)
			if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("%v\n%s", err, out)
			}
			db = database(t, dir)
			k = keyring(t, db, source)
			opens(t, k, text, "kept", "x")
			if n, err := source.Keys(); n != 1 || err != nil {
				t.Error(n, err)
			}
			if (k.Master() == was) != (step == "begin") {
				t.Errorf("master key %s was %s", k.Master(), was)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "keys", ".*")); len(left) > 0 {
				t.Error(left)
			}
			for _, name := range []string{"state.db", "state.db-wal"} {
				if b, err := os.ReadFile(filepath.Join(dir, name)); err == nil && step != "begin" && bytes.Contains(b, []byte(was)) {
					t.Errorf("%s still names the old key", name)
				}
			}
		})
	}
	if steps < 5 {
		t.Errorf("rotations have %d steps", steps)
	}
}

// What a killed process left beside the key file is not left lying about.
func TestRemainsAreRemoved(t *testing.T) {
	dir := t.TempDir()
	db := database(t, dir)
	keyring(t, db, seal.File(keyFile(dir)))
	left := filepath.Join(filepath.Dir(keyFile(dir)), ".master-123")
	if err := os.WriteFile(left, []byte(newKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	keyring(t, db, seal.File(keyFile(dir)))
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// A data key that was put in place of another does not open.
func TestChangedDatabase(t *testing.T) {
	dir := t.TempDir()
	db := database(t, dir)
	k := keyring(t, db, seal.File(keyFile(dir)))
	err := db.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE seal_keys SET id = 'other'")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Open(t.Context(), db, seal.File(keyFile(dir))); err == nil || !strings.Contains(err.Error(), k.Master()) {
		t.Error(err)
	}
}

func FuzzUnseal(f *testing.F) {
	dir := f.TempDir()
	db, err := state.Open(f.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		f.Fatal(err)
	}
	defer db.Close()
	k, err := seal.Open(f.Context(), db, seal.File(keyFile(dir)))
	if err != nil {
		f.Fatal(err)
	}
	good := k.Seal([]byte("kept"), "x")
	for _, s := range []string{"", "sealed:", "sealed:1:", "sealed:1:a:", "sealed:1::AAAA", good[:len(good)-1], good + "A"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := k.Unseal(s, "x"); err == nil && s != good {
			t.Errorf("%q opens", s)
		}
	})
}
