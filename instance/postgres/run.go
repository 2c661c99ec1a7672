package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"lethe"
	"lethe/instance"
	"lethe/lib/daemon"
)

func pidFile(s instance.Server) string { return filepath.Join(s.Dir, "pid") }

// Start adopts the server that runs, or starts it, and returns when clients can connect.
func (e *Engine) Start(ctx context.Context, s instance.Server) error {
	defer e.held(s)()
	return class(s, e.start(ctx, s))
}

func (e *Engine) start(ctx context.Context, s instance.Server) error {
	i, err := e.of(ctx, s.Version)
	if err != nil {
		return err
	}
	u, err := e.user()
	if err != nil {
		return err
	}
	if done, err := isMade(s); err != nil {
		return err
	} else if !done {
		return lethe.Errorf(lethe.Conflict, "the server %s has no data: it was not created, or that did not end", s.ID)
	}
	if err := prepare(s, u); err != nil {
		return err
	}
	p, err := daemon.Adopt(pidFile(s))
	if err == nil {
		if err := ready(ctx, s, p, 0); err == nil || ctx.Err() != nil {
			return errors.Join(err, e.reconcile(ctx, s))
		}
		// It was about to end.
		<-p.Done()
	} else if !errors.Is(err, daemon.ErrNotRunning) {
		return err
	}
	if s, err = e.mark(ctx, i, u, s); err != nil {
		return err
	}
	if _, err = e.launch(ctx, i, u, s, mode{}); err != nil {
		return err
	}
	return e.reconcile(ctx, s)
}

// launch starts a server's process and waits until it is ready.
func (e *Engine) launch(ctx context.Context, i install, u daemon.User, s instance.Server, m mode) (*daemon.Process, error) {
	if err := e.configure(ctx, i, u, s, m); err != nil {
		return nil, err
	}
	if err := stale(s); err != nil {
		return nil, err
	}
	if err := link(s); err != nil {
		return nil, err
	}
	log := filepath.Join(s.Dir, "log", "start.log")
	// What it prints before it has its own log is told from what others printed.
	if err := os.Remove(log); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	began := time.Now()
	p, err := daemon.Start(ctx, daemon.Spec{
		Path: i.program("postgres"), Args: []string{"-D", data(s), "-c", "config_file=" + filepath.Join(s.Dir, "conf", main)},
		// The kernel is to end a connection's process before the server's.
		Env:      append([]string{"PG_OOM_ADJUST_FILE=/proc/self/oom_score_adj", "PG_OOM_ADJUST_VALUE=0"}, environment...),
		OOMScore: -900,
		Dir:      data(s), User: u, Log: log, PIDFile: pidFile(s),
		Group:  s.ID,
		Limits: daemon.Limits{CPUs: s.Limits.CPUs, Memory: s.Limits.Memory, IO: s.Limits.IO, Path: s.Dir},
	})
	if err != nil {
		return nil, err
	}
	if err := ready(ctx, s, p, 0); err != nil {
		select {
		case <-p.Done():
			return nil, ended(s, p, began)
		default:
			return nil, err
		}
	}
	return p, nil
}

// ended makes an error of what a server said before it ended.
func ended(s instance.Server, p *daemon.Process, since time.Time) error {
	text := last(filepath.Join(s.Dir, "log", "start.log"), 16<<10)
	logs, _ := filepath.Glob(filepath.Join(s.Dir, "log", "postgresql.*.log"))
	for _, path := range logs {
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && info.ModTime().After(since.Add(-time.Second)) {
			text += last(path, 16<<10)
		}
	}
	if err := told(s, text); err != nil {
		return err
	}
	return fmt.Errorf("PostgreSQL has ended (%s): %s", p.Exit(), strings.TrimSpace(text))
}

// last returns the end of a file.
func last(path string, most int64) string {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return ""
	}
	defer f.Close()
	if size, err := f.Seek(0, io.SeekEnd); err == nil {
		if _, err := f.Seek(max(0, size-most), io.SeekStart); err != nil {
			return ""
		}
	}
	text, _ := io.ReadAll(io.LimitReader(f, most))
	return string(text)
}

// errEnded says that a server has ended before it was ready.
var errEnded = errors.New("the server has ended")

