package backup_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lethe"
	"lethe/backup"
	"lethe/lib/state"
	"lethe/object/disk"
)

// lake is a made-up lake: files by their names.
type lake map[string]string

func newLake(rng *rand.Rand) lake {
	l := lake{"state.db": text(rng), "catalog.db": text(rng), "keys/master": text(rng), "objects/index/000004.sst": text(rng), "objects/index/CURRENT": "", "audit.jsonl": text(rng)}
	l.add(rng, 5+rng.IntN(10))
	return l
}

func text(rng *rand.Rand) string {
	return strings.Repeat(fmt.Sprintf("%x ", rng.Uint64()), rng.IntN(200))
}

func (l lake) add(rng *rand.Rand, n int) {
	for range n {
		name := fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64())
		l["objects/blobs/19a/"+name[:2]+"/"+name] = text(rng)
	}
}

func (l lake) blobs() (all []string) {
	for name := range l {
		if strings.HasPrefix(name, "objects/blobs/") {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

func (l lake) source(t testing.TB) backup.Source {
	t.Helper()
	dir := t.TempDir()
	for name, text := range l {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return backup.Source{Dir: dir, Blobs: "objects/blobs", Keys: backup.KeysIncluded}
}

// is compares a folder with a lake, without what says that it was restored.
func (l lake) is(t testing.TB, dir string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == backup.RestoredFile {
			return err
		}
		n++
		name, _ := filepath.Rel(dir, path)
		got, err := os.ReadFile(path)
		if want, ok := l[filepath.ToSlash(name)]; !ok || string(got) != want {
			t.Errorf("%s has %d bytes, and should have %d; it should be there: %v", name, len(got), len(want), ok)
		}
		return err
	})
	if err != nil || n != len(l) {
		t.Errorf("%d files, want %d: %v", n, len(l), err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func random(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 7))
}

func write(t testing.TB, r *backup.Repository, l lake, expires time.Time) (backup.Manifest, backup.Progress) {
	t.Helper()
	var meter backup.Meter
	unlock, err := r.Lock(t.Context())
	must(t, err)
	defer unlock()
	m, err := r.Write(t.Context(), l.source(t), order(expires), &meter)
	must(t, err)
	return m, meter.Progress()
}

func order(expires time.Time) backup.Order {
	return backup.Order{ID: lethe.NewOrderedID(), Version: "test", Made: time.Now(), Expires: expires}
}

var later = time.Now().Add(time.Hour)

func places(t *testing.T, f func(t *testing.T, p backup.Place)) {
	t.Run("folder", func(t *testing.T) { f(t, backup.Folder(filepath.Join(t.TempDir(), "a", "backups"))) })
	t.Run("bucket", func(t *testing.T) {
		s, err := disk.Open(t.TempDir(), disk.Options{NoSync: true})
		must(t, err)
		t.Cleanup(func() { must(t, s.Close()) })
		must(t, s.CreateBucket(t.Context(), "vault"))
		f(t, backup.Bucket{Store: s, Bucket: "vault", Prefix: "lakes/one/"})
	})
}

// TestBackups: what is backed up is restored byte for byte, blobs are copied once, and
// what has expired is deleted with the blobs that nothing else has.
func TestBackups(t *testing.T) {
	places(t, func(t *testing.T, p backup.Place) {
		ctx, rng := t.Context(), random(t)
		if _, err := backup.Open(ctx, p); !lethe.Is(err, lethe.NotFound) {
			t.Fatalf("a place without backups is opened: %v", err)
		}
		r, err := backup.Create(ctx, p)
		must(t, err)
		again, err := backup.Create(ctx, p)
		if err != nil || again.ID != r.ID {
			t.Fatalf("%v %v", again, err)
		}
		one := newLake(rng)
		first, did := write(t, r, one, time.Now())
		if did.Copied != did.Bytes || did.FilesDone != int64(len(one)) || first.Blobs != int64(len(one.blobs())) {
			t.Errorf("%+v of %+v", did, first)
		}
		two := lake{}
		for k, v := range one {
			two[k] = v
		}
		delete(two, one.blobs()[0])
		two.add(rng, 3)
		two["state.db"] += "more"
		second, did := write(t, r, two, later)
		var shared int64
		for _, b := range one.blobs()[1:] {
			shared += int64(len(one[b]))
		}
		if did.BytesDone-did.Copied != shared {
			t.Errorf("%d bytes were not copied again, want %d", did.BytesDone-did.Copied, shared)
		}
		all, err := r.Backups(ctx)
		if err != nil || len(all) != 2 || all[0].ID != first.ID || all[1].Manifest.Digest != second.Digest {
			t.Fatalf("%+v %v", all, err)
		}
		faultless(t, r, 2)
		for _, b := range []struct {
			id string
			l  lake
		}{{first.ID, one}, {second.ID, two}} {
			dir := filepath.Join(t.TempDir(), "new", "lake")
			_, err := r.Restore(ctx, b.id, dir, nil, nil, nil)
			must(t, err)
			b.l.is(t, dir)
			if _, err := r.Restore(ctx, b.id, dir, nil, nil, nil); !lethe.Is(err, lethe.Conflict) {
				t.Errorf("into a restored lake: %v", err)
			}
		}
		if _, err := r.Prune(ctx, time.Now(), second.ID, lethe.NewOrderedID()); !lethe.Is(err, lethe.NotFound) {
			t.Errorf("of an unknown one: %v", err)
		}
		did2, err := r.Prune(ctx, time.Now())
		if err != nil || !slices.Equal(did2.Backups, []string{first.ID}) || did2.Blobs != 1 || did2.BlobBytes != int64(len(one[one.blobs()[0]])) {
			t.Errorf("%+v %v", did2, err)
		}
		if here, err := r.Has(ctx, first.ID); here || err != nil {
			t.Errorf("of a deleted backup something is there: %v %v", here, err)
		}
		faultless(t, r, 1)
		dir := t.TempDir()
		_, err = r.Restore(ctx, second.ID, dir, nil, nil, nil)
		must(t, err)
		two.is(t, dir)
		if _, err := r.Restore(ctx, first.ID, t.TempDir(), nil, nil, nil); !lethe.Is(err, lethe.NotFound) {
			t.Errorf("a deleted backup is restored: %v", err)
		}
		if did, err := r.Prune(ctx, time.Now(), second.ID); err != nil || len(did.Backups) != 1 || did.Blobs != second.Blobs {
			t.Errorf("%+v %v", did, err)
		}
	})
}

func faultless(t testing.TB, r *backup.Repository, want int) {
	t.Helper()
	n, err := r.Verify(t.Context(), nil, nil, func(f backup.Fault) { t.Errorf("%+v", f) })
	if n != want || err != nil {
		t.Errorf("%d backups verified, want %d: %v", n, want, err)
	}
}

// TestDamageIsNamed: of every file of a backup, a changed byte, a missing end and its
// absence are found by Verify and by Restore, which name it.
func TestDamageIsNamed(t *testing.T) {
	ctx, rng := t.Context(), random(t)
	dir := t.TempDir()
	r, err := backup.Create(ctx, backup.Folder(dir))
	must(t, err)
	l := newLake(rng)
	m, _ := write(t, r, l, later)
	var files []string
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		if err == nil && !e.IsDir() && name != "lethe-backups.json" && name != "lock" {
			files = append(files, name)
		}
		return err
	}))
	if len(files) != len(l)+2 {
		t.Fatalf("%d files: %v", len(files), files)
	}
	for _, name := range files {
		path := filepath.Join(dir, name)
		good, err := os.ReadFile(path)
		must(t, err)
		damages := []func() error{func() error { return os.Remove(path) }}
		if len(good) > 0 {
			damages = append(damages, func() error { return os.WriteFile(path, good[:len(good)-1], 0o600) }, func() error {
				bad := bytes.Clone(good)
				bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(7)
				return os.WriteFile(path, bad, 0o600)
			})
		}
		for i, damage := range damages {
			must(t, damage())
			if strings.HasSuffix(name, "manifest.json") {
				if _, err := r.Manifest(ctx, m.ID); i == 0 && !lethe.Is(err, lethe.NotFound) || i > 0 && err == nil && json.Valid(good) && !sameMeaning(t, path, good) {
					t.Errorf("a manifest damaged in way %d: %v", i, err)
				}
				must(t, os.WriteFile(path, good, 0o600))
				continue
			}
			var found []backup.Fault
			_, err := r.Verify(ctx, nil, nil, func(f backup.Fault) { found = append(found, f) })
			if err != nil || len(found) == 0 || found[0].File != name {
				t.Errorf("%s damaged in way %d: %+v %v", name, i, found, err)
			}
			if _, err = r.Restore(ctx, m.ID, filepath.Join(t.TempDir(), "x"), nil, nil, nil); !lethe.Is(err, lethe.BadData) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s damaged in way %d: restore says %v", name, i, err)
			}
			must(t, os.WriteFile(path, good, 0o600))
		}
	}
	faultless(t, r, 1)
}

