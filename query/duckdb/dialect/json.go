package dialect

import (
	"errors"
	"sort"
	"strconv"
	"strings"
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
