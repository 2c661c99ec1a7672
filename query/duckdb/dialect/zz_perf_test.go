package dialect

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestPerf(t *testing.T) {
	if os.Getenv("PERF") == "" {
		t.Skip()
	}
	e := newEngine(t)
	e.table(t, "p", "a integer, b bigint, d decimal(15,2), f double, s varchar, dts varchar, dt date, ts timestamp(3), j varchar, num varchar, u varchar", `CREATE TABLE p AS SELECT i::INTEGER AS a, i*10 AS b, (i/10.0)::DECIMAL(15,2) AS d, i/7.0::DOUBLE AS f, 'string ' || i AS s, CAST(DATE '2020-01-01' + (i%3000)::INTEGER AS VARCHAR) AS dts, DATE '2020-01-01' + (i%3000)::INTEGER AS dt, TIMESTAMP '2020-01-01' + to_seconds(i) AS ts, '{"id":' || i || ',"user":{"name":"n' || i || '","tags":["a","b","c"]},"text":"lorem ipsum dolor sit amet consectetur"}' AS j, i::VARCHAR AS num, 'https://example.com/path/' || i || '?q=1#f' AS u FROM range(1000000) q(i)`)
	for _, x := range strings.Split(`a + 1|a / 3|a / (a + 1)|d * d|d / 3|d * (1 - d)|f > 3e5|f = f + 0e0|CAST(num AS integer)|CAST(num AS double)|CAST(f AS varchar)|CAST(f AS bigint)|CAST(dts AS date)|date_parse(dts, '%Y-%m-%d')|date_parse(dts, '%Y-%c-%d')|CAST(dts AS timestamp)|date_format(ts, '%Y-%m')|format_datetime(ts, 'yyyy-MM')|from_unixtime(b)|hour(from_unixtime(b) AT TIME ZONE 'Europe/Berlin')|json_extract_scalar(j, '$.user.name')|json_extract(j, '$.user')|regexp_like(s, '\d+5$')|regexp_extract(s, '(\d+)', 1)|regexp_replace(s, '\d', 'x')|split_part(s, ' ', 2)|substr(s, 3, a)|upper(s)|trim(s)|url_extract_host(u)|concat(s, '-', num)|greatest(a, b)|round(f, 2)|round(d, 1)|coalesce(try_cast(s AS integer), 0)|to_hex(md5(to_utf8(s)))|date_trunc('month', ts)|date_diff('day', dt, DATE '2024-01-01')|CAST(ts AS varchar)|lpad(num, 10, '0')|reverse(s)|length(s)|transform(ARRAY[a, 1], x -> x + 1)|element_at(split(s, ' '), 2)|ln(f)|sqrt(f)|power(f, 2e0)|strpos(s, '1')|levenshtein_distance(s, num)`, "|") {
		st, err := e.emit(t.Context(), "SELECT count("+x+") FROM p")
		if err != nil {
			t.Error(err)
			continue
		}
		best := time.Hour
		for range 2 {
			start := time.Now()
			if _, err := e.run(t.Context(), st.SQL); err != nil {
				t.Error(x, err)
				break
			}
			best = min(best, time.Since(start))
		}
		fmt.Printf("%8.0f ns/row  %s\n", float64(best.Nanoseconds())/1e6, x)
	}
}
