package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"lethe"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Snapshot is what a store was made of at a moment.
type Snapshot struct {
	Blobs int64
	// Missing are blobs that the index names and that are not there: the store is
	// damaged, and a scrub says which objects are.
	Missing []string
}

// Snapshot makes the folder dir, which must not exist, what a store's folder would
// be at one moment: a copy of the index, and links to the blobs that it names. It
// must be on the store's file system, and its files must not be written.
//
// All that was answered before the call is in it, whole, and of what was not
// answered yet each change is whole or not at all. Reads, writes and deletions go on
// meanwhile. The links keep their bytes, whatever is deleted later, until somebody
// removes them; deletions for good that are answered while the links are being made
// leave their bytes to the end of that.
//
// It answers Canceled if ctx ends first. What it has made of dir stays after an error.
func (s *Store) Snapshot(ctx context.Context, dir string) (sum Snapshot, err error) {
	if err := s.index.enter(); err != nil {
		return sum, err
	}
	defer s.index.leave()
	s.pins.add()
	defer func() { s.bury(s.pins.end()) }()
	if err := os.Mkdir(dir, 0o700); err != nil {
		return sum, lethe.Errorf(lethe.Invalid, "snapshot of the object store: %w", err)
	}
	index := filepath.Join(dir, "index")
	if err := s.index.db.Checkpoint(index, pebble.WithFlushedWAL()); err != nil {
		return sum, lethe.Errorf(lethe.Internal, "snapshot of the object store's index: %w", err)
	}
	copied, err := pebble.Open(index, &pebble.Options{FS: vfs.Default, ReadOnly: true, Logger: s.index.log, FormatMajorVersion: pebble.FormatTableFormatV6})
	if err != nil {
		return sum, lethe.Errorf(lethe.Internal, "snapshot of the object store's index: %w", err)
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	it, err := copied.NewIter(&pebble.IterOptions{LowerBound: []byte{tabRefs}, UpperBound: []byte{tabRefs + 1}})
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	blobs := &Store{dir: dir}
	for ok := it.First(); ok; ok = it.Next() {
		if ctx.Err() != nil {
			return sum, lethe.Errorf(lethe.Canceled, "snapshot of the object store: %w", context.Cause(ctx))
		}
		blob := string(it.Key()[1:])
		err := linkBlob(s.blobPath(blob), blobs.blobPath(blob))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			sum.Missing = append(sum.Missing, blob)
		case err != nil:
			return sum, fmt.Errorf("snapshot of the object store: %w", err)
		default:
			sum.Blobs++
		}
	}
	return sum, it.Error()
}

// linkBlob links a file into a folder that may be missing.
func linkBlob(from, to string) error {
	err := os.Link(from, to)
	if !errors.Is(err, fs.ErrNotExist) || !missing(filepath.Dir(to)) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.Link(from, to)
}

// pins keep the files of blobs where they are, while somebody links those that an
// index of one moment names.
type pins struct {
	removing sync.RWMutex // shared while blobs are removed; alone while n changes
	n        int
	mu       sync.Mutex
	late     []string // dead blobs that are to be removed at the end
}

// add begins to keep all blobs. When it returns, none is being removed.
func (p *pins) add() {
	p.removing.Lock()
	defer p.removing.Unlock()
	p.n++
}

// end ends what add began, and returns the blobs that may be removed now.
func (p *pins) end() (late []string) {
	p.removing.Lock()
	defer p.removing.Unlock()
	if p.n--; p.n == 0 {
		late, p.late = p.late, nil
	}
	return late
}

// remove calls f, which removes the files of dead blobs, unless these are kept: then
// they are removed later.
func (p *pins) remove(dead []string, f func()) {
	p.removing.RLock()
	defer p.removing.RUnlock()
	if p.n == 0 {
		f()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late = append(p.late, dead...)
}
