package query

import (
	"context"

	"lethe/access"
	"lethe/catalog"
)

// Ruled returns a metastore as the rules of its tables leave it for the principal of
// each call: for doors to the lake's own catalog that show it to others.
func Ruled(m catalog.Metastore, s access.Sights) catalog.Metastore {
	return ruledMetastore{m, ruled{m, s}}
}

// ruledMetastore is a metastore under the rules of its tables. Statistics are of all
// rows, so whoever sees a table through rules gets none.
type ruledMetastore struct {
	catalog.Metastore
	rules ruled
}

func (m ruledMetastore) Tables(ctx context.Context, database string) ([]catalog.Table, error) {
	return m.rules.Tables(ctx, database)
}

func (m ruledMetastore) TableNames(ctx context.Context, database string) ([]string, error) {
	return m.rules.TableNames(ctx, database)
}

func (m ruledMetastore) Table(ctx context.Context, database, name string) (catalog.Table, error) {
	return m.rules.Table(ctx, database, name)
}

func (m ruledMetastore) AlterTable(ctx context.Context, database, name string, t catalog.Table) error {
	return m.rules.AlterTable(ctx, database, name, t)
}

func (m ruledMetastore) DropTable(ctx context.Context, database, name string) error {
	return m.rules.DropTable(ctx, database, name)
}

func (m ruledMetastore) DropDatabase(ctx context.Context, name string, cascade bool) error {
	return m.rules.DropDatabase(ctx, name, cascade)
}

func (m ruledMetastore) Partitions(ctx context.Context, database, table string, page catalog.PartitionPage) ([]catalog.Partition, error) {
	return m.rules.Partitions(ctx, database, table, page)
}

func (m ruledMetastore) PartitionNames(ctx context.Context, database, table string, page catalog.PartitionPage) ([]string, error) {
	return m.rules.PartitionNames(ctx, database, table, page)
}

func (m ruledMetastore) AddPartitions(ctx context.Context, database, table string, ps []catalog.Partition, ifNotExists bool) error {
	return m.rules.AddPartitions(ctx, database, table, ps, ifNotExists)
}

func (m ruledMetastore) DropPartitions(ctx context.Context, database, table string, values [][]string, ifExists bool) error {
	return m.rules.DropPartitions(ctx, database, table, values, ifExists)
}

func (m ruledMetastore) AlterPartition(ctx context.Context, database, table string, values []string, p catalog.Partition) error {
	return m.rules.AlterPartition(ctx, database, table, values, p)
}

func (m ruledMetastore) PartitionsNamed(ctx context.Context, database, table string, names []string) ([]catalog.Partition, error) {
	s, err := m.rules.partitions(ctx, database, table)
	if err != nil {
		return nil, err
	}
	ps, err := m.Metastore.PartitionsNamed(ctx, database, table, names)
	if err != nil {
		return nil, err
	}
	return s.keep(ps), nil
}

func (m ruledMetastore) AlterPartitions(ctx context.Context, database, table string, ps []catalog.Partition) error {
	if err := m.rules.whole(ctx, database, table); err != nil {
		return err
	}
	return m.Metastore.AlterPartitions(ctx, database, table, ps)
}

func (m ruledMetastore) AlterTableIf(ctx context.Context, database, name string, t catalog.Table, parameter, expected string) error {
	if err := m.rules.whole(ctx, database, name); err != nil {
		return err
	}
	return m.Metastore.AlterTableIf(ctx, database, name, t, parameter, expected)
}

// seesAll reports whether a table is seen whole; its error is that of a table that is
// not seen at all.
func (m ruledMetastore) seesAll(ctx context.Context, database, table string) (bool, error) {
	_, sight, err := m.rules.find(ctx, database, table)
	return sight.Whole, err
}

func (m ruledMetastore) TableStatistics(ctx context.Context, database, table string, columns []string) ([]catalog.ColumnStatistics, error) {
	if whole, err := m.seesAll(ctx, database, table); err != nil || !whole {
		return nil, err
	}
	return m.Metastore.TableStatistics(ctx, database, table, columns)
}

func (m ruledMetastore) PartitionStatistics(ctx context.Context, database, table string, partitions, columns []string) (map[string][]catalog.ColumnStatistics, error) {
	if whole, err := m.seesAll(ctx, database, table); err != nil || !whole {
		return map[string][]catalog.ColumnStatistics{}, err
	}
	return m.Metastore.PartitionStatistics(ctx, database, table, partitions, columns)
}

func (m ruledMetastore) SetTableStatistics(ctx context.Context, database, table string, s []catalog.ColumnStatistics) error {
	if err := m.rules.whole(ctx, database, table); err != nil {
		return err
	}
	return m.Metastore.SetTableStatistics(ctx, database, table, s)
}

func (m ruledMetastore) DeleteTableStatistics(ctx context.Context, database, table, column string) error {
	if err := m.rules.whole(ctx, database, table); err != nil {
		return err
	}
	return m.Metastore.DeleteTableStatistics(ctx, database, table, column)
}

func (m ruledMetastore) SetPartitionStatistics(ctx context.Context, database, table string, s map[string][]catalog.ColumnStatistics) error {
	if err := m.rules.whole(ctx, database, table); err != nil {
		return err
	}
	return m.Metastore.SetPartitionStatistics(ctx, database, table, s)
}

func (m ruledMetastore) DeletePartitionStatistics(ctx context.Context, database, table, partition, column string) error {
	if err := m.rules.whole(ctx, database, table); err != nil {
		return err
	}
	return m.Metastore.DeletePartitionStatistics(ctx, database, table, partition, column)
}

func (m ruledMetastore) ForgetStatistics(ctx context.Context, database, table, partition string) (int64, error) {
	if err := m.rules.whole(ctx, database, table); err != nil {
		return 0, err
	}
	return m.Metastore.ForgetStatistics(ctx, database, table, partition)
}

// Notifications leaves out those of tables that are not seen whole: their messages
// hold the definition.
func (m ruledMetastore) Notifications(ctx context.Context, after int64, most int) ([]catalog.Notification, error) {
	for {
		ns, err := m.Metastore.Notifications(ctx, after, most)
		if err != nil || len(ns) == 0 {
			return nil, err
		}
		after = ns[len(ns)-1].ID
		var out []catalog.Notification
		for _, n := range ns {
			if n.Table != "" {
				s, err := m.rules.sight(ctx, n.Database, n.Table)
				if err != nil {
					return nil, err
				}
				if !s.Whole {
					continue
				}
			}
			out = append(out, n)
		}
		if len(out) > 0 {
			return out, nil
		}
	}
}
