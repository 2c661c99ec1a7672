package app

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"syscall"

	"lethe"
	"lethe/dash"
	"lethe/dash/extract"
	"lethe/lib/state"
	"lethe/lib/trinosql"
	"lethe/query"
	"lethe/query/duckdb"
)

// openExtracts opens the extracts of data sets. They answer, and are not refreshed before
// startExtracts.
func (a *App) openExtracts(ctx context.Context, db *state.DB) (err error) {
	c, q := a.Config.Extracts, a.Config.Query
	sessions, err := duckdb.NewSessions(duckdb.SessionConfig{
		Config: duckdb.Config{Dir: a.path("sessions"), Memory: int64(c.Memory), Threads: q.Threads, AllowNoLandlock: q.AllowNoLandlock, Log: a.Log},
		Most:   c.Sessions, Idle: c.Idle,
	})
	if err != nil {
		return err
	}
	a.onStop(sessions.Close)
	x := extracts{a.Queries, sessions}
	a.Extracts, err = extract.Open(ctx, extract.Config{DB: db, Dir: c.Folder, Maker: x, Reader: x, Redact: a.redactLater, Log: a.Log})
	if err != nil {
		return err
	}
	a.onStop(a.Extracts.Close)
	a.metrics.registry.MustRegister(extractMetrics{a.Extracts, sessions})
	return nil
}

// startExtracts begins to refresh what is due.
func (a *App) startExtracts() { a.Extracts.Start(a.Dash) }

// extracts makes extracts by queries and answers from them in sessions.
type extracts struct {
	queries  *query.Service
	sessions *duckdb.Sessions
}

// Write implements extract.Maker.
func (x extracts) Write(ctx context.Context, s dash.Statement, path string, progress func(float64)) (extract.File, error) {
	if !s.As.Zero() {
		ctx = lethe.WithPrincipal(ctx, s.As)
	}
	w, err := x.queries.Write(ctx, query.Question{SQL: s.SQL, Catalog: s.Catalog, Database: s.Database}, progress)
	return put(w, err, path)
}

// The names of the tables of an increment's statement.
const (
	keptRows  = "extract"
	freshRows = "fresh"
)

// Merge implements extract.Maker.
func (x extracts) Merge(ctx context.Context, old, fresh extract.File, replaces, path string, progress func(float64)) (extract.File, error) {
	engine, ok := x.queries.Engine.(query.Writer)
	if !ok {
		return extract.File{}, lethe.Errorf(lethe.Unsupported, "this server's engine writes no files")
	}
	tables := map[string]query.Local{}
	for name, f := range map[string]extract.File{keptRows: old, freshRows: fresh} {
		t, err := local(f)
		if err != nil {
			return extract.File{}, err
		}
		tables[name] = t
	}
	a, err := query.AnalyzeLocal(ctx, `SELECT * FROM "extract" WHERE NOT coalesce((`+replaces+`), false) UNION ALL SELECT * FROM "fresh"`, tables)
	if err != nil {
		return extract.File{}, err
	}
	job := query.LocalJob(a, tables)
	job.Progress = progress
	w, err := engine.Write(ctx, job)
	return put(w, err, path)
}

// put moves what an engine has written to its place.
func put(w query.Written, err error, path string) (extract.File, error) {
	if err != nil {
		return extract.File{}, err
	}
	f := extract.File{Rows: w.Rows, Bytes: w.Bytes}
	for _, c := range w.Columns {
		f.Columns = append(f.Columns, dash.Column{Name: c.Name, Type: c.Type.String()})
	}
	err = move(w.Path, path)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		err = lethe.Errorf(lethe.Exhausted, "there is no space left in %s", filepath.Dir(path)).WithHint("make space; the extract that is there goes on answering")
	}
	return f, errors.Join(err, w.Close())
}

// move renames a file, or copies it to another file system.
func move(from, to string) error {
	err := os.Rename(from, to)
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close())
}

// local is an extract as a table.
func local(f extract.File) (query.Local, error) {
	t := query.Local{Path: f.Path}
	for _, c := range f.Columns {
		typ, err := trinosql.ParseType(c.Type)
		if err != nil {
			return t, lethe.Errorf(lethe.BadData, "column %s of an extract has the type %s: %w", c.Name, c.Type, err)
		}
		t.Columns = append(t.Columns, trinosql.Column{Name: c.Name, Type: typ})
	}
	return t, nil
}

// Ask implements extract.Reader.
func (x extracts) Ask(ctx context.Context, f extract.File, sql string, limit int) (dash.Rows, error) {
	t, err := local(f)
	if err != nil {
		return dash.Rows{}, err
	}
	a, err := query.AnalyzeLocal(ctx, sql, map[string]query.Local{keptRows: t})
	if err != nil {
		return dash.Rows{}, err
	}
	answer, err := x.sessions.Ask(ctx, duckdb.SessionFile{Key: f.ID, Path: f.Path}, a, limit)
	if err != nil {
		if _, gone := os.Stat(f.Path); errors.Is(gone, os.ErrNotExist) {
			err = lethe.Errorf(lethe.NotFound, "the extract is gone: %w", err)
		}
		return dash.Rows{}, err
	}
	r, err := query.ReplyOf(answer.QueryColumns(), answer.Rows, answer.More)
	if err != nil {
		return dash.Rows{}, err
	}
	return replied(r), nil
}

// replied is what a question found, as dash has it.
func replied(r query.Reply) dash.Rows {
	rows := dash.Rows{N: r.Rows, More: r.More}
	for i, c := range r.Columns {
		rows.Columns = append(rows.Columns, dash.AnswerColumn{Name: c.Name, Type: dash.TypeOf(c.Type), Values: r.Values[i]})
	}
	return rows
}

// Open implements extract.Reader.
func (x extracts) Open(f extract.File) { x.sessions.Open(duckdb.SessionFile{Key: f.ID, Path: f.Path}) }

// Drop implements extract.Reader.
func (x extracts) Drop(ctx context.Context, f extract.File) error { return x.sessions.Drop(ctx, f.ID) }

// Rows implements extract.Reader.
func (x extracts) Rows(ctx context.Context, f extract.File) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		t, err := local(f)
		if err != nil {
			yield(nil, err)
			return
		}
		tables := map[string]query.Local{keptRows: t}
		a, err := query.AnalyzeLocal(ctx, `SELECT * FROM "extract"`, tables)
		if err != nil {
			yield(nil, err)
			return
		}
		query.Rows(ctx, x.queries.Engine, query.LocalJob(a, tables))(yield)
	}
}
