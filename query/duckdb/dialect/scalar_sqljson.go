package dialect

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// sqlPath is an SQL/JSON path: its mode and its steps. Filters, arithmetic and
// most methods are not known.
type sqlPath struct {
	strict bool
	steps  []sqlStep
}

// sqlStep is .key, .*, [*], [n, m to last - 1], .size() or .type().
type sqlStep struct {
	op     string // "key", "keys", "all", "at", "size", "type"
	key    string
	ranges [][2]sqlIndex
}

// sqlIndex is n, or with last, n before the last.
type sqlIndex struct {
	n    int
	last bool
}

func (i sqlIndex) in(length int) int {
	if i.last {
		return length - 1 - i.n
	}
	return i.n
}

var sqlPaths cache[result[*sqlPath]]

func sqlPathOf(s string) (*sqlPath, error) {
	r := sqlPaths.get(s, func() result[*sqlPath] {
		p, err := parseSQLPath(s)
		return result[*sqlPath]{p, err}
	})
	return r.value, r.err
}

func parseSQLPath(s string) (*sqlPath, error) {
	p := &sqlPath{}
	rest := strings.TrimSpace(s)
	if r, ok := strings.CutPrefix(rest, "lax "); ok {
		rest = r
	} else if r, ok := strings.CutPrefix(rest, "strict "); ok {
		rest, p.strict = r, true
	}
	rest = strings.TrimSpace(rest)
	rest, ok := strings.CutPrefix(rest, "$")
	if !ok {
		return nil, errors.New("it does not begin with $")
	}
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		switch {
		case strings.HasPrefix(rest, ".."):
			return nil, errors.New("descendant members")
		case strings.HasPrefix(rest, ".*"):
			p.steps = append(p.steps, sqlStep{op: "keys"})
			rest = rest[2:]
		case rest[0] == '.':
			rest = strings.TrimSpace(rest[1:])
			if strings.HasPrefix(rest, `"`) {
				end := strings.IndexByte(rest[1:], '"')
				if end < 0 || strings.HasPrefix(rest[end+2:], `"`) {
					return nil, errors.New("a quoted member name")
				}
				p.steps = append(p.steps, sqlStep{op: "key", key: rest[1 : end+1]})
				rest = rest[end+2:]
				continue
			}
			n := 0
			for n < len(rest) && (rest[n] == '_' || rest[n] >= 0x80 || rest[n]|0x20 >= 'a' && rest[n]|0x20 <= 'z' || n > 0 && rest[n] >= '0' && rest[n] <= '9') {
				n++
			}
			if n == 0 {
				return nil, errors.New("a member name is missing")
			}
			name := rest[:n]
			rest = rest[n:]
			if call, ok := strings.CutPrefix(rest, "()"); ok {
				if name != "size" && name != "type" {
					return nil, fmt.Errorf("the method %s()", name)
				}
				p.steps = append(p.steps, sqlStep{op: name})
				rest = call
				continue
			}
			p.steps = append(p.steps, sqlStep{op: "key", key: name})
		case rest[0] == '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, errors.New("a ] is missing")
			}
			inner := strings.TrimSpace(rest[1:end])
			rest = rest[end+1:]
			if inner == "*" {
				p.steps = append(p.steps, sqlStep{op: "all"})
				continue
			}
			st := sqlStep{op: "at"}
			for _, item := range strings.Split(inner, ",") {
				from, to, isRange := strings.Cut(item, " to ")
				a, err := parseSQLIndex(from)
				if err != nil {
					return nil, err
				}
				b := a
				if isRange {
					if b, err = parseSQLIndex(to); err != nil {
						return nil, err
					}
				}
				st.ranges = append(st.ranges, [2]sqlIndex{a, b})
			}
			p.steps = append(p.steps, st)
		default:
			return nil, fmt.Errorf("%q", rest)
		}
	}
	return p, nil
}

