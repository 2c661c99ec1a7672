package dash

import (
	"fmt"
	"slices"
	"strings"

	"lethe"
)

// check holds an analysis against all rules that need nothing but itself. Visuals may lack
// fields still: they are edited.
func (a *Analysis) check() error {
	c := &check{}
	c.edited(&a.Edited)
	c.definition(&a.Definition)
	c.size(a)
	return c.err()
}

// complete reports the first visual that cannot be drawn because a well is empty that
// must not be, as an error of kind Invalid.
func (d *Definition) complete() error {
	c := &check{}
	for i, s := range d.Sheets {
		for j, v := range s.Visuals {
			for _, w := range Wells(v.Kind) {
				if len(v.Wells[w.Name]) < w.Min {
					c.fail(fmt.Sprintf("definition.sheets[%d].visuals[%d].wells.%s", i, j, w.Name), "%s %q has no field in %s", strings.ReplaceAll(string(v.Kind), "_", " "), v.title(), w.Title)
				}
			}
		}
	}
	return c.err()
}

func (v *Visual) title() string {
	if v.Title != "" {
		return v.Title
	}
	return v.ID
}

func (c *check) definition(d *Definition) {
	at := "definition"
	c.most(at+".data_sets", len(d.DataSets), maxDataSets)
	sets := names{}
	for i, id := range d.DataSets {
		where := fmt.Sprintf("%s.data_sets[%d]", at, i)
		if !lethe.IsID(id) {
			c.fail(where, "%q is not the id of a data set", id)
		}
		sets.add(c, where, id)
	}
	c.most(at+".calculated", len(d.Calculated), maxParts)
	calculated := map[string]names{}
	for i := range d.Calculated {
		f, at := &d.Calculated[i], fmt.Sprintf("%s.calculated[%d]", at, i)
		c.dataSet(at, f.DataSet, sets)
		c.field(at, &f.Field)
		if f.Expression == "" {
			c.fail(at+".expression", "give an expression over the data set's fields")
		}
		if calculated[f.DataSet] == nil {
			calculated[f.DataSet] = names{}
		}
		calculated[f.DataSet].add(c, at+".name", f.Name)
	}
	c.colors(at+".colors", d.Colors)
	if len(d.Sheets) == 0 {
		c.fail(at+".sheets", "make at least one")
	}
	c.most(at+".sheets", len(d.Sheets), maxSheets)
	// Ids are of the whole definition: a visual is asked by its own.
	sheets, visuals, filters, controls := names{}, names{}, names{}, names{}
	for i := range d.Sheets {
		for j, v := range d.Sheets[i].Visuals {
			visuals.add(c, fmt.Sprintf("%s.sheets[%d].visuals[%d].id", at, i, j), v.ID)
		}
	}
	for i := range d.Sheets {
		s, at := &d.Sheets[i], fmt.Sprintf("%s.sheets[%d]", at, i)
		c.id(at+".id", s.ID)
		sheets.add(c, at+".id", s.ID)
		c.name(at+".name", s.Name)
		c.most(at+".visuals", len(s.Visuals), maxVisuals)
		for j := range s.Visuals {
			c.visual(fmt.Sprintf("%s.visuals[%d]", at, j), &s.Visuals[j], sets)
		}
		c.most(at+".filters", len(s.Filters), maxParts)
		for j := range s.Filters {
			f, at := &s.Filters[j], fmt.Sprintf("%s.filters[%d]", at, j)
			c.id(at+".id", f.ID)
			filters.add(c, at+".id", f.ID)
			c.dataSet(at, f.DataSet, sets)
			c.filter(at, &f.Filter, nil)
			for k, v := range f.Visuals {
				if !visuals.has(v) {
					c.fail(fmt.Sprintf("%s.visuals[%d]", at, k), "there is no visual %q", v)
				}
			}
		}
		c.controls(at, s, sets, controls)
	}
}

func (c *check) dataSet(at, id string, sets names) {
	if !sets.has(id) {
		c.fail(at+".data_set", "%q is not among the definition's data sets", id)
	}
}

func (c *check) controls(at string, s *Sheet, sets, known names) {
	c.most(at+".controls", len(s.Controls), maxParts)
	for j, x := range s.Controls {
		at := fmt.Sprintf("%s.controls[%d]", at, j)
		c.id(at+".id", x.ID)
		known.add(c, at+".id", x.ID)
		c.text(at+".title", x.Title, maxName)
		switch {
		case (x.Filter == "") == (x.Parameter == ""):
			c.fail(at, "a control sets a filter or a parameter")
		case x.Filter != "":
			if !slices.ContainsFunc(s.Filters, func(f SheetFilter) bool { return f.ID == x.Filter }) {
				c.fail(at+".filter", "the sheet has no filter %q", x.Filter)
			}
		default:
			c.word(at+".parameter", x.Parameter)
			c.dataSet(at, x.DataSet, sets)
		}
	}
}

