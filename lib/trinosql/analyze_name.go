package trinosql

import "strings"

// find resolves a name of one or more parts. It returns nil when nothing has
// that name, also when only a beginning of it is a column, which row reports.
func (z *analyzer) find(x Expr, name []string, sc *scope) (ref *Ref, row bool) {
	depth := 0
	for s := sc; s != nil; s = s.parent {
		if len(name) == 1 {
			if i := s.param(name[0]); i >= 0 {
				return &Ref{Lambda: s.lambda, Param: i}, false
			}
		}
		found := s.lookup(name)
		if len(found) > 1 {
			z.fail(x.Pos(), AmbiguousName, "Column '%s' is ambiguous", strings.Join(name, "."))
		}
		if len(found) == 1 {
			z.outer = append(z.outer, outerRef{x, s})
			markUsed(found[0])
			return &Ref{Field: found[0], Depth: depth, Output: s.output}, false
		}
		if s.holdsPrefix(name) {
			return nil, true
		}
		if s.query {
			depth++
		}
	}
	return nil, false
}

func (z *analyzer) refType(r *Ref, sc *scope) *Type {
	if r.Field != nil {
		return r.Field.Type
	}
	for s := sc; ; s = s.parent {
		if s.lambda == r.Lambda {
			return s.params[r.Param]
		}
	}
}

func (z *analyzer) column(x *ColumnRef, sc *scope) *Type {
	ref, _ := z.find(x, []string{x.Name.Text}, sc)
	if ref == nil {
		z.fail(x.Pos(), ColumnNotFound, "Column '%s' cannot be resolved", strings.ToLower(x.Name.Text))
	}
	z.a.refs[x] = ref
	return z.refType(ref, sc)
}

func (z *analyzer) deref(x *Deref, sc *scope) *Type {
	delete(z.a.refs, x)
	delete(z.a.rowFields, x)
	name := dottedName(x)
	if name != nil {
		ref, row := z.find(x, name, sc)
		if ref != nil {
			z.a.refs[x] = ref
			return ref.Field.Type
		}
		if !row {
			z.fail(x.Pos(), ColumnNotFound, "Column '%s' cannot be resolved", strings.ToLower(strings.Join(name, ".")))
		}
	}
	t := z.expr(x.Base, sc)
	if t.Kind != KindRow {
		z.fail(x.Base.Pos(), TypeMismatch, "Expression %s is not of type ROW", FormatExpr(x.Base))
	}
	found := -1
	for i := range t.Elems {
		if !strings.EqualFold(t.FieldName(i), x.Field.Text) {
			continue
		}
		if found >= 0 {
			z.fail(x.Field.Pos, AmbiguousName, "Ambiguous row field reference: %s", x.Field.Text)
		}
		found = i
	}
	if found < 0 {
		text := x.Field.Text
		if name != nil {
			text = strings.Join(name, ".")
		}
		z.fail(x.Pos(), ColumnNotFound, "Column '%s' cannot be resolved", strings.ToLower(text))
	}
	z.a.rowFields[x] = found
	return t.Elems[found]
}
