// Package mariadb runs servers of MariaDB, from the host's packages mariadb-server and
// mariadb-backup, for [instance.Local].
//
// A server's folder holds
//
//	my.cnf      its whole configuration, written anew at each start; no other is read
//	init.sql    what the server does before it lets clients in: lethe's own user
//	generation  which of an instance's servers this is, for the names of its logs
//	first.sql   the first user and database, until they are there
//	secret      the password of that own user, rdsadmin@localhost
//	data/       the data, with the socket mysqld.sock
//	binlog/     binary and relay logs
//	log/        mysql-error.log, mysql-slowquery.log, mysql-general.log
//	tls/        the certificate
//	tmp/        temporary files; the only place that LOAD DATA INFILE reads
//	followers/  one file for each server that follows this one
//	replica.json  whom this server follows
//
// Data is made by copying a template: mariadb-install-db runs once for a version. What is
// not whole yet is in data.tmp, which nothing starts; its renaming is what makes a
// server.
//
// Passwords are passed to the server as hashes of mysql_native_password, names and values
// quoted by the functions of quote.go, settings by those of config.go.
//
// The first user has the privileges that RDS gives it, and not SUPER, FILE or SHUTDOWN,
// nor RELOAD, which would let it throw away binary logs.
// But as it may write to all databases, it may write to the schema mysql too, as in
// RDS for MariaDB (Amazon RDS User Guide, MariaDB security): somebody who has that
// password can give themselves any privilege inside this server. secure_file_priv and
// the operating system's user bound what that is worth.
//
// Logs: every server writes binary logs (sync_binlog=1, so that no committed row is
// lost), and purges one only when it was released and no follower needs it. A
// recovery has the server's replication thread apply them, as if they were relay logs:
// no client reads the statements of users as a script. The time of a
// transaction is that in the header of its first event, in whole seconds: a recovery
// until 12:00:05 has what committed before that second began. So that nobody moves that
// time, secure_timestamp is SUPER where a parameter group does not say otherwise.
//
// Replicas are copies by mariadb-backup that follow by GTID over TLS. One that commits
// wait for does so by semi-synchronous replication, AFTER_SYNC: no client sees a
// row that the replica has not received. sync.go has from when on, and how it is known
// afterwards.
package mariadb

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"

	"lethe"
	"lethe/instance"
	"lethe/lib/daemon"
)

// Options are what an Engine stands on.
type Options struct {
	// Dir is the engine's own folder, for templates. The engine's user must reach it.
	Dir string
	// User is as whom servers run; "" for mysql if lethe is root, else lethe's own.
	User string
	// Bin is where the executables are; "" for the path and /usr/sbin.
	Bin string
	Log *slog.Logger
}

// Engine is MariaDB.
type Engine struct {
	Options
	user daemon.User
	none error // why there is no user

	mu        sync.Mutex
	processes map[string]*daemon.Process // by pid file
	watched   map[*daemon.Process]bool   // standbys whose end is waited for
	leading   sync.Mutex                 // of files in followers/
	preparing sync.Mutex
	catalogue map[string][]parameter // by version
}

var _ instance.Engine = (*Engine)(nil)

// New returns the engine. It does nothing yet.
func New(o Options) *Engine {
	e := &Engine{Options: o, processes: map[string]*daemon.Process{}, watched: map[*daemon.Process]bool{}, catalogue: map[string][]parameter{}}
	e.user, e.none = daemon.Choose(o.User, "mysql")
	if e.Log == nil {
		e.Log = slog.New(slog.DiscardHandler)
	}
	return e
}

// Name is the name of the engine.
func (*Engine) Name() string { return "mariadb" }

// release finds the version in what mariadbd --version prints. A mysqld of MySQL does not
// print it.
var release = regexp.MustCompile(`Ver ((\d+\.\d+)\.\d+)-MariaDB`)

// Versions returns the one that is installed.
func (e *Engine) Versions(ctx context.Context) ([]instance.Version, error) {
	if e.none != nil {
		return nil, lethe.Errorf(lethe.Unsupported, "MariaDB: %w", e.none).WithHint("install the package mariadb-server")
	}
	server, err := e.executable("mariadbd", "mariadb-server")
	if err != nil {
		return nil, err
	}
	text, err := daemon.Command{Path: server, Args: []string{"--no-defaults", "--version"}, Dir: "/", User: e.user}.Run(ctx)
	if err != nil {
		return nil, lethe.Errorf(lethe.Unsupported, "MariaDB cannot run on this host: %w", err)
	}
	m := release.FindStringSubmatch(text)
	if m == nil {
		return nil, lethe.Errorf(lethe.Unsupported, "%s is no MariaDB: it says %q", server, strings.TrimSpace(text)).WithHint("install mariadb-server")
	}
	return []instance.Version{{Number: m[1], Family: "mariadb" + m[2], Title: "MariaDB " + m[1]}}, nil
}

// executable finds a program of a package.
func (e *Engine) executable(name, pkg string) (string, error) {
	if e.Bin != "" {
		path := filepath.Join(e.Bin, name)
		if _, err := os.Stat(path); err != nil {
			return "", lethe.Errorf(lethe.Unsupported, "this host has no %s: %w", name, err).WithHint("install the package %s", pkg)
		}
		return path, nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return filepath.Abs(path)
	}
	path := filepath.Join("/usr/sbin", name) // which the path of users often lacks
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return "", lethe.Errorf(lethe.Unsupported, "this host has no %s", name).WithHint("install the package %s", pkg)
}

// environment is that of servers and tools. Times in it are UTC.
func environment(tmp string) []string {
	return []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C", "TZ=UTC", "TMPDIR=" + cmp.Or(tmp, "/tmp")}
}

// version returns an error if a version is not installed.
func (e *Engine) version(ctx context.Context, number string) (instance.Version, error) {
	all, err := e.Versions(ctx)
	if err != nil {
		return instance.Version{}, err
	}
	for _, v := range all {
		if v.Number == number {
			return v, nil
		}
	}
	return instance.Version{}, lethe.Errorf(lethe.Unsupported, "MariaDB %s is not installed on this host; %s is", number, all[0].Number)
}

// kind gives an error of the system or of a tool the kind that its reader acts by.
func kind(err error) error {
	if err == nil {
		return nil
	}
	var e *lethe.Error
	var f *daemon.FolderError
	switch {
	case errors.As(err, &e), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &f):
		return lethe.Errorf(lethe.Unsupported, "%w", err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), full.MatchString(err.Error()):
		return lethe.Errorf(lethe.Exhausted, "there is no room on the disk: %w", err)
	}
	return err
}

// full is how MariaDB and its tools say that a disk is full.
var full = regexp.MustCompile(`(?i)no space left on device|disk is full|disk full|errno:? 28\b|errcode:? 28\b|os error: 28\b|error number 28\b|error 28\b`)
