package dash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/access"
	"lethe/lib/trinosql"
)

var noon = time.Date(2020, 9, 10, 12, 30, 0, 0, time.UTC)

// cases is a data set with a field of each kind.
func cases() DataSet {
	return DataSet{
		Source: Source{SQL: "SELECT * FROM cases WHERE confirmed >= ${least}"},
		Fields: []Field{
			{Name: "country", Column: "country", SourceType: "varchar"}, {Name: "Province/State", Column: "state", SourceType: "varchar(10)"},
			{Name: "lat", Column: "lat", SourceType: "double"}, {Name: "lon", Column: "lon", SourceType: "decimal(10,4)"},
			{Name: "date", Column: "date", SourceType: "varchar", Type: Date, Format: "yyyy-MM-dd"}, {Name: "at", Column: "at", SourceType: "timestamp(6)"},
			{Name: "confirmed", Column: "confirmed", SourceType: "bigint", Cumulative: true}, {Name: "deaths", Column: "deaths", SourceType: "integer"},
			{Name: "open", Column: "open", SourceType: "varchar", Type: Boolean},
			{Name: "mortality", Expression: "sum(deaths)/sum(confirmed)"}, {Name: "percent", Expression: "100 * mortality"},
			{Name: "share", Expression: "deaths/confirmed"}, {Name: "double share", Expression: "share * 2"}, {Name: "over", Expression: "confirmed > ${least}"},
		},
		Coordinates: []Coordinate{{"place", "lat", "lon"}},
		Hierarchies: []Hierarchy{{"places", []string{"country", "Province/State"}}},
		Parameters:  []Parameter{{"least", Integer, "0"}, {"who", Text, "it's"}},
	}
}

func compiledOf(t testing.TB, set DataSet, q Query, from from, parameters map[string]string) (compiled, error) {
	t.Helper()
	a, err := newAsking(set, from, q.Calculated, parameters, who{exempt: true}, noon)
	if err != nil {
		return compiled{}, err
	}
	return compile(a, q, map[int]float64{0: 5, 1: 5})
}

// whereOf compiles one filter.
func whereOf(t *testing.T, f Filter) string {
	t.Helper()
	c, err := compiledOf(t, cases(), Query{Dimensions: []By{{Field: "country"}}, Filters: []Filter{f}}, fromExtract, nil)
	if err != nil {
		return "error: " + err.Error()
	}
	sql := strings.TrimPrefix(c.sql, "SELECT\n  \"country\"\nFROM \"extract\"\n")
	sql = strings.TrimSuffix(sql, "\nORDER BY 1 ASC NULLS LAST\nLIMIT 10001")
	return strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(sql, "GROUP BY 1\n"), "\nGROUP BY 1"), "GROUP BY 1")
}

