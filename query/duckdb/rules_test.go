package duckdb

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe/catalog"
	"lethe/lib/trinosql"
	"lethe/object"
	"lethe/query"
)

// A table of people, and what each row is in Go: the oracle of the tests below.
type person struct {
	id      int
	country string // "" is null
	email   string
	amount  int
	note    string
}

func people() []person {
	var all []person
	countries := []string{"DE", "FR", "IT", ""}
	for i := range 60 {
		p := person{i, countries[i%4], fmt.Sprintf("%c%d@example.org", 'a'+rune(i%7), i), i % 11, fmt.Sprint(i % 5)}
		if p.country == "FR" { // what only these rows have breaks expressions
			p.email, p.amount, p.note = fmt.Sprintf("hidden%d", i), 500, "secret"
		}
		all = append(all, p)
	}
	return all
}

// rule is a row filter and masks, in SQL and in Go.
type testRule struct {
	filters []testFilter // any of them
	masks   map[string]testMask
}

type testFilter struct {
	sql   string
	holds func(person) bool
}

type testMask struct {
	sql   string // "" hides the column
	value func(person) string
}

// columns of the table, and what a row has there as text; "∅" is null.
var personColumns = []struct {
	name, typ string
	value     func(person) string
}{
	{"id", "int", func(p person) string { return fmt.Sprint(p.id) }},
	{"country", "string", func(p person) string {
		if p.country == "" {
			return "∅"
		}
		return p.country
	}},
	{"email", "string", func(p person) string { return p.email }},
	{"amount", "int", func(p person) string { return fmt.Sprint(p.amount) }},
	{"note", "string", func(p person) string { return p.note }},
}

func personTable(visible ...string) catalog.Table {
	var columns []string
	for _, c := range personColumns {
		if visible == nil || slices.Contains(visible, c.name) {
			columns = append(columns, c.name+" "+c.typ)
		}
	}
	return table(catalog.Parquet, columns...)
}

// personFile writes rows of texts as a Parquet object.
func (l *lake) personFile(t testing.TB, key string, columns []string, rows [][]string) object.Object {
	t.Helper()
	typ := func(c string) string {
		if c == "id" || c == "amount" {
			return "INTEGER"
		}
		return "VARCHAR"
	}
	items := make([]string, len(columns))
	for i, c := range columns {
		items[i] = fmt.Sprintf("CAST(c%d AS %s) AS %s", i, typ(c), c)
	}
	var values []string
	for _, r := range rows {
		cells := make([]string, len(r))
		for i, v := range r {
			if cells[i] = quote(v); v == "∅" {
				cells[i] = "NULL"
			}
		}
		values = append(values, "("+strings.Join(cells, ", ")+")")
	}
	where := ""
	if len(values) == 0 {
		values, where = []string{"(" + strings.TrimSuffix(strings.Repeat("NULL, ", len(columns)), ", ") + ")"}, " WHERE false"
	}
	names := make([]string, len(columns))
	for i := range names {
		names[i] = fmt.Sprintf("c%d", i)
	}
	return l.parquet(t, key, "SELECT "+strings.Join(items, ", ")+" FROM (VALUES "+strings.Join(values, ", ")+") v("+strings.Join(names, ", ")+")"+where)
}

// ruledTable resolves people to a table, with the rule if there is one.
type ruledTable struct {
	t    catalog.Table
	rule *testRule
}

