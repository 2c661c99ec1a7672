package dash

import (
	"context"

	"lethe"
)

// Extract returns what there is of a data set's extract, zero of a live one.
func (s *Service) Extract(ctx context.Context, id string) (ExtractInfo, error) {
	if d, err := s.dataSet(ctx, id); err != nil || d.Mode != Extract {
		return ExtractInfo{}, err
	}
	if s.Extracts == nil {
		return ExtractInfo{}, noExtracts()
	}
	return s.Extracts.Info(ctx, id)
}

// Refresh begins to make a data set's extract again for the principal, and returns at once.
func (s *Service) Refresh(ctx context.Context, id string, increment bool) (Refresh, error) {
	d, err := s.imported(ctx, id)
	if err != nil {
		return Refresh{}, err
	}
	if increment && d.Increment == nil {
		return Refresh{}, lethe.Errorf(lethe.Invalid, "data set %q does not say what is refreshed by increment", d.Name).WithHint("set a window for it, or refresh it whole")
	}
	return s.Extracts.Refresh(ctx, id, RefreshOptions{Increment: increment, By: lethe.PrincipalOf(ctx).ARN})
}

// StopRefresh ends the refresh of a data set that is under way.
func (s *Service) StopRefresh(ctx context.Context, id string) error {
	if _, err := s.imported(ctx, id); err != nil {
		return err
	}
	return s.Extracts.Stop(ctx, id)
}

// Refreshes returns the refreshes of a data set, the latest first.
func (s *Service) Refreshes(ctx context.Context, id string, limit int) ([]Refresh, error) {
	list := []Refresh{}
	if d, err := s.dataSet(ctx, id); err != nil || d.Mode != Extract || s.Extracts == nil {
		return list, err
	}
	all, err := s.Extracts.History(ctx, id, limit)
	return append(list, all...), err
}

// imported returns a data set that has an extract.
func (s *Service) imported(ctx context.Context, id string) (DataSet, error) {
	d, err := s.dataSet(ctx, id)
	if err != nil {
		return d, err
	}
	if d.Mode != Extract {
		return d, lethe.Errorf(lethe.Conflict, "data set %q is live: there is nothing to refresh", d.Name).WithHint(`change its mode to "extract" first`)
	}
	if s.Extracts == nil {
		return d, noExtracts()
	}
	return d, nil
}

func noExtracts() error {
	return lethe.Errorf(lethe.Unsupported, "this lake keeps no extracts").WithHint(`make the data set "live"`)
}
