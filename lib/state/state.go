// Package state keeps durable state in a SQLite file: what must still be true
// after a crash, a kill or a power cut.
//
//	db, err := state.Open(ctx, "lake/state.db")
//	err = db.Migrate(ctx, "access", migrations)   // an fs.FS of NNNNN_name.sql
//	err = db.Tx(ctx, func(tx *sql.Tx) error { ... })    // write
//	err = db.View(ctx, func(tx *sql.Tx) error { ... })  // read
//
// A transaction that returned without error is on the disk (write-ahead log,
// synchronous FULL). Several services share one file: each brings a set of
// migrations of its own, with its own version table, and prefixes its tables.
//
// SQLite has one writer at a time. Tx therefore runs on a single connection and
// takes the write lock when it begins (BEGIN IMMEDIATE): writers queue in this
// process instead of failing with "database is locked" halfway. View runs
// beside writers on connections that cannot write and sees one snapshot. Inside
// fn use only tx: a Tx within a Tx waits for itself.
//
// Deleted content is overwritten with zeros (secure_delete) and Truncate
// empties the write-ahead log, so that what was deleted is gone from the files.
//
// # Portable SQL
//
// Statements are meant to run on PostgreSQL too. Write placeholders as $1, $2,
// each first used in that order (SQLite numbers them by appearance); INSERT ...
// ON CONFLICT instead of INSERT OR ...; bigint for integers, text, and bytea
// spelled blob in migrations; times as bigint microseconds or text; booleans as
// bigint 0 and 1; no rowid, no reliance on loose typing.
package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/mattn/go-sqlite3"
)

// The marks in a file's header. SQLite leaves both to the application.
const (
	applicationID = 0x6c657468 // "leth"
	formatVersion = 1          // raised when files of this package become unreadable for older programs
)

// busyTimeout bounds the wait for a writer in another process, as a backup.
const busyTimeout = 30 * time.Second

// DB is an open state file. It is safe for concurrent use.
type DB struct {
	path        string
	write, read *sql.DB
}

// Open opens the file, creating it with mode 0600 if there is none. It refuses
// files that are no SQLite databases, that another program made, or that a
// newer version of this one made.
func Open(ctx context.Context, path string) (*DB, error) {
	if err := create(path); err != nil {
		return nil, fmt.Errorf("state file %s: %w", path, err)
	}
	db := &DB{
		path:  path,
		write: open(path, "_txlock=immediate"),
		read:  open(path, "_txlock=deferred&_query_only=true"),
	}
	db.write.SetMaxOpenConns(1)
	db.write.SetConnMaxLifetime(0)
	db.read.SetMaxOpenConns(max(4, 2*runtime.NumCPU()))
	db.read.SetMaxIdleConns(4)
	if err := db.header(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("state file %s: %w", path, err)
	}
	return db, nil
}

// create makes an empty file, which SQLite takes for an empty database, so that
// the file and the logs beside it, whose mode SQLite copies, are ours alone.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

func open(path, extra string) *sql.DB {
	// As a file: URI, so that a ? or # in the path stays part of it.
	dsn := (&url.URL{Scheme: "file", Path: absolute(path)}).String() +
		"?_journal_mode=WAL&_synchronous=FULL&_foreign_keys=on&_secure_delete=on" +
		fmt.Sprintf("&_busy_timeout=%d&_stmt_cache_size=64&%s", busyTimeout.Milliseconds(), extra)
	return sql.OpenDB(connector{dsn})
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// header checks whose file this is and claims an empty one.
func (db *DB) header(ctx context.Context) error {
	return db.Tx(ctx, func(tx *sql.Tx) error {
		var app, version, objects int64
		if err := tx.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app); err != nil {
			return explain(err)
		}
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return explain(err)
		}
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&objects); err != nil {
			return explain(err)
		}
		switch {
		case app == 0 && version == 0 && objects == 0:
			_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id=%d; PRAGMA user_version=%d", applicationID, formatVersion))
			return err
		case app != applicationID:
			return fmt.Errorf("is a SQLite database of another program (application id %#x); choose another path", uint32(app))
		case version > formatVersion:
			return fmt.Errorf("has format %d, this program knows formats up to %d; run the version that wrote it, or a newer one", version, formatVersion)
		case version < 1:
			return fmt.Errorf("has format %d, which no program wrote; restore it from a backup", version)
		}
		return nil
	})
}

