package lines

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Traces are texts to look for in bytes of which nothing else is known, in any
// case, as they are or escaped as in JSON.
type Traces [][]byte

// NewTraces prepares a search for texts.
func NewTraces(texts []string) Traces {
	var t Traces
	for _, s := range texts {
		if s != "" {
			t = append(t, []byte(strings.ToLower(s)))
		}
	}
	return t
}

// In reports whether any of the texts is in b.
func (t Traces) In(b []byte) bool {
	lower := bytes.ToLower(b)
	for _, x := range t {
		if bytes.Contains(lower, x) {
			return true
		}
	}
	if bytes.IndexByte(b, '\\') < 0 {
		return false
	}
	lower = bytes.ToLower(unescaped(b))
	for _, x := range t {
		if bytes.Contains(lower, x) {
			return true
		}
	}
	return false
}

// unescaped undoes what looks like an escape of JSON, wherever it stands.
func unescaped(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		i++
		switch c := b[i]; c {
		case 'u':
			if i+5 <= len(b) {
				if n, err := strconv.ParseUint(string(b[i+1:i+5]), 16, 16); err == nil {
					out = utf8.AppendRune(out, rune(n))
					i += 4
					continue
				}
			}
			out = append(out, c)
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		default:
			out = append(out, c)
		}
	}
	return out
}
