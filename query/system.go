package query

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strings"

	"lethe"
	"lethe/access"
	"lethe/catalog"
)

// SystemDatabase is the database of the lake's own catalog that holds what lethe
// tells of itself. It is there for who may read one of its tables.
const SystemDatabase = "lethe"

// SystemTable is a table of the SystemDatabase, made of lethe's own records.
type SystemTable struct {
	Name    string
	Columns []catalog.Column
	SerDe   catalog.SerDe // of the files
	// Action on Resource is what reading it needs. To who may not, it does not exist.
	Action, Resource string
	// Files puts what the table holds now into a directory, as files that do not
	// change any more, and returns their paths.
	Files func(ctx context.Context, dir string) ([]string, error)
}

func (t *SystemTable) table() catalog.Table {
	return catalog.Table{Database: SystemDatabase, Name: t.Name, Type: catalog.ExternalTable, Owner: lethe.System.Name,
		Parameters: map[string]string{"EXTERNAL": "TRUE"},
		Storage:    catalog.Storage{Columns: t.Columns, SerDe: t.SerDe, InputFormat: catalog.JSON.InputFormat, OutputFormat: catalog.JSON.OutputFormat, BucketCount: -1}}
}

// system is a catalog with lethe's own tables in it, for whom they are. A database and
// tables of the same names that somebody made are there for the others.
type system struct {
	catalog.Catalog
	viewer access.Viewer
	tables []SystemTable
}

func withSystem(c catalog.Catalog, d access.Decider, tables []SystemTable) catalog.Catalog {
	viewer, ok := d.(access.Viewer)
	if !ok || len(tables) == 0 {
		return c
	}
	tables = slices.Clone(tables)
	slices.SortFunc(tables, func(a, b SystemTable) int { return cmp.Compare(a.Name, b.Name) })
	return &system{c, viewer, tables}
}

// find returns a table of lethe's own, nil if that is none that ctx's principal may read.
func (s *system) find(ctx context.Context, database, name string) (*SystemTable, error) {
	if database != SystemDatabase {
		return nil, nil
	}
	for i := range s.tables {
		t := &s.tables[i]
		if t.Name != name {
			continue
		}
		ok, err := s.viewer.Allows(ctx, lethe.PrincipalOf(ctx), t.Action, t.Resource)
		if err != nil || !ok {
			return nil, err
		}
		return t, nil
	}
	return nil, nil
}

// seen returns those of a database's tables that ctx's principal may read.
func (s *system) seen(ctx context.Context, database string) (list []catalog.Table, err error) {
	if database != SystemDatabase {
		return nil, nil
	}
	for _, t := range s.tables {
		found, err := s.find(ctx, database, t.Name)
		if err != nil {
			return nil, err
		}
		if found != nil {
			list = append(list, found.table())
		}
	}
	return list, nil
}

func (s *system) database() catalog.Database {
	return catalog.Database{Name: SystemDatabase, Description: "what lethe tells of itself", Owner: lethe.System.Name}
}

// Databases lists the databases, and lethe's.
func (s *system) Databases(ctx context.Context) ([]catalog.Database, error) {
	all, err := s.Catalog.Databases(ctx)
	if err != nil || slices.ContainsFunc(all, func(d catalog.Database) bool { return d.Name == SystemDatabase }) {
		return all, err
	}
	own, err := s.seen(ctx, SystemDatabase)
	if err != nil || len(own) == 0 {
		return all, err
	}
	i, _ := slices.BinarySearchFunc(all, SystemDatabase, func(d catalog.Database, name string) int { return cmp.Compare(d.Name, name) })
	return slices.Insert(all, i, s.database()), nil
}

// Database returns a database, or lethe's.
func (s *system) Database(ctx context.Context, name string) (catalog.Database, error) {
	d, err := s.Catalog.Database(ctx, name)
	if lethe.Is(err, lethe.NotFound) && name == SystemDatabase {
		if own, e := s.seen(ctx, name); e != nil || len(own) > 0 {
			return s.database(), e
		}
	}
	return d, err
}

