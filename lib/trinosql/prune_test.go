package trinosql

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestConstantsAreComputed evaluates expressions without columns.
func TestConstantsAreComputed(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"1 + 2 * 3", "7"},
		{"2147483647 + 1", "?"}, // an overflow is the engine's to report
		{"-5", "-5"},
		{"- (-5)", "5"},
		{"'a' || 'b'", "ab"},
		{"1 = 1.0", "true"},
		{"1 < 2 AND 2 < 1", "false"},
		{"null = 1", "null"},
		{"null OR true", "true"},
		{"null AND false", "false"},
		{"null AND true", "null"},
		{"NOT null", "null"},
		{"1 IN (2, 3)", "false"},
		{"1 IN (2, null)", "null"},
		{"1 NOT IN (2, 3)", "true"},
		{"1 BETWEEN 0 AND 2", "true"},
		{"1 NOT BETWEEN 0 AND 2", "false"},
		{"'abc' LIKE 'a%c'", "true"},
		{"'abc' LIKE '_b'", "false"},
		{"'abc' NOT LIKE '%'", "false"},
		{"null IS NULL", "true"},
		{"1 IS DISTINCT FROM null", "true"},
		{"DATE '2024-01-31' + INTERVAL '1' MONTH", "2024-02-29"},
		{"DATE '2024-03-31' - INTERVAL '1' MONTH", "2024-02-29"},
		{"DATE '2024-03-01' - INTERVAL '1' DAY", "2024-02-29"},
		{"INTERVAL '1' YEAR + DATE '2024-02-29'", "2025-02-28"},
		{"TIMESTAMP '2024-01-01 00:00:00' - INTERVAL '90' MINUTE", "2023-12-31 22:30:00"},
		{"current_date - INTERVAL '7' DAY", "2024-02-27"},
		{"CAST(current_date AS varchar)", "2024-03-05"},
		{"CAST('2024-1-5' AS date)", "2024-01-05"},
		{"CAST('x' AS date)", "?"},
		{"CAST(' 5' AS integer)", "?"},
		{"CAST('05' AS integer)", "5"},
		{"CAST(1.5 AS integer)", "?"},
		{"CAST(5 AS varchar)", "5"},
		{"CAST('abc' AS varchar(2))", "ab"},
		{"CAST(TIMESTAMP '2024-01-02 03:04:05' AS date)", "2024-01-02"},
		{"DATE '2024-01-01' < TIMESTAMP '2024-01-01 00:00:01'", "true"},
		{"date('2024-01-05')", "2024-01-05"},
		{"date_format(DATE '2024-01-05', '%Y/%m/%d')", "2024/01/05"},
		{"date_format(DATE '2024-01-05', '%W')", "?"},
		{"date_add('month', -1, DATE '2024-03-31')", "2024-02-29"},
		{"year(DATE '2024-03-31')", "2024"},
		{"EXTRACT(DAY FROM DATE '2024-03-31')", "31"},
		{"substr('hello', 2, 3)", "ell"},
		{"substr('hello', -2)", "lo"},
		{"substr('hello', 0)", ""},
		{"lower('AbC')", "abc"},
		{"concat('a', 'b', 'c')", "abc"},
		{"coalesce(null, 'x')", "x"},
		{"length('héllo')", "5"},
		{"random()", "?"},
		{"1 / 0", "?"},
		{"(SELECT 1)", "?"},
	} {
		stmt, err := Parse("SELECT " + c.sql)
		if err != nil {
			t.Fatal(err)
		}
		an, err := Analyze(context.Background(), stmt, nil, Options{Now: time.Date(2024, 3, 5, 23, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		got := "?"
		if v, ok := an.evaluator.eval(stmt.(*QueryStmt).Q.Body.(*Select).Items[0].X); ok {
			if got = v.Text; v.Null {
				got = "null"
			}
		}
		if got != c.want {
			t.Errorf("%s is %q, want %q", c.sql, got, c.want)
		}
	}
}

// TestPredicatesContainWhatMatches builds random conditions on partition
// columns: whatever satisfies the condition must lie within its predicates.
func TestPredicatesContainWhatMatches(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	texts := []string{"a", "b", "c", "ab", ""}
	var condition func(depth int) string
	condition = func(depth int) string {
		if depth > 0 && r.IntN(2) == 0 {
			op := []string{" AND ", " OR "}[r.IntN(2)]
			parts := []string{condition(depth - 1), condition(depth - 1)}
			if r.IntN(5) == 0 {
				return "NOT (" + strings.Join(parts, op) + ")"
			}
			return "(" + strings.Join(parts, op) + ")"
		}
		op := []string{"=", "<>", "<", "<=", ">", ">="}[r.IntN(6)]
		text := "'" + texts[r.IntN(len(texts))] + "'"
		switch r.IntN(8) {
		case 0:
			return fmt.Sprintf("h %s %d", op, r.IntN(4))
		case 1:
			return fmt.Sprintf("%d %s h", r.IntN(4), op)
		case 2:
			return fmt.Sprintf("dt IN (%s, '%s')", text, texts[r.IntN(len(texts))])
		case 3:
			return fmt.Sprintf("h BETWEEN %d AND %d", r.IntN(4), r.IntN(4))
		case 4:
			return []string{"dt IS NULL", "dt IS NOT NULL", "h IS NULL"}[r.IntN(3)]
		case 5:
			return fmt.Sprintf("dt LIKE '%s%%'", texts[r.IntN(len(texts))])
		case 6:
			return fmt.Sprintf("h %s %d.5", op, r.IntN(4))
		}
		return fmt.Sprintf("dt %s %s", op, text)
	}
	tables := goldenTables()
	const dt, h = 8, 9
	for range 3000 {
		sql := "SELECT a FROM t WHERE " + condition(3)
		an, err := analyzeText(sql, tables)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		use := an.Tables[0]
		for range 20 {
			row := map[int]Constant{dt: {Type: Varchar, Text: texts[r.IntN(len(texts))]}, h: {Type: Integer, Text: fmt.Sprint(r.IntN(5))}}
			if r.IntN(5) == 0 {
				row[dt] = nullOf(Varchar)
			}
			if r.IntN(5) == 0 {
				row[h] = nullOf(Integer)
			}
			within := true
			for _, p := range use.Predicates {
				within = within && p.Contains(row[p.Column])
			}
			matches := an.MayMatch(use, func(c int) (Constant, bool) { v, ok := row[c]; return v, ok })
			if matches && !within {
				t.Fatalf("%s: %v matches, but is outside of %v", sql, row, use.Predicates)
			}
			// Knowing less must never rule out more.
			if some := an.MayMatch(use, func(c int) (Constant, bool) { v, ok := row[c]; return v, ok && c == dt }); matches && !some {
				t.Fatalf("%s: %v matches, but not its dt alone", sql, row)
			}
		}
	}
}

func TestPartitionValuesAreRead(t *testing.T) {
	for _, c := range []struct {
		t          *Type
		text, want string
	}{
		{Varchar, "a b", "a b"},
		{Integer, "05", "5"},
		{Integer, "x", "?"},
		{Tinyint, "300", "?"},
		{Date, "2024-01-05", "2024-01-05"},
		{Date, "20240105", "?"},
		{Timestamp, "2024-01-05 01:02:03.5", "2024-01-05 01:02:03.5"},
		{Boolean, "TRUE", "true"},
		{Boolean, "yes", "?"},
	} {
		got := "?"
		if v, ok := PartitionValue(c.t, c.text); ok {
			got = v.Text
		}
		if got != c.want {
			t.Errorf("%s %q is %q, want %q", c.t, c.text, got, c.want)
		}
	}
}
