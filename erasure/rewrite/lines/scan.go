package lines

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"lethe"
	"lethe/erasure"
	"lethe/lib/delimited"
	"lethe/object"
)

// scan goes through an object record by record.
type scan struct {
	dialect Dialect
	src     *source
	from    int64 // where scanner began
	scanner Scanner
	jumped  bool // lines before were not counted; a record's number stands for its line

	rec delimited.Record
	row int64 // of rec; -1 before the first
	off int64 // of rec
}

func newScan(ctx context.Context, d Dialect, src object.Content) *scan {
	return &scan{dialect: d, src: &source{ctx: ctx, Content: src}, row: -1}
}

// open reads what comes before the records.
func (s *scan) open(t Traces) (Head, []string, error) {
	if err := s.src.ctx.Err(); err != nil {
		return nil, nil, err
	}
	r := s.src.from(0)
	start, err := r.peek()
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	if bytes.HasPrefix(start, []byte{0xff, 0xfe}) || bytes.HasPrefix(start, []byte{0xfe, 0xff}) {
		return nil, nil, lethe.Errorf(lethe.Unsupported, "the object is text in UTF-16; only UTF-8 is supported")
	}
	s.scanner = s.dialect.Scan(r)
	return s.dialect.Head(s.scanner, t)
}

// next reads a record; false means that there is none.
func (s *scan) next() (bool, error) {
	if err := s.scanner.Next(&s.rec); err == io.EOF {
		return false, nil
	} else if err != nil {
		return false, err
	}
	s.row++
	s.off = s.from + s.rec.Offset
	if s.jumped {
		s.rec.Line = s.row + 1
	}
	return true, nil
}

// parse reads what is in the record.
func (s *scan) parse(p Parser) error {
	if s.rec.Cut {
		return lethe.Errorf(lethe.Unsupported, "line %d, at byte %d, has %d bytes; lethe erases from records of up to %d", s.rec.Line, s.off, s.rec.Length, MaxRecord)
	}
	return p.Parse(&s.rec)
}

// jump goes to a record.
func (s *scan) jump(m erasure.Mark) error {
	if m.Off <= s.off || m.Off > s.src.Size() {
		return misfit(m)
	}
	r := s.src.from(m.Off - 1)
	if b, err := r.ReadByte(); err != nil {
		return err
	} else if b != '\n' {
		return misfit(m)
	}
	s.row, s.from, s.jumped = m.Row-1, m.Off, true
	s.scanner = s.dialect.Scan(r)
	return nil
}

func misfit(m erasure.Mark) error {
	return lethe.Errorf(lethe.Conflict, "no record begins at byte %d, where the index has record %d", m.Off, m.Row).
		WithHint("index the object again")
}

// source is the object, with a count of what is read.
type source struct {
	object.Content
	ctx  context.Context
	read int64
}

// from reads onwards from an offset, each byte once.
func (s *source) from(off int64) *forward { return &forward{src: s, off: off, size: firstRead} }

// Reads begin small, as after a mark few bytes may be wanted, and double.
const (
	firstRead = 16 << 10
	mostRead  = 4 << 20
)

// forward reads an object onwards, in reads of some size.
type forward struct {
	src  *source
	off  int64
	size int
	buf  []byte
	rest []byte
}

func (f *forward) fill() error {
	if err := f.src.ctx.Err(); err != nil {
		return err
	}
	if len(f.buf) < f.size {
		f.buf = make([]byte, f.size)
	}
	n, err := f.src.ReadAt(f.buf[:f.size], f.off)
	f.src.read += int64(n)
	f.off += int64(n)
	f.rest = f.buf[:n]
	f.size = min(2*f.size, mostRead)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return err
}

func (f *forward) Read(b []byte) (int, error) {
	if len(f.rest) == 0 {
		if err := f.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(b, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// peek returns bytes that are read next.
func (f *forward) peek() ([]byte, error) {
	var err error
	if len(f.rest) == 0 {
		err = f.fill()
	}
	return f.rest, err
}

// ReadByte implements io.ByteReader.
func (f *forward) ReadByte() (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(f, b[:])
	return b[0], err
}

// content makes bytes the data of an edit.
func content(b []byte) object.Content { return bytes.NewReader(b) }

func unreadNote(n int64) string {
	if n == 1 {
		return "1 line could not be read; it does not name the person"
	}
	return fmt.Sprintf("%d lines could not be read; none of them names the person", n)
}
