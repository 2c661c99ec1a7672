package duckdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/object"
)

// Config says how an engine runs queries. Zero values mean the defaults.
type Config struct {
	// Dir holds the directories of running queries. It must be on the file
	// system of the store, which links objects into it.
	Dir string
	// Store holds the objects that queries read.
	Store object.Store
	// Memory bounds what one query holds, in bytes. Default: a half of the
	// machine's memory divided by MaxConcurrent, at least 256 MiB.
	Memory int64
	// Spill bounds the temporary files of one query, and its largest file, in
	// bytes. Default: 64 GiB.
	Spill int64
	// Threads of one query. Default: the machine's processors.
	Threads int
	// Pool is how many workers wait ready for a query; each holds some 50 MB.
	// Default: 1. Negative: none.
	Pool int
	// MaxConcurrent is how many queries run at once; others wait. Default: 4.
	MaxConcurrent int
	// Timeout ends a query that runs longer. Default: none.
	Timeout time.Duration
	// AllowNoLandlock lets queries run where the kernel cannot confine them.
	AllowNoLandlock bool
	// Command starts a program that calls Worker. Default: this program, with
	// the argument "worker".
	Command []string
	Log     *slog.Logger

	session bool // its workers serve sessions
}

func (c Config) withDefaults() (Config, error) {
	if c.Dir == "" {
		return c, errors.New("duckdb: Config.Dir is empty")
	}
	var err error
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return c, err
	}
	if c.MaxConcurrent <= 0 {
		c.MaxConcurrent = 4
	}
	if c.Memory <= 0 {
		c.Memory = max(machineMemory()/2/int64(c.MaxConcurrent), 256<<20)
	}
	if c.Spill <= 0 {
		c.Spill = 64 << 30
	}
	if c.Threads <= 0 {
		c.Threads = runtime.NumCPU()
	}
	if c.Pool == 0 {
		c.Pool = 1
	}
	if len(c.Command) == 0 {
		exe, err := os.Executable()
		if err != nil {
			return c, err
		}
		c.Command = []string{exe, "worker"}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Engine runs queries in worker processes. It is safe for concurrent use.
type Engine struct {
	c     Config
	slots chan struct{} // one for each query that may run
	warm  chan *process // workers that wait

	closing context.Context // ends when Close begins
	close   context.CancelFunc

	mu     sync.Mutex
	closed bool
	filler bool // a goroutine is filling warm
	wg     sync.WaitGroup
}

// startTime bounds how long a worker that nobody waits for may take to start.
const startTime = time.Minute

// dirPrefix begins the names of the workers' directories.
const dirPrefix = "query-"

// New returns an engine. It removes what queries of an earlier process left
// behind, and begins to start the first worker.
func New(c Config) (*Engine, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	old, err := os.ReadDir(c.Dir)
	if err != nil {
		return nil, err
	}
	for _, d := range old {
		if strings.HasPrefix(d.Name(), dirPrefix) {
			if err := os.RemoveAll(filepath.Join(c.Dir, d.Name())); err != nil {
				return nil, fmt.Errorf("remove an earlier query: %w", err)
			}
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	e := &Engine{c: c, closing: ctx, close: cancel, slots: make(chan struct{}, c.MaxConcurrent), warm: make(chan *process, max(c.Pool, 0))}
	e.fill()
	return e, nil
}

// Close ends all workers. Queries that still run are Canceled. Results that were
// not closed stay.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	e.mu.Unlock()
	e.close()
	e.wg.Wait()
	var errs []error
	for {
		select {
		case p := <-e.warm:
			errs = append(errs, p.release())
			continue
		default:
		}
		return errors.Join(errs...)
	}
}

// fill starts workers in the background until enough wait.
func (e *Engine) fill() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || e.filler || cap(e.warm) == 0 {
		return
	}
	e.filler = true
	e.wg.Go(func() {
		for {
			e.mu.Lock()
			if e.closed || len(e.warm) == cap(e.warm) {
				e.filler = false
				e.mu.Unlock()
				return
			}
			e.mu.Unlock()
			p, err := e.start()
			if err == nil {
				// A query that comes now waits for this one, which is ahead of any
				// that it could start.
				e.warm <- p
				ctx, cancel := context.WithTimeout(e.closing, startTime)
				if err = p.await(ctx); err != nil {
					p.end() // who takes it finds it dead
				}
				cancel()
			}
			if err != nil {
				// The next query starts its own worker and reports the reason.
				if e.closing.Err() == nil {
					e.c.Log.Warn("cannot keep a query worker ready", "error", err)
				}
				e.mu.Lock()
				e.filler = false
				e.mu.Unlock()
				return
			}
		}
	})
}

// take returns a worker that is ready or getting ready.
func (e *Engine) take() (*process, error) {
	for {
		select {
		case p := <-e.warm:
			select {
			case err := <-p.ready:
				p.ready <- err
				if err == nil && residentSize(p.cmd.Process.Pid) > 0 {
					return p, nil
				}
			default:
				return p, nil // it is getting ready
			}
			_ = p.release() // it died while it waited
		default:
			return e.start()
		}
	}
}

// work is a task with what it reads.
type work struct {
	task     task
	stage    *stage
	progress func(float64)
}

// outcome is a task's end, and the worker's directory, where its files are
// until release.
type outcome struct {
	done
	dir     string
	release func() error
}

// run does a task in a worker of its own.
func (e *Engine) run(ctx context.Context, w work) (o outcome, err error) {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return outcome{}, errClosed
	}
	e.wg.Add(1)
	e.mu.Unlock()
	defer e.wg.Done()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(e.closing, func() { cancel(errClosed) })()
	leave := func() { <-e.slots }
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		return outcome{}, context.Cause(ctx)
	}
	if e.c.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, e.c.Timeout,
			lethe.Errorf(lethe.Exhausted, "the query ran longer than %s", e.c.Timeout).WithHint("read less data, or raise the timeout of queries in the configuration"))
		defer stop()
	}
	p, err := e.take()
	if err != nil {
		leave()
		return outcome{}, err
	}
	// The next worker starts beside this query: it takes 40 ms of one processor,
	// which the next query, if it comes soon, would otherwise wait for.
	e.fill()
	// A deletion of what is linked below waits for this query, or ends it.
	release := object.Hold(w.stage.store, p.dir, cancel)
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx) // whatever the end of ctx broke
		}
		if err != nil {
			err = closing(p.release, err)
			release()
			leave()
		}
	}()
	if err := w.stage.link(ctx, p.dir); err != nil {
		if len(w.task.Made) > 0 && lethe.Is(err, lethe.Conflict) { // it names an object
			err = lethe.Errorf(lethe.Conflict, "a table changed while the query was being prepared").WithHint("run the query again")
		}
		return outcome{}, err
	}
	if err := p.await(ctx); err != nil {
		return outcome{}, err
	}
	d, err := p.run(ctx, w.task, e.c.Memory, w.progress)
	// The links go first: a blob is not erased while a query holds one.
	if rerr := os.RemoveAll(filepath.Join(p.dir, inDir)); err == nil && rerr != nil {
		err = rerr
	}
	var f *failure
	if errors.As(err, &f) {
		e.c.Log.Debug("query failed in its worker", "type", f.Type, "error", f.Message)
		err = explain(f, w.stage.inputs, e.c)
		if len(w.task.Made) > 0 {
			err = discreet(f, err)
		}
	}
	if err != nil {
		return outcome{}, err
	}
	return outcome{d, p.dir, e.retire(p, func() { release(); leave() })}, nil
}

// retire ends a worker that has done its task, which for one that held much
// memory takes a while that nobody needs to wait for; ended is called when it
// has. What retire returns lets its directory go; until then the directory stays.
func (e *Engine) retire(p *process, ended func()) (release func() error) {
	released := make(chan struct{})
	e.wg.Go(func() {
		p.end()
		ended()
		select {
		case <-released:
		case <-e.closing.Done():
			select {
			case <-released:
			default:
				return // a result that is still being read
			}
		}
		if err := os.RemoveAll(p.dir); err != nil {
			e.c.Log.Warn("cannot remove the directory of a query", "error", err)
		}
	})
	return sync.OnceValue(func() error {
		close(released)
		if e.closing.Err() != nil {
			return p.release()
		}
		return nil
	})
}

var errClosed = lethe.Errorf(lethe.Canceled, "the query engine is shutting down")
