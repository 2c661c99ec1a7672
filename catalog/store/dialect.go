package store

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Statements in this package are written once, in SQLite's and PostgreSQL's
// common spelling, with names as "TBLS" and parameters as $1. What databases
// spell differently stands in braces:
//
//	{IN $1}   is one of the values of a list, bound with list
//	{NAMES $1} the same of a list of texts, looked up one by one in an index: without
//	          statistics of the table PostgreSQL may compare each row to each text
//	{UPDATE}  at the end of a SELECT: locks its rows for a change
//	{SHARE}   the same against changes by others
//	{BYTES}   after a text: compares and orders it by its bytes
//	{EACH $1} in FROM: the values of a list as r.value
//
// dialect and what it is made of is the one place that knows the differences.
type dialect struct {
	kind kind
	// lower holds the names that a version of PostgreSQL's schema has in lower case.
	lower map[string]bool
	// bytewise tells that text compares by its bytes without being asked to.
	bytewise bool
	// collation is MySQL's for text in which any character may be, compared by its bytes.
	collation string
	// prefixes bounds the ranges of names that one statement looks for.
	prefixes int

	parsed sync.Map // string: []piece
}

type kind int

const (
	sqliteKind kind = iota
	postgresKind
	mysqlKind
)

// quote quotes a name.
func (d *dialect) quote(name string) string {
	if d.kind == mysqlKind {
		return "`" + name + "`"
	}
	return `"` + name + `"`
}

// name quotes a name of the schema; one in lower case needs no quotes.
func (d *dialect) name(name string, lower bool) string {
	if lower && d.kind == postgresKind {
		return strings.ToLower(name)
	}
	return d.quote(name)
}

// lowerNames collects the names that a version has in lower case in PostgreSQL.
func lowerNames(v version) map[string]bool {
	out := map[string]bool{}
	for _, t := range tables(v) {
		if t.lower {
			out[t.name] = true
			for _, c := range t.columns {
				// These have no prefix and are also columns of other tables, of which
				// this package uses them.
				if strings.Contains(c.name, "_") && c.name != "CREATE_TIME" {
					out[c.name] = true
				}
			}
		}
	}
	return out
}

// piece is a part of a statement: text, and then a parameter if parameter is not 0.
type piece struct {
	text      string
	parameter int
	list      bool
	after     string // a list
}

// spell writes a statement for the database, with its arguments in order.
func (d *dialect) spell(query string, args []any) (string, []any) {
	pieces, ok := d.parsed.Load(query)
	if !ok {
		pieces = d.parse(query)
		if strings.Count(query, "$") < 100 { // not those that insert many rows
			d.parsed.Store(query, pieces)
		}
	}
	var s strings.Builder
	out := args
	if d.kind == mysqlKind {
		out = make([]any, 0, len(args))
	}
	for _, p := range pieces.([]piece) {
		s.WriteString(p.text)
		switch {
		case p.parameter == 0:
		case d.kind != mysqlKind:
			s.WriteString("$" + strconv.Itoa(p.parameter))
		case !p.list:
			s.WriteByte('?')
			out = append(out, args[p.parameter-1])
		default:
			values := args[p.parameter-1].(values)
			if values.len() == 0 {
				s.WriteString("NULL")
				break
			}
			s.WriteString("?" + strings.Repeat(", ?", values.len()-1))
			out = values.appendTo(out)
		}
		s.WriteString(p.after)
	}
	if d.kind == mysqlKind {
		return s.String(), out
	}
	for i, a := range out {
		if v, ok := a.(values); ok {
			if d.kind == sqliteKind {
				a = v.json()
			} else {
				a = v.array()
			}
			if &out[0] == &args[0] {
				out = slices.Clone(args)
			}
			out[i] = a
		}
	}
	return s.String(), out
}

