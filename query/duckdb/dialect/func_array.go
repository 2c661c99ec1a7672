package dialect

import (
	"strings"

	"lethe/lib/trinosql"
)

func init() {
	templates(map[string]string{
		"map_keys":   "map_keys($1)",
		"map_values": "map_values($1)",
		"flatten":    "flatten(list_filter($1, lambda %x: %x IS NOT NULL))",
		"array_last": "$1[-1]",
		"trim_array": "CASE WHEN $2 < 0 THEN list_slice($1, 1, CAST(trino_fail('INVALID_FUNCTION_ARGUMENT', 'size must not be negative: ' || $2) AS BIGINT)) " +
			"WHEN $2 > len($1) THEN list_slice($1, 1, CAST(trino_fail('INVALID_FUNCTION_ARGUMENT', 'size must not exceed array cardinality ' || len($1) || ': ' || $2) AS BIGINT)) ELSE list_slice($1, 1, len($1) - $2) END",
		"slice": "CASE WHEN $2 = 0 THEN list_slice($1, 1, CAST(trino_fail('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1') AS BIGINT)) " +
			"WHEN $3 < 0 THEN list_slice($1, 1, CAST(trino_fail('INVALID_FUNCTION_ARGUMENT', 'length must be greater than or equal to 0') AS BIGINT)) " +
			"WHEN $3 = 0 OR $2 > len($1) OR -$2 > len($1) THEN list_slice($1, 1, 0) " +
			"WHEN $2 < 0 THEN list_slice($1, len($1) + $2 + 1, least(len($1) + $2 + $3, len($1))) " +
			"ELSE list_slice($1, $2, least($3, len($1)) + $2 - 1) END",
	})
	writers(map[string]func(*emitter, *call) string{
		"cardinality": func(e *emitter, c *call) string {
			if e.argType(c, 0).Kind == trinosql.KindMap {
				return "CAST(cardinality(" + e.x(c.args[0]) + ") AS BIGINT)"
			}
			return "len(" + e.x(c.args[0]) + ")"
		},
		"element_at": func(e *emitter, c *call) string {
			t := e.argType(c, 0)
			if t.Kind == trinosql.KindMap {
				e.plainKey(c.pos, t)
				return "map_extract_value(" + e.x(c.args[0]) + ", " + e.x(c.args[1]) + ")"
			}
			i := e.x(c.args[1])
			if n, ok := literalInt(i); ok && n != 0 {
				return e.expand("$1[$2]", e.x(c.args[0]), i)
			}
			return e.expand("CASE WHEN $2 = 0 THEN CAST("+e.failure("INVALID_FUNCTION_ARGUMENT", "'SQL array indices start at 1'")+" AS "+e.typ(c.pos, c.typ)+") ELSE $1[$2] END", e.x(c.args[0]), i)
		},
		"array_first": func(e *emitter, c *call) string {
			if len(c.args) == 2 {
				return e.listLambda(c, "list_filter", trinosql.Boolean) + "[1]"
			}
			return e.expand("$1[1]", e.x(c.args[0]))
		},
		"contains":       (*emitter).contains,
		"array_position": (*emitter).arrayPosition,
		"array_remove": func(e *emitter, c *call) string {
			t := e.argType(c, 0).Elem()
			return e.bind(func(v []string) string {
				n := e.fresh(v...)
				eq := e.compare(c.pos, "=", n, v[1], t)
				s := "list_filter(" + v[0] + ", lambda " + n + ": coalesce(NOT " + eq + ", true))"
				if hasNested(t) {
					s = "CASE WHEN " + e.undecided(v[0], n, eq, t) + " THEN CAST(" + e.failure("NOT_SUPPORTED", "'array_remove does not support arrays with elements that are null or contain null'") +
						" AS " + e.typ(c.pos, c.typ) + ") ELSE " + s + " END"
				}
				return "CASE WHEN " + v[1] + " IS NOT NULL THEN " + s + " END"
			}, e.x(c.args[0]), e.x(c.args[1]))
		},
		"array_distinct": func(e *emitter, c *call) string {
			return e.distinctList(c, e.x(c.args[0]))
		},
		"array_union": func(e *emitter, c *call) string {
			return e.distinctList(c, e.expand("CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN list_concat($1, $2) END", e.x(c.args[0]), e.x(c.args[1])))
		},
		"array_intersect": func(e *emitter, c *call) string { return e.listSets(c, "") },
		"array_except":    func(e *emitter, c *call) string { return e.listSets(c, "NOT ") },
		"arrays_overlap": func(e *emitter, c *call) string {
			e.plainElements(c)
			return e.expand("CASE WHEN list_has_any(list_filter($1, lambda %x: %x IS NOT NULL), list_filter($2, lambda %x: %x IS NOT NULL)) THEN true "+
				"WHEN list_count($1) < len($1) AND len($2) > 0 OR list_count($2) < len($2) AND len($1) > 0 THEN NULL WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN false END", e.x(c.args[0]), e.x(c.args[1]))
		},
		"array_join": (*emitter).arrayJoin,
		"array_max":  func(e *emitter, c *call) string { return e.arrayExtreme(c, "list_max") },
		"array_min":  func(e *emitter, c *call) string { return e.arrayExtreme(c, "list_min") },
		"array_sort": (*emitter).arraySort,
		"shuffle": func(e *emitter, c *call) string {
			return "list_transform(list_sort(list_transform(" + e.x(c.args[0]) + ", lambda v1: struct_pack(r := random(), x := v1))), lambda v1: v1.x)"
		},
		"sequence": (*emitter).sequence,
		"zip":      (*emitter).zip,
		"transform": func(e *emitter, c *call) string {
			return e.listLambda(c, "list_transform", c.typ.Elem())
		},
		"filter":    func(e *emitter, c *call) string { return e.listLambda(c, "list_filter", trinosql.Boolean) },
		"any_match": func(e *emitter, c *call) string { return e.some(e.listLambda(c, "list_transform", trinosql.Boolean)) },
		"all_match": func(e *emitter, c *call) string { return e.every(e.listLambda(c, "list_transform", trinosql.Boolean)) },
		"none_match": func(e *emitter, c *call) string {
			return "(NOT " + e.some(e.listLambda(c, "list_transform", trinosql.Boolean)) + ")"
		},
		"zip_with": (*emitter).zipWith,
		"reduce":   (*emitter).reduce,
		"contains_sequence": func(e *emitter, c *call) string {
			e.plainElements(c)
			return e.expand("CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN len($2) = 0 OR len(list_filter(range(1, len($1) - len($2) + 2), lambda %x: list_slice($1, %x, %x + len($2) - 1) IS NOT DISTINCT FROM $2)) > 0 END", e.x(c.args[0]), e.x(c.args[1]))
		},
		"ngrams": func(e *emitter, c *call) string {
			return e.expand("CASE WHEN trino_positive($2, 'N must be positive') THEN CASE WHEN len($1) <= $2 THEN [$1] ELSE list_transform(range(1, len($1) - $2 + 2), lambda %x: list_slice($1, %x, %x + $2 - 1)) END END",
				e.x(c.args[0]), "CAST("+e.x(c.args[1])+" AS BIGINT)")
		},
		"combinations": func(e *emitter, c *call) string {
			return e.expand("CASE WHEN $1 IS NOT NULL THEN list_transform(trino_combinations(CAST(len($1) AS BIGINT), CAST($2 AS BIGINT)), lambda %x: list_transform(%x, lambda %y: $1[%y])) END", e.x(c.args[0]), e.x(c.args[1]))
		},
		"array_histogram": func(e *emitter, c *call) string {
			e.plainKey(c.pos, c.typ)
			return e.expand("map_from_entries(list_transform(list_distinct($1), lambda %x: struct_pack(k := %x, v := len(list_filter($1, lambda %y: %y = %x)))))", e.x(c.args[0]))
		},

		"map": (*emitter).mapOf,
		"map_entries": func(e *emitter, c *call) string {
			return "list_transform(map_entries(" + e.x(c.args[0]) + "), lambda v1: struct_pack(f1 := v1.key, f2 := v1.value))"
		},
		"map_from_entries": (*emitter).mapFromEntries,
		"multimap_from_entries": func(e *emitter, c *call) string {
			e.plainKey(c.pos, c.typ)
			return e.expand("CASE WHEN len(list_filter($1, lambda %x: %x IS NULL OR %x.f1 IS NULL)) > 0 THEN map_from_entries(CAST(trino_fail('INVALID_FUNCTION_ARGUMENT', 'map key or entry cannot be null') AS STRUCT(k "+
				e.typ(c.pos, c.typ.Key())+", v "+e.typ(c.pos, c.typ.Elem())+")[])) ELSE map_from_entries(list_transform(list_distinct(list_transform($1, lambda %x: %x.f1)), lambda %y: struct_pack(k := %y, v := list_transform(list_filter($1, lambda %z: %z.f1 = %y), lambda %z: %z.f2)))) END", e.x(c.args[0]))
		},
		"map_concat": func(e *emitter, c *call) string {
			e.plainKey(c.pos, c.typ)
			args := e.xs(c.args)
			if len(args) == 1 {
				return args[0]
			}
			return e.bind(func(v []string) string {
				return "CASE WHEN " + strings.Join(v, " IS NOT NULL AND ") + " IS NOT NULL THEN map_concat(" + list(v) + ") END"
			}, args...)
		},
		"map_filter": func(e *emitter, c *call) string {
			l := e.lambda(c, 1)
			m := e.x(c.args[0])
			p := e.param(m)
			return "map_from_entries(list_filter(map_entries(" + m + "), lambda " + p + ": " + e.apply(l, p+".key", p+".value") + "))"
		},
		"transform_values": func(e *emitter, c *call) string {
			l := e.lambda(c, 1)
			m := e.x(c.args[0])
			p := e.param(m)
			return "map_from_entries(list_transform(map_entries(" + m + "), lambda " + p + ": struct_pack(k := " + p + ".key, v := " + e.typed(e.apply(l, p+".key", p+".value"), c.typ.Elem()) + ")))"
		},
		"transform_keys": func(e *emitter, c *call) string {
			e.plainKey(c.pos, c.typ)
			l := e.lambda(c, 1)
			m := e.x(c.args[0])
			p := e.param(m)
			return e.uniqueMap(c, "list_transform(map_entries("+m+"), lambda "+p+": struct_pack(k := "+e.typed(e.apply(l, p+".key", p+".value"), c.typ.Key())+", v := "+p+".value))", "INVALID_FUNCTION_ARGUMENT")
		},
		"map_zip_with": func(e *emitter, c *call) string {
			e.plainKey(c.pos, c.typ)
			l := e.lambda(c, 2)
			return e.bind(func(v []string) string {
				p := e.param(v...)
				return "CASE WHEN " + v[0] + " IS NOT NULL AND " + v[1] + " IS NOT NULL THEN map_from_entries(list_transform(list_distinct(list_concat(map_keys(" + v[0] + "), map_keys(" + v[1] + "))), lambda " + p + ": struct_pack(k := " + p + ", v := " +
					e.typed(e.apply(l, p, "map_extract_value("+v[0]+", "+p+")", "map_extract_value("+v[1]+", "+p+")"), c.typ.Elem()) + "))) END"
			}, e.x(c.args[0]), e.x(c.args[1]))
		},
		"split_to_map": func(e *emitter, c *call) string {
			return "map_from_entries(trino_split_to_map(" + list(e.argList(c)) + "))"
		},
		"split_to_multimap": func(e *emitter, c *call) string {
			return e.expand("map_from_entries(list_transform(list_distinct(list_transform($1, lambda %x: %x.k)), lambda %y: struct_pack(k := %y, v := list_transform(list_filter($1, lambda %z: %z.k = %y), lambda %z: %z.v))))",
				"trino_split_to_entries("+list(e.argList(c))+")")
		},
		"apply": func(e *emitter, c *call) string {
			l := e.lambda(c, 1)
			return e.bind(func(v []string) string { return e.apply(l, v[0]) }, "list_extract(["+e.x(c.args[0])+"], 1)")
		},
	})
}

