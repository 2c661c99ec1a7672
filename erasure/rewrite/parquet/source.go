package parquet

import (
	"context"
	"io"
	"sync/atomic"

	"lethe/object"
)

// source is the object that is read, and counts what is read of it.
type source struct {
	at   object.Content
	size int64
	read atomic.Int64
	held *held // not changed while columns are worked on; nil if nothing was read ahead
}

// bytes reads n bytes at off, into buf if they fit.
func (s *source) bytes(ctx context.Context, buf []byte, off, n int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if off < 0 || n < 0 || off > s.size || n > s.size-off {
		return nil, damaged("%d bytes at %d are beyond the file's %d", n, off, s.size)
	}
	if int64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if n == 0 {
		return buf, nil
	}
	if s.held.has(off, n) {
		copy(buf, s.held.b[off-s.held.off:])
		return buf, nil
	}
	return s.fetch(ctx, buf, off)
}

// fetch fills buf from the object.
func (s *source) fetch(ctx context.Context, buf []byte, off int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n := int64(len(buf))
	k, err := s.at.ReadAt(buf, off)
	s.read.Add(int64(k))
	if int64(k) == n {
		return buf, nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return nil, err
}

// ahead is how much is read at once of what will be needed.
const ahead = 4 << 20

// window reads a range of a source from front to back.
type window struct {
	src  *source
	buf  []byte
	have []byte // what is read, from off on
	off  int64
}

// bytes returns n bytes at off, and reads on up to until where it must read. They
// are good until the next call.
func (w *window) bytes(ctx context.Context, off, n, until int64) ([]byte, error) {
	if off >= w.off && off+n <= w.off+int64(len(w.have)) {
		at := off - w.off
		return w.have[at : at+n : at+n], nil
	}
	size := max(n, min(until-off, ahead))
	b, err := w.src.bytes(ctx, w.buf, off, size)
	if err != nil {
		return nil, err
	}
	w.buf, w.have, w.off = b, b, off
	return b[:n:n], nil
}
