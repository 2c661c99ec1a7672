package dialect

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// javaReal and javaDouble write numbers as Java's toString does: 1.5, 1.0E10, NaN.
func javaDouble(v float64) string { return javaFloat(v, 64) }
func javaReal(v float32) string   { return javaFloat(float64(v), 32) }

func javaFloat(v float64, bits int) string {
	switch abs := math.Abs(v); {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	case abs == 0 || abs >= 1e-3 && abs < 1e7:
		s := strconv.FormatFloat(v, 'f', -1, bits)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	return scientific(v, bits)
}

// scientific writes d.dddE±n, as Trino casts floating-point numbers to varchar.
func scientific(v float64, bits int) string {
	s := strconv.FormatFloat(v, 'e', -1, bits)
	mantissa, exp, _ := strings.Cut(s, "e")
	if !strings.Contains(mantissa, ".") {
		// Java writes two digits at least, and then those nearest to the value.
		mantissa += ".0"
		two := strconv.FormatFloat(v, 'e', 1, bits)
		if back, err := strconv.ParseFloat(two, bits); err == nil && back == v {
			mantissa, exp, _ = strings.Cut(two, "e")
		}
	}
	n, _ := strconv.Atoi(exp)
	return mantissa + "E" + strconv.Itoa(n)
}

// trinoFloat writes what CAST(v AS varchar) gives.
func trinoFloat(v float64, bits int) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	return scientific(v, bits)
}

// trinoReal writes what CAST(v AS varchar) gives for a real: seven digits at most.
func trinoReal(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) || v == 0 {
		return trinoFloat(v, 64)
	}
	mantissa, exp, _ := strings.Cut(strconv.FormatFloat(v, 'e', 6, 64), "e")
	mantissa = strings.TrimRight(mantissa, "0")
	if strings.HasSuffix(mantissa, ".") {
		mantissa += "0"
	}
	n, _ := strconv.Atoi(exp)
	return mantissa + "E" + strconv.Itoa(n)
}

func runes(s string) []rune { return []rune(s) }

