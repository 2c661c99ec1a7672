package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"lethe"
	"lethe/catalog"
	"lethe/lib/trinosql"
	"lethe/object"
)

// process is a run that works. All but now, cancel and done belong to the
// goroutine that works.
type process struct {
	*Service
	task   *task
	run    Run
	tell   func(Progress)
	ctx    context.Context
	cancel context.CancelCauseFunc
	unhold func() // ends the hold of what is linked below dir
	done   chan struct{}

	report Report
	bad    *badRows
	dir    string
	told   time.Time

	mu       sync.Mutex
	progress Progress
}

// now is how far the run is.
func (p *process) now() Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.progress
}

// tellEvery is how often a run tells its progress within a step.
const tellEvery = 100 * time.Millisecond

func (p *process) update(change func(*Progress)) {
	p.mu.Lock()
	step := p.progress.Step
	change(&p.progress)
	now := p.progress
	p.mu.Unlock()
	if p.tell != nil && (now.Step != step || time.Since(p.told) >= tellEvery) {
		p.told = time.Now()
		p.tell(now)
	}
}

// restart begins a step, which may read the sources again.
func (p *process) restart(step string) {
	p.update(func(g *Progress) {
		g.Step, g.FilesDone, g.BytesDone, g.Rows, g.BadRows = step, 0, 0, 0, 0
	})
}

func (p *process) step(step string) { p.update(func(g *Progress) { g.Step = step }) }

func (p *process) countBytes(n int) { p.update(func(g *Progress) { g.BytesDone += int64(n) }) }

func (p *process) countRow(good, bad int64) {
	p.mu.Lock()
	p.progress.Rows += good
	p.progress.BadRows += bad
	p.mu.Unlock()
}

// work runs the job and records how it ended.
func (p *process) work() (report Report, err error) {
	defer p.release(p)
	settled, err := p.attempt()
	if cause := context.Cause(p.ctx); err != nil && cause != nil && (errors.Is(err, context.Canceled) || errors.Is(err, cause)) {
		err = cause
		if !lethe.Is(err, lethe.Canceled) && !lethe.Is(err, lethe.Exhausted) {
			err = lethe.Errorf(lethe.Canceled, "the ingest was stopped: %w", cause)
		}
	}
	if p.bad != nil {
		p.bad.close()
	}
	if rerr := os.RemoveAll(p.dir); p.dir != "" && rerr != nil {
		p.Log.Warn("cannot remove temporary files of an ingest", "run", p.run.ID, "error", rerr)
	}
	if p.unhold != nil {
		p.unhold()
	}
	if err != nil {
		p.report.nothing()
		p.report.RowsRead = max(p.report.RowsRead, p.now().Rows)
	}
	if settled {
		return p.report, err
	}
	if ferr := p.fail(context.WithoutCancel(p.ctx), p.run, p.report, err); ferr != nil {
		err = errors.Join(err, fmt.Errorf("the failure could not be recorded: %w", ferr))
	}
	return p.report, err
}

// attempt does the work. settled means that the journal knows the end already,
// or that a later start must find it out.
func (p *process) attempt() (settled bool, err error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-p.ctx.Done():
		return false, context.Cause(p.ctx)
	}
	// What an earlier run of this table left open comes first.
	if err := p.settle(p.ctx, p.task.Target()); err != nil {
		return false, err
	}
	p.dir = filepath.Join(p.Dir, p.run.ID)
	for _, d := range []string{p.dir, p.inDir(), p.outDir()} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return false, err
		}
	}
	p.unhold = object.Hold(p.Store, p.dir, p.cancel)
	p.bad = &badRows{policy: p.task.bad, path: filepath.Join(p.dir, "bad.jsonl")}
	ground, err := p.survey(p.ctx, p.task)
	if err != nil {
		return false, err
	}
	written, err := p.write()
	if err == nil {
		err = checkColumns(slices.Concat(written.columns, written.partitions))
	}
	if p.bad.count > 0 {
		p.report.BadRows, p.report.Bad = p.bad.count, p.bad.shown
	}
	if err != nil {
		return false, err
	}
	return p.commit(ground, written)
}

// maxColumnName is the catalog's bound, in bytes.
const maxColumnName = 255

// checkColumns refuses columns that a catalog would refuse, while nothing has
// happened yet.
func checkColumns(columns []catalog.Column) error {
	seen := map[string]bool{}
	for i, c := range columns {
		switch {
		case strings.TrimSpace(c.Name) == "":
			return lethe.Errorf(lethe.Invalid, "column %d has no name", i+1).WithHint("name it in the SELECT with AS")
		case len(c.Name) > maxColumnName || !utf8.ValidString(c.Name) || strings.ContainsFunc(c.Name, unicode.IsControl):
			return lethe.Errorf(lethe.Invalid, "column %d: %.40q cannot be a column's name: it has more than %d bytes or control characters", i+1, c.Name, maxColumnName)
		case seen[c.Name]:
			return lethe.Errorf(lethe.Invalid, "there are two columns named %s", c.Name)
		}
		seen[c.Name] = true
		if _, err := trinosql.ParseHiveType(c.Type); err != nil {
			return lethe.Errorf(lethe.Unsupported, "column %s: %w", c.Name, err)
		}
	}
	return nil
}

func (p *process) inDir() string  { return filepath.Join(p.dir, "in") }
func (p *process) outDir() string { return filepath.Join(p.dir, "out") }

// written is what a run makes of its sources.
type written struct {
	columns    []catalog.Column // without partition keys
	partitions []catalog.Column
	files      []output
}

