package query

import (
	"context"
	"slices"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/lib/trinosql"
)

// ruled is the lake's own catalog as the rules of its tables leave it for ctx's
// principal: without tables that are closed to it, hidden columns, partitions that
// a row filter leaves nothing of, and what else tells of the data, such as counts of
// rows. Whoever sees a table through rules cannot change it.
type ruled struct {
	catalog.Catalog
	sights access.Sights
}

// sight returns what ctx's principal sees of a table.
func (r ruled) sight(ctx context.Context, database, table string) (access.Sight, error) {
	return r.sights.TableSight(ctx, lethe.PrincipalOf(ctx), access.TableName{Catalog: lethe.DefaultCatalog, Database: database, Table: table})
}

// find returns a table as it is, and what is seen of it: something.
func (r ruled) find(ctx context.Context, database, name string) (catalog.Table, access.Sight, error) {
	sight, err := r.sight(ctx, database, name)
	if err != nil {
		return catalog.Table{}, sight, err
	}
	if sight.Closed() {
		return catalog.Table{}, sight, r.absent(ctx, database, name)
	}
	t, err := r.Catalog.Table(ctx, database, name)
	return t, sight, err
}

// absent is the error of a catalog that has no such table.
func (r ruled) absent(ctx context.Context, database, name string) error {
	if _, err := r.Database(ctx, database); err != nil {
		return err
	}
	return lethe.Errorf(lethe.NotFound, "table %s.%s does not exist", database, name)
}

// narrow leaves out of a table's definition what the rules do.
func narrow(t catalog.Table, sight access.Sight) catalog.Table {
	if sight.Whole {
		return t
	}
	hidden := hiddenBy(sight)
	t.Partitions = without(t.Partitions, hidden)
	t.Storage = narrowStorage(t.Storage, hidden)
	t.Parameters = only(t.Parameters, "EXTERNAL", "comment", "classification")
	return t
}

func narrowStorage(s catalog.Storage, hidden map[string]bool) catalog.Storage {
	s.Columns = without(s.Columns, hidden)
	s.Parameters = nil
	s.SerDe.Parameters = only(s.SerDe.Parameters, "field.delim", "serialization.format", "escape.delim", "colelction.delim", "mapkey.delim", "line.delim",
		"serialization.null.format", "separatorChar", "quoteChar", "escapeChar")
	s.BucketColumns = slices.DeleteFunc(slices.Clone(s.BucketColumns), func(c string) bool { return hidden[c] })
	s.SortColumns = slices.DeleteFunc(slices.Clone(s.SortColumns), func(c catalog.SortColumn) bool { return hidden[c.Column] })
	return s
}

func without(cs []catalog.Column, hidden map[string]bool) []catalog.Column {
	if cs == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(cs), func(c catalog.Column) bool { return hidden[c.Name] })
}

// only keeps settings that tell nothing of columns or rows.
func only(m map[string]string, keys ...string) map[string]string {
	out := map[string]string{}
	for _, k := range keys {
		if v, ok := m[k]; ok {
			out[k] = v
		}
	}
	return out
}

func hiddenBy(sight access.Sight) map[string]bool {
	hidden := map[string]bool{}
	for _, r := range sight.Rules {
		for _, m := range r.Masks {
			if m.Kind == access.Hide {
				hidden[m.Column] = true
			}
		}
	}
	return hidden
}

// Table returns what is seen of a table.
func (r ruled) Table(ctx context.Context, database, name string) (catalog.Table, error) {
	t, sight, err := r.find(ctx, database, name)
	if err != nil {
		return catalog.Table{}, err
	}
	return narrow(t, sight), nil
}

// Tables lists what is seen of a database's tables.
func (r ruled) Tables(ctx context.Context, database string) ([]catalog.Table, error) {
	all, err := r.Catalog.Tables(ctx, database)
	if err != nil {
		return nil, err
	}
	kept := all[:0]
	for _, t := range all {
		sight, err := r.sight(ctx, t.Database, t.Name)
		if err != nil {
			return nil, err
		}
		if !sight.Closed() {
			kept = append(kept, narrow(t, sight))
		}
	}
	return kept, nil
}

// TableNames lists the names of the tables of which something is seen.
func (r ruled) TableNames(ctx context.Context, database string) ([]string, error) {
	all, err := r.Catalog.TableNames(ctx, database)
	if err != nil {
		return nil, err
	}
	kept := all[:0]
	for _, name := range all {
		sight, err := r.sight(ctx, database, name)
		if err != nil {
			return nil, err
		}
		if !sight.Closed() {
			kept = append(kept, name)
		}
	}
	return kept, nil
}

// partitionSight decides which partitions of a table are seen.
type partitionSight struct {
	table    catalog.Table // as it is
	hidden   map[string]bool
	whole    bool
	pruner   pruner
	filtered bool
}

