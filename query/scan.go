package query

import (
	"context"
	"os"
	"strings"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/lib/trinosql"
	"lethe/object"
)

// scans finds what each table reference of a statement reads: the partitions
// that its predicates leave, and their objects.
func (e *executor) scans(ctx context.Context, a *trinosql.Analysis) (list []Scan, bytes int64, err error) {
	seen := map[string]bool{} // objects are counted once, however often they are read
	for _, use := range a.Tables {
		h := use.Schema.Handle.(resolved)
		s, err := e.scan(ctx, a, h, use)
		if h.through != nil && lethe.Is(err, lethe.Denied) { // it may name a partition
			err = lethe.Errorf(lethe.Denied, "table %s.%s: policies do not allow to read all of its files", h.table.Database, h.table.Name)
		}
		if err != nil {
			return nil, 0, err
		}
		for _, p := range s.Parts {
			for _, o := range p.Objects {
				if id := o.Bucket + "/" + o.Key; !seen[id] {
					seen[id] = true
					bytes += o.Size
				}
			}
			for _, path := range p.Files {
				if info, err := os.Stat(path); err == nil {
					bytes += info.Size()
				}
			}
		}
		list = append(list, s)
	}
	return list, bytes, nil
}

func (e *executor) scan(ctx context.Context, a *trinosql.Analysis, h resolved, use *trinosql.TableUse) (Scan, error) {
	t := h.table
	if s, own, err := e.systemScan(ctx, h); own || err != nil {
		return s, err
	}
	if h.through != nil {
		ctx = access.ThroughRules(ctx, *h.through)
	}
	if strings.EqualFold(t.Parameters["projection.enabled"], "true") {
		return Scan{}, lethe.Errorf(lethe.Unsupported, "table %s.%s uses partition projection, which is not supported", t.Database, t.Name).
			WithHint("remove projection.enabled from its properties and register its partitions")
	}
	if strings.EqualFold(t.Parameters["table_type"], "iceberg") || t.Parameters["spark.sql.sources.provider"] == "delta" {
		return Scan{}, lethe.Errorf(lethe.Unsupported, "table %s.%s is an Iceberg or Delta table, which is not supported", t.Database, t.Name)
	}
	s := Scan{Table: t}
	if len(t.Partitions) == 0 {
		objects, err := e.objects(ctx, t.Storage.Location)
		if err != nil {
			return Scan{}, tableError(t, err)
		}
		s.Parts = []Part{{Storage: t.Storage, Objects: objects}}
		return s, nil
	}
	parts, err := e.partitions(ctx, a, h, use)
	if err != nil {
		return Scan{}, err
	}
	s.Parts, err = e.partObjects(ctx, t, parts)
	return s, err
}

// partitions returns those of a table's partitions that its predicates allow.
func (e *executor) partitions(ctx context.Context, a *trinosql.Analysis, h resolved, use *trinosql.TableUse) ([]catalog.Partition, error) {
	t := h.table
	p := newPruner(a, use, t)
	all, err := h.catalog.Partitions(ctx, t.Database, t.Name, catalog.PartitionPage{Where: p.expression()})
	if err != nil {
		return nil, err
	}
	kept := all[:0]
	for _, x := range all {
		if p.keeps(x.Values) {
			kept = append(kept, x)
		}
	}
	return kept, nil
}

// manyPartitions is from how many partitions on one listing of the table's
// location is cheaper than one for each of them.
const manyPartitions = 8

// partObjects lists the objects of partitions: together where they lie below
// the table's location, one by one where not.
func (e *executor) partObjects(ctx context.Context, t catalog.Table, ps []catalog.Partition) ([]Part, error) {
	parts := make([]Part, len(ps))
	below := map[string]*Part{} // by location
	var root lethe.Location
	if len(ps) >= manyPartitions {
		root, _ = lethe.ParseLocation(t.Storage.Location)
		root = root.Dir()
	}
	for i, p := range ps {
		parts[i] = Part{Values: p.Values, Storage: p.Storage}
		if p.Storage.Columns == nil {
			parts[i].Storage.Columns = t.Storage.Columns
		}
		l, err := lethe.ParseLocation(p.Storage.Location)
		if err != nil {
			return nil, tableError(t, err)
		}
		if l = l.Dir(); root.Key != "" && l.Bucket == root.Bucket && strings.HasPrefix(l.Key, root.Key) && below[l.Key] == nil {
			below[l.Key] = &parts[i]
			continue
		}
		if parts[i].Objects, err = e.objects(ctx, p.Storage.Location); err != nil {
			return nil, tableError(t, err)
		}
	}
	if len(below) == 0 {
		return parts, nil
	}
	objects, err := e.objects(ctx, root.String())
	if err != nil {
		return nil, tableError(t, err)
	}
	for _, o := range objects {
		for dir := o.Key; len(dir) > len(root.Key); {
			dir = dir[:strings.LastIndexByte(strings.TrimSuffix(dir, "/"), '/')+1]
			if p := below[dir]; p != nil {
				p.Objects = append(p.Objects, o)
				break
			}
		}
	}
	return parts, nil
}

// objects lists the data files below a location that the principal may read.
// As in Hive, names that begin with _ or . are hidden, at any depth.
func (e *executor) objects(ctx context.Context, location string) ([]object.Object, error) {
	l, err := lethe.ParseLocation(location)
	if err != nil {
		return nil, err
	}
	l = l.Dir()
	who := lethe.PrincipalOf(ctx)
	if err := e.Access.Decide(ctx, who, "s3:ListBucket", lethe.BucketARN(l.Bucket)); err != nil {
		return nil, err
	}
	if err := e.Access.Decide(ctx, who, "s3:GetObject", lethe.ObjectARN(l.Bucket, l.Key+"*")); err != nil {
		return nil, err
	}
	var list []object.Object
	for o, err := range object.All(ctx, e.Store, l.Bucket, l.Key) {
		if err != nil {
			return nil, err
		}
		if o.Size == 0 || hidden(o.Key[len(l.Key):]) {
			continue
		}
		if err := access.DecideEach(ctx, e.Access, who, "s3:GetObject", lethe.ObjectARN(o.Bucket, o.Key)); err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

func hidden(key string) bool {
	for name := range strings.SplitSeq(key, "/") {
		if strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") {
			return true
		}
	}
	return false
}

func tableError(t catalog.Table, err error) error {
	return lethe.Errorf(lethe.KindOf(err), "table %s.%s: %w", t.Database, t.Name, err)
}
