package dialect

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

// format writes format(): Java's Formatter over the arguments' text.
func (e *emitter) format(c *call) string {
	var values, kinds []string
	for i := 1; i < len(c.args); i++ {
		x, t := e.x(c.args[i]), e.argType(c, i)
		kind := "s"
		switch {
		case t.Kind == trinosql.KindUnknown:
			x = "CAST(NULL AS VARCHAR)"
		case t.IsInteger():
			kind, x = "i", "CAST("+x+" AS VARCHAR)"
		case t.Kind == trinosql.KindDouble:
			kind, x = "d", "trino_java_double("+x+")"
		case t.Kind == trinosql.KindReal:
			kind, x = "d", "trino_java_real("+x+")"
		case t.Kind == trinosql.KindDecimal:
			kind, x = "n", e.decimalText(x, t)
		case t.Kind == trinosql.KindBoolean:
			kind, x = "b", "CAST("+x+" AS VARCHAR)"
		case t.IsString() || t.Kind == trinosql.KindJSON:
			x = e.arg(c, i)
		case t.Kind == trinosql.KindDate, t.Kind == trinosql.KindTimeZone, t.Kind == trinosql.KindUUID, t.Kind == trinosql.KindIPAddress,
			t.Kind == trinosql.KindIntervalDay, t.Kind == trinosql.KindIntervalYear:
			x = e.cast(c.pos, x, t, trinosql.Varchar, false)
		case t.Kind == trinosql.KindTime:
			x = "trino_java_time(" + roundPicos(timePicos(x, t), t.Precision, 9) + ")"
		case t.Kind == trinosql.KindTimestamp, t.Kind == trinosql.KindTimestampZone:
			if t.Precision > 9 {
				to := *t
				to.Precision = 9
				x, t = e.cast(c.pos, x, t, &to, false), &to
			}
			x = e.bind(func(v []string) string {
				picos := "CAST(0 AS BIGINT)"
				if t.Precision > 6 {
					picos = "CAST(" + v[0] + ".p AS BIGINT)"
				}
				z := "''"
				if t.Kind == trinosql.KindTimestampZone {
					z = v[0] + ".z"
				}
				return "trino_java_timestamp(epoch_us(" + e.micros(v[0], t) + "), " + picos + ", " + z + ")"
			}, x)
		default:
			e.unsupported(c.args[i].Pos(), "format of a value of type %s is not supported", t)
		}
		values = append(values, x)
		kinds = append(kinds, kind)
	}
	return "trino_format(" + e.arg(c, 0) + ", CAST([" + list(values) + "] AS VARCHAR[]), '" + strings.Join(kinds, "") + "')"
}

// javaClock writes a time of day as java.time does: seconds only where they are
// not zero, the fraction in groups of three digits.
func javaClock(picos int64) string {
	s := timeText(picos, 9)
	s = strings.TrimSuffix(s, "000000")
	if s2, ok := strings.CutSuffix(s, ".000"); ok {
		s = s2
	} else if len(s) == 18 { // nine digits
		s = strings.TrimSuffix(s, "000")
	}
	if len(s) == 8 {
		s = strings.TrimSuffix(s, ":00")
	}
	return s
}

var specPattern = regexp.MustCompile(`^%(\d+\$|<)?([-#+ 0,(]*)(\d+)?(\.\d+)?([a-zA-Z%])`)

func init() {
	define("java_time", "is", func(a args) (any, error) { return javaClock(a.i(0)), nil })
	define("java_timestamp", "iiss", func(a args) (any, error) {
		us, suffix := a.i(0), ""
		if a.s(2) != "" {
			z, ok := zoneOf(a.s(2))
			if !ok {
				return nil, badArgument("'%s' is not a valid time zone", a.s(2))
			}
			off := z.at(us)
			us += off
			seconds := off / microsPerSecond
			suffix = offsetText(seconds / 60)
			if seconds%60 != 0 {
				suffix += ":" + pad2(int(max(seconds%60, -(seconds%60))))
			}
			if seconds == 0 {
				suffix = "Z"
			}
			if z.loc != nil || z.name == "UTC" {
				suffix += "[" + z.name + "]"
			}
		}
		days := floorDiv(us, microsPerDay)
		return dateText(days) + "T" + javaClock(floorMod(us, microsPerDay)*picosPerMicro+a.i(1)) + suffix, nil
	})
	define("format", "sSss", func(a args) (any, error) { return javaFormat(a.s(0), a[1].([]any), a.s(2)) })
}

