// Package wipe gets the bytes of what was deleted out of a Pebble database's
// files. A deletion by itself adds a mark to the log, and the deleted stays where
// it was until compactions happen to meet it.
package wipe

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// MaxManifestFileSize is what a database's options must have. Manifests name the
// first and last keys of tables: they are kept small, so that a wipe can be rid of
// old ones.
const MaxManifestFileSize = 1

// FS is the file system of a database that is to be wiped. Pebble writes new logs
// over old ones, because that syncs faster; during a wipe, which wants to be rid
// of old logs, it gets new files.
type FS struct {
	vfs.FS
	wiping atomic.Int32
	mu     sync.Mutex
}

// NewFS returns a database's file system that uses another.
func NewFS(on vfs.FS) *FS { return &FS{FS: on} }

// ReuseForWrite is called by Pebble for a log it wants to write over.
func (f *FS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if f.wiping.Load() == 0 {
		return f.FS.ReuseForWrite(old, name, c)
	}
	if err := f.FS.Remove(old); err != nil {
		return nil, err
	}
	return f.FS.Create(name, c)
}

// every is how often a wipe looks whether old files are gone.
const every = 5 * time.Millisecond

// Range are the keys from From up to To, which is not among them.
type Range struct{ From, To []byte }

// Wipe rewrites ranges of keys, so that no file of the database in dir holds what
// was deleted or written over there before: not the tables, nor the log, nor the
// manifests. touch is some key outside of the ranges that it may write, without a
// meaning. It waits for iterators that were opened before; if ctx ends meanwhile,
// the error is its cause.
func (f *FS) Wipe(ctx context.Context, db *pebble.DB, dir string, touch []byte, ranges ...Range) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wiping.Add(1)
	defer f.wiping.Add(-1)
	if err := db.Flush(); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	for _, r := range ranges {
		if err := db.Compact(ctx, r.From, r.To, true); err != nil {
			return fmt.Errorf("compact: %w", err)
		}
	}
	// What is left of deleted entries now is in tables that are no longer used,
	// in logs that wait to be used again, and in manifests, of which Pebble keeps
	// two and begins a new one when enough has changed.
	doomed, err := f.unused(db, dir)
	if err != nil {
		return err
	}
	for {
		still, err := f.unused(db, dir) // a table may have been half written before
		if err != nil {
			return err
		}
		maps.DeleteFunc(doomed, func(name string, _ bool) bool { return !still[name] })
		if len(doomed) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		turn := false
		for name := range doomed {
			turn = turn || !isTable(name)
		}
		if turn { // begin a new log, and note a change in the manifest
			if err := db.Set(touch, nil, pebble.NoSync); err != nil {
				return fmt.Errorf("write: %w", err)
			}
			if err := db.Flush(); err != nil {
				return fmt.Errorf("flush: %w", err)
			}
			continue
		}
		select { // until an iterator that was opened before is closed
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
}

// unused are the files that may hold entries, but for the tables the database
// consists of.
func (f *FS) unused(db *pebble.DB, dir string) (map[string]bool, error) {
	names, err := f.List(dir)
	if err != nil {
		return nil, err
	}
	files := map[string]bool{}
	for _, n := range names {
		if isTable(n) || filepath.Ext(n) == ".log" || strings.HasPrefix(n, "MANIFEST-") {
			files[n] = true
		}
	}
	levels, err := db.SSTables()
	if err != nil {
		return nil, fmt.Errorf("tables: %w", err)
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
