package ingest

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/object"
)

// plan is what a run is about to do. It is durable before the first thing of it
// is done, and enough to finish or undo it after a crash.
type plan struct {
	Table      catalog.Table
	Partitions [][]string // values of those with rows
	Stale      [][]string // values of those that only the run before had
	Bucket     string
	Puts       []planned // keys that no object had before
	Deletes    []string  // objects of the run before, in Bucket
	// Quarantine is the object of bad rows; Aside are those of the run before.
	// They may be in other buckets.
	Quarantine *lethe.Location
	Aside      []lethe.Location
}

// planned is an object to appear.
type planned struct {
	Key       string
	Partition string
}

// ours marks tables that ingests made; its value is the run.
const ours = "lethe.ingest"

// ground is what a run finds where it is to write.
type ground struct {
	table *catalog.Table // nil: there is none
	files []ownFile      // of the run before
}

// ownFile is an object that an earlier run of the same table at the same
// location wrote.
type ownFile struct {
	location   lethe.Location
	partition  string
	quarantine bool
}

// survey looks at what is there, and refuses to take over what ingests did not
// make.
func (s *Service) survey(ctx context.Context, t *task) (g ground, err error) {
	if _, err := s.Catalog.Database(ctx, t.Database); err != nil {
		return g, err
	}
	if g.files, err = s.ownFiles(ctx, t.Target(), t.location); err != nil {
		return g, err
	}
	table, err := s.Catalog.Table(ctx, t.Database, t.Table)
	switch {
	case lethe.Is(err, lethe.NotFound):
	case err != nil:
		return g, err
	default:
		g.table = &table
	}
	if err := s.throughRules(ctx, t); err != nil {
		return g, err
	}
	return g, s.mayTakeOver(ctx, t, g)
}

// throughRules refuses to write a table that is seen through rules, and to look at
// files of another that is: what follows would tell of both.
func (s *Service) throughRules(ctx context.Context, t *task) error {
	who := lethe.PrincipalOf(ctx)
	if v, ok := s.Access.(access.Sights); ok {
		sight, err := v.TableSight(ctx, who, access.TableName{Catalog: lethe.DefaultCatalog, Database: t.Database, Table: t.Table})
		if err == nil && !sight.Whole {
			err = lethe.Errorf(lethe.Denied, "table %s has rules, and cannot be written by somebody for whom they count", t.Target())
		}
		if err != nil {
			return err
		}
	}
	if l, ok := s.Access.(access.Listings); ok {
		return l.DecideListing(ctx, who, t.location.Bucket, t.location.Key, "")
	}
	return nil
}

func (s *Service) mayTakeOver(ctx context.Context, t *task, g ground) error {
	if g.table != nil {
		if g.table.Type == catalog.VirtualView {
			return lethe.Errorf(lethe.Conflict, "%s is a view", t.Target()).WithHint("drop it, or choose another name")
		}
		if g.table.Parameters[ours] == "" && !t.Replace {
			return lethe.Errorf(lethe.Conflict, "table %s exists, and no ingest made it", t.Target()).WithHint("choose another name, drop the table, or say that it may be replaced")
		}
		at, err := lethe.ParseLocation(g.table.Storage.Location)
		if (err != nil || at.Dir() != t.location) && !t.Replace {
			return lethe.Errorf(lethe.Conflict, "table %s lies at %s, not at %s", t.Target(), g.table.Storage.Location, t.location).
				WithHint("ingest to the same location, drop the table, or say that it may be replaced")
		}
	}
	own := map[string]bool{}
	for _, f := range g.files {
		own[f.location.Key] = true
	}
	// A table that is there may have other objects at its location, which are
	// left alone; a new one must not get rows that nobody asked for.
	if g.table != nil {
		return nil
	}
	for o, err := range object.All(ctx, s.Store, t.location.Bucket, t.location.Key) {
		if err != nil {
			return err
		}
		if !own[o.Key] && o.Size > 0 && !hidden(strings.TrimPrefix(o.Key, t.location.Key)) {
			return lethe.Errorf(lethe.Conflict, "location %s is not empty: %s would become part of the table", t.location, uri(o)).
				WithHint("choose another location, or delete what is there")
		}
	}
	return nil
}

