package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"lethe"
	"lethe/erasure"
	"lethe/lib/postings"
	"lethe/lib/wipe"

	"github.com/cockroachdb/pebble/v2"
)

// Erase takes the postings of identifiers out of all entries that count, and their
// bytes out of the files.
func (x *Index) Erase(ctx context.Context, hs []erasure.Hash) error {
	if err := x.gate.Enter(); err != nil {
		return err
	}
	defer x.gate.Leave()
	rests := map[uint32][]uint32{}
	for _, h := range hs {
		bucket, rest := split(h)
		rests[bucket] = append(rests[bucket], rest)
	}
	if err := x.cut(rests); err != nil {
		return err
	}
	var ranges []wipe.Range
	for bucket := range rests {
		key := postingKey(bucket)
		ranges = append(ranges, wipe.Range{From: key, To: append(bytes.Clone(key), 0)})
	}
	err := x.fs.Wipe(ctx, x.db, x.dir, touchKey, ranges...)
	switch {
	case err != nil && ctx.Err() != nil:
		return lethe.Errorf(lethe.Canceled, "erase from the index: %w", err)
	case err != nil:
		return fmt.Errorf("erase from the index: %w", err)
	}
	return nil
}

// cut writes buckets anew without some hashes, and without what does not count.
func (x *Index) cut(rests map[uint32][]uint32) error {
	x.adding.Lock()
	defer x.adding.Unlock()
	b := x.db.NewBatch()
	defer b.Close()
	counts := map[uint64]bool{} // by number: thousands of postings may be of one
	for bucket, rests := range rests {
		key := postingKey(bucket)
		packed, err := x.get(key)
		if err != nil {
			return err
		}
		ps, err := unpack(nil, packed)
		if err != nil {
			return err
		}
		ps = slices.DeleteFunc(ps, func(p postings.Posting) bool {
			if !x.live.has(p.Number) || !slices.Contains(rests, p.Rest) {
				return !x.live.has(p.Number)
			}
			does, known := counts[p.Number]
			if !known {
				var e error
				_, does, e = x.recordOf(p.Number)
				err = errors.Join(err, e)
				counts[p.Number] = does
			}
			return does // else its object is being entered
		})
		if err != nil {
			return err
		}
		slices.SortFunc(ps, postings.Compare)
		// A value that is set hides all operands before it, and a compaction drops them.
		if err := b.Set(key, postings.Pack(nil, ps), nil); err != nil {
			return err
		}
	}
	if err := b.Commit(pebble.Sync); err != nil {
		return fmt.Errorf("erase from the index: %w", err)
	}
	return nil
}
