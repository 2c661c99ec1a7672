package query

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"lethe"
	"lethe/lib/trinosql"
	"lethe/object"
)

// execute runs a statement and stores its result.
func (s *Service) execute(ctx context.Context, r *run, stmt trinosql.Statement, c class) error {
	x := r.snapshot()
	e := &executor{Service: s, run: r, request: r.request}
	switch stmt := stmt.(type) {
	case *trinosql.QueryStmt:
		return e.query(ctx, stmt, x)
	case *trinosql.Show:
		return e.text(ctx, x, func() (table, error) { return e.show(ctx, stmt) })
	case *trinosql.Describe:
		return e.text(ctx, x, func() (table, error) { return e.describe(ctx, stmt) })
	default:
		return e.text(ctx, x, func() (table, error) { return e.change(ctx, stmt) })
	}
}

// executor is one run's view of the service.
type executor struct {
	*Service
	run     *run
	request Request
	taken   string // directory of what tables of lethe's own hold; "" if none was read
	// viewer is for whom somebody else's permissions are used; nil if nobody's are. Rules
	// of tables narrow for both.
	viewer *lethe.Principal
}

// analyze finds what a query means to the executor's principals.
func (e *executor) analyze(ctx context.Context, stmt *trinosql.QueryStmt, now time.Time) (*trinosql.Analysis, error) {
	params, err := parameters(e.request.Parameters)
	if err != nil {
		return nil, err
	}
	return trinosql.Analyze(ctx, stmt, resolver{e}, trinosql.Options{
		Catalog: e.request.catalog(), Database: e.request.database(), Parameters: params, Now: now, Zone: time.UTC,
	})
}

// start ends the time in the queue.
func (e *executor) start() time.Time {
	now := time.Now()
	e.run.update(func(x *Execution) {
		x.State = Running
		x.Statistics.Queue = now.Sub(x.Submitted)
	})
	return now
}

