package dash

import (
	"slices"
	"strings"

	"lethe"
	"lethe/lib/trinosql"
)

// defaultBins is how many bins a histogram has that says nothing else.
const defaultBins = 20

// query makes of a visual the question whose answer it draws: the fields of its wells in
// their order, dimensions first. Filters are not its own.
func (v *Visual) query() (Query, error) {
	var q Query
	type place struct {
		well  string
		index int
	}
	at := map[place]int{} // number among the dimensions, or the measures
	takes := map[string]Role{}
	counts := v.Kind == Histogram
	for _, w := range Wells(v.Kind) {
		takes[w.Name] = w.Takes
		counts = counts || w.Takes == Measure
		for i, f := range v.Wells[w.Name] {
			if w.Takes == Measure {
				at[place{w.Name, i}] = len(q.Measures)
				q.Measures = append(q.Measures, Of{f.Field, f.Aggregation})
				continue
			}
			by := By{Field: f.Field, Grain: f.Grain, Bins: f.Bins}
			if v.Kind == Histogram && by.Bins == 0 {
				by.Bins = defaultBins
			}
			at[place{w.Name, i}] = len(q.Dimensions)
			q.Dimensions = append(q.Dimensions, by)
		}
	}
	if len(q.Dimensions)+len(q.Measures) == 0 {
		return q, lethe.Errorf(lethe.Invalid, "the visual has no field")
	}
	if counts && len(q.Measures) == 0 && v.Kind != Table { // rows are counted
		q.Measures = []Of{{Field: "*", Aggregation: Count}}
	}
	if s := v.Sort; s != nil {
		n, ok := at[place{s.Well, s.Index}]
		if !ok {
			return q, lethe.Errorf(lethe.Invalid, "the visual is sorted by field %d of the well %q, which it does not have", s.Index, s.Well)
		}
		if takes[s.Well] == Measure {
			n += len(q.Dimensions)
		}
		q.Sort = []Sort{{Column: n, Descending: s.Descending}}
	}
	return q, nil
}

// asked is the visual's question to a data set, without filters and undrilled.
func (v *Visual) asked(a *asking) (Query, error) {
	q, err := v.query()
	if err != nil {
		return q, err
	}
	if v.rows(a) {
		for _, m := range q.Measures {
			q.Dimensions = append(q.Dimensions, By{Field: m.Field})
		}
		q.Measures, q.Rows = nil, true
		for i := range q.Sort { // what was a measure's column is a dimension's
			q.Sort[i].Column = min(q.Sort[i].Column, len(q.Dimensions)-1)
		}
	}
	v.limited(&q, a)
	return q, nil
}

// rows reports whether the visual shows rows as they are: a table that groups by
// nothing and aggregates nothing, as in QuickSight.
func (v *Visual) rows(a *asking) bool {
	if v.Kind != Table || len(v.Wells["group"]) > 0 {
		return false
	}
	for _, f := range v.Wells["value"] {
		if k, err := a.field(f.Field); f.Aggregation != "" || f.Field == "*" || err == nil && k.Aggregate {
			return false
		}
	}
	return true
}

// limited bounds the groups of a visual's question, which are those with the largest
// first measure if it does not say how they are sorted, and have no order of their own.
func (v *Visual) limited(q *Query, a *asking) {
	if v.Limit == 0 {
		return
	}
	limit := min(v.Limit, MaxLimit)
	if q.Rows || len(q.Dimensions) == 0 {
		q.Limit = limit
		return
	}
	first := q.Dimensions[0]
	pair := a.coordinate(first.Field) != nil
	inOrder := first.Bin != 0 || first.Bins != 0
	if k, err := a.field(first.Field); err == nil {
		inOrder = inOrder || k.typ.dated()
	}
	if !inOrder && len(q.Sort) == 0 && len(q.Measures) > 0 {
		q.Sort = []Sort{{Column: len(q.Dimensions), Descending: true}}
	}
	if len(q.Dimensions) == 1 || pair {
		q.Limit, q.Others = limit, v.Others
		return
	}
	q.Groups = limit
}