// param names the parameter of a lambda that the user wrote; its number is
// above those in xs and those of the lambdas around it.
func (e *emitter) param(xs ...string) string {
	return "p" + string(rune('a'+e.open%26)) + strings.Repeat("x", e.open/26)
}

// typed gives a bare NULL its type.
func (e *emitter) typed(s string, t *trinosql.Type) string {
	if s == "NULL" {
		if typ, err := Type(t); err == nil {
			return "CAST(NULL AS " + typ + ")"
		}
	}
	return s
}

func (e *emitter) listLambda(c *call, f string, result *trinosql.Type) string {
	l := e.lambda(c, 1)
	a := e.x(c.args[0])
	p := e.param(a)
	return f + "(" + a + ", lambda " + p + ": " + e.typed(e.apply(l, p), result) + ")"
}

// plainElements refuses arrays whose elements DuckDB does not compare as Trino.
func (e *emitter) plainElements(c *call) {
	if t := e.argType(c, 0).Elem(); !plain(t) {
		e.unsupported(c.pos, "%s of array(%s) is not supported", c.name, t)
	}
}

func (e *emitter) contains(c *call) string {
	t := e.argType(c, 0)
	if t.Kind != trinosql.KindArray {
		return "trino_ip_contains(" + e.x(c.args[0]) + ", " + e.x(c.args[1]) + ")"
	}
	el := t.Elem()
	if plain(el) {
		return e.expand("CASE WHEN list_contains($1, $2) THEN true WHEN $2 IS NOT NULL AND list_count($1) = len($1) THEN false END", e.x(c.args[0]), e.x(c.args[1]))
	}
	return e.bind(func(v []string) string {
		n := e.fresh(v...)
		eq := e.compare(c.pos, "=", n, v[1], el)
		return "CASE WHEN " + v[1] + " IS NOT NULL THEN CASE WHEN " + e.undecided(v[0], n, eq, el) + " THEN CAST(" +
			e.failure("NOT_SUPPORTED", "'contains does not support arrays with elements that are null or contain null'") + " AS BOOLEAN) ELSE " +
			e.some("list_transform("+v[0]+", lambda "+n+": "+eq+")") + " END END"
	}, e.x(c.args[0]), e.x(c.args[1]))
}

