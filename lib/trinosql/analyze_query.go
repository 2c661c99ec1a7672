package trinosql

import "strings"

// query analyzes a query inside the given scope (nil at the top) and returns
// its output columns.
func (z *analyzer) query(q *Query, outer *scope) []*Field {
	z.enter(q)
	defer z.leave()
	z.canceled(q)
	mark := len(z.outer)
	sc := &scope{parent: outer, query: true, ctes: map[string]*namedQuery{}}
	for _, c := range q.CTEs {
		k := strings.ToLower(c.Name.Text)
		if sc.ctes[k] != nil {
			z.fail(c.Name.Pos, DuplicateNamedQuery, "WITH query name '%s' specified more than once", k)
		}
		sc.ctes[k] = z.namedQuery(c, sc, q.Recursive)
	}
	var fields []*Field
	if s, ok := q.Body.(*Select); ok {
		fields = z.selectBody(s, sc, q)
	} else {
		fields = z.body(q.Body, sc)
		order := &scope{parent: sc, fields: fields, from: true, output: true}
		z.sortKeys(q, fields, order)
		for _, k := range z.a.sorts[q] {
			if k.X != nil {
				z.noAggregates(k.X, "ORDER BY clause")
			}
		}
	}
	if q.WithTies && len(q.OrderBy) == 0 {
		z.fail(q.Limit.Pos(), MissingOrderBy, "FETCH FIRST WITH TIES clause requires ORDER BY")
	}
	if q.Limit != nil || q.Offset != nil {
		setOpaque(fields)
	}
	z.rowCount(q.Offset, "OFFSET")
	z.rowCount(q.Limit, "LIMIT")
	z.a.queries[q] = fields
	z.a.bodies[q.Body] = fields
	z.fromQuery[q] = z.outer[mark:len(z.outer):len(z.outer)]
	return fields
}

func setOpaque(fields []*Field) {
	for _, f := range fields {
		f.opaque = true
	}
}

// rowCount checks the number of LIMIT and OFFSET.
func (z *analyzer) rowCount(x Expr, clause string) {
	if x == nil {
		return
	}
	if p, ok := x.(*Param); ok {
		z.expr(p, &scope{query: true})
		l, ok := z.a.params[p.N-1].(*Literal)
		if !ok || l.Kind != IntegerLiteral {
			z.fail(x.Pos(), InvalidArguments, "Non constant parameter value for %s: %s", clause, FormatExpr(z.a.params[p.N-1]))
		}
		x = l
	} else {
		z.expr(x, &scope{query: true})
	}
	if n, ok := intText(x.(*Literal).Val); !ok || n < 0 {
		z.fail(x.Pos(), NumericValueOutOfRange, "%s row count must be greater or equal to 0 (actual value: %s)", clause, x.(*Literal).Val)
	}
}

// namedQuery analyzes a query of a WITH.
func (z *analyzer) namedQuery(c *CTE, sc *scope, recursive bool) *namedQuery {
	n := &namedQuery{cte: c}
	if union, ok := c.Q.Body.(*SetOp); ok && recursive && union.Op == "UNION" && len(c.Q.CTEs) == 0 {
		if z.recursiveQuery(n, union, sc) {
			return n
		}
	}
	n.fields = z.rename(c.Q, z.query(c.Q, sc), nil, c.Cols, c.Name.Text)
	return n
}

// recursiveQuery analyzes base UNION step, where the step may read the query
// itself. It reports false, and leaves everything to be analyzed again, when
// the step does not.
func (z *analyzer) recursiveQuery(n *namedQuery, union *SetOp, sc *scope) bool {
	c := n.cte
	if !mentions(union.R, c.Name.Text) {
		return false
	}
	inner := &scope{parent: sc, query: true, ctes: map[string]*namedQuery{}}
	base := z.body(union.L, inner)
	if len(c.Cols) == 0 {
		z.fail(c.Name.Pos, ColumnNameNotSpecified, "missing column aliases in recursive WITH query")
	}
	switch {
	case len(c.Q.OrderBy) > 0:
		z.fail(c.Q.OrderBy[0].X.Pos(), NotSupported, "immediate ORDER BY clause in recursive query")
	case c.Q.Offset != nil:
		z.fail(c.Q.Offset.Pos(), NotSupported, "immediate OFFSET clause in recursive query")
	case c.Q.Limit != nil:
		z.fail(c.Q.Limit.Pos(), InvalidLimitClause, "immediate FETCH FIRST / LIMIT clause in recursive query")
	}
	n.fields = z.rename(c.Q, base, nil, c.Cols, c.Name.Text)
	n.recursive = true
	inner.ctes[strings.ToLower(c.Name.Text)] = n
	step := z.body(union.R, inner)
	n.recursive, n.opaque = false, true
	if len(step) != len(base) {
		z.fail(union.R.Pos(), TypeMismatch, "base and step relations of recursion have different number of fields: %d, %d", len(base), len(step))
	}
	for i, f := range step {
		if !CanCoerce(f.Type, base[i].Type) {
			z.fail(union.R.Pos(), TypeMismatch, "recursion step relation output type (%s) is not coercible to recursion base relation output type (%s) at column %d",
				f.Type, base[i].Type, i+1)
		}
	}
	z.a.bodies[union] = base
	z.a.queries[c.Q] = base
	return true
}

