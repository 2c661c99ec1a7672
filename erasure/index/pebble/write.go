package pebble

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"lethe"
	"lethe/erasure"
	"lethe/lib/postings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	// atOnce is how many postings are gathered before they are written; they take
	// 24 bytes each meanwhile.
	atOnce = 2 << 20
	// objectsAtOnce is how many objects are gathered before they are entered.
	objectsAtOnce = 4096
	// ingestFrom is how many postings are worth a table of their own, which does
	// not go through the log.
	ingestFrom = 64 << 10
)

// loading begins the names of tables that are being written.
const loading = "loading-"

// writer gathers postings of objects.
type writer struct {
	x       *Index
	ps      []postings.Posting
	sorter  postings.Sorter
	pending []entering // whose postings are gathered, or written already
}

type entering struct {
	number uint64
	record
}

// Put enters object versions.
func (x *Index) Put(ctx context.Context, objects iter.Seq2[*erasure.Indexed, error]) error {
	if err := x.gate.Enter(); err != nil {
		return err
	}
	defer x.gate.Leave()
	w := &writer{x: x}
	defer w.abandon()
	for o, err := range objects {
		if err != nil {
			return err
		}
		if err := w.add(ctx, o); err != nil {
			return err
		}
	}
	return w.finish(ctx)
}

func (w *writer) add(ctx context.Context, o *erasure.Indexed) error {
	n, err := w.x.number()
	if err != nil {
		return err
	}
	w.x.live.add(n)
	whole := false
	defer func() {
		if !whole { // what was gathered is of a number that counts for nothing
			w.x.live.remove(n)
		}
	}()
	var count int64
	if o.Postings != nil {
		for p, err := range o.Postings {
			if err != nil {
				return nil
			}
			if p.Row < 0 {
				return lethe.Errorf(lethe.Invalid, "s3://%s/%s: a posting of row %d", o.Bucket, o.Key, p.Row)
			}
			bucket, rest := split(p.Hash)
			w.ps = append(w.ps, postings.Posting{Bucket: bucket, Rest: rest, Number: n, Row: uint64(p.Row)})
			count++
			if len(w.ps) == atOnce {
				if err := w.write(ctx); err != nil {
					return err
				}
			}
		}
	}
	whole = true
	w.pending = append(w.pending, entering{number: n, record: record{Entry: o.Entry, Postings: count}})
	if len(w.ps) >= atOnce/2 || len(w.pending) == objectsAtOnce {
		return w.finish(ctx)
	}
	return nil
}

// write makes the gathered postings durable. They do not count yet.
func (w *writer) write(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.ps = w.sorter.Sort(w.ps, 1<<bucketBits)
	w.x.adding.RLock()
	defer w.x.adding.RUnlock()
	var err error
	if len(w.ps) < ingestFrom {
		b := w.x.db.NewBatch()
		err = errors.Join(w.buckets(func(k, v []byte) error { return b.Merge(k, v, nil) }), b.Commit(pebble.Sync))
	} else {
		err = w.ingest(ctx)
	}
	if err != nil {
		return fmt.Errorf("write the erasure index: %w", err)
	}
	w.ps = w.ps[:0]
	return nil
}

// buckets calls f with each bucket's postings.
func (w *writer) buckets(f func(k, v []byte) error) error {
	var v []byte
	return postings.Buckets(w.ps, func(bucket uint32, ps []postings.Posting) error {
		v = postings.Pack(v[:0], ps)
		return f(postingKey(bucket), v)
	})
}

