package hms

import (
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/lib/hms"
)

// location returns where a database has its tables.
func (s *Server) location(d catalog.Database) string {
	switch {
	case d.Location != "":
		return d.Location
	case d.Name == "default":
		return strings.TrimSuffix(s.Warehouse, "/")
	}
	return hive.Below(s.Warehouse, d.Name+".db")
}

// toDatabase writes a database with its location, which clients need.
func (s *Server) toDatabase(d catalog.Database) *hms.Database {
	d.Location = s.location(d)
	return hive.ToDatabase(d)
}

// fromDatabase reads a database from a call. The time is the server's.
func fromDatabase(d *hms.Database) (catalog.Database, error) {
	if d == nil {
		return catalog.Database{}, lethe.Errorf(lethe.Invalid, "there is no database in the call")
	}
	out := hive.FromDatabase(d)
	out.Created = time.Time{}
	var err error
	out.Name, err = database(d.Name)
	return out, err
}

// fromTable reads a table from a call.
func fromTable(t *hms.Table) (catalog.Table, error) {
	out, err := hive.FromTable(t)
	if err != nil {
		return out, err
	}
	out.Database, err = database(t.DbName)
	return out, err
}
