package dash

import (
	"context"
	"database/sql"
	"encoding/json"

	"lethe"
	"lethe/lib/state"
)

// maxVersions is how many versions of a dashboard are kept beside the one that is published.
const maxVersions = 200

// Publishing is what an analysis is published with.
type Publishing struct {
	// Name of the dashboard; "" keeps it, or is the analysis'.
	Name string `json:"name"`
	Note string `json:"note"`
	// Revision of the analysis that is to be published.
	Revision int64 `json:"revision"`
}

// Publish makes a version of a dashboard out of an analysis and shows it to viewers. The principal
// must be allowed to make a dashboard, or to update the one that there is, and to pass all data sets.
// Conflict if the analysis is not at the revision any more.
func (s *Service) Publish(ctx context.Context, analysis string, p Publishing) (Dashboard, error) {
	a, err := s.analysis(ctx, analysis)
	if err != nil {
		return Dashboard{}, err
	}
	who, action, resource := lethe.PrincipalOf(ctx), "quicksight:CreateDashboard", s.DashboardARN("*")
	if a.Dashboard != "" {
		action, resource = "quicksight:UpdateDashboard", s.DashboardARN(a.Dashboard)
	}
	if err := s.Access.Decide(ctx, who, action, resource); err != nil {
		return Dashboard{}, err
	}
	c := &check{}
	if p.Name != "" {
		c.name("name", p.Name)
	}
	c.text("note", p.Note, maxText)
	if err := c.err(); err != nil {
		return Dashboard{}, err
	}
	if err := a.Definition.complete(); err != nil {
		return Dashboard{}, err
	}
	if err := s.pass(ctx, a.Definition.DataSets); err != nil {
		return Dashboard{}, err
	}
	var d Dashboard
	err = s.tx(ctx, func(tx *sql.Tx) error {
		var now Analysis
		if err := get(ctx, tx, analysisKind, analysis, &now); err != nil {
			return err
		}
		if err := unchanged(analysisKind, now.Edited, p.Revision); err != nil {
			return err
		}
		if now.Dashboard != a.Dashboard {
			return lethe.Errorf(lethe.Conflict, "analysis %q was published meanwhile", now.Name).WithHint("look at what it is now, and publish again")
		}
		d, err = s.publish(ctx, tx, now, p)
		return err
	})
	return d, err
}

// publish makes the next version of an analysis' dashboard.
func (s *Service) publish(ctx context.Context, tx *sql.Tx, a Analysis, p Publishing) (d Dashboard, err error) {
	if a.Dashboard == "" {
		s.begin(ctx, &d.Edited, lethe.NewOrderedID())
		d.Name, d.Description, d.Analysis = a.Name, a.Description, a.ID
		a.Dashboard = d.ID
		if err := replace(ctx, tx, analysisKind, &a); err != nil {
			return d, err
		}
		if err := insert(ctx, tx, dashboardKind, lethe.PrincipalOf(ctx), &d); err != nil {
			return d, err
		}
	} else {
		if err := get(ctx, tx, dashboardKind, a.Dashboard, &d); err != nil {
			return d, err
		}
		s.change(ctx, &d.Edited, d.Edited)
	}
	if p.Name != "" {
		d.Name = p.Name
	}
	d.Definition = a.Definition
	return d, s.show(ctx, tx, &d, p.Note)
}

