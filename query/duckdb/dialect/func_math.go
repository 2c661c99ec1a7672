package dialect

import (
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

const (
	nan      = "CAST('NaN' AS DOUBLE)"
	infinity = "CAST('Infinity' AS DOUBLE)"
)

func init() {
	templates(map[string]string{
		"acos":    "CASE WHEN $1 BETWEEN -1 AND 1 THEN acos($1) WHEN $1 IS NOT NULL THEN " + nan + " END",
		"asin":    "CASE WHEN $1 BETWEEN -1 AND 1 THEN asin($1) WHEN $1 IS NOT NULL THEN " + nan + " END",
		"atan":    "atan($1)",
		"atan2":   "atan2($1, $2)",
		"cbrt":    "cbrt($1)",
		"cosh":    "cosh($1)",
		"sinh":    "sinh($1)",
		"tanh":    "tanh($1)",
		"cos":     "CASE WHEN isinf($1) THEN " + nan + " ELSE cos($1) END",
		"sin":     "CASE WHEN isinf($1) THEN " + nan + " ELSE sin($1) END",
		"tan":     "CASE WHEN isinf($1) THEN " + nan + " ELSE tan($1) END",
		"degrees": "degrees($1)",
		"radians": "radians($1)",
		"e":       "exp(1e0)",
		"pi":      "pi()",
		"nan":     nan, "infinity": infinity,
		"exp":   "exp($1)",
		"ln":    "CASE WHEN $1 > 0 THEN ln($1) WHEN $1 = 0 THEN -" + infinity + " WHEN $1 IS NOT NULL THEN " + nan + " END",
		"log10": "CASE WHEN $1 > 0 THEN log10($1) WHEN $1 = 0 THEN -" + infinity + " WHEN $1 IS NOT NULL THEN " + nan + " END",
		"log2":  "CASE WHEN $1 > 0 THEN log2($1) WHEN $1 = 0 THEN -" + infinity + " WHEN $1 IS NOT NULL THEN " + nan + " END",
		"log":   "trino_log($1, $2)",
		"sqrt":  "CASE WHEN $1 >= 0 THEN sqrt($1) WHEN $1 IS NOT NULL THEN " + nan + " END",
		"power": "trino_power($1, $2)",

		"bitwise_and": "($1 & $2)", "bitwise_or": "($1 | $2)", "bitwise_xor": "xor($1, $2)", "bitwise_not": "(~$1)",
		"bit_count": "trino_bit_count($1, $2)",
		"from_base": "trino_from_base($1, $2)", "to_base": "trino_to_base($1, $2)",

		"normal_cdf": "trino_normal_cdf($1, $2, $3)", "inverse_normal_cdf": "trino_inverse_normal_cdf($1, $2, $3)",
		"wilson_interval_lower": "trino_wilson($1, $2, $3, CAST(-1 AS DOUBLE))",
		"wilson_interval_upper": "trino_wilson($1, $2, $3, CAST(1 AS DOUBLE))",
	})
	whole := func(f string) func(*emitter, *call) string {
		return func(e *emitter, c *call) string {
			x, t := e.arg(c, 0), e.argType(c, 0)
			switch {
			case t.IsInteger():
				return x
			case t.Kind == trinosql.KindDecimal:
				typ := e.typ(c.pos, c.typ)
				if t.Scale == 0 {
					return x
				}
				return "CAST(" + f + "(" + x + ") AS " + typ + ")"
			}
			return f + "(" + x + ")"
		}
	}
	shift := func(f string) func(*emitter, *call) string {
		return func(e *emitter, c *call) string {
			bits := map[trinosql.Kind]string{trinosql.KindTinyint: "8", trinosql.KindSmallint: "16", trinosql.KindInteger: "32", trinosql.KindBigint: "64"}[e.argType(c, 0).Kind]
			return "CAST(" + f + "(CAST(" + e.arg(c, 0) + " AS BIGINT), CAST(" + e.arg(c, 1) + " AS BIGINT), " + bits + ") AS " + e.typ(c.pos, c.typ) + ")"
		}
	}
	special := func(f string) func(*emitter, *call) string {
		return func(e *emitter, c *call) string {
			x := e.arg(c, 0)
			if isFloat(e.argType(c, 0)) {
				return f + "(" + x + ")"
			}
			return e.expand("CASE WHEN $1 IS NOT NULL THEN "+map[bool]string{true: "true", false: "false"}[f == "isfinite"]+" END", x)
		}
	}
	writers(map[string]func(*emitter, *call) string{
		"abs":     func(e *emitter, c *call) string { return "abs(" + e.arg(c, 0) + ")" },
		"ceiling": whole("ceil"), "floor": whole("floor"),
		"is_nan": special("isnan"), "is_finite": special("isfinite"), "is_infinite": special("isinf"),
		"sign": func(e *emitter, c *call) string {
			x, t := e.arg(c, 0), e.argType(c, 0)
			if isFloat(t) {
				return e.expand("CASE WHEN isnan($1) THEN $1 ELSE CAST(sign($1) AS "+e.typ(c.pos, t)+") END", x)
			}
			return "CAST(sign(" + x + ") AS " + e.typ(c.pos, c.typ) + ")"
		},
		"mod": func(e *emitter, c *call) string {
			return e.arithmetic(c.pos, "%", e.arg(c, 0), e.arg(c, 1), e.argType(c, 0), e.argType(c, 1), c.typ)
		},
		"round":                          (*emitter).round,
		"truncate":                       (*emitter).truncate,
		"random":                         (*emitter).random,
		"bitwise_left_shift":             shift("trino_left_shift"),
		"bitwise_right_shift":            shift("trino_right_shift"),
		"bitwise_right_shift_arithmetic": shift("trino_right_shift_arithmetic"),
		"width_bucket": func(e *emitter, c *call) string {
			if len(c.args) == 2 {
				return e.expand("CASE WHEN trino_check_bins($1, $2) THEN CAST(len(list_filter($2, lambda %x: %x <= $1)) AS BIGINT) END", e.argList(c)...)
			}
			return "trino_width_bucket(" + list(e.argList(c)) + ")"
		},
		"cosine_similarity":  vectors("trino_cosine_similarity"),
		"cosine_distance":    vectors("1 - trino_cosine_similarity"),
		"dot_product":        vectors("trino_dot_product"),
		"euclidean_distance": vectors("trino_euclidean_distance"),
	})
}

// vectors writes a function of two arrays of doubles.
func vectors(f string) func(*emitter, *call) string {
	return func(e *emitter, c *call) string {
		if e.argType(c, 0).Kind != trinosql.KindArray {
			e.unsupported(c.pos, "%s of maps is not supported", c.name)
		}
		return "(" + f + "(" + list(e.argList(c)) + "))"
	}
}

func (e *emitter) round(c *call) string {
	args, t := e.argList(c), e.argType(c, 0)
	switch {
	case t.IsInteger():
		if len(args) == 1 {
			return args[0]
		}
		bits := map[trinosql.Kind]string{trinosql.KindTinyint: "8", trinosql.KindSmallint: "16", trinosql.KindInteger: "32", trinosql.KindBigint: "64"}[t.Kind]
		return "CAST(trino_round_bigint(CAST(" + args[0] + " AS BIGINT), CAST(" + args[1] + " AS BIGINT), " + bits + ") AS " + e.typ(c.pos, t) + ")"
	case isFloat(t):
		if len(args) == 1 {
			return "round(" + args[0] + ")"
		}
		if t.Kind == trinosql.KindReal {
			return "CAST(trino_round_real(CAST(" + args[0] + " AS DOUBLE), CAST(" + args[1] + " AS BIGINT)) AS FLOAT)"
		}
		return "trino_round_double(" + args[0] + ", CAST(" + args[1] + " AS BIGINT))"
	}
	n := int64(0)
	if len(args) == 2 {
		var ok bool
		if n, ok = literalInt(args[1]); !ok {
			e.unsupported(c.args[1].Pos(), "round of a decimal to digits that are not a number literal is not supported")
		}
	}
	return e.cutDecimal(args[0], t, c.typ, n, "round")
}

// cutDecimal rounds or truncates a decimal to n digits after the point.
func (e *emitter) cutDecimal(x string, t, to *trinosql.Type, n int64, how string) string {
	typ, _ := Type(to)
	if n >= int64(t.Scale) {
		return "CAST(" + x + " AS " + typ + ")"
	}
	if n >= 0 && how == "round" { // DuckDB's cast rounds halves away from zero
		return "CAST(CAST(" + x + " AS " + decimal(min(38, t.Precision-t.Scale+int(n)+1), int(n)) + ") AS " + typ + ")"
	}
	drop := int64(t.Scale) - n
	if drop > 38 {
		return e.expand("CASE WHEN $1 IS NOT NULL THEN CAST(0 AS "+typ+") END", x)
	}
	unit := "CAST(" + pow10(int(drop)) + " AS HUGEINT)"
	q := "($1 // " + unit + ")"
	if how == "round" {
		q = "($1 // " + unit + " + CASE WHEN abs($1 % " + unit + ") >= " + unit + " // 2 THEN sign($1) ELSE 0 END)"
	}
	digits := e.expand(q, unscaled(x, t))
	if back := int64(to.Scale) - n; back > 0 {
		digits = "(" + digits + " * CAST(" + pow10(int(back)) + " AS HUGEINT))"
	}
	return scaled(digits, to)
}

func (e *emitter) truncate(c *call) string {
	args, t := e.argList(c), e.argType(c, 0)
	if isFloat(t) {
		return "trunc(" + args[0] + ")"
	}
	n := int64(0)
	if len(args) == 2 {
		var ok bool
		if n, ok = literalInt(args[1]); !ok {
			e.unsupported(c.args[1].Pos(), "truncate of a decimal to digits that are not a number literal is not supported")
		}
	}
	return e.cutDecimal(args[0], t, c.typ, n, "truncate")
}

func (e *emitter) random(c *call) string {
	args := e.argList(c)
	if len(args) == 0 {
		return "random()"
	}
	typ := e.typ(c.pos, c.typ)
	var bounds []int64
	for i, a := range args {
		n, ok := literalInt(a)
		if !ok {
			e.unsupported(c.args[i].Pos(), "random with a bound that is not a number literal is not supported")
		}
		bounds = append(bounds, n)
	}
	lo, hi := int64(0), bounds[0]
	if len(bounds) == 2 {
		lo, hi = bounds[0], bounds[1]
	}
	if hi <= lo {
		if len(bounds) == 1 {
			e.invalid(c.pos, "bound must be positive")
		}
		e.invalid(c.pos, "start value must be less than stop value")
	}
	span := strconv.FormatUint(uint64(hi)-uint64(lo), 10)
	return "CAST(" + number(lo, "HUGEINT") + " + CAST(floor(random() * CAST(" + span + " AS DOUBLE)) AS HUGEINT) AS " + typ + ")"
}

// conditional forms
func init() {
	extreme := func(op string) func(*emitter, *call) string {
		return func(e *emitter, c *call) string { return e.extreme(c, op) }
	}
	writers(map[string]func(*emitter, *call) string{
		"coalesce": func(e *emitter, c *call) string {
			return "coalesce(" + list(e.xs(c.args)) + ")"
		},
		"if": func(e *emitter, c *call) string {
			s := "(CASE WHEN " + e.x(c.args[0]) + " THEN " + e.x(c.args[1])
			if len(c.args) == 3 {
				s += " ELSE " + e.x(c.args[2])
			}
			return s + " END)"
		},
		"nullif": (*emitter).nullif,
		"try": func(e *emitter, c *call) string {
			if s := e.tryRoot(c); s != "" {
				return s
			}
			e.try++
			s := e.x(c.args[0])
			e.try--
			if simple(s) {
				return s
			}
			return e.tried(s)
		},
		"greatest": extreme(">"),
		"least":    extreme("<"),
		"typeof": func(e *emitter, c *call) string {
			return text(e.a.Type(c.args[0]).String())
		},
		"uuid":             func(e *emitter, c *call) string { return "uuid()" },
		"version":          func(e *emitter, c *call) string { return "'lethe'" },
		"current_timezone": func(e *emitter, c *call) string { return e.zone },
		"fail": func(e *emitter, c *call) string {
			if e.try > 0 {
				e.unsupported(c.pos, "fail inside TRY is not supported")
			}
			return e.failure("GENERIC_USER_ERROR", e.arg(c, len(c.args)-1))
		},
	})
}

// tryRoot writes TRY of a cast or of a division of plain columns without raising
// errors; "" for others.
func (e *emitter) tryRoot(c *call) string {
	x := c.args[0]
	if e.a.Coercion(x) != nil {
		return ""
	}
	switch x := x.(type) {
	case *trinosql.Cast:
		if s := e.x(x.X); simple(s) {
			return e.cast(x.Pos(), s, e.a.UsedType(x.X), e.a.TypeOf(x.Type), true)
		}
	case *trinosql.Binary:
		if x.Op != "/" && x.Op != "%" || !e.a.Type(x).IsInteger() {
			return ""
		}
		if l, r := e.x(x.L), e.x(x.R); simple(l) && simple(r) && e.a.Type(x).Kind != trinosql.KindUnknown {
			// DuckDB's own quotient is null where the divisor is zero.
			return "TRY(" + l + map[string]string{"/": " // ", "%": " % "}[x.Op] + r + ")"
		}
	}
	return ""
}

func (e *emitter) nullif(c *call) string {
	t := e.a.Type(c.args[0])
	other := e.a.UsedType(c.args[1])
	used := e.a.UsedType(c.args[0])
	x := e.raw(c.args[0])
	if t.Kind == trinosql.KindUnknown {
		return "NULL"
	}
	if other.Kind == trinosql.KindUnknown {
		return x
	}
	return e.bind(func(v []string) string {
		return "CASE WHEN " + e.compare(c.pos, "=", e.cast(c.pos, v[0], t, used, false), v[1], used) + " THEN NULL ELSE " + v[0] + " END"
	}, x, e.x(c.args[1]))
}

// extreme writes greatest and least, which are null when any argument is.
func (e *emitter) extreme(c *call, op string) string {
	args, t := e.xs(c.args), c.typ
	for i := range args {
		if args[i] == "NULL" {
			return "CAST(NULL AS " + e.typ(c.pos, t) + ")"
		}
	}
	if len(args) == 1 {
		return args[0]
	}
	f := "greatest"
	if op == "<" {
		f = "least"
	}
	switch {
	case plain(t):
	case isFloat(t):
	case hasFloat(t):
		e.unsupported(c.pos, "%s of %s is not supported", c.name, t)
	default:
		return e.bind(func(v []string) string {
			s := v[0]
			for _, x := range v[1:] {
				s = "CASE WHEN " + e.compare(c.pos, op, x, s, t) + " THEN " + x + " ELSE " + s + " END"
			}
			return "CASE WHEN " + strings.Join(v, " IS NOT NULL AND ") + " IS NOT NULL THEN " + s + " END"
		}, args...)
	}
	return e.bind(func(v []string) string {
		s := f + "(" + list(v) + ")"
		if op == ">" && isFloat(t) {
			// NaN counts only where there is nothing else. In DuckDB it is the
			// greatest, and nulls do not count.
			numbers := make([]string, len(v))
			for i, x := range v {
				numbers[i] = x
				if !finite(x) {
					numbers[i] = "CASE WHEN NOT isnan(" + x + ") THEN " + x + " END"
				}
			}
			s = "coalesce(" + f + "(" + list(numbers) + "), " + v[0] + ")"
		}
		return "CASE WHEN " + strings.Join(v, " IS NOT NULL AND ") + " IS NOT NULL THEN " + s + " END"
	}, args...)
}

// hasFloat reports whether values of t may hold NaN.
func hasFloat(t *trinosql.Type) bool {
	for _, el := range t.Elems {
		if hasFloat(el) {
			return true
		}
	}
	return isFloat(t)
}
