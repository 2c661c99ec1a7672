package trinosql

import "strings"

// namedWindows analyzes the WINDOW clause, whose windows the calls of the
// select list and ORDER BY can then name.
func (z *analyzer) namedWindows(s *Select, src *scope) {
	z.windows = map[string]*Window{}
	for _, w := range s.Windows {
		k := strings.ToLower(w.Name.Text)
		if z.windows[k] != nil {
			z.fail(w.Name.Pos, DuplicateWindowName, "WINDOW name '%s' specified more than once", w.Name.Text)
		}
		z.windowExprs(w.W, src)
		z.windows[k] = z.extendWindow(w.W)
	}
}

func (z *analyzer) lookupWindow(n *Name) *Window {
	w := z.windows[strings.ToLower(n.Text)]
	if w == nil {
		z.fail(n.Pos, InvalidWindowReference, "Cannot resolve WINDOW name %s", n.Text)
	}
	return w
}

// extendWindow returns w with the parts of the window it is based on.
func (z *analyzer) extendWindow(w *Window) *Window {
	if w.Name != nil {
		return z.lookupWindow(w.Name)
	}
	if w.Base == nil {
		return w
	}
	base := z.lookupWindow(w.Base)
	switch {
	case len(w.Partition) > 0:
		z.fail(w.Partition[0].Pos(), InvalidPartitionBy, "WINDOW specification with named WINDOW reference cannot specify PARTITION BY")
	case len(w.OrderBy) > 0 && len(base.OrderBy) > 0:
		z.fail(w.OrderBy[0].X.Pos(), InvalidOrderBy, "Cannot specify ORDER BY if referenced named WINDOW specifies ORDER BY")
	case base.Frame != nil:
		z.fail(w.Base.Pos, InvalidWindowReference, "Cannot reference named WINDOW containing frame specification")
	}
	full := *w
	full.Base = nil
	full.Partition = base.Partition
	if len(full.OrderBy) == 0 {
		full.OrderBy = base.OrderBy
	}
	return &full
}

// windowExprs analyzes the expressions of a window specification.
func (z *analyzer) windowExprs(w *Window, sc *scope) {
	if w.Pattern {
		z.fail(w.Pos, NotSupported, "Row patterns in windows are not supported")
	}
	for _, x := range w.Partition {
		if t := z.expr(x, sc); !t.Comparable() {
			z.fail(x.Pos(), TypeMismatch, "%s is not comparable, and therefore cannot be used in window function PARTITION BY", t)
		}
	}
	for _, s := range w.OrderBy {
		if t := z.expr(s.X, sc); !t.Orderable() {
			z.fail(s.X.Pos(), TypeMismatch, "%s is not orderable, and therefore cannot be used in window function ORDER BY", t)
		}
	}
	if w.Frame == nil {
		return
	}
	for _, b := range []*Bound{w.Frame.Start, w.Frame.End} {
		if b != nil && b.X != nil {
			z.expr(b.X, sc)
		}
	}
}

// over analyzes a call's OVER.
func (z *analyzer) over(x *Call, f *Function, sc *scope) {
	if x.Over.Name == nil {
		z.windowExprs(x.Over, sc)
	}
	w := z.extendWindow(x.Over)
	z.a.windows[x] = w
	noNested := func(c Expr) {
		Walk(c, func(in Expr) bool {
			if call, ok := in.(*Call); ok && call.Over != nil {
				z.fail(in.Pos(), NestedWindow, "Cannot nest window functions or row pattern measures inside window function '%s'", x.Name)
			}
			return true
		})
	}
	for _, a := range x.Args {
		noNested(a.X)
	}
	w.each(noNested)
	if x.Filter != nil && f.Kind != AggregateFunction {
		z.fail(x.Pos(), NotSupported, "FILTER is not yet supported for window functions")
	}
	if x.IgnoreNulls {
		switch f.Name {
		case "lag", "lead", "first_value", "last_value", "nth_value":
		default:
			z.fail(x.Pos(), NotSupported, "Cannot specify null treatment clause for %s function", f.Name)
		}
	}
	if f.Kind == WindowFunction {
		z.rankingWindow(x, f, w)
	}
	if w.Frame != nil {
		z.frame(w)
	}
}

// rankingWindow checks what rank and its kin ask of their window.
func (z *analyzer) rankingWindow(x *Call, f *Function, w *Window) {
	switch f.Name {
	case "lag", "lead":
		if len(w.OrderBy) == 0 {
			z.fail(x.Over.Pos, MissingOrderBy, "%s function requires an ORDER BY window clause", f.Name)
		}
	case "first_value", "last_value", "nth_value":
		return
	}
	if w.Frame != nil {
		z.fail(w.Frame.Pos, InvalidWindowFrame, "Cannot specify window frame for %s function", f.Name)
	}
}

// frame checks a window frame's ends.
func (z *analyzer) frame(w *Window) {
	f := w.Frame
	start, end := f.Start.Kind, "CURRENT ROW"
	if f.End != nil {
		end = f.End.Kind
	}
	bad := ""
	switch {
	case start == "UNBOUNDED FOLLOWING":
		bad = "Window frame start cannot be UNBOUNDED FOLLOWING"
	case end == "UNBOUNDED PRECEDING":
		bad = "Window frame end cannot be UNBOUNDED PRECEDING"
	case start == "CURRENT ROW" && end == "PRECEDING":
		bad = "Window frame starting from CURRENT ROW cannot end with PRECEDING"
	case start == "FOLLOWING" && end == "PRECEDING":
		bad = "Window frame starting from FOLLOWING cannot end with PRECEDING"
	case start == "FOLLOWING" && end == "CURRENT ROW":
		bad = "Window frame starting from FOLLOWING cannot end with CURRENT ROW"
	}
	if bad != "" {
		z.fail(f.Pos, InvalidWindowFrame, "%s", bad)
	}
	for i, b := range []*Bound{f.Start, f.End} {
		if b == nil || b.X == nil {
			continue
		}
		z.frameValue(w, b, [...]string{"start", "end"}[i])
	}
}

func (z *analyzer) frameValue(w *Window, b *Bound, which string) {
	t := z.a.types[b.X]
	if w.Frame.Unit != "RANGE" {
		if w.Frame.Unit == "GROUPS" && len(w.OrderBy) == 0 {
			z.fail(w.Pos, MissingOrderBy, "Window frame of type GROUPS PRECEDING or FOLLOWING requires ORDER BY")
		}
		if !t.IsInteger() && !(t.Kind == KindDecimal && t.Scale == 0) {
			z.fail(b.X.Pos(), TypeMismatch, "Window frame %s %s value type must be exact numeric type with scale 0 (actual %s)", w.Frame.Unit, which, t)
		}
		return
	}
	switch len(w.OrderBy) {
	case 0:
		z.fail(w.Pos, MissingOrderBy, "Window frame of type RANGE PRECEDING or FOLLOWING requires ORDER BY")
	case 1:
	default:
		z.fail(w.OrderBy[0].X.Pos(), InvalidOrderBy, "Window frame of type RANGE PRECEDING or FOLLOWING requires single sort item in ORDER BY (actual: %d)", len(w.OrderBy))
	}
	key := z.a.types[w.OrderBy[0].X]
	sum, err := resolve(signatures().operators["+"], []argument{{typ: key}, {typ: t}}, nil)
	if err != nil || sum == nil || CommonSuperType(sum.result, key) == nil {
		z.fail(b.X.Pos(), TypeMismatch, "Window frame RANGE value type (%s) not compatible with sort item type (%s)", t, key)
	}
}
