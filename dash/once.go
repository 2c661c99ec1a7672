package dash

import (
	"bytes"
	"context"
	"database/sql"

	"lethe"
)

// Once is what is put into a lake one time, such as samples.
type Once struct {
	// Name tells it from others.
	Name string
	// Code is YAML as it is exported, with one dashboard.
	Code []byte
	// Replaces is what may be there of an earlier time, if nobody has changed it; or nil.
	Replaces []byte
	// DataSets and Dashboards are whom these are shared with then.
	DataSets, Dashboards []Share
}

// PutOnce makes what code describes for the principal, unless it was put here before: what
// somebody changed of it or deleted meanwhile stays so.
func (s *Service) PutOnce(ctx context.Context, o Once) error {
	done, err := s.wasPut(ctx, o.Name)
	if err != nil || done {
		return err
	}
	b, _, err := readBundle(o.Code)
	if err != nil {
		return err
	}
	replace := false
	if o.Replaces != nil && len(b.Dashboards) == 1 {
		now, err := s.DashboardCode(ctx, b.Dashboards[0].ID)
		if unlessGone(err) != nil {
			return err
		}
		replace = bytes.Equal(now, o.Replaces)
	}
	switch _, err := s.Import(ctx, o.Code, replace); {
	case lethe.Is(err, lethe.Conflict): // somebody has something of their own there
		return s.remember(ctx, o.Name)
	case err != nil:
		return err
	}
	for _, d := range b.DataSets {
		if _, err := s.ShareDataSet(ctx, d.ID, o.DataSets); err != nil {
			return err
		}
	}
	for _, d := range b.Dashboards {
		if _, err := s.ShareDashboard(ctx, d.ID, o.Dashboards); err != nil {
			return err
		}
	}
	return s.remember(ctx, o.Name)
}

func (s *Service) wasPut(ctx context.Context, name string) (done bool, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		var n int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM dash_once WHERE name = $1`, name).Scan(&n)
		done = n > 0
		return err
	})
	return done, err
}

func (s *Service) remember(ctx context.Context, name string) error {
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO dash_once (name, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, s.now().UnixMicro())
		return err
	})
}
