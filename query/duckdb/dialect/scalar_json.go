package dialect

import (
	"errors"
	"sort"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonKind is the kind of a JSON value.
type jsonKind byte

const (
	jsonNull jsonKind = iota
	jsonBool
	jsonNumber
	jsonText
	jsonArray
	jsonObject
)

// jsonValue is a parsed JSON value. Numbers keep their digits.
type jsonValue struct {
	kind  jsonKind
	text  string // of numbers, strings and booleans
	items []jsonValue
	keys  []string
}

var errJSON = errors.New("not JSON")

// maxJSONDepth bounds nesting.
const maxJSONDepth = 1000

type jsonParser struct {
	s string
	i int
}

func parseJSON(s string) (jsonValue, error) {
	p := &jsonParser{s: s}
	v, err := p.value(0)
	if err != nil {
		return v, err
	}
	p.space()
	if p.i != len(s) {
		return v, errJSON
	}
	return v, nil
}

func (p *jsonParser) space() {
	for p.i < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.i]) >= 0 {
		p.i++
	}
}

func (p *jsonParser) word(w string) bool {
	if strings.HasPrefix(p.s[p.i:], w) {
		p.i += len(w)
		return true
	}
	return false
}

func (p *jsonParser) value(depth int) (jsonValue, error) {
	if depth > maxJSONDepth {
		return jsonValue{}, errJSON
	}
	p.space()
	if p.i >= len(p.s) {
		return jsonValue{}, errJSON
	}
	switch c := p.s[p.i]; {
	case c == '{' || c == '[':
		return p.container(c, depth)
	case c == '"':
		s, err := p.text()
		return jsonValue{kind: jsonText, text: s}, err
	case p.word("null"):
		return jsonValue{}, nil
	case p.word("true"):
		return jsonValue{kind: jsonBool, text: "true"}, nil
	case p.word("false"):
		return jsonValue{kind: jsonBool, text: "false"}, nil
	}
	start := p.i
	digits := func() bool {
		from := p.i
		for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
			p.i++
		}
		return p.i > from
	}
	if p.s[p.i] == '-' {
		p.i++
	}
	zero := p.i < len(p.s) && p.s[p.i] == '0'
	from := p.i
	if !digits() || zero && p.i > from+1 {
		return jsonValue{}, errJSON
	}
	if p.i < len(p.s) && p.s[p.i] == '.' {
		p.i++
		if !digits() {
			return jsonValue{}, errJSON
		}
	}
	if p.i < len(p.s) && (p.s[p.i] == 'e' || p.s[p.i] == 'E') {
		p.i++
		if p.i < len(p.s) && (p.s[p.i] == '+' || p.s[p.i] == '-') {
			p.i++
		}
		if !digits() {
			return jsonValue{}, errJSON
		}
	}
	return jsonValue{kind: jsonNumber, text: p.s[start:p.i]}, nil
}

func (p *jsonParser) container(open byte, depth int) (jsonValue, error) {
	v := jsonValue{kind: jsonArray}
	end := byte(']')
	if open == '{' {
		v.kind, end = jsonObject, '}'
	}
	p.i++
	p.space()
	if p.i < len(p.s) && p.s[p.i] == end {
		p.i++
		return v, nil
	}
	for {
		if open == '{' {
			p.space()
			if p.i >= len(p.s) || p.s[p.i] != '"' {
				return v, errJSON
			}
			k, err := p.text()
			if err != nil {
				return v, err
			}
			p.space()
			if p.i >= len(p.s) || p.s[p.i] != ':' {
				return v, errJSON
			}
			p.i++
			v.keys = append(v.keys, k)
		}
		item, err := p.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.items = append(v.items, item)
		p.space()
		if p.i >= len(p.s) {
			return v, errJSON
		}
		c := p.s[p.i]
		p.i++
		if c == end {
			return v, nil
		}
		if c != ',' {
			return v, errJSON
		}
	}
}

