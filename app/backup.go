package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/backup"
	"lethe/config"
	"lethe/erasure"
	"lethe/lib/state"
	"lethe/object/disk"
	"lethe/object/remote"
)

// Backups makes the lake's backups, one at a time, and keeps what must be known of them.
type Backups struct {
	app    *App
	db     *state.DB
	ledger *backup.Ledger
	audit  func(dir string) error // copies the audit

	mu     sync.Mutex
	making string // id; "" if none is being made
	meter  *backup.Meter

	telling sync.Mutex
	holds   map[string]string // by repository: those it has been told of

	closed  chan struct{}   // a request is
	ctx     context.Context // of the work
	stop    context.CancelFunc
	running sync.WaitGroup
}

// snapshots is the folder in a lake's folder in which what is copied lies meanwhile.
const snapshots = "backup"

// openBackups opens the ledger, and removes what a killed process left.
func (a *App) openBackups(ctx context.Context, db *state.DB) (err error) {
	b := &Backups{app: a, db: db, holds: map[string]string{}, closed: make(chan struct{}, 1), audit: func(dir string) error {
		_, err := a.audit.Snapshot(dir)
		return err
	}}
	if err := os.RemoveAll(a.path(snapshots)); err != nil {
		return fmt.Errorf("the snapshot of a backup that did not end: %w", err)
	}
	if b.ledger, err = backup.OpenLedger(ctx, db); err != nil {
		return err
	}
	b.ctx, b.stop = context.WithCancel(lethe.WithPrincipal(context.Background(), lethe.System))
	a.Backups = b
	a.onStop(func() error {
		b.stop()
		b.running.Wait()
		if a.Erasure == nil {
			return nil // it did not come to that
		}
		ctx, done := context.WithTimeout(lethe.WithPrincipal(context.Background(), lethe.System), lastTell)
		defer done()
		b.tellAll(ctx) // what is not told now is at the next start
		return nil
	})
	return nil
}

// lastTell bounds how long a stop takes to tell places of backups who was erased.
const lastTell = 5 * time.Second

// tellEvery is how often it is looked whether places are to be told of erasures, besides
// the ends of requests.
const tellEvery = time.Minute

// startBackups begins to tell places of backups who was erased.
func (a *App) startBackups() {
	b := a.Backups
	b.running.Go(func() {
		failed := map[string]string{}
		t := time.NewTimer(0)
		defer t.Stop()
		for {
			select {
			case <-b.ctx.Done():
				return
			case <-b.closed:
				t.Reset(time.Second) // it is about to be in the state
				continue
			case <-t.C:
			}
			for place, err := range b.tellAll(b.ctx) {
				text := ""
				if err != nil && b.ctx.Err() == nil {
					text = err.Error()
				}
				if text != "" && failed[place] != text {
					a.Log.Warn("the backups at a place cannot be told who was erased; it is tried again", "place", place, "err", err)
				}
				failed[place] = text
			}
			t.Reset(tellEvery)
		}
	})
}

// requestClosed has the places told soon.
func (b *Backups) requestClosed() {
	select {
	case b.closed <- struct{}{}:
	default: // it is about to be done
	}
}

// List returns the backups of the ledger, the oldest first.
func (b *Backups) List(ctx context.Context) ([]backup.Status, error) {
	all, err := b.ledger.All(ctx)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]backup.Status, 0, len(all))
	for _, e := range all {
		s := backup.Status{Entry: e}
		if e.ID == b.making {
			p := b.meter.Progress()
			s.Progress = &p
		}
		list = append(list, s)
	}
	return list, nil
}

// Start begins a backup. A folder must be a place of backups already, made by whoever
// has this machine's files: who only reaches the API cannot have the lake write anywhere
// else. Errors are of kind Invalid, NotFound if it is none, and Conflict while another
// backup is made.
func (b *Backups) Start(ctx context.Context, o backup.Wanted) (backup.Entry, error) {
	r, err := b.repository(ctx, o.To)
	if lethe.Is(err, lethe.NotFound) && strings.HasPrefix(o.To, "s3://") { // which the configuration names
		var at backup.Place
		if at, err = b.app.place(o.To); err == nil {
			r, err = backup.Create(ctx, at)
		}
	}
	if err != nil {
		return backup.Entry{}, err
	}
	e, meter, err := b.begin(ctx, r, o)
	if err != nil {
		return e, err
	}
	b.running.Go(func() {
		if _, err := b.make(b.ctx, r, e, o, meter, b.ledger.Put); err != nil {
			b.app.Log.Error("a backup was not made", "id", e.ID, "to", e.Place, "err", err)
		}
		b.requestClosed() // some may have been since it was begun
	})
	return e, nil
}

