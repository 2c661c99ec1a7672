package dialect

import (
	"strconv"
	"strings"
)

// jsonStep is a step of json_extract's paths: a key or an index.
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

var jsonPaths cache[[]jsonStep] // nil where a text is no path

func jsonPathOf(s string) ([]jsonStep, bool) {
	path := jsonPaths.get(s, func() []jsonStep {
		path, ok := parseJSONPath(s)
		if !ok {
			return nil
		}
		return append([]jsonStep{}, path...)
	})
	return path, path != nil
}
