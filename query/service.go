package query

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/lib/seal"
	"lethe/lib/state"
	"lethe/lib/trinosql"
	"lethe/object"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config introduces a Service to its neighbours.
type Config struct {
	DB      *state.DB
	Store   object.Store
	Catalog catalog.Catalog // the lake's own
	// Connect reaches the metastore of a connector; nil of one that names no nodes
	// means Catalog. Without Connect there is no other.
	Connect func(ctx context.Context, c Connector) (catalog.Catalog, error)
	// Keys seals the passwords of connectors; nil: none can have one.
	Keys *seal.Keyring
	// System are tables of lethe's own, and Scratch is where copies of their files
	// are put while a query reads them: on the disk that holds them, best.
	System  []SystemTable
	Scratch string
	Engine  Engine
	Access  access.Decider
	// Roles lets connectors act by roles; none can name one without.
	Roles  access.ServiceRoles
	Region string
	// Output is the result location of the workgroup primary when it is made.
	Output string
	// Concurrency is how many queries may be in the engine at once; others are
	// QUEUED. 0 means 4.
	Concurrency int
	// Timeout ends a query; 0 means never.
	Timeout time.Duration
	// Redact returns what may be kept of a text that names persons who were erased;
	// nil keeps all. Statements run as they were given.
	Redact func(ctx context.Context, text string) (string, error)
	// Ended, if not nil, is told of every execution that became final.
	Ended func(Execution)
	Log   *slog.Logger
}

// Service runs statements. It is safe for concurrent use.
type Service struct {
	Config
	db    *state.DB
	slots chan struct{}
	index *rowIndex

	mu      sync.Mutex
	running map[string]*run
	closed  bool
	runs    sync.WaitGroup
}

// run is an execution that is not final.
type run struct {
	request Request // as it was given

	mu     sync.Mutex
	x      Execution
	cancel context.CancelCauseFunc
	done   chan struct{}
}

func (r *run) snapshot() Execution {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.x
}

func (r *run) update(f func(*Execution)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.x)
}

// Open brings the service's tables up to date, ends executions that a crash
// interrupted, and makes the workgroup primary and the lake's data catalog if
// they are missing.
func Open(ctx context.Context, c Config) (*Service, error) {
	set, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := c.DB.Migrate(ctx, "query", set); err != nil {
		return nil, err
	}
	if c.Concurrency == 0 {
		c.Concurrency = 4
	}
	c.Catalog = withSystem(c.Catalog, c.Access, c.System)
	s := &Service{Config: c, db: c.DB, slots: make(chan struct{}, c.Concurrency), index: newRowIndex(), running: map[string]*run{}}
	if err := s.interrupted(ctx); err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	err = s.putDocument(ctx, "query_workgroups", Primary, Workgroup{Name: Primary, Output: c.Output, Created: now}, "exists")
	if err != nil && !lethe.Is(err, lethe.Exists) {
		return nil, err
	}
	own := DataCatalog{Name: lethe.DefaultCatalog, Type: "GLUE", Description: "the lake's own catalog", Created: now,
		Parameters: map[string]string{"catalog-id": lethe.Account}}
	err = s.putDocument(ctx, "query_data_catalogs", strings.ToLower(own.Name), own, "exists")
	if err != nil && !lethe.Is(err, lethe.Exists) {
		return nil, err
	}
	reach := Connector{Name: OwnConnector, Description: "reaches the lake's own metastore", Created: now, Changed: now}
	err = s.putDocument(ctx, "query_connectors", reach.Name, reach, "exists")
	if err != nil && !lethe.Is(err, lethe.Exists) {
		return nil, err
	}
	return s, nil
}

// Close cancels what runs and waits until it has ended.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	for _, r := range s.running {
		r.cancel(lethe.Errorf(lethe.Canceled, "the server is stopping"))
	}
	s.mu.Unlock()
	s.runs.Wait()
}

// Start checks a request, makes its execution durable and begins to run it. A
// statement that does not parse is an error of kind Syntax or Unsupported here,
// and no execution; all later errors are the execution's.
func (s *Service) Start(ctx context.Context, q Request) (id string, err error) {
	w, err := s.Workgroup(ctx, q.Workgroup)
	if err != nil {
		return "", lethe.Errorf(lethe.Invalid, "%w", err)
	}
	if w.Disabled {
		return "", lethe.Errorf(lethe.Invalid, "WorkGroup %s is disabled.", w.Name)
	}
	q.Workgroup = w.Name
	if strings.TrimSpace(q.Statement) == "" {
		return "", lethe.Errorf(lethe.Invalid, "the statement is empty")
	}
	stmt, err := trinosql.Parse(q.Statement)
	if err != nil {
		return "", syntax(err)
	}
	if w.Enforce || q.Output == "" {
		q.Output = w.Output
	}
	if q.Output == "" {
		return "", lethe.Errorf(lethe.Invalid, "No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.")
	}
	if err := s.checkBucket(ctx, q.Output); err != nil {
		return "", err
	}
	c := classify(stmt)
	kept, err := s.kept(ctx, q)
	if err != nil {
		return "", err
	}
	x := Execution{ID: lethe.NewOrderedID(), Request: kept, Type: c.typ, Subtype: c.subtype, State: Queued,
		Principal: lethe.PrincipalOf(ctx).ARN, Submitted: time.Now().UTC(), Progress: -1}
	base, _ := lethe.ParseLocation(q.Output)
	x.Output = base.Join(x.ID + c.suffix).String()

	work, cancel := context.WithCancelCause(access.Onward(lethe.WithPrincipal(context.Background(), lethe.PrincipalOf(ctx)), ctx))
	r := &run{request: q, x: x, cancel: cancel, done: make(chan struct{})}
	if err := s.register(r); err != nil {
		return "", err
	}
	id, err = s.insert(ctx, &x)
	if err != nil || id != x.ID {
		s.unregister(r)
		return id, err
	}
	go func() {
		defer s.unregister(r)
		s.run(work, r, stmt, c)
	}()
	return id, nil
}

