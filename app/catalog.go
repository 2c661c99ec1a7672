package app

import (
	"path/filepath"

	"lethe/catalog/store"
	"lethe/config"
)

// CatalogOptions say where a lake's catalog is.
func CatalogOptions(c config.Config) store.Options {
	o := store.Options{Database: c.Metastore.Database, Password: string(c.Metastore.DatabasePassword), Version: c.Metastore.DatabaseVersion}
	if o.Database == "" {
		o.Database = filepath.Join(c.Data, "catalog.db")
	}
	return o
}
