package trinosql

import (
	"errors"
	"reflect"
)

// Rules narrow what a statement sees of a table. The statement sees a relation
// with the table's name that has the columns which are not hidden, the masked
// ones with other values, and the rows for which Filter is true; nothing in the
// statement can refer to what is below. An emitter makes these rows before it
// evaluates anything of the statement ([TableRef.Schema] has Rules): otherwise
// an expression that fails would tell of rows that are not seen.
//
// The expressions are over the table's own columns, hidden and masked ones
// included. They hold no queries, aggregates or window functions, and nothing
// that is not deterministic. As expressions are compared by identity, every
// schema that a [Resolver] returns has trees of its own.
type Rules struct {
	Filter Expr // nil: all rows
	// Masks are by the column's index.
	Masks map[int]Mask
}

// Mask is what is seen in place of a column: nothing if Hidden, else Value,
// which is cast to the column's type.
type Mask struct {
	Hidden bool
	Value  Expr
}

// ruled analyzes the query that stands for a table with rules: SELECT columns
// FROM table WHERE filter, in a scope of its own.
func (z *analyzer) ruled(t *Table, schema *TableSchema) []*Field {
	rules := schema.Rules
	bare := *schema
	bare.Rules = nil
	if t.Period != "" {
		z.fail(t.Pos(), NotSupported, "FOR %s AS OF is not supported for a table with rules", t.Period)
	}
	inner := &Table{relNode: t.relNode, Name: QName{{Pos: t.Pos(), Text: schema.Catalog}, {Pos: t.Pos(), Text: schema.Database}, {Pos: t.Pos(), Text: schema.Table}}}
	z.beneath[inner] = &bare
	sel := &Select{bodyNode: bodyNode{t.node}, From: []Relation{inner}, Where: rules.Filter}
	var seen []Column
	own := []Expr{rules.Filter}
	for i, c := range schema.Columns {
		mask, masked := rules.Masks[i]
		if mask.Hidden {
			continue
		}
		name := Name{Pos: t.Pos(), Text: c.Name, Quoted: true}
		it := SelectItem{Pos: t.Pos(), X: &ColumnRef{exprNode: exprNode{t.node}, Name: name}, Alias: &name}
		if masked {
			it.X = mask.Value
			own = append(own, mask.Value)
		}
		sel.Items, seen = append(sel.Items, it), append(seen, c)
	}
	invalid := func(err error) {
		e := errorf(t.Pos(), InvalidView, "The rules of table '%s' cannot be applied: %v", schemaName(schema), err)
		e.Err = err
		panic(bailout{e})
	}
	if len(seen) == 0 {
		invalid(errors.New("they hide all of its columns"))
	}
	q := &Query{node: t.node, Body: sel}
	inside := z.inside
	z.inside = 0
	var fields []*Field
	err := (&parser{}).run(func() {
		for _, x := range own {
			z.withoutQueries(x)
		}
		fields = z.query(q, nil)
		for _, x := range own {
			z.scalar(x)
		}
		for i, f := range fields {
			if want := seen[i].Type; CommonSuperType(f.Type, want) == nil {
				z.fail(sel.Items[i].X.Pos(), TypeMismatch, "Column '%s' has the type %s and cannot be masked by %s", seen[i].Name, want, f.Type)
			}
		}
	})
	if err != nil {
		var e *Error
		if errors.As(err, &e) && (e.Code == StatementTooLarge || e.Err != nil && z.ctx.Err() != nil) {
			panic(bailout{e})
		}
		invalid(err)
	}
	z.inside = inside
	z.a.tables[t] = &TableRef{Kind: ViewTable, View: q, Schema: schema}
	out := z.rename(t, fields, tableQualifier(schema), nil, schemaName(schema))
	for i := range out {
		out[i].Type, out[i].Hidden = seen[i].Type, seen[i].Hidden
	}
	return out
}

// withoutQueries refuses queries inside x.
func (z *analyzer) withoutQueries(x Expr) {
	if x == nil {
		return
	}
	Walk(x, func(x Expr) bool {
		if subquery(x) != nil {
			z.fail(x.Pos(), NotSupported, "A rule cannot contain a query")
		}
		return true
	})
}

// scalar refuses what is not computed from one row alone, the same each time.
func (z *analyzer) scalar(x Expr) {
	if x == nil {
		return
	}
	Walk(x, func(x Expr) bool {
		f := z.a.functions[x]
		c, _ := x.(*Call)
		switch {
		case f == nil:
		case f.Kind != ScalarFunction || c != nil && c.Over != nil:
			z.fail(x.Pos(), NotSupported, "A rule cannot contain aggregations or window functions: %s", f.Name)
		case !f.Deterministic:
			z.fail(x.Pos(), NotSupported, "A rule must be deterministic: %s is not", f.Name)
		}
		return true
	})
}

// Replace returns x with parts of it exchanged, from the inside: f returns what
// stands for an expression, which may be itself. The tree is changed in place.
// Queries inside x are not entered.
func Replace(x Expr, f func(Expr) Expr) Expr {
	if x == nil {
		return nil
	}
	if v := reflect.ValueOf(x); v.Kind() == reflect.Pointer {
		replaceIn(v.Elem(), f)
	}
	return f(x)
}

var (
	exprInterface = reflect.TypeFor[Expr]()
	queryPointer  = reflect.TypeFor[*Query]()
)

// replaceIn exchanges the expressions held by a part of a tree.
func replaceIn(v reflect.Value, f func(Expr) Expr) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				replaceIn(v.Field(i), f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			replaceIn(v.Index(i), f)
		}
	case reflect.Pointer:
		if !v.IsNil() && v.Type() != queryPointer {
			replaceIn(v.Elem(), f)
		}
	case reflect.Interface:
		if v.Type() == exprInterface && !v.IsNil() {
			v.Set(reflect.ValueOf(Replace(v.Interface().(Expr), f)))
		}
	}
}

// Text returns a string literal that stands where another expression stood.
func Text(at Expr, s string) *Literal { return literalAt(at, StringLiteral, s) }

// Bool returns a boolean literal that stands where another expression stood.
func Bool(at Expr, b bool) *Literal {
	if b {
		return literalAt(at, BooleanLiteral, "true")
	}
	return literalAt(at, BooleanLiteral, "false")
}

// Null returns a NULL that stands where another expression stood.
func Null(at Expr) *Literal { return literalAt(at, NullLiteral, "") }

func literalAt(at Expr, kind LiteralKind, v string) *Literal {
	l := &Literal{Kind: kind, Val: v}
	if at != nil {
		l.pos = at.Pos()
		l.start, l.end = at.Span()
	}
	return l
}