func (r ruledTable) Table(_ context.Context, name trinosql.TableName) (*trinosql.TableSchema, error) {
	if !strings.EqualFold(name.Table, "people") {
		return nil, trinosql.ErrNoTable
	}
	s, err := query.Schema(name, r.t)
	if err != nil || r.rule == nil {
		return s, err
	}
	s.Rules = &trinosql.Rules{Masks: map[int]trinosql.Mask{}}
	var terms []trinosql.Expr
	for _, f := range r.rule.filters {
		x, err := trinosql.ParseExpr(f.sql)
		if err != nil {
			return nil, err
		}
		terms = append(terms, x)
	}
	switch len(terms) {
	case 0:
	case 1:
		s.Rules.Filter = terms[0]
	default:
		s.Rules.Filter = &trinosql.Logical{Op: "OR", Terms: terms}
	}
	for i, c := range s.Columns {
		if m, ok := r.rule.masks[c.Name]; ok {
			mask := trinosql.Mask{Hidden: m.sql == ""}
			if !mask.Hidden {
				if mask.Value, err = trinosql.ParseExpr(m.sql); err != nil {
					return nil, err
				}
			}
			s.Rules.Masks[i] = mask
		}
	}
	return s, nil
}

// ask runs a statement over one object as the table people.
func (l *lake) ask(r ruledTable, o object.Object, sql string) (rows [][]string, err error) {
	stmt, err := trinosql.Parse(sql)
	if err != nil {
		return nil, err
	}
	a, err := trinosql.Analyze(l.ctx, stmt, r, trinosql.Options{Catalog: "lake", Database: "default", Now: time.Now(), Zone: time.UTC})
	if err != nil {
		return nil, err
	}
	scans := make([]query.Scan, len(a.Tables))
	for i := range scans {
		scans[i] = scanOf(r.t, o)
	}
	result, err := l.Run(l.ctx, query.Job{ID: "q", Analysis: a, Scans: scans})
	if err != nil {
		return nil, err
	}
	defer result.Close()
	f, err := os.Open(result.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := readResult(f)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all[1:], func(a, b []string) int { return strings.Compare(strings.Join(a, "|"), strings.Join(b, "|")) })
	return all, nil
}

// leaves is what a rule leaves of the people: its columns and rows.
func (r testRule) leaves(all []person) (columns []string, rows [][]string) {
	for _, c := range personColumns {
		if m, ok := r.masks[c.name]; !ok || m.sql != "" {
			columns = append(columns, c.name)
		}
	}
	for _, p := range all {
		if len(r.filters) > 0 && !slices.ContainsFunc(r.filters, func(f testFilter) bool { return f.holds(p) }) {
			continue
		}
		var row []string
		for _, c := range personColumns {
			switch m, ok := r.masks[c.name]; {
			case !ok:
				row = append(row, c.value(p))
			case m.sql != "":
				row = append(row, m.value(p))
			}
		}
		rows = append(rows, row)
	}
	return columns, rows
}

var germans = testFilter{"country = 'DE'", func(p person) bool { return p.country == "DE" }}

