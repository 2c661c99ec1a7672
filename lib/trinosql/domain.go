package trinosql

import (
	"maps"
	"slices"
)

// Range is an interval of values. A nil end is open.
type Range struct {
	Low, High                   *Constant
	LowInclusive, HighInclusive bool
}

// Predicate says that a table's column lies in one of some ranges, or with
// NullOK is null. No Ranges without NullOK mean that no row qualifies. The
// constants have the type in which the comparison is made, which may be wider
// than the column's.
type Predicate struct {
	Column int // index into the schema's columns
	Ranges []Range
	NullOK bool
}

// MayMatch tells whether a row of the table with the given column values can
// have an effect on the result: false means that it certainly has none. value
// returns the value of a column, or false when it is not known; for a partition
// it knows the partition columns only.
//
// It understands more than Predicates hold: any condition on the known columns
// made of comparisons, dates, and simple functions.
func (a *Analysis) MayMatch(u *TableUse, value func(column int) (Constant, bool)) bool {
	e := a.evaluator
	var side sides
	e.column = func(f *Field) (Constant, bool) {
		t := traceField(f, side)
		if t.use != u {
			return Constant{}, false
		}
		c, ok := value(t.column)
		if !ok || c.Null || c.Type.Equal(f.Type) {
			return c, ok
		}
		return castConstant(c, f.Type) // a view or a join gave the column another type
	}
	for _, cond := range u.conditions {
		side = cond.side
		if c, ok := e.eval(cond.x); ok && !c.isTrue() {
			return false
		}
	}
	return true
}

// PartitionValue returns the constant for a partition's value as catalogs keep
// it: a text. ok is false when the text is no value of the column's type.
func PartitionValue(t *Type, text string) (Constant, bool) {
	return castConstant(Constant{Type: Varchar, Text: text}, t)
}

// condition is what every row of a table satisfies that matters. Where the
// table is below set operations, side tells on which side of each it is: the
// columns that x names are followed down that way.
type condition struct {
	x    Expr
	side sides
}

// sides are the operands of set operations to look at: 0 or 1.
type sides map[*SetOp]int

// traced is where a field's value comes from.
type traced struct {
	use      *TableUse
	column   int
	nullable bool   // an outer join may have put a null in its place
	at       *SetOp // the set operation where the way parts and no side is given
}

// traceField follows a field down to a table's column, as long as a condition
// on the field can be checked on the column's rows instead.
func traceField(f *Field, side sides) (t traced) {
	for f != nil && !f.opaque {
		t.nullable = t.nullable || f.nullable
		switch {
		case f.Table != nil:
			t.use, t.column = f.Table, f.Column
			return t
		case f.named != nil && (f.named.refs > 1 || f.named.opaque):
			return traced{}
		case f.Merged != nil && f.mergedInner:
			f = f.Merged[0]
		case f.setOp != nil:
			i, ok := side[f.setOp]
			if !ok {
				return traced{at: f.setOp}
			}
			f = f.sides[i]
		default:
			f = f.Origin
		}
	}
	return traced{}
}

// conjunct is a condition that every row that matters satisfies. side, when not
// nil, are the only fields it says something about: in the ON of an outer join
// those of the side that is matched.
type conjunct struct {
	x    Expr
	side map[*Field]bool
}

// conjuncts notes the parts of a condition for pruning.
func (z *analyzer) conjuncts(x Expr, side []*Field) {
	if x == nil {
		return
	}
	if l, ok := x.(*Logical); ok && l.Op == "AND" {
		for _, t := range l.Terms {
			z.conjuncts(t, side)
		}
		return
	}
	c := conjunct{x: x}
	if side != nil {
		c.side = make(map[*Field]bool, len(side))
		for _, f := range side {
			c.side[f] = true
		}
	}
	z.conditions = append(z.conditions, c)
}

// onConjuncts notes what the ON of a join says.
func (z *analyzer) onConjuncts(j *Join, l, r []*Field) {
	switch j.Kind {
	case "INNER":
		z.conjuncts(j.On, nil)
	case "LEFT":
		z.conjuncts(j.On, slices.Clip(r))
	case "RIGHT":
		z.conjuncts(j.On, slices.Clip(l))
	}
	if j.Kind == "LEFT" || j.Kind == "FULL" {
		setNullable(r)
	}
	if j.Kind == "RIGHT" || j.Kind == "FULL" {
		setNullable(l)
	}
}

