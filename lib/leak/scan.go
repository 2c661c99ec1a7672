package leak

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

type scan struct {
	ctx     context.Context
	dir     string
	needles []needle
	longest int // of the needles, in bytes

	mu     sync.Mutex
	report Report
	seen   map[Finding]bool
}

const (
	// chunk is how much of a file is looked at at once.
	chunk = 1 << 20
	// maxDepth bounds how deep compressed files within compressed files are read.
	maxDepth = 3
	// maxDecoded bounds what a file decompresses to.
	maxDecoded = 4 << 30
)

// file looks at a file as it is, and then at what it holds.
func (s *scan) file(path, rel string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.report.Files++
	s.report.Bytes += info.Size()
	s.mu.Unlock()
	if err := s.stream(rel, "", f, 0); err != nil {
		return err
	}
	head := make([]byte, 16)
	n, _ := f.ReadAt(head, 0)
	head = head[:n]
	name := filepath.Base(path)
	switch {
	case bytes.HasPrefix(head, []byte("SQLite format 3\x00")):
		err = s.sqlite(path, rel)
	case bytes.HasPrefix(head, []byte("PAR1")):
		err = s.parquet(f, info.Size(), rel)
	case strings.HasSuffix(name, ".sst"):
		err = s.table(f, rel)
	case strings.HasSuffix(name, ".log") || strings.HasPrefix(name, "MANIFEST-"):
		err = s.log(f, name, rel)
	}
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	if err != nil {
		s.unread(rel, err)
	}
	return nil
}

func (s *scan) unread(rel string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report.Unread = append(s.report.Unread, rel+": "+err.Error())
}

// stream looks for the values in a stream, and in what it is compressed from.
func (s *scan) stream(rel, where string, r io.Reader, depth int) error {
	b := bufio.NewReaderSize(r, 64<<10)
	head, err := b.Peek(10)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	name, open := compression(head)
	if open == nil || depth == maxDepth {
		return s.raw(rel, where, b)
	}
	// What is decompressed and what is looked at as it is are the same bytes, read
	// once.
	pr, pw := io.Pipe()
	failed := make(chan error, 1)
	go func() {
		z, err := open(pr)
		if err == nil {
			if where != "" {
				name = where + ", " + name
			}
			err = s.stream(rel, name, io.LimitReader(z, maxDecoded), depth+1)
		}
		_, rest := io.Copy(io.Discard, pr) // what follows is looked at all the same
		failed <- errors.Join(err, rest)
	}()
	err = s.raw(rel, where, io.TeeReader(b, pw))
	pw.CloseWithError(err)
	if decoded := <-failed; decoded != nil && err == nil {
		s.unread(rel, decoded)
	}
	return err
}

// compression returns how to read what begins so; nil if it is not compressed.
func compression(head []byte) (name string, open func(io.Reader) (io.Reader, error)) {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}):
		return "gzip", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "zstd", func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) }
	case bytes.HasPrefix(head, []byte{0x04, 0x22, 0x4d, 0x18}):
		return "lz4", func(r io.Reader) (io.Reader, error) { return lz4.NewReader(r), nil }
	case bytes.HasPrefix(head, []byte("\xff\x06\x00\x00sNaPpY")):
		return "snappy", func(r io.Reader) (io.Reader, error) { return snappy.NewReader(r), nil }
	case len(head) > 1 && head[0] == 0x78 && (uint(head[0])<<8|uint(head[1]))%31 == 0:
		return "zlib", func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }
	}
	return "", nil
}

// raw looks for the values in a stream as it is.
func (s *scan) raw(rel, where string, r io.Reader) error {
	buf := make([]byte, 0, chunk+s.longest)
	for {
		if err := s.ctx.Err(); err != nil {
			return context.Cause(s.ctx)
		}
		var err error
		for n := 0; err == nil && len(buf) < cap(buf); buf = buf[:len(buf)+n] {
			n, err = r.Read(buf[len(buf):cap(buf)])
		}
		s.bytes(rel, where, buf)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		keep := min(len(buf), s.longest-1) // a value may go on
		buf = buf[:copy(buf, buf[len(buf)-keep:])]
	}
}

// bytes looks for the values in some bytes.
func (s *scan) bytes(rel, where string, b []byte) {
	for _, n := range s.needles {
		if bytes.Contains(b, n.bytes) {
			s.found(Finding{rel, where, n.form, n.value})
		}
	}
}

func (s *scan) found(f Finding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.seen[f] {
		s.seen[f] = true
		s.report.Findings = append(s.report.Findings, f)
	}
}

// value looks for the values in one that was decoded, which may be compressed in its
// turn.
func (s *scan) value(rel, where string, b []byte) {
	s.bytes(rel, where, b)
	if name, open := compression(b); open != nil {
		if err := s.stream(rel, where, bytes.NewReader(b), 1); err != nil {
			s.unread(rel, errors.Join(errors.New(where+", "+name), err))
		}
	}
}