// drill replaces the dimensions of a question that the viewer went down through, and
// returns the filters of where the viewer is. A field of a hierarchy is replaced by the
// one below; a date that is cut, by a finer grain.
func (d *DataSet) drill(q *Query, marks []Mark) ([]Filter, error) {
	var filters []Filter
	for _, m := range marks {
		i := slices.IndexFunc(q.Dimensions, func(b By) bool { return strings.EqualFold(b.Field, m.Field) })
		if i < 0 {
			return nil, lethe.Errorf(lethe.Invalid, "the visual is not grouped by %q and cannot be drilled down there", m.Field)
		}
		by := &q.Dimensions[i]
		filters = append(filters, m.filter())
		if next := d.below(m.Field); next != "" {
			*by = By{Field: next}
		} else if g, ok := finer[by.Grain]; ok && by.Grain == m.Grain {
			by.Grain = g
		} else {
			return nil, lethe.Errorf(lethe.Invalid, "there is nothing below %q", m.Field)
		}
	}
	return filters, nil
}

// below returns the field below a field in the first hierarchy that has one.
func (d *DataSet) below(field string) string {
	for _, h := range d.Hierarchies {
		i := slices.IndexFunc(h.Fields, func(f string) bool { return strings.EqualFold(f, field) })
		if i >= 0 && i+1 < len(h.Fields) {
			return h.Fields[i+1]
		}
	}
	return ""
}

// finer are the grains below grains.
var finer = map[Grain]Grain{Year: Month, Quarter: Month, Month: Day, Week: Day, Day: Hour, Hour: Minute}

// filter is the filter that a mark means, of its own kind: see marked.
func (m Mark) filter() Filter {
	f := Filter{Kind: marked, Field: m.Field, Grain: m.Grain}
	if m.Value == nil {
		f.Nulls = "only"
	} else {
		f.Values = []string{*m.Value}
	}
	return f
}

// marked is the kind of filter that marks are. No client can name it: its values are
// what an answer said of groups, which is LOW..HIGH of bins.
const marked FilterKind = "\x00marked"

// marks makes filters of marks: one of the values of a field within a visual is enough.
func marks(all []Mark, but string) []Filter {
	type group struct{ visual, field string }
	at := map[group]int{}
	var out []Filter
	for _, m := range all {
		if m.Visual == but {
			continue
		}
		g := group{m.Visual, strings.ToLower(m.Field)}
		i, ok := at[g]
		if !ok {
			at[g] = len(out)
			out = append(out, m.filter())
			continue
		}
		if f := m.filter(); f.Nulls != "" {
			out[i].Nulls = nullsToo(out[i])
		} else {
			if out[i].Nulls == "only" {
				out[i].Nulls = "keep"
			}
			out[i].Values = append(out[i].Values, f.Values...)
		}
	}
	return out
}

func nullsToo(f Filter) string {
	if len(f.Values) == 0 {
		return "only"
	}
	return "keep"
}

// mark writes the filter of a mark.
func (c *compiler) mark(f Filter) (condition, error) {
	name, part, pair := strings.Cut(f.Field, ".")
	if x := c.coordinate(name); pair && x != nil { // a column of a coordinate
		switch part {
		case "latitude":
			f.Field = x.Latitude
		case "longitude":
			f.Field = x.Longitude
		}
	}
	k, err := c.field(f.Field)
	if err != nil {
		return condition{}, err
	}
	if k.Aggregate {
		return condition{}, lethe.Errorf(lethe.Invalid, "it is a measure and marks no group")
	}
	c.wants(k.Name)
	x := trinosql.QuoteNameAlways(k.Name)
	var terms []string
	switch {
	case len(f.Values) == 0:
	case k.typ.dated():
		sql, _, err := c.times(x, k.typ, f)
		if err != nil {
			return condition{}, err
		}
		terms = append(terms, sql)
	default:
		var exact []string
		for _, v := range f.Values {
			low, high, bin := strings.Cut(v, "..")
			if !bin || low == "" || high == "" || !k.typ.numeric() {
				exact = append(exact, v)
				continue
			}
			sql, _, err := bounds(x, Filter{From: low, To: high}, number, "<")
			if err != nil {
				return condition{}, err
			}
			terms = append(terms, "("+sql+")")
		}
		sql, given, err := among(x, Filter{Values: exact}, func(v string) (string, error) { return literal(k.typ, v) })
		if err != nil {
			return condition{}, err
		}
		if given {
			terms = append(terms, sql)
		}
	}
	return condition{sql: withNulls(anyOf(terms, false), x, f.Nulls, true)}, nil
}