// begin enters a backup in the ledger: from now on it may hold whoever is in the lake.
func (b *Backups) begin(ctx context.Context, r *backup.Repository, o backup.Wanted) (e backup.Entry, meter *backup.Meter, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.making != "" {
		return e, nil, lethe.Errorf(lethe.Conflict, "backup %s is being made", b.making).WithHint("wait until it is done: lethe backup list")
	}
	e = backup.Entry{ID: lethe.NewOrderedID(), Place: r.String(), State: backup.Making, Made: time.Now().UTC().Truncate(time.Second), Expires: o.Expires.UTC()}
	if !e.Expires.IsZero() && !e.Expires.After(e.Made) {
		return e, nil, lethe.Errorf(lethe.Invalid, "a backup that expires at %s has expired already", e.Expires.Format(time.RFC3339))
	}
	if err := b.ledger.Put(ctx, e); err != nil {
		return e, nil, err
	}
	b.making, b.meter = e.ID, &backup.Meter{}
	return e, b.meter, nil
}

// make makes a backup that was begun, and has put keep how it ended.
func (b *Backups) make(ctx context.Context, r *backup.Repository, e backup.Entry, o backup.Wanted, meter *backup.Meter, put func(context.Context, backup.Entry) error) (backup.Entry, error) {
	m, err := b.write(ctx, r, e, o, meter)
	p := meter.Progress()
	e.State, e.Files, e.Bytes, e.Copied, e.Missing = backup.Made, p.FilesDone, p.BytesDone, p.Copied, m.Missing
	if err != nil {
		e.State, e.Problem = backup.Failed, err.Error()
	}
	b.mu.Lock()
	b.making = ""
	b.mu.Unlock()
	return e, errors.Join(err, put(context.WithoutCancel(ctx), e))
}

func (b *Backups) write(ctx context.Context, r *backup.Repository, e backup.Entry, o backup.Wanted, meter *backup.Meter) (m backup.Manifest, err error) {
	unlock, err := r.Lock(ctx)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	dir := b.app.path(snapshots, e.ID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.app.path(snapshots))) }()
	src, err := b.snapshot(ctx, dir, o)
	if err != nil {
		return m, err
	}
	if src.Missing > 0 {
		b.app.Log.Error("the lake has lost blobs, which its backup does not have either; a scrub says of which objects", "blobs", src.Missing, "backup", e.ID)
	}
	return r.Write(ctx, src, backup.Order{ID: e.ID, Version: Version, Made: e.Made, Expires: e.Expires}, meter)
}

// snapshot makes of the lake of now files that nobody writes. The state comes first, then
// the catalog, and the objects last: what a state or catalog names is there then, and the
// events that the state has not seen are in the objects' index still.
func (b *Backups) snapshot(ctx context.Context, dir string, o backup.Wanted) (src backup.Source, err error) {
	a := b.app
	src = backup.Source{Dir: dir, Blobs: "objects/blobs", Keys: backup.KeysIncluded}
	if err := b.db.Backup(ctx, filepath.Join(dir, "state.db")); err != nil {
		return src, err
	}
	if a.Config.Metastore.Database == "" {
		cat, err := state.Open(ctx, a.path("catalog.db"))
		if err != nil {
			return src, err
		}
		if err := errors.Join(cat.Backup(ctx, filepath.Join(dir, "catalog.db")), cat.Close()); err != nil {
			return src, err
		}
	} else {
		src.Outside = append(src.Outside, "the catalog, in the database that metastore.database names")
	}
	if err := b.audit(dir); err != nil {
		return src, err
	}
	if o.NoKeys {
		src.Keys = backup.KeysApart
	} else if err := copyKeys(a.path("keys"), filepath.Join(dir, "keys")); err != nil {
		return src, err
	}
	if file := a.Config.Secrets.KeyFile; file != a.path("keys", "master") {
		src.Outside = append(src.Outside, "the master key, which is configured to be elsewhere")
	}
	for name := range a.Config.Stores {
		src.Outside = append(src.Outside, "the buckets in store "+name)
	}
	slices.Sort(src.Outside)
	lost, err := a.Objects.Snapshot(ctx, filepath.Join(dir, "objects"))
	src.Missing = int64(len(lost.Missing))
	return src, err
}

func copyKeys(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	names, err := os.ReadDir(from)
	for _, e := range names {
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, e.Name()), raw, 0o600); err != nil {
			return err
		}
	}
	return err
}

