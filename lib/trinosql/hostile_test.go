package trinosql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// hostile statements are a quarter as long as Athena allows (256 kB) and made to
// exhaust the stack, the memory or the time of a careless reader. What takes
// more than linear time shows at this length too.
func hostile() map[string]string {
	rep := strings.Repeat
	const size = 64 << 10
	fill := func(head, unit, tail string) string {
		return head + rep(unit, (size-len(head)-len(tail))/len(unit)) + tail
	}
	nest := func(n int, open, core, end string) string { return rep(open, n) + core + rep(end, n) }
	numbered := func(head, unit, sep, tail string) string {
		var b strings.Builder
		b.WriteString(head)
		for i := 0; b.Len() < size-100; i++ {
			if i > 0 {
				b.WriteString(sep)
			}
			b.WriteString(strings.ReplaceAll(unit, "#", fmt.Sprint(i)))
		}
		return b.String() + tail
	}
	doubled := "SELECT 1 AS x"
	for range 40 {
		doubled = "SELECT ROW(x, x) AS x FROM (" + doubled + ")"
	}
	stars := "SELECT 1 AS x"
	for range 40 {
		stars = "SELECT *, * FROM (" + stars + ")"
	}
	ctes := "WITH c0 AS (SELECT 1 AS x)"
	for i := range 40 {
		ctes += fmt.Sprintf(", c%d AS (SELECT a.*, b.* FROM c%d a, c%d b)", i+1, i, i)
	}
	lambdas := "x"
	for i := range 60 {
		lambdas = fmt.Sprintf("reduce(ARRAY[1], 0, (s%d, x) -> s%d + %s, s%d -> s%d)", i, i, lambdas, i, i)
	}
	cases := "1"
	for range 200 {
		cases = "CASE " + cases + " WHEN > 1 THEN 1 WHEN < 2 THEN 2 END"
	}
	return map[string]string{
		"parentheses":         "SELECT " + nest(size/2, "(", "1", ")"),
		"open parentheses":    fill("SELECT ", "(", ""),
		"subqueries":          fill("", "SELECT (", ""),
		"nested subqueries":   "SELECT " + nest(900, "(SELECT ", "1", ")"),
		"in subqueries":       "SELECT 1 FROM t WHERE " + nest(400, "a IN ((SELECT a FROM t WHERE ", "true", "), 2)"),
		"brackets":            "SELECT " + nest(size/2, "[", "", "]"),
		"nots":                fill("SELECT ", "NOT ", "true"),
		"minuses":             fill("SELECT ", "- ", "a"),
		"sum":                 fill("SELECT 1", "+1", ""),
		"concatenation":       fill("SELECT 'a'", "||'a'", ""),
		"or":                  fill("SELECT true", " OR true", ""),
		"in list":             fill("SELECT 1 IN (1", ",1", ")"),
		"dots":                fill("SELECT a", ".a", " FROM t"),
		"row fields":          "SELECT a" + rep(".a", 15000) + " FROM t",
		"subscripts":          fill("SELECT a", "[1]", " FROM t"),
		"time zones":          fill("SELECT now()", " AT LOCAL", ""),
		"casts":               "SELECT " + nest(20000, "CAST(", "1", " AS bigint)"),
		"types":               "SELECT CAST(1 AS " + nest(50000, "array(", "integer", ")") + ")",
		"suffix types":        fill("SELECT CAST(1 AS integer", " ARRAY", ")"),
		"rows in types":       "SELECT CAST(1 AS " + nest(30000, "row(a ", "integer x", ")") + ")",
		"unions":              fill("SELECT 1", " UNION SELECT 1", ""),
		"joins":               fill("SELECT 1 FROM u", " CROSS JOIN u", ""),
		"right joins":         fill("SELECT 1 FROM u", " JOIN u", ""),
		"comma joins":         fill("SELECT 1 FROM u", ",u", ""),
		"relations":           "SELECT * FROM " + nest(size/2, "(", "t", ")"),
		"substrings":          "SELECT " + nest(20000, "substring(", "'a'", ", 1)"),
		"open substrings":     fill("SELECT ", "substring(", ""),
		"cases":               fill("SELECT ", "CASE WHEN ", ""),
		"predicate cases":     "SELECT " + cases,
		"explains":            fill("", "EXPLAIN ", "SELECT 1"),
		"prepares":            fill("", "PREPARE p FROM ", "SELECT 1"),
		"quotes":              fill("SELECT ", `"`, ""),
		"apostrophes":         fill("SELECT ", "'a", ""),
		"comments":            fill("SELECT ", "/*", ""),
		"dollars":             fill("SELECT ", "$$a", ""),
		"unicode strings":     fill("SELECT ", "U&'a", ""),
		"long line":           fill("SELECT ", "é ", ""),
		"rows":                doubled,
		"stars":               stars,
		"named queries":       ctes,
		"lambdas":             "SELECT " + lambdas,
		"columns":             numbered("SELECT ", "# AS c#", ",", ""),
		"many references":     "SELECT a FROM (" + numbered("SELECT ", "# AS a#", ",", "")[:size/2] + " AS z)",
		"group by columns":    numbered("SELECT 1 FROM t GROUP BY ", "a+#", ",", ""),
		"group by sets":       fill("SELECT 1 FROM t GROUP BY CUBE(a", ",a", ")"),
		"group by products":   fill("SELECT 1 FROM t GROUP BY ROLLUP(a)", ",ROLLUP(a)", ""),
		"group by same":       fill("SELECT 1 FROM t GROUP BY a", ",a", ""),
		"aggregates":          numbered("SELECT ", "sum(a+#)", ",", " FROM t GROUP BY a"),
		"order by":            numbered("SELECT DISTINCT a FROM t ORDER BY ", "a+#", ",", ""),
		"values":              numbered("VALUES ", "(#, 'x')", ",", ""),
		"wide values":         numbered("VALUES (", "#", ",", ")"),
		"windows":             numbered("SELECT 1 FROM t WINDOW ", "w# AS (ORDER BY a)", ",", ""),
		"aliases":             numbered("SELECT 1 FROM (SELECT 1) AS t(", "c#", ",", ")"),
		"using":               fill("SELECT 1 FROM u JOIN u USING (a", ",a", ")"),
		"named":               numbered("WITH ", "q# AS (SELECT 1)", ",", " SELECT 1"),
		"conjuncts":           numbered("SELECT 1 FROM t WHERE ", "dt <> '#'", " AND ", ""),
		"disjuncts":           numbered("SELECT 1 FROM t WHERE ", "dt = '#'", " OR ", ""),
		"parameters":          fill("SELECT ?", ",?", ""),
		"semicolons":          fill("SELECT 1", ";", ""),
		"partitions":          fill("ALTER TABLE t ADD PARTITION (a=1)", " PARTITION (a=1)", ""),
		"struct types":        "CREATE EXTERNAL TABLE t (a " + nest(40000, "array<", "int", ">") + ") LOCATION 's3://b/'",
		"dotted names":        fill("SELECT * FROM a", ".a", ""),
		"grouping subqueries": "SELECT a FROM t GROUP BY a HAVING " + nest(300, "EXISTS (SELECT a FROM t GROUP BY a HAVING ", "true", ")"),
	}
}

