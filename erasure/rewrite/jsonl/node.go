package jsonl

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// node is a place below the keys of an object: the columns that are there and
// the places below it.
type node struct {
	columns  []int
	children []child
	deep     bool // there is something below children
}

type child struct {
	name  string // in lower case
	ascii bool
	node  *node
}

// add puts a column at its place.
func (n *node) add(path string, column int) {
	for name := range strings.SplitSeq(path, ".") {
		name = strings.ToLower(name)
		next := (*node)(nil)
		for _, c := range n.children {
			if c.name == name {
				next = c.node
			}
		}
		if next == nil {
			next = &node{}
			n.children = append(n.children, child{name, isASCII(name), next})
		}
		n.deep = n.deep || strings.Contains(path, ".")
		n = next
	}
	n.columns = append(n.columns, column)
}

// find returns the place of a key, as it is written between its quotes; nil if no
// column is there or below.
func (n *node) find(key []byte) *node {
	if !plain(key) {
		return n.slow(string(appendText(nil, key)))
	}
	for i := range n.children {
		c := &n.children[i]
		if len(c.name) == len(key) && c.ascii && equalFold(c.name, key) {
			return c.node
		}
	}
	if n.deep && bytes.IndexByte(key, '.') >= 0 {
		return n.slow(string(key))
	}
	return nil
}

// slow finds a key with other than ASCII characters, or with a dot, which may be
// the name of a column with one. Where two keys are meant, as "a.b" and "a" when
// both are in the path of columns, the longer way is taken that has a column.
func (n *node) slow(key string) *node {
	lower := strings.ToLower(key)
	for _, c := range n.children {
		if c.name == lower || strings.EqualFold(c.name, key) {
			return c.node
		}
	}
	for i := 0; i < len(key); i++ {
		if key[i] != '.' {
			continue
		}
		for _, c := range n.children {
			if strings.EqualFold(c.name, key[:i]) {
				if found := c.node.slow(key[i+1:]); found != nil {
					return found
				}
			}
		}
	}
	return nil
}

// equalFold compares a name in lower case with a key of the same length.
func equalFold(name string, key []byte) bool {
	for i, c := range key {
		if c != name[i] && (c < 'A' || c > 'Z' || c|0x20 != name[i]) {
			return false
		}
	}
	return true
}

// plain says that a key is ASCII without escapes.
func plain(key []byte) bool {
	for _, c := range key {
		if c >= utf8.RuneSelf || c == '\\' {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
