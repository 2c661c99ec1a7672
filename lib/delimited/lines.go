package delimited

import (
	"bytes"
	"io"
)

// Lines reads a file line by line. A line is bad only if it is too long.
type Lines struct{ window }

// NewLines reads r; limit bounds a line, in bytes without its end.
func NewLines(r io.Reader, limit int) *Lines { return &Lines{newWindow(r, limit)} }

// Next reads a line into r; io.EOF ends the file.
func (l *Lines) Next(r *Record) error {
	if l.offset == 0 {
		if err := l.skipBOM(); err != nil {
			return err
		}
	}
	*r = Record{Line: l.line, Offset: l.offset, Fields: r.Fields[:0]}
	n, err := l.find(0)
	switch {
	case err != nil:
		return err
	case n == 0:
		return io.EOF
	case n < 0:
		return l.long(r)
	}
	r.Length = int64(n)
	r.Raw = withoutEnd(l.buf[l.start : l.start+n])
	if len(r.Raw) > l.limit {
		r.Reason = l.tooLong()
		r.Raw, r.Cut = bytes.Clone(r.Raw[:min(len(r.Raw), keptOfLongLine)]), true
	}
	l.consume(n)
	return nil
}
