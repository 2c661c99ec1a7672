package pebble

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/index"

	"github.com/cockroachdb/pebble/v2"
)

var _ erasure.Follower = (*Index)(nil)

// cut are records that were taken out of an object, or blanked, after its postings
// were written.
type cut struct {
	Rows  []int64 // by the numbers they had, in order
	Blank bool    // the others kept their numbers
}

// mostCut bounds the rows in a record: an object that has lost more is read again.
const mostCut = 4096

// cut takes rows through what was done to their object since they were written.
func (r *record) cut(rows []int64) []int64 {
	for _, c := range r.Cuts {
		rows = slices.DeleteFunc(rows, func(row int64) bool {
			_, gone := slices.BinarySearch(c.Rows, row)
			return gone
		})
		if c.Blank {
			continue
		}
		for i, row := range rows {
			if row != erasure.Whole {
				before, _ := slices.BinarySearch(c.Rows, row)
				rows[i] -= int64(before)
			}
		}
	}
	return rows
}

// Follow implements erasure.Follower. The number stays, and with it the postings; the
// record tells what became of them.
func (x *Index) Follow(_ context.Context, from erasure.ObjectVersion, to erasure.Entry, gone []int64, blank bool) error {
	if from.Bucket != to.Bucket || from.Key != to.Key || from == to.ObjectVersion || !slices.IsSorted(gone) {
		return lethe.Errorf(lethe.Invalid, "s3://%s/%s does not follow from s3://%s/%s", to.Bucket, to.Key, from.Bucket, from.Key)
	}
	if err := x.gate.Enter(); err != nil {
		return err
	}
	defer x.gate.Leave()
	oldKey, newKey := objectKey(from), objectKey(to.ObjectVersion)
	defer x.lock([][]byte{oldKey, newKey})()
	n, r, err := x.current(from)
	if err != nil {
		return err
	}
	if r == nil || r.ETag != from.ETag {
		return index.Unknown(from)
	}
	next := record{Entry: to, Postings: r.Postings, Cuts: append(slices.Clone(r.Cuts), cut{gone, blank})}
	kept := 0
	for _, c := range next.Cuts {
		kept += len(c.Rows)
	}
	if kept > mostCut {
		return lethe.Errorf(lethe.Unsupported, "%d rows of s3://%s/%s have gone", kept, from.Bucket, from.Key)
	}
	b := x.db.NewBatch()
	defer b.Close()
	replaced, there := uint64(0), (*record)(nil)
	if string(oldKey) != string(newKey) {
		if replaced, there, err = x.current(to.ObjectVersion); err != nil {
			return err
		}
		if err := b.Delete(oldKey, nil); err != nil {
			return err
		}
	}
	if there != nil {
		if err := b.Delete(numberKey(replaced), nil); err != nil {
			return err
		}
	}
	x.replacing.Lock()
	defer x.replacing.Unlock()
	if err := errors.Join(b.Set(newKey, uvarint(n), nil), b.Set(numberKey(n), encodeRecord(next), nil), b.Commit(pebble.Sync)); err != nil {
		return fmt.Errorf("write the erasure index: %w", err)
	}
	if there != nil {
		x.entries.Add(-1)
		x.postings.Add(-there.Postings)
		x.live.remove(replaced)
	}
	return nil
}
