package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
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
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
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

// uploader brings sources into the lake, which opens no files or addresses itself.
type uploader struct {
	client   *s3.Client
	keep     string // location; "" means that uploads are forgotten afterwards
	progress io.Writer
	quiet    bool
	dir      lethe.Location
	made     []lethe.Location
}

// stagingBucket holds uploads while they are read.
const stagingBucket = "lethe-staging"

// source returns where a source lies in the lake, bringing it there if needed.
func (u *uploader) source(ctx context.Context, s string) ([]string, error) {
	if strings.HasPrefix(s, "s3://") {
		return []string{s}, nil
	}
	if strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") {
		at, err := u.download(ctx, s)
		return []string{at}, err
	}
	info, err := os.Stat(s)
	if errors.Is(err, os.ErrNotExist) {
		return nil, lethe.Errorf(lethe.NotFound, "there is no file %s", s)
	}
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		at, err := u.file(ctx, s)
		return []string{at}, err
	}
	var list []string
	files, err := os.ReadDir(s)
	if err != nil {
		return nil, err
	}
	for _, e := range files {
		if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(e.Name(), "_") {
			at, err := u.file(ctx, filepath.Join(s, e.Name()))
			if err != nil {
				return nil, err
			}
			list = append(list, at)
		}
	}
	if len(list) == 0 {
		return nil, lethe.Errorf(lethe.NotFound, "the folder %s holds no files", s)
	}
	return list, nil
}

func (u *uploader) file(ctx context.Context, name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return u.put(ctx, filepath.Base(name), f)
}

func (u *uploader) download(ctx context.Context, address string) (string, error) {
	a, err := url.Parse(address)
	if err != nil {
		return "", lethe.Errorf(lethe.Invalid, "%s: %w", address, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", lethe.Errorf(lethe.Invalid, "%s answers %s", address, resp.Status)
	}
	name := path.Base(a.Path)
	if name == "/" || name == "." {
		name = "download"
	}
	return u.put(ctx, name, resp.Body)
}

// put writes an object below the place of uploads.
func (u *uploader) put(ctx context.Context, name string, r io.Reader) (string, error) {
	if err := u.place(ctx); err != nil {
		return "", err
	}
	at := u.dir.Join(name)
	if !u.quiet {
		fmt.Fprintf(u.progress, "uploading %s\n", name)
	}
	_, err := transfermanager.New(u.client).UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &at.Bucket, Key: &at.Key, Body: r})
	if err != nil {
		return "", fmt.Errorf("upload of %s: %w", name, serviceError(err))
	}
	if u.keep == "" {
		u.made = append(u.made, at)
	}
	return at.String(), nil
}

// place decides where uploads go.
func (u *uploader) place(ctx context.Context) error {
	if u.dir.Bucket != "" {
		return nil
	}
	if u.keep != "" {
		at, err := lethe.ParseLocation(u.keep)
		u.dir = at
		return err
	}
	_, err := u.client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(stagingBucket)})
	var code interface{ ErrorCode() string }
	if errors.As(err, &code) && (code.ErrorCode() == "BucketAlreadyOwnedByYou" || code.ErrorCode() == "BucketAlreadyExists") {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("bucket for uploads: %w", serviceError(err))
	}
	u.dir = lethe.Location{Bucket: stagingBucket, Key: lethe.NewOrderedID()}
	return nil
}

// forget removes uploads that were not to be kept.
func (u *uploader) forget() {
	ctx, done := context.WithTimeout(context.Background(), 30*time.Second)
	defer done()
	for _, l := range u.made {
		if _, err := u.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &l.Bucket, Key: &l.Key}); err != nil {
			fmt.Fprintf(u.progress, "the uploaded %s could not be removed: %v\n", l, serviceError(err))
		}
	}
}

// api speaks to a lake's JSON API.
type api struct {
	base, token string
}

// console opens a session of the administrator.
func (l lake) console(ctx context.Context) (*api, error) {
	cfg, err := l.aws(ctx)
	if err != nil {
		return nil, err
	}
	key, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	a := &api{base: l.Console + "/api/v1"}
	var session struct {
		Token string `json:"token"`
	}
	in := map[string]any{"name": key.AccessKeyID, "password": key.SecretAccessKey, "token": true}
	if err := a.call(ctx, http.MethodPost, "/session", in, &session); err != nil {
		return nil, err
	}
	a.token = session.Token
	return a, nil
}

func (a *api) logout() {
	ctx, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	a.call(ctx, http.MethodDelete, "/session", nil, nil) // it ends by itself otherwise
}

// call does one operation; an error of the lake's comes back as such.
func (a *api) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 400 {
		var e struct {
			Error struct{ Kind, Message, Hint string }
		}
		if err := json.NewDecoder(resp.Body).Decode(&e); err != nil || e.Error.Message == "" {
			return fmt.Errorf("%s %s answers %s", method, path, resp.Status)
		}
		return &lethe.Error{Kind: lethe.Kind(e.Error.Kind), Message: e.Error.Message, Hint: e.Error.Hint}
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