// hasNested reports whether values of t may have nulls inside.
func hasNested(t *trinosql.Type) bool {
	return t.Kind == trinosql.KindArray || t.Kind == trinosql.KindRow || t.Kind == trinosql.KindMap
}

// undecided writes whether a comparison eq of some element n of list x is null
// although the element is not.
func (e *emitter) undecided(x, n, eq string, t *trinosql.Type) string {
	if !hasNested(t) {
		return "false"
	}
	return "len(list_filter(" + x + ", lambda " + n + ": " + n + " IS NOT NULL AND " + eq + " IS NULL)) > 0"
}

func (e *emitter) arrayPosition(c *call) string {
	el := e.argType(c, 0).Elem()
	if plain(el) {
		return e.expand("CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN CAST(coalesce(list_position($1, $2), 0) AS BIGINT) END", e.x(c.args[0]), e.x(c.args[1]))
	}
	return e.bind(func(v []string) string {
		n := e.fresh(v...)
		if hasNested(el) {
			return "CASE WHEN " + e.undecided(v[0], n, e.compare(c.pos, "=", n, v[1], el), el) + " AND " + v[1] + " IS NOT NULL THEN CAST(" +
				e.failure("NOT_SUPPORTED", "'array_position does not support arrays with elements that are null or contain null'") + " AS BIGINT) " +
				"WHEN " + v[0] + " IS NOT NULL AND " + v[1] + " IS NOT NULL THEN CAST(coalesce(list_position(list_transform(" + v[0] + ", lambda " + n + ": " + e.compare(c.pos, "=", n, v[1], el) + "), true), 0) AS BIGINT) END"
		}
		return "CASE WHEN " + v[0] + " IS NOT NULL AND " + v[1] + " IS NOT NULL THEN CAST(coalesce(list_position(list_transform(" + v[0] + ", lambda " + n + ": " + e.compare(c.pos, "=", n, v[1], el) + "), true), 0) AS BIGINT) END"
	}, e.x(c.args[0]), e.x(c.args[1]))
}

