package dialect

import (
	"encoding/hex"
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

// x writes an expression with the type it is used as.
func (e *emitter) x(x trinosql.Expr) string {
	s := e.raw(x)
	if want := e.a.Coercion(x); want != nil {
		s = e.cast(x.Pos(), s, e.a.Type(x), want, false)
	}
	return s
}

// xs writes expressions.
func (e *emitter) xs(xs []trinosql.Expr) []string {
	out := make([]string, len(xs))
	for i, x := range xs {
		out[i] = e.x(x)
	}
	return out
}

// raw writes an expression with its own type. The text stands alone: it needs
// no parentheses wherever an operand may be.
func (e *emitter) raw(x trinosql.Expr) string { return e.bound(e.keyed(e.unkeyed(x))) }

func (e *emitter) unkeyed(x trinosql.Expr) string {
	switch x := x.(type) {
	case *trinosql.ColumnRef:
		return e.reference(x)
	case *trinosql.Deref:
		return e.deref(x)
	case *trinosql.Literal:
		return e.literal(x)
	case *trinosql.TypedLiteral:
		return e.typedLiteral(x)
	case *trinosql.IntervalLit:
		return e.interval(x)
	case *trinosql.Param:
		p := e.a.Param(x)
		return e.cast(x.Pos(), e.x(p), e.a.UsedType(p), e.a.Type(x), false)
	case *trinosql.Unary:
		return e.unary(x)
	case *trinosql.Logical:
		return "(" + strings.Join(e.chain(x), " "+x.Op+" ") + ")"
	case *trinosql.Binary:
		return e.binary(x)
	case *trinosql.Quantified:
		return e.quantified(x)
	case *trinosql.Between:
		return e.between(x)
	case *trinosql.In:
		return e.in(x)
	case *trinosql.Like:
		return e.like(x)
	case *trinosql.Is:
		return e.is(x)
	case *trinosql.IsDistinct:
		return e.isDistinct(x)
	case *trinosql.AtTimeZone:
		return e.atTimeZone(x)
	case *trinosql.Cast:
		return e.cast(x.Pos(), e.x(x.X), e.a.UsedType(x.X), e.a.TypeOf(x.Type), x.Try)
	case *trinosql.Row:
		fields := make([]string, len(x.Fields))
		for i, f := range x.Fields {
			fields[i] = field(i) + " := " + e.x(f)
		}
		return "struct_pack(" + list(fields) + ")"
	case *trinosql.Array:
		return e.array(x)
	case *trinosql.Subscript:
		return e.subscript(x)
	case *trinosql.Subquery:
		return e.subquery(x)
	case *trinosql.Exists:
		if x.Unique {
			e.unsupported(x.Pos(), "UNIQUE is not supported")
		}
		return "EXISTS (" + e.query(x.Q) + ")"
	case *trinosql.Case:
		return e.caseOf(x)
	case *trinosql.Call:
		return e.call(x)
	case *trinosql.Special:
		return e.special(x)
	case *trinosql.JSONFunc:
		return e.jsonFunc(x)
	case *trinosql.JSONObject:
		return e.jsonObject(x)
	case *trinosql.JSONArray:
		return e.jsonArray(x)
	case *trinosql.Lambda:
		e.unsupported(x.Pos(), "a lambda is not supported here")
	}
	e.unsupported(x.Pos(), "this expression (%T) is not supported", x)
	return ""
}

func (e *emitter) reference(x trinosql.Expr) string {
	ref := e.a.Ref(x)
	if ref.Lambda != nil {
		return e.lambdas[ref.Lambda][ref.Param]
	}
	if e.open > 0 && ref.Depth > 0 {
		e.unsupported(x.Pos(), "a lambda that uses a column of an outer query is not supported")
	}
	f := ref.Field
	if ref.Output {
		if s, ok := e.fields[f]; ok {
			return s.sql
		}
		if f.Expr != nil {
			return e.cast(x.Pos(), e.x(f.Expr), e.a.UsedType(f.Expr), f.Type, false)
		}
	}
	return e.spell(f)
}

func (e *emitter) deref(x *trinosql.Deref) string {
	i, ok := e.a.RowField(x)
	if !ok {
		return e.reference(x)
	}
	// A field of a stored row is read without converting the whole row, so that
	// only that field is read from the file.
	if ref := e.a.Ref(x.Base); ref != nil && ref.Field != nil && !ref.Output {
		if s, ok := e.spelled(ref.Field); ok && s.stored {
			if t := e.a.Type(x.Base); t.Kind == trinosql.KindRow && t.FieldName(i) != "" {
				return e.fromStorage(s.sql+"."+ident(t.FieldName(i)), t.Elems[i])
			}
		}
	}
	return part(e.x(x.Base), i)
}

func (e *emitter) literal(x *trinosql.Literal) string {
	t := e.a.Type(x)
	switch x.Kind {
	case trinosql.NullLiteral:
		return "NULL"
	case trinosql.BooleanLiteral:
		return strings.ToLower(x.Val)
	case trinosql.StringLiteral:
		return text(x.Val)
	case trinosql.BinaryLiteral:
		b, err := hex.DecodeString(x.Val)
		if err != nil {
			e.invalid(x.Pos(), "Binary literal must contain an even number of digits")
		}
		return blob(b)
	case trinosql.IntegerLiteral:
		v, err := strconv.ParseInt(x.Val, 0, 64)
		if strings.HasPrefix(x.Val, "0") && strings.Trim(x.Val, "0123456789") == "" {
			v, err = strconv.ParseInt(x.Val, 10, 64)
		}
		if err == nil && (t.Kind == trinosql.KindInteger || t.Kind == trinosql.KindBigint) {
			return number(v, e.typ(x.Pos(), t))
		}
		if err != nil {
			e.invalid(x.Pos(), "Invalid numeric literal: %s", x.Val)
		}
	case trinosql.DoubleLiteral:
		v, err := strconv.ParseFloat(x.Val, 64)
		if err != nil {
			e.invalid(x.Pos(), "Invalid numeric literal: %s", x.Val)
		}
		return double(v)
	case trinosql.DecimalLiteral:
		return "CAST(" + text(x.Val) + " AS " + e.typ(x.Pos(), t) + ")"
	}
	e.unsupported(x.Pos(), "the literal %s of type %s is not supported", x.Val, t)
	return ""
}

// double writes a double literal.
func double(v float64) string {
	s := strconv.FormatFloat(v, 'e', -1, 64)
	if v < 0 {
		return "(" + s + ")"
	}
	return s
}

func (e *emitter) unary(x *trinosql.Unary) string {
	s, t := e.x(x.X), e.a.UsedType(x.X)
	switch x.Op {
	case "NOT":
		return "(NOT " + s + ")"
	case "+":
		return s
	}
	if l, ok := x.X.(*trinosql.Literal); ok && l.Kind == trinosql.IntegerLiteral && t.IsInteger() && constant(s) && !strings.HasPrefix(s, "CAST") {
		return "(-" + s + ")"
	}
	return "(-" + s + ")"
}

func (e *emitter) array(x *trinosql.Array) string {
	items := e.xs(x.Elems)
	t := e.a.Type(x)
	if len(items) == 0 || !hasValue(items) {
		return "CAST([" + list(items) + "] AS " + e.typ(x.Pos(), t) + ")"
	}
	return "[" + list(items) + "]"
}

func hasValue(items []string) bool {
	for _, s := range items {
		if s != "NULL" {
			return true
		}
	}
	return false
}

func (e *emitter) subscript(x *trinosql.Subscript) string {
	base, t := e.x(x.X), e.a.UsedType(x.X)
	switch t.Kind {
	case trinosql.KindRow:
		if l, ok := x.Index.(*trinosql.Literal); ok {
			if i, err := strconv.Atoi(l.Val); err == nil && i >= 1 && i <= len(t.Elems) {
				return part(base, i-1)
			}
		}
		e.unsupported(x.Pos(), "a row's subscript that is not a number literal is not supported")
	case trinosql.KindArray:
		elem := e.typ(x.Pos(), t.Elem())
		return e.expand("CASE WHEN $2 < 1 OR $2 > len($1) THEN CAST(trino_bad_subscript($2, len($1)) AS "+elem+") ELSE $1[$2] END", base, e.x(x.Index))
	case trinosql.KindMap:
		e.plainKey(x.Pos(), t)
		key := e.x(x.Index)
		return e.expand("CASE WHEN map_contains($1, $2) THEN map_extract_value($1, $2) WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN CAST("+
			e.failure("INVALID_FUNCTION_ARGUMENT", "'Key not present in map: ' || "+e.cast(x.Pos(), "$2", t.Key(), trinosql.Varchar, false))+
			" AS "+e.typ(x.Pos(), t.Elem())+") END", base, key)
	}
	e.unsupported(x.Pos(), "a subscript of %s is not supported", t)
	return ""
}

// plainKey refuses maps whose keys DuckDB does not compare as Trino.
func (e *emitter) plainKey(p trinosql.Pos, t *trinosql.Type) {
	if !plain(t.Key()) && !isFloat(t.Key()) {
		e.unsupported(p, "looking up a key of type %s is not supported", t.Key())
	}
}

func (e *emitter) subquery(x *trinosql.Subquery) string {
	t := e.a.Type(x)
	n := len(e.a.QueryFields(x.Q))
	if n == 1 {
		return "(" + e.query(x.Q) + ")"
	}
	if t.Kind != trinosql.KindRow || len(t.Elems) != n {
		e.unsupported(x.Pos(), "a subquery of several columns is not supported here")
	}
	q := e.query(x.Q)
	r := e.relation()
	fields := make([]string, n)
	for i := range fields {
		fields[i] = field(i) + " := " + r + "." + column(i)
	}
	return "(SELECT struct_pack(" + list(fields) + ") FROM (" + q + ") AS " + r + "(" + columns(n) + "))"
}

func (e *emitter) caseOf(x *trinosql.Case) string {
	t := e.a.Type(x)
	branch := func(r trinosql.Expr) string {
		s := e.x(r)
		if s == "NULL" {
			return s
		}
		return e.cast(r.Pos(), s, e.a.UsedType(r), t, false)
	}
	if x.Operand == nil {
		return e.searched(x, branch, func(w trinosql.When) string { return e.x(w.Cond) })
	}
	direct := true
	for _, w := range x.Whens {
		direct = direct && !w.Predicate && plain(e.a.UsedType(w.Cond)) && e.a.UsedType(w.Cond).Equal(e.a.UsedType(x.Operand))
		if w.Predicate {
			e.unsupported(x.Pos(), "this form of CASE is not supported")
		}
	}
	operand := e.x(x.Operand)
	if direct {
		s := "(CASE " + operand
		for _, w := range x.Whens {
			s += " WHEN " + e.x(w.Cond) + " THEN " + branch(w.Result)
		}
		return s + otherwise(x, branch) + " END)"
	}
	if !simple(operand) && hasSubquery(x) {
		e.unsupported(x.Pos(), "this form of CASE over a subquery is not supported")
	}
	ot := e.a.UsedType(x.Operand)
	return e.bind(func(v []string) string {
		return e.searched(x, branch, func(w trinosql.When) string {
			wt := e.a.UsedType(w.Cond)
			return e.compare(w.Cond.Pos(), "=", e.cast(w.Cond.Pos(), v[0], ot, wt, false), e.x(w.Cond), wt)
		})
	}, operand)
}

func (e *emitter) searched(x *trinosql.Case, branch func(trinosql.Expr) string, cond func(trinosql.When) string) string {
	s := "(CASE"
	for _, w := range x.Whens {
		s += " WHEN " + cond(w) + " THEN " + branch(w.Result)
	}
	return s + otherwise(x, branch) + " END)"
}

func otherwise(x *trinosql.Case, branch func(trinosql.Expr) string) string {
	if x.Else == nil {
		return ""
	}
	return " ELSE " + branch(x.Else)
}

// hasSubquery reports whether a branch of a CASE is likely to hold a subquery,
// which DuckDB does not allow inside a lambda.
func hasSubquery(x *trinosql.Case) bool {
	for _, w := range x.Whens {
		for _, b := range []trinosql.Expr{w.Cond, w.Result} {
			switch b.(type) {
			case *trinosql.Literal, *trinosql.TypedLiteral, *trinosql.Cast, *trinosql.Unary:
			default:
				return true
			}
		}
	}
	return false
}

func (e *emitter) like(x *trinosql.Like) string {
	subject := e.x(x.X)
	if t := e.a.UsedType(x.X); t.Kind == trinosql.KindChar {
		subject = e.orderKey(subject, t) // with its padding
	}
	s := subject + map[bool]string{true: " NOT LIKE ", false: " LIKE "}[x.Not] + e.x(x.Pattern)
	if x.Esc != nil {
		esc, ok1 := e.stringOf(x.Esc)
		pat, ok2 := e.stringOf(x.Pattern)
		if !ok1 || !ok2 {
			e.unsupported(x.Pos(), "LIKE with ESCAPE and a pattern that is not a literal is not supported")
		}
		if n := len([]rune(esc)); n != 1 {
			e.invalid(x.Esc.Pos(), "Escape string must be a single character")
		}
		r := []rune(pat)
		for i := 0; i < len(r); i++ {
			if string(r[i]) != esc {
				continue
			}
			i++
			if i == len(r) || r[i] != '%' && r[i] != '_' && string(r[i]) != esc {
				e.invalid(x.Pattern.Pos(), "Escape character must be followed by '%%', '_' or the escape character itself")
			}
		}
		s += " ESCAPE " + text(esc)
	}
	return "(" + s + ")"
}

// stringOf returns the value of a string literal.
func (e *emitter) stringOf(x trinosql.Expr) (string, bool) {
	switch x := x.(type) {
	case *trinosql.Literal:
		return x.Val, x.Kind == trinosql.StringLiteral
	case *trinosql.Param:
		return e.stringOf(e.a.Param(x))
	case *trinosql.Cast:
		if t := e.a.TypeOf(x.Type); t != nil && t.Kind == trinosql.KindVarchar && t.Precision == trinosql.Unbounded {
			return e.stringOf(x.X)
		}
	}
	return "", false
}

func (e *emitter) is(x *trinosql.Is) string {
	s, not := e.x(x.X), map[bool]string{true: " NOT", false: ""}[x.Not]
	switch x.What {
	case "NULL", "TRUE", "FALSE":
		return "(" + s + " IS" + not + " " + x.What + ")"
	case "UNKNOWN":
		return "(" + s + " IS" + not + " NULL)"
	}
	e.unsupported(x.Pos(), "IS %s is not supported", x.What)
	return ""
}

// failure writes a call that raises an error of Trino's; message is an SQL
// expression. Its type is VARCHAR: cast it to what is needed.
func (e *emitter) failure(code, message string) string {
	return "trino_fail('" + code + "', " + message + ")"
}
