package query

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/lib/trinosql"
	"lethe/object"
)

// peekTime bounds a look into a file, which somebody is waiting for.
const peekTime = 30 * time.Second

// Peek answers the first rows of a Parquet object by itself, as if it were a
// table of the given columns. It makes no execution and decides nothing: its
// caller has decided that the object may be read. The page has no line of names.
func (s *Service) Peek(ctx context.Context, o object.Object, columns []catalog.Column, limit int) (Page, error) {
	ctx, cancel := context.WithTimeout(ctx, peekTime)
	defer cancel()
	t := catalog.Table{Database: "default", Name: "object", Type: catalog.ExternalTable, Storage: catalog.Storage{
		Columns: columns, InputFormat: catalog.Parquet.InputFormat, OutputFormat: catalog.Parquet.OutputFormat,
		SerDe: catalog.SerDe{Library: catalog.Parquet.SerDe},
	}}
	stmt, err := trinosql.Parse(fmt.Sprintf(`SELECT * FROM "object" LIMIT %d`, limit))
	if err != nil {
		return Page{}, err
	}
	q, ok := stmt.(*trinosql.QueryStmt)
	if !ok {
		return Page{}, fmt.Errorf("a SELECT was parsed as %T", stmt)
	}
	a, err := trinosql.Analyze(ctx, q, peeked{t}, trinosql.Options{Catalog: lethe.DefaultCatalog, Database: t.Database, Now: time.Now(), Zone: time.UTC})
	if err != nil {
		return Page{}, lethe.Errorf(lethe.Unsupported, "s3://%s/%s: %w", o.Bucket, o.Key, err)
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return Page{}, lethe.Errorf(lethe.Exhausted, "other queries keep the engine busy").WithHint("try again later")
	}
	result, err := s.Engine.Run(ctx, Job{ID: lethe.NewID(), Analysis: a, Progress: func(float64) {},
		Scans: []Scan{{Table: t, Parts: []Part{{Storage: t.Storage, Objects: []object.Object{o}}}}}})
	if err != nil {
		return Page{}, err
	}
	defer func() { _ = result.Close() }() // what it would tell, the engine logs
	return readPage(result)
}

// readPage reads a whole result, which must be small.
func readPage(result Result) (Page, error) {
	p := Page{Columns: result.Columns}
	f, err := os.Open(result.Path)
	if err != nil {
		return p, err
	}
	defer f.Close()
	r := &rowReader{r: bufio.NewReader(f), columns: max(1, len(result.Columns))}
	for first := true; ; first = false {
		row, err := r.next()
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil {
			return p, err
		}
		if !first { // the line of names
			p.Rows = append(p.Rows, row)
		}
	}
}

// peeked is the one table of a Peek.
type peeked struct{ table catalog.Table }

// Table implements trinosql.Resolver.
func (p peeked) Table(_ context.Context, name trinosql.TableName) (*trinosql.TableSchema, error) {
	return Schema(name, p.table)
}
