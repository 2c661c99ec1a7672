package dialect

import "testing"

// TestMeanings states what statements mean in Trino, above all where DuckDB reads
// the same words otherwise. want is the rows' text, or an error's code and text
// behind "error: ", or "refused".
func TestMeanings(t *testing.T) {
	e := newEngine(t)
	e.withPeople(t)
	for _, c := range []struct{ query, want string }{
		// numbers
		{"SELECT 5 / 2, -5 / 2, 5 % -3, 5.0 / 2, 7 / 2.0", "2|-2|2|2.5|3.5"},
		{"SELECT a / 0 FROM t", "error: DIVISION_BY_ZERO: Division by zero"},
		{"SELECT 1 % 0", "error: DIVISION_BY_ZERO: Division by zero"},
		{"SELECT d / 0 FROM t", "error: DIVISION_BY_ZERO: Division by zero"},
		{"SELECT 1e0 / 0, -1e0 / 0, 0e0 / 0", "Infinity|-Infinity|NaN"},
		{"SELECT CAST(1.00 AS decimal(5,2)) / CAST(3.00 AS decimal(5,2)), typeof(1.00 / 3.00)", "0.33|decimal(5,2)"},
		{"SELECT 9223372036854775807 + 1", "error: NUMERIC_VALUE_OUT_OF_RANGE: bigint addition overflow: 9223372036854775807 + 1"},
		{"SELECT 2147483647 + 1", "error: NUMERIC_VALUE_OUT_OF_RANGE: integer addition overflow: 2147483647 + 1"},
		{"SELECT sum(b) + 9223372036854775807 FROM t", "error: NUMERIC_VALUE_OUT_OF_RANGE: bigint addition overflow: 100 + 9223372036854775807"},
		{"SELECT CAST(2.5e0 AS integer), CAST(-2.5e0 AS integer), CAST(2.5 AS integer), round(2.5e0), round(-2.5)", "3|-3|3|3.0|-3"},
		{"SELECT CAST('1.5' AS integer)", "error: INVALID_CAST_ARGUMENT: Cannot cast '1.5' to INT"},
		{"SELECT CAST('x' AS double)", "error: INVALID_CAST_ARGUMENT: Cannot cast 'x' to DOUBLE"},
		{"SELECT CAST(300 AS tinyint)", "error: NUMERIC_VALUE_OUT_OF_RANGE: Value out of range: 300"},
		{"SELECT CAST(1.5e0 AS varchar), CAST(1e10 AS varchar), CAST(0.1 AS varchar), CAST(true AS varchar)", "1.5E0|1.0E10|0.1|true"},
		{"SELECT nan() = nan(), nan() <> nan(), nan() > 1e0, nan() < 1e0, nan() IN (nan()), nan() IS DISTINCT FROM nan()", "false|true|false|false|false|false"},
		{"SELECT count(*) FROM t WHERE f BETWEEN 0e0 AND nan()", "0"},
		{"SELECT max(x), min(x), greatest(nan(), 1e0) FROM (VALUES nan(), 2e0, 1e0) v(x)", "2.0|1.0|1.0"},
		{"SELECT x FROM (VALUES nan(), 2e0, NULL) v(x) ORDER BY x DESC", "NaN;2.0;NULL"},
		{"SELECT sqrt(-1e0), ln(0e0), power(0e0, -1e0), acos(2e0)", "NaN|-Infinity|Infinity|NaN"},
		{"SELECT typeof(sum(a)), typeof(avg(d)), typeof(sum(d)), typeof(avg(a)) FROM t", "bigint|decimal(15,2)|decimal(38,2)|double"},
		{"SELECT typeof(sum(a)) FROM t WHERE a > 99", "bigint"},
		{"SELECT NULL + sum(a) FROM t HAVING true", "NULL"},
		{"SELECT sum(a), sum(d), avg(d), avg(a) FROM t", "10|1.00|0.20|2.0"},
		{"SELECT avg(x) FROM (VALUES 1.00, 1.01) v(x)", "1.01"},
		{"SELECT sum(x * x) FROM (VALUES 9999999999.99) v(x)", "99999999999800000000.0001"},
		{"SELECT x * x FROM (VALUES DECIMAL '99999999999999999999999999999999999999') v(x)", "error: NUMERIC_VALUE_OUT_OF_RANGE: Decimal overflow"},
		{"SELECT bitwise_right_shift(-8, 1), bitwise_right_shift_arithmetic(-8, 1), bit_count(7, 64)", "2147483644|-4|3"},
		{"SELECT width_bucket(5e0, 0e0, 10e0, 5), from_base('ff', 16), to_base(255, 16), mod(-5, 3)", "3|255|ff|-2"},
		{"SELECT 0.5, .5, CAST(0.05 AS decimal(2,2)), -0.5", "0.5|0.5|0.05|-0.5"},
		// null and comparison
		{"SELECT greatest(1, NULL), least(NULL, 2), concat('a', NULL), 'a' || NULL", "NULL|NULL|NULL|NULL"},
		{"SELECT ARRAY[1, NULL] = ARRAY[1, NULL], ARRAY[1, NULL] = ARRAY[2, NULL], ROW(1, NULL) = ROW(1, NULL), ROW(1, NULL) = ROW(2, NULL)", "NULL|false|NULL|false"},
		{"SELECT (1, NULL) IN ((1, 2)), 1 NOT IN (2, NULL), 1 IN (SELECT a FROM t WHERE a > 9)", "NULL|NULL|false"},
		{"SELECT MAP(ARRAY[1, 2], ARRAY[3, 4]) = MAP(ARRAY[2, 1], ARRAY[4, 3])", "true"},
		{"SELECT count(*) FROM (SELECT DISTINCT x FROM (VALUES MAP(ARRAY[1, 2], ARRAY[3, 4]), MAP(ARRAY[2, 1], ARRAY[4, 3])) v(x))", "1"},
		{"SELECT ARRAY[1, 2] < ARRAY[1, 3], ARRAY[1] < ARRAY[1, 0], ROW(1, 2) < ROW(2, 0)", "true|true|true"},
		{"SELECT CAST('a' AS char(3)) = CAST('a' AS char(5)), length(CAST('a' AS char(3)))", "true|3"},
		{"SELECT x FROM (VALUES 2, NULL, 1) v(x) ORDER BY x DESC", "2;1;NULL"},
		{"SELECT x FROM (VALUES 2, NULL, 1) v(x) ORDER BY x NULLS FIRST", "NULL;1;2"},
		// text
		{"SELECT substr('hello', 0), substr('hello', -2), substr('hello', 9), substr('hello', 2, 2), substr('hello', 2, -1)", "|lo||el|"},
		{"SELECT split_part('a/b', '/', 9), split('a,b,c', ',', 2), strpos('abc', 'z'), strpos('a-b-c', '-', -1)", "NULL|[a, b,c]|0|4"},
		{"SELECT regexp_extract('abc', '\\d+'), regexp_extract('a1b', '\\d'), regexp_replace('a1b2', '\\d', '<$0>'), regexp_like('1a', 'a$')", "NULL|1|a<1>b<2>|true"},
		{"SELECT regexp_extract('ab', '(a)|(b)', 2), regexp_replace('abc', '(?<x>b)', '${x}${x}'), regexp_split('a1b', '\\d'), regexp_count('aaa', 'a')", "NULL|abbc|[a, b]|3"},
		{"SELECT regexp_like('x', '(?=x)')", "refused"},
		{"SELECT regexp_like('x', s) FROM (VALUES '(?=x)') v(s)", "refused"},
		{"SELECT upper('ß'), reverse('añb'), lpad('x', 3, 'ab'), trim(U&'\\2003x\\00A0')", "ß|bña|abx|x\u00a0"},
		{"SELECT format('%5.2f|%s|%,d|%05d', 3.14159e0, 'x', 1234567, 42)", " 3.14|x|1,234,567|00042"},
		{"SELECT to_hex(md5(to_utf8('a'))), X'ff' = from_hex('FF'), length(X'ffff')", "0CC175B9C0F1B6A831C399E269772661|true|2"},
		{"SELECT 'a_c' LIKE 'a!_c' ESCAPE '!', 'abc' LIKE 'a!_c' ESCAPE '!'", "true|false"},
		{"SELECT CAST('abc' AS varchar(2)), CAST(CAST('ab' AS char(4)) AS varchar), CAST(CAST('ab' AS char(4)) AS char(3))", "ab|ab|ab "},
		{"SELECT CAST(12345 AS varchar(3))", "error: INVALID_CAST_ARGUMENT: Value 12345 cannot be represented as varchar(3)"},
		{"SELECT url_extract_host('https://u:p@example.com:8080/a?b=c#d'), url_extract_port('https://example.com:8080/'), url_extract_parameter('http://x/?a=1&b=%20', 'b')", "example.com|8080| "},
		// time
		{"SELECT DATE '2024-01-31' + INTERVAL '1' MONTH, DATE '2024-03-01' - DATE '2024-02-01', DATE '2024-01-01' + INTERVAL '2' DAY", "2024-02-29|29 00:00:00.000|2024-01-03"},
		{"SELECT dt + INTERVAL '1' HOUR FROM t", "error: line 1:11: Cannot add hour, minutes or seconds to a date"},
		{"SELECT date_trunc('month', DATE '2024-02-10'), date_trunc('week', TIMESTAMP '2024-02-10 11:00:00')", "2024-02-01|2024-02-05 00:00:00"},
		{"SELECT date_diff('month', DATE '2024-01-31', DATE '2024-02-01'), date_diff('day', TIMESTAMP '2024-01-31 23:00:00', TIMESTAMP '2024-02-01 01:00:00')", "0|0"},
		{"SELECT day_of_week(DATE '2024-02-04'), extract(DOW FROM DATE '2024-02-05'), week(DATE '2024-12-30'), year_of_week(DATE '2024-12-30')", "7|1|1|2025"},
		{"SELECT TIMESTAMP '2024-01-31 10:00:00 UTC' AT TIME ZONE 'America/New_York', hour(TIMESTAMP '2024-01-31 10:00:00 UTC' AT TIME ZONE '+05:30')", "2024-01-31 05:00:00 America/New_York|15"},
		{"SELECT TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin' = TIMESTAMP '2024-01-01 09:00:00 UTC'", "true"},
		{"SELECT count(*), count(DISTINCT x) FROM (VALUES TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin', TIMESTAMP '2024-01-01 09:00:00 UTC') v(x) GROUP BY x", "2|1"},
		{"SELECT count(*) FROM (SELECT TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin' UNION SELECT TIMESTAMP '2024-01-01 09:00:00 UTC')", "1"},
		{"SELECT TIMESTAMP '2024-01-01 10:00:00 UTC' INTERSECT SELECT TIMESTAMP '2024-01-01 10:00:00 UTC'", "refused"},
		{"SELECT TIMESTAMP '2024-03-31 01:30:00 Europe/Berlin' + INTERVAL '1' HOUR, TIMESTAMP '2024-03-30 02:30:00 Europe/Berlin' + INTERVAL '1' DAY", "2024-03-31 03:30:00.000 Europe/Berlin|2024-03-31 03:30:00.000 Europe/Berlin"},
		{"SELECT from_unixtime(1706659200), to_unixtime(TIMESTAMP '1970-01-02 00:00:00'), CAST(TIMESTAMP '2024-01-01 00:00:00.1235' AS timestamp(3))", "2024-01-31 00:00:00.000 UTC|86400.0|2024-01-01 00:00:00.124"},
		{"SELECT date_parse('31/01/2024 10:05 PM', '%d/%m/%Y %h:%i %p'), date_format(TIMESTAMP '2024-01-31 13:05:00', '%W %e %b %y'), format_datetime(TIMESTAMP '2024-01-31 13:05:00', 'EEE, d MMM yyyy HH:mm')", "2024-01-31 22:05:00.000|Wednesday 31 Jan 24|Wed, 31 Jan 2024 13:05"},
		{"SELECT CAST('2024-1-5' AS date), CAST('2024-01-05 10:20' AS timestamp), TRY_CAST('2024-13-01' AS date)", "2024-01-05|2024-01-05 10:20:00.000|NULL"},
		{"SELECT CAST('x' AS date)", "error: INVALID_CAST_ARGUMENT: Value cannot be cast to date: x"},
		{"SELECT INTERVAL '1 02:03:04.5' DAY TO SECOND, INTERVAL '2-3' YEAR TO MONTH, INTERVAL '1' DAY * 2.5e0", "1 02:03:04.500|2-3|2 12:00:00.000"},
		{"SELECT ts9, CAST(ts9 AS timestamp(3)), tz, TIME '10:20:30.5' FROM t WHERE a = 0", "2020-01-01 00:00:00.123456789|2020-01-01 00:00:00.123|2020-01-01 10:00:00.000 UTC|10:20:30.5"},
		// json
		{`SELECT json_extract_scalar('{"a":{"b":"x"}}', '$.a'), json_extract_scalar('bad', '$.a'), json_extract_scalar('{"a":{"b":"x"}}', '$.a.b')`, "NULL|NULL|x"},
		{`SELECT CAST(JSON '"x"' AS varchar), CAST('x' AS json), json_format(CAST(ARRAY[1, NULL] AS json)), json_parse('{"b":1,"a":[ 2 ]}')`, `x|"x"|[1,null]|{"a":[2],"b":1}`},
		{`SELECT CAST(JSON '[1,null]' AS array(bigint)), CAST(JSON '{"a":1}' AS map(varchar, integer))['a'], CAST(JSON '{"x":1,"y":"z"}' AS row(x integer, y varchar)).y`, "[1, null]|1|z"},
		{`SELECT json_value('{"a":5}', 'lax $.a' RETURNING integer) + 1, json_exists('{"a":5}', 'lax $.b'), json_query('{"a":[1]}', 'lax $.a'), json_object('k' : 1)`, `6|false|[1]|{"k":1}`},
		// arrays, maps, rows
		{"SELECT ARRAY[1,2,3][9]", "error: INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: 9 > 3"},
		{"SELECT ARRAY[1,2,3][0]", "error: INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"},
		{"SELECT m['nope'] FROM t", "error: INVALID_FUNCTION_ARGUMENT: Key not present in map: nope"},
		{"SELECT element_at(ARRAY[1,2,3], -1), element_at(ARRAY[1,2,3], 9), element_at(m, 'k1') FROM t WHERE a = 1", "3|NULL|1"},
		{"SELECT array_distinct(ARRAY[2, NULL, 1, NULL, 2]), array_position(ARRAY[1,2], 5), contains(ARRAY[1, NULL], 2), array_max(ARRAY[1, NULL])", "[2, null, 1]|0|NULL|NULL"},
		{"SELECT array_sort(ARRAY[3, NULL, 1]), array_sort(ARRAY[3, 2, 5], (x, y) -> IF(x < y, 1, IF(x = y, 0, -1))), flatten(ARRAY[ARRAY[1], NULL]), slice(ARRAY[1,2,3], -2, 2)", "[1, 3, null]|[5, 3, 2]|[1]|[2, 3]"},
		{"SELECT transform(arr, x -> x * a), filter(arr, x -> x IS NOT NULL), reduce(ARRAY[1, 2], 'x', (s, x) -> s || CAST(x AS varchar), s -> length(s)) FROM t WHERE a = 2", "[4, null, 6]|[2, 3]|3"},
		{"SELECT any_match(ARRAY[1, NULL], x -> x > 1), all_match(ARRAY[1, 2], x -> x > 0), none_match(ARRAY[1], x -> x > 1)", "NULL|true|true"},
		{"SELECT map_filter(m, (k, v) -> v > 0), transform_values(m, (k, v) -> v * 2), map_zip_with(m, m, (k, x, y) -> x + y) FROM t WHERE a = 1", "{k1=1}|{k1=2}|{k1=2}"},
		{"SELECT MAP(ARRAY[1, 1], ARRAY[2, 3])", "error: INVALID_FUNCTION_ARGUMENT: Duplicate map keys are not allowed"},
		{"SELECT ROW(1, 'x'), CAST(ROW(1, 'x') AS ROW(a integer, b varchar)).b, rw.y, rw FROM t WHERE a = 1", "{field0=1, field1=x}|x|y1|{x=1, y=y1}"},
		{"SELECT split_to_map('a=1,b=2', ',', '=')['b'], sequence(1, 5, 2), sequence(DATE '2024-01-01', DATE '2024-01-03', INTERVAL '1' DAY), zip(ARRAY[1], ARRAY['a', 'b'])", "2|[1, 3, 5]|[2024-01-01, 2024-01-02, 2024-01-03]|[{field0=1, field1=a}, {field0=null, field1=b}]"},
		// queries
		{"SELECT (SELECT a FROM t)", "error: SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows"},
		{"SELECT a, u, n FROM t CROSS JOIN UNNEST(arr) WITH ORDINALITY AS z(u, n) WHERE a = 1", "1|1|1;1|NULL|2;1|3|3"},
		{"SELECT a, u FROM t LEFT JOIN UNNEST(filter(arr, x -> x > 3)) AS z(u) ON true ORDER BY a", "0|NULL;1|NULL;2|NULL;3|NULL;4|4"},
		{"SELECT k, v, x FROM UNNEST(MAP(ARRAY['a'], ARRAY[1]), ARRAY[5, 6]) AS z(k, v, x)", "a|1|5;NULL|NULL|6"},
		{"SELECT x, y FROM UNNEST(ARRAY[ROW(1, 'a'), NULL]) AS z(x, y)", "1|a;NULL|NULL"},
		{"SELECT bo, count(*), grouping(bo) FROM t GROUP BY ROLLUP (bo) ORDER BY 1", "false|2|0;true|3|0;NULL|5|1"},
		{"SELECT a FROM t ORDER BY bo, a FETCH FIRST 1 ROW WITH TIES", "1"},
		{"SELECT bo FROM t ORDER BY bo FETCH FIRST 1 ROW WITH TIES", "false;false"},
		{"SELECT x FROM (VALUES 1, 2, 2) v(x) EXCEPT ALL SELECT 2 ORDER BY 1", "1;2"},
		{"SELECT a, x.b, y.z FROM t x FULL JOIN (VALUES (4, 'p'), (9, 'q')) y(a, z) USING (a) WHERE a > 3 ORDER BY a", "4|40|p;9|NULL|q"},
		{"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n", "15"},
		{"SELECT a + x AS y FROM t CROSS JOIN LATERAL (SELECT max(b) AS x FROM t z WHERE z.a < t.a) WHERE a = 2", "12"},
		{"SELECT 5 AS x, count(*) FROM t GROUP BY 1", "5|5"},
		{"SELECT a AS x, -a AS a FROM t ORDER BY a LIMIT 1", "4|-4"},
		// aggregates and windows
		{"SELECT array_agg(a ORDER BY a DESC), array_agg(x) FROM t CROSS JOIN (VALUES NULL) v(x) WHERE a < 2", "[1, 0]|[null, null]"},
		{"SELECT array_agg(a), sum(a), count(*), listagg(s, ',') WITHIN GROUP (ORDER BY a) FROM t WHERE a > 99", "NULL|NULL|0|NULL"},
		{"SELECT map_agg(x, y), histogram(x), multimap_agg(x, y) FROM (VALUES ('a', 1), ('a', 2), (NULL, 3)) v(x, y)", "{a=1}|{a=2}|{a=[1, 2]}"},
		{"SELECT approx_distinct(a), approx_percentile(a, 0.5), approx_percentile(f, ARRAY[0e0, 1e0]) FROM t", "5|2|[0.0, 1.0]"},
		{"SELECT approx_percentile(a, 2, 0.5) FROM t", "refused"},
		{"SELECT max_by(x, y), min_by(x, y, 2), max_by(x, z) FROM (VALUES (NULL, 3, nan()), (1, 2, 1e0), (2, 1, 2e0)) v(x, y, z)", "NULL|[2, 1]|2"},
		{"SELECT skewness(x), geometric_mean(x), corr(x, 1) FROM (VALUES 1e0, 2e0, 6e0) v(x)", "0.5951700641394975|2.2894284851066637|NULL"},
		{"SELECT checksum(a) FROM t", "refused"},
		{"SELECT sum(a) OVER (ORDER BY a ROWS 1 PRECEDING), lag(a, 1, -1) OVER (ORDER BY a), rank() OVER (ORDER BY bo) FROM t ORDER BY a LIMIT 2", "0|-1|3;1|0|1"},
		{"SELECT first_value(x) IGNORE NULLS OVER (ORDER BY y) FROM (VALUES (NULL, 1), (5, 2)) v(x, y)", "NULL;5"},
		// TRY
		{"SELECT TRY(a / (a - a)), TRY(CAST(s AS integer)), TRY(coalesce(1 / (a - a), 7)), TRY_CAST('7' AS integer) FROM t WHERE a = 1", "NULL|NULL|NULL|7"},
		// athena's text
		{"SELECT bin, 1e7, 1e-3, 1e-4, 123456.75e0, REAL '1.1', c, ARRAY[1e0, NULL], MAP(ARRAY['k'], ARRAY[ARRAY[DATE '2020-01-01']]) FROM t WHERE a = 0", "ab 01|1.0E7|0.001|1.0E-4|123456.75|1.1|c0   |[1.0, null]|{k=[2020-01-01]}"},
	} {
		_, rows, err := e.query(t.Context(), c.query)
		got := rowsText(rows)
		switch {
		case err != nil && refused(err):
			got = "refused"
		case err != nil:
			got = "error: " + err.Error()
		}
		if got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.query, got, c.want)
		}
	}
}

