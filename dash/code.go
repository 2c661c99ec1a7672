package dash

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"lethe"
)

// Imported says what an import did.
type Imported struct {
	Made    []Ref `json:"made"`
	Changed []Ref `json:"changed"`
	// Same were there already, as the text has them.
	Same []Ref `json:"same"`
}

// Ref names a data set, an analysis or a dashboard.
type Ref struct {
	Kind string `json:"kind"` // dataset, analysis, dashboard
	ID   string `json:"id"`
	Name string `json:"name"`
}

// DataSetCode returns a data set as YAML.
func (s *Service) DataSetCode(ctx context.Context, id string) ([]byte, error) {
	b, err := s.withSets(ctx, bundle{}, []string{id}, true)
	if err != nil {
		return nil, err
	}
	return b.write()
}

// AnalysisCode returns an analysis and its data sets as YAML. The principal must be allowed to
// describe each of these.
func (s *Service) AnalysisCode(ctx context.Context, id string) ([]byte, error) {
	a, err := s.analysis(ctx, id)
	if err != nil {
		return nil, err
	}
	b, err := s.withSets(ctx, bundle{Analyses: []Analysis{a}}, a.Definition.DataSets, false)
	if err != nil {
		return nil, err
	}
	return b.write()
}

// DashboardCode returns a dashboard as it is published, its analysis and all their data sets as
// YAML. The principal must be allowed to describe each of these.
func (s *Service) DashboardCode(ctx context.Context, id string) ([]byte, error) {
	d, err := s.dashboard(ctx, id)
	if err != nil {
		return nil, err
	}
	b, sets := bundle{Dashboards: []Dashboard{d}}, d.Definition.DataSets
	if d.Analysis != "" {
		if err := s.Access.Decide(ctx, lethe.PrincipalOf(ctx), "quicksight:DescribeAnalysis", s.AnalysisARN(d.Analysis)); err != nil {
			return nil, err
		}
		a, err := s.analysis(ctx, d.Analysis)
		if err != nil {
			return nil, err
		}
		b.Analyses = []Analysis{a}
		sets = slices.Concat(sets, a.Definition.DataSets)
	}
	if b, err = s.withSets(ctx, b, sets, false); err != nil {
		return nil, err
	}
	return b.write()
}

// withSets adds data sets to a bundle, each once. One that is gone is left out, unless it must be
// there.
func (s *Service) withSets(ctx context.Context, b bundle, ids []string, must bool) (bundle, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if err := s.Access.Decide(ctx, lethe.PrincipalOf(ctx), "quicksight:DescribeDataSet", s.DataSetARN(id)); err != nil {
			return b, err
		}
		d, err := s.dataSet(ctx, id)
		if lethe.Is(err, lethe.NotFound) && !must {
			continue
		}
		if err != nil {
			return b, err
		}
		b.DataSets = append(b.DataSets, d)
	}
	return b, nil
}

// maxCode bounds the text of an import, in bytes.
const maxCode = 4 << 20

// imported is one document of an import.
type imported struct {
	kind string
	doc  document
	// before is what is there; nil if nothing is.
	before *Edited
	same   bool
}

