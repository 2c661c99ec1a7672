package hive

import (
	"context"
	"slices"
	"strings"

	"lethe"
	"lethe/catalog"
	"lethe/lib/hms"
)

// partitionsAtOnce is how many partitions one call asks for: about a megabyte.
const partitionsAtOnce = 1000

// PartitionNames lists names of partitions in their order.
func (c *Catalog) PartitionNames(ctx context.Context, database, table string, page catalog.PartitionPage) ([]string, error) {
	t, err := c.Table(ctx, database, table)
	if err != nil {
		return nil, err
	}
	return c.partitionNames(ctx, t, page)
}

func (c *Catalog) partitionNames(ctx context.Context, t catalog.Table, page catalog.PartitionPage) ([]string, error) {
	if page.Where != nil && len(page.Where.Values) > len(t.Partitions) {
		return nil, lethe.Errorf(lethe.Invalid, "table %s.%s has %d partition keys, and the expression %d", t.Database, t.Name, len(t.Partitions), len(page.Where.Values))
	}
	if len(t.Partitions) == 0 {
		return nil, nil
	}
	names, err := read(ctx, c, func(cn *conn) ([]string, error) {
		var r hms.GetPartitionNamesReply
		err := cn.Call("get_partition_names", &hms.GetPartitionNamesArgs{DbName: t.Database, TblName: t.Name, MaxParts: -1}, &r)
		return r.Success, err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(names) // as bytes: a metastore sorts as its database does
	may := wanted(page.Where)
	names = slices.DeleteFunc(names, func(n string) bool {
		return n <= page.After && page.After != "" || !selected(may, n)
	})
	if page.Limit > 0 && len(names) > page.Limit {
		names = names[:page.Limit]
	}
	return names, nil
}

// wanted makes an expression's lists into sets of values as they are in names.
func wanted(e *catalog.Expression) []map[string]bool {
	if e == nil {
		return nil
	}
	out := make([]map[string]bool, len(e.Values))
	for i, values := range e.Values {
		if values == nil {
			continue
		}
		out[i] = make(map[string]bool, len(values))
		for _, v := range values {
			if v == "" {
				v = catalog.DefaultValue
			}
			out[i][v] = true
		}
	}
	return out
}

func selected(may []map[string]bool, name string) bool {
	for _, set := range may {
		var part string
		part, name, _ = strings.Cut(name, "/")
		if set == nil {
			continue
		}
		_, v, _ := strings.Cut(part, "=")
		if !set[catalog.UnescapePath(v)] {
			return false
		}
	}
	return true
}

// Partitions returns partitions in the order of their names.
func (c *Catalog) Partitions(ctx context.Context, database, table string, page catalog.PartitionPage) ([]catalog.Partition, error) {
	t, err := c.Table(ctx, database, table)
	if err != nil {
		return nil, err
	}
	if f := filter(&t, page.Where); f != "" && len(page.Where.Values) <= len(t.Partitions) {
		names, ps, ok, err := c.filtered(ctx, &t, f)
		if err != nil {
			return nil, err
		}
		if ok {
			may, out := wanted(page.Where), []catalog.Partition{}
			for i, n := range names {
				if (page.After == "" || n > page.After) && selected(may, n) && (page.Limit <= 0 || len(out) < page.Limit) {
					out = append(out, FromPartition(&t, ps[i]))
				}
			}
			return out, nil
		}
	}
	names, err := c.partitionNames(ctx, t, page)
	if err != nil {
		return nil, err
	}
	return c.named(ctx, t, names)
}

// named returns those of the named partitions that exist, in the names' order.
func (c *Catalog) named(ctx context.Context, t catalog.Table, names []string) ([]catalog.Partition, error) {
	out := make([]catalog.Partition, 0, len(names))
	for some := range slices.Chunk(names, partitionsAtOnce) {
		ps, err := read(ctx, c, func(cn *conn) ([]*hms.Partition, error) {
			var r hms.GetPartitionsByNamesReply
			err := cn.Call("get_partitions_by_names", &hms.GetPartitionsByNamesArgs{DbName: t.Database, TblName: t.Name, Names: some}, &r)
			return r.Success, err
		})
		if err != nil {
			return nil, err
		}
		found := make(map[string]*hms.Partition, len(ps))
		for _, p := range ps {
			if p != nil && len(p.Values) == len(t.Partitions) {
				found[catalog.PartitionName(t.Partitions, p.Values)] = p
			}
		}
		for _, n := range some {
			if p := found[n]; p != nil {
				out = append(out, FromPartition(&t, p))
			}
		}
	}
	return out, nil
}

// nameOf returns a partition's name, or Invalid if it has not a value for each
// of the table's keys.
func nameOf(t *catalog.Table, values []string) (string, error) {
	if len(values) == 0 || len(values) != len(t.Partitions) {
		return "", lethe.Errorf(lethe.Invalid, "table %s.%s has %d partition keys, and the partition %d values", t.Database, t.Name, len(t.Partitions), len(values))
	}
	return catalog.PartitionName(t.Partitions, values), nil
}

// AddPartitions adds all or none, in one call.
func (c *Catalog) AddPartitions(ctx context.Context, database, table string, ps []catalog.Partition, ifNotExists bool) error {
	t, err := c.current(ctx, database, table)
	if err != nil {
		return err
	}
	adds, seen := make([]catalog.Partition, 0, len(ps)), map[string]bool{}
	for _, p := range ps {
		name, err := nameOf(&t, p.Values)
		if err != nil {
			return err
		}
		if seen[name] && ifNotExists { // Java refuses the same twice
			continue
		}
		seen[name] = true
		adds = append(adds, p)
	}
	if len(adds) == 0 {
		return nil
	}
	return c.change(ctx, func(cn *conn) error {
		return cn.Call("add_partitions_req", &hms.AddPartitionsReqArgs{Request: &hms.AddPartitionsRequest{DbName: t.Database, TblName: t.Name,
			Parts: ToPartitions(&t, adds), IfNotExists: ifNotExists, NeedResult: new(bool)}}, &hms.AddPartitionsReqReply{})
	})
}

// DropPartitions drops all or none, in one call. Files stay.
func (c *Catalog) DropPartitions(ctx context.Context, database, table string, values [][]string, ifExists bool) error {
	t, err := c.current(ctx, database, table)
	if err != nil {
		return err
	}
	var names []string
	for _, v := range values {
		name, err := nameOf(&t, v)
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 {
		return nil
	}
	return c.change(ctx, func(cn *conn) error {
		return cn.Call("drop_partitions_req", &hms.DropPartitionsReqArgs{Req: &hms.DropPartitionsRequest{DbName: t.Database, TblName: t.Name,
			Parts: &hms.RequestPartsSpec{Names: names}, DeleteData: new(bool), IfExists: &ifExists, NeedResult: new(bool)}}, &hms.DropPartitionsReqReply{})
	})
}

// AlterPartition replaces a partition's definition; p may have other values.
func (c *Catalog) AlterPartition(ctx context.Context, database, table string, values []string, p catalog.Partition) error {
	t, err := c.current(ctx, database, table)
	if err != nil {
		return err
	}
	from, err := nameOf(&t, values)
	if err != nil {
		return err
	}
	to, err := nameOf(&t, p.Values)
	if err != nil {
		return err
	}
	old, err := c.named(ctx, t, []string{from})
	if err != nil {
		return err
	}
	if len(old) == 0 {
		return lethe.Errorf(lethe.NotFound, "partition %s of table %s.%s does not exist", from, t.Database, t.Name)
	}
	if p.Created.IsZero() {
		p.Created = old[0].Created
	}
	def := ToPartitions(&t, []catalog.Partition{p})[0]
	err = c.change(ctx, func(cn *conn) error {
		if from == to {
			return cn.Call("alter_partition", &hms.AlterPartitionArgs{DbName: t.Database, TblName: t.Name, NewPart: def}, &hms.AlterPartitionReply{})
		}
		return cn.Call("rename_partition", &hms.RenamePartitionArgs{DbName: t.Database, TblName: t.Name, PartVals: old[0].Values, NewPart: def}, &hms.RenamePartitionReply{})
	})
	if !refused(err) {
		return err
	}
	// Of what is missing or in the way, the exception has only words.
	there, e := c.named(ctx, t, []string{to})
	switch {
	case e != nil:
		return e
	case from != to && len(there) > 0:
		return lethe.Errorf(lethe.Exists, "%w", err)
	case from == to && len(there) == 0:
		return lethe.Errorf(lethe.NotFound, "%w", err)
	}
	return lethe.Errorf(lethe.Invalid, "%w", err)
}
