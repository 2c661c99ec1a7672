package dialect

import (
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

// plain reports whether DuckDB's =, <, GROUP BY and hashing of values of t are
// Trino's as they are.
func plain(t *trinosql.Type) bool {
	switch t.Kind {
	case trinosql.KindReal, trinosql.KindDouble, // NaN
		trinosql.KindChar,                                 // padding
		trinosql.KindTimeZone, trinosql.KindTimestampZone, // instants
		trinosql.KindArray, trinosql.KindMap, trinosql.KindRow: // nulls inside
		return false
	}
	return true
}

// naturallyDistinct reports whether DuckDB's DISTINCT and GROUP BY tell values
// of t apart as Trino's.
func naturallyDistinct(t *trinosql.Type) bool {
	switch t.Kind {
	case trinosql.KindTimestampZone, trinosql.KindTimeZone, trinosql.KindMap:
		return false
	}
	for _, el := range t.Elems {
		if !naturallyDistinct(el) {
			return false
		}
	}
	return true
}

// groupKey writes the value by which DuckDB must group x: x itself unless equal
// values have several representations.
func (e *emitter) groupKey(x string, t *trinosql.Type) string {
	switch t.Kind {
	case trinosql.KindTimestampZone, trinosql.KindTimeZone:
		return e.instant(x, t)
	case trinosql.KindMap:
		return "map_from_entries(list_sort(map_entries(" + x + ")))"
	}
	return x
}

// orderKey writes the value by which DuckDB must sort x.
func (e *emitter) orderKey(x string, t *trinosql.Type) string {
	switch t.Kind {
	case trinosql.KindTimestampZone, trinosql.KindTimeZone:
		return e.instant(x, t)
	case trinosql.KindChar:
		return "rpad(" + x + ", " + strconv.Itoa(t.Precision) + ", ' ')"
	}
	return x
}

// instant writes the point in time of a value with a time zone, by which such
// values are compared.
func (e *emitter) instant(x string, t *trinosql.Type) string {
	dot := func(f string) string { return e.dotted(x, f) }
	switch {
	case t.Kind == trinosql.KindTimeZone:
		return "((" + dot("t") + " - CAST(" + dot("o") + " AS BIGINT) * 60000000000000 + 86400000000000000) % 86400000000000000)"
	case t.Precision <= 6:
		return dot("u")
	}
	return "struct_pack(u := " + dot("u") + ", p := " + dot("p") + ")"
}

// compare writes l op r for operands of type t; op is =, <>, <, <=, > or >=.
func (e *emitter) compare(p trinosql.Pos, op, l, r string, t *trinosql.Type) string {
	switch t.Kind {
	case trinosql.KindReal, trinosql.KindDouble:
		return e.compareFloats(op, l, r)
	case trinosql.KindTimestampZone, trinosql.KindTimeZone:
		if t.Precision > 6 || t.Kind == trinosql.KindTimeZone {
			return e.expand("("+e.instant("$1", t)+" "+op+" "+e.instant("$2", t)+")", l, r)
		}
		return "(" + e.instant(l, t) + " " + op + " " + e.instant(r, t) + ")"
	case trinosql.KindChar:
		if op != "=" && op != "<>" {
			return "(" + e.orderKey(l, t) + " " + op + " " + e.orderKey(r, t) + ")"
		}
	case trinosql.KindRow, trinosql.KindArray, trinosql.KindMap:
		switch op {
		case "=":
			return e.equal(p, l, r, t)
		case "<>":
			return "(NOT " + e.equal(p, l, r, t) + ")"
		}
		return e.compareNested(p, op, l, r, t)
	}
	return "(" + l + " " + op + " " + r + ")"
}

// compareFloats: NaN equals nothing and is neither less nor greater, whereas
// DuckDB takes it for the greatest value and equal to itself.
func (e *emitter) compareFloats(op, l, r string) string {
	lc, rc := finite(l), finite(r)
	switch {
	case lc && rc:
		return "(" + l + " " + op + " " + r + ")"
	case lc: // 1 < x is x > 1
		return e.compareFloats(mirrored[op], r, l)
	case rc:
		switch op {
		case ">", ">=": // written so that both conditions can prune row groups
			return e.expand("($1 "+op+" $2 AND $1 <= CAST('Infinity' AS DOUBLE))", l, r)
		}
		return "(" + l + " " + op + " " + r + ")"
	}
	switch op {
	case "=", ">", ">=":
		return e.expand("($1 "+op+" $2 AND NOT (isnan($1) AND $2 IS NOT NULL))", l, r)
	case "<>":
		return e.expand("($1 <> $2 OR (isnan($1) AND $2 IS NOT NULL))", l, r)
	}
	return e.expand("($1 "+op+" $2 AND NOT (isnan($2) AND $1 IS NOT NULL))", l, r)
}

var mirrored = map[string]string{"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// finite reports whether x is a number literal, perhaps cast.
func finite(x string) bool {
	if in, ok := strings.CutPrefix(x, "CAST("); ok {
		for _, t := range []string{" AS DOUBLE)", " AS FLOAT)", " AS INTEGER)", " AS BIGINT)"} {
			if s, ok := strings.CutSuffix(in, t); ok {
				return finite(s)
			}
		}
		if i := strings.Index(in, " AS DECIMAL("); i > 0 && len(in)-i < 20 {
			return finite(strings.Trim(in[:i], "'"))
		}
		return false
	}
	x = strings.TrimSuffix(strings.TrimPrefix(x, "("), ")")
	_, err := strconv.ParseFloat(x, 64)
	return err == nil && strings.Trim(x, "0123456789.eE+-") == ""
}

// equal writes three-valued equality of nested values: false if some part
// differs, else null if some part is null, else true.
func (e *emitter) equal(p trinosql.Pos, l, r string, t *trinosql.Type) string {
	switch t.Kind {
	case trinosql.KindRow:
		return e.bind(func(v []string) string {
			parts := make([]string, len(t.Elems))
			for i, el := range t.Elems {
				parts[i] = e.compare(p, "=", part(v[0], i), part(v[1], i), el)
			}
			return "(" + strings.Join(parts, " AND ") + ")"
		}, l, r)
	case trinosql.KindArray:
		return e.bind(func(v []string) string {
			n := e.fresh(v...)
			return "CASE WHEN len(" + v[0] + ") <> len(" + v[1] + ") THEN false WHEN " + v[0] + " IS NOT NULL AND " + v[1] + " IS NOT NULL THEN " +
				e.every("list_transform(list_zip("+v[0]+", "+v[1]+"), lambda "+n+": "+e.compare(p, "=", n+"[1]", n+"[2]", t.Elem())+")") + " END"
		}, l, r)
	case trinosql.KindMap:
		e.plainKey(p, t)
		return e.bind(func(v []string) string {
			n := e.fresh(v...)
			return "CASE WHEN cardinality(" + v[0] + ") <> cardinality(" + v[1] + ") THEN false WHEN " + v[0] + " IS NOT NULL AND " + v[1] + " IS NOT NULL THEN " +
				e.every("list_transform(map_entries("+v[0]+"), lambda "+n+": CASE WHEN map_contains("+v[1]+", "+n+".key) THEN "+
					e.compare(p, "=", n+".value", "map_extract_value("+v[1]+", "+n+".key)", t.Elem())+" ELSE false END)") + " END"
		}, l, r)
	}
	return e.compare(p, "=", l, r, t)
}

// every writes the three-valued AND of a list of booleans.
func (e *emitter) every(x string) string {
	return e.expand("CASE WHEN NOT coalesce(list_bool_and($1), true) THEN false WHEN list_count($1) = len($1) THEN true END", x)
}

// some writes the three-valued OR of a list of booleans.
func (e *emitter) some(x string) string {
	return e.expand("CASE WHEN coalesce(list_bool_or($1), false) THEN true WHEN list_count($1) = len($1) THEN false END", x)
}

// compareNested writes < and its kin of arrays and rows, for which Trino wants
// that no part is null.
func (e *emitter) compareNested(p trinosql.Pos, op, l, r string, t *trinosql.Type) string {
	for _, el := range t.Elems {
		if !plain(el) && el.Kind != trinosql.KindReal && el.Kind != trinosql.KindDouble {
			e.unsupported(p, "%s of %s is not supported", op, t)
		}
	}
	if t.Kind == trinosql.KindMap {
		e.unsupported(p, "%s of %s is not supported", op, t)
	}
	return e.bind(func(v []string) string {
		var nulls []string
		kind := "ARRAY comparison not supported for arrays with null elements"
		for _, s := range v {
			if t.Kind == trinosql.KindArray {
				nulls = append(nulls, "list_count("+s+") < len("+s+")")
				continue
			}
			kind = "ROW comparison not supported for fields with null elements"
			for i := range t.Elems {
				nulls = append(nulls, part(s, i)+" IS NULL")
			}
		}
		return "CASE WHEN " + v[0] + " IS NULL OR " + v[1] + " IS NULL THEN NULL WHEN " + strings.Join(nulls, " OR ") + " THEN CAST(" +
			e.failure("NOT_SUPPORTED", "'"+kind+"'") + " AS BOOLEAN) ELSE " + v[0] + " " + op + " " + v[1] + " END"
	}, l, r)
}

func (e *emitter) isDistinct(x *trinosql.IsDistinct) string {
	t := e.a.UsedType(x.L)
	if r := e.a.UsedType(x.R); t.Kind == trinosql.KindUnknown {
		t = r
	}
	l, r := e.x(x.L), e.x(x.R)
	if !naturallyDistinct(t) {
		if k := e.groupKey("x", t); k == "x" || t.Kind == trinosql.KindMap && !(naturallyDistinct(t.Key()) && naturallyDistinct(t.Elem())) {
			e.unsupported(x.Pos(), "IS DISTINCT FROM of %s is not supported", t)
		}
		if l != "NULL" {
			l = e.groupKey(l, t)
		}
		if r != "NULL" {
			r = e.groupKey(r, t)
		}
	}
	return "(" + l + map[bool]string{true: " IS NOT DISTINCT FROM ", false: " IS DISTINCT FROM "}[x.Not] + r + ")"
}

func (e *emitter) between(x *trinosql.Between) string {
	v, lo, hi := e.x(x.X), e.x(x.Low), e.x(x.High)
	t := e.a.UsedType(x.X)
	one := func(v, lo, hi string) string {
		if plain(t) || isFloat(t) && finite(hi) {
			return v + " BETWEEN " + lo + " AND " + hi
		}
		return e.compare(x.Pos(), ">=", v, lo, t) + " AND " + e.compare(x.Pos(), "<=", v, hi, t)
	}
	var s string
	if x.Sym {
		s = e.bind(func(a []string) string {
			return "((" + one(a[0], a[1], a[2]) + ") OR (" + one(a[0], a[2], a[1]) + "))"
		}, v, lo, hi)
	} else if plain(t) || isFloat(t) && finite(hi) {
		s = "(" + one(v, lo, hi) + ")"
	} else {
		s = e.bind(func(a []string) string { return "(" + one(a[0], a[1], a[2]) + ")" }, v, lo, hi)
	}
	if x.Not {
		return "(NOT " + s + ")"
	}
	return s
}

func isFloat(t *trinosql.Type) bool {
	return t.Kind == trinosql.KindReal || t.Kind == trinosql.KindDouble
}

func (e *emitter) in(x *trinosql.In) string {
	not := func(s string) string {
		if x.Not {
			return "(NOT " + s + ")"
		}
		return s
	}
	if x.Q != nil {
		return not(e.inQuery(x))
	}
	t := e.a.UsedType(x.X)
	v, items := e.x(x.X), e.xs(x.List)
	native := plain(t)
	for i, item := range x.List {
		it := e.a.UsedType(item)
		if t.Kind == trinosql.KindUnknown && it.Kind != trinosql.KindUnknown {
			t = it
			native = plain(t)
		}
		native = native || isFloat(t) && i == 0
		if isFloat(t) && !finite(items[i]) {
			native = false
			break
		}
	}
	if native {
		op := " IN ("
		if x.Not {
			op = " NOT IN ("
		}
		return "(" + v + op + list(items) + "))"
	}
	return not(e.bind(func(val []string) string {
		parts := make([]string, len(items))
		for i := range items {
			parts[i] = e.compare(x.Pos(), "=", val[0], val[i+1], t)
		}
		return "(" + strings.Join(parts, " OR ") + ")"
	}, append([]string{v}, items...)...))
}

// inQuery writes x IN (query).
func (e *emitter) inQuery(x *trinosql.In) string {
	t := e.a.UsedType(x.X)
	return e.anyOf(x.Pos(), "=", e.x(x.X), t, x.Q)
}

func (e *emitter) quantified(x *trinosql.Quantified) string {
	t := e.a.UsedType(x.L)
	l := e.x(x.L)
	switch {
	case x.Op == "MATCH":
		e.unsupported(x.Pos(), "MATCH is not supported")
	case x.Quant != "ALL":
		return e.anyOf(x.Pos(), x.Op, l, t, x.Q)
	case plain(t) && len(e.a.QueryFields(x.Q)) == 1:
		return "(" + l + " " + x.Op + " ALL (" + e.subqueryAs(x.Q, t) + "))"
	}
	// x op ALL (q) is NOT (x not-op ANY (q)) except for NaN, so both ways are spelled out.
	return e.spelledOut(x.Pos(), x.Op, l, t, x.Q, "false", "true", "NOT ")
}

func (e *emitter) subqueryAs(q *trinosql.Query, t *trinosql.Type) string {
	want := []*trinosql.Type{t}
	return e.queryAs(q, differs(e.a.QueryFields(q), want))
}

// anyOf writes l op ANY (query).
func (e *emitter) anyOf(p trinosql.Pos, op, l string, t *trinosql.Type, q *trinosql.Query) string {
	if len(e.a.QueryFields(q)) == 1 {
		switch {
		case plain(t) || t.Kind == trinosql.KindChar && op == "=":
			if op == "=" {
				return "(" + l + " IN (" + e.subqueryAs(q, t) + "))"
			}
			return "(" + l + " " + op + " ANY (" + e.subqueryAs(q, t) + "))"
		case t.Kind == trinosql.KindTimestampZone && op == "=":
			sub := e.subqueryAs(q, t)
			r := e.relation()
			return "(" + e.instant(l, t) + " IN (SELECT " + e.instant(r+".c1", t) + " FROM (" + sub + ") AS " + r + "(c1)))"
		case isFloat(t) && op == "=":
			sub := e.subqueryAs(q, t)
			r := e.relation()
			return "(" + l + " IN (SELECT " + r + ".c1 FROM (" + sub + ") AS " + r + "(c1) WHERE (NOT isnan(" + r + ".c1)) IS NOT FALSE))"
		}
	}
	return e.spelledOut(p, op, l, t, q, "true", "false", "")
}

// spelledOut writes a quantified comparison by searching for a row that decides
// it, then for one that leaves it unknown.
func (e *emitter) spelledOut(p trinosql.Pos, op, l string, t *trinosql.Type, q *trinosql.Query, found, none, not string) string {
	search := func(cond func(string) string) string {
		n := len(e.a.QueryFields(q))
		var want []*trinosql.Type
		if n == 1 {
			want = []*trinosql.Type{t}
		} else if t.Kind == trinosql.KindRow {
			want = t.Elems
		}
		sub := e.queryAs(q, differs(e.a.QueryFields(q), want))
		r := e.relation()
		right := r + ".c1"
		if n > 1 {
			fields := make([]string, n)
			for i := range fields {
				fields[i] = field(i) + " := " + r + "." + column(i)
			}
			right = "struct_pack(" + list(fields) + ")"
		}
		return "EXISTS (SELECT 1 FROM (" + sub + ") AS " + r + "(" + columns(n) + ") WHERE " + cond(e.compareUnbound(p, op, l, right, t)) + ")"
	}
	return "CASE WHEN " + search(func(c string) string { return not + c }) + " THEN " + found +
		" WHEN " + search(func(c string) string { return "(" + c + " IS NULL)" }) + " THEN NULL ELSE " + none + " END"
}

// compareUnbound compares rows field by field without binding them to a name:
// DuckDB cannot capture an outer column in a lambda.
func (e *emitter) compareUnbound(p trinosql.Pos, op, l, r string, t *trinosql.Type) string {
	if t.Kind == trinosql.KindRow && op == "=" {
		e.fits((len(l) + len(r)) * len(t.Elems))
		parts := make([]string, len(t.Elems))
		for i, el := range t.Elems {
			parts[i] = e.compare(p, "=", "struct_extract("+l+", '"+field(i)+"')", "struct_extract("+r+", '"+field(i)+"')", el)
		}
		return "(" + strings.Join(parts, " AND ") + ")"
	}
	return e.compare(p, op, l, r, t)
}
