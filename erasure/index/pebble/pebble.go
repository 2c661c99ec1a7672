// Package pebble keeps the erasure index in a folder, for one lethe process.
//
// An object version is known by a number. Postings lie in 2^18 buckets by their
// hashes; a bucket's are sorted, packed, and of objects by their numbers. Writers
// add what they have to a bucket as one more operand of a merge, which Pebble does
// when it reads or compacts. An object that is replaced gets a new number, and the
// postings under its old one no longer count from that moment: they are left out
// of what is read, and go when their bucket is compacted.
//
// The postings of an object are written first and its record afterwards, so that
// postings without a record are those of a writer that did not come to its end,
// and count for nothing.
package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/index"
	"lethe/lib/wipe"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// format is the version of the keys and values.
const format = "1"

// reserve is how many numbers are taken from the mark at once.
const reserve = 1024

// Index is an erasure.Index. Make it with Open.
type Index struct {
	db   *pebble.DB
	fs   *wipe.FS
	dir  string
	live live

	gate index.Gate // entered by what uses db

	// Erase reads buckets and writes them anew; while it does, nobody adds to them.
	adding sync.RWMutex

	// Held for reading by Find, so that it sees all objects at one moment: one that is
	// replaced between its postings and its record would have no place, or two.
	replacing sync.RWMutex

	// One change of an object's record at a time.
	objects [256]sync.Mutex

	numbers sync.Mutex
	next    uint64
	mark    uint64 // next may come to it before more are reserved

	postings atomic.Int64 // that count
	entries  atomic.Int64

	decoded decoded
}

var _ erasure.Index = (*Index)(nil)

// Open opens the index in a folder, which it makes if there is none.
func Open(dir string, log *slog.Logger) (*Index, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, lethe.Errorf(lethe.Internal, "erasure index: %w", err)
	}
	x := &Index{fs: wipe.NewFS(vfs.Default), dir: dir}
	// What the merger is asked about before the records have been read counts:
	// nothing is left out by mistake.
	var read atomic.Bool
	db, err := pebble.Open(dir, &pebble.Options{
		FS:                    x.fs,
		FormatMajorVersion:    pebble.FormatTableFormatV6, // raised by hand: older programs cannot read newer ones
		CacheSize:             32 << 20,
		MemTableSize:          32 << 20,
		L0CompactionThreshold: 4,
		L0StopWritesThreshold: 40,
		MaxManifestFileSize:   wipe.MaxManifestFileSize,
		Merger:                merger(func(n uint64) bool { return !read.Load() || x.live.has(n) }),
		Logger:                logger{log},
	})
	if err != nil {
		return nil, lethe.Errorf(lethe.Internal, "open the erasure index %s: %w", dir, err)
	}
	x.db = db
	left, err := filepath.Glob(filepath.Join(dir, loading+"*")) // of a process that was killed
	for _, f := range left {
		err = errors.Join(err, os.Remove(f))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("erasure index: %w", err), db.Close())
	}
	if err := x.load(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	read.Store(true)
	return x, nil
}

// load reads which numbers count.
func (x *Index) load() error {
	f, err := x.get(formatKey)
	switch {
	case err != nil:
		return err
	case f == nil:
		if err := x.db.Set(formatKey, []byte(format), pebble.Sync); err != nil {
			return fmt.Errorf("erasure index: %w", err)
		}
	case string(f) != format:
		return lethe.Errorf(lethe.Unsupported, "the erasure index %s was written by a newer lethe (format %s; this one knows %s)", x.dir, f, format)
	}
	mark, err := x.get(markKey)
	if err != nil {
		return err
	}
	if mark != nil {
		if x.mark, err = decodeNumber(mark); err != nil {
			return err
		}
	}
	x.next = x.mark
	return x.scan([]byte{tabNumber}, nil, func(k, v []byte) (bool, error) {
		r, err := decodeRecord(v)
		if err != nil || len(k) != 9 {
			return false, errors.Join(err, errKey(k))
		}
		x.live.add(binary.BigEndian.Uint64(k[1:]))
		x.postings.Add(r.Postings)
		x.entries.Add(1)
		return true, nil
	})
}

func errKey(k []byte) error {
	if len(k) == 9 {
		return nil
	}
	return damaged(fmt.Sprintf("a key of %d bytes", len(k)))
}

// Close waits for what uses the index, and closes it.
func (x *Index) Close() error {
	return x.gate.Shut(func() error {
		if err := x.db.Close(); err != nil {
			return fmt.Errorf("close the erasure index: %w", err)
		}
		return nil
	})
}

// number returns a number nobody had.
func (x *Index) number() (uint64, error) {
	x.numbers.Lock()
	defer x.numbers.Unlock()
	if x.next == x.mark {
		if err := x.db.Set(markKey, binary.AppendUvarint(nil, x.mark+reserve), pebble.Sync); err != nil {
			return 0, fmt.Errorf("erasure index: %w", err)
		}
		x.mark += reserve
	}
	x.next++
	return x.next - 1, nil
}

// Stats measures the index.
func (x *Index) Stats(context.Context) (erasure.IndexStats, error) {
	if err := x.gate.Enter(); err != nil {
		return erasure.IndexStats{}, err
	}
	defer x.gate.Leave()
	s := erasure.IndexStats{Objects: x.entries.Load(), Postings: x.postings.Load()}
	files, err := os.ReadDir(x.dir)
	if err != nil {
		return s, fmt.Errorf("erasure index: %w", err)
	}
	for _, f := range files {
		// One that is gone meanwhile does not count.
		if info, err := os.Stat(filepath.Join(x.dir, f.Name())); err == nil {
			s.Bytes += info.Size()
		}
	}
	return s, nil
}

type logger struct{ log *slog.Logger }

func (logger) Infof(string, ...any) {}
func (l logger) Errorf(f string, a ...any) {
	l.log.Error("The erasure index has a problem", "error", fmt.Sprintf(f, a...))
}

// Fatalf must not return: Pebble cannot go on, for instance because the disk
// refuses its log.
func (l logger) Fatalf(f string, a ...any) {
	l.Errorf(f, a...)
	panic("erasure index: " + fmt.Sprintf(f, a...))
}
