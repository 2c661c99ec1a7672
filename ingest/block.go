package ingest

import (
	"github.com/parquet-go/parquet-go"
)

// Bounds of a block, which becomes a row group.
const (
	blockRows  = 64 << 10
	blockBytes = 128 << 20
)

// valueSize is about what a value costs in memory beside its text.
const valueSize = 24

// block collects rows by columns. Its values' texts lie in the block's own
// memory.
type block struct {
	columns [][]parquet.Value
	rows    int
	bytes   int64
	texts   [][]byte // chunks; the last has room
}

func newBlock(columns int) *block { return &block{columns: make([][]parquet.Value, columns)} }

// add copies a row.
func (b *block) add(row []parquet.Value) {
	for i, v := range row {
		switch {
		case v.IsNull():
			v = v.Level(0, 0, i)
		case v.Kind() == parquet.ByteArray:
			v = parquet.ByteArrayValue(b.keep(v.ByteArray())).Level(0, 1, i)
		case v.Kind() == parquet.FixedLenByteArray:
			v = parquet.FixedLenByteArrayValue(b.keep(v.ByteArray())).Level(0, 1, i)
		default:
			v = v.Level(0, 1, i)
		}
		b.columns[i] = append(b.columns[i], v)
	}
	b.rows++
	b.bytes += int64(len(row)) * valueSize
}

func (b *block) keep(text []byte) []byte {
	last := len(b.texts) - 1
	if last < 0 || cap(b.texts[last])-len(b.texts[last]) < len(text) {
		// Chunks double, so that a partition of few rows costs little.
		chunk := 512
		if last >= 0 {
			chunk = min(2*cap(b.texts[last]), 256<<10)
		}
		b.texts = append(b.texts, make([]byte, 0, max(chunk, len(text))))
		last++
		b.bytes += int64(cap(b.texts[last]))
	}
	from := len(b.texts[last])
	b.texts[last] = append(b.texts[last], text...)
	return b.texts[last][from:len(b.texts[last]):len(b.texts[last])]
}

func (b *block) full() bool { return b.rows >= blockRows || b.bytes >= blockBytes }

func (b *block) reset() {
	for i := range b.columns {
		b.columns[i] = b.columns[i][:0]
	}
	b.rows, b.bytes = 0, 0
	if n := len(b.texts); n > 0 {
		b.texts = append(b.texts[:0], b.texts[n-1][:0]) // the last is the largest, or near it
		b.bytes = int64(cap(b.texts[0]))
	}
}
