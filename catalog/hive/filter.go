package hive

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"lethe/catalog"
	"lethe/lib/hms"
)

// mostAlternatives bounds the values of one key in a filter; Hive's parser takes
// few hundreds.
const mostAlternatives = 100

// integer matches the values of whole-number keys that are compared alike as
// numbers and as texts.
var integer = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,17})$`)

// filter writes an expression in the grammar of get_partitions_by_filter, as far as
// every metastore takes it: texts without quotes, and whole numbers. It may select
// more than the expression, and is "" if it would select all.
func filter(t *catalog.Table, e *catalog.Expression) string {
	if e == nil {
		return ""
	}
	var keys []string
	for i, values := range e.Values {
		if i >= len(t.Partitions) || len(values) == 0 || len(values) > mostAlternatives {
			continue
		}
		key := t.Partitions[i]
		alternatives := make([]string, 0, len(values))
		for _, v := range values {
			switch key.Type {
			case "string":
				// The default partition is null to some versions, and a text to others.
				if v == "" || v == catalog.DefaultValue || strings.ContainsAny(v, "\"'\\\r\n") {
					continue
				}
				v = `"` + v + `"`
			case "tinyint", "smallint", "int", "bigint":
				if !integer.MatchString(v) {
					continue
				}
			default:
				continue
			}
			alternatives = append(alternatives, key.Name+" = "+v)
		}
		if len(alternatives) == len(values) { // else one would be missed
			keys = append(keys, "("+strings.Join(alternatives, " or ")+")")
		}
	}
	return strings.Join(keys, " and ")
}

// filtered returns the partitions that the metastore selects by a filter, in the
// order of their names, with which it answers; ok is false if it does not take the
// filter, as when it cannot compare keys of a type.
func (c *Catalog) filtered(ctx context.Context, t *catalog.Table, filter string) (names []string, ps []*hms.Partition, ok bool, err error) {
	found, err := read(ctx, c, func(cn *conn) ([]*hms.Partition, error) {
		var r hms.GetPartitionsByFilterReply
		err := cn.Call("get_partitions_by_filter", &hms.GetPartitionsByFilterArgs{DbName: t.Database, TblName: t.Name, Filter: filter, MaxParts: -1}, &r)
		return r.Success, err
	})
	if is[*hms.MetaException](err) || isUnknown(err) {
		return nil, nil, false, nil
	}
	if err != nil {
		return nil, nil, false, err
	}
	type named struct {
		name string
		p    *hms.Partition
	}
	all := make([]named, 0, len(found))
	for _, p := range found {
		if p != nil && len(p.Values) == len(t.Partitions) {
			all = append(all, named{catalog.PartitionName(t.Partitions, p.Values), p})
		}
	}
	slices.SortFunc(all, func(a, b named) int { return cmp.Compare(a.name, b.name) })
	for _, n := range all {
		names, ps = append(names, n.name), append(ps, n.p)
	}
	return names, ps, true, nil
}
