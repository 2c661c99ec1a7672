package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"

	"lethe/erasure"
	"lethe/erasure/index"
	"lethe/lib/orderkey"
	"lethe/lib/postings"

	"github.com/cockroachdb/pebble/v2"
)

// get returns a key's value, or nil.
func (x *Index) get(key []byte) ([]byte, error) {
	v, c, err := x.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read the erasure index: %w", err)
	}
	v = bytes.Clone(v)
	return v, c.Close()
}

// scan calls f for the keys that begin with prefix, from a key on if that is not
// nil, until f returns false.
func (x *Index) scan(prefix, from []byte, f func(k, v []byte) (bool, error)) error {
	it, err := x.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: orderkey.After(prefix)})
	if err != nil {
		return fmt.Errorf("read the erasure index: %w", err)
	}
	if from == nil {
		from = prefix
	}
	for ok := it.SeekGE(from); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err == nil {
			ok, err = f(it.Key(), v)
		}
		if err != nil {
			return errors.Join(err, it.Close())
		}
		if !ok {
			break
		}
	}
	return errors.Join(it.Error(), it.Close())
}

// recordOf returns the record under a number, and false if it does not count.
func (x *Index) recordOf(n uint64) (record, bool, error) {
	raw, c, err := x.db.Get(numberKey(n))
	if errors.Is(err, pebble.ErrNotFound) {
		return record{}, false, nil
	} else if err != nil {
		return record{}, false, fmt.Errorf("read the erasure index: %w", err)
	}
	r, err := x.decoded.record(n, raw)
	err = errors.Join(err, c.Close())
	return r, err == nil, err
}

// Find yields the places of an identifier.
func (x *Index) Find(ctx context.Context, h erasure.Hash) iter.Seq2[erasure.Place, error] {
	return index.Places(func() ([]erasure.Place, error) { return x.find(ctx, h) })
}

func (x *Index) find(ctx context.Context, h erasure.Hash) ([]erasure.Place, error) {
	if err := x.gate.Enter(); err != nil {
		return nil, err
	}
	defer x.gate.Leave()
	x.replacing.RLock()
	defer x.replacing.RUnlock()
	bucket, rest := split(h)
	packed, err := x.get(postingKey(bucket))
	if err != nil {
		return nil, err
	}
	ps, err := unpack(nil, packed)
	if err != nil {
		return nil, err
	}
	// A bucket that was written once has not been through a merge.
	ps = slices.DeleteFunc(ps, func(p postings.Posting) bool { return p.Rest != rest || !x.live.has(p.Number) })
	slices.SortFunc(ps, postings.Compare)
	var places []erasure.Place
	for len(ps) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := ps[0].Number
		var rows []int64
		for len(ps) > 0 && ps[0].Number == n {
			rows = append(rows, int64(ps[0].Row))
			ps = ps[1:]
		}
		r, ok, err := x.recordOf(n)
		if err != nil {
			return nil, err
		}
		if !ok { // it is being entered
			continue
		}
		if rows = r.Cuts.Of(slices.Compact(rows)); len(rows) > 0 {
			places = append(places, erasure.Place{Entry: r.Entry, Rows: rows})
		}
	}
	slices.SortFunc(places, func(a, b erasure.Place) int { return index.Compare(a.Entry, b.Entry) })
	return places, nil
}

// Entry returns what is known of an object version.
func (x *Index) Entry(_ context.Context, o erasure.ObjectVersion) (erasure.Entry, error) {
	if err := x.gate.Enter(); err != nil {
		return erasure.Entry{}, err
	}
	defer x.gate.Leave()
	_, r, err := x.current(o)
	if err == nil && (r == nil || r.ETag != o.ETag) {
		err = index.Unknown(o)
	}
	if err != nil {
		return erasure.Entry{}, err
	}
	return r.Entry, nil
}

// current returns the number and the record under an object version's key, or
// nil.
func (x *Index) current(o erasure.ObjectVersion) (uint64, *record, error) {
	raw, err := x.get(objectKey(o))
	if err != nil || raw == nil {
		return 0, nil, err
	}
	n, err := decodeNumber(raw)
	if err != nil {
		return 0, nil, err
	}
	r, ok, err := x.recordOf(n)
	if err != nil || !ok {
		return 0, nil, err
	}
	return n, &r, nil
}

// page is how many entries are read at a time.
const page = 256

// Entries yields what is known of the objects whose key begins with prefix.
func (x *Index) Entries(ctx context.Context, bucket, prefix string) iter.Seq2[erasure.Entry, error] {
	return func(yield func(erasure.Entry, error) bool) {
		var from []byte
		for {
			es, next, err := x.entriesFrom(ctx, objectsFrom(bucket, prefix, false), from)
			if err != nil {
				yield(erasure.Entry{}, err)
				return
			}
			for _, e := range es {
				if !yield(e, nil) {
					return
				}
			}
			if from = next; from == nil {
				return
			}
		}
	}
}

// entriesFrom returns a page of entries, and where the next begins.
func (x *Index) entriesFrom(ctx context.Context, prefix, from []byte) (es []erasure.Entry, next []byte, err error) {
	if err := x.gate.Enter(); err != nil {
		return nil, nil, err
	}
	defer x.gate.Leave()
	err = x.scan(prefix, from, func(k, v []byte) (bool, error) {
		if len(es) == page {
			next = bytes.Clone(k)
			return false, nil
		}
		n, err := decodeNumber(v)
		if err != nil {
			return false, err
		}
		r, ok, err := x.recordOf(n)
		if err == nil && ok {
			es = append(es, r.Entry)
		}
		return true, errors.Join(err, ctx.Err())
	})
	return es, next, err
}

// uvarint is a number as decodeNumber reads it.
func uvarint(n uint64) []byte { return binary.AppendUvarint(nil, n) }