func setNullable(fields []*Field) {
	for _, f := range fields {
		f.nullable = true
	}
}

// maxSides bounds how many tables below set operations one condition is given to.
const maxSides = 256

// prune gives the conditions found to the tables they are about.
func (z *analyzer) prune() {
	for _, c := range z.conditions {
		budget := maxSides
		z.distribute(c, nil, &budget)
	}
}

// distribute gives a condition to the table that all its columns come from, or
// to those on both sides of a set operation that they come from.
func (z *analyzer) distribute(c conjunct, side sides, budget *int) {
	if *budget--; *budget < 0 {
		return
	}
	t, ok := z.about(c, side)
	if t.at != nil {
		for i := range 2 {
			deeper := maps.Clone(side)
			if deeper == nil {
				deeper = sides{}
			}
			deeper[t.at] = i
			z.distribute(c, deeper, budget)
		}
		return
	}
	if !ok {
		return
	}
	e := &z.a.evaluator
	if t.nullable {
		// A row that an outer join made has nulls here. The condition may only
		// be moved before the join if it drops such rows.
		e.column = func(f *Field) (Constant, bool) { return nullOf(f.Type), true }
		v, known := e.eval(c.x)
		e.column = nil
		if !known || v.isTrue() {
			return
		}
	}
	t.use.conditions = append(t.use.conditions, condition{c.x, side})
	z.side = side
	t.use.Predicates = append(t.use.Predicates, z.predicates(c.x)...)
	z.side = nil
}

// about finds the one table that a condition speaks of. ok is false when there
// is none, or the condition holds more than its columns and constants. t.at is
// set when a set operation's side has to be chosen first.
func (z *analyzer) about(c conjunct, side sides) (t traced, ok bool) {
	ok = true
	Walk(c.x, func(x Expr) bool {
		if !ok || t.at != nil {
			return false
		}
		r := z.a.refs[x]
		if r == nil {
			ok = subquery(x) == nil
			return ok
		}
		if r.Field == nil {
			return false // a lambda's parameter
		}
		f := traceField(r.Field, side)
		switch {
		case r.Depth > 0, c.side != nil && !c.side[r.Field]:
			ok = false
		case f.at != nil:
			t.at = f.at
		case f.use == nil, t.use != nil && t.use != f.use:
			ok = false
		default:
			t.use, t.nullable = f.use, t.nullable || f.nullable
		}
		return false
	})
	if !ok {
		t.at = nil
	}
	return t, ok && t.use != nil
}

