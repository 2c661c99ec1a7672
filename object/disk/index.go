package disk

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"lethe"
	"lethe/lib/orderkey"
	"lethe/lib/wipe"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// formatVersion is the version of the index's keys and values. A store writes
// it into a new index, brings an older one up to it when it opens (see
// upgrade.go), and refuses a newer one.
const formatVersion = 2

// index is a Pebble database that can be closed while it is used: later calls
// get an error instead of a panic.
type index struct {
	db    *pebble.DB
	path  string
	fs    *wipe.FS
	dir   *pebble.Lock
	write *pebble.WriteOptions
	log   indexLog

	mu     sync.Mutex
	closed bool
	users  sync.WaitGroup
}

var errClosed = lethe.Errorf(lethe.Canceled, "the object store is closed")

func openIndex(dir string, on vfs.FS, durable bool, log *slog.Logger) (*index, error) {
	if err := makeDir(dir); err != nil {
		return nil, lethe.Errorf(lethe.Internal, "object store index: %w", err)
	}
	lock, err := pebble.LockDirectory(dir, on)
	if err != nil && inUse(err) {
		return nil, lethe.Errorf(lethe.Conflict, "the object store %s is open already, in another process or in this one", filepath.Dir(dir)).
			WithHint("stop the other lethe, or give this one another data folder")
	}
	if err != nil {
		return nil, lethe.Errorf(lethe.Internal, "lock the object store %s: %w", dir, err)
	}
	files := wipe.NewFS(on)
	db, err := pebble.Open(dir, &pebble.Options{
		Lock: lock,
		FS:   files,
		// A version of Pebble's files, not of ours; raised by hand, as files of
		// a newer one cannot be read by an older lethe.
		FormatMajorVersion:  pebble.FormatTableFormatV6,
		CacheSize:           16 << 20,
		MaxManifestFileSize: wipe.MaxManifestFileSize,
		Logger:              indexLog{log},
	})
	if err != nil {
		lock.Close()
		return nil, lethe.Errorf(lethe.Internal, "open the object store index %s: %w", dir, err)
	}
	ix := &index{db: db, path: dir, fs: files, dir: lock, write: pebble.Sync, log: indexLog{log}}
	if !durable {
		ix.write = pebble.NoSync
	}
	if err := ix.checkFormat(); err != nil {
		ix.close(nil)
		return nil, err
	}
	return ix, nil
}

// inUse tells a lock that is held from one that cannot be taken: fcntl answers a
// bare errno for another process's lock, Pebble a text for this process's own,
// and opening the file a *PathError.
func inUse(err error) bool {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno == syscall.EAGAIN || errno == syscall.EACCES
	}
	var path *os.PathError
	return !errors.As(err, &path)
}

func (ix *index) checkFormat() error {
	var have int
	ok, err := ix.get(tableKey(tabFormat), &have)
	switch {
	case err != nil:
		return err
	case ok && have > formatVersion:
		return lethe.Errorf(lethe.Unsupported, "the object store was written by a newer lethe (format %d; this one knows %d)", have, formatVersion).
			WithHint("use that version of lethe")
	case ok && have < formatVersion:
		return ix.upgrade(have)
	case ok:
		return nil
	}
	if err := ix.scan(nil, func(k, _ []byte) error {
		return lethe.Errorf(lethe.BadData, "the object store index has entries but no format record")
	}); err != nil {
		return err
	}
	return ix.db.Set(tableKey(tabFormat), encode(formatVersion), pebble.Sync)
}

// enter begins a use of the database; leave ends it.
func (ix *index) enter() error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if ix.closed {
		return errClosed
	}
	ix.users.Add(1)
	return nil
}

func (ix *index) leave() { ix.users.Done() }

// close waits for the calls under way, lets last have its say and closes the
// database.
func (ix *index) close(last func(*pebble.DB) error) error {
	ix.mu.Lock()
	was := ix.closed
	ix.closed = true
	ix.mu.Unlock()
	if was {
		return nil
	}
	ix.users.Wait()
	var err error
	if last != nil {
		err = last(ix.db)
	}
	return errors.Join(err, ix.db.Close(), ix.dir.Close())
}

// get decodes one entry into v; ok is false when there is none.
func (ix *index) get(k []byte, v any) (ok bool, err error) {
	if err := ix.enter(); err != nil {
		return false, err
	}
	defer ix.leave()
	b, c, err := ix.db.Get(k)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read index: %w", err)
	}
	defer c.Close()
	return true, decode(k, b, v)
}

// has says whether there is an entry.
func (ix *index) has(k []byte) (bool, error) {
	if err := ix.enter(); err != nil {
		return false, err
	}
	defer ix.leave()
	_, c, err := ix.db.Get(k)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read index: %w", err)
	}
	return true, c.Close()
}

// cursor is an iterator over the entries that begin with a prefix, at one
// moment of the index.
type cursor struct {
	*pebble.Iterator
	ix *index
}

// seek makes a cursor; its user must close it.
func (ix *index) seek(prefix []byte) (cursor, error) {
	if err := ix.enter(); err != nil {
		return cursor{}, err
	}
	it, err := ix.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: orderkey.After(prefix)})
	if err != nil {
		ix.leave()
		return cursor{}, fmt.Errorf("read index: %w", err)
	}
	return cursor{it, ix}, nil
}

func (c cursor) Close() error {
	defer c.ix.leave()
	return c.Iterator.Close()
}

// scan calls f for every entry that begins with prefix. What f is given is
// valid during the call only.
func (ix *index) scan(prefix []byte, f func(k, v []byte) error) error {
	it, err := ix.seek(prefix)
	if err != nil {
		return err
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return fmt.Errorf("read index: %w", err)
		}
		if err := f(it.Key(), v); err != nil {
			return err
		}
	}
	return it.Error()
}

// commit makes a batch visible and durable. After an error it may be either.
func (ix *index) commit(b *pebble.Batch, o *pebble.WriteOptions) error {
	if err := ix.enter(); err != nil {
		return err
	}
	defer ix.leave()
	if err := b.Commit(o); err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	return nil
}

func encode(v any) []byte {
	if v, ok := v.(*version); ok {
		return v.append(nil)
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types
	}
	return b
}

func decode(k, b []byte, v any) error {
	var err error
	switch v := v.(type) {
	case *version:
		err = v.parse(b, lastField)
	default:
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return badEntry(k, err)
	}
	return nil
}

func badEntry(k []byte, err error) error {
	return lethe.Errorf(lethe.BadData, "object store index entry %q: %w", k, err)
}

// indexLog hands on what Pebble reports about failures; its accounts of routine
// work are dropped.
type indexLog struct{ log *slog.Logger }

func (l indexLog) Infof(string, ...any) {}
func (l indexLog) Errorf(f string, a ...any) {
	l.log.Error("object store index", "err", fmt.Sprintf(f, a...))
}

// Fatalf must not return: Pebble cannot go on, for instance because the disk
// refuses its log.
func (l indexLog) Fatalf(f string, a ...any) {
	l.Errorf(f, a...)
	panic("object store index: " + fmt.Sprintf(f, a...))
}
