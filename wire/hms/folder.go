package hms

import (
	"context"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/hive"
)

// Folders makes and deletes what lies at locations, for the principal of the
// context, and only as far as that principal may. Clients rely on the metastore
// for both: Spark does not insert into a table whose folder is not there, nor make
// a managed table where one was dropped and left its files.
type Folders interface {
	// Make makes a folder, which in an object store is an empty object, unless
	// something is there. Denied if the principal may not write there.
	Make(ctx context.Context, location string) error
	// Delete deletes every object below a location. Denied if the principal may
	// not delete one of them; then all stay.
	Delete(ctx context.Context, location string) error
}

// makeFolder makes a table's folder. A table without one is a table all the same:
// what the caller may not write there, it will be told when it does.
func (c *conn) makeFolder(ctx context.Context, t *catalog.Table) {
	if c.Folders == nil || t.Type == catalog.VirtualView {
		return
	}
	if err := c.Folders.Make(ctx, t.Storage.Location); err != nil {
		c.Log.Debug("metastore: no folder was made", "table", t.Database+"."+t.Name, "location", t.Storage.Location, "err", err)
	}
}

// data are the locations of a managed table and of its partitions.
type data []string

// dataOf returns what a managed table's drop deletes; nil of other tables.
func (c *conn) dataOf(ctx context.Context, t *catalog.Table) (data, error) {
	if c.Folders == nil || t.Type != catalog.ManagedTable {
		return nil, nil
	}
	out := data{t.Storage.Location}
	if len(t.Partitions) == 0 {
		return out, nil
	}
	ps, err := c.Catalog.Partitions(ctx, t.Database, t.Name, catalog.PartitionPage{})
	if err != nil {
		return nil, err
	}
	return append(out, elsewhere(t, ps)...), nil
}

// elsewhere are the locations of partitions that are not below their table's.
func elsewhere(t *catalog.Table, ps []catalog.Partition) (out data) {
	root, err := lethe.ParseLocation(t.Storage.Location)
	for _, p := range ps {
		l, e := lethe.ParseLocation(p.Storage.Location)
		if err != nil || e != nil || l.Bucket != root.Bucket || !below(l.Dir().Key, root.Dir().Key) {
			out = append(out, p.Storage.Location)
		}
	}
	return out
}

func below(key, dir string) bool { return len(key) >= len(dir) && key[:len(dir)] == dir }

// deleteData deletes what a table or partition was that is dropped already. As in
// Java's metastore the drop has succeeded, whatever becomes of the files.
func (c *conn) deleteData(ctx context.Context, d data) {
	for _, location := range d {
		if err := c.Folders.Delete(ctx, location); err != nil {
			c.Log.Warn("metastore: files of what was dropped stay", "location", location, "err", err)
		}
	}
}

func (c *conn) dropTable(ctx context.Context, t target, deleteData bool) error {
	var files data
	if deleteData && c.Folders != nil {
		table, err := c.table(ctx, t)
		if err != nil {
			return err
		}
		if files, err = c.dataOf(ctx, &table); err != nil {
			return err
		}
	}
	err := c.Catalog.DropTable(ctx, t.database, t.table)
	if lethe.Is(err, lethe.NotFound) {
		return lethe.Errorf(lethe.NotFound, "%s.%s.%s table not found", hive.DefaultCatalog, t.database, t.table)
	}
	if err == nil {
		c.deleteData(ctx, files)
	}
	return err
}

// databaseData returns what the drop of a database with its tables deletes.
func (c *conn) databaseData(ctx context.Context, database string) (out data, err error) {
	tables, err := c.Catalog.Tables(ctx, database)
	for i := range tables {
		d, err := c.dataOf(ctx, &tables[i])
		if err != nil {
			return nil, err
		}
		out = append(out, d...)
	}
	return out, err
}