func TestFiltersAsSQL(t *testing.T) {
	for _, c := range []struct {
		filter Filter
		want   string
	}{
		{Filter{Kind: Category, Field: "country"}, ""},
		{Filter{Kind: Category, Field: "country", Values: []string{"Italy", "Côte d'Ivoire"}}, "WHERE \"country\" IN ('Italy', 'Côte d''Ivoire')"},
		{Filter{Kind: Category, Field: "country", Values: []string{"x') OR (1=1"}, Exclude: true}, "WHERE \"country\" NOT IN ('x'') OR (1=1')"},
		{Filter{Kind: Category, Field: "COUNTRY", Contains: "It"}, "WHERE strpos(lower(\"country\"), lower('It')) > 0"},
		{Filter{Kind: Category, Field: "country", Values: []string{"a"}, Nulls: "keep"}, "WHERE (\"country\" IN ('a') OR \"country\" IS NULL)"},
		{Filter{Kind: Category, Field: "country", Nulls: "only"}, "WHERE \"country\" IS NULL"},
		{Filter{Kind: Category, Field: "country", Nulls: "leave_out"}, "WHERE \"country\" IS NOT NULL"},
		{Filter{Kind: Category, Field: "open", Values: []string{"true"}}, "WHERE \"open\" IN (true)"},
		{Filter{Kind: Category, Field: "open", Values: []string{"yes"}}, `error: the filter on "open": "yes" is neither true nor false`},
		{Filter{Kind: NumericEquality, Field: "deaths", Values: []string{"1", "2.5", "-9223372036854775808"}}, "WHERE \"deaths\" IN (1, 2.5E+00, CAST('-9223372036854775808' AS bigint))"},
		{Filter{Kind: NumericRange, Field: "deaths", From: "1", To: "2"}, "WHERE \"deaths\" >= 1 AND \"deaths\" <= 2"},
		{Filter{Kind: NumericRange, Field: "deaths", From: "1", To: "2", ExcludeFrom: true, ExcludeTo: true}, "WHERE \"deaths\" > 1 AND \"deaths\" < 2"},
		{Filter{Kind: NumericRange, Field: "deaths", To: "2", Aggregation: Average}, "HAVING avg(\"deaths\") <= 2"},
		{Filter{Kind: NumericRange, Field: "mortality", From: "0.1"}, "HAVING (CAST(sum(\"deaths\") AS double) / NULLIF(sum(\"confirmed\"), 0)) >= 1E-01"},
		{Filter{Kind: NumericRange, Field: "deaths", From: "ten", ID: "f1"}, `error: filter f1 on "deaths": "ten" is not a number`},
		{Filter{Kind: NumericRange, Field: "country", From: "1"}, `error: the filter on "country": it is text and no number`},
		{Filter{Kind: TimeRange, Field: "date", From: "2020-09-10", To: "2020-09-11"}, "WHERE \"date\" >= DATE '2020-09-10' AND \"date\" < DATE '2020-09-11'"},
		{Filter{Kind: TimeRange, Field: "date", From: "2020-09-10T12:00", To: "2020-09-11 00:00:01"}, "WHERE \"date\" >= DATE '2020-09-11' AND \"date\" < DATE '2020-09-12'"},
		{Filter{Kind: TimeRange, Field: "at", From: "2020-09-10"}, "WHERE \"at\" >= TIMESTAMP '2020-09-10 00:00:00.000'"},
		{Filter{Kind: TimeRange, Field: "date", From: "10.9.2020"}, `error: the filter on "date": "10.9.2020" is not a date as 2020-09-10, or a time as 2020-09-10T12:00:00`},
		{Filter{Kind: TimeEquality, Field: "date", Values: []string{"2020-09-10"}}, "WHERE \"date\" IN (DATE '2020-09-10')"},
		{Filter{Kind: TimeEquality, Field: "at", Values: []string{"2020-09-10"}}, "WHERE ((\"at\" >= TIMESTAMP '2020-09-10 00:00:00.000' AND \"at\" < TIMESTAMP '2020-09-11 00:00:00.000'))"},
		{Filter{Kind: RelativeDates, Field: "date", Relative: "last", N: 7, Grain: Day}, "WHERE \"date\" >= DATE '2020-09-04' AND \"date\" < DATE '2020-09-11'"},
		{Filter{Kind: RelativeDates, Field: "date", Relative: "this", Grain: Quarter}, "WHERE \"date\" >= DATE '2020-07-01' AND \"date\" < DATE '2020-10-01'"},
		{Filter{Kind: RelativeDates, Field: "date", Relative: "next", N: 2, Grain: Week}, "WHERE \"date\" >= DATE '2020-09-14' AND \"date\" < DATE '2020-09-28'"},
		{Filter{Kind: RelativeDates, Field: "date", Relative: "to_date", Grain: Year}, "WHERE \"date\" >= DATE '2020-01-01' AND \"date\" < DATE '2020-09-11'"},
		{Filter{Kind: RelativeDates, Field: "at", Relative: "last", N: 2, Grain: Hour, Anchor: "2021-01-01T00:10"}, "WHERE \"at\" >= TIMESTAMP '2020-12-31 23:00:00.000' AND \"at\" < TIMESTAMP '2021-01-01 01:00:00.000'"},
		{Filter{Kind: RelativeDates, Field: "date", Relative: "last", N: 99999, Grain: Year}, `error: the filter on "date": the year -97978 is not between 1 and 9999`},
		{Filter{Kind: TopBottom, Field: "country", N: 3, By: &Of{"deaths", Sum}}, "WHERE \"country\" IN (\n  SELECT \"country\"\n  FROM \"extract\"\nWHERE \"country\" IS NOT NULL\n  GROUP BY 1\n  ORDER BY sum(\"deaths\") DESC NULLS LAST, 1\n  LIMIT 3)"},
		{Filter{Kind: Nulls, Field: "country", Nulls: "only"}, "WHERE \"country\" IS NULL"},
		{Filter{Kind: Nulls, Field: "country", Nulls: "keep"}, ""},
		{Filter{Kind: Category, Field: "nope", Values: []string{"x"}}, `error: the filter on "nope": there is no field "nope"`},
		{Filter{Kind: Category, Field: "country", Values: []string{"x"}, Off: true}, ""},
		{Filter{Kind: marked, Field: "deaths", Values: []string{"0..5", "7"}}, "WHERE ((\"deaths\" >= 0 AND \"deaths\" < 5) OR \"deaths\" IN (7))"},
		{Filter{Kind: marked, Field: "country", Values: []string{"a..b"}, Nulls: "keep"}, "WHERE ((\"country\" IN ('a..b')) OR \"country\" IS NULL)"},
		{Filter{Kind: marked, Field: "place.latitude", Values: []string{"41.9"}}, "WHERE (\"lat\" IN (4.19E+01))"},
		{Filter{Kind: marked, Field: "date", Grain: Month, Values: []string{"2020-02-01"}}, "WHERE (((\"date\" >= DATE '2020-02-01' AND \"date\" < DATE '2020-03-01')))"},
		{Filter{Kind: "near", Field: "country"}, `error: the filter on "country": there is no kind of filter "near"`},
	} {
		if got := whereOf(t, c.filter); got != c.want {
			t.Errorf("%+v:\n got %s\nwant %s", c.filter, got, c.want)
		}
	}
}