// Expressions that fail on rows which the rule leaves out must not fail: each would
// tell of such a row.
func TestNoExpressionSeesRowsBelowARule(t *testing.T) {
	l := newLake(t)
	var rows [][]string
	for _, p := range people() {
		var row []string
		for _, c := range personColumns {
			row = append(row, c.value(p))
		}
		rows = append(rows, row)
	}
	names := []string{"id", "country", "email", "amount", "note"}
	o := l.personFile(t, "people.parquet", names, rows)
	rule := testRule{filters: []testFilter{germans}, masks: map[string]testMask{"email": {"substr(email, 1, 1) || '***'", func(p person) string { return p.email[:1] + "***" }}}}
	for _, sql := range []string{
		"SELECT count(*) FROM people WHERE 1 / (amount - 500) < 2",
		"SELECT count(*) FROM people WHERE CAST(note AS integer) >= 0",
		"SELECT sum(CAST(note AS integer)) FROM people",
		"SELECT count(*) FROM people WHERE from_base(note, 10) >= 0",
		"SELECT count(*) FROM people WHERE country = 'FR' OR 1 / (amount - 500) < 2",
		"SELECT count(*) FROM people WHERE country <> 'DE' AND CAST(note AS integer) = 7",
		"SELECT a.id FROM people a JOIN people b ON a.id = b.id AND 1 / (b.amount - 500) < 2",
		"SELECT id FROM people a WHERE EXISTS (SELECT 1 FROM people b WHERE b.id = a.id AND 1 / (b.amount - 500) < 2)",
		"WITH p AS (SELECT * FROM people WHERE 1 / (amount - 500) < 2) SELECT count(*) FROM p p1 CROSS JOIN p p2",
		"SELECT id FROM people WHERE 1 / (amount - 500) < 2 UNION ALL SELECT CAST(note AS integer) FROM people",
		"SELECT id, sum(1 / (amount - 500)) OVER (ORDER BY id) FROM people",
		"SELECT country, sum(1 / (amount - 500)) FROM people GROUP BY GROUPING SETS ((country), ())",
		"SELECT count(*) FROM people TABLESAMPLE BERNOULLI (100) WHERE 1 / (amount - 500) < 2",
		"SELECT count_if(json_parse('\"' || note || '\"') IS NULL) FROM people WHERE element_at(ARRAY[1], 1 + CAST(note AS integer)) IS NULL",
		"SELECT max(id) FROM (SELECT *, CAST(note AS integer) AS n FROM people) WHERE n >= 0",
		"SELECT id FROM people WHERE amount IN (SELECT 1 / (amount - 500) FROM people)",
		"SELECT max_by(id, 1 / (amount - 500)) FROM people",
	} {
		if rows, err := l.ask(ruledTable{personTable(), &rule}, o, sql); err != nil {
			t.Errorf("%s\n\t%v", sql, err)
		} else if got := text(rows); strings.Contains(got, "hidden") || strings.Contains(got, "FR") {
			t.Errorf("%s\n\t%s", sql, got)
		}
	}
	// That they do fail without a rule is what makes the above mean something.
	if _, err := l.ask(ruledTable{personTable(), nil}, o, "SELECT count(*) FROM people WHERE 1 / (amount - 500) < 2"); err == nil {
		t.Error("a division by zero did not fail")
	}

	// A rule that fails itself does not say of which value.
	bad := testRule{filters: []testFilter{{"CAST(note AS integer) >= 0", nil}}}
	if _, err := l.ask(ruledTable{personTable(), &bad}, o, "SELECT count(*) FROM people"); err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "people.parquet") {
		t.Errorf("a rule that fails: %v", err)
	}
	// A file that cannot be read is not named.
	broken := l.store.put(t, "country=FR/1.parquet", []byte("PAR1 and no more"))
	if _, err := l.ask(ruledTable{personTable(), &rule}, broken, "SELECT count(*) FROM people"); err == nil || strings.Contains(err.Error(), "FR") {
		t.Errorf("a broken file: %v", err)
	}
}

// Random rules and random statements: the table seen through the rule, and a table
// that has in its file what the rule leaves, answer alike.
func TestATableThroughARuleIsLikeAFilteredOne(t *testing.T) {
	const rules, statements = 3, 6
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("LETHE_SEED"); s != "" {
		fmt.Sscan(s, &seed)
	}
	t.Logf("LETHE_SEED=%d", seed)
	g := &statementMaker{rand.New(rand.NewPCG(seed, 1)), nil}
	l := newLake(t)
	all := people()
	columns, rows := testRule{}.leaves(all)
	whole := l.personFile(t, "whole.parquet", columns, rows)
	failures := 0
	for i := range rules {
		rule := g.rule()
		columns, rows := rule.leaves(all)
		left := l.personFile(t, fmt.Sprintf("left%d.parquet", i), columns, rows)
		g.columns = columns
		for range statements {
			sql := g.statement()
			got, gotErr := l.ask(ruledTable{personTable(), &rule}, whole, sql)
			want, wantErr := l.ask(ruledTable{personTable(columns...), nil}, left, sql)
			if wantErr != nil {
				failures++
			}
			if (gotErr == nil) != (wantErr == nil) || plainError(gotErr) != plainError(wantErr) || text(got) != text(want) {
				t.Fatalf("rule %+v\n%s\n\tthrough the rule: %v\n%s\n\tfiltered before: %v\n%s", rule, sql, gotErr, text(got), wantErr, text(want))
			}
		}
	}
	t.Logf("%d statements, of which %d fail", rules*statements, failures)
}

