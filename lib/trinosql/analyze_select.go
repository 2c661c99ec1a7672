package trinosql

import (
	"slices"
	"strings"
)

// selectBody analyzes a SELECT. q is the query it is the whole body of, whose
// ORDER BY can then use the columns of FROM and aggregates, or nil.
func (z *analyzer) selectBody(s *Select, outer *scope, q *Query) []*Field {
	info := &SelectInfo{}
	z.a.selects[s] = info
	src := &scope{parent: outer, from: len(s.From) > 0}
	src.fields = z.fromClause(s, outer)
	info.Input = src.fields
	z.condition(s.Where, "WHERE clause", src)
	z.conjuncts(s.Where, nil)
	defer func(w map[string]*Window) { z.windows = w }(z.windows)
	z.namedWindows(s, src)
	z.selectItems(s, info, src)
	z.groupBy(s, info, src)
	if s.Having != nil {
		z.having(s.Having, src)
	}
	var order []Expr
	if q != nil {
		sc := &scope{parent: src, fields: info.Fields, output: true}
		z.sortKeys(q, info.Fields, sc)
		for _, k := range z.a.sorts[q] {
			if k.X != nil {
				order = append(order, k.X)
			}
		}
	}
	z.checkAggregation(s, info, src, order)
	if len(info.Windows) > 0 || len(info.Sets) > 1 {
		setOpaque(info.Fields)
	}
	if s.Distinct {
		z.distinct(s, info, q)
	}
	return info.Fields
}

// having analyzes HAVING, in which aggregates are allowed and windows are not.
func (z *analyzer) having(x Expr, src *scope) {
	t := z.expr(x, src)
	Walk(x, func(x Expr) bool {
		if c, ok := x.(*Call); ok && c.Over != nil {
			z.fail(x.Pos(), NestedWindow, "HAVING clause cannot contain window functions or row pattern measures")
		}
		return true
	})
	switch t.Kind {
	case KindBoolean:
	case KindUnknown:
		z.a.coercions[x] = Boolean
	default:
		z.fail(x.Pos(), TypeMismatch, "HAVING clause must evaluate to a boolean: actual type %s", t)
	}
}

// selectItems analyzes the select list.
func (z *analyzer) selectItems(s *Select, info *SelectInfo, src *scope) {
	add := func(f *Field, rowField int) {
		info.Fields = append(info.Fields, f)
		info.RowField = append(info.RowField, rowField)
		z.limitColumns(s, len(info.Fields))
	}
	for i := range s.Items {
		it := &s.Items[i]
		if it.Star {
			z.star(s, it, src, add)
			continue
		}
		t := z.expr(it.X, src)
		f := Field{Type: t, Expr: it.X, Name: impliedName(it.X)}
		if it.Alias != nil {
			f.Name = it.Alias.Text
		}
		if r := z.a.refs[it.X]; r != nil && r.Field != nil && r.Depth == 0 {
			f.Origin = r.Field
		}
		add(z.field(s, f), -1)
	}
}

// impliedName is the name a select item has without an alias: that of the
// column or row field it is, or "".
func impliedName(x Expr) string {
	last := ""
	for {
		switch y := x.(type) {
		case *ColumnRef:
			if last == "" {
				last = y.Name.Text
			}
			return last
		case *Deref:
			if last == "" {
				last = y.Field.Text
			}
			x = y.Base
		default:
			return ""
		}
	}
}

// dottedName returns the parts of a.b.c, or nil when x is not just names, or of
// more than the four that a column's full name has.
func dottedName(x Expr) []string {
	var reversed [4]string
	for n := 0; n < len(reversed); n++ {
		switch y := x.(type) {
		case *ColumnRef:
			reversed[n] = y.Name.Text
			name := reversed[:n+1]
			slices.Reverse(name)
			return name
		case *Deref:
			reversed[n] = y.Field.Text
			x = y.Base
		default:
			return nil
		}
	}
	return nil
}

