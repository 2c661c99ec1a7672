package dialect

import (
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

// roundMicros writes a TIMESTAMP rounded half up to p digits of the second's fraction.
func (e *emitter) roundMicros(x string, p int) string {
	if p >= 6 {
		return x
	}
	unit := "1" + strings.Repeat("0", 6-p)
	half := "5" + strings.Repeat("0", 5-p)
	return e.expand("make_timestamp($1 - ($1 % "+unit+" + "+unit+") % "+unit+")", "(epoch_us("+x+") + "+half+")")
}

// castTime writes casts among dates and times; "" if there is none.
func (e *emitter) castTime(p trinosql.Pos, x string, from, to *trinosql.Type) string {
	switch from.Kind {
	case trinosql.KindDate:
		switch to.Kind {
		case trinosql.KindTimestamp:
			return e.widenTimestamp("CAST("+x+" AS TIMESTAMP)", x, to)
		case trinosql.KindTimestampZone:
			return e.widenTimestamp("CAST("+x+" AS TIMESTAMP)", x, to)
		}
	case trinosql.KindTimestamp:
		switch to.Kind {
		case trinosql.KindDate:
			return "CAST(" + e.micros(x, from) + " AS DATE)"
		case trinosql.KindTimestamp:
			return e.scaleTimestamp(x, from, to)
		case trinosql.KindTimestampZone:
			mid := trinosql.TimestampOf(to.Precision)
			x = e.cast(p, x, from, mid, false)
			return e.bind(func(v []string) string {
				return "CASE WHEN " + v[0] + " IS NOT NULL THEN " + e.zoned(e.atSession(e.micros(v[0], mid)), v[0]+".p", e.zone, to) + " END"
			}, x)
		case trinosql.KindTime:
			mid := trinosql.TimeOf(from.Precision)
			if from.Precision <= 6 {
				return e.cast(p, "CAST("+x+" AS TIME)", mid, to, false)
			}
			return e.cast(p, e.bind(func(v []string) string {
				return "(epoch_us(CAST(" + v[0] + ".u AS TIME)) * 1000000 + " + v[0] + ".p)"
			}, x), mid, to, false)
		case trinosql.KindTimeZone:
			return e.cast(p, e.castTime(p, x, from, trinosql.TimeOf(from.Precision)), trinosql.TimeOf(from.Precision), to, false)
		}
	case trinosql.KindTimestampZone:
		switch to.Kind {
		case trinosql.KindTimestampZone:
			return e.scaleTimestamp(x, from, to)
		case trinosql.KindDate:
			return "CAST(" + e.localTime(x, from) + " AS DATE)"
		case trinosql.KindTimestamp, trinosql.KindTime:
			mid := trinosql.TimestampOf(from.Precision)
			if from.Precision <= 6 {
				return e.cast(p, e.localTime(x, from), mid, to, false)
			}
			return e.cast(p, e.bind(func(v []string) string {
				return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(u := " + e.localTime(v[0], from) + ", p := " + v[0] + ".p) END"
			}, x), mid, to, false)
		case trinosql.KindTimeZone:
			tt := trinosql.TimeOf(from.Precision)
			// The offset is the zone's at the local time read as UTC, as Trino has it.
			return e.scaleTimeZone(e.bind(func(v []string) string {
				return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(t := " + timePicos(e.castTime(p, v[0], from, tt), tt) +
					", o := CAST((trino_local(trino_local(epoch_us(" + v[0] + ".u), " + v[0] + ".z), " + v[0] + ".z) - trino_local(epoch_us(" + v[0] + ".u), " + v[0] + ".z)) // 60000000 AS INTEGER)) END"
			}, x), from.Precision, to.Precision)
		}
	case trinosql.KindTime:
		switch to.Kind {
		case trinosql.KindTime:
			return scaleTime(x, from, to)
		case trinosql.KindTimeZone:
			return e.bind(func(v []string) string {
				return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(t := " + roundPicos(timePicos(v[0], from), from.Precision, to.Precision) + ", o := " + e.sessionOffset() + ") END"
			}, x)
		case trinosql.KindTimestamp, trinosql.KindTimestampZone:
			// The date is the session's current one.
			picos := roundPicosUp(timePicos(x, from), from.Precision, to.Precision)
			return e.bind(func(v []string) string {
				u := "CAST(" + e.today() + " AS TIMESTAMP) + to_microseconds(" + v[0] + " // 1000000)"
				rest := "CAST(" + v[0] + " % 1000000 AS INTEGER)"
				s := e.zoned(e.atSession("("+u+")"), rest, e.zone, to)
				if to.Kind == trinosql.KindTimestamp {
					if to.Precision <= 6 {
						return "(" + u + ")"
					}
					s = "struct_pack(u := " + u + ", p := " + rest + ")"
				}
				return "CASE WHEN " + v[0] + " IS NOT NULL THEN " + s + " END"
			}, picos)
		}
	case trinosql.KindTimeZone:
		switch to.Kind {
		case trinosql.KindTimeZone:
			return e.scaleTimeZone(x, from.Precision, to.Precision)
		case trinosql.KindTime:
			return picosTime(roundPicos(e.dotted(x, "t"), from.Precision, to.Precision), to)
		case trinosql.KindTimestamp, trinosql.KindTimestampZone:
			return e.bind(func(v []string) string {
				picos := roundPicosUp(v[0]+".t", from.Precision, to.Precision)
				u := "CAST(CAST(timezone('UTC', current_timestamp) + to_minutes(" + v[0] + ".o) AS DATE) AS TIMESTAMP) + to_microseconds(" + picos + " // 1000000)"
				rest := "CAST(" + picos + " % 1000000 AS INTEGER)"
				if to.Kind == trinosql.KindTimestampZone {
					return "CASE WHEN " + v[0] + " IS NOT NULL THEN " + e.zoned(u+" - to_minutes("+v[0]+".o)", rest, "trino_offset_zone("+v[0]+".o)", to) + " END"
				}
				if to.Precision <= 6 {
					return "(" + u + ")"
				}
				return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(u := " + u + ", p := " + rest + ") END"
			}, x)
		}
	}
	return ""
}

// sessionOffset writes the session zone's offset now, in minutes.
func (e *emitter) sessionOffset() string {
	if e.zone == "'UTC'" {
		return "0"
	}
	return "CAST(trino_zone_minutes(" + e.zone + ") AS INTEGER)"
}

// widenTimestamp writes a timestamp of type to, with or without a zone, from a
// TIMESTAMP that is null where x is.
func (e *emitter) widenTimestamp(u, x string, to *trinosql.Type) string {
	switch {
	case to.Kind == trinosql.KindTimestampZone:
		return e.build(e.expand("CASE WHEN $1 IS NOT NULL THEN "+e.zoned(e.atSession("$1"), "0", e.zone, to)+" END", u), e.atSession(u))
	case to.Precision <= 6:
		return u
	}
	return e.expand("CASE WHEN $1 IS NOT NULL THEN struct_pack(u := $1, p := 0) END", u)
}

// scaleTimestamp changes the precision of a timestamp with or without zone.
func (e *emitter) scaleTimestamp(x string, from, to *trinosql.Type) string {
	zoned := from.Kind == trinosql.KindTimestampZone
	if !zoned && from.Precision <= 6 && to.Precision <= 6 {
		return e.roundMicros(x, to.Precision)
	}
	return e.bind(func(v []string) string {
		u, p := v[0]+".u", "0"
		if !zoned && from.Precision <= 6 {
			u = v[0]
		}
		switch {
		case from.Precision > 6 && to.Precision <= 6:
			u = e.roundMicros("("+u+" + to_microseconds(CASE WHEN "+v[0]+".p >= 500000 THEN 1 ELSE 0 END))", 6)
			if to.Precision < 6 { // below a microsecond nothing decides but the micros themselves
				u = e.roundMicros(v[0]+".u", to.Precision)
			}
		case from.Precision > 6 && to.Precision < from.Precision:
			unit := "1" + strings.Repeat("0", 12-to.Precision)
			half := "5" + strings.Repeat("0", 11-to.Precision)
			p = "((" + v[0] + ".p + " + half + ") // " + unit + " * " + unit + ")"
			u = "(" + u + " + to_microseconds(" + p + " // 1000000))"
			p = "(" + p + " % 1000000)"
		case from.Precision > 6:
			p = v[0] + ".p"
		case to.Precision < from.Precision:
			u = e.roundMicros(u, to.Precision)
		}
		s := e.zoned(u, p, v[0]+".z", to)
		if !zoned {
			if to.Precision <= 6 {
				return u
			}
			s = "struct_pack(u := " + u + ", p := " + p + ")"
		}
		return "CASE WHEN " + v[0] + " IS NOT NULL THEN " + s + " END"
	}, x)
}

// timePicos writes a time's picoseconds of the day.
func timePicos(x string, t *trinosql.Type) string {
	if t.Precision <= 6 {
		return "(epoch_us(" + x + ") * 1000000)"
	}
	return x
}

// picosTime is the inverse of timePicos.
func picosTime(x string, t *trinosql.Type) string {
	if t.Precision <= 6 {
		return "CAST(make_timestamp(" + x + " // 1000000) AS TIME)"
	}
	return x
}

func roundPicos(x string, from, to int) string {
	if to >= from {
		return x
	}
	return "(" + roundPicosUp(x, from, to) + " % 86400000000000000)"
}

// roundPicosUp rounds half up, perhaps to midnight of the next day.
func roundPicosUp(x string, from, to int) string {
	if to >= from {
		return x
	}
	unit := "1" + strings.Repeat("0", 12-to)
	half := "5" + strings.Repeat("0", 11-to)
	return "((" + x + " + " + half + ") // " + unit + " * " + unit + ")"
}

func scaleTime(x string, from, to *trinosql.Type) string {
	return picosTime(roundPicos(timePicos(x, from), from.Precision, to.Precision), to)
}

func (e *emitter) scaleTimeZone(x string, from, to int) string {
	if to >= from {
		return x
	}
	return e.bind(func(v []string) string {
		return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(t := " + roundPicos(v[0]+".t", from, to) + ", o := " + v[0] + ".o) END"
	}, x)
}

// timeText writes the cast of a date, time or interval to varchar.
func (e *emitter) timeText(p trinosql.Pos, x string, t *trinosql.Type) string {
	switch t.Kind {
	case trinosql.KindDate:
		return e.expand("CASE WHEN $1 BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN CAST($1 AS VARCHAR) WHEN $1 IS NOT NULL THEN trino_date_text(CAST($1 - DATE '1970-01-01' AS BIGINT)) END", x)
	case trinosql.KindTimestamp:
		return e.timestampText(x, t)
	case trinosql.KindTimestampZone:
		local := trinosql.TimestampOf(t.Precision)
		return e.bind(func(v []string) string {
			u := e.localTime(v[0], t)
			if t.Precision > 6 {
				u = "struct_pack(u := " + u + ", p := " + v[0] + ".p)"
			}
			return "(" + e.timestampText(u, local) + " || ' ' || " + v[0] + ".z)"
		}, x)
	case trinosql.KindTime:
		return "trino_time_text(" + timePicos(x, t) + ", " + strconv.Itoa(t.Precision) + ")"
	case trinosql.KindTimeZone:
		return e.bind(func(v []string) string {
			return "(trino_time_text(" + v[0] + ".t, " + strconv.Itoa(t.Precision) + ") || trino_offset_text(" + v[0] + ".o))"
		}, x)
	case trinosql.KindIntervalDay:
		return "trino_interval_day_text(" + x + ")"
	case trinosql.KindIntervalYear:
		return "trino_interval_year_text(CAST(" + x + " AS BIGINT))"
	}
	e.unsupported(p, "a cast from %s to varchar is not supported", t)
	return ""
}

func (e *emitter) timestampText(x string, t *trinosql.Type) string {
	if t.Precision > 6 {
		return e.bind(func(v []string) string {
			return "trino_timestamp_text(epoch_us(" + v[0] + ".u), CAST(" + v[0] + ".p AS BIGINT), " + strconv.Itoa(t.Precision) + ")"
		}, x)
	}
	format := "%Y-%m-%d %H:%M:%S"
	switch {
	case t.Precision == 3:
		format += ".%g"
	case t.Precision > 0:
		format += ".%f"
	}
	s := "strftime($1, '" + format + "')"
	if t.Precision != 0 && t.Precision != 3 && t.Precision != 6 {
		s = "left(" + s + ", " + strconv.Itoa(20+t.Precision) + ")"
	}
	return e.expand("CASE WHEN $1 >= TIMESTAMP '0001-01-01' AND $1 < TIMESTAMP '9999-12-31 23:59:59.999999' THEN "+s+
		" WHEN $1 IS NOT NULL THEN trino_timestamp_text(epoch_us($1), CAST(0 AS BIGINT), "+strconv.Itoa(t.Precision)+") END", x)
}

// textTime writes casts from varchar to dates and times; "" if to is neither.
func (e *emitter) textTime(p trinosql.Pos, x string, to *trinosql.Type) string {
	n := strconv.Itoa(to.Precision)
	switch to.Kind {
	case trinosql.KindDate:
		return e.expand("CASE WHEN regexp_full_match($1, '"+dateShape+"') THEN coalesce(TRY_CAST($1 AS DATE), DATE '1970-01-01' + CAST(trino_parse_date($1) AS INTEGER))"+
			" WHEN $1 IS NOT NULL THEN DATE '1970-01-01' + CAST(trino_parse_date($1) AS INTEGER) END", x)
	case trinosql.KindTimestamp:
		if to.Precision <= 6 {
			slow := "make_timestamp(trino_parse_timestamp($1, " + n + "))"
			return e.expand("CASE WHEN regexp_full_match($1, '"+timestampShape(to.Precision)+"') THEN coalesce(TRY_CAST($1 AS TIMESTAMP), "+slow+") WHEN $1 IS NOT NULL THEN "+slow+" END", x)
		}
		return e.bind(func(v []string) string {
			return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(u := make_timestamp(trino_parse_timestamp(" + v[0] + ", " + n + ")), p := CAST(trino_parse_picos(" + v[0] + ", " + n + ") AS INTEGER)) END"
		}, x)
	case trinosql.KindTimestampZone:
		return e.bind(func(v []string) string {
			return "CASE WHEN " + v[0] + " IS NOT NULL THEN " + e.zoned("make_timestamp(trino_parse_instant("+v[0]+", "+n+", "+e.zone+"))",
				"CAST(trino_parse_picos("+v[0]+", "+n+") AS INTEGER)", "trino_parse_zone("+v[0]+", "+e.zone+")", to) + " END"
		}, x)
	case trinosql.KindTime:
		return picosTime("trino_parse_time("+x+", "+n+")", to)
	case trinosql.KindTimeZone:
		return e.bind(func(v []string) string {
			return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(t := trino_parse_timetz(" + v[0] + ", " + n + "), o := CAST(trino_parse_offset(" + v[0] + ") AS INTEGER)) END"
		}, x)
	}
	return ""
}