// plainError is an error's text without the values that it names: of several rows
// that fail any may be the one.
func plainError(err error) string {
	if err == nil {
		return ""
	}
	return quoted.ReplaceAllString(err.Error(), "'...'")
}

var quoted = regexp.MustCompile(`'[^']*'`)

// statementMaker makes random rules and statements.
type statementMaker struct {
	*rand.Rand
	columns []string // that the statement may name
}

func pick[T any](g *statementMaker, of ...T) T { return of[g.IntN(len(of))] }

func (g *statementMaker) rule() testRule {
	r := testRule{masks: map[string]testMask{}}
	k := g.IntN(11)
	filters := []testFilter{
		germans,
		{fmt.Sprintf("amount > %d", k), func(p person) bool { return p.amount > k }},
		{fmt.Sprintf("id %% 3 = %d", k%3), func(p person) bool { return p.id%3 == k%3 }},
		{"country IS NULL", func(p person) bool { return p.country == "" }},
		{"country IN ('IT', 'DE') AND amount < 6", func(p person) bool { return (p.country == "IT" || p.country == "DE") && p.amount < 6 }},
		{"NOT (country = 'FR')", func(p person) bool { return p.country != "" && p.country != "FR" }},
		{"false", func(person) bool { return false }},
		{"TRY_CAST(note AS integer) IS NOT NULL", func(p person) bool { return p.note != "secret" }},
	}
	for range g.IntN(3) {
		r.filters = append(r.filters, pick(g, filters...))
	}
	masks := map[string][]testMask{
		"country": {{}, {"NULL", func(person) string { return "∅" }}, {"coalesce(country, 'none')", func(p person) string {
			if p.country == "" {
				return "none"
			}
			return p.country
		}}},
		"email":  {{}, {"NULL", func(person) string { return "∅" }}, {"substr(email, 1, 1) || '***'", func(p person) string { return p.email[:1] + "***" }}},
		"amount": {{}, {"amount / 10", func(p person) string { return fmt.Sprint(p.amount / 10) }}, {"id", func(p person) string { return fmt.Sprint(p.id) }}},
		"note":   {{}, {"NULL", func(person) string { return "∅" }}, {"'x'", func(person) string { return "x" }}},
	}
	for _, c := range []string{"country", "email", "amount", "note"} {
		if g.IntN(3) == 0 {
			r.masks[c] = pick(g, masks[c]...)
		}
	}
	return r
}

func (g *statementMaker) column() string { return pick(g, g.columns...) }

// condition may fail; a statement has at most one such part, so that which one
// fails is not a matter of order.
func (g *statementMaker) condition(of string) string {
	c := of + g.column()
	switch g.IntN(7) {
	case 0:
		return c + " IS NOT NULL"
	case 1:
		return "CAST(" + c + " AS varchar) < 'e'"
	case 2:
		return of + "id % 2 = " + fmt.Sprint(g.IntN(2))
	case 3:
		return "CAST(CAST(" + c + " AS varchar) AS integer) >= 0"
	case 4:
		return fmt.Sprintf("10 / (length(CAST(%s AS varchar)) - %d) < 3", c, g.IntN(4))
	case 5:
		return "CAST(" + c + " AS varchar) IN ('DE', 'FR', '500', 'secret', '3')"
	}
	return fmt.Sprintf("%sid BETWEEN %d AND %d", of, g.IntN(30), 30+g.IntN(30))
}

func (g *statementMaker) safe(of string) string {
	return pick(g, of+"id % 2 = 0", "CAST("+of+g.column()+" AS varchar) <= 'e'", of+g.column()+" IS NOT NULL")
}