// ingest hands the postings to Pebble as a table.
func (w *writer) ingest(ctx context.Context) (err error) {
	// Pebble links the file into its folder; it leaves others there alone.
	path := filepath.Join(w.x.dir, loading+lethe.NewID())
	f, err := vfs.Default.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	defer func() {
		if e := os.Remove(path); e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}()
	t := sstable.NewWriter(objstorageprovider.NewFileWritable(f), sstable.WriterOptions{
		TableFormat: w.x.db.FormatMajorVersion().MaxTableFormat(),
		MergerName:  merger(nil).Name,
		Compression: sstable.NoCompression, // deltas of hashes
	})
	if err := w.buckets(t.Merge); err != nil {
		return errors.Join(err, t.Close())
	}
	if err := t.Close(); err != nil { // which syncs it
		return err
	}
	return w.x.db.Ingest(ctx, []string{path})
}

// finish writes what is left, and lets all count.
func (w *writer) finish(ctx context.Context) error {
	if len(w.ps) > 0 {
		if err := w.write(ctx); err != nil {
			return err
		}
	}
	for len(w.pending) > 0 {
		n := min(len(w.pending), page)
		if err := w.x.enterRecords(w.pending[:n]); err != nil {
			return err
		}
		w.pending = w.pending[n:]
	}
	w.pending = nil
	return nil
}

// abandon forgets objects that have not been entered.
func (w *writer) abandon() {
	for _, e := range w.pending {
		w.x.live.remove(e.number)
	}
}

var seed = maphash.MakeSeed()

// lock locks the objects of some keys and returns what unlocks them.
func (x *Index) lock(keys [][]byte) (unlock func()) {
	var which []int
	for _, k := range keys {
		which = append(which, int(maphash.Bytes(seed, k)%uint64(len(x.objects))))
	}
	slices.Sort(which) // so that two never wait for each other
	which = slices.Compact(which)
	for _, i := range which {
		x.objects[i].Lock()
	}
	return func() {
		for _, i := range which {
			x.objects[i].Unlock()
		}
	}
}

// enterRecords lets objects count, and what they replace no longer.
func (x *Index) enterRecords(es []entering) error {
	keys := make([][]byte, len(es))
	last := map[string]int{} // of several of one object the last counts
	for i, e := range es {
		keys[i] = objectKey(e.ObjectVersion)
		last[string(keys[i])] = i
	}
	defer x.lock(keys)()
	b := x.db.NewBatch()
	defer b.Close()
	var gone []uint64
	var entries, count int64
	for i, e := range es {
		if last[string(keys[i])] != i {
			gone = append(gone, e.number)
			continue
		}
		old, r, err := x.current(e.ObjectVersion)
		if err != nil {
			return err
		}
		if r != nil {
			gone = append(gone, old)
			entries--
			count -= r.Postings
			if err := b.Delete(numberKey(old), nil); err != nil {
				return err
			}
		}
		if err := errors.Join(b.Set(keys[i], uvarint(e.number), nil), b.Set(numberKey(e.number), encodeRecord(e.record), nil)); err != nil {
			return err
		}
		entries++
		count += e.Postings
	}
	x.replacing.Lock()
	defer x.replacing.Unlock()
	if err := b.Commit(pebble.Sync); err != nil {
		return fmt.Errorf("write the erasure index: %w", err)
	}
	x.entries.Add(entries)
	x.postings.Add(count)
	for _, n := range gone {
		x.live.remove(n)
	}
	return nil
}

// Forget takes an object version out.
func (x *Index) Forget(_ context.Context, o erasure.ObjectVersion) error {
	if err := x.gate.Enter(); err != nil {
		return err
	}
	defer x.gate.Leave()
	key := objectKey(o)
	defer x.lock([][]byte{key})()
	n, r, err := x.current(o)
	if err != nil || r == nil || r.ETag != o.ETag {
		return err
	}
	b := x.db.NewBatch()
	defer b.Close()
	if err := errors.Join(b.Delete(key, nil), b.Delete(numberKey(n), nil), b.Commit(pebble.Sync)); err != nil {
		return fmt.Errorf("write the erasure index: %w", err)
	}
	x.entries.Add(-1)
	x.postings.Add(-r.Postings)
	x.live.remove(n)
	return nil
}
