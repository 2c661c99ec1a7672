package query

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/lib/trinosql"
	"lethe/object"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// change runs a statement that changes the catalog.
func (e *executor) change(ctx context.Context, stmt trinosql.Statement) (table, error) {
	switch stmt := stmt.(type) {
	case *trinosql.CreateSchema:
		return table{}, e.createDatabase(ctx, stmt)
	case *trinosql.CreateTable:
		return table{}, e.createTable(ctx, stmt)
	case *trinosql.Drop:
		return table{}, e.drop(ctx, stmt)
	case *trinosql.AlterTable:
		return table{}, e.alterTable(ctx, stmt)
	case *trinosql.Msck:
		return e.repair(ctx, stmt)
	}
	c := classify(stmt)
	what := strings.ReplaceAll(c.subtype, "_", " ")
	if o, ok := stmt.(*trinosql.Other); ok {
		what = o.Verb
	}
	if what == "" {
		what = strings.ToUpper(strings.TrimPrefix(fmt.Sprintf("%T", stmt), "*trinosql."))
	}
	return table{}, lethe.Errorf(lethe.Unsupported, "NOT_SUPPORTED: %s: %s statements are not supported", stmt.Pos(), what)
}

func (e *executor) createDatabase(ctx context.Context, stmt *trinosql.CreateSchema) error {
	cat, db, err := e.databaseName(stmt.Name)
	if err != nil {
		return err
	}
	c, err := e.permit(ctx, cat, "glue:CreateDatabase", db, "")
	if err != nil {
		return err
	}
	d := catalog.Database{Name: db, Location: stmt.Location, Owner: lethe.PrincipalOf(ctx).Name, Created: time.Now().UTC()}
	if d.Parameters, err = properties(stmt.Props); err != nil {
		return err
	}
	if stmt.Comment != nil {
		d.Description = *stmt.Comment
	}
	if d.Location != "" {
		if _, err := lethe.ParseLocation(d.Location); err != nil {
			return err
		}
	}
	err = c.CreateDatabase(ctx, d)
	if stmt.IfNotExists && lethe.Is(err, lethe.Exists) {
		return nil
	}
	return err
}

func (e *executor) drop(ctx context.Context, stmt *trinosql.Drop) error {
	if stmt.Kind == "SCHEMA" {
		cat, db, err := e.databaseName(stmt.Name)
		if err != nil {
			return err
		}
		c, err := e.permit(ctx, cat, "glue:DeleteDatabase", db, "")
		if err != nil {
			return err
		}
		err = c.DropDatabase(ctx, db, stmt.Cascade)
		if stmt.IfExists && lethe.Is(err, lethe.NotFound) {
			return nil
		}
		return missing(err, db, "")
	}
	cat, db, name, err := e.name(stmt.Name)
	if err != nil {
		return err
	}
	c, err := e.permit(ctx, cat, "glue:DeleteTable", db, name)
	if err != nil {
		return err
	}
	t, err := c.Table(ctx, db, name)
	if err == nil && (t.Type == catalog.VirtualView) != (stmt.Kind == "VIEW") {
		return lethe.Errorf(lethe.Invalid, "%s: %s.%s is not a %s", stmt.Pos(), db, name, strings.ToLower(stmt.Kind))
	}
	if err == nil {
		err = c.DropTable(ctx, db, name)
	}
	if stmt.IfExists && lethe.Is(err, lethe.NotFound) {
		return nil
	}
	return missing(err, db, name)
}