func (g *statementMaker) statement() string {
	c, d := g.column(), g.column()
	switch g.IntN(14) {
	case 0:
		return "SELECT * FROM people"
	case 1:
		return "SELECT * FROM people WHERE " + g.condition("")
	case 2:
		return "SELECT " + c + ", count(*), count(DISTINCT " + d + ") FROM people WHERE " + g.condition("") + " GROUP BY " + c
	case 3:
		return "SELECT a." + c + ", b." + d + " FROM people a JOIN people b ON a.id = b.id + 1 WHERE " + g.safe("a.") + " AND " + g.safe("b.")
	case 4:
		return "SELECT " + c + " FROM people a WHERE EXISTS (SELECT 1 FROM people b WHERE b.id = a.id + 4 AND " + g.safe("b.") + ")"
	case 5:
		return "WITH p AS (SELECT * FROM people WHERE " + g.condition("") + ") SELECT p." + c + " FROM p JOIN p q ON p.id = q.id"
	case 6:
		return "SELECT CAST(" + c + " AS varchar) FROM people WHERE " + g.safe("") + " UNION " + pick(g, "ALL ", "") + "SELECT CAST(" + d + " AS varchar) FROM people"
	case 7:
		return "SELECT " + c + ", row_number() OVER (PARTITION BY " + c + " ORDER BY id) FROM people WHERE " + g.safe("")
	case 8:
		return "SELECT " + c + ", " + d + ", count(*) FROM people GROUP BY " + pick(g, "ROLLUP", "CUBE") + "(" + c + ", " + d + ")"
	case 9:
		return "SELECT id, (SELECT max(b." + c + ") FROM people b WHERE b.id < a.id) FROM people a WHERE " + g.safe("a.")
	case 10:
		return "SELECT CAST(CAST(" + c + " AS varchar) AS integer) FROM people"
	case 11:
		return "SELECT x." + c + " FROM (SELECT * FROM people ORDER BY id LIMIT 7) x LEFT JOIN people y ON y.id = x.id AND " + g.safe("y.")
	case 12:
		return "SELECT count(*) FROM people TABLESAMPLE BERNOULLI (100) p WHERE p." + c + " IN (SELECT " + c + " FROM people WHERE " + g.safe("") + ")"
	}
	return "SELECT id FROM people EXCEPT SELECT id FROM people WHERE " + g.safe("")
}

// Why the rows of a rule are made by a statement of their own: within one statement
// DuckDB evaluates a function of ours on rows that a filter below leaves out, through
// a materialized common table expression too (seen in 1.5.5, here with a filter that
// becomes a join; with others, once it has measured that this is faster). Should a
// later version not, the barrier could cost less.
func TestFiltersInOneStatementAreNoBarrier(t *testing.T) {
	l := newLake(t)
	setup := []string{
		"CREATE TABLE p AS SELECT i::INT id, CASE WHEN i % 2 = 0 THEN 'DE' ELSE 'FR' END country, CASE WHEN i % 2 = 0 THEN i::VARCHAR ELSE 'not seen' END note FROM range(300000) r(i)",
		"CREATE TEMP TABLE made AS SELECT * FROM p WHERE country IN (SELECT 'DE')",
	}
	const where = " WHERE trino_from_base(note, 10) >= 0"
	for _, sql := range []string{
		"SELECT count(*) FROM (SELECT * FROM p WHERE country IN (SELECT 'DE'))" + where,
		"WITH m AS MATERIALIZED (SELECT * FROM p WHERE country IN (SELECT 'DE')) SELECT count(*) FROM m" + where,
	} {
		if _, _, err := l.raw(setup, sql); err == nil || !strings.Contains(err.Error(), "not seen") {
			t.Logf("here it was a barrier, by the order that DuckDB chose: %s: %v", sql, err)
		}
	}
	if _, rows, err := l.raw(setup, "SELECT count(*) FROM made"+where); err != nil || text(rows) != "150000\n" {
		t.Errorf("%q %v", text(rows), err)
	}
}
