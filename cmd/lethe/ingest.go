package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/spf13/cobra"

	"lethe"
	"lethe/catalog"
	"lethe/ingest"
	"lethe/lib/trinosql"
)

type ingestFlags struct {
	data       *string
	job        ingest.Job
	format     string
	table      string
	columns    string
	allStrings bool
	keep       string
	quiet      bool
	json       bool
}

func newIngest() *cobra.Command {
	var f ingestFlags
	cmd := &cobra.Command{
		Use:   "ingest --table DB.TABLE --location s3://BUCKET/PREFIX SOURCE...",
		Short: "Load files into a table of a running lake",
		Long: `Make a table of CSV, JSON lines or Parquet files. A SOURCE is a local file or
folder, an http(s) address, or s3://bucket/prefix. The rows become Parquet at
the location; running the same again replaces what the run before wrote.

Types of CSV columns are found by reading everything once, unless --columns or
--strings is given. A row that cannot be taken is a bad row, named by file and
line; --bad-rows says what becomes of it.`,
		Example: `  lethe ingest --table default.cities --location s3://lake/cities/ cities.csv
  lethe ingest --table web.logs --location s3://lake/logs/ --partition-by day \
      --sql "SELECT *, substr(time, 1, 10) AS day FROM source" s3://raw/logs/
  lethe ingest --table t --location s3://lake/t/ --bad-rows quarantine:s3://lake/bad/ t.csv.gz`,
		Args: cobra.MinimumNArgs(1),
		RunE: f.run,
	}
	f.data = lakeFlag(cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.table, "table", "", "table to make: name or database.name")
	fs.StringVar(&f.job.Location, "location", "", "where its files lie: s3://bucket/prefix")
	fs.StringVar(&f.format, "format", "", "csv, json or parquet; by the files' names if not given")
	fs.StringVar(&f.columns, "columns", "", `schema of the sources: "id bigint, name string"`)
	fs.BoolVar(&f.allStrings, "strings", false, "take all CSV columns as strings")
	fs.StringVar(&f.job.SQL, "sql", "", "SELECT over the table source that makes the rows")
	fs.StringSliceVar(&f.job.PartitionBy, "partition-by", nil, "columns that become partition keys")
	fs.StringVar(&f.job.BadRows, "bad-rows", "fail", "fail, skip:N or quarantine:LOCATION")
	fs.StringVar(&f.job.CSV.Delimiter, "delimiter", "", "CSV delimiter; a comma, or a tab in .tsv files")
	fs.StringVar(&f.job.CSV.Null, "null", "", "text that stands for null in CSV, beside the empty field")
	fs.BoolVar(&f.job.CSV.NoHeader, "no-header", false, "the first CSV line is a row; --columns gives the names")
	fs.StringVar(&f.job.Comment, "comment", "", "comment of the table")
	fs.BoolVar(&f.job.Replace, "replace", false, "take over a table that no ingest made")
	fs.StringVar(&f.job.Role, "role", "", "role that the run acts by: its name or ARN; needs iam:PassRole")
	fs.StringVar(&f.keep, "keep", "", "keep uploaded sources at this location: s3://bucket/prefix")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	fs.BoolVar(&f.json, "json", false, "print the run as JSON")
	for _, name := range []string{"table", "location"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag that is defined above
		}
	}
	return cmd
}

func (f *ingestFlags) run(cmd *cobra.Command, sources []string) error {
	if err := f.prepare(); err != nil {
		return err
	}
	l, err := findLake(*f.data)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	cfg, err := l.aws(ctx)
	if err != nil {
		return err
	}
	up := &uploader{client: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }), keep: f.keep, progress: cmd.ErrOrStderr(), quiet: f.quiet}
	defer up.forget()
	for _, s := range sources {
		at, err := up.source(ctx, s)
		if err != nil {
			return err
		}
		f.job.Sources = append(f.job.Sources, at...)
	}
	api, err := l.console(ctx)
	if err != nil {
		return err
	}
	defer api.logout()
	run, err := f.watch(ctx, api, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	return f.report(cmd, run)
}

