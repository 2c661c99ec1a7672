package trinosql

import "strings"

// FormatExpr writes an expression in Trino's syntax, every operation in
// parentheses, as Trino's messages quote expressions: "(a + 1)". Subqueries are
// abbreviated to (SELECT ...), and very long texts are cut.
func FormatExpr(x Expr) string {
	f := formatter{}
	f.expr(x)
	return f.b.String()
}

// maxFormatted bounds the text of an expression in a message.
const maxFormatted = 2000

type formatter struct {
	b   strings.Builder
	cut bool
}

func (f *formatter) s(parts ...string) {
	for _, p := range parts {
		if f.b.Len()+len(p) > maxFormatted {
			if !f.cut {
				f.cut = true
				f.b.WriteString("...")
			}
			return
		}
		f.b.WriteString(p)
	}
}

func (f *formatter) list(xs []Expr, sep string) {
	for i, x := range xs {
		if i > 0 {
			f.s(sep)
		}
		f.expr(x)
	}
}

func (f *formatter) name(n Name) {
	if n.Quoted || !isPlainName(strings.ToLower(n.Text)) {
		f.s(QuoteNameAlways(n.Text))
	} else {
		f.s(n.Text)
	}
}

func not(b bool) string {
	if b {
		return "NOT "
	}
	return ""
}

func (f *formatter) expr(x Expr) {
	if f.cut {
		return
	}
	switch x := x.(type) {
	case *ColumnRef:
		f.name(x.Name)
	case *Deref:
		f.expr(x.Base)
		f.s(".")
		f.name(x.Field)
	case *Literal:
		switch x.Kind {
		case StringLiteral:
			f.s(QuoteString(x.Val))
		case BinaryLiteral:
			f.s("X'", x.Val, "'")
		case DecimalLiteral:
			f.s("DECIMAL '", x.Val, "'")
		case NullLiteral:
			f.s("null")
		default:
			f.s(x.Val)
		}
	case *TypedLiteral:
		f.s(strings.ToUpper(x.Type), " ", QuoteString(x.Val))
	case *IntervalLit:
		f.s("INTERVAL ")
		if x.Neg {
			f.s("- ")
		}
		f.s(QuoteString(x.Val), " ", x.From)
		if x.To != "" {
			f.s(" TO ", x.To)
		}
	case *Unary:
		if x.Op == "NOT" {
			f.s("(NOT ")
			f.expr(x.X)
			f.s(")")
			return
		}
		f.s(x.Op)
		f.expr(x.X)
	case *Logical:
		f.s("(")
		f.list(x.Terms, " "+x.Op+" ")
		f.s(")")
	case *Binary:
		if x.Op == "||" {
			f.s("concat(")
			f.list([]Expr{x.L, x.R}, ", ")
			f.s(")")
			return
		}
		f.s("(")
		f.list([]Expr{x.L, x.R}, " "+x.Op+" ")
		f.s(")")
	case *Quantified:
		f.s("(")
		f.expr(x.L)
		f.s(" ", x.Op, " ", x.Quant, " (SELECT ...))")
	case *Between:
		f.s("(")
		f.expr(x.X)
		f.s(" ", not(x.Not), "BETWEEN ")
		f.list([]Expr{x.Low, x.High}, " AND ")
		f.s(")")
	case *In:
		f.s("(")
		f.expr(x.X)
		f.s(" ", not(x.Not), "IN (")
		if x.Q != nil {
			f.s("SELECT ...")
		}
		f.list(x.List, ", ")
		f.s("))")
	case *Like:
		f.s("(")
		f.expr(x.X)
		f.s(" ", not(x.Not), "LIKE ")
		f.expr(x.Pattern)
		if x.Esc != nil {
			f.s(" ESCAPE ")
			f.expr(x.Esc)
		}
		f.s(")")
	case *Is:
		f.s("(")
		f.expr(x.X)
		f.s(" IS ", not(x.Not), x.What, ")")
	case *IsDistinct:
		f.s("(")
		f.expr(x.L)
		f.s(" IS ", not(x.Not), "DISTINCT FROM ")
		f.expr(x.R)
		f.s(")")
	case *AtTimeZone:
		f.expr(x.X)
		if x.Zone == nil {
			f.s(" AT LOCAL")
			return
		}
		f.s(" AT TIME ZONE ")
		f.expr(x.Zone)
	case *Cast:
		f.s(map[bool]string{false: "CAST(", true: "TRY_CAST("}[x.Try])
		f.expr(x.X)
		f.s(" AS ", x.Type.String(), ")")
	case *Row:
		f.s("ROW (")
		f.list(x.Fields, ", ")
		f.s(")")
	case *Array:
		f.s("ARRAY[")
		f.list(x.Elems, ",")
		f.s("]")
	case *Subscript:
		f.expr(x.X)
		f.s("[")
		f.expr(x.Index)
		f.s("]")
	case *Lambda:
		f.s("(")
		for i, p := range x.Params {
			if i > 0 {
				f.s(", ")
			}
			f.name(p)
		}
		f.s(") -> ")
		f.expr(x.Body)
	case *Subquery:
		f.s("(SELECT ...)")
	case *Exists:
		f.s("(EXISTS (SELECT ...))")
	case *Case:
		f.s("(CASE")
		if x.Operand != nil {
			f.s(" ")
			f.expr(x.Operand)
		}
		for _, w := range x.Whens {
			f.s(" WHEN ")
			f.expr(w.Cond)
			f.s(" THEN ")
			f.expr(w.Result)
		}
		if x.Else != nil {
			f.s(" ELSE ")
			f.expr(x.Else)
		}
		f.s(" END)")
	case *Call:
		f.call(x)
	case *Special:
		f.s(x.Name)
		if len(x.Args) == 0 && x.Opt == "" {
			return
		}
		f.s("(")
		if x.Opt != "" {
			f.s(x.Opt, " ")
		}
		f.list(x.Args, ", ")
		f.s(")")
	case *JSONFunc:
		f.s(x.Name, "(")
		f.expr(x.Input)
		f.s(", ", QuoteString(x.Path), ")")
	case *JSONObject:
		f.s("JSON_OBJECT(...)")
	case *JSONArray:
		f.s("JSON_ARRAY(...)")
	case *Param:
		f.s("?")
	}
}

func (f *formatter) call(x *Call) {
	if x.Method != nil {
		f.expr(x.Method)
		f.s(".")
	}
	for i, n := range x.Name {
		if i > 0 {
			f.s(".")
		}
		f.name(n)
	}
	f.s("(")
	if x.Star {
		f.s("*")
	}
	if x.Distinct {
		f.s("DISTINCT ")
	}
	for i, a := range x.Args {
		if i > 0 {
			f.s(", ")
		}
		f.expr(a.X)
	}
	f.s(")")
	if x.Filter != nil {
		f.s(" FILTER (WHERE ")
		f.expr(x.Filter)
		f.s(")")
	}
	if x.Over != nil {
		f.s(" OVER (")
		if len(x.Over.Partition) > 0 {
			f.s("PARTITION BY ")
			f.list(x.Over.Partition, ", ")
		}
		if len(x.Over.OrderBy) > 0 {
			f.s(" ORDER BY ")
			for i, s := range x.Over.OrderBy {
				if i > 0 {
					f.s(", ")
				}
				f.expr(s.X)
			}
		}
		f.s(")")
	}
}
