package app

import (
	"context"

	"lethe"
	"lethe/dash"
	"lethe/examples/covid"
)

// samplePictures makes the walk-through's data set, analysis and dashboard for the
// administrator, and shares them with the engineers. They are made once: what somebody
// changes of them or deletes stays so. Of simulated series the dashboard says that they are;
// with other series later it says what those are, unless somebody has changed it.
func (a *App) samplePictures(ctx context.Context, simulated bool) error {
	admin, err := a.Access.User(ctx, "admin")
	if lethe.Is(err, lethe.NotFound) {
		return nil // somebody wanted it so
	}
	if err != nil {
		return err
	}
	ctx = lethe.WithPrincipal(ctx, lethe.Principal{ID: admin.ID, Name: admin.Name, ARN: admin.ARN(), Administrator: true})
	name := map[bool]string{false: "covid", true: "covid simulated"}
	once := dash.Once{Name: name[simulated], Code: []byte(covid.Dashboard(simulated)), Replaces: []byte(covid.Dashboard(!simulated))}
	if g, _, err := a.Access.Group(ctx, engineers); err == nil {
		once.DataSets = []dash.Share{{Principal: g.ARN(), Role: "viewer"}}
		once.Dashboards = []dash.Share{{Principal: g.ARN(), Role: "editor"}}
	} else if !lethe.Is(err, lethe.NotFound) {
		return err
	}
	if err := a.Dash.PutOnce(ctx, once); err != nil {
		return err
	}
	return a.Extracts.Settle(ctx) // so that its visuals answer from the first
}
