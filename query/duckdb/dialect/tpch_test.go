package dialect

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lethe/lib/trinosql"
)

// tpchTables are the columns of TPC-H, with the types of the published Parquet
// generators, and a statement that makes a few rows of the right shape.
var tpchTables = []struct{ name, columns, rows string }{
	{"region", "r_regionkey bigint, r_name varchar, r_comment varchar",
		`SELECT i, ['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST'][i+1], 'c' || i FROM range(5) t(i)`},
	{"nation", "n_nationkey bigint, n_name varchar, n_regionkey bigint, n_comment varchar",
		`SELECT i, ['ALGERIA', 'BRAZIL', 'FRANCE', 'GERMANY', 'SAUDI ARABIA', 'INDIA', 'CANADA', 'CHINA', 'RUSSIA', 'UNITED STATES'][i+1], [0, 1, 3, 3, 4, 2, 1, 2, 3, 1][i+1], 'c' FROM range(10) t(i)`},
	{"supplier", "s_suppkey bigint, s_name varchar, s_address varchar, s_nationkey bigint, s_phone varchar, s_acctbal decimal(15,2), s_comment varchar",
		`SELECT i, 'Supplier#' || i, 'a' || i, i % 10, (10 + i % 10) || '-555', i * 100.5, CASE WHEN i % 7 = 0 THEN 'x Customer y Complaints' ELSE 'c' END FROM range(1, 41) t(i)`},
	{"customer", "c_custkey bigint, c_name varchar, c_address varchar, c_nationkey bigint, c_phone varchar, c_acctbal decimal(15,2), c_mktsegment varchar, c_comment varchar",
		`SELECT i, 'Customer#' || i, 'a', i % 10, ['13','31','23','29','30','18','17','11'][i % 8 + 1] || '-555', (i % 11) * 100 - 200.25, ['BUILDING', 'AUTOMOBILE'][i % 2 + 1], 'c' FROM range(1, 101) t(i)`},
	{"part", "p_partkey bigint, p_name varchar, p_mfgr varchar, p_brand varchar, p_type varchar, p_size integer, p_container varchar, p_retailprice decimal(15,2), p_comment varchar",
		`SELECT i, ['green x', 'forest y', 'red'][i % 3 + 1], 'M' || i % 5, ['Brand#23', 'Brand#12', 'Brand#45', 'Brand#34'][i % 4 + 1], ['PROMO BRASS', 'ECONOMY ANODIZED STEEL', 'STANDARD BRASS'][i % 3 + 1], [15, 49, 14, 23, 45, 19, 3, 36, 9, 5][i % 10 + 1], ['MED BOX', 'SM CASE', 'LG BOX', 'MED PKG'][i % 4 + 1], 900 + i, 'c' FROM range(1, 81) t(i)`},
	{"partsupp", "ps_partkey bigint, ps_suppkey bigint, ps_availqty integer, ps_supplycost decimal(15,2), ps_comment varchar",
		`SELECT i % 80 + 1, (i * 7) % 40 + 1, 9000 - i, i * 1.25, 'c' FROM range(320) t(i)`},
	{"orders", "o_orderkey bigint, o_custkey bigint, o_orderstatus varchar, o_totalprice decimal(15,2), o_orderdate date, o_orderpriority varchar, o_clerk varchar, o_shippriority integer, o_comment varchar",
		`SELECT i, (i * 3) % 90 + 1, ['F', 'O', 'P'][i % 3 + 1], i * 321.5, DATE '1992-01-01' + CAST(i * 4 AS INTEGER), ['1-URGENT', '2-HIGH', '5-LOW'][i % 3 + 1], 'clerk', 0, CASE WHEN i % 9 = 0 THEN 'special requests' ELSE 'c' END FROM range(1, 601) t(i)`},
	{"lineitem", "l_orderkey bigint, l_partkey bigint, l_suppkey bigint, l_linenumber integer, l_quantity decimal(15,2), l_extendedprice decimal(15,2), l_discount decimal(15,2), l_tax decimal(15,2), l_returnflag varchar, l_linestatus varchar, l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct varchar, l_shipmode varchar, l_comment varchar",
		`SELECT i % 600 + 1, i % 80 + 1, (i * 7) % 40 + 1, i // 600 + 1, i % 50 + 1 + (i % 7) * 40, (i % 1000) * 55.75 + 1000, (i % 11) / 100.0, (i % 9) / 100.0, ['A', 'N', 'R'][i % 3 + 1], ['F', 'O'][i % 2 + 1], DATE '1992-01-05' + CAST((i % 600) * 4 + i % 30 AS INTEGER), DATE '1992-01-20' + CAST((i % 600) * 4 AS INTEGER), DATE '1992-01-10' + CAST((i % 600) * 4 + i % 40 AS INTEGER), ['DELIVER IN PERSON', 'NONE'][i % 2 + 1], ['AIR', 'MAIL', 'SHIP', 'AIR REG'][i % 4 + 1], 'c' FROM range(3000) t(i)`},
}