// parse splits a statement at its parameters and spells the rest.
func (d *dialect) parse(query string) []piece {
	var out []piece
	var s strings.Builder
	cut := func(p piece) {
		p.text = s.String()
		s.Reset()
		out = append(out, p)
	}
	for i := 0; i < len(query); {
		rest := query[i:]
		switch query[i] {
		case '\'': // a text, which this package never writes with a quote inside
			n := strings.IndexByte(rest[1:], '\'') + 2
			s.WriteString(rest[:n])
			i += n
		case '"':
			n := strings.IndexByte(rest[1:], '"') + 2
			name := rest[1 : n-1]
			s.WriteString(d.name(name, d.lower[name]))
			i += n
		case '$':
			n := 1
			for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
				n++
			}
			cut(piece{parameter: atoi(rest[1:n])})
			i += n
		case '{':
			n := strings.IndexByte(rest, '}') + 1
			word, parameter, _ := strings.Cut(rest[1:n-1], " $")
			switch word {
			case "IN":
				s.WriteString([]string{"IN (SELECT value FROM json_each(", "= ANY(", "IN ("}[d.kind])
				cut(piece{parameter: atoi(parameter), list: true, after: []string{"))", ")", ")"}[d.kind]})
			case "NAMES":
				s.WriteString([]string{"IN (SELECT value FROM json_each(", "IN (SELECT unnest(", "IN ("}[d.kind])
				cut(piece{parameter: atoi(parameter), list: true, after: []string{"))", "::text[]))", ")"}[d.kind]})
			case "EACH":
				if d.kind == sqliteKind {
					s.WriteString("json_each(")
					cut(piece{parameter: atoi(parameter)})
					s.WriteString(") r")
				} else {
					s.WriteString("unnest(")
					cut(piece{parameter: atoi(parameter)})
					s.WriteString("::text[]) r(value)")
				}
			case "UPDATE":
				s.WriteString([]string{"", "FOR NO KEY UPDATE", "FOR UPDATE"}[d.kind])
			case "SHARE":
				s.WriteString([]string{"", "FOR SHARE", "LOCK IN SHARE MODE"}[d.kind])
			case "BYTES":
				if d.kind == postgresKind && !d.bytewise {
					s.WriteString(`COLLATE "C"`)
				}
			default:
				panic("unknown word in statement: " + query)
			}
			i += n
		default:
			n := strings.IndexAny(rest, `'"${`)
			if n < 0 {
				n = len(rest)
			}
			s.WriteString(rest[:n])
			i += n
		}
	}
	cut(piece{})
	return out
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err) // statements are constants of this package
	}
	return n
}

// values is a list that is bound as one parameter.
type values interface {
	len() int
	json() string
	array() any
	appendTo([]any) []any
}

type valuesOf[T int64 | string] []T

// list makes the argument of {IN $n}.
func list[T int64 | string](v []T) values { return valuesOf[T](v) }

func (v valuesOf[T]) len() int { return len(v) }

// array is never nil, which would be NULL.
func (v valuesOf[T]) array() any { return append([]T{}, v...) }

func (v valuesOf[T]) json() string {
	b, err := json.Marshal([]T(v))
	if err != nil {
		panic(err) // integers and strings always marshal
	}
	return string(b)
}

func (v valuesOf[T]) appendTo(args []any) []any {
	for _, x := range v {
		args = append(args, x)
	}
	return args
}

// among says that an expression is one of the values of a list.
func among(expression, parameter string) string {
	return expression + " {IN " + parameter + "}"
}

// named says the same of texts that an index has.
func named(expression, parameter string) string {
	return expression + " {NAMES " + parameter + "}"
}

// flag reads a truth value, which MySQL keeps as a bit.
type flag bool

// Scan implements sql.Scanner.
func (f *flag) Scan(v any) error {
	switch v := v.(type) {
	case bool:
		*f = flag(v)
	case int64:
		*f = v != 0
	case []byte:
		*f = len(v) == 1 && (v[0] == 1 || v[0] == '1') || string(v) == "true"
	case string:
		*f = v == "1" || v == "\x01" || v == "true"
	default:
		*f = false
	}
	return nil
}
