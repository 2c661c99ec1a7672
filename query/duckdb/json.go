package duckdb

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

// json writes the SELECT of a source of JSON lines: one object a line, keys in
// any case, a missing or null key is null.
//
// DuckDB's typed JSON reader wants keys in the case of its columns, so objects
// are read whole and their values taken out as text, all in one pass, and then
// converted by the rules of text tables.
func (b *builder) json(ctx context.Context) error {
	from, err := b.files(ctx, b.src.Files)
	if err != nil {
		return err
	}
	var paths []string
	items := make([]string, len(b.rel.Columns))
	for i, c := range b.rel.Columns {
		x := ""
		if c.Key >= 0 {
			x = b.key(i)
		} else {
			name := strings.ToLower(c.Name)
			paths = append(paths, quote(`$."`+strings.ReplaceAll(strings.ReplaceAll(name, `\`, `\\`), `"`, `\"`)+`"`))
			if x, err = b.jsonValue("f["+strconv.Itoa(len(paths))+"]", i); err != nil {
				return err
			}
		}
		items[i] = x + " AS " + ident(c.Name)
	}
	// A line without capital letters has no key in another case.
	shapes := map[string]*trinosql.Type{}
	for _, c := range b.rel.Columns {
		if c.Key < 0 {
			shapes[strings.ToLower(c.Name)] = c.Type
		}
	}
	lower, err := b.function("lower_keys", 1, func(arg []string) (string, error) { return lowerKeys(arg[0], shapes), nil })
	if err != nil {
		return err
	}
	object := "CASE WHEN j = lower(j) THEN j ELSE " + lower + "(j) END"
	object = "CASE WHEN j IS NULL THEN NULL WHEN starts_with(ltrim(j), '{') THEN " + object + " ELSE error(" + quote(badData+"A line is not a JSON object in file ") + " || filename) END"
	values := "json_extract_string(" + object + ", [" + strings.Join(paths, ", ") + "])"
	if len(paths) == 0 {
		values = "NULL"
	}
	opts := "maximum_object_size=" + strconv.Itoa(maxLine)
	if b.src.Text.SkipMalformed {
		opts += ", ignore_errors=true"
	}
	b.selects = append(b.selects, "SELECT "+selectList(items)+" FROM (SELECT * EXCLUDE (j), "+values+
		" AS f FROM (SELECT * EXCLUDE (json), CAST(json AS VARCHAR) AS j, filename FROM read_ndjson_objects("+from+", "+opts+")))")
	return nil
}

// jsonValue writes JSON's text as a value of column i; what does not fit is an error.
func (b *builder) jsonValue(x string, i int) (string, error) {
	switch t := b.rel.Columns[i].Type; t.Kind {
	case trinosql.KindArray, trinosql.KindMap, trinosql.KindRow:
		// Keys are in lower case here, and the names in a shape must be.
		shape, err := json.Marshal(strings.ToLower(b.rel.Columns[i].Duck))
		return "json_transform(" + x + ", " + quote(string(shape)) + ")", err
	}
	return b.scalar(x, i, "JSON")
}

// lowerKeys writes the keys of a JSON object, and of the rows in its columns, in
// lower case. The keys of maps are data and keep their case. The text is known
// to be JSON.
func lowerKeys(text string, columns map[string]*trinosql.Type) string {
	l := keyLowerer{in: text, out: make([]byte, 0, len(text)), columns: columns}
	l.value(nil, true)
	return string(l.out)
}

type keyLowerer struct {
	in      string
	at      int
	out     []byte
	columns map[string]*trinosql.Type
}

// value copies a value of type t, or of an unknown type if t is nil.
func (l *keyLowerer) value(t *trinosql.Type, top bool) {
	l.space()
	if l.at >= len(l.in) {
		return
	}
	switch l.in[l.at] {
	case '{':
		for l.copy(1); ; {
			l.space()
			if l.at >= len(l.in) || l.in[l.at] == '}' {
				l.copy(1)
				return
			}
			if l.in[l.at] == ',' {
				l.copy(1)
				continue
			}
			begin := len(l.out)
			if !l.text() {
				return
			}
			var of *trinosql.Type
			switch {
			case top || t != nil && t.Kind == trinosql.KindRow:
				key := bytes.ToLower(l.out[begin:])
				l.out = append(l.out[:begin], key...)
				name := strings.Trim(string(key), `"`)
				if top {
					of = l.columns[name]
				} else {
					for i := range t.Elems {
						if strings.EqualFold(t.FieldName(i), name) {
							of = t.Elems[i]
						}
					}
				}
			case t != nil && t.Kind == trinosql.KindMap:
				of = t.Elem()
			}
			l.space()
			l.copy(1) // the colon
			l.value(of, false)
		}
	case '[':
		var of *trinosql.Type
		if t != nil && t.Kind == trinosql.KindArray {
			of = t.Elem()
		}
		for l.copy(1); ; {
			l.space()
			if l.at >= len(l.in) || l.in[l.at] == ']' {
				l.copy(1)
				return
			}
			if l.in[l.at] == ',' {
				l.copy(1)
				continue
			}
			l.value(of, false)
		}
	case '"':
		l.text()
	default:
		n := strings.IndexAny(l.in[l.at:], ",]} \t\r\n")
		if n < 0 {
			n = len(l.in) - l.at
		}
		l.copy(max(n, 1))
	}
}

// text copies a string with its quotes; false if none begins here.
func (l *keyLowerer) text() bool {
	if l.at >= len(l.in) || l.in[l.at] != '"' {
		return false
	}
	for i := l.at + 1; i < len(l.in); i++ {
		switch l.in[i] {
		case '\\':
			i++
		case '"':
			l.copy(i + 1 - l.at)
			return true
		}
	}
	l.copy(len(l.in) - l.at)
	return false
}

func (l *keyLowerer) space() {
	for l.at < len(l.in) && strings.IndexByte(" \t\r\n", l.in[l.at]) >= 0 {
		l.at++
	}
}

// copy takes n bytes, or those that are left.
func (l *keyLowerer) copy(n int) {
	n = min(n, len(l.in)-l.at)
	l.out = append(l.out, l.in[l.at:l.at+n]...)
	l.at += n
}
