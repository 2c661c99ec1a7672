package hms

import (
	"context"
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/lib/hms"
)

func (r *registry) tables() {
	type ctxt = context.Context
	add(r, "get_table", "glue:GetTable", onTable, func(a *hms.GetTableArgs) target { return target{a.Dbname, a.TblName} },
		func(ctx ctxt, c *conn, t target, _ *hms.GetTableArgs, r *hms.GetTableReply) (err error) {
			r.Success, err = c.getTable(ctx, t)
			return err
		})
	add(r, "get_table_req", "glue:GetTable", onTable, func(a *hms.GetTableReqArgs) target { return target{of(a.Req).DbName, of(a.Req).TblName} },
		func(ctx ctxt, c *conn, t target, _ *hms.GetTableReqArgs, r *hms.GetTableReqReply) error {
			table, err := c.getTable(ctx, t)
			r.Success = &hms.GetTableResult{Table: table}
			return err
		})
	add(r, "get_table_objects_by_name", "glue:GetTables", onDatabase, func(a *hms.GetTableObjectsByNameArgs) target { return target{database: a.Dbname} },
		func(ctx ctxt, c *conn, t target, a *hms.GetTableObjectsByNameArgs, r *hms.GetTableObjectsByNameReply) (err error) {
			r.Success, err = c.tablesNamed(ctx, t.database, a.TblNames)
			return err
		})
	add(r, "get_table_objects_by_name_req", "glue:GetTables", onDatabase, func(a *hms.GetTableObjectsByNameReqArgs) target { return target{database: of(a.Req).DbName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetTableObjectsByNameReqArgs, r *hms.GetTableObjectsByNameReqReply) error {
			tables, err := c.tablesNamed(ctx, t.database, of(a.Req).TblNames)
			r.Success = &hms.GetTablesResult{Tables: tables}
			return err
		})
	add(r, "get_all_tables", "glue:GetTables", onDatabase, func(a *hms.GetAllTablesArgs) target { return target{database: a.DbName} },
		func(ctx ctxt, c *conn, t target, _ *hms.GetAllTablesArgs, r *hms.GetAllTablesReply) (err error) {
			r.Success, err = c.tableNames(ctx, t.database, "*")
			return err
		})
	add(r, "get_tables", "glue:GetTables", onDatabase, func(a *hms.GetTablesArgs) target { return target{database: a.DbName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetTablesArgs, r *hms.GetTablesReply) (err error) {
			r.Success, err = c.tableNames(ctx, t.database, a.Pattern)
			return err
		})
	add(r, "get_tables_by_type", "glue:GetTables", onDatabase, func(a *hms.GetTablesByTypeArgs) target { return target{database: a.DbName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetTablesByTypeArgs, r *hms.GetTablesByTypeReply) (err error) {
			r.Success, err = c.tablesWhere(ctx, t.database, func(t *catalog.Table) bool { return like(a.Pattern, t.Name) && string(t.Type) == a.TableType })
			return err
		})
	add(r, "get_materialized_views_for_rewriting", "glue:GetTables", onDatabase, func(a *hms.GetMaterializedViewsForRewritingArgs) target { return target{database: a.DbName} },
		func(_ ctxt, _ *conn, _ target, _ *hms.GetMaterializedViewsForRewritingArgs, r *hms.GetMaterializedViewsForRewritingReply) error {
			r.Success = []string{}
			return nil
		})
	add(r, "get_tables_ext", "glue:GetTables", onDatabase, func(a *hms.GetTablesExtArgs) target { return target{database: of(a.Req).Database} },
		func(ctx ctxt, c *conn, t target, a *hms.GetTablesExtArgs, r *hms.GetTablesExtReply) error {
			names, err := c.tableNames(ctx, t.database, of(a.Req).TableNamePattern)
			r.Success = []*hms.ExtendedTableInfo{}
			for _, n := range limited(names, of(of(a.Req).Limit)) {
				r.Success = append(r.Success, &hms.ExtendedTableInfo{TblName: n})
			}
			return err
		})
	add(r, "get_table_names_by_filter", "glue:GetTables", onDatabase, func(a *hms.GetTableNamesByFilterArgs) target { return target{database: a.Dbname} },
		func(ctx ctxt, c *conn, t target, a *hms.GetTableNamesByFilterArgs, r *hms.GetTableNamesByFilterReply) error {
			f, err := parseTableFilter(a.Filter)
			if err != nil {
				return err
			}
			names, err := c.tablesWhere(ctx, t.database, f)
			r.Success = limited(names, ptr(int32(a.MaxTables)))
			return err
		})
	add(r, "get_table_meta", "glue:GetDatabases", onCatalog, nil, func(ctx ctxt, c *conn, _ target, a *hms.GetTableMetaArgs, r *hms.GetTableMetaReply) (err error) {
		r.Success, err = c.tableMeta(ctx, a.DbPatterns, a.TblPatterns, a.TblTypes)
		return err
	})

	// Definitions change.
	newTable := func(t *hms.Table) target { return target{of(t).DbName, of(t).TableName} }
	add(r, "create_table", "glue:CreateTable", onTable, func(a *hms.CreateTableArgs) target { return newTable(a.Tbl) },
		func(ctx ctxt, c *conn, t target, a *hms.CreateTableArgs, _ *hms.CreateTableReply) error {
			return c.createTable(ctx, t, a.Tbl)
		})
	add(r, "create_table_with_environment_context", "glue:CreateTable", onTable, func(a *hms.CreateTableWithEnvironmentContextArgs) target { return newTable(a.Tbl) },
		func(ctx ctxt, c *conn, t target, a *hms.CreateTableWithEnvironmentContextArgs, _ *hms.CreateTableWithEnvironmentContextReply) error {
			return c.createTable(ctx, t, a.Tbl)
		})
	add(r, "create_table_with_constraints", "glue:CreateTable", onTable, func(a *hms.CreateTableWithConstraintsArgs) target { return newTable(a.Tbl) },
		func(ctx ctxt, c *conn, t target, a *hms.CreateTableWithConstraintsArgs, _ *hms.CreateTableWithConstraintsReply) error {
			if len(a.PrimaryKeys)+len(a.ForeignKeys)+len(a.UniqueConstraints)+len(a.NotNullConstraints)+len(a.DefaultConstraints)+len(a.CheckConstraints) > 0 {
				return noConstraints(t)
			}
			return c.createTable(ctx, t, a.Tbl)
		})
	add(r, "create_table_req", "glue:CreateTable", onTable, func(a *hms.CreateTableReqArgs) target { return newTable(of(a.Request).Table) },
		func(ctx ctxt, c *conn, t target, a *hms.CreateTableReqArgs, _ *hms.CreateTableReqReply) error {
			q := of(a.Request)
			if len(q.PrimaryKeys)+len(q.ForeignKeys)+len(q.UniqueConstraints)+len(q.NotNullConstraints)+len(q.DefaultConstraints)+len(q.CheckConstraints) > 0 {
				return noConstraints(t)
			}
			return c.createTable(ctx, t, q.Table)
		})
	add(r, "alter_table", "glue:UpdateTable", onTable, func(a *hms.AlterTableArgs) target { return target{a.Dbname, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.AlterTableArgs, _ *hms.AlterTableReply) error {
			return c.alterTable(ctx, t, a.NewTbl, nil)
		})
	add(r, "alter_table_with_environment_context", "glue:UpdateTable", onTable, func(a *hms.AlterTableWithEnvironmentContextArgs) target { return target{a.Dbname, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.AlterTableWithEnvironmentContextArgs, _ *hms.AlterTableWithEnvironmentContextReply) error {
			return c.alterTable(ctx, t, a.NewTbl, a.EnvironmentContext)
		})
	add(r, "alter_table_with_cascade", "glue:UpdateTable", onTable, func(a *hms.AlterTableWithCascadeArgs) target { return target{a.Dbname, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.AlterTableWithCascadeArgs, _ *hms.AlterTableWithCascadeReply) error {
			return c.alterTable(ctx, t, a.NewTbl, nil)
		})
	add(r, "alter_table_req", "glue:UpdateTable", onTable, func(a *hms.AlterTableReqArgs) target { return target{of(a.Req).DbName, of(a.Req).TableName} },
		func(ctx ctxt, c *conn, t target, a *hms.AlterTableReqArgs, r *hms.AlterTableReqReply) error {
			r.Success = &hms.AlterTableResponse{}
			return c.alterTable(ctx, t, of(a.Req).Table, of(a.Req).EnvironmentContext)
		})
	add(r, "drop_table", "glue:DeleteTable", onTable, func(a *hms.DropTableArgs) target { return target{a.Dbname, a.Name} },
		func(ctx ctxt, c *conn, t target, a *hms.DropTableArgs, _ *hms.DropTableReply) error {
			return c.dropTable(ctx, t, a.DeleteData)
		})
	add(r, "drop_table_with_environment_context", "glue:DeleteTable", onTable, func(a *hms.DropTableWithEnvironmentContextArgs) target { return target{a.Dbname, a.Name} },
		func(ctx ctxt, c *conn, t target, a *hms.DropTableWithEnvironmentContextArgs, _ *hms.DropTableWithEnvironmentContextReply) error {
			return c.dropTable(ctx, t, a.DeleteData)
		})
	add(r, "drop_table_req", "glue:DeleteTable", onTable, func(a *hms.DropTableReqArgs) target {
		return target{of(a.DropTableReq).DbName, of(a.DropTableReq).TableName}
	}, func(ctx ctxt, c *conn, t target, a *hms.DropTableReqArgs, _ *hms.DropTableReqReply) error {
		return c.dropTable(ctx, t, *of(of(a.DropTableReq).DeleteData))
	})
	add(r, "truncate_table", "glue:UpdateTable", onTable, func(a *hms.TruncateTableArgs) target { return target{a.DbName, a.TableName} },
		func(_ ctxt, _ *conn, t target, _ *hms.TruncateTableArgs, _ *hms.TruncateTableReply) error {
			return noTruncate(t)
		})
	add(r, "truncate_table_req", "glue:UpdateTable", onTable, func(a *hms.TruncateTableReqArgs) target { return target{of(a.Req).DbName, of(a.Req).TableName} },
		func(_ ctxt, _ *conn, t target, _ *hms.TruncateTableReqArgs, _ *hms.TruncateTableReqReply) error {
			return noTruncate(t)
		})

	// Columns: of the files (fields), and with the partition keys (schema).
	add(r, "get_fields", "glue:GetTable", onTable, func(a *hms.GetFieldsArgs) target { return target{a.DbName, a.TableName} },
		func(ctx ctxt, c *conn, t target, _ *hms.GetFieldsArgs, r *hms.GetFieldsReply) (err error) {
			r.Success, err = c.fields(ctx, t, false)
			return err
		})
	add(r, "get_fields_with_environment_context", "glue:GetTable", onTable, func(a *hms.GetFieldsWithEnvironmentContextArgs) target { return target{a.DbName, a.TableName} },
		func(ctx ctxt, c *conn, t target, _ *hms.GetFieldsWithEnvironmentContextArgs, r *hms.GetFieldsWithEnvironmentContextReply) (err error) {
			r.Success, err = c.fields(ctx, t, false)
			return err
		})
	add(r, "get_fields_req", "glue:GetTable", onTable, func(a *hms.GetFieldsReqArgs) target { return target{of(a.Req).DbName, of(a.Req).TblName} },
		func(ctx ctxt, c *conn, t target, _ *hms.GetFieldsReqArgs, r *hms.GetFieldsReqReply) error {
			fields, err := c.fields(ctx, t, false)
			r.Success = &hms.GetFieldsResponse{Fields: fields}
			return err
		})
	add(r, "get_schema", "glue:GetTable", onTable, func(a *hms.GetSchemaArgs) target { return target{a.DbName, a.TableName} },
		func(ctx ctxt, c *conn, t target, _ *hms.GetSchemaArgs, r *hms.GetSchemaReply) (err error) {
			r.Success, err = c.fields(ctx, t, true)
			return err
		})
	add(r, "get_schema_with_environment_context", "glue:GetTable", onTable, func(a *hms.GetSchemaWithEnvironmentContextArgs) target { return target{a.DbName, a.TableName} },
		func(ctx ctxt, c *conn, t target, _ *hms.GetSchemaWithEnvironmentContextArgs, r *hms.GetSchemaWithEnvironmentContextReply) (err error) {
			r.Success, err = c.fields(ctx, t, true)
			return err
		})
	add(r, "get_schema_req", "glue:GetTable", onTable, func(a *hms.GetSchemaReqArgs) target { return target{of(a.Req).DbName, of(a.Req).TblName} },
		func(ctx ctxt, c *conn, t target, _ *hms.GetSchemaReqArgs, r *hms.GetSchemaReqReply) error {
			fields, err := c.fields(ctx, t, true)
			r.Success = &hms.GetSchemaResponse{Fields: fields}
			return err
		})
}

func noConstraints(t target) error {
	return lethe.Errorf(lethe.Unsupported, "table %s.%s: constraints are not kept", t.database, t.table)
}

func noTruncate(t target) error {
	return &hms.MetaException{Message: "table " + t.database + "." + t.table + " cannot be truncated: the metastore does not delete files"}
}

// limited returns the first n; all if n is not positive.
func limited[T any](list []T, n *int32) []T {
	if *n <= 0 || int(*n) >= len(list) {
		return list
	}
	return list[:*n]
}

// table reads the table that a call works on.
func (c *conn) table(ctx context.Context, t target) (catalog.Table, error) {
	table, err := c.Catalog.Table(ctx, t.database, t.table)
	if lethe.Is(err, lethe.NotFound) {
		return table, lethe.Errorf(lethe.NotFound, "%s.%s.%s table not found", hive.DefaultCatalog, t.database, t.table)
	}
	return table, err
}

func (c *conn) getTable(ctx context.Context, t target) (*hms.Table, error) {
	table, err := c.table(ctx, t)
	if err != nil {
		return nil, err
	}
	return hive.ToTable(&table), nil
}

func (c *conn) fields(ctx context.Context, t target, keys bool) ([]*hms.FieldSchema, error) {
	table, err := c.table(ctx, t)
	if err != nil {
		return nil, err
	}
	if keys {
		return hive.ToColumns(table.Columns()), nil
	}
	return hive.ToColumns(table.Storage.Columns), nil
}

// seesTable tells whether the caller may see a table in a listing.
func (c *conn) seesTable(ctx context.Context, database, table string) (bool, error) {
	return c.sees(ctx, "glue:GetTables", lethe.TableARN(c.Region, database, table))
}

// tableNames lists a database's tables. A database that does not exist has none:
// clients ask without knowing.
func (c *conn) tableNames(ctx context.Context, database, pattern string) ([]string, error) {
	all, err := c.Catalog.TableNames(ctx, database)
	if lethe.Is(err, lethe.NotFound) {
		return []string{}, nil
	}
	names := []string{}
	for _, n := range all {
		if !like(pattern, n) {
			continue
		}
		if sees, err := c.seesTable(ctx, database, n); err != nil {
			return nil, err
		} else if sees {
			names = append(names, n)
		}
	}
	return names, err
}

func (c *conn) tablesWhere(ctx context.Context, database string, want func(*catalog.Table) bool) ([]string, error) {
	all, err := c.Catalog.Tables(ctx, database)
	if lethe.Is(err, lethe.NotFound) {
		return []string{}, nil
	}
	names := []string{}
	for i := range all {
		if !want(&all[i]) {
			continue
		}
		if sees, err := c.seesTable(ctx, database, all[i].Name); err != nil {
			return nil, err
		} else if sees {
			names = append(names, all[i].Name)
		}
	}
	return names, err
}

// tablesNamed returns those of the tables that exist and the caller may see.
func (c *conn) tablesNamed(ctx context.Context, database string, names []string) ([]*hms.Table, error) {
	if _, err := c.Catalog.Database(ctx, database); err != nil {
		return nil, err
	}
	out := []*hms.Table{}
	for _, n := range names {
		n = strings.ToLower(n)
		sees, err := c.seesTable(ctx, database, n)
		if err != nil {
			return nil, err
		}
		if !sees {
			continue
		}
		t, err := c.Catalog.Table(ctx, database, n)
		if lethe.Is(err, lethe.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, hive.ToTable(&t))
	}
	return out, nil
}

func (c *conn) tableMeta(ctx context.Context, databases, tables string, types []string) ([]*hms.TableMeta, error) {
	names, err := c.databaseNames(ctx, databases)
	if err != nil {
		return nil, err
	}
	out := []*hms.TableMeta{}
	for _, db := range names {
		ts, err := c.Catalog.Tables(ctx, db)
		if err != nil && !lethe.Is(err, lethe.NotFound) {
			return nil, err
		}
		for _, t := range ts {
			wanted := len(types) == 0
			for _, typ := range types {
				wanted = wanted || typ == string(t.Type)
			}
			if !wanted || !like(tables, t.Name) {
				continue
			}
			if sees, err := c.seesTable(ctx, db, t.Name); err != nil {
				return nil, err
			} else if sees {
				out = append(out, &hms.TableMeta{DbName: db, TableName: t.Name, TableType: string(t.Type), Comments: t.Parameters["comment"], CatName: hive.DefaultCatalog,
					OwnerName: t.Owner, OwnerType: hive.OwnerType(t.OwnerType)})
			}
		}
	}
	return out, nil
}

func (c *conn) createTable(ctx context.Context, to target, in *hms.Table) error {
	t, err := fromTable(in)
	if err != nil {
		return err
	}
	t.Database, t.Name, t.Created = to.database, to.table, time.Now()
	d, err := c.Catalog.Database(ctx, t.Database)
	if err != nil {
		return err
	}
	if t.Storage.Location == "" && t.Type != catalog.VirtualView {
		t.Storage.Location = hive.Below(c.location(d), t.Name)
	}
	if err := c.Catalog.CreateTable(ctx, t); err != nil {
		return err
	}
	c.makeFolder(ctx, &t)
	return nil
}

// Keys of an environment context by which a client alters a table only if a
// parameter of it is still as it was (HIVE-26882); Iceberg commits with them.
const (
	expectedKey   = "expected_parameter_key"
	expectedValue = "expected_parameter_value"
)

func (c *conn) alterTable(ctx context.Context, from target, in *hms.Table, env *hms.EnvironmentContext) error {
	t, err := fromTable(in)
	if err != nil {
		return err
	}
	t.Name = strings.ToLower(t.Name)
	if t.Database == "" {
		t.Database = from.database
	}
	if t.Name == "" {
		t.Name = from.table
	}
	renamed := t.Database != from.database || t.Name != from.table
	if renamed {
		// The table appears where it was not.
		if err := c.Access.Decide(ctx, lethe.PrincipalOf(ctx), "glue:CreateTable", lethe.TableARN(c.Region, t.Database, t.Name)); err != nil {
			return err
		}
	}
	if key := of(env).Properties[expectedKey]; key != "" {
		err = c.Catalog.AlterTableIf(ctx, from.database, from.table, t, key, of(env).Properties[expectedValue])
	} else {
		err = c.Catalog.AlterTable(ctx, from.database, from.table, t)
	}
	switch {
	case lethe.Is(err, lethe.Conflict):
		return &hms.MetaException{Message: err.Error()}
	case renamed && lethe.Is(err, lethe.Exists):
		return &hms.InvalidOperationException{Message: "new table " + t.Database + "." + t.Name + " already exists"}
	case lethe.Is(err, lethe.NotFound):
		return &hms.InvalidOperationException{Message: "table " + from.database + "." + from.table + " doesn't exist"}
	}
	return err
}
