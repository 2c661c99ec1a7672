package instance

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"lethe"
)

// machine is a host whose servers are in memory: it outlives the incarnations of lethe
// that a test kills.
type machine struct {
	mu      sync.Mutex
	servers map[string]*fakeServer // by folder
	kept    map[string][]byte      // Backups
	secrets map[string]string
	clock   time.Time
	broken  map[string]error // what operations of that name fail with
}

// fakeServer is a server: what its folder has, and the process if it runs.
type fakeServer struct {
	id, password string
	user         string
	commits      []commit
	follows      string          // a folder
	waits        map[string]bool // of the folders that commits wait for
	running      chan struct{}   // closed when it ends; nil if it does not run
	started      Server
	settings     map[string]string
	log          []commit
	logs         int
	bytes        int64
}

type commit struct {
	At    time.Time
	Value string
}

func newMachine() *machine {
	return &machine{servers: map[string]*fakeServer{}, kept: map[string][]byte{}, secrets: map[string]string{}, clock: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), broken: map[string]error{}}
}

func (m *machine) now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.clock
}

func (m *machine) pass(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clock = m.clock.Add(d)
}

// fail lets operations of a name fail; with nil no more.
func (m *machine) fail(op string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken[op] = err; err == nil {
		delete(m.broken, op)
	}
}

// on is that of a folder's name.
func (m *machine) on(id string) *fakeServer {
	for dir, s := range m.servers {
		if filepath.Base(dir) == id {
			return s
		}
	}
	return nil
}

// write commits a value at the server that answers at a port, as a client would.
func (m *machine) write(port int, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.at(port)
	if s == nil {
		return errors.New("connection refused")
	}
	if s.follows != "" {
		return errors.New("read only")
	}
	c := commit{m.clock, value}
	s.commits = append(s.commits, c)
	s.log = append(s.log, c)
	for _, f := range m.servers {
		if f.follows == s.started.Dir && f.running != nil {
			f.commits = slices.Clone(s.commits)
		}
	}
	return nil
}

func (m *machine) at(port int) *fakeServer {
	for _, s := range m.servers {
		if s.running != nil && s.started.Port == port {
			return s
		}
	}
	return nil
}

// read returns what the server at a port has.
func (m *machine) read(port int) (values []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.at(port)
	if s == nil {
		return nil, errors.New("connection refused")
	}
	for _, c := range s.commits {
		values = append(values, c.Value)
	}
	return values, nil
}

// crash ends the process of a server, as kill -9 would.
func (m *machine) crash(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.on(id).end()
}

func (s *fakeServer) end() {
	if s.running != nil {
		close(s.running)
		s.running = nil
	}
}

// fakeEngine is the engine of the machine as one incarnation of lethe has it.
type fakeEngine struct {
	*machine
	// point is called before and after each operation has its effect; an error ends it.
	point func(op string) error
}

func (e *fakeEngine) do(ctx context.Context, op string, effect func() error) error {
	if err := errors.Join(ctx.Err(), e.point(op)); err != nil {
		return err
	}
	e.mu.Lock()
	err := e.broken[op]
	if err == nil && effect != nil {
		err = effect()
	}
	e.mu.Unlock()
	return errors.Join(err, e.point(op+" done"))
}

func (e *fakeEngine) Name() string { return "postgres" }

func (e *fakeEngine) Versions(context.Context) ([]Version, error) {
	return []Version{{"15.20", "postgres15", "PostgreSQL 15.20"}, {"15.18", "postgres15", "PostgreSQL 15.18"}, {"14.9", "postgres14", "PostgreSQL 14.9"}}, nil
}

func (e *fakeEngine) Parameters(family string) ([]Parameter, error) {
	if family != "postgres15" && family != "postgres14" {
		return nil, lethe.Errorf(lethe.NotFound, "no family %s", family)
	}
	return []Parameter{
		{Name: "max_connections", Value: "LEAST({DBInstanceClassMemory/9531392},5000)", Type: "integer", Allowed: "6-8388607", Static: true},
		{Name: "shared_buffers", Value: "{DBInstanceClassMemory/32768}", Type: "integer", Allowed: "16-1073741823", Static: true},
		{Name: "work_mem", Type: "integer", Allowed: "64-2147483647"},
	}, nil
}

// find is the server of a folder, which is none any more if the folder is gone.
func (m *machine) find(dir string) *fakeServer {
	f := m.servers[dir]
	if _, err := os.Stat(dir); f != nil && err != nil {
		f.end()
		delete(m.servers, dir)
		return nil
	}
	return f
}