func (e *executor) alterTable(ctx context.Context, stmt *trinosql.AlterTable) error {
	cat, db, name, err := e.name(stmt.Table)
	if err != nil {
		return err
	}
	action := "glue:UpdateTable"
	switch stmt.Action {
	case trinosql.AddPartition:
		action = "glue:BatchCreatePartition"
	case trinosql.DropPartition:
		action = "glue:BatchDeletePartition"
	}
	c, err := e.permit(ctx, cat, action, db, name)
	if err != nil {
		return err
	}
	t, err := c.Table(ctx, db, name)
	if err != nil {
		return missing(err, db, name)
	}
	switch stmt.Action {
	case trinosql.AddPartition:
		return e.addPartitions(ctx, c, t, stmt)
	case trinosql.DropPartition:
		return e.dropPartitions(ctx, c, t, stmt)
	case trinosql.AddColumns:
		for _, def := range stmt.Cols {
			col, err := column(def)
			if err != nil {
				return err
			}
			t.Storage.Columns = append(t.Storage.Columns, col)
		}
	case trinosql.ReplaceColumns:
		t.Storage.Columns = nil
		for _, def := range stmt.Cols {
			col, err := column(def)
			if err != nil {
				return err
			}
			t.Storage.Columns = append(t.Storage.Columns, col)
		}
	case trinosql.SetTblProperties:
		p, err := properties(stmt.Props)
		if err != nil {
			return err
		}
		t.Parameters = maps.Clone(t.Parameters)
		if t.Parameters == nil {
			t.Parameters = map[string]string{}
		}
		maps.Copy(t.Parameters, p)
	case trinosql.SetLocation:
		if _, err := lethe.ParseLocation(stmt.Location); err != nil {
			return err
		}
		t.Storage.Location = stmt.Location
	default:
		return lethe.Errorf(lethe.Unsupported, "NOT_SUPPORTED: %s: ALTER TABLE %s is not supported", stmt.Pos(), stmt.Action)
	}
	return c.AlterTable(ctx, db, name, t)
}

func (e *executor) addPartitions(ctx context.Context, c catalog.Catalog, t catalog.Table, stmt *trinosql.AlterTable) error {
	var ps []catalog.Partition
	for _, def := range stmt.Partitions {
		values, err := partitionValues(t, def)
		if err != nil {
			return err
		}
		ps = append(ps, newPartition(t, values, def.Location))
		if def.Location != "" {
			if _, err := lethe.ParseLocation(def.Location); err != nil {
				return lethe.Errorf(lethe.Invalid, "%s: %w", def.Pos, err)
			}
		}
	}
	return c.AddPartitions(ctx, t.Database, t.Name, ps, stmt.IfNotExists)
}

// newPartition makes a partition like its table, at location or where Hive puts
// it: below the table, in directories named key=value.
func newPartition(t catalog.Table, values []string, location string) catalog.Partition {
	p := catalog.Partition{Values: values, Storage: t.Storage, Created: time.Now().UTC()}
	p.Storage.Columns = nil
	if p.Storage.Location = location; location == "" {
		l, _ := lethe.ParseLocation(t.Storage.Location)
		p.Storage.Location = l.Join(catalog.PartitionName(t.Partitions, values)).String()
	}
	return p
}

// partitionValues orders the values of PARTITION (k=v, ...) as the table's keys.
func partitionValues(t catalog.Table, def trinosql.Partition) ([]string, error) {
	values := make([]string, len(t.Partitions))
	given := make([]bool, len(t.Partitions))
	for _, p := range def.Spec {
		i := slices.IndexFunc(t.Partitions, func(c catalog.Column) bool { return strings.EqualFold(c.Name, p.Name) })
		if i < 0 {
			return nil, lethe.Errorf(lethe.Invalid, "%s: %s is not a partition key of %s.%s", p.Pos, p.Name, t.Database, t.Name)
		}
		if p.Op != "=" && p.Op != "" {
			return nil, lethe.Errorf(lethe.Unsupported, "NOT_SUPPORTED: %s: partitions can only be named by =, not by %s", p.Pos, p.Op)
		}
		v, err := literal(p.X)
		if err != nil {
			return nil, err
		}
		values[i], given[i] = v, true
	}
	if i := slices.Index(given, false); i >= 0 {
		return nil, lethe.Errorf(lethe.Invalid, "%s: the value of partition key %s is missing", def.Pos, t.Partitions[i].Name)
	}
	return values, nil
}

func (e *executor) dropPartitions(ctx context.Context, c catalog.Catalog, t catalog.Table, stmt *trinosql.AlterTable) error {
	var list [][]string
	for _, def := range stmt.Partitions {
		values, err := partitionValues(t, def)
		if err != nil {
			return err
		}
		list = append(list, values)
	}
	return c.DropPartitions(ctx, t.Database, t.Name, list, stmt.IfMember)
}

