package dialect

import (
	"math"
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

const millisPerDay = 86400000

// typedLiteral writes TYPE 'text'.
func (e *emitter) typedLiteral(x *trinosql.TypedLiteral) string {
	t := e.a.Type(x)
	switch t.Kind {
	case trinosql.KindDate:
		days, ok := parseDate(x.Val)
		if !ok {
			e.invalid(x.Pos(), "'%s' is not a valid DATE literal", x.Val)
		}
		return dateLiteral(days)
	case trinosql.KindTimestamp:
		m, ok := parseTimestamp(x.Val)
		if !ok || m.zone != "" {
			e.invalid(x.Pos(), "'%s' is not a valid TIMESTAMP literal", x.Val)
		}
		m = m.round(t.Precision)
		if t.Precision > 6 {
			return "struct_pack(u := " + timestampLiteral(m.micros) + ", p := " + strconv.FormatInt(m.picos, 10) + ")"
		}
		return timestampLiteral(m.micros)
	case trinosql.KindTimestampZone:
		m, ok := parseTimestamp(x.Val)
		m = m.round(t.Precision)
		micros, zone, zok := m.instantOf("UTC")
		if !ok || !zok {
			e.invalid(x.Pos(), "'%s' is not a valid TIMESTAMP literal", x.Val)
		}
		return e.build(e.zoned(timestampLiteral(micros), strconv.FormatInt(m.picos, 10), text(zone), t), timestampLiteral(micros))
	case trinosql.KindTime, trinosql.KindTimeZone:
		picos, _, offset, zoned, ok := parseTime(x.Val)
		if !ok || zoned != (t.Kind == trinosql.KindTimeZone) {
			e.invalid(x.Pos(), "'%s' is not a valid TIME literal", x.Val)
		}
		picos = roundTime(picos, t.Precision)
		switch {
		case zoned:
			return "struct_pack(t := " + number(picos, "BIGINT") + ", o := " + number(int64(offset), "INTEGER") + ")"
		case t.Precision > 6:
			return number(picos, "BIGINT")
		}
		return "TIME '" + timeText(picos, 6) + "'"
	case trinosql.KindDecimal:
		return "CAST(" + text(strings.ReplaceAll(x.Val, "_", "")) + " AS " + e.typ(x.Pos(), t) + ")"
	case trinosql.KindVarchar:
		return text(x.Val)
	case trinosql.KindChar:
		return text(strings.TrimRight(x.Val, " "))
	case trinosql.KindJSON:
		s, err := canonicalJSON(x.Val)
		if err != nil {
			e.invalid(x.Pos(), "Cannot convert '%s' to JSON", x.Val)
		}
		return text(s)
	}
	return e.cast(x.Pos(), text(x.Val), trinosql.Varchar, t, false)
}

func dateLiteral(days int64) string {
	if y, _, _ := dateOf(days); y >= 1 && y <= 9999 {
		return "DATE '" + dateText(days) + "'"
	}
	return "(DATE '1970-01-01' + " + number(days, "INTEGER") + ")"
}

func timestampLiteral(micros int64) string {
	if y, _, _ := dateOf(floorDiv(micros, microsPerDay)); y >= 1 && y <= 9999 {
		return "TIMESTAMP '" + strings.TrimSuffix(timestampText(micros, 0, 6), ".000000") + "'"
	}
	return "make_timestamp(" + number(micros, "BIGINT") + ")"
}

// zoned writes a timestamp with time zone from its parts.
func (e *emitter) zoned(u, p, z string, t *trinosql.Type) string {
	if t.Precision > 6 {
		return "struct_pack(u := " + u + ", p := " + p + ", z := " + z + ")"
	}
	return "struct_pack(u := " + u + ", z := " + z + ")"
}

// build remembers the instant in a value just written, x, so that a comparison need
// not take it out again. instant is null where x is.
func (e *emitter) build(x, instant string) string {
	e.built[x] = instant
	return x
}

// interval writes an interval literal: months or milliseconds.
func (e *emitter) interval(x *trinosql.IntervalLit) string {
	n, ok := intervalOf(x)
	if !ok {
		e.invalid(x.Pos(), "Invalid INTERVAL literal: %s", x.Val)
	}
	if e.a.Type(x).Kind == trinosql.KindIntervalYear {
		if n < math.MinInt32 || n > math.MaxInt32 {
			e.invalid(x.Pos(), "Invalid INTERVAL literal: %s", x.Val)
		}
		return number(n, "INTEGER")
	}
	return number(n, "BIGINT")
}

var intervalFields = []struct {
	name string
	unit int64
}{{"YEAR", 12}, {"MONTH", 1}, {"DAY", millisPerDay}, {"HOUR", 3600000}, {"MINUTE", 60000}, {"SECOND", 1000}}

// intervalOf returns the months or milliseconds of an interval literal.
func intervalOf(x *trinosql.IntervalLit) (int64, bool) {
	s, neg := strings.TrimSpace(x.Val), x.Neg
	if strings.HasPrefix(s, "-") {
		neg, s = !neg, s[1:]
	} else {
		s = strings.TrimPrefix(s, "+")
	}
	from, to := -1, -1
	for i, f := range intervalFields {
		if f.name == x.From {
			from = i
		}
		if f.name == x.To {
			to = i
		}
	}
	if from < 0 {
		return 0, false
	}
	if to < 0 {
		to = from
	}
	var total int64
	for i := from; i <= to; i++ {
		end := len(s)
		if i < to {
			sep := ":"
			switch intervalFields[i].name {
			case "YEAR":
				sep = "-"
			case "DAY":
				sep = " "
			}
			if j := strings.Index(s, sep); j >= 0 {
				end = j
			}
		}
		part := s[:end]
		s = strings.TrimLeft(s[min(end+1, len(s)):], " ")
		if intervalFields[i].name == "SECOND" {
			whole, frac, _ := strings.Cut(part, ".")
			if len(frac) > 9 || whole == "" || strings.Trim(frac, "0123456789") != "" {
				return 0, false
			}
			if len(frac) > 3 {
				frac = frac[:3]
			}
			v, err := strconv.ParseInt(whole+frac+strings.Repeat("0", 3-len(frac)), 10, 62)
			if err != nil || v < 0 {
				return 0, false
			}
			total += v
			continue
		}
		v, err := strconv.ParseInt(part, 10, 62)
		if err != nil || v < 0 || v > math.MaxInt64/intervalFields[i].unit/2 {
			return 0, false
		}
		total += v * intervalFields[i].unit
		if s == "" {
			break // INTERVAL '10' DAY TO SECOND: the lesser fields are zero
		}
	}
	if s != "" {
		return 0, false
	}
	if neg {
		total = -total
	}
	return total, true
}

// literalInt returns the value of an integer literal as number writes it.
func literalInt(x string) (int64, bool) {
	if in, ok := strings.CutPrefix(x, "CAST("); ok {
		i := strings.Index(in, " AS ")
		if i < 0 {
			return 0, false
		}
		x = in[:i]
	}
	n, err := strconv.ParseInt(strings.Trim(x, "()"), 10, 64)
	return n, err == nil
}

func isInterval(t *trinosql.Type) bool {
	return t.Kind == trinosql.KindIntervalDay || t.Kind == trinosql.KindIntervalYear
}

// timeArithmetic writes arithmetic of dates, times and intervals; "" if it is none.
func (e *emitter) timeArithmetic(p trinosql.Pos, op, l, r string, lt, rt *trinosql.Type) string {
	if op == "+" && isInterval(lt) && !isInterval(rt) {
		l, r, lt, rt = r, l, rt, lt
	}
	if op == "*" && isInterval(rt) {
		l, r, lt, rt = r, l, rt, lt
	}
	switch {
	case isInterval(lt) && isInterval(rt) && lt.Kind == rt.Kind && (op == "+" || op == "-"):
		return "(" + l + " " + op + " " + r + ")"
	case isInterval(lt) && rt.IsNumeric():
		typ := map[bool]string{true: "INTEGER", false: "BIGINT"}[lt.Kind == trinosql.KindIntervalYear]
		if op == "*" && rt.IsInteger() {
			return "CAST(" + l + " * " + r + " AS " + typ + ")"
		}
		if op == "*" || op == "/" {
			return "CAST(trunc(CAST(" + l + " AS DOUBLE) " + op + " CAST(" + r + " AS DOUBLE)) AS " + typ + ")"
		}
	case isInterval(rt) && (op == "+" || op == "-"):
		return e.addInterval(p, op, l, r, lt, rt)
	case op == "-" && lt.Kind == rt.Kind:
		switch lt.Kind {
		case trinosql.KindDate:
			return "((" + l + " - " + r + ") * " + strconv.Itoa(millisPerDay) + ")"
		case trinosql.KindTimestamp, trinosql.KindTimestampZone:
			// Rounded to milliseconds.
			return e.expand("(($1 + 500 - (($1 + 500) % 1000 + 1000) % 1000) // 1000)", "(epoch_us("+e.micros(l, lt)+") - epoch_us("+e.micros(r, rt)+"))")
		case trinosql.KindTime:
			return e.millisBetween(timePicos(l, lt), timePicos(r, rt))
		case trinosql.KindTimeZone:
			return e.millisBetween(e.expand(e.instant("$1", lt), l), e.expand(e.instant("$1", rt), r))
		}
	}
	return ""
}

// millisBetween writes the difference of picoseconds, rounded to milliseconds.
func (e *emitter) millisBetween(l, r string) string {
	return e.expand("(($1 + CASE WHEN $1 < 0 THEN -500000000 ELSE 500000000 END) // 1000000000)", "("+l+" - "+r+")")
}

// micros writes the TIMESTAMP within a timestamp's representation: the local
// time, or the instant in UTC of one with a zone.
func (e *emitter) micros(x string, t *trinosql.Type) string {
	if t.Kind == trinosql.KindTimestampZone || t.Precision > 6 {
		return e.dotted(x, "u")
	}
	return x
}

// dotted takes a named part of a representation.
func (e *emitter) dotted(x, name string) string {
	if simple(x) && !constant(x) {
		return x + "." + name
	}
	if b, ok := e.built[x]; ok && name == "u" {
		return b
	}
	return "struct_extract(" + x + ", '" + name + "')"
}

// mapMicros rebuilds a timestamp around a changed TIMESTAMP: change is a
// template over $1, the TIMESTAMP, and $2, ..., more.
func (e *emitter) mapMicros(x string, t *trinosql.Type, change string, more ...string) string {
	switch {
	case t.Kind == trinosql.KindTimestamp && t.Precision <= 6:
		return e.expand(change, append([]string{x}, more...)...)
	case t.Kind == trinosql.KindTimestamp:
		change = "CASE WHEN $1 IS NOT NULL THEN struct_pack(u := " + strings.ReplaceAll(change, "$1", "$1.u") + ", p := $1.p) END"
	case t.Precision <= 6:
		change = "CASE WHEN $1 IS NOT NULL THEN struct_pack(u := " + strings.ReplaceAll(change, "$1", "$1.u") + ", z := $1.z) END"
	default:
		change = "CASE WHEN $1 IS NOT NULL THEN struct_pack(u := " + strings.ReplaceAll(change, "$1", "$1.u") + ", p := $1.p, z := $1.z) END"
	}
	// $1.u needs $1 to be a name.
	return e.bind(func(v []string) string { return e.fill(change, v) }, append([]string{x}, more...)...)
}

// atSession writes the instant of a TIMESTAMP that is local in the session's zone.
func (e *emitter) atSession(x string) string {
	if e.zone == "'UTC'" {
		return x
	}
	return "make_timestamp(trino_instant(epoch_us(" + x + "), " + e.zone + "))"
}

// sessionNow writes the session's local time.
func (e *emitter) sessionNow() string {
	if e.zone == "'UTC'" {
		return utcNow
	}
	return "make_timestamp(trino_local(epoch_us(" + utcNow + "), " + e.zone + "))"
}

// today writes the session's date.
func (e *emitter) today() string { return "CAST(" + e.sessionNow() + " AS DATE)" }

const utcNow = "timezone('UTC', current_timestamp)"

// localTime writes the local time of a timestamp with time zone as a TIMESTAMP,
// or the TIMESTAMP of one without.
func (e *emitter) localTime(x string, t *trinosql.Type) string {
	if t.Kind != trinosql.KindTimestampZone {
		return e.micros(x, t)
	}
	return e.bind(func(v []string) string {
		return "CASE WHEN " + v[0] + ".z = 'UTC' THEN " + v[0] + ".u ELSE make_timestamp(trino_local(epoch_us(" + v[0] + ".u), " + v[0] + ".z)) END"
	}, x)
}

// mapLocal rebuilds a timestamp around a change of its local time; change is a
// template over $1, a TIMESTAMP. With trim the digits beyond microseconds go.
func (e *emitter) mapLocal(x string, t *trinosql.Type, change string, trim bool, more ...string) string {
	if t.Kind != trinosql.KindTimestampZone {
		if trim && t.Precision > 6 {
			return e.bind(func(v []string) string {
				return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(u := " + e.fill(strings.ReplaceAll(change, "$1", "$1.u"), v) + ", p := 0) END"
			}, append([]string{x}, more...)...)
		}
		return e.mapMicros(x, t, change, more...)
	}
	return e.bind(func(v []string) string {
		local := "CASE WHEN " + v[0] + ".z = 'UTC' THEN " + v[0] + ".u ELSE make_timestamp(trino_local(epoch_us(" + v[0] + ".u), " + v[0] + ".z)) END"
		changed := e.expand(change, append([]string{local}, v[1:]...)...)
		p := ""
		if t.Precision > 6 {
			p = ", p := " + v[0] + ".p"
			if trim {
				p = ", p := 0"
			}
		}
		return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(u := make_timestamp(trino_instant(epoch_us(" + changed + "), " + v[0] + ".z))" + p + ", z := " + v[0] + ".z) END"
	}, append([]string{x}, more...)...)
}

func (e *emitter) addInterval(p trinosql.Pos, op, x, iv string, t, it *trinosql.Type) string {
	months := it.Kind == trinosql.KindIntervalYear
	switch t.Kind {
	case trinosql.KindDate:
		if months {
			return "CAST(" + x + " " + op + " to_months(" + iv + ") AS DATE)"
		}
		if n, ok := literalInt(iv); ok {
			if n%millisPerDay != 0 {
				e.invalid(p, "Cannot add hour, minutes or seconds to a date")
			}
			return "(" + x + " " + op + " " + number(n/millisPerDay, "INTEGER") + ")"
		}
		return e.expand("CASE WHEN $2 % 86400000 <> 0 THEN CAST("+e.failure("INVALID_FUNCTION_ARGUMENT", "'Cannot add hour, minutes or seconds to a date'")+
			" AS DATE) ELSE $1 "+op+" CAST($2 // 86400000 AS INTEGER) END", x, iv)
	case trinosql.KindTimestamp:
		if months {
			return e.mapMicros(x, t, "($1 "+op+" to_months($2))", iv)
		}
		return e.mapMicros(x, t, "($1 "+op+" to_milliseconds($2))", iv)
	case trinosql.KindTimestampZone:
		if months {
			return e.mapLocal(x, t, "($1 "+op+" to_months($2))", false, iv)
		}
		return e.mapMicros(x, t, "($1 "+op+" to_milliseconds($2))", iv)
	case trinosql.KindTime:
		if months {
			return ""
		}
		if t.Precision <= 6 {
			return "(" + x + " " + op + " to_milliseconds(" + iv + " % 86400000))"
		}
		return "((" + x + " " + op + " (" + iv + " % 86400000) * 1000000000 + 86400000000000000) % 86400000000000000)"
	case trinosql.KindTimeZone:
		if months {
			return ""
		}
		return e.bind(func(v []string) string {
			return "CASE WHEN " + v[0] + " IS NOT NULL AND " + v[1] + " IS NOT NULL THEN struct_pack(t := (" + v[0] + ".t " + op + " (" + v[1] + " % 86400000) * 1000000000 + 86400000000000000) % 86400000000000000, o := " + v[0] + ".o) END"
		}, x, iv)
	}
	return ""
}

// zoneName writes an expression's zone name, checked.
func (e *emitter) zoneName(x trinosql.Expr) string {
	if s, ok := e.stringOf(x); ok {
		z, ok := zoneOf(s)
		if !ok {
			e.invalid(x.Pos(), "'%s' is not a valid time zone", s)
		}
		return text(z.name)
	}
	if t := e.a.UsedType(x); !t.IsString() {
		e.unsupported(x.Pos(), "a time zone of type %s is not supported", t)
	}
	return "trino_zone(" + e.x(x) + ")"
}

func (e *emitter) atTimeZone(x *trinosql.AtTimeZone) string {
	z := e.zone // AT LOCAL
	if x.Zone != nil {
		if iv, ok := x.Zone.(*trinosql.IntervalLit); ok {
			n, ok := intervalOf(iv)
			if !ok || n%60000 != 0 || n > 14*3600000 || n < -14*3600000 {
				e.invalid(x.Zone.Pos(), "Invalid time zone offset interval: interval contains seconds, or is beyond 14 hours")
			}
			z = text(offsetName(int(n / 60000)))
		} else {
			z = e.zoneName(x.Zone)
		}
	}
	return e.toZone(x.Pos(), e.x(x.X), e.a.UsedType(x.X), z)
}

func offsetName(minutes int) string {
	if minutes == 0 {
		return "UTC"
	}
	sign := "+"
	if minutes < 0 {
		sign, minutes = "-", -minutes
	}
	z, _ := zoneOf(sign + pad2(minutes/60) + ":" + pad2(minutes%60))
	return z.name
}

func pad2(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// toZone writes the same instant in another zone.
func (e *emitter) toZone(p trinosql.Pos, x string, t *trinosql.Type, z string) string {
	switch t.Kind {
	case trinosql.KindTimestamp:
		x = e.castTime(p, x, t, trinosql.TimestampZoneOf(t.Precision))
		t = trinosql.TimestampZoneOf(t.Precision)
	case trinosql.KindTime:
		x = e.castTime(p, x, t, trinosql.TimeZoneOf(t.Precision))
		t = trinosql.TimeZoneOf(t.Precision)
	}
	switch t.Kind {
	case trinosql.KindTimestampZone:
		return e.bind(func(v []string) string {
			return "CASE WHEN " + v[0] + " IS NOT NULL AND " + v[1] + " IS NOT NULL THEN " + e.zoned(v[0]+".u", v[0]+".p", v[1], t) + " END"
		}, x, z)
	case trinosql.KindTimeZone:
		return e.bind(func(v []string) string {
			shift := "trino_zone_minutes(" + v[1] + ")"
			return "CASE WHEN " + v[0] + " IS NOT NULL AND " + v[1] + " IS NOT NULL THEN struct_pack(t := (" + v[0] + ".t + CAST(" + shift + " - " + v[0] +
				".o AS BIGINT) * 60000000000000 + 2 * 86400000000000000) % 86400000000000000, o := " + shift + ") END"
		}, x, z)
	}
	e.unsupported(p, "AT TIME ZONE of %s is not supported", t)
	return ""
}