func TestQuestionsAsSQL(t *testing.T) {
	for _, c := range []struct {
		name       string
		query      Query
		parameters map[string]string
		want       string
	}{
		{"live", Query{Dimensions: []By{{Field: "place"}, {Field: "date", Grain: Month}}, Measures: []Of{{"deaths", Sum}, {"deaths", Average}, {"percent", ""}}, Limit: 100}, nil, `WITH data AS (
SELECT
  source."lat" AS "lat",
  CAST(source."lon" AS double) AS "lon",
  TRY_CAST(trim(source."date") AS date) AS "date",
  source."confirmed" AS "confirmed",
  CAST(source."deaths" AS bigint) AS "deaths"
FROM (
SELECT * FROM cases WHERE confirmed >= 0
) AS source
)
SELECT
  "lat" AS "place.latitude",
  "lon" AS "place.longitude",
  date_trunc('month', "date") AS "date",
  sum("deaths") AS "deaths",
  avg("deaths") AS "deaths 2",
  100 * ((CAST(sum("deaths") AS double) / NULLIF(sum("confirmed"), 0))) AS "percent"
FROM data
GROUP BY 1, 2, 3
ORDER BY 1 ASC NULLS LAST, 2 ASC NULLS LAST, 3 ASC NULLS LAST
LIMIT 101`},
		{"layers and parameters", Query{Rows: true, Dimensions: []By{{Field: "double share"}, {Field: "mine"}, {Field: "open"}}, Calculated: []Field{{Name: "mine", Expression: `country || ${who}`}}, Sort: []Sort{{Column: 1, Descending: true}}, Limit: 5},
			map[string]string{"least": "7", "WHO": "'; DROP"}, `WITH data AS (
SELECT *,
  "share" * 2 AS "double share"
FROM (
SELECT *,
  (CAST("deaths" AS double) / NULLIF("confirmed", 0)) AS "share",
  "country" || '''; DROP' AS "mine"
FROM (
SELECT
  source."country" AS "country",
  source."confirmed" AS "confirmed",
  CAST(source."deaths" AS bigint) AS "deaths",
  CASE WHEN lower(trim(source."open")) IN ('true', 't', 'yes', 'y', '1') THEN true WHEN lower(trim(source."open")) IN ('false', 'f', 'no', 'n', '0') THEN false END AS "open"
FROM (
SELECT * FROM cases WHERE confirmed >= 7
) AS source
)
)
)
SELECT
  "double share",
  "mine",
  "open"
FROM data
ORDER BY 2 DESC NULLS LAST
LIMIT 6`},
	} {
		got, err := compiledOf(t, cases(), c.query, fromSource, c.parameters)
		if err != nil || got.sql != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.name, err, got.sql, c.want)
		}
	}
	// An extract has the fields already, but those that depend on parameters.
	got, err := compiledOf(t, cases(), Query{Dimensions: []By{{Field: "over"}}, Measures: []Of{{"double share", Sum}}}, fromExtract, nil)
	if want := "WITH data AS (\nSELECT *,\n  \"confirmed\" > 0 AS \"over\"\nFROM \"extract\"\n)\nSELECT\n  \"over\",\n  sum(\"double share\") AS \"double share\"\nFROM data\nGROUP BY 1\nORDER BY 1 ASC NULLS LAST\nLIMIT 10001"; err != nil || got.sql != want {
		t.Errorf("%v\n%s", err, got.sql)
	}
}