// place is where --to and --from name.
func (a *App) place(to string) (backup.Place, error) {
	if !strings.HasPrefix(to, "s3://") {
		if !filepath.IsAbs(to) {
			return nil, lethe.Errorf(lethe.Invalid, "%q is no absolute path", to)
		}
		return backup.Folder(filepath.Clean(to)), apart(a.Config.Data, to)
	}
	at, err := lethe.ParseLocation(to)
	if err != nil {
		return nil, err
	}
	s, ok := a.Stores.Mounted(at.Bucket).(*remote.Store)
	if !ok {
		return nil, notMounted(at.Bucket)
	}
	return backup.Bucket{Store: s, Bucket: at.Bucket, Prefix: at.Dir().Key}, nil
}

// apart refuses a folder of backups within the lake's.
func apart(data, to string) error {
	if rel, err := filepath.Rel(data, to); err == nil && filepath.IsLocal(rel) {
		return lethe.Errorf(lethe.Invalid, "%s lies in the lake's own folder, and is lost with it", to).WithHint("name one on another disk or machine")
	}
	return nil
}

func notMounted(bucket string) error {
	return lethe.Errorf(lethe.Invalid, "bucket %s is in no store that the configuration names", bucket).
		WithHint("name it in lethe.yaml, as stores: {vault: {endpoint: ..., buckets: [%s]}}", bucket)
}

// BackupPlace is where --to and --from name, for who does not run a lake. Close releases it.
func BackupPlace(ctx context.Context, c config.Config, to string) (p backup.Place, close func() error, err error) {
	if !strings.HasPrefix(to, "s3://") {
		abs, err := filepath.Abs(to)
		if err == nil {
			err = apart(c.Data, abs)
		}
		return backup.Folder(abs), func() error { return nil }, err
	}
	at, err := lethe.ParseLocation(to)
	if err != nil {
		return nil, nil, err
	}
	for name, s := range c.Stores {
		if !slices.Contains(s.Buckets, at.Bucket) {
			continue
		}
		dir, err := os.MkdirTemp("", "lethe-backup")
		if err != nil {
			return nil, nil, err
		}
		store, err := remote.New(ctx, remoteConfig(name, s, dir))
		if err != nil {
			return nil, nil, errors.Join(err, os.RemoveAll(dir))
		}
		return backup.Bucket{Store: store, Bucket: at.Bucket, Prefix: at.Dir().Key}, func() error { return os.RemoveAll(dir) }, nil
	}
	return nil, nil, notMounted(at.Bucket)
}

// repository opens a place of backups as this lake reaches it.
func (b *Backups) repository(ctx context.Context, place string) (*backup.Repository, error) {
	p, err := b.app.place(place)
	if err != nil {
		return nil, err
	}
	return backup.Open(ctx, p)
}

// MakeBackup makes a backup of a lake that does not run.
func MakeBackup(ctx context.Context, c config.Config, o backup.Wanted, log *slog.Logger, begun func(*backup.Meter)) (e backup.Entry, err error) {
	if err := c.Check(); err != nil {
		return e, err
	}
	if _, err := os.Stat(filepath.Join(c.Data, "state.db")); errors.Is(err, fs.ErrNotExist) {
		return e, lethe.Errorf(lethe.NotFound, "there is no lake in %s", c.Data)
	}
	if err := servable(c.Data); err != nil {
		return e, err
	}
	a := &App{Config: c, Log: log}
	defer func() { err = errors.Join(err, a.Stop()) }()
	if err := a.lock(); err != nil {
		return e, err
	}
	db, err := state.Open(ctx, a.path("state.db"))
	if err != nil {
		return e, err
	}
	a.onStop(db.Close)
	if a.Objects, err = disk.Open(a.path("objects"), disk.Options{Events: true, Log: log}); err != nil {
		return e, err
	}
	a.onStop(a.Objects.Close)
	if err := a.openBackups(ctx, db); err != nil {
		return e, err
	}
	a.Backups.audit = func(dir string) error { return copyAudit(a.Config.Data, dir) }
	p, done, err := BackupPlace(ctx, c, o.To)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, done()) }()
	r, err := backup.Create(ctx, p)
	if err != nil {
		return e, err
	}
	e, meter, err := a.Backups.begin(ctx, r, o)
	if err != nil {
		return e, err
	}
	begun(meter)
	return a.Backups.make(ctx, r, e, o, meter, a.Backups.ledger.Put)
}