func TestMapError(t *testing.T) {
	for _, c := range []struct{ message, want string }{
		{"Invalid Input Error: database/sql/driver: API error: trino!DIVISION_BY_ZERO!Division by zero", "DIVISION_BY_ZERO: Division by zero"},
		{"Out of Range Error: Overflow in addition of INT32 (2147483647 + 1)!", "NUMERIC_VALUE_OUT_OF_RANGE: integer addition overflow: 2147483647 + 1"},
		{"Out of Range Error: Overflow in multiplication of DECIMAL(38) (1 * 2). You might want to add an explicit cast", "NUMERIC_VALUE_OUT_OF_RANGE: Decimal overflow"},
		{"Conversion Error: Could not convert string 'x' to INT32", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to INT"},
		{"Conversion Error: Type INT32 with value 300 can't be cast because the value is out of range for the destination type INT8", "NUMERIC_VALUE_OUT_OF_RANGE: Value out of range: 300"},
		{"Invalid Input Error: More than one row returned by a subquery used as an expression", "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows"},
		{"Conversion Error: something about /var/lib/lethe/q/in/0.parquet", "INVALID_CAST_ARGUMENT: something about "},
		{"Binder Error: subqueries in lambda expressions are not supported", "the statement uses a combination of features that is not supported (compute parts of it in subqueries)"},
	} {
		err := MapError(c.message)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s\ngot  %v\nwant %s", c.message, err, c.want)
		}
	}
	if err := MapError("IO Error: No space left on device"); err != nil {
		t.Errorf("an I/O error became %v", err)
	}
	if !Overflowed("Out of Range Error: Overflow in multiplication of DECIMAL(18) (1 * 2).") || Overflowed("Overflow in multiplication of DECIMAL(38)") {
		t.Error("Overflowed")
	}
}
