package lake_test

import (
	"fmt"
	"strings"
	"testing"

	"lethe"
	"lethe/access"
	"lethe/dash"
)

// covid is a few rows of the walk-through's table.
func (w *world) covid() {
	w.t.Helper()
	w.table("covid", "state string, country string, lat double, lon double, `date` string, confirmed bigint, deaths bigint",
		"|Italy|41.9|12.6|2020-09-10|100|10", "|Italy|41.9|12.6|2020-09-11|120|12", "Hubei|China|31|112.3|2020-09-10|50|5",
		"Beijing|China|40.2|116.4|2020-09-10|0|0", "Hubei|China|31|112.3|2020-09-11|60|5", "Beijing|China|40.2|116.4|2020-09-11|10|0", "|Nowhere|0|0|soon|0|0")
}

func (w *world) covidSet() dash.DataSet {
	w.t.Helper()
	w.covid()
	return w.set(dash.DataSet{
		Source: dash.Source{SQL: "-- all\nSELECT * FROM covid;"},
		Fields: []dash.Field{{Name: "Country", Column: "country", Geo: dash.Country}, {Name: "state", Column: "state"}, {Name: "lat", Column: "lat"}, {Name: "lon", Column: "lon"},
			{Name: "date", Column: "date", Type: dash.Date, Format: "yyyy-MM-dd"}, {Name: "confirmed", Column: "confirmed", Cumulative: true}, {Name: "deaths", Column: "deaths", Cumulative: true},
			{Name: "mortality", Expression: "sum(deaths)/sum(confirmed)"}, {Name: "half", Expression: "confirmed / 2"}, {Name: "quarter", Expression: "half / 2"}},
		Coordinates: []dash.Coordinate{{Name: "place", Latitude: "lat", Longitude: "lon"}},
		Hierarchies: []dash.Hierarchy{{Name: "places", Fields: []string{"Country", "state"}}},
	})
}

func TestTheWalkThrough(t *testing.T) {
	w := newWorld(t)
	set := w.covidSet()
	ask := func(q dash.Query) dash.Answer {
		t.Helper()
		a, err := w.Query(w.as(w.olga), set.ID, q)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	day := []dash.Filter{{Kind: dash.TimeRange, Field: "date", From: "2020-09-10", To: "2020-09-11"}}
	for _, c := range []struct {
		name string
		q    dash.Query
		want string
	}{
		{"a map of one day", dash.Query{Dimensions: []dash.By{{Field: "place"}, {Field: "Country"}}, Measures: []dash.Of{{Field: "confirmed", Aggregation: dash.Sum}}, Filters: day},
			"31|112.3|China|50\n40.2|116.4|China|0\n41.9|12.6|Italy|100"},
		{"a ratio that is null where nothing divides", dash.Query{Dimensions: []dash.By{{Field: "country"}, {Field: "date"}}, Measures: []dash.Of{{Field: "mortality"}}},
			"China|2020-09-10|0.1\nChina|2020-09-11|0.07142857142857142\nItaly|2020-09-10|0.1\nItaly|2020-09-11|0.1\nNowhere|NULL|NULL"},
		{"a field of a field", dash.Query{Rows: true, Dimensions: []dash.By{{Field: "quarter"}}, Sort: []dash.Sort{{Descending: true}}, Limit: 2}, "30\n25"},
		{"groups and the rest", dash.Query{Dimensions: []dash.By{{Field: "country"}}, Measures: []dash.Of{{Field: "confirmed", Aggregation: dash.Sum}, {Field: "mortality"}}, Sort: []dash.Sort{{Column: 1, Descending: true}}, Limit: 1, Others: true},
			"Italy|220|0.1\nNULL|120|0.08333333333333333"},
		{"months", dash.Query{Dimensions: []dash.By{{Field: "date", Grain: dash.Month}}, Measures: []dash.Of{{Field: "*", Aggregation: dash.Count}}}, "2020-09-01|6\nNULL|1"},
		{"bins", dash.Query{Dimensions: []dash.By{{Field: "confirmed", Bins: 3}}, Measures: []dash.Of{{Field: "*", Aggregation: dash.Count}}}, "0|3\n50|2\n100|2"},
		{"top", dash.Query{Dimensions: []dash.By{{Field: "state"}}, Measures: []dash.Of{{Field: "deaths"}}, Filters: []dash.Filter{{Kind: dash.TopBottom, Field: "country", N: 1, By: &dash.Of{Field: "mortality"}, Bottom: true}}}, "Beijing|0\nHubei|10"},
		{"having", dash.Query{Dimensions: []dash.By{{Field: "country"}}, Measures: []dash.Of{{Field: "deaths"}}, Filters: []dash.Filter{{Kind: dash.NumericRange, Field: "deaths", Aggregation: dash.Maximum, From: "5", To: "10"}}}, "China|10"},
		{"groups of the first dimension", dash.Query{Dimensions: []dash.By{{Field: "country"}, {Field: "date"}}, Measures: []dash.Of{{Field: "deaths"}}, Groups: 1, Sort: []dash.Sort{{Column: 2, Descending: true}}},
			"Italy|2020-09-11|12\nItaly|2020-09-10|10"},
	} {
		if got := lines(ask(c.q)); got != c.want {
			a := ask(c.q)
			t.Errorf("%s:\n%s\nwant\n%s\n%s", c.name, got, c.want, a.SQL)
		}
	}
	a := ask(dash.Query{Measures: []dash.Of{{Field: "confirmed", Aggregation: dash.Sum}}})
	if len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], `"confirmed" adds up over time already`) || a.From != dash.Live || a.AsOf.IsZero() {
		t.Errorf("%+v", a)
	}
	for _, q := range []dash.Query{
		{Measures: []dash.Of{{Field: "confirmed", Aggregation: dash.Sum}}, Filters: day}, {Measures: []dash.Of{{Field: "confirmed", Aggregation: dash.Maximum}}},
		{Measures: []dash.Of{{Field: "mortality"}}, Dimensions: []dash.By{{Field: "date"}}},
	} {
		if a := ask(q); a.Warnings != nil {
			t.Errorf("%v warns: %q", q, a.Warnings)
		}
	}
	if _, err := w.Query(w.as(w.sam), set.ID, dash.Query{Dimensions: []dash.By{{Field: "country"}}}); err == nil || lethe.KindOf(err) == lethe.Internal {
		t.Errorf("sam, who may read no table: %v", err)
	}
}