// withTPCH adds the tables, from the Parquet files in dir if it is not "".
func (e *engine) withTPCH(tb testing.TB, dir string) {
	for _, t := range tpchTables {
		row, err := trinosql.ParseType("row(" + t.columns + ")")
		if err != nil {
			tb.Fatal(err)
		}
		var names, casts []string
		for i, el := range row.Elems {
			typ, err := StorageType(el)
			if err != nil {
				tb.Fatal(err)
			}
			names = append(names, row.FieldName(i))
			casts = append(casts, "CAST(c"+strconv.Itoa(i)+" AS "+typ+") AS "+row.FieldName(i))
		}
		create := "CREATE TABLE " + t.name + " AS SELECT " + strings.Join(casts, ", ") + " FROM (" + t.rows + ") AS t("
		for i := range names {
			if i > 0 {
				create += ", "
			}
			create += "c" + strconv.Itoa(i)
		}
		create += ")"
		if dir != "" {
			create = "CREATE VIEW " + t.name + " AS SELECT * FROM read_parquet(" + text(filepath.Join(dir, t.name+".parquet")) + ")"
		}
		e.table(tb, t.name, t.columns, create)
	}
}

// tpchQueries returns TPC-H's queries by id; a view that a query needs stands before it.
func tpchQueries(tb testing.TB) (ids []string, queries map[string]string) {
	f, err := os.Open(shared(tb, "conformance/trino_statements.jsonl"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	queries = map[string]string{}
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var s struct{ Group, ID, SQL string }
		if err := json.Unmarshal(sc.Bytes(), &s); err != nil {
			tb.Fatal(err)
		}
		if s.Group == "tpch" {
			ids = append(ids, s.ID)
			queries[s.ID] = s.SQL
		}
	}
	return ids, queries
}

// TestTPCH compares TPC-H in Trino's dialect with DuckDB's own reading of the same
// text, which means the same there but for rounding.
//
// With LETHE_TPCH naming a folder of Parquet files it runs over them, and reports
// the times of both.
func TestTPCH(t *testing.T) {
	dir := os.Getenv("LETHE_TPCH")
	e := newEngine(t)
	e.withTPCH(t, dir)
	ids, queries := tpchQueries(t)
	var ours, native time.Duration
	for _, id := range ids {
		q := queries[id]
		if rest, ok := strings.CutPrefix(q, "CREATE OR REPLACE VIEW revenue AS"); ok {
			e.view(t, "revenue", rest)
			continue
		}
		st, err := e.emit(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		run := func(sql string) ([][]*string, time.Duration, error) {
			best := time.Duration(math.MaxInt64)
			var rows [][]*string
			for range map[bool]int{true: 5, false: 1}[dir != ""] {
				start := time.Now()
				var err error
				if rows, err = e.run(t.Context(), sql); err != nil {
					return nil, 0, err
				}
				best = min(best, time.Since(start))
			}
			return rows, best, nil
		}
		want, nt, err := run(q)
		if err != nil {
			t.Errorf("%s: DuckDB itself: %v", id, err)
			continue
		}
		got, ot, err := run(st.SQL)
		if err != nil {
			t.Errorf("%s: %v\n%s", id, err, st.SQL)
			continue
		}
		ours, native = ours+ot, native+nt
		if dir != "" {
			t.Logf("%-22s %8.1f ms  DuckDB's own %8.1f ms  %.2f", id, ms(ot), ms(nt), float64(ot)/float64(nt))
		}
		if d := difference(got, want); d != "" {
			t.Errorf("%s: %s\n%s", id, d, st.SQL)
		}
	}
	if dir != "" {
		t.Logf("total %.1f ms, DuckDB's own %.1f ms, ratio %.3f", ms(ours), ms(native), float64(ours)/float64(native))
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// view makes a view on both sides.
func (e *engine) view(t *testing.T, name, query string) {
	if _, err := e.db.Exec("CREATE OR REPLACE VIEW " + name + " AS " + query); err != nil {
		t.Fatal(err)
	}
	e.tables[name] = &trinosql.TableSchema{TableName: trinosql.TableName{Catalog: "c", Database: "d", Table: name},
		View: &trinosql.View{SQL: query, Catalog: "c", Database: "d"}}
}

// difference compares rows, numbers with a tolerance.
func difference(got, want [][]*string) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d rows, want %d", len(got), len(want))
	}
	for i := range got {
		for j := range got[i] {
			g, w := "NULL", "NULL"
			if got[i][j] != null {
				g = *got[i][j]
			}
			if want[i][j] != null {
				w = *want[i][j]
			}
			x, err1 := strconv.ParseFloat(g, 64)
			y, err2 := strconv.ParseFloat(w, 64)
			if g != w && !(err1 == nil && err2 == nil && math.Abs(x-y) <= 0.006+1e-9*math.Abs(y)) {
				return fmt.Sprintf("row %d column %d: %s, want %s", i+1, j+1, g, w)
			}
		}
	}
	return ""
}
