package dialect

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestTry(t *testing.T) {
	p := os.Getenv("TRYFILE")
	if p == "" {
		t.Skip()
	}
	e := newEngine(t)
	e.table(t, "t", "a integer, b bigint, d decimal(15,2), f double, r real, s varchar, dt date, ts timestamp(3), tz timestamp(3) with time zone, c char(5), arr array(integer), m map(varchar,integer), rw row(x integer, y varchar), ts9 timestamp(9), bin varbinary, bo boolean", `CREATE TABLE t AS SELECT i::INTEGER AS a, (i*10)::BIGINT AS b, (i/10.0)::DECIMAL(15,2) AS d, (i/4.0)::DOUBLE AS f, (i/4.0)::FLOAT AS r, 's' || i AS s, DATE '2020-01-01' + i::INTEGER AS dt, TIMESTAMP '2020-01-01 10:00:00' + to_hours(i) AS ts, (TIMESTAMPTZ '2020-01-01 10:00:00+00' + to_hours(i)) AS tz, 'c' || i AS c, [i::INTEGER, NULL, 3] AS arr, MAP{'k' || i: i::INTEGER} AS m, {'x': i::INTEGER, 'y': 'y' || i} AS rw, TIMESTAMP_NS '2020-01-01 00:00:00.123456789' AS ts9, '\xAB\x01'::BLOB AS bin, i % 2 = 0 AS bo FROM range(5) q(i)`)
	f, _ := os.Open(p)
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		l := strings.TrimSpace(sc.Text())
		if l == "" {
			continue
		}
		_, rows, err := e.query(t.Context(), l)
		st, _ := e.emit(t.Context(), l)
		fmt.Println(l)
		if os.Getenv("SHOW") != "" || err != nil {
			fmt.Println("     ", st.SQL)
		}
		if err != nil {
			fmt.Println("   !!", strings.Split(detail(err), "\nSELECT")[0])
		} else {
			fmt.Println("   =>", rowsText(rows))
		}
	}
}
