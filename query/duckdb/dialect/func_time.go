package dialect

import (
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

func init() {
	part := func(field string) func(*emitter, *call) string {
		return func(e *emitter, c *call) string {
			return e.extract(c.pos, field, e.x(c.args[0]), e.argType(c, 0))
		}
	}
	writers(map[string]func(*emitter, *call) string{
		"year": part("YEAR"), "quarter": part("QUARTER"), "month": part("MONTH"), "week": part("WEEK"), "day": part("DAY"),
		"day_of_week": part("DAY_OF_WEEK"), "day_of_year": part("DAY_OF_YEAR"), "year_of_week": part("YEAR_OF_WEEK"),
		"hour": part("HOUR"), "minute": part("MINUTE"), "second": part("SECOND"), "millisecond": part("MILLISECOND"),
		"timezone_hour": part("TIMEZONE_HOUR"), "timezone_minute": part("TIMEZONE_MINUTE"),
		"date": func(e *emitter, c *call) string {
			return e.cast(c.pos, e.x(c.args[0]), e.argType(c, 0), trinosql.Date, false)
		},
		"now": func(e *emitter, c *call) string {
			return e.castTime(c.pos, e.roundMicros(e.sessionNow(), c.typ.Precision), trinosql.TimestampOf(c.typ.Precision), c.typ)
		},
		"date_trunc": (*emitter).dateTrunc,
		"date_add":   (*emitter).dateAdd,
		"date_diff":  (*emitter).dateDiff,
		"last_day_of_month": func(e *emitter, c *call) string {
			t := e.argType(c, 0)
			x := e.x(c.args[0])
			if t.Kind != trinosql.KindDate {
				x = e.localTime(x, t)
			}
			return "last_day(" + x + ")"
		},
		"from_unixtime":       (*emitter).fromUnixtime,
		"from_unixtime_nanos": (*emitter).fromUnixtimeNanos,
		"to_unixtime": func(e *emitter, c *call) string {
			t := e.argType(c, 0)
			if t.Precision > 6 {
				return e.bind(func(v []string) string {
					return "(CAST(epoch_us(" + e.sessionInstant(v[0], t) + ") AS DOUBLE) / 1e6 + CAST(" + v[0] + ".p AS DOUBLE) / 1e12)"
				}, e.x(c.args[0]))
			}
			return "(CAST(epoch_us(" + e.sessionInstant(e.x(c.args[0]), t) + ") AS DOUBLE) / 1e6)"
		},
		"from_iso8601_date": func(e *emitter, c *call) string {
			return "(DATE '1970-01-01' + CAST(trino_iso_date(" + e.x(c.args[0]) + ") AS INTEGER))"
		},
		"from_iso8601_timestamp":       (*emitter).fromISO,
		"from_iso8601_timestamp_nanos": (*emitter).fromISO,
		"to_iso8601":                   (*emitter).toISO,
		"date_format":                  (*emitter).dateFormat,
		"date_parse":                   (*emitter).dateParse,
		"format_datetime":              (*emitter).formatDatetime,
		"parse_datetime": func(e *emitter, c *call) string {
			return e.bind(func(v []string) string {
				return "CASE WHEN " + v[0] + " IS NOT NULL AND " + v[1] + " IS NOT NULL THEN " +
					e.zoned("make_timestamp(trino_parse_datetime("+v[0]+", "+v[1]+", "+e.zone+"))", "0", "trino_parse_datetime_zone("+v[0]+", "+v[1]+", "+e.zone+")", c.typ) + " END"
			}, e.argList(c)...)
		},
		"parse_duration":  func(e *emitter, c *call) string { return "trino_parse_duration(" + e.x(c.args[0]) + ")" },
		"to_milliseconds": func(e *emitter, c *call) string { return e.x(c.args[0]) },
		"at_timezone": func(e *emitter, c *call) string {
			return e.toZone(c.pos, e.x(c.args[0]), e.argType(c, 0), e.zoneArgument(c.args[1]))
		},
		"with_timezone": func(e *emitter, c *call) string {
			t := e.argType(c, 0)
			return e.bind(func(v []string) string {
				u := "make_timestamp(trino_instant(epoch_us(" + e.micros(v[0], t) + "), " + v[1] + "))"
				p := v[0] + ".p"
				return "CASE WHEN " + v[0] + " IS NOT NULL AND " + v[1] + " IS NOT NULL THEN " + e.zoned(u, p, v[1], c.typ) + " END"
			}, e.x(c.args[0]), e.zoneName(c.args[1]))
		},
		"timezone": func(e *emitter, c *call) string {
			if e.argType(c, 0).Kind == trinosql.KindTimeZone {
				return "trino_offset_text(" + e.dotted(e.x(c.args[0]), "o") + ")"
			}
			return e.dotted(e.x(c.args[0]), "z")
		},
	})
}

// zoneArgument writes a zone given by name or as an interval.
func (e *emitter) zoneArgument(x trinosql.Expr) string {
	if e.a.UsedType(x).Kind == trinosql.KindIntervalDay {
		return "trino_offset_zone(CAST(" + e.x(x) + " // 60000 AS INTEGER))"
	}
	return e.zoneName(x)
}

// extract writes EXTRACT(field FROM x).
func (e *emitter) extract(p trinosql.Pos, field, x string, t *trinosql.Type) string {
	switch field {
	case "DOW":
		field = "DAY_OF_WEEK"
	case "DOY":
		field = "DAY_OF_YEAR"
	case "YOW":
		field = "YEAR_OF_WEEK"
	case "DAY_OF_MONTH":
		field = "DAY"
	}
	switch t.Kind {
	case trinosql.KindIntervalDay:
		switch field {
		case "DAY":
			return "(" + x + " // 86400000)"
		case "HOUR":
			return "(" + x + " // 3600000 % 24)"
		case "MINUTE":
			return "(" + x + " // 60000 % 60)"
		case "SECOND":
			return "(" + x + " // 1000 % 60)"
		case "MILLISECOND":
			return "(" + x + " % 1000)"
		}
	case trinosql.KindIntervalYear:
		switch field {
		case "YEAR":
			return "CAST(" + x + " // 12 AS BIGINT)"
		case "MONTH":
			return "CAST(" + x + " % 12 AS BIGINT)"
		}
	case trinosql.KindTime, trinosql.KindTimeZone:
		return e.extractTime(p, field, x, t)
	case trinosql.KindTimestampZone:
		switch field {
		case "TIMEZONE_HOUR", "TIMEZONE_MINUTE":
			offset := e.bind(func(v []string) string {
				return "((trino_local(epoch_us(" + v[0] + ".u), " + v[0] + ".z) - epoch_us(" + v[0] + ".u)) // 60000000)"
			}, x)
			if field == "TIMEZONE_HOUR" {
				return "(" + offset + " // 60)"
			}
			return "(" + offset + " % 60)"
		}
		return e.extractDate(p, field, e.localTime(x, t), t)
	case trinosql.KindDate, trinosql.KindTimestamp:
		return e.extractDate(p, field, e.micros(x, t), t)
	}
	e.unsupported(p, "extracting %s from %s is not supported", strings.ToLower(field), t)
	return ""
}

var dateParts = map[string]string{
	"YEAR": "year($1)", "QUARTER": "quarter($1)", "MONTH": "month($1)", "WEEK": "week($1)", "DAY": "day($1)",
	"DAY_OF_WEEK": "isodow($1)", "DAY_OF_YEAR": "dayofyear($1)", "YEAR_OF_WEEK": "isoyear($1)",
}

func (e *emitter) extractDate(p trinosql.Pos, field, x string, t *trinosql.Type) string {
	if f, ok := dateParts[field]; ok {
		return strings.ReplaceAll(f, "$1", x)
	}
	if t.Kind != trinosql.KindDate {
		switch field {
		case "HOUR":
			return "hour(" + x + ")"
		case "MINUTE":
			return "minute(" + x + ")"
		case "SECOND":
			return "second(" + x + ")"
		case "MILLISECOND":
			return "(millisecond(" + x + ") % 1000)"
		}
	}
	e.unsupported(p, "extracting %s from %s is not supported", strings.ToLower(field), t)
	return ""
}

func (e *emitter) extractTime(p trinosql.Pos, field, x string, t *trinosql.Type) string {
	if t.Kind == trinosql.KindTime && t.Precision <= 6 {
		return e.extractDate(p, field, x, t)
	}
	picos := x
	if t.Kind == trinosql.KindTimeZone {
		switch field {
		case "TIMEZONE_HOUR":
			return "CAST(" + e.dotted(x, "o") + " // 60 AS BIGINT)"
		case "TIMEZONE_MINUTE":
			return "CAST(" + e.dotted(x, "o") + " % 60 AS BIGINT)"
		}
		picos = e.dotted(x, "t")
	}
	switch field {
	case "HOUR":
		return "(" + picos + " // 3600000000000000)"
	case "MINUTE":
		return "(" + picos + " // 60000000000000 % 60)"
	case "SECOND":
		return "(" + picos + " // 1000000000000 % 60)"
	case "MILLISECOND":
		return "(" + picos + " // 1000000000 % 1000)"
	}
	e.unsupported(p, "extracting %s from %s is not supported", strings.ToLower(field), t)
	return ""
}

// unit returns the literal unit of a date function in lower case.
func (e *emitter) unit(c *call, allowed string) string {
	s, ok := e.stringOf(c.args[0])
	if !ok {
		e.unsupported(c.args[0].Pos(), "%s with a unit that is not a literal is not supported", c.name)
	}
	u := strings.ToLower(s)
	if !strings.Contains(" "+allowed+" ", " "+u+" ") {
		e.invalid(c.args[0].Pos(), "'%s' is not a valid %s field", s, kindName(e.argType(c, len(c.args)-1)))
	}
	return u
}

func kindName(t *trinosql.Type) string {
	switch t.Kind {
	case trinosql.KindDate:
		return "DATE"
	case trinosql.KindTime, trinosql.KindTimeZone:
		return "Time"
	}
	return "Timestamp"
}

const (
	dateUnits  = "day week month quarter year"
	clockUnits = "millisecond second minute hour"
)

// unitPicos are the lengths of clock units.
var unitPicos = map[string]int64{"millisecond": 1e9, "second": 1e12, "minute": 60e12, "hour": 3600e12}

func (e *emitter) dateTrunc(c *call) string {
	t, x := e.argType(c, 1), e.x(c.args[1])
	switch t.Kind {
	case trinosql.KindDate:
		u := e.unit(c, dateUnits)
		if u == "day" {
			return x
		}
		return "CAST(date_trunc('" + u + "', " + x + ") AS DATE)"
	case trinosql.KindTime, trinosql.KindTimeZone:
		u := e.unit(c, clockUnits)
		n := strconv.FormatInt(unitPicos[u], 10)
		if t.Kind == trinosql.KindTime {
			return picosTime("("+timePicos(x, t)+" // "+n+" * "+n+")", t)
		}
		return e.bind(func(v []string) string {
			return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(t := " + v[0] + ".t // " + n + " * " + n + ", o := " + v[0] + ".o) END"
		}, x)
	}
	u := e.unit(c, clockUnits+" "+dateUnits)
	if t.Kind == trinosql.KindTimestampZone && unitPicos[u] > 0 && u != "hour" {
		// Below an hour the zone hardly matters, and an instant that occurs twice
		// in local time keeps its side. (Offsets of minutes do matter for hours.)
		return e.truncInstant(x, t, u)
	}
	return e.mapLocal(x, t, "date_trunc('"+u+"', $1)", true)
}

// truncInstant truncates below hours on the instant: all offsets are whole minutes.
func (e *emitter) truncInstant(x string, t *trinosql.Type, u string) string {
	return e.bind(func(v []string) string {
		return "CASE WHEN " + v[0] + " IS NOT NULL THEN " + e.zoned("date_trunc('"+u+"', "+v[0]+".u)", "0", v[0]+".z", t) + " END"
	}, x)
}

var unitInterval = map[string]string{
	"millisecond": "to_milliseconds($2)", "second": "to_seconds($2)", "minute": "to_minutes($2)", "hour": "to_hours($2)",
	"day": "to_days(CAST($2 AS INTEGER))", "week": "to_weeks(CAST($2 AS INTEGER))", "month": "to_months(CAST($2 AS INTEGER))",
	"quarter": "to_months(CAST($2 * 3 AS INTEGER))", "year": "to_years(CAST($2 AS INTEGER))",
}

func (e *emitter) dateAdd(c *call) string {
	t, x, n := e.argType(c, 2), e.x(c.args[2]), e.x(c.args[1])
	switch t.Kind {
	case trinosql.KindDate:
		u := e.unit(c, dateUnits)
		if u == "day" {
			return e.expand("($1 + CAST($2 AS INTEGER))", x, n)
		}
		return e.expand("CAST($1 + "+unitInterval[u]+" AS DATE)", x, n)
	case trinosql.KindTime, trinosql.KindTimeZone:
		u := e.unit(c, clockUnits)
		per := picosPerDay / unitPicos[u]
		picos := "((%s + %s % " + strconv.FormatInt(per, 10) + " * " + strconv.FormatInt(unitPicos[u], 10) + " + 86400000000000000) % 86400000000000000)"
		if t.Kind == trinosql.KindTime {
			return picosTime(strings.Replace(strings.Replace(picos, "%s", timePicos(x, t), 1), "%s", n, 1), t)
		}
		return e.bind(func(v []string) string {
			return "CASE WHEN " + v[0] + " IS NOT NULL AND " + v[1] + " IS NOT NULL THEN struct_pack(t := " +
				strings.Replace(strings.Replace(picos, "%s", v[0]+".t", 1), "%s", v[1], 1) + ", o := " + v[0] + ".o) END"
		}, x, n)
	}
	u := e.unit(c, clockUnits+" "+dateUnits)
	change := "($1 + " + unitInterval[u] + ")"
	if t.Kind == trinosql.KindTimestampZone && unitPicos[u] == 0 {
		return e.mapLocal(x, t, change, false, n)
	}
	return e.mapMicros(x, t, change, n)
}

func (e *emitter) dateDiff(c *call) string {
	t := e.argType(c, 1)
	a, b := e.x(c.args[1]), e.x(c.args[2])
	switch t.Kind {
	case trinosql.KindDate:
		u := e.unit(c, dateUnits)
		if u == "day" {
			return "(" + b + " - " + a + ")"
		}
		return "date_sub('" + u + "', " + a + ", " + b + ")"
	case trinosql.KindTime, trinosql.KindTimeZone:
		u := e.unit(c, clockUnits)
		if t.Kind == trinosql.KindTimeZone {
			a, b = e.expand(e.instant("$1", t), a), e.expand(e.instant("$1", t), b)
		} else {
			a, b = timePicos(a, t), timePicos(b, t)
		}
		return "((" + b + " - " + a + ") // " + strconv.FormatInt(unitPicos[u], 10) + ")"
	}
	u := e.unit(c, clockUnits+" "+dateUnits)
	if t.Kind == trinosql.KindTimestampZone {
		if unitPicos[u] > 0 {
			return "date_sub('" + u + "', " + e.micros(a, t) + ", " + e.micros(b, t) + ")"
		}
		// Days and longer are counted in the first one's zone.
		return e.bind(func(v []string) string {
			return "date_sub('" + u + "', " + e.localTime(v[0], t) + ", make_timestamp(trino_local(epoch_us(" + v[1] + ".u), " + v[0] + ".z)))"
		}, a, b)
	}
	return "date_sub('" + u + "', " + e.micros(a, t) + ", " + e.micros(b, t) + ")"
}

func (e *emitter) fromUnixtime(c *call) string {
	// Rounded to milliseconds, halves up.
	u := "make_timestamp(CAST(floor(" + e.x(c.args[0]) + " * 1000 + 0.5) AS BIGINT) * 1000)"
	z := e.zone
	switch {
	case len(c.args) == 2:
		z = e.zoneName(c.args[1])
	case len(c.args) == 3:
		z = "trino_offset_zone(CAST(" + e.x(c.args[1]) + " * 60 + " + e.x(c.args[2]) + " AS INTEGER))"
	}
	if constant(z) {
		return e.build(e.expand("CASE WHEN $1 IS NOT NULL THEN "+e.zoned("$1", "0", z, c.typ)+" END", u), u)
	}
	return e.bind(func(v []string) string {
		return "CASE WHEN " + v[0] + " IS NOT NULL AND " + v[1] + " IS NOT NULL THEN " + e.zoned(v[0], "0", v[1], c.typ) + " END"
	}, u, z)
}

func (e *emitter) fromUnixtimeNanos(c *call) string {
	t := e.argType(c, 0)
	x := e.x(c.args[0])
	if t.Kind == trinosql.KindDecimal {
		x = "CAST(" + x + " AS HUGEINT)"
		if t.Scale > 0 {
			x = "CAST(" + e.cutDecimal(e.x(c.args[0]), t, trinosql.DecimalOf(38, 0), 0, "round") + " AS HUGEINT)"
		}
	}
	return e.bind(func(v []string) string {
		rest := "((" + v[0] + " % 1000 + 1000) % 1000)"
		return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(u := make_timestamp(CAST((" + v[0] + " - " + rest + ") // 1000 AS BIGINT)), p := CAST(" + rest + " * 1000 AS INTEGER), z := " + e.zone + ") END"
	}, x)
}

func (e *emitter) fromISO(c *call) string {
	return e.bind(func(v []string) string {
		p := strconv.Itoa(c.typ.Precision)
		return "CASE WHEN " + v[0] + " IS NOT NULL THEN " + e.zoned("make_timestamp(trino_iso_instant("+v[0]+", "+p+", "+e.zone+"))",
			"CAST(trino_iso_picos("+v[0]+", "+p+") AS INTEGER)", "trino_iso_zone("+v[0]+", "+e.zone+")", c.typ) + " END"
	}, e.x(c.args[0]))
}

func (e *emitter) toISO(c *call) string {
	t, x := e.argType(c, 0), e.x(c.args[0])
	if t.Kind == trinosql.KindDate {
		return e.timeText(c.pos, x, t)
	}
	if t.Kind == trinosql.KindTimestamp {
		return "replace(" + e.timeText(c.pos, x, t) + ", ' ', 'T')"
	}
	return e.bind(func(v []string) string {
		u := e.localTime(v[0], t)
		if t.Precision > 6 {
			u = "struct_pack(u := " + u + ", p := " + v[0] + ".p)"
		}
		return "(replace(" + e.timestampText(u, trinosql.TimestampOf(t.Precision)) + ", ' ', 'T') || trino_iso_offset(epoch_us(" + v[0] + ".u), " + v[0] + ".z))"
	}, x)
}

// dateFormat writes MySQL's format; the common letters go to strftime.
func (e *emitter) dateFormat(c *call) string {
	t := e.argType(c, 0)
	if t.Precision > 3 { // formats know milliseconds
		to := *t
		to.Precision = 3
		return e.dateFormatOf(c, e.cast(c.pos, e.x(c.args[0]), t, &to, false), &to)
	}
	return e.dateFormatOf(c, e.x(c.args[0]), t)
}

func (e *emitter) dateFormatOf(c *call, x string, t *trinosql.Type) string {
	if f, ok := e.stringOf(c.args[1]); ok {
		if s, ok := strftimeOf(f); ok {
			local := e.localTime(x, t)
			return e.expand("CASE WHEN $1 >= TIMESTAMP '1000-01-01' AND $1 < TIMESTAMP '9999-12-31 23:59:59.999999' THEN strftime($1, $3) WHEN $1 IS NOT NULL THEN trino_date_format(epoch_us($1), $2) END", local, text(f), text(s))
		}
	}
	return "trino_date_format(epoch_us(" + e.localTime(x, t) + "), " + e.x(c.args[1]) + ")"
}

// strftimeOf translates a MySQL format if DuckDB's strftime writes all its
// letters the same way.
func strftimeOf(f string) (string, bool) {
	same := map[byte]string{'a': "%a", 'b': "%b", 'c': "%-m", 'd': "%d", 'e': "%-d", 'H': "%H", 'h': "%I", 'I': "%I", 'i': "%M",
		'j': "%j", 'k': "%-H", 'l': "%-I", 'M': "%B", 'm': "%m", 'p': "%p", 'r': "%I:%M:%S %p", 'S': "%S", 's': "%S", 'T': "%H:%M:%S",
		'W': "%A", 'Y': "%Y", 'y': "%y", '%': "%%", 'f': "%f"}
	var b strings.Builder
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			b.WriteByte(f[i])
			continue
		}
		i++
		if i >= len(f) || same[f[i]] == "" {
			return "", false
		}
		b.WriteString(same[f[i]])
	}
	return b.String(), true
}

func (e *emitter) formatDatetime(c *call) string {
	t, x := e.argType(c, 0), e.x(c.args[0])
	if t.Precision > 3 {
		to := *t
		to.Precision = 3
		t, x = &to, e.cast(c.pos, x, t, &to, false)
	}
	return e.bind(func(v []string) string {
		if t.Kind == trinosql.KindTimestampZone {
			return "trino_format_datetime(epoch_us(" + v[0] + ".u), " + v[0] + ".z, " + v[1] + ")"
		}
		return "trino_format_datetime(epoch_us(" + e.micros(v[0], t) + "), 'UTC', " + v[1] + ")"
	}, x, e.x(c.args[1]))
}

// sessionInstant writes the instant of a timestamp; one without a zone is local in
// the session's.
func (e *emitter) sessionInstant(x string, t *trinosql.Type) string {
	if t.Kind == trinosql.KindTimestampZone {
		return e.micros(x, t)
	}
	return e.atSession(e.micros(x, t))
}

// dateParse writes date_parse. Text of the two most common shapes goes to DuckDB's
// own parser.
func (e *emitter) dateParse(c *call) string {
	const slow = "make_timestamp(trino_date_parse($1, $2))"
	if f, ok := e.stringOf(c.args[1]); ok {
		if shape := map[string]string{"%Y-%m-%d": "[0-9]{4}-[0-9]{2}-[0-9]{2}", "%Y-%m-%d %H:%i:%s": "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"}[f]; shape != "" {
			return e.expand("CASE WHEN regexp_full_match($1, '"+shape+"') THEN coalesce(TRY_CAST($1 AS TIMESTAMP), "+slow+") WHEN $1 IS NOT NULL THEN "+slow+" END", e.argList(c)...)
		}
	}
	return e.expand(slow, e.argList(c)...)
}
