package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds nesting. The grammar needs six levels: document, statements,
// statement, condition, operator, values.
const maxDepth = 8

type nodeKind int

const (
	nullNode nodeKind = iota
	boolNode
	numberNode
	stringNode
	arrayNode
	objectNode
)

func (k nodeKind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "an object"}[k]
}

// node is a JSON value that knows where it stands.
type node struct {
	kind       nodeKind
	text       string // of scalars: strings unquoted, numbers as written
	start, end int    // byte offsets, end exclusive
	children   []*node

	parent   *node
	key      string // the name, in an object
	keyStart int
	index    int // the place, in a list
}

// path names the node, as Statement[1].Action[0]. It is made on demand, since a
// document may have long names and many nodes.
func (n *node) path() string {
	switch {
	case n == nil || n.parent == nil:
		return ""
	case n.parent.kind == arrayNode:
		return n.parent.path() + "[" + strconv.Itoa(n.index) + "]"
	case n.parent.parent == nil:
		return clip(n.key, 100)
	}
	return n.parent.path() + "." + clip(n.key, 100)
}

// clip shortens what a message repeats of the document.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "..."
}

// document reads JSON into nodes.
type document struct {
	text  []byte
	dec   *json.Decoder
	lines []int // offsets at which lines begin
}

func readDocument(text []byte) (*document, *node, error) {
	d := &document{text: text, lines: []int{0}}
	for i, c := range text {
		if c == '\n' {
			d.lines = append(d.lines, i+1)
		}
	}
	if !utf8.Valid(text) {
		at := 0
		for at < len(text) {
			r, size := utf8.DecodeRune(text[at:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			at += size
		}
		return nil, nil, d.errorAt(at, nil, "the document is not valid UTF-8")
	}
	d.dec = json.NewDecoder(bytes.NewReader(text))
	d.dec.UseNumber()
	root, err := d.value(&node{}, 1)
	if err != nil {
		return nil, nil, err
	}
	at := d.next()
	if _, err := d.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, d.errorAt(at, nil, "the document must end after its first object")
	}
	return d, root, nil
}

// next returns the offset at which the next token begins.
func (d *document) next() int {
	i := int(d.dec.InputOffset())
	for i < len(d.text) && strings.IndexByte(" \t\r\n,:", d.text[i]) >= 0 {
		i++
	}
	return i
}

func (d *document) position(offset int) Position {
	lo, hi := 0, len(d.lines)
	for lo+1 < hi {
		if mid := (lo + hi) / 2; d.lines[mid] <= offset {
			lo = mid
		} else {
			hi = mid
		}
	}
	return Position{lo + 1, offset - d.lines[lo] + 1}
}

// errorAt says what is wrong with a node, which may be nil.
func (d *document) errorAt(offset int, n *node, msg string) *Error {
	p := d.position(offset)
	return &Error{Path: n.path(), Line: p.Line, Column: p.Column, Msg: clip(msg, 500), AWS: awsSyntax}
}

func (d *document) token(n *node) (json.Token, int, error) {
	at := d.next()
	t, err := d.dec.Token()
	if err == nil {
		return t, at, nil
	}
	msg := "the document is not JSON: "
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		at, msg = len(d.text), msg+"it ends too early"
	case errors.As(err, &syntax):
		if n := int(syntax.Offset) - 1; n > at && n < len(d.text) {
			at = n
		}
		msg += syntax.Error()
	default:
		msg += err.Error()
	}
	return nil, at, d.errorAt(at, n, msg)
}

// value reads a value into n, whose name or index is set.
func (d *document) value(n *node, depth int) (*node, error) {
	t, at, err := d.token(n)
	if err != nil {
		return nil, err
	}
	n.start = at
	switch t := t.(type) {
	case nil:
		n.kind = nullNode
	case bool:
		n.kind, n.text = boolNode, strconv.FormatBool(t)
	case json.Number:
		n.kind, n.text = numberNode, t.String()
	case string:
		n.kind, n.text = stringNode, t
	case json.Delim:
		if depth > maxDepth {
			return nil, d.errorAt(at, n, "the document is nested deeper than any policy")
		}
		if t == '[' {
			n.kind = arrayNode
			err = d.elements(n, depth)
		} else {
			n.kind = objectNode
			err = d.members(n, depth)
		}
		if err != nil {
			return nil, err
		}
	}
	n.end = int(d.dec.InputOffset())
	return n, nil
}

func (d *document) elements(n *node, depth int) error {
	for d.dec.More() {
		c, err := d.value(&node{parent: n, index: len(n.children)}, depth+1)
		if err != nil {
			return err
		}
		n.children = append(n.children, c)
	}
	_, _, err := d.token(n)
	return err
}

func (d *document) members(n *node, depth int) error {
	seen := map[string]bool{}
	for d.dec.More() {
		t, at, err := d.token(n)
		if err != nil {
			return err
		}
		c := &node{parent: n, key: t.(string), keyStart: at} // the decoder refuses other names
		if seen[c.key] {
			return d.errorAt(at, c, "the element appears twice; join the two")
		}
		seen[c.key] = true
		if c, err = d.value(c, depth+1); err != nil {
			return err
		}
		n.children = append(n.children, c)
	}
	_, _, err := d.token(n)
	return err
}