// distinctList keeps the first of equal elements, in order; null is one value.
func (e *emitter) distinctList(c *call, x string) string {
	el := c.typ.Elem()
	if !naturallyDistinct(el) {
		e.unsupported(c.pos, "%s of %s is not supported", c.name, c.typ)
	}
	sorted := e.expand("list_sort(list_transform($1, lambda %x, %y: struct_pack(k := %x, i := %y)))", x)
	first := e.expand("list_sort(list_transform(list_filter($1, lambda %x, %y: %y = 1 OR $1[%y - 1].k IS DISTINCT FROM %x.k), lambda %x: struct_pack(i := %x.i, k := %x.k)))", sorted)
	return e.expand("list_transform($1, lambda %x: %x.k)", first)
}

func (e *emitter) listSets(c *call, not string) string {
	el := c.typ.Elem()
	if !naturallyDistinct(el) {
		e.unsupported(c.pos, "%s of %s is not supported", c.name, c.typ)
	}
	return e.bind(func(v []string) string {
		n := e.fresh(v...)
		m := e.fresh(append(v, n)...)
		has := "len(list_filter(" + v[1] + ", lambda " + m + ": " + m + " IS NOT DISTINCT FROM " + n + ")) > 0"
		of := func(list string) string { return e.distinctList(c, "list_filter("+list+", lambda "+n+": "+not+has+")") }
		s := of(v[0])
		if not == "" { // an intersection has the order of the longer list
			swapped := "len(list_filter(" + v[0] + ", lambda " + m + ": " + m + " IS NOT DISTINCT FROM " + n + ")) > 0"
			s = "CASE WHEN len(" + v[0] + ") >= len(" + v[1] + ") THEN " + s + " ELSE " + e.distinctList(c, "list_filter("+v[1]+", lambda "+n+": "+swapped+")") + " END"
		}
		return "CASE WHEN " + v[0] + " IS NOT NULL AND " + v[1] + " IS NOT NULL THEN " + s + " END"
	}, e.x(c.args[0]), e.x(c.args[1]))
}

