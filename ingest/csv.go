package ingest

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"
)

// field is a field of a record. Its text is valid until the next record.
type field struct {
	text   []byte
	quoted bool
}

// record is a record of a CSV file, or a line of another: where it begins, and
// its bytes without the end of line. A bad record has a reason instead of
// fields.
type record struct {
	line   int64 // where it begins, from 1
	offset int64 // of its first byte in the uncompressed file
	length int64 // in bytes, with its end of line
	raw    []byte
	cut    bool // raw is only its beginning
	fields []field
	reason string
}

// keptOfLongLine is how much of a line that is too long is kept to show.
const keptOfLongLine = 4096

// lines reads a file by lines in a window that grows to the bound of a line, so
// that a line without end costs no more memory than that.
type lines struct {
	r          io.Reader
	limit      int
	buf        []byte
	start, end int   // the window's unread part
	eof        bool  // r has no more
	line       int64 // number of the line at start
	offset     int64 // of the byte at start
}

func newLines(r io.Reader, limit int) *lines {
	return &lines{r: r, limit: limit, buf: make([]byte, min(64<<10, limit+2)), line: 1}
}

// fill reads more into the window; false means that there is no more, or no
// more fits.
func (l *lines) fill() (bool, error) {
	if l.eof {
		return false, nil
	}
	if l.start > 0 {
		copy(l.buf, l.buf[l.start:l.end])
		l.start, l.end = 0, l.end-l.start
	}
	if l.end == len(l.buf) {
		most := l.limit + 2 // with an end of line
		if len(l.buf) >= most {
			return false, nil
		}
		grown := make([]byte, min(2*len(l.buf), most))
		copy(grown, l.buf[:l.end])
		l.buf = grown
	}
	for range 100 { // a reader that answers nothing for ever is broken
		n, err := l.r.Read(l.buf[l.end:])
		l.end += n
		if err == io.EOF {
			l.eof = true
			return n > 0, nil
		}
		if err != nil {
			return false, err
		}
		if n > 0 {
			return true, nil
		}
	}
	return false, io.ErrNoProgress
}

// find returns where, relative to start, the line that holds the byte from
// begins anew: after its newline, or at the end of the file. It is -1 if the
// window is full before.
func (l *lines) find(from int) (int, error) {
	for {
		if i := bytes.IndexByte(l.buf[l.start+from:l.end], '\n'); i >= 0 {
			return from + i + 1, nil
		}
		from = l.end - l.start
		more, err := l.fill()
		if err != nil {
			return 0, err
		}
		if !more {
			if l.eof {
				return from, nil
			}
			return -1, nil
		}
	}
}

// skipBOM skips a byte order mark at the beginning.
func (l *lines) skipBOM() error {
	for l.end-l.start < 3 {
		if more, err := l.fill(); err != nil || !more {
			return err
		}
	}
	if bytes.HasPrefix(l.buf[l.start:l.end], []byte("\ufeff")) {
		l.start += 3
		l.offset += 3
	}
	return nil
}

// consume goes on after n bytes.
func (l *lines) consume(n int) {
	l.line += int64(bytes.Count(l.buf[l.start:l.start+n], []byte{'\n'}))
	l.start += n
	l.offset += int64(n)
}

// next returns the next line; its raw bytes are valid until the next call.
func (l *lines) next(r *record) error {
	if l.offset == 0 {
		if err := l.skipBOM(); err != nil {
			return err
		}
	}
	*r = record{line: l.line, offset: l.offset, fields: r.fields[:0]}
	n, err := l.find(0)
	switch {
	case err != nil:
		return err
	case n == 0:
		return io.EOF
	case n < 0:
		return l.long(r)
	}
	r.length = int64(n)
	r.raw = withoutEnd(l.buf[l.start : l.start+n])
	if len(r.raw) > l.limit {
		r.reason = l.tooLong()
		r.raw, r.cut = bytes.Clone(r.raw[:min(len(r.raw), keptOfLongLine)]), true
	}
	l.consume(n)
	return nil
}

func (l *lines) tooLong() string { return fmt.Sprintf("the line is longer than %d bytes", l.limit) }

// long skips a line that does not fit into the window.
func (l *lines) long(r *record) error {
	r.reason, r.cut = l.tooLong(), true
	r.raw = bytes.Clone(l.buf[l.start:min(l.start+keptOfLongLine, l.end)])
	for {
		i := bytes.IndexByte(l.buf[l.start:l.end], '\n')
		if i >= 0 {
			r.length += int64(i) + 1
			l.consume(i + 1)
			return nil
		}
		r.length += int64(l.end - l.start)
		l.consume(l.end - l.start)
		more, err := l.fill()
		if err != nil {
			return err
		}
		if !more {
			return nil
		}
	}
}

func withoutEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte{'\n'})
	return bytes.TrimSuffix(b, []byte{'\r'})
}

// csvReader reads records by RFC 4180: fields in quotes may hold delimiters,
// newlines and, doubled, quotes. A record that breaks the rules is returned
// with a reason, and reading goes on at the line after the one where it began:
// if its quote was never meant as one, no other line is lost.
type csvReader struct {
	lines
	delim, quote byte // quote 0: none
}

func newCSVReader(r io.Reader, delim, quote byte, limit int) *csvReader {
	return &csvReader{lines: *newLines(r, limit), delim: delim, quote: quote}
}

// next reads a record; io.EOF ends the file. What r refers to is valid until
// the next call.
func (c *csvReader) next(r *record) error {
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
		*r = record{line: c.line, offset: c.offset, fields: r.fields[:0]}
		return c.long(r)
	}
	*r = record{line: c.line, offset: c.offset, fields: r.fields[:0]}
	line := c.buf[c.start : c.start+first]
	if c.quote == 0 || bytes.IndexByte(line, c.quote) < 0 {
		r.length, r.raw = int64(first), withoutEnd(line)
		if len(r.raw) > c.limit {
			r.reason = c.tooLong()
			r.raw, r.cut = bytes.Clone(r.raw[:min(len(r.raw), keptOfLongLine)]), true
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
		r.reason, r.fields, n = reason, r.fields[:0], first
	}
	r.length, r.raw = int64(n), withoutEnd(c.buf[c.start:c.start+n])
	if reason == "" && !utf8.Valid(r.raw) {
		r.reason = invalidUTF8(r.raw)
	}
	if reason == "" && len(r.raw) > c.limit {
		r.reason = c.tooLong()
	}
	c.consume(n)
	return nil
}

// plain splits a record without quotes.
func (c *csvReader) plain(r *record) {
	if !utf8.Valid(r.raw) && r.reason == "" {
		r.reason = invalidUTF8(r.raw)
		return
	}
	rest := r.raw
	for {
		i := bytes.IndexByte(rest, c.delim)
		if i < 0 {
			r.fields = append(r.fields, field{text: rest})
			return
		}
		r.fields = append(r.fields, field{text: rest[:i]})
		rest = rest[i+1:]
	}
}

func invalidUTF8(b []byte) string {
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
func (c *csvReader) quoted(r *record, end int) (n int, reason string, err error) {
	type span struct {
		from, to int
		quoted   bool
		doubled  bool // holds doubled quotes
	}
	var spans []span
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
		r.fields = append(r.fields, field{text: text, quoted: s.quoted})
	}
	return n, "", nil
}

// single makes one quote of each two.
func (c *csvReader) single(b []byte) []byte {
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
