package dash

import (
	"reflect"
	"testing"

	"lethe"
)

func TestVisualsAskByTheirWells(t *testing.T) {
	one := func(field string) []WellField { return []WellField{{Field: field}} }
	largest := []Sort{{Column: 1, Descending: true}}
	for _, c := range []struct {
		name   string
		visual Visual
		want   Query
	}{
		{"a map counts", Visual{Kind: PointsOnMap, Wells: map[string][]WellField{"geospatial": one("place")}}, Query{Dimensions: []By{{Field: "place"}}, Measures: []Of{{"*", Count}}}},
		{"dimensions first", Visual{Kind: Line, Wells: map[string][]WellField{"value": {{Field: "deaths", Aggregation: Maximum}}, "x": {{Field: "date", Grain: Month}}, "color": one("country")}, Sort: &VisualSort{Well: "value", Descending: true}},
			Query{Dimensions: []By{{Field: "date", Grain: Month}, {Field: "country"}}, Measures: []Of{{"deaths", Maximum}}, Sort: []Sort{{Column: 2, Descending: true}}}},
		{"a histogram", Visual{Kind: Histogram, Wells: map[string][]WellField{"value": one("deaths")}}, Query{Dimensions: []By{{Field: "deaths", Bins: 20}}, Measures: []Of{{"*", Count}}}},
		{"the largest", Visual{Kind: Pie, Limit: 5, Others: true, Wells: map[string][]WellField{"color": one("country"), "value": one("deaths")}}, Query{Dimensions: []By{{Field: "country"}}, Measures: []Of{{Field: "deaths"}}, Sort: largest, Limit: 5, Others: true}},
		{"the largest points", Visual{Kind: PointsOnMap, Limit: 5, Wells: map[string][]WellField{"geospatial": one("place"), "size": one("deaths")}}, Query{Dimensions: []By{{Field: "place"}}, Measures: []Of{{Field: "deaths"}}, Sort: largest, Limit: 5}},
		{"the first dates", Visual{Kind: Bar, Limit: 5, Wells: map[string][]WellField{"x": one("date"), "value": one("deaths")}}, Query{Dimensions: []By{{Field: "date"}}, Measures: []Of{{Field: "deaths"}}, Limit: 5}},
		{"groups of two dimensions", Visual{Kind: Bar, Limit: 5, Wells: map[string][]WellField{"x": one("country"), "color": one("open"), "value": one("deaths")}},
			Query{Dimensions: []By{{Field: "country"}, {Field: "open"}}, Measures: []Of{{Field: "deaths"}}, Sort: []Sort{{Column: 2, Descending: true}}, Groups: 5}},
		{"rows as they are", Visual{Kind: Table, Limit: 9, Wells: map[string][]WellField{"value": {{Field: "country"}, {Field: "deaths"}}}}, Query{Rows: true, Dimensions: []By{{Field: "country"}, {Field: "deaths"}}, Limit: 9}},
		{"a table that aggregates", Visual{Kind: Table, Wells: map[string][]WellField{"value": {{Field: "mortality"}, {Field: "deaths"}}}}, Query{Measures: []Of{{Field: "mortality"}, {Field: "deaths"}}}},
		{"different values", Visual{Kind: Table, Wells: map[string][]WellField{"group": one("country")}}, Query{Dimensions: []By{{Field: "country"}}}},
	} {
		a, err := newAsking(cases(), fromSource, nil, nil, who{exempt: true}, noon)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.visual.asked(a)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", c.name, err, got, c.want)
		}
	}
	if _, err := (&Visual{Kind: Bar}).query(); !lethe.Is(err, lethe.Invalid) {
		t.Error(err)
	}
	if _, err := (&Visual{Kind: Bar, Wells: map[string][]WellField{"x": one("a")}, Sort: &VisualSort{Well: "x", Index: 1}}).query(); !lethe.Is(err, lethe.Invalid) {
		t.Error(err)
	}
}

func TestBinsHaveRoundWidths(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		n         int
		whole     bool
		want      float64
	}{{0, 100, 20, true, 5}, {0, 7, 20, true, 1}, {0, 1, 10, false, 0.1}, {-3, 3, 4, false, 2}, {5, 5, 20, false, 1}, {0, 1e-9, 10, false, 1e-10}, {0, 1234567, 20, true, 100000}, {-1e308, 1e308, 5, false, 1}} {
		if got := roundWidth(c.low, c.high, c.n, c.whole); got != c.want {
			t.Errorf("%v to %v in %d: %v, want %v", c.low, c.high, c.n, got, c.want)
		}
	}
	if got := jsonValue(0.30000000000000004, 0.1); got != 0.3 {
		t.Error(got)
	}
	if got := jsonValue(int64(1<<53+1), 0); got != "9007199254740993" {
		t.Error(got)
	}
}

func TestWhatIsProposedOfColumns(t *testing.T) {
	for name, want := range map[string]Role{"id": Dimension, "user_id": Dimension, "userId": Dimension, "Year": Dimension, "deaths": Measure, "identity count": Measure, "zip": Dimension, "lat": Dimension, "Amount (EUR)": Measure, "": Measure} {
		if got := roleOf(name, Integer); got != want {
			t.Errorf("%s is a %s", name, got)
		}
	}
	for _, c := range []struct {
		name   string
		t      Type
		values []any
		want   Geo
	}{{"Lat", Decimal, []any{41.5, nil}, Latitude}, {"lat", Decimal, []any{512.0}, ""}, {"Longitude", Decimal, nil, Longitude}, {"Country/Region", Text, nil, Country}, {"Province/State", Text, nil, Region},
		{"country", Integer, nil, ""}, {"start_lng", Decimal, nil, Longitude}, {"statement", Text, nil, ""}} {
		if got := geoOf(c.name, c.t, c.values); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if !isISODates([]any{"2020-01-01", nil, ""}) || isISODates([]any{"2020-01-01", "2020-02-30"}) || isISODates([]any{nil}) || isISODates(nil) {
		t.Error("dates are not recognised")
	}
}
