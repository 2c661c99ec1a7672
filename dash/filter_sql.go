package dash

import (
	"strings"
	"time"

	"lethe"
	"lethe/lib/trinosql"
)

// condition is a filter in SQL.
type condition struct {
	sql string // "" keeps everything
	// having says that it is about groups.
	having bool
}

// condition writes a filter. Its errors name it.
func (c *compiler) condition(f Filter) (condition, error) {
	out, err := c.bareCondition(f)
	if err == nil {
		return out, nil
	}
	name := "the filter"
	if f.ID != "" {
		name = "filter " + f.ID
	}
	return out, lethe.Errorf(lethe.KindOf(err), "%s on %q: %w", name, f.Field, err)
}

func (c *compiler) bareCondition(f Filter) (condition, error) {
	if f.Kind == marked {
		return c.mark(f)
	}
	k, err := c.field(f.Field)
	if err != nil {
		return condition{}, err
	}
	x, typ := trinosql.QuoteNameAlways(k.Name), k.typ
	out := condition{having: f.Aggregation != "" || k.Aggregate}
	if out.having {
		if f.Kind != NumericEquality && f.Kind != NumericRange {
			return out, lethe.Errorf(lethe.Invalid, "what is aggregated is filtered by numbers only")
		}
		if x, typ, err = c.measure(Of{f.Field, f.Aggregation}); err != nil {
			return out, err
		}
	} else {
		c.wants(k.Name)
	}
	var sql string
	given := true // values or bounds are
	switch f.Kind {
	case Category:
		sql, given, err = category(f, x, typ)
	case NumericEquality, NumericRange:
		if !typ.numeric() {
			return out, lethe.Errorf(lethe.Invalid, "it is %s and no number", typ)
		}
		if f.Kind == NumericRange {
			sql, given, err = bounds(x, f, number, "<=")
		} else {
			sql, given, err = among(x, f, number)
		}
	case TimeEquality, TimeRange, RelativeDates:
		if !typ.dated() {
			return out, lethe.Errorf(lethe.Invalid, "it is %s and no date", typ)
		}
		switch f.Kind {
		case TimeEquality:
			sql, given, err = c.times(x, typ, f)
		case TimeRange:
			sql, given, err = bounds(x, f, instantBound(typ), "<")
		default:
			var span span
			if span, err = relative(f, c.now); err == nil {
				sql, err = span.sql(x, typ)
			}
		}
	case TopBottom:
		sql, err = c.topBottom(f, x)
	case Nulls:
		given = f.Nulls != "" && f.Nulls != "keep"
	default:
		return out, lethe.Errorf(lethe.Invalid, "there is no kind of filter %q", f.Kind)
	}
	if err != nil {
		return out, err
	}
	out.sql = withNulls(sql, x, f.Nulls, given)
	return out, nil
}

// withNulls adds to a condition what happens to nulls, which it does not hold for.
func withNulls(sql, x, nulls string, given bool) string {
	switch {
	case nulls == "only":
		return x + " IS NULL"
	case nulls == "leave_out" && sql == "":
		return x + " IS NOT NULL"
	case nulls == "keep" && sql != "":
		return "(" + sql + " OR " + x + " IS NULL)"
	case !given:
		return ""
	}
	return sql
}

// category keeps values, or what contains a text.
func category(f Filter, x string, typ Type) (sql string, given bool, err error) {
	var terms []string
	if len(f.Values) > 0 {
		sql, _, err := among(x, f, func(v string) (string, error) { return literal(typ, v) })
		if err != nil {
			return "", true, err
		}
		terms = append(terms, sql)
	}
	if f.Contains != "" {
		l, err := literal(Text, f.Contains)
		if err != nil {
			return "", true, err
		}
		if typ != Text {
			x = "CAST(" + x + " AS varchar)"
		}
		op := " > 0"
		if f.Exclude {
			op = " = 0"
		}
		terms = append(terms, "strpos(lower("+x+"), lower("+l+"))"+op)
	}
	return strings.Join(terms, " AND "), len(terms) > 0, nil
}

