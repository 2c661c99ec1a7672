package duckdb

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"lethe/lib/trinosql"
)

// normalObject writes the keys of a JSON object, and those of the rows in its
// columns, in lower case, and checks that the values inside nested columns are
// of their types. The keys of maps are data and keep their case. The text is
// known to be JSON.
func normalObject(text string, columns map[string]*trinosql.Type) (string, error) {
	n := normalizer{in: text, out: make([]byte, 0, len(text)), columns: columns}
	n.value(nil, true)
	return string(n.out), n.err
}

// inJSON reports whether values of a type are read from inside nested JSON.
func inJSON(t *trinosql.Type) error {
	switch t.Kind {
	case trinosql.KindVarbinary, trinosql.KindTime, trinosql.KindTimeZone, trinosql.KindTimestampZone, trinosql.KindUUID:
		return fmt.Errorf("%s is not read from JSON", t)
	case trinosql.KindMap:
		if !t.Key().IsString() {
			return errors.New("keys of JSON are text")
		}
	}
	for _, e := range t.Elems {
		if err := inJSON(e); err != nil {
			return err
		}
	}
	return nil
}

// normalizer copies JSON from in to out.
type normalizer struct {
	in      string
	at      int
	out     []byte
	columns map[string]*trinosql.Type
	column  string // the one that is being copied
	err     error  // the first misfit
}

// misfit notes that a value is not of type t.
func (n *normalizer) misfit(t *trinosql.Type) {
	if n.err == nil {
		n.err = fmt.Errorf("in column %s: not a value of type %s", n.column, t)
	}
}

// value copies a value of type t, of any type if t is nil.
func (n *normalizer) value(t *trinosql.Type, top bool) {
	n.space()
	if n.at >= len(n.in) {
		return
	}
	switch n.in[n.at] {
	case '{':
		if t != nil && t.Kind != trinosql.KindRow && t.Kind != trinosql.KindMap && !t.IsString() {
			n.misfit(t)
		}
		n.object(t, top)
	case '[':
		if t != nil && t.Kind != trinosql.KindArray && !t.IsString() {
			n.misfit(t)
		}
		n.array(t)
	case '"':
		begin := len(n.out)
		n.text()
		n.scalar(t, strings.Trim(string(n.out[begin:]), `"`))
	default:
		end := strings.IndexAny(n.in[n.at:], ",]} \t\r\n")
		if end < 0 {
			end = len(n.in) - n.at
		}
		begin := len(n.out)
		n.copy(max(end, 1))
		if token := string(n.out[begin:]); token != "null" {
			n.scalar(t, token)
		}
	}
}

// scalar checks a value that is no object and no array.
func (n *normalizer) scalar(t *trinosql.Type, text string) {
	switch {
	case t == nil || t.IsString():
	case len(t.Elems) > 0 || checkText(text, t) != nil:
		n.misfit(t)
	}
}

func (n *normalizer) object(t *trinosql.Type, top bool) {
	for n.copy(1); ; {
		n.space()
		if n.at >= len(n.in) || n.in[n.at] == '}' {
			n.copy(1)
			return
		}
		if n.in[n.at] == ',' {
			n.copy(1)
			continue
		}
		begin := len(n.out)
		if !n.text() {
			return
		}
		var of *trinosql.Type
		switch {
		case top || t != nil && t.Kind == trinosql.KindRow:
			key := bytes.ToLower(n.out[begin:])
			n.out = append(n.out[:begin], key...)
			name := strings.Trim(string(key), `"`)
			if top {
				n.column = name
				if of = n.columns[name]; of != nil && len(of.Elems) == 0 {
					of = nil // checked where it is read
				}
				break
			}
			for i := range t.Elems {
				if strings.EqualFold(t.FieldName(i), name) {
					of = t.Elems[i]
				}
			}
		case t != nil && t.Kind == trinosql.KindMap:
			of = t.Elem()
		}
		n.space()
		n.copy(1) // the colon
		n.value(of, false)
	}
}

func (n *normalizer) array(t *trinosql.Type) {
	var of *trinosql.Type
	if t != nil && t.Kind == trinosql.KindArray {
		of = t.Elem()
	}
	for n.copy(1); ; {
		n.space()
		if n.at >= len(n.in) || n.in[n.at] == ']' {
			n.copy(1)
			return
		}
		if n.in[n.at] == ',' {
			n.copy(1)
			continue
		}
		n.value(of, false)
	}
}

// text copies a string with its quotes; false if none begins here.
func (n *normalizer) text() bool {
	if n.at >= len(n.in) || n.in[n.at] != '"' {
		return false
	}
	for i := n.at + 1; i < len(n.in); i++ {
		switch n.in[i] {
		case '\\':
			i++
		case '"':
			n.copy(i + 1 - n.at)
			return true
		}
	}
	n.copy(len(n.in) - n.at)
	return false
}

func (n *normalizer) space() {
	for n.at < len(n.in) && strings.IndexByte(" \t\r\n", n.in[n.at]) >= 0 {
		n.at++
	}
}

// copy takes some bytes, or those that are left.
func (n *normalizer) copy(some int) {
	some = min(some, len(n.in)-n.at)
	n.out = append(n.out, n.in[n.at:n.at+some]...)
	n.at += some
}