// predicates are the ranges that a condition on one table's columns confines
// them to.
func (z *analyzer) predicates(x Expr) []Predicate {
	switch x := x.(type) {
	case *Logical:
		if x.Op == "AND" {
			var out []Predicate
			for _, t := range x.Terms {
				out = append(out, z.predicates(t)...)
			}
			return out
		}
		return z.union(x.Terms)
	case *Binary:
		if p := z.comparison(x.L, x.Op, x.R); p != nil {
			return p
		}
		flipped := map[string]string{"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
		return z.comparison(x.R, flipped[x.Op], x.L)
	case *Between:
		if x.Not || x.Sym {
			return nil
		}
		lo, hi := z.comparison(x.X, ">=", x.Low), z.comparison(x.X, "<=", x.High)
		if lo == nil || hi == nil || len(lo[0].Ranges) == 0 || len(hi[0].Ranges) == 0 {
			return append(lo, hi...)
		}
		lo[0].Ranges[0].High, lo[0].Ranges[0].HighInclusive = hi[0].Ranges[0].High, true
		return lo
	case *In:
		if x.Not || x.Q != nil {
			return nil
		}
		var out []Predicate
		for i, item := range x.List {
			p := z.comparison(x.X, "=", item)
			if p == nil {
				return nil
			}
			if i == 0 {
				out = p
			} else {
				out[0].Ranges = append(out[0].Ranges, p[0].Ranges...)
			}
		}
		return out
	case *Is:
		column, ok := z.columnOf(x.X)
		if !ok || x.What != "NULL" {
			return nil
		}
		if x.Not {
			return []Predicate{{Column: column, Ranges: []Range{{}}}}
		}
		return []Predicate{{Column: column, NullOK: true}}
	case *Like:
		return z.prefix(x)
	}
	return nil
}

// columnOf returns the table column that an expression is, if its coercion
// keeps the order of values.
func (z *analyzer) columnOf(x Expr) (int, bool) {
	r := z.a.refs[x]
	if r == nil || r.Field == nil {
		return 0, false
	}
	t := traceField(r.Field, z.side)
	if t.use == nil || !t.use.Schema.Columns[t.column].Type.Equal(r.Field.Type) {
		return 0, false
	}
	from, to := r.Field.Type, z.a.UsedType(x)
	switch {
	case from.Kind == to.Kind && from.Kind != KindChar, from.IsInteger() && to.IsNumeric() && to.Kind != KindReal, from.Kind == KindDate && to.Kind == KindTimestamp:
		return t.column, true
	}
	return 0, false
}

// comparison is the predicate of column op constant, nil when it is not one.
func (z *analyzer) comparison(x Expr, op string, y Expr) []Predicate {
	column, ok := z.columnOf(x)
	if !ok || op == "" {
		return nil
	}
	c, ok := z.a.evaluator.eval(y)
	if !ok {
		return nil
	}
	p := Predicate{Column: column}
	if c.Null {
		return []Predicate{p} // never true
	}
	switch op {
	case "=":
		p.Ranges = []Range{{Low: &c, High: &c, LowInclusive: true, HighInclusive: true}}
	case "<>":
		p.Ranges = []Range{{High: &c}, {Low: &c}}
	case "<", "<=":
		p.Ranges = []Range{{High: &c, HighInclusive: op == "<="}}
	case ">", ">=":
		p.Ranges = []Range{{Low: &c, LowInclusive: op == ">="}}
	default:
		return nil
	}
	return []Predicate{p}
}

// union is what terms joined by OR say about the columns that all of them
// confine.
func (z *analyzer) union(terms []Expr) []Predicate {
	var out []Predicate
	for i, t := range terms {
		ps := z.predicates(t)
		if i == 0 {
			for _, p := range ps {
				if !slices.ContainsFunc(out, func(q Predicate) bool { return q.Column == p.Column }) {
					out = append(out, p)
				}
			}
			continue
		}
		keep := out[:0]
		for _, q := range out {
			j := slices.IndexFunc(ps, func(p Predicate) bool { return p.Column == q.Column })
			if j < 0 {
				continue
			}
			q.Ranges = append(q.Ranges, ps[j].Ranges...)
			q.NullOK = q.NullOK || ps[j].NullOK
			keep = append(keep, q)
		}
		out = keep
	}
	return out
}

// prefix is the range of the texts that begin as a LIKE pattern does.
func (z *analyzer) prefix(x *Like) []Predicate {
	column, ok := z.columnOf(x.X)
	if !ok || x.Not || x.Esc != nil || z.a.types[x.X].Kind != KindVarchar {
		return nil
	}
	c, ok := z.a.evaluator.eval(x.Pattern)
	if !ok || c.Null {
		return nil
	}
	n := 0
	for n < len(c.Text) && c.Text[n] != '%' && c.Text[n] != '_' {
		n++
	}
	low := Constant{Type: Varchar, Text: c.Text[:n]}
	r := Range{Low: &low, LowInclusive: true}
	if n == len(c.Text) {
		r.High, r.HighInclusive = &low, true
	} else if n == 0 {
		return nil
	} else if last := low.Text[n-1]; last < 0x7f {
		r.High = &Constant{Type: Varchar, Text: low.Text[:n-1] + string(rune(last+1))}
	}
	return []Predicate{{Column: column, Ranges: []Range{r}}}
}

// Contains tells whether a value satisfies the predicate; true when that is not
// known.
func (p Predicate) Contains(c Constant) bool {
	if c.Null {
		return p.NullOK
	}
	for _, r := range p.Ranges {
		if r.contains(c) {
			return true
		}
	}
	return false
}

func (r Range) contains(c Constant) bool {
	for _, end := range []struct {
		at        *Constant
		inclusive bool
		sign      int
	}{{r.Low, r.LowInclusive, 1}, {r.High, r.HighInclusive, -1}} {
		if end.at == nil {
			continue
		}
		v := c
		if v.Type.Kind != end.at.Type.Kind && !v.Type.IsNumeric() {
			var ok bool
			if v, ok = castConstant(c, end.at.Type); !ok {
				continue
			}
		}
		if order, ok := compareConstants(v, *end.at); ok && (order*end.sign < 0 || order == 0 && !end.inclusive) {
			return false
		}
	}
	return true
}