func (s *Service) ownFiles(ctx context.Context, target string, at lethe.Location) (out []ownFile, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT bucket, object_key, partition_name, quarantine FROM ingest_files WHERE target = $1 AND location = $2 ORDER BY bucket, object_key`, target, at.String())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var f ownFile
			if err := rows.Scan(&f.location.Bucket, &f.location.Key, &f.partition, &f.quarantine); err != nil {
				return err
			}
			out = append(out, f)
		}
		return rows.Err()
	})
	return out, err
}

// plan says how what was written becomes the table.
func (p *process) plan(g ground, w written) plan {
	t := p.task
	l := plan{Bucket: t.location.Bucket, Table: p.table(g, w)}
	fresh := map[string]bool{}
	for i, f := range w.files {
		at := t.location
		if f.partition != "" {
			at = at.Join(f.partition)
		}
		l.Puts = append(l.Puts, planned{Key: at.Join(fmt.Sprintf("%s-%05d.parquet", p.run.ID, i)).Key, Partition: f.partition})
		if f.partition != "" && !fresh[f.partition] {
			fresh[f.partition] = true
			l.Partitions = append(l.Partitions, f.values)
		}
	}
	stale := map[string]bool{}
	for _, f := range g.files {
		switch {
		case f.quarantine:
			l.Aside = append(l.Aside, f.location)
		default:
			l.Deletes = append(l.Deletes, f.location.Key)
		}
		if f.partition != "" && !fresh[f.partition] && !stale[f.partition] {
			stale[f.partition] = true
			l.Stale = append(l.Stale, partitionValues(f.partition))
		}
	}
	return l
}

// partitionValues reads the values back from a partition's name.
func partitionValues(name string) []string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		_, v, _ := strings.Cut(p, "=")
		parts[i] = catalog.UnescapePath(v)
	}
	return parts
}

// table defines the table. What others added to a table that is there stays:
// its owner, parameters and comments.
func (p *process) table(g ground, w written) catalog.Table {
	t := p.task
	def := catalog.Table{
		Database:   t.Database,
		Name:       t.Table,
		Type:       catalog.ExternalTable,
		Owner:      p.run.Principal,
		Partitions: w.partitions,
		Storage: catalog.Storage{
			Columns:      w.columns,
			Location:     strings.TrimSuffix(t.location.String(), "/"),
			InputFormat:  catalog.Parquet.InputFormat,
			OutputFormat: catalog.Parquet.OutputFormat,
			BucketCount:  -1,
			SerDe:        catalog.SerDe{Library: catalog.Parquet.SerDe, Parameters: map[string]string{"serialization.format": "1"}},
		},
		Parameters: map[string]string{},
	}
	if g.table != nil {
		def.Owner, def.Created = g.table.Owner, g.table.Created
		maps.Copy(def.Parameters, g.table.Parameters)
		comments := map[string]string{}
		for _, c := range g.table.Columns() {
			comments[c.Name] = c.Comment
		}
		for _, cs := range [][]catalog.Column{def.Storage.Columns, def.Partitions} {
			for i := range cs {
				if cs[i].Comment == "" {
					cs[i].Comment = comments[cs[i].Name]
				}
			}
		}
	}
	if len(def.Owner) > maxOwner {
		def.Owner = ""
	}
	maps.Copy(def.Parameters, map[string]string{ours: p.run.ID, "classification": "parquet", "parquet.compression": "ZSTD"})
	delete(def.Parameters, "transient_lastDdlTime") // the catalog sets it anew
	if t.Comment != "" {
		def.Parameters["comment"] = t.Comment
	}
	return def
}

// maxOwner is the catalog's bound.
const maxOwner = 255

// commit makes what was written the table. settled means that the journal knows
// how it ended, or that a later start must find it out.
func (p *process) commit(g ground, w written) (settled bool, err error) {
	p.step("storing")
	l := p.plan(g, w)
	staged, err := p.stage(l, w)
	defer func() {
		for _, n := range staged {
			n.Staged.Discard() // nothing after a commit
		}
	}()
	if err != nil {
		return false, err
	}
	aside, err := p.stageBad(&l)
	if aside != nil {
		defer aside.Staged.Discard()
	}
	if err != nil {
		return false, err
	}
	for _, f := range w.files {
		p.report.RowsWritten += f.rows
		p.report.BytesWritten += f.size
	}
	p.report.FilesWritten, p.report.FilesReplaced, p.report.Partitions = len(w.files), len(l.Deletes), len(l.Partitions)

	// From here on the run may have happened. Ending it would only leave open
	// whether it has.
	if err := p.ctx.Err(); err != nil {
		return false, context.Cause(p.ctx)
	}
	ctx := context.WithoutCancel(p.ctx)
	p.run.Phase, p.run.Report = Committing, p.report
	if err := p.journal(ctx, l); err != nil {
		return false, err
	}
	if err := p.appear(ctx, l, staged, aside); err != nil {
		if k := lethe.KindOf(err); k == lethe.Internal || k == lethe.Exhausted {
			// A store in trouble may hold the change or not, and say the
			// one now and the other after a start. Only a start can tell.
			p.doubt(p.task.Target(), p.run.ID)
			return true, lethe.Errorf(k, "it is not known whether the ingest happened: %w", err).WithHint("the next start of the server finds out")
		}
		return true, p.resolve(ctx, p.run, l, err)
	}
	p.step("registering")
	return true, p.finish(ctx, p.run, l)
}

// stage makes the files durable in the store.
func (p *process) stage(l plan, w written) (out []object.Named, err error) {
	for i, f := range w.files {
		g, err := p.stageFile(l.Bucket, f.path)
		if err != nil {
			return out, err
		}
		out = append(out, object.Named{Key: l.Puts[i].Key, Staged: g, Header: object.Header{ContentType: "application/vnd.apache.parquet"}})
		if err := os.Remove(f.path); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (p *process) stageFile(bucket, path string) (object.Staged, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return p.Store.Stage(p.ctx, bucket, f)
}

// stageBad makes the quarantine durable, if there is one.
func (p *process) stageBad(l *plan) (*object.Named, error) {
	path, err := p.bad.finish()
	if err != nil || path == "" {
		return nil, err
	}
	at := p.task.bad.quarantine.Join(p.run.ID + ".jsonl")
	g, err := p.stageFile(at.Bucket, path)
	if err != nil {
		return nil, err
	}
	l.Quarantine = &at
	p.report.Quarantine = at.String()
	return &object.Named{Key: at.Key, Staged: g, Header: object.Header{ContentType: "application/x-ndjson"}}, nil
}

// journal makes the plan durable.
func (p *process) journal(ctx context.Context, l plan) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return p.DB.Tx(ctx, func(tx *sql.Tx) error { return updateRun(ctx, tx, p.run, string(text)) })
}

// appear swaps the objects. Bad rows come first if they go to another bucket:
// rows must not appear without them.
func (p *process) appear(ctx context.Context, l plan, staged []object.Named, aside *object.Named) error {
	if aside != nil {
		if l.Quarantine.Bucket == l.Bucket {
			staged = append(slices.Clip(staged), *aside)
		} else if err := p.Store.Commit(ctx, l.Quarantine.Bucket, []object.Named{*aside}, nil); err != nil {
			return err
		}
	}
	return p.Store.Commit(ctx, l.Bucket, staged, l.Deletes)
}

// fail records that a run failed and left nothing.
func (s *Service) fail(ctx context.Context, r Run, report Report, cause error) error {
	r.Phase, r.Report, r.Ended = Failed, report, time.Now().UTC().Truncate(time.Microsecond)
	r.Report.nothing()
	r.Error, r.Kind = cause.Error(), string(lethe.KindOf(cause))
	return s.DB.Tx(ctx, func(tx *sql.Tx) error { return updateRun(ctx, tx, r, nil) })
}
