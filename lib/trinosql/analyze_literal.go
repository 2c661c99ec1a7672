package trinosql

import (
	"encoding/hex"
	"encoding/json"
	"math/big"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

func (z *analyzer) literal(x *Literal) *Type {
	switch x.Kind {
	case IntegerLiteral:
		n, ok := intText(x.Val)
		if !ok {
			z.fail(x.Pos(), InvalidLiteral, "Invalid numeric literal: %s", x.Val)
		}
		if n == int64(int32(n)) {
			return Integer
		}
		return Bigint
	case DecimalLiteral:
		t := decimalText(x.Val)
		if t == nil {
			z.fail(x.Pos(), InvalidLiteral, "'%s' is not a valid DECIMAL literal", x.Val)
		}
		return t
	case DoubleLiteral:
		if _, err := strconv.ParseFloat(x.Val, 64); err != nil {
			z.fail(x.Pos(), InvalidLiteral, "Invalid numeric literal: %s", x.Val)
		}
		return Double
	case StringLiteral:
		return VarcharOf(utf8.RuneCountInString(x.Val))
	case BinaryLiteral:
		return Varbinary
	case BooleanLiteral:
		return Boolean
	}
	return Unknown
}

var decimalPattern = regexp.MustCompile(`^([+-]?)([0-9]*)(?:\.([0-9]*))?$`)

// decimalText returns the type of a decimal written as text, nil when it is
// none. Leading zeros do not count.
func decimalText(s string) *Type {
	m := decimalPattern.FindStringSubmatch(strings.ReplaceAll(s, "_", ""))
	if m == nil || m[2] == "" && m[3] == "" {
		return nil
	}
	whole := strings.TrimLeft(m[2], "0")
	scale := len(m[3])
	precision := max(len(whole)+scale, 1)
	if precision > MaxDecimalPrecision {
		return nil
	}
	return DecimalOf(precision, scale)
}

// typedLiteral analyzes TYPE 'text': the text must be a value of the type.
func (z *analyzer) typedLiteral(x *TypedLiteral) *Type {
	invalid := func(what string) {
		z.fail(x.Pos(), InvalidLiteral, "'%s' is not a valid %s literal", x.Val, what)
	}
	text := strings.TrimSpace(x.Val)
	switch x.Type {
	case "decimal":
		t := decimalText(x.Val)
		if t == nil {
			invalid("DECIMAL")
		}
		return t
	case "char":
		n := utf8.RuneCountInString(x.Val)
		if n > maxChar {
			z.fail(x.Pos(), InvalidLiteral, "CHAR length must be in range [0, 65536], got %d", n)
		}
		return CharOf(n)
	case "varchar":
		return Varchar
	case "timestamp":
		t := timestampText(x.Val)
		if t == nil {
			invalid("TIMESTAMP")
		}
		return t
	case "time":
		t := timeText(x.Val)
		if t == nil {
			invalid("TIME")
		}
		return t
	}
	t := trinoNames[x.Type]
	if t == nil {
		z.fail(x.Pos(), TypeNotFound, "Unknown type: %s", x.Type)
	}
	ok := true
	switch t.Kind {
	case KindDate:
		ok = dateText(text)
	case KindBoolean:
		switch strings.ToLower(x.Val) {
		case "true", "false", "t", "f", "1", "0":
		default:
			ok = false
		}
	case KindTinyint, KindSmallint, KindInteger, KindBigint:
		bits := [...]int{KindTinyint: 8, KindSmallint: 16, KindInteger: 32, KindBigint: 64}[t.Kind]
		_, err := strconv.ParseInt(strings.ReplaceAll(x.Val, "_", ""), numberBase(x.Val), bits)
		ok = err == nil
	case KindReal, KindDouble:
		ok = floatText(text)
	case KindNumber:
		_, isNumber := new(big.Float).SetString(text)
		switch strings.ToLower(strings.TrimLeft(text, "+-")) {
		case "nan", "infinity":
			isNumber = true
		}
		ok = isNumber
	case KindJSON:
		ok = json.Valid([]byte(x.Val))
	case KindUUID:
		raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
		ok = err == nil && len(raw) == 16 && len(text) == 36
	case KindIPAddress:
		_, err := netip.ParseAddr(text)
		ok = err == nil
	case KindRegexp, KindJSONPath, KindCodePoints, KindColor, KindLikePattern:
	default:
		z.fail(x.Pos(), InvalidLiteral, "No literal form for type %s", t)
	}
	if !ok {
		invalid(strings.ToUpper(t.String()))
	}
	return t
}

// floatPattern is what Java reads as a float: with a type's letter behind it,
// and without Go's short forms of infinity.
var floatPattern = regexp.MustCompile(`^[+-]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?)$`)

func floatText(s string) bool { return floatPattern.MatchString(s) }

var (
	datePattern      = regexp.MustCompile(`^([+-]?[0-9]+)-([0-9]{1,2})-([0-9]{1,2})$`)
	timePattern      = regexp.MustCompile(`^([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,12}))?)?\s*(?:([+-])\s*([0-9]{1,2})(?::([0-9]{2}))?)?$`)
	timestampPattern = regexp.MustCompile(`^([+-]?[0-9]{4,})-([0-9]{1,2})-([0-9]{1,2})(?:\s+([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,12}))?)?)?\s*([+-]?[0-9A-Za-z/_].*)?$`)
	zonePattern      = regexp.MustCompile(`^(?:[+-][0-9]{1,2}(?::?[0-9]{2})?|[A-Za-z][A-Za-z0-9/_+:-]*)$`)
)

func within(s string, lo, hi int) bool {
	n, err := strconv.Atoi(s)
	return s == "" || err == nil && n >= lo && n <= hi
}

func dateText(s string) bool {
	m := datePattern.FindStringSubmatch(s)
	return m != nil && validDate(m[1], m[2], m[3])
}

func validDate(year, month, day string) bool {
	y, err := strconv.Atoi(year)
	if err != nil || y > 1e7 || y < -1e7 || !within(month, 1, 12) {
		return false
	}
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	if d < 1 || d > daysIn(y, m) {
		return false
	}
	n := epochDays(y, m, d)
	return n == int64(int32(n)) // how Trino keeps dates
}

// epochDays counts the days from 1970-01-01 in the Gregorian calendar, which is
// carried back before its introduction.
func epochDays(year, month, day int) int64 {
	y := int64(year)
	if month <= 2 {
		y--
	}
	era := y / 400
	if y < 0 {
		era = (y - 399) / 400
	}
	yoe := y - era*400
	doy := int64((153*((month+9)%12)+2)/5 + day - 1)
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func timeText(s string) *Type {
	m := timePattern.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil || !within(m[1], 0, 23) || !within(m[2], 0, 59) || !within(m[3], 0, 59) || !within(m[6], 0, 14) || !within(m[7], 0, 59) {
		return nil
	}
	if m[5] != "" {
		return TimeZoneOf(len(m[4]))
	}
	return TimeOf(len(m[4]))
}

func timestampText(s string) *Type {
	m := timestampPattern.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil || !validDate(m[1], m[2], m[3]) || !within(m[4], 0, 23) || !within(m[5], 0, 59) || !within(m[6], 0, 59) {
		return nil
	}
	if m[8] == "" {
		return TimestampOf(len(m[7]))
	}
	if !zonePattern.MatchString(m[8]) {
		return nil
	}
	return TimestampZoneOf(len(m[7]))
}

var intervalFields = map[string]int{"YEAR": 0, "MONTH": 1, "DAY": 2, "HOUR": 3, "MINUTE": 4, "SECOND": 5}

// intervalText are the texts of each pair of first and last field.
var intervalText = sync.OnceValue(func() map[string]*regexp.Regexp {
	texts := map[string]*regexp.Regexp{}
	part := map[string]string{"YEAR": `[0-9]+`, "MONTH": `[0-9]+`, "DAY": `[0-9]+`, "HOUR": `[0-9]+`, "MINUTE": `[0-9]+`, "SECOND": `[0-9]+(?:\.[0-9]+)?`}
	for from, p := range part {
		texts[from] = regexp.MustCompile(`^[+-]?` + p + `$`)
	}
	pairs := func(sep []string, fields ...string) {
		for i := range fields {
			for j := i + 1; j < len(fields); j++ {
				re := `^[+-]?` + part[fields[i]]
				for k := i + 1; k <= j; k++ {
					re += `(?:` + sep[k-1] + part[fields[k]]
				}
				re += strings.Repeat(`)?`, j-i) + `$`
				texts[fields[i]+" "+fields[j]] = regexp.MustCompile(re)
			}
		}
	}
	pairs([]string{"-"}, "YEAR", "MONTH")
	pairs([]string{`\s+`, ":", ":"}, "DAY", "HOUR", "MINUTE", "SECOND")
	return texts
})

func (z *analyzer) interval(x *IntervalLit) *Type {
	key := x.From
	if x.To != "" {
		key += " " + x.To
	}
	re := intervalText()[key]
	if re == nil {
		z.fail(x.Pos(), SyntaxError, "Invalid INTERVAL qualifier")
	}
	if !re.MatchString(strings.TrimSpace(x.Val)) {
		z.fail(x.Pos(), InvalidLiteral, "'%s' is not a valid INTERVAL literal", x.Val)
	}
	if intervalFields[x.From] <= 1 {
		return IntervalYear
	}
	return IntervalDay
}
