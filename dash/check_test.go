package dash

import (
	"strings"
	"testing"

	"lethe"
)

func plainSet() DataSet {
	return DataSet{Edited: Edited{Name: "Cases"}, Source: Source{SQL: "SELECT 1"}, Fields: []Field{{Name: "country", Column: "country"}, {Name: "day", Column: "day", Type: Date}}}
}

func TestWhatIsWrongWithDataSets(t *testing.T) {
	if d := plainSet(); d.check() != nil || d.Mode != Live || d.ReadAs != ReadAsViewer {
		t.Fatalf("a plain one: %v %+v", d.check(), d)
	}
	joined := func(j *Join) func(*DataSet) {
		return func(d *DataSet) {
			d.Source = Source{Tables: []SourceTable{{Alias: "a", Database: "default", Table: "x"}, {Alias: "b", Database: "default", Table: "y", Join: j}}}
			d.Fields = []Field{{Name: "country", Column: "a.country"}}
		}
	}
	for _, tt := range []struct {
		change func(*DataSet)
		want   string
	}{
		{func(d *DataSet) { d.Name = " " }, "name: it must not be empty"},
		{func(d *DataSet) { d.Name = "a\nb" }, "name: it must be one line"},
		{func(d *DataSet) { d.Name = strings.Repeat("x", 129) }, "name: it has 129 characters"},
		{func(d *DataSet) { d.Name = "\xff" }, "name: it is not text"},
		{func(d *DataSet) { d.Source.SQL = "" }, "source: give either sql or tables"},
		{func(d *DataSet) { d.Source.SQL = strings.Repeat("x", maxSQL+1) }, "source.sql: it has 262145 bytes"},
		{joined(nil), "source.tables[1].join: say how"},
		{joined(&Join{Kind: "cross"}), `source.tables[1].join.kind: "cross" is none of inner, left, right, full`},
		{joined(&Join{Kind: Left}), "source.tables[1].join.on: name at least one"},
		{joined(&Join{Kind: Left, On: []JoinPair{{"b", "x", "y"}}}), `source.tables[1].join.on[0].alias: there is no table "b" before`},
		{func(d *DataSet) {
			joined(&Join{Kind: Left, On: []JoinPair{{"a", "x", "y"}}})(d)
			d.Source.Tables[1].Alias = "A"
		}, `source.tables[1].alias: the name "A" is at source.tables[0].alias already`},
		{func(d *DataSet) {
			joined(&Join{Kind: Left, On: []JoinPair{{"a", "x", "y"}}})(d)
			d.Fields[0].Column = "c.country"
		}, `fields[0].column: "c.country" must be ALIAS.COLUMN`},
		{func(d *DataSet) { d.Fields = nil }, "fields: name at least one"},
		{func(d *DataSet) { d.Fields[1].Name = "Country" }, `fields[1].name: the name "Country" is at fields[0].name already`},
		{func(d *DataSet) { d.Fields[0].Column = "" }, "fields[0].column: name a column"},
		{func(d *DataSet) { d.Fields[0].Expression = "1" }, "fields[0].expression: a field is a column or an expression"},
		{func(d *DataSet) { d.Fields[0].Type = "money" }, `fields[0].type: "money" is none of text`},
		{func(d *DataSet) { d.Fields[0].Format = "yyyy" }, "fields[0].format: only dates"},
		{func(d *DataSet) { d.Coordinates = []Coordinate{{"day", "country", "day"}} }, `coordinates[0].name: the name "day" is at fields[1].name already`},
		{func(d *DataSet) { d.Coordinates = []Coordinate{{"place", "lat", "day"}} }, `coordinates[0].latitude: there is no field "lat"`},
		{func(d *DataSet) { d.Coordinates = []Coordinate{{"p", "day", "Day"}} }, "coordinates[0]: latitude and longitude are the same"},
		{func(d *DataSet) { d.Hierarchies = []Hierarchy{{"h", []string{"country"}}} }, "hierarchies[0].fields: a hierarchy has at least two"},
		{func(d *DataSet) { d.Hierarchies = []Hierarchy{{"h", []string{"country", "city"}}} }, `hierarchies[0].fields[1]: there is no field "city"`},
		{func(d *DataSet) { d.Parameters = []Parameter{{"a b", Text, ""}} }, `parameters[0].name: "a b" must be`},
		{func(d *DataSet) { d.Parameters = []Parameter{{"n", Integer, "1.5"}} }, `parameters[0].default: "1.5" is not a whole number`},
		{func(d *DataSet) { d.Parameters = []Parameter{{"n", Decimal, "NaN"}} }, `parameters[0].default: "NaN" is not a number`},
		{func(d *DataSet) { d.Filters = []Filter{{Kind: Category, Field: "city"}} }, `filters[0].field: there is no field "city"`},
		{func(d *DataSet) { d.Filters = []Filter{{Kind: TimeRange, Field: "day", From: "10/9/2020"}} }, `filters[0].from: "10/9/2020" is not a date`},
		{func(d *DataSet) { d.Filters = []Filter{{Kind: NumericRange, Field: "day", To: "1; DROP"}} }, `filters[0].to: "1; DROP" is not a number`},
		{func(d *DataSet) {
			d.Filters = []Filter{{Kind: RelativeDates, Field: "day", Relative: "last", Grain: Day}}
		}, "filters[0].n: say how many"},
		{func(d *DataSet) {
			d.Filters = []Filter{{Kind: Category, Field: "day", Values: make([]string, maxValues+1)}}
		}, "filters[0].values: 1001 are too many"},
		{func(d *DataSet) {
			d.Filters = []Filter{{Kind: TopBottom, Field: "country", N: 3, By: &Of{"day", Count}}}
		}, "filters[0].kind: a data set's filters apply before"},
		{func(d *DataSet) { d.Mode = "spice" }, `mode: "spice" is none of live, extract`},
		{func(d *DataSet) { d.ReadAs = "root" }, `read_as: "root" is none of viewer, owner`},
		{func(d *DataSet) { d.Rules = []RowRule{{Name: "r"}} }, "rules[0].principals: name whom"},
		{func(d *DataSet) { d.Rules = []RowRule{{Name: "r", Principals: []string{"arn:aws:iam::1:user/x"}}} }, "rules[0].principals[0]: "},
		{func(d *DataSet) { d.Refresh = []Schedule{{Every: "weekly", At: "06:00", Day: "Mon"}} }, `refresh[0].day: "Mon" is none of monday`},
		{func(d *DataSet) { d.Refresh = []Schedule{{Every: "monthly", At: "06:00", Day: "31"}} }, `refresh[0].day: "31" is not a day of every month`},
		{func(d *DataSet) { d.Refresh = []Schedule{{Every: "daily", At: "24:00"}} }, `refresh[0].at: "24:00" is not a time`},
		{func(d *DataSet) { d.Refresh = []Schedule{{Every: "daily", At: "06:00", Zone: "../etc"}} }, `refresh[0].zone: "../etc" is not a time zone`},
		{func(d *DataSet) { d.Increment = &Increment{"day", 0} }, "increment.window: 0 is not"},
	} {
		d := plainSet()
		tt.change(&d)
		if err := d.check(); !lethe.Is(err, lethe.Invalid) || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
}

const anID = "019b0000-0000-7000-8000-000000000001"

func plainAnalysis() Analysis {
	return Analysis{Edited: Edited{Name: "A"}, Definition: Definition{DataSets: []string{anID}, Sheets: []Sheet{{
		ID: "s", Name: "S",
		Visuals:  []Visual{{ID: "v", Kind: Bar, DataSet: anID, Place: Place{W: 6, H: 4}, Wells: map[string][]WellField{"x": {{Field: "country"}}}}},
		Filters:  []SheetFilter{{anID, Filter{ID: "f", Kind: Category, Field: "country"}}},
		Controls: []Control{{ID: "c", Filter: "f"}},
	}}}}
}

func TestWhatIsWrongWithAnalyses(t *testing.T) {
	if a := plainAnalysis(); a.check() != nil {
		t.Fatal(a.check())
	}
	v := func(change func(*Visual)) func(*Definition) {
		return func(d *Definition) { change(&d.Sheets[0].Visuals[0]) }
	}
	const visual = "definition.sheets[0].visuals[0]"
	for _, tt := range []struct {
		change func(*Definition)
		want   string
	}{
		{func(d *Definition) { d.DataSets = []string{"../x"} }, `definition.data_sets[0]: "../x" is not the id`},
		{func(d *Definition) { d.Sheets = nil }, "definition.sheets: make at least one"},
		{func(d *Definition) { d.Sheets = append(d.Sheets, d.Sheets[0]) }, `definition.sheets[1].visuals[0].id: the name "v" is at `},
		{v(func(v *Visual) { v.Kind = "donut" }), visual + `.kind: "donut" is none of points_on_map`},
		{v(func(v *Visual) { v.ID = "a b" }), visual + `.id: "a b" must be`},
		{v(func(v *Visual) { v.DataSet = "019b0000-0000-7000-8000-000000000002" }), visual + ".data_set: "},
		{v(func(v *Visual) { v.Wells["color"] = make([]WellField, 2) }), visual + ".wells.color: 2 are too many; 1 are allowed"},
		{v(func(v *Visual) { v.Wells["geospatial"] = nil }), visual + `.wells: a bar has no well "geospatial"`},
		{v(func(v *Visual) { v.Wells["value"] = []WellField{{Field: "x", Aggregation: "mode"}} }), visual + `.wells.value[0].aggregation: "mode" is none of sum`},
		{v(func(v *Visual) { v.Wells["value"] = []WellField{{Field: "*", Aggregation: Sum}} }), visual + ".wells.value[0].aggregation: of * only rows"},
		{v(func(v *Visual) { v.Wells["x"][0].Grain = "decade" }), visual + `.wells.x[0].grain: "decade"`},
		{v(func(v *Visual) { v.Sort = &VisualSort{Well: "value", Index: 3} }), visual + ".sort: there is no field 3"},
		{v(func(v *Visual) { v.Place.X = 7 }), visual + ".place: x 7, y 0, w 6, h 4 does not lie"},
		{v(func(v *Visual) { v.Kind, v.Wells = TextBox, nil }), visual + ".data_set: a text shows no data"},
		{v(func(v *Visual) { v.Lines = []ReferenceLine{{}} }), visual + ".lines[0]: a reference line has a value"},
		{v(func(v *Visual) { v.Look.Legend = "top" }), visual + `.look.legend: "top"`},
		{func(d *Definition) { d.Sheets[0].Filters[0].ID = "" }, `definition.sheets[0].filters[0].id: "" must be`},
		{func(d *Definition) { d.Sheets[0].Filters[0].Visuals = []string{"w"} }, `definition.sheets[0].filters[0].visuals[0]: there is no visual "w"`},
		{func(d *Definition) { d.Sheets[0].Controls[0].Filter = "g" }, `definition.sheets[0].controls[0].filter: the sheet has no filter "g"`},
		{func(d *Definition) { d.Sheets[0].Controls[0].Parameter = "p" }, "definition.sheets[0].controls[0]: a control sets"},
		{func(d *Definition) { d.Calculated = []AnalysisField{{anID, Field{Name: "x"}}} }, "definition.calculated[0].expression: give an expression"},
		{func(d *Definition) { d.Colors = map[string]map[string]string{"country": {"Italy": "red"}} }, `definition.colors.country: "red" is not a colour`},
	} {
		a := plainAnalysis()
		tt.change(&a.Definition)
		if err := a.check(); !lethe.Is(err, lethe.Invalid) || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
}