func (p *jsonParser) text() (string, error) {
	p.i++
	start := p.i
	for p.i < len(p.s) && p.s[p.i] != '"' && p.s[p.i] != '\\' && p.s[p.i] >= ' ' {
		p.i++
	}
	if p.i < len(p.s) && p.s[p.i] == '"' {
		p.i++
		return p.s[start : p.i-1], nil
	}
	var b strings.Builder
	b.WriteString(p.s[start:p.i])
	for p.i < len(p.s) {
		c := p.s[p.i]
		p.i++
		switch {
		case c == '"':
			return b.String(), nil
		case c < ' ':
			return "", errJSON
		case c != '\\':
			b.WriteByte(c)
		default:
			if p.i >= len(p.s) {
				return "", errJSON
			}
			e := p.s[p.i]
			p.i++
			if k := strings.IndexByte(`"\/bfnrt`, e); k >= 0 {
				b.WriteByte("\"\\/\b\f\n\r\t"[k])
				continue
			}
			if e != 'u' {
				return "", errJSON
			}
			r, ok := p.hex()
			if !ok {
				return "", errJSON
			}
			if utf16.IsSurrogate(r) {
				if strings.HasPrefix(p.s[p.i:], `\u`) {
					p.i += 2
					low, ok := p.hex()
					if !ok {
						return "", errJSON
					}
					r = utf16.DecodeRune(r, low)
				} else {
					r = utf8.RuneError
				}
			}
			b.WriteRune(r)
		}
	}
	return "", errJSON
}

func (p *jsonParser) hex() (rune, bool) {
	if p.i+4 > len(p.s) {
		return 0, false
	}
	n, err := strconv.ParseUint(p.s[p.i:p.i+4], 16, 32)
	p.i += 4
	return rune(n), err == nil
}

// jsonString writes a JSON string as Jackson does.
func jsonString(s string) string {
	var b strings.Builder
	writeJSONString(&b, s)
	return b.String()
}

func writeJSONString(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c >= ' ':
			b.WriteByte(c)
		default:
			if k := strings.IndexByte("\b\f\n\r\t", c); k >= 0 {
				b.WriteByte('\\')
				b.WriteByte("bfnrt"[k])
			} else {
				b.WriteString(`\u00` + string("0123456789ABCDEF"[c>>4]) + string("0123456789ABCDEF"[c&15]))
			}
		}
	}
	b.WriteByte('"')
}

// jsonDigits writes a number as Java's BigDecimal does: all its digits, with an
// exponent only where one is needed.
func jsonDigits(s string) string {
	mantissa, exp := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n, err := strconv.Atoi(s[i+1:])
		if err != nil || n > 1<<30 || n < -1<<30 {
			return s
		}
		mantissa, exp = s[:i], n
	} else if !strings.Contains(s, ".") {
		if s == "-0" {
			return "0"
		}
		return s
	}
	sign := ""
	if strings.HasPrefix(mantissa, "-") {
		sign, mantissa = "-", mantissa[1:]
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+frac, "0")
	if digits == "" {
		digits, sign = "0", ""
	}
	scale := len(frac) - exp
	adjusted := len(digits) - 1 - scale
	switch {
	case scale == 0:
		return sign + digits
	case scale > 0 && adjusted >= -6:
		if pad := scale + 1 - len(digits); pad > 0 {
			digits = strings.Repeat("0", pad) + digits
		}
		return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	out := sign + digits[:1]
	if len(digits) > 1 {
		out += "." + digits[1:]
	}
	if adjusted >= 0 {
		return out + "E+" + strconv.Itoa(adjusted)
	}
	return out + "E" + strconv.Itoa(adjusted)
}

// write writes the value; with sorted objects have their keys in order, the last
// of equal ones.
func (v *jsonValue) write(b *strings.Builder, sorted bool) {
	switch v.kind {
	case jsonNull:
		b.WriteString("null")
	case jsonBool:
		b.WriteString(v.text)
	case jsonNumber:
		b.WriteString(jsonDigits(v.text))
	case jsonText:
		writeJSONString(b, v.text)
	case jsonArray:
		b.WriteByte('[')
		for i := range v.items {
			if i > 0 {
				b.WriteByte(',')
			}
			v.items[i].write(b, sorted)
		}
		b.WriteByte(']')
	case jsonObject:
		order := make([]int, 0, len(v.keys))
		last := map[string]int{}
		for i, k := range v.keys {
			if j, ok := last[k]; ok && sorted {
				order[j] = i
				continue
			}
			last[k] = len(order)
			order = append(order, i)
		}
		if sorted {
			sort.SliceStable(order, func(i, j int) bool { return v.keys[order[i]] < v.keys[order[j]] })
		}
		b.WriteByte('{')
		for n, i := range order {
			if n > 0 {
				b.WriteByte(',')
			}
			writeJSONString(b, v.keys[i])
			b.WriteByte(':')
			v.items[i].write(b, sorted)
		}
		b.WriteByte('}')
	}
}

