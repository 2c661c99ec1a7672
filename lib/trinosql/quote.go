package trinosql

import (
	"strings"
	"unicode"
)

// QuoteName writes an identifier in Trino's syntax, in double quotes where it
// needs them: lower-case words that are not reserved stand as they are.
func QuoteName(name string) string {
	if isPlainName(name) {
		return name
	}
	return QuoteNameAlways(name)
}

// QuoteNameAlways writes an identifier in double quotes.
func QuoteNameAlways(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// QuoteString writes a string literal in Trino's syntax.
func QuoteString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// QuoteHiveName writes an identifier in Hive's syntax, in backquotes always, as
// SHOW CREATE TABLE does.
func QuoteHiveName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// QuoteHiveString writes a string literal in Hive's syntax, where a backslash escapes.
func QuoteHiveString(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		switch r {
		case '\'', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		default:
			if unicode.IsControl(r) && r < 0x100 {
				b.WriteString(`\u00` + string("0123456789abcdef"[r>>4]) + string("0123456789abcdef"[r&15]))
			} else {
				b.WriteRune(r)
			}
		}
	}
	b.WriteByte('\'')
	return b.String()
}

func isPlainName(name string) bool {
	if name == "" || !isIdentStart(name[0]) || reserved[strings.ToUpper(name)] {
		return false
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; !isIdentPart(c) || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return true
}

// unquote takes the marks off a quoted token and undoubles those inside.
func unquote(s string) string {
	q := s[:1]
	s = s[1 : len(s)-1]
	return strings.ReplaceAll(s, q+q, q)
}

// unescapeHive decodes a Hive string: \n, \t, \uXXXX, \ooo, and \c for any
// other c. \% and \_ keep their backslash, as Hive leaves them to LIKE.
func unescapeHive(s string) string {
	s = s[1 : len(s)-1]
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'b':
			b.WriteByte('\b')
		case 'Z':
			b.WriteByte(0x1a)
		case '%', '_':
			b.WriteByte('\\')
			b.WriteByte(c)
		case 'u':
			if r, ok := hexRune(s[i+1:], 4); ok {
				b.WriteRune(r)
				i += 4
			} else {
				b.WriteByte('u')
			}
		default:
			if r, ok := octal(s[i:]); ok {
				b.WriteRune(r)
				i += 2
			} else if c == '0' {
				b.WriteByte(0)
			} else {
				b.WriteByte(c)
			}
		}
	}
	return b.String()
}

func octal(s string) (rune, bool) {
	if len(s) < 3 || s[0] > '1' {
		return 0, false
	}
	r := rune(0)
	for _, c := range []byte(s[:3]) {
		if c < '0' || c > '7' {
			return 0, false
		}
		r = r<<3 | rune(c-'0')
	}
	return r, true
}

func hexRune(s string, n int) (rune, bool) {
	if len(s) < n {
		return 0, false
	}
	r := rune(0)
	for _, c := range []byte(s[:n]) {
		d := strings.IndexByte("0123456789abcdef", c|0x20)
		if isDigit(c) {
			d = int(c - '0')
		}
		if d < 0 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

// decodeUnicode decodes the body of U&'...': \XXXX and \+XXXXXX with the given
// escape character, which doubled stands for itself.
func decodeUnicode(s string, esc byte) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != esc {
			b.WriteByte(s[i])
			continue
		}
		rest, n := s[i+1:], 4
		if rest != "" && rest[0] == esc {
			b.WriteByte(esc)
			i++
			continue
		}
		if rest != "" && rest[0] == '+' {
			rest, n = rest[1:], 6
			i++
		}
		r, ok := hexRune(rest, n)
		if !ok || r > unicode.MaxRune || r >= 0xD800 && r <= 0xDFFF {
			return "", false
		}
		b.WriteRune(r)
		i += n
	}
	return b.String(), true
}