// body analyzes what a query selects from.
func (z *analyzer) body(b Body, sc *scope) (fields []*Field) {
	z.enter(b)
	defer z.leave()
	switch b := b.(type) {
	case *Select:
		fields = z.selectBody(b, sc, nil)
	case *SetOp:
		fields = z.setOp(b, sc)
	case *Values:
		fields = z.values(b, sc)
	case *TableBody:
		for _, f := range z.relation(b.Table, sc) {
			if !f.Hidden {
				markUsed(f)
				fields = append(fields, z.field(b, Field{Name: f.Name, Type: f.Type, Origin: f}))
			}
		}
	case *Paren:
		for _, f := range z.query(b.Q, sc) {
			fields = append(fields, z.field(b, Field{Name: f.Name, Type: f.Type, Origin: f}))
		}
	}
	z.a.bodies[b] = fields
	return fields
}

func (z *analyzer) setOp(s *SetOp, sc *scope) []*Field {
	l, r := z.body(s.L, sc), z.body(s.R, sc)
	if s.Corresponding {
		z.fail(s.Pos(), NotSupported, "CORRESPONDING is not supported")
	}
	if len(l) != len(r) {
		z.fail(s.Pos(), TypeMismatch, "%s query has different number of fields: %d, %d", s.Op, len(l), len(r))
	}
	fields := make([]*Field, len(l))
	for i := range l {
		t := CommonSuperType(l[i].Type, r[i].Type)
		if t == nil {
			z.fail(s.Pos(), TypeMismatch, "column %d in %s query has incompatible types: %s, %s", i+1, s.Op, l[i].Type, r[i].Type)
		}
		if !t.Comparable() && !(s.Op == "UNION" && s.All) {
			distinct := ""
			if s.Op == "UNION" {
				distinct = " DISTINCT"
			}
			z.fail(s.Pos(), TypeMismatch, "Type %s is not comparable and therefore cannot be used in %s%s", t, s.Op, distinct)
		}
		fields[i] = z.field(s, Field{Name: l[i].Name, Type: t, setOp: s, sides: [2]*Field{l[i], r[i]}})
	}
	return fields
}

func (z *analyzer) values(v *Values, sc *scope) []*Field {
	in := &scope{parent: sc}
	var types []*Type
	var names []string
	for i, row := range v.Rows {
		t := z.expr(row, in)
		z.noAggregates(row, "VALUES")
		columns := []*Type{t}
		if t.Kind == KindRow {
			columns = t.Elems
		}
		if i == 0 {
			types = append(types, columns...)
			names = append([]string(nil), t.Names...)
			continue
		}
		if len(columns) != len(types) {
			z.fail(v.Pos(), TypeMismatch, "Values rows have mismatched sizes: %d vs %d", len(types), len(columns))
		}
		for c, t := range columns {
			super := CommonSuperType(t, types[c])
			if super == nil {
				z.fail(v.Pos(), TypeMismatch, "Values rows have mismatched types: %s vs %s", z.a.types[v.Rows[0]], z.a.types[row])
			}
			types[c] = super
			if names != nil && (t == nil || z.a.types[row].Kind != KindRow || z.a.types[row].FieldName(c) != names[c]) {
				names[c] = ""
			}
		}
	}
	z.limitColumns(v, len(types))
	for _, row := range v.Rows {
		t := z.a.types[row]
		if r, ok := row.(*Row); ok && t.Kind == KindRow {
			for c, x := range r.Fields {
				z.coerceTo(x, t.Elems[c], types[c])
			}
		} else if t.Kind == KindRow {
			z.coerceTo(row, t, RowOf(types, names))
		} else {
			z.coerceTo(row, t, types[0])
		}
	}
	fields := make([]*Field, len(types))
	for i, t := range types {
		fields[i] = z.field(v, Field{Type: t})
		if names != nil {
			fields[i].Name = names[i]
		}
	}
	return fields
}

// sortKeys resolves the ORDER BY of q over its output columns.
func (z *analyzer) sortKeys(q *Query, fields []*Field, sc *scope) {
	if len(q.OrderBy) == 0 {
		return
	}
	keys := make([]SortKey, len(q.OrderBy))
	for i := range q.OrderBy {
		it := &q.OrderBy[i]
		k := SortKey{Output: -1, Item: it}
		var t *Type
		if l, ok := it.X.(*Literal); ok && l.Kind == IntegerLiteral {
			n, ok := intText(l.Val)
			if !ok || n < 1 || n > int64(len(fields)) {
				z.fail(l.Pos(), InvalidColumnReference, "ORDER BY position %s is not in select list", l.Val)
			}
			k.Output = int(n - 1)
			t = fields[k.Output].Type
		} else {
			t = z.expr(it.X, sc)
			k.X = it.X
			if r := z.a.refs[it.X]; r != nil && r.Output {
				for o, f := range fields {
					if f == r.Field {
						k.Output, k.X = o, nil
					}
				}
			}
		}
		if !t.Orderable() {
			z.fail(it.X.Pos(), TypeMismatch, "Type %s is not orderable, and therefore cannot be used in ORDER BY: %s", t, FormatExpr(it.X))
		}
		keys[i] = k
	}
	z.a.sorts[q] = keys
}