func TestQuestionsThatCannotBeAsked(t *testing.T) {
	calculated := func(expr string) Query {
		return Query{Dimensions: []By{{Field: "x"}}, Calculated: []Field{{Name: "x", Expression: expr}}}
	}
	for _, c := range []struct {
		query Query
		want  string
	}{
		{Query{}, "asks for no field"},
		{Query{Dimensions: []By{{Field: "mortality"}}}, `field "mortality" aggregates; rows cannot be grouped by it`},
		{Query{Measures: []Of{{"mortality", Sum}}}, "aggregates by itself"},
		{Query{Measures: []Of{{"country", Sum}}}, "only of numbers"},
		{Query{Measures: []Of{{"*", Sum}}}, "only rows can be counted"},
		{Query{Dimensions: []By{{Field: "country", Grain: Day}}}, "only dates and times have grains"},
		{Query{Dimensions: []By{{Field: "country", Bin: 5}}}, "only numbers are cut"},
		{Query{Dimensions: []By{{Field: "deaths", Bin: -1}}}, "bins of width -1"},
		{Query{Dimensions: []By{{Field: "country"}}, Sort: []Sort{{Column: 1}}}, "sorted by column 1 and has 1"},
		{Query{Dimensions: []By{{Field: "country"}}, Limit: MaxLimit + 1}, "limit of 100001"},
		{calculated("x + 1"), `field "x" is made of itself`},
		{calculated("nope + 1"), `field "x": line 1:1: there is no field "nope"`},
		{calculated("1 +"), `field "x": line 1:4: mismatched input`},
		{calculated("country + 1"), `field "x": Cannot apply operator: varchar + integer`},
		{calculated("(SELECT 1)"), "a query cannot stand in an expression"},
		{calculated("deaths IN (SELECT 1)"), "a query cannot stand in an expression"},
		{calculated("rank() OVER (ORDER BY deaths)"), "a window function cannot stand"},
		{calculated("current_user"), "stands only in rules"},
		{calculated("?"), "parameters stand as"},
		{calculated("${nope}"), `there is no parameter "nope"`},
		{calculated("'${who}'"), "stands within quotes"},
		{calculated(`"${who}"`), "stands within quotes"},
		{calculated("deaths FROM cases --"), `field "x": line 1:8`},
		{calculated("deaths, country"), `field "x": line 1:7`},
		{calculated("*"), `field "x": line 1:1`},
		{calculated("' || ${who}"), "not understood"},
		{Query{Dimensions: []By{{Field: "country"}}, Calculated: []Field{{Name: "Country", Expression: "1"}}}, "has the name of another field"},
		{Query{Rows: true, Dimensions: []By{{Field: "country"}}, Filters: []Filter{{Kind: NumericRange, Field: "deaths", Aggregation: Sum, From: "1"}}}, "single rows have none"},
	} {
		_, err := compiledOf(t, cases(), c.query, fromSource, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || lethe.KindOf(err) != lethe.Invalid && lethe.KindOf(err) != lethe.Syntax {
			t.Errorf("%+v: %v, want %s", c.query, err, c.want)
		}
	}
	set := cases()
	set.Fields = append(set.Fields, Field{Name: "a", Expression: "b + 1"}, Field{Name: "b", Expression: "c + 1"}, Field{Name: "c", Expression: "a + 1"}, Field{Name: "gone", Column: "gone"})
	for name, want := range map[string]string{"a": "is made of itself", "gone": `the source has no column "gone" any more`} {
		if _, err := compiledOf(t, set, Query{Dimensions: []By{{Field: name}}}, fromSource, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What is broken breaks nothing else.
	if _, err := compiledOf(t, set, Query{Dimensions: []By{{Field: "country"}}}, fromSource, nil); err != nil {
		t.Error(err)
	}
}

// Expressions that double at every step are refused before they fill the memory.
func TestExpressionsGrowToABound(t *testing.T) {
	set := cases()
	before := "sum(deaths)"
	for i := range 40 {
		name := fmt.Sprintf("m%d", i)
		set.Fields = append(set.Fields, Field{Name: name, Expression: before + " + " + before})
		before = name
	}
	if _, err := compiledOf(t, set, Query{Measures: []Of{{Field: "m39"}}}, fromSource, nil); !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), "bytes long") {
		t.Error(err)
	}
}

func TestRowRules(t *testing.T) {
	set := cases()
	set.Rules = []RowRule{
		{Name: "own", Principals: []string{lethe.UserARN("sam")}, Filter: "country = current_user OR in_group('all') OR country = principal_tag('land')"},
		{Name: "team", Principals: []string{lethe.IAMARN("group/team")}, Filter: "deaths/confirmed > 1"},
		{Name: "chiefs", Principals: []string{lethe.IAMARN("group/chiefs")}},
	}
	rules := func(w who) string {
		t.Helper()
		a, err := newAsking(set, fromSource, nil, nil, w, noon)
		if err != nil {
			t.Fatal(err)
		}
		return a.rules
	}
	self := access.Self{User: "o'sam", Groups: []string{"ALL"}, Tags: map[string]string{"Land": "I') OR ('1'='1"}}
	for _, c := range []struct {
		arns []string
		want string
	}{
		{[]string{lethe.UserARN("olga")}, "false"},
		{[]string{lethe.UserARN("sam")}, "(\"country\" = 'o''sam' OR true OR \"country\" = 'I'') OR (''1''=''1')"},
		{[]string{lethe.UserARN("sam"), lethe.IAMARN("group/team")}, "(\"country\" = 'o''sam' OR true OR \"country\" = 'I'') OR (''1''=''1') OR ((CAST(\"deaths\" AS double) / NULLIF(\"confirmed\", 0)) > 1)"},
		{[]string{lethe.UserARN("sam"), lethe.IAMARN("group/chiefs")}, ""},
	} {
		if got := rules(who{self: self, arns: c.arns}); got != c.want {
			t.Errorf("%v: %s, want %s", c.arns, got, c.want)
		}
	}
	a, err := newAsking(set, fromExtract, []Field{{Name: "x", Expression: "CAST(country AS bigint)"}}, nil, who{self: self, arns: []string{lethe.UserARN("sam")}}, noon)
	if err != nil {
		t.Fatal(err)
	}
	c, err := compile(a, Query{Measures: []Of{{"x", Sum}}}, nil)
	if err != nil || !strings.Contains(c.sql, "TRY(CAST(\"country\" AS bigint)) AS \"x\"") || !strings.Contains(c.sql, "WHERE ((\"country\" = 'o''sam'") {
		t.Errorf("%v\n%s", err, c.sql)
	}
	for _, filter := range []string{"sum(deaths) > 1", "deaths", "nope = 1", "deaths IN (SELECT 1)", "country = ${nope}"} {
		set.Rules = []RowRule{{Name: "r", Principals: []string{"*"}, Filter: filter}}
		if _, err := newAsking(set, fromSource, nil, nil, who{self: self}, noon); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%s: %v", filter, err)
		}
	}
}

