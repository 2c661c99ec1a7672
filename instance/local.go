package instance

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"lethe/event"
	"lethe/lib/seal"
	"lethe/lib/state"
	"lethe/workflow"
)

// Options are what Local stands on.
type Options struct {
	// DB keeps what is known of instances, snapshots, groups and events.
	DB *state.DB
	// Keys seal passwords and private keys in DB.
	Keys *seal.Keyring
	// Workflow runs what is done to instances; Register says to its registry how.
	Workflow workflow.Engine
	// Engines are those of this host.
	Engines []Engine
	// Backups keeps what is saved of instances; nothing is saved if nil.
	Backups Backups
	// Secrets keeps passwords that RDS manages; ManageMasterUserPassword is refused if nil.
	Secrets Secrets
	// Targets are where events can be sent, by name; see CreateEventSubscription.
	Targets map[string]event.Target
	// Dir is the folder in which each server gets its own, named by its resource id.
	Dir string
	// Host is the address at which servers listen, and which endpoints name.
	Host string
	// Region is that of requests which name none in their rds.Options.
	Region string
	// Scale multiplies a class's memory (and, below 1, its CPUs) into what a server gets
	// on this host; 1, or 0, is the class's own. Answers always have the class's figures.
	Scale float64
	// Memory is what servers may have of this host in all, in bytes; 0 for what the host has.
	Memory int64
	// Rotation is after how long the current log file of a server is ended, so that it can be
	// kept in Backups: what is lost with the host's disk at most, beside upkeep's pause. 0
	// is a minute.
	Rotation time.Duration
	// Now is the clock of windows and retention; time.Now if nil.
	Now func() time.Time
	// Log gets what no caller is told.
	Log *slog.Logger
}

// Backups keeps what is saved of instances, by key: base backups and log files. What Put
// has returned from is durable.
type Backups interface {
	// Put keeps what r has. It replaces what was there whole, or, after an error of r, not at all.
	Put(ctx context.Context, key string, r io.Reader) error
	// Open reads what was put; an error of kind NotFound if there is nothing.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// List returns the keys that begin with prefix, in order.
	List(ctx context.Context, prefix string) ([]string, error)
	// Delete forgets a key. It is no error that it is not there.
	Delete(ctx context.Context, key string) error
}

// Secrets keeps the passwords of masters that are managed (ManageMasterUserPassword).
// Put may be repeated after a crash.
type Secrets interface {
	// Put makes the secret of a name, or gives it another value, a JSON text with username
	// and password, and returns its ARN.
	Put(ctx context.Context, region, name, value string) (arn string, err error)
	// Delete removes the secret. It is no error that it is not there.
	Delete(ctx context.Context, region, name string) error
}

// Local is the Provider that runs engines on this host.
//
// A request's region is that of its options, func(o *rds.Options) { o.Region = "..." },
// as for the SDK's client. Any name is a region; names of instances, snapshots and groups
// are unique in theirs.
type Local struct {
	Options

	mu       sync.Mutex
	held     map[string]*sync.Mutex // by resource id
	watchers map[string]bool        // the servers that are watched
	uses     map[string][]use       // by resource id
	shipping sync.RWMutex           // held for writing while nothing may be shipped

	run     context.Context // until Close
	stop    context.CancelFunc
	running sync.WaitGroup

	onCommit func() // where tests kill the program: after a change of an instance is kept
}

//go:embed migrations/*.sql
var migrations embed.FS

// NewLocal opens what is known of instances. Register, and then Start, is what follows.
func NewLocal(ctx context.Context, o Options) (*Local, error) {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := o.DB.Migrate(ctx, "instance", sub); err != nil {
		return nil, err
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	// Engines run as a user of their own, who must be able to reach their folders.
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("folder of instances: %w", err)
	}
	if o.Scale <= 0 {
		o.Scale = 1
	}
	if o.Rotation == 0 {
		o.Rotation = time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Memory == 0 {
		if o.Memory, err = hostMemory(); err != nil {
			return nil, err
		}
	}
	l := &Local{Options: o, held: map[string]*sync.Mutex{}, watchers: map[string]bool{}, uses: map[string][]use{}}
	l.run, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	return l, nil
}

// upkeep is how often Local looks for what time asks for.
const upkeep = 15 * time.Second

// Start brings the servers to where they should be: those that run are adopted, those
// that should run are started, what belongs to no instance is removed, and what was being
// done to instances goes on. It then does what time asks for, until Close.
func (l *Local) Start(ctx context.Context) error {
	if err := errors.Join(l.sweep(ctx), l.sweepBackups(ctx)); err != nil {
		return err
	}
	rs, err := l.all(ctx)
	if err != nil {
		return err
	}
	for _, r := range rs {
		if r.steady() && r.up() {
			l.watch(r.ID, true)
		}
	}
	if err := l.resume(ctx); err != nil {
		return err
	}
	l.running.Go(func() {
		t := time.NewTicker(upkeep)
		defer t.Stop()
		for {
			select {
			case <-l.run.Done():
				return
			case <-t.C:
			}
			if err := l.Tend(l.run); err != nil && l.run.Err() == nil {
				l.Log.Error("The upkeep of instances failed; it is tried again", "err", err)
			}
		}
	})
	return nil
}

// Close ends what Start began; runs of Options.Workflow do nothing more. If stopEngines,
// the servers are stopped too; else they go on running, and the next Start adopts them.
func (l *Local) Close(ctx context.Context, stopEngines bool) error {
	l.mu.Lock() // nothing is watched from here on
	l.stop()
	l.mu.Unlock()
	l.running.Wait()
	if !stopEngines {
		return nil
	}
	rs, err := l.all(ctx)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var g sync.WaitGroup
	for _, r := range rs {
		g.Go(func() {
			defer l.hold(r.ID)()
			e, s, serr := l.server(&r)
			if serr == nil {
				serr = e.Stop(ctx, s)
				if second, ok := r.second(s); ok {
					serr = errors.Join(serr, e.Stop(ctx, second))
				}
			}
			mu.Lock()
			err = errors.Join(err, serr)
			mu.Unlock()
		})
	}
	g.Wait()
	return err
}

// sweep stops servers of no instance. What crashes leave has a record, which comes before a
// server's folder and goes after it; one without is of another state file, as of a lake
// that was restored from an older backup. Its data stays, because nobody asked for its end.
func (l *Local) sweep(ctx context.Context) error {
	// Runs of jobs may go on already: their instances are kept before their folders are made.
	entries, err := os.ReadDir(l.Dir)
	if err != nil {
		return fmt.Errorf("folder of instances: %w", err)
	}
	rs, err := l.all(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, r := range rs {
		for _, id := range r.servers() {
			known[id] = true
		}
		known[r.ID+logsSuffix] = r.Job != nil
	}
	var errs []error
	for _, e := range entries {
		id := e.Name()
		if known[id] || !strings.HasPrefix(id, "db-") {
			continue
		}
		l.Log.Warn("A folder holds a server that belongs to no instance. It is stopped and its data stays; remove the folder if nobody needs it", "folder", l.folder(id))
		for _, engine := range l.Engines {
			errs = append(errs, engine.Stop(ctx, Server{ID: id, Dir: l.folder(id)}))
		}
	}
	return errors.Join(errs...)
}

func (l *Local) folder(id string) string { return filepath.Join(l.Dir, id) }