func TestHostileStatementsAreReadOrRefused(t *testing.T) {
	tables := goldenTables()
	for name, sql := range hostile() {
		t.Run(name, func(t *testing.T) {
			if len(Split(sql)) == 0 {
				t.Error("no statement in the script")
			}
			stmt, err := Parse(sql)
			if err == nil {
				opt := Options{Catalog: "c", Database: "db"}
				for range stmt.Params() {
					opt.Parameters = append(opt.Parameters, &Literal{Kind: IntegerLiteral, Val: "1"})
				}
				_, err = Analyze(context.Background(), stmt, tables, opt)
			}
			var e *Error
			if err != nil && !errors.As(err, &e) {
				t.Errorf("%T: %v", err, err)
			}
			if e != nil && len(e.Msg) > 10000 {
				t.Errorf("a message of %d bytes", len(e.Msg))
			}
		})
	}
}

func TestNestingHasALimit(t *testing.T) {
	ok := strings.Repeat("(", MaxDepth/2) + "1" + strings.Repeat(")", MaxDepth/2)
	if _, err := Parse("SELECT " + ok); err != nil {
		t.Error(err)
	}
	deep := strings.Repeat("(", 2*MaxDepth) + "1" + strings.Repeat(")", 2*MaxDepth)
	_, err := Parse("SELECT " + deep)
	var e *Error
	if !errors.As(err, &e) || e.Code != StatementTooLarge {
		t.Errorf("got %v, want %s", err, StatementTooLarge)
	}
}