// write makes the table's files.
func (p *process) write() (written, error) {
	objects, skipped, err := p.sources(p.ctx, p.task)
	if err != nil {
		return written{}, err
	}
	p.report.Skipped = skipped
	var bytes int64
	for _, o := range objects {
		bytes += o.Size
		p.report.Sources = append(p.report.Sources, Source{Object: uri(o), Size: o.Size, ETag: o.ETag})
	}
	p.update(func(g *Progress) { g.Files, g.Bytes = len(objects), bytes })
	f, err := p.task.format(objects)
	if err != nil {
		return written{}, err
	}
	if f == Parquet {
		return p.rewrite(objects)
	}
	columns, err := p.schema(objects, f)
	if err != nil {
		return written{}, err
	}
	by, dir := p.task.PartitionBy, p.outDir()
	if p.task.SQL != "" {
		if p.Engine == nil {
			return written{}, noEngine("a SELECT")
		}
		by, dir = nil, p.inDir()
	}
	to, err := newSink(dir, columns, by)
	if err != nil {
		return written{}, err
	}
	defer to.close()
	if err := p.read(objects, f, columns, to); err != nil {
		return written{}, err
	}
	p.report.RowsRead = p.now().Rows
	files, err := to.finish(p.ctx)
	if err != nil {
		return written{}, err
	}
	if p.task.SQL == "" {
		return written{columns: catalogColumns(to.schema), partitions: to.keyColumns, files: files}, nil
	}
	job := WriteJob{SQL: p.task.SQL, Columns: catalogColumns(columns)}
	for _, o := range files {
		job.Files, job.Names = append(job.Files, o.path), append(job.Names, "the rows of "+p.task.Sources[0])
	}
	return p.transform(job)
}

func noEngine(what string) error {
	return lethe.Errorf(lethe.Unsupported, "this server has no query engine, which an ingest with %s needs", what)
}

// rewrite passes Parquet sources through the engine.
func (p *process) rewrite(objects []object.Object) (written, error) {
	if p.task.Unpivot != nil || len(p.task.Columns) > 0 {
		return written{}, lethe.Errorf(lethe.Unsupported, "Parquet sources have their own columns").WithHint("change them with a SELECT over source")
	}
	if p.Engine == nil {
		return written{}, noEngine("Parquet sources")
	}
	p.restart("reading")
	job := WriteJob{SQL: p.task.SQL}
	if job.SQL == "" {
		job.SQL = "SELECT * FROM source"
	}
	for i, o := range objects {
		if err := p.ctx.Err(); err != nil {
			return written{}, context.Cause(p.ctx)
		}
		path := filepath.Join(p.inDir(), fmt.Sprintf("%05d.parquet", i))
		if err := p.Store.Link(p.ctx, o.Bucket, o.Key, o.ETag, path); err != nil {
			return written{}, err
		}
		columns, rows, err := parquetColumns(path)
		if err != nil {
			return written{}, lethe.Errorf(lethe.BadData, "%s is not a valid Parquet file: %w", uri(o), err)
		}
		if i > 0 && !slices.Equal(columns, job.Columns) {
			return written{}, lethe.Errorf(lethe.BadData, "%s has other columns than %s", uri(o), uri(objects[0])).
				WithHint("ingest them one after another, or bring them to the same columns first")
		}
		job.Columns = columns
		job.Files, job.Names = append(job.Files, path), append(job.Names, uri(o))
		p.report.RowsRead += rows
		p.update(func(g *Progress) { g.FilesDone++; g.BytesDone += o.Size; g.Rows += rows })
	}
	return p.transform(job)
}

// transform runs a SELECT over local files.
func (p *process) transform(job WriteJob) (written, error) {
	p.step("transforming")
	job.ID, job.PartitionBy, job.RowGroup, job.Dir = p.run.ID, p.task.PartitionBy, blockRows, p.outDir()
	if len(job.PartitionBy) == 0 {
		job.FileSize = fileBytes // DuckDB does not bound the files of partitions
	}
	size := p.now().Bytes
	job.Progress = func(done float64) { p.update(func(g *Progress) { g.BytesDone = int64(done * float64(size)) }) }
	r, err := p.Engine.Write(p.ctx, job)
	if err != nil {
		return written{}, err
	}
	var w written
	columns := slices.Clone(r.Columns)
	for i := range columns {
		columns[i].Name = strings.ToLower(columns[i].Name)
	}
	for _, k := range p.task.PartitionBy {
		i := slices.IndexFunc(columns, func(c catalog.Column) bool { return c.Name == k })
		if i < 0 {
			return written{}, lethe.Errorf(lethe.Invalid, "the SELECT has no column %s to partition by", k)
		}
		w.partitions = append(w.partitions, columns[i])
	}
	for _, c := range columns {
		if !slices.Contains(p.task.PartitionBy, c.Name) {
			w.columns = append(w.columns, c)
		}
	}
	if len(w.columns) == 0 {
		return written{}, lethe.Errorf(lethe.Invalid, "the table would have no columns but partition keys")
	}
	for _, f := range r.Files {
		info, err := os.Stat(f.Path)
		if err != nil {
			return written{}, err
		}
		o := output{path: f.Path, rows: f.Rows, size: info.Size()}
		for _, v := range f.Values {
			text := catalog.DefaultValue
			if v != nil && *v != "" {
				text = *v
			}
			if len(text) > maxPartitionValue {
				return written{}, lethe.Errorf(lethe.Invalid, "a partition's value has more than %d bytes: %.40q...", maxPartitionValue, text)
			}
			o.values = append(o.values, text)
		}
		if len(o.values) != len(w.partitions) {
			return written{}, lethe.Errorf(lethe.Internal, "the engine gave %d partition values for %d keys", len(o.values), len(w.partitions))
		}
		if len(o.values) > 0 {
			o.partition = catalog.PartitionName(w.partitions, o.values)
		}
		w.files = append(w.files, o)
	}
	return w, nil
}
