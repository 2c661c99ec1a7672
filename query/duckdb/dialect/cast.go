package dialect

import (
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

// cast writes the conversion of x from one type to another, with try the one
// that gives null where it fails.
func (e *emitter) cast(p trinosql.Pos, x string, from, to *trinosql.Type, try bool) string {
	if from.Equal(to) || same(from, to) {
		return x
	}
	if from.Kind == trinosql.KindUnknown || x == "NULL" {
		return "CAST(NULL AS " + e.typ(p, to) + ")"
	}
	if !try {
		return e.convert(p, x, from, to)
	}
	if s := e.tryConvert(p, x, from, to); s != "" {
		return s
	}
	e.try++
	s := e.convert(p, x, from, to)
	e.try--
	if s == x {
		return s
	}
	return e.tried(s)
}

// same reports whether values of from are values of to as they are.
func same(from, to *trinosql.Type) bool {
	if from.Kind != to.Kind {
		return false
	}
	switch from.Kind {
	case trinosql.KindVarchar:
		return to.Precision == trinosql.Unbounded || from.Precision != trinosql.Unbounded && from.Precision <= to.Precision
	case trinosql.KindChar:
		return from.Precision <= to.Precision
	case trinosql.KindRow, trinosql.KindArray, trinosql.KindMap:
		if len(from.Elems) != len(to.Elems) {
			return false
		}
		for i := range from.Elems {
			if !from.Elems[i].Equal(to.Elems[i]) && !same(from.Elems[i], to.Elems[i]) {
				return false
			}
		}
		return true
	case trinosql.KindTime, trinosql.KindTimestamp, trinosql.KindTimestampZone:
		return from.Precision <= to.Precision && (from.Precision > 6) == (to.Precision > 6)
	case trinosql.KindTimeZone:
		return from.Precision <= to.Precision
	}
	return from.Kind < trinosql.KindDecimal || from.Kind == trinosql.KindDate || from.Kind == trinosql.KindJSON
}

// convert writes a cast that may fail.
func (e *emitter) convert(p trinosql.Pos, x string, from, to *trinosql.Type) string {
	switch to.Kind {
	case trinosql.KindVarchar, trinosql.KindChar:
		return e.toText(p, x, from, to)
	case trinosql.KindJSON:
		return e.toJSON(p, x, from)
	case trinosql.KindLikePattern, trinosql.KindRegexp, trinosql.KindCodePoints, trinosql.KindJSONPath:
		if from.Kind == trinosql.KindChar {
			return e.orderKey(x, from)
		}
		return x
	}
	switch from.Kind {
	case trinosql.KindVarchar, trinosql.KindChar:
		return e.fromText(p, x, from, to)
	case trinosql.KindJSON:
		return e.fromJSON(p, x, to)
	}
	if s := e.castNumber(x, from, to); s != "" {
		return s
	}
	if s := e.castTime(p, x, from, to); s != "" {
		return s
	}
	switch {
	case from.Kind == trinosql.KindArray && to.Kind == trinosql.KindArray:
		if from.Elem().Kind == trinosql.KindUnknown {
			return "CAST(" + x + " AS " + e.typ(p, to) + ")"
		}
		v := e.fresh(x)
		return "list_transform(" + x + ", lambda " + v + ": " + e.cast(p, v, from.Elem(), to.Elem(), false) + ")"
	case from.Kind == trinosql.KindMap && to.Kind == trinosql.KindMap:
		if from.Key().Kind == trinosql.KindUnknown {
			return "CAST(" + x + " AS " + e.typ(p, to) + ")"
		}
		return e.castMap(p, x, from, to)
	case from.Kind == trinosql.KindRow && to.Kind == trinosql.KindRow && len(from.Elems) == len(to.Elems):
		return e.bind(func(v []string) string {
			fields := make([]string, len(to.Elems))
			for i, el := range to.Elems {
				fields[i] = field(i) + " := " + e.cast(p, part(v[0], i), from.Elems[i], el, false)
			}
			return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(" + list(fields) + ") END"
		}, x)
	case from.Kind == trinosql.KindVarbinary && to.Kind == trinosql.KindUUID:
		return "trino_binary_uuid(" + x + ")"
	case from.Kind == trinosql.KindUUID && to.Kind == trinosql.KindVarbinary:
		return "unhex(replace(CAST(" + x + " AS VARCHAR), '-', ''))"
	case from.Kind == trinosql.KindIPAddress && to.Kind == trinosql.KindVarbinary:
		return x
	case from.Kind == trinosql.KindVarbinary && to.Kind == trinosql.KindIPAddress:
		return "trino_binary_ip(" + x + ")"
	}
	e.unsupported(p, "a cast from %s to %s is not supported", from, to)
	return ""
}

func (e *emitter) castMap(p trinosql.Pos, x string, from, to *trinosql.Type) string {
	v := e.fresh(x)
	entries := "list_transform(map_entries(" + x + "), lambda " + v + ": struct_pack(k := " +
		e.cast(p, v+".key", from.Key(), to.Key(), false) + ", v := " + e.cast(p, v+".value", from.Elem(), to.Elem(), false) + "))"
	if same(from.Key(), to.Key()) || from.Key().Equal(to.Key()) {
		return "map_from_entries(" + entries + ")"
	}
	return e.expand("CASE WHEN len(list_distinct(list_transform($1, lambda %x: %x.k))) < len($1) THEN CAST("+
		e.failure("INVALID_CAST_ARGUMENT", "'duplicate keys'")+" AS "+e.typ(p, to)+") ELSE map_from_entries($1) END", entries)
}

// tryConvert writes TRY_CAST of common types without raising errors, which cost
// DuckDB a thousand times a row's usual work; "" for others.
func (e *emitter) tryConvert(p trinosql.Pos, x string, from, to *trinosql.Type) string {
	typ, err := Type(to)
	if err != nil {
		return ""
	}
	n := strconv.Itoa(to.Precision)
	if from.Kind == trinosql.KindVarchar {
		switch to.Kind {
		case trinosql.KindBoolean:
			return e.expand("CASE WHEN lower($1) IN ('t', 'true', '1') THEN true WHEN lower($1) IN ('f', 'false', '0') THEN false END", x)
		case trinosql.KindTinyint, trinosql.KindSmallint, trinosql.KindInteger, trinosql.KindBigint:
			return e.expand("CASE WHEN regexp_full_match($1, '"+integerShape+"') THEN TRY_CAST($1 AS "+typ+") END", x)
		case trinosql.KindReal, trinosql.KindDouble:
			return e.expand("CASE WHEN regexp_full_match($1, '"+doubleShape+"') THEN CAST($1 AS "+typ+") ELSE CAST(trino_try_parse_double($1, '') AS "+typ+") END", x)
		case trinosql.KindDecimal:
			return e.expand("CASE WHEN regexp_full_match($1, '"+decimalShape+"') AND length($1) <= 38 THEN TRY_CAST($1 AS "+typ+") ELSE CAST(trino_try_parse_decimal($1, "+n+", "+strconv.Itoa(to.Scale)+") AS "+typ+") END", x)
		case trinosql.KindDate:
			return e.expand("CASE WHEN regexp_full_match($1, '"+dateShape+"') THEN TRY_CAST($1 AS DATE) ELSE DATE '1970-01-01' + CAST(trino_try_parse_date($1) AS INTEGER) END", x)
		case trinosql.KindTimestamp:
			if to.Precision <= 6 {
				return e.expand("CASE WHEN regexp_full_match($1, '"+timestampShape(to.Precision)+"') THEN TRY_CAST($1 AS TIMESTAMP) ELSE make_timestamp(trino_try_parse_timestamp($1, "+n+")) END", x)
			}
		}
		return ""
	}
	switch {
	case isFloat(from) && to.IsInteger():
		return "TRY_CAST(round(" + x + ") AS " + typ + ")"
	case (from.IsInteger() || from.Kind == trinosql.KindDecimal) && (to.IsInteger() || to.Kind == trinosql.KindDecimal):
		return "TRY_CAST(" + x + " AS " + typ + ")"
	}
	return ""
}

// Patterns of text that DuckDB's own casts read as Trino does.
const (
	integerShape = `\s*[+-]?[0-9]+\s*`
	doubleShape  = `[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?`
	decimalShape = `[+-]?[0-9]+([.][0-9]+)?`
	dateShape    = `[0-9]{4}-[0-9]{2}-[0-9]{2}`
)

// timestampShape is the pattern for timestamps whose digits need no rounding to p.
func timestampShape(p int) string {
	s := dateShape + `( [0-9]{2}:[0-9]{2}:[0-9]{2}`
	if p > 0 {
		s += `([.][0-9]{1,` + strconv.Itoa(p) + `})?`
	}
	return s + `)?`
}

// castNumber writes casts among numbers and booleans; "" if from and to are not both.
func (e *emitter) castNumber(x string, from, to *trinosql.Type) string {
	fromNumber, toNumber := from.IsNumeric() || from.Kind == trinosql.KindBoolean, to.IsNumeric() || to.Kind == trinosql.KindBoolean
	if !fromNumber || !toNumber || from.Kind == trinosql.KindNumber || to.Kind == trinosql.KindNumber {
		return ""
	}
	typ, _ := Type(to)
	switch {
	case isFloat(from) && (to.IsInteger()):
		// Trino rounds halves away from zero, DuckDB's cast to even.
		return "CAST(round(" + x + ") AS " + typ + ")"
	case isFloat(from) && to.Kind == trinosql.KindDecimal:
		arg := "CAST(" + x + " AS DOUBLE)"
		if from.Kind == trinosql.KindReal {
			arg = "CAST(CAST(" + x + " AS VARCHAR) AS DOUBLE)"
		}
		return "CAST(trino_double_decimal(" + arg + ", " + strconv.Itoa(to.Precision) + ", " + strconv.Itoa(to.Scale) + ") AS " + typ + ")"
	case to.Kind == trinosql.KindBoolean:
		return "(" + x + " <> 0)"
	case from.Kind == trinosql.KindBoolean && to.Kind == trinosql.KindDecimal:
		return "CAST(CAST(" + x + " AS INTEGER) AS " + typ + ")"
	case from.Kind == trinosql.KindDouble && to.Kind == trinosql.KindReal:
		return "CAST(trino_double_real(" + x + ") AS FLOAT)"
	case from.Kind == trinosql.KindDecimal && isFloat(to) && from.Precision > 15:
		return "CAST(CAST(" + x + " AS VARCHAR) AS " + typ + ")" // correctly rounded
	}
	return "CAST(" + x + " AS " + typ + ")"
}

// toText writes casts to varchar and char.
func (e *emitter) toText(p trinosql.Pos, x string, from, to *trinosql.Type) string {
	if to.Kind == trinosql.KindChar {
		switch from.Kind {
		case trinosql.KindChar:
			return "rtrim(left(" + x + ", " + strconv.Itoa(to.Precision) + "), ' ')"
		case trinosql.KindVarchar:
			if from.Precision != trinosql.Unbounded && from.Precision <= to.Precision {
				return "rtrim(" + x + ", ' ')"
			}
			return "rtrim(left(" + x + ", " + strconv.Itoa(to.Precision) + "), ' ')"
		}
		e.unsupported(p, "a cast from %s to %s is not supported", from, to)
	}
	var s string
	bounded := to.Precision != trinosql.Unbounded
	n := strconv.Itoa(to.Precision)
	switch from.Kind {
	case trinosql.KindVarchar:
		return "left(" + x + ", " + n + ")"
	case trinosql.KindChar: // without its padding
		if bounded && to.Precision < from.Precision {
			return "left(" + x + ", " + n + ")"
		}
		return x
	case trinosql.KindJSON:
		s = "trino_json_varchar(" + x + ")"
	case trinosql.KindReal:
		s = "trino_real_text(" + x + ")"
	case trinosql.KindDouble:
		s = "trino_double_text(" + x + ")"
	case trinosql.KindBoolean, trinosql.KindTinyint, trinosql.KindSmallint, trinosql.KindInteger, trinosql.KindBigint, trinosql.KindUUID:
		s = "CAST(" + x + " AS VARCHAR)"
	case trinosql.KindDecimal:
		s = e.decimalText(x, from)
	case trinosql.KindIPAddress:
		s = "trino_ip_text(" + x + ")"
	default:
		s = e.timeText(p, x, from)
	}
	if !bounded {
		return s
	}
	return e.expand("CASE WHEN length($1) > "+n+" THEN "+e.failure("INVALID_CAST_ARGUMENT",
		"'Value ' || $1 || ' cannot be represented as varchar("+n+")'")+" ELSE $1 END", s)
}

// decimalText writes a decimal's digits. DuckDB leaves out the zero before the
// point where the type has no digits there.
func (e *emitter) decimalText(x string, t *trinosql.Type) string {
	switch {
	case t.Precision > t.Scale:
		return "CAST(" + x + " AS VARCHAR)"
	case t.Precision < 38:
		return "CAST(CAST(" + x + " AS " + decimal(t.Precision+1, t.Scale) + ") AS VARCHAR)"
	}
	return "regexp_replace(CAST(" + x + " AS VARCHAR), '^(-?)[.]', '\\10.')"
}

// fromText writes casts from varchar and char.
func (e *emitter) fromText(p trinosql.Pos, x string, from, to *trinosql.Type) string {
	if from.Kind == trinosql.KindChar && !to.IsNumeric() && to.Kind != trinosql.KindDate {
		x = "rpad(" + x + ", " + strconv.Itoa(from.Precision) + ", ' ')"
	}
	typ := e.typ(p, to)
	name := strings.ToUpper(to.String())
	if to.Kind == trinosql.KindInteger {
		name = "INT"
	}
	bad := "CAST(" + e.failure("INVALID_CAST_ARGUMENT", "'Cannot cast ''' || $1 || ''' to "+name+"'") + " AS " + typ + ")"
	switch to.Kind {
	case trinosql.KindBoolean:
		return e.expand("CASE WHEN lower($1) IN ('t', 'true', '1') THEN true WHEN lower($1) IN ('f', 'false', '0') THEN false WHEN $1 IS NOT NULL THEN "+bad+" END", x)
	case trinosql.KindTinyint, trinosql.KindSmallint, trinosql.KindInteger, trinosql.KindBigint:
		return e.expand("CASE WHEN regexp_full_match($1, '"+integerShape+"') THEN coalesce(TRY_CAST($1 AS "+typ+"), "+bad+") WHEN $1 IS NOT NULL THEN "+bad+" END", x)
	case trinosql.KindReal, trinosql.KindDouble:
		return e.expand("CASE WHEN regexp_full_match($1, '"+doubleShape+"') THEN CAST($1 AS "+typ+") WHEN $1 IS NOT NULL THEN CAST(trino_parse_double($1, '"+name+"') AS "+typ+") END", x)
	case trinosql.KindDecimal:
		return e.expand("CASE WHEN regexp_full_match($1, '"+decimalShape+"') AND length($1) <= 38 THEN coalesce(TRY_CAST($1 AS "+typ+"), CAST(trino_parse_decimal($1, "+
			strconv.Itoa(to.Precision)+", "+strconv.Itoa(to.Scale)+") AS "+typ+")) WHEN $1 IS NOT NULL THEN CAST(trino_parse_decimal($1, "+
			strconv.Itoa(to.Precision)+", "+strconv.Itoa(to.Scale)+") AS "+typ+") END", x)
	case trinosql.KindVarbinary:
		return "encode(" + x + ")"
	case trinosql.KindUUID:
		return "CAST(trino_parse_uuid(" + x + ") AS UUID)"
	case trinosql.KindIPAddress:
		return "trino_parse_ip(" + x + ")"
	}
	if s := e.textTime(p, x, to); s != "" {
		return s
	}
	e.unsupported(p, "a cast from %s to %s is not supported", from, to)
	return ""
}
