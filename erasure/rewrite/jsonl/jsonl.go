// Package jsonl erases from JSON lines: one JSON object a line.
//
// Keys are columns in any case, as they are to Hive, and every occurrence of a key
// counts, also where it stands twice in an object or is written with escapes. The
// column buyer.id is the key id of the object at buyer, or a key "buyer.id"; lists
// are gone through at any depth, and so are objects where a column is named that
// holds one. Numbers that are whole are values in decimal digits however they are
// written: 1000, 1e3 and 1000.0 are the same.
//
// What a line is to the readers of JSON lines, it is here. Objects that go over
// several lines, several values on one line and a file that is one array are
// refused as unsupported. The parser is otherwise lenient: it lets pass what cannot
// hide a value, such as control characters in strings and NaN. Lines that are no
// JSON are bad records (see package lines).
//
// Mode Blank puts {} in a line's place, and mode Replace changes the values alone:
// a number stays one if the new text is one.
package jsonl

import (
	"bytes"
	"io"
	"strings"

	"lethe/erasure"
	"lethe/erasure/rewrite/lines"
	"lethe/lib/delimited"
)

// New returns the format. Keys say which key of the objects a column is read from,
// where that is another than its name, as the mapping properties of the OpenX SerDe
// do; it may be nil.
func New(keys map[string]string) erasure.Format { return lines.New(dialect{keys}) }

type dialect struct{ keys map[string]string }

func (dialect) Scan(r io.Reader) lines.Scanner { return delimited.NewLines(r, lines.MaxRecord) }

func (d dialect) Head(lines.Scanner, lines.Traces) (lines.Head, []string, error) { return d, nil, nil }

func (dialect) IsBlank(raw []byte) bool {
	rest, ok := bytes.CutPrefix(space(raw), []byte("{"))
	if !ok {
		return len(space(raw)) == 0
	}
	rest, ok = bytes.CutPrefix(space(rest), []byte("}"))
	return ok && len(space(rest)) == 0
}

func (dialect) Blank() ([]byte, error) { return []byte("{}"), nil }

func (d dialect) Parser(columns []string) (lines.Parser, error) {
	p := &parser{root: &node{}}
	for i, c := range columns {
		if key, ok := d.keys[strings.ToLower(c)]; ok {
			c = key
		}
		p.root.add(c, i)
	}
	return p, nil
}

func space(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n\ufeff") }
