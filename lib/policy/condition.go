package policy

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// condition is one key of one operator: all conditions of a statement must be
// met, each by any of its values.
type condition struct {
	operator string // as written
	test     test
	set      setQualifier
	ifExists bool
	key      *key
	keyName  string // as written
	values   []value
}

type setQualifier uint8

const (
	single setQualifier = iota
	forAllValues
	forAnyValue
)

// test is an operator without qualifier, suffix and value.
type test struct {
	class   operatorClass
	negated bool
	compare func(order int) bool // of numbers and dates: what the order of request and policy must be
}

type operatorClass uint8

const (
	nullTest operatorClass = iota
	stringEquals
	stringEqualsFold
	stringLike
	arnLike
	numeric
	date
	boolean
	binary
	ipAddress
)

func less(o int) bool           { return o < 0 }
func lessOrEqual(o int) bool    { return o <= 0 }
func equal(o int) bool          { return o == 0 }
func greater(o int) bool        { return o > 0 }
func greaterOrEqual(o int) bool { return o >= 0 }

// operators are those of the IAM User Guide, "IAM JSON policy elements:
// Condition operators".
var operators = map[string]test{
	"StringEquals":              {class: stringEquals},
	"StringNotEquals":           {class: stringEquals, negated: true},
	"StringEqualsIgnoreCase":    {class: stringEqualsFold},
	"StringNotEqualsIgnoreCase": {class: stringEqualsFold, negated: true},
	"StringLike":                {class: stringLike},
	"StringNotLike":             {class: stringLike, negated: true},
	"NumericEquals":             {class: numeric, compare: equal},
	"NumericNotEquals":          {class: numeric, compare: equal, negated: true},
	"NumericLessThan":           {class: numeric, compare: less},
	"NumericLessThanEquals":     {class: numeric, compare: lessOrEqual},
	"NumericGreaterThan":        {class: numeric, compare: greater},
	"NumericGreaterThanEquals":  {class: numeric, compare: greaterOrEqual},
	"DateEquals":                {class: date, compare: equal},
	"DateNotEquals":             {class: date, compare: equal, negated: true},
	"DateLessThan":              {class: date, compare: less},
	"DateLessThanEquals":        {class: date, compare: lessOrEqual},
	"DateGreaterThan":           {class: date, compare: greater},
	"DateGreaterThanEquals":     {class: date, compare: greaterOrEqual},
	"Bool":                      {class: boolean},
	"BinaryEquals":              {class: binary},
	"IpAddress":                 {class: ipAddress},
	"NotIpAddress":              {class: ipAddress, negated: true},
	"ArnEquals":                 {class: arnLike},
	"ArnLike":                   {class: arnLike},
	"ArnNotEquals":              {class: arnLike, negated: true},
	"ArnNotLike":                {class: arnLike, negated: true},
	"Null":                      {class: nullTest},
}

func parseOperator(text string) (t test, set setQualifier, ifExists bool, err error) {
	name := text
	if q, rest, ok := strings.Cut(text, ":"); ok {
		switch q {
		case "ForAllValues":
			set = forAllValues
		case "ForAnyValue":
			set = forAnyValue
		default:
			return t, 0, false, fmt.Errorf("%q is no qualifier of condition operators; there are ForAllValues and ForAnyValue", q)
		}
		name = rest
	}
	name, ifExists = strings.CutSuffix(name, "IfExists")
	t, ok := operators[name]
	if !ok || ifExists && t.class == nullTest {
		return t, 0, false, fmt.Errorf("there is no condition operator %q", text)
	}
	return t, set, ifExists, nil
}

// value is a compiled value of a condition.
type value struct {
	text   template
	number number
	time   time.Time
	bool   bool
	prefix netip.Prefix
	bytes  string
}

func (t test) newValue(text string, vars bool) (v value, err error) {
	var ok bool
	switch t.class {
	case stringEquals, stringEqualsFold:
		v.text, err = newTemplate("", text, false, vars)
	case stringLike, arnLike:
		v.text, err = newTemplate("", text, true, vars)
	case numeric:
		if v.number, ok = parseNumber(text); !ok {
			err = fmt.Errorf("%q is not a number", text)
		}
	case date:
		if v.time, ok = parseDate(text); !ok {
			err = fmt.Errorf("%q is not a date; write it as 2026-11-22T16:00:00Z, 2026-11-22, or in seconds since 1970", text)
		}
	case boolean:
		// The only operator of these that the documentation lets have variables.
		v.text, err = newTemplate("", text, false, vars)
		if v.text.pieces != nil {
			return v, err
		}
		if v.bool, ok = parseBool(text); !ok {
			err = fmt.Errorf("%q is neither true nor false", text)
		}
	case nullTest:
		if v.bool, ok = parseBool(text); !ok {
			err = fmt.Errorf("%q is neither true nor false", text)
		}
	case binary:
		b, e := base64.StdEncoding.DecodeString(text)
		if e != nil {
			err = fmt.Errorf("%q is not base64", text)
		}
		v.bytes = string(b)
	case ipAddress:
		if v.prefix, ok = parsePrefix(text); !ok {
			err = fmt.Errorf("%q is neither an IP address nor a range as 192.0.2.0/24 or 2001:db8::/32", text)
		}
	}
	return v, err
}