// sameMeaning says whether a file of JSON says what it did: a space may have become
// another.
func sameMeaning(t testing.TB, path string, good []byte) bool {
	now, err := os.ReadFile(path)
	must(t, err)
	var a, b bytes.Buffer
	return json.Compact(&a, now) == nil && json.Compact(&b, good) == nil && strings.EqualFold(a.String(), b.String())
}

// mortal is a place at which a process is killed at a call.
type mortal struct {
	backup.Place
	left atomic.Int64
}

func dyingAt(dir string, calls int) *mortal {
	m := &mortal{Place: backup.Folder(dir)}
	m.left.Store(int64(calls))
	return m
}

var errKilled = errors.New("killed")

func (m *mortal) dies() bool { return m.left.Add(-1) < 0 }

func (m *mortal) Put(ctx context.Context, name string, r io.Reader) error {
	if m.dies() {
		return errKilled
	}
	return m.Place.Put(ctx, name, r)
}

func (m *mortal) Sync(ctx context.Context) error {
	if m.dies() {
		return errKilled
	}
	return m.Place.Sync(ctx)
}

func (m *mortal) Remove(ctx context.Context, name string) error {
	if m.dies() {
		return errKilled
	}
	return m.Place.Remove(ctx, name)
}

func (m *mortal) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if m.dies() {
		return nil, errKilled
	}
	return m.Place.Open(ctx, name)
}

