package duckdb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"lethe"
	"lethe/lib/trinosql"
	"lethe/query"
	"lethe/query/duckdb/dialect"
)

// Run implements query.Engine.
func (e *Engine) Run(ctx context.Context, job query.Job) (query.Result, error) {
	s := &stage{store: e.c.Store}
	t, st, err := s.task(job.Analysis, s.owned(job.Scans), dialect.Text())
	if err != nil {
		return query.Result{}, err
	}
	t.CSV = &csvOutput{Header: make([]string, len(st.Columns))}
	for i, c := range st.Columns {
		t.CSV.Header[i] = c.Name
	}
	o, err := e.run(ctx, work{t, s, job.Progress})
	if err != nil {
		return query.Result{}, err
	}
	r := query.Result{Path: filepath.Join(o.dir, csvFile), Rows: o.Rows, Close: o.release}
	if err := regular(r.Path); err != nil {
		return query.Result{}, closing(o.release, err)
	}
	for _, c := range st.Columns {
		r.Columns = append(r.Columns, resultColumn(c))
	}
	return r, nil
}

// owned puts the local files of scans among their objects.
func (s *stage) owned(scans []query.Scan) []query.Scan {
	scans = slices.Clone(scans)
	for i := range scans {
		scans[i].Parts = slices.Clone(scans[i].Parts)
		for j := range scans[i].Parts {
			p := &scans[i].Parts[j]
			p.Objects = slices.Clip(p.Objects)
			for _, path := range p.Files {
				p.Objects = append(p.Objects, s.localObject(File{Path: path, Name: filepath.Base(path)}))
			}
		}
	}
	return scans
}

// task translates a statement and plans what its tables read.
func (s *stage) task(a *trinosql.Analysis, scans []query.Scan, opts ...dialect.Option) (task, dialect.Statement, error) {
	if len(scans) != len(a.Tables) {
		return task{}, dialect.Statement{}, fmt.Errorf("%d scans for %d tables", len(scans), len(a.Tables))
	}
	var t task
	st, err := dialect.Emit(a, func(i int, use *trinosql.TableUse) (string, error) {
		name := "t" + strconv.Itoa(i)
		var used []column
		for j, c := range use.Schema.Columns {
			if j < len(use.Used) && use.Used[j] {
				used = append(used, column{c.Name, c.Type, intervals(use, j)})
			}
		}
		// The emitter may ask again for what it writes twice.
		for _, r := range t.Relations {
			if r.Name == name {
				return "lake." + name, nil
			}
		}
		r, err := s.relation(name, scans[i], used)
		if err != nil && use.Ruled { // it may name an object
			return "", lethe.Errorf(lethe.KindOf(err), "%s", unreadableThroughRules)
		}
		if err != nil {
			return "", err
		}
		t.Relations = append(t.Relations, r)
		return "lake." + name, nil
	}, opts...)
	t.Made, t.SQL, t.Wide = st.Made, st.SQL, st.Wide
	return t, st, err
}

// regular checks that a path which a worker wrote is a file of its own: not a
// link to another one.
func regular(path string) error {
	i, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !i.Mode().IsRegular() || links(i) != 1 {
		return lethe.Errorf(lethe.Internal, "a query's worker left no proper result")
	}
	return nil
}

// resultColumn describes a column as Athena's API does, with the precisions
// that it gives for types without parameters.
func resultColumn(c dialect.Column) query.Column {
	r := query.Column{Name: c.Name, Type: c.Type.String()}
	switch c.Type.Kind {
	case trinosql.KindTinyint:
		r.Precision = 3
	case trinosql.KindSmallint:
		r.Precision = 5
	case trinosql.KindInteger:
		r.Precision = 10
	case trinosql.KindBigint:
		r.Precision = 19
	case trinosql.KindReal:
		r.Type, r.Precision = "float", 17
	case trinosql.KindDouble:
		r.Precision = 17
	case trinosql.KindDecimal:
		r.Type, r.Precision, r.Scale = "decimal", c.Type.Precision, c.Type.Scale
	case trinosql.KindVarchar:
		r.Type, r.Precision = "varchar", c.Type.Precision
		if r.Precision == trinosql.Unbounded {
			r.Precision = 1<<31 - 1
		}
	case trinosql.KindChar:
		r.Type, r.Precision = "char", c.Type.Precision
	case trinosql.KindVarbinary:
		r.Precision = 1<<30 - 1
	case trinosql.KindTime:
		r.Type, r.Precision = "time", c.Type.Precision
	case trinosql.KindTimeZone:
		r.Type, r.Precision = "time with time zone", c.Type.Precision
	case trinosql.KindTimestamp:
		r.Type, r.Precision = "timestamp", c.Type.Precision
	case trinosql.KindTimestampZone:
		r.Type, r.Precision = "timestamp with time zone", c.Type.Precision
	case trinosql.KindArray:
		r.Type = "array"
	case trinosql.KindMap:
		r.Type = "map"
	case trinosql.KindRow:
		r.Type = "row"
	}
	return r
}
