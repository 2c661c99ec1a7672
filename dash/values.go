package dash

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"lethe"
)

// Choices asks which values a control of a dashboard offers.
type Choices struct {
	// Search keeps values that contain this text, case apart.
	Search string `json:"search,omitempty"`
	// Limit bounds the values; 0 means 200, and 1000 are the most.
	Limit int `json:"limit,omitempty"`
	// Parameters are those that the viewer has set, which a data set's statement may read.
	Parameters map[string]string `json:"parameters,omitempty"`
}

// Chosen are the values that a control offers, those of most rows first. Null is none of them.
type Chosen struct {
	Values []Value `json:"values"`
	// More says that there are more than the limit; a search finds them.
	More bool `json:"more,omitempty"`
}

// Value is what a filter can keep.
type Value struct {
	Value string `json:"value"` // as a filter's Values have it
	Rows  int64  `json:"rows"`
}

const (
	defaultChoices = 200
	maxChoices     = 1000
)

// ControlValues returns which values of its field a control's filter may be set to, of the rows
// that the principal sees. The principal must be allowed to describe the dashboard, and needs no
// right on the data set. What the author filters for good, without a control, in all visuals that
// this filter is for, is not offered.
func (s *Service) ControlValues(ctx context.Context, dashboardID, controlID string, in Choices) (Chosen, error) {
	d, err := s.dashboard(ctx, dashboardID)
	if err != nil {
		return Chosen{}, err
	}
	f, sheet, err := d.Definition.listed(controlID)
	if err != nil {
		return Chosen{}, err
	}
	c := &check{}
	c.text("search", in.Search, maxValue)
	if in.Limit < 0 || in.Limit > maxChoices {
		c.fail("limit", "%d is not between 1 and %d", in.Limit, maxChoices)
	}
	if err := c.err(); err != nil {
		return Chosen{}, err
	}
	if in.Limit == 0 {
		in.Limit = defaultChoices
	}
	view := View{Parameters: in.Parameters}
	if err := d.Definition.allows(view, sheet); err != nil {
		return Chosen{}, err
	}
	set, err := s.dataSet(ctx, f.DataSet)
	if lethe.Is(err, lethe.NotFound) {
		return Chosen{}, lethe.Errorf(lethe.NotFound, "the data set of this control was deleted")
	}
	if err != nil {
		return Chosen{}, err
	}
	filters := append(d.Definition.fixed(f), Filter{Kind: Category, Field: f.Field, Contains: in.Search, Nulls: "leave_out"})
	own, err := d.Definition.calculatedOf(set.ID)
	if err != nil {
		return Chosen{}, err
	}
	a, err := s.answer(ctx, set, func(a *asking) (Query, error) {
		by := By{Field: f.Field}
		if k, err := a.field(f.Field); err == nil && f.Kind == TimeEquality && k.typ == Time {
			by.Grain = Day // a day keeps all of its times
		}
		return Query{Dimensions: []By{by}, Measures: []Of{{Field: "*", Aggregation: Count}}, Filters: filters, Sort: []Sort{{Column: 1, Descending: true}}, Limit: in.Limit}, nil
	}, own, view.parameters(&set))
	if err != nil {
		return Chosen{}, err
	}
	out := Chosen{Values: make([]Value, a.Rows), More: a.More}
	for i := range out.Values {
		out.Values[i] = Value{valueText(a.Columns[0].Values[i]), int64(float(a.Columns[1].Values[i]))}
	}
	return out, nil
}

// listed finds the filter that a control sets, and the sheet of both, if its values can be listed.
func (d *Definition) listed(control string) (*SheetFilter, *Sheet, error) {
	for i := range d.Sheets {
		s := &d.Sheets[i]
		for _, c := range s.Controls {
			if c.ID != control {
				continue
			}
			at := slices.IndexFunc(s.Filters, func(f SheetFilter) bool { return c.Filter != "" && f.ID == c.Filter })
			if at < 0 {
				return nil, nil, lethe.Errorf(lethe.Invalid, "the control %q sets the parameter %q, which has no list of values", control, c.Parameter)
			}
			f := &s.Filters[at]
			if k := f.Kind; k != Category && k != NumericEquality && k != TimeEquality || f.Aggregation != "" {
				return nil, nil, lethe.Errorf(lethe.Invalid, "the control %q sets a filter of the kind %s, which keeps no list of values", control, f.Kind)
			}
			return f, s, nil
		}
	}
	return nil, nil, lethe.Errorf(lethe.NotFound, "the dashboard has no control %q", control)
}

// fixed are the filters without a control that all visuals have which a filter is for. Those
// that rank or are about groups keep values only beside what else is chosen: they are none.
func (d *Definition) fixed(f *SheetFilter) []Filter {
	controlled := map[string]bool{}
	for _, s := range d.Sheets {
		for _, c := range s.Controls {
			controlled[c.Filter] = true
		}
	}
	visuals, having := 0, map[string]int{}
	known := map[string]Filter{}
	for i := range d.Sheets {
		s := &d.Sheets[i]
		for j := range s.Visuals {
			all := d.filters(&s.Visuals[j], s)
			if !slices.ContainsFunc(all, func(x SheetFilter) bool { return x.ID == f.ID }) {
				continue
			}
			visuals++
			for _, x := range all {
				having[x.ID]++
				known[x.ID] = x.Filter
			}
		}
	}
	var out []Filter
	for _, id := range slices.Sorted(maps.Keys(known)) {
		x := known[id]
		if having[id] == visuals && !controlled[id] && x.Kind != TopBottom && x.Aggregation == "" {
			out = append(out, x)
		}
	}
	return out
}

// calculatedOf are an analysis' fields over a data set.
func (d *Definition) calculatedOf(dataSet string) ([]Field, error) {
	var own []Field
	for _, f := range d.Calculated {
		if f.DataSet == dataSet {
			own = append(own, f.Field)
		}
	}
	c := &check{}
	c.calculated("calculated", own)
	return own, c.err()
}

// valueText is a value of an answer as a filter's Values have it.
func valueText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}
