package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/lib/state"
)

// transaction is one of a database, whose methods take statements in this
// package's spelling (see dialect).
type transaction struct {
	tx   *sql.Tx
	db   *database
	told []catalog.Notification // see Store.change
	// tables are those that were read already, in a transaction of Store.View.
	tables map[[2]string]row
}

func (t *transaction) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	query, args = t.db.spell(query, args)
	return t.tx.QueryContext(ctx, query, args...)
}

func (t *transaction) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	query, args = t.db.spell(query, args)
	return t.tx.QueryRowContext(ctx, query, args...)
}

func (t *transaction) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	query, args = t.db.spell(query, args)
	return t.tx.ExecContext(ctx, query, args...)
}

// PrepareContext takes a statement without lists.
func (t *transaction) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	query, _ = t.db.spell(query, make([]any, maxParameters))
	return t.tx.PrepareContext(ctx, query)
}

// maxParameters is how many parameters a statement has at most: the bound of
// SQLite, 32,766, is the lowest.
const maxParameters = 32766

// database is where the rows are: a SQLite file or a server.
type database struct {
	*dialect
	file *state.DB // SQLite

	// A server's. Ids are reserved in transactions of their own, and connections
	// for these must not be those that the transactions waiting for ids hold.
	pool, ids *sql.DB
	address   string // for messages, without a password

	version version
	has     map[string]bool // TABLE.COLUMN, of those that not every schema has

	mu     sync.Mutex
	ranges map[string]idRange // ids that are reserved and not used yet
}

// Tx runs fn in a transaction that changes rows. fn may run several times, the
// last of which counts: it begins anew where another transaction, perhaps of
// another metastore, came first. So it must set what it answers, not add to it.
func (db *database) Tx(ctx context.Context, fn func(*transaction) error) error {
	if db.file != nil {
		return explain(db, db.file.Tx(ctx, func(tx *sql.Tx) error { return fn(&transaction{tx: tx, db: db}) }))
	}
	for attempt := 0; ; attempt++ {
		err := db.once(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, fn)
		if attempt == attempts || !db.again(err) {
			return explain(db, err)
		}
		// Longer each time, and not for all alike.
		wait := time.Duration(1+rand.IntN(10<<min(attempt, 5))) * time.Millisecond
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// attempts bounds how often a transaction begins anew.
const attempts = 20

// View runs fn in a transaction that reads the state of one moment: in that of
// Store.View if ctx is of one.
func (db *database) View(ctx context.Context, fn func(*transaction) error) error {
	if tx, ok := ctx.Value(viewed{db}).(*transaction); ok {
		return explain(db, ended(ctx, fn(tx)))
	}
	return db.view(ctx, fn)
}

// viewed is the key of a context's transaction.
type viewed struct{ db *database }

// View implements catalog.Metastore.
func (s *Store) View(ctx context.Context, fn func(context.Context) error) error {
	if _, ok := ctx.Value(viewed{s.db}).(*transaction); ok {
		return fn(ctx)
	}
	return s.db.view(ctx, func(tx *transaction) error {
		tx.tables = map[[2]string]row{}
		return fn(context.WithValue(ctx, viewed{s.db}, tx))
	})
}

func (db *database) view(ctx context.Context, fn func(*transaction) error) error {
	if db.file != nil {
		return db.file.View(ctx, func(tx *sql.Tx) error { return fn(&transaction{tx: tx, db: db}) })
	}
	return explain(db, db.once(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, fn))
}

func (db *database) once(ctx context.Context, o *sql.TxOptions, fn func(*transaction) error) error {
	tx, err := db.pool.BeginTx(ctx, o)
	if err != nil {
		return ended(ctx, err)
	}
	defer tx.Rollback() // after a commit it does nothing
	if err := fn(&transaction{tx: tx, db: db}); err != nil {
		return ended(ctx, err)
	}
	return ended(ctx, tx.Commit())
}

// ended replaces what a driver says when ctx's end stopped it by ctx's own error.
func ended(ctx context.Context, err error) error {
	var e *lethe.Error
	if err != nil && ctx.Err() != nil && !errors.As(err, &e) {
		return ctx.Err()
	}
	return err
}

// again tells whether a transaction that failed may succeed when it begins anew:
// it was chosen to end a deadlock, or met a row that another made or removed
// after it had looked for it. Looking again finds the right answer.
func (db *database) again(err error) bool {
	var e *lethe.Error
	if err == nil || errors.As(err, &e) {
		return false
	}
	if db.kind == postgresKind {
		return postgresAgain(err)
	}
	return mysqlAgain(err)
}

// explain turns what a database says into an error for people, where they can do
// something about it.
func explain(db *database, err error) error {
	var e *lethe.Error
	if err == nil || db.file != nil || errors.As(err, &e) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if db.again(err) {
		return lethe.Errorf(lethe.Conflict, "the catalog's database %s is too busy: %w", db.address, err).WithHint("try again")
	}
	if db.kind == postgresKind {
		return postgresError(db, err)
	}
	return mysqlError(db, err)
}

// tooLong and notStored are of values that this package takes and a database has
// no room for; some have less than others.
func tooLong(db *database, err error) error {
	return lethe.Errorf(lethe.Invalid, "a text is too long for its column in %s: %w", db.address, err)
}

func notStored(db *database, err error) error {
	return lethe.Errorf(lethe.Invalid, "a text has characters that its column in %s cannot hold: %w", db.address, err).
		WithHint("Hive's own schema for MySQL holds Latin-1 only; a database that lethe makes holds any text")
}

func unreachable(db *database, err error) error {
	return lethe.Errorf(lethe.Exhausted, "the catalog's database %s cannot be reached: %w", db.address, err)
}

// Close closes the file or the connections.
func (db *database) Close() error {
	if db.file != nil {
		return db.file.Close()
	}
	return errors.Join(db.pool.Close(), db.ids.Close())
}
