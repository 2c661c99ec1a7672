package trinosql

import (
	"fmt"
	"slices"
)

// groupBy analyzes GROUP BY into keys and grouping sets.
func (z *analyzer) groupBy(s *Select, info *SelectInfo, src *scope) {
	if s.GroupBy == nil {
		return
	}
	g := &grouping{z: z, info: info, index: map[uint64][]int{}}
	info.Grouped = true
	// Every element of GROUP BY is a list of sets; GROUP BY a, ROLLUP (b) is
	// their product.
	product := [][]int{nil}
	var all []int // keys of elements with a single set, which are in every set
	count := 1
	for _, it := range s.GroupBy.Items {
		n := len(it.Sets)
		switch it.Kind {
		case "":
			n = 1
		case "ROLLUP":
			n++
		case "CUBE":
			if n > 30 {
				n = 30
			}
			n = 1 << n
		}
		if count *= max(n, 1); count > maxGroupingSets {
			z.fail(s.GroupBy.Pos, TooManyGroupingSets, "GROUP BY has more than %d grouping sets", maxGroupingSets)
		}
	}
	for _, it := range s.GroupBy.Items {
		var sets [][]int
		for _, set := range it.Sets {
			keys := []int{}
			for _, x := range set {
				keys = append(keys, g.key(x, it.Kind, src))
			}
			sets = append(sets, keys)
		}
		if sets = expandSets(it.Kind, sets); len(sets) == 1 {
			all = append(all, sets[0]...)
			continue
		}
		if product = multiply(product, sets); product == nil {
			z.fail(s.GroupBy.Pos, TooManyGroupingSets, "GROUP BY has too many columns in its grouping sets")
		}
	}
	if s.GroupBy.Auto {
		for i, f := range info.Fields {
			if f.Expr == nil || !z.hasAggregate(f.Expr) {
				all = append(all, g.add(g.output(&Literal{exprNode: exprNode{node{pos: s.GroupBy.Pos}}}, i)))
			}
		}
	}
	all = unique(all)
	if len(all)*len(product) > maxGroupingKeys {
		z.fail(s.GroupBy.Pos, TooManyGroupingSets, "GROUP BY has too many columns in its grouping sets")
	}
	seen := map[string]bool{}
	for _, set := range product {
		set = unique(append(slices.Clip(all), set...))
		if s.GroupBy.Distinct {
			sorted := slices.Sorted(slices.Values(set))
			key := fmt.Sprint(sorted)
			if seen[key] {
				continue
			}
			seen[key] = true
		}
		info.Sets = append(info.Sets, set)
	}
}

type grouping struct {
	z     *analyzer
	info  *SelectInfo
	index map[uint64][]int // keys by their hash
}

// key analyzes a grouping expression and returns its index among the keys.
func (g *grouping) key(x Expr, kind string, src *scope) int {
	z := g.z
	l, ordinal := x.(*Literal)
	switch {
	case kind == "" && ordinal && l.Kind == IntegerLiteral:
		n, ok := intText(l.Val)
		if !ok || n < 1 || n > int64(len(g.info.Fields)) {
			z.fail(x.Pos(), InvalidColumnReference, "GROUP BY position %s is not in select list", l.Val)
		}
		z.a.types[x] = Integer
		x = g.output(x, int(n-1))
	default:
		z.expr(x, src)
	}
	z.noAggregates(x, "GROUP BY clause")
	if r := z.a.refs[x]; kind != "" && (r == nil || r.Field == nil) {
		z.fail(x.Pos(), InvalidColumnReference, "GROUP BY expression must be a column reference: %s", FormatExpr(x))
	}
	if t := z.a.types[x]; !t.Comparable() {
		z.fail(x.Pos(), TypeMismatch, "%s is not comparable, and therefore cannot be used in GROUP BY", t)
	}
	return g.add(x)
}

// add returns the index of x among the keys, which gain it if it is new.
func (g *grouping) add(x Expr) int {
	h := g.z.hash(x)
	for _, i := range g.index[h] {
		if g.z.equalExpr(g.info.Keys[i], x) {
			return i
		}
	}
	g.info.Keys = append(g.info.Keys, x)
	i := len(g.info.Keys) - 1
	g.index[h] = append(g.index[h], i)
	return i
}

