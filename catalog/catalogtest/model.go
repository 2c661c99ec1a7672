package catalogtest

import (
	"context"
	"maps"
	"slices"
	"strings"

	"lethe"
	"lethe/catalog"
)

// model is what a catalog means, kept in maps. It checks existence, and leaves
// the checking of definitions to the tests that name them.
type model struct {
	databases map[string]catalog.Database
	tables    map[[2]string]*modelTable
}

type modelTable struct {
	catalog.Table
	partitions map[string]catalog.Partition
}

func newModel() *model {
	return &model{
		databases: map[string]catalog.Database{"default": {Name: "default"}},
		tables:    map[[2]string]*modelTable{},
	}
}

var _ catalog.Catalog = (*model)(nil)

func missing(what string) error { return lethe.Errorf(lethe.NotFound, "no %s", what) }
func exists(what string) error  { return lethe.Errorf(lethe.Exists, "%s exists", what) }

func (m *model) table(database, name string) (*modelTable, error) {
	t, ok := m.tables[[2]string{strings.ToLower(database), strings.ToLower(name)}]
	if !ok {
		return nil, missing("table")
	}
	return t, nil
}

func (m *model) Databases(context.Context) ([]catalog.Database, error) {
	var out []catalog.Database
	for _, name := range slices.Sorted(maps.Keys(m.databases)) {
		out = append(out, m.databases[name])
	}
	return out, nil
}

func (m *model) Database(_ context.Context, name string) (catalog.Database, error) {
	d, ok := m.databases[strings.ToLower(name)]
	if !ok {
		return d, missing("database")
	}
	return d, nil
}

func (m *model) CreateDatabase(_ context.Context, d catalog.Database) error {
	d.Name = strings.ToLower(d.Name)
	if _, ok := m.databases[d.Name]; ok {
		return exists("database")
	}
	m.databases[d.Name] = d
	return nil
}

func (m *model) AlterDatabase(ctx context.Context, name string, d catalog.Database) error {
	old, err := m.Database(ctx, name)
	if err != nil {
		return err
	}
	d.Name = old.Name
	m.databases[d.Name] = d
	return nil
}

func (m *model) DropDatabase(ctx context.Context, name string, cascade bool) error {
	if strings.EqualFold(name, "default") {
		return lethe.Errorf(lethe.Invalid, "default stays")
	}
	d, err := m.Database(ctx, name)
	if err != nil {
		return err
	}
	names, _ := m.TableNames(ctx, name)
	if len(names) > 0 && !cascade {
		return lethe.Errorf(lethe.Conflict, "not empty")
	}
	for _, n := range names {
		delete(m.tables, [2]string{d.Name, n})
	}
	delete(m.databases, d.Name)
	return nil
}

func (m *model) Tables(ctx context.Context, database string) ([]catalog.Table, error) {
	names, err := m.TableNames(ctx, database)
	var out []catalog.Table
	for _, n := range names {
		out = append(out, m.tables[[2]string{strings.ToLower(database), n}].Table)
	}
	return out, err
}

func (m *model) TableNames(ctx context.Context, database string) ([]string, error) {
	d, err := m.Database(ctx, database)
	if err != nil {
		return nil, err
	}
	var out []string
	for k := range m.tables {
		if k[0] == d.Name {
			out = append(out, k[1])
		}
	}
	slices.Sort(out)
	return out, nil
}

func (m *model) Table(_ context.Context, database, name string) (catalog.Table, error) {
	t, err := m.table(database, name)
	if err != nil {
		return catalog.Table{}, err
	}
	return t.Table, nil
}

func (m *model) free(database, name string) error {
	if _, ok := m.databases[database]; !ok {
		return missing("database")
	}
	if _, ok := m.tables[[2]string{database, name}]; ok {
		return exists("table")
	}
	return nil
}

func (m *model) CreateTable(_ context.Context, t catalog.Table) error {
	t.Database, t.Name = strings.ToLower(t.Database), strings.ToLower(t.Name)
	if err := m.free(t.Database, t.Name); err != nil {
		return err
	}
	m.tables[[2]string{t.Database, t.Name}] = &modelTable{t, map[string]catalog.Partition{}}
	return nil
}

