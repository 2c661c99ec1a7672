package app

import (
	"context"
	"errors"
	"fmt"

	"lethe"
	"lethe/config"
	"lethe/erasure"
	"lethe/erasure/database"
	"lethe/erasure/hook"
)

// holders opens the databases and hooks from which persons are erased.
func (a *App) holders(ctx context.Context) (hs []erasure.Holder, err error) {
	for i, d := range a.Config.Erasure.Databases {
		c := erasureDatabase(d)
		if r := d.Instance(); r != nil {
			if c.URL, c.Password, err = a.reference(ctx, fmt.Sprintf("erasure.databases[%d].dsn", i), r, c.Password); err != nil {
				return nil, err
			}
		}
		h, err := database.Open(c)
		if err != nil {
			return nil, misconfigured(fmt.Sprintf("erasure.databases[%d].", i), err)
		}
		a.onStop(h.Close)
		hs = append(hs, h)
	}
	for i, k := range a.Config.Erasure.Hooks {
		trust, err := trusting(k.CAFile)
		if err != nil {
			return nil, misconfigured(fmt.Sprintf("erasure.hooks[%d].ca_file: ", i), err)
		}
		h, err := hook.New(hook.Config{Name: k.Name, URL: k.URL, Secret: string(k.Secret), Timeout: k.Timeout, TLS: trust})
		if err != nil {
			return nil, misconfigured(fmt.Sprintf("erasure.hooks[%d].", i), err)
		}
		a.onStop(h.Close)
		hs = append(hs, h)
	}
	return hs, nil
}

// misconfigured says where in the configuration an error is; the error itself begins
// with the field within that.
func misconfigured(at string, err error) *lethe.Error {
	said := lethe.Errorf(lethe.Invalid, "configuration %s%w", at, err)
	var e *lethe.Error
	if errors.As(err, &e) {
		said.Message, said.Hint = "configuration "+at+e.Message, e.Hint
	}
	return said
}

func erasureDatabase(d config.ErasureDatabase) database.Config {
	c := database.Config{Name: d.Name, URL: string(d.DSN), Password: string(d.Password), Timeout: d.Timeout, LockTimeout: d.LockTimeout, Backups: d.Backups}
	for _, t := range d.Tables {
		table := database.Table{Table: t.Table, Mode: t.Mode, Replace: t.Replace}
		for _, id := range t.Identifiers {
			table.Identifiers = append(table.Identifiers, erasure.Identifier{Type: id.Type, Columns: id.Columns})
		}
		c.Tables = append(c.Tables, table)
	}
	return c
}
