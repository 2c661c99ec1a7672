package dialect

import (
	"math/big"
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

func (e *emitter) binary(x *trinosql.Binary) string {
	switch x.Op {
	case "=", "<>", "!=", "<", "<=", ">", ">=":
		op := x.Op
		if op == "!=" {
			op = "<>"
		}
		t := e.a.UsedType(x.L)
		if t.Kind == trinosql.KindUnknown {
			t = e.a.UsedType(x.R)
		}
		return e.compare(x.Pos(), op, e.x(x.L), e.x(x.R), t)
	case "||":
		return e.concat(x.Pos(), []trinosql.Expr{x.L, x.R}, e.a.Type(x))
	}
	l, r := e.x(x.L), e.x(x.R)
	lt, rt, t := e.a.UsedType(x.L), e.a.UsedType(x.R), e.a.Type(x)
	return e.arithmetic(x.Pos(), x.Op, l, r, lt, rt, t)
}

// arithmetic writes l op r where op is + - * / or %.
func (e *emitter) arithmetic(p trinosql.Pos, op, l, r string, lt, rt, t *trinosql.Type) string {
	switch {
	case t.Kind == trinosql.KindUnknown || lt.Kind == trinosql.KindUnknown || rt.Kind == trinosql.KindUnknown:
		return "CAST(NULL AS " + e.typ(p, t) + ")"
	case t.IsInteger():
		return e.integers(op, l, r, t)
	case isFloat(t) && isFloat(lt) && isFloat(rt):
		return "(" + l + " " + op + " " + r + ")"
	case t.Kind == trinosql.KindDecimal:
		return e.decimals(p, op, l, r, lt, rt, t)
	}
	if s := e.timeArithmetic(p, op, l, r, lt, rt); s != "" {
		return s
	}
	e.unsupported(p, "%s %s %s is not supported", lt, op, rt)
	return ""
}

func (e *emitter) integers(op, l, r string, t *trinosql.Type) string {
	native := op
	switch op {
	case "+", "-", "*":
		// DuckDB reports overflow as Trino does.
		return "(" + l + " " + op + " " + r + ")"
	case "/":
		native = "//"
	}
	if nonzero(r) {
		return "(" + l + " " + native + " " + r + ")"
	}
	typ, _ := Type(t)
	return e.expand("CASE WHEN $2 = 0 AND $1 IS NOT NULL THEN CAST("+e.failure("DIVISION_BY_ZERO", "'Division by zero'")+" AS "+typ+") ELSE $1 "+native+" $2 END", l, r)
}

// nonzero reports whether x is a number literal other than zero.
func nonzero(x string) bool {
	return finite(x) && strings.ContainsAny(beforeType(x), "123456789")
}

// beforeType returns the digits of a literal, without the CAST around it.
func beforeType(x string) string {
	x = strings.TrimPrefix(x, "CAST(")
	if i := strings.Index(x, " AS "); i >= 0 {
		x = x[:i]
	}
	return x
}

// decimals writes arithmetic of decimals with Trino's result type.
//
// DuckDB adds and multiplies decimals of up to 18 digits in 64 bits, ten times
// faster than in 128, and reports an overflow when the result has more. Where
// Trino's result type is wider, the fast form is written first and the wide one
// kept for the rare statement that overflows (see Statement.Wide).
func (e *emitter) decimals(p trinosql.Pos, op, l, r string, lt, rt, t *trinosql.Type) string {
	if lt.Kind != trinosql.KindDecimal || rt.Kind != trinosql.KindDecimal {
		e.unsupported(p, "%s %s %s is not supported", lt, op, rt)
	}
	switch op {
	case "+", "-", "*":
		if lt.Precision <= 18 && rt.Precision <= 18 && t.Precision > 18 {
			if e.wide || e.try > 0 || op == "*" && lt.Scale+rt.Scale > 12 {
				l = "CAST(" + l + " AS " + decimal(max(lt.Precision, 19), lt.Scale) + ")"
			} else {
				e.narrowed = true
			}
		}
		return "(" + l + " " + op + " " + r + ")"
	case "%":
		if nonzero(r) {
			return "(" + l + " % " + r + ")"
		}
		return e.expand("CASE WHEN $2 = 0 AND $1 IS NOT NULL THEN CAST("+e.failure("DIVISION_BY_ZERO", "'Division by zero'")+" AS "+decimal(t.Precision, t.Scale)+") ELSE $1 % $2 END", l, r)
	}
	return e.divideDecimals(p, l, r, lt, rt, t)
}

// divideDecimals writes the quotient of two decimals rounded half up, away from
// zero, at the result's scale.
func (e *emitter) divideDecimals(p trinosql.Pos, l, r string, lt, rt, t *trinosql.Type) string {
	if s := e.divideNarrow(l, r, lt, rt, t); s != "" {
		return s
	}
	// l/10^ls / (r/10^rs) = q/10^s  with  q = l * 10^(s - ls + rs) / r
	shift := t.Scale - lt.Scale + rt.Scale
	return e.quotient(unscaled(l, lt), unscaled(r, rt), lt.Precision, shift, t)
}

// divideNarrow divides in 64 bits where the digits fit; "" where they do not.
func (e *emitter) divideNarrow(l, r string, lt, rt, t *trinosql.Type) string {
	shift := t.Scale - lt.Scale + rt.Scale
	if shift < 0 || lt.Precision+lt.Scale+shift > 18 || rt.Precision+rt.Scale > 18 || t.Precision > 18 {
		return ""
	}
	digits := func(x string, t *trinosql.Type, shift int) string {
		if n := t.Scale + shift; n > 0 {
			x = "CAST(" + x + " AS " + decimal(t.Precision, t.Scale) + ") * CAST(" + pow10(n) + " AS DECIMAL(" + strconv.Itoa(n+1) + ",0))"
		}
		return "CAST(" + x + " AS BIGINT)"
	}
	q := "CAST(CAST($1 // $2 + CASE WHEN abs($1 % $2) >= abs($2) - abs($1 % $2) THEN CASE WHEN ($1 < 0) = ($2 < 0) THEN 1 ELSE -1 END ELSE 0 END AS DECIMAL(18,0)) * CAST('" +
		fraction(t.Scale) + "' AS DECIMAL(" + strconv.Itoa(t.Scale) + "," + strconv.Itoa(t.Scale) + ")) AS " + decimal(t.Precision, t.Scale) + ")"
	if t.Scale == 0 {
		q = "CAST($1 // $2 + CASE WHEN abs($1 % $2) >= abs($2) - abs($1 % $2) THEN CASE WHEN ($1 < 0) = ($2 < 0) THEN 1 ELSE -1 END ELSE 0 END AS " + decimal(t.Precision, 0) + ")"
	}
	if !nonzero(r) {
		q = "CASE WHEN $2 = 0 AND $1 IS NOT NULL THEN CAST(" + e.failure("DIVISION_BY_ZERO", "'Division by zero'") + " AS " + decimal(t.Precision, t.Scale) + ") ELSE " + q + " END"
	}
	return e.expand(q, digits(l, lt, shift), digits(r, rt, 0))
}

// quotient writes n * 10^shift / d, for hugeints n of at most digits digits and d,
// as a decimal of type t.
func (e *emitter) quotient(n, d string, digits, shift int, t *trinosql.Type) string {
	typ := decimal(t.Precision, t.Scale)
	zero := "CAST(" + e.failure("DIVISION_BY_ZERO", "'Division by zero'") + " AS " + typ + ")"
	if shift < 0 || shift > 0 && digits+shift > 38 {
		return e.expand("CASE WHEN $2 = 0 AND $1 IS NOT NULL THEN "+zero+" ELSE "+scaled("trino_quotient($1, $2, "+strconv.Itoa(shift)+")", t)+" END", n, d)
	}
	n = times(n, shift)
	// Rounding by remainder: |2 * (n % d)| >= |d| moves q away from zero.
	q := "($1 // $2 + CASE WHEN abs($1 % $2) >= abs($2) - abs($1 % $2) THEN CASE WHEN ($1 < 0) = ($2 < 0) THEN 1 ELSE -1 END ELSE 0 END)"
	return e.expand("CASE WHEN $2 = 0 AND $1 IS NOT NULL THEN "+zero+" ELSE "+scaled(q, t)+" END", n, d)
}

// unscaled writes a decimal's digits as a hugeint.
func unscaled(x string, t *trinosql.Type) string {
	switch {
	case t.Scale == 0:
		return "CAST(" + x + " AS HUGEINT)"
	case t.Precision+t.Scale <= 38:
		return "CAST(CAST(" + x + " AS DECIMAL(38," + strconv.Itoa(t.Scale) + ")) * CAST(" + pow10(t.Scale) + " AS DECIMAL(" + strconv.Itoa(t.Scale+1) + ",0)) AS HUGEINT)"
	}
	return "CAST(replace(CAST(" + x + " AS VARCHAR), '.', '') AS HUGEINT)"
}

func times(x string, shift int) string {
	if shift == 0 {
		return x
	}
	return "(" + x + " * CAST(" + pow10(shift) + " AS HUGEINT))"
}

// scaled writes a hugeint's digits as a decimal of type t; more digits than t
// has are an overflow.
func scaled(x string, t *trinosql.Type) string {
	typ := decimal(t.Precision, t.Scale)
	if t.Scale == 0 {
		return "CAST(" + x + " AS " + typ + ")"
	}
	return "CAST(CAST(" + x + " AS DECIMAL(38,0)) * CAST('" + fraction(t.Scale) + "' AS DECIMAL(" + strconv.Itoa(t.Scale) + "," + strconv.Itoa(t.Scale) + ")) AS " + typ + ")"
}

func pow10(n int) string {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil).String()
}

// fraction is 10^-n.
func fraction(n int) string { return "0." + strings.Repeat("0", n-1) + "1" }