func (m *mortal) List(ctx context.Context, prefix string) iter.Seq2[backup.File, error] {
	if m.dies() {
		return func(yield func(backup.File, error) bool) { yield(backup.File{}, errKilled) }
	}
	return m.Place.List(ctx, prefix)
}

// TestKills: whatever call a backup, a restore and a deletion end at, there is a whole
// backup or none, an unfinished lake says that it is none, and doing it again does it.
func TestKills(t *testing.T) {
	ctx, rng := t.Context(), random(t)
	one := lake{"state.db": "one", "keys/master": "k"}
	one.add(rng, 2)
	two := lake{"state.db": "two", "keys/master": "k"}
	for _, b := range one.blobs()[1:] {
		two[b] = one[b]
	}
	two.add(rng, 2)
	for at, ended := 0, false; !ended; at++ {
		dir := t.TempDir()
		r, err := backup.Create(ctx, backup.Folder(dir))
		must(t, err)
		first, _ := write(t, r, one, later)
		dying := &backup.Repository{Place: dyingAt(dir, at), ID: r.ID}
		o := order(time.Now())
		_, err = dying.Write(ctx, two.source(t), o, nil)
		ended = err == nil
		all, lerr := r.Backups(ctx)
		must(t, lerr)
		whole := 0
		for _, f := range all {
			if f.Err == nil {
				whole++
			} else if !lethe.Is(f.Err, lethe.NotFound) {
				t.Errorf("killed at %d: %v", at, f.Err)
			}
		}
		if ended && whole != 2 || whole == 0 {
			t.Errorf("killed at %d (%v): %d whole backups", at, err, whole)
		}
		faultless(t, r, whole)

		// A restore of the first one, killed at the same call.
		lakeDir := filepath.Join(t.TempDir(), "lake")
		if _, err := (&backup.Repository{Place: dyingAt(dir, at)}).Restore(ctx, first.ID, lakeDir, nil, nil, nil); err != nil {
			if there, err := os.ReadDir(lakeDir); err == nil && len(there) > 0 {
				if m, err := backup.ReadRestored(lakeDir); err != nil || m.Whole {
					t.Errorf("restore killed at %d: the folder says %+v %v", at, m, err)
				}
			}
			_, err = r.Restore(ctx, first.ID, lakeDir, nil, nil, nil)
			must(t, err)
		}
		one.is(t, lakeDir)

		// A deletion, killed at the same call.
		if _, err := (&backup.Repository{Place: dyingAt(dir, at)}).Prune(ctx, time.Now()); err != nil {
			_, err = r.Prune(ctx, time.Now())
			must(t, err)
		}
		faultless(t, r, 1)
		fresh := t.TempDir()
		_, err = r.Restore(ctx, first.ID, fresh, nil, nil, nil)
		must(t, err)
		one.is(t, fresh)
		n := 0
		for _, err := range r.List(ctx, "blobs/") {
			must(t, err)
			n++
		}
		if n != len(one.blobs()) {
			t.Errorf("killed at %d: %d blobs are left, want %d", at, n, len(one.blobs()))
		}
		if at > 100 {
			t.Fatal("it does not end")
		}
	}
}

