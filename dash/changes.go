package dash

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Change is a difference between an analysis and what is published of it.
type Change struct {
	Kind  string `json:"kind"` // added, changed, removed
	What  string `json:"what"` // visual, sheet, filter, control, data_set, field, color
	Sheet string `json:"sheet,omitempty"`
	ID    string `json:"id"`
	Title string `json:"title"`
	// Details say what of it changed.
	Details []string `json:"details,omitempty"`
}

// Changes is what publishing an analysis would change, and for whom.
type Changes struct {
	Changes []Change `json:"changes"`
	// Viewers are those whom the dashboard is shared with.
	Viewers []Share `json:"viewers"`
}

// Changes compares an analysis with what is published of it: everything is added if nothing is.
func (s *Service) Changes(ctx context.Context, analysis string) (Changes, error) {
	c := Changes{Changes: []Change{}, Viewers: []Share{}}
	a, err := s.analysis(ctx, analysis)
	if err != nil {
		return c, err
	}
	var before Dashboard
	if a.Dashboard != "" {
		if before, err = s.Dashboard(ctx, a.Dashboard, 0); err != nil {
			return c, err
		}
		c.Viewers = before.Shares
	}
	sets, err := s.namesOf(ctx, slices.Concat(a.Definition.DataSets, before.Definition.DataSets))
	if err != nil {
		return c, err
	}
	c.Changes = append(c.Changes, compare(before.Definition, a.Definition, sets)...)
	return c, nil
}

// namesOf returns the names of data sets by their ids.
func (s *Service) namesOf(ctx context.Context, ids []string) (map[string]string, error) {
	known := map[string]string{}
	for _, id := range ids {
		set, err := s.dataSet(ctx, id)
		if unlessGone(err) != nil {
			return nil, err
		}
		if known[id] = set.Name; err != nil {
			known[id] = id
		}
	}
	return known, nil
}

// part is a part of a definition that is compared.
type part struct {
	what, sheet, id, title string
	value                  any
}

// compare returns how one definition became another, in the order in which parts stand there; what
// is removed comes last.
func compare(before, after Definition, sets map[string]string) (changes []Change) {
	old, now := before.parts(sets), after.parts(sets)
	key := func(p part) string { return p.what + " " + p.id }
	was := map[string]part{}
	for _, p := range old {
		was[key(p)] = p
	}
	for _, p := range now {
		b, ok := was[key(p)]
		delete(was, key(p))
		switch details := differences(b, p); {
		case !ok:
			changes = append(changes, Change{"added", p.what, p.sheet, p.id, p.title, nil})
		case details != nil:
			changes = append(changes, Change{"changed", p.what, p.sheet, p.id, p.title, details})
		}
	}
	for _, p := range old {
		if _, gone := was[key(p)]; gone {
			changes = append(changes, Change{"removed", p.what, p.sheet, p.id, p.title, nil})
		}
	}
	return changes
}

func (d Definition) parts(sets map[string]string) (parts []part) {
	for _, id := range d.DataSets {
		parts = append(parts, part{"data_set", "", id, sets[id], id})
	}
	for _, f := range d.Calculated {
		parts = append(parts, part{"field", "", f.DataSet + " " + f.Name, f.Name, f})
	}
	for i, s := range d.Sheets {
		parts = append(parts, part{"sheet", s.ID, s.ID, s.Name, map[string]any{"name": s.Name, "position": i + 1}})
		for _, v := range s.Visuals {
			title := v.Title
			if title == "" {
				title = strings.ReplaceAll(string(v.Kind), "_", " ")
			}
			parts = append(parts, part{"visual", s.ID, v.ID, title, v})
		}
		for _, f := range s.Filters {
			parts = append(parts, part{"filter", s.ID, f.ID, f.Field, f})
		}
		for _, c := range s.Controls {
			title := c.Title
			if title == "" {
				title = c.Filter + c.Parameter
			}
			parts = append(parts, part{"control", s.ID, c.ID, title, c})
		}
	}
	for _, field := range slices.Sorted(maps.Keys(d.Colors)) {
		parts = append(parts, part{"color", "", field, field, d.Colors[field]})
	}
	return parts
}

// differences says which properties of a part differ, and how where that is short.
func differences(before, after part) (details []string) {
	b, a := properties(before.value), properties(after.value)
	if before.sheet != after.sheet {
		details = append(details, "sheet: "+before.sheet+" → "+after.sheet)
	}
	for _, name := range slices.Sorted(maps.Keys(merged(b, a))) {
		if reflect.DeepEqual(b[name], a[name]) {
			continue
		}
		from, to := brief(b[name]), brief(a[name])
		switch {
		case from == "" || to == "" || len(from)+len(to) > 120:
			details = append(details, name)
		default:
			details = append(details, name+": "+from+" → "+to)
		}
	}
	return details
}

// properties are the parts of a value as JSON has them; the wells of a visual by their names.
func properties(v any) map[string]any {
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var p map[string]any
	if json.Unmarshal(text, &p) != nil {
		return map[string]any{"value": v}
	}
	if wells, ok := p["wells"].(map[string]any); ok {
		delete(p, "wells")
		for name, fields := range wells {
			p["well "+name] = fields
		}
	}
	return p
}

func merged(a, b map[string]any) map[string]any {
	m := maps.Clone(a)
	if m == nil {
		m = map[string]any{}
	}
	maps.Copy(m, b)
	return m
}

// brief writes a value in a few words, "" if it has more.
func brief(v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case string, float64, bool:
		return fmt.Sprint(v)
	case []any:
		words := make([]string, 0, len(v))
		for _, x := range v {
			word := brief(x)
			if m, ok := x.(map[string]any); ok {
				word = wellWords(m)
			}
			if word == "" {
				return ""
			}
			words = append(words, word)
		}
		return strings.Join(words, ", ")
	}
	return ""
}

// wellWords writes a field in a well: sum of deaths, date by month.
func wellWords(m map[string]any) string {
	field, _ := m["field"].(string)
	if of, ok := m["aggregation"].(string); ok {
		field = of + " of " + field
	}
	if by, ok := m["grain"].(string); ok {
		field += " by " + by
	}
	return field
}
