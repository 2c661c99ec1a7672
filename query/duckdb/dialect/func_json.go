package dialect

import (
	"strconv"

	"lethe/lib/trinosql"
)

func init() {
	templates(map[string]string{
		"json_parse":        "trino_json_parse($1)",
		"json_format":       "$1",
		"json_array_length": "trino_json_array_length($1)",
		"json_array_get":    "trino_json_array_get($1, $2)",
		"is_json_scalar":    "trino_is_json_scalar($1)",
	})
	path := func(f string) func(*emitter, *call) string {
		return func(e *emitter, c *call) string {
			if p, ok := e.stringOf(c.args[1]); ok {
				if _, ok := parseJSONPath(p); !ok {
					e.invalid(c.args[1].Pos(), "Invalid JSON path: '%s'", p)
				}
			}
			return f + "(" + list(e.argList(c)) + ")"
		}
	}
	writers(map[string]func(*emitter, *call) string{
		"json_extract": path("trino_json_extract"), "json_extract_scalar": path("trino_json_extract_scalar"), "json_size": path("trino_json_size"),
		"json_array_contains": func(e *emitter, c *call) string {
			t := e.argType(c, 1)
			kind := "text"
			v := e.arg(c, 1)
			switch {
			case t.Kind == trinosql.KindBoolean:
				kind = "boolean"
			case t.IsInteger():
				kind = "bigint"
			case isFloat(t):
				kind = "double"
			}
			if kind != "text" {
				v = "CAST(" + v + " AS VARCHAR)"
			}
			return "trino_json_array_contains(" + e.arg(c, 0) + ", " + v + ", '" + kind + "')"
		},
	})
}

// toJSON writes the cast of a value to JSON text.
func (e *emitter) toJSON(p trinosql.Pos, x string, t *trinosql.Type) string {
	switch t.Kind {
	case trinosql.KindBoolean, trinosql.KindTinyint, trinosql.KindSmallint, trinosql.KindInteger, trinosql.KindBigint:
		return "CAST(" + x + " AS VARCHAR)"
	case trinosql.KindDecimal:
		return e.decimalText(x, t)
	case trinosql.KindDouble:
		return "trino_json_double(" + x + ")"
	case trinosql.KindReal:
		return "trino_json_real(" + x + ")"
	case trinosql.KindVarchar:
		return "trino_json_string(" + x + ")"
	case trinosql.KindChar:
		return "trino_json_string(" + e.orderKey(x, t) + ")"
	case trinosql.KindDate, trinosql.KindTimestamp:
		return "trino_json_string(" + e.timeText(p, x, t) + ")"
	case trinosql.KindArray:
		v := e.fresh(x)
		if t.Elem().Kind == trinosql.KindUnknown {
			return e.expand("CASE WHEN $1 IS NOT NULL THEN '[' || coalesce(array_to_string(list_transform($1, lambda %x: 'null'), ','), '') || ']' END", x)
		}
		return e.expand("CASE WHEN $1 IS NOT NULL THEN '[' || coalesce(array_to_string($1, ','), '') || ']' END",
			"list_transform("+x+", lambda "+v+": coalesce("+e.toJSON(p, v, t.Elem())+", 'null'))")
	case trinosql.KindRow:
		return e.bind(func(v []string) string {
			s := "CASE WHEN " + v[0] + " IS NOT NULL THEN '{'"
			for i, el := range t.Elems {
				sep := ","
				if i == 0 {
					sep = ""
				}
				s += " || " + text(sep+jsonString(t.FieldName(i))+":") + " || coalesce(" + e.toJSON(p, part(v[0], i), el) + ", 'null')"
			}
			return s + " || '}' END"
		}, x)
	case trinosql.KindMap:
		switch t.Key().Kind {
		case trinosql.KindVarchar, trinosql.KindBoolean, trinosql.KindTinyint, trinosql.KindSmallint, trinosql.KindInteger, trinosql.KindBigint,
			trinosql.KindDouble, trinosql.KindReal, trinosql.KindDecimal:
		case trinosql.KindUnknown:
			return e.expand("CASE WHEN $1 IS NOT NULL THEN '{}' END", x)
		default:
			e.unsupported(p, "a cast from %s to json is not supported", t)
		}
		v := e.fresh(x)
		key := e.cast(p, v+".key", t.Key(), trinosql.Varchar, false)
		switch t.Key().Kind {
		case trinosql.KindDouble:
			key = "trino_java_double(" + v + ".key)"
		case trinosql.KindReal:
			key = "trino_java_real(" + v + ".key)"
		}
		key = "trino_json_string(" + key + ")"
		return e.expand("CASE WHEN $1 IS NOT NULL THEN '{' || coalesce(array_to_string(list_sort($1), ','), '') || '}' END",
			"list_transform(map_entries("+x+"), lambda "+v+": "+key+" || ':' || coalesce("+e.toJSON(p, v+".value", t.Elem())+", 'null'))")
	case trinosql.KindJSON:
		return x
	case trinosql.KindUnknown:
		return "CAST(NULL AS VARCHAR)"
	}
	e.unsupported(p, "a cast from %s to json is not supported", t)
	return ""
}

