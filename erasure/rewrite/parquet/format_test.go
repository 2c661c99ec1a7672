package parquet_test

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding"

	"lethe/erasure"
	"lethe/erasure/rewrite/parquet"
	"lethe/erasure/rewrite/rewritetest"
)

// cells returns rewritetest's rows as the values of schema's columns, which are in
// alphabetical order, with their levels.
func cells(rows []rewritetest.Row) []pq.Row {
	out := make([]pq.Row, len(rows))
	for i, r := range rows {
		var x pq.Row
		switch {
		case r.Buyer != nil:
			x = append(x, pq.ValueOf(*r.Buyer).Level(0, 2, 0))
		default: // the struct is null, or its field
			x = append(x, pq.NullValue().Level(0, i%2, 0))
		}
		for k, f := range r.Friends {
			x = append(x, pq.ValueOf(f).Level(min(k, 1), 2, 1))
		}
		if len(r.Friends) == 0 {
			x = append(x, pq.NullValue().Level(0, i%2, 1)) // an empty list, or one of a null
		}
		cell := func(v pq.Value) {
			def := 1
			if v.IsNull() {
				def = 0
			}
			x = append(x, v.Level(0, def, len(x)-max(len(r.Friends), 1)+1))
		}
		cell(optional(r.Note))
		cell(optional(r.Number))
		cell(optional(r.User))
		if r.UUID == nil {
			cell(pq.NullValue())
		} else {
			b, err := hex.DecodeString(strings.ReplaceAll(*r.UUID, "-", ""))
			if err != nil {
				panic(err)
			}
			cell(pq.FixedLenByteArrayValue(b))
		}
		out[i] = x
	}
	return out
}

func optional[T any](v *T) pq.Value {
	if v == nil {
		return pq.NullValue()
	}
	return pq.ValueOf(*v)
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// codecs are all but LZ4, which parquet-go 0.32 gets wrong (its issue 608).
var codecs = []compress.Codec{&pq.Uncompressed, &pq.Snappy, &pq.Gzip, &pq.Brotli, &pq.Zstd}

// schema is that of rewritetest's rows, with any encoding of each column.
func schema(r *rand.Rand) *pq.Schema {
	text := func(n pq.Node) pq.Node {
		return pq.Encoded(n, pick[encoding.Encoding](r, &pq.Plain, &pq.RLEDictionary, &pq.RLEDictionary, &pq.DeltaLengthByteArray, &pq.DeltaByteArray))
	}
	return pq.NewSchema("record", pq.Group{
		"buyer":   pq.Optional(pq.Group{"id": pq.Optional(text(pq.String()))}),
		"friends": pq.List(pq.Optional(text(pq.String()))),
		"note":    pq.Optional(text(pq.String())),
		"number":  pq.Optional(pq.Encoded(pq.Int(64), pick[encoding.Encoding](r, &pq.Plain, &pq.RLEDictionary, &pq.DeltaBinaryPacked, &pq.ByteStreamSplit))),
		"user_id": pq.Optional(text(pq.String())),
		"uuid":    pq.Optional(pq.Encoded(pq.UUID(), pick[encoding.Encoding](r, &pq.Plain, &pq.RLEDictionary, &pq.DeltaByteArray, &pq.ByteStreamSplit))),
	})
}

// options are any of a writer's.
func options(r *rand.Rand) []pq.WriterOption {
	limit := 8 + r.IntN(40)
	o := []pq.WriterOption{
		pq.Compression(pick(r, codecs...)),
		pq.DataPageVersion(1 + r.IntN(2)),
		pq.PageBufferSize(pick(r, 64, 500, 4000, 1<<20)),
		pq.DataPageStatistics(r.IntN(2) == 0),
		pq.MaxRowsPerRowGroup(int64(pick(r, 20, 100, 1<<20))),
		pq.ColumnIndexSizeLimit(func([]string) int { return limit }),
		pq.KeyValueMetadata("made", "by a test"),
	}
	if r.IntN(2) == 0 {
		o = append(o, pq.BloomFilters(pq.SplitBlockFilter(10, "user_id"), pq.SplitBlockFilter(10, "number"), pq.SplitBlockFilter(10, "note"),
			pq.SplitBlockFilter(10, "uuid"), pq.SplitBlockFilter(10, "friends", "list", "element"), pq.SplitBlockFilter(10, "buyer", "id")))
	}
	return o
}

// write writes rows with parquet-go.
func write(t testing.TB, rows []pq.Row, s *pq.Schema, o ...pq.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pq.NewWriter(&b, append(o, s)...)
	if _, err := w.WriteRows(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFormat(t *testing.T) {
	rewritetest.Suite{
		New: func() erasure.Format { return parquet.Format{} },
		Write: func(t testing.TB, r *rand.Rand, rows []rewritetest.Row) []byte {
			return write(t, cells(rows), schema(r), options(r)...)
		},
		Inside: inside,
		Big:    big,
		Rounds: 25,
	}.Run(t)
}
