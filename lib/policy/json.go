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
	key        string // the name, in an object
	keyStart   int
	start, end int // byte offsets, end exclusive
	path       string
	children   []*node
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
		return nil, nil, d.errorAt(at, "", "the document is not valid UTF-8")
	}
	d.dec = json.NewDecoder(bytes.NewReader(text))
	d.dec.UseNumber()
	root, err := d.value("", 1)
	if err != nil {
		return nil, nil, err
	}
	at := d.next()
	if _, err := d.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, d.errorAt(at, "", "the document must end after its first object")
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

func (d *document) errorAt(offset int, path, msg string) *Error {
	p := d.position(offset)
	return &Error{Path: path, Line: p.Line, Column: p.Column, Msg: msg, AWS: awsSyntax}
}

func (d *document) token(path string) (json.Token, int, error) {
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
	return nil, at, d.errorAt(at, path, msg)
}

func (d *document) value(path string, depth int) (*node, error) {
	t, at, err := d.token(path)
	if err != nil {
		return nil, err
	}
	n := &node{start: at, path: path}
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
			return nil, d.errorAt(at, path, "the document is nested deeper than any policy")
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
		c, err := d.value(n.path+"["+strconv.Itoa(len(n.children))+"]", depth+1)
		if err != nil {
			return err
		}
		n.children = append(n.children, c)
	}
	_, _, err := d.token(n.path)
	return err
}

func (d *document) members(n *node, depth int) error {
	seen := map[string]bool{}
	for d.dec.More() {
		t, at, err := d.token(n.path)
		if err != nil {
			return err
		}
		key := t.(string) // the decoder refuses other names
		path := key
		if n.path != "" {
			path = n.path + "." + key
		}
		if seen[key] {
			return d.errorAt(at, path, "the element appears twice; join the two")
		}
		seen[key] = true
		c, err := d.value(path, depth+1)
		if err != nil {
			return err
		}
		c.key, c.keyStart = key, at
		n.children = append(n.children, c)
	}
	_, _, err := d.token(n.path)
	return err
}
