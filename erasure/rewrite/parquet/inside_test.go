package parquet_test

import (
	"bytes"
	"fmt"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// inside returns the decompressed bytes of every page between the first and the
// last that a file's footer tells of, found and decoded by parquet-go's code and
// not by ours.
func inside(t testing.TB, b []byte) [][]byte {
	t.Helper()
	f, err := pq.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatalf("parquet-go refuses the file: %v", err)
	}
	var out [][]byte
	for _, g := range f.Metadata().RowGroups {
		for _, c := range g.Columns {
			m := c.MetaData
			start := m.DataPageOffset
			if m.DictionaryPageOffset > 0 && m.DictionaryPageOffset < start {
				start = m.DictionaryPageOffset
			}
			r := bytes.NewReader(b[start : start+m.TotalCompressedSize])
			d := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(r))
			for r.Len() > 0 {
				var h format.PageHeader
				if err := d.Decode(&h); err != nil {
					t.Fatalf("page header in %v: %v", m.PathInSchema, err)
				}
				body := make([]byte, h.CompressedPageSize)
				if _, err := r.Read(body); err != nil && len(body) > 0 {
					t.Fatal(err)
				}
				levels := int32(0)
				compressed := true
				if h.Type == format.DataPageV2 {
					v2 := h.DataPageHeaderV2.V
					levels = v2.DefinitionLevelsByteLength + v2.RepetitionLevelsByteLength
					compressed = !v2.IsCompressed.Valid || v2.IsCompressed.V
					if int(levels) == len(body) {
						compressed = false
					}
				}
				raw := body[levels:]
				if compressed {
					if raw, err = unpackPage(m.Codec, raw, int(h.UncompressedPageSize-levels)); err != nil {
						t.Fatalf("page of %v: %v", m.PathInSchema, err)
					}
				}
				out = append(out, raw)
			}
		}
	}
	return out
}

func unpackPage(codec format.CompressionCodec, b []byte, size int) ([]byte, error) {
	if codec == format.Lz4Raw { // parquet-go's own decoding of it is wrong (its issue 608)
		out := make([]byte, size)
		n, err := lz4.UncompressBlock(b, out)
		return out[:n], err
	}
	out, err := pq.LookupCompressionCodec(codec).Decode(make([]byte, 0, size), b)
	if err == nil && len(out) != size {
		err = fmt.Errorf("%d bytes, not %d", len(out), size)
	}
	return out, err
}
