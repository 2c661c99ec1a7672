package dialect

import (
	"strconv"

	"lethe/lib/trinosql"
)

// store writes a query's rows as a table's file holds them.
func (e *emitter) store(sql string, q *trinosql.Query) string {
	fields := e.a.QueryFields(q)
	r := "q"
	items := make([]string, len(fields))
	for i, f := range fields {
		name := f.Name
		if i < len(e.a.Output) {
			name = e.a.Output[i].Name
		}
		items[i] = e.toStorage(q.Pos(), r+"."+column(i), f.Type) + " AS " + ident(name)
	}
	return "SELECT " + list(items) + " FROM (" + sql + ") AS " + r + "(" + columns(len(fields)) + ")"
}

// toStorage is the inverse of fromStorage.
func (e *emitter) toStorage(p trinosql.Pos, x string, t *trinosql.Type) string {
	switch t.Kind {
	case trinosql.KindUnknown, trinosql.KindTimeZone, trinosql.KindIntervalDay, trinosql.KindIntervalYear, trinosql.KindIPAddress:
		e.unsupported(p, "a column of type %s cannot be stored", t)
	case trinosql.KindTime, trinosql.KindTimestamp:
		if t.Precision > 6 {
			e.unsupported(p, "a column of type %s cannot be stored", t)
		}
	case trinosql.KindTimestampZone:
		return "timezone('UTC', " + e.dotted(x, "u") + ")" // files know instants only
	case trinosql.KindArray:
		if stores(t) {
			v := e.fresh(x)
			return "list_transform(" + x + ", lambda " + v + ": " + e.toStorage(p, v, t.Elem()) + ")"
		}
		e.toStorage(p, x, t.Elem()) // may refuse
	case trinosql.KindMap:
		if stores(t) {
			v := e.fresh(x)
			return "map_from_entries(list_transform(map_entries(" + x + "), lambda " + v + ": struct_pack(k := " +
				e.toStorage(p, v+".key", t.Key()) + ", v := " + e.toStorage(p, v+".value", t.Elem()) + ")))"
		}
		e.toStorage(p, x, t.Key())
		e.toStorage(p, x, t.Elem())
	case trinosql.KindRow:
		return e.bind(func(v []string) string {
			parts := make([]string, len(t.Elems))
			for i, el := range t.Elems {
				name := t.FieldName(i)
				if name == "" {
					name = "field" + strconv.Itoa(i)
				}
				parts[i] = ident(name) + " := " + e.toStorage(p, part(v[0], i), el)
			}
			return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(" + list(parts) + ") END"
		}, x)
	}
	return x
}

// stores reports whether values of t change on their way to a file.
func stores(t *trinosql.Type) bool {
	switch t.Kind {
	case trinosql.KindRow, trinosql.KindTimestampZone:
		return true
	}
	for _, el := range t.Elems {
		if stores(el) {
			return true
		}
	}
	return false
}