// prepare completes the job from the flags.
func (f *ingestFlags) prepare() error {
	f.job.Format = ingest.Format(f.format)
	f.job.Table = f.table
	if db, name, ok := strings.Cut(f.table, "."); ok {
		f.job.Database, f.job.Table = db, name
	}
	columns, err := parseColumns(f.columns)
	if err != nil {
		return err
	}
	f.job.Columns = columns
	f.job.Infer = len(columns) == 0 && !f.allStrings
	return nil
}

// parseColumns reads a schema as a table's definition has it.
func parseColumns(text string) ([]catalog.Column, error) {
	if text == "" {
		return nil, nil
	}
	stmt, err := trinosql.Parse("CREATE EXTERNAL TABLE t (" + text + ") LOCATION 's3://b/t/'")
	if err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "--columns %q: %w", text, err).WithHint(`write them as "id bigint, name string"`)
	}
	def, ok := stmt.(*trinosql.CreateTable)
	if !ok {
		return nil, lethe.Errorf(lethe.Invalid, "--columns %q is not a list of columns", text)
	}
	var columns []catalog.Column
	for _, c := range def.Cols {
		typ, err := trinosql.ResolveType(c.Type, true)
		if err != nil {
			return nil, lethe.Errorf(lethe.Invalid, "--columns: %w", err)
		}
		name, ok := typ.HiveString()
		if !ok {
			return nil, lethe.Errorf(lethe.Invalid, "--columns: a table cannot have a column of type %s", typ)
		}
		columns = append(columns, catalog.Column{Name: strings.ToLower(c.Name.Text), Type: name})
	}
	return columns, nil
}

// watch starts the run and shows its progress until it ends. An interrupt
// cancels it.
func (f *ingestFlags) watch(ctx context.Context, api *api, w io.Writer) (run ingest.Run, err error) {
	if err := api.call(ctx, http.MethodPost, "/ingests", f.job, &run); err != nil {
		return run, err
	}
	shown := false
	for !run.Phase.Final() {
		err := api.call(ctx, http.MethodGet, "/ingests/"+run.ID+"?wait_ms=250", nil, &run)
		if ctx.Err() != nil {
			late, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer done()
			if err := api.call(late, http.MethodPost, "/ingests/"+run.ID+"/cancel", nil, nil); err != nil {
				return run, fmt.Errorf("the ingest could not be cancelled: %w", err)
			}
			return run, ctx.Err()
		}
		if err != nil {
			return run, err
		}
		if p := run.Progress; p != nil && !f.quiet && !f.json {
			fmt.Fprintf(w, "\r\x1b[K%s: %d of %d files, %s of %s, %d rows", p.Step, p.FilesDone, p.Files, size(p.BytesDone), size(p.Bytes), p.Rows)
			shown = true
		}
	}
	if shown {
		fmt.Fprint(w, "\r\x1b[K")
	}
	return run, nil
}

func size(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

// report prints what a run did; a run that failed is an error.
func (f *ingestFlags) report(cmd *cobra.Command, run ingest.Run) error {
	out := cmd.OutOrStdout()
	if f.json {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		if err := e.Encode(run); err != nil {
			return err
		}
	}
	r := run.Report
	for i, b := range r.Bad {
		if i == 10 && !f.json {
			fmt.Fprintf(cmd.ErrOrStderr(), "... and %d more\n", r.BadRows-10)
			break
		}
		if !f.json {
			fmt.Fprintf(cmd.ErrOrStderr(), "bad row: %s line %d: %s\n", b.Object, b.Line, b.Reason)
		}
	}
	if run.Error != "" {
		return lethe.Errorf(lethe.Kind(run.Kind), "%s", run.Error)
	}
	if f.json {
		return nil
	}
	fmt.Fprintf(out, "%s: %d rows in %d files (%s) at %s", run.Job.Target(), r.RowsWritten, r.FilesWritten, size(r.BytesWritten), run.Job.Location)
	if r.Partitions > 0 {
		fmt.Fprintf(out, ", %d partitions", r.Partitions)
	}
	if r.FilesReplaced > 0 {
		fmt.Fprintf(out, ", %d files replaced", r.FilesReplaced)
	}
	fmt.Fprintln(out)
	if r.BadRows > 0 {
		fmt.Fprintf(out, "%d bad rows were not taken", r.BadRows)
		if r.Quarantine != "" {
			fmt.Fprintf(out, "; they are in %s", r.Quarantine)
		}
		fmt.Fprintln(out)
	}
	return nil
}
