package dialect

import (
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

// aggregate writes an aggregate or a window function with its clauses.
func (e *emitter) aggregate(c *call) string {
	// Inside, columns are those below the grouping.
	keys := e.keys
	e.keys = nil
	s := e.aggregateOver(c)
	e.keys = keys
	if c.node.Over == nil {
		e.aggs = append(e.aggs, s)
	}
	return s
}

// agg is an aggregate's parts that DuckDB writes around its arguments.
type agg struct {
	e        *emitter
	c        *call
	distinct string // "DISTINCT " or ""
	order    string // " ORDER BY ..." or ""
	filter   []string
	over     string
}

// of writes f(args) with the call's clauses; further conditions join FILTER.
func (a *agg) of(f, args string, where ...string) string {
	s := f + "(" + a.distinct + args + a.order + ")"
	if conds := append(append([]string(nil), a.filter...), where...); len(conds) > 0 {
		s += " FILTER (WHERE " + strings.Join(conds, " AND ") + ")"
	}
	return s + a.over
}

func (e *emitter) aggregateOver(c *call) string {
	x := c.node
	a := &agg{e: e, c: c}
	var order []trinosql.SortItem
	order = append(append(order, x.OrderBy...), x.Within...)
	for i, o := range order {
		s := ", "
		if i == 0 {
			s = " ORDER BY "
		}
		a.order += s + e.orderKey(e.x(o.X), e.a.UsedType(o.X)) + direction(&order[i])
	}
	if x.Filter != nil {
		a.filter = []string{e.x(x.Filter)}
	}
	if x.Over != nil {
		a.over = " OVER (" + e.window(e.a.Window(x)) + ")"
		if c.fn.Kind == trinosql.WindowFunction {
			return e.windowFunction(c, a)
		}
	} else if c.fn.Kind == trinosql.WindowFunction {
		e.unsupported(c.pos, "%s without OVER is not supported", c.name)
	}
	if x.IgnoreNulls {
		e.unsupported(c.pos, "IGNORE NULLS with %s is not supported", c.name)
	}
	if x.Distinct {
		a.distinct = "DISTINCT "
		for _, arg := range c.args {
			if t := e.a.UsedType(arg); !naturallyDistinct(t) && c.name != "count" {
				e.unsupported(c.pos, "%s(DISTINCT) of %s is not supported", c.name, t)
			}
		}
	}
	w, ok := aggregates[c.name]
	if !ok {
		e.unsupported(c.pos, "aggregate function %s is not supported", c.name)
	}
	return w(e, c, a)
}

// window writes the inside of OVER (...).
func (e *emitter) window(w *trinosql.Window) string {
	if w.Pattern || w.Measures != nil {
		panic(stop{trinosqlUnsupported(w.Pos, "row pattern recognition")})
	}
	var parts []string
	if len(w.Partition) > 0 {
		keys := make([]string, len(w.Partition))
		for i, x := range w.Partition {
			keys[i] = e.groupKey(e.x(x), e.a.UsedType(x))
		}
		parts = append(parts, "PARTITION BY "+list(keys))
	}
	interval := false
	if len(w.OrderBy) > 0 {
		items := make([]string, len(w.OrderBy))
		for i := range w.OrderBy {
			o := &w.OrderBy[i]
			t := e.a.UsedType(o.X)
			switch t.Kind {
			case trinosql.KindDate, trinosql.KindTimestamp, trinosql.KindTimestampZone, trinosql.KindTime:
				interval = true
			}
			items[i] = e.orderKey(e.x(o.X), t) + direction(o)
		}
		parts = append(parts, "ORDER BY "+list(items))
	}
	if f := w.Frame; f != nil {
		s := f.Unit + " "
		if f.End != nil {
			s += "BETWEEN " + e.frameBound(f, f.Start, interval) + " AND " + e.frameBound(f, f.End, interval)
		} else {
			s += e.frameBound(f, f.Start, interval)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " ")
}

func (e *emitter) frameBound(f *trinosql.Frame, b *trinosql.Bound, interval bool) string {
	if b.X == nil {
		return b.Kind
	}
	s := e.x(b.X)
	if f.Unit == "RANGE" && interval {
		switch e.a.UsedType(b.X).Kind {
		case trinosql.KindIntervalDay:
			s = "to_milliseconds(" + s + ")"
		case trinosql.KindIntervalYear:
			s = "to_months(" + s + ")"
		}
	}
	return s + " " + b.Kind
}

func (e *emitter) windowFunction(c *call, a *agg) string {
	args := list(e.argList(c))
	if c.node.IgnoreNulls {
		args += " IGNORE NULLS"
	}
	s := c.name + "(" + args + ")"
	switch c.name {
	case "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "first_value", "last_value", "nth_value":
	case "ntile", "lag", "lead":
		// A negative offset is an error in Trino, and the other way in DuckDB.
		if len(c.args) > 0 {
			i := len(c.args) - 1
			if c.name != "ntile" {
				i = 1
			}
			if i < len(c.args) {
				if n, ok := literalInt(e.x(c.args[i])); !ok || n < 0 || c.name == "ntile" && n == 0 {
					e.unsupported(c.args[i].Pos(), "%s with an argument that is not a positive number literal is not supported", c.name)
				}
			}
		}
	default:
		e.unsupported(c.pos, "window function %s is not supported", c.name)
	}
	if c.node.Filter != nil || c.node.Distinct {
		e.unsupported(c.pos, "FILTER or DISTINCT with %s is not supported", c.name)
	}
	return s + a.over
}

// aggregates writes each aggregate function. An over clause is part of agg.of,
// so what surrounds it here surrounds the window as well.
var aggregates map[string]func(*emitter, *call, *agg) string

func init() {
	same := func(name string) func(*emitter, *call, *agg) string {
		return func(e *emitter, c *call, a *agg) string {
			return e.result(a.of(name, list(e.argList(c))), c.typ)
		}
	}
	finiteOnly := func(name string) func(*emitter, *call, *agg) string {
		return func(e *emitter, c *call, a *agg) string {
			return e.result(e.expand("CASE WHEN isfinite($1) THEN $1 END", a.of(name, list(e.argList(c)))), c.typ)
		}
	}
	aggregates = map[string]func(*emitter, *call, *agg) string{
		"count": func(e *emitter, c *call, a *agg) string {
			if c.node.Star || len(c.args) == 0 {
				return a.of("count", "*")
			}
			s, t := e.x(c.args[0]), e.a.UsedType(c.args[0])
			if a.distinct != "" {
				s = e.groupKey(s, t)
			}
			return a.of("count", s)
		},
		"count_if":    same("count_if"),
		"bool_and":    same("bool_and"),
		"bool_or":     same("bool_or"),
		"sum":         (*emitter).sum,
		"avg":         (*emitter).avg,
		"min":         (*emitter).minMax,
		"max":         (*emitter).minMax,
		"min_by":      (*emitter).minMaxBy,
		"max_by":      (*emitter).minMaxBy,
		"any_value":   same("any_value"),
		"array_agg":   same("array_agg"),
		"corr":        finiteOnly("corr"),
		"covar_pop":   same("covar_pop"),
		"covar_samp":  same("covar_samp"),
		"stddev_pop":  same("stddev_pop"),
		"stddev_samp": same("stddev_samp"),
		"var_pop":     same("var_pop"),
		"var_samp":    same("var_samp"),
		"kurtosis":    same("kurtosis"),
		"regr_slope":  finiteOnly("regr_slope"), "regr_intercept": finiteOnly("regr_intercept"),
		"skewness": (*emitter).skewness,
		"approx_distinct": func(e *emitter, c *call, a *agg) string {
			// Exact: DuckDB's own estimate is up to ten times worse than the 2.3 %
			// that Trino promises.
			a.distinct = "DISTINCT "
			return a.of("count", e.groupKey(e.x(c.args[0]), e.a.UsedType(c.args[0])))
		},
		"approx_percentile": (*emitter).percentile,
		"geometric_mean": func(e *emitter, c *call, a *agg) string {
			x := e.expand(functions["ln"].template, "CAST("+e.x(c.args[0])+" AS DOUBLE)")
			return e.result("exp("+a.of("avg", x)+")", c.typ)
		},
		"bitwise_and_agg": same("bit_and"),
		"bitwise_or_agg":  same("bit_or"),
		"bitwise_xor_agg": same("bit_xor"),
		"listagg":         (*emitter).listagg,
		"map_agg":         (*emitter).mapAgg,
		"multimap_agg":    (*emitter).multimapAgg,
		"map_union": func(e *emitter, c *call, a *agg) string {
			e.plainKey(c.pos, c.typ)
			m := e.x(c.args[0])
			return firstEntries(e, "list_transform(flatten("+a.of("list", "map_entries("+m+")", m+" IS NOT NULL")+"), lambda v1: struct_pack(k := v1.key, v := v1.value))")
		},
		"histogram": func(e *emitter, c *call, a *agg) string {
			e.plainKey(c.pos, c.typ)
			x := e.x(c.args[0])
			h := a.of("histogram", x, x+" IS NOT NULL")
			return "map_from_entries(list_transform(map_entries(" + h + "), lambda v1: struct_pack(k := v1.key, v := CAST(v1.value AS BIGINT))))"
		},
	}
}

// result casts an aggregate's value to Trino's type where DuckDB's may differ.
func (e *emitter) result(s string, t *trinosql.Type) string {
	switch t.Kind {
	case trinosql.KindReal, trinosql.KindBigint, trinosql.KindInteger, trinosql.KindIntervalDay, trinosql.KindIntervalYear:
		typ, _ := Type(t)
		return "CAST(" + s + " AS " + typ + ")"
	}
	return s
}

// narrow writes an argument without its coercion to a wider integer: DuckDB sums
// all of them exactly, and small ones faster.
func (e *emitter) narrow(x trinosql.Expr) string {
	if t := e.a.UsedType(x); t.IsInteger() && e.a.Type(x).IsInteger() {
		return e.raw(x)
	}
	return e.x(x)
}

func (e *emitter) sum(c *call, a *agg) string {
	t := e.a.UsedType(c.args[0])
	s := a.of("sum", e.narrow(c.args[0]))
	switch t.Kind {
	case trinosql.KindDecimal:
		// 128 bits hold more than 38 digits; below 28 digits it takes 10^10 rows to get there.
		if t.Precision < 28 {
			return s
		}
		top := "CAST('" + strings.Repeat("9", 38) + "' AS HUGEINT)"
		return e.expand("CASE WHEN abs("+unscaledSum("$1", t.Scale)+") > "+top+" THEN CAST("+
			e.failure("NUMERIC_VALUE_OUT_OF_RANGE", "'Decimal overflow'")+" AS "+decimal(38, t.Scale)+") ELSE $1 END", s)
	case trinosql.KindDouble:
		return s
	}
	return e.result(s, c.typ) // from HUGEINT, reporting overflow
}

// unscaledSum writes the digits of a sum that may have 39 of them.
func unscaledSum(x string, scale int) string {
	if scale == 0 {
		return "CAST(" + x + " AS HUGEINT)"
	}
	return "CAST(replace(CAST(" + x + " AS VARCHAR), '.', '') AS HUGEINT)"
}

func (e *emitter) avg(c *call, a *agg) string {
	t := e.a.UsedType(c.args[0])
	x := e.narrow(c.args[0])
	switch t.Kind {
	case trinosql.KindDecimal:
		sum, count := a.of("sum", x), a.of("count", x)
		n := unscaledSum(sum, t.Scale)
		if t.Scale > 0 && t.Scale <= 19 && t.Precision+t.Scale < 28 {
			n = "CAST(" + sum + " * CAST(" + pow10(t.Scale) + " AS DECIMAL(" + strconv.Itoa(t.Scale+1) + ",0)) AS HUGEINT)"
		}
		// The average of no rows is null.
		return e.expand("CASE WHEN $2 > 0 THEN "+e.quotient("$1", "$2", 38, 0, c.typ)+" END", n, "CAST("+count+" AS HUGEINT)")
	case trinosql.KindIntervalDay, trinosql.KindIntervalYear:
		typ, _ := Type(c.typ)
		return "CAST(trunc(" + a.of("avg", x) + ") AS " + typ + ")"
	}
	return e.result(a.of("avg", x), c.typ)
}

func (e *emitter) minMax(c *call, a *agg) string {
	t := e.a.UsedType(c.args[0])
	x := e.x(c.args[0])
	arg := x
	if len(c.args) == 2 {
		if a.over != "" {
			e.unsupported(c.pos, "%s with a count over a window is not supported", c.name)
		}
		n, ok := literalInt(e.x(c.args[1]))
		if !ok || n < 1 {
			e.unsupported(c.args[1].Pos(), "%s with a count that is not a positive number literal is not supported", c.name)
		}
		arg += ", " + strconv.FormatInt(n, 10)
	}
	switch {
	case t.Kind == trinosql.KindTimestampZone, t.Kind == trinosql.KindTimeZone, t.Kind == trinosql.KindChar:
		if len(c.args) == 2 {
			return a.of("arg_"+c.name, x+", "+e.orderKey(x, t)+", "+strings.TrimPrefix(arg, x+", "))
		}
		return a.of("arg_"+c.name, x+", "+e.orderKey(x, t))
	case isFloat(t) && c.name == "max" && len(c.args) == 2:
		return a.of("arg_max", x+", "+e.maxKey(x, t)+", "+strings.TrimPrefix(arg, x+", "))
	case isFloat(t):
		// NaN is the greatest here and in Trino's ordering; min() and max() of
		// Trino give NaN only when there is nothing else.
		if c.name == "max" && len(c.args) == 1 {
			return "coalesce(" + a.of("max", x, "NOT isnan("+x+")") + ", " + a.of("max", x) + ")"
		}
	case !naturallyDistinct(t):
		e.unsupported(c.pos, "%s of %s is not supported", c.name, t)
	}
	return a.of(c.name, arg)
}

// maxKey is orderKey where NaN is the least.
func (e *emitter) maxKey(x string, t *trinosql.Type) string {
	if isFloat(t) {
		return "struct_pack(a := NOT isnan(" + x + "), b := " + x + ")"
	}
	return e.orderKey(x, t)
}

func (e *emitter) minMaxBy(c *call, a *agg) string {
	f := "arg_" + strings.TrimSuffix(c.name, "_by") + "_null"
	x, y, yt := e.x(c.args[0]), e.x(c.args[1]), e.a.UsedType(c.args[1])
	key := e.orderKey(y, yt)
	if c.name == "max_by" {
		key = e.maxKey(y, yt)
	}
	if len(c.args) == 3 {
		n, ok := literalInt(e.x(c.args[2]))
		if !ok || n < 1 {
			e.unsupported(c.args[2].Pos(), "%s with a count that is not a positive number literal is not supported", c.name)
		}
		// DuckDB's n-best variant skips null values: they travel in a row.
		s := a.of("arg_"+strings.TrimSuffix(c.name, "_by"), "struct_pack(v := "+x+"), "+key+", "+strconv.FormatInt(n, 10), y+" IS NOT NULL")
		return "list_transform(" + s + ", lambda v1: v1.v)"
	}
	return a.of(f, x+", "+key, y+" IS NOT NULL")
}

// skewness is m3/m2^1.5; DuckDB's corrects for the sample, by sqrt(n(n-1))/(n-2).
func (e *emitter) skewness(c *call, a *agg) string {
	x := "CAST(" + e.x(c.args[0]) + " AS DOUBLE)"
	n := a.of("count", x)
	return e.expand("CASE WHEN $2 > 2 THEN $1 * ($2 - 2) / sqrt(CAST($2 AS DOUBLE) * ($2 - 1)) END", a.of("skewness", x), n)
}

// percentile is exact: the smallest value with at least the given share of the
// values at or below it.
func (e *emitter) percentile(c *call, a *agg) string {
	t := e.a.UsedType(c.args[0])
	x := e.x(c.args[0])
	if len(c.args) > 2 {
		e.unsupported(c.pos, "approx_percentile with weights is not supported")
	}
	shares, ok := e.numbers(c.args[1])
	if !ok {
		e.unsupported(c.args[1].Pos(), "approx_percentile with a percentage that is not a literal is not supported")
	}
	texts := make([]string, len(shares))
	for i, v := range shares {
		if !(v >= 0 && v <= 1) {
			e.invalid(c.args[1].Pos(), "Percentile must be between 0 and 1")
		}
		texts[i] = double(v)
	}
	q := texts[0]
	if c.typ.Kind == trinosql.KindArray {
		q = "[" + list(texts) + "]"
	}
	where := x + " IS NOT NULL"
	if isFloat(t) {
		where = "NOT isnan(" + x + ")"
	}
	return a.of("quantile_disc", x+", "+q, where)
}

// numbers returns the values of a number literal or of an array of them.
func (e *emitter) numbers(x trinosql.Expr) ([]float64, bool) {
	switch x := x.(type) {
	case *trinosql.Literal:
		v, err := strconv.ParseFloat(x.Val, 64)
		return []float64{v}, err == nil && x.Kind != trinosql.StringLiteral
	case *trinosql.TypedLiteral:
		v, err := strconv.ParseFloat(x.Val, 64)
		return []float64{v}, err == nil && e.a.Type(x).IsNumeric()
	case *trinosql.Cast:
		return e.numbers(x.X)
	case *trinosql.Param:
		return e.numbers(e.a.Param(x))
	case *trinosql.Array:
		var out []float64
		for _, el := range x.Elems {
			v, ok := e.numbers(el)
			if !ok || len(v) != 1 {
				return nil, false
			}
			out = append(out, v[0])
		}
		return out, len(out) > 0
	}
	return nil, false
}

func (e *emitter) listagg(c *call, a *agg) string {
	sep := "''"
	if len(c.args) > 1 {
		sep = e.x(c.args[1])
	}
	if c.node.Overflow != nil {
		e.unsupported(c.pos, "LISTAGG with ON OVERFLOW TRUNCATE is not supported")
	}
	x := e.x(c.args[0])
	return a.of("string_agg", x+", "+sep)
}

// mapAgg keeps the first value of a key.
func (e *emitter) mapAgg(c *call, a *agg) string {
	e.plainKey(c.pos, c.typ)
	k, v := e.x(c.args[0]), e.x(c.args[1])
	entries := a.of("list", "struct_pack(k := "+k+", v := "+v+")", k+" IS NOT NULL")
	return firstEntries(e, entries)
}

// firstEntries makes a map of a list of entries; of those with one key the first
// counts. Sorting keeps it near linear.
func firstEntries(e *emitter, entries string) string {
	sorted := e.expand("list_sort(list_transform($1, lambda %x, %y: struct_pack(k := %x.k, i := %y, v := %x.v)))", entries)
	return e.expand("map_from_entries(list_transform(list_filter($1, lambda %x, %y: %y = 1 OR $1[%y - 1].k <> %x.k), lambda %x: struct_pack(k := %x.k, v := %x.v)))", sorted)
}

func (e *emitter) multimapAgg(c *call, a *agg) string {
	e.plainKey(c.pos, c.typ)
	k, v := e.x(c.args[0]), e.x(c.args[1])
	entries := a.of("list", "struct_pack(k := "+k+", v := "+v+")", k+" IS NOT NULL")
	return e.expand("map_from_entries(list_transform(list_distinct(list_transform($1, lambda %x: %x.k)), lambda %y: struct_pack(k := %y, v := list_transform(list_filter($1, lambda %z: %z.k = %y), lambda %z: %z.v))))", entries)
}