func (m *model) AlterTable(_ context.Context, database, name string, t catalog.Table) error {
	old, err := m.table(database, name)
	if err != nil {
		return err
	}
	t.Database, t.Name = strings.ToLower(t.Database), strings.ToLower(t.Name)
	same := slices.EqualFunc(old.Partitions, t.Partitions, func(a, b catalog.Column) bool { return a.Name == b.Name })
	if !same && len(old.partitions) > 0 {
		return lethe.Errorf(lethe.Conflict, "it has partitions")
	}
	if t.Database != old.Database || t.Name != old.Name {
		if err := m.free(t.Database, t.Name); err != nil {
			return err
		}
	}
	delete(m.tables, [2]string{old.Database, old.Name})
	m.tables[[2]string{t.Database, t.Name}] = &modelTable{t, old.partitions}
	return nil
}

func (m *model) DropTable(_ context.Context, database, name string) error {
	t, err := m.table(database, name)
	if err != nil {
		return err
	}
	delete(m.tables, [2]string{t.Database, t.Name})
	return nil
}

func (m *model) PartitionNames(_ context.Context, database, table string, page catalog.PartitionPage) ([]string, error) {
	t, err := m.table(database, table)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(t.partitions)) {
		if name <= page.After || page.Limit > 0 && len(out) == page.Limit {
			continue
		}
		if page.Where == nil || matches(page.Where.Values, t.partitions[name].Values) {
			out = append(out, name)
		}
	}
	return out, nil
}

func (m *model) Partitions(ctx context.Context, database, table string, page catalog.PartitionPage) ([]catalog.Partition, error) {
	names, err := m.PartitionNames(ctx, database, table, page)
	if err != nil {
		return nil, err
	}
	t, _ := m.table(database, table)
	var out []catalog.Partition
	for _, n := range names {
		out = append(out, t.partitions[n])
	}
	return out, nil
}

// own is a partition as it is kept: without columns if they are the table's.
func (t *modelTable) own(p catalog.Partition) (string, catalog.Partition) {
	if slices.Equal(p.Storage.Columns, t.Storage.Columns) {
		p.Storage.Columns = nil
	}
	p.Values = slices.Clone(p.Values)
	for i, v := range p.Values {
		if v == "" {
			p.Values[i] = catalog.DefaultValue
		}
	}
	return catalog.PartitionName(t.Table.Partitions, p.Values), p
}

// read is a partition as a reader takes it: with the table's columns if it has
// none. A partition that was given columns of its own reads the same once the
// table has those too, and a catalog reached over Thrift cannot tell the two apart.
func (t *modelTable) read(p catalog.Partition) catalog.Partition {
	if p.Storage.Columns == nil {
		p.Storage.Columns = t.Storage.Columns
	}
	return p
}

func (m *model) AddPartitions(_ context.Context, database, table string, ps []catalog.Partition, ifNotExists bool) error {
	t, err := m.table(database, table)
	if err != nil {
		return err
	}
	next := maps.Clone(t.partitions)
	for _, p := range ps {
		name, p := t.own(p)
		if _, ok := next[name]; !ok {
			next[name] = p
		} else if !ifNotExists {
			return exists("partition")
		}
	}
	t.partitions = next
	return nil
}

func (m *model) DropPartitions(_ context.Context, database, table string, values [][]string, ifExists bool) error {
	t, err := m.table(database, table)
	if err != nil {
		return err
	}
	next := maps.Clone(t.partitions)
	for _, v := range values {
		name, _ := t.own(catalog.Partition{Values: v})
		if _, ok := t.partitions[name]; !ok && !ifExists {
			return missing("partition")
		}
		delete(next, name)
	}
	t.partitions = next
	return nil
}

func (m *model) AlterPartition(_ context.Context, database, table string, values []string, p catalog.Partition) error {
	t, err := m.table(database, table)
	if err != nil {
		return err
	}
	old, _ := t.own(catalog.Partition{Values: values})
	if _, ok := t.partitions[old]; !ok {
		return missing("partition")
	}
	name, p := t.own(p)
	if _, ok := t.partitions[name]; ok && name != old {
		return exists("partition")
	}
	t.partitions = maps.Clone(t.partitions)
	delete(t.partitions, old)
	t.partitions[name] = p
	return nil
}