func TestExtractsHoldWhatLasts(t *testing.T) {
	set := cases()
	set.Filters = []Filter{{Kind: Category, Field: "country", Values: []string{"Italy"}}, {Kind: RelativeDates, Field: "date", Relative: "this", Grain: Year}}
	set.Increment = &Increment{Field: "date", Window: 7}
	whole, increment, err := prepared(set, noon)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(whole, `"over"`) || strings.Contains(whole, "mortality") || !strings.HasSuffix(whole, ") AS data\nWHERE \"country\" IN ('Italy')") || !strings.Contains(whole, `"double share"`) {
		t.Error(whole)
	}
	if increment.Replaces != "\"date\" >= DATE '2020-09-03'" || !strings.HasSuffix(increment.Statement.SQL, "\n  AND "+increment.Replaces) {
		t.Errorf("%+v", increment)
	}
	set.Increment.Field = "country"
	if _, _, err := prepared(set, noon); !lethe.Is(err, lethe.Invalid) {
		t.Error(err)
	}
}

// tables resolves the names that statements may have.
type tables map[string][]trinosql.Column

func (r tables) Table(_ context.Context, name trinosql.TableName) (*trinosql.TableSchema, error) {
	columns, ok := r[name.Table]
	if !ok {
		return nil, trinosql.ErrNoTable
	}
	return &trinosql.TableSchema{TableName: name, Columns: columns}, nil
}