// Tables lists a database's tables, and lethe's.
func (s *system) Tables(ctx context.Context, database string) ([]catalog.Table, error) {
	own, err := s.seen(ctx, database)
	if err != nil {
		return nil, err
	}
	all, err := s.Catalog.Tables(ctx, database)
	if len(own) == 0 || err != nil && !lethe.Is(err, lethe.NotFound) {
		return all, err
	}
	all = slices.DeleteFunc(all, func(t catalog.Table) bool {
		return slices.ContainsFunc(own, func(o catalog.Table) bool { return o.Name == t.Name })
	})
	all = append(all, own...)
	slices.SortFunc(all, func(a, b catalog.Table) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// TableNames lists their names.
func (s *system) TableNames(ctx context.Context, database string) ([]string, error) {
	if own, err := s.seen(ctx, database); err != nil || len(own) == 0 {
		if err != nil {
			return nil, err
		}
		return s.Catalog.TableNames(ctx, database)
	}
	all, err := s.Tables(ctx, database)
	names := make([]string, len(all))
	for i, t := range all {
		names[i] = t.Name
	}
	return names, err
}

// Table returns a table, or lethe's.
func (s *system) Table(ctx context.Context, database, name string) (catalog.Table, error) {
	own, err := s.find(ctx, database, name)
	if err != nil {
		return catalog.Table{}, err
	}
	if own != nil {
		return own.table(), nil
	}
	return s.Catalog.Table(ctx, database, name)
}

// fixed refuses to change a table of lethe's own.
func (s *system) fixed(ctx context.Context, database, name string) error {
	own, err := s.find(ctx, database, name)
	if err == nil && own != nil {
		err = lethe.Errorf(lethe.Denied, "table %s.%s is lethe's own and cannot be changed", database, name)
	}
	return err
}

// CreateTable makes a table where none of lethe's own is.
func (s *system) CreateTable(ctx context.Context, t catalog.Table) error {
	if err := s.fixed(ctx, t.Database, t.Name); err != nil {
		return err
	}
	return s.Catalog.CreateTable(ctx, t)
}

// AlterTable changes a table that is not lethe's own.
func (s *system) AlterTable(ctx context.Context, database, name string, t catalog.Table) error {
	if err := s.fixed(ctx, database, name); err != nil {
		return err
	}
	return s.Catalog.AlterTable(ctx, database, name, t)
}

// DropTable drops a table that is not lethe's own.
func (s *system) DropTable(ctx context.Context, database, name string) error {
	if err := s.fixed(ctx, database, name); err != nil {
		return err
	}
	return s.Catalog.DropTable(ctx, database, name)
}

// systemScan takes what a table of lethe's own holds now; false if a table is none.
func (e *executor) systemScan(ctx context.Context, h resolved) (Scan, bool, error) {
	under := h.catalog
	if by, ok := under.(acting); ok {
		under = by.Catalog
	}
	c, ok := under.(*system)
	if !ok {
		return Scan{}, false, nil
	}
	t, err := c.find(ctx, h.table.Database, h.table.Name)
	if err != nil || t == nil {
		return Scan{}, false, err
	}
	if err := e.Access.Decide(ctx, lethe.PrincipalOf(ctx), t.Action, t.Resource); err != nil {
		return Scan{}, true, err
	}
	if e.taken == "" {
		if e.taken, err = os.MkdirTemp(e.Scratch, "lethe-"); err != nil {
			return Scan{}, true, err
		}
	}
	dir, err := os.MkdirTemp(e.taken, strings.ReplaceAll(t.Name, "/", "-")+"-")
	if err != nil {
		return Scan{}, true, err
	}
	files, err := t.Files(ctx, dir)
	return Scan{Table: h.table, Parts: []Part{{Storage: h.table.Storage, Files: files}}}, true, err
}

// dropTaken removes what systemScan took.
func (e *executor) dropTaken() error {
	if e.taken == "" {
		return nil
	}
	return os.RemoveAll(e.taken)
}