// Import makes what YAML text describes, all of it or nothing. What is there of the same ids is
// changed if replace says so; else it is a Conflict, unless it is the same already. The principal
// must be allowed to make what is made, to update what is there, and to pass all data sets that
// analyses and dashboards name and that were there before. Errors name the line.
func (s *Service) Import(ctx context.Context, text []byte, change bool) (done Imported, err error) {
	done = Imported{Made: []Ref{}, Changed: []Ref{}, Same: []Ref{}}
	if len(text) > maxCode {
		return done, lethe.Errorf(lethe.Invalid, "the text has %d bytes; %d are allowed", len(text), maxCode)
	}
	b, r, err := readBundle(text)
	if err != nil {
		return done, err
	}
	list, err := s.plan(ctx, b, r, change)
	if err != nil {
		return done, err
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		for _, x := range list {
			if x.same {
				continue
			}
			if err := s.put(ctx, tx, x); err != nil {
				return err
			}
		}
		return link(ctx, tx, b.Analyses)
	})
	if err != nil {
		return done, err
	}
	for _, x := range list {
		e := x.doc.edited()
		to := &done.Made
		switch {
		case x.same:
			to = &done.Same
		case x.before != nil:
			to = &done.Changed
		}
		*to = append(*to, Ref{x.kind, e.ID, e.Name})
		if d, ok := x.doc.(*DataSet); ok && !x.same {
			if err := s.renew(ctx, *d); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

// link tells analyses that are published nowhere of the dashboards that came with them.
func link(ctx context.Context, tx *sql.Tx, analyses []Analysis) error {
	for _, a := range analyses {
		var now Analysis
		if err := get(ctx, tx, analysisKind, a.ID, &now); err != nil {
			return err
		}
		if now.Dashboard != "" || a.Dashboard == "" {
			continue
		}
		now.Dashboard = a.Dashboard
		if err := replace(ctx, tx, analysisKind, &now); err != nil {
			return err
		}
	}
	return nil
}

// plan holds a bundle against the rules and what the principal may do, and says what is to be
// done.
func (s *Service) plan(ctx context.Context, b bundle, r *reader, change bool) (list []imported, err error) {
	here := map[string]string{} // kinds by id
	add := func(kind, at string, d document, code func(id string) ([]byte, error), alone func() ([]byte, error)) error {
		e := d.edited()
		line := r.lines[at]
		if !lethe.IsID(e.ID) {
			return lethe.Errorf(lethe.Invalid, "line %d: %s.id: %q is not an id", line, at, e.ID).WithHint("a new one is %s", lethe.NewOrderedID())
		}
		if here[e.ID] != "" {
			return lethe.Errorf(lethe.Invalid, "line %d: %s.id: %s stands twice", line, at, e.ID)
		}
		here[e.ID] = kind
		x := imported{kind: kind, doc: d}
		var there Edited
		err := s.DB.View(ctx, func(tx *sql.Tx) error { return get(ctx, tx, kind, e.ID, &there) })
		if unlessGone(err) != nil {
			return err
		}
		if err != nil {
			p := lethe.PrincipalOf(ctx)
			if err := s.Access.Decide(ctx, p, makes[kind], lethe.QuickSightARN(s.Region, kind, "*")); err != nil {
				return err
			}
			list = append(list, x)
			_, err := alone()
			return err
		}
		x.before = &there
		if err := s.Access.Decide(ctx, lethe.PrincipalOf(ctx), updates[kind], lethe.QuickSightARN(s.Region, kind, e.ID)); err != nil {
			return err
		}
		now, err := code(e.ID)
		if err != nil {
			return err
		}
		then, err := alone()
		if err != nil {
			return err
		}
		if x.same = bytes.Equal(now, then); !x.same && !change {
			return lethe.Errorf(lethe.Conflict, "line %d: there is a %s %q already, and it is not the same", line, words[kind], there.Name).
				WithHint("import with replace to change it, or give what you import another id")
		}
		list = append(list, x)
		return nil
	}
	for i := range b.DataSets {
		d, at := &b.DataSets[i], fmt.Sprintf("data_sets[%d]", i)
		if err := d.check(); err != nil {
			return nil, r.at(at, err)
		}
		err := add(dataSetKind, at, d, s.setAlone(ctx), func() ([]byte, error) {
			// What the lake tells of fields is kept, and compared, with them.
			if err := s.ready(ctx, d); err != nil {
				return nil, r.at(at, err)
			}
			return bundle{DataSets: []DataSet{*d}}.write()
		})
		if err != nil {
			return nil, err
		}
		if x := list[len(list)-1]; x.before != nil && !x.same {
			if _, err := s.toChange(ctx, d.ID, x.before.Revision, *d); err != nil {
				return nil, err
			}
		}
	}
	pass := func(at string, sets []string) error {
		for j, id := range sets {
			if here[id] == dataSetKind {
				continue
			}
			if err := s.pass(ctx, []string{id}); lethe.Is(err, lethe.Invalid) {
				return r.at(at, (&wrong{fmt.Sprintf("definition.data_sets[%d]", j), fmt.Sprintf("there is no data set %q, here or in the text", id)}).invalid())
			} else if err != nil {
				return err
			}
		}
		return nil
	}
	for i := range b.Analyses {
		a, at := &b.Analyses[i], fmt.Sprintf("analyses[%d]", i)
		a.Definition.fill()
		if err := a.check(); err != nil {
			return nil, r.at(at, err)
		}
		if err := add(analysisKind, at, a, s.analysisAlone(ctx), bundle{Analyses: []Analysis{*a}}.write); err != nil {
			return nil, err
		}
		if err := pass(at, a.Definition.DataSets); err != nil {
			return nil, err
		}
	}
	for i := range b.Dashboards {
		d, at := &b.Dashboards[i], fmt.Sprintf("dashboards[%d]", i)
		d.Definition.fill()
		c := &check{}
		c.edited(&d.Edited)
		c.definition(&d.Definition)
		if d.Analysis != "" && !lethe.IsID(d.Analysis) {
			c.fail("analysis", "%q is not the id of an analysis", d.Analysis)
		}
		c.size(d)
		err := c.err()
		if err == nil {
			err = d.Definition.complete()
		}
		if err != nil {
			return nil, r.at(at, err)
		}
		if err := add(dashboardKind, at, d, s.dashboardAlone(ctx), bundle{Dashboards: []Dashboard{*d}}.write); err != nil {
			return nil, err
		}
		if err := pass(at, d.Definition.DataSets); err != nil {
			return nil, err
		}
		if d.Analysis != "" {
			for j := range b.Analyses {
				if b.Analyses[j].ID == d.Analysis {
					b.Analyses[j].Dashboard = d.ID
				}
			}
		}
	}
	return list, nil
}

// What it takes to make and to change each kind.
var (
	makes   = map[string]string{dataSetKind: "quicksight:CreateDataSet", analysisKind: "quicksight:CreateAnalysis", dashboardKind: "quicksight:CreateDashboard"}
	updates = map[string]string{dataSetKind: "quicksight:UpdateDataSet", analysisKind: "quicksight:UpdateAnalysis", dashboardKind: "quicksight:UpdateDashboard"}
)

func (s *Service) setAlone(ctx context.Context) func(string) ([]byte, error) {
	return func(id string) ([]byte, error) {
		d, err := s.dataSet(ctx, id)
		if err != nil {
			return nil, err
		}
		return bundle{DataSets: []DataSet{d}}.write()
	}
}

func (s *Service) analysisAlone(ctx context.Context) func(string) ([]byte, error) {
	return func(id string) ([]byte, error) {
		a, err := s.analysis(ctx, id)
		if err != nil {
			return nil, err
		}
		return bundle{Analyses: []Analysis{a}}.write()
	}
}

func (s *Service) dashboardAlone(ctx context.Context) func(string) ([]byte, error) {
	return func(id string) ([]byte, error) {
		d, err := s.dashboard(ctx, id)
		if err != nil {
			return nil, err
		}
		return bundle{Dashboards: []Dashboard{d}}.write()
	}
}

// put keeps a document of an import.
func (s *Service) put(ctx context.Context, tx *sql.Tx, x imported) error {
	e := x.doc.edited()
	d, shown := x.doc.(*Dashboard)
	if x.before == nil {
		s.begin(ctx, e, e.ID)
		if err := insert(ctx, tx, x.kind, lethe.PrincipalOf(ctx), x.doc); err != nil || !shown {
			return err
		}
		return s.show(ctx, tx, d, "imported")
	}
	var now Edited
	if err := get(ctx, tx, x.kind, e.ID, &now); err != nil {
		return err
	}
	if err := unchanged(x.kind, now, x.before.Revision); err != nil {
		return err
	}
	s.change(ctx, e, now)
	switch {
	case shown:
		return s.show(ctx, tx, d, "imported")
	case x.kind == analysisKind:
		var was Analysis
		if err := get(ctx, tx, x.kind, e.ID, &was); err != nil {
			return err
		}
		if a := x.doc.(*Analysis); was.Dashboard != "" {
			a.Dashboard = was.Dashboard
		}
	}
	return replace(ctx, tx, x.kind, x.doc)
}