// hostileNames are of fields and columns.
var hostileNames = []string{"a", "A b", `q"u"o`, "dot.ted", "it's", "select", "from", "extract", "data", "source", "ranked", "d1", "dn", "n", "one", "others", "rows", "count", "date", "timestamp",
	"interval", "row", "array", "if", "try", "null", "true", "current_date", "current_user", "Größe", "日本", "--", "/* x", "${p}", "?", ";", "x\\", "place", "", " ", "grouping", "exists", "not", "case", "position", "trim", "cast",
	"values", "table", "unnest", "lateral", "filter", "over", "nulls", "last", "limit", "with", "order", "chosen", "a 2", "rows 2", "localtime", "listagg", "json_value", "normalize", "any", "all", "some", "`b`", "\"", "''"}

// randomQuestion makes a data set with hostile names and a question to it.
func randomQuestion(r *rand.Rand) (DataSet, Query, tables) {
	pick := func(n int) int { return r.IntN(n) }
	types := []string{"varchar", "char(3)", "bigint", "integer", "double", "decimal(9,2)", "boolean", "date", "timestamp(3)", "timestamp(3) with time zone", "array(bigint)", "varbinary", "real"}
	names := append([]string{}, hostileNames...)
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	set := DataSet{Source: Source{SQL: "SELECT * FROM t -- ok"}, Parameters: []Parameter{{"p", Text, "x"}}}
	tabled := pick(2) == 0
	columns := tables{}
	if tabled {
		set.Source = Source{Tables: []SourceTable{{Alias: "o", Database: "d", Table: "t"}, {Alias: "select", Database: "d", Table: "u", Join: &Join{Kind: Left, On: []JoinPair{{"o", "key", "key"}}}}}}
	}
	seen := map[string]bool{"key": true}
	columns["t"] = []trinosql.Column{{Name: "key", Type: trinosql.Bigint}}
	columns["u"] = []trinosql.Column{{Name: "key", Type: trinosql.Bigint}}
	n := 3 + pick(6)
	var extract []trinosql.Column
	for i := range n {
		name, column := names[i], names[len(names)-1-i]
		if strings.TrimSpace(name) != name || name == "" || column == "" || seen[strings.ToLower(name)] || seen[strings.ToLower(column)] {
			continue
		}
		seen[strings.ToLower(name)], seen[strings.ToLower(column)] = true, true
		f := Field{Name: name, Column: column, SourceType: types[pick(len(types))]}
		t, err := trinosql.ParseType(f.SourceType)
		if err != nil {
			panic(err)
		}
		of := "t"
		if tabled {
			if pick(2) == 0 {
				of = "u"
				f.Column = "select." + column
			} else {
				f.Column = "o." + column
			}
		}
		columns[of] = append(columns[of], trinosql.Column{Name: column, Type: t})
		if pick(3) == 0 {
			f.Type = []Type{Text, Integer, Decimal, Date, Time, Boolean}[pick(6)]
			if _, err := convert("x", t, f); err != nil {
				f.Type = ""
			}
			if f.Type == Date && pick(2) == 0 {
				f.Format = "dd.MM.yyyy ''o''clock"
			}
		}
		set.Fields = append(set.Fields, f)
	}
	for i, x := range []string{"%s", "coalesce(%s, NULL)", "(%s IS NULL)", "count(%s)", "max(%s)", "length(CAST(%s AS varchar)) / 2 -- x\n + 1", "CASE WHEN %s IS NULL THEN ${p} END", "cardinality(filter(ARRAY[%s], a -> a IS NOT NULL))"} {
		if len(set.Fields) > 0 && pick(2) == 0 {
			of := set.Fields[pick(len(set.Fields))]
			set.Fields = append(set.Fields, Field{Name: fmt.Sprintf("c%d", i), Expression: fmt.Sprintf(x, trinosql.QuoteNameAlways(of.Name))})
		}
	}
	field := func() string {
		if len(set.Fields) == 0 {
			return "nope"
		}
		return set.Fields[pick(len(set.Fields))].Name
	}
	all := append([]Aggregation{""}, aggregations...)
	of := func() Of {
		if pick(5) == 0 {
			return Of{"*", Count}
		}
		return Of{field(), all[pick(len(all))]}
	}
	var q Query
	for range pick(3) {
		by := By{Field: field()}
		switch pick(4) {
		case 0:
			by.Grain = grains[pick(len(grains))]
		case 1:
			by.Bin = []float64{5, 0.25}[pick(2)]
		}
		q.Dimensions = append(q.Dimensions, by)
	}
	for range pick(3) {
		q.Measures = append(q.Measures, of())
	}
	values := []string{"1", "-2.5", "2020-01-31", "2020-01-31T10:00", "true", `'"; --`, "", "\\", "日", "${p}", "1..2", "..", "a..b"}
	for range pick(4) {
		by := of()
		f := Filter{Kind: append(kinds, marked)[pick(len(kinds)+1)], Field: field(), Exclude: pick(3) == 0, From: values[pick(len(values))], Contains: values[pick(len(values))],
			Values: []string{values[pick(len(values))], values[pick(len(values))]}, Nulls: []string{"", "only", "keep", "leave_out"}[pick(4)],
			Relative: []string{"this", "last", "next", "to_date"}[pick(4)], N: 1 + pick(9), Grain: grains[pick(len(grains))], By: &by, Aggregation: all[pick(len(all))]}
		if pick(2) == 0 {
			f.Aggregation = ""
		}
		q.Filters = append(q.Filters, f)
	}
	q.Rows, q.Others, q.Limit, q.Groups = pick(5) == 0, pick(2) == 0, pick(20), pick(2)*pick(4)
	for range pick(3) {
		q.Sort = append(q.Sort, Sort{Column: pick(3), Descending: pick(2) == 0})
	}
	for _, f := range set.Fields {
		if f.Expression == "" {
			c, err := trinosql.ParseType(f.SourceType)
			if err != nil {
				panic(err)
			}
			if k, err := convert("x", c, f); err == nil {
				extract = append(extract, trinosql.Column{Name: f.Name, Type: analyzed[k.typ]})
			}
		}
	}
	a, err := newAsking(set, fromSource, nil, nil, who{exempt: true}, noon)
	if err == nil {
		for _, f := range set.Fields {
			if k, err := a.field(f.Name); err == nil && f.Expression != "" && k.inExtract() {
				extract = append(extract, trinosql.Column{Name: f.Name, Type: analyzed[k.typ]})
			}
		}
	}
	columns["extract"] = extract
	return set, q, columns
}

