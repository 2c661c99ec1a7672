package parquet

import (
	"context"
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// bloom is a split block Bloom filter (BloomFilter.md), built anew: a filter cannot
// forget.
type bloom struct {
	off, size int64 // of the old one, with its header
	header    []byte
	blocks    []byte
}

// The odd numbers that spread a hash over the eight words of a block.
var salts = [8]uint32{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31}

func (b *bloom) add(v []byte) {
	h := xxhash.Sum64(v)
	block := b.blocks[(h>>32)*uint64(len(b.blocks)/32)>>32*32:][:32]
	for i, salt := range salts {
		word := block[4*i:]
		bit := uint32(h) * salt >> 27
		binary.LittleEndian.PutUint32(word, binary.LittleEndian.Uint32(word)|1<<bit)
	}
}

func (b *bloom) addAll(v *values) {
	for i := range v.n {
		b.add(v.at(i))
	}
}

// maxBloom bounds a filter's bytes: that of the format's own recommendation for
// writers, parquet-mr's, is 1 MB.
const maxBloom = 32 << 20

// bloomSize returns how long a filter with its header is.
func (f *file) bloomSize(ctx context.Context, m *node) (int64, error) {
	if n := m.num(metaBloomLength); n > 0 {
		return n, nil
	}
	h, size, err := f.bloomHeader(ctx, m.num(metaBloom))
	return int64(size) + h.num(bloomBytes), err
}

func (f *file) bloomHeader(ctx context.Context, off int64) (node, int, error) {
	b, err := f.src.bytes(ctx, nil, off, min(256, f.start-off))
	if err != nil {
		return node{}, 0, err
	}
	h, size, err := decode(b)
	if err == nil && h.num(bloomBytes) < 0 {
		err = damaged("it has %d bytes", h.num(bloomBytes))
	}
	return h, size, in(err, "Bloom filter at %d", off)
}

// newBloom returns an empty filter of the size of a column's, and nil if it has
// none, or one of a kind that is not known: that is then dropped.
func (f *file) newBloom(ctx context.Context, m *node) (*bloom, error) {
	off := m.num(metaBloom)
	if off <= 0 {
		return nil, nil
	}
	h, size, err := f.bloomHeader(ctx, off)
	if err != nil {
		return nil, err
	}
	n := h.num(bloomBytes)
	for id := int16(2); id <= 4; id++ { // algorithm, hash, compression: the first of each
		if u := h.get(id); u == nil || len(u.fields) != 1 || u.fields[0].id != 1 {
			n = 0
		}
	}
	if n == 0 || n%32 != 0 || n > maxBloom {
		m.del(metaBloom, metaBloomLength)
		return nil, nil
	}
	if total := int64(size) + n; m.num(metaBloomLength) != 0 && m.num(metaBloomLength) != total || off+total > f.start {
		return nil, damaged("Bloom filter at %d: it has %d bytes", off, total)
	}
	header, err := f.src.bytes(ctx, nil, off, int64(size))
	return &bloom{off: off, size: int64(size) + n, header: header, blocks: make([]byte, n)}, err
}
