package trinosql

// typeExpr resolves a written type.
func (z *analyzer) typeExpr(te *TypeExpr) *Type {
	t, err := resolveType(te, false)
	if err != nil {
		panic(bailout{err})
	}
	z.a.typeExprs[te] = t
	return t
}

func (z *analyzer) cast(x *Cast, sc *scope) *Type {
	to := z.typeExpr(x.Type)
	from := z.expr(x.X, sc)
	if to.Kind == KindUnknown {
		z.fail(x.Pos(), TypeMismatch, "UNKNOWN is not a valid type")
	}
	if !CanCast(from, to) {
		z.fail(x.Pos(), TypeMismatch, "Cannot cast %s to %s", from, to)
	}
	return to
}

func (z *analyzer) row(x *Row, sc *scope) *Type {
	types, names := make([]*Type, len(x.Fields)), make([]string, len(x.Fields))
	for i, f := range x.Fields {
		types[i] = z.expr(f, sc)
		if x.Names != nil && x.Names[i] != nil {
			names[i] = x.Names[i].Text
		}
	}
	return RowOf(types, names)
}

func (z *analyzer) subscript(x *Subscript, sc *scope) *Type {
	t := z.expr(x.X, sc)
	if t.Kind == KindRow {
		l, ok := x.Index.(*Literal)
		if !ok || l.Kind != IntegerLiteral {
			z.fail(x.Index.Pos(), InvalidFunctionArgument, "Subscript expression on ROW requires a constant index")
		}
		z.expr(l, sc)
		switch n, _ := intText(l.Val); {
		case n < 1:
			z.fail(l.Pos(), InvalidFunctionArgument, "Invalid subscript index: %s. ROW indices start at 1", l.Val)
		case n > int64(len(t.Elems)):
			z.fail(l.Pos(), InvalidFunctionArgument, "Subscript index out of bounds: %s, max value is %d", l.Val, len(t.Elems))
		default:
			return t.Elems[n-1]
		}
	}
	i := z.expr(x.Index, sc)
	switch {
	case t.Kind == KindArray && CanCoerce(i, Bigint):
		z.coerceTo(x.Index, i, Bigint)
		return t.Elem()
	case t.Kind == KindMap && CommonSuperType(i, t.Key()) != nil:
		key := CommonSuperType(i, t.Key())
		if !key.Equal(t.Key()) {
			t = MapOf(key, t.Elem())
			z.a.coercions[x.X] = t
		}
		z.coerceTo(x.Index, i, key)
		return t.Elem()
	case t.Kind == KindUnknown:
		z.a.coercions[x.X] = ArrayOf(Unknown)
		return Unknown
	}
	z.fail(x.Pos(), TypeMismatch, "Cannot use %s for subscript of %s", i, t)
	return nil
}

func (z *analyzer) caseExpr(x *Case, sc *scope) *Type {
	results := make([]Expr, 0, len(x.Whens)+1)
	if x.Operand != nil {
		z.simpleCase(x, sc)
	}
	for _, w := range x.Whens {
		if x.Operand == nil {
			z.must(w.Cond, sc, Boolean, "CASE WHEN clause")
		}
		results = append(results, w.Result)
	}
	if x.Else != nil {
		results = append(results, x.Else)
	}
	return z.single("All CASE results", results, sc)
}

// simpleCase analyzes the operand and what it is compared with: all get one type.
func (z *analyzer) simpleCase(x *Case, sc *scope) {
	operand := z.expr(x.Operand, sc)
	z.given[x.Operand] = true
	defer delete(z.given, x.Operand)
	super := operand
	var values []Expr
	for _, w := range x.Whens {
		z.expr(w.Cond, sc)
		if !w.Predicate {
			values = append(values, w.Cond)
			continue
		}
		switch p := w.Cond.(type) {
		case *Binary:
			values = append(values, p.R)
		case *Between:
			values = append(values, p.Low, p.High)
		case *IsDistinct:
			values = append(values, p.R)
		case *In:
			values = append(values, p.List...)
		}
	}
	for _, v := range values {
		t := CommonSuperType(super, z.a.types[v])
		if t == nil || !t.Comparable() {
			z.fail(v.Pos(), TypeMismatch, "CASE operand type does not match WHEN clause operand type: %s vs %s", operand, z.a.types[v])
		}
		super = t
	}
	if len(values) > 0 {
		z.coerceTo(x.Operand, operand, super)
	}
	for _, v := range values {
		z.coerceTo(v, z.a.types[v], super)
	}
}
