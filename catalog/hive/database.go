package hive

import (
	"context"
	"maps"
	"slices"
	"strings"

	"lethe"
	"lethe/catalog"
	"lethe/lib/hms"
)

// Databases lists the databases by name.
func (c *Catalog) Databases(ctx context.Context) ([]catalog.Database, error) {
	names, err := cached(ctx, c, key{kind: "databases"}, func(cn *conn) ([]string, error) {
		var r hms.GetAllDatabasesReply
		err := cn.Call("get_all_databases", &hms.GetAllDatabasesArgs{}, &r)
		return r.Success, err
	})
	if err != nil {
		return nil, err
	}
	out := make([]catalog.Database, 0, len(names))
	for _, n := range slices.Sorted(slices.Values(names)) {
		d, err := c.Database(ctx, n)
		if lethe.Is(err, lethe.NotFound) { // dropped meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// Database returns one database, or NotFound.
func (c *Catalog) Database(ctx context.Context, name string) (catalog.Database, error) {
	name = strings.ToLower(name)
	d, err := cached(ctx, c, key{kind: "database", database: name}, func(cn *conn) (*hms.Database, error) {
		var r hms.GetDatabaseReply
		err := cn.Call("get_database", &hms.GetDatabaseArgs{Name: name}, &r)
		if err == nil && r.Success == nil {
			err = &hms.NoSuchObjectException{Message: "there is no database " + name}
		}
		return r.Success, err
	})
	if err != nil {
		return catalog.Database{}, err
	}
	out := FromDatabase(d)
	out.Parameters = maps.Clone(out.Parameters)
	return out, nil
}

// CreateDatabase adds a database, or answers Exists. The metastore says when it
// was made, and where its tables lie if d does not.
func (c *Catalog) CreateDatabase(ctx context.Context, d catalog.Database) error {
	return c.change(ctx, func(cn *conn) error {
		return cn.Call("create_database", &hms.CreateDatabaseArgs{Database: ToDatabase(d)}, &hms.CreateDatabaseReply{})
	})
}

// AlterDatabase replaces a database's definition but for its name.
func (c *Catalog) AlterDatabase(ctx context.Context, name string, d catalog.Database) error {
	if d.Name == "" {
		d.Name = name
	}
	if !strings.EqualFold(d.Name, name) {
		return lethe.Errorf(lethe.Unsupported, "database %s cannot be renamed to %s", name, d.Name)
	}
	return c.change(ctx, func(cn *conn) error {
		return cn.Call("alter_database", &hms.AlterDatabaseArgs{Dbname: name, Db: ToDatabase(d)}, &hms.AlterDatabaseReply{})
	})
}

// DropDatabase removes a database, with its tables if cascade. Data stays.
func (c *Catalog) DropDatabase(ctx context.Context, name string, cascade bool) error {
	if strings.EqualFold(name, "default") {
		return lethe.Errorf(lethe.Invalid, "the database default cannot be dropped")
	}
	return c.change(ctx, func(cn *conn) error {
		return cn.Call("drop_database", &hms.DropDatabaseArgs{Name: name, Cascade: cascade}, &hms.DropDatabaseReply{})
	})
}
