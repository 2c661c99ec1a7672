package compressed

import (
	"io"

	"lethe/erasure/rewrite/lines"
)

// search reads r to its end, in bounded memory, and reports whether a trace is in it.
func search(t lines.Traces, r io.Reader) (found bool, err error) {
	longest := 0
	for _, x := range t {
		longest = max(longest, 6*len(x)) // as a byte may be escaped
	}
	b := make([]byte, 64<<10+longest)
	kept := 0
	for {
		n, err := io.ReadFull(r, b[kept:])
		found = found || t.In(b[:kept+n])
		switch err {
		case nil:
			kept = copy(b, b[len(b)-longest:])
		case io.EOF, io.ErrUnexpectedEOF:
			return found, nil
		default:
			return found, err
		}
	}
}
