package dialect

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// program is a regular expression in Java's syntax, as Trino takes it, made
// ready for an engine of the RE2 family.
//
// What RE2 cannot do (look-around, back references, possessive quantifiers,
// atomic groups) is refused. Where it can and means something else, the pattern
// is rewritten: \d, \w and \s know all of Unicode; $ also matches before a final
// newline.
type program struct {
	re2      string // for RE2, in DuckDB or in Go
	like     string // for searches that only ask whether there is a match; "" when re2 does
	re       *regexp.Regexp
	dollar   bool // has a $ or \Z
	boundary bool // has \b or \B, which know ASCII only
	anchored bool // has ^, $, \A, \b, ...: a match depends on what is around it
	empty    bool // may match the empty text
}

// patternError tells why a pattern cannot be used; unsupported is false when it
// is wrong in Java as well.
type patternError struct {
	unsupported bool
	message     string
}

func (e *patternError) Error() string { return e.message }

var programs cache[result[*program]]

// programOf compiles a pattern.
func programOf(pattern string) (*program, error) {
	r := programs.get(pattern, func() result[*program] {
		p, err := compile(pattern)
		if err != nil {
			return result[*program]{err: err}
		}
		return result[*program]{value: p}
	})
	return r.value, r.err
}

func compile(pattern string) (*program, *patternError) {
	t := &translator{in: pattern}
	if err := t.run(); err != nil {
		return nil, err
	}
	p := &t.program
	p.re2 = t.out.String()
	re, err := regexp.Compile(p.re2)
	if err != nil {
		return nil, &patternError{false, err.Error()}
	}
	p.re = re
	if p.dollar && !t.multiline && !t.dollarInside {
		p.like = t.like.String()
	}
	tree, err := syntax.Parse(p.re2, syntax.Perl)
	if err != nil {
		return nil, &patternError{false, err.Error()}
	}
	p.empty = minLength(tree) == 0
	return p, nil
}

// minLength returns 0 if a pattern may match the empty text, else something greater.
func minLength(r *syntax.Regexp) int {
	switch r.Op {
	case syntax.OpLiteral, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return minLength(r.Sub[0])
	case syntax.OpRepeat:
		if r.Min == 0 {
			return 0
		}
		return minLength(r.Sub[0])
	case syntax.OpConcat:
		for _, s := range r.Sub {
			if minLength(s) > 0 {
				return 1
			}
		}
	case syntax.OpAlternate:
		for _, s := range r.Sub {
			if minLength(s) == 0 {
				return 0
			}
		}
		return 1
	}
	return 0
}

// always reports whether every match of r sets capture n.
func always(r *syntax.Regexp, n int) bool {
	if n == 0 {
		return true
	}
	switch r.Op {
	case syntax.OpCapture:
		return r.Cap == n || always(r.Sub[0], n)
	case syntax.OpPlus:
		return always(r.Sub[0], n)
	case syntax.OpRepeat:
		return r.Min > 0 && always(r.Sub[0], n)
	case syntax.OpConcat:
		for _, s := range r.Sub {
			if always(s, n) {
				return true
			}
		}
	}
	return false
}

// captured reports whether a match that sets capture n sets it to some text. Where
// a match may leave it unset the result is null either way.
func captured(r *syntax.Regexp, n int) bool {
	if n == 0 {
		return minLength(r) > 0
	}
	found := false
	var walk func(*syntax.Regexp)
	walk = func(r *syntax.Regexp) {
		if r.Op == syntax.OpCapture && r.Cap == n {
			found = minLength(r.Sub[0]) > 0
		}
		for _, s := range r.Sub {
			walk(s)
		}
	}
	walk(r)
	return found
}

// translator rewrites a pattern.
type translator struct {
	in           string
	i            int
	out, like    strings.Builder
	multiline    bool
	dollarInside bool // something follows a $ that could still match
	program
}

const (
	digitClass = `\p{Nd}`
	wordItems  = `\p{L}\p{M}\p{Nd}\p{Pc}`
	spaceItems = `\t\n\v\f\r \x{85}\p{Z}`
)

func (t *translator) emit(s string) {
	t.out.WriteString(s)
	t.like.WriteString(s)
}

func refusePattern(format string, args ...any) *patternError {
	return &patternError{true, fmt.Sprintf(format, args...)}
}