// output returns the expression of output column i, for the element of GROUP BY
// at x that counts it. A column of a star has none: one is made.
func (g *grouping) output(x Expr, i int) Expr {
	f := g.info.Fields[i]
	switch {
	case g.info.RowField[i] >= 0:
		g.z.fail(x.Pos(), NotSupported, "GROUP BY position of a column of row.* is not supported")
	case f.Expr == nil:
		c := &ColumnRef{Name: Name{Pos: x.Pos(), Text: f.Name}}
		c.node = *x.(interface{ base() *node }).base()
		g.z.a.refs[c] = &Ref{Field: f.Origin}
		g.z.a.types[c] = f.Type
		return c
	}
	return f.Expr
}

func expandSets(kind string, sets [][]int) [][]int {
	switch kind {
	case "ROLLUP":
		out := make([][]int, 0, len(sets)+1)
		for n := len(sets); n >= 0; n-- {
			out = append(out, flatten(sets[:n]))
		}
		return out
	case "CUBE":
		var out [][]int
		for mask := 1<<len(sets) - 1; mask >= 0; mask-- {
			var pick [][]int
			for i, s := range sets {
				if mask>>(len(sets)-1-i)&1 == 1 {
					pick = append(pick, s)
				}
			}
			out = append(out, flatten(pick))
		}
		return out
	case "SETS":
		return sets
	}
	return [][]int{flatten(sets)}
}

func flatten(sets [][]int) []int {
	out := []int{}
	for _, s := range sets {
		out = append(out, s...)
	}
	return out
}

// multiply returns every set of a joined with every set of b, or nil when that
// is too much.
func multiply(a, b [][]int) [][]int {
	out := make([][]int, 0, len(a)*len(b))
	n := 0
	for _, x := range a {
		for _, y := range b {
			set := unique(append(slices.Clip(x), y...))
			if n += len(set); n > maxGroupingKeys {
				return nil
			}
			out = append(out, set)
		}
	}
	return out
}

