// Package csv erases from delimited text, in three kinds that read quotes, escapes
// and ends of lines differently:
//
//   - RFC4180, as spreadsheets and most libraries write it: a field in quotes may
//     hold separators, newlines and, doubled, quotes. A record with a quote in a
//     wrong place or another number of fields than the header is one that cannot be
//     read (see package lines), and reading goes on at the next line.
//   - OpenCSV, Hive's OpenCSVSerde: a record is a line, and an escape character
//     stands before quotes.
//   - LazySimple, Hive's LazySimpleSerDe: no quotes; a record is a line, and null has
//     a text of its own, \N.
//
// Tables are read by their SerDe's rules and not by RFC 4180, so that a record is
// what queries see: one stray quote must not make one record, to be erased, of the
// lines of two people.
//
// Fields that are empty or null have no value. In columns of integer types values
// are in plain decimal digits. Columns of lists, maps and structs are refused: Hive
// writes them with separators of their own.
//
// Mode Blank leaves the separators, so that the record has as many fields as before
// and all of them are null: in LazySimple the text of null, otherwise nothing.
// OpenCSVSerde reads nothing as an empty string, which is no number; a table of it
// with other columns than strings refuses the mode. Mode Replace changes the
// fields alone.
package csv

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"lethe"
	"lethe/catalog"
	"lethe/erasure"
	"lethe/erasure/rewrite/lines"
	"lethe/lib/delimited"
)

// Kind is a way to write fields.
type Kind int

// The kinds of delimited text.
const (
	RFC4180 Kind = iota
	OpenCSV
	LazySimple
)

// Options say how an object is read.
type Options struct {
	Kind Kind
	// Delimited are the settings of the kinds of Hive. RFC4180 has a Separator and
	// Quote of one byte, which are a comma and a double quote unless given.
	catalog.Delimited
	// Columns are the fields of a record, in order. Without them the object's first
	// record is a header that names them; the names count in any case.
	Columns []catalog.Column
}

// New returns the format of delimited text.
func New(o Options) (erasure.Format, error) {
	if o.Kind == RFC4180 {
		if o.Separator == "" {
			o.Separator = ","
		}
		if o.Quote == "" {
			o.Quote = `"`
		}
		if len(o.Separator) != 1 || len(o.Quote) != 1 || o.Separator == o.Quote {
			return nil, lethe.Errorf(lethe.Unsupported, "CSV with separator %q and quote %q; both are one byte", o.Separator, o.Quote)
		}
		if o.Escape != "" && o.Escape != o.Quote || o.Encoding != "" || o.SkipLines > 0 {
			return nil, lethe.Errorf(lethe.Unsupported, "CSV of RFC 4180 with an escape character, an encoding or lines to skip; describe it as a table of OpenCSVSerde")
		}
	} else if o.Separator == "" || o.Columns == nil {
		return nil, lethe.Errorf(lethe.Invalid, "text of Hive's classes has no header: its separator and columns must be given")
	} else if o.Encoding != "" && strings.ContainsFunc(o.Separator+o.Quote+o.Escape+o.Null, func(r rune) bool { return r > 0x7f }) {
		return nil, lethe.Errorf(lethe.Unsupported, "text in %s with separators, quotes or escapes beyond ASCII", o.Encoding)
	}
	return lines.New(&dialect{o}), nil
}

// ForTable returns the format of the objects of a table, or of one of its
// partitions, of OpenCSVSerde or LazySimpleSerDe.
func ForTable(t catalog.Table, st catalog.Storage) (erasure.Format, error) {
	d, err := catalog.DelimitedText(t, st)
	if err != nil {
		return nil, err
	}
	o := Options{Kind: LazySimple, Delimited: d, Columns: st.Columns}
	if st.SerDe.Library == catalog.OpenCSV.SerDe {
		o.Kind = OpenCSV
	}
	if o.Columns == nil {
		o.Columns = t.Storage.Columns
	}
	return New(o)
}

type dialect struct{ Options }

func (d *dialect) Scan(r io.Reader) lines.Scanner {
	if d.Kind == RFC4180 {
		return delimited.NewReader(r, d.Separator[0], d.Quote[0], lines.MaxRecord)
	}
	return delimited.NewLines(r, lines.MaxRecord)
}

