package pebble

import (
	"context"
	"errors"
	"fmt"

	"lethe/erasure"
	"lethe/erasure/index"

	"github.com/cockroachdb/pebble/v2"
)

var _ erasure.Follower = (*Index)(nil)

// Follow implements erasure.Follower. The number stays, and with it the postings; the
// record tells what became of them.
func (x *Index) Follow(_ context.Context, from erasure.ObjectVersion, to erasure.Entry, gone []int64, blank bool) error {
	if err := index.CheckFollow(from, to, gone); err != nil {
		return err
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
	next := record{Entry: to, Postings: r.Postings}
	if next.Cuts, err = r.Cuts.Add(gone, blank); err != nil {
		return err
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
