package jsonl

import (
	"bytes"
	"slices"

	"lethe"
	"lethe/erasure/rewrite/lines"
	"lethe/lib/delimited"
)

// maxDepth bounds how deep values lie within one another, as encoding/json does.
const maxDepth = 10000

// What is wrong with a line.
const (
	early   = lines.BadRecord("it holds JSON that does not end on it")
	broken  = lines.BadRecord("it is not JSON")
	other   = lines.BadRecord("it holds JSON that is not an object")
	tooDeep = lines.BadRecord("it holds JSON of too many levels")
)

// parser finds the values of columns in lines.
type parser struct {
	root *node

	line   []byte
	leaves []leaf // of the line

	// earlyAt is the number of the last line that ended before its value did.
	earlyAt int64
}

// leaf is a value of a column that is neither an object nor a list, nor null.
type leaf struct {
	column     int
	start, end int
}

// Parse implements lines.Parser.
func (p *parser) Parse(r *delimited.Record) error {
	p.line, p.leaves = r.Raw, p.leaves[:0]
	err := p.object()
	bad, ok := err.(lines.BadRecord) //nolint:errorlint // nothing wraps it here
	if !ok {
		return err
	}
	// A line that was torn is followed by one that is whole. Two in a row are an
	// object that goes over several lines.
	if p.earlyAt > 0 && r.Line == p.earlyAt+1 {
		return lethe.Errorf(lethe.Unsupported, "the JSON value that begins on line %d goes over several lines; JSON lines have one object a line", p.earlyAt)
	}
	if bad == early {
		p.earlyAt = r.Line
	}
	if b := space(r.Raw); len(b) > 0 && b[0] == '[' && bad == other {
		return lethe.Errorf(lethe.Unsupported, "line %d holds a list; JSON lines have one object a line", r.Line)
	}
	if bad == several {
		return lethe.Errorf(lethe.Unsupported, "line %d holds several values; JSON lines have one object a line", r.Line)
	}
	return bad
}

// several is told with an error of its own kind.
const several = lines.BadRecord("it holds several values")

// object reads the line's object. A line without any is a record without values.
func (p *parser) object() error {
	i := len(p.line) - len(space(p.line))
	if i == len(p.line) {
		return nil
	}
	i, err := p.value(i, p.root, nil, 0)
	if err != nil {
		return err
	}
	if p.line[len(p.line)-len(space(p.line))] != '{' {
		return other
	}
	switch rest := space(p.line[i:]); {
	case len(rest) == 0:
		return nil
	case bytes.HasPrefix(space(bytes.TrimPrefix(rest, []byte(","))), []byte("{")):
		return several
	}
	return broken
}

// value reads the value at i, where n is the place of its columns, nil if it has
// none, and within are the columns that it is part of the value of. It returns
// where the value ends.
func (p *parser) value(i int, n *node, within []int, depth int) (int, error) {
	b := p.line
	i = blank(b, i)
	if i == len(b) {
		return i, early
	}
	if depth > maxDepth {
		return i, tooDeep
	}
	var err error
	switch b[i] {
	case '{':
		if n != nil && len(n.columns) > 0 {
			within = append(slices.Clip(within), n.columns...)
		}
		for i++; ; i++ {
			if i = blank(b, i); i == len(b) {
				return i, early
			}
			if b[i] == '}' {
				return i + 1, nil
			}
			if b[i] != '"' {
				return i, broken
			}
			start := i + 1
			end := text(b, start)
			if end < 0 {
				return i, broken
			}
			if i = blank(b, end+1); i == len(b) {
				return i, early
			}
			if b[i] != ':' {
				return i, broken
			}
			var next *node
			if n != nil {
				next = n.find(b[start:end])
			}
			if i, err = p.value(i+1, next, within, depth+1); err != nil {
				return i, err
			}
			if i = blank(b, i); i == len(b) {
				return i, early
			}
			if b[i] == '}' {
				return i + 1, nil
			}
			if b[i] != ',' {
				return i, broken
			}
		}
	case '[':
		for i++; ; i++ {
			if i = blank(b, i); i == len(b) {
				return i, early
			}
			if b[i] == ']' {
				return i + 1, nil
			}
			if i, err = p.value(i, n, within, depth+1); err != nil {
				return i, err
			}
			if i = blank(b, i); i == len(b) {
				return i, early
			}
			if b[i] == ']' {
				return i + 1, nil
			}
			if b[i] != ',' {
				return i, broken
			}
		}
	case '"':
		end := text(b, i+1)
		if end < 0 {
			return i, broken
		}
		p.found(leaf{start: i, end: end + 1}, n, within)
		return end + 1, nil
	}
	end := i
	for end < len(b) && !ends[b[end]] {
		end++
	}
	isNull, ok := scalar(b[i:end])
	if !ok {
		return i, broken
	}
	if !isNull {
		p.found(leaf{start: i, end: end}, n, within)
	}
	return end, nil
}

// found notes a value for the columns that it belongs to.
func (p *parser) found(l leaf, n *node, within []int) {
	if n != nil {
		for _, l.column = range n.columns {
			p.leaves = append(p.leaves, l)
		}
	}
	for _, l.column = range within {
		p.leaves = append(p.leaves, l)
	}
}

// blank skips white space.
func blank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// text returns where the string ends that begins at i, after its quote: the index
// of the closing quote, or -1.
func text(b []byte, i int) int {
	for at := i; ; at++ {
		n := bytes.IndexByte(b[at:], '"')
		if n < 0 {
			return -1
		}
		at += n
		// A quote is escaped by an odd number of backslashes.
		back := at
		for back > i && b[back-1] == '\\' {
			back--
		}
		if (at-back)%2 == 0 {
			return at
		}
	}
}

// ends are the bytes that end a number or a word.
var ends = [256]bool{' ': true, '\t': true, '\r': true, '\n': true, ',': true, ']': true, '}': true, '{': true, '[': true, '"': true, ':': true}

// scalar checks what is neither a string, an object nor a list.
func scalar(b []byte) (isNull, ok bool) {
	if len(b) == 0 {
		return false, false
	}
	if b[0] == '-' || b[0] >= '0' && b[0] <= '9' {
		for _, c := range b[1:] {
			if (c < '0' || c > '9') && c != '.' && c != 'e' && c != 'E' && c != '+' && c != '-' {
				return false, string(b) == "-Infinity"
			}
		}
		return false, b[len(b)-1] >= '0' && b[len(b)-1] <= '9'
	}
	switch string(b) {
	case "null":
		return true, true
	case "true", "false", "NaN", "Infinity":
		return false, true
	}
	return false, false
}
