// Package app makes a running lake out of a configuration: it opens the parts,
// introduces them to one another, listens, and stops them in order. It is the
// only package that knows every part.
//
// A lake is a folder:
//
//	lethe.json            where the running lake answers; removed on a clean stop
//	lethe.lock            held while a process runs the lake
//	aws/config            for AWS clients: AWS_CONFIG_FILE
//	aws/credentials       for AWS clients: AWS_SHARED_CREDENTIALS_FILE
//	console-password      of the user admin, as made at the first start
//	state.db              executions, workgroups, users, keys, logins, ingests
//	keys/master           the key that seals the secrets in state.db, unless it is elsewhere
//	keys/identifiers      the key of the hashes in the index and in the list of erased persons
//	keys/certificates     the key that signs certificates of erasure
//	catalog.db            databases, tables, partitions, in Hive's schema
//	objects/              buckets and objects
//	instances/            of each database server: its data, its logs
//	instances-ca.pem      for clients: whom the servers' certificates are signed by
//	stores/               of other stores: bytes on the way, uploads under way
//	queries/              folders of running queries
//	extracts/             of data sets: the copies that are asked in place of tables
//	sessions/             folders of sessions, which hold extracts open
//	erasure/              the index of identifiers; temporary files; since when copies were not swept
//	audit.jsonl           every decision of access
//	backup/               what is being copied to a backup
//	restored.json         in a lake that was restored, until those are erased again who were since the backup
//	scrub.json            what the last scrub of the object store found
package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/catalog/store"
	"lethe/config"
	"lethe/dash"
	"lethe/dash/extract"
	"lethe/erasure"
	"lethe/erasure/own"
	"lethe/event"
	"lethe/ingest"
	"lethe/instance"
	"lethe/lib/atomicfile"
	"lethe/lib/seal"
	"lethe/lib/state"
	"lethe/object/disk"
	"lethe/object/mount"
	"lethe/query"
	"lethe/query/duckdb"
	"lethe/secret"
	"lethe/wire/console"
)

// Version of this program.
const Version = "0.1.0"

// App is a running lake.
type App struct {
	Config config.Config
	Log    *slog.Logger

	Access  *access.Service
	Objects *disk.Store  // the lake's own buckets
	Stores  *mount.Store // these, and buckets in other stores
	Catalog catalog.Catalog
	Queries *query.Service
	Ingests *ingest.Service
	Events  *event.Dispatcher
	Erasure *erasure.Service
	Secrets *secret.Service
	// Instances are on this host or at AWS.
	Instances console.Instances
	local     *instance.Local // those on this host; nil at AWS
	Backups   *Backups
	Extracts  *extract.Service // of data sets
	Dash      *dash.Service

	// Endpoints as they are, with the ports that were found free.
	Endpoints config.Endpoints

	keys       *seal.Keyring                // of the secrets in the state database
	audit      *access.Audit                // of what is decided
	connectors connectors                   // to other metastores
	ownHolders []erasure.Holder             // of the copies that lethe makes itself
	ownConfig  own.Config                   // what these look after
	databases  []lakeDatabase               // that the lake keeps something in
	own        atomic.Pointer[hive.Catalog] // the lake's own metastore, as others reach it; nil if none is served

	profiles []profile // in the files for AWS clients
	metrics  *metrics
	stop     []func() error // in the order of opening
	stopOnce sync.Once
	stopErr  error
	failed   chan error // a part that must not end has ended
}

// Start opens the lake and answers on its ports when it returns. The file
// lethe.json is not there yet: see Announce.
func Start(ctx context.Context, c config.Config, log *slog.Logger) (a *App, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	a = &App{Config: c, Log: log, metrics: newMetrics(), failed: make(chan error, 1)}
	defer func() {
		if err != nil {
			a.Stop()
			a = nil
		}
	}()
	if err := a.lock(); err != nil {
		return a, err
	}
	if err := a.wholeRestore(); err != nil {
		return a, err
	}
	if err := a.openState(ctx); err != nil {
		return a, err
	}
	if err := a.startEvents(ctx); err != nil {
		return a, err
	}
	if err := a.replay(ctx); err != nil {
		return a, err
	}
	a.startExtracts()
	a.startBackups()
	if err := a.startSchedules(); err != nil {
		return a, err
	}
	a.startUpkeep()
	a.startSecrets()
	if err := a.listen(ctx); err != nil {
		return a, err
	}
	a.startFlow()
	return a, nil
}

// onStop adds something to undo when the app stops, before what came earlier.
func (a *App) onStop(f func() error) { a.stop = append(a.stop, f) }

func (a *App) path(name ...string) string {
	return filepath.Join(append([]string{a.Config.Data}, name...)...)
}