// checkQuestion compiles a question; what compiles must be a statement over the tables
// that there are, with the columns that were asked for.
func checkQuestion(t *testing.T, set DataSet, q Query, known tables, from from) (compiles bool) {
	t.Helper()
	a, err := newAsking(set, from, nil, nil, who{exempt: true}, noon)
	if err != nil {
		return false
	}
	c, err := compile(a, q, nil)
	if err != nil {
		if lethe.KindOf(err) == lethe.Internal {
			t.Errorf("%+v\n%+v\n%v", set, q, err)
		}
		if len(q.Filters) > 0 { // less may do
			q.Filters = q.Filters[1:]
			return checkQuestion(t, set, q, known, from)
		}
		return false
	}
	stmt, err := trinosql.Parse(c.sql)
	if err != nil {
		t.Errorf("%v\n%s", err, c.sql)
		return true
	}
	reads := tables{"extract": known["extract"]}
	if from == fromSource {
		reads = tables{"t": known["t"], "u": known["u"]}
	}
	an, err := trinosql.Analyze(t.Context(), stmt, reads, trinosql.Options{Catalog: "c", Database: "d", Now: noon, Zone: time.UTC})
	if err != nil {
		t.Errorf("%v\n%+v\n%s", err, q, c.sql)
		return true
	}
	want := len(c.columns)
	if c.others {
		want++
	}
	if len(an.Output) != want {
		t.Errorf("%d columns instead of %d:\n%s", len(an.Output), want, c.sql)
	}
	return true
}

