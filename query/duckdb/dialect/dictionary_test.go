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
		"inverse_normal_cdf(0, 1, f)", "from_utf8(b, 'ab')", "from_big_endian_64(b)", "split_part(x, 'x', n)", "sequence(n, 60, n + 1)",
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
		{`SELECT trino_from_base("a,)'", CAST(10 AS BIGINT))`, `SELECT trino_from_base(decode(encode("a,)'")), CAST(10 AS BIGINT))`},
		{"SELECT trino_from_base(trino_json_varchar(r1.x), n)", "SELECT trino_from_base(decode(encode(trino_json_varchar(decode(encode(r1.x))))), CAST(CAST(n AS HUGEINT) AS BIGINT))"},
		{"SELECT trino_fail('A', 'it''s ' || f(x, ')'))", "SELECT trino_fail('A', decode(encode('it''s ' || f(x, ')'))))"},
		{"SELECT trino_try_from_base(x, 10), trino_unknown(x)", "SELECT trino_try_from_base(x, 10), trino_unknown(x)"},
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
