package dash

import (
	"strings"

	"lethe"
	"lethe/lib/trinosql"
)

// TypeOf returns the type of fields for a type of Athena's, as decimal(10,2): all
// integers are Integer, other numbers Decimal, timestamps of all kinds Time; and what
// has no type of its own here, such as arrays, is Text.
func TypeOf(athena string) Type {
	base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(athena)), "(")
	switch strings.TrimSpace(strings.TrimSuffix(base, "with time zone")) {
	case "boolean":
		return Boolean
	case "tinyint", "smallint", "integer", "int", "bigint":
		return Integer
	case "real", "float", "double", "decimal", "number":
		return Decimal
	case "date":
		return Date
	case "timestamp":
		return Time
	}
	return Text
}

// analyzed are the types of fields' values as the analyzer knows them.
var analyzed = map[Type]*trinosql.Type{
	Text: trinosql.Varchar, Integer: trinosql.Bigint, Decimal: trinosql.Double, Date: trinosql.Date, Time: trinosql.Timestamp, Boolean: trinosql.Boolean,
}

// numeric reports whether values of the type are numbers.
func (t Type) numeric() bool { return t == Integer || t == Decimal }

// dated reports whether values of the type lie in time.
func (t Type) dated() bool { return t == Date || t == Time }

// conversion is how a column becomes a field.
type conversion struct {
	sql string
	typ Type
	// partial says that values may fail to convert: then they are null.
	partial bool
}

// isoDates are formats of dates that a cast reads.
var isoDates = map[string]bool{"": true, "yyyy-MM-dd": true}

// convert returns the expression of a field whose column x is of a type.
func convert(x string, from *trinosql.Type, f Field) (conversion, error) {
	to := f.Type
	if to == "" {
		to = TypeOf(from.String())
	}
	c := conversion{typ: to}
	impossible := func() (conversion, error) {
		return c, lethe.Errorf(lethe.Invalid, "field %q: a column of type %s cannot be converted to %s", f.Name, from, to)
	}
	text, isText := asText(x, from)
	switch to {
	case Text:
		c.sql = text
	case Integer, Decimal:
		sql := map[Type]string{Integer: "bigint", Decimal: "double"}[to]
		switch {
		case to == Integer && from.Kind == trinosql.KindBigint, to == Decimal && from.Kind == trinosql.KindDouble:
			c.sql = x
		case from.IsInteger() || from.Kind == trinosql.KindBoolean || to == Decimal && from.IsNumeric():
			c.sql = "CAST(" + x + " AS " + sql + ")"
		case from.IsNumeric():
			c.sql, c.partial = "TRY_CAST("+x+" AS "+sql+")", true
		case isText:
			c.sql, c.partial = "TRY_CAST(trim("+text+") AS "+sql+")", true
		default:
			return impossible()
		}
	case Boolean:
		switch {
		case from.Kind == trinosql.KindBoolean:
			c.sql = x
		case from.IsNumeric():
			c.sql = "(" + x + " <> 0)"
		case isText:
			c.partial = true
			c.sql = "CASE WHEN lower(trim(" + text + ")) IN ('true', 't', 'yes', 'y', '1') THEN true WHEN lower(trim(" + text + ")) IN ('false', 'f', 'no', 'n', '0') THEN false END"
		default:
			return impossible()
		}
	case Date, Time:
		if !c.instant(x, text, isText, from, f.Format) {
			return impossible()
		}
	default:
		return c, lethe.Errorf(lethe.Invalid, "field %q: there is no type %q", f.Name, to)
	}
	return c, nil
}

// instant converts to a date or a time.
func (c *conversion) instant(x, text string, isText bool, from *trinosql.Type, format string) bool {
	sql := map[Type]string{Date: "date", Time: "timestamp(3)"}[c.typ]
	cast := func(x string) string { return "CAST(" + x + " AS " + sql + ")" }
	if from.IsInteger() && format != "" { // as 20200910
		text, isText = "CAST("+x+" AS varchar)", true
	}
	switch {
	case c.typ == Date && from.Kind == trinosql.KindDate, c.typ == Time && from.Kind == trinosql.KindTimestamp && from.Precision == 3:
		c.sql = x
	case from.Kind == trinosql.KindDate || from.Kind == trinosql.KindTimestamp:
		c.sql = cast(x)
	case from.Kind == trinosql.KindTimestampZone:
		c.sql = cast("at_timezone(" + x + ", 'UTC')")
	case isText && c.typ == Date && isoDates[format]:
		c.sql = "TRY_CAST(trim(" + text + ") AS date)"
	case isText && format == "": // with a space or a T between date and time
		c.sql = "coalesce(TRY_CAST(trim(" + text + ") AS timestamp(3)), " + cast("TRY(from_iso8601_timestamp(trim("+text+")))") + ")"
	case isText:
		parsed := "TRY(parse_datetime(trim(" + text + "), " + trinosql.QuoteString(format) + "))"
		if shape := shapeOf(format); shape != "" {
			parsed = "CASE WHEN regexp_like(trim(" + text + "), " + trinosql.QuoteString(shape) + ") THEN " + parsed + " END"
		}
		c.sql = cast(parsed)
	case from.IsNumeric(): // seconds since 1970
		c.sql = cast("TRY(from_unixtime(" + x + "))")
	default:
		return false
	}
	c.partial = isText || from.IsNumeric()
	return true
}

// asText returns a column's values as text, and whether they are text already.
func asText(x string, from *trinosql.Type) (string, bool) {
	switch from.Kind {
	case trinosql.KindVarchar:
		return x, true
	case trinosql.KindChar:
		return "CAST(" + x + " AS varchar)", true
	case trinosql.KindVarbinary:
		return "to_hex(" + x + ")", false
	case trinosql.KindArray, trinosql.KindMap, trinosql.KindRow:
		return "json_format(CAST(" + x + " AS json))", false
	case trinosql.KindJSON:
		return "json_format(" + x + ")", false
	}
	return "CAST(" + x + " AS varchar)", false
}