func (t *translator) run() *patternError {
	for t.i < len(t.in) {
		c := t.in[t.i]
		if t.dollar && !strings.ContainsRune(")|$", rune(c)) && !strings.HasPrefix(t.in[t.i:], `\Z`) && !strings.HasPrefix(t.in[t.i:], `\z`) {
			t.dollarInside = true
		}
		switch c {
		case '\\':
			if err := t.escape(); err != nil {
				return err
			}
			continue
		case '[':
			if err := t.class(); err != nil {
				return err
			}
			continue
		case '(':
			if err := t.group(); err != nil {
				return err
			}
			continue
		case '*', '+', '?', '}':
			t.emit(string(c))
			t.i++
			if t.i < len(t.in) && t.in[t.i] == '+' && (c != '}' || t.quantifierEnds()) {
				return refusePattern("possessive quantifiers are not supported in regular expressions")
			}
			continue
		case '{':
			if strings.HasPrefix(t.in[t.i:], "{,") {
				return refusePattern("the quantifier {,n} is not supported in regular expressions")
			}
		case '^':
			t.anchored = true
		case '$':
			t.dollar, t.anchored = true, true
			t.out.WriteString("$")
			t.like.WriteString(`(?:\n?\z)`)
			t.i++
			continue
		}
		_, n := utf8.DecodeRuneInString(t.in[t.i:])
		t.emit(t.in[t.i : t.i+n])
		t.i += n
	}
	return nil
}

// quantifierEnds reports whether the } just written closed a quantifier.
func (t *translator) quantifierEnds() bool {
	s := t.in[:t.i-1]
	i := strings.LastIndexByte(s, '{')
	return i >= 0 && i < len(s)-1 && strings.Trim(s[i+1:], "0123456789,") == ""
}

func (t *translator) group() *patternError {
	rest := t.in[t.i:]
	switch {
	case strings.HasPrefix(rest, "(?<=") || strings.HasPrefix(rest, "(?<!"):
		return refusePattern("look-behind is not supported in regular expressions")
	case strings.HasPrefix(rest, "(?=") || strings.HasPrefix(rest, "(?!"):
		return refusePattern("look-ahead is not supported in regular expressions")
	case strings.HasPrefix(rest, "(?>"):
		return refusePattern("atomic groups are not supported in regular expressions")
	case strings.HasPrefix(rest, "(?#"):
		return refusePattern("comments are not supported in regular expressions")
	case strings.HasPrefix(rest, "(?<"):
		t.emit("(?P<")
		t.i += 3
	case strings.HasPrefix(rest, "(?:"):
		t.emit("(?:")
		t.i += 3
	case strings.HasPrefix(rest, "(?"):
		end := strings.IndexAny(rest, ":)")
		if end < 0 {
			return &patternError{false, "end pattern in group"}
		}
		flags := rest[2:end]
		if strings.Trim(flags, "ims-") != "" {
			return refusePattern("the flags (?%s) are not supported in regular expressions", flags)
		}
		if on, _, _ := strings.Cut(flags, "-"); strings.Contains(on, "m") {
			t.multiline = true
		}
		t.emit(rest[:end+1])
		t.i += end + 1
	default:
		t.emit("(")
		t.i++
	}
	return nil
}

