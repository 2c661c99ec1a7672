package dialect

import "testing"

// TestConditionsKeepTheirOrder: a condition that fails for some rows stands behind
// one that leaves them out, and DuckDB does not try it first.
func TestConditionsKeepTheirOrder(t *testing.T) {
	e := newEngine(t)
	e.table(t, "z", "s varchar, k bigint", "CREATE TABLE z AS SELECT CASE WHEN i % 2 = 0 THEN '' ELSE '2020' END AS s, i AS k FROM range(50000) q(i)")
	for _, x := range []string{
		"from_base(s, 10) > 0", "json_parse(s) IS NOT NULL", "luhn_check(s) IS NOT NULL", "codepoint(CAST(substr(s, 1, 1) AS varchar(1))) = 50",
		"date_parse(s, '%Y') > TIMESTAMP '1970-01-01 00:00:00'", "CAST(s AS integer) > 0", "10 / length(s) > 0", "lpad(s, length(s) - 1, 'x') <> ''",
		"CAST(s AS varchar(4)) = CAST(CAST(s AS bigint) AS varchar(4))", "from_iso8601_date(s) > DATE '1970-01-01'",
	} {
		for _, q := range []string{
			"SELECT count(*) FROM z WHERE length(s) + length(s) + length(s) > 0 AND " + x,
			"SELECT count(*) FROM (SELECT s FROM z WHERE length(s) + length(s) + length(s) > 0) z WHERE " + x,
			"WITH q AS (SELECT * FROM z WHERE length(s) + length(s) > 0) SELECT count(*) FROM (SELECT s FROM q) q JOIN (VALUES '2020') v(w) ON w = s WHERE " + x,
			"SELECT count(*) FROM (SELECT k, s, (" + x + ") AS y FROM z WHERE length(s) + length(s) + length(s) > 0) z WHERE k >= 0 AND y",
		} {
			_, rows, err := e.query(t.Context(), q)
			if err != nil {
				t.Errorf("%s: %v", q, detail(err))
			} else if got := rowsText(rows); got != "25000" {
				t.Errorf("%s: got %s", q, got)
			}
		}
	}
}