// partitions returns what is seen of a table's partitions. Those are left out whose
// values alone say that no row of them is seen. Where the values are masked, nothing
// is shown.
func (r ruled) partitions(ctx context.Context, database, table string) (partitionSight, error) {
	t, sight, err := r.find(ctx, database, table)
	s := partitionSight{table: t, whole: sight.Whole}
	if err != nil || sight.Whole {
		return s, err
	}
	for _, c := range t.Partitions {
		if m, _, err := maskOf(sight.Rules, c.Name); m.Kind != "" || err != nil {
			return s, lethe.Errorf(lethe.Denied, "the partitions of %s.%s are not shown: rules mask what they are named by", t.Database, t.Name)
		}
	}
	s.hidden = hiddenBy(sight)
	schema, err := Schema(trinosql.TableName{Catalog: lethe.DefaultCatalog, Database: t.Database, Table: t.Name}, t)
	if err != nil {
		return s, err
	}
	if err := through(ctx, schema, sight); err != nil {
		return s, err
	}
	a, err := probe(ctx, schema)
	if err != nil {
		return s, err
	}
	if len(a.Tables) == 1 {
		s.pruner, s.filtered = newPruner(a, a.Tables[0], t), true
	}
	return s, nil
}

// keep leaves out of partitions, and of each, what is not seen.
func (s partitionSight) keep(all []catalog.Partition) []catalog.Partition {
	if s.whole {
		return all
	}
	var kept []catalog.Partition
	for _, p := range all {
		if len(p.Values) == len(s.table.Partitions) && s.filtered && s.pruner.keeps(p.Values) {
			p.Storage = narrowStorage(p.Storage, s.hidden)
			p.Parameters = map[string]string{}
			kept = append(kept, p)
		}
	}
	return kept
}

// Partitions returns those of a page's partitions that are seen.
func (r ruled) Partitions(ctx context.Context, database, table string, page catalog.PartitionPage) ([]catalog.Partition, error) {
	s, err := r.partitions(ctx, database, table)
	if err != nil {
		return nil, err
	}
	if s.whole {
		return r.Catalog.Partitions(ctx, database, table, page)
	}
	all, err := r.Catalog.Partitions(ctx, database, table, catalog.PartitionPage{After: page.After, Where: page.Where})
	if err != nil {
		return nil, err
	}
	all = s.keep(all)
	if page.Limit > 0 && len(all) > page.Limit {
		all = all[:page.Limit]
	}
	return all, nil
}

// PartitionNames returns the names of those partitions.
func (r ruled) PartitionNames(ctx context.Context, database, table string, page catalog.PartitionPage) ([]string, error) {
	s, err := r.partitions(ctx, database, table)
	if err != nil {
		return nil, err
	}
	if s.whole {
		return r.Catalog.PartitionNames(ctx, database, table, page)
	}
	ps, err := r.Partitions(ctx, database, table, page)
	names := make([]string, len(ps))
	for i, p := range ps {
		names[i] = catalog.PartitionName(s.table.Partitions, p.Values)
	}
	return names, err
}

// whole refuses to change a table that is seen through rules.
func (r ruled) whole(ctx context.Context, database, table string) error {
	sight, err := r.sight(ctx, database, table)
	switch {
	case err != nil || sight.Whole:
		return err
	case sight.Closed():
		return r.absent(ctx, database, table)
	}
	return lethe.Errorf(lethe.Denied, "table %s.%s cannot be changed by somebody who sees it through rules", database, table).
		WithHint("lethe:BypassTableRules lets see, and change, the whole table")
}

// DropDatabase does not take tables along that are not seen whole.
func (r ruled) DropDatabase(ctx context.Context, name string, cascade bool) error {
	names, err := r.Catalog.TableNames(ctx, name)
	if err != nil {
		return err
	}
	for _, t := range names {
		sight, err := r.sight(ctx, name, t)
		if err != nil {
			return err
		}
		if cascade && !sight.Whole {
			return lethe.Errorf(lethe.Denied, "database %s cannot be dropped with what is in it: not all of that is yours to see", name)
		}
	}
	return r.Catalog.DropDatabase(ctx, name, cascade)
}

// AlterTable changes a table that is seen whole.
func (r ruled) AlterTable(ctx context.Context, database, name string, t catalog.Table) error {
	if err := r.whole(ctx, database, name); err != nil {
		return err
	}
	return r.Catalog.AlterTable(ctx, database, name, t)
}

// DropTable drops a table that is seen whole.
func (r ruled) DropTable(ctx context.Context, database, name string) error {
	if err := r.whole(ctx, database, name); err != nil {
		return err
	}
	return r.Catalog.DropTable(ctx, database, name)
}

// AddPartitions adds partitions to a table that is seen whole.
func (r ruled) AddPartitions(ctx context.Context, database, table string, ps []catalog.Partition, ifNotExists bool) error {
	if err := r.whole(ctx, database, table); err != nil {
		return err
	}
	return r.Catalog.AddPartitions(ctx, database, table, ps, ifNotExists)
}

// DropPartitions drops partitions of a table that is seen whole.
func (r ruled) DropPartitions(ctx context.Context, database, table string, values [][]string, ifExists bool) error {
	if err := r.whole(ctx, database, table); err != nil {
		return err
	}
	return r.Catalog.DropPartitions(ctx, database, table, values, ifExists)
}

// AlterPartition changes a partition of a table that is seen whole.
func (r ruled) AlterPartition(ctx context.Context, database, table string, values []string, p catalog.Partition) error {
	if err := r.whole(ctx, database, table); err != nil {
		return err
	}
	return r.Catalog.AlterPartition(ctx, database, table, values, p)
}
