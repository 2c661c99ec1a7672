package query

import (
	"context"
	"strings"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/lib/trinosql"
)

// resolver finds a statement's tables: first in the catalog, then by policy.
type resolver struct{ *executor }

// resolved is the handle that the analysis carries for a table.
type resolved struct {
	catalog catalog.Catalog // of tables as they are
	table   catalog.Table
	// through names a table that the statement reads through its rules.
	through *access.TableName
}

// Table implements trinosql.Resolver.
func (r resolver) Table(ctx context.Context, name trinosql.TableName) (*trinosql.TableSchema, error) {
	c, t, sight, err := r.whole(ctx, name.Catalog, name.Database, name.Table)
	if lethe.Is(err, lethe.NotFound) {
		return nil, trinosql.ErrNoTable
	}
	if err != nil {
		return nil, err
	}
	if t.Type == catalog.VirtualView {
		return nil, lethe.Errorf(lethe.Unsupported, "%s.%s is a view; views cannot be queried yet", t.Database, t.Name)
	}
	schema, err := Schema(trinosql.TableName{Catalog: strings.ToLower(name.Catalog), Database: t.Database, Table: t.Name}, t)
	if err != nil {
		return nil, err
	}
	h := resolved{catalog: c, table: t}
	sights := []access.Sight{sight}
	if e := r.executor; e.viewer != nil {
		other, err := e.viewerSight(ctx, name.Catalog, t)
		if err != nil {
			return nil, err
		}
		sights = append(sights, other)
	}
	for _, sight := range sights {
		switch {
		case sight.Closed():
			return nil, trinosql.ErrNoTable
		case !sight.Whole:
			h.through = &sight.Table
		}
	}
	if h.through != nil {
		if err := through(ctx, schema, sights...); err != nil {
			return nil, err
		}
	}
	schema.Handle = h
	return schema, nil
}

// viewerSight is what rules leave of a table for the executor's viewer.
func (e *executor) viewerSight(ctx context.Context, catalogName string, t catalog.Table) (access.Sight, error) {
	sights, ok := e.Access.(access.Sights)
	own, err := e.own(ctx, catalogName)
	if err != nil || !ok || !own {
		return access.Sight{Whole: true}, err
	}
	return sights.TableSight(ctx, *e.viewer, access.TableName{Catalog: lethe.DefaultCatalog, Database: t.Database, Table: t.Name})
}

// Schema describes a table to the analyzer. It answers Unsupported for a column
// whose type no query can read.
func Schema(name trinosql.TableName, t catalog.Table) (*trinosql.TableSchema, error) {
	schema := &trinosql.TableSchema{TableName: name}
	for i, c := range t.Columns() {
		typ, err := trinosql.ParseHiveType(c.Type)
		if err != nil {
			return nil, lethe.Errorf(lethe.Unsupported, "column %s of table %s.%s has the type %s, which cannot be queried: %w", c.Name, name.Database, name.Table, c.Type, err)
		}
		schema.Columns = append(schema.Columns, trinosql.Column{Name: c.Name, Type: typ, Partition: i >= len(t.Storage.Columns)})
	}
	return schema, nil
}

// whole finds a table that the principal may know, as it is, and what rules leave
// of it for the principal.
func (e *executor) whole(ctx context.Context, catalogName, database, name string) (catalog.Catalog, catalog.Table, access.Sight, error) {
	c, err := e.permit(ctx, catalogName, "glue:GetTable", database, name)
	if err != nil {
		return nil, catalog.Table{}, access.Sight{}, err
	}
	database, name = strings.ToLower(database), strings.ToLower(name)
	v, ok := c.(visible)
	if !ok {
		t, err := c.Table(ctx, database, name)
		return c, t, access.Sight{Whole: true}, err
	}
	t, sight, err := v.find(ctx, database, name)
	return v.under(), t, sight, err
}

// table finds what the principal sees of a table that it may know.
func (e *executor) table(ctx context.Context, catalogName, database, name string) (catalog.Catalog, catalog.Table, error) {
	c, err := e.permit(ctx, catalogName, "glue:GetTable", database, name)
	if err != nil {
		return nil, catalog.Table{}, err
	}
	t, err := c.Table(ctx, strings.ToLower(database), strings.ToLower(name))
	return c, t, err
}

// permit returns a data catalog's catalog if the principal may do action there
// to a table, or to a database where table is "". Actions are Glue's, on the
// lake's own names; on other data catalogs the catalog is the resource.
func (e *executor) permit(ctx context.Context, catalogName, action, database, table string) (catalog.Catalog, error) {
	c, d, err := e.CatalogNamed(ctx, catalogName)
	if lethe.Is(err, lethe.NotFound) {
		return nil, lethe.Errorf(lethe.Invalid, "CATALOG_NOT_FOUND: Catalog '%s' not found", catalogName).WithHint("list the catalogs with: aws athena list-data-catalogs")
	}
	if err != nil {
		return nil, err
	}
	resource := lethe.DataCatalogARN(e.Region, d.Name)
	if d.Type == "GLUE" {
		switch {
		case table != "":
			resource = lethe.TableARN(e.Region, strings.ToLower(database), strings.ToLower(table))
		case database != "":
			resource = lethe.DatabaseARN(e.Region, strings.ToLower(database))
		default:
			resource = lethe.CatalogARN(e.Region)
		}
	}
	return c, e.Access.Decide(ctx, lethe.PrincipalOf(ctx), action, resource)
}

// name completes a table's name from the request.
func (e *executor) name(n trinosql.QName) (cat, database, table string, err error) {
	cat, database = e.request.catalog(), e.request.database()
	switch len(n) {
	case 3:
		cat = strings.ToLower(n[0].Text)
		fallthrough
	case 2:
		database = strings.ToLower(n[len(n)-2].Text)
		fallthrough
	case 1:
		return cat, database, strings.ToLower(n[len(n)-1].Text), nil
	}
	return "", "", "", lethe.Errorf(lethe.Invalid, "%s: a table's name has at most three parts: catalog.database.table", n.Pos())
}

// databaseName completes a database's name from the request.
func (e *executor) databaseName(n trinosql.QName) (cat, database string, err error) {
	cat, database = e.request.catalog(), e.request.database()
	switch len(n) {
	case 0:
		return cat, database, nil
	case 2:
		cat = strings.ToLower(n[0].Text)
		fallthrough
	case 1:
		return cat, strings.ToLower(n[len(n)-1].Text), nil
	}
	return "", "", lethe.Errorf(lethe.Invalid, "%s: a database's name has at most two parts: catalog.database", n.Pos())
}