// met reports whether the request meets the condition.
func (c *condition) met(r *Request) bool {
	var slot [1]string
	have := r.values(c.key, &slot)
	if c.test.class == nullTest {
		for i := range c.values {
			if c.values[i].bool == (len(have) == 0) {
				return true
			}
		}
		return false
	}
	if len(have) == 0 {
		switch {
		case c.ifExists, c.set == forAllValues:
			return true
		case c.set == forAnyValue:
			return false
		}
		return c.test.negated
	}
	switch c.set {
	case forAllValues:
		if blank(have) {
			return true
		}
		for _, s := range have {
			if c.any(r, s) == c.test.negated {
				return false
			}
		}
		return true
	case forAnyValue:
		if blank(have) {
			return false
		}
		for _, s := range have {
			if c.any(r, s) != c.test.negated {
				return true
			}
		}
		return false
	}
	// A key with several values needs a set qualifier. Without one, any value
	// may match, and for negated operators none.
	for _, s := range have {
		if c.any(r, s) {
			return !c.test.negated
		}
	}
	return c.test.negated
}

// blank tells of values that the documentation calls a null data set.
func blank(values []string) bool {
	for _, s := range values {
		if s != "" {
			return false
		}
	}
	return true
}

// any reports whether s matches any of the values, negation aside.
func (c *condition) any(r *Request, s string) bool {
	switch c.test.class {
	case stringEquals, stringLike:
		for i := range c.values {
			if c.values[i].text.match(r, s) {
				return true
			}
		}
	case stringEqualsFold:
		for i := range c.values {
			if c.values[i].text.matchFold(r, s) {
				return true
			}
		}
	case arnLike:
		for i := range c.values {
			if c.values[i].text.matchARN(r, s) {
				return true
			}
		}
	case numeric:
		n, ok := parseNumber(s)
		for i := range c.values {
			if ok && c.test.compare(n.order(c.values[i].number)) {
				return true
			}
		}
	case date:
		t, ok := parseDate(s)
		for i := range c.values {
			if ok && c.test.compare(t.Compare(c.values[i].time)) {
				return true
			}
		}
	case boolean:
		b, ok := parseBool(s)
		for i := range c.values {
			if v := &c.values[i]; ok && (v.text.pieces == nil && b == v.bool || v.text.pieces != nil && v.text.matchFold(r, s)) {
				return true
			}
		}
	case binary:
		b, err := base64.StdEncoding.DecodeString(s)
		for i := range c.values {
			if err == nil && string(b) == c.values[i].bytes {
				return true
			}
		}
	case ipAddress:
		a, err := netip.ParseAddr(s)
		a = a.Unmap().WithZone("")
		for i := range c.values {
			if err == nil && c.values[i].prefix.Contains(a) {
				return true
			}
		}
	}
	return false
}

// number compares integers exactly and other numbers as floating point.
type number struct {
	integer bool
	i       int64
	f       float64
}

func parseNumber(s string) (number, bool) {
	if s == "" || strings.Trim(s, "0123456789+-.eE") != "" || len(s) > 64 {
		return number{}, false // ParseFloat knows more spellings than JSON
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return number{true, i, float64(i)}, true
	}
	f, err := strconv.ParseFloat(s, 64)
	return number{f: f}, err == nil
}

func (n number) order(m number) int {
	switch {
	case n.integer && m.integer && n.i < m.i, (!n.integer || !m.integer) && n.f < m.f:
		return -1
	case n.integer && m.integer && n.i > m.i, (!n.integer || !m.integer) && n.f > m.f:
		return 1
	}
	return 0
}

// dateForms are the W3C's profile of ISO 8601, and its basic form.
var dateForms = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02",
	"20060102T150405Z07:00",
	"2006-01",
}

func parseDate(s string) (time.Time, bool) {
	if len(s) > 4 {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return time.Unix(n, 0), true
		}
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, s); err == nil {
			return t, true
		}
	}
	if len(s) == 4 {
		t, err := time.Parse("2006", s)
		return t, err == nil
	}
	return time.Time{}, false
}

func parseBool(s string) (value, ok bool) {
	switch {
	case strings.EqualFold(s, "true"):
		return true, true
	case strings.EqualFold(s, "false"):
		return false, true
	}
	return false, false
}

func parsePrefix(s string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, false
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}