func (c *check) colors(at string, colors map[string]map[string]string) {
	n := 0
	for field, values := range colors {
		c.name(at, field)
		for value, color := range values {
			n++
			c.text(at+"."+field, value, maxValue)
			if !colorForm.MatchString(color) {
				c.fail(at+"."+field, "%q is not a colour as #0f6b5c", color)
			}
		}
	}
	c.most(at, n, 10*maxParts)
}

var visualKinds = []VisualKind{PointsOnMap, FilledMap, Line, Area, Bar, Pie, Scatter, HeatMap, Histogram, KPI, Table, Pivot, TextBox}

// visual holds a visual against the rules. Without sets, its data set may be any.
func (c *check) visual(at string, v *Visual, sets names) {
	c.id(at+".id", v.ID)
	oneOf(c, at+".kind", v.Kind, visualKinds...)
	c.text(at+".title", v.Title, maxName)
	c.text(at+".text", v.Text, maxText)
	if v.Kind == TextBox {
		if v.DataSet != "" || len(v.Wells) > 0 {
			c.fail(at+".data_set", "a text shows no data")
		}
	} else if sets != nil {
		c.dataSet(at, v.DataSet, sets)
	}
	c.wells(at+".wells", v)
	if s := v.Sort; s != nil {
		if s.Index < 0 || s.Index >= max(1, len(v.Wells[s.Well])) || !slices.ContainsFunc(Wells(v.Kind), func(w Well) bool { return w.Name == s.Well }) {
			c.fail(at+".sort", "there is no field %d in the well %q", s.Index, s.Well)
		}
	}
	if v.Limit < 0 || v.Limit > maxVisualGroup {
		c.fail(at+".limit", "%d is not between 0 and %d", v.Limit, maxVisualGroup)
	}
	c.most(at+".lines", len(v.Lines), maxPairs)
	for i, l := range v.Lines {
		at := fmt.Sprintf("%s.lines[%d]", at, i)
		c.text(at+".label", l.Label, maxName)
		if (l.Value == nil) == (l.Of == "") {
			c.fail(at, "a reference line has a value, or says what it is of")
		}
		oneOf(c, at+".of", l.Of, "", "average", "min", "max", "median")
		if l.Color != "" && !colorForm.MatchString(l.Color) {
			c.fail(at+".color", "%q is not a colour as #0f6b5c", l.Color)
		}
	}
	oneOf(c, at+".look.stack", v.Look.Stack, "", "stacked", "share")
	oneOf(c, at+".look.legend", v.Look.Legend, "", "none", "right", "bottom")
	p := v.Place
	if p.X < 0 || p.W < 1 || p.X+p.W > 12 || p.Y < 0 || p.H < 1 || p.Y > maxRows || p.H > maxRows {
		c.fail(at+".place", "x %d, y %d, w %d, h %d does not lie on a grid of 12 columns", p.X, p.Y, p.W, p.H)
	}
}

// wells holds the fields of a visual against the wells of its kind.
func (c *check) wells(at string, v *Visual) {
	known := Wells(v.Kind)
	for _, w := range known {
		c.most(at+"."+w.Name, len(v.Wells[w.Name]), w.Max)
		for i, f := range v.Wells[w.Name] {
			c.wellField(fmt.Sprintf("%s.%s[%d]", at, w.Name, i), f)
		}
	}
	for name := range v.Wells {
		if !slices.ContainsFunc(known, func(w Well) bool { return w.Name == name }) {
			c.fail(at, "a %s has no well %q", strings.ReplaceAll(string(v.Kind), "_", " "), name)
		}
	}
}

func (c *check) wellField(at string, f WellField) {
	c.of(at, Of{f.Field, f.Aggregation})
	oneOf(c, at+".grain", f.Grain, append([]Grain{""}, grains...)...)
	if f.Bins < 0 || f.Bins > maxParts {
		c.fail(at+".bins", "%d is not between 0 and %d", f.Bins, maxParts)
	}
	c.text(at+".label", f.Label, maxName)
	if m := f.Format; m != nil {
		oneOf(c, at+".format.style", m.Style, "", "number", "percent", "currency", "compact")
		if m.Decimals != nil && (*m.Decimals < 0 || *m.Decimals > 20) {
			c.fail(at+".format.decimals", "%d is not between 0 and 20", *m.Decimals)
		}
		for _, t := range []struct{ name, text string }{{"currency", m.Currency}, {"prefix", m.Prefix}, {"suffix", m.Suffix}, {"date", m.Date}} {
			c.text(at+".format."+t.name, t.text, 64)
		}
	}
}
