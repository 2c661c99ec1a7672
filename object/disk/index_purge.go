package disk

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"lethe"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// indexFS is the file system of the index. Pebble writes new logs over old ones,
// because that syncs faster; while a purge wants to be rid of old logs, it gets
// new files.
type indexFS struct {
	vfs.FS
	purging atomic.Int32
}

func (f *indexFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if f.purging.Load() == 0 {
		return f.FS.ReuseForWrite(old, name, c)
	}
	if err := f.FS.Remove(old); err != nil {
		return nil, err
	}
	return f.FS.Create(name, c)
}

// purgeEvery is how often a purge looks whether old files are gone.
const purgeEvery = 5 * time.Millisecond

// purge rewrites the index, so that no file holds what was deleted from it
// before: not the tables, nor the log, nor the manifests, which name the first
// and last key of every table.
func (ix *index) purge(ctx context.Context) error {
	if err := ix.enter(); err != nil {
		return err
	}
	defer ix.leave()
	ix.purgeMu.Lock()
	defer ix.purgeMu.Unlock()
	ix.fs.purging.Add(1)
	defer ix.fs.purging.Add(-1)
	if err := ix.db.Flush(); err != nil {
		return fmt.Errorf("flush index: %w", err)
	}
	if err := ix.db.Compact(ctx, []byte{0}, []byte{0xFF}, true); err != nil {
		return fmt.Errorf("compact index: %w", err)
	}
	// What is left of deleted entries now is in tables that are no longer used,
	// in logs that wait to be used again, and in manifests, of which Pebble keeps
	// two and begins a new one when enough has changed.
	doomed, err := ix.unused()
	if err != nil {
		return err
	}
	for {
		still, err := ix.unused() // a table may have been half written before
		if err != nil {
			return err
		}
		maps.DeleteFunc(doomed, func(name string, _ bool) bool { return !still[name] })
		if len(doomed) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return lethe.Errorf(lethe.Canceled, "purge of the object store: %w", context.Cause(ctx))
		}
		turn := false
		for name := range doomed {
			turn = turn || !isTable(name)
		}
		if turn {
			if err := ix.turn(); err != nil {
				return err
			}
			continue
		}
		select { // until a listing that began before has ended
		case <-ctx.Done():
		case <-time.After(purgeEvery):
		}
	}
}

// unused are the files of the index but for the tables it consists of.
func (ix *index) unused() (map[string]bool, error) {
	files, err := ix.files()
	if err != nil {
		return nil, err
	}
	levels, err := ix.db.SSTables()
	if err != nil {
		return nil, fmt.Errorf("tables of the index: %w", err)
	}
	for _, level := range levels {
		for _, t := range level {
			delete(files, fmt.Sprintf("%06d.sst", uint64(t.BackingSSTNum)))
		}
	}
	return files, nil
}

func isTable(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob")
}

// turn makes Pebble begin a new log and note a change in the manifest.
func (ix *index) turn() error {
	if err := ix.db.Set([]byte{tabFormat, 'p'}, nil, pebble.NoSync); err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	if err := ix.db.Flush(); err != nil {
		return fmt.Errorf("flush index: %w", err)
	}
	return nil
}

// files are the files that may hold entries of the index.
func (ix *index) files() (map[string]bool, error) {
	names, err := ix.fs.List(ix.path)
	if err != nil {
		return nil, fmt.Errorf("list index: %w", err)
	}
	files := map[string]bool{}
	for _, n := range names {
		if isTable(n) || filepath.Ext(n) == ".log" || strings.HasPrefix(n, "MANIFEST-") {
			files[n] = true
		}
	}
	return files, nil
}