func (e *emitter) arrayJoin(c *call) string {
	t := e.argType(c, 0)
	el := t.Elem()
	a := e.x(c.args[0])
	if el.Kind != trinosql.KindVarchar {
		v := e.fresh(a)
		if el.Kind == trinosql.KindUnknown {
			a = "CAST(" + a + " AS VARCHAR[])"
		} else {
			a = "list_transform(" + a + ", lambda " + v + ": " + e.cast(c.pos, v, el, trinosql.Varchar, false) + ")"
		}
	}
	if len(c.args) == 3 {
		return e.expand("CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN coalesce(array_to_string(list_filter(list_transform($1, lambda %x: coalesce(%x, $3)), lambda %x: %x IS NOT NULL), $2), '') END", a, e.x(c.args[1]), e.x(c.args[2]))
	}
	return e.expand("CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN coalesce(array_to_string(list_filter($1, lambda %x: %x IS NOT NULL), $2), '') END", a, e.x(c.args[1]))
}

func (e *emitter) arrayExtreme(c *call, f string) string {
	el := c.typ
	switch {
	case plain(el):
		return e.expand("CASE WHEN list_count($1) = len($1) THEN "+f+"($1) END", e.x(c.args[0]))
	case isFloat(el):
		// NaN, the greatest in DuckDB, counts only where there is nothing else.
		return e.expand("CASE WHEN list_count($1) = len($1) THEN coalesce("+f+"(list_filter($1, lambda %x: NOT isnan(%x))), $1[1]) END", e.x(c.args[0]))
	}
	e.unsupported(c.pos, "%s of array(%s) is not supported", c.name, el)
	return ""
}

func (e *emitter) arraySort(c *call) string {
	el := c.typ.Elem()
	if len(c.args) == 2 {
		return e.sortBy(c)
	}
	switch el.Kind {
	case trinosql.KindTimeZone, trinosql.KindChar, trinosql.KindArray, trinosql.KindRow:
		e.unsupported(c.pos, "array_sort of array(%s) is not supported", el)
	}
	return "list_sort(" + e.x(c.args[0]) + ", 'ASC', 'NULLS LAST')"
}

// sortBy writes array_sort with a comparator: each element is inserted behind those
// that are not greater.
func (e *emitter) sortBy(c *call) string {
	l := e.lambda(c, 1)
	typ := e.typ(c.pos, c.typ)
	return e.bind(func(v []string) string {
		p := e.param(v...)
		n := e.fresh(v...)
		before := "trino_check_comparison(CAST(" + e.apply(l, p+"y", p+"e[1]") + " AS BIGINT)) <= 0"
		return "CASE WHEN len(" + v[0] + ") < 2 THEN " + v[0] + " ELSE list_reduce(list_transform(" + v[0] + ", lambda " + n + ": CAST([" + n + "] AS " + typ + ")), lambda " + p + "a, " + p + "e: " +
			"list_concat(list_concat(list_filter(" + p + "a, lambda " + p + "y: " + before + "), " + p + "e), list_filter(" + p + "a, lambda " + p + "y: NOT (" + before + ")))) END"
	}, e.x(c.args[0]))
}

