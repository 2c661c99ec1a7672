package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"lethe"
	"lethe/access"
)

// writeFile puts a file in place whole and durable, or leaves what was there.
func writeFile(path string, content []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // once renamed, it is not there any more
	if _, err := f.Write(content); err != nil {
		f.Close()
		return err
	}
	if err := f.Chmod(mode); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// administrator makes the administrator at the first start, and finds the key
// that is written where AWS clients can be told to look.
func (a *App) administrator(ctx context.Context) error {
	if err := os.MkdirAll(a.path("aws"), 0o755); err != nil {
		return err
	}
	var first access.Credentials
	made, err := a.Access.Bootstrap(ctx, func(c access.Credentials) error {
		first = c
		return writeFile(a.path("console-password"), []byte(c.Password+"\n"), 0o600)
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
