package pebble

import (
	"encoding/binary"
	"io"
	"slices"

	"lethe/erasure"
	"lethe/lib/postings"

	"github.com/cockroachdb/pebble/v2"
)

// Of a hash the first 48 bits are kept: 18 of them choose a bucket, 30 stand in
// the bucket's postings. Two identifiers out of 10^8 share them with a chance of
// 4 in 10^7 for each that is looked up, which costs a read and nothing else,
// because whoever finds a posting reads the record itself before cutting it.
const (
	bucketBits = 18
	restBits   = 30
)

func split(h erasure.Hash) (bucket, rest uint32) {
	v := binary.BigEndian.Uint64(h[:8]) >> (64 - bucketBits - restBits)
	return uint32(v >> restBits), uint32(v & (1<<restBits - 1))
}

// unpack appends the postings of a packed bucket.
func unpack(dst []postings.Posting, packed []byte) ([]postings.Posting, error) {
	dst, err := postings.Unpack(dst, packed, restBits)
	if err != nil {
		return dst, damaged(err.Error())
	}
	return dst, nil
}

// merger makes one packed bucket of several, wherever Pebble meets them. It
// leaves out what does not count any more.
func merger(counts func(number uint64) bool) *pebble.Merger {
	return &pebble.Merger{
		Name: "lethe.postings.1",
		Merge: func(_, value []byte) (pebble.ValueMerger, error) {
			m := &merging{counts: counts}
			return m, m.add(value)
		},
	}
}

type merging struct {
	counts func(uint64) bool
	ps     []postings.Posting
}

func (m *merging) add(packed []byte) (err error) {
	m.ps, err = unpack(m.ps, packed)
	return err
}

func (m *merging) MergeNewer(value []byte) error { return m.add(value) }
func (m *merging) MergeOlder(value []byte) error { return m.add(value) }

// Finish packs what is left, if only an empty bucket: Pebble 2.1.7 panics in
// compactions if a merge says that its key shall go.
func (m *merging) Finish(bool) ([]byte, io.Closer, error) { return m.packed(), nil, nil }

func (m *merging) packed() []byte {
	m.ps = slices.DeleteFunc(m.ps, func(p postings.Posting) bool { return !m.counts(p.Number) })
	slices.SortFunc(m.ps, postings.Compare)
	return postings.Pack(nil, m.ps)
}
