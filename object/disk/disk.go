// Package disk is the object store that lethe brings: buckets, objects and
// versions on a local disk, as immutable blob files and a transactional index
// that says what they are.
//
// # Two faces
//
// A [Store] is an object.Store, for lethe's own parts. Its [Store.Gateway] is
// the same store as a backend of versitygw, which speaks S3; that face adds
// what S3 has beyond object.Store: versions, multipart uploads, copies, tags,
// checksums, locks and bucket settings. Both change the index in the same way,
// so what one writes the other sees at once.
//
// # On the disk
//
//	DIR/index           the index, a Pebble database; its LOCK keeps a second process out
//	DIR/blobs/E/xx/x*   blobs; E names the start of the store that made them
//
// The index is written in format 2, recorded in it; a store brings an older one
// up to it when it opens, and refuses a newer one. Versions have an encoding of
// their own (record_encode.go), other values are JSON, so that fields can be
// added; keys are described in keys.go.
//
// # What is promised
//
// A write that was answered is on the disk: the blob is fsynced before the index
// batch that names it, the batch is committed with a sync (concurrent ones share
// it), and only then the caller has its answer. Every change is one batch, so it
// is there whole or not at all, whatever is killed. A blob that nothing refers
// to any more is unlinked after the batch that says so.
//
// After a crash the next [Open] unlinks what was to be unlinked, and removes
// blobs of crashed starts that never reached the index. Unfinished multipart
// uploads stay until they are aborted.
//
// What was deleted for good is gone from the disk when the deletion is answered.
// It waits up to Options.Grace for those who read the object, then stops those
// who read it through links (see [Store.Hold]), and after that makes the file
// empty. What was replaced stays for those who were reading it. Keys, metadata
// and tags of what is gone leave the index's files with [Store.Purge].
//
// [Store.Scrub] holds everything stored against its checksums.
//
// A blob is never written after it got its name, and its file is read-only. That
// is what makes [Store.Link] safe: a query reads the very file, and a
// replacement of the object only takes away the store's own name of it.
//
// # File systems
//
// The folder must be on one file system that has hard links and honours fsync.
// On ext4 and XFS the fsync of a new file also makes its name durable (emulated
// power cuts lost nothing there); everywhere else, NFS, btrfs and overlays
// included, the store fsyncs the blob's folder too. XFS and btrfs join the parts
// of a multipart object without copying bytes.
//
// # Who may change what
//
// Changes to an object key hold the key's lock from the check of their
// conditions to the end of the commit, and the bucket table's lock shared;
// changes to a bucket hold the bucket table's lock alone.
package disk

import (
	"errors"
	"hash/maphash"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lethe"
	"lethe/object"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/oklog/ulid/v2"
)

// Options of a Store. The zero value is what a lake wants.
type Options struct {
	// Log gets what the index has to say when the disk fails. Nil discards it.
	Log *slog.Logger
	// Reserve is how many bytes of the file system writes leave free, so that
	// the index can still record deletions on a full disk. 0 means 64 MiB.
	Reserve int64
	// Events keeps an outbox of changes for Outbox. It grows until Forget.
	Events bool
	// NoVersions refuses bucket versioning.
	NoVersions bool
	// Grace is how long a deletion for good waits for those who read the
	// object, before it stops them. 0 means 10 seconds.
	Grace time.Duration
	// NoSync leaves durability to luck. For tests and measurements.
	NoSync bool

	// Of tests that emulate a loss of power.
	indexFS vfs.FS
	files   *fileOps
}

const (
	defaultReserve = 64 << 20
	defaultGrace   = 10 * time.Second
)

// Store is an object store on a local disk.
type Store struct {
	dir      string
	index    *index
	epoch    string
	events   bool
	versions bool
	noSync   bool
	syncDirs bool
	files    fileOps
	reserve  int64
	grace    time.Duration

	keys  [1024]sync.Mutex // by bucket and key
	joins [64]sync.Mutex   // by bucket and key: one joins the parts of an object
	refMu [64]sync.Mutex   // by blob: a count is read, then written
	seed  maphash.Seed

	mu      sync.RWMutex // shared: object changes; alone: bucket changes
	buckets map[string]*bucket

	idMu sync.Mutex
	last ulid.ULID

	outbox outbox

	leases leases

	pins pins

	fresh fresh // while there are any, the start counts as crashed

	scrubbing sync.Mutex
	scrubbed  func(ScrubSummary) // of tests: called after each step of a scrub
}