func (e *emitter) sequence(c *call) string {
	t := e.argType(c, 0)
	a, b := e.x(c.args[0]), e.x(c.args[1])
	step := ""
	if len(c.args) == 3 {
		step = e.x(c.args[2])
	}
	switch t.Kind {
	case trinosql.KindBigint, trinosql.KindInteger:
		if step == "" {
			step = e.expand("CASE WHEN $1 <= $2 THEN CAST(1 AS BIGINT) ELSE CAST(-1 AS BIGINT) END", a, b)
		}
		return e.expand("CASE WHEN trino_check_step($1, $2, $3) THEN generate_series($1, $2, $3) END", a, b, step)
	case trinosql.KindDate:
		if step == "" || e.argType(c, 2).Kind == trinosql.KindIntervalDay {
			if step == "" {
				step = e.expand("CASE WHEN $1 <= $2 THEN CAST(86400000 AS BIGINT) ELSE CAST(-86400000 AS BIGINT) END", a, b)
			}
			return e.expand("CASE WHEN $3 % 86400000 <> 0 THEN CAST("+e.failure("INVALID_FUNCTION_ARGUMENT", "'sequence step must be a day interval if start and end values are dates'")+" AS DATE[]) "+
				"WHEN trino_check_step($1 - DATE '1970-01-01', $2 - DATE '1970-01-01', $3 // 86400000) THEN list_transform(generate_series($1 - DATE '1970-01-01', $2 - DATE '1970-01-01', $3 // 86400000), lambda %x: DATE '1970-01-01' + CAST(%x AS INTEGER)) END", a, b, step)
		}
		return e.expand("list_transform(trino_month_sequence(CAST($1 - DATE '1970-01-01' AS BIGINT) * 86400000000, CAST($2 - DATE '1970-01-01' AS BIGINT) * 86400000000, CAST($3 AS BIGINT)), lambda %x: CAST(make_timestamp(%x) AS DATE))", a, b, step)
	case trinosql.KindTimestamp:
		if t.Precision > 6 {
			e.unsupported(c.pos, "sequence of %s is not supported", t)
		}
		if e.argType(c, 2).Kind == trinosql.KindIntervalDay {
			return e.expand("CASE WHEN trino_check_step(epoch_us($1), epoch_us($2), $3 * 1000) THEN list_transform(generate_series(epoch_us($1), epoch_us($2), $3 * 1000), lambda %x: make_timestamp(%x)) END", a, b, step)
		}
		return e.expand("list_transform(trino_month_sequence(epoch_us($1), epoch_us($2), CAST($3 AS BIGINT)), lambda %x: make_timestamp(%x))", a, b, step)
	}
	e.unsupported(c.pos, "sequence of %s is not supported", t)
	return ""
}

func (e *emitter) zip(c *call) string {
	args := e.xs(c.args)
	for i := range args {
		if e.argType(c, i).Elem().Kind == trinosql.KindUnknown {
			args[i] = "CAST(" + args[i] + " AS INTEGER[])"
		}
	}
	return e.bind(func(v []string) string {
		n := e.fresh(v...)
		fields := make([]string, len(v))
		for i := range v {
			fields[i] = field(i) + " := " + v[i] + "[" + n + "]"
		}
		lens := make([]string, len(v))
		for i := range v {
			lens[i] = "len(" + v[i] + ")"
		}
		return "CASE WHEN " + strings.Join(v, " IS NOT NULL AND ") + " IS NOT NULL THEN list_transform(range(1, greatest(" + list(lens) + ") + 1), lambda " + n + ": struct_pack(" + list(fields) + ")) END"
	}, args...)
}

func (e *emitter) zipWith(c *call) string {
	l := e.lambda(c, 2)
	args := []string{e.x(c.args[0]), e.x(c.args[1])}
	for i := range args {
		if e.argType(c, i).Elem().Kind == trinosql.KindUnknown {
			args[i] = "CAST(" + args[i] + " AS INTEGER[])"
		}
	}
	return e.bind(func(v []string) string {
		p := e.param(v...)
		return "CASE WHEN " + v[0] + " IS NOT NULL AND " + v[1] + " IS NOT NULL THEN list_transform(range(1, greatest(len(" + v[0] + "), len(" + v[1] + ")) + 1), lambda " + p + ": " +
			e.typed(e.apply(l, v[0]+"["+p+"]", v[1]+"["+p+"]"), c.typ.Elem()) + ") END"
	}, args...)
}

