package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/ingest"
	"lethe/lib/state"
	"lethe/lib/trinosql"
	"lethe/query"
	"lethe/query/duckdb"
)

func (a *App) openIngests(ctx context.Context, db *state.DB, engine *duckdb.Engine) (err error) {
	a.Ingests, err = ingest.Open(ctx, ingest.Config{
		DB: db, Store: a.Stores, Catalog: a.Catalog, Access: a.Access, Roles: a.Access, Engine: ingestEngine{engine},
		Dir: a.path("ingest"), Region: a.Config.AWS.Region, Log: a.Log,
	})
	if err != nil {
		return err
	}
	a.onStop(a.Ingests.Close)
	return nil
}

// ingestEngine runs an ingest's SELECT in the query engine.
type ingestEngine struct{ engine *duckdb.Engine }

// source is the one table that an ingest's SELECT may read.
type source []catalog.Column

// Table implements trinosql.Resolver.
func (s source) Table(_ context.Context, name trinosql.TableName) (*trinosql.TableSchema, error) {
	if name.Table != "source" {
		return nil, trinosql.ErrNoTable
	}
	return query.Schema(name, catalog.Table{Storage: catalog.Storage{Columns: s}})
}

// Write implements ingest.Engine.
func (e ingestEngine) Write(ctx context.Context, job ingest.WriteJob) (ingest.WriteResult, error) {
	stmt, err := trinosql.Parse(job.SQL)
	if err != nil {
		return ingest.WriteResult{}, lethe.Errorf(lethe.Syntax, "the ingest's SQL: %w", err)
	}
	q, ok := stmt.(*trinosql.QueryStmt)
	if !ok {
		return ingest.WriteResult{}, lethe.Errorf(lethe.Invalid, "the ingest's SQL is not a SELECT")
	}
	analysis, err := trinosql.Analyze(ctx, q, source(job.Columns), trinosql.Options{Catalog: "ingest", Database: "ingest", Now: time.Now(), Zone: time.UTC})
	if err != nil {
		return ingest.WriteResult{}, lethe.Errorf(lethe.Syntax, "the ingest's SQL: %w", err)
	}
	in := duckdb.Input{Scan: query.Scan{Table: catalog.Table{Database: "ingest", Name: "source", Storage: catalog.Storage{
		Columns: job.Columns, InputFormat: catalog.Parquet.InputFormat, OutputFormat: catalog.Parquet.OutputFormat,
		SerDe: catalog.SerDe{Library: catalog.Parquet.SerDe},
	}}}}
	for i, f := range job.Files {
		in.Files = append(in.Files, duckdb.File{Path: f, Name: job.Names[i]})
	}
	inputs := make([]duckdb.Input, len(analysis.Tables)) // a SELECT may read source several times, or not at all
	for i := range inputs {
		inputs[i] = in
	}
	w, err := e.engine.WriteParquet(ctx, duckdb.Write{
		Analysis: analysis, Inputs: inputs, PartitionBy: job.PartitionBy, RowGroup: int64(job.RowGroup), FileSize: job.FileSize, Progress: job.Progress,
	})
	if err != nil {
		return ingest.WriteResult{}, err
	}
	defer func() { _ = w.Close() }()
	var r ingest.WriteResult
	for _, c := range w.Columns {
		name, ok := c.Type.HiveString()
		if !ok {
			return r, lethe.Errorf(lethe.Unsupported, "the ingest's SQL: a table cannot have column %s of type %s", c.Name, c.Type).WithHint("cast it to a type that tables have")
		}
		r.Columns = append(r.Columns, catalog.Column{Name: c.Name, Type: name})
	}
	for i, f := range w.Files {
		path := filepath.Join(job.Dir, fmt.Sprintf("%d.parquet", i))
		if err := os.Rename(f.Path, path); err != nil {
			return r, err
		}
		r.Files = append(r.Files, ingest.WrittenFile{Path: path, Rows: f.Rows, Values: f.Partition})
	}
	return r, nil
}
