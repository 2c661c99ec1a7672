package parquet_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"lethe/erasure/rewrite/rewritetest"
	"lethe/object"
)

// big is a Parquet file of about size bytes which is not in memory: the same row
// group again and again, and in the middle one that holds BigUser.
func big(t testing.TB, size int64) object.Content {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	group := func(user string) ([]byte, *format.FileMetaData) {
		rows := make([]rewritetest.Row, 20_000)
		for i := range rows {
			id, n, note := pick(r, "u-1", "u-2", "u-3"), r.Int64(), string(rune('a'+r.IntN(26)))
			rows[i] = rewritetest.Row{User: &id, Number: &n, Note: &note, Friends: []string{id, note}}
		}
		rows[7].User = &user
		b := write(t, cells(rows), schema(r), pq.Compression(&pq.Snappy), pq.PageBufferSize(100_000))
		f, err := pq.OpenFile(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		m := f.Metadata()
		end := int64(0)
		for i := range m.RowGroups[0].Columns {
			c := &m.RowGroups[0].Columns[i]
			end = max(end, m.RowGroups[0].FileOffset, c.MetaData.DataPageOffset+c.MetaData.TotalCompressedSize)
			c.OffsetIndexOffset, c.OffsetIndexLength, c.ColumnIndexOffset, c.ColumnIndexLength = 0, 0, 0, 0
			if d := c.MetaData.DictionaryPageOffset; d > 0 {
				end = max(end, d+c.MetaData.TotalCompressedSize)
			}
		}
		return b[4:end], m
	}
	r = rand.New(rand.NewPCG(1, 2))
	block, meta := group("u-4")
	r = rand.New(rand.NewPCG(1, 2))
	once, special := group(rewritetest.BigUser)
	middle := rewritetest.Repeat(size, block, once)
	groups := int(middle.Size()-int64(len(once))) / len(block)
	footer := *meta
	footer.RowGroups = nil
	at := int64(0)
	add := func(m *format.FileMetaData, n int) {
		g := m.RowGroups[0]
		g.FileOffset += at
		g.Ordinal = int16(len(footer.RowGroups))
		g.Columns = append([]format.ColumnChunk{}, g.Columns...)
		for i := range g.Columns {
			c := &g.Columns[i]
			c.MetaData.DataPageOffset += at
			if c.MetaData.DictionaryPageOffset > 0 {
				c.MetaData.DictionaryPageOffset += at
			}
		}
		at += int64(n)
		footer.RowGroups = append(footer.RowGroups, g)
	}
	for i := range groups {
		if i == groups/2 {
			add(special, len(once))
		}
		add(meta, len(block))
	}
	footer.NumRows = 20_000 * int64(len(footer.RowGroups))
	b, err := thrift.Marshal(new(thrift.CompactProtocol), footer)
	if err != nil {
		t.Fatal(err)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(b)))
	return joined{bytes.NewReader([]byte("PAR1")), middle, bytes.NewReader(append(b, "PAR1"...))}
}

// joined are contents one after the other.
type joined []object.Content

func (j joined) Size() (n int64) {
	for _, c := range j {
		n += c.Size()
	}
	return n
}

func (j joined) ReadAt(b []byte, off int64) (n int, err error) {
	for _, c := range j {
		if off >= c.Size() {
			off -= c.Size()
			continue
		}
		k, err := c.ReadAt(b[n:min(int64(len(b)), int64(n)+c.Size()-off)], off)
		n += k
		if n == len(b) {
			return n, nil
		}
		if err != nil && err != io.EOF {
			return n, err
		}
		off = 0
	}
	return n, io.EOF
}
