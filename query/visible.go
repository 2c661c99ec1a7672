package query

import (
	"context"
	"slices"

	"lethe"
	"lethe/access"
	"lethe/catalog"
)

// visible is a catalog as one principal sees it: without the tables whose data
// it may not read. Who may not read a table's files does not learn from a
// listing, a refusal or an error that there is such a table, and cannot drop it
// either, whatever else it is allowed.
//
// It goes by the location of the table; partitions elsewhere are looked at when
// they are read.
type visible struct {
	catalog.Catalog
	viewer access.Viewer
	rules  *ruled // of the catalog's tables; nil of one that is not the lake's own
	all    bool   // an administrator's: nothing is left out but by rules
}

// seenBy narrows a catalog to what ctx's principal may see. The tables of the lake's
// own have rules, however it is reached.
func (s *Service) seenBy(ctx context.Context, c catalog.Catalog, own bool) catalog.Catalog {
	v, ok := s.Access.(access.Viewer)
	if !ok {
		return c
	}
	seen := visible{Catalog: c, viewer: v, all: lethe.PrincipalOf(ctx).Administrator}
	if sights, ok := s.Access.(access.Sights); ok && own {
		seen.rules = &ruled{c, sights}
		seen.Catalog = *seen.rules
	}
	return seen
}

// find returns a table as it is, if the principal may see it, and what rules leave of it.
func (v visible) find(ctx context.Context, database, name string) (t catalog.Table, sight access.Sight, err error) {
	if v.rules == nil {
		sight.Whole = true
		t, err = v.Catalog.Table(ctx, database, name)
	} else {
		t, sight, err = v.rules.find(ctx, database, name)
	}
	if err != nil {
		return t, sight, err
	}
	ok, err := v.sees(ctx, t)
	if err == nil && !ok {
		err = lethe.Errorf(lethe.NotFound, "table %s.%s does not exist", database, name)
	}
	return t, sight, err
}

// under is the catalog of tables as they are.
func (v visible) under() catalog.Catalog {
	if v.rules != nil {
		return v.rules.Catalog
	}
	return v.Catalog
}

// sees reports whether ctx's principal may read a table's data. A table without
// a location, such as a view, has none of its own.
func (v visible) sees(ctx context.Context, t catalog.Table) (bool, error) {
	if t.Storage.Location == "" || v.all {
		return true, nil
	}
	if v.rules != nil { // who reads the table does it through its rules
		ctx = access.ThroughRules(ctx, access.TableName{Catalog: lethe.DefaultCatalog, Database: t.Database, Table: t.Name})
	}
	l, err := lethe.ParseLocation(t.Storage.Location)
	if err != nil {
		return true, nil // nobody can read it, and the reason is the table's
	}
	return v.viewer.Allows(ctx, lethe.PrincipalOf(ctx), "s3:GetObject", lethe.ObjectARN(l.Bucket, l.Dir().Key+"*"))
}

// Tables lists the tables that the principal may see.
func (v visible) Tables(ctx context.Context, database string) ([]catalog.Table, error) {
	all, err := v.Catalog.Tables(ctx, database)
	if err != nil {
		return nil, err
	}
	var failed error
	all = slices.DeleteFunc(all, func(t catalog.Table) bool {
		ok, err := v.sees(ctx, t)
		if err != nil {
			failed = err
		}
		return !ok
	})
	return all, failed
}

// TableNames lists the names of those tables.
func (v visible) TableNames(ctx context.Context, database string) ([]string, error) {
	ts, err := v.Tables(ctx, database)
	names := make([]string, len(ts))
	for i, t := range ts {
		names[i] = t.Name
	}
	return names, err
}

// Table returns what the principal sees of a table.
func (v visible) Table(ctx context.Context, database, name string) (catalog.Table, error) {
	t, sight, err := v.find(ctx, database, name)
	if err != nil {
		return catalog.Table{}, err
	}
	return narrow(t, sight), nil
}

// DropDatabase does not take tables along that the principal cannot see.
func (v visible) DropDatabase(ctx context.Context, name string, cascade bool) error {
	if cascade {
		all, err := v.Catalog.TableNames(ctx, name)
		if err != nil {
			return err
		}
		seen, err := v.TableNames(ctx, name)
		if err != nil {
			return err
		}
		if len(seen) < len(all) {
			return lethe.Errorf(lethe.Denied, "database %s cannot be dropped with what is in it: not all of that is yours to see", name)
		}
	}
	return v.Catalog.DropDatabase(ctx, name, cascade)
}

// AlterTable changes a table that the principal may see.
func (v visible) AlterTable(ctx context.Context, database, name string, t catalog.Table) error {
	if _, err := v.Table(ctx, database, name); err != nil {
		return err
	}
	return v.Catalog.AlterTable(ctx, database, name, t)
}

// DropTable drops a table that the principal may see.
func (v visible) DropTable(ctx context.Context, database, name string) error {
	if _, err := v.Table(ctx, database, name); err != nil {
		return err
	}
	return v.Catalog.DropTable(ctx, database, name)
}

// Partitions returns the partitions of a table that the principal may see.
func (v visible) Partitions(ctx context.Context, database, table string, page catalog.PartitionPage) ([]catalog.Partition, error) {
	if _, err := v.Table(ctx, database, table); err != nil {
		return nil, err
	}
	return v.Catalog.Partitions(ctx, database, table, page)
}

// PartitionNames returns their names.
func (v visible) PartitionNames(ctx context.Context, database, table string, page catalog.PartitionPage) ([]string, error) {
	if _, err := v.Table(ctx, database, table); err != nil {
		return nil, err
	}
	return v.Catalog.PartitionNames(ctx, database, table, page)
}

// AddPartitions adds partitions to a table that the principal may see.
func (v visible) AddPartitions(ctx context.Context, database, table string, ps []catalog.Partition, ifNotExists bool) error {
	if _, err := v.Table(ctx, database, table); err != nil {
		return err
	}
	return v.Catalog.AddPartitions(ctx, database, table, ps, ifNotExists)
}

// DropPartitions drops partitions of a table that the principal may see.
func (v visible) DropPartitions(ctx context.Context, database, table string, values [][]string, ifExists bool) error {
	if _, err := v.Table(ctx, database, table); err != nil {
		return err
	}
	return v.Catalog.DropPartitions(ctx, database, table, values, ifExists)
}

// AlterPartition changes a partition of a table that the principal may see.
func (v visible) AlterPartition(ctx context.Context, database, table string, values []string, p catalog.Partition) error {
	if _, err := v.Table(ctx, database, table); err != nil {
		return err
	}
	return v.Catalog.AlterPartition(ctx, database, table, values, p)
}