// explain turns SQLite's words for a damaged file into what to do about it.
func explain(err error) error {
	var e sqlite3.Error
	if errors.As(err, &e) {
		switch e.Code {
		case sqlite3.ErrNotADB:
			return fmt.Errorf("is not a SQLite database, or its header is damaged; restore it from a backup: %w", err)
		case sqlite3.ErrCorrupt:
			return fmt.Errorf("is damaged; restore it from a backup: %w", err)
		case sqlite3.ErrFull:
			return fmt.Errorf("the disk is full: %w", err)
		}
	}
	return err
}

// Path returns the file's path as it was opened.
func (db *DB) Path() string { return db.path }

// Tx runs fn in a writing transaction, which begins when no other is left. It
// commits if fn returns nil; otherwise nothing has happened and Tx returns fn's
// error. A panic in fn rolls back too.
func (db *DB) Tx(ctx context.Context, fn func(*sql.Tx) error) error {
	return run(ctx, db.write, fn)
}

// View runs fn in a transaction that can only read. All its statements see the
// state of one moment.
func (db *DB) View(ctx context.Context, fn func(*sql.Tx) error) error {
	return run(ctx, db.read, fn)
}

func run(ctx context.Context, pool *sql.DB, fn func(*sql.Tx) error) error {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return ended(ctx, explain(err))
	}
	defer tx.Rollback() // after a commit it does nothing
	if err := fn(tx); err != nil {
		return ended(ctx, err)
	}
	return ended(ctx, explain(tx.Commit()))
}

// ended replaces what SQLite and database/sql say when ctx's end stopped them
// by ctx's own error. Neither says it of a transaction that was committed.
func ended(ctx context.Context, err error) error {
	var e sqlite3.Error
	interrupted := errors.As(err, &e) && e.Code == sqlite3.ErrInterrupt
	if ctx.Err() != nil && (interrupted || errors.Is(err, sql.ErrTxDone)) {
		return ctx.Err()
	}
	return err
}

// Check reads the whole file and reports damage: broken pages, indexes that
// disagree with their tables, references to missing rows. It takes a while on
// large files.
func (db *DB) Check(ctx context.Context) error {
	return db.View(ctx, func(tx *sql.Tx) error {
		for _, pragma := range []string{"integrity_check", "foreign_key_check"} {
			found, err := check(ctx, tx, pragma)
			if err != nil {
				return fmt.Errorf("state file %s: %w", db.path, explain(err))
			}
			if found != "" {
				return fmt.Errorf("state file %s is damaged: %s; restore it from a backup", db.path, found)
			}
		}
		return nil
	})
}

// check returns the first complaint of a checking pragma.
func check(ctx context.Context, tx *sql.Tx, pragma string) (string, error) {
	rows, err := tx.QueryContext(ctx, "PRAGMA "+pragma)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		if pragma == "foreign_key_check" {
			return fmt.Sprintf("row %s of table %s refers to a missing row of %s", values[1].String, values[0].String, values[2].String), nil
		}
		if values[0].String != "ok" {
			return values[0].String, nil
		}
	}
	return "", rows.Err()
}

// Truncate moves the write-ahead log into the file and empties it, so that the
// log no longer holds what has been deleted. It waits for readers of old
// snapshots as long as the busy timeout and is an error if they stay.
func (db *DB) Truncate(ctx context.Context) error {
	var busy, log, moved int64
	err := db.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &moved)
	if err != nil {
		return fmt.Errorf("state file %s: %w", db.path, explain(err))
	}
	if busy != 0 {
		return fmt.Errorf("state file %s: readers keep its log from being emptied; try again", db.path)
	}
	return nil
}

// Backup writes a consistent copy to path, which must not exist, and makes it
// durable. Writers go on meanwhile.
func (db *DB) Backup(ctx context.Context, path string) error {
	if err := create(path); err != nil {
		return err
	}
	if info, err := os.Stat(path); err != nil {
		return err
	} else if info.Size() > 0 {
		return fmt.Errorf("backup to %s: the file exists", path)
	}
	// A connection of its own: db.read's may not write even to another file,
	// and db.write's would keep writers waiting.
	own := open(db.path, "_txlock=deferred")
	defer own.Close()
	if _, err := own.ExecContext(ctx, "VACUUM INTO $1", path); err != nil {
		return errors.Join(explain(err), os.Remove(path))
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Close waits for running transactions and closes the file.
func (db *DB) Close() error { return errors.Join(db.read.Close(), db.write.Close()) }