func TestHostileNamesStayNames(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	n := 0
	for range 300 {
		set, q, known := randomQuestion(r)
		for _, from := range []from{fromSource, fromExtract} {
			if checkQuestion(t, set, q, known, from) {
				n++
			}
		}
		if t.Failed() {
			return
		}
	}
	if n < 40 {
		t.Errorf("only %d questions compile", n)
	}
}

func FuzzQuestions(f *testing.F) {
	for i := range uint64(20) {
		f.Add(i, "a", "x", "country || 'x'")
	}
	f.Fuzz(func(t *testing.T, seed uint64, name, value, expr string) {
		r := rand.New(rand.NewPCG(seed, 1))
		set, q, known := randomQuestion(r)
		if checkField(name) && len(set.Fields) > 0 && set.Fields[0].Expression == "" {
			set.Fields[0].Name = name
		}
		for i := range q.Filters {
			q.Filters[i].Values = append(q.Filters[i].Values, value)
			q.Filters[i].Contains = value
		}
		checkQuestion(t, set, q, known, fromSource)
		set = cases()
		known = tables{"cases": nil}
		for _, f := range set.Fields {
			if typ, err := trinosql.ParseType(f.SourceType); f.Expression == "" && err == nil {
				known["cases"] = append(known["cases"], trinosql.Column{Name: f.Column, Type: typ})
			}
		}
		set.Fields = append(set.Fields, Field{Name: "fuzz", Expression: expr})
		set.Source.SQL = "SELECT * FROM cases"
		known["t"] = known["cases"]
		set.Source.SQL = "SELECT * FROM t"
		checkQuestion(t, set, Query{Rows: true, Dimensions: []By{{Field: "fuzz"}}}, known, fromSource)
		checkQuestion(t, set, Query{Measures: []Of{{Field: "fuzz"}}}, known, fromSource)
	})
}

func checkField(name string) bool {
	c := &check{}
	c.name("name", name)
	return c.err() == nil
}

func BenchmarkCompile(b *testing.B) {
	set := cases()
	q := Query{Dimensions: []By{{Field: "place"}, {Field: "date", Grain: Month}}, Measures: []Of{{"percent", ""}, {"double share", Sum}},
		Filters: []Filter{{Kind: TimeRange, Field: "date", From: "2020-09-10", To: "2020-09-11"}, {Kind: Category, Field: "country", Values: []string{"Italy"}}}}
	for _, from := range []from{fromSource, fromExtract} {
		b.Run(map[int]string{0: "source", 1: "extract"}[int(from)], func(b *testing.B) {
			for b.Loop() {
				if _, err := compiledOf(b, set, q, from, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
