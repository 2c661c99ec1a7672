package state

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"regexp"

	"github.com/pressly/goose/v3"
)

var setName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)

// Migrate brings the tables of one set to their newest version. The files of
// fsys are at its root, named NNNNN_what.sql and written for goose; each runs
// in a transaction together with the record that it ran, so that a crash leaves
// a migration done or not begun. The record is the table <set>_migrations.
//
// A file that knows more migrations than fsys comes from a newer program and is
// refused, because this one might misread it.
func (db *DB) Migrate(ctx context.Context, set string, fsys fs.FS) error {
	if !setName.MatchString(set) {
		return fmt.Errorf("migration set %q: the name must be lower-case letters, digits and underscores", set)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db.write, fsys,
		goose.WithTableName(set+"_migrations"),
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler))) // errors are returned; there is nothing else to say
	if err != nil {
		return fmt.Errorf("state file %s, migrations %s: %w", db.path, set, err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("state file %s, migrations %s: %w", db.path, set, explain(err))
	}
	if current > target {
		return fmt.Errorf("state file %s: its %s tables have version %d, this program knows versions up to %d; run the version that wrote it, or a newer one", db.path, set, current, target)
	}
	if current == target {
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("state file %s, migrations %s: %w", db.path, set, explain(err))
	}
	return nil
}
