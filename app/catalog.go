package app

import (
	"context"
	"path/filepath"

	"lethe"
	"lethe/catalog/store"
	"lethe/config"
)

// CatalogOptions say where a lake's catalog is. One in a database instance of the lake
// only a lake that runs can find.
func CatalogOptions(c config.Config) (store.Options, error) {
	if r := c.Metastore.Instance(); r != nil {
		return store.Options{}, lethe.Errorf(lethe.Unsupported, "the catalog is in the lake's own database instance %s", r.Name).
			WithHint("give its address, which lethe db url %s prints, with the database %s", r.Name, r.Database)
	}
	return catalogOptions(c), nil
}

func catalogOptions(c config.Config) store.Options {
	o := store.Options{Database: c.Metastore.Database, Password: string(c.Metastore.DatabasePassword), Version: c.Metastore.DatabaseVersion}
	if o.Database == "" {
		o.Database = filepath.Join(c.Data, "catalog.db")
	}
	return o
}

// catalogOptions say where the catalog is of the lake that is opened.
func (a *App) catalogOptions(ctx context.Context) (o store.Options, err error) {
	o = catalogOptions(a.Config)
	if r := a.Config.Metastore.Instance(); r != nil {
		if o.Database, o.Password, err = a.reference(ctx, "metastore.database", r, o.Password); err != nil {
			return o, err
		}
	}
	if a.Config.Metastore.Database == "" {
		return o, nil // a file
	}
	err = a.keepsIn("catalog", o.Database, func(ctx context.Context) (int, error) { return a.Erasure.DropPartitions(ctx) })
	if err != nil {
		err = misconfigured("metastore.database: ", err)
	}
	return o, err
}
