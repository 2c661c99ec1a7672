package mariadb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"lethe"
	"lethe/instance"
	"lethe/lib/daemon"
)

// process is a server's process, nil if it does not run.
func (e *Engine) process(s instance.Server) *daemon.Process {
	e.mu.Lock()
	defer e.mu.Unlock()
	pid := at(s).pid()
	if p := e.processes[pid]; p != nil {
		select {
		case <-p.Done():
			delete(e.processes, pid)
		default:
			return p
		}
	}
	p, err := daemon.Adopt(pid)
	if err != nil {
		return nil
	}
	e.processes[pid] = p
	return p
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// Ended returns a channel that is closed when the server has ended.
func (e *Engine) Ended(s instance.Server) <-chan struct{} {
	if p := e.process(s); p != nil {
		return p.Done()
	}
	return closed
}

// Start returns when the server accepts connections of clients; a replica then is
// connecting to the server that it follows.
func (e *Engine) Start(ctx context.Context, s instance.Server) error {
	return kind(e.start(ctx, s))
}

func (e *Engine) start(ctx context.Context, s instance.Server) error {
	f := at(s)
	if there, err := exists(f.data()); err != nil || !there {
		return cmp.Or(err, error(lethe.Errorf(lethe.Conflict, "the server %s has no data", s.ID)))
	}
	if e.process(s) == nil {
		// Nobody waits for followers until they have joined again.
		if err := e.lead(f, func(all map[string]follower) { forgo(all) }); err != nil {
			return err
		}
	}
	if err := e.run(ctx, s, mode{}); err != nil {
		return err
	}
	// The first user is there: the server reads init.sql before it lets anybody in.
	if err := os.Remove(f.first()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := e.admin(ctx, s, func(c *sql.Conn) error {
		if err := f.reconcile(ctx, c); err != nil {
			return err
		}
		if r, err := f.replica(); r == nil || err != nil {
			// A stop that was given up may have left it otherwise.
			return errors.Join(err, execute(ctx, c, "SET GLOBAL read_only = OFF"))
		}
		return f.follow(ctx, c)
	}); err != nil {
		return err
	}
	return e.rejoin(ctx, s)
}

// run starts a server, or takes up one that runs, and returns when it accepts connections.
func (e *Engine) run(ctx context.Context, s instance.Server, m mode) error {
	f := at(s)
	p := e.process(s)
	if p == nil {
		server, err := e.executable("mariadbd", "mariadb-server")
		if err != nil {
			return err
		}
		if err := e.make(f); err != nil {
			return err
		}
		if err := e.configure(s, m); err != nil {
			return err
		}
		limits := daemon.Limits{CPUs: s.Limits.CPUs, Memory: s.Limits.Memory, IO: s.Limits.IO, Path: s.Dir}
		p, err = daemon.Start(ctx, daemon.Spec{
			Path: server, Args: []string{"--defaults-file=" + f.config()}, Env: environment(f.join("tmp")),
			User: e.user, Dir: cmp.Or(m.data, f.data()), Log: f.errors(), PIDFile: f.pid(), Group: s.ID, Limits: limits,
		})
		if err != nil {
			return err
		}
		if why := p.Unlimited(); why != "" && limits != (daemon.Limits{Path: s.Dir}) {
			e.Log.Info("A server runs without the limits of its class", "server", s.ID, "why", why)
		}
		e.mu.Lock()
		e.processes[f.pid()] = p
		e.mu.Unlock()
	}
	return e.ready(ctx, s, m, p)
}

// ready waits until a server accepts connections.
func (e *Engine) ready(ctx context.Context, s instance.Server, m mode, p *daemon.Process) error {
	f := at(s)
	db, err := f.connect(cmp.Or(m.data, f.data()))
	if err != nil {
		return err
	}
	defer db.Close()
	for {
		if err = db.PingContext(ctx); err == nil && !m.own {
			err = dial(ctx, s)
		}
		if err == nil {
			return nil
		}
		select {
		case <-p.Done():
			return f.died(s)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(3 * time.Millisecond):
		}
	}
}

// dial tells whether a server listens for clients.
func dial(ctx context.Context, s instance.Server) error {
	host := s.Host
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() || host == "*" {
		host = "localhost"
	}
	d := net.Dialer{Timeout: 5 * time.Second}
	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(s.Port)))
	if err != nil {
		return err
	}
	return c.Close()
}