func text(s string) *string { return &s }

// A dashboard's viewer sees what its author drew, and can set what has a control.
func TestWhatViewersCanAsk(t *testing.T) {
	w := newWorld(t)
	w.covid()
	set := w.set(dash.DataSet{ReadAs: dash.ReadAsOwner, Source: dash.Source{SQL: "SELECT * FROM covid WHERE deaths >= ${least}"}, Parameters: []dash.Parameter{{Name: "least", Type: dash.Integer, Default: "0"}},
		Fields:      []dash.Field{{Name: "country", Column: "country"}, {Name: "state", Column: "state"}, {Name: "date", Column: "date", Type: dash.Date}, {Name: "deaths", Column: "deaths"}},
		Hierarchies: []dash.Hierarchy{{Name: "h", Fields: []string{"country", "state"}}}})
	bar := func(id, field string) dash.Visual {
		return dash.Visual{ID: id, Kind: dash.Bar, DataSet: set.ID, Wells: map[string][]dash.WellField{"x": {{Field: field}}, "value": {{Field: "deaths"}}}, Place: dash.Place{W: 1, H: 1}}
	}
	analysis, err := w.CreateAnalysis(w.as(w.olga), dash.Analysis{Edited: dash.Edited{Name: "a"}, Definition: dash.Definition{DataSets: []string{set.ID}, Sheets: []dash.Sheet{
		{ID: "s1", Name: "one", Visuals: []dash.Visual{bar("v1", "country"), bar("v2", "date")},
			Filters: []dash.SheetFilter{{DataSet: set.ID, Filter: dash.Filter{ID: "day", Kind: dash.TimeRange, Field: "date", From: "2020-09-10", To: "2020-09-11"}},
				{DataSet: set.ID, Filter: dash.Filter{ID: "fixed", Kind: dash.Category, Field: "country", Values: []string{"Nowhere"}, Exclude: true}}},
			Controls: []dash.Control{{ID: "c1", Filter: "day"}, {ID: "c2", Parameter: "least", DataSet: set.ID}}},
		{ID: "s2", Name: "two", Visuals: []dash.Visual{bar("v3", "state")}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.Publish(w.as(w.olga), analysis.ID, dash.Publishing{Revision: analysis.Revision})
	if err != nil {
		t.Fatal(err)
	}
	day := func(f dash.Filter) dash.View {
		f.ID, f.Kind, f.Field = "day", dash.TimeRange, "date"
		return dash.View{Filters: []dash.Filter{f}}
	}
	for _, c := range []struct {
		name, visual string
		view         dash.View
		want         string
	}{
		{"as published", "v1", dash.View{}, "China|5\nItaly|10"},
		{"another day", "v1", day(dash.Filter{From: "2020-09-11", To: "2020-09-12"}), "China|5\nItaly|12"},
		{"no day", "v2", day(dash.Filter{}), "2020-09-10|15\n2020-09-11|17"},
		{"a parameter", "v1", dash.View{Parameters: map[string]string{"least": "6"}}, "Italy|10"},
		{"a mark of another visual", "v1", dash.View{Marks: []dash.Mark{{Visual: "v2", Field: "date", Value: text("2020-09-11")}}}, ""},
		{"its own mark", "v1", dash.View{Marks: []dash.Mark{{Visual: "v1", Field: "country", Value: text("Italy")}}}, "China|5\nItaly|10"},
		{"marks of null and of a value", "v2", dash.View{Marks: []dash.Mark{{Visual: "v1", Field: "country"}, {Visual: "v1", Field: "country", Value: text("China")}}}, "2020-09-10|5"},
		{"drilled down", "v1", dash.View{Drills: map[string][]dash.Mark{"v1": {{Visual: "v1", Field: "country", Value: text("China")}}}}, "Beijing|0\nHubei|5"},
		{"a parameter that is SQL", "v1", dash.View{Parameters: map[string]string{"least": "0 OR true"}}, "invalid"},
		{"a bound that is SQL", "v1", day(dash.Filter{From: "2020-09-10' OR '1'='1"}), "invalid"},
		{"a filter without a control", "v1", dash.View{Filters: []dash.Filter{{ID: "fixed", Kind: dash.Category, Field: "country"}}}, "denied"},
		{"a filter that there is not", "v1", dash.View{Filters: []dash.Filter{{ID: "new", Kind: dash.Category, Field: "country"}}}, "denied"},
		{"a filter about something else", "v1", dash.View{Filters: []dash.Filter{{ID: "day", Kind: dash.Category, Field: "state", Contains: "H"}}}, "denied"},
		{"a mark of a field that is not drawn", "v1", dash.View{Marks: []dash.Mark{{Visual: "v2", Field: "state", Value: text("Hubei")}}}, "denied"},
		{"a mark of another sheet", "v1", dash.View{Marks: []dash.Mark{{Visual: "v3", Field: "state", Value: text("Hubei")}}}, "denied"},
		{"a drill of a field that is not drawn", "v1", dash.View{Drills: map[string][]dash.Mark{"v1": {{Field: "deaths", Value: text("5")}}}}, "denied"},
		{"a drill below the last", "v1", dash.View{Drills: map[string][]dash.Mark{"v1": {{Field: "country", Value: text("China")}, {Field: "state", Value: text("Hubei")}}}}, "invalid"},
		{"a parameter without a control", "v1", dash.View{Parameters: map[string]string{"most": "1"}}, "denied"},
		{"a visual that there is not", "v9", dash.View{}, "not found"},
	} {
		a, err := w.DrawOf(w.as(w.sam), d.ID, c.visual, c.view)
		got := lines(a)
		if err != nil {
			got = string(lethe.KindOf(err))
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s (%v)\n%s", c.name, got, c.want, err, a.SQL)
		}
	}
	if _, err := w.Draw(w.as(w.sam), dash.Drawing{Visual: bar("v1", "country")}); !lethe.Is(err, lethe.Denied) {
		t.Errorf("sam draws from a data set that is not shared: %v", err)
	}
	if a, err := w.Draw(w.as(w.olga), dash.Drawing{Visual: bar("v1", "country"), Calculated: []dash.AnalysisField{{DataSet: set.ID, Field: dash.Field{Name: "unused", Expression: "nope"}}}}); err != nil || lines(a) != "China|10\nItaly|22\nNowhere|0" {
		t.Error(lines(a), err)
	}
	bad := w.set(dash.DataSet{Edited: dash.Edited{Name: "numbers"}, Source: dash.Source{SQL: "SELECT CAST(country AS bigint) AS n FROM covid"}, Fields: []dash.Field{{Name: "n", Column: "n"}}})
	if _, err := w.Query(w.as(w.olga), bad.ID, dash.Query{Measures: []dash.Of{{Field: "n"}}}); !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), `data set "numbers" cannot be read: `) || !strings.Contains(err.Error(), "who owns it can mend it") {
		t.Errorf("a statement that fails: %v", err)
	}
	// A column vanishes: what is not made of it is answered still.
	w.sql("ALTER TABLE covid REPLACE COLUMNS (state string, country string, lat double, lon double, day string, confirmed bigint, deaths bigint)")
	if _, err := w.DrawOf(w.as(w.sam), d.ID, "v2", dash.View{}); !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), `field "date": the source has no column "date" any more`) {
		t.Error(err)
	}
	if a, err := w.DrawOf(w.as(w.sam), d.ID, "v3", dash.View{}); err != nil || lines(a) != "|22\nBeijing|0\nHubei|10" {
		t.Error(lines(a), err)
	}
	w.sql("DROP TABLE covid")
	if _, err := w.DrawOf(w.as(w.sam), d.ID, "v3", dash.View{}); !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), `data set "set" cannot be read: `) || !strings.Contains(err.Error(), "does not exist") {
		t.Error(err)
	}
	if err := w.DeleteDataSet(w.as(w.olga), set.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.DrawOf(w.as(w.sam), d.ID, "v3", dash.View{}); !lethe.Is(err, lethe.NotFound) {
		t.Error(err)
	}
}

