package query

import (
	"context"
	"errors"
	"iter"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/lib/trinosql"
)

// Writer is an engine that can leave the rows of a query in a Parquet file.
type Writer interface {
	// Write is Run, but for the form of the result. Columns have the storage types of their
	// types; an error of kind Unsupported says that one has none.
	Write(ctx context.Context, job Job) (Written, error)
}

// Written is a query's result in a local Parquet file.
type Written struct {
	Path    string
	Columns []trinosql.Column
	Rows    int64
	Bytes   int64
	// Close removes the file, unless it was renamed.
	Close func() error
}

// Write answers a question with a Parquet file, which holds all rows. In all else it is
// as Ask.
func (s *Service) Write(ctx context.Context, q Question, progress func(done float64)) (w Written, err error) {
	engine, ok := s.Engine.(Writer)
	if !ok {
		return w, lethe.Errorf(lethe.Unsupported, "this server's engine writes no files")
	}
	stmt, err := question(q)
	if err != nil {
		return w, err
	}
	err = s.atWork(ctx, func(ctx context.Context, r *run) error {
		return s.planned(ctx, r, q, stmt, func(ctx context.Context, e *executor, a *trinosql.Analysis, began time.Time) error {
			return e.listed(ctx, r.snapshot(), a, began, func(job Job) (err error) {
				job.Progress = progress
				w, err = engine.Write(ctx, job)
				return err
			})
		})
	})
	return w, answerable(err)
}

// Local is a local Parquet file that Write made, as a table.
type Local struct {
	Path    string
	Columns []trinosql.Column
}

// AnalyzeLocal analyzes a SELECT over local files, which are the tables of these names and
// the only ones.
func AnalyzeLocal(ctx context.Context, sql string, tables map[string]Local) (*trinosql.Analysis, error) {
	stmt, err := question(Question{SQL: sql})
	if err != nil {
		return nil, err
	}
	a, err := trinosql.Analyze(ctx, stmt, locals(tables), trinosql.Options{Catalog: "local", Database: "local", Now: time.Now(), Zone: time.UTC})
	return a, answerable(err)
}

// LocalJob is the job of an analysis over local files.
func LocalJob(a *trinosql.Analysis, tables map[string]Local) Job {
	job := Job{ID: lethe.NewID(), Analysis: a, Progress: func(float64) {}}
	for _, use := range a.Tables {
		t := catalog.Table{Database: "local", Name: use.Schema.TableName.Table, Type: catalog.ExternalTable, Storage: catalog.Storage{
			InputFormat: catalog.Parquet.InputFormat, OutputFormat: catalog.Parquet.OutputFormat, SerDe: catalog.SerDe{Library: catalog.Parquet.SerDe},
		}}
		job.Scans = append(job.Scans, Scan{Table: t, Parts: []Part{{Storage: t.Storage, Files: []string{tables[t.Name].Path}}}})
	}
	return job
}

// locals resolves the names of local files.
type locals map[string]Local

// Table implements trinosql.Resolver.
func (l locals) Table(_ context.Context, name trinosql.TableName) (*trinosql.TableSchema, error) {
	t, ok := l[name.Table]
	if !ok {
		return nil, trinosql.ErrNoTable
	}
	return &trinosql.TableSchema{TableName: name, Columns: t.Columns}, nil
}

// Rows runs a job and yields the rows of its result: the names of the columns first,
// null as "".
func Rows(ctx context.Context, e Engine, job Job) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		result, err := e.Run(ctx, job)
		if err != nil {
			yield(nil, err)
			return
		}
		ended := false
		err = eachRow(result, func(row []*string) bool {
			texts := make([]string, len(row))
			for i, v := range row {
				if v != nil {
					texts[i] = *v
				}
			}
			ended = !yield(texts, nil)
			return !ended
		})
		if err = errors.Join(err, result.Close()); err != nil && !ended {
			yield(nil, err)
		}
	}
}

// ReplyOf reads rows whose values are as Athena writes them.
func ReplyOf(columns []Column, rows [][]*string, more bool) (Reply, error) {
	p := Reply{Columns: columns, Values: make([][]any, len(columns)), More: more}
	add := p.adder()
	for _, row := range rows {
		if err := add(row); err != nil {
			return p, err
		}
	}
	return p, nil
}
