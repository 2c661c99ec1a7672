package dash

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lethe/lib/trinosql"
)

// warnings are those of an answer: a sum over dates of what adds up over time already.
func (c *compiler) warnings() []string {
	var names []string
	for _, m := range c.q.Measures {
		for _, name := range c.summed(m) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if names == nil || c.singleDates() {
		return nil
	}
	var dates []string
	for _, name := range c.listed {
		if k, err := c.field(name); err == nil && k.typ.dated() && !k.Aggregate {
			dates = append(dates, k.Name)
		}
	}
	if dates == nil {
		return nil
	}
	var out []string
	for _, name := range names {
		out = append(out, fmt.Sprintf("%q adds up over time already, and is summed here over all days of %s that the filters leave: group by day, or filter for one day.", name, quoted(dates)))
	}
	return out
}

func quoted(names []string) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(all, " or ")
}

// summed returns the cumulative fields that a measure sums.
func (c *compiler) summed(m Of) []string {
	k, err := c.field(m.Field)
	if m.Field == "*" || err != nil {
		return nil
	}
	if !k.Aggregate {
		if k.Cumulative && k.typ.numeric() && (m.Aggregation == Sum || m.Aggregation == "") {
			return []string{k.Name}
		}
		return nil
	}
	x, err := trinosql.ParseExpr(k.sql)
	if err != nil {
		return nil
	}
	var names []string
	trinosql.Walk(x, func(x trinosql.Expr) bool {
		call, ok := x.(*trinosql.Call)
		if !ok || len(call.Name) != 1 || !strings.EqualFold(call.Name[0].Text, "sum") {
			return true
		}
		for _, a := range call.Args {
			trinosql.Walk(a.X, func(x trinosql.Expr) bool {
				if r, ok := x.(*trinosql.ColumnRef); ok {
					if k, err := c.field(r.Name.Text); err == nil && k.Cumulative && !slices.Contains(names, k.Name) {
						names = append(names, k.Name)
					}
				}
				return true
			})
		}
		return false
	})
	return names
}

// singleDates reports whether each group has rows of one date: a date is grouped by as
// finely as the data has it or by day, or a filter leaves one day.
func (c *compiler) singleDates() bool {
	for _, d := range c.dimensions {
		if d.typ.dated() && (d.grain == "" || d.grain == Day || d.grain == Hour || d.grain == Minute) {
			return true
		}
	}
	for _, f := range slices.Concat(c.set.Filters, c.q.Filters) {
		if !f.Off && c.pinsDay(f) {
			return true
		}
	}
	return false
}

// pinsDay reports whether a filter leaves at most one day.
func (c *compiler) pinsDay(f Filter) bool {
	if f.Exclude || f.Nulls == "keep" {
		return false
	}
	switch f.Kind {
	case TimeEquality:
		return len(f.Values) == 1 && (f.Grain == "" || f.Grain == Day || f.Grain == Hour || f.Grain == Minute)
	case Category:
		k, err := c.field(f.Field)
		return err == nil && k.typ.dated() && len(f.Values) == 1
	case TimeRange:
		from, err := instantOf(f.From)
		to, err2 := instantOf(f.To)
		return err == nil && err2 == nil && !to.After(from.Truncate(24*time.Hour).AddDate(0, 0, 1))
	case RelativeDates:
		s, err := relative(f, c.now)
		return err == nil && s.oneDay()
	}
	return false
}