// How a server says in its log that it cannot run.
var (
	badSetting = regexp.MustCompile(`(?i)unknown (variable|option|suffix)|error while setting value|ambiguous option|wrong value|option '[^']*' (requires|cannot)|incorrect argument|character set .* is not a compiled|invalid argument`)
	portTaken  = regexp.MustCompile(`(?i)address already in use|already have another mysqld server`)
	noMemory   = regexp.MustCompile(`(?i)cannot allocate memory|out of memory`)
	mistake    = regexp.MustCompile(`\[ERROR\] (.*)`)
)

// died tells why a server ended that should have started.
func (f folder) died(s instance.Server) error {
	text := tail(f.errors(), 16<<10)
	// The last run begins here.
	if i := strings.LastIndex(text, "Starting MariaDB "); i >= 0 {
		text = text[i:]
	}
	var said []string
	for _, m := range mistake.FindAllStringSubmatch(text, -1) {
		said = append(said, m[1])
	}
	if len(said) == 0 {
		lines := strings.Split(strings.TrimSpace(text), "\n")
		said = lines[max(0, len(lines)-3):]
	}
	message := strings.Join(said, "; ")
	k := lethe.Internal
	switch {
	case full.MatchString(text):
		k = lethe.Exhausted
	case badSetting.MatchString(text):
		k = lethe.Invalid
	case portTaken.MatchString(text):
		return lethe.Errorf(lethe.Conflict, "the port %d of %s is in use: %s", s.Port, s.Host, message)
	case noMemory.MatchString(text):
		k = lethe.Exhausted
	}
	return lethe.Errorf(k, "MariaDB did not start: %s", message)
}

// tail is the end of a file, "" if there is none.
func tail(path string, most int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	if i, err := f.Stat(); err == nil && i.Size() > most {
		f.Seek(-most, io.SeekEnd)
	}
	text, _ := io.ReadAll(io.LimitReader(f, most))
	return string(text)
}

// Bounds of the ending of a server.
const (
	// A server may write its changed pages while clients still use it, for so long in all,
	// and for so long without getting further, because they change as many.
	flushing = 5 * time.Second
	idling   = 200 * time.Millisecond
	// One that does not end within that is killed, and recovers when it is started.
	ending = 2 * time.Minute
)

// Stop returns when the server has ended. It first has the server write what changed,
// while clients still use it, so that the outage is short.
func (e *Engine) Stop(ctx context.Context, s instance.Server) error {
	if e.process(s) == nil {
		return nil
	}
	// It may be full, or be about to end: what fails here only makes the end longer.
	if err := e.flush(ctx, s); err != nil && ctx.Err() == nil {
		e.Log.Debug("A server could not write its pages before it was stopped", "server", s.ID, "err", err)
	}
	if err := errors.Join(e.leave(ctx, s), e.still(ctx, s)); err != nil {
		return err
	}
	return e.end(ctx, s)
}

// flush has a server write its changed pages.
func (e *Engine) flush(ctx context.Context, s instance.Server) error {
	ctx, cancel := context.WithTimeout(ctx, flushing)
	defer cancel()
	return e.admin(ctx, s, func(c *sql.Conn) error {
		if err := execute(ctx, c, "SET GLOBAL innodb_max_dirty_pages_pct = 0", "SET GLOBAL innodb_max_dirty_pages_pct_lwm = 0"); err != nil {
			return err
		}
		least, since := math.MaxInt, time.Now()
		for {
			var name string
			var dirty int
			if err := c.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'").Scan(&name, &dirty); err != nil || dirty < 16 {
				return err
			}
			if dirty < least {
				least, since = dirty, time.Now()
			} else if time.Since(since) > idling {
				return nil
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
}

// end ends a server's process.
func (e *Engine) end(ctx context.Context, s instance.Server) error {
	p := e.process(s)
	if p == nil {
		return nil
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := p.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		select {
		case <-p.Done():
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(ending):
		}
	}
	return lethe.Errorf(lethe.Internal, "the process %d of the server %s does not end", p.PID(), s.ID)
}
