package hms

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/lib/hms"
)

func (r *registry) partitions() {
	type ctxt = context.Context
	const read = "glue:GetPartitions"

	// Names.
	add(r, "get_partition_names", read, onTable, func(a *hms.GetPartitionNamesArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionNamesArgs, r *hms.GetPartitionNamesReply) (err error) {
			r.Success, err = c.partitionNames(ctx, t, catalog.PartitionPage{Limit: most(int32(a.MaxParts))})
			return err
		})
	add(r, "fetch_partition_names_req", read, onTable, func(a *hms.FetchPartitionNamesReqArgs) target {
		return target{of(a.PartitionReq).DbName, of(a.PartitionReq).TblName}
	}, func(ctx ctxt, c *conn, t target, a *hms.FetchPartitionNamesReqArgs, r *hms.FetchPartitionNamesReqReply) (err error) {
		r.Success, err = c.partitionNames(ctx, t, catalog.PartitionPage{Limit: most16(of(a.PartitionReq).MaxParts)})
		return err
	})
	add(r, "get_partition_names_ps", read, onTable, func(a *hms.GetPartitionNamesPsArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionNamesPsArgs, r *hms.GetPartitionNamesPsReply) (err error) {
			r.Success, err = c.partitionNames(ctx, t, partial(a.PartVals, most(int32(a.MaxParts))))
			return err
		})
	add(r, "get_partition_names_ps_req", read, onTable, func(a *hms.GetPartitionNamesPsReqArgs) target { return target{of(a.Req).DbName, of(a.Req).TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionNamesPsReqArgs, r *hms.GetPartitionNamesPsReqReply) error {
			names, err := c.partitionNames(ctx, t, partial(of(a.Req).PartValues, most16(of(a.Req).MaxParts)))
			r.Success = &hms.GetPartitionNamesPsResponse{Names: names}
			return err
		})

	// One partition.
	add(r, "get_partition", read, onTable, func(a *hms.GetPartitionArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionArgs, r *hms.GetPartitionReply) (err error) {
			r.Success, err = c.partition(ctx, t, a.PartVals)
			return err
		})
	add(r, "get_partition_req", read, onTable, func(a *hms.GetPartitionReqArgs) target { return target{of(a.Req).DbName, of(a.Req).TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionReqArgs, r *hms.GetPartitionReqReply) error {
			p, err := c.partition(ctx, t, of(a.Req).PartVals)
			r.Success = &hms.GetPartitionResponse{Partition: p}
			return err
		})
	add(r, "get_partition_with_auth", read, onTable, func(a *hms.GetPartitionWithAuthArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionWithAuthArgs, r *hms.GetPartitionWithAuthReply) (err error) {
			r.Success, err = c.partition(ctx, t, a.PartVals)
			return err
		})
	add(r, "get_partition_by_name", read, onTable, func(a *hms.GetPartitionByNameArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionByNameArgs, r *hms.GetPartitionByNameReply) error {
			values, err := valuesOf(a.PartName)
			if err != nil {
				return err
			}
			r.Success, err = c.partition(ctx, t, values)
			return err
		})

	// Many.
	add(r, "get_partitions", read, onTable, func(a *hms.GetPartitionsArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionsArgs, r *hms.GetPartitionsReply) (err error) {
			r.Success, err = c.partitionsOf(ctx, t, catalog.PartitionPage{Limit: most(int32(a.MaxParts))})
			return err
		})
	add(r, "get_partitions_req", read, onTable, func(a *hms.GetPartitionsReqArgs) target { return target{of(a.Req).DbName, of(a.Req).TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionsReqArgs, r *hms.GetPartitionsReqReply) error {
			ps, err := c.partitionsOf(ctx, t, catalog.PartitionPage{Limit: most16(of(a.Req).MaxParts)})
			r.Success = &hms.PartitionsResponse{Partitions: ps}
			return err
		})
	add(r, "get_partitions_with_auth", read, onTable, func(a *hms.GetPartitionsWithAuthArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionsWithAuthArgs, r *hms.GetPartitionsWithAuthReply) (err error) {
			r.Success, err = c.partitionsOf(ctx, t, catalog.PartitionPage{Limit: most(int32(a.MaxParts))})
			return err
		})
	add(r, "get_partitions_pspec", read, onTable, func(a *hms.GetPartitionsPspecArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionsPspecArgs, r *hms.GetPartitionsPspecReply) error {
			ps, err := c.partitionsOf(ctx, t, catalog.PartitionPage{Limit: most(a.MaxParts)})
			r.Success = toSpecs(t, ps)
			return err
		})
	add(r, "get_partitions_ps", read, onTable, func(a *hms.GetPartitionsPsArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionsPsArgs, r *hms.GetPartitionsPsReply) (err error) {
			r.Success, err = c.partitionsOf(ctx, t, partial(a.PartVals, most(int32(a.MaxParts))))
			return err
		})
	add(r, "get_partitions_ps_with_auth", read, onTable, func(a *hms.GetPartitionsPsWithAuthArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionsPsWithAuthArgs, r *hms.GetPartitionsPsWithAuthReply) (err error) {
			r.Success, err = c.partitionsOf(ctx, t, partial(a.PartVals, most(int32(a.MaxParts))))
			return err
		})
	add(r, "get_partitions_ps_with_auth_req", read, onTable, func(a *hms.GetPartitionsPsWithAuthReqArgs) target { return target{of(a.Req).DbName, of(a.Req).TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionsPsWithAuthReqArgs, r *hms.GetPartitionsPsWithAuthReqReply) error {
			ps, err := c.partitionsOf(ctx, t, partial(of(a.Req).PartVals, most16(of(a.Req).MaxParts)))
			r.Success = &hms.GetPartitionsPsWithAuthResponse{Partitions: ps}
			return err
		})
	add(r, "get_partitions_by_names", read, onTable, func(a *hms.GetPartitionsByNamesArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionsByNamesArgs, r *hms.GetPartitionsByNamesReply) (err error) {
			r.Success, err = c.partitionsNamed(ctx, t, a.Names)
			return err
		})
	add(r, "get_partitions_by_names_req", read, onTable, func(a *hms.GetPartitionsByNamesReqArgs) target { return target{of(a.Req).DbName, of(a.Req).TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionsByNamesReqArgs, r *hms.GetPartitionsByNamesReqReply) error {
			ps, err := c.partitionsNamed(ctx, t, of(a.Req).Names)
			r.Success = &hms.GetPartitionsByNamesResult{Partitions: ps}
			return err
		})
	add(r, "get_partitions_by_filter", read, onTable, func(a *hms.GetPartitionsByFilterArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionsByFilterArgs, r *hms.GetPartitionsByFilterReply) (err error) {
			r.Success, err = c.partitionsWhere(ctx, t, a.Filter, most(int32(a.MaxParts)))
			return err
		})
	add(r, "get_part_specs_by_filter", read, onTable, func(a *hms.GetPartSpecsByFilterArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartSpecsByFilterArgs, r *hms.GetPartSpecsByFilterReply) error {
			ps, err := c.partitionsWhere(ctx, t, a.Filter, most(a.MaxParts))
			r.Success = toSpecs(t, ps)
			return err
		})
	add(r, "get_num_partitions_by_filter", read, onTable, func(a *hms.GetNumPartitionsByFilterArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetNumPartitionsByFilterArgs, r *hms.GetNumPartitionsByFilterReply) error {
			return c.Catalog.View(ctx, func(ctx ctxt) error {
				_, names, err := c.namesWhere(ctx, t, a.Filter, 0)
				r.Success = ptr(int32(len(names)))
				return err
			})
		})
	add(r, "get_partitions_with_specs", read, onTable, func(a *hms.GetPartitionsWithSpecsArgs) target {
		return target{of(a.Request).DbName, of(a.Request).TblName}
	},
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionsWithSpecsArgs, r *hms.GetPartitionsWithSpecsReply) (err error) {
			var ps []*hms.Partition
			switch spec := of(of(a.Request).FilterSpec); spec.FilterMode {
			case hms.PartitionFilterModeByNames:
				ps, err = c.partitionsNamed(ctx, t, spec.Filters)
			default:
				err = lethe.Errorf(lethe.Unsupported, "get_partitions_with_specs is answered for names only")
			}
			r.Success = &hms.GetPartitionsResponse{PartitionSpec: toSpecs(t, ps)}
			return err
		})
	r.partitionChanges()

	// Names and values.
	add(r, "partition_name_has_valid_characters", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, a *hms.PartitionNameHasValidCharactersArgs, r *hms.PartitionNameHasValidCharactersReply) error {
		r.Success = ptr(true) // whatever characters it has, they are escaped in the name
		return nil
	})
	add(r, "partition_name_to_vals", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, a *hms.PartitionNameToValsArgs, r *hms.PartitionNameToValsReply) (err error) {
		r.Success = []string{}
		if a.PartName != "" {
			r.Success, err = valuesOf(a.PartName)
		}
		return err
	})
	add(r, "partition_name_to_spec", "", onNothing, nil, func(_ ctxt, _ *conn, _ target, a *hms.PartitionNameToSpecArgs, r *hms.PartitionNameToSpecReply) error {
		r.Success = map[string]string{}
		if a.PartName == "" {
			return nil
		}
		values, err := valuesOf(a.PartName)
		for i, part := range strings.Split(a.PartName, "/") {
			if err == nil {
				key, _, _ := strings.Cut(part, "=")
				r.Success[catalog.UnescapePath(key)] = values[i]
			}
		}
		return err
	})
	add(r, "markPartitionForEvent", "glue:UpdatePartition", onTable, func(a *hms.MarkPartitionForEventArgs) target { return target{a.DbName, a.TblName} },
		func(_ ctxt, _ *conn, _ target, _ *hms.MarkPartitionForEventArgs, _ *hms.MarkPartitionForEventReply) error {
			return lethe.Errorf(lethe.Unsupported, "partitions are not marked for events")
		})
	add(r, "isPartitionMarkedForEvent", read, onTable, func(a *hms.IsPartitionMarkedForEventArgs) target { return target{a.DbName, a.TblName} },
		func(_ ctxt, _ *conn, _ target, _ *hms.IsPartitionMarkedForEventArgs, r *hms.IsPartitionMarkedForEventReply) error {
			r.Success = ptr(false)
			return nil
		})
}

// most is the number of partitions that a call asks for; 0 means all.
func most(n int32) int {
	if n < 0 {
		return 0
	}
	if n == 0 {
		return -1 // none
	}
	return int(n)
}

func most16(n *int16) int {
	if n == nil {
		return 0
	}
	return most(int32(*n))
}

// valuesOf reads the values in a partition's name.
func valuesOf(name string) ([]string, error) {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		_, v, ok := strings.Cut(p, "=")
		if !ok {
			return nil, &hms.MetaException{Message: "Invalid partition name " + strconv.Quote(name)}
		}
		parts[i] = catalog.UnescapePath(v)
	}
	return parts, nil
}

// partial selects by the first values, of which empty ones mean any.
func partial(values []string, limit int) catalog.PartitionPage {
	e := &catalog.Expression{Values: make([][]string, len(values))}
	for i, v := range values {
		if v != "" {
			e.Values[i] = []string{v}
		}
	}
	return catalog.PartitionPage{Limit: limit, Where: e}
}

func (c *conn) partitionNames(ctx context.Context, t target, page catalog.PartitionPage) ([]string, error) {
	if page.Limit < 0 {
		return []string{}, nil
	}
	names, err := c.Catalog.PartitionNames(ctx, t.database, t.table, page)
	if names == nil {
		names = []string{}
	}
	return names, c.missing(t, err)
}

// missing says that the table is missing in Java's words.
func (c *conn) missing(t target, err error) error {
	if lethe.Is(err, lethe.NotFound) {
		return lethe.Errorf(lethe.NotFound, "%s.%s.%s table not found", hive.DefaultCatalog, t.database, t.table)
	}
	return err
}

func (c *conn) partition(ctx context.Context, t target, values []string) (*hms.Partition, error) {
	return view(ctx, c, func(ctx context.Context) (*hms.Partition, error) { return c.onePartition(ctx, t, values) })
}

// view reads what fn does from the state of one moment.
func view[T any](ctx context.Context, c *conn, fn func(ctx context.Context) (T, error)) (out T, err error) {
	err = c.Catalog.View(ctx, func(ctx context.Context) error {
		out, err = fn(ctx)
		return err
	})
	return out, err
}

func (c *conn) onePartition(ctx context.Context, t target, values []string) (*hms.Partition, error) {
	table, err := c.table(ctx, t)
	if err != nil {
		return nil, err
	}
	ps, err := c.Catalog.PartitionsNamed(ctx, t.database, t.table, []string{catalog.PartitionName(table.Partitions, values)})
	if err != nil {
		return nil, err
	}
	if len(ps) == 0 || len(values) != len(table.Partitions) {
		return nil, lethe.Errorf(lethe.NotFound, "partition values=[%s]", strings.Join(values, ", "))
	}
	return hive.ToPartitions(&table, ps)[0], nil
}

// partitionsOf answers a page of a table's partitions. An answer has its bound,
// for it is made in memory here and read into memory there.
func (c *conn) partitionsOf(ctx context.Context, t target, page catalog.PartitionPage) ([]*hms.Partition, error) {
	return view(ctx, c, func(ctx context.Context) ([]*hms.Partition, error) { return c.page(ctx, t, page) })
}

func (c *conn) page(ctx context.Context, t target, page catalog.PartitionPage) ([]*hms.Partition, error) {
	table, err := c.table(ctx, t)
	if err != nil || page.Limit < 0 {
		return []*hms.Partition{}, err
	}
	if page.Limit == 0 || page.Limit > c.MaxPartitions {
		names, err := c.Catalog.PartitionNames(ctx, t.database, t.table, catalog.PartitionPage{Limit: c.MaxPartitions + 1, Where: page.Where})
		if err != nil {
			return nil, err
		}
		if len(names) > c.MaxPartitions {
			return nil, c.tooMany(t, len(names))
		}
	}
	ps, err := c.Catalog.Partitions(ctx, t.database, t.table, page)
	return hive.ToPartitions(&table, ps), err
}

func (c *conn) tooMany(t target, n int) error {
	return &hms.MetaException{Message: fmt.Sprintf("Number of partitions scanned (=%d) on table '%s' exceeds limit (=%d). Ask for them by name or by filter, some at a time.", n, t.table, c.MaxPartitions)}
}

func (c *conn) partitionsNamed(ctx context.Context, t target, names []string) ([]*hms.Partition, error) {
	return view(ctx, c, func(ctx context.Context) ([]*hms.Partition, error) {
		table, err := c.table(ctx, t)
		if err != nil {
			return nil, err
		}
		if len(names) > c.MaxPartitions {
			return nil, c.tooMany(t, len(names))
		}
		ps, err := c.Catalog.PartitionsNamed(ctx, t.database, t.table, names)
		return hive.ToPartitions(&table, ps), err
	})
}

// namesWhere returns the names of the partitions that a filter selects.
func (c *conn) namesWhere(ctx context.Context, t target, text string, limit int) (catalog.Table, []string, error) {
	table, err := c.table(ctx, t)
	if err != nil || limit < 0 {
		return table, nil, err
	}
	f, err := parseFilter(text)
	if err != nil {
		return table, nil, err
	}
	b, err := bind(f, table.Partitions)
	if err != nil {
		return table, nil, err
	}
	all, err := c.Catalog.PartitionNames(ctx, t.database, t.table, catalog.PartitionPage{Where: b.prune(table.Partitions)})
	if err != nil {
		return table, nil, err
	}
	values := make([]string, len(table.Partitions))
	names := all[:0]
	for _, name := range all {
		rest := name
		for i := range values {
			var part string
			part, rest, _ = strings.Cut(rest, "/")
			_, v, _ := strings.Cut(part, "=")
			values[i] = catalog.UnescapePath(v)
		}
		if b.matches(values) {
			if names = append(names, name); len(names) == limit {
				break
			}
		}
	}
	return table, names, nil
}

func (c *conn) partitionsWhere(ctx context.Context, t target, text string, limit int) ([]*hms.Partition, error) {
	return view(ctx, c, func(ctx context.Context) ([]*hms.Partition, error) {
		_, names, err := c.namesWhere(ctx, t, text, limit)
		if err != nil {
			return nil, err
		}
		return c.partitionsNamed(ctx, t, names)
	})
}

// toSpecs wraps partitions as clients that know specs want them.
func toSpecs(t target, ps []*hms.Partition) []*hms.PartitionSpec {
	if ps == nil {
		ps = []*hms.Partition{}
	}
	return []*hms.PartitionSpec{{DbName: t.database, TableName: t.table, CatName: hive.DefaultCatalog, PartitionList: &hms.PartitionListComposingSpec{Partitions: ps}}}
}

func (r *registry) partitionChanges() {
	type ctxt = context.Context
	const create, remove, update = "glue:BatchCreatePartition", "glue:BatchDeletePartition", "glue:UpdatePartition"
	of1 := func(p *hms.Partition) target { return target{of(p).DbName, of(p).TableName} }

	add(r, "add_partition", create, onTable, func(a *hms.AddPartitionArgs) target { return of1(a.NewPart) },
		func(ctx ctxt, c *conn, t target, a *hms.AddPartitionArgs, r *hms.AddPartitionReply) (err error) {
			r.Success, err = first(c.addPartitions(ctx, t, []*hms.Partition{a.NewPart}, false))
			return err
		})
	add(r, "add_partition_with_environment_context", create, onTable, func(a *hms.AddPartitionWithEnvironmentContextArgs) target { return of1(a.NewPart) },
		func(ctx ctxt, c *conn, t target, a *hms.AddPartitionWithEnvironmentContextArgs, r *hms.AddPartitionWithEnvironmentContextReply) (err error) {
			r.Success, err = first(c.addPartitions(ctx, t, []*hms.Partition{a.NewPart}, false))
			return err
		})
	add(r, "add_partitions", create, onTable, func(a *hms.AddPartitionsArgs) target {
		if len(a.NewParts) == 0 {
			return target{}
		}
		return of1(a.NewParts[0])
	}, func(ctx ctxt, c *conn, t target, a *hms.AddPartitionsArgs, r *hms.AddPartitionsReply) error {
		if len(a.NewParts) == 0 {
			r.Success = ptr(int32(0))
			return nil
		}
		ps, err := c.addPartitions(ctx, t, a.NewParts, false)
		r.Success = ptr(int32(len(ps)))
		return err
	})
	add(r, "add_partitions_req", create, onTable, func(a *hms.AddPartitionsReqArgs) target { return target{of(a.Request).DbName, of(a.Request).TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.AddPartitionsReqArgs, r *hms.AddPartitionsReqReply) error {
			q := of(a.Request)
			ps, err := c.addPartitions(ctx, t, q.Parts, q.IfNotExists)
			r.Success = &hms.AddPartitionsResult{}
			if q.NeedResult == nil || *q.NeedResult {
				r.Success.Partitions = ps
			}
			return err
		})
	add(r, "add_partitions_pspec", create, onTable, func(a *hms.AddPartitionsPspecArgs) target {
		if len(a.NewParts) == 0 {
			return target{}
		}
		return target{a.NewParts[0].DbName, a.NewParts[0].TableName}
	}, func(ctx ctxt, c *conn, t target, a *hms.AddPartitionsPspecArgs, r *hms.AddPartitionsPspecReply) error {
		ps, err := fromSpecs(a.NewParts)
		if err == nil && len(ps) > 0 {
			_, err = c.addPartitions(ctx, t, ps, false)
		}
		r.Success = ptr(int32(len(ps)))
		return err
	})
	add(r, "append_partition", create, onTable, func(a *hms.AppendPartitionArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.AppendPartitionArgs, r *hms.AppendPartitionReply) (err error) {
			r.Success, err = c.appendPartition(ctx, t, a.PartVals)
			return err
		})
	add(r, "append_partition_with_environment_context", create, onTable, func(a *hms.AppendPartitionWithEnvironmentContextArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.AppendPartitionWithEnvironmentContextArgs, r *hms.AppendPartitionWithEnvironmentContextReply) (err error) {
			r.Success, err = c.appendPartition(ctx, t, a.PartVals)
			return err
		})
	add(r, "append_partition_by_name", create, onTable, func(a *hms.AppendPartitionByNameArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.AppendPartitionByNameArgs, r *hms.AppendPartitionByNameReply) (err error) {
			r.Success, err = c.appendNamed(ctx, t, a.PartName)
			return err
		})
	add(r, "append_partition_by_name_with_environment_context", create, onTable, func(a *hms.AppendPartitionByNameWithEnvironmentContextArgs) target {
		return target{a.DbName, a.TblName}
	},
		func(ctx ctxt, c *conn, t target, a *hms.AppendPartitionByNameWithEnvironmentContextArgs, r *hms.AppendPartitionByNameWithEnvironmentContextReply) (err error) {
			r.Success, err = c.appendNamed(ctx, t, a.PartName)
			return err
		})
	add(r, "append_partition_req", create, onTable, func(a *hms.AppendPartitionReqArgs) target {
		return target{of(a.AppendPartitionsReq).DbName, of(a.AppendPartitionsReq).TableName}
	}, func(ctx ctxt, c *conn, t target, a *hms.AppendPartitionReqArgs, r *hms.AppendPartitionReqReply) (err error) {
		if q := of(a.AppendPartitionsReq); q.Name != "" {
			r.Success, err = c.appendNamed(ctx, t, q.Name)
		} else {
			r.Success, err = c.appendPartition(ctx, t, q.PartVals)
		}
		return err
	})

	add(r, "drop_partition", remove, onTable, func(a *hms.DropPartitionArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.DropPartitionArgs, r *hms.DropPartitionReply) error {
			r.Success = ptr(true)
			return c.dropPartitions(ctx, t, [][]string{a.PartVals}, false, a.DeleteData)
		})
	add(r, "drop_partition_with_environment_context", remove, onTable, func(a *hms.DropPartitionWithEnvironmentContextArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.DropPartitionWithEnvironmentContextArgs, r *hms.DropPartitionWithEnvironmentContextReply) error {
			r.Success = ptr(true)
			return c.dropPartitions(ctx, t, [][]string{a.PartVals}, false, a.DeleteData)
		})
	add(r, "drop_partition_by_name", remove, onTable, func(a *hms.DropPartitionByNameArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.DropPartitionByNameArgs, r *hms.DropPartitionByNameReply) error {
			r.Success = ptr(true)
			return c.dropNamed(ctx, t, []string{a.PartName}, false, a.DeleteData)
		})
	add(r, "drop_partition_by_name_with_environment_context", remove, onTable, func(a *hms.DropPartitionByNameWithEnvironmentContextArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.DropPartitionByNameWithEnvironmentContextArgs, r *hms.DropPartitionByNameWithEnvironmentContextReply) error {
			r.Success = ptr(true)
			return c.dropNamed(ctx, t, []string{a.PartName}, false, a.DeleteData)
		})
	add(r, "drop_partitions_req", remove, onTable, func(a *hms.DropPartitionsReqArgs) target { return target{of(a.Req).DbName, of(a.Req).TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.DropPartitionsReqArgs, r *hms.DropPartitionsReqReply) (err error) {
			q := of(a.Req)
			if len(of(q.Parts).Exprs) > 0 {
				return &hms.MetaException{Message: "partitions are dropped by their names: an expression of Hive's Java classes cannot be evaluated here"}
			}
			r.Success = &hms.DropPartitionsResult{}
			names := of(q.Parts).Names
			if q.NeedResult == nil || *q.NeedResult {
				if r.Success.Partitions, err = c.partitionsNamed(ctx, t, names); err != nil {
					return err
				}
			}
			return c.dropNamed(ctx, t, names, q.IfExists == nil || *q.IfExists, *of(q.DeleteData))
		})

	add(r, "alter_partition", update, onTable, func(a *hms.AlterPartitionArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.AlterPartitionArgs, _ *hms.AlterPartitionReply) error {
			return c.alterPartitions(ctx, t, []*hms.Partition{a.NewPart})
		})
	add(r, "alter_partition_with_environment_context", update, onTable, func(a *hms.AlterPartitionWithEnvironmentContextArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.AlterPartitionWithEnvironmentContextArgs, _ *hms.AlterPartitionWithEnvironmentContextReply) error {
			return c.alterPartitions(ctx, t, []*hms.Partition{a.NewPart})
		})
	add(r, "alter_partitions", update, onTable, func(a *hms.AlterPartitionsArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.AlterPartitionsArgs, _ *hms.AlterPartitionsReply) error {
			return c.alterPartitions(ctx, t, a.NewParts)
		})
	add(r, "alter_partitions_with_environment_context", update, onTable, func(a *hms.AlterPartitionsWithEnvironmentContextArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.AlterPartitionsWithEnvironmentContextArgs, _ *hms.AlterPartitionsWithEnvironmentContextReply) error {
			return c.alterPartitions(ctx, t, a.NewParts)
		})
	add(r, "alter_partitions_req", update, onTable, func(a *hms.AlterPartitionsReqArgs) target { return target{of(a.Req).DbName, of(a.Req).TableName} },
		func(ctx ctxt, c *conn, t target, a *hms.AlterPartitionsReqArgs, r *hms.AlterPartitionsReqReply) error {
			r.Success = &hms.AlterPartitionsResponse{}
			return c.alterPartitions(ctx, t, of(a.Req).Partitions)
		})
	add(r, "rename_partition", update, onTable, func(a *hms.RenamePartitionArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.RenamePartitionArgs, _ *hms.RenamePartitionReply) error {
			return c.renamePartition(ctx, t, a.PartVals, a.NewPart)
		})
	add(r, "rename_partition_req", update, onTable, func(a *hms.RenamePartitionReqArgs) target { return target{of(a.Req).DbName, of(a.Req).TableName} },
		func(ctx ctxt, c *conn, t target, a *hms.RenamePartitionReqArgs, r *hms.RenamePartitionReqReply) error {
			r.Success = &hms.RenamePartitionResponse{}
			return c.renamePartition(ctx, t, of(a.Req).PartVals, of(a.Req).NewPart)
		})
}

func first[T any](list []*T, err error) (*T, error) {
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// fromSpecs unwraps partitions.
func fromSpecs(specs []*hms.PartitionSpec) (ps []*hms.Partition, err error) {
	for _, s := range specs {
		switch {
		case s.PartitionList != nil:
			ps = append(ps, s.PartitionList.Partitions...)
		case s.SharedSDPartitionSpec != nil && s.SharedSDPartitionSpec.Sd != nil:
			for _, w := range s.SharedSDPartitionSpec.Partitions {
				sd := *s.SharedSDPartitionSpec.Sd
				sd.Location = s.RootPath + w.RelativePath
				ps = append(ps, &hms.Partition{Values: w.Values, DbName: s.DbName, TableName: s.TableName, CreateTime: w.CreateTime, Sd: &sd, Parameters: w.Parameters})
			}
		default:
			return nil, lethe.Errorf(lethe.Invalid, "a partition spec has no partitions")
		}
	}
	return ps, nil
}

// addPartitions adds partitions to one table and returns those that are new, if
// ifNotExists leaves others as they are.
func (c *conn) addPartitions(ctx context.Context, t target, in []*hms.Partition, ifNotExists bool) ([]*hms.Partition, error) {
	table, err := c.Catalog.Table(ctx, t.database, t.table)
	if lethe.Is(err, lethe.NotFound) { // the methods throw InvalidObject for it
		return nil, &hms.InvalidObjectException{Message: "Unable to add partitions because database or table " + t.database + "." + t.table + " does not exist"}
	}
	if err != nil {
		return nil, err
	}
	now := time.Now()
	ps, names := make([]catalog.Partition, 0, len(in)), make([]string, 0, len(in))
	for _, p := range in {
		if p == nil {
			return nil, lethe.Errorf(lethe.Invalid, "there is no partition in the call")
		}
		db, err := database(p.DbName)
		if err != nil {
			return nil, err
		}
		if db != "" && db != t.database || p.TableName != "" && !strings.EqualFold(p.TableName, t.table) {
			return nil, &hms.MetaException{Message: "Partition does not belong to target table " + t.database + "." + t.table}
		}
		out := hive.FromPartition(&table, p)
		out.Created = now
		if out.Parameters == nil {
			out.Parameters = map[string]string{}
		}
		if v := out.Parameters[hive.LastDDL]; v == "" || v == "0" {
			out.Parameters[hive.LastDDL] = strconv.FormatInt(now.Unix(), 10)
		}
		ps, names = append(ps, out), append(names, catalog.PartitionName(table.Partitions, p.Values))
	}
	if ifNotExists {
		there, err := c.Catalog.PartitionsNamed(ctx, t.database, t.table, names)
		if err != nil {
			return nil, err
		}
		had := map[string]bool{}
		for _, p := range there {
			had[catalog.PartitionName(table.Partitions, p.Values)] = true
		}
		i := -1
		ps = slices.DeleteFunc(ps, func(catalog.Partition) bool { i++; return had[names[i]] })
	}
	if err := c.Catalog.AddPartitions(ctx, t.database, t.table, ps, ifNotExists); err != nil {
		return nil, err
	}
	return hive.ToPartitions(&table, ps), nil
}

// appendPartition adds a partition like its table.
func (c *conn) appendPartition(ctx context.Context, t target, values []string) (*hms.Partition, error) {
	return first(c.addPartitions(ctx, t, []*hms.Partition{{Values: values}}, false))
}

func (c *conn) appendNamed(ctx context.Context, t target, name string) (*hms.Partition, error) {
	values, err := valuesOf(name)
	if err != nil {
		return nil, err
	}
	return c.appendPartition(ctx, t, values)
}

func (c *conn) dropNamed(ctx context.Context, t target, names []string, ifExists, deleteData bool) error {
	values := make([][]string, len(names))
	for i, n := range names {
		var err error
		if values[i], err = valuesOf(n); err != nil {
			return err
		}
	}
	return c.dropPartitions(ctx, t, values, ifExists, deleteData)
}

func (c *conn) dropPartitions(ctx context.Context, t target, values [][]string, ifExists, deleteData bool) error {
	var files data
	if deleteData && c.Folders != nil {
		table, err := c.table(ctx, t)
		if err != nil {
			return err
		}
		if table.Type == catalog.ManagedTable {
			names := make([]string, len(values))
			for i, v := range values {
				names[i] = catalog.PartitionName(table.Partitions, v)
			}
			ps, err := c.Catalog.PartitionsNamed(ctx, t.database, t.table, names)
			if err != nil {
				return err
			}
			for _, p := range ps {
				files = append(files, p.Storage.Location)
			}
		}
	}
	if err := c.Catalog.DropPartitions(ctx, t.database, t.table, values, ifExists); err != nil {
		return err
	}
	c.deleteData(ctx, files)
	return nil
}

func (c *conn) alterPartitions(ctx context.Context, t target, in []*hms.Partition) error {
	table, err := c.table(ctx, t)
	if err != nil {
		return err
	}
	ps := make([]catalog.Partition, len(in))
	for i, p := range in {
		if p == nil {
			return lethe.Errorf(lethe.Invalid, "there is no partition in the call")
		}
		ps[i] = hive.FromPartition(&table, p)
	}
	err = c.Catalog.AlterPartitions(ctx, t.database, t.table, ps)
	if lethe.Is(err, lethe.NotFound) {
		return &hms.InvalidOperationException{Message: "alter is not possible: " + err.Error()}
	}
	return err
}

func (c *conn) renamePartition(ctx context.Context, t target, values []string, in *hms.Partition) error {
	table, err := c.table(ctx, t)
	if err != nil {
		return err
	}
	if in == nil {
		return lethe.Errorf(lethe.Invalid, "there is no partition in the call")
	}
	return c.Catalog.AlterPartition(ctx, t.database, t.table, values, hive.FromPartition(&table, in))
}
