package jsonl

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"lethe/object"
)

// Values implements lines.Parser.
func (p *parser) Values(out [][]string) {
	for i := range out {
		out[i] = out[i][:0]
	}
	for _, l := range p.leaves {
		if l.column < len(out) {
			out[l.column] = append(out[l.column], p.text(l))
		}
	}
}

// text is a value as text.
func (p *parser) text(l leaf) string {
	raw := p.line[l.start:l.end]
	switch {
	case raw[0] != '"':
		return canonical(string(raw))
	case bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw):
		return string(raw[1 : len(raw)-1])
	}
	return string(appendText(make([]byte, 0, len(raw)), raw[1:len(raw)-1]))
}

// maxDigits bounds how many digits a number is written out with. What has more,
// as 1e999999, is kept as it was written.
const maxDigits = 400

// canonical writes a number that is whole in decimal digits, and any other word as
// it is.
func canonical(s string) string {
	digits, neg := strings.CutPrefix(s, "-")
	if digits == "" || digits[0] < '0' || digits[0] > '9' {
		return s
	}
	mantissa, exponent := digits, 0
	if i := strings.IndexAny(digits, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.Atoi(digits[i+1:]); err != nil {
			return s
		}
		mantissa = digits[:i]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	fraction = strings.TrimRight(fraction, "0")
	switch {
	case exponent < -maxDigits || exponent > maxDigits || len(whole) > maxDigits:
		return s
	case len(fraction) > exponent: // digits after the point are left, or zeros before it go
		drop := len(fraction) - exponent
		all := whole + fraction
		if drop > len(all) || strings.Trim(all[len(all)-drop:], "0") != "" {
			return s
		}
		whole = all[:len(all)-drop]
	default:
		whole += fraction + strings.Repeat("0", exponent-len(fraction))
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		return "0"
	}
	if neg {
		return "-" + whole
	}
	return whole
}

// appendText undoes the escapes of a string, given without its quotes. What is no
// UTF-8 and what is half of a surrogate pair become replacement characters, as in
// encoding/json.
func appendText(out, raw []byte) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		switch {
		case c == '\\' && i+1 < len(raw):
			if raw[i+1] == 'u' {
				r, n := escape(raw[i:])
				out = utf8.AppendRune(out, r)
				i += n
				continue
			}
			out = append(out, unescape[raw[i+1]])
			i += 2
		case c < utf8.RuneSelf:
			out = append(out, c)
			i++
		default:
			r, n := utf8.DecodeRune(raw[i:])
			out = utf8.AppendRune(out, r)
			i += n
		}
	}
	return out
}

// unescape has the byte that one after a backslash stands for.
var unescape = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
	}
	t['b'], t['f'], t['n'], t['r'], t['t'] = '\b', '\f', '\n', '\r', '\t'
	return t
}()

// escape reads \uXXXX, or two of them that are a surrogate pair, and returns how
// many bytes that is.
func escape(b []byte) (rune, int) {
	r := hex(b)
	if r < 0 {
		return 'u', 2
	}
	if utf16.IsSurrogate(r) {
		if len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
			if pair := utf16.DecodeRune(r, hex(b[6:])); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return utf8.RuneError, 6
	}
	return r, 6
}

// hex reads the digits of \uXXXX; -1 if it has others.
func hex(b []byte) rune {
	if len(b) < 6 {
		return -1
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

// Replace implements lines.Parser.
func (p *parser) Replace(of map[int]*string) ([]object.Edit, error) {
	var out []object.Edit
	for _, l := range p.leaves {
		v, ok := of[l.column]
		if !ok {
			continue
		}
		text := []byte("null")
		if v != nil {
			if p.line[l.start] != '"' && isNumber(*v) {
				text = []byte(*v)
			} else {
				text = appendQuoted(nil, *v)
			}
		}
		out = append(out, object.Edit{Off: int64(l.start), Len: int64(l.end - l.start), Data: bytes.NewReader(text)})
	}
	slices.SortStableFunc(out, func(a, b object.Edit) int { return int(a.Off - b.Off) })
	// A value within one that is replaced as well has two: one is enough.
	return slices.CompactFunc(out, func(a, b object.Edit) bool { return a.Off == b.Off }), nil
}

func isNumber(s string) bool {
	return s != "" && (s[0] == '-' || s[0] >= '0' && s[0] <= '9') && json.Valid([]byte(s))
}

// appendQuoted writes a string. Only what must be is escaped.
func appendQuoted(out []byte, s string) []byte {
	const digits = "0123456789abcdef"
	out = append(out, '"')
	for _, r := range s { // what is no UTF-8 becomes replacement characters
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r < ' ':
			out = append(out, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, '"')
}
