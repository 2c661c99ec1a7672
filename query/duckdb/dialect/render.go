package dialect

import (
	"strconv"

	"lethe/lib/trinosql"
)

// render writes a query whose columns are those of sql as Athena's text.
func (e *emitter) render(sql string, fields []*trinosql.Field) string {
	plain := true
	r := "q"
	items := make([]string, len(fields))
	for i, f := range fields {
		x := r + "." + column(i)
		items[i] = e.shown(x, f.Type)
		plain = plain && items[i] == x
		items[i] += " AS " + column(i)
	}
	if plain {
		return sql
	}
	return "SELECT " + list(items) + " FROM (" + sql + ") AS " + r + "(" + columns(len(fields)) + ")"
}

// shown writes a column as Athena shows it. Values that DuckDB prints alike stay
// as they are: its CSV writer turns them into text anyway.
func (e *emitter) shown(x string, t *trinosql.Type) string {
	switch t.Kind {
	case trinosql.KindBoolean, trinosql.KindTinyint, trinosql.KindSmallint, trinosql.KindInteger, trinosql.KindBigint,
		trinosql.KindVarchar, trinosql.KindUUID, trinosql.KindJSON, trinosql.KindUnknown:
		return x
	case trinosql.KindDecimal:
		if t.Precision > t.Scale {
			return x
		}
	}
	return e.display(x, t)
}

// display writes a value as text, for the insides of arrays, maps and rows too.
func (e *emitter) display(x string, t *trinosql.Type) string {
	p := trinosql.Pos{}
	switch t.Kind {
	case trinosql.KindVarchar, trinosql.KindJSON:
		return x
	case trinosql.KindChar:
		return e.orderKey(x, t)
	case trinosql.KindUnknown:
		return "CAST(" + x + " AS VARCHAR)"
	case trinosql.KindReal:
		return e.expand("CASE WHEN abs($1) >= 0.001 AND abs($1) < 1e7 OR $1 = 0 THEN CAST($1 AS VARCHAR) ELSE trino_java_real($1) END", x)
	case trinosql.KindDouble:
		return e.expand("CASE WHEN abs($1) >= 0.001 AND abs($1) < 1e7 OR $1 = 0 THEN CAST($1 AS VARCHAR) ELSE trino_java_double($1) END", x)
	case trinosql.KindVarbinary:
		return "trino_binary_text(" + x + ")"
	case trinosql.KindArray:
		v := e.fresh(x)
		return e.expand("CASE WHEN $1 IS NOT NULL THEN '[' || coalesce(array_to_string($1, ', '), '') || ']' END",
			"list_transform("+x+", lambda "+v+": coalesce("+e.display(v, t.Elem())+", 'null'))")
	case trinosql.KindMap:
		v := e.fresh(x)
		return e.expand("CASE WHEN $1 IS NOT NULL THEN '{' || coalesce(array_to_string($1, ', '), '') || '}' END",
			"list_transform(map_entries("+x+"), lambda "+v+": "+e.display(v+".key", t.Key())+" || '=' || coalesce("+e.display(v+".value", t.Elem())+", 'null'))")
	case trinosql.KindRow:
		return e.bind(func(v []string) string {
			s := "CASE WHEN " + v[0] + " IS NOT NULL THEN '{'"
			for i, el := range t.Elems {
				name := t.FieldName(i)
				if name == "" {
					name = "field" + strconv.Itoa(i)
				}
				sep := ""
				if i > 0 {
					sep = ", "
				}
				s += " || " + text(sep+name+"=") + " || coalesce(" + e.display(part(v[0], i), el) + ", 'null')"
			}
			return s + " || '}' END"
		}, x)
	}
	return e.toText(p, x, t, trinosql.Varchar)
}
