package disk

import (
	"io"
	"io/fs"
	"os"
)

// open reads [off, off+n) of an object's extents, whatever becomes of the object
// meanwhile. It answers fs.ErrNotExist if the object was replaced since the
// caller looked it up. One whole blob comes back as its *os.File, which the
// front end sends with sendfile.
func (s *Store) open(exts []extent, off, n int64) (io.ReadCloser, error) {
	parts := cut(exts, off, n)
	switch len(parts) {
	case 0:
		return io.NopCloser(eof{}), nil
	case 1:
		f, err := os.Open(s.blobPath(parts[0].Blob))
		if err != nil || off == 0 && len(exts) == 1 && n == exts[0].Len {
			return f, err
		}
		return struct {
			io.Reader
			io.Closer
		}{io.NewSectionReader(f, parts[0].Off, parts[0].Len), f}, nil
	}
	s.leases.take(parts)
	r := &extentReader{s: s, leased: parts, rest: parts}
	for _, e := range parts {
		if n, err := s.refs(e.Blob); err != nil || n == 0 {
			r.Close()
			if err == nil {
				err = fs.ErrNotExist
			}
			return nil, err
		}
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

// extentReader reads blobs one after the other, and keeps them until it is closed.
type extentReader struct {
	s      *Store
	leased []extent
	rest   []extent
	f      *os.File
	left   int64 // of f
}

func (r *extentReader) Read(p []byte) (int, error) {
	for {
		if r.left == 0 {
			if err := r.next(); err != nil {
				return 0, err
			}
		}
		n, err := r.f.Read(p[:min(int64(len(p)), r.left)])
		r.left -= int64(n)
		if err == io.EOF && r.left > 0 {
			return n, io.ErrUnexpectedEOF // shorter than the index says
		}
		if n > 0 || len(p) == 0 {
			return n, nil
		}
		if err != nil && err != io.EOF {
			return 0, err
		}
	}
}

func (r *extentReader) next() error {
	r.closeFile()
	if len(r.rest) == 0 {
		return io.EOF
	}
	e := r.rest[0]
	f, err := os.Open(r.s.blobPath(e.Blob))
	if err != nil {
		return err
	}
	if _, err := f.Seek(e.Off, io.SeekStart); err != nil {
		f.Close()
		return err
	}
	r.rest, r.f, r.left = r.rest[1:], f, e.Len
	return nil
}

func (r *extentReader) closeFile() {
	if r.f != nil {
		r.f.Close()
		r.f = nil
	}
}

// Close ends the reading and unlinks what was deleted meanwhile.
func (r *extentReader) Close() error {
	r.closeFile()
	r.rest, r.left = nil, 0
	if r.leased != nil {
		r.s.bury(r.s.leases.give(r.leased))
		r.leased = nil
	}
	return nil
}
