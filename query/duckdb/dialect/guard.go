package dialect

import (
	"strings"

	"lethe/lib/trinosql"
)

// Trino evaluates the conditions of a filter in their order, those of an inner
// query before those of an outer one, and a select list for the rows that are
// left. A statement may rely on that:
//
//	SELECT * FROM (SELECT * FROM raw WHERE x <> '') WHERE from_base(x, 10) > 5
//
// DuckDB merges filters and orders their conditions by cost. An expression that
// may fail therefore carries the conditions that stand before it,
//
//	CASE WHEN NOT (x <> '') THEN false ELSE trino_from_base(x, 10) > 5 END
//
// and an inner query hands its own conditions out in a column g, which costs
// nothing where nobody reads it.

// infallible names the scalar functions that raise no error, whatever is in the
// data (a literal argument that is wrong has been refused before).
var infallible = map[string]bool{}

func init() {
	for _, name := range strings.Fields(`upper translate reverse replace_empty double_text real_text java_double java_real java_time
		date_text timestamp_text time_text offset_text interval_day_text interval_year_text
		url_part url_parameter url_encode json_string json_double json_real json_null json_plain json_path
		json_extract json_extract_scalar json_size json_array_length json_array_get json_array_contains
		binary_text crc32 sha512 hmac xxhash64 to_base64url to_base32 to_big_endian_32 to_big_endian_64 to_ieee754_32 to_ieee754_64
		reverse_binary substring_binary ip_text log power round_double round_real double_real left_shift right_shift right_shift_arithmetic
		local zone_minutes iso_offset parse_zone parse_picos parse_offset iso_picos iso_zone`) {
		infallible[name] = true
	}
}

// fallible reports whether x calls a scalar function in Go that may fail. DuckDB's
// own functions that may are cheap and common; what they report is the rare case
// of an overflow in rows that a filter leaves out.
func fallible(x string) bool {
	for {
		i := strings.Index(x, "trino_")
		if i < 0 {
			return false
		}
		x = x[i+len("trino_"):]
		if n := strings.IndexByte(x, '('); n > 0 && !infallible[x[:n]] && !strings.HasPrefix(x, "try_") {
			return true
		}
	}
}

// aliases returns the relations r1, r2, ... that x mentions.
func aliases(x string) map[string]bool {
	out := map[string]bool{}
	for i := 0; i < len(x); i++ {
		switch c := x[i]; {
		case c == '\'' || c == '"':
			end := strings.IndexByte(x[i+1:], c)
			if end < 0 {
				return out
			}
			i += end + 1
		case c == 'r' && (i == 0 || !isWord(x[i-1])):
			n := i + 1
			for n < len(x) && x[n] >= '0' && x[n] <= '9' {
				n++
			}
			if n > i+1 && n < len(x) && x[n] == '.' {
				out[x[i:n]] = true
			}
			i = n - 1
		}
	}
	return out
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// maxGuard bounds the conditions that one expression carries, in bytes.
const maxGuard = 4000

// before returns which of the conditions must hold before x is evaluated: those
// over x's own relations. (Conditions over others may come later in Trino as well,
// which filters each table before it joins.)
func before(x string, conditions []string) string {
	own := aliases(x)
	var out []string
	size := 0
	for _, c := range conditions {
		if fallible(c) || strings.Contains(c, "SELECT") || size+len(c) > maxGuard {
			continue
		}
		subset := true
		for a := range aliases(c) {
			subset = subset && own[a]
		}
		if subset {
			out = append(out, c)
			size += len(c)
		}
	}
	return strings.Join(out, " AND ")
}

// inner returns the columns g of the relations that x mentions.
func (e *emitter) inner(x string) []string {
	var out []string
	for _, r := range e.scope {
		if aliases(x)[r] {
			out = append(out, r+".g")
		}
	}
	return out
}

// guarded writes x, a part of a chain of ANDs or ORs behind the parts given, so that
// it is evaluated only where they leave it open.
func (e *emitter) guarded(x, op string, parts []string) string {
	if !fallible(x) || strings.Contains(x, "SELECT") {
		return x
	}
	out := x
	if b := before(x, parts); b != "" && op == "AND" {
		out = "CASE WHEN NOT (" + b + ") THEN false ELSE " + out + " END"
	}
	if b := strings.Join(parts, " OR "); b != "" && op == "OR" && !fallible(b) && !strings.Contains(b, "SELECT") && len(b) < maxGuard {
		out = "CASE WHEN " + b + " THEN true ELSE " + out + " END"
	}
	if g := e.inner(x); len(g) > 0 {
		out = "CASE WHEN " + strings.Join(g, " AND ") + " THEN " + out + " END"
	}
	return out
}

// conditions writes a condition as the parts of its ANDs.
func (e *emitter) conditions(x trinosql.Expr) []string {
	if l, ok := x.(*trinosql.Logical); ok && l.Op == "AND" && e.a.Coercion(l) == nil {
		return e.chain(l)
	}
	return []string{e.guarded(e.x(x), "", nil)}
}

// chain writes the parts of a chain of ANDs or ORs.
func (e *emitter) chain(x *trinosql.Logical) []string {
	var parts []string
	for _, y := range x.Terms {
		parts = append(parts, e.guarded(e.x(y), x.Op, parts))
	}
	return parts
}

// derived writes a query as a relation called name. Beside its columns it has g
// if the query filters rows.
func (e *emitter) derived(q *trinosql.Query, want []*trinosql.Type, name string) (sql string, guards bool) {
	s, ok := q.Body.(*trinosql.Select)
	if ok && !s.Distinct && !e.a.Select(s).Grouped && q.Limit == nil && q.Offset == nil && !q.WithTies {
		e.ask = s
	}
	e.answer = nil
	sql = e.queryAs(q, want)
	guards = ok && e.answer == s
	e.ask, e.answer = nil, nil
	cols := columns(len(e.a.QueryFields(q)))
	if guards {
		cols += ", g"
	}
	return "(" + sql + ") AS " + name + "(" + cols + ")", guards
}
