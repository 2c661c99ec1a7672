package postgres

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"

	"lethe"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is of all processes that make or update the tables of an index.
const migrationLock = 0x6c657468_696e6478

// migrate brings the tables to their newest version, in one process at a time.
func migrate(ctx context.Context, c *pgx.ConnConfig) (err error) {
	db := stdlib.OpenDB(*c)
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return explain(ctx, "open", err)
	}
	defer conn.Close() // which ends the lock
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return explain(ctx, "open", err)
	}
	var there bool
	err = conn.QueryRowContext(ctx, `SELECT to_regnamespace('lethe_index') IS NOT NULL`).Scan(&there)
	if err == nil && !there {
		_, err = conn.ExecContext(ctx, `CREATE SCHEMA lethe_index`)
	}
	if err != nil {
		return explain(ctx, "open", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName("lethe_index.migrations"),
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler))) // errors are returned; there is nothing else to say
	if err != nil {
		return explain(ctx, "open", err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return explain(ctx, "open", err)
	}
	if current > target {
		return lethe.Errorf(lethe.Unsupported, "the erasure index was written by a newer lethe (version %d; this one knows versions up to %d)", current, target).
			WithHint("run the version that wrote it, or a newer one")
	}
	_, err = p.Up(ctx)
	return explain(ctx, "open", err)
}