func (v *jsonValue) String() string {
	var b strings.Builder
	v.write(&b, false)
	return b.String()
}

// canonicalJSON is what json_parse makes of a text.
func canonicalJSON(s string) (string, error) {
	v, err := parseJSON(s)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	v.write(&b, true)
	return b.String(), nil
}

// jsonPath is a path of json_extract: keys and indexes.
type jsonStep struct {
	key   string
	index int // -1 for a key
}

// parseJSONPath reads $.a.b[0]["c"].
func parseJSONPath(s string) ([]jsonStep, bool) {
	if s == "" || s[0] != '$' {
		return nil, false
	}
	var out []jsonStep
	for i := 1; i < len(s); {
		switch s[i] {
		case '.':
			i++
			start := i
			for i < len(s) && s[i] != '.' && s[i] != '[' {
				if c := s[i]; !(c == '_' || c == '-' || c == ':' || c == '$' || c == '@' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80) {
					return nil, false
				}
				i++
			}
			if i == start {
				return nil, false
			}
			out = append(out, jsonStep{key: s[start:i], index: -1})
		case '[':
			i++
			if i < len(s) && s[i] == '"' {
				var b strings.Builder
				i++
				for i < len(s) && s[i] != '"' {
					if s[i] == '\\' {
						if i+1 >= len(s) || s[i+1] != '"' && s[i+1] != '\\' {
							return nil, false
						}
						i++
					}
					b.WriteByte(s[i])
					i++
				}
				if i+1 >= len(s) || s[i+1] != ']' {
					return nil, false
				}
				i += 2
				out = append(out, jsonStep{key: b.String(), index: -1})
				continue
			}
			end := strings.IndexByte(s[i:], ']')
			if end < 1 {
				return nil, false
			}
			word := s[i : i+end]
			i += end + 1
			if n, err := strconv.Atoi(word); err == nil && n >= 0 && word[0] != '+' {
				out = append(out, jsonStep{key: word, index: n})
				continue
			}
			for j := range len(word) {
				if c := word[j]; !(c == '_' || c == '-' || c == ':' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80) {
					return nil, false
				}
			}
			out = append(out, jsonStep{key: word, index: -1})
		default:
			return nil, false
		}
	}
	return out, true
}

// seek moves the parser to the value that a path leads to, without reading what is
// beside it, and reports whether there is one. What follows in the text need not
// be JSON: Trino does not look at it either.
func (p *jsonParser) seek(path []jsonStep) bool {
	for _, st := range path {
		p.space()
		if p.i >= len(p.s) {
			return false
		}
		open := p.s[p.i]
		if open != '{' && (open != '[' || st.index < 0) {
			return false
		}
		p.i++
		found := false
		for n := 0; !found; n++ {
			p.space()
			if p.i >= len(p.s) || p.s[p.i] == '}' || p.s[p.i] == ']' {
				return false
			}
			if n > 0 {
				if p.s[p.i] != ',' {
					return false
				}
				p.i++
				p.space()
			}
			if open == '[' {
				found = n == st.index
			} else {
				if p.i >= len(p.s) || p.s[p.i] != '"' {
					return false
				}
				key, err := p.text()
				if err != nil {
					return false
				}
				p.space()
				if p.i >= len(p.s) || p.s[p.i] != ':' {
					return false
				}
				p.i++
				found = key == st.key
			}
			if !found && !p.skip() {
				return false
			}
		}
	}
	p.space()
	return p.i < len(p.s)
}

// skip passes over a value.
func (p *jsonParser) skip() bool {
	p.space()
	if p.i >= len(p.s) {
		return false
	}
	switch p.s[p.i] {
	case '"':
		return p.skipText()
	case '{', '[':
	default:
		_, err := p.value(0)
		return err == nil
	}
	depth := 0
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case '"':
			if !p.skipText() {
				return false
			}
			continue
		case '{', '[':
			if depth++; depth > maxJSONDepth {
				return false
			}
		case '}', ']':
			depth--
		}
		p.i++
		if depth == 0 {
			return true
		}
	}
	return false
}

