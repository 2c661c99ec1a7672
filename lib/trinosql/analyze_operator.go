package trinosql

// operator resolves one of + - * / % for analyzed operands.
func (z *analyzer) operator(x Expr, op string, l, r Expr) *Type {
	lt, rt := z.a.types[l], z.a.types[r]
	b, err := resolve(signatures().operators[op], []argument{{typ: lt}, {typ: rt}}, nil)
	if b == nil || err != nil {
		z.fail(x.Pos(), TypeMismatch, "Cannot apply operator: %s %s %s", lt, op, rt)
	}
	t := b.result
	if t.Kind == KindDecimal && op == "*" {
		t = productType(b.args[0], b.args[1])
	}
	z.coerceTo(l, lt, b.args[0])
	z.coerceTo(r, rt, b.args[1])
	return t
}

// productType is the type of a product of decimals. Where the digits after the
// point alone would fill the type, there are as many as leave room for those
// before it.
func productType(a, b *Type) *Type {
	precision, scale := a.Precision+b.Precision, a.Scale+b.Scale
	if scale > MaxDecimalPrecision {
		scale = max(6, MaxDecimalPrecision-(precision-scale))
	}
	return DecimalOf(min(MaxDecimalPrecision, precision), scale)
}

func (z *analyzer) unary(x *Unary, sc *scope) *Type {
	if x.Op == "NOT" {
		z.must(x.X, sc, Boolean, "Value of logical NOT expression")
		return Boolean
	}
	t := z.expr(x.X, sc)
	switch {
	case x.Op == "+":
		if !t.IsNumeric() {
			z.fail(x.Pos(), TypeMismatch, "Unary '+' operator cannot by applied to %s type", t)
		}
	case t.Kind == KindUnknown:
		z.a.coercions[x.X] = Bigint
		return Bigint
	case !t.IsNumeric() && t.Kind != KindIntervalDay && t.Kind != KindIntervalYear:
		z.fail(x.Pos(), TypeMismatch, "Cannot negate %s", t)
	}
	return t
}

func (z *analyzer) binary(x *Binary, sc *scope) *Type {
	l, r := z.expr(x.L, sc), z.expr(x.R, sc)
	switch x.Op {
	case "+", "-", "*", "/", "%":
		return z.operator(x, x.Op, x.L, x.R)
	case "||":
		return z.bind(x, "concat", []Expr{x.L, x.R}, sc).Result
	}
	t := CommonSuperType(l, r)
	if t == nil || !t.Comparable() || x.Op != "=" && x.Op != "<>" && !t.Orderable() {
		z.fail(x.Pos(), TypeMismatch, "Cannot apply operator: %s %s %s", l, comparisonOperator(x.Op), r)
	}
	z.coerceTo(x.L, l, t)
	z.coerceTo(x.R, r, t)
	return Boolean
}

// comparisonOperator is the operator that Trino computes a comparison with.
func comparisonOperator(op string) string {
	switch op {
	case "<>":
		return "="
	case ">":
		return "<"
	case ">=":
		return "<="
	}
	return op
}

func (z *analyzer) between(x *Between, sc *scope) *Type {
	v, lo, hi := z.expr(x.X, sc), z.expr(x.Low, sc), z.expr(x.High, sc)
	t := CommonSuperType(v, lo)
	if t != nil {
		t = CommonSuperType(t, hi)
	}
	if t == nil || !t.Orderable() {
		z.fail(x.Pos(), TypeMismatch, "Cannot check if %s is BETWEEN %s and %s", v, lo, hi)
	}
	z.coerceTo(x.X, v, t)
	z.coerceTo(x.Low, lo, t)
	z.coerceTo(x.High, hi, t)
	return Boolean
}

func (z *analyzer) in(x *In, sc *scope) *Type {
	if x.Q != nil {
		z.matchSubquery(x, x.X, x.Q, sc)
		return Boolean
	}
	t := z.single("IN value and list items", append([]Expr{x.X}, x.List...), sc)
	if !t.Comparable() {
		z.fail(x.Pos(), TypeMismatch, "Cannot apply operator: %s = %s", t, t)
	}
	return Boolean
}

// matchSubquery analyzes value op (query): their columns must match.
func (z *analyzer) matchSubquery(x, value Expr, q *Query, sc *scope) *Type {
	v := z.expr(value, sc)
	fields := z.subquery(x, q, sc)
	row := v
	if v.Kind != KindRow {
		row = RowOf([]*Type{v}, nil)
	}
	got := rowOfFields(fields)
	t := CommonSuperType(row, got)
	if t == nil || !t.Comparable() {
		z.fail(x.Pos(), TypeMismatch, "Value expression and result of subquery must be of the same type: %s vs %s", row, got)
	}
	if v.Kind == KindRow {
		z.coerceTo(value, v, t)
		return t
	}
	z.coerceTo(value, v, t.Elems[0])
	return t.Elems[0]
}

func (z *analyzer) quantified(x *Quantified, sc *scope) *Type {
	t := z.matchSubquery(x, x.L, x.Q, sc)
	if !t.Orderable() && x.Op != "=" && x.Op != "<>" && x.Op != "MATCH" {
		z.fail(x.Pos(), TypeMismatch, "Type [%s] must be orderable in order to be used in quantified comparison", t)
	}
	return Boolean
}

func rowOfFields(fields []*Field) *Type {
	types, names := make([]*Type, len(fields)), make([]string, len(fields))
	for i, f := range fields {
		types[i], names[i] = f.Type, f.Name
	}
	return RowOf(types, names)
}

// subquery analyzes a query inside an expression.
func (z *analyzer) subquery(x Expr, q *Query, sc *scope) []*Field {
	if z.inside > 0 {
		z.fail(x.Pos(), NotSupported, "Lambda expression cannot contain subqueries")
	}
	return z.query(q, sc)
}

func (z *analyzer) like(x *Like, sc *scope) *Type {
	if t := z.expr(x.X, sc); t.Kind != KindChar {
		z.must(x.X, sc, Varchar, "Left side of LIKE expression")
		delete(z.a.coercions, x.X)
		if t.Kind != KindVarchar {
			z.a.coercions[x.X] = Varchar
		}
	}
	z.must(x.Pattern, sc, Varchar, "Pattern for LIKE expression")
	if x.Esc != nil {
		z.must(x.Esc, sc, Varchar, "Escape for LIKE expression")
	}
	return Boolean
}

func (z *analyzer) atTimeZone(x *AtTimeZone, sc *scope) *Type {
	t := z.expr(x.X, sc)
	if x.Zone != nil {
		if zone := z.expr(x.Zone, sc); !zone.IsString() && zone.Kind != KindIntervalDay {
			z.fail(x.Zone.Pos(), TypeMismatch, "Time zone must be a varchar or an interval (actual %s)", zone)
		}
	}
	switch t.Kind {
	case KindTime, KindTimeZone:
		return TimeZoneOf(t.Precision)
	case KindTimestamp, KindTimestampZone:
		return TimestampZoneOf(t.Precision)
	}
	z.fail(x.X.Pos(), TypeMismatch, "Type of value must be a time or timestamp with or without time zone (actual %s)", t)
	return nil
}
