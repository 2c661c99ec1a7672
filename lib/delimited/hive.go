package delimited

import (
	"bytes"
	"errors"
)

// SplitQuoted cuts a line as Hive's OpenCSVSerde does. It gives field where each
// field stands in the line, and its text, which is valid until field returns. The
// class's rules (opencsv 2.3) differ from RFC 4180: the escape character is dropped
// wherever it stands, outside quotes it escapes nothing, and a quote inside an
// unquoted field is text.
//
// A quoted field that does not end on its line is an error. The class would drop
// it: Hive gives it single lines, so it never sees the rest. sep, quote and esc are
// not empty.
func SplitQuoted(line []byte, sep, quote, esc string, field func(from, to int, text []byte)) error {
	var (
		text     []byte
		from     int
		inQuotes bool
		bSep     = []byte(sep)
		bQuote   = []byte(quote)
		bEsc     = []byte(esc)
	)
	for i := 0; i < len(line); {
		rest := line[i:]
		switch {
		case esc != quote && bytes.HasPrefix(rest, bEsc):
			i += len(esc)
			if next := line[i:]; inQuotes && bytes.HasPrefix(next, bQuote) {
				text = append(text, quote...)
				i += len(quote)
			} else if inQuotes && bytes.HasPrefix(next, bEsc) {
				text = append(text, esc...)
				i += len(esc)
			}
		case bytes.HasPrefix(rest, bQuote):
			next := rest[len(quote):]
			if inQuotes && bytes.HasPrefix(next, bQuote) {
				text = append(text, quote...)
				i += 2 * len(quote)
				continue
			}
			if i > 2 && !bytes.HasSuffix(line[:i], bSep) && len(next) > 0 && !bytes.HasPrefix(next, bSep) {
				if len(bytes.TrimSpace(text)) == 0 {
					text = text[:0] // white space before an opening quote
				} else {
					text = append(text, quote...)
				}
			}
			inQuotes = !inQuotes
			i += len(quote)
		case !inQuotes && bytes.HasPrefix(rest, bSep):
			field(from, i, text)
			text = text[:0]
			i += len(sep)
			from = i
		default: // most bytes: up to the next that may mean something
			to := i + 1
			for to < len(line) && line[to] != sep[0] && line[to] != quote[0] && line[to] != esc[0] {
				to++
			}
			text = append(text, line[i:to]...)
			i = to
		}
	}
	if inQuotes {
		return errors.New("a quoted field does not end on its line; a row of OpenCSVSerde is one line")
	}
	field(from, len(line), text)
	return nil
}

// SplitEscaped cuts a line as Hive's LazySimpleSerDe does; esc may be empty. field
// is as in SplitQuoted. Whether a field is null is told by its bytes as they stand
// in the line.
func SplitEscaped(line []byte, sep, esc string, field func(from, to int, text []byte)) {
	bSep, bEsc := []byte(sep), []byte(esc)
	from := 0
	if esc == "" || !bytes.Contains(line, bEsc) {
		for {
			n := bytes.Index(line[from:], bSep)
			if n < 0 {
				field(from, len(line), line[from:])
				return
			}
			field(from, from+n, line[from:from+n])
			from += n + len(sep)
		}
	}
	var text []byte
	for i := 0; i < len(line); {
		switch {
		case bytes.HasPrefix(line[i:], bEsc):
			if i += len(esc); i == len(line) {
				text = append(text, esc...)
				break
			}
			switch c := line[i]; c { // what Hive writes for the ends of lines
			case 'n':
				text = append(text, '\n')
			case 'r':
				text = append(text, '\r')
			default:
				text = append(text, c)
			}
			i++
		case bytes.HasPrefix(line[i:], bSep):
			field(from, i, text)
			text = text[:0]
			i += len(sep)
			from = i
		default:
			to := i + 1
			for to < len(line) && line[to] != sep[0] && line[to] != esc[0] {
				to++
			}
			text = append(text, line[i:to]...)
			i = to
		}
	}
	field(from, len(line), text)
}
