package trinosql

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Constant is a value known without running the statement.
type Constant struct {
	Type *Type
	Null bool
	// Text is the value's canonical form: an integer's or decimal's digits, "true"
	// or "false", a date's yyyy-mm-dd, a timestamp's yyyy-mm-dd hh:mm:ss with the
	// fraction's digits that are not trailing zeros, a varchar's own text.
	Text string
}

func nullOf(t *Type) Constant { return Constant{Type: t, Null: true} }

func boolean(b bool) Constant { return Constant{Type: Boolean, Text: strconv.FormatBool(b)} }

func (c Constant) isTrue() bool  { return !c.Null && c.Type.Kind == KindBoolean && c.Text == "true" }
func (c Constant) isFalse() bool { return !c.Null && c.Type.Kind == KindBoolean && c.Text == "false" }

// maxRatText bounds the digits of numbers that are computed with, whose
// exponents a text can make huge.
var ratText = regexp.MustCompile(`^[+-]?[0-9]{0,60}(\.[0-9]{0,60})?([eE][+-]?[0-9]{1,3})?$`)

func (c Constant) rat() (*big.Rat, bool) {
	if !ratText.MatchString(c.Text) {
		return nil, false
	}
	return new(big.Rat).SetString(c.Text)
}

// compareConstants orders two values of the same type. ok is false when it does
// not know.
func compareConstants(a, b Constant) (order int, ok bool) {
	switch k := a.Type.Kind; {
	case a.Type.IsNumeric() && b.Type.IsNumeric():
		x, ok1 := a.rat()
		y, ok2 := b.rat()
		if !ok1 || !ok2 {
			return 0, false
		}
		return x.Cmp(y), true
	case k != b.Type.Kind:
		return 0, false
	case k == KindVarchar, k == KindBoolean:
		return strings.Compare(a.Text, b.Text), true
	case k == KindDate, k == KindTimestamp:
		// The canonical texts sort as the values do while years have four digits.
		if len(a.Text) < 10 || len(b.Text) < 10 || a.Text[4] != '-' || b.Text[4] != '-' {
			return 0, false
		}
		return strings.Compare(a.Text, b.Text), true
	}
	return 0, false
}

// castConstant converts a value; ok is false when the result, or whether there
// is one, is not known here.
func castConstant(c Constant, to *Type) (out Constant, ok bool) {
	if c.Null {
		return nullOf(to), true
	}
	out = Constant{Type: to, Text: c.Text}
	from := c.Type.Kind
	switch to.Kind {
	case KindVarchar:
		switch from {
		case KindVarchar:
			if to.Precision != Unbounded && len([]rune(c.Text)) > to.Precision {
				out.Text = string([]rune(c.Text)[:to.Precision])
			}
			return out, true
		case KindTinyint, KindSmallint, KindInteger, KindBigint, KindBoolean, KindDate:
			return out, true
		}
	case KindTinyint, KindSmallint, KindInteger, KindBigint:
		if from == KindVarchar || c.Type.IsInteger() {
			bits := [...]int{KindTinyint: 8, KindSmallint: 16, KindInteger: 32, KindBigint: 64}[to.Kind]
			n, err := strconv.ParseInt(c.Text, 10, bits)
			out.Text = strconv.FormatInt(n, 10)
			return out, err == nil
		}
	case KindReal, KindDouble, KindDecimal, KindNumber:
		if !c.Type.IsNumeric() || to.Kind == KindReal {
			return c, false
		}
		r, ok := c.rat()
		if !ok {
			return c, false
		}
		if to.Kind == KindDecimal {
			// Only what fits exactly: rounding is the engine's.
			text := r.FloatString(to.Scale)
			exact, _ := new(big.Rat).SetString(text)
			out.Text = text
			return out, exact.Cmp(r) == 0
		}
		if to.Kind == KindDouble {
			f, exact := r.Float64()
			out.Text = strconv.FormatFloat(f, 'g', -1, 64)
			return out, exact
		}
		return out, true
	case KindDate:
		switch from {
		case KindDate:
			return out, true
		case KindTimestamp:
			out.Text = c.Text[:strings.IndexByte(c.Text, ' ')]
			return out, true
		case KindVarchar:
			return canonicalDate(strings.TrimSpace(c.Text))
		}
	case KindTimestamp:
		switch from {
		case KindTimestamp:
			return out, c.Type.Precision <= to.Precision
		case KindDate:
			out.Text = c.Text + " 00:00:00"
			return out, true
		case KindVarchar:
			k, ok := canonicalTimestamp(c.Text)
			if !ok || k.Type.Precision > to.Precision {
				return k, false
			}
			k.Type = to
			return k, true
		}
	case KindBoolean:
		if from == KindVarchar {
			out.Text = strings.ToLower(c.Text)
		}
		return out, from == KindBoolean || from == KindVarchar && (out.Text == "true" || out.Text == "false")
	}
	return c, false
}

func canonicalDate(s string) (Constant, bool) {
	m := datePattern.FindStringSubmatch(s)
	if m == nil || !validDate(m[1], m[2], m[3]) || len(m[1]) != 4 {
		return Constant{}, false
	}
	return Constant{Type: Date, Text: m[1] + "-" + pad2(m[2]) + "-" + pad2(m[3])}, true
}

func canonicalTimestamp(s string) (Constant, bool) {
	t := timestampText(s)
	m := timestampPattern.FindStringSubmatch(strings.TrimSpace(s))
	if t == nil || t.Kind != KindTimestamp || len(m[1]) != 4 {
		return Constant{}, false
	}
	text := m[1] + "-" + pad2(m[2]) + "-" + pad2(m[3]) + " " + pad2(m[4]) + ":" + pad2(m[5]) + ":" + pad2(m[6])
	if f := strings.TrimRight(m[7], "0"); f != "" {
		text += "." + f
	}
	return Constant{Type: t, Text: text}, true
}

func pad2(s string) string {
	if len(s) == 0 {
		return "00"
	}
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

const (
	dateLayout      = "2006-01-02"
	timestampLayout = "2006-01-02 15:04:05.999999999"
)

// time reads a date or timestamp constant.
func (c Constant) time() (time.Time, bool) {
	layout := dateLayout
	if c.Type.Kind == KindTimestamp {
		layout = timestampLayout
	}
	t, err := time.Parse(layout, c.Text)
	return t, err == nil
}

// ofTime writes t as a date or timestamp.
func ofTime(t time.Time, typ *Type) Constant {
	if typ.Kind == KindDate {
		return Constant{Type: typ, Text: t.Format(dateLayout)}
	}
	return Constant{Type: typ, Text: t.Format(timestampLayout)}
}