func copyAudit(from, to string) error {
	files, err := filepath.Glob(filepath.Join(from, "audit*.jsonl"))
	if err != nil {
		return err
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(f)), raw, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// tellAll tells all places of backups who was erased, and returns how that went.
func (b *Backups) tellAll(ctx context.Context) map[string]error {
	done := map[string]error{}
	all, err := b.ledger.All(ctx)
	if err != nil {
		return map[string]error{"": err}
	}
	if len(all) == 0 {
		return nil
	}
	es, err := erasure.ErasuresIn(ctx, b.db)
	if err != nil {
		return map[string]error{"": err}
	}
	hs, err := erasure.HoldsIn(ctx, b.db)
	if err != nil {
		return map[string]error{"": err}
	}
	holds, err := json.Marshal(hs)
	if err != nil {
		return map[string]error{"": err}
	}
	for _, e := range all {
		if _, ok := done[e.Place]; !ok {
			done[e.Place] = b.tell(ctx, e.Place, es, holds)
		}
	}
	return done
}

// tell keeps erasures and holds beside the backups at a place.
func (b *Backups) tell(ctx context.Context, place string, es []erasure.Erasure, holds []byte) error {
	b.telling.Lock()
	defer b.telling.Unlock()
	r, err := b.repository(ctx, place)
	if err != nil {
		return err
	}
	if b.holds[r.ID] != string(holds) {
		if err := r.KeepHolds(ctx, holds); err != nil {
			return err
		}
		b.holds[r.ID] = string(holds)
	}
	told, err := b.ledger.Told(ctx, r)
	if err != nil {
		return err
	}
	for _, e := range es {
		closed := !e.Request.Closed.IsZero()
		if with, ok := told[e.Request.ID]; ok && (with || !closed) {
			continue
		}
		if closed && e.Request.Certificate != "" {
			c, err := b.app.Erasure.CertificateOf(ctx, e.Request.ID)
			if err == nil {
				e.Certificate = &c
			} else if !lethe.Is(err, lethe.NotFound) {
				return err
			}
		}
		record, err := recordOf(e)
		if err != nil {
			return err
		}
		if err := b.ledger.Tell(ctx, r, record); err != nil {
			return err
		}
	}
	return nil
}

// mappingsOf is what Erased.Mappings is.
type mappingsOf struct {
	Types    []erasure.IdentifierType `json:"types"`
	Mappings []erasure.Mapping        `json:"mappings"`
}

// recordOf is an erasure as it is kept beside backups.
func recordOf(e erasure.Erasure) (r backup.Erased, err error) {
	r.Request, r.Since = e.Request.ID, e.Since
	for _, id := range e.Request.Identifiers {
		r.Identifiers = append(r.Identifiers, backup.Identifier{Type: id.Type, Hash: id.Hash})
	}
	if r.Mappings, err = json.Marshal(mappingsOf{e.Types, e.Mappings}); err != nil {
		return r, err
	}
	if e.Request.Closed.IsZero() {
		return r, nil
	}
	if r.Document, err = json.Marshal(e.Request); err != nil {
		return r, err
	}
	if e.Certificate != nil {
		r.Certificate, err = json.Marshal(e.Certificate)
	}
	return r, err
}

// erasureOf undoes recordOf.
func erasureOf(r backup.Erased) (e erasure.Erasure, err error) {
	e.Since, e.Request.ID = r.Since, r.Request
	if r.Closed() {
		if err := json.Unmarshal(r.Document, &e.Request); err != nil {
			return e, lethe.Errorf(lethe.BadData, "the record of erasure %s: %w", r.Request, err)
		}
	}
	e.Request.Identifiers = nil
	for _, id := range r.Identifiers {
		e.Request.Identifiers = append(e.Request.Identifiers, erasure.HashedIdentifier{Type: id.Type, Hash: id.Hash})
	}
	if len(r.Mappings) > 0 {
		var m mappingsOf
		if err := json.Unmarshal(r.Mappings, &m); err != nil {
			return e, lethe.Errorf(lethe.BadData, "the record of erasure %s: %w", r.Request, err)
		}
		e.Types, e.Mappings = m.Types, m.Mappings
	}
	if len(r.Certificate) > 0 {
		e.Certificate = &erasure.SignedCertificate{}
		if err := json.Unmarshal(r.Certificate, e.Certificate); err != nil {
			return e, lethe.Errorf(lethe.BadData, "the record of erasure %s: %w", r.Request, err)
		}
	}
	return e, nil
}

// LivingErasures reads from the folder of another lake, running or not, who was erased
// from it.
func LivingErasures(ctx context.Context, data string) (all []backup.Erased, err error) {
	path := filepath.Join(data, "state.db")
	if _, err := os.Stat(path); err != nil {
		return nil, lethe.Errorf(lethe.NotFound, "there is no lake in %s: %w", data, err)
	}
	db, err := state.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	es, err := erasure.ErasuresIn(ctx, db)
	if err != nil {
		return nil, err
	}
	for _, e := range es {
		r, err := recordOf(e)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}
