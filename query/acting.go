package query

import (
	"context"
	"strings"

	"lethe"
	"lethe/access"
	"lethe/catalog"
)

// acting is the lake's own catalog as a connector that acts by a role reaches it: each
// call is decided for the role, on the lake's own names. What the principal of the call
// may do has been decided before; it needs nothing of what the role has.
type acting struct {
	catalog.Catalog
	access access.Decider
	as     lethe.Principal
	region string
}

func (a acting) may(ctx context.Context, action, resource string) error {
	// What is known of the request is not the role's.
	return a.access.Decide(access.Onward(ctx, ctx), a.as, action, resource)
}

func (a acting) onCatalog(ctx context.Context, action string) error {
	return a.may(ctx, action, lethe.CatalogARN(a.region))
}

func (a acting) onDatabase(ctx context.Context, action, database string) error {
	return a.may(ctx, action, lethe.DatabaseARN(a.region, strings.ToLower(database)))
}

func (a acting) onTable(ctx context.Context, action, database, table string) error {
	return a.may(ctx, action, lethe.TableARN(a.region, strings.ToLower(database), strings.ToLower(table)))
}

func (a acting) Databases(ctx context.Context) ([]catalog.Database, error) {
	if err := a.onCatalog(ctx, "glue:GetDatabases"); err != nil {
		return nil, err
	}
	return a.Catalog.Databases(ctx)
}

func (a acting) Database(ctx context.Context, name string) (catalog.Database, error) {
	if err := a.onDatabase(ctx, "glue:GetDatabase", name); err != nil {
		return catalog.Database{}, err
	}
	return a.Catalog.Database(ctx, name)
}

func (a acting) CreateDatabase(ctx context.Context, d catalog.Database) error {
	if err := a.onDatabase(ctx, "glue:CreateDatabase", d.Name); err != nil {
		return err
	}
	return a.Catalog.CreateDatabase(ctx, d)
}

func (a acting) AlterDatabase(ctx context.Context, name string, d catalog.Database) error {
	if err := a.onDatabase(ctx, "glue:UpdateDatabase", name); err != nil {
		return err
	}
	return a.Catalog.AlterDatabase(ctx, name, d)
}

func (a acting) DropDatabase(ctx context.Context, name string, cascade bool) error {
	if err := a.onDatabase(ctx, "glue:DeleteDatabase", name); err != nil {
		return err
	}
	return a.Catalog.DropDatabase(ctx, name, cascade)
}

func (a acting) Tables(ctx context.Context, database string) ([]catalog.Table, error) {
	if err := a.onDatabase(ctx, "glue:GetTables", database); err != nil {
		return nil, err
	}
	return a.Catalog.Tables(ctx, database)
}

func (a acting) TableNames(ctx context.Context, database string) ([]string, error) {
	if err := a.onDatabase(ctx, "glue:GetTables", database); err != nil {
		return nil, err
	}
	return a.Catalog.TableNames(ctx, database)
}

func (a acting) Table(ctx context.Context, database, name string) (catalog.Table, error) {
	if err := a.onTable(ctx, "glue:GetTable", database, name); err != nil {
		return catalog.Table{}, err
	}
	return a.Catalog.Table(ctx, database, name)
}

func (a acting) CreateTable(ctx context.Context, t catalog.Table) error {
	if err := a.onTable(ctx, "glue:CreateTable", t.Database, t.Name); err != nil {
		return err
	}
	return a.Catalog.CreateTable(ctx, t)
}

// AlterTable asks for both names if the table gets another.
func (a acting) AlterTable(ctx context.Context, database, name string, t catalog.Table) error {
	if err := a.onTable(ctx, "glue:UpdateTable", database, name); err != nil {
		return err
	}
	if !strings.EqualFold(t.Database, database) || !strings.EqualFold(t.Name, name) {
		if err := a.onTable(ctx, "glue:CreateTable", t.Database, t.Name); err != nil {
			return err
		}
	}
	return a.Catalog.AlterTable(ctx, database, name, t)
}

func (a acting) DropTable(ctx context.Context, database, name string) error {
	if err := a.onTable(ctx, "glue:DeleteTable", database, name); err != nil {
		return err
	}
	return a.Catalog.DropTable(ctx, database, name)
}

func (a acting) Partitions(ctx context.Context, database, table string, page catalog.PartitionPage) ([]catalog.Partition, error) {
	if err := a.onTable(ctx, "glue:GetPartitions", database, table); err != nil {
		return nil, err
	}
	return a.Catalog.Partitions(ctx, database, table, page)
}

func (a acting) PartitionNames(ctx context.Context, database, table string, page catalog.PartitionPage) ([]string, error) {
	if err := a.onTable(ctx, "glue:GetPartitions", database, table); err != nil {
		return nil, err
	}
	return a.Catalog.PartitionNames(ctx, database, table, page)
}

func (a acting) AddPartitions(ctx context.Context, database, table string, ps []catalog.Partition, ifNotExists bool) error {
	if err := a.onTable(ctx, "glue:BatchCreatePartition", database, table); err != nil {
		return err
	}
	return a.Catalog.AddPartitions(ctx, database, table, ps, ifNotExists)
}

func (a acting) DropPartitions(ctx context.Context, database, table string, values [][]string, ifExists bool) error {
	if err := a.onTable(ctx, "glue:BatchDeletePartition", database, table); err != nil {
		return err
	}
	return a.Catalog.DropPartitions(ctx, database, table, values, ifExists)
}

func (a acting) AlterPartition(ctx context.Context, database, table string, values []string, p catalog.Partition) error {
	if err := a.onTable(ctx, "glue:UpdatePartition", database, table); err != nil {
		return err
	}
	return a.Catalog.AlterPartition(ctx, database, table, values, p)
}