func (d *dialect) Head(s lines.Scanner, t lines.Traces) (lines.Head, []string, error) {
	h := &head{dialect: d, columns: d.Columns}
	var notes []string
	var r delimited.Record
	for i := range d.SkipLines {
		if err := s.Next(&r); err == io.EOF {
			break
		} else if err != nil {
			return nil, nil, err
		}
		if r.Cut {
			return nil, nil, lethe.Errorf(lethe.Unsupported, "line %d, which is skipped, has %d bytes", i+1, r.Length)
		}
		if t.In(r.Raw) {
			notes = append(notes, fmt.Sprintf("line %d, which is skipped, names the person; it is left as it is", i+1))
		}
	}
	if h.columns != nil {
		return h, notes, nil
	}
	if err := s.Next(&r); err == io.EOF {
		h.none = true
		return h, nil, nil
	} else if err != nil {
		return nil, nil, err
	}
	if r.Reason != "" {
		return nil, nil, lethe.Errorf(lethe.Invalid, "the header: %s", r.Reason)
	}
	if t.In(r.Raw) {
		notes = append(notes, "the header names the person; it is left as it is")
	}
	for _, f := range r.Fields {
		h.columns = append(h.columns, catalog.Column{Name: strings.TrimSpace(string(f.Text))})
	}
	return h, notes, nil
}

// IsBlank implements lines.Dialect: a record is blank if all fields are empty or
// null.
func (d *dialect) IsBlank(raw []byte) bool {
	sep := []byte(d.Separator)
	nothing := []byte(d.Null)
	if d.Kind != LazySimple {
		nothing = []byte(d.Quote + d.Quote)
	}
	for {
		if n := len(nothing); n > 0 && bytes.HasPrefix(raw, nothing) {
			raw = raw[n:]
		}
		if len(raw) == 0 {
			return true
		}
		var ok bool
		if raw, ok = bytes.CutPrefix(raw, sep); !ok {
			return false
		}
	}
}

// head is the columns of one object.
type head struct {
	*dialect
	columns []catalog.Column
	none    bool // the object has no bytes, so no header
}

func (h *head) Parser(columns []string) (lines.Parser, error) {
	p := &parser{head: h, places: make([][]int, len(columns))}
	for i, name := range columns {
		lower := strings.ToLower(name)
		for j, c := range h.columns {
			if !strings.EqualFold(c.Name, name) && strings.ToLower(c.Name) != lower {
				continue
			}
			switch t, _, _ := strings.Cut(strings.ToLower(c.Type), "<"); strings.TrimSpace(t) {
			case "array", "map", "struct", "uniontype", "binary":
				return nil, lethe.Errorf(lethe.Unsupported, "column %s is of type %s, which lethe does not erase from delimited text", name, c.Type)
			}
			p.places[i] = append(p.places[i], j)
			p.most = max(p.most, j)
		}
		if p.places[i] == nil && !h.none {
			names := make([]string, len(h.columns))
			for j, c := range h.columns {
				names[j] = c.Name
			}
			return nil, lethe.Errorf(lethe.Invalid, "there is no column %s", name).WithHint("the columns are %.300s", strings.Join(names, ", "))
		}
	}
	return p, nil
}

func (h *head) Blank() ([]byte, error) {
	n := len(h.columns)
	if h.Kind == LazySimple {
		return []byte(strings.Repeat(h.Null+h.Separator, max(0, n-1)) + h.Null), nil
	}
	for _, c := range h.columns {
		if h.Kind == OpenCSV && !isText(c.Type) {
			return nil, lethe.Errorf(lethe.Unsupported, "column %s is of type %s, and OpenCSVSerde reads a blank record as an error there", c.Name, c.Type).
				WithHint("delete records of this table instead of blanking them")
		}
	}
	if n <= 1 { // many readers take an empty line for none
		return []byte(h.Quote + h.Quote), nil
	}
	return []byte(strings.Repeat(h.Separator, n-1)), nil
}

func isText(hiveType string) bool {
	t, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(hiveType)), "(")
	return t == "" || t == "string" || t == "varchar" || t == "char"
}
