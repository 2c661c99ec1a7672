package trinosql

import "strings"

// call analyzes a function call.
func (z *analyzer) call(x *Call, sc *scope) *Type {
	name := strings.ToLower(x.Name.String())
	if len(x.Name) == 1 && x.Method == nil && !x.Static {
		switch name {
		case "if", "coalesce", "nullif", "try":
			return z.conditional(x, name, sc)
		}
	}
	if x.Static && (name == "varchar.chr" || name == "varchar.from_utf8") {
		name = strings.TrimPrefix(name, "varchar.")
	} else if x.Static {
		z.fail(x.Pos(), FunctionNotFound, "Static method '%s' not registered", strings.Replace(name, ".", "::", 1))
	}
	for _, a := range x.Args {
		if a.Name != nil {
			z.fail(a.Name.Pos, InvalidFunctionArgument, "No argument named %s for %s", a.Name.Text, name)
		}
	}
	if x.Mode != "" {
		z.fail(x.Pos(), NotSupported, "%s semantics is not supported out of pattern recognition context", x.Mode)
	}
	args := z.arguments(x, sc)
	if x.Method != nil {
		if !methods[name] || !z.a.types[x.Method].IsString() {
			z.fail(x.Pos(), FunctionNotFound, "Method '%s' not registered for %s", name, z.a.types[x.Method])
		}
	}
	f := z.bind(x, name, args, sc)
	if f.Name == "contains" || f.Name == "map_concat" || f.Name == "concat" {
		z.checkArity(x, f)
	}
	z.checkClauses(x, f, sc)
	return f.Result
}

// methods are the functions that can be called as a method of a text.
var methods = map[string]bool{
	"length": true, "replace": true, "reverse": true, "strpos": true, "substring": true, "split": true, "trim": true,
	"ltrim": true, "rtrim": true, "lower": true, "upper": true, "lpad": true, "rpad": true, "to_utf8": true,
	"starts_with": true, "ends_with": true, "translate": true,
}

// arguments analyzes a call's arguments, but not its lambdas. The receiver of a
// method is the first.
func (z *analyzer) arguments(x *Call, sc *scope) []Expr {
	var args []Expr
	add := func(a Expr) {
		if _, ok := a.(*Lambda); !ok {
			z.expr(a, sc)
		}
		args = append(args, a)
	}
	if x.Method != nil {
		add(x.Method)
	}
	for _, a := range x.Args {
		add(a.X)
	}
	return args
}

// checkArity refuses what Trino refuses when it makes the function.
func (z *analyzer) checkArity(x *Call, f *Function) {
	if (f.Name == "map_concat" || f.Name == "concat") && len(f.Args) < 2 {
		z.fail(x.Pos(), InvalidFunctionArgument, "There must be two or more concatenation arguments to %s", f.Name)
	}
	if f.Result.Kind == KindChar && f.Result.Precision > maxChar {
		z.fail(x.Pos(), InvalidFunctionArgument, "CHAR length must be in range [0, 65536], got %d", f.Result.Precision)
	}
}

// checkClauses analyzes what stands behind or among a call's arguments:
// DISTINCT, ORDER BY, FILTER, OVER.
func (z *analyzer) checkClauses(x *Call, f *Function, sc *scope) {
	aggregate := f.Kind == AggregateFunction
	if !aggregate {
		switch {
		case x.Distinct:
			z.fail(x.Pos(), FunctionNotAggregate, "DISTINCT is not supported for non-aggregation functions")
		case x.Filter != nil:
			z.fail(x.Pos(), FunctionNotAggregate, "Filter is only valid for aggregation functions")
		case len(x.OrderBy) > 0:
			z.fail(x.Pos(), FunctionNotAggregate, "ORDER BY is only valid for aggregation functions")
		}
	}
	if f.Kind == WindowFunction && x.Over == nil {
		z.fail(x.Pos(), MissingOver, "Window function %s requires an OVER clause", f.Name)
	}
	if x.Over != nil && f.Kind == ScalarFunction {
		z.fail(x.Pos(), FunctionNotWindow, "Not a window function: %s", x.Name)
	}
	if x.Distinct {
		for _, t := range f.Args {
			if !t.Comparable() {
				z.fail(x.Pos(), TypeMismatch, "DISTINCT can only be applied to comparable types (actual: %s)", t)
			}
		}
	}
	for _, items := range [][]SortItem{x.OrderBy, x.Within} {
		for _, s := range items {
			if t := z.expr(s.X, sc); !t.Orderable() {
				z.fail(x.Pos(), TypeMismatch, "ORDER BY can only be applied to orderable types (actual: %s)", t)
			}
			if x.Distinct && !z.among(s.X, x.Args) {
				z.fail(s.X.Pos(), ExpressionNotInDistinct, "For aggregate function with DISTINCT, ORDER BY expressions must appear in arguments")
			}
		}
	}
	if x.Filter != nil {
		z.must(x.Filter, sc, Boolean, "Filter expression")
	}
	if x.Over != nil {
		z.over(x, f, sc)
	}
}

