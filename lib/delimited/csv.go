// Package delimited reads text files record by record with exact positions: by
// lines, or as CSV (RFC 4180). It is made for files that cannot be trusted: a
// line costs no more memory than a bound, however long it is, and a record that
// breaks the rules is returned as such, with its bytes, and not the end of the
// file's reading.
package delimited

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"
)

// Field is a field of a record. Its text is valid until the next record.
type Field struct {
	Text   []byte
	Quoted bool
}

// Record is a CSV record, or a line. What it refers to is valid until the next
// is read. A bad record has a Reason, and no fields.
type Record struct {
	Line   int64 // where it begins, from 1
	Offset int64 // of its first byte in the file
	Length int64 // in bytes, with its end of line
	Raw    []byte
	Cut    bool // Raw is only its beginning
	Fields []Field
	Reason string // why it is bad, as "field 2 has ...": for people
}

// Reader reads records by RFC 4180: fields in quotes may hold delimiters,
// newlines and, doubled, quotes. A record that breaks the rules is returned
// with a reason, and reading goes on at the line after the one where it began:
// if its quote was never meant as one, no other line is lost.
type Reader struct {
	window
	delim, quote byte   // quote 0: none
	spans        []span // of a record; kept for its memory
}

// span is where a field's text lies in the window.
type span struct {
	from, to int
	quoted   bool
	doubled  bool // holds doubled quotes
}

// NewReader reads r; limit bounds a record, in bytes without its end of line.
// With quote 0, quotes have no meaning.
func NewReader(r io.Reader, delim, quote byte, limit int) *Reader {
	return &Reader{window: newWindow(r, limit), delim: delim, quote: quote}
}

// Next reads a record into r; io.EOF ends the file.
func (c *Reader) Next(r *Record) error {
	if c.offset == 0 {
		if err := c.skipBOM(); err != nil {
			return err
		}
	}
	first, err := c.find(0)
	if err != nil {
		return err
	}
	switch {
	case first == 0:
		return io.EOF
	case first < 0:
		*r = Record{Line: c.line, Offset: c.offset, Fields: r.Fields[:0]}
		return c.long(r)
	}
	*r = Record{Line: c.line, Offset: c.offset, Fields: r.Fields[:0]}
	line := c.buf[c.start : c.start+first]
	if c.quote == 0 || bytes.IndexByte(line, c.quote) < 0 {
		r.Length, r.Raw = int64(first), withoutEnd(line)
		if len(r.Raw) > c.limit {
			r.Reason = c.tooLong()
			r.Raw, r.Cut = bytes.Clone(r.Raw[:min(len(r.Raw), keptOfLongLine)]), true
		}
		c.plain(r)
		c.consume(first)
		return nil
	}
	n, reason, err := c.quoted(r, first)
	if err != nil {
		return err
	}
	if reason != "" {
		r.Reason, r.Fields, n = reason, r.Fields[:0], first
	}
	r.Length, r.Raw = int64(n), withoutEnd(c.buf[c.start:c.start+n])
	switch {
	case reason != "":
	case !utf8.Valid(r.Raw):
		r.Reason, r.Fields = InvalidUTF8(r.Raw), r.Fields[:0]
	case len(r.Raw) > c.limit:
		r.Reason, r.Fields = c.tooLong(), r.Fields[:0]
	}
	c.consume(n)
	return nil
}

// plain splits a record without quotes, unless it is bad.
func (c *Reader) plain(r *Record) {
	if r.Reason == "" && !utf8.Valid(r.Raw) {
		r.Reason = InvalidUTF8(r.Raw)
	}
	if r.Reason != "" {
		return
	}
	rest := r.Raw
	for {
		i := bytes.IndexByte(rest, c.delim)
		if i < 0 {
			r.Fields = append(r.Fields, Field{Text: rest})
			return
		}
		r.Fields = append(r.Fields, Field{Text: rest[:i]})
		rest = rest[i+1:]
	}
}

// InvalidUTF8 says where a line is not valid UTF-8, in the words of a Reason.
func InvalidUTF8(b []byte) string {
	at := 0
	for at < len(b) {
		c, n := utf8.DecodeRune(b[at:])
		if c == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return fmt.Sprintf("byte %d of the line is not valid UTF-8", at+1)
}

// quoted splits a record with quotes, whose first line ends at end, and returns
// the record's length. Positions are relative to start, because the window
// moves when it is filled.
func (c *Reader) quoted(r *Record, end int) (n int, reason string, err error) {
	spans := c.spans[:0]
	defer func() { c.spans = spans[:0] }()
	at := func(i int) byte { return c.buf[c.start+i] }
	p := 0
	for {
		if p < end && at(p) == c.quote {
			s := span{from: p + 1, quoted: true}
			p++
			for {
				i := bytes.IndexByte(c.buf[c.start+p:c.start+end], c.quote)
				if i < 0 {
					// The field goes on in the next line.
					p = end
					next, err := c.find(end)
					if err != nil {
						return 0, "", err
					}
					if next < 0 {
						return 0, fmt.Sprintf("a quote opens a field of more than %d bytes", c.limit), nil
					}
					if next == end {
						return 0, "a quote opens a field that never ends", nil
					}
					end = next
					continue
				}
				p += i
				if p+1 < end && at(p+1) == c.quote {
					s.doubled = true
					p += 2
					continue
				}
				break
			}
			s.to = p
			p++
			spans = append(spans, s)
			switch {
			case p >= end || at(p) == '\n', at(p) == '\r' && (p+1 >= end || at(p+1) == '\n'):
				n = end
			case at(p) == c.delim:
				p++
				continue
			default:
				return 0, fmt.Sprintf("field %d has %q after its closing quote", len(spans), rune(at(p))), nil
			}
			break
		}
		rest := withoutEnd(c.buf[c.start+p : c.start+end])
		i := bytes.IndexByte(rest, c.delim)
		last := i < 0
		if last {
			i = len(rest)
		}
		if bytes.IndexByte(rest[:i], c.quote) >= 0 {
			return 0, fmt.Sprintf("field %d has a quote, but does not begin with one", len(spans)+1), nil
		}
		spans = append(spans, span{from: p, to: p + i})
		if last {
			n = end
			break
		}
		p += i + 1
	}
	// The window stands still now.
	for _, s := range spans {
		text := c.buf[c.start+s.from : c.start+s.to]
		if s.doubled {
			text = c.single(text)
		}
		r.Fields = append(r.Fields, Field{Text: text, Quoted: s.quoted})
	}
	return n, "", nil
}

// single makes one quote of each two.
func (c *Reader) single(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for {
		i := bytes.IndexByte(b, c.quote)
		if i < 0 {
			return append(out, b...)
		}
		out = append(out, b[:i+1]...)
		b = b[i+2:]
	}
}