func (t *translator) escape() *patternError {
	t.i++
	if t.i >= len(t.in) {
		return &patternError{false, "end pattern at escape"}
	}
	c := t.in[t.i]
	t.i++
	switch c {
	case 'd':
		t.emit(digitClass)
	case 'D':
		t.emit(`\P{Nd}`)
	case 'w':
		t.emit("[" + wordItems + "]")
	case 'W':
		t.emit("[^" + wordItems + "]")
	case 's':
		t.emit("[" + spaceItems + "]")
	case 'S':
		t.emit("[^" + spaceItems + "]")
	case 'b', 'B':
		t.boundary, t.anchored = true, true
		t.emit(`\` + string(c))
	case 'A', 'z':
		t.anchored = true
		t.emit(`\` + string(c))
	case 'Z':
		t.dollar, t.anchored = true, true
		t.out.WriteString(`\z`)
		t.like.WriteString(`(?:\n?\z)`)
	case 'p', 'P':
		s, err := t.property(c)
		if err != nil {
			return err
		}
		t.emit("[" + s + "]")
	case 'Q':
		end := strings.Index(t.in[t.i:], `\E`)
		lit := t.in[t.i:]
		if end >= 0 {
			lit = lit[:end]
			t.i += 2
		}
		t.i += len(lit)
		t.emit(regexp.QuoteMeta(lit))
	default:
		if c >= '1' && c <= '9' || c == 'k' {
			return refusePattern("back references are not supported in regular expressions")
		}
		s, err := t.character(c)
		if err != nil {
			return err
		}
		t.emit(s)
	}
	return nil
}

// character writes an escaped character; t.i is behind c.
func (t *translator) character(c byte) (string, *patternError) {
	hexed := func(digits int) (string, *patternError) {
		if t.i+digits > len(t.in) {
			return "", &patternError{false, "too short escape sequence"}
		}
		s := t.in[t.i : t.i+digits]
		n, err := strconv.ParseUint(s, 16, 32)
		if err != nil {
			return "", &patternError{false, "too short escape sequence"}
		}
		t.i += digits
		return fmt.Sprintf(`\x{%x}`, n), nil
	}
	switch c {
	case 't', 'n', 'r', 'f', 'a', 'v':
		return `\` + string(c), nil
	case 'e':
		return `\x{1b}`, nil
	case 'x':
		if t.i < len(t.in) && t.in[t.i] == '{' {
			if end := strings.IndexByte(t.in[t.i:], '}'); end > 0 {
				s := t.in[t.i : t.i+end+1]
				t.i += end + 1
				return `\x` + s, nil
			}
		}
		return hexed(2)
	case 'u':
		return hexed(4)
	case '0':
		n, w := 0, 0
		for w < 3 && t.i < len(t.in) && t.in[t.i] >= '0' && t.in[t.i] <= '7' && n*8+int(t.in[t.i]-'0') < 256 {
			n = n*8 + int(t.in[t.i]-'0')
			t.i++
			w++
		}
		return fmt.Sprintf(`\x{%x}`, n), nil
	}
	if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
		return "", refusePattern("\\%c is not supported in regular expressions", c)
	}
	if c < utf8.RuneSelf {
		return regexp.QuoteMeta(string(c)), nil
	}
	t.i--
	_, n := utf8.DecodeRuneInString(t.in[t.i:])
	s := t.in[t.i : t.i+n]
	t.i += n
	return s, nil
}

var properties = map[string]string{
	"alpha": `\p{L}\p{M}`, "alphabetic": `\p{L}\p{Nl}`, "digit": `\p{Nd}`, "alnum": `\p{L}\p{M}\p{Nd}`, "upper": `\p{Lu}`, "lower": `\p{Ll}`,
	"space": spaceItems, "word": wordItems, "cntrl": `\p{Cc}`, "ascii": `\x00-\x7f`, "xdigit": `0-9A-Fa-f`,
}

// property reads the name behind \p and writes the items of a class.
func (t *translator) property(c byte) (string, *patternError) {
	name := ""
	if t.i < len(t.in) && t.in[t.i] == '{' {
		end := strings.IndexByte(t.in[t.i:], '}')
		if end < 0 {
			return "", &patternError{false, "invalid character property name"}
		}
		name = t.in[t.i+1 : t.i+end]
		t.i += end + 1
	} else if t.i < len(t.in) {
		name = t.in[t.i : t.i+1]
		t.i++
	}
	negated := c == 'P'
	if strings.HasPrefix(name, "^") {
		negated, name = !negated, name[1:]
	}
	if items, ok := properties[strings.ToLower(name)]; ok {
		if !negated {
			return items, nil
		}
		return "", refusePattern("the negated property %s is not supported in regular expressions", name)
	}
	p := "p"
	if negated {
		p = "P"
	}
	known := func(n string) bool { return unicode.Categories[n] != nil || unicode.Scripts[n] != nil }
	for _, n := range []string{name, strings.TrimPrefix(name, "Is"), strings.TrimPrefix(name, "is")} {
		if known(n) {
			return `\` + p + "{" + n + "}", nil
		}
	}
	return "", refusePattern("the character property %s is not supported in regular expressions", name)
}

// class rewrites [...].
func (t *translator) class() *patternError {
	start := t.i
	t.i++
	var b strings.Builder
	b.WriteByte('[')
	if t.i < len(t.in) && t.in[t.i] == '^' {
		b.WriteByte('^')
		t.i++
	}
	for first := true; ; first = false {
		if t.i >= len(t.in) {
			return &patternError{false, "premature end of char-class"}
		}
		c := t.in[t.i]
		switch {
		case c == ']' && !first:
			b.WriteByte(']')
			t.i++
			t.emit(b.String())
			return nil
		case strings.HasPrefix(t.in[t.i:], "[:"):
			end := strings.Index(t.in[t.i:], ":]")
			if end < 0 {
				return refusePattern("nested character classes are not supported in regular expressions")
			}
			items, ok := properties[t.in[t.i+2:t.i+end]]
			if !ok {
				return refusePattern("the character class %s is not supported in regular expressions", t.in[t.i:t.i+end+2])
			}
			b.WriteString(items)
			t.i += end + 2
		case c == '[':
			return refusePattern("nested character classes are not supported in regular expressions")
		case strings.HasPrefix(t.in[t.i:], "&&"):
			return refusePattern("intersections of character classes are not supported in regular expressions")
		case c == ']':
			b.WriteString(`\]`)
			t.i++
		case c == '\\':
			t.i++
			if t.i >= len(t.in) {
				return &patternError{false, "end pattern at escape"}
			}
			e := t.in[t.i]
			t.i++
			switch e {
			case 'd':
				b.WriteString(digitClass)
			case 'D':
				b.WriteString(`\P{Nd}`)
			case 'w':
				b.WriteString(wordItems)
			case 's':
				b.WriteString(spaceItems)
			case 'W', 'S':
				return refusePattern("\\%c in a character class is not supported in regular expressions", e)
			case 'p', 'P':
				s, err := t.property(e)
				if err != nil {
					return err
				}
				b.WriteString(s)
			case 'b':
				b.WriteString(`\x{8}`)
			case '-':
				b.WriteString(`\-`)
			default:
				s, err := t.character(e)
				if err != nil {
					return err
				}
				b.WriteString(s)
			}
		default:
			_, n := utf8.DecodeRuneInString(t.in[t.i:])
			b.WriteString(t.in[t.i : t.i+n])
			t.i += n
		}
		_ = start
	}
}

// usable returns an error where the engine's answer about s might differ from Trino's.
func (p *program) usable(s string) error {
	if p.dollar && strings.HasSuffix(s, "\n") {
		return &failure{"NOT_SUPPORTED", "a regular expression with $ is not supported on a text that ends with a newline"}
	}
	if p.boundary {
		for _, r := range s {
			if r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) {
				return &failure{"NOT_SUPPORTED", `a regular expression with \b is not supported on a text with letters beyond ASCII`}
			}
		}
	}
	return nil
}

// matches returns all matches from a byte offset on, as FindSubmatchIndex does,
// in the way of Java: an empty match may follow another match.
func (p *program) matches(s string, from int) ([][]int, error) {
	if err := p.usable(s); err != nil {
		return nil, err
	}
	if from == 0 && !p.empty {
		return p.re.FindAllStringSubmatchIndex(s, -1), nil
	}
	if p.anchored {
		if from > 0 {
			// Search all; then only matches at or after from count, which is right
			// where earlier ones cannot reach into them.
			var out [][]int
			for _, m := range p.re.FindAllStringSubmatchIndex(s, -1) {
				if m[0] >= from {
					out = append(out, m)
				} else if m[1] > from {
					return nil, &failure{"NOT_SUPPORTED", "this regular expression is not supported from a position on"}
				}
			}
			if p.empty {
				return nil, &failure{"NOT_SUPPORTED", "this regular expression is not supported from a position on"}
			}
			return out, nil
		}
		all := p.re.FindAllStringSubmatchIndex(s, -1)
		for _, m := range all {
			if m[1] > m[0] { // an empty match might follow, which Go leaves out
				return nil, &failure{"NOT_SUPPORTED", "a regular expression with anchors that may match nothing is not supported here"}
			}
		}
		return all, nil
	}
	var out [][]int
	for at := from; at <= len(s); {
		m := p.re.FindStringSubmatchIndex(s[at:])
		if m == nil {
			break
		}
		for i := range m {
			if m[i] >= 0 {
				m[i] += at
			}
		}
		out = append(out, m)
		at = m[1]
		if m[0] == m[1] {
			if at >= len(s) {
				break
			}
			_, n := utf8.DecodeRuneInString(s[at:])
			at += n
		}
	}
	return out, nil
}
