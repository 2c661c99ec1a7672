package dash

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"lethe"
)

// Analyses returns the analyses that the principal may describe, by name; of their sheets only ids
// and names.
func (s *Service) Analyses(ctx context.Context) ([]Analysis, error) {
	list, err := listed[Analysis](ctx, s, analysisKind, "quicksight:DescribeAnalysis")
	for i := range list {
		list[i].Definition = list[i].Definition.outline()
	}
	return list, err
}

// outline is what lists show of a definition.
func (d Definition) outline() Definition {
	o := Definition{DataSets: d.DataSets, Sheets: make([]Sheet, len(d.Sheets))}
	for i, s := range d.Sheets {
		o.Sheets[i] = Sheet{ID: s.ID, Name: s.Name, Visuals: []Visual{}}
	}
	return o
}

// Analysis returns an analysis.
func (s *Service) Analysis(ctx context.Context, id string) (Analysis, error) {
	return s.analysis(ctx, id)
}

// CreateAnalysis makes an analysis of the principal's, who must be allowed to pass each of its data
// sets (quicksight:PassDataSet).
func (s *Service) CreateAnalysis(ctx context.Context, a Analysis) (Analysis, error) {
	s.begin(ctx, &a.Edited, lethe.NewOrderedID())
	a.Dashboard = ""
	if err := s.editable(ctx, &a); err != nil {
		return Analysis{}, err
	}
	err := s.tx(ctx, func(tx *sql.Tx) error {
		return insert(ctx, tx, analysisKind, lethe.PrincipalOf(ctx), &a)
	})
	return a, err
}

// UpdateAnalysis changes an analysis from a revision, which a holds: Conflict if it is not the last
// one. The principal must be allowed to pass all its data sets.
func (s *Service) UpdateAnalysis(ctx context.Context, id string, a Analysis) (Analysis, error) {
	revision := a.Revision
	if err := s.editable(ctx, &a); err != nil {
		return Analysis{}, err
	}
	err := s.tx(ctx, func(tx *sql.Tx) error {
		var now Analysis
		if err := get(ctx, tx, analysisKind, id, &now); err != nil {
			return err
		}
		if err := unchanged(analysisKind, now.Edited, revision); err != nil {
			return err
		}
		s.change(ctx, &a.Edited, now.Edited)
		a.Dashboard = now.Dashboard
		return replace(ctx, tx, analysisKind, &a)
	})
	if err != nil {
		return Analysis{}, err
	}
	return a, nil
}

// editable holds an analysis against the rules.
func (s *Service) editable(ctx context.Context, a *Analysis) error {
	a.Definition.fill()
	if err := a.check(); err != nil {
		return err
	}
	return s.pass(ctx, a.Definition.DataSets)
}

// fill makes lists that must be there.
func (d *Definition) fill() {
	if d.DataSets == nil {
		d.DataSets = []string{}
	}
	for i := range d.Sheets {
		if d.Sheets[i].Visuals == nil {
			d.Sheets[i].Visuals = []Visual{}
		}
	}
}

// pass decides whether the principal may have visuals ask data sets. Who may not does not learn
// whether there is one.
func (s *Service) pass(ctx context.Context, sets []string) error {
	for i, id := range sets {
		if err := s.Access.Decide(ctx, lethe.PrincipalOf(ctx), "quicksight:PassDataSet", s.DataSetARN(id)); err != nil {
			return err
		}
		if _, err := s.dataSet(ctx, id); lethe.Is(err, lethe.NotFound) {
			return (&wrong{fmt.Sprintf("definition.data_sets[%d]", i), fmt.Sprintf("there is no data set %q", id)}).invalid()
		} else if err != nil {
			return err
		}
	}
	return nil
}

// DeleteAnalysis deletes an analysis. What was published of it stays.
func (s *Service) DeleteAnalysis(ctx context.Context, id string) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		var a Analysis
		if err := get(ctx, tx, analysisKind, id, &a); err != nil {
			return err
		}
		if err := remove(ctx, tx, id); err != nil {
			return err
		}
		if a.Dashboard == "" {
			return nil
		}
		var d Dashboard
		if err := get(ctx, tx, dashboardKind, a.Dashboard, &d); err != nil {
			return unlessGone(err)
		}
		if d.Analysis != id {
			return nil
		}
		d.Analysis = ""
		return replace(ctx, tx, dashboardKind, &d)
	})
}

func unlessGone(err error) error {
	if lethe.Is(err, lethe.NotFound) {
		return nil
	}
	return err
}

// Shown is what a page needs of a data set to draw its fields: nothing of what they are made from.
type Shown struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Fields      []Field      `json:"fields"`
	Coordinates []Coordinate `json:"coordinates,omitempty"`
	Hierarchies []Hierarchy  `json:"hierarchies,omitempty"`
	Parameters  []Parameter  `json:"parameters,omitempty"`
}

// Shown returns what pages need of the data sets of a definition. With only, of their fields
// those that the definition uses. A data set that is gone is left out.
func (s *Service) Shown(ctx context.Context, d Definition, only bool) ([]Shown, error) {
	list := []Shown{}
	for _, id := range d.DataSets {
		set, err := s.dataSet(ctx, id)
		if lethe.Is(err, lethe.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, shown(set, d, only))
	}
	return list, nil
}

// Opened tells that somebody has opened a dashboard, whose visuals will ask at once: the
// extracts that they ask are opened meanwhile. It returns before they are.
func (s *Service) Opened(ctx context.Context, d Definition) error {
	if s.Extracts == nil {
		return nil
	}
	for _, id := range d.DataSets {
		set, err := s.dataSet(ctx, id)
		if err == nil && set.Mode == Extract {
			err = s.Extracts.Open(ctx, id)
		}
		if unlessGone(err) != nil {
			return err
		}
	}
	return nil
}

func shown(set DataSet, d Definition, only bool) Shown {
	x := Shown{ID: set.ID, Name: set.Name, Fields: []Field{}, Parameters: set.Parameters}
	uses := d.uses(set)
	for _, h := range set.Hierarchies {
		if !only || slices.ContainsFunc(h.Fields, uses.has) {
			x.Hierarchies = append(x.Hierarchies, h)
			for _, f := range h.Fields { // a viewer drills down along it
				uses[f] = true
			}
		}
	}
	for _, c := range set.Coordinates {
		if !only || uses.has(c.Name) {
			x.Coordinates = append(x.Coordinates, c)
		}
	}
	for _, f := range set.Fields {
		if !only || uses.has(f.Name) {
			x.Fields = append(x.Fields, Field{Name: f.Name, Description: f.Description, Type: f.Type, Role: f.Role, Geo: f.Geo, Hidden: f.Hidden, Cumulative: f.Cumulative, Aggregate: f.Aggregate, SourceType: f.SourceType})
		}
	}
	return x
}

// used are names of fields.
type used map[string]bool

func (u used) has(name string) bool { return u[name] }

// uses returns the fields of a data set that a definition's visuals and filters name.
func (d Definition) uses(set DataSet) used {
	u := used{}
	for _, s := range d.Sheets {
		for _, v := range s.Visuals {
			for _, fields := range v.Wells {
				for _, f := range fields {
					u[f.Field] = u[f.Field] || v.DataSet == set.ID
				}
			}
		}
		for _, f := range s.Filters {
			u[f.Field] = u[f.Field] || f.DataSet == set.ID
		}
	}
	return u
}