// TestRestoreRefuses: a folder with something in it, and a place that is none.
func TestRestoreRefuses(t *testing.T) {
	ctx := t.Context()
	r, err := backup.Create(ctx, backup.Folder(t.TempDir()))
	must(t, err)
	m, _ := write(t, r, lake{"state.db": "x"}, later)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600))
	if _, err := r.Restore(ctx, m.ID, dir, nil, nil, nil); !lethe.Is(err, lethe.Conflict) || !strings.Contains(err.Error(), "mine") {
		t.Error(err)
	}
	if _, err := backup.Create(ctx, backup.Folder(dir)); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("a folder with files becomes a place of backups: %v", err)
	}
	if _, err := r.Manifest(ctx, "../../etc"); !lethe.Is(err, lethe.Invalid) {
		t.Error(err)
	}
	unlock, err := r.Lock(ctx)
	must(t, err)
	if _, err := r.Prune(ctx, time.Now()); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("while a backup is made: %v", err)
	}
	must(t, unlock())
}

// TestErasures: they are kept beside the backups, the more complete one counts, and a
// restored lake gets them with those that are known from elsewhere.
func TestErasures(t *testing.T) {
	ctx := t.Context()
	db, err := state.Open(ctx, filepath.Join(t.TempDir(), "state.db"))
	must(t, err)
	defer db.Close()
	ledger, err := backup.OpenLedger(ctx, db)
	must(t, err)
	r, err := backup.Create(ctx, backup.Folder(t.TempDir()))
	must(t, err)
	m, _ := write(t, r, lake{"state.db": "x"}, later)
	must(t, ledger.Put(ctx, backup.Entry{ID: m.ID, Place: r.String(), State: backup.Making}))
	if ledger, err = backup.OpenLedger(ctx, db); err != nil {
		t.Fatal(err)
	}
	if all, err := ledger.All(ctx); err != nil || len(all) != 1 || all[0].State != backup.Failed {
		t.Errorf("%+v %v", all, err)
	}
	a := backup.Erased{Request: lethe.NewOrderedID(), Identifiers: []backup.Identifier{{Type: "user_id", Hash: "00"}}, Since: m.Made}
	b := backup.Erased{Request: lethe.NewOrderedID(), Identifiers: []backup.Identifier{{Type: "user_id", Hash: "01"}}, Since: m.Made}
	for _, closed := range []bool{false, true} {
		if closed {
			a.Document = json.RawMessage(`{"state":"done"}`)
		}
		must(t, ledger.Tell(ctx, r, a))
		if told, err := ledger.Told(ctx, r); err != nil || len(told) != 1 || told[a.Request] != closed {
			t.Errorf("%v %v", told, err)
		}
	}
	if err := ledger.Tell(ctx, r, backup.Erased{Request: "x"}); !lethe.Is(err, lethe.BadData) {
		t.Error(err)
	}
	must(t, r.KeepHolds(ctx, json.RawMessage(`[1]`)))
	must(t, r.KeepHolds(ctx, json.RawMessage(`[1,2]`)))
	dir := t.TempDir()
	done, err := r.Restore(ctx, m.ID, dir, []backup.Erased{b, {Request: a.Request, Identifiers: a.Identifiers}}, nil, nil)
	must(t, err)
	if len(done.Erased) != 2 || string(done.Erased[0].Document) != `{"state":"done"}` || done.Erased[1].Request != b.Request {
		t.Errorf("%+v", done.Erased)
	}
	from, err := backup.ReadRestored(dir)
	if err != nil || !from.Whole || len(from.Erased) != 2 || len(from.Holds) < 4 || len(from.Backups) != 1 || from.Backups[0].ID != m.ID {
		t.Errorf("%+v %v", from, err)
	}
	must(t, backup.Served(dir))
	must(t, backup.Served(dir))
	if _, err := backup.ReadRestored(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	must(t, r.Put(ctx, "erased/"+lethe.NewOrderedID()+".json", strings.NewReader(`{"request":`)))
	if _, err := r.Restore(ctx, m.ID, t.TempDir(), nil, nil, nil); !lethe.Is(err, lethe.BadData) {
		t.Errorf("a person would come back: %v", err)
	}
}
