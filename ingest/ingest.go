// Package ingest makes tables out of files: CSV, JSON lines and Parquet objects
// of the store, through an optional SELECT, become Parquet objects at a location
// and an external table in the catalog.
//
// A run reads every row or says which it did not read. A row that cannot be
// taken (a wrong number of fields, broken quoting, a value of another type,
// invalid UTF-8 or JSON, a line without end) is a bad row, known by object and
// line; the job says whether bad rows fail the run, are skipped up to a number,
// or are written aside.
//
// In CSV, an empty field is null and an empty field in quotes is the empty
// string, as in Athena's results.
//
// A run happens whole or not at all, also when the process is killed in the
// middle. Its objects appear in one step, together with the disappearance of
// those that the previous run of the same table at the same location wrote, and
// of nothing else. A journal in the state database holds what is to appear
// before it does; Open finishes or undoes what a crash interrupted, before
// anybody can see it.
//
// The server opens neither local files nor URLs: whoever has such a file puts
// it into the store first.
package ingest

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/lib/state"
	"lethe/object"
)

//go:embed migrations/*.sql
var files embed.FS

// Config says what a service works with.
type Config struct {
	DB      *state.DB    // keeps the journal
	Store   object.Store // holds sources and results
	Catalog catalog.Catalog
	Access  access.Decider
	// Roles lets runs act by roles; jobs that name one are Unsupported without.
	Roles access.ServiceRoles
	// Engine runs the SELECT of jobs that have one, and rewrites Parquet; such
	// jobs are Unsupported without.
	Engine Engine
	// Dir is for temporary files. It must be on the store's file system, and
	// nobody else's: what is in it is removed at the start.
	Dir    string
	Region string // of resource names
	// Concurrency is how many runs work at once; others wait. Default: 2.
	Concurrency int
	Log         *slog.Logger
}

// Service runs jobs. It is safe for concurrent use.
type Service struct {
	Config
	slots chan struct{}

	mu      sync.Mutex
	closed  bool
	running map[string]*process // by run id
	doubts  map[string]string   // tables to runs of which only a start can tell whether they happened
	wg      sync.WaitGroup
}

// Open makes the service, and finishes or undoes the runs that a crash
// interrupted. It returns when the lake is as if none had been.
func Open(ctx context.Context, c Config) (*Service, error) {
	if c.Concurrency <= 0 {
		c.Concurrency = 2
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, err
	}
	if err := c.DB.Migrate(ctx, "ingest", migrations); err != nil {
		return nil, err
	}
	if err := empty(c.Dir); err != nil {
		return nil, fmt.Errorf("temporary files of ingests: %w", err)
	}
	s := &Service{Config: c, slots: make(chan struct{}, c.Concurrency), running: map[string]*process{}, doubts: map[string]string{}}
	if err := s.recover(lethe.WithPrincipal(ctx, lethe.System)); err != nil {
		return nil, fmt.Errorf("recover ingests: %w", err)
	}
	return s, nil
}

// empty makes a directory, or removes what is in it.
func empty(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	old, err := os.ReadDir(dir)
	for _, e := range old {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

// Close stops the runs that work, which undo what they began, and waits for them.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, p := range s.running {
		p.cancel(lethe.Errorf(lethe.Canceled, "the server was stopped"))
	}
	s.mu.Unlock()
	s.wg.Wait()
	return nil
}

// Start begins a run on behalf of ctx's principal and returns at once. What the
// principal may not do, and what is wrong with the job by itself, is an error
// here; what goes wrong later is in the Run.
func (s *Service) Start(ctx context.Context, j Job) (Run, error) {
	p, err := s.begin(ctx, j, nil)
	if err != nil {
		return Run{}, err
	}
	run := p.run
	go func() {
		if _, err := p.work(); err != nil {
			s.Log.Info("ingest failed", "run", run.ID, "table", run.Job.Target(), "error", err)
		}
	}()
	return run, nil
}

// Do runs a job and returns when it is done; the report is there even if it
// failed. progress, if not nil, is called now and then, never twice at once.
// Ending ctx ends the run.
func (s *Service) Do(ctx context.Context, j Job, progress func(Progress)) (Report, error) {
	p, err := s.begin(ctx, j, progress)
	if err != nil {
		return Report{}, err
	}
	stop := context.AfterFunc(ctx, func() { p.cancel(ctx.Err()) })
	defer stop()
	return p.work()
}

