package trinosql

import (
	"testing"
)

// TestSpansCoverTheirExpressions parses the text of every expression's span
// again: it must be the same expression.
func TestSpansCoverTheirExpressions(t *testing.T) {
	type statement struct{ Group, ID, SQL string }
	sources := []string{
		"SELECT (a + b) * c, -x[1].y, NOT (a IS NULL), t.a AT TIME ZONE 'UTC', count(*) FILTER (WHERE a > 1) OVER w FROM t WINDOW w AS ()",
		"SELECT CASE x WHEN > 5 THEN 1 END, (SELECT 1), (a, b), x -> (x + 1), CAST(ROW(1) AS row(a integer)), 'é' || U&'\\00e9'",
	}
	for _, s := range jsonLines[statement](t, "trino_statements.jsonl") {
		sources = append(sources, s.SQL)
	}
	checked := 0
	for _, sql := range sources {
		stmt, err := Parse(sql)
		q, ok := stmt.(*QueryStmt)
		if err != nil || !ok {
			continue
		}
		s, ok := q.Q.Body.(*Select)
		if !ok {
			continue
		}
		var exprs []Expr
		for _, it := range s.Items {
			if it.X != nil {
				exprs = append(exprs, it.X)
			}
		}
		if s.Where != nil {
			exprs = append(exprs, s.Where)
		}
		for _, x := range exprs {
			Walk(x, func(x Expr) bool {
				start, end := x.Span()
				if c, ok := x.(*Case); ok && c.Operand != nil {
					for _, w := range c.Whens {
						if w.Predicate {
							return false // its condition is not an expression by itself
						}
					}
				}
				again, err := ParseExpr(sql[start:end])
				if err != nil {
					t.Errorf("%q of %q: %v", sql[start:end], sql, err)
					return false
				}
				if got, want := FormatExpr(again), FormatExpr(x); got != want {
					t.Errorf("%q of %q is %s, was %s", sql[start:end], sql, got, want)
				}
				checked++
				return true
			})
		}
	}
	t.Logf("%d expressions", checked)
}

// TestFormattedExpressionsParse writes expressions and reads them back.
func TestFormattedExpressionsParse(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"a+b*c", "(a + (b * c))"},
		{"not a or b and c", "((NOT a) OR (b AND c))"},
		{"a between 1 and 2", "(a BETWEEN 1 AND 2)"},
		{"a not in (1,2)", "(a NOT IN (1, 2))"},
		{`"A b"."select"`, `"A b"."select"`},
		{"'it''s'", "'it''s'"},
		{"x -> x + 1", "(x) -> (x + 1)"},
		{"date '2024-01-01' - interval '1' day", "(DATE '2024-01-01' - INTERVAL '1' DAY)"},
		{"cast(a as decimal(10,2))", "CAST(a AS decimal(10, 2))"},
		{"count(distinct x)", "count(DISTINCT x)"},
		{"1.5", "DECIMAL '1.5'"},
		{"a is not distinct from b", "(a IS NOT DISTINCT FROM b)"},
		{"f(x) over (partition by a order by b)", "f(x) OVER (PARTITION BY a ORDER BY b)"},
	} {
		x, err := ParseExpr(c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		got := FormatExpr(x)
		if got != c.want {
			t.Errorf("%s is written %s, want %s", c.sql, got, c.want)
		}
		again, err := ParseExpr(got)
		if err != nil {
			t.Errorf("%s: %v", got, err)
		} else if FormatExpr(again) != got {
			t.Errorf("%s is read as %s", got, FormatExpr(again))
		}
	}
}