// among keeps values of a filter, or excludes them.
func among(x string, f Filter, literal func(string) (string, error)) (sql string, given bool, err error) {
	if len(f.Values) == 0 {
		return "", false, nil
	}
	list := make([]string, len(f.Values))
	for i, v := range f.Values {
		if list[i], err = literal(v); err != nil {
			return "", true, err
		}
	}
	op := map[bool]string{false: " IN (", true: " NOT IN ("}[f.Exclude]
	return x + op + strings.Join(list, ", ") + ")", true, nil
}

// bounds keeps a range, which ends as upper says unless it is excluded.
func bounds(x string, f Filter, literal func(string) (string, error), upper string) (sql string, given bool, err error) {
	var terms []string
	add := func(v, op string) {
		if v == "" || err != nil {
			return
		}
		var l string
		if l, err = literal(v); err == nil {
			terms = append(terms, x+" "+op+" "+l)
		}
	}
	lower := ">="
	if f.ExcludeFrom {
		lower = ">"
	}
	if f.ExcludeTo {
		upper = "<"
	}
	add(f.From, lower)
	add(f.To, upper)
	if len(terms) == 0 {
		return "", false, err
	}
	sql = strings.Join(terms, " AND ")
	if f.Exclude {
		sql = "NOT (" + sql + ")"
	}
	return sql, true, err
}

// instantBound writes a bound of a range of a type. Of dates a time is the start of the
// next day: a date lies before or after a time as its own start does.
func instantBound(typ Type) func(string) (string, error) {
	return func(v string) (string, error) {
		at, err := instantOf(v)
		if err != nil {
			return "", err
		}
		if day := at.Truncate(24 * time.Hour); typ == Date && !day.Equal(at) {
			at = day.AddDate(0, 0, 1)
		}
		return instantLiteral(typ, at)
	}
}

// times keeps dates, or the times of days where values have no time.
func (c *compiler) times(x string, typ Type, f Filter) (sql string, given bool, err error) {
	if typ == Date || f.Grain != "" {
		return c.grains(x, typ, f)
	}
	var terms []string
	for _, v := range f.Values {
		at, err := instantOf(v)
		if err != nil {
			return "", true, err
		}
		s := span{at, at.AddDate(0, 0, 1)}
		if len(v) > len(time.DateOnly) {
			l, err := instantLiteral(typ, at)
			if err != nil {
				return "", true, err
			}
			terms = append(terms, x+" = "+l)
			continue
		}
		sql, err := s.sql(x, typ)
		if err != nil {
			return "", true, err
		}
		terms = append(terms, "("+sql+")")
	}
	return anyOf(terms, f.Exclude), len(terms) > 0, nil
}

// grains keeps what lies in the grains that values begin.
func (c *compiler) grains(x string, typ Type, f Filter) (sql string, given bool, err error) {
	if f.Grain == "" || typ == Date && f.Grain == Day {
		return among(x, f, func(v string) (string, error) { return literal(typ, v) })
	}
	var terms []string
	for _, v := range f.Values {
		at, err := instantOf(v)
		if err != nil {
			return "", true, err
		}
		start, err := f.Grain.floor(at)
		if err != nil {
			return "", true, err
		}
		sql, err := span{start, f.Grain.add(start, 1)}.sql(x, typ)
		if err != nil {
			return "", true, err
		}
		terms = append(terms, "("+sql+")")
	}
	return anyOf(terms, f.Exclude), len(terms) > 0, nil
}

func anyOf(terms []string, not bool) string {
	if len(terms) == 0 {
		return ""
	}
	sql := "(" + strings.Join(terms, " OR ") + ")"
	if not {
		sql = "NOT " + sql
	}
	return sql
}

// topBottom keeps the values of a field with the largest measure, of the rows that the
// other filters leave.
func (c *compiler) topBottom(f Filter, x string) (string, error) {
	if f.N < 1 {
		return "", lethe.Errorf(lethe.Invalid, "it says not how many")
	}
	by := Of{Field: "*", Aggregation: Count}
	if f.By != nil {
		by = *f.By
	}
	m, _, err := c.measure(by)
	if err != nil {
		return "", err
	}
	direction := " DESC"
	if f.Bottom {
		direction = " ASC"
	}
	return x + " IN (\n  SELECT " + x + "\n  FROM " + c.table() + c.where(x+" IS NOT NULL") +
		"\n  GROUP BY 1\n  ORDER BY " + m + direction + " NULLS LAST, 1\n  LIMIT " + itoa(f.N) + ")", nil
}
