package trinosql

import (
	"strings"
)

// expr analyzes an expression in a scope and returns its type.
func (z *analyzer) expr(x Expr, sc *scope) *Type {
	if z.given[x] {
		return z.a.types[x]
	}
	z.enter(x)
	defer z.leave()
	delete(z.a.coercions, x)
	t := z.bare(x, sc)
	if t.size > maxTypeSize {
		z.fail(x.Pos(), StatementTooLarge, "the expression's type is too large: it has more than %d parts", maxTypeSize)
	}
	z.a.types[x] = t
	return t
}

func (z *analyzer) bare(x Expr, sc *scope) *Type {
	switch x := x.(type) {
	case *ColumnRef:
		return z.column(x, sc)
	case *Deref:
		return z.deref(x, sc)
	case *Literal:
		return z.literal(x)
	case *TypedLiteral:
		return z.typedLiteral(x)
	case *IntervalLit:
		return z.interval(x)
	case *Unary:
		return z.unary(x, sc)
	case *Logical:
		for _, t := range x.Terms {
			z.must(t, sc, Boolean, "Logical expression term")
		}
		return Boolean
	case *Binary:
		return z.binary(x, sc)
	case *Between:
		return z.between(x, sc)
	case *In:
		return z.in(x, sc)
	case *Quantified:
		return z.quantified(x, sc)
	case *Like:
		return z.like(x, sc)
	case *Is:
		if x.What == "NULL" {
			z.expr(x.X, sc)
		} else {
			z.must(x.X, sc, Boolean, "Boolean test value")
		}
		return Boolean
	case *IsDistinct:
		l, r := z.expr(x.L, sc), z.expr(x.R, sc)
		t := CommonSuperType(l, r)
		if t == nil || !t.Comparable() {
			z.fail(x.Pos(), TypeMismatch, "Cannot check if %s is identical to %s", l, r)
		}
		z.coerceTo(x.L, l, t)
		z.coerceTo(x.R, r, t)
		return Boolean
	case *AtTimeZone:
		return z.atTimeZone(x, sc)
	case *Cast:
		return z.cast(x, sc)
	case *Row:
		return z.row(x, sc)
	case *Array:
		return ArrayOf(z.single("All ARRAY elements", x.Elems, sc))
	case *Subscript:
		return z.subscript(x, sc)
	case *Lambda:
		z.fail(x.Pos(), TypeMismatch, "Lambda expression should always be used inside a function")
	case *Subquery:
		fields := z.subquery(x, x.Q, sc)
		if len(fields) == 1 {
			return fields[0].Type
		}
		return rowOfFields(fields)
	case *Exists:
		for _, f := range z.subquery(x, x.Q, sc) {
			if x.Unique && !f.Type.Comparable() {
				z.fail(x.Pos(), TypeMismatch, "Type [%s] must be comparable in order to be used in UNIQUE predicate", f.Type)
			}
		}
		return Boolean
	case *Case:
		return z.caseExpr(x, sc)
	case *Call:
		return z.call(x, sc)
	case *Special:
		return z.special(x, sc)
	case *JSONFunc:
		return z.jsonFunc(x, sc)
	case *JSONObject:
		return z.jsonObject(x, sc)
	case *JSONArray:
		return z.jsonArray(x, sc)
	case *Param:
		return z.expr(z.a.params[x.N-1], &scope{query: true})
	}
	z.fail(x.Pos(), NotSupported, "this expression is not supported")
	return nil
}

// must analyzes an expression that has to have, or be coercible to, a type.
func (z *analyzer) must(x Expr, sc *scope, t *Type, what string) {
	got := z.expr(x, sc)
	if !CanCoerce(got, t) {
		z.fail(x.Pos(), TypeMismatch, "%s must evaluate to a %s (actual: %s)", what, t, got)
	}
	z.coerceTo(x, got, t)
}

// coerceTo notes that x, of type from, is used as to.
func (z *analyzer) coerceTo(x Expr, from, to *Type) {
	switch to.Kind {
	case KindRegexp, KindJSONPath, KindCodePoints, KindLikePattern:
		return // these are how a function reads its text
	}
	if from.Equal(to) {
		delete(z.a.coercions, x)
	} else {
		z.a.coercions[x] = to
	}
}

// single analyzes expressions that need a common type and returns it.
func (z *analyzer) single(what string, xs []Expr, sc *scope) *Type {
	for _, x := range xs {
		z.expr(x, sc)
	}
	return z.unite(what, xs)
}

// unite finds the common type of expressions that are analyzed.
func (z *analyzer) unite(what string, xs []Expr) *Type {
	super := Unknown
	fail := func(x Expr) {
		var all []string
		seen := map[string]bool{}
		for _, x := range xs {
			if s := z.a.types[x].String(); !seen[s] {
				seen[s] = true
				all = append(all, s)
			}
		}
		z.fail(x.Pos(), TypeMismatch, "%s must be the same type or coercible to a common type. Cannot find common type between %s and %s, all types (without duplicates): [%s]",
			what, super, z.a.types[x], strings.Join(all, ", "))
	}
	for _, x := range xs {
		t := CommonSuperType(super, z.a.types[x])
		if t == nil {
			fail(x)
		}
		super = t
	}
	for _, x := range xs {
		if !CanCoerce(z.a.types[x], super) {
			fail(x)
		}
		z.coerceTo(x, z.a.types[x], super)
	}
	return super
}
