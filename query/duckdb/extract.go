package duckdb

import (
	"context"

	"lethe/lib/trinosql"
	"lethe/query"
)

// extractGroup is the rows of a row group of an extract: what DuckDB scans at a time, so
// that filters skip as much as in its own tables, and a row group is a thread's work.
const extractGroup = 122_880

// Write implements query.Writer.
func (e *Engine) Write(ctx context.Context, job query.Job) (query.Written, error) {
	inputs := make([]Input, len(job.Scans))
	for i, scan := range job.Scans {
		inputs[i] = Input{Scan: scan}
	}
	w, err := e.WriteParquet(ctx, Write{Analysis: job.Analysis, Inputs: inputs, RowGroup: extractGroup, Stored: true, Progress: job.Progress})
	if err != nil {
		return query.Written{}, err
	}
	r := query.Written{Path: w.Files[0].Path, Rows: w.Rows, Bytes: w.Files[0].Bytes, Close: w.Close}
	for _, c := range w.Columns {
		r.Columns = append(r.Columns, trinosql.Column{Name: c.Name, Type: c.Type})
	}
	return r, nil
}
