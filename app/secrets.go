package app

import (
	"context"
	"sync"
	"time"

	"lethe/config"
	"lethe/lib/seal"
	"lethe/lib/state"
	"lethe/secret"
)

// openKeys opens the keyring that seals every secret of the state database.
func (a *App) openKeys(ctx context.Context, db *state.DB) (err error) {
	c := a.Config.Secrets
	source := seal.File(c.KeyFile)
	if c.Key != "" {
		source = seal.Text("secrets.key, or the environment variable "+config.MasterKeyVariable, string(c.Key))
	}
	a.keys, err = seal.Open(ctx, db, source)
	return err
}

// openSecrets opens what Secrets Manager's API serves.
func (a *App) openSecrets(ctx context.Context, db *state.DB) (err error) {
	a.Secrets, err = secret.Open(ctx, secret.Config{DB: db, Keys: a.keys, Region: a.Config.AWS.Region, Rotators: map[string]secret.Rotator{
		rotatePassword: passwords{a.Access}, rotateAccessKey: accessKeys{a.Access},
	}})
	if err != nil {
		return err
	}
	a.Access.AddResourcePolicies("secretsmanager", a.Secrets.ResourcePolicies)
	return nil
}

// secretUpkeep is how often secrets are looked through for those whose time has come.
const secretUpkeep = 10 * time.Minute

// startSecrets begins to rotate secrets that are due, and to delete those whose time is
// over.
func (a *App) startSecrets() {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		every(ctx, 0, secretUpkeep, func(ctx context.Context) {
			if err := a.Secrets.Purge(ctx); err != nil && ctx.Err() == nil {
				a.Log.Error("deleted secrets are not gone from the disk yet", "err", err)
			}
			if err := a.Secrets.RotateDue(ctx); err != nil && ctx.Err() == nil {
				a.Log.Error("secrets that are due could not be rotated", "err", err)
			}
		})
	})
	a.onStop(func() error {
		stop()
		running.Wait()
		return nil
	})
}