var (
	_ object.Store  = (*Store)(nil)
	_ object.Holder = (*Store)(nil)
)

// Open opens or makes the store in dir and finishes what a crash interrupted.
// It answers Conflict if another process has the store open, and Unsupported if
// a newer lethe made it.
func Open(dir string, o Options) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := makeDir(filepath.Join(dir, "blobs")); err != nil {
		return nil, lethe.Errorf(lethe.Internal, "object store: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.indexFS == nil {
		o.indexFS = vfs.Default
	}
	ix, err := openIndex(filepath.Join(dir, "index"), o.indexFS, !o.NoSync, o.Log)
	if err != nil {
		return nil, err
	}
	s := &Store{
		dir: dir, index: ix, events: o.Events, versions: !o.NoVersions, noSync: o.NoSync,
		syncDirs: !nameDurableByFsync(dir), reserve: o.Reserve, grace: o.Grace,
		seed: maphash.MakeSeed(), buckets: map[string]*bucket{},
	}
	s.files = durably(s.syncDirs)
	if o.NoSync {
		s.files.sync = func(*os.File) error { return nil }
	}
	if o.files != nil {
		s.files = *o.files
	}
	if s.reserve == 0 {
		s.reserve = defaultReserve
	}
	if s.grace == 0 {
		s.grace = defaultGrace
	}
	if err := s.recover(); err != nil {
		ix.close(nil)
		return nil, lethe.Errorf(lethe.KindOf(err), "object store %s: %w", dir, err)
	}
	return s, nil
}

// Close closes the store. Calls under way finish or get an error; nothing that
// was answered is lost.
func (s *Store) Close() error {
	return s.index.close(func(db *pebble.DB) error {
		if s.fresh.count() > 0 {
			return nil // blobs without a home: let the next start look for them
		}
		removeEmptyDirs(s.epochDir(s.epoch))
		return db.Delete(tableKey(tabEpoch, s.epoch), s.index.write)
	})
}

// makeDir makes a folder and those above it that are missing, durably.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := makeDir(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

func (s *Store) hash(bucket, key string) uint64 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	h.WriteString(bucket)
	h.WriteByte(0)
	h.WriteString(key)
	return h.Sum64()
}

// lock takes the locks of object keys, in one order for everybody, and the
// bucket table's, shared.
func (s *Store) lock(bucket string, keys ...string) (unlock func(), err error) {
	var want []int
	if len(keys) == 1 {
		want = []int{int(s.hash(bucket, keys[0]) % uint64(len(s.keys)))}
	} else {
		var set [len(s.keys)]bool
		for _, k := range keys {
			set[s.hash(bucket, k)%uint64(len(s.keys))] = true
		}
		for i, w := range set {
			if w {
				want = append(want, i)
			}
		}
	}
	for _, i := range want {
		s.keys[i].Lock()
	}
	s.mu.RLock()
	unlock = func() {
		s.mu.RUnlock()
		for _, i := range want {
			s.keys[i].Unlock()
		}
	}
	if s.buckets[bucket] == nil {
		unlock()
		return nil, noSuchBucket(bucket)
	}
	return unlock, nil
}

// newID is a version id, greater than all before it, whatever the clock says.
func (s *Store) newID(atLeast ulid.ULID) ulid.ULID {
	s.idMu.Lock()
	defer s.idMu.Unlock()
	id := ulid.Make()
	for _, min := range []ulid.ULID{s.last, atLeast} {
		if id.Compare(min) <= 0 {
			id = min
			for i := len(id) - 1; i >= 0; i-- {
				if id[i]++; id[i] != 0 {
					break
				}
			}
		}
	}
	s.last = id
	return id
}