func unique(s []int) []int {
	out := []int{}
	seen := map[int]bool{}
	for _, v := range s {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// hasAggregate tells whether there is an aggregate, not over a window, in x.
func (z *analyzer) hasAggregate(x Expr) bool {
	found := false
	Walk(x, func(x Expr) bool {
		found = found || z.isAggregate(x)
		return !found
	})
	return found
}

func (z *analyzer) isAggregate(x Expr) bool {
	c, ok := x.(*Call)
	return ok && c.Over == nil && z.a.functions[c] != nil && z.a.functions[c].Kind == AggregateFunction
}

// checkAggregation collects the aggregates and windows of a select and, when it
// is grouped, checks that all it puts out belongs to a whole group.
func (z *analyzer) checkAggregation(s *Select, info *SelectInfo, src *scope, order []Expr) {
	var exprs []Expr
	for i, f := range info.Fields {
		// One expression stands for all columns of row.*.
		if f.Expr != nil && info.RowField[i] <= 0 {
			exprs = append(exprs, f.Expr)
		}
	}
	if s.Having != nil {
		exprs = append(exprs, s.Having)
	}
	exprs = append(exprs, order...)
	groupingCall := false
	for _, x := range exprs {
		Walk(x, func(x Expr) bool {
			switch c := x.(type) {
			case *Call:
				if z.isAggregate(c) {
					info.Aggregates = append(info.Aggregates, c)
					z.checkNesting(c)
				} else if c.Over != nil {
					info.Windows = append(info.Windows, c)
				}
			case *Special:
				groupingCall = groupingCall || c.Name == "GROUPING"
			}
			return true
		})
	}
	info.Grouped = info.Grouped || len(info.Aggregates) > 0 || s.Having != nil
	if groupingCall && s.GroupBy == nil {
		z.fail(s.Pos(), MissingGroupBy, "A GROUPING() operation can only be used with a corresponding GROUPING SET/CUBE/ROLLUP/GROUP BY clause")
	}
	if !info.Grouped {
		return
	}
	if s.GroupBy == nil {
		info.Sets = [][]int{{}}
	}
	c := groupCheck{z: z, src: src, fields: map[*Field]bool{}, keys: map[uint64][]Expr{}}
	for _, k := range info.Keys {
		if r := z.a.refs[k]; r != nil && r.Field != nil {
			c.fields[r.Field] = true
		} else {
			c.keys[z.hash(k)] = append(c.keys[z.hash(k)], k)
		}
	}
	for i, f := range info.Fields {
		if f.Expr == nil && !c.fields[f.Origin] && c.local(f.Origin) {
			z.fail(starPos(s), ExpressionNotAggregate, "Column '%s' not in GROUP BY clause", columnName(f, i))
		}
	}
	for _, x := range exprs {
		if !c.grouped(x) {
			z.fail(x.Pos(), ExpressionNotAggregate, "'%s' must be an aggregate expression or appear in GROUP BY clause", FormatExpr(x))
		}
	}
}

func starPos(s *Select) Pos {
	for _, it := range s.Items {
		if it.Star {
			return it.Pos
		}
	}
	return s.Pos()
}

// checkNesting refuses aggregates and windows inside an aggregate.
func (z *analyzer) checkNesting(c *Call) {
	check := func(x Expr) {
		Walk(x, func(in Expr) bool {
			call, ok := in.(*Call)
			switch {
			case !ok:
			case call.Over != nil:
				z.fail(c.Pos(), NestedWindow, "Cannot nest window functions or row pattern measures inside aggregation '%s': [%s]", c.Name, FormatExpr(in))
			case z.isAggregate(in):
				z.fail(c.Pos(), NestedAggregation, "Cannot nest aggregations inside aggregation '%s': [%s]", c.Name, FormatExpr(in))
			}
			return true
		})
	}
	Children(c, check)
}

// groupCheck decides whether an expression has one value for each group.
type groupCheck struct {
	z      *analyzer
	src    *scope
	fields map[*Field]bool   // grouped columns
	keys   map[uint64][]Expr // grouping expressions that are not columns, by hash
}

func (c *groupCheck) grouped(x Expr) bool {
	z := c.z
	if len(c.keys) > 0 {
		for _, k := range c.keys[z.hash(x)] {
			if z.equalExpr(k, x) {
				return true
			}
		}
	}
	if z.isAggregate(x) {
		return true
	}
	if r := z.a.refs[x]; r != nil {
		if r.Field == nil || r.Output || r.Depth > 0 {
			return true
		}
		return c.fields[r.Field] || !c.local(r.Field)
	}
	if s, ok := x.(*Special); ok && s.Name == "GROUPING" {
		for _, a := range s.Args {
			if r := z.a.refs[a]; r == nil || !c.fields[r.Field] {
				z.fail(x.Pos(), InvalidArguments, "The arguments to GROUPING() must be expressions referenced by the GROUP BY at the associated query level. Mismatch due to %s.", FormatExpr(a))
			}
		}
		return true
	}
	if q := subquery(x); q != nil {
		for _, r := range z.fromQuery[q] {
			if r.to == c.src && !c.fields[z.a.refs[r.x].Field] {
				z.fail(r.x.Pos(), ExpressionNotAggregate, "Subquery uses '%s' which must appear in GROUP BY clause", FormatExpr(r.x))
			}
		}
	}
	if call, ok := x.(*Call); ok && call.Over != nil {
		return c.window(call)
	}
	ok := true
	Children(x, func(in Expr) { ok = ok && c.grouped(in) })
	return ok
}

// local tells whether a field is one of FROM's.
func (c *groupCheck) local(f *Field) bool {
	for _, g := range c.src.lookup([]string{f.Name}) {
		if g == f {
			return true
		}
	}
	return false
}

// window checks a window function over groups: all it reads must be grouped.
func (c *groupCheck) window(call *Call) bool {
	z := c.z
	for _, a := range call.Args {
		if !c.grouped(a.X) {
			return false
		}
	}
	w := z.a.windows[call]
	for _, x := range w.Partition {
		if !c.grouped(x) {
			z.fail(x.Pos(), ExpressionNotAggregate, "PARTITION BY expression '%s' must be an aggregate expression or appear in GROUP BY clause", FormatExpr(x))
		}
	}
	for _, s := range w.OrderBy {
		if !c.grouped(s.X) {
			z.fail(s.X.Pos(), ExpressionNotAggregate, "ORDER BY expression '%s' must be an aggregate expression or appear in GROUP BY clause", FormatExpr(s.X))
		}
	}
	return call.Filter == nil || c.grouped(call.Filter)
}
