package dialect

import (
	"path/filepath"
	"strings"
	"testing"
)

// Functions that may fail give the same for a column that has a dictionary, in a
// Parquet file, as for one that has none.
func TestDictionaries(t *testing.T) {
	e := newEngine(t)
	const columns = "x varchar, n bigint, f double, b varbinary, i bigint"
	rows := `SELECT CASE WHEN i % 7 = 0 THEN 'b d!' ELSE CAST(i % 50 AS VARCHAR) END AS x, CASE WHEN i % 7 = 0 THEN -1 ELSE i % 50 + 1 END AS n,
		CASE WHEN i % 7 = 0 THEN -1.5 ELSE (i % 50 + 1) / 64 END::DOUBLE AS f, CASE WHEN i % 7 = 0 THEN '\xff'::BLOB ELSE encode(CAST(i % 50 AS VARCHAR)) END AS b, i FROM range(6000) t(i)`
	e.table(t, "flat", columns, "CREATE TABLE flat AS "+rows)
	file := filepath.Join(t.TempDir(), "t.parquet")
	if _, err := e.db.Exec("COPY (" + rows + ") TO '" + file + "'"); err != nil {
		t.Fatal(err)
	}
	e.table(t, "coded", columns, "CREATE VIEW coded AS SELECT * FROM read_parquet('"+file+"')")

	for _, x := range []string{
		"from_base(x, 10)", "json_parse(x)", "date_parse(x, '%Y')", "parse_datetime(x, 'ss')", "CAST(x AS ipaddress)", "CAST(x AS uuid)", "CAST(x AS json)",
		"CAST(x AS timestamp(3) with time zone)", "from_iso8601_date(x || '-01-01')", "parse_data_size(x || 'kB')", "codepoint(CAST(x AS varchar(1)))",
		"CAST(x AS integer)", "CAST(x AS decimal(5,2))", "url_decode('%' || x)",
		"chr(CAST(n AS integer))", "to_base(n, CAST(n + 1 AS integer))", "date_format(from_unixtime(n), '%Y %q')", "bit_count(n, 8)", "substr('abc', CAST(n AS integer))", "element_at(ARRAY[1, 2, 3], n)", "ARRAY[1, 2, 3][n]", "10 / (n + 1)",
		"inverse_normal_cdf(0, 1, f)", "from_utf8(b, 'ab')", "from_big_endian_64(b)", "split_part(x, 'x', n)", "format('%d', x)",
		"date_parse(CASE WHEN n < 0 THEN x ELSE '2020-01-01' END, '%Y-%m-%d')", "coalesce(date_parse(x, '%Y'), from_unixtime(n))", "coalesce(CAST(NULL AS timestamp), date_parse(x, '%Y'))",
		"coalesce(TRY_CAST(x AS timestamp), date_parse(x, '%Y'))", "coalesce(if(n > 100, x), url_decode('%' || x))", "coalesce(if(n > 20, from_unixtime(n)), date_parse(x, '%Y'))",
		"1 + CAST(x AS bigint)", "length(CAST(CAST(x AS bigint) AS varchar))", "coalesce(nullif(from_base(x, 10), 5), 10 / (n - 6), 3)", "transform(ARRAY[x, '5'], y -> from_base(y, 10))", "sequence(n, 60, n + 1)",
	} {
		for _, q := range []string{
			"SELECT TRY(" + x + ") IS NULL, count(*), min(i), max(i) FROM $ GROUP BY 1 ORDER BY 1",
			"SELECT count(" + x + "), min(i) FROM $ WHERE x <> 'b d!'",
		} {
			answer := func(table string) string {
				_, rows, err := e.query(t.Context(), strings.ReplaceAll(q, "$", table))
				if err != nil {
					text, _, _ := strings.Cut(err.Error(), "\n")
					return text
				}
				return rowsText(rows)
			}
			flat, coded := answer("flat"), answer("coded")
			if flat != coded {
				t.Errorf("%s\nwithout a dictionary %s\nwith one             %s", q, flat, coded)
			}
		}
	}
}

func TestCheckArguments(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"SELECT trino_upper(x) || 'trino_from_base(x, 1)' FROM t", "SELECT trino_upper(x) || 'trino_from_base(x, 1)' FROM t"},
		{`SELECT trino_from_base("a,)'", CAST(10 AS BIGINT))`, `SELECT trino_from_base(list_extract(["a,)'"], 1), CAST(10 AS BIGINT))`},
		{"SELECT trino_from_base(trino_json_varchar(r1.x), n)", "SELECT trino_from_base(list_extract([trino_json_varchar(list_extract([r1.x], 1))], 1), list_extract([n], 1))"},
		{"SELECT trino_fail('A', 'it''s ' || f(x, ')'))", "SELECT trino_fail('A', list_extract(['it''s ' || f(x, ')')], 1))"},
		{"SELECT trino_try_from_base(x, 10), trino_unknown(x)", "SELECT trino_try_from_base(x, 10), trino_unknown(x)"},
		{"SELECT list_transform([x, y], lambda v1: trino_from_base(v1, 2))", "SELECT list_transform(list_extract([[x, y]], 1), lambda v1: trino_from_base(list_extract([v1], 1), 2))"},
		{"SELECT list_filter(x, lambda v1: v1 > 2)", "SELECT list_filter(x, lambda v1: v1 > 2)"},
		{"SELECT trino_from_base(x", "SELECT trino_from_base(x"},
		{"SELECT trino_from_base('x", "SELECT trino_from_base('x"},
	} {
		// What may fail elsewhere in a statement changes nothing.
		for _, rest := range []string{"", ", trino_fail('A', 'B')"} {
			if got := checkArguments(c.sql + rest); got != c.want+rest && strings.Count(c.sql, "(") == strings.Count(c.sql, ")") {
				t.Errorf("%s\ngot  %s\nwant %s", c.sql+rest, got, c.want+rest)
			}
		}
		if got := checkArguments(c.want); got != c.want {
			t.Errorf("once more: %s", got)
		}
	}
}