// Rows stay away from those whom rules of the data set, or of its tables, keep them from.
func TestRowsThatAreNotSeen(t *testing.T) {
	w := newWorld(t)
	w.covid()
	q := dash.Query{Dimensions: []dash.By{{Field: "country"}}, Measures: []dash.Of{{Field: "deaths", Aggregation: dash.Maximum}}}
	set := w.set(dash.DataSet{ReadAs: dash.ReadAsOwner, Source: dash.Source{SQL: "SELECT * FROM covid"}, Fields: []dash.Field{{Name: "country", Column: "country"}, {Name: "deaths", Column: "deaths"}},
		Rules: []dash.RowRule{{Name: "sam", Principals: []string{w.sam.ARN}, Filter: "country = 'Italy' AND current_user = 'sam'"}, {Name: "team", Principals: []string{lethe.IAMARN("group/team")}, Filter: "country = 'China'"}}})
	expect := func(p lethe.Principal, want string) {
		t.Helper()
		if a, err := w.Query(w.as(p), set.ID, q); err != nil || lines(a) != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", p.Name, err, lines(a), want)
		}
	}
	expect(w.sam, "Italy|12")
	expect(w.olga, "") // no rule names her
	if _, err := w.access.CreateGroup(t.Context(), "team", "/"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sam", "olga"} {
		if err := w.access.AddUserToGroup(t.Context(), "team", name); err != nil {
			t.Fatal(err)
		}
	}
	expect(w.olga, "China|5")
	expect(w.sam, "China|5\nItaly|12")
	// An expression that fails for rows that are not seen does not tell.
	spy := q
	spy.Calculated = []dash.Field{{Name: "x", Expression: "CAST(CASE WHEN country = 'Nowhere' THEN 'no number' ELSE '1' END AS bigint)"}}
	spy.Measures = []dash.Of{{Field: "x", Aggregation: dash.Sum}}
	if a, err := w.Query(w.as(w.olga), set.ID, spy); err != nil || lines(a) != "China|4" {
		t.Error(lines(a), err)
	}
	// Rules of the table narrow who looks, whosever permissions are used.
	err := w.access.PutTableRule(t.Context(), access.TableRule{Name: "r", Table: access.TableName{Catalog: lethe.DefaultCatalog, Database: "default", Table: "covid"}, Principals: []string{"user/sam", "user/olga"}, Filter: "deaths < 12"})
	if err != nil {
		t.Fatal(err)
	}
	expect(w.sam, "China|5\nItaly|10")
}