// star expands * and x.*.
func (z *analyzer) star(s *Select, it *SelectItem, src *scope, add func(*Field, int)) {
	var found []*Field
	if it.X == nil {
		if !src.from {
			z.fail(it.Pos, ColumnNotFound, "SELECT * not allowed in queries without FROM clause")
		}
		found = src.fields
	} else {
		var ok bool
		if found, ok = z.relationStar(it, src); !ok {
			z.rowStar(s, it, src, add)
			return
		}
	}
	n := 0
	for _, f := range found {
		if f.Hidden {
			continue
		}
		out := Field{Name: f.Name, Type: f.Type, Origin: f}
		if it.Cols != nil {
			if n < len(it.Cols) {
				out.Name = it.Cols[n].Text
			}
		}
		n++
		markUsed(f)
		add(z.field(s, out), -1)
	}
	if it.Cols != nil && n != len(it.Cols) {
		z.fail(it.Cols[0].Pos, MismatchedColumnAliases, "Column alias list has %d entries but relation has %d columns", len(it.Cols), n)
	}
	if n == 0 {
		z.fail(it.Pos, ColumnNotFound, "SELECT * not allowed from relation that has no columns")
	}
}

// relationStar finds the columns of the relation that x of x.* names. It
// reports false when x is no relation and so must be a row.
func (z *analyzer) relationStar(it *SelectItem, src *scope) ([]*Field, bool) {
	name := dottedName(it.X)
	if name == nil {
		return nil, false
	}
	for sc := src; sc != nil; sc = sc.parent {
		var found []*Field
		for _, f := range sc.fields {
			if f.hasQualifier(name) {
				found = append(found, f)
			}
		}
		if found != nil {
			return found, true
		}
		if len(sc.lookup(name)) > 0 || sc.holdsPrefix(name) {
			return nil, false
		}
	}
	z.fail(it.Pos, TableNotFound, "Unable to resolve reference %s", strings.Join(name, "."))
	return nil, false
}

// rowStar expands x.* for an x of row type.
func (z *analyzer) rowStar(s *Select, it *SelectItem, src *scope, add func(*Field, int)) {
	t := z.expr(it.X, src)
	if t.Kind != KindRow {
		z.fail(it.X.Pos(), TypeMismatch, "expected expression of type Row")
	}
	if it.Cols != nil && len(it.Cols) != len(t.Elems) {
		z.fail(it.Cols[0].Pos, MismatchedColumnAliases, "Column alias list has %d entries but relation has %d columns", len(it.Cols), len(t.Elems))
	}
	for i, e := range t.Elems {
		name := t.FieldName(i)
		if it.Cols != nil {
			name = it.Cols[i].Text
		}
		add(z.field(s, Field{Name: name, Type: e, Expr: it.X}), i)
	}
}

// distinct checks that SELECT DISTINCT can compare its columns and that ORDER BY
// uses only them.
func (z *analyzer) distinct(s *Select, info *SelectInfo, q *Query) {
	for _, f := range info.Fields {
		if !f.Type.Comparable() {
			z.fail(s.Pos(), TypeMismatch, "DISTINCT can only be applied to comparable types (actual: %s)", f.Type)
		}
	}
	if q == nil {
		return
	}
	keys := z.a.sorts[q]
	for i := range keys {
		if keys[i].X == nil {
			continue
		}
		found := false
		for o, f := range info.Fields {
			if !found && (f.Expr != nil && info.RowField[o] < 0 && z.sameExpr(f.Expr, keys[i].X) || f.Expr == nil && z.isRefTo(keys[i].X, f.Origin)) {
				found = true
				keys[i].Output, keys[i].X = o, nil
			}
		}
		if !found {
			z.fail(s.Pos(), ExpressionNotInDistinct, "For SELECT DISTINCT, ORDER BY expressions must appear in select list")
		}
	}
}

func (z *analyzer) isRefTo(x Expr, f *Field) bool {
	r := z.a.refs[x]
	return r != nil && r.Field != nil && r.Field == f
}