func init() {
	define("double_text", "ds", func(a args) (any, error) { return trinoFloat(a.d(0), 64), nil })
	define("real_text", "fs", func(a args) (any, error) { return trinoReal(float64(a[0].(float32))), nil })
	define("java_double", "ds", func(a args) (any, error) { return javaDouble(a.d(0)), nil })
	define("java_real", "fs", func(a args) (any, error) { return javaReal(a[0].(float32)), nil })
	define("upper", "ss", func(a args) (any, error) {
		return strings.Map(func(r rune) rune {
			if r == 'ß' { // upper-cased to itself, as it has no single letter in Java
				return r
			}
			return unicode.ToUpper(r)
		}, a.s(0)), nil
	})
	define("chr", "is", func(a args) (any, error) {
		if n := a.i(0); n < 0 || n > unicode.MaxRune || n >= 0xD800 && n <= 0xDFFF {
			return nil, badArgument("Not a valid Unicode code point: %d", n)
		}
		return string(rune(a.i(0))), nil
	})
	define("codepoint", "si", func(a args) (any, error) {
		r, n := utf8.DecodeRuneInString(a.s(0))
		if n == 0 || n != len(a.s(0)) {
			return nil, badArgument("Input string must be a single character string")
		}
		return int64(r), nil
	})
	define("hamming_distance", "ssi", func(a args) (any, error) {
		l, r := runes(a.s(0)), runes(a.s(1))
		if len(l) != len(r) {
			return nil, badArgument("The input strings to hamming_distance function must have the same length")
		}
		n := int64(0)
		for i := range l {
			if l[i] != r[i] {
				n++
			}
		}
		return n, nil
	})
	define("levenshtein_distance", "ssi", func(a args) (any, error) {
		l, r := runes(a.s(0)), runes(a.s(1))
		if len(l)*max(1, len(r)) > 1_000_000 {
			return nil, badArgument("The combined inputs for Levenshtein distance are too large")
		}
		return int64(levenshtein(l, r)), nil
	})
	define("soundex", "ss", func(a args) (any, error) { return soundex(a.s(0)) })
	define("luhn_check", "sb", func(a args) (any, error) { return luhn(a.s(0)) })
	define("normalize", "sss", func(a args) (any, error) {
		f, ok := map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}[strings.ToUpper(a.s(1))]
		if !ok {
			return nil, badArgument("Normalization form must be one of [NFD, NFC, NFKD, NFKC]")
		}
		return f.String(a.s(0)), nil
	})
	define("translate", "ssss", func(a args) (any, error) {
		from, to := runes(a.s(1)), runes(a.s(2))
		m := map[rune]rune{}
		for i, r := range from {
			if _, ok := m[r]; ok {
				continue
			}
			m[r] = -1
			if i < len(to) {
				m[r] = to[i]
			}
		}
		return strings.Map(func(r rune) rune {
			if t, ok := m[r]; ok {
				return t
			}
			return r
		}, a.s(0)), nil
	})
	define("strpos", "ssii", func(a args) (any, error) { return position(a.s(0), a.s(1), a.i(2)) })
	define("replace_empty", "sss", func(a args) (any, error) {
		var b strings.Builder
		for _, r := range a.s(0) {
			b.WriteString(a.s(1))
			b.WriteRune(r)
		}
		b.WriteString(a.s(1))
		return b.String(), nil
	})
	define("reverse", "ss", func(a args) (any, error) {
		r := runes(a.s(0))
		for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
			r[i], r[j] = r[j], r[i]
		}
		return string(r), nil
	})
	define("lpad", "siss", func(a args) (any, error) { return pad(a.s(0), a.i(1), a.s(2), true) })
	define("rpad", "siss", func(a args) (any, error) { return pad(a.s(0), a.i(1), a.s(2), false) })
	define("overlay", "ssiis", func(a args) (any, error) { return overlay(runes(a.s(0)), runes(a.s(1)), a.i(2), a.i(3)) })
	define("repeat_count", "ii", func(a args) (any, error) {
		switch n := a.i(0); {
		case n > 10000:
			return nil, badArgument("count argument of repeat function must be less than or equal to 10000")
		case n < 0:
			return nil, badArgument("count argument of repeat function must be greater than or equal to 0")
		}
		return a.i(0), nil
	})
	define("split", "ssiS", func(a args) (any, error) {
		s, sep, limit := a.s(0), a.s(1), a.i(2)
		switch {
		case limit <= 0:
			return nil, badArgument("Limit must be positive")
		case limit > math.MaxInt32:
			return nil, badArgument("Limit is too large")
		case sep == "":
			return nil, badArgument("The delimiter may not be the empty string")
		}
		return anys(strings.SplitN(s, sep, int(limit))), nil
	})
	define("split_part", "ssis", func(a args) (any, error) {
		s, sep, n := a.s(0), a.s(1), a.i(2)
		if n <= 0 {
			return nil, badArgument("Index must be greater than zero")
		}
		var parts []string
		if sep == "" {
			for _, r := range s {
				parts = append(parts, string(r))
			}
		} else {
			parts = strings.Split(s, sep)
		}
		if n > int64(len(parts)) {
			return nil, nil
		}
		return parts[n-1], nil
	})
	splitEntries := func(name string, unique bool) {
		define(name, "sssE", func(a args) (any, error) { return splitToEntries(a.s(0), a.s(1), a.s(2), unique) })
	}
	splitEntries("split_to_map", true)
	splitEntries("split_to_entries", false)
	define("human_readable_seconds", "ds", func(a args) (any, error) { return humanSeconds(a.d(0)) })
	define("parse_data_size", "ss", func(a args) (any, error) { return parseDataSize(a.s(0)) })
	define("format_bigint", "is", func(a args) (any, error) { return compactNumber(float64(a.i(0))), nil })
	define("format_double", "ds", func(a args) (any, error) { return compactNumber(a.d(0)), nil })
	define("parse_double", "ssd", func(a args) (any, error) {
		v, ok := parseJavaDouble(a.s(0))
		if !ok {
			return nil, badCast("Cannot cast '%s' to %s", a.s(0), a.s(1))
		}
		return v, nil
	})
	quiet("parse_double")
	define("parse_ip", "sx", func(a args) (any, error) {
		ip, err := netip.ParseAddr(a.s(0))
		if err != nil || ip.Zone() != "" {
			return nil, badCast("Cannot cast value to IPADDRESS: %s", a.s(0))
		}
		b := ip.As16()
		return b[:], nil
	})
	define("binary_ip", "xx", func(a args) (any, error) {
		switch b := a.x(0); len(b) {
		case 4:
			ip := netip.AddrFrom4([4]byte(b)).As16()
			return ip[:], nil
		case 16:
			return b, nil
		default:
			return nil, badCast("Invalid IP address binary length: %d", len(b))
		}
	})
	define("ip_text", "xs", func(a args) (any, error) { return netip.AddrFrom16([16]byte(a.x(0))).Unmap().String(), nil })
	define("ip_contains", "sxb", func(a args) (any, error) {
		p, err := netip.ParsePrefix(a.s(0))
		if err != nil || p.Addr().Is4() && p.Masked() != p {
			return nil, badCast("Invalid CIDR: %s", a.s(0))
		}
		addr := netip.AddrFrom16([16]byte(a.x(1)))
		if p.Addr().Is4() {
			return p.Contains(addr.Unmap()), nil
		}
		return within(p.Addr().As16(), addr.As16(), p.Bits()), nil
	})
	define("parse_uuid", "ss", func(a args) (any, error) {
		s := a.s(0)
		ok := len(s) == 36
		for i := 0; ok && i < len(s); i++ {
			if i == 8 || i == 13 || i == 18 || i == 23 {
				ok = s[i] == '-'
			} else {
				ok = strings.IndexByte("0123456789abcdefABCDEF", s[i]) >= 0
			}
		}
		if !ok {
			return nil, badCast("Cannot cast value to UUID: %s", s)
		}
		return s, nil
	})
	define("binary_uuid", "xs", func(a args) (any, error) {
		b := a.x(0)
		if len(b) != 16 {
			return nil, badCast("Invalid UUID binary length: %d", len(b))
		}
		return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
	})
}

