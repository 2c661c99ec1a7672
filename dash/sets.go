package dash

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"lethe"
)

// DataSets returns the data sets that the principal may describe, by name.
func (s *Service) DataSets(ctx context.Context) ([]DataSet, error) {
	return listed[DataSet](ctx, s, dataSetKind, "quicksight:DescribeDataSet")
}

// DataSet returns a data set.
func (s *Service) DataSet(ctx context.Context, id string) (DataSet, error) { return s.dataSet(ctx, id) }

// CreateDataSet makes a data set of the principal's. Its source and its expressions are looked
// through before: nothing is kept that could not be asked.
func (s *Service) CreateDataSet(ctx context.Context, d DataSet) (DataSet, error) {
	s.begin(ctx, &d.Edited, lethe.NewOrderedID())
	owner := lethe.PrincipalOf(ctx)
	if err := s.ready(ctx, &d); err != nil {
		return DataSet{}, err
	}
	err := s.tx(ctx, func(tx *sql.Tx) error { return insert(ctx, tx, dataSetKind, owner, &d) })
	if err != nil {
		return DataSet{}, err
	}
	return d, s.renew(ctx, d)
}

// UpdateDataSet changes a data set from a revision, which d holds: Conflict if it is not the last
// one. A data set that is read as its owner only its owner may change, because whoever does says
// what is read with the owner's permissions.
func (s *Service) UpdateDataSet(ctx context.Context, id string, d DataSet) (DataSet, error) {
	revision := d.Revision
	before, err := s.toChange(ctx, id, revision, d)
	if err != nil {
		return DataSet{}, err
	}
	s.change(ctx, &d.Edited, before.Edited)
	if err := s.ready(ctx, &d); err != nil {
		return DataSet{}, err
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		var now DataSet
		if err := get(ctx, tx, dataSetKind, id, &now); err != nil {
			return err
		}
		if err := unchanged(dataSetKind, now.Edited, revision); err != nil {
			return err
		}
		return replace(ctx, tx, dataSetKind, &d)
	})
	if err != nil {
		return DataSet{}, err
	}
	if before.Mode == Extract && d.Mode != Extract && s.Extracts != nil {
		return d, s.Extracts.Drop(ctx, id)
	}
	return d, s.renew(ctx, d)
}

// toChange returns a data set if it is at a revision, and the principal may make this of it.
func (s *Service) toChange(ctx context.Context, id string, revision int64, to DataSet) (DataSet, error) {
	before, err := s.dataSet(ctx, id)
	if err != nil {
		return before, err
	}
	if err := unchanged(dataSetKind, before.Edited, revision); err != nil {
		return before, err
	}
	owner, err := s.owner(ctx, id)
	if err != nil {
		return before, err
	}
	if (before.ReadAs == ReadAsOwner || to.ReadAs == ReadAsOwner) && lethe.PrincipalOf(ctx).ID != owner.ID {
		return before, lethe.Errorf(lethe.Denied, "data set %q is read with the permissions of %s, who alone may change it", before.Name, nameOf(before.Owner)).
			WithHint("make a data set of your own, or ask the owner to let it be read as the viewer")
	}
	return before, nil
}

// ready holds a data set against the rules, and asks the lake whether it could be asked. What the
// service tells of fields is filled in.
func (s *Service) ready(ctx context.Context, d *DataSet) error {
	if err := d.check(); err != nil {
		return err
	}
	if d.Mode == Extract && s.Extracts == nil {
		return noExtracts()
	}
	return s.look(ctx, d)
}

// renew begins to make the extract of a data set that was made or changed.
func (s *Service) renew(ctx context.Context, d DataSet) error {
	if d.Mode != Extract {
		return nil
	}
	_, err := s.Extracts.Refresh(ctx, d.ID, RefreshOptions{By: lethe.PrincipalOf(ctx).ARN})
	return err
}

// DeleteDataSet deletes a data set and its extract. Conflict if analyses or dashboards use it,
// unless it is forced: then their visuals say that it is gone.
func (s *Service) DeleteDataSet(ctx context.Context, id string, force bool) error {
	err := s.tx(ctx, func(tx *sql.Tx) error {
		var d DataSet
		if err := get(ctx, tx, dataSetKind, id, &d); err != nil {
			return err
		}
		if !force {
			if err := unused(ctx, tx, d); err != nil {
				return err
			}
		}
		return remove(ctx, tx, id)
	})
	if err != nil || s.Extracts == nil {
		return err
	}
	return s.Extracts.Drop(ctx, id)
}

// unused is a Conflict if something asks a data set.
func unused(ctx context.Context, tx *sql.Tx, d DataSet) error {
	counts := map[string]int{}
	analyses, err := all[Analysis](ctx, tx, analysisKind)
	if err != nil {
		return err
	}
	for _, a := range analyses {
		if slices.Contains(a.Definition.DataSets, d.ID) {
			counts[analysisKind]++
		}
	}
	dashboards, err := all[Dashboard](ctx, tx, dashboardKind)
	if err != nil {
		return err
	}
	for _, b := range dashboards {
		v, err := version(ctx, tx, b.ID, b.Version)
		if err != nil {
			return err
		}
		if slices.Contains(v.Definition.DataSets, d.ID) {
			counts[dashboardKind]++
		}
	}
	var by []string
	for _, c := range []struct{ kind, one, many string }{{analysisKind, "1 analysis", "%d analyses"}, {dashboardKind, "1 dashboard", "%d dashboards"}} {
		switch n := counts[c.kind]; {
		case n == 1:
			by = append(by, c.one)
		case n > 1:
			by = append(by, fmt.Sprintf(c.many, n))
		}
	}
	if by == nil {
		return nil
	}
	return lethe.Errorf(lethe.Conflict, "data set %q is used by %s", d.Name, strings.Join(by, " and ")).
		WithHint("delete these first, or force it: their visuals will say that the data set is gone")
}
