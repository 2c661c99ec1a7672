package trinosql

// Children calls f with each expression directly inside x, in source order.
// Queries inside x are not entered.
func Children(x Expr, f func(Expr)) {
	each := func(xs ...Expr) {
		for _, x := range xs {
			if x != nil {
				f(x)
			}
		}
	}
	sorts := func(items []SortItem) {
		for _, s := range items {
			f(s.X)
		}
	}
	switch x := x.(type) {
	case *Deref:
		f(x.Base)
	case *Unary:
		f(x.X)
	case *Logical:
		each(x.Terms...)
	case *Binary:
		each(x.L, x.R)
	case *Quantified:
		f(x.L)
	case *Between:
		each(x.X, x.Low, x.High)
	case *In:
		f(x.X)
		each(x.List...)
	case *Like:
		each(x.X, x.Pattern, x.Esc)
	case *Is:
		f(x.X)
	case *IsDistinct:
		each(x.L, x.R)
	case *AtTimeZone:
		each(x.X, x.Zone)
	case *Cast:
		f(x.X)
	case *Row:
		each(x.Fields...)
	case *Array:
		each(x.Elems...)
	case *Subscript:
		each(x.X, x.Index)
	case *Lambda:
		f(x.Body)
	case *Case:
		each(x.Operand)
		for _, w := range x.Whens {
			if w.Predicate {
				// The predicate's left side is the operand, seen above.
				Children(w.Cond, func(c Expr) {
					if c != x.Operand {
						f(c)
					}
				})
			} else {
				f(w.Cond)
			}
			f(w.Result)
		}
		each(x.Else)
	case *Call:
		each(x.Method)
		for _, a := range x.Args {
			f(a.X)
		}
		sorts(x.OrderBy)
		sorts(x.Within)
		each(x.Filter)
		if x.Over != nil {
			x.Over.each(f)
		}
	case *Special:
		each(x.Args...)
	case *JSONFunc:
		f(x.Input)
		for _, a := range x.Passing {
			f(a.X)
		}
		for _, b := range []*JSONBehavior{x.OnEmpty, x.OnError} {
			if b != nil {
				each(b.Default)
			}
		}
	case *JSONObject:
		for _, m := range x.Members {
			each(m.Key, m.Value)
		}
	case *JSONArray:
		for _, m := range x.Elems {
			f(m.Value)
		}
	}
}

// each calls f with the expressions of a window specification.
func (w *Window) each(f func(Expr)) {
	for _, x := range w.Partition {
		f(x)
	}
	for _, s := range w.OrderBy {
		f(s.X)
	}
	if w.Frame == nil {
		return
	}
	for _, b := range []*Bound{w.Frame.Start, w.Frame.End} {
		if b != nil && b.X != nil {
			f(b.X)
		}
	}
}

// Walk calls f with x and, where it returns true, with all that is inside.
// Queries inside x are not entered.
func Walk(x Expr, f func(Expr) bool) {
	if f(x) {
		Children(x, func(c Expr) { Walk(c, f) })
	}
}

// subquery returns the query directly inside x, or nil.
func subquery(x Expr) *Query {
	switch x := x.(type) {
	case *Subquery:
		return x.Q
	case *Exists:
		return x.Q
	case *In:
		return x.Q
	case *Quantified:
		return x.Q
	}
	return nil
}