// query runs a SELECT in the engine.
func (e *executor) query(ctx context.Context, stmt *trinosql.QueryStmt, x Execution) error {
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	began := e.start()
	a, err := e.analyze(ctx, stmt, began)
	if err != nil {
		return err
	}
	result, planned, err := e.answer(ctx, x, a, began)
	if dropped := e.dropTaken(); err == nil && dropped != nil {
		e.Log.Warn("a query's copy of records is left", "id", x.ID, "error", dropped)
	}
	if err != nil {
		return err
	}
	defer func() { _ = result.Close() }() // what it would tell, the engine logs
	answered := time.Now()
	file, err := os.Open(result.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	size, err := e.store(ctx, x, file, result.Columns)
	if err != nil {
		return err
	}
	e.run.update(func(x *Execution) {
		x.Columns, x.Rows = result.Columns, result.Rows
		x.Statistics.Engine, x.Statistics.ResultBytes = answered.Sub(planned), size
		x.Statistics.Service = time.Since(answered)
	})
	return nil
}

// answerTries is how often a query is begun whose objects change under it.
const answerTries = 5

// answer lists what an analyzed query reads and runs it in the engine. It returns when
// the last listing was done.
func (e *executor) answer(ctx context.Context, x Execution, a *trinosql.Analysis, began time.Time) (result Result, planned time.Time, err error) {
	err = e.listed(ctx, x, a, began, func(job Job) (err error) {
		planned = time.Now()
		result, err = e.Engine.Run(ctx, job)
		return err
	})
	return result, planned, err
}

// listed lists what an analyzed query reads and does something with it. Objects that were
// replaced between the two are listed again.
func (e *executor) listed(ctx context.Context, x Execution, a *trinosql.Analysis, began time.Time, do func(Job) error) error {
	for try := 1; ; try++ {
		scans, scanned, err := e.scans(ctx, a)
		if err != nil {
			return err
		}
		w, err := e.Workgroup(ctx, e.request.Workgroup)
		if err != nil {
			return err
		}
		if w.ScanLimit > 0 && scanned > w.ScanLimit {
			return lethe.Errorf(lethe.Canceled, "Bytes scanned limit was exceeded: the query would read %d bytes, workgroup %s allows %d", scanned, w.Name, w.ScanLimit)
		}
		e.run.update(func(x *Execution) {
			x.Statistics.Planning, x.Statistics.ScannedBytes = time.Since(began), scanned
		})
		err = do(Job{ID: x.ID, Analysis: a, Scans: scans, Progress: func(done float64) {
			e.run.update(func(x *Execution) { x.Progress = done })
		}})
		if try < answerTries && (lethe.Is(err, lethe.Conflict) || lethe.Is(err, lethe.NotFound)) && ctx.Err() == nil {
			continue
		}
		return err
	}
}

// store puts a result, and beside it the companion file from which Athena's JDBC
// driver learns its columns, where the execution says: both in one step. It
// returns the result's size.
func (e *executor) store(ctx context.Context, x Execution, result io.Reader, columns []Column) (int64, error) {
	l, err := lethe.ParseLocation(x.Output)
	if err != nil {
		return 0, err
	}
	put := func(key string, r io.Reader) (object.Named, error) {
		staged, err := e.Store.Stage(ctx, l.Bucket, r)
		return object.Named{Key: key, Staged: staged, Header: object.Header{ContentType: "application/octet-stream"}}, err
	}
	main, err := put(l.Key, result)
	if err != nil {
		return 0, e.notStored(x, err)
	}
	defer main.Staged.Discard()
	puts := []object.Named{main}
	if columns != nil {
		companion, err := put(l.Key+".metadata", strings.NewReader(metadataFile(x.ID, columns)))
		if err != nil {
			return 0, e.notStored(x, err)
		}
		defer companion.Staged.Discard()
		puts = append(puts, companion)
	}
	if err := e.Store.Commit(ctx, l.Bucket, puts, nil); err != nil {
		return 0, e.notStored(x, err)
	}
	return main.Staged.Size(), nil
}

func (e *executor) notStored(x Execution, err error) error {
	return lethe.Errorf(lethe.KindOf(err), "the result cannot be stored at %s: %w", x.Output, err)
}

// text runs a statement that the service answers itself.
func (e *executor) text(ctx context.Context, x Execution, answer func() (table, error)) error {
	began := e.start()
	t, err := answer()
	answered := time.Now()
	if err != nil {
		return err
	}
	size, err := e.store(ctx, x, strings.NewReader(strings.Join(t.rows, "\n")), t.columns)
	if err != nil {
		return err
	}
	e.run.update(func(x *Execution) {
		x.Columns, x.Rows = t.columns, int64(len(t.rows))
		x.Statistics.Engine, x.Statistics.Service = answered.Sub(began), time.Since(answered)
		x.Statistics.ResultBytes = size
	})
	return nil
}

// table is a result of the service's own: lines of text, columns between tabs.
type table struct {
	columns []Column
	rows    []string
}

// textColumns are columns of type string, as metadata statements have them.
func textColumns(names ...string) []Column {
	c := make([]Column, len(names))
	for i, n := range names {
		c[i] = Column{Name: n, Type: "string"}
	}
	return c
}

func (q Request) catalog() string {
	if q.Catalog == "" {
		return strings.ToLower(lethe.DefaultCatalog)
	}
	return strings.ToLower(q.Catalog)
}

func (q Request) database() string {
	if q.Database == "" {
		return "default"
	}
	return strings.ToLower(q.Database)
}

// parameters parses execution parameters, which are SQL expressions. A text
// that is none is taken as a string, as Athena does.
func parameters(texts []string) ([]trinosql.Expr, error) {
	var list []trinosql.Expr
	for i, text := range texts {
		x, err := trinosql.ParseExpr(text)
		var te *trinosql.Error
		if errors.As(err, &te) {
			return nil, lethe.Errorf(lethe.Invalid, "execution parameter %d, %s, is not an SQL value: %w", i+1, text, err).WithHint("write strings in single quotes")
		}
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}
