package hive

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/lib/hms"
)

// tablesAtOnce is how many tables one call asks for, as in Hive's own client.
const tablesAtOnce = 300

// Tables lists a database's tables by name. Those that cannot be read as a table,
// as they have no storage descriptor, are left out.
func (c *Catalog) Tables(ctx context.Context, database string) ([]catalog.Table, error) {
	database = strings.ToLower(database)
	names, err := c.TableNames(ctx, database)
	if err != nil {
		return nil, err
	}
	out := make([]catalog.Table, 0, len(names))
	for some := range slices.Chunk(names, tablesAtOnce) {
		asked, changes := time.Now(), c.cache.seen()
		ts, err := read(ctx, c, func(cn *conn) ([]*hms.Table, error) { return cn.tables(database, some) })
		if err != nil {
			return nil, err
		}
		for _, t := range ts {
			if t == nil || t.Sd == nil {
				continue
			}
			c.cache.put(key{"table", database, strings.ToLower(t.TableName)}, t, asked, changes)
			if one, err := FromTable(t); err == nil {
				out = append(out, cloned(one))
			}
		}
	}
	slices.SortFunc(out, func(a, b catalog.Table) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// tables asks for tables by name. Metastores since 4.0.1 lack the first method
// (HIVE-26537), those before 3.0 the second.
func (c *conn) tables(database string, names []string) ([]*hms.Table, error) {
	const method = "get_table_objects_by_name"
	if !c.node.without(method) {
		var r hms.GetTableObjectsByNameReply
		err := c.Call(method, &hms.GetTableObjectsByNameArgs{Dbname: database, TblNames: names}, &r)
		if !isUnknown(err) {
			return r.Success, err
		}
		c.node.lacking(method)
	}
	var r hms.GetTableObjectsByNameReqReply
	err := c.Call("get_table_objects_by_name_req", &hms.GetTableObjectsByNameReqArgs{Req: &hms.GetTablesRequest{DbName: database, TblNames: names}}, &r)
	if err != nil || r.Success == nil {
		return nil, err
	}
	return r.Success.Tables, nil
}

// TableNames lists the names of a database's tables.
func (c *Catalog) TableNames(ctx context.Context, database string) ([]string, error) {
	database = strings.ToLower(database)
	names, err := cached(ctx, c, key{kind: "tables", database: database}, func(cn *conn) ([]string, error) {
		var r hms.GetAllTablesReply
		err := cn.Call("get_all_tables", &hms.GetAllTablesArgs{DbName: database}, &r)
		return r.Success, err
	})
	if err == nil && len(names) == 0 { // a metastore says the same of one that is not there
		_, err = c.Database(ctx, database)
	}
	return slices.Sorted(slices.Values(names)), err
}

// Table returns one table, or NotFound.
func (c *Catalog) Table(ctx context.Context, database, name string) (catalog.Table, error) {
	database, name = strings.ToLower(database), strings.ToLower(name)
	t, err := cached(ctx, c, key{"table", database, name}, func(cn *conn) (*hms.Table, error) { return cn.table(database, name) })
	return c.fromTable(t, err)
}

// current returns a table as it is now, for a change.
func (c *Catalog) current(ctx context.Context, database, name string) (catalog.Table, error) {
	database, name = strings.ToLower(database), strings.ToLower(name)
	t, err := read(ctx, c, func(cn *conn) (*hms.Table, error) { return cn.table(database, name) })
	return c.fromTable(t, err)
}

func (c *Catalog) fromTable(t *hms.Table, err error) (catalog.Table, error) {
	if err != nil {
		return catalog.Table{}, err
	}
	out, err := FromTable(t)
	if err != nil {
		return catalog.Table{}, err
	}
	return cloned(out), nil
}

// table asks for a table. Metastores since 4.0.1 lack the first method, those
// before 3.0 the second.
func (c *conn) table(database, name string) (t *hms.Table, err error) {
	const method = "get_table"
	if !c.node.without(method) {
		var r hms.GetTableReply
		err = c.Call(method, &hms.GetTableArgs{Dbname: database, TblName: name}, &r)
		if t = r.Success; isUnknown(err) {
			c.node.lacking(method)
		}
	}
	if c.node.without(method) {
		var r hms.GetTableReqReply
		err = c.Call("get_table_req", &hms.GetTableReqArgs{Req: &hms.GetTableRequest{DbName: database, TblName: name}}, &r)
		if r.Success != nil {
			t = r.Success.Table
		}
	}
	if err == nil && t == nil {
		err = &hms.NoSuchObjectException{Message: "there is no table " + database + "." + name}
	}
	return t, err
}

// cloned returns a table that shares no map and no list.
func cloned(t catalog.Table) catalog.Table {
	t.Parameters = maps.Clone(t.Parameters)
	t.Storage.Parameters = maps.Clone(t.Storage.Parameters)
	t.Storage.SerDe.Parameters = maps.Clone(t.Storage.SerDe.Parameters)
	t.Storage.BucketColumns = slices.Clone(t.Storage.BucketColumns)
	return t
}

// written makes the definition that a metastore is sent. It takes the parameter
// EXTERNAL for what the type says.
func written(t catalog.Table) (*hms.Table, error) {
	switch t.Type {
	case catalog.ExternalTable:
		if !strings.EqualFold(t.Parameters["EXTERNAL"], "true") {
			t.Parameters = maps.Clone(t.Parameters)
			if t.Parameters == nil {
				t.Parameters = map[string]string{}
			}
			t.Parameters["EXTERNAL"] = "TRUE"
		}
	case catalog.ManagedTable, catalog.VirtualView:
	default:
		return nil, lethe.Errorf(lethe.Unsupported, "table %s.%s: tables of type %q cannot be made", t.Database, t.Name, t.Type)
	}
	return ToTable(&t), nil
}

// CreateTable adds a table, or answers Exists. The metastore says when it was
// made, and where it lies if t does not.
func (c *Catalog) CreateTable(ctx context.Context, t catalog.Table) error {
	if t.Database == "" {
		return lethe.Errorf(lethe.Invalid, "table %q is in no database", t.Name)
	}
	def, err := written(t)
	if err != nil {
		return err
	}
	return c.change(ctx, func(cn *conn) error {
		return cn.Call("create_table", &hms.CreateTableArgs{Tbl: def}, &hms.CreateTableReply{})
	})
}

// AlterTable replaces a table's definition; t may have another name or database.
func (c *Catalog) AlterTable(ctx context.Context, database, name string, t catalog.Table) error {
	if t.Created.IsZero() {
		old, err := c.current(ctx, database, name)
		if err != nil {
			return err
		}
		t.Created = old.Created
	}
	def, err := written(t)
	if err != nil {
		return err
	}
	err = c.change(ctx, func(cn *conn) error {
		return cn.Call("alter_table", &hms.AlterTableArgs{Dbname: database, TblName: name, NewTbl: def}, &hms.AlterTableReply{})
	})
	if !refused(err) {
		return err
	}
	// Of what is missing or in the way, the exception has only words.
	if _, e := c.current(ctx, database, name); e != nil {
		return e
	}
	if !strings.EqualFold(database, t.Database) || !strings.EqualFold(name, t.Name) {
		switch _, e := c.current(ctx, t.Database, t.Name); {
		case e == nil:
			return lethe.Errorf(lethe.Exists, "%w", err)
		case !lethe.Is(e, lethe.NotFound):
			return e
		}
		if _, e := c.Database(ctx, t.Database); e != nil {
			return e
		}
	}
	return lethe.Errorf(lethe.Invalid, "%w", err)
}

// DropTable removes a table. Its files stay.
func (c *Catalog) DropTable(ctx context.Context, database, name string) error {
	return c.change(ctx, func(cn *conn) error {
		return cn.Call("drop_table", &hms.DropTableArgs{Dbname: database, Name: name}, &hms.DropTableReply{})
	})
}
