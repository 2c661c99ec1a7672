package store

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"lethe"
)

// openPostgres opens a database of a PostgreSQL server by its URL or by words
// such as host=... dbname=..., as psql takes them.
func openPostgres(ctx context.Context, o Options) (*database, error) {
	c, err := pgx.ParseConfig(o.Database)
	if err != nil {
		// Not err itself, which may repeat the password.
		return nil, lethe.Errorf(lethe.Invalid, "the address of the catalog's PostgreSQL database cannot be read").
			WithHint("write postgres://user@host:5432/database?sslmode=verify-full")
	}
	if o.Password != "" {
		c.Password = o.Password
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "lethe"
	}
	db := &database{dialect: &dialect{kind: postgresKind, prefixes: maxPrefixes}, address: "postgres://" + c.Host + "/" + c.Database,
		pool: stdlib.OpenDB(*c), ids: stdlib.OpenDB(*c)}
	var collate string
	err = db.pool.QueryRowContext(ctx, `SELECT datcollate FROM pg_database WHERE datname = current_database()`).Scan(&collate)
	if err != nil {
		return nil, errors.Join(explain(db, ended(ctx, err)), db.Close())
	}
	// These order by code points, which for UTF-8 is the order of bytes.
	switch strings.ToLower(strings.ReplaceAll(collate, "-", "")) {
	case "c", "posix", "c.utf8":
		db.bytewise = true
	}
	return db, nil
}

// SQLSTATE codes, from PostgreSQL's manual, appendix A.
const (
	pgUnique        = "23505"
	pgForeign       = "23503"
	pgSerialization = "40001"
	pgDeadlock      = "40P01"
	pgTooLong       = "22001"
	pgCharacter     = "22021"
	pgUntranslated  = "22P05"
	pgReadOnly      = "25006"
)

func postgresAgain(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case pgUnique, pgForeign, pgSerialization, pgDeadlock:
		return true
	}
	return false
}

func postgresError(db *database, err error) error {
	var e *pgconn.PgError
	var connect *pgconn.ConnectError
	var netErr net.Error
	switch {
	case errors.As(err, &e):
		switch e.Code {
		case pgTooLong:
			return tooLong(db, err)
		case pgCharacter, pgUntranslated:
			return notStored(db, err)
		case pgReadOnly:
			return lethe.Errorf(lethe.Conflict, "the catalog's database %s is read-only: %w", db.address, err)
		}
	case errors.As(err, &connect), errors.As(err, &netErr), pgconn.SafeToRetry(err):
		return unreachable(db, err)
	}
	return err
}

// postgresExists tells whether the database has a table VERSION, and whether it
// has any others.
func postgresExists(ctx context.Context, pool *sql.DB) (version, any bool, err error) {
	err = pool.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE table_name = 'VERSION') > 0, count(*) > 0
		FROM information_schema.tables WHERE table_schema = current_schema()`).Scan(&version, &any)
	return version, any, err
}

// postgresLock is of all processes that make the tables of a catalog.
const postgresLock = 0x6c657468

// createPostgres makes the tables, all or none, unless another process has.
func createPostgres(ctx context.Context, db *database, v version) error {
	return db.Tx(ctx, func(tx *transaction) error {
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, postgresLock); err != nil {
			return err
		}
		var made bool
		err := tx.QueryRowContext(ctx, `SELECT count(*) > 0 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'VERSION'`).Scan(&made)
		if err != nil || made {
			return err
		}
		return createIn(ctx, tx, v)
	})
}
