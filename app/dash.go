package app

import (
	"context"

	"lethe/dash"
	"lethe/dash/lake"
	"lethe/lib/state"
)

// openDash opens what keeps and asks data sets, analyses and dashboards.
func (a *App) openDash(ctx context.Context, db *state.DB) (err error) {
	a.Dash, err = dash.Open(ctx, dash.Config{DB: db, Access: a.Access, Asker: lake.Asker{Queries: a.Queries}, Extracts: a.Extracts, Region: a.Config.AWS.Region, Log: a.Log})
	if err != nil {
		return err
	}
	a.Access.AddResourcePolicies("quicksight", a.Dash.ResourcePolicies)
	return nil
}