func (z *analyzer) among(x Expr, args []Arg) bool {
	for _, a := range args {
		if z.sameExpr(x, a.X) {
			return true
		}
	}
	return false
}

// conditional analyzes IF, COALESCE, NULLIF and TRY, which evaluate only some of
// their arguments.
func (z *analyzer) conditional(x *Call, name string, sc *scope) *Type {
	if x.Over != nil || x.Distinct || x.Filter != nil || x.Star || len(x.OrderBy) > 0 || x.Within != nil {
		z.fail(x.Pos(), SyntaxError, "OVER, DISTINCT, ORDER BY and FILTER are not valid for '%s' function", name)
	}
	lo, hi := 2, 2
	switch name {
	case "if":
		hi = 3
	case "coalesce":
		hi = len(x.Args)
	case "try":
		lo, hi = 1, 1
	}
	if len(x.Args) < lo || len(x.Args) > hi {
		if name == "coalesce" {
			z.fail(x.Pos(), SyntaxError, "The 'coalesce' function must have at least two arguments")
		}
		z.fail(x.Pos(), SyntaxError, "Invalid number of arguments for '%s' function", name)
	}
	args := make([]Expr, len(x.Args))
	for i, a := range x.Args {
		args[i] = a.X
	}
	var t *Type
	switch name {
	case "if":
		z.must(args[0], sc, Boolean, "IF condition")
		if t = z.expr(args[1], sc); len(args) == 3 {
			u := z.expr(args[2], sc)
			super := CommonSuperType(t, u)
			if super == nil {
				z.fail(x.Pos(), TypeMismatch, "Result types for IF must be the same: %s vs %s", t, u)
			}
			z.coerceTo(args[1], t, super)
			z.coerceTo(args[2], u, super)
			t = super
		}
	case "coalesce":
		t = z.single("All COALESCE operands", args, sc)
	case "nullif":
		// The comparison has the common type; the result keeps the first one's.
		t = z.expr(args[0], sc)
		u := z.expr(args[1], sc)
		if super := CommonSuperType(t, u); super == nil || !super.Comparable() {
			z.fail(x.Pos(), TypeMismatch, "Types are not comparable with NULLIF: %s vs %s", t, u)
		}
	case "try":
		t = z.expr(args[0], sc)
	}
	f := &Function{Name: name, Result: t, Deterministic: true, Signature: name}
	for _, a := range args {
		f.Args = append(f.Args, z.a.UsedType(a))
	}
	z.a.functions[x] = f
	return t
}

// noAggregates refuses aggregates, window functions and GROUPING in a clause
// where there are no groups.
func (z *analyzer) noAggregates(x Expr, clause string) {
	Walk(x, func(c Expr) bool {
		found := false
		switch c := c.(type) {
		case *Call:
			f := z.a.functions[c]
			found = c.Over != nil || f != nil && f.Kind != ScalarFunction
		case *Special:
			found = c.Name == "GROUPING"
		}
		if found {
			z.fail(x.Pos(), ExpressionNotScalar, "%s cannot contain aggregations, window functions or grouping operations: [%s]",
				strings.TrimSuffix(clause, " must evaluate to a boolean"), FormatExpr(c))
		}
		return true
	})
}
