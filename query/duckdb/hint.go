package duckdb

import (
	"regexp"
	"strings"

	duck "github.com/duckdb/duckdb-go/v2"

	"lethe/lib/trinosql"
)

// A filter on a converted column does not reach the statistics of row groups: a
// comparison of CAST(stored AS bigint) with a number reads everything. What the
// analysis knows about the column's values is therefore said once more of the
// stored ones.

// interval holds the values that matter, ends included; "" is open.
type interval struct{ Low, High string }

// maxIntervals bounds how much is said of one column.
const maxIntervals = 20

var (
	integerText   = regexp.MustCompile(`^-?[0-9]{1,19}$`)
	timestampText = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?$`)
)

// intervals returns outside which values of a column rows do not matter; nil
// if nothing is known, or nothing that helps.
func intervals(use *trinosql.TableUse, col int) []interval {
	var pattern *regexp.Regexp
	kind := use.Schema.Columns[col].Type
	switch {
	case kind.IsInteger():
		pattern = integerText
	case kind.Kind == trinosql.KindTimestamp:
		pattern = timestampText
	default:
		return nil
	}
	for _, p := range use.Predicates {
		if p.Column != col || p.NullOK || len(p.Ranges) == 0 || len(p.Ranges) > maxIntervals {
			continue
		}
		list := make([]interval, len(p.Ranges))
		ok := true
		for i, r := range p.Ranges {
			for _, end := range []struct {
				c  *trinosql.Constant
				to *string
			}{{r.Low, &list[i].Low}, {r.High, &list[i].High}} {
				if end.c == nil {
					continue
				}
				same := end.c.Type.Kind == kind.Kind || end.c.Type.IsInteger() && kind.IsInteger()
				ok = ok && same && !end.c.Null && pattern.MatchString(end.c.Text)
				*end.to = end.c.Text
			}
			ok = ok && list[i] != interval{}
		}
		if ok {
			return list
		}
	}
	return nil
}

// hint writes what is known of a stored column that is read as another type,
// "" if that is nothing.
func (c relColumn) hint(x string, found duck.TypeInfo) string {
	literal := func(s string) string { return s }
	switch found.InternalType() {
	case duck.TYPE_TINYINT, duck.TYPE_SMALLINT, duck.TYPE_INTEGER, duck.TYPE_BIGINT, duck.TYPE_UTINYINT, duck.TYPE_USMALLINT, duck.TYPE_UINTEGER, duck.TYPE_UBIGINT:
		if !c.Type.IsInteger() {
			return ""
		}
	case duck.TYPE_TIMESTAMP_TZ:
		if c.Type.Kind != trinosql.KindTimestamp {
			return ""
		}
		literal = func(s string) string { return "TIMESTAMPTZ " + quote(s+"+00") }
	case duck.TYPE_TIMESTAMP:
		if c.Type.Kind != trinosql.KindTimestamp {
			return ""
		}
		literal = func(s string) string { return "TIMESTAMP " + quote(s) }
	default:
		return ""
	}
	// The stored value may have been rounded to the one that is known.
	slack := func(sign string) string {
		if c.Type.Kind != trinosql.KindTimestamp {
			return ""
		}
		return " " + sign + " INTERVAL 1 SECOND"
	}
	var any []string
	for _, i := range c.Within {
		var all []string
		if i.Low != "" {
			all = append(all, x+" >= "+literal(i.Low)+slack("-"))
		}
		if i.High != "" {
			all = append(all, x+" <= "+literal(i.High)+slack("+"))
		}
		any = append(any, "("+strings.Join(all, " AND ")+")")
	}
	return strings.Join(any, " OR ")
}