func (p *jsonParser) skipText() bool {
	for p.i++; p.i < len(p.s); p.i++ {
		switch p.s[p.i] {
		case '"':
			p.i++
			return true
		case '\\':
			p.i++
		}
	}
	return false
}

// tidy reports whether JSON text, brackets and quotes of which match, is surely
// valid and as it would be written again. It knows the common shapes only.
func tidy(s string) bool {
	const (
		value = iota // a value must follow
		after        // a value ended
	)
	state := value
	var open []byte
	keyed := false // the text just read is a key's
	for i := 0; i < len(s); i++ {
		c := s[i]
		if state == value {
			switch {
			case c == '"':
				for i++; i < len(s) && s[i] != '"'; i++ {
					if s[i] == '\\' || s[i] < ' ' {
						return false
					}
				}
				if i >= len(s) {
					return false
				}
				if keyed {
					if i++; i >= len(s) || s[i] != ':' {
						return false
					}
					keyed = false
					continue
				}
				state = after
			case keyed:
				return false
			case c == '{' || c == '[':
				if i+1 < len(s) && s[i+1] == c+2 { // {} and []
					i++
					state = after
					continue
				}
				open = append(open, c)
				keyed = c == '{'
			case c >= '1' && c <= '9':
				for i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9' {
					i++
				}
				state = after
			case strings.HasPrefix(s[i:], "true"), strings.HasPrefix(s[i:], "null"):
				i += 3
				state = after
			case strings.HasPrefix(s[i:], "false"):
				i += 4
				state = after
			default:
				return false
			}
			continue
		}
		if len(open) == 0 {
			return false
		}
		top := open[len(open)-1]
		switch c {
		case ',':
			state = value
			keyed = top == '{'
		case top + 2:
			open = open[:len(open)-1]
		default:
			return false
		}
	}
	return state == after && len(open) == 0
}

var jsonPaths sync.Map // path -> []jsonStep, or nil where it is none

func jsonPathOf(s string) ([]jsonStep, bool) {
	if v, ok := jsonPaths.Load(s); ok {
		return v.([]jsonStep), v.([]jsonStep) != nil
	}
	path, ok := parseJSONPath(s)
	if path == nil {
		path = []jsonStep{}
	}
	if !ok {
		path = nil
	}
	if len(s) < 200 {
		jsonPaths.Store(s, path)
	}
	return path, ok
}

