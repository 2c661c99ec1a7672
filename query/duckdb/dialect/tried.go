package dialect

import "strings"

// tried writes x such that it is null where it fails.
//
// After an error DuckDB's TRY evaluates row by row, and its coalesce then reads what the
// failed evaluation left behind: wrong values, or none, or memory that is not there. So
// there is no coalesce within TRY; the same is written with CASE.
func (e *emitter) tried(x string) string { return "TRY(" + e.chosen(x) + ")" }

// chosen writes each coalesce in x as a CASE.
func (e *emitter) chosen(x string) string {
	const name = "coalesce("
	if !strings.Contains(x, name) {
		return x
	}
	var b strings.Builder
	for i := 0; i < len(x); {
		if end := quoted(x, i); end > i {
			b.WriteString(x[i:end])
			i = end
			continue
		}
		if !strings.HasPrefix(x[i:], name) || i > 0 && isWord(x[i-1]) {
			b.WriteByte(x[i])
			i++
			continue
		}
		values, end := arguments(x, i+len(name)-1)
		for n := range values {
			values[n] = e.chosen(strings.TrimSpace(values[n]))
		}
		b.WriteString(e.first(values))
		i = end + 1
	}
	return b.String()
}

// first writes the first of values that is not null.
func (e *emitter) first(values []string) string {
	x := values[0]
	if len(values) == 1 {
		return x
	}
	rest := e.first(values[1:])
	choose := func(x string) string { return "CASE WHEN " + x + " IS NOT NULL THEN " + x + " ELSE " + rest + " END" }
	if simple(x) || cheap(x) {
		return choose(x)
	}
	name := e.fresh(x, rest)
	return "list_transform([" + x + "], lambda " + name + ": " + choose(name) + ")[1]"
}
