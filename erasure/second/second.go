// Package second reads objects a second time, after a person was cut out of them,
// with other code than that which cut: Parquet with parquet-go, JSON lines with
// encoding/json, CSV with encoding/csv, and Hive's text by its separators alone. It
// shares nothing with package rewrite but the decoder of zstd.
//
// It reads less. Objects in OpenCSVSerde or with escapes, Parquet in LZ4_RAW (which
// parquet-go 0.32 reads wrongly, its issue 608), and text that its libraries refuse
// are answered with an error of kind Unsupported. Of Parquet's values it knows texts,
// bytes, integers, booleans, dates and UUIDs; others it counts only.
package second

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"lethe"
	"lethe/catalog"
	"lethe/erasure"
	"lethe/object"
)

// Reader implements erasure.SecondReader.
type Reader struct{}

var _ erasure.SecondReader = Reader{}

// Read implements erasure.SecondReader.
func (Reader) Read(ctx context.Context, s erasure.Stored, src object.Content, columns []string, f func(values [][]string)) (int64, error) {
	in := &source{ctx: ctx, Content: src}
	n, err := read(in, s, columns, f)
	var ours *lethe.Error
	switch {
	case in.err != nil: // rather than what a library made of it
		return n, in.err
	case err == nil, errors.As(err, &ours):
		return n, err
	}
	return n, lethe.Errorf(lethe.Invalid, "%w", err)
}

func read(in *source, s erasure.Stored, columns []string, f func(values [][]string)) (int64, error) {
	st := s.Storage
	if st.SerDe.Library == "" && st.InputFormat == "" {
		st.SerDe, st.InputFormat = s.Table.Storage.SerDe, s.Table.Storage.InputFormat
	}
	switch {
	case s.Format == "parquet" || s.Format == "" && st.SerDe.Library == catalog.Parquet.SerDe:
		return parquetFile(in, columns, f)
	case s.Format == "jsonl" || s.Format == "" && slices.Contains(catalog.JSONSerDes, st.SerDe.Library):
		return jsonLines(in, st.SerDe.Parameters, columns, f)
	case s.Format == "csv":
		return csvFile(in, columns, f)
	case s.Format == "" && st.SerDe.Library == catalog.TextFile.SerDe:
		return hiveText(in, s.Table, st, columns, f)
	}
	return 0, lethe.Errorf(lethe.Unsupported, "%s is in a format that is read once", s.Key)
}

// source is an object that remembers why it could not be read.
type source struct {
	object.Content
	ctx context.Context
	err error
}

func (s *source) ReadAt(p []byte, off int64) (int, error) {
	if err := s.ctx.Err(); err != nil {
		s.err = err
		return 0, err
	}
	if off < 0 { // which a damaged object may lead to
		return 0, io.ErrUnexpectedEOF
	}
	n, err := s.Content.ReadAt(p, off)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// window is how many bytes are read of an object at a time.
const window = 4 << 20

// text reads an object of text, within gzip or zstd by its first bytes.
func (s *source) text() (io.Reader, func(), error) {
	b := bufio.NewReaderSize(io.NewSectionReader(s, 0, s.Size()), window)
	head, err := b.Peek(4)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, nil, err
		}
		return z, func() {}, nil
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}), len(head) == 4 && head[0]>>4 == 5 && string(head[1:]) == "\x2a\x4d\x18":
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(512<<20))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return b, func() {}, nil
}

// eachLine calls f with each line of an object, without its end, and counts them.
func (s *source) eachLine(f func(line []byte) error) (n int64, err error) {
	r, done, err := s.text()
	if err != nil {
		return 0, err
	}
	defer done()
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 65<<20)
	for sc.Scan() {
		line := sc.Bytes()
		if n == 0 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if bytes.IndexByte(line, '\r') >= 0 {
			return n, lethe.Errorf(lethe.Unsupported, "line %d has a carriage return in it", n+1)
		}
		if err := f(line); err != nil {
			return n, err
		}
		n++
	}
	return n, sc.Err()
}

// at finds the columns that are meant by names among those of an object.
func at(have, names []string) [][]int {
	places := make([][]int, len(names))
	for i, name := range names {
		for j, h := range have {
			if strings.EqualFold(h, name) {
				places[i] = append(places[i], j)
			}
		}
	}
	return places
}