// begin checks a job and records its run.
func (s *Service) begin(ctx context.Context, j Job, tell func(Progress)) (*process, error) {
	t, err := j.check()
	if err != nil {
		return nil, err
	}
	as, err := s.actor(ctx, t)
	if err != nil {
		return nil, err
	}
	if err := s.decide(as, t); err != nil {
		return nil, err
	}
	p := &process{Service: s, task: t, tell: tell, done: make(chan struct{}), run: Run{
		ID:        lethe.NewOrderedID(),
		Job:       t.Job,
		Principal: lethe.PrincipalOf(ctx).ARN,
		Phase:     Writing,
		Started:   time.Now().UTC().Truncate(time.Microsecond),
	}}
	// The run outlives the request that started it.
	p.ctx, p.cancel = context.WithCancelCause(access.Onward(lethe.WithPrincipal(context.Background(), lethe.PrincipalOf(as)), ctx))
	if err := s.claim(p); err != nil {
		p.cancel(nil)
		return nil, err
	}
	if err := s.insertRun(ctx, p.run); err != nil {
		s.release(p)
		return nil, err
	}
	return p, nil
}

// claim sees that no other run writes the table, or near its location.
func (s *Service) claim(p *process) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return lethe.Errorf(lethe.Canceled, "the server is stopping")
	}
	if id := s.doubts[p.task.Target()]; id != "" {
		return lethe.Errorf(lethe.Conflict, "it is not known whether ingest %s of table %s happened", id, p.task.Target()).WithHint("restart the server to find out")
	}
	for id, other := range s.running {
		if other.task.Target() == p.task.Target() || overlap(other.task.location, p.task.location) {
			return lethe.Errorf(lethe.Conflict, "ingest %s is writing table %s at %s", id, other.task.Target(), other.task.location).
				WithHint("wait for it, or cancel it")
		}
	}
	s.running[p.run.ID] = p
	s.wg.Add(1)
	return nil
}

func (s *Service) release(p *process) {
	p.cancel(nil)
	s.mu.Lock()
	delete(s.running, p.run.ID)
	s.mu.Unlock()
	close(p.done)
	s.wg.Done()
}

// doubt remembers that nobody can tell now whether a run happened.
func (s *Service) doubt(target, run string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doubts[target] = run
}

// actor returns the context of whoever does what a job does: ctx, or that of the role
// that the job names, which ctx's principal must be allowed to pass.
func (s *Service) actor(ctx context.Context, t *task) (context.Context, error) {
	if t.Role == "" {
		return ctx, nil
	}
	if s.Roles == nil {
		return nil, lethe.Errorf(lethe.Unsupported, "this server runs no ingests by roles")
	}
	who := lethe.PrincipalOf(ctx)
	if err := s.Roles.PassRole(ctx, who, t.Role, access.IngestService); err != nil {
		return nil, err
	}
	as, err := s.Roles.AssumeServiceRole(ctx, who, t.Role, access.IngestService)
	if err != nil {
		return nil, err
	}
	return access.Onward(lethe.WithPrincipal(ctx, as), ctx), nil // what is known of the request is not the role's
}

// decide asks whether ctx's principal may do what a job does.
func (s *Service) decide(ctx context.Context, t *task) error {
	who := lethe.PrincipalOf(ctx)
	type request struct{ action, resource string }
	var all []request
	for _, l := range t.sources {
		all = append(all, request{"s3:ListBucket", lethe.BucketARN(l.Bucket)}, request{"s3:GetObject", lethe.ObjectARN(l.Bucket, l.Key+"*")})
	}
	below := lethe.ObjectARN(t.location.Bucket, t.location.Key+"*")
	all = append(all, request{"s3:PutObject", below}, request{"s3:DeleteObject", below})
	if q := t.bad.quarantine; q != nil {
		below := lethe.ObjectARN(q.Bucket, q.Key+"*")
		all = append(all, request{"s3:PutObject", below}, request{"s3:DeleteObject", below})
	}
	table := lethe.TableARN(s.Region, t.Database, t.Table)
	all = append(all, request{"glue:CreateTable", table}, request{"glue:UpdateTable", table})
	for _, r := range all {
		if err := s.Access.Decide(ctx, who, r.action, r.resource); err != nil {
			return err
		}
	}
	return nil
}
