package app

import (
	"context"
	"fmt"
	"os"

	"lethe"
	"lethe/access"
	"lethe/lib/atomicfile"
)

// administrator makes the administrator at the first start, and finds the key
// that is written where AWS clients can be told to look.
func (a *App) administrator(ctx context.Context) error {
	if err := os.MkdirAll(a.path("aws"), 0o755); err != nil {
		return err
	}
	var first access.Credentials
	made, err := a.Access.Bootstrap(ctx, func(c access.Credentials) error {
		first = c
		return atomicfile.Write(a.path("console-password"), []byte(c.Password+"\n"), 0o600)
	})
	if err == nil && made {
		err = a.keepLogin(ctx, AdministratorCreds, first.Name, first.Password)
	}
	if err != nil {
		return fmt.Errorf("making the administrator: %w", err)
	}
	id, secret, err := a.Access.AdministratorKey(ctx)
	if lethe.Is(err, lethe.NotFound) {
		// Somebody wanted it so; the lake works without.
		a.Log.Warn("the credentials file has no administrator's key", "err", err)
	} else if err != nil {
		return err
	}
	a.profiles = []profile{{"lethe", id, secret}}
	return nil
}