// register makes a run known to Get, Stop and Close, which waits for it.
func (s *Service) register(r *run) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return lethe.Errorf(lethe.Exhausted, "the server is stopping")
	}
	s.running[r.x.ID] = r
	s.runs.Add(1)
	return nil
}

func (s *Service) unregister(r *run) {
	r.cancel(nil)
	s.mu.Lock()
	delete(s.running, r.x.ID)
	s.mu.Unlock()
	close(r.done)
	s.runs.Done()
}

// checkBucket refuses an output location early, where its user can be told.
func (s *Service) checkBucket(ctx context.Context, output string) error {
	if err := checkOutput(output); err != nil {
		return err
	}
	l, _ := lethe.ParseLocation(output)
	if err := s.Access.Decide(ctx, lethe.PrincipalOf(ctx), "s3:PutObject", lethe.ObjectARN(l.Bucket, l.Dir().Key+"*")); err != nil {
		return err
	}
	_, err := s.Store.List(ctx, l.Bucket, object.ListOptions{Prefix: l.Key, Limit: 1})
	if lethe.Is(err, lethe.NotFound) {
		return lethe.Errorf(lethe.Invalid, "Unable to verify/create output bucket %s", l.Bucket).WithHint("create the bucket, or choose another output location")
	}
	return err
}

// run takes an execution to its final state.
func (s *Service) run(ctx context.Context, r *run, stmt trinosql.Statement, c class) {
	if s.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, s.Timeout, lethe.Errorf(lethe.Exhausted, "Query timeout: the query ran longer than %v", s.Timeout))
		defer stop()
	}
	err := s.execute(ctx, r, stmt, c)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	r.update(func(x *Execution) {
		x.Completed = time.Now().UTC()
		x.Statistics.Total = x.Completed.Sub(x.Submitted)
		x.Progress = -1
		switch {
		case err == nil:
			x.State = Succeeded
		case lethe.Is(err, lethe.Canceled):
			x.State, x.Reason = Cancelled, err.Error()
		default:
			x.State, x.Error = Failed, failure(err)
			x.Reason = x.Error.Message
			if x.Error.Category == 1 {
				s.Log.Error("query failed", "id", x.ID, "error", err)
			}
		}
		s.keptReason(ctx, x)
	})
	x := r.snapshot()
	if err := s.finish(context.WithoutCancel(ctx), &x); err != nil {
		// The next start finds it open and says that it was interrupted.
		s.Log.Error("cannot record the end of a query", "id", x.ID, "error", err)
	}
	if s.Ended != nil {
		s.Ended(x)
	}
}

// Get returns an execution.
func (s *Service) Get(ctx context.Context, id string) (Execution, error) {
	s.mu.Lock()
	r := s.running[id]
	s.mu.Unlock()
	if r != nil {
		return r.snapshot(), nil
	}
	return s.load(ctx, id)
}

// Wait returns an execution once it is final, or with ctx's error as soon as
// that has ended.
func (s *Service) Wait(ctx context.Context, id string) (Execution, error) {
	s.mu.Lock()
	r := s.running[id]
	s.mu.Unlock()
	if r != nil {
		select {
		case <-r.done:
		case <-ctx.Done():
			return r.snapshot(), context.Cause(ctx)
		}
	}
	return s.load(ctx, id)
}

var errStopped = lethe.Errorf(lethe.Canceled, "Query cancelled by user")

// Stop cancels an execution and waits until it has ended. Stopping one that is
// final changes nothing.
func (s *Service) Stop(ctx context.Context, id string) error {
	s.mu.Lock()
	r := s.running[id]
	s.mu.Unlock()
	if r == nil {
		_, err := s.load(ctx, id)
		return err
	}
	r.cancel(errStopped)
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// CatalogNamed returns the catalog behind a data catalog's name; "" means the
// lake's own. It answers Denied if ctx's principal may not invoke the connector
// of a data catalog of type HIVE. The catalog shows the tables whose data the
// principal may read.
func (s *Service) CatalogNamed(ctx context.Context, name string) (catalog.Catalog, DataCatalog, error) {
	if name == "" {
		name = lethe.DefaultCatalog
	}
	d, err := s.DataCatalog(ctx, name)
	if err != nil {
		return nil, d, err
	}
	if strings.EqualFold(name, lethe.DefaultCatalog) {
		return s.seenBy(ctx, s.Catalog, true), d, nil
	}
	c, own, err := s.invoke(ctx, d)
	if err != nil {
		return nil, d, err
	}
	return s.seenBy(ctx, c, own), d, nil
}
