package delimited

import (
	"bytes"
	"fmt"
	"io"
)

// keptOfLongLine is how much of a line that is too long is kept to show.
const keptOfLongLine = 4096

// window is the part of a file that is in memory. It grows to the bound of a
// line and no further.
type window struct {
	r          io.Reader
	limit      int
	buf        []byte
	start, end int   // the window's unread part
	eof        bool  // r has no more
	line       int64 // number of the line at start
	offset     int64 // of the byte at start
}

func newWindow(r io.Reader, limit int) window {
	return window{r: r, limit: limit, buf: make([]byte, min(64<<10, limit+2)), line: 1}
}

// Line is the number of the line that is read next.
func (w *window) Line() int64 { return w.line }

// fill reads more into the window; false means that there is no more, or no
// more fits.
func (w *window) fill() (bool, error) {
	if w.eof {
		return false, nil
	}
	if w.start > 0 {
		copy(w.buf, w.buf[w.start:w.end])
		w.start, w.end = 0, w.end-w.start
	}
	if w.end == len(w.buf) {
		most := w.limit + 2 // with an end of line
		if len(w.buf) >= most {
			return false, nil
		}
		grown := make([]byte, min(2*len(w.buf), most))
		copy(grown, w.buf[:w.end])
		w.buf = grown
	}
	for range 100 { // a reader that answers nothing for ever is broken
		n, err := w.r.Read(w.buf[w.end:])
		w.end += n
		if err == io.EOF {
			w.eof = true
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
func (w *window) find(from int) (int, error) {
	for {
		if i := bytes.IndexByte(w.buf[w.start+from:w.end], '\n'); i >= 0 {
			return from + i + 1, nil
		}
		from = w.end - w.start
		more, err := w.fill()
		if err != nil {
			return 0, err
		}
		if !more {
			if w.eof {
				return from, nil
			}
			return -1, nil
		}
	}
}

// skipBOM skips a byte order mark at the beginning.
func (w *window) skipBOM() error {
	for w.end-w.start < 3 {
		if more, err := w.fill(); err != nil || !more {
			return err
		}
	}
	if bytes.HasPrefix(w.buf[w.start:w.end], []byte("\ufeff")) {
		w.start += 3
		w.offset += 3
	}
	return nil
}

// consume goes on after n bytes.
func (w *window) consume(n int) {
	w.line += int64(bytes.Count(w.buf[w.start:w.start+n], []byte{'\n'}))
	w.start += n
	w.offset += int64(n)
}

func (w *window) tooLong() string { return fmt.Sprintf("the line is longer than %d bytes", w.limit) }

// long skips a line that does not fit into the window.
func (w *window) long(r *Record) error {
	r.Reason, r.Cut = w.tooLong(), true
	r.Raw = bytes.Clone(w.buf[w.start:min(w.start+keptOfLongLine, w.end)])
	for {
		i := bytes.IndexByte(w.buf[w.start:w.end], '\n')
		if i >= 0 {
			r.Length += int64(i) + 1
			w.consume(i + 1)
			return nil
		}
		r.Length += int64(w.end - w.start)
		w.consume(w.end - w.start)
		more, err := w.fill()
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