// reduce folds a list. The state and the elements may be of different types,
// so both travel in rows: DuckDB's list_reduce wants one type.
func (e *emitter) reduce(c *call) string {
	in, out := e.lambda(c, 2), e.lambda(c, 3)
	et, st := e.argType(c, 0).Elem(), e.argType(c, 1)
	elem, state := e.typ(c.pos, et), e.typ(c.pos, st)
	a, init := e.x(c.args[0]), e.typed(e.x(c.args[1]), st)
	p := e.param(a, init)
	n := e.fresh(a, init)
	body := e.typed(e.apply(in, p+"s.s", p+"e.e"), st)
	fold := "list_reduce(list_transform(" + a + ", lambda " + n + ": struct_pack(s := CAST(NULL AS " + state + "), e := CAST(" + n + " AS " + elem + "))), lambda " + p + "s, " + p + "e: struct_pack(s := " + body +
		", e := CAST(NULL AS " + elem + ")), struct_pack(s := CAST(" + init + " AS " + state + "), e := CAST(NULL AS " + elem + "))).s"
	return e.bind(func(v []string) string { return e.apply(out, v[0]) }, fold)
}

func (e *emitter) mapOf(c *call) string {
	if len(c.args) == 0 {
		return "MAP {}"
	}
	e.plainOrFloatKey(c)
	return e.bind(func(v []string) string {
		n := e.fresh(v...)
		keys, bad := v[0], "CAST("+"trino_fail('INVALID_FUNCTION_ARGUMENT', %s) AS "+e.typ(c.pos, c.typ)+")"
		return "CASE WHEN " + keys + " IS NULL OR " + v[1] + " IS NULL THEN NULL WHEN len(" + keys + ") <> len(" + v[1] + ") THEN " + strings.Replace(bad, "%s", "'Key and value arrays must be the same length'", 1) +
			" WHEN list_count(" + keys + ") < len(" + keys + ") THEN " + strings.Replace(bad, "%s", "'map key cannot be null'", 1) +
			" WHEN len(list_distinct(" + keys + ")) < len(" + keys + ") THEN " + strings.Replace(bad, "%s", "'Duplicate map keys are not allowed'", 1) +
			" ELSE map_from_entries(list_transform(range(1, len(" + keys + ") + 1), lambda " + n + ": struct_pack(k := " + keys + "[" + n + "], v := " + v[1] + "[" + n + "]))) END"
	}, e.mapArgument(c, 0), e.mapArgument(c, 1))
}

func (e *emitter) mapArgument(c *call, i int) string {
	s := e.x(c.args[i])
	if e.argType(c, i).Kind == trinosql.KindArray && e.argType(c, i).Elem().Kind == trinosql.KindUnknown {
		return "CAST(" + s + " AS " + e.typ(c.pos, c.typ.Elems[i]) + "[])"
	}
	return s
}

func (e *emitter) plainOrFloatKey(c *call) {
	if k := c.typ.Key(); !naturallyDistinct(k) || hasNested(k) {
		e.unsupported(c.pos, "a map with keys of type %s is not supported", k)
	}
}

func (e *emitter) mapFromEntries(c *call) string {
	e.plainOrFloatKey(c)
	return e.uniqueMap(c, e.expand("CASE WHEN list_count($1) < len($1) THEN CAST("+e.failure("INVALID_FUNCTION_ARGUMENT", "'map entry cannot be null'")+" AS STRUCT(k "+
		e.typ(c.pos, c.typ.Key())+", v "+e.typ(c.pos, c.typ.Elem())+")[]) ELSE list_transform($1, lambda %x: struct_pack(k := %x.f1, v := %x.f2)) END", e.x(c.args[0])), "INVALID_FUNCTION_ARGUMENT")
}

// uniqueMap makes a map of entries (k, v), failing for a null or repeated key.
func (e *emitter) uniqueMap(c *call, entries, code string) string {
	typ := e.typ(c.pos, c.typ)
	return e.expand("CASE WHEN len(list_filter($1, lambda %x: %x.k IS NULL)) > 0 THEN CAST("+e.failure(code, "'map key cannot be null'")+" AS "+typ+") "+
		"WHEN len(list_distinct(list_transform($1, lambda %x: %x.k))) < len($1) THEN CAST("+e.failure(code, "'Duplicate map keys are not allowed'")+" AS "+typ+") ELSE map_from_entries($1) END", entries)
}