// lock makes the folder and sees that no other process runs its lake.
func (a *App) lock() error {
	if err := os.MkdirAll(a.Config.Data, 0o755); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	f, err := os.OpenFile(a.path("lethe.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return lethe.Errorf(lethe.Conflict, "another process runs the lake in %s", a.Config.Data).WithHint("stop it, or choose another folder with --data")
	}
	a.onStop(f.Close)
	// What a killed process left would lead clients to a port that is not ours.
	if err := os.Remove(a.path("lethe.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (a *App) openState(ctx context.Context) error {
	db, err := state.Open(ctx, a.path("state.db"))
	if err != nil {
		return err
	}
	a.onStop(db.Close)
	if err := a.openKeys(ctx, db); err != nil {
		return err
	}
	if err := a.openAudit(); err != nil {
		return err
	}
	if a.Access, err = access.Open(ctx, db, a.keys, a.audit); err != nil {
		return err
	}
	a.onStop(a.Access.Close)
	if err := a.openSecrets(ctx, db); err != nil {
		return err
	}
	if err := a.shipAudit(ctx); err != nil {
		return err
	}
	if err := a.administrator(ctx); err != nil {
		return err
	}
	if a.Objects, err = disk.Open(a.path("objects"), disk.Options{Events: true, Log: a.Log}); err != nil {
		return err
	}
	a.onStop(a.Objects.Close)
	if err := a.openStores(ctx); err != nil {
		return err
	}
	if err := a.openEvents(ctx, db); err != nil {
		return err
	}
	// What follows may keep its data in an instance.
	if err := a.openInstances(ctx, db); err != nil {
		return err
	}
	options, err := a.catalogOptions(ctx)
	if err != nil {
		return err
	}
	cat, err := store.Connect(ctx, options)
	if err != nil {
		return err
	}
	watched := &tables{Metastore: cat, access: a.Access, region: a.Config.AWS.Region}
	a.Catalog = watched
	a.Access.IntroduceTables(watched)
	a.onStop(cat.Close)
	if err := a.openQueries(ctx, db); err != nil {
		return err
	}
	if err := a.openExtracts(ctx, db); err != nil {
		return err
	}
	if err := a.openDash(ctx, db); err != nil {
		return err
	}
	if err := a.openBackups(ctx, db); err != nil {
		return err
	}
	return a.openErasure(ctx, db)
}

func (a *App) openQueries(ctx context.Context, db *state.DB) error {
	q := a.Config.Query
	output, err := lethe.ParseLocation(q.Output)
	if err != nil {
		return err
	}
	if err := a.Stores.CreateBucket(ctx, output.Bucket); err != nil && !lethe.Is(err, lethe.Exists) {
		return err
	}
	engine, err := duckdb.New(duckdb.Config{
		Dir: a.path("queries"), Store: a.Stores, Memory: int64(q.Memory), Threads: q.Threads,
		Pool: q.Warm, MaxConcurrent: q.Concurrency, AllowNoLandlock: q.AllowNoLandlock, Log: a.Log,
	})
	if err != nil {
		return err
	}
	a.onStop(engine.Close)
	a.onStop(a.closeConnectors)
	a.Queries, err = query.Open(ctx, query.Config{
		DB: db, Store: a.Stores, Catalog: a.Catalog, Connect: a.connect, Keys: a.keys, Engine: engine, Access: a.Access, Roles: a.Access,
		System: []query.SystemTable{a.auditTable()}, Scratch: a.path("queries"),
		Region: a.Config.AWS.Region, Output: q.Output, Concurrency: q.Concurrency, Timeout: q.Timeout, Redact: a.redactLater, Ended: a.metrics.ended, Log: a.Log,
	})
	if err != nil {
		return err
	}
	a.onStop(func() error { a.Queries.Close(); return nil })
	return a.openIngests(ctx, db, engine)
}

// Announce writes lethe.json: from now on commands find the lake.
func (a *App) Announce() error {
	text, err := json.MarshalIndent(a.Endpoints, "", "  ")
	if err != nil {
		return err
	}
	path := a.path("lethe.json")
	if err := atomicfile.Write(path, append(text, '\n'), 0o644); err != nil {
		return err
	}
	a.onStop(func() error { return os.Remove(path) })
	return nil
}

// Wait returns when ctx ends, or with the error of a part that failed.
func (a *App) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-a.failed:
		return err
	}
}

// Stop stops the lake: no new requests, running ones get a moment to end, and
// all files are closed. It may be called more than once.
func (a *App) Stop() error {
	a.stopOnce.Do(func() {
		for i := len(a.stop) - 1; i >= 0; i-- {
			a.stopErr = errors.Join(a.stopErr, a.stop[i]())
		}
	})
	return a.stopErr
}
