package dialect

import (
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

// spelling is how a field is written.
type spelling struct {
	sql string
	// stored is true for a base table's column that still has its storage form.
	stored bool
}

// spell writes a reference to a field.
func (e *emitter) spell(f *trinosql.Field) string {
	s, ok := e.spelled(f)
	if !ok {
		panic("dialect: no relation provides the column " + f.Name)
	}
	if s.stored {
		return e.fromStorage(s.sql, f.Type)
	}
	return s.sql
}

func (e *emitter) spelled(f *trinosql.Field) (spelling, bool) {
	for ; f != nil; f = f.Origin {
		if s, ok := e.fields[f]; ok {
			return s, true
		}
	}
	return spelling{}, false
}

// place spells the visible fields of a relation as the columns of r.
func (e *emitter) place(r string, fields []*trinosql.Field) {
	for i, f := range visible(fields) {
		e.fields[f] = spelling{sql: r + "." + column(i)}
	}
}

// rel writes a relation of FROM and spells its fields.
func (e *emitter) rel(r trinosql.Relation) string {
	switch r := r.(type) {
	case *trinosql.Table:
		return e.tableRef(r)
	case *trinosql.Aliased:
		s := e.rel(r.R)
		e.inherit(e.a.Fields(r), e.a.Fields(r.R))
		return s
	case *trinosql.SubqueryRel:
		name := e.relation()
		s, guards := e.derived(r.Q, nil, name)
		if guards {
			e.scope = append(e.scope, name)
		}
		e.place(name, e.a.Fields(r))
		if r.Lateral {
			s = "LATERAL " + s
		}
		return s
	case *trinosql.Unnest:
		return e.unnestOver("", nil, len(e.scope), r, false)
	case *trinosql.Sample:
		return e.sample(r)
	case *trinosql.Join:
		return e.join(r)
	case *trinosql.TableFunc:
		e.unsupported(r.Pos(), "table function %s is not supported", r.Name[len(r.Name)-1].Text)
	case *trinosql.MatchRecognize:
		e.unsupported(r.Pos(), "MATCH_RECOGNIZE is not supported")
	case *trinosql.JSONTable:
		e.unsupported(r.Pos(), "JSON_TABLE is not supported")
	}
	e.unsupported(r.Pos(), "this relation is not supported")
	return ""
}

// inherit spells the fields of a relation that renames another.
func (e *emitter) inherit(fields, below []*trinosql.Field) {
	v := visible(below)
	for i, f := range visible(fields) {
		if _, ok := e.spelled(f); !ok && i < len(v) {
			if s, ok := e.spelled(v[i]); ok {
				e.fields[f] = s
			}
		}
	}
}

func (e *emitter) tableRef(t *trinosql.Table) string {
	ref := e.a.Table(t)
	name := e.relation()
	fields := e.a.Fields(t)
	switch ref.Kind {
	case trinosql.CommonTable:
		e.place(name, fields)
		if e.guards[ref.CTE] {
			e.scope = append(e.scope, name)
		}
		return e.ctes[ref.CTE] + " AS " + name
	case trinosql.ViewTable:
		if ref.Schema.Rules != nil {
			e.place(name, fields)
			return e.barrier(ref.View, fields) + " AS " + name
		}
		have := e.a.QueryFields(ref.View)
		want := make([]*trinosql.Type, len(have))
		for i, f := range visible(fields) {
			if i < len(want) {
				want[i] = f.Type
			}
		}
		// A view's text knows nothing of the common tables around it.
		s, guards := e.derived(ref.View, differs(have, want), name)
		if guards {
			e.scope = append(e.scope, name)
		}
		e.place(name, fields)
		return s
	}
	i, ok := e.uses[ref.Use]
	if !ok {
		e.unsupported(t.Pos(), "this reference to a table is not supported")
	}
	s, err := e.table(i, ref.Use)
	if err != nil {
		panic(stop{err})
	}
	for _, f := range fields {
		col := ref.Use.Schema.Columns[f.Column]
		e.fields[f] = spelling{sql: name + "." + ident(col.Name), stored: converts(f.Type)}
	}
	return s + " AS " + name
}

// barrier writes the query that stands for a table with rules as a table to be
// made before the statement runs, and returns the table's name. Inside the
// statement DuckDB would be free to evaluate an expression of the user's before
// the filter of the rules, and its failure would tell of a row that is not seen;
// a relation that is there already it cannot look behind. Columns that nothing
// reads are left empty.
func (e *emitter) barrier(q *trinosql.Query, fields []*trinosql.Field) string {
	open, try, scope, keys, ask := e.open, e.try, e.scope, e.keys, e.ask
	e.open, e.try, e.scope, e.keys, e.ask = 0, 0, nil, nil, nil
	have := e.a.QueryFields(q)
	want, items := make([]*trinosql.Type, len(fields)), make([]string, len(fields))
	for i, f := range fields {
		want[i] = f.Type
		if items[i] = column(i); !f.Read() {
			items[i] = "NULL AS " + column(i)
		}
	}
	sql := e.queryAs(q, differs(have, want))
	e.open, e.try, e.scope, e.keys, e.ask = open, try, scope, keys, ask
	t := Made{Name: "made" + strconv.Itoa(len(e.made)), SQL: "SELECT " + list(items) + " FROM (" + sql + ") AS s(" + columns(len(fields)) + ")"}
	e.made = append(e.made, t)
	return t.Name
}

func (e *emitter) sample(s *trinosql.Sample) string {
	switch in := s.R.(type) {
	case *trinosql.Join, *trinosql.Unnest:
		e.unsupported(in.Pos(), "TABLESAMPLE of this relation is not supported")
	}
	out := e.rel(s.R) + " TABLESAMPLE " + map[bool]string{true: "SYSTEM", false: "BERNOULLI"}[s.Kind == "SYSTEM"] +
		" (" + e.percentage(s.Pct) + " PERCENT)"
	e.inherit(e.a.Fields(s), e.a.Fields(s.R))
	return out
}

// percentage writes a sample's size, which DuckDB wants as a plain number.
func (e *emitter) percentage(x trinosql.Expr) string {
	if p, ok := x.(*trinosql.Param); ok {
		x = e.a.Param(p)
	}
	l, ok := x.(*trinosql.Literal)
	if !ok {
		e.unsupported(x.Pos(), "a sample percentage that is not a number literal is not supported")
	}
	v, err := strconv.ParseFloat(l.Val, 64)
	if err != nil || v < 0 || v > 100 {
		e.invalid(x.Pos(), "Sample percentage must be between 0 and 100")
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func (e *emitter) join(j *trinosql.Join) string {
	if u := unnestOf(j.R); u != nil && (j.Kind == "CROSS" || j.Kind == "LEFT" || j.Kind == "INNER") && len(e.a.Merged(j)) == 0 && isTrue(j.On) {
		scope := len(e.scope)
		s := e.unnestOver(e.rel(j.L), e.leaves(j.L), scope, u, j.Kind == "LEFT")
		e.rename(j.R)
		return s
	}
	l, r := e.rel(j.L), e.rel(j.R)
	if _, ok := j.R.(*trinosql.Join); ok {
		r = "(" + r + ")"
	}
	merged := e.a.Merged(j)
	kind := j.Kind
	on := ""
	switch {
	case len(merged) > 0:
		for i, m := range merged {
			if i > 0 {
				on += " AND "
			}
			on += e.compare(j.Pos(), "=",
				e.cast(j.Pos(), e.spell(m.Left), m.Left.Type, m.Type, false),
				e.cast(j.Pos(), e.spell(m.Right), m.Right.Type, m.Type, false), m.Type)
		}
	case j.On != nil:
		on = strings.Join(e.conditions(j.On), " AND ")
	case j.Natural && kind == "INNER":
		kind = "CROSS"
	case j.Natural:
		on = "true"
	}
	fields := e.a.Fields(j)
	for _, f := range fields {
		if f.Merged == nil {
			continue
		}
		lf, rf := f.Merged[0], f.Merged[1]
		ls, rs := e.cast(j.Pos(), e.spell(lf), lf.Type, f.Type, false), e.cast(j.Pos(), e.spell(rf), rf.Type, f.Type, false)
		switch kind {
		case "INNER", "LEFT":
			e.fields[f] = spelling{sql: ls}
		case "RIGHT":
			e.fields[f] = spelling{sql: rs}
		default:
			e.fields[f] = spelling{sql: "coalesce(" + ls + ", " + rs + ")"}
		}
	}
	s := l + " " + kind + " JOIN " + r
	if on != "" {
		s += " ON " + on
	}
	return s
}

// part takes field i of a row.
func part(x string, i int) string {
	if simple(x) && !constant(x) {
		return x + "." + field(i)
	}
	return "struct_extract(" + x + ", '" + field(i) + "')"
}
