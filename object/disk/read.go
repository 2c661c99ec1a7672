package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// open reads [off, off+n) of an object's extents, even if the object is replaced
// meanwhile; if it is deleted for good, until whoever deletes does not want to
// wait any longer. It answers fs.ErrNotExist if the object was replaced or
// deleted since the caller looked it up.
func (s *Store) open(exts []extent, off, n int64) (io.ReadCloser, error) {
	parts := cut(exts, off, n)
	if len(parts) == 0 {
		return io.NopCloser(eof{}), nil
	}
	if err := s.leases.take(reading, parts); err != nil {
		return nil, err
	}
	r := &reader{s: s, leased: parts, rest: parts}
	if err := r.check(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// cut returns the extents of [off, off+n).
func cut(exts []extent, off, n int64) (parts []extent) {
	for _, e := range exts {
		if n <= 0 {
			break
		}
		if off >= e.Len {
			off -= e.Len
			continue
		}
		take := min(e.Len-off, n)
		parts = append(parts, extent{e.Blob, e.Off + off, take})
		off, n = 0, n-take
	}
	return parts
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// reader reads blobs one after the other, and keeps them until it is closed.
type reader struct {
	s      *Store
	leased []extent
	rest   []extent
	now    extent   // being read
	f      *os.File // of now
	left   int64    // of now
}

// check finds out whether the leased blobs are there. One blob is opened, and
// stays; of several the index knows.
func (r *reader) check() error {
	if len(r.rest) == 1 {
		return r.next()
	}
	for _, e := range r.rest {
		if n, err := r.s.refs(e.Blob); err != nil {
			return err
		} else if n == 0 {
			return fs.ErrNotExist
		}
	}
	return nil
}

func (r *reader) Read(p []byte) (int, error) {
	for {
		if r.left == 0 {
			if err := r.next(); err != nil {
				return 0, err
			}
		}
		n, err := r.f.Read(p[:min(int64(len(p)), r.left)])
		r.left -= int64(n)
		if err == io.EOF && r.left > 0 {
			return n, r.short()
		}
		if n > 0 || len(p) == 0 {
			return n, nil
		}
		if err != nil && err != io.EOF {
			return 0, err
		}
	}
}

// WriteTo hands whole files on, which the kernel can send without passing the
// bytes through this process.
func (r *reader) WriteTo(w io.Writer) (sent int64, err error) {
	if b, ok := w.(interface{ Flush() error }); ok && r.left > smallFile {
		// Only an empty buffer is passed by.
		if err := b.Flush(); err != nil {
			return 0, err
		}
	}
	for {
		if r.left == 0 {
			if err := r.next(); err == io.EOF {
				return sent, nil
			} else if err != nil {
				return sent, err
			}
		}
		n, err := io.Copy(w, &io.LimitedReader{R: r.f, N: r.left})
		sent, r.left = sent+n, r.left-n
		if err != nil {
			return sent, err
		}
		if r.left > 0 {
			return sent, r.short()
		}
	}
}

// smallFile is up to where it is not worth to flush a buffer for a file.
const smallFile = 16 << 10

// short is the error of a blob that ends early: it was cut, or is damaged.
func (r *reader) short() error {
	if r.s.leases.isCut(r.now.Blob) {
		return errErased
	}
	return io.ErrUnexpectedEOF
}

func (r *reader) next() error {
	r.closeFile()
	if len(r.rest) == 0 {
		return io.EOF
	}
	e := r.rest[0]
	f, err := os.Open(r.s.blobPath(e.Blob))
	if errors.Is(err, fs.ErrNotExist) && r.s.leases.isCut(e.Blob) {
		return errErased
	}
	if err != nil {
		return err
	}
	if e.Off > 0 {
		if _, err := f.Seek(e.Off, io.SeekStart); err != nil {
			f.Close()
			return err
		}
	}
	r.rest, r.now, r.f, r.left = r.rest[1:], e, f, e.Len
	return nil
}

func (r *reader) closeFile() {
	if r.f != nil {
		r.f.Close()
		r.f = nil
	}
}

// Close ends the reading and unlinks what was dropped meanwhile.
func (r *reader) Close() error {
	r.closeFile()
	r.rest, r.left = nil, 0
	if r.leased != nil {
		leased := r.leased
		r.leased = nil
		r.s.bury(r.s.leases.give(reading, leased))
	}
	return nil
}
