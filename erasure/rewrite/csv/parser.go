package csv

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"lethe"
	"lethe/erasure/rewrite/lines"
	"lethe/lib/delimited"
	"lethe/object"
)

// parser finds the values of columns in records.
type parser struct {
	*head
	places [][]int // of each column asked for, its fields
	most   int     // the last field asked for

	raw    []byte
	fields []field
	texts  []byte // of fields whose text is not in raw
}

// field is where a field stands in a record, and its text.
type field struct {
	from, to int
	text     []byte
}

// Parse implements lines.Parser.
func (p *parser) Parse(r *delimited.Record) error {
	p.raw, p.fields, p.texts = r.Raw, p.fields[:0], p.texts[:0]
	switch p.Kind {
	case RFC4180:
		if r.Reason != "" {
			return lines.BadRecord("cannot be read: " + r.Reason)
		}
		if len(r.Raw) == 0 {
			return nil
		}
		if len(r.Fields) != len(p.columns) {
			return lines.BadRecord(fmt.Sprintf("has %d fields, not %d", len(r.Fields), len(p.columns)))
		}
		for _, f := range r.Fields {
			p.fields = append(p.fields, field{text: f.Text})
		}
		return nil
	case OpenCSV:
		if bytes.Contains(r.Raw, []byte(p.Quote)) || bytes.Contains(r.Raw, []byte(p.Escape)) {
			p.texts = slices.Grow(p.texts, len(r.Raw)) // so that it is not moved
			if err := delimited.SplitQuoted(r.Raw, p.Separator, p.Quote, p.Escape, p.copied); err != nil {
				if p.Encoding != "" { // where traces are not looked for
					return lethe.Errorf(lethe.Invalid, "line %d: %w", r.Line, err)
				}
				return lines.BadRecord("cannot be read: " + err.Error())
			}
			return nil
		}
		p.split()
	case LazySimple:
		if p.Escape != "" && bytes.Contains(r.Raw, []byte(p.Escape)) {
			p.texts = slices.Grow(p.texts, len(r.Raw))
			delimited.SplitEscaped(r.Raw, p.Separator, p.Escape, p.copied)
		} else {
			p.split()
		}
		for i, f := range p.fields {
			if string(r.Raw[f.from:f.to]) == p.Null {
				p.fields[i].text = nil
			}
		}
	}
	return nil
}

// copied takes a field whose text will not stay.
func (p *parser) copied(from, to int, text []byte) {
	n := len(p.texts)
	p.texts = append(p.texts, text...)
	p.fields = append(p.fields, field{from, to, p.texts[n:len(p.texts):len(p.texts)]})
}

// split cuts a record without quotes and escapes, as far as fields are asked for.
func (p *parser) split() {
	sep := []byte(p.Separator)
	for from := 0; len(p.fields) <= p.most; {
		n := bytes.Index(p.raw[from:], sep)
		if n < 0 {
			p.fields = append(p.fields, field{from, len(p.raw), p.raw[from:]})
			return
		}
		p.fields = append(p.fields, field{from, from + n, p.raw[from : from+n]})
		from += n + len(sep)
	}
}

// Values implements lines.Parser.
func (p *parser) Values(out [][]string) {
	for i := range out {
		out[i] = out[i][:0]
		for _, j := range p.places[i] {
			if j < len(p.fields) && len(p.fields[j].text) > 0 {
				out[i] = append(out[i], p.text(j))
			}
		}
	}
}

// text is the text of a field, in the form of a value of its column's type.
func (p *parser) text(i int) string {
	b := p.fields[i].text
	if p.Encoding != "" {
		return fromLatin1(b)
	}
	s := strings.ToValidUTF8(string(b), string(utf8.RuneError))
	switch strings.ToLower(p.columns[i].Type) {
	case "tinyint", "smallint", "int", "integer", "bigint":
		return digits(s)
	}
	return s
}

// digits writes an integer plainly; what is none stays as it is.
func digits(s string) string {
	t := strings.TrimSpace(s)
	neg := strings.HasPrefix(t, "-")
	if neg || strings.HasPrefix(t, "+") {
		t = t[1:]
	}
	if t == "" || strings.Trim(t, "0123456789") != "" {
		return s
	}
	if t = strings.TrimLeft(t, "0"); t == "" {
		return "0"
	}
	if neg {
		return "-" + t
	}
	return t
}

// Replace implements lines.Parser.
func (p *parser) Replace(of map[int]*string) ([]object.Edit, error) {
	if p.Kind == RFC4180 {
		p.spans()
	}
	values := make([]*string, len(p.fields))
	is := make([]bool, len(p.fields))
	for column, v := range of {
		for _, j := range p.places[column] {
			if j < len(p.fields) && len(p.fields[j].text) > 0 {
				values[j], is[j] = v, true
			}
		}
	}
	var out []object.Edit
	for j, f := range p.fields {
		if !is[j] {
			continue
		}
		b, err := p.write(values[j])
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", p.columns[j].Name, err)
		}
		out = append(out, object.Edit{Off: int64(f.from), Len: int64(f.to - f.from), Data: bytes.NewReader(b)})
	}
	return out, nil
}

// spans finds where the fields of a record of RFC 4180, which has been read, stand.
func (p *parser) spans() {
	at := 0
	for i := range p.fields {
		f := &p.fields[i]
		f.from = at
		if at < len(p.raw) && p.raw[at] == p.Quote[0] {
			for at++; at < len(p.raw); at++ {
				if p.raw[at] != p.Quote[0] {
					continue
				}
				if at+1 < len(p.raw) && p.raw[at+1] == p.Quote[0] {
					at++
					continue
				}
				break
			}
			at++
		} else if n := bytes.IndexByte(p.raw[at:], p.Separator[0]); n >= 0 {
			at += n
		} else {
			at = len(p.raw)
		}
		f.to = at
		at++ // the separator
	}
}