// fromJSON writes the cast of JSON text to a type.
func (e *emitter) fromJSON(p trinosql.Pos, x string, t *trinosql.Type) string {
	typ := e.typ(p, t)
	switch t.Kind {
	case trinosql.KindBoolean:
		return "trino_json_boolean(" + x + ")"
	case trinosql.KindTinyint, trinosql.KindSmallint, trinosql.KindInteger, trinosql.KindBigint:
		return "CAST(trino_json_bigint(" + x + ", '" + t.String() + "') AS " + typ + ")"
	case trinosql.KindReal, trinosql.KindDouble:
		return "CAST(trino_json_to_double(" + x + ", '" + t.String() + "') AS " + typ + ")"
	case trinosql.KindDecimal:
		return "CAST(trino_json_to_decimal(" + x + ", " + strconv.Itoa(t.Precision) + ", " + strconv.Itoa(t.Scale) + ") AS " + typ + ")"
	case trinosql.KindVarchar:
		return e.toText(p, x, trinosql.JSON, t)
	case trinosql.KindDate, trinosql.KindTimestamp:
		return e.textTime(p, "trino_json_varchar("+x+")", t)
	case trinosql.KindJSON:
		return x
	case trinosql.KindArray:
		list := "trino_json_elements(" + x + ", " + text(t.String()) + ")"
		if t.Elem().Kind == trinosql.KindJSON {
			return list
		}
		return "list_transform(" + list + ", lambda v1: " + e.fromJSON(p, "trino_json_null(v1)", t.Elem()) + ")"
	case trinosql.KindMap:
		switch t.Key().Kind {
		case trinosql.KindVarchar, trinosql.KindBoolean, trinosql.KindTinyint, trinosql.KindSmallint, trinosql.KindInteger, trinosql.KindBigint,
			trinosql.KindDouble, trinosql.KindReal, trinosql.KindDecimal:
		default:
			e.unsupported(p, "a cast from json to %s is not supported", t)
		}
		v := e.fresh(x)
		value := "trino_json_null(" + v + ".v)"
		if t.Elem().Kind == trinosql.KindJSON {
			value = v + ".v"
		}
		return "map_from_entries(list_transform(trino_json_entries(" + x + ", " + text(t.String()) + "), lambda " + v + ": struct_pack(k := " +
			e.cast(p, v+".k", trinosql.Varchar, t.Key(), false) + ", v := " + e.fromJSON(p, value, t.Elem()) + ")))"
	case trinosql.KindRow:
		names := ""
		for i := range t.Elems {
			if i > 0 {
				names += "\n"
			}
			names += t.FieldName(i)
		}
		return e.bind(func(v []string) string {
			fields := make([]string, len(t.Elems))
			for i, el := range t.Elems {
				value := v[0] + "[" + strconv.Itoa(i+1) + "]"
				if el.Kind != trinosql.KindJSON {
					value = "trino_json_null(" + value + ")"
				}
				fields[i] = field(i) + " := " + e.fromJSON(p, value, el)
			}
			return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(" + list(fields) + ") END"
		}, "trino_json_fields("+x+", "+text(names)+", "+text(t.String())+")")
	}
	e.unsupported(p, "a cast from json to %s is not supported", t)
	return ""
}