// within reports whether two addresses agree in their first bits.
func within(a, b [16]byte, bits int) bool {
	for i := 0; bits > 0; i, bits = i+1, bits-8 {
		mask := byte(0xff)
		if bits < 8 {
			mask <<= 8 - bits
		}
		if (a[i]^b[i])&mask != 0 {
			return false
		}
	}
	return true
}

func anys[T any](in []T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}

func levenshtein(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diag := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := diag
			if x != y {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func soundex(s string) (any, error) {
	const codes = "01230120022455012623010202" // a to z; 0 is a vowel, h, w or y
	out := make([]byte, 0, 4)
	last := byte('0')
	for _, r := range s {
		if !unicode.IsLetter(r) {
			continue
		}
		u := unicode.ToUpper(r)
		if u < 'A' || u > 'Z' {
			return nil, badArgument("The character is not mapped: %c (index=%d)", u, u-'A')
		}
		c := codes[u-'A']
		switch {
		case len(out) == 0:
			out = append(out, byte(u))
			last = c
		case u == 'H' || u == 'W':
			// the letters around them count as neighbours
		default:
			if c != '0' && c != last && len(out) < 4 {
				out = append(out, c)
			}
			last = c
		}
	}
	if len(out) == 0 {
		return "", nil
	}
	for len(out) < 4 {
		out = append(out, '0')
	}
	return string(out), nil
}

func luhn(s string) (any, error) {
	if s == "" {
		return false, nil
	}
	sum := 0
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] < '0' || s[i] > '9' {
			return nil, badArgument("Not a number: %s", s)
		}
		d := int(s[i] - '0')
		if (len(s)-i)%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0, nil
}

// position finds the n-th occurrence, from the end when n is negative. It counts characters.
func position(s, sub string, n int64) (any, error) {
	if n == 0 {
		return nil, badArgument("'instance' must be a positive or negative number.")
	}
	if sub == "" {
		if n > 0 {
			return int64(1), nil
		}
		return int64(utf8.RuneCountInString(s)) + 1, nil
	}
	at := -1
	if n > 0 {
		for from := 0; n > 0; n-- {
			i := strings.Index(s[from:], sub)
			if i < 0 {
				return int64(0), nil
			}
			at = from + i
			from = at + 1
		}
	} else {
		for end := len(s); n < 0; n++ {
			i := strings.LastIndex(s[:end], sub)
			if i < 0 {
				return int64(0), nil
			}
			at = i
			end = min(len(s), i+len(sub)-1)
		}
	}
	return int64(utf8.RuneCountInString(s[:at])) + 1, nil
}

func pad(s string, n int64, with string, left bool) (any, error) {
	if n < 0 || n > math.MaxInt32 {
		return nil, badArgument("Target length must be in the range [0..%d]", math.MaxInt32)
	}
	if with == "" {
		return nil, badArgument("Padding string must not be empty")
	}
	if n > 1<<26 {
		return nil, badArgument("padded text would be too long: %d characters", n)
	}
	r := runes(s)
	if int64(len(r)) >= n {
		return string(r[:n]), nil
	}
	w := runes(with)
	fill := make([]rune, int(n)-len(r))
	for i := range fill {
		fill[i] = w[i%len(w)]
	}
	if left {
		return string(fill) + s, nil
	}
	return s + string(fill), nil
}

// overlay replaces n characters from a position.
func overlay(s, by []rune, from, n int64) (any, error) {
	n = max(n, 0)
	if from < 1 {
		return nil, badArgument("start must be positive: %d", from)
	}
	start := min(int(from-1), len(s))
	end := min(start+int(min(n, 1<<31)), len(s))
	return string(s[:start]) + string(by) + string(s[end:]), nil
}

func splitToEntries(s, entrySep, kvSep string, unique bool) (any, error) {
	switch {
	case entrySep == "":
		return nil, badArgument("entryDelimiter is empty")
	case kvSep == "":
		return nil, badArgument("keyValueDelimiter is empty")
	case entrySep == kvSep:
		return nil, badArgument("entryDelimiter and keyValueDelimiter must not be the same")
	}
	out := []any{}
	seen := map[string]bool{}
	for s != "" {
		var entry string
		entry, s, _ = strings.Cut(s, entrySep)
		k, v, ok := strings.Cut(entry, kvSep)
		if !ok {
			return nil, badArgument("Key-value delimiter must appear exactly once in each entry. Bad input: '%s'", entry)
		}
		if strings.Contains(v, kvSep) {
			return nil, badArgument("Key-value delimiter must appear exactly once in each entry. Bad input: '%s'", entry)
		}
		if unique && seen[k] {
			return nil, badArgument("Duplicate keys (%s) are not allowed", k)
		}
		seen[k] = true
		out = append(out, map[string]any{"k": k, "v": v})
	}
	return out, nil
}

func humanSeconds(v float64) (any, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, badArgument("Invalid argument found: %s", javaDouble(v))
	}
	n := int64(math.Floor(math.Abs(v) + 0.5)) // as Java's Math.round
	units := []struct {
		name string
		n    int64
	}{{"week", 604800}, {"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}}
	var parts []string
	for _, u := range units {
		c := n / u.n
		n %= u.n
		if c == 0 && !(u.n == 1 && len(parts) == 0) {
			continue
		}
		s := strconv.FormatInt(c, 10) + " " + u.name
		if c != 1 {
			s += "s"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", "), nil
}

// compactNumber writes 1.23K, 45.6M, as format_number does.
func compactNumber(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return javaDouble(v)
	}
	units := []string{"", "K", "M", "B", "T", "Q"}
	i := 0
	for math.Abs(v) >= 1000 && i < len(units)-1 {
		v /= 1000
		i++
	}
	digits := 2
	switch abs := math.Abs(v); {
	case abs >= 1000:
	case abs >= 100:
		digits = 0
	case abs >= 10:
		digits = 1
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s + units[i]
}

func parseJavaDouble(s string) (float64, bool) {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
	sign := ""
	body := s
	if body != "" && (body[0] == '+' || body[0] == '-') {
		sign, body = body[:1], body[1:]
	}
	switch body {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		v, _ := strconv.ParseFloat(sign+"Inf", 64)
		return v, true
	}
	if body == "" || strings.ContainsAny(body, "_nNiI") {
		return 0, false
	}
	hex := strings.HasPrefix(body, "0x") || strings.HasPrefix(body, "0X")
	if last := body[len(body)-1]; strings.IndexByte("dDfF", last) >= 0 && !hex {
		body = body[:len(body)-1]
	}
	v, err := strconv.ParseFloat(sign+body, 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, false
	}
	return v, true
}