// javaFormat is java.util.Formatter for integers (i), doubles (d), decimals (n),
// booleans (b) and text (s).
func javaFormat(format string, values []any, kinds string) (any, error) {
	var b strings.Builder
	next, last := 0, -1
	for i := 0; i < len(format); {
		if format[i] != '%' {
			j := strings.IndexByte(format[i:], '%')
			if j < 0 {
				j = len(format) - i
			}
			b.WriteString(format[i : i+j])
			i += j
			continue
		}
		m := specPattern.FindStringSubmatch(format[i:])
		if m == nil {
			return nil, badArgument("Invalid format string: %s", format)
		}
		i += len(m[0])
		width, _ := strconv.Atoi("0" + m[3])
		precision := -1
		if m[4] != "" {
			precision, _ = strconv.Atoi(m[4][1:])
		}
		if width > 10000 || precision > 1000 {
			return nil, badArgument("Invalid format string: %s", format)
		}
		conv := m[5]
		switch conv {
		case "n":
			b.WriteByte('\n')
			continue
		case "%":
			b.WriteString(justify("%", width, m[2]))
			continue
		}
		at := next
		switch {
		case m[1] == "<":
			at = last
		case m[1] != "":
			at, _ = strconv.Atoi(m[1][:len(m[1])-1])
			at--
		default:
			next++
		}
		if at < 0 || at >= len(values) {
			return nil, badArgument("Invalid format string: %s (MissingFormatArgument: Format specifier '%s')", format, m[0])
		}
		last = at
		s, err := formatValue(values[at], kinds[at], conv, m[2], width, precision, format)
		if err != nil {
			return nil, err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

func justify(s string, width int, flags string) string {
	if n := width - len([]rune(s)); n > 0 {
		if strings.Contains(flags, "-") {
			return s + strings.Repeat(" ", n)
		}
		return strings.Repeat(" ", n) + s
	}
	return s
}

func formatValue(v any, kind byte, conv, flags string, width, precision int, format string) (string, error) {
	mismatch := func() (string, error) {
		return "", badArgument("Invalid format string: %s (IllegalFormatConversion: %s)", format, conv)
	}
	text, ok := v.(string)
	upper := conv == strings.ToUpper(conv)
	out := ""
	switch strings.ToLower(conv) {
	case "s":
		out = "null"
		if ok {
			out = text
		}
		if precision >= 0 && precision < len([]rune(out)) {
			out = string([]rune(out)[:precision])
		}
	case "b":
		out = "false"
		if ok {
			out = "true"
			if kind == 'b' {
				out = text
			}
		}
	case "d", "x", "o":
		if !ok {
			out = "null"
			break
		}
		if kind != 'i' || precision >= 0 || upper && conv != "X" {
			return mismatch()
		}
		n, _ := new(big.Int).SetString(text, 10)
		if conv == "d" {
			return signed(n.String(), flags, width), nil
		}
		base := map[string]int{"x": 16, "o": 8}[strings.ToLower(conv)]
		if n.Sign() < 0 { // two's complement of a long
			n.Add(n, new(big.Int).Lsh(big.NewInt(1), 64))
		}
		out = n.Text(base)
		if strings.Contains(flags, "#") {
			out = map[int]string{16: "0x", 8: "0"}[base] + out
		}
		if pad := width - len(out); pad > 0 && strings.Contains(flags, "0") {
			out = strings.Repeat("0", pad) + out
		}
	case "f", "e", "g":
		if !ok {
			out = "null"
			break
		}
		if kind != 'd' && kind != 'n' {
			return mismatch()
		}
		if precision < 0 {
			precision = 6
		}
		if kind == 'd' && (text == "NaN" || strings.HasSuffix(text, "Infinity")) {
			out = text
			break
		}
		s, good := formatFloat(text, strings.ToLower(conv), precision)
		if !good {
			return mismatch()
		}
		out = signed(s, flags, width)
		if upper {
			out = strings.ToUpper(out)
		}
		return out, nil
	case "c":
		if ok && (kind != 'i' && (kind != 's' || len([]rune(text)) != 1)) {
			return mismatch()
		}
		out = "null"
		if ok {
			out = text
			if kind == 'i' {
				n, err := strconv.ParseInt(text, 10, 32)
				if err != nil || n < 0 {
					return mismatch()
				}
				out = string(rune(n))
			}
		}
	default:
		return "", &failure{"NOT_SUPPORTED", "format with %" + conv + " is not supported"}
	}
	if upper {
		out = strings.ToUpper(out)
	}
	return justify(out, width, flags), nil
}

// formatFloat rounds halves up in decimal, as Java does.
func formatFloat(text, conv string, precision int) (string, bool) {
	switch conv {
	case "f":
		return roundDecimal(text, 10000, precision)
	case "e":
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return "", false
		}
		return strconv.FormatFloat(v, 'e', precision, 64), true
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return "", false
	}
	precision = max(precision, 1)
	if abs := math.Abs(v); abs != 0 && (abs < 1e-4 || abs >= math.Pow(10, float64(precision))) {
		return strconv.FormatFloat(v, 'e', precision-1, 64), true
	}
	var digits int
	if v != 0 {
		digits = precision - 1 - int(math.Floor(math.Log10(math.Abs(v))))
	} else {
		digits = precision - 1
	}
	return roundDecimal(text, 10000, max(0, digits))
}

// signed applies the flags + space , ( and 0 to a number's text.
func signed(s, flags string, width int) string {
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	if strings.Contains(flags, ",") {
		whole, frac, dot := strings.Cut(s, ".")
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + "," + whole[i:]
		}
		s = whole
		if dot {
			s += "." + frac
		}
	}
	sign, end := "", ""
	switch {
	case neg && strings.Contains(flags, "("):
		sign, end = "(", ")"
	case neg:
		sign = "-"
	case strings.Contains(flags, "+"):
		sign = "+"
	case strings.Contains(flags, " "):
		sign = " "
	}
	if n := width - len(sign) - len(s) - len(end); n > 0 && strings.Contains(flags, "0") {
		s = strings.Repeat("0", n) + s
	}
	return justify(sign+s+end, width, flags)
}
