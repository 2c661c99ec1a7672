package trinosql

import (
	"hash/maphash"
	"strings"
)

// sameExpr tells whether two analyzed expressions are written alike and mean
// the same columns, so that one can stand for the other.
func (z *analyzer) sameExpr(a, b Expr) bool {
	return a == b || z.hash(a) == z.hash(b) && z.equalExpr(a, b)
}

var hashSeed = maphash.MakeSeed()

// hash returns a number that same expressions share.
func (z *analyzer) hash(x Expr) uint64 {
	if h, ok := z.hashes[x]; ok {
		return h
	}
	var h maphash.Hash
	h.SetSeed(hashSeed)
	if r := z.a.refs[x]; r != nil {
		maphash.WriteComparable(&h, Ref{Field: z.refTarget(r), Lambda: r.Lambda, Param: r.Param})
	} else if subquery(x) != nil {
		maphash.WriteComparable(&h, x)
	} else {
		// Equal nodes have the same kind and the same words; what they differ in
		// beyond is left to equalExpr.
		var word string
		switch x := x.(type) {
		case *Literal:
			word = x.Val
		case *TypedLiteral:
			word = x.Val
		case *IntervalLit:
			word = x.Val
		case *Binary:
			word = x.Op
		case *Logical:
			word = x.Op
		case *Special:
			word = x.Name + x.Opt
		case *Call:
			if f := z.a.functions[x]; f != nil {
				word = f.Name
			}
		}
		h.WriteString(word)
		n := 0
		Children(x, func(c Expr) {
			n++
			maphash.WriteComparable(&h, z.hash(c))
		})
		maphash.WriteComparable(&h, n)
	}
	v := h.Sum64()
	z.hashes[x] = v
	return v
}

func (z *analyzer) equalExpr(a, b Expr) bool {
	ra, rb := z.a.refs[a], z.a.refs[b]
	if ra != nil || rb != nil {
		return ra != nil && rb != nil && z.refTarget(ra) == z.refTarget(rb) && ra.Lambda == rb.Lambda && ra.Param == rb.Param
	}
	if subquery(a) != nil || subquery(b) != nil || !z.sameNode(a, b) {
		return false
	}
	var ca, cb []Expr
	Children(a, func(x Expr) { ca = append(ca, x) })
	Children(b, func(x Expr) { cb = append(cb, x) })
	if len(ca) != len(cb) {
		return false
	}
	for i, x := range ca {
		if !z.sameExpr(x, cb[i]) {
			return false
		}
	}
	return true
}

// refTarget is the field of a reference; one to a column of the select list that
// just passes on a column of FROM means the latter.
func (z *analyzer) refTarget(r *Ref) *Field {
	if r.Output && r.Field != nil && r.Field.Origin != nil {
		return r.Field.Origin
	}
	return r.Field
}

// sameNode compares two nodes without what is inside.
func (z *analyzer) sameNode(a, b Expr) bool {
	switch a := a.(type) {
	case *Deref:
		b, ok := b.(*Deref)
		return ok && z.a.rowFields[a] == z.a.rowFields[b]
	case *Literal:
		b, ok := b.(*Literal)
		return ok && a.Kind == b.Kind && a.Val == b.Val
	case *TypedLiteral:
		b, ok := b.(*TypedLiteral)
		return ok && a.Type == b.Type && a.Val == b.Val
	case *IntervalLit:
		b, ok := b.(*IntervalLit)
		return ok && a.Neg == b.Neg && a.Val == b.Val && a.From == b.From && a.To == b.To
	case *Unary:
		b, ok := b.(*Unary)
		return ok && a.Op == b.Op
	case *Logical:
		b, ok := b.(*Logical)
		return ok && a.Op == b.Op
	case *Binary:
		b, ok := b.(*Binary)
		return ok && a.Op == b.Op
	case *Between:
		b, ok := b.(*Between)
		return ok && a.Not == b.Not && a.Sym == b.Sym
	case *In:
		b, ok := b.(*In)
		return ok && a.Not == b.Not
	case *Like:
		b, ok := b.(*Like)
		return ok && a.Not == b.Not
	case *Is:
		b, ok := b.(*Is)
		return ok && a.Not == b.Not && a.What == b.What
	case *IsDistinct:
		b, ok := b.(*IsDistinct)
		return ok && a.Not == b.Not
	case *AtTimeZone:
		_, ok := b.(*AtTimeZone)
		return ok
	case *Cast:
		b, ok := b.(*Cast)
		return ok && a.Try == b.Try && z.a.types[a].Equal(z.a.types[b])
	case *Row:
		b, ok := b.(*Row)
		return ok && z.a.types[a].Equal(z.a.types[b])
	case *Array:
		_, ok := b.(*Array)
		return ok
	case *Subscript:
		_, ok := b.(*Subscript)
		return ok
	case *Case:
		b, ok := b.(*Case)
		if !ok || len(a.Whens) != len(b.Whens) || (a.Operand == nil) != (b.Operand == nil) || (a.Else == nil) != (b.Else == nil) {
			return false
		}
		for i, w := range a.Whens {
			v := b.Whens[i]
			if w.Predicate != v.Predicate || w.Predicate && !z.sameNode(w.Cond, v.Cond) {
				return false
			}
		}
		return true
	case *Call:
		b, ok := b.(*Call)
		fa, fb := z.a.functions[a], z.a.functions[b]
		return ok && fa != nil && fb != nil && fa.Name == fb.Name && a.Star == b.Star && a.Distinct == b.Distinct &&
			a.IgnoreNulls == b.IgnoreNulls && (a.Over == nil) == (b.Over == nil) && sameFrame(a.Over, b.Over) &&
			len(a.OrderBy) == len(b.OrderBy) && sameOrder(a.OrderBy, b.OrderBy) && sameOrder(a.Within, b.Within)
	case *Special:
		b, ok := b.(*Special)
		return ok && a.Name == b.Name && a.Opt == b.Opt
	case *Param:
		b, ok := b.(*Param)
		return ok && a.N == b.N
	}
	return false
}

func sameOrder(a, b []SortItem) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		first := func(s SortItem) bool { return s.NullsFirst != nil && *s.NullsFirst }
		if a[i].Desc != b[i].Desc || first(a[i]) != first(b[i]) {
			return false
		}
	}
	return true
}

func sameFrame(a, b *Window) bool {
	if a == nil || b == nil {
		return a == b
	}
	name := func(n *Name) string {
		if n == nil {
			return ""
		}
		return strings.ToLower(n.Text)
	}
	bound := func(w *Window) string {
		if w.Frame == nil {
			return ""
		}
		s := w.Frame.Unit + " " + w.Frame.Start.Kind
		if w.Frame.End != nil {
			s += " " + w.Frame.End.Kind
		}
		return s
	}
	return name(a.Name) == name(b.Name) && name(a.Base) == name(b.Base) && len(a.Partition) == len(b.Partition) &&
		sameOrder(a.OrderBy, b.OrderBy) && bound(a) == bound(b)
}