func parseSQLIndex(s string) (sqlIndex, error) {
	s = strings.TrimSpace(s)
	var i sqlIndex
	if r, ok := strings.CutPrefix(s, "last"); ok {
		i.last = true
		r = strings.TrimSpace(r)
		if r == "" {
			return i, nil
		}
		if s, ok = strings.CutPrefix(r, "-"); !ok {
			return i, fmt.Errorf("the subscript %q", s)
		}
	}
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 {
		return i, fmt.Errorf("the subscript %q", s)
	}
	i.n = n
	return i, nil
}

var errStructure = errors.New("the JSON value has another structure than the path in strict mode")

// eval returns what the path finds in v.
func (p *sqlPath) eval(v jsonValue) ([]jsonValue, error) {
	items := []jsonValue{v}
	for _, st := range p.steps {
		var next []jsonValue
		for _, it := range items {
			found, err := p.step(st, it)
			if err != nil {
				return nil, err
			}
			next = append(next, found...)
		}
		items = next
	}
	return items, nil
}

func (p *sqlPath) step(st sqlStep, v jsonValue) ([]jsonValue, error) {
	switch st.op {
	case "key", "keys":
		if v.kind == jsonArray && !p.strict { // members of the elements
			var out []jsonValue
			for _, el := range v.items {
				if el.kind == jsonObject {
					found, err := p.step(st, el)
					if err != nil {
						return nil, err
					}
					out = append(out, found...)
				}
			}
			return out, nil
		}
		if v.kind != jsonObject {
			return p.missing()
		}
		if st.op == "keys" {
			return v.items, nil
		}
		for i, k := range v.keys {
			if k == st.key {
				return v.items[i : i+1], nil
			}
		}
		return p.missing()
	case "size":
		if v.kind == jsonArray {
			return []jsonValue{{kind: jsonNumber, text: strconv.Itoa(len(v.items))}}, nil
		}
		if p.strict {
			return nil, errStructure
		}
		return []jsonValue{{kind: jsonNumber, text: "1"}}, nil
	case "type":
		name := [...]string{jsonNull: "null", jsonBool: "boolean", jsonNumber: "number", jsonText: "string", jsonArray: "array", jsonObject: "object"}[v.kind]
		return []jsonValue{{kind: jsonText, text: name}}, nil
	}
	if v.kind != jsonArray {
		if p.strict {
			return nil, errStructure
		}
		v = jsonValue{kind: jsonArray, items: []jsonValue{v}}
	}
	if st.op == "all" {
		return v.items, nil
	}
	var out []jsonValue
	for _, r := range st.ranges {
		from, to := r[0].in(len(v.items)), r[1].in(len(v.items))
		if p.strict && (from < 0 || to >= len(v.items) || from > to) {
			return nil, errStructure
		}
		for i := max(from, 0); i <= to && i < len(v.items); i++ {
			out = append(out, v.items[i])
		}
	}
	return out, nil
}

func (p *sqlPath) missing() ([]jsonValue, error) {
	if p.strict {
		return nil, errStructure
	}
	return nil, nil
}

func init() {
	define("json_path", "ssS", func(a args) (any, error) {
		p, err := sqlPathOf(a.s(1))
		if err != nil {
			return nil, badArgument("Invalid JSON path: %s", err)
		}
		v, err := parseJSON(a.s(0))
		if err != nil {
			return []any{"the input is not JSON"}, nil
		}
		items, err := p.eval(v)
		if err != nil {
			return []any{err.Error()}, nil
		}
		out := []any{"ok"}
		for i := range items {
			out = append(out, items[i].String())
		}
		return out, nil
	})
	define("json_plain", "ss", func(a args) (any, error) {
		v, err := parseJSON(a.s(0))
		if err != nil || v.kind == jsonNull || v.kind == jsonArray || v.kind == jsonObject {
			return nil, nil
		}
		return v.text, nil
	})
}