// repair adds the partitions whose directories lie below the table's location
// and are not in the catalog, and tells them as Hive does.
func (e *executor) repair(ctx context.Context, stmt *trinosql.Msck) (table, error) {
	if stmt.Mode != "" && stmt.Mode != "ADD" {
		return table{}, lethe.Errorf(lethe.Unsupported, "NOT_SUPPORTED: %s: MSCK REPAIR TABLE with %s PARTITIONS is not supported", stmt.Pos(), stmt.Mode)
	}
	cat, db, name, err := e.name(stmt.Table)
	if err != nil {
		return table{}, err
	}
	c, err := e.permit(ctx, cat, "glue:BatchCreatePartition", db, name)
	if err != nil {
		return table{}, err
	}
	t, err := c.Table(ctx, db, name)
	if err != nil {
		return table{}, missing(err, db, name)
	}
	if len(t.Partitions) == 0 {
		return table{}, lethe.Errorf(lethe.Invalid, "Table %s.%s is not a partitioned table", db, name)
	}
	found, err := e.partitionDirs(ctx, t)
	if err != nil {
		return table{}, err
	}
	known, err := c.PartitionNames(ctx, db, name, catalog.PartitionPage{})
	if err != nil {
		return table{}, err
	}
	var out table
	var add []catalog.Partition
	for _, p := range found {
		if n := catalog.PartitionName(t.Partitions, p.Values); !slices.Contains(known, n) {
			add = append(add, p)
			out.rows = append(out.rows, "Repair: Added partition to metastore "+db+"."+name+":"+n)
		}
	}
	if len(add) > 0 {
		err = c.AddPartitions(ctx, db, name, add, true)
	}
	if len(out.rows) > 0 {
		names := make([]string, len(add))
		for i, p := range add {
			names[i] = name + ":" + catalog.PartitionName(t.Partitions, p.Values)
		}
		out.rows = append([]string{"Partitions not in metastore:\t" + strings.Join(names, "\t")}, out.rows...)
	}
	return out, err
}

// partitionDirs finds directories key=value/key=value below a table's location,
// one level after the other, so that files are not listed.
func (e *executor) partitionDirs(ctx context.Context, t catalog.Table) ([]catalog.Partition, error) {
	root, err := lethe.ParseLocation(t.Storage.Location)
	if err != nil {
		return nil, err
	}
	root = root.Dir()
	if err := e.Access.Decide(ctx, lethe.PrincipalOf(ctx), "s3:ListBucket", lethe.BucketARN(root.Bucket)); err != nil {
		return nil, err
	}
	if l, ok := e.Access.(access.Listings); ok {
		if err := l.DecideListing(ctx, lethe.PrincipalOf(ctx), root.Bucket, root.Key, ""); err != nil {
			return nil, err
		}
	}
	type dir struct {
		prefix string
		values []string
	}
	level := []dir{{prefix: root.Key}}
	for _, key := range t.Partitions {
		var next []dir
		for _, d := range level {
			o := object.ListOptions{Prefix: d.prefix, Delimiter: "/"}
			for {
				l, err := e.Store.List(ctx, root.Bucket, o)
				if err != nil {
					return nil, err
				}
				for _, p := range l.Prefixes {
					k, v, ok := strings.Cut(strings.TrimSuffix(p[len(d.prefix):], "/"), "=")
					if ok && strings.EqualFold(catalog.UnescapePath(k), key.Name) && v != "" {
						next = append(next, dir{p, append(slices.Clone(d.values), catalog.UnescapePath(v))})
					}
				}
				if l.Next == "" {
					break
				}
				o.After = l.Next
			}
		}
		level = next
	}
	ps := make([]catalog.Partition, len(level))
	for i, d := range level {
		ps[i] = newPartition(t, d.values, lethe.Location{Bucket: root.Bucket, Key: d.prefix}.String())
	}
	return ps, nil
}

// properties reads (name = value, ...), whose values are literals.
func properties(props []trinosql.Prop) (map[string]string, error) {
	m := map[string]string{}
	for _, p := range props {
		v, err := literal(p.X)
		if err != nil {
			return nil, err
		}
		m[p.Name] = v
	}
	return m, nil
}

// literal returns the text of a literal.
func literal(x trinosql.Expr) (string, error) {
	switch x := x.(type) {
	case *trinosql.Literal:
		if x.Kind == trinosql.NullLiteral {
			return catalog.DefaultValue, nil
		}
		return x.Val, nil
	case *trinosql.TypedLiteral:
		return x.Val, nil
	case *trinosql.Unary:
		if l, ok := x.X.(*trinosql.Literal); ok && x.Op == "-" {
			if _, err := strconv.ParseFloat(l.Val, 64); err == nil {
				return "-" + l.Val, nil
			}
		}
	}
	if x == nil {
		return "", lethe.Errorf(lethe.Invalid, "a value is missing")
	}
	return "", lethe.Errorf(lethe.Invalid, "%s: a literal is expected here", x.Pos())
}
