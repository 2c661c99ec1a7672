package compressed_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"lethe/erasure"
	"lethe/erasure/rewrite/compressed"
	"lethe/erasure/rewrite/jsonl"
	"lethe/erasure/rewrite/rewritetest"
	"lethe/object"
)

// split cuts b at random places, also within lines and before nothing.
func split(r *rand.Rand, b []byte) [][]byte {
	var out [][]byte
	for len(b) > 0 || len(out) == 0 {
		n := len(b)
		if r.IntN(3) > 0 {
			n = r.IntN(len(b) + 1)
		}
		out = append(out, b[:n])
		b = b[n:]
	}
	return out
}

func gzipped(r *rand.Rand, chunks ...[]byte) []byte {
	var out bytes.Buffer
	for _, c := range chunks {
		z, err := gzip.NewWriterLevel(&out, r.IntN(10))
		if err != nil {
			panic(err)
		}
		if r.IntN(3) == 0 {
			z.Name, z.Comment, z.Extra = "input.json", "c", []byte{'B', 'C', 2, 0, 1, 2}
		}
		if _, err := z.Write(c); err != nil {
			panic(err)
		}
		if err := z.Close(); err != nil {
			panic(err)
		}
	}
	return out.Bytes()
}

func gunzip(t testing.TB, b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func zstded(r *rand.Rand, chunks ...[]byte) []byte {
	var out bytes.Buffer
	for _, c := range chunks {
		switch r.IntN(4) {
		case 0: // known size, maybe one segment
			z, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(r.IntN(2) == 0), zstd.WithSingleSegment(r.IntN(2) == 0), zstd.WithZeroFrames(true), zstd.WithEncoderConcurrency(1))
			if err != nil {
				panic(err)
			}
			out.Write(z.EncodeAll(c, nil))
		default:
			z, err := zstd.NewWriter(&out, zstd.WithEncoderCRC(r.IntN(2) == 0), zstd.WithZeroFrames(true), zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.EncoderLevel(1+r.IntN(4))))
			if err != nil {
				panic(err)
			}
			if _, err := z.Write(c); err != nil {
				panic(err)
			}
			if err := z.Close(); err != nil {
				panic(err)
			}
		}
		if r.IntN(3) == 0 {
			out.Write(skippable(uint32(r.IntN(16)), "nothing of note"))
		}
	}
	return out.Bytes()
}

func skippable(id uint32, text string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0x184d2a50+id)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(text))), text...)
}

func unzstd(t testing.TB, b []byte) []byte {
	z, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func bigBlock() []byte {
	r := rand.New(rand.NewPCG(1, 1))
	var rows []rewritetest.Row
	for i := range 20000 {
		user, note := fmt.Sprintf("u-%016x", r.Uint64()), strings.Repeat("some words ", i%20)
		rows = append(rows, rewritetest.Row{User: &user, Note: &note})
	}
	return rewritetest.JSONLines(rows)
}

func TestGzip(t *testing.T) {
	rewritetest.Suite{
		New: func() erasure.Format { return compressed.Gzip(jsonl.New(nil)) },
		Write: func(t testing.TB, r *rand.Rand, rows []rewritetest.Row) []byte {
			return gzipped(r, split(r, rewritetest.JSONLines(rows))...)
		},
		Inside: func(t testing.TB, b []byte) [][]byte { return [][]byte{gunzip(t, b)} },
		Big: func(t testing.TB, size int64) object.Content {
			r := rand.New(rand.NewPCG(2, 2))
			return rewritetest.Repeat(size, gzipped(r, bigBlock()), gzipped(r, []byte(`{"user_id":"`+rewritetest.BigUser+"\"}\n")))
		},
		BigSize: 8 << 20, // which expand to some 200 MB
	}.Run(t)
}

func TestZstd(t *testing.T) {
	rewritetest.Suite{
		New: func() erasure.Format { return compressed.Zstd(jsonl.New(nil)) },
		Write: func(t testing.TB, r *rand.Rand, rows []rewritetest.Row) []byte {
			return zstded(r, split(r, rewritetest.JSONLines(rows))...)
		},
		Inside: func(t testing.TB, b []byte) [][]byte { return [][]byte{unzstd(t, b)} },
		Big: func(t testing.TB, size int64) object.Content {
			r := rand.New(rand.NewPCG(2, 2))
			return rewritetest.Repeat(size, zstded(r, bigBlock()), zstded(r, []byte(`{"user_id":"`+rewritetest.BigUser+"\"}\n")))
		},
		Memory:  96 << 20,
		BigSize: 8 << 20, // which expand to some 200 MB
	}.Run(t)
}
