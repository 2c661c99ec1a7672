package instance_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"lethe/instance"
	"lethe/instance/postgres"
	"lethe/lib/seal"
	"lethe/lib/state"
	"lethe/workflow"
	"lethe/workflow/journal"
)

// These tests run instances with real servers of the engines that the host has.

// folder keeps backups as files.
type folder string

func (f folder) Put(_ context.Context, key string, r io.Reader) error {
	path := filepath.Join(string(f), key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	w, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (f folder) Open(_ context.Context, key string) (io.ReadCloser, error) {
	return os.Open(filepath.Join(string(f), key))
}

func (f folder) List(_ context.Context, prefix string) (keys []string, err error) {
	err = filepath.WalkDir(string(f), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if key, _ := filepath.Rel(string(f), path); strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
		return nil
	})
	return keys, err
}

func (f folder) Delete(_ context.Context, key string) error {
	if err := os.Remove(filepath.Join(string(f), key)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// lake is lethe as far as instances need it.
type lake struct {
	t      testing.TB
	dir    string
	engine func() instance.Engine
	db     *state.DB
	keys   *seal.Keyring

	*instance.Local
	end func(stopEngines bool)
}

func newLake(t testing.TB, engine func(dir string) instance.Engine) *lake {
	t.Helper()
	// The engines' user must reach it.
	dir, err := os.MkdirTemp("", "instances")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l := &lake{t: t, dir: dir, engine: func() instance.Engine { return engine(filepath.Join(dir, "servers", "shared")) }}
	if _, err := l.engine().Versions(t.Context()); err != nil {
		t.Skip(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "backups"), 0o700); err != nil {
		t.Fatal(err)
	}
	if l.db, err = state.Open(t.Context(), filepath.Join(dir, "state.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.db.Close() })
	if l.keys, err = seal.Open(t.Context(), l.db, seal.File(filepath.Join(dir, "key"))); err != nil {
		t.Fatal(err)
	}
	l.start()
	t.Cleanup(func() { l.end(true) })
	return l
}

func (l *lake) start() {
	l.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := slog.New(slog.NewTextHandler(l.t.Output(), nil))
	g := workflow.NewRegistry()
	w, err := journal.Open(ctx, journal.Config{State: l.db, Registry: g, Log: log})
	if err != nil {
		l.t.Fatal(err)
	}
	l.Local, err = instance.NewLocal(ctx, instance.Options{
		DB: l.db, Keys: l.keys, Workflow: w, Engines: []instance.Engine{l.engine()}, Backups: folder(filepath.Join(l.dir, "backups")),
		Dir: filepath.Join(l.dir, "servers"), Host: "127.0.0.1", Scale: 1. / 64, Log: log,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.Register(g)
	if err := l.Start(ctx); err != nil {
		l.t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.Run(ctx); err != nil {
			l.t.Error(err)
		}
	})
	l.end = func(stopEngines bool) {
		cancel()
		running.Wait()
		if err := l.Close(context.Background(), stopEngines); err != nil {
			l.t.Error(err)
		}
	}
}

// is waits until an instance is available, or gone if there is to be none.
func (l *lake) is(name string, there bool) (d types.DBInstance) {
	l.t.Helper()
	last := ""
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		out, err := l.DescribeDBInstances(l.t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name})
		if _, gone := errors.AsType[*types.DBInstanceNotFoundFault](err); gone && !there {
			return d
		} else if err != nil {
			l.t.Fatal(err)
		}
		d = out.DBInstances[0]
		if *d.DBInstanceStatus != last {
			last = *d.DBInstanceStatus
			l.t.Logf("%s is %s", name, last)
		}
		switch last {
		case "available":
			if there {
				return d
			}
		case "failed", "incompatible-parameters", "incompatible-restore", "storage-full":
			l.t.Fatalf("%s is %s", name, last)
		}
	}
	l.t.Fatalf("%s is still %s", name, last)
	return d
}

// kind is what differs between engines for their clients.
type kind struct {
	name, database string
	engine         func(dir string) instance.Engine
	connector      func(d types.DBInstance, password, database string, t *tls.Config) (*sql.DB, error)
}

// kinds are those whose instances are tested here; at night MariaDB's too. Each engine has
// tests of its own (instancetest).
var kinds = []kind{
	{"postgres", "news", func(dir string) instance.Engine { return postgres.New(postgres.Options{Dir: dir}) },
		func(d types.DBInstance, password, database string, t *tls.Config) (*sql.DB, error) {
			c, err := pgx.ParseConfig("sslmode=disable")
			if err != nil {
				return nil, err
			}
			c.Host, c.Port, c.User, c.Password, c.Database, c.TLSConfig = *d.Endpoint.Address, uint16(*d.Endpoint.Port), *d.MasterUsername, password, database, t
			return stdlib.OpenDB(*c), nil
		}},
}

// client connects to an instance as its first user does, over TLS, which must be the
// installation's.
func (l *lake) client(k kind, d types.DBInstance, password string) *sql.DB {
	l.t.Helper()
	trust, err := l.Trust(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trust)
	db, err := k.connector(d, password, k.database, &tls.Config{RootCAs: roots, ServerName: *d.Endpoint.Address})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { db.Close() })
	return db
}

// values returns what the table notes has.
func values(db *sql.DB) (map[int]bool, error) {
	rows, err := db.Query("SELECT n FROM notes")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[int]bool{}
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		all[n] = true
	}
	return all, rows.Err()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func p[T any](v T) *T { return &v }

// writer commits one value after the other into the table notes.
type writer struct {
	db         *sql.DB
	stop, done chan struct{}
	n          atomic.Int64 // of commits
	committed  []int
	longest    time.Duration // between two commits
}

func write(db *sql.DB) *writer {
	w := &writer{db: db, stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		last := time.Now()
		for n := 0; ; n++ {
			select {
			case <-w.stop:
				return
			default:
			}
			if _, err := db.Exec(fmt.Sprintf("INSERT INTO notes VALUES (%d)", n)); err != nil {
				continue // it has happened, or not
			}
			w.committed = append(w.committed, n)
			w.longest, last = max(w.longest, time.Since(last)), time.Now()
			w.n.Add(1)
		}
	}()
	return w
}

// more waits for some commits.
func (w *writer) more(t testing.TB) {
	t.Helper()
	n := w.n.Load() + 10
	for end := time.Now().Add(time.Minute); w.n.Load() < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing is committed any more")
		}
	}
}

// end stops the writer, and returns what the table has: all that was committed.
func (w *writer) end(t testing.TB) map[int]bool {
	t.Helper()
	close(w.stop)
	<-w.done
	t.Logf("%d commits, the longest pause %v", len(w.committed), w.longest)
	got, err := values(w.db)
	must(t, err)
	for _, n := range w.committed {
		if !got[n] {
			t.Fatalf("commit %d is lost", n)
		}
	}
	return got
}

// kill kills the processes whose command lines have a server's folder.
func kill(t testing.TB, dir string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	must(t, err)
	killed := 0
	for _, path := range all {
		line, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(line, []byte(dir)) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		must(t, err)
		must(t, syscall.Kill(pid, syscall.SIGKILL))
		killed++
	}
	if killed == 0 {
		t.Fatalf("no process has the folder %s", dir)
	}
}

// TestFailover kills the first server of a Multi-AZ instance under a writer: the standby
// takes its place each time, nothing that was committed is lost, and the read replica
// follows the server that it is then.
func TestFailover(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			l := newLake(t, k.engine)
			const password = "one-long-password"
			_, err := l.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{DBInstanceIdentifier: p("pair"), DBInstanceClass: p("db.t3.medium"), Engine: &k.name, MultiAZ: p(true),
				AllocatedStorage: p(int32(20)), MasterUsername: p("editor"), MasterUserPassword: p(password), DBName: &k.database})
			must(t, err)
			d := l.is("pair", true)
			_, err = l.CreateDBInstanceReadReplica(t.Context(), &rds.CreateDBInstanceReadReplicaInput{SourceDBInstanceIdentifier: p("pair"), DBInstanceIdentifier: p("reader")})
			must(t, err)
			reader := l.is("reader", true)
			db := l.client(k, d, password)
			_, err = db.Exec("CREATE TABLE notes (n int PRIMARY KEY)")
			must(t, err)
			w := write(db)
			w.more(t)
			_, err = l.RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: p("pair"), ForceFailover: p(true)})
			must(t, err)
			l.is("pair", true)
			w.more(t)
			kill(t, filepath.Join(l.dir, "servers", *d.DbiResourceId+"-b"))
			w.more(t)
			written := w.end(t)
			l.is("pair", true)
			said := func(name, text string) (n int) {
				events, err := l.DescribeEvents(t.Context(), &rds.DescribeEventsInput{Duration: p(int32(60)), SourceIdentifier: p(name), SourceType: types.SourceTypeDbInstance})
				must(t, err)
				for _, e := range events.Events {
					if strings.Contains(*e.Message, text) {
						n++
						t.Logf("%s: %s", name, *e.Message)
					}
				}
				return n
			}
			if n := said("pair", "failover completed"); n != 2 {
				t.Errorf("the standby took over %d times, not when it was asked for and when the first server died", n)
			}
			for end := time.Now().Add(3 * time.Minute); said("reader", "follows its source again") == 0; time.Sleep(50 * time.Millisecond) {
				must(t, l.Tend(t.Context()))
				if time.Now().After(end) {
					t.Fatal("the read replica does not follow")
				}
			}
			l.is("reader", true)
			var got map[int]bool
			for end := time.Now().Add(time.Minute); !maps.Equal(got, written) && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
				got, err = values(l.client(k, reader, password))
				must(t, err)
			}
			if !maps.Equal(got, written) {
				t.Errorf("the read replica has %d rows of %d", len(got), len(written))
			}
		})
	}
}