// up finds a server that must run.
func (e *fakeEngine) up(s Server) (*fakeServer, error) {
	f := e.find(s.Dir)
	if f == nil || f.running == nil {
		return nil, fmt.Errorf("server %s does not run", s.ID)
	}
	return f, nil
}

func (e *fakeEngine) Create(ctx context.Context, s Server, m Master) error {
	return e.do(ctx, "create", func() error {
		if e.find(s.Dir) == nil {
			e.servers[s.Dir] = &fakeServer{id: s.ID, user: m.User, password: m.Password}
		}
		return os.MkdirAll(filepath.Join(s.Dir, "log"), 0o755)
	})
}

func (e *fakeEngine) Start(ctx context.Context, s Server) error {
	return e.do(ctx, "start", func() error {
		f := e.find(s.Dir)
		switch {
		case f == nil:
			return fmt.Errorf("server %s has no data", s.ID)
		case f.running != nil:
			return nil
		case e.at(s.Port) != nil:
			return fmt.Errorf("port %d of %s is in use by %s", s.Port, s.ID, e.at(s.Port).id)
		case s.Settings["max_connections"] == "7":
			return lethe.Errorf(lethe.Invalid, "max_connections is too small")
		}
		f.running, f.started, f.settings = make(chan struct{}), s, maps.Clone(s.Settings)
		if of := e.servers[f.follows]; of != nil {
			f.commits = slices.Clone(of.commits)
		}
		return nil
	})
}

func (e *fakeEngine) Stop(ctx context.Context, s Server) error {
	return e.do(ctx, "stop", func() error {
		if f := e.find(s.Dir); f != nil {
			f.end()
		}
		return nil
	})
}

func (e *fakeEngine) Ended(s Server) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if f, err := e.up(s); err == nil {
		return f.running
	}
	c := make(chan struct{})
	close(c)
	return c
}

func (e *fakeEngine) Apply(ctx context.Context, s Server) (pending []string, err error) {
	err = e.do(ctx, "apply", func() error {
		f, err := e.up(s)
		if err != nil {
			return err
		}
		static, _ := e.Parameters("postgres15")
		for _, p := range static {
			switch {
			case f.settings[p.Name] == s.Settings[p.Name]:
			case p.Static:
				pending = append(pending, p.Name)
			default:
				f.settings[p.Name] = s.Settings[p.Name]
			}
		}
		return nil
	})
	return pending, err
}

func (e *fakeEngine) SetPassword(ctx context.Context, s Server, m Master) error {
	return e.do(ctx, "password", func() error {
		f, err := e.up(s)
		if err == nil {
			f.password = m.Password
		}
		return err
	})
}

func (e *fakeEngine) Metrics(ctx context.Context, s Server) (m Metrics, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f, err := e.up(s)
	if err == nil {
		m.Bytes = f.bytes
	}
	return m, err
}

// saved is what a backup has.
type saved struct {
	User, Password string
	Commits        []commit
}

func (e *fakeEngine) Backup(ctx context.Context, s Server, w io.Writer) (b Backup, err error) {
	var raw []byte
	err = e.do(ctx, "backup", func() error {
		f, err := e.up(s)
		if err != nil {
			return err
		}
		b = Backup{Mark: fmt.Sprint(len(f.commits)), End: e.clock, Bytes: int64(len(f.commits)), Version: s.Version, Settings: maps.Clone(f.settings)}
		raw, err = json.Marshal(saved{f.user, f.password, f.commits})
		return err
	})
	if err == nil {
		_, err = w.Write(raw)
	}
	return b, err
}

func (e *fakeEngine) Restore(ctx context.Context, s Server, r io.Reader, how Recovery) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return e.do(ctx, "restore", func() error {
		var d saved
		if err := json.Unmarshal(raw, &d); err != nil {
			return err
		}
		have := len(d.Commits)
		if how.Logs != "" {
			names, err := filepath.Glob(filepath.Join(how.Logs, "*"))
			if err != nil {
				return err
			}
			slices.Sort(names)
			for _, n := range names {
				raw, err := os.ReadFile(n)
				if err != nil {
					return err
				}
				var l struct {
					First   int
					Commits []commit
				}
				if err := json.Unmarshal(raw, &l); err != nil {
					return err
				}
				for i, c := range l.Commits {
					if l.First+i < have || !how.Until.IsZero() && c.At.After(how.Until) {
						continue
					}
					d.Commits = append(d.Commits, c)
				}
			}
		}
		if how.Master != nil {
			d.Password = how.Master.Password
		}
		e.servers[s.Dir] = &fakeServer{id: s.ID, user: d.User, password: d.Password, commits: d.Commits}
		return os.MkdirAll(filepath.Join(s.Dir, "log"), 0o755)
	})
}

