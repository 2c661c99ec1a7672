// Package postgres runs PostgreSQL servers, 12 and later, from the host's packages.
//
//	e := postgres.New(postgres.Options{Dir: "/var/lib/lethe/instances/.postgres"})
//	err := e.Create(ctx, server, master)
//	err = e.Start(ctx, server)
//
// # A server's folder
//
//	data/           the cluster
//	conf/           settings, who may connect, TLS: all written by lethe, none by the cluster
//	run/            the socket of lethe's own connections, which nobody else can enter
//	log/            what the server logs, a file for each day of the week
//	archive/        write-ahead log that is complete and was not released
//	pid             the process (lib/daemon)
//	made            it is there if data is whole
//	replica.json    of a replica: whose
//	followers.json  of a server with replicas: which
//
// Configuration is outside the cluster, so that neither a base backup nor a restore
// carries that of another server. postgresql.auto.conf, which is read last, stays empty:
// only superusers write it.
//
// # Who is who
//
// As in RDS, the superuser is rdsadmin, and the first user is none, but has CREATEDB,
// CREATEROLE and the role rds_superuser, which has pg_monitor and pg_signal_backend.
// rdsadmin connects through run/ only, as the user who runs lethe or the server's
// own, and works in the database rdsadmin, where no one else can put a function in its
// way. Before PostgreSQL 16, CREATEROLE lets its holder give away the predefined roles
// that read and write files and run programs as the server's user
// (https://www.postgresql.org/docs/15/role-attributes.html), who has other servers too:
// clusters are made without these roles.
//
// Clients come by TCP with SCRAM-SHA-256. Replicas connect through the socket of the
// server that they follow: both are on this host.
//
// # What holds
//
// Create, Restore and Follow count once everything is on disk; before, they begin anew.
// A stop writes a checkpoint first, while clients still work, so that the outage is
// short. Logs are archived by the server itself, which goes on while lethe is down.
//
// A commit waits for a replica with wait while that replica runs: once its process has
// ended, the server goes on alone, which lethe sees to, and on a start of either it is
// waited for again. While lethe is down, commits wait for it to come back.
package postgres

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"lethe"
	"lethe/instance"
	"lethe/lib/daemon"
)

// Options say where and as whom servers run.
type Options struct {
	// Dir is for what servers share: clusters to copy. It is made if it is not there.
	Dir string
	// User is as whom they run; "" for lethe-db or, where there is none, postgres.
	// Unless the program is root's, it is the program's own user.
	User string
	// Programs are the folders with a version's programs each; if nil, those of Debian's
	// and Red Hat's packages, and of PATH.
	Programs []string
}

// Engine is PostgreSQL on this host. It is safe for concurrent use.
type Engine struct {
	opts Options

	mu      sync.Mutex
	servers map[string]*sync.Mutex   // by folder
	watched map[*daemon.Process]bool // replicas whose end is waited for
	known   map[string]asked         // by path
	shared  sync.Mutex               // held while a template is made
	leading sync.Mutex               // held while a server's followers change
}

var _ instance.Engine = (*Engine)(nil)

// New returns the engine. It does nothing yet.
func New(o Options) *Engine {
	return &Engine{opts: o, servers: map[string]*sync.Mutex{}, watched: map[*daemon.Process]bool{}, known: map[string]asked{}}
}

// Name is postgres.
func (*Engine) Name() string { return "postgres" }

// held locks a server's folder against other calls, and returns what unlocks it.
func (e *Engine) held(s instance.Server) func() {
	e.mu.Lock()
	m := e.servers[s.Dir]
	if m == nil {
		m = &sync.Mutex{}
		e.servers[s.Dir] = m
	}
	e.mu.Unlock()
	m.Lock()
	return m.Unlock
}

// install is an installed version.
type install struct {
	instance.Version
	major int
	bin   string
}

func (i install) program(name string) string { return filepath.Join(i.bin, name) }

var printed = regexp.MustCompile(`^postgres \(PostgreSQL\) (([0-9]+)\.[0-9]+)`)

const needed = "apt-get install postgresql, or your system's package of the PostgreSQL server"

func (e *Engine) installed(ctx context.Context) ([]install, error) {
	bins := e.opts.Programs
	if bins == nil {
		for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"} {
			found, _ := filepath.Glob(pattern) // the pattern is well-formed
			bins = append(bins, found...)
		}
		if path, err := exec.LookPath("postgres"); err == nil {
			if path, err = filepath.EvalSymlinks(path); err == nil {
				bins = append(bins, filepath.Dir(path))
			}
		}
	}
	var all []install
	for _, bin := range bins {
		i, err := e.ask(ctx, bin)
		if err != nil {
			return nil, err
		}
		if i.major >= 12 && !slices.ContainsFunc(all, func(o install) bool { return o.major == i.major }) {
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		return nil, lethe.Errorf(lethe.Unsupported, "PostgreSQL is not installed on this host").WithHint(needed)
	}
	slices.SortFunc(all, func(a, b install) int { return b.major - a.major })
	return all, nil
}

// ask returns the version of the programs in a folder; its major is 0 if there is no server
// among them, or one under development. A program that is the same file is not asked
// again: this is in the way of every start.
func (e *Engine) ask(ctx context.Context, bin string) (install, error) {
	path := filepath.Join(bin, "postgres")
	file, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return install{}, nil // clients only
	}
	if err != nil {
		return install{}, err
	}
	e.mu.Lock()
	known, ok := e.known[path]
	e.mu.Unlock()
	if ok && os.SameFile(known.file, file) && known.file.ModTime().Equal(file.ModTime()) {
		return known.install, nil
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return install{}, lethe.Errorf(lethe.Unsupported, "%s does not run: %w", path, err)
	}
	var i install
	if m := printed.FindStringSubmatch(string(out)); m != nil {
		major, err := strconv.Atoi(m[2])
		if err != nil {
			return install{}, err
		}
		i = install{instance.Version{Number: m[1], Family: "postgres" + m[2], Title: "PostgreSQL " + m[1]}, major, bin}
	}
	e.mu.Lock()
	e.known[path] = asked{i, file}
	e.mu.Unlock()
	return i, nil
}

// asked is an install and the file that said so.
type asked struct {
	install
	file fs.FileInfo
}

// Versions are those installed, of each major version one.
func (e *Engine) Versions(ctx context.Context) ([]instance.Version, error) {
	all, err := e.installed(ctx)
	if err != nil {
		return nil, err
	}
	var vs []instance.Version
	for _, i := range all {
		vs = append(vs, i.Version)
	}
	return vs, nil
}

// of returns the programs for a server. Minor versions share their data's format
// (https://www.postgresql.org/support/versioning/): after an upgrade of the package, a
// server runs with the newer one.
func (e *Engine) of(ctx context.Context, version string) (install, error) {
	all, err := e.installed(ctx)
	if err != nil {
		return install{}, err
	}
	major, _, _ := strings.Cut(version, ".")
	for _, i := range all {
		if strconv.Itoa(i.major) == major {
			return i, nil
		}
	}
	return install{}, lethe.Errorf(lethe.Unsupported, "PostgreSQL %s is not installed on this host", major).WithHint("apt-get install postgresql-%s", major)
}

func (e *Engine) user() (daemon.User, error) {
	u, err := daemon.Choose(e.opts.User, "postgres")
	if err != nil {
		return u, lethe.Errorf(lethe.Unsupported, "PostgreSQL cannot run here: %w", err)
	}
	return u, nil
}
