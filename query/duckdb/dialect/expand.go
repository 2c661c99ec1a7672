package dialect

import (
	"strconv"
	"strings"
)

// expand writes a template with $1, $2, ... replaced by args, and %x by a
// lambda parameter that no argument uses (%x, %y, %z are three different ones).
// An argument that the template uses more than once, and that is not a plain
// column, a literal or otherwise cheap, is computed once and bound to a name.
func (e *emitter) expand(template string, args ...string) string {
	uses := make([]int, len(args))
	for i := 0; i+1 < len(template); i++ {
		if template[i] == '$' && template[i+1] >= '1' && template[i+1] <= '9' {
			uses[template[i+1]-'1']++
		}
	}
	var many []int
	for i, n := range uses {
		if n > 1 && !simple(args[i]) && !cheap(args[i]) {
			many = append(many, i)
		}
	}
	if len(many) == 0 {
		return e.bound(e.fill(template, args))
	}
	// Everything goes through the binding: DuckDB cannot capture an outer
	// query's column in a lambda, and the body must not hold subqueries.
	values := make([]string, 0, len(args))
	at := make([]int, 0, len(args))
	for i, x := range args {
		if uses[i] > 0 && !constant(x) {
			values = append(values, x)
			at = append(at, i)
		}
	}
	return e.bind(func(v []string) string {
		inner := append([]string(nil), args...)
		for i, n := range at {
			inner[n] = v[i]
		}
		return e.fill(template, inner)
	}, values...)
}

// fill replaces the places of a template.
func (e *emitter) fill(template string, args []string) string {
	next := e.height(args...) + 1
	var names [26]string
	var b strings.Builder
	for i := 0; i < len(template); i++ {
		c := template[i]
		if i+1 < len(template) {
			switch d := template[i+1]; {
			case c == '$' && d >= '1' && d <= '9':
				b.WriteString(args[d-'1'])
				i++
				continue
			case c == '%' && d >= 'x' && d <= 'z':
				if names[d-'a'] == "" {
					names[d-'a'] = "v" + strconv.Itoa(next)
					next++
				}
				b.WriteString(names[d-'a'])
				i++
				continue
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

// bind computes values once and hands their names to body. Values that are
// plain columns or literals are handed as they are.
func (e *emitter) bind(body func(v []string) string, values ...string) string {
	plain := true
	for _, x := range values {
		plain = plain && simple(x)
	}
	if plain {
		return e.bound(body(values))
	}
	name := "v" + strconv.Itoa(e.height(values...)+1)
	if len(values) == 1 {
		return e.bound("list_transform([" + values[0] + "], lambda " + name + ": " + body([]string{name}) + ")[1]")
	}
	names := make([]string, len(values))
	packed := make([]string, len(values))
	for i, x := range values {
		names[i] = name + "." + field(i)
		packed[i] = field(i) + " := " + x
	}
	return e.bound("list_transform([struct_pack(" + strings.Join(packed, ", ") + ")], lambda " + name + ": " + body(names) + ")[1]")
}

// fresh names a lambda parameter that does not occur in xs.
func (e *emitter) fresh(xs ...string) string { return "v" + strconv.Itoa(e.height(xs...)+1) }

// height returns the highest number of a name v1, v2, ... in xs. Names follow
// from the text alone, so that equal expressions are written equally, which
// GROUP BY relies on.
func (e *emitter) height(xs ...string) int {
	top := 0
	for _, x := range xs {
		for i := 0; i+1 < len(x); i++ {
			if x[i] != 'v' || x[i+1] < '1' || x[i+1] > '9' {
				continue
			}
			n := 0
			for i++; i < len(x) && x[i] >= '0' && x[i] <= '9' && n < 1e5; i++ {
				n = n*10 + int(x[i]-'0')
			}
			i--
			top = max(top, n)
		}
	}
	return top
}

// simple reports whether x may be written several times: a column, a field of
// one, or a constant.
func simple(x string) bool {
	for i := 0; i < len(x); i++ {
		c := x[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '.') {
			if c == '"' { // a quoted column name, alone at the end
				return strings.IndexByte(x[i+1:], '"') == len(x)-i-2 && len(x) < 300
			}
			return constant(x)
		}
	}
	return len(x) < 300
}

// cheap reports whether x is short and quickly computed, so that writing it twice
// costs less than binding it.
func cheap(x string) bool {
	if len(x) > 80 {
		return false
	}
	for _, s := range []string{"trino_", "random", "uuid", "list_", "regexp_", "SELECT", "lambda"} {
		if strings.Contains(x, s) {
			return false
		}
	}
	return true
}

// constant reports whether x is a short literal.
func constant(x string) bool {
	if len(x) > 100 {
		return false
	}
	if strings.HasPrefix(x, "CAST(") {
		if i := strings.LastIndex(x, " AS "); i > 0 && !strings.Contains(x[5:i], " AS ") {
			return constant(x[5:i])
		}
		return false
	}
	if x == "NULL" || x == "true" || x == "false" {
		return true
	}
	if len(x) >= 2 && x[0] == '\'' {
		return strings.IndexByte(x[1:], '\'') == len(x)-2
	}
	x = strings.TrimSuffix(strings.TrimPrefix(x, "("), ")")
	for i := 0; i < len(x); i++ {
		if c := x[i]; !(c >= '0' && c <= '9' || c == '.' || c == 'e' || (c == '-' && i == 0)) {
			return false
		}
	}
	return x != ""
}

// list joins with commas.
func list(xs []string) string { return strings.Join(xs, ", ") }
