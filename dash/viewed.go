package dash

import (
	"slices"
	"strings"

	"lethe"
)

// A dashboard's viewer sets what its author gave a hand on, and nothing else: all that a
// view holds is looked up in the definition.

// visual finds a visual of a definition and its sheet.
func (d *Definition) visual(id string) (*Visual, *Sheet) {
	for i := range d.Sheets {
		for j := range d.Sheets[i].Visuals {
			if d.Sheets[i].Visuals[j].ID == id {
				return &d.Sheets[i].Visuals[j], &d.Sheets[i]
			}
		}
	}
	return nil, nil
}

// filters are those of a definition that apply to a visual of a sheet.
func (d *Definition) filters(v *Visual, on *Sheet) []SheetFilter {
	var all []SheetFilter
	for i := range d.Sheets {
		s := &d.Sheets[i]
		for _, f := range s.Filters {
			applies := f.Everywhere
			if s.ID == on.ID {
				applies = len(f.Visuals) == 0 || slices.Contains(f.Visuals, v.ID)
			}
			if applies && f.DataSet == v.DataSet {
				all = append(all, f)
			}
		}
	}
	return all
}

// refused is the error of a view that sets what no control does.
func refused(format string, args ...any) error {
	return lethe.Errorf(lethe.Denied, "viewers of this dashboard cannot set this: "+format, args...)
}

// allows checks that a view of a sheet sets only what the definition lets a viewer set.
func (d *Definition) allows(v View, on *Sheet) error {
	filters, parameters := map[string]SheetFilter{}, map[string]bool{}
	for _, s := range d.Sheets {
		for _, c := range s.Controls {
			if c.Parameter != "" {
				parameters[strings.ToLower(c.Parameter)] = true
			}
			for _, f := range s.Filters {
				if c.Filter != "" && f.ID == c.Filter {
					filters[f.ID] = f
				}
			}
		}
	}
	for _, f := range v.Filters {
		was, ok := filters[f.ID]
		switch {
		case !ok:
			return refused("no control sets the filter %q", f.ID)
		case f.Kind != was.Kind, !strings.EqualFold(f.Field, was.Field), f.Aggregation != was.Aggregation, !same(f.By, was.By):
			return refused("the filter %q is about something else", f.ID)
		}
	}
	for name := range v.Parameters {
		if !parameters[strings.ToLower(name)] {
			return refused("no control sets the parameter %q", name)
		}
	}
	for _, m := range v.Marks {
		from, sheet := d.visual(m.Visual)
		if from == nil || sheet.ID != on.ID {
			return refused("the sheet has no visual %q", m.Visual)
		}
	}
	for id := range v.Drills {
		if from, _ := d.visual(id); from == nil {
			return refused("there is no visual %q", id)
		}
	}
	return nil
}

func same(a, b *Of) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// marksGroups checks that marks are of dimensions of the visuals that they name, drilled
// down or not.
func (d *Definition) marksGroups(set *DataSet, all []Mark) error {
	for _, m := range all {
		from, _ := d.visual(m.Visual)
		if from == nil {
			return refused("there is no visual %q", m.Visual)
		}
		if from.DataSet != set.ID {
			continue // it concerns other visuals
		}
		if !from.groups(set, m.Field) {
			return refused("the visual %q is not grouped by %q", m.Visual, m.Field)
		}
	}
	return nil
}

// groups reports whether a visual is grouped by a field, or is when it is drilled down.
func (v *Visual) groups(set *DataSet, field string) bool {
	for _, w := range Wells(v.Kind) {
		if w.Takes != Dimension {
			continue
		}
		for _, f := range v.Wells[w.Name] {
			for name, n := f.Field, 0; name != "" && n < 100; name, n = set.below(name), n+1 {
				if strings.EqualFold(name, field) {
					return true
				}
			}
			for _, part := range []string{".latitude", ".longitude"} {
				if strings.EqualFold(f.Field+part, field) {
					return true
				}
			}
		}
	}
	return false
}

// concerning keeps of a view what concerns a data set: other marks are dropped.
func (d *Definition) concerning(v View, set *DataSet) View {
	v.Marks = slices.DeleteFunc(slices.Clone(v.Marks), func(m Mark) bool {
		from, _ := d.visual(m.Visual)
		return from == nil || from.DataSet != set.ID
	})
	return v
}

// set replaces the filters of a sheet by those of a view with the same id. What they are
// about, and where they apply, is the sheet's.
func (v View) set(filters []SheetFilter) []Filter {
	var all []Filter
	for _, f := range filters {
		now := f.Filter
		for _, to := range v.Filters {
			if to.ID == f.ID && f.ID != "" {
				now = to
				now.Kind, now.Field, now.Aggregation, now.By, now.Visuals, now.Everywhere = f.Kind, f.Field, f.Aggregation, f.By, f.Visuals, f.Everywhere
			}
		}
		all = append(all, now)
	}
	return all
}

// parameters are the values of a view for the parameters of a data set.
func (v View) parameters(set *DataSet) map[string]string {
	out := map[string]string{}
	for name, value := range v.Parameters {
		if slices.ContainsFunc(set.Parameters, func(p Parameter) bool { return strings.EqualFold(p.Name, name) }) {
			out[name] = value
		}
	}
	return out
}