// TestLife goes with an instance through what the article about Graviton2 shows, and
// what else becomes of databases.
func TestLife(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) { life(t, k) })
	}
}

func life(t *testing.T, k kind) {
	l := newLake(t, k.engine)
	ctx := t.Context()
	at := time.Now()
	_, err := l.CreateDBInstance(ctx, &rds.CreateDBInstanceInput{DBInstanceIdentifier: p("newsblog"), DBInstanceClass: p("db.m6g.large"), Engine: &k.name,
		AllocatedStorage: p(int32(20)), MasterUsername: p("editor"), MasterUserPassword: p("one-long-password"), DBName: &k.database})
	must(t, err)
	d := l.is("newsblog", true)
	t.Logf("created in %v", time.Since(at))
	db := l.client(k, d, "one-long-password")
	_, err = db.Exec("CREATE TABLE notes (n int PRIMARY KEY)")
	must(t, err)

	w := write(db)
	_, err = l.ModifyDBInstance(ctx, &rds.ModifyDBInstanceInput{DBInstanceIdentifier: p("newsblog"), DBInstanceClass: p("db.r6g.large"), MasterUserPassword: p("one-long-password"), ApplyImmediately: p(true)})
	must(t, err)
	if d = l.is("newsblog", true); *d.DBInstanceClass != "db.r6g.large" {
		t.Errorf("its class is %s", *d.DBInstanceClass)
	}

	// Without ApplyImmediately a change waits for the maintenance window, which is open now
	// by the clock on the wall.
	now := time.Now().UTC()
	maintenance := now.Add(-time.Minute).Format("Mon:15:04") + "-" + now.Add(time.Hour).Format("Mon:15:04")
	backup := now.Add(12*time.Hour).Format("15:04") + "-" + now.Add(13*time.Hour).Format("15:04")
	waits, err := l.ModifyDBInstance(ctx, &rds.ModifyDBInstanceInput{DBInstanceIdentifier: p("newsblog"), DBInstanceClass: p("db.m6g.large"), PreferredMaintenanceWindow: &maintenance, PreferredBackupWindow: &backup})
	must(t, err)
	if next := waits.DBInstance.PendingModifiedValues.DBInstanceClass; next == nil || *next != "db.m6g.large" {
		t.Errorf("what waits is %v", next)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		must(t, l.Tend(ctx))
		if d = l.is("newsblog", true); *d.DBInstanceClass == "db.m6g.large" {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the maintenance window does not fire")
		}
	}

	// lethe is restarted, and adopts the server, which serves meanwhile.
	l.end(false)
	l.start()

	_, err = l.CreateDBSnapshot(ctx, &rds.CreateDBSnapshotInput{DBInstanceIdentifier: p("newsblog"), DBSnapshotIdentifier: p("early")})
	must(t, err)
	l.is("newsblog", true)
	_, err = l.RebootDBInstance(ctx, &rds.RebootDBInstanceInput{DBInstanceIdentifier: p("newsblog")})
	must(t, err)
	l.is("newsblog", true)

	// The server is killed, and started again.
	w.more(t)
	kill(t, filepath.Join(l.dir, "servers", *d.DbiResourceId))
	w.more(t)
	got := w.end(t)

	// A point in time, after which everything is deleted.
	until := time.Now().Add(time.Second).Truncate(time.Second)
	time.Sleep(time.Until(until) + 1100*time.Millisecond)
	_, err = db.Exec("DELETE FROM notes")
	must(t, err)
	time.Sleep(100 * time.Millisecond)
	_, err = l.RestoreDBInstanceToPointInTime(ctx, &rds.RestoreDBInstanceToPointInTimeInput{SourceDBInstanceIdentifier: p("newsblog"), TargetDBInstanceIdentifier: p("again"), RestoreTime: &until, DBInstanceClass: p("db.t3.medium")})
	must(t, err)
	again := l.is("again", true)
	back, err := values(l.client(k, again, "one-long-password"))
	if err != nil || !maps.Equal(back, got) {
		t.Errorf("of %d values %d are there at the point in time, %v", len(got), len(back), err)
	}
	_, err = l.RestoreDBInstanceFromDBSnapshot(ctx, &rds.RestoreDBInstanceFromDBSnapshotInput{DBSnapshotIdentifier: p("early"), DBInstanceIdentifier: p("small"), DBInstanceClass: p("db.t3.medium"), BackupRetentionPeriod: p(int32(0))})
	must(t, err)
	small := l.client(k, l.is("small", true), "one-long-password")
	if early, err := values(small); err != nil || len(early) == 0 {
		t.Errorf("the snapshot has %d values, %v", len(early), err)
	}

	_, err = l.CreateDBInstanceReadReplica(ctx, &rds.CreateDBInstanceReadReplicaInput{SourceDBInstanceIdentifier: p("newsblog"), DBInstanceIdentifier: p("reader")})
	must(t, err)
	reader := l.client(k, l.is("reader", true), "one-long-password")
	_, err = db.Exec("INSERT INTO notes VALUES (-1)")
	must(t, err)
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if v, err := values(reader); err == nil && v[-1] {
			break
		} else if time.Now().After(end) {
			t.Fatalf("the replica has %v, %v", v, err)
		}
	}
	_, err = l.PromoteReadReplica(ctx, &rds.PromoteReadReplicaInput{DBInstanceIdentifier: p("reader"), BackupRetentionPeriod: p(int32(0))})
	must(t, err)
	l.is("reader", true)
	_, err = reader.Exec("INSERT INTO notes VALUES (-2)")
	must(t, err)

	for _, name := range []string{"newsblog", "again", "small", "reader"} {
		_, err := l.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{DBInstanceIdentifier: &name, SkipFinalSnapshot: p(true)})
		must(t, err)
	}
	for _, name := range []string{"newsblog", "again", "small", "reader"} {
		l.is(name, false)
	}
	entries, err := os.ReadDir(filepath.Join(l.dir, "servers"))
	must(t, err)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "db-") {
			t.Errorf("the folder %s is left", e.Name())
		}
	}
	events, err := l.DescribeEvents(ctx, &rds.DescribeEventsInput{Duration: p(int32(60)), SourceIdentifier: p("newsblog"), SourceType: types.SourceTypeDbInstance})
	must(t, err)
	for _, e := range events.Events {
		t.Log(*e.Message)
	}
	if !slices.ContainsFunc(events.Events, func(e types.Event) bool { return strings.Contains(*e.Message, "clients were not served for") }) {
		t.Error("no event has the outage")
	}
}