// A viewer is offered the values of the rows that the viewer sees, and that the author shows.
func TestValuesOfControls(t *testing.T) {
	w := newWorld(t)
	w.covid()
	set := w.set(dash.DataSet{ReadAs: dash.ReadAsOwner, Source: dash.Source{SQL: "SELECT * FROM covid WHERE deaths >= ${least}"}, Parameters: []dash.Parameter{{Name: "least", Type: dash.Integer, Default: "0"}},
		Fields: []dash.Field{{Name: "country", Column: "country"}, {Name: "state", Column: "state"}, {Name: "date", Column: "date", Type: dash.Date}, {Name: "deaths", Column: "deaths"}, {Name: "half", Expression: "deaths / 2"}}})
	table := func(id string) dash.Visual {
		return dash.Visual{ID: id, Kind: dash.Table, DataSet: set.ID, Wells: map[string][]dash.WellField{"value": {{Field: "deaths", Aggregation: dash.Sum}}}, Place: dash.Place{W: 1, H: 1}}
	}
	filter := func(id string, f dash.Filter) dash.SheetFilter {
		f.ID = id
		return dash.SheetFilter{DataSet: set.ID, Filter: f}
	}
	of := func(id string) dash.Control { return dash.Control{ID: id, Filter: id} }
	analysis, err := w.CreateAnalysis(w.as(w.olga), dash.Analysis{Edited: dash.Edited{Name: "a"}, Definition: dash.Definition{DataSets: []string{set.ID}, Sheets: []dash.Sheet{
		{ID: "s1", Name: "one", Visuals: []dash.Visual{table("v1"), table("v2")},
			Filters: []dash.SheetFilter{
				filter("country", dash.Filter{Kind: dash.Category, Field: "country", Values: []string{"Italy"}}), filter("half", dash.Filter{Kind: dash.NumericEquality, Field: "half", Visuals: []string{"v1"}}),
				filter("date", dash.Filter{Kind: dash.TimeEquality, Field: "date"}), filter("many", dash.Filter{Kind: dash.NumericRange, Field: "deaths"}),
				filter("fixed", dash.Filter{Kind: dash.Category, Field: "country", Values: []string{"Nowhere"}, Exclude: true}),
				filter("fixed1", dash.Filter{Kind: dash.Category, Field: "state", Values: []string{"Beijing"}, Exclude: true, Visuals: []string{"v1"}}),
				filter("top", dash.Filter{Kind: dash.TopBottom, Field: "country", N: 1, By: &dash.Of{Field: "deaths", Aggregation: dash.Sum}})},
			Controls: []dash.Control{of("country"), of("half"), of("date"), of("many"), {ID: "least", Parameter: "least", DataSet: set.ID}}},
		{ID: "s2", Name: "two", Visuals: []dash.Visual{table("v3")}, Filters: []dash.SheetFilter{filter("all", dash.Filter{Kind: dash.Category, Field: "country"})}, Controls: []dash.Control{of("all")}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.Publish(w.as(w.olga), analysis.ID, dash.Publishing{Revision: analysis.Revision})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(p lethe.Principal, control string, in dash.Choices, want string) {
		t.Helper()
		v, err := w.ControlValues(w.as(p), d.ID, control, in)
		var b strings.Builder
		for _, x := range v.Values {
			fmt.Fprintf(&b, "%s %d\n", x.Value, x.Rows)
		}
		got := strings.TrimSuffix(b.String(), "\n")
		if v.More {
			got += "\nmore"
		}
		if err != nil {
			got = string(lethe.KindOf(err))
		}
		if got != want {
			t.Errorf("%s, %+v: %s, want %s (%v)", control, in, got, want, err)
		}
	}
	expect(w.sam, "country", dash.Choices{}, "China 4\nItaly 2") // what is chosen does not narrow, what is fixed does
	expect(w.sam, "country", dash.Choices{Search: "tAL"}, "Italy 2")
	expect(w.sam, "country", dash.Choices{Limit: 1}, "China 4\nmore")
	expect(w.sam, "country", dash.Choices{Parameters: map[string]string{"least": "10"}}, "Italy 2")
	expect(w.sam, "half", dash.Choices{}, "2.5 2\n5 1\n6 1") // of the visual that it filters
	expect(w.sam, "date", dash.Choices{}, "2020-09-10 3\n2020-09-11 3")
	expect(w.sam, "date", dash.Choices{Search: "-11"}, "2020-09-11 3")
	expect(w.sam, "all", dash.Choices{}, "China 4\nItaly 2\nNowhere 1") // of another sheet
	expect(w.sam, "many", dash.Choices{}, "invalid")
	expect(w.sam, "least", dash.Choices{}, "invalid")
	expect(w.sam, "none", dash.Choices{}, "not found")
	expect(w.sam, "country", dash.Choices{Limit: 1001}, "invalid")
	expect(w.sam, "country", dash.Choices{Search: "' OR '1'='1"}, "")
	expect(w.sam, "country", dash.Choices{Parameters: map[string]string{"most": "1"}}, "denied")

	set.Rules = []dash.RowRule{{Name: "sam", Principals: []string{w.sam.ARN}, Filter: "country = 'Italy'"}}
	if _, err := w.UpdateDataSet(w.as(w.olga), set.ID, set); err != nil {
		t.Fatal(err)
	}
	expect(w.sam, "all", dash.Choices{}, "Italy 2")
	expect(w.sam, "country", dash.Choices{Search: "China"}, "")
	expect(w.olga, "all", dash.Choices{}, "") // no rule names her
	if err := w.DeleteDataSet(w.as(w.olga), set.ID, true); err != nil {
		t.Fatal(err)
	}
	expect(w.sam, "all", dash.Choices{}, "not found")
}

// What a role's session owns is read by the role, after the session has ended too.
func TestOwnersThatAreSessions(t *testing.T) {
	w := newWorld(t)
	c := w.extracted()
	w.covid()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + w.olga.ARN + `"},"Action":"sts:AssumeRole"}]}`
	role, err := w.access.CreateRole(t.Context(), access.NewRole{Name: "maker", Path: "/", Trust: trust})
	if err != nil {
		t.Fatal(err)
	}
	all := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	if err := w.access.PutInline(t.Context(), access.RoleNamed("maker"), "all", all); err != nil {
		t.Fatal(err)
	}
	session, err := w.access.AssumeRole(t.Context(), w.olga, access.Assume{RoleARN: role.ARN(), Session: "build"})
	if err != nil {
		t.Fatal(err)
	}
	q := dash.Query{Dimensions: []dash.By{{Field: "country"}}, Measures: []dash.Of{{Field: "deaths", Aggregation: dash.Maximum}}}
	ask := func(p lethe.Principal, id, want string, from dash.Mode) {
		t.Helper()
		if a, err := w.Query(w.as(p), id, q); err != nil || lines(a) != want || a.From != from {
			t.Errorf("%s: from %s, %v\n%s", p.Name, a.From, err, lines(a))
		}
	}
	for _, mode := range []dash.Mode{dash.Live, dash.Extract} {
		set, err := w.CreateDataSet(w.as(session.Principal), dash.DataSet{Edited: dash.Edited{Name: string(mode)}, Mode: mode, ReadAs: dash.ReadAsOwner, Source: dash.Source{SQL: "SELECT * FROM covid"},
			Fields: []dash.Field{{Name: "country", Column: "country"}, {Name: "deaths", Column: "deaths"}}})
		if err != nil {
			t.Fatal(err)
		}
		c.refreshed("one")
		again := session.Principal
		again.Session = "" // as one of another day is
		for _, p := range []lethe.Principal{session.Principal, again, w.sam} {
			ask(p, set.ID, "China|5\nItaly|12\nNowhere|0", mode)
		}
		if set, err = w.UpdateDataSet(w.as(session.Principal), set.ID, set); err != nil {
			t.Error(err)
		}
		other, err := w.access.AssumeRole(t.Context(), w.olga, access.Assume{RoleARN: role.ARN(), Session: "other"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.UpdateDataSet(w.as(other.Principal), set.ID, set); !lethe.Is(err, lethe.Denied) {
			t.Errorf("another session of the role changes it: %v", err)
		}
	}
}
