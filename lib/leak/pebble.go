package leak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// table looks at all entries of a Pebble table, also those that later ones hide.
func (s *scan) table(f *os.File, rel string) (err error) {
	o := sstable.ReaderOptions{Comparer: pebble.DefaultComparer}
	r, err := openTable(s.ctx, f.Name(), o)
	if err != nil {
		// How entries are merged does not matter to who looks at each.
		if _, merger, ok := strings.Cut(err.Error(), "unknown merger "); ok {
			o.Mergers = sstable.Mergers{strings.TrimSpace(merger): pebble.DefaultMerger}
			r, err = openTable(s.ctx, f.Name(), o)
		}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	it, err := r.NewIter(sstable.NoTransforms, nil, nil, sstable.AssertNoBlobHandles)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for kv := it.First(); kv != nil; kv = it.Next() {
		s.bytes(rel, "key", kv.K.UserKey)
		v, _, err := kv.Value(nil)
		if err != nil {
			return err
		}
		s.value(rel, "value", v)
		if s.ctx.Err() != nil {
			return context.Cause(s.ctx)
		}
	}
	if err := it.Error(); err != nil {
		return err
	}
	dels, err := r.NewRawRangeDelIter(s.ctx, sstable.NoFragmentTransforms, sstable.NoReadEnv)
	if err != nil || dels == nil {
		return err
	}
	defer dels.Close()
	span, err := dels.First()
	for ; err == nil && span != nil; span, err = dels.Next() {
		s.bytes(rel, "key of a range", span.Start)
		s.bytes(rel, "key of a range", span.End)
	}
	return err
}

func openTable(ctx context.Context, path string, o sstable.ReaderOptions) (*sstable.Reader, error) {
	f, err := vfs.Default.Open(path) // the reader closes it
	if err != nil {
		return nil, err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r, err := sstable.NewReader(ctx, readable, o)
	if err != nil {
		return nil, errors.Join(err, readable.Close())
	}
	return r, nil
}

// log looks at the records of a log or manifest, which lie in pieces in the file. The
// rest of a log that is written over an older one ends the records, and was looked at
// as it is.
func (s *scan) log(f *os.File, name, rel string) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	number, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(name, "MANIFEST-"), ".log"), 10, 64)
	if err != nil {
		return nil // another program's log, which is text
	}
	r := numbered(record.NewReader, f, number)
	for {
		next, err := r.Next()
		if errors.Is(err, io.EOF) || record.IsInvalidRecord(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("log: %w", err)
		}
		b, err := io.ReadAll(next)
		s.value(rel, "record", b)
		if record.IsInvalidRecord(err) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("log: %w", err)
		}
	}
}

// numbered calls a function whose parameter's type Pebble does not export.
func numbered[N ~uint64](open func(io.Reader, N) *record.Reader, r io.Reader, number uint64) *record.Reader {
	return open(r, N(number))
}