func init() {
	// extract parses the first argument, follows the path in the second, and
	// hands over what is there.
	extract := func(name, result string, f func(v *jsonValue) any) {
		whole := name == "json_extract"
		define(name, "ss"+result, func(a args) (any, error) {
			path, ok := jsonPathOf(a.s(1))
			if !ok {
				return nil, badArgument("Invalid JSON path: '%s'", a.s(1))
			}
			p := &jsonParser{s: a.s(0)}
			if !p.seek(path) {
				return nil, nil
			}
			if whole {
				start := p.i
				if p.skip() && tidy(p.s[start:p.i]) {
					return p.s[start:p.i], nil
				}
				p.i = start
			}
			v, err := p.value(0)
			if err != nil {
				return nil, nil
			}
			return f(&v), nil
		})
	}
	extract("json_extract", "s", func(v *jsonValue) any { return v.String() })
	extract("json_extract_scalar", "s", func(v *jsonValue) any {
		switch v.kind {
		case jsonNull, jsonArray, jsonObject:
			return nil
		}
		return v.text
	})
	extract("json_size", "i", func(v *jsonValue) any { return int64(len(v.items)) })
	define("json_parse", "ss", func(a args) (any, error) {
		s, err := canonicalJSON(a.s(0))
		if err != nil {
			return nil, badArgument("Cannot convert value to JSON: '%s'", shorten(a.s(0)))
		}
		return s, nil
	})
	define("json_array_length", "si", func(a args) (any, error) {
		v, err := parseJSON(a.s(0))
		if err != nil || v.kind != jsonArray {
			return nil, nil
		}
		return int64(len(v.items)), nil
	})
	define("json_array_get", "sis", func(a args) (any, error) {
		v, err := parseJSON(a.s(0))
		i := a.i(1)
		if err != nil || v.kind != jsonArray {
			return nil, nil
		}
		if i < 0 {
			i += int64(len(v.items))
		}
		if i < 0 || i >= int64(len(v.items)) || v.items[i].kind == jsonNull {
			return nil, nil
		}
		if it := &v.items[i]; it.kind == jsonText {
			return it.text, nil
		}
		return v.items[i].String(), nil
	})
	define("is_json_scalar", "sb", func(a args) (any, error) {
		v, err := parseJSON(a.s(0))
		if err != nil {
			return nil, badArgument("Invalid JSON value: %s", shorten(a.s(0)))
		}
		return v.kind != jsonArray && v.kind != jsonObject, nil
	})
	define("json_array_contains", "sssb", func(a args) (any, error) {
		v, err := parseJSON(a.s(0))
		if err != nil || v.kind != jsonArray {
			return nil, nil
		}
		for i := range v.items {
			it := &v.items[i]
			switch a.s(2) {
			case "text":
				if it.kind == jsonText && it.text == a.s(1) {
					return true, nil
				}
			case "boolean":
				if it.kind == jsonBool && it.text == a.s(1) {
					return true, nil
				}
			case "bigint":
				if it.kind == jsonNumber && !strings.ContainsAny(it.text, ".eE") {
					if n, err := strconv.ParseInt(it.text, 10, 64); err == nil && strconv.FormatInt(n, 10) == a.s(1) {
						return true, nil
					}
				}
			case "double":
				if it.kind == jsonNumber && strings.ContainsAny(it.text, ".eE") {
					x, err1 := strconv.ParseFloat(it.text, 64)
					y, err2 := strconv.ParseFloat(a.s(1), 64)
					if err1 == nil && err2 == nil && x == y {
						return true, nil
					}
				}
			}
		}
		return false, nil
	})
	define("json_string", "ss", func(a args) (any, error) { return jsonString(a.s(0)), nil })
	define("json_double", "ds", func(a args) (any, error) { return jsonFloat(javaDouble(a.d(0))), nil })
	define("json_real", "fs", func(a args) (any, error) { return jsonFloat(javaReal(a[0].(float32))), nil })
	define("json_null", "ss", func(a args) (any, error) {
		if a.s(0) == "null" {
			return nil, nil
		}
		return a.s(0), nil
	})
	// scalarJSON parses JSON of a scalar for a cast to the type named.
	scalarJSON := func(s, name string) (jsonValue, error) {
		v, err := parseJSON(s)
		if err != nil || v.kind == jsonArray || v.kind == jsonObject {
			return v, badCast("Cannot cast '%s' to %s", shorten(s), name)
		}
		return v, nil
	}
	define("json_varchar", "ss", func(a args) (any, error) {
		v, err := scalarJSON(a.s(0), "varchar")
		if err != nil || v.kind == jsonNull {
			return nil, err
		}
		if v.kind == jsonNumber {
			if strings.ContainsAny(v.text, ".eE") {
				f, _ := strconv.ParseFloat(v.text, 64)
				if f == 0 {
					return "0E0", nil
				}
				return trinoFloat(f, 64), nil
			}
			return v.text, nil
		}
		return v.text, nil
	})
	define("json_boolean", "sb", func(a args) (any, error) {
		v, err := scalarJSON(a.s(0), "boolean")
		if err != nil || v.kind == jsonNull {
			return nil, err
		}
		switch v.kind {
		case jsonBool:
			return v.text == "true", nil
		case jsonNumber:
			if !strings.ContainsAny(v.text, ".eE") {
				n, err := strconv.ParseInt(v.text, 10, 64)
				if err != nil {
					return nil, badCast("Cannot cast '%s' to boolean", a.s(0))
				}
				return n != 0, nil
			}
			f, _ := strconv.ParseFloat(v.text, 64)
			return f != 0, nil
		}
		switch strings.ToLower(v.text) {
		case "t", "true", "1":
			return true, nil
		case "f", "false", "0":
			return false, nil
		}
		return nil, badCast("Cannot cast '%s' to boolean", a.s(0))
	})
	define("json_bigint", "ssi", func(a args) (any, error) {
		v, err := scalarJSON(a.s(0), a.s(1))
		if err != nil || v.kind == jsonNull {
			return nil, err
		}
		bad := badCast("Cannot cast '%s' to %s", a.s(0), a.s(1))
		if v.kind == jsonBool {
			return map[string]int64{"true": 1, "false": 0}[v.text], nil
		}
		if v.kind == jsonText || !strings.ContainsAny(v.text, ".eE") {
			n, err := strconv.ParseInt(v.text, 10, 64)
			if err != nil {
				return nil, bad
			}
			return n, checkRange(n, a.s(1), bad)
		}
		f, err := strconv.ParseFloat(v.text, 64)
		if err != nil {
			return nil, bad
		}
		r := roundDouble(f, 0)
		if !(r > -9.3e18 && r < 9.2e18) {
			return nil, bad
		}
		return int64(r), checkRange(int64(r), a.s(1), bad)
	})
	define("json_to_double", "ssd", func(a args) (any, error) {
		v, err := scalarJSON(a.s(0), a.s(1))
		if err != nil || v.kind == jsonNull {
			return nil, err
		}
		if v.kind == jsonBool {
			return map[string]float64{"true": 1, "false": 0}[v.text], nil
		}
		f, ok := parseJavaDouble(v.text)
		if !ok {
			return nil, badCast("Cannot cast '%s' to %s", a.s(0), a.s(1))
		}
		return f, nil
	})
	define("json_to_decimal", "siis", func(a args) (any, error) {
		p, s := int(a.i(1)), int(a.i(2))
		name := "DECIMAL(" + strconv.Itoa(p) + "," + strconv.Itoa(s) + ")"
		v, err := scalarJSON(a.s(0), name)
		if err != nil || v.kind == jsonNull {
			return nil, err
		}
		if v.kind == jsonBool {
			v.text = map[string]string{"true": "1", "false": "0"}[v.text]
		}
		out, ok := "", isDecimal(v.text)
		if ok {
			out, ok = roundDecimal(v.text, p, s)
		}
		if !ok {
			return nil, badCast("Cannot cast input json to %s", name)
		}
		return out, nil
	})
	define("json_elements", "ssS", func(a args) (any, error) {
		v, err := parseJSON(a.s(0))
		if err == nil && v.kind == jsonNull {
			return nil, nil
		}
		if err != nil || v.kind != jsonArray {
			return nil, badCast("Cannot cast to %s. Expected a json array, but got %s", a.s(1), shorten(a.s(0)))
		}
		out := make([]any, len(v.items))
		for i := range v.items {
			out[i] = v.items[i].String()
		}
		return out, nil
	})
	define("json_entries", "ssE", func(a args) (any, error) {
		v, err := parseJSON(a.s(0))
		if err == nil && v.kind == jsonNull {
			return nil, nil
		}
		if err != nil || v.kind != jsonObject {
			return nil, badCast("Cannot cast to %s. Expected a json object, but got %s", a.s(1), shorten(a.s(0)))
		}
		out := make([]any, len(v.items))
		seen := map[string]bool{}
		for i := range v.items {
			if seen[v.keys[i]] {
				return nil, badCast("Cannot cast to %s. Duplicate keys are not allowed", a.s(1))
			}
			seen[v.keys[i]] = true
			out[i] = map[string]any{"k": v.keys[i], "v": v.items[i].String()}
		}
		return out, nil
	})
	define("json_fields", "sssS", func(a args) (any, error) {
		names := strings.Split(a.s(1), "\n")
		v, err := parseJSON(a.s(0))
		if err == nil && v.kind == jsonNull {
			return nil, nil
		}
		out := make([]any, len(names))
		switch {
		case err == nil && v.kind == jsonArray:
			if len(v.items) != len(names) {
				return nil, badCast("Cannot cast to %s. Expected a json array of %d elements", a.s(2), len(names))
			}
			for i := range v.items {
				out[i] = v.items[i].String()
			}
		case err == nil && v.kind == jsonObject:
			for i, n := range names {
				for j, k := range v.keys {
					if n != "" && strings.EqualFold(k, n) {
						out[i] = v.items[j].String()
					}
				}
			}
		default:
			return nil, badCast("Cannot cast to %s. Expected a json array or object, but got %s", a.s(2), shorten(a.s(0)))
		}
		return out, nil
	})
}

// checkRange returns bad if n does not fit the integer type named.
func checkRange(n int64, name string, bad error) error {
	bits := map[string]uint{"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}[name]
	if signExtend(n, bits) != n {
		return bad
	}
	return nil
}

func jsonFloat(s string) string {
	if s == "NaN" || strings.HasSuffix(s, "Infinity") {
		return jsonString(s)
	}
	return s
}

func shorten(s string) string {
	if len(s) > 200 {
		return s[:200] + "..."
	}
	return s
}
