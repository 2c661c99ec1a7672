package dialect

import (
	"strings"

	"lethe/lib/trinosql"
)

// unnestOf returns the UNNEST that a relation is, perhaps under another name.
func unnestOf(r trinosql.Relation) *trinosql.Unnest {
	switch r := r.(type) {
	case *trinosql.Unnest:
		return r
	case *trinosql.Aliased:
		return unnestOf(r.R)
	}
	return nil
}

func isTrue(x trinosql.Expr) bool {
	if x == nil {
		return true
	}
	l, ok := x.(*trinosql.Literal)
	return ok && l.Kind == trinosql.BooleanLiteral && strings.EqualFold(l.Val, "true")
}

// rename spells the fields of an aliased relation that has been written.
func (e *emitter) rename(r trinosql.Relation) {
	if a, ok := r.(*trinosql.Aliased); ok {
		e.rename(a.R)
		e.inherit(e.a.Fields(a), e.a.Fields(a.R))
	}
}

// leaves returns all fields that have a spelling within a relation and can be
// referred to from outside of it.
func (e *emitter) leaves(r trinosql.Relation) []*trinosql.Field {
	out := e.a.Fields(r)
	switch r := r.(type) {
	case *trinosql.Join:
		out = append(append(append([]*trinosql.Field(nil), e.leaves(r.L)...), e.leaves(r.R)...), out...)
	case *trinosql.Aliased:
		out = append(append([]*trinosql.Field(nil), e.leaves(r.R)...), out...)
	}
	return out
}

// unnestOver writes UNNEST joined to the relation left, whose fields are given: a
// query that selects them beside unnest(...). A lateral join would say the same,
// but DuckDB runs it fifty times slower unless its arguments are plain columns,
// and in another order. With outer, rows whose lists are all empty stay. The left
// side's relations with a column g are those of e.scope from scope on.
//
// DuckDB sets the lists side by side and fills the shorter with nulls, as Trino.
func (e *emitter) unnestOver(left string, leftFields []*trinosql.Field, scope int, u *trinosql.Unnest, outer bool) string {
	fields := visible(e.a.Fields(u))
	var lists, lengths []string
	for _, arg := range u.Args {
		x, t := e.x(arg), e.a.UsedType(arg)
		switch {
		case t.Kind == trinosql.KindMap:
			x = "map_entries(" + x + ")"
		case t.Kind == trinosql.KindArray && t.Elem().Kind == trinosql.KindUnknown:
			x = "CAST(" + x + " AS INTEGER[])"
		case t.Kind != trinosql.KindArray:
			e.unsupported(arg.Pos(), "UNNEST of %s is not supported", t)
		}
		lists = append(lists, x)
		lengths = append(lengths, "coalesce(len("+x+"), 0)")
	}
	// Lists that are written more than once are computed first, beside the left side.
	if outer || u.Ordinality {
		left, leftFields, lists, lengths = e.precompute(left, leftFields, scope, lists, lengths)
	}
	n := lengths[0]
	if len(lengths) > 1 {
		n = "greatest(" + list(lengths) + ")"
	}
	if u.Ordinality {
		lists = append(lists, "range(1, "+n+" + 1)")
	}

	name := e.relation()
	items, respell := e.carry(name, leftFields)
	next := 0
	take := func(sql string) {
		if next < len(fields) {
			respell[fields[next]] = spelling{sql: sql}
		}
		next++
	}
	for i, x := range lists {
		col := name + "." + column(len(items))
		if outer {
			x = "CASE WHEN " + n + " = 0 THEN [NULL] ELSE " + x + " END"
		}
		items = append(items, "unnest("+x+") AS "+column(len(items)))
		if i == len(u.Args) {
			take(col)
			continue
		}
		switch t := e.a.UsedType(u.Args[i]); {
		case t.Kind == trinosql.KindMap:
			take(col + ".key")
			take(col + ".value")
		case t.Elem().Kind == trinosql.KindRow:
			for j := range t.Elem().Elems {
				take(part(col, j))
			}
		default:
			take(col)
		}
	}
	for f, s := range respell {
		e.fields[f] = s
	}
	items = e.carryGuards(items, name, scope)
	if left == "" {
		return "LATERAL (SELECT " + list(items) + ") AS " + name
	}
	return "(SELECT " + list(items) + " FROM " + left + ") AS " + name
}

// carry selects the columns of fields, each once, for a query called name, and
// spells the fields as that query's columns.
func (e *emitter) carry(name string, fields []*trinosql.Field) (items []string, respell map[*trinosql.Field]spelling) {
	at := map[string]string{}
	respell = map[*trinosql.Field]spelling{}
	for _, f := range fields {
		s, ok := e.fields[f]
		if !ok || f.Table != nil && f.Column < len(f.Table.Used) && !f.Table.Used[f.Column] {
			continue
		}
		if at[s.sql] == "" {
			col := column(len(items))
			items = append(items, s.sql+" AS "+col)
			at[s.sql] = name + "." + col
		}
		respell[f] = spelling{sql: at[s.sql], stored: s.stored}
	}
	return items, respell
}

// carryGuards makes the columns g of the relations from scope on one of the query
// called name.
func (e *emitter) carryGuards(items []string, name string, scope int) []string {
	if scope >= len(e.scope) {
		return items
	}
	g := make([]string, 0, len(e.scope)-scope)
	for _, r := range e.scope[scope:] {
		g = append(g, r+".g")
	}
	e.scope = append(e.scope[:scope:scope], name)
	return append(items, strings.Join(g, " AND ")+" AS g")
}

// precompute moves lists that are no plain columns into a query over left.
func (e *emitter) precompute(left string, fields []*trinosql.Field, scope int, lists, lengths []string) (string, []*trinosql.Field, []string, []string) {
	plain := true
	for _, x := range lists {
		plain = plain && simple(x)
	}
	if plain {
		return left, fields, lists, lengths
	}
	name := e.relation()
	items, respell := e.carry(name, fields)
	out := make([]string, len(lists))
	lens := make([]string, len(lists))
	for i, x := range lists {
		col := column(len(items))
		items = append(items, x+" AS "+col)
		out[i] = name + "." + col
		lens[i] = "coalesce(len(" + out[i] + "), 0)"
	}
	for f, s := range respell {
		e.fields[f] = s
	}
	items = e.carryGuards(items, name, scope)
	if left == "" {
		return "LATERAL (SELECT " + list(items) + ") AS " + name, fields, out, lens
	}
	return "(SELECT " + list(items) + " FROM " + left + ") AS " + name, fields, out, lens
}
