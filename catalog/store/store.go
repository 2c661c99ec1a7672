// Package store keeps a catalog in the Hive metastore's own SQL schema, version
// 3.1.0, in a SQLite file. Because the schema is Hive's, its rows can be moved to
// the database of a Java metastore and back, and nothing but Hive's meaning of a
// row is ever stored.
//
// Statements are written directly, in a fixed number for any number of tables or
// partitions: a listing of 100,000 partition names takes tens of milliseconds.
// Every change is one transaction.
//
// What Hive leaves to convention is settled here:
//
//   - Rows have ids from SEQUENCE_TABLE, whose NEXT_VAL is the next free one. Ids
//     are never used twice, as metastores reserve blocks of them.
//   - A table is EXTERNAL_TABLE exactly if its parameter EXTERNAL is TRUE; one
//     implies the other on the way in.
//   - A partition whose columns are the table's shares the table's column
//     descriptor, reads as having none of its own, and follows the table when its
//     columns change.
//   - PART_NAME is the partition's name in Hive's escaping and holds its values;
//     comparisons and order are those of its bytes.
//   - An empty partition value is catalog.DefaultValue.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/lib/state"
)

// schemaVersion is the metastore schema that this package reads and writes.
const schemaVersion = "3.1.0"

// hive names the one catalog of a metastore that has databases.
const hive = "hive"

//go:embed migrations/*.sql
var files embed.FS

// Store is a catalog.Catalog in a SQLite file.
type Store struct {
	db    *state.DB
	clock func() time.Time // nil is time.Now
}

var _ catalog.Metastore = (*Store)(nil)

// Open opens the catalog in the file at path and makes it if there is none. A
// catalog always has the database "default".
func Open(ctx context.Context, path string) (*Store, error) {
	db, err := state.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return err
	}
	if err := s.db.Migrate(ctx, "catalog", migrations); err != nil {
		return err
	}
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		var v string
		if err := tx.QueryRowContext(ctx, `SELECT "SCHEMA_VERSION" FROM "VERSION"`).Scan(&v); err != nil {
			return err
		}
		if v != schemaVersion {
			return fmt.Errorf("catalog %s has metastore schema %s, this program reads %s", s.db.Path(), v, schemaVersion)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = s.CreateDatabase(ctx, catalog.Database{Name: "default", Description: "Default Hive database"})
	if lethe.Is(err, lethe.Exists) {
		return nil
	}
	return err
}

// Check reads the whole catalog and reports damage.
func (s *Store) Check(ctx context.Context) error { return s.db.Check(ctx) }

// Backup writes a consistent copy of the catalog to a new file.
func (s *Store) Backup(ctx context.Context, path string) error { return s.db.Backup(ctx, path) }

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// seconds is a time as the schema has it.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		t = time.Now()
	}
	return t.Unix()
}

func fromSeconds(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}

// null stores "" as NULL, as Hive does with what was not given.
func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}
