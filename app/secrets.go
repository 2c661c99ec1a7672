package app

import (
	"context"

	"lethe/config"
	"lethe/lib/seal"
	"lethe/lib/state"
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
