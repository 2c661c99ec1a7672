package hms

import (
	"context"
	"strings"

	"lethe"
	"lethe/catalog/hive"
	"lethe/lib/hms"
)

func (r *registry) databases() {
	add(r, "get_all_databases", "glue:GetDatabases", onCatalog, nil, func(ctx context.Context, c *conn, _ target, _ *hms.GetAllDatabasesArgs, r *hms.GetAllDatabasesReply) (err error) {
		r.Success, err = c.databaseNames(ctx, "*")
		return err
	})
	add(r, "get_databases", "glue:GetDatabases", onCatalog, nil, func(ctx context.Context, c *conn, _ target, a *hms.GetDatabasesArgs, r *hms.GetDatabasesReply) (err error) {
		r.Success, err = c.databaseNames(ctx, a.Pattern)
		return err
	})
	add(r, "get_database", "glue:GetDatabase", onDatabase, func(a *hms.GetDatabaseArgs) target { return target{database: a.Name} },
		func(ctx context.Context, c *conn, t target, _ *hms.GetDatabaseArgs, r *hms.GetDatabaseReply) (err error) {
			r.Success, err = c.getDatabase(ctx, t.database)
			return err
		})
	add(r, "get_database_req", "glue:GetDatabase", onDatabase, func(a *hms.GetDatabaseReqArgs) target { return target{database: of(a.Request).Name} },
		func(ctx context.Context, c *conn, t target, _ *hms.GetDatabaseReqArgs, r *hms.GetDatabaseReqReply) (err error) {
			r.Success, err = c.getDatabase(ctx, t.database)
			return err
		})
	add(r, "create_database", "glue:CreateDatabase", onDatabase, func(a *hms.CreateDatabaseArgs) target { return target{database: of(a.Database).Name} },
		func(ctx context.Context, c *conn, _ target, a *hms.CreateDatabaseArgs, _ *hms.CreateDatabaseReply) error {
			return c.createDatabase(ctx, a.Database)
		})
	add(r, "create_database_req", "glue:CreateDatabase", onDatabase, func(a *hms.CreateDatabaseReqArgs) target {
		return target{database: of(a.CreateDatabaseRequest).DatabaseName}
	}, func(ctx context.Context, c *conn, t target, a *hms.CreateDatabaseReqArgs, _ *hms.CreateDatabaseReqReply) error {
		q := of(a.CreateDatabaseRequest)
		return c.createDatabase(ctx, &hms.Database{Name: t.database, Description: q.Description, LocationUri: q.LocationUri, Parameters: q.Parameters, OwnerName: q.OwnerName, OwnerType: q.OwnerType})
	})
	add(r, "alter_database", "glue:UpdateDatabase", onDatabase, func(a *hms.AlterDatabaseArgs) target { return target{database: a.Dbname} },
		func(ctx context.Context, c *conn, t target, a *hms.AlterDatabaseArgs, _ *hms.AlterDatabaseReply) error {
			return c.alterDatabase(ctx, t.database, a.Db)
		})
	add(r, "alter_database_req", "glue:UpdateDatabase", onDatabase, func(a *hms.AlterDatabaseReqArgs) target { return target{database: of(a.AlterDbReq).OldDbName} },
		func(ctx context.Context, c *conn, t target, a *hms.AlterDatabaseReqArgs, _ *hms.AlterDatabaseReqReply) error {
			return c.alterDatabase(ctx, t.database, of(a.AlterDbReq).NewDb)
		})
	add(r, "drop_database", "glue:DeleteDatabase", onDatabase, func(a *hms.DropDatabaseArgs) target { return target{database: a.Name} },
		func(ctx context.Context, c *conn, t target, a *hms.DropDatabaseArgs, _ *hms.DropDatabaseReply) error {
			return c.dropDatabase(ctx, t.database, a.Cascade, a.DeleteData)
		})
	add(r, "drop_database_req", "glue:DeleteDatabase", onDatabase, func(a *hms.DropDatabaseReqArgs) target { return target{database: of(a.Req).Name} },
		func(ctx context.Context, c *conn, t target, a *hms.DropDatabaseReqArgs, _ *hms.DropDatabaseReqReply) error {
			err := c.dropDatabase(ctx, t.database, of(a.Req).Cascade, of(a.Req).DeleteData)
			if of(a.Req).IgnoreUnknownDb && lethe.Is(err, lethe.NotFound) {
				return nil
			}
			return err
		})
	add(r, "get_catalogs", "glue:GetDatabases", onCatalog, nil, func(_ context.Context, _ *conn, _ target, _ *hms.GetCatalogsArgs, r *hms.GetCatalogsReply) error {
		r.Success = &hms.GetCatalogsResponse{Names: []string{hive.DefaultCatalog}}
		return nil
	})
	add(r, "get_catalog", "glue:GetDatabases", onCatalog, nil, func(_ context.Context, c *conn, _ target, a *hms.GetCatalogArgs, r *hms.GetCatalogReply) error {
		if name := strings.ToLower(of(a.CatName).Name); name != hive.DefaultCatalog {
			return lethe.Errorf(lethe.NotFound, "No catalog %.100s", name)
		}
		r.Success = &hms.GetCatalogResponse{Catalog: &hms.Catalog{Name: hive.DefaultCatalog, Description: "the lake's catalog", LocationUri: strings.TrimSuffix(c.Warehouse, "/")}}
		return nil
	})
}

