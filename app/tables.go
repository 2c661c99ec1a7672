package app

import (
	"context"
	"strings"
	"sync/atomic"

	"lethe"
	"lethe/access"
	"lethe/catalog"
)

// tables is the lake's catalog as everything in the lake uses it. It notices changes
// of where the tables lie that have rules, and tells access, which refuses their
// files to those who see the tables only through the rules.
type tables struct {
	catalog.Metastore
	access  *access.Service
	region  string
	version atomic.Uint64
}

var _ access.Tables = (*tables)(nil)

// Region implements access.Tables.
func (t *tables) Region() string { return t.region }

// Version implements access.Tables.
func (t *tables) Version() uint64 { return t.version.Load() }

// Locations implements access.Tables: the table's location, and those of its
// partitions that are not below it.
func (t *tables) Locations(ctx context.Context, name access.TableName) ([]lethe.Location, error) {
	table, err := t.Table(ctx, name.Database, name.Table)
	if lethe.Is(err, lethe.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []lethe.Location
	add := func(text string) {
		l, err := lethe.ParseLocation(text)
		if err != nil {
			return // nobody can read there
		}
		l = l.Dir()
		for _, known := range all {
			if l.Bucket == known.Bucket && strings.HasPrefix(l.Key, known.Key) {
				return
			}
		}
		all = append(all, l)
	}
	add(table.Storage.Location)
	if len(table.Partitions) == 0 {
		return all, nil
	}
	ps, err := t.Metastore.Partitions(ctx, name.Database, name.Table, catalog.PartitionPage{})
	if err != nil && !lethe.Is(err, lethe.NotFound) {
		return nil, err
	}
	for _, p := range ps {
		add(p.Storage.Location)
	}
	return all, nil
}

// changes runs a change of a table, and has its locations read anew if it has rules.
func (t *tables) changes(ctx context.Context, database, table string, change func() error) error {
	ruled, err := t.ruled(ctx, database, table)
	if err != nil {
		return err
	}
	if ruled {
		defer t.version.Add(1) // also after an error: it may have come after the commit
	}
	return change()
}

func (t *tables) ruled(ctx context.Context, database, table string) (bool, error) {
	rules, err := t.access.TableRules(ctx, access.TableName{Catalog: lethe.DefaultCatalog, Database: database, Table: table})
	return len(rules) > 0, err
}

// keepsName refuses to give a table that has rules another name: the rules go by it.
func (t *tables) keepsName(ctx context.Context, database, name string, to catalog.Table) error {
	if to.Database == database && to.Name == name {
		return nil
	}
	ruled, err := t.ruled(ctx, database, name)
	if err == nil && ruled {
		err = lethe.Errorf(lethe.Conflict, "table %s.%s has rules and cannot get another name", database, name).
			WithHint("put its rules for the new name first, rename a copy, or delete the rules")
	}
	return err
}

func (t *tables) CreateTable(ctx context.Context, table catalog.Table) error {
	return t.changes(ctx, table.Database, table.Name, func() error { return t.Metastore.CreateTable(ctx, table) })
}

func (t *tables) AlterTable(ctx context.Context, database, name string, to catalog.Table) error {
	if err := t.keepsName(ctx, database, name, to); err != nil {
		return err
	}
	return t.changes(ctx, database, name, func() error { return t.Metastore.AlterTable(ctx, database, name, to) })
}

func (t *tables) AlterTableIf(ctx context.Context, database, name string, to catalog.Table, parameter, expected string) error {
	if err := t.keepsName(ctx, database, name, to); err != nil {
		return err
	}
	return t.changes(ctx, database, name, func() error { return t.Metastore.AlterTableIf(ctx, database, name, to, parameter, expected) })
}

func (t *tables) DropTable(ctx context.Context, database, name string) error {
	return t.changes(ctx, database, name, func() error { return t.Metastore.DropTable(ctx, database, name) })
}

func (t *tables) DropDatabase(ctx context.Context, name string, cascade bool) error {
	defer t.version.Add(1)
	return t.Metastore.DropDatabase(ctx, name, cascade)
}

func (t *tables) AddPartitions(ctx context.Context, database, table string, ps []catalog.Partition, ifNotExists bool) error {
	return t.changes(ctx, database, table, func() error { return t.Metastore.AddPartitions(ctx, database, table, ps, ifNotExists) })
}

func (t *tables) DropPartitions(ctx context.Context, database, table string, values [][]string, ifExists bool) error {
	return t.changes(ctx, database, table, func() error { return t.Metastore.DropPartitions(ctx, database, table, values, ifExists) })
}

func (t *tables) AlterPartition(ctx context.Context, database, table string, values []string, p catalog.Partition) error {
	return t.changes(ctx, database, table, func() error { return t.Metastore.AlterPartition(ctx, database, table, values, p) })
}

func (t *tables) AlterPartitions(ctx context.Context, database, table string, ps []catalog.Partition) error {
	return t.changes(ctx, database, table, func() error { return t.Metastore.AlterPartitions(ctx, database, table, ps) })
}
