package disk

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"lethe"

	"github.com/cockroachdb/pebble/v2"
)

// What becomes of dropped blobs. A blob that nobody uses is unlinked at once.
// One that is used and was replaced stays until the last of its users ends. One
// of an object that was deleted for good must not stay: who deletes waits a
// while (Options.Grace) for those who use it, then stops them, and makes the
// file empty.

// ofKey names an object to those who look for the dead blobs it left.
func ofKey(bucket, key string) string { return bucket + "\x00" + key }

// bury unlinks dead blobs that nobody uses. It is no error if that fails,
// because the change it follows is made; the record of the dead blob stays, and
// the next start tries again.
func (s *Store) bury(dead []string) {
	if len(dead) > 0 {
		s.pins.remove(dead, func() { s.unlink(dead) })
	}
}

func (s *Store) unlink(dead []string) {
	b := s.index.db.NewBatch()
	dirs := map[string][]string{}
	for _, blob := range dead {
		path := s.blobPath(blob)
		if err := s.files.remove(path); err == nil || errors.Is(err, fs.ErrNotExist) {
			dirs[filepath.Dir(path)] = append(dirs[filepath.Dir(path)], blob)
		}
	}
	for dir, blobs := range dirs {
		// Where names are not made durable in the order of changes, a lost
		// unlink and a kept deletion of the record would leave a stray file.
		if s.syncDirs && !s.noSync && syncDir(dir) != nil {
			continue
		}
		for _, blob := range blobs {
			_ = b.Delete(tableKey(tabDead, blob), nil)
		}
	}
	// Without a sync: if the deletion of the record is lost, the next start
	// finds no file to unlink.
	_ = s.index.commit(b, pebble.NoSync)
}

// settle waits until the bytes of what the changes erased are gone, and takes
// care that they are. It is called without locks: somebody may be waited for.
func (s *Store) settle(changes ...*change) {
	erased := map[string]bool{}
	for _, c := range changes {
		if c != nil && c.done {
			maps.Copy(erased, c.erased)
		}
	}
	if len(erased) > 0 {
		s.stop(func(of string) bool { return erased[of] })
	}
}

// stop ends all uses of the dead blobs of the wanted objects, gently at first.
func (s *Store) stop(wanted func(of string) bool) {
	blobs := s.outlast(s.grace, wanted)
	if len(blobs) == 0 {
		return
	}
	if folders := s.leases.linkers(blobs); len(folders) > 0 {
		cause := lethe.Errorf(lethe.Conflict, "an object that is read here was deleted for good").
			WithHint("run it again to read what is left")
		for _, f := range folders {
			f.cancel(cause)
		}
		if blobs = s.outlast(s.grace, wanted); len(blobs) == 0 {
			return
		}
	}
	for blob, links := range s.leases.cutOff(blobs) {
		s.pins.remove(nil, func() { s.punch(blob, links) }) // what is kept goes whole, later
	}
	s.bury(blobs)
	// A join or splice that reads them fails now, and drops its copy.
	timer := time.NewTimer(s.grace)
	defer timer.Stop()
	for {
		busy, changed := s.leases.joined(blobs)
		if !busy {
			return
		}
		select {
		case <-changed:
		case <-timer.C: // it waits for somebody else, and will fail later
			return
		}
	}
}

// outlast waits until no dead blob of the wanted objects is used, but not
// longer than d, and returns those that still are.
func (s *Store) outlast(d time.Duration, wanted func(of string) bool) (blobs []string) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		blobs, changed := s.leases.dying(wanted)
		if len(blobs) == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-timer.C:
			return blobs
		}
	}
}

// punch makes a blob's file empty, so that its bytes are gone from the disk
// although somebody has it open. A file with other links than the known ones is
// somebody's own and left to them.
func (s *Store) punch(blob string, links int) {
	path := s.blobPath(blob)
	info, err := os.Lstat(path)
	if err != nil {
		return
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || int64(st.Nlink) > int64(links)+1 {
		return
	}
	if os.Chmod(path, 0o600) == nil {
		_ = os.Truncate(path, 0)
	}
}

// Purge makes what was deleted and replaced before the call gone from every
// file of the store: it stops those who still read replaced objects, as a
// deletion does, and then rewrites the index, where the keys, metadata and tags
// of deleted objects otherwise stay until Pebble happens to compact them. It
// costs as much as reading and writing the whole index. It answers Canceled if
// ctx ends first; nothing is lost then, and a later call does the rest.
func (s *Store) Purge(ctx context.Context) error {
	s.stop(func(string) bool { return true })
	if err := s.renameScrub(); err != nil {
		return err
	}
	return s.index.purge(ctx)
}

// erasing says that the change deletes something of an object for good.
func (c *change) erasing(bucket, key string) {
	if c.erased == nil {
		c.erased = map[string]bool{}
	}
	c.erased[ofKey(bucket, key)] = true
}