// show makes a version of a dashboard's definition, and shows it.
func (s *Service) show(ctx context.Context, tx *sql.Tx, d *Dashboard, note string) error {
	var last int
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(number), 0) FROM dash_versions WHERE dashboard = $1`, d.ID).Scan(&last); err != nil {
		return err
	}
	v := publishedVersion{Version{Number: last + 1, Published: s.now(), By: lethe.PrincipalOf(ctx).ARN, Note: note}, d.Definition}
	doc, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO dash_versions (id, dashboard, number, document) VALUES ($1, $2, $3, $4)`, lethe.NewOrderedID(), d.ID, v.Number, string(doc)); err != nil {
		return err
	}
	d.Version, d.Published = v.Number, v.Published
	if err := keepDashboard(ctx, tx, *d); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM dash_versions WHERE dashboard = $1 AND number <= $2`, d.ID, v.Number-maxVersions); err != nil {
		return err
	}
	d.Shares, err = shares(ctx, tx, d.ID)
	return err
}

// keepDashboard keeps what a dashboard is beside its definition and shares, which have
// places of their own.
func keepDashboard(ctx context.Context, tx *sql.Tx, d Dashboard) error {
	d.Definition, d.Shares = Definition{}, nil
	return replace(ctx, tx, dashboardKind, &d)
}

// Dashboards returns the dashboards that the principal may describe, by name, without their visuals.
func (s *Service) Dashboards(ctx context.Context) ([]Dashboard, error) {
	list, err := listed[Dashboard](ctx, s, dashboardKind, "quicksight:DescribeDashboard")
	if err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		for i := range list {
			v, err := version(ctx, tx, list[i].ID, list[i].Version)
			if err != nil {
				return err
			}
			list[i].Definition = v.Definition.outline()
		}
		return nil
	})
	for i := range list {
		if err == nil {
			err = s.tellShares(ctx, &list[i])
		}
	}
	return list, err
}

// Dashboard returns a dashboard at a version; 0 is the one that is published. Whom it is shared with
// only those learn who may know (quicksight:DescribeDashboardPermissions).
func (s *Service) Dashboard(ctx context.Context, id string, number int) (d Dashboard, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		if err := get(ctx, tx, dashboardKind, id, &d); err != nil {
			return err
		}
		if number == 0 {
			number = d.Version
		}
		v, err := version(ctx, tx, id, number)
		d.Definition, d.Version, d.Published = v.Definition, v.Number, v.Published
		return err
	})
	if err != nil {
		return Dashboard{}, err
	}
	return d, s.tellShares(ctx, &d)
}

func (s *Service) tellShares(ctx context.Context, d *Dashboard) error {
	d.Shares = []Share{}
	ok, err := s.Access.Allows(ctx, lethe.PrincipalOf(ctx), "quicksight:DescribeDashboardPermissions", s.DashboardARN(d.ID))
	if err != nil || !ok {
		return err
	}
	return s.DB.View(ctx, func(tx *sql.Tx) error {
		d.Shares, err = shares(ctx, tx, d.ID)
		return err
	})
}

// DeleteDashboard deletes a dashboard and its versions. Its analysis stays.
func (s *Service) DeleteDashboard(ctx context.Context, id string) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		var d Dashboard
		if err := get(ctx, tx, dashboardKind, id, &d); err != nil {
			return err
		}
		if err := remove(ctx, tx, id); err != nil || d.Analysis == "" {
			return err
		}
		var a Analysis
		if err := get(ctx, tx, analysisKind, d.Analysis, &a); err != nil {
			return unlessGone(err)
		}
		if a.Dashboard != id { // an imported dashboard may name any analysis
			return nil
		}
		a.Dashboard = ""
		return replace(ctx, tx, analysisKind, &a)
	})
}

// Versions returns what was published of a dashboard, the latest first.
func (s *Service) Versions(ctx context.Context, id string) (list []Version, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		if err := get(ctx, tx, dashboardKind, id, &Dashboard{}); err != nil {
			return err
		}
		list, err = state.Documents[Version](ctx, tx, `SELECT document FROM dash_versions WHERE dashboard = $1 ORDER BY number DESC`, id)
		return err
	})
	return list, err
}

// PublishVersion shows an earlier version of a dashboard to viewers again. The principal must be
// allowed to pass the data sets of that version.
func (s *Service) PublishVersion(ctx context.Context, id string, number int) (d Dashboard, err error) {
	to, err := s.Dashboard(ctx, id, number)
	if err != nil {
		return d, err
	}
	if err := s.pass(ctx, to.Definition.DataSets); err != nil {
		return d, err
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if err := get(ctx, tx, dashboardKind, id, &d); err != nil {
			return err
		}
		v, err := version(ctx, tx, id, to.Version)
		if err != nil {
			return err
		}
		s.change(ctx, &d.Edited, d.Edited)
		d.Version, d.Published = v.Number, s.now()
		return keepDashboard(ctx, tx, d)
	})
	if err != nil {
		return Dashboard{}, err
	}
	return s.Dashboard(ctx, id, 0)
}
