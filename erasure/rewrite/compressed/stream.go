package compressed

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"

	"lethe"
	"lethe/object"
)

// readSize is how much is read from an object at once, if there is so much to read.
const readSize = 2 << 20

// reader reads an object onwards and knows how far it came.
type reader struct {
	*bufio.Reader
	from *onwards
}

// onwards reads a Content.
type onwards struct {
	ctx  context.Context
	src  object.Content
	off  int64
	read *int64
	err  error // of the Content, but for io.EOF
}

// newReader reads n bytes of src, or what follows them too.
func newReader(ctx context.Context, src object.Content, off, n int64, read *int64) *reader {
	from := &onwards{ctx: ctx, src: src, off: off, read: read}
	return &reader{bufio.NewReaderSize(from, int(min(n, readSize))), from}
}

func (o *onwards) Read(b []byte) (int, error) {
	if o.err = o.ctx.Err(); o.err != nil {
		return 0, o.err
	}
	n, err := o.src.ReadAt(b, o.off)
	o.off += int64(n)
	*o.read += int64(n)
	switch {
	case n > 0:
		return n, nil // an error comes again
	case err != io.EOF:
		o.err = err
	}
	return 0, err
}

// offset is of the byte that is read next.
func (r *reader) offset() int64 { return r.from.off - int64(r.Buffered()) }

// ended reports whether the object is at its end.
func (r *reader) ended() (bool, error) {
	_, err := r.Peek(1)
	if err == io.EOF {
		return true, nil
	}
	return false, err
}

// failure makes an error of decompression one for people, unless it is the store's.
func (r *reader) failure(name string, err error) error {
	var known *lethe.Error
	switch {
	case r.from.err != nil:
		return r.from.err
	case errors.As(err, &known):
		return err
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return lethe.Errorf(lethe.Invalid, "the object ends within its %s data", name)
	}
	return lethe.Errorf(lethe.Invalid, "the object's %s data is damaged before byte %d: %w", name, r.offset(), err)
}

// group is a run of parts.
type group struct {
	off, len int64 // in the object
	from, to int64 // in what it expands to
	aside    aside
}

// stream is what an object expands to, as a Content that is read onwards. It
// notes the groups of its parts.
type stream struct {
	codec  codec
	r      *reader
	parts  parts
	pos    int64 // in what it expands to
	in     bool  // within a part
	start  int64 // of that part in the object
	from   int64 // and in what it expands to
	groups []group
	err    error // the end
}

func newStream(c codec, r *reader) *stream { return &stream{codec: c, r: r, parts: c.parts(r)} }

// Size implements object.Content. It is not known before all is read.
func (s *stream) Size() int64 { return math.MaxInt64 }

// ReadAt implements object.Content.
func (s *stream) ReadAt(b []byte, off int64) (n int, err error) {
	if off != s.pos {
		return 0, lethe.Errorf(lethe.Internal, "what is compressed was read at %d and not at %d", off, s.pos)
	}
	for n < len(b) && err == nil {
		var m int
		m, err = s.read(b[n:])
		n += m
		s.pos += int64(m)
	}
	return n, err
}

func (s *stream) read(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if !s.in {
		s.start, s.from = s.r.offset(), s.pos
		if s.err = s.parts.next(); s.err != nil {
			if s.err != io.EOF {
				s.err = s.r.failure(s.codec.name(), s.err)
			}
			return 0, s.err
		}
		s.in = true
	}
	n, err := s.parts.Read(b)
	switch {
	case err == io.EOF:
		s.in = false
		s.note(s.pos + int64(n))
	case err != nil:
		s.err = s.r.failure(s.codec.name(), err)
		return n, s.err
	}
	return n, nil
}

// groupSize is the least that a group expands to, so that their number is bounded
// by what the object expands to and not by the parts.
const groupSize = 1 << 20

// note notes the part that ended, in the last group or in one of its own.
func (s *stream) note(to int64) {
	g := group{s.start, s.r.offset() - s.start, s.from, to, s.parts.about()}
	if l := len(s.groups) - 1; l >= 0 && !g.aside.only && !s.groups[l].aside.only &&
		s.groups[l].to-s.groups[l].from < groupSize && g.aside.names == s.groups[l].aside.names {
		s.groups[l].len += g.len
		s.groups[l].to = to
		return
	}
	s.groups = append(s.groups, g)
}

// drain reads to the end.
func (s *stream) drain() error {
	b := make([]byte, 64<<10)
	for {
		if n, err := s.read(b); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		} else {
			s.pos += int64(n)
		}
	}
}

func (s *stream) close() { s.parts.close() }