// ready waits until the server has written that it accepts connections, which it does in
// the last line of postmaster.pid (pidfile.h).
func ready(ctx context.Context, s instance.Server, p *daemon.Process, pause time.Duration) error {
	for ; ; pause = min(pause+time.Millisecond, 50*time.Millisecond) {
		select {
		case <-ctx.Done():
			return lethe.Errorf(lethe.Exhausted, "the server %s is not ready yet: %w", s.ID, ctx.Err())
		case <-p.Done():
			return errEnded
		case <-time.After(pause):
		}
		text, err := os.ReadFile(filepath.Join(data(s), "postmaster.pid"))
		if err != nil {
			continue
		}
		l := strings.Split(string(text), "\n")
		if len(l) < 8 || l[0] != strconv.Itoa(p.PID()) {
			continue
		}
		if status := strings.TrimSpace(l[7]); status != "ready" && status != "standby" {
			continue
		}
		err = run(ctx, s, "SELECT 1")
		var said *pgconn.PgError
		if err == nil || errors.As(err, &said) && said.Code == "3D000" {
			return nil // or there is no such database, in a cluster that is being made
		}
		if said != nil && said.Code != "57P03" && said.Code != "53300" {
			return err // it is neither starting nor full
		}
	}
}

// stale removes postmaster.pid if its process is not that of a server here: after a crash
// of the host, another process may have that id, and PostgreSQL would take it for itself.
// That none of a former server's processes lives, daemon sees to.
func stale(s instance.Server) error {
	path := filepath.Join(data(s), "postmaster.pid")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	pid, _, _ := strings.Cut(string(text), "\n")
	if n, err := strconv.Atoi(pid); err == nil {
		if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", n)); err == nil {
			here, err := filepath.EvalSymlinks(data(s))
			if err != nil {
				return err
			}
			if cwd == here {
				if p, err := daemon.Adopt(pidFile(s)); err == nil {
					return fmt.Errorf("process %d: %w", p.PID(), daemon.ErrRunning)
				}
				if !zombie(n) {
					return lethe.Errorf(lethe.Conflict, "process %d, which lethe did not start, runs a PostgreSQL server in %s", n, data(s))
				}
			}
		}
	}
	return os.Remove(path)
}

// zombie says whether a process has ended and only waits for its parent.
func zombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X")
}

// link has the socket's lasting name lead to that of the server's port.
func link(s instance.Server) error {
	path := filepath.Join(s.Dir, "run", socket)
	if s.Port <= 1 {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil // it has that name itself
	}
	next := path + ".new"
	os.Remove(next)
	if err := os.Symlink(".s.PGSQL."+strconv.Itoa(s.Port), next); err != nil {
		return err
	}
	return os.Rename(next, path)
}

// private runs a server that nobody but lethe reaches while f works with it, and stops it.
// more are settings that it has beside its own.
func (e *Engine) private(ctx context.Context, i install, u daemon.User, s instance.Server, more map[string]string, f func(instance.Server) error) error {
	s.Port, s.Limits, s.TLS = 1, instance.Limits{}, instance.TLS{}
	p, err := e.launch(ctx, i, u, s, mode{alone: true, more: more})
	if err != nil {
		return errors.Join(err, e.halt(context.WithoutCancel(ctx), s))
	}
	if err := f(s); err != nil {
		return errors.Join(err, e.halt(context.WithoutCancel(ctx), s))
	}
	return shut(ctx, p)
}

// Stop writes a checkpoint while clients still work, and then ends the server fast:
// transactions that are open are undone.
func (e *Engine) Stop(ctx context.Context, s instance.Server) error {
	defer e.held(s)()
	return class(s, e.stop(ctx, s))
}

func (e *Engine) stop(ctx context.Context, s instance.Server) error {
	p, err := daemon.Adopt(pidFile(s))
	if errors.Is(err, daemon.ErrNotRunning) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := e.leave(ctx, s); err != nil {
		return err
	}
	before, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	// If it cannot, it ends nevertheless, and recovers when it is started.
	_ = run(before, s, "CHECKPOINT")
	return shut(ctx, p)
}

// shut ends a server fast and, if that takes more than two minutes, at once: it then
// recovers when it is started.
func shut(ctx context.Context, p *daemon.Process) error {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := p.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		select {
		case <-p.Done():
			return nil
		case <-ctx.Done():
			return fmt.Errorf("the server is still about to end: %w", ctx.Err())
		case <-time.After(2 * time.Minute):
		}
	}
	return errors.New("the server does not end, not even if killed")
}

// halt ends a server whose data nobody needs.
func (e *Engine) halt(ctx context.Context, s instance.Server) error {
	p, err := daemon.Adopt(pidFile(s))
	if errors.Is(err, daemon.ErrNotRunning) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := p.Signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.Done():
		return nil
	case <-time.After(10 * time.Second):
	}
	return shut(ctx, p)
}

// Ended tells when the server's process has ended.
func (e *Engine) Ended(s instance.Server) <-chan struct{} {
	p, err := daemon.Adopt(pidFile(s))
	if err != nil {
		gone := make(chan struct{})
		close(gone)
		return gone
	}
	return p.Done()
}