// of returns what a pointer points to; the zero value if it is nil, as where a
// client left out the request of a method.
func of[T any](p *T) *T {
	if p == nil {
		return new(T)
	}
	return p
}

// databaseNames lists the databases that the caller may see.
func (c *conn) databaseNames(ctx context.Context, pattern string) ([]string, error) {
	pattern, err := database(pattern)
	if err != nil {
		return nil, err
	}
	ds, err := c.Catalog.Databases(ctx)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, d := range ds {
		if !like(pattern, d.Name) {
			continue
		}
		sees, err := c.sees(ctx, "glue:GetDatabases", lethe.DatabaseARN(c.Region, d.Name))
		if err != nil {
			return nil, err
		}
		if sees {
			names = append(names, d.Name)
		}
	}
	return names, nil
}

func (c *conn) getDatabase(ctx context.Context, name string) (*hms.Database, error) {
	d, err := c.Catalog.Database(ctx, name)
	if err != nil {
		return nil, err
	}
	return c.toDatabase(d), nil
}

func (c *conn) createDatabase(ctx context.Context, in *hms.Database) error {
	d, err := fromDatabase(in)
	if err != nil {
		return err
	}
	d.Location = c.location(d)
	return c.Catalog.CreateDatabase(ctx, d)
}

func (c *conn) alterDatabase(ctx context.Context, name string, in *hms.Database) error {
	d, err := fromDatabase(in)
	if err != nil {
		return err
	}
	return c.Catalog.AlterDatabase(ctx, name, d)
}

func (c *conn) dropDatabase(ctx context.Context, name string, cascade, deleteData bool) error {
	var files data
	if cascade && deleteData && c.Folders != nil {
		var err error
		if files, err = c.databaseData(ctx, name); err != nil {
			return err
		}
	}
	err := c.Catalog.DropDatabase(ctx, name, cascade)
	if err == nil {
		c.deleteData(ctx, files)
	}
	switch {
	case lethe.Is(err, lethe.Conflict):
		return &hms.InvalidOperationException{Message: "Database " + name + " is not empty. One or more tables exist."}
	case lethe.Is(err, lethe.Invalid): // the default database
		return &hms.MetaException{Message: err.Error()}
	}
	return err
}

// like tells whether a name matches a pattern of Hive: alternatives parted by |,
// with * for anything. Clients also write .* for it, so a dot is any character;
// names have none. An absent pattern is any.
func like(pattern, name string) bool {
	name = strings.ToLower(name)
	for p := range strings.SplitSeq(strings.ToLower(pattern), "|") {
		if p = strings.TrimSpace(p); matches(p, name) || p == "" && pattern == "" {
			return true
		}
	}
	return false
}

// matches matches greedily and goes back to the last *, so it takes time in the
// product of the lengths at most.
func matches(p, s string) bool {
	i, j, star, from := 0, 0, -1, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, from = i, j
			i++
		case i < len(p) && (p[i] == s[j] || p[i] == '.' && s[j] != '.'):
			i, j = i+1, j+1
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
