package lake_test

import (
	"strings"
	"testing"

	"lethe"
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