func (e *fakeEngine) Closed(ctx context.Context, s Server, rotate bool) (all []Log, err error) {
	err = e.do(ctx, "closed", func() error {
		f, err := e.up(s)
		if err != nil {
			return err
		}
		if rotate && len(f.log) > 0 {
			f.logs++
			raw, err := json.Marshal(map[string]any{"First": len(f.commits) - len(f.log), "Commits": f.log})
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(s.Dir, "log", fmt.Sprintf("%09d", f.logs)), raw, 0o644); err != nil {
				return err
			}
			f.log = nil
		}
		names, err := filepath.Glob(filepath.Join(s.Dir, "log", "*"))
		slices.Sort(names)
		for _, n := range names {
			all = append(all, Log{Name: filepath.Base(n), Path: n, Last: e.clock, Size: 1})
		}
		return err
	})
	return all, err
}

func (e *fakeEngine) Release(ctx context.Context, s Server, l Log) error {
	return e.do(ctx, "release", func() error {
		err := os.Remove(l.Path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
}

func (e *fakeEngine) Follow(ctx context.Context, s, of Server, wait bool) error {
	return e.do(ctx, "follow", func() error {
		o, err := e.up(of)
		if err != nil {
			return err
		}
		if f := e.find(s.Dir); f == nil {
			e.servers[s.Dir] = &fakeServer{id: s.ID, user: o.user, password: o.password, commits: slices.Clone(o.commits), follows: of.Dir}
		} else if f.follows != of.Dir {
			return fmt.Errorf("%s follows %s already", s.ID, f.follows)
		}
		if wait {
			if o.waits == nil {
				o.waits = map[string]bool{}
			}
			o.waits[s.Dir] = true
		}
		return os.MkdirAll(filepath.Join(s.Dir, "log"), 0o755)
	})
}

func (e *fakeEngine) Unfollow(ctx context.Context, s, of Server) error {
	return e.do(ctx, "unfollow", func() error {
		if o := e.servers[of.Dir]; o != nil {
			delete(o.waits, s.Dir)
		}
		return nil
	})
}

func (e *fakeEngine) Synced(ctx context.Context, s, of Server) (synced bool, err error) {
	err = e.do(ctx, "synced", func() error {
		f, o := e.find(s.Dir), e.find(of.Dir)
		switch {
		case f == nil:
		case f.follows == "":
			synced = true // it was promoted
		default:
			synced = o != nil && f.follows == of.Dir && o.waits[s.Dir] && len(f.commits) == len(o.commits)
		}
		return nil
	})
	return synced, err
}

func (e *fakeEngine) Promote(ctx context.Context, s Server) error {
	return e.do(ctx, "promote", func() error {
		f := e.find(s.Dir)
		if f == nil {
			return fmt.Errorf("server %s has no data", s.ID)
		}
		if other := e.at(s.Port); other != nil && other != f {
			return fmt.Errorf("port %d of %s is in use by %s", s.Port, s.ID, other.id)
		}
		f.follows = ""
		if f.running == nil {
			f.running = make(chan struct{})
		}
		f.started, f.settings = s, maps.Clone(s.Settings)
		return nil
	})
}

// fakeBackups keeps backups in the machine's memory.
type fakeBackups struct{ *fakeEngine }

func (b fakeBackups) Put(ctx context.Context, key string, r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return b.do(ctx, "put", func() error {
		b.kept[key] = raw
		return nil
	})
}

func (b fakeBackups) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	raw, ok := b.kept[key]
	if !ok {
		return nil, lethe.Errorf(lethe.NotFound, "no key %s", key)
	}
	return io.NopCloser(strings.NewReader(string(raw))), nil
}

func (b fakeBackups) List(_ context.Context, prefix string) (all []string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k := range b.kept {
		if strings.HasPrefix(k, prefix) {
			all = append(all, k)
		}
	}
	slices.SortFunc(all, cmp.Compare[string])
	return all, nil
}

func (b fakeBackups) Delete(ctx context.Context, key string) error {
	return b.do(ctx, "discard", func() error {
		delete(b.kept, key)
		return nil
	})
}

// fakeSecrets keeps secrets in the machine's memory.
type fakeSecrets struct{ *machine }

func (s fakeSecrets) Put(_ context.Context, region, name, value string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[region+"/"+name] = value
	return lethe.SecretARN(region, name), nil
}

func (s fakeSecrets) Delete(_ context.Context, region, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.secrets, region+"/"+name)
	return nil
}
