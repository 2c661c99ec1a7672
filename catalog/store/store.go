// Package store keeps a catalog in the Hive metastore's own SQL schema, version
// 3.1, 4.0 or 4.1, in a SQLite file or in a database of a PostgreSQL, MySQL or
// MariaDB server. Because the schema is Hive's, a Java metastore may work on the
// same database of a server, before, after or at the same time; and nothing but
// Hive's meaning of a row is ever stored.
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
//
// Several metastores on one database agree by locks on rows. Who changes a table
// or its partitions holds the table's row, who adds or drops tables the database's;
// names that two choose at once are kept apart by the schema's unique indexes.
// Where that ends in a deadlock or a row that is there by now, the transaction
// begins anew and finds the other's change (database.Tx).
package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/lib/state"
)

// hive names the one catalog of a metastore that has databases.
const hive = "hive"

//go:embed migrations/*.sql
var files embed.FS

// Store is a catalog.Catalog in a database.
type Store struct {
	db    *database
	clock func() time.Time // nil is time.Now
	// cleaned is when old notifications were last removed, in seconds since 1970.
	cleaned atomic.Int64
}

var _ catalog.Metastore = (*Store)(nil)

// Options say where a catalog is.
type Options struct {
	// Database is the path of a SQLite file, or the URL of a database of a server:
	// postgres://user@host:5432/database, mysql://user@host:3306/database, with the
	// parameters of the drivers pgx and go-sql-driver.
	Database string
	// Password, unless it is in the URL.
	Password string
	// Version is Hive's schema of a database that has no tables yet, as 4.0; ""
	// means DefaultVersion. A database that has them has its own.
	Version string
	// Connections bounds those to a server; 0 means 20.
	Connections int
}

// Open opens the catalog in the SQLite file at path and makes it if there is
// none. A catalog always has the database "default".
func Open(ctx context.Context, path string) (*Store, error) {
	return Connect(ctx, Options{Database: path})
}

// Connect opens a catalog and makes its tables where there are none. It never
// changes tables that are there.
func Connect(ctx context.Context, o Options) (*Store, error) {
	s, err := connect(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx, o.Version); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

func connect(ctx context.Context, o Options) (*Store, error) {
	var db *database
	var err error
	switch scheme, _, _ := strings.Cut(o.Database, "://"); scheme {
	case "postgres", "postgresql":
		db, err = openPostgres(ctx, o)
	case "mysql", "mariadb":
		db, err = openMySQL(ctx, o)
	default:
		db = &database{dialect: &dialect{kind: sqliteKind, bytewise: true, prefixes: maxPrefixes}, address: o.Database}
		db.file, err = state.Open(ctx, o.Database)
	}
	if err != nil {
		return nil, err
	}
	if db.pool != nil {
		n := o.Connections
		if n <= 0 {
			n = 20
		}
		db.pool.SetMaxOpenConns(n)
		db.pool.SetMaxIdleConns(n)
		db.pool.SetConnMaxIdleTime(5 * time.Minute)
		db.ids.SetMaxOpenConns(2)
		db.ids.SetConnMaxIdleTime(5 * time.Minute)
		db.ranges = map[string]idRange{}
	}
	return &Store{db: db}, nil
}

// prepare makes the tables if there are none, and finds out which there are.
func (s *Store) prepare(ctx context.Context, fresh string) error {
	if fresh == "" {
		fresh = DefaultVersion
	}
	v, ok := parseVersion(fresh)
	if !ok {
		return lethe.Errorf(lethe.Invalid, "version %q of Hive's schema is not known", fresh).WithHint("versions are %s", strings.Join(Versions(), ", "))
	}
	if err := s.make(ctx, v); err != nil {
		return err
	}
	if err := s.inspect(ctx); err != nil {
		return err
	}
	err := s.CreateDatabase(ctx, catalog.Database{Name: "default", Description: "Default Hive database"})
	if lethe.Is(err, lethe.Exists) {
		return nil
	}
	return err
}

// make makes the tables of a database that has none.
func (s *Store) make(ctx context.Context, v version) error {
	var made, others bool
	var err error
	switch s.db.kind {
	case postgresKind:
		made, others, err = postgresExists(ctx, s.db.pool)
	case mysqlKind:
		made, others, err = mysqlExists(ctx, s.db.pool)
	default:
		return s.makeFile(ctx, v)
	}
	if err != nil {
		return explain(s.db, ended(ctx, err))
	}
	if made {
		return nil
	}
	if others {
		return lethe.Errorf(lethe.Conflict, "the database %s has tables, but not those of a Hive metastore", s.db.address).
			WithHint("name an empty database, in which the tables are made, or that of a metastore")
	}
	s.db.lower = lowerNames(v)
	if s.db.kind == postgresKind {
		err = createPostgres(ctx, s.db, v)
	} else {
		err = createMySQL(ctx, s.db, v)
	}
	return explain(s.db, err)
}

// makeFile makes the tables in a SQLite file: those of 3.1 by migrations, which
// files of older versions of this program have, too.
func (s *Store) makeFile(ctx context.Context, v version) error {
	var made, other bool
	err := s.db.Tx(ctx, func(tx *transaction) error {
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'VERSION')`).Scan(&made)
		if err != nil {
			return err
		}
		if made {
			return tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'TXN_LOCK_TBL')`).Scan(&other)
		}
		if v == v31 {
			return nil
		}
		other = true
		return createIn(ctx, tx, v)
	})
	if err != nil || other {
		return err
	}
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return err
	}
	return s.db.file.Migrate(ctx, "catalog", migrations)
}

func createIn(ctx context.Context, tx *transaction, v version) error {
	for _, q := range tx.db.create(v) {
		// As it is: it is in the database's own spelling.
		if _, err := tx.tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%w: %s", err, q)
		}
	}
	return insertFirstRows(ctx, tx, v)
}

func insertFirstRows(ctx context.Context, tx *transaction, v version) error {
	for _, q := range firstRows(v) {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO "VERSION" ("VER_ID", "SCHEMA_VERSION", "VERSION_COMMENT") VALUES (1, $1, $2)`, v.full(), "Hive release version "+v.full())
	return err
}

// inspect reads the version of the schema, and which of the columns are there
// that not every version has.
func (s *Store) inspect(ctx context.Context) error {
	var have []string
	has := map[string]bool{}
	err := s.db.View(ctx, func(tx *transaction) (err error) {
		if have, err = readStrings(ctx, tx, `SELECT "SCHEMA_VERSION" FROM "VERSION" ORDER BY "SCHEMA_VERSION"`); err != nil {
			return err
		}
		for _, t := range []string{"DBS", "TAB_COL_STATS", "PART_COL_STATS", "NOTIFICATION_LOG"} {
			columns, err := readStrings(ctx, tx, [...]string{
				sqliteKind:   `SELECT name FROM pragma_table_info($1)`,
				postgresKind: `SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1`,
				mysqlKind:    `SELECT column_name FROM information_schema.columns WHERE table_schema = database() AND table_name = $1`,
			}[tx.db.kind], t)
			if err != nil {
				return err
			}
			for _, c := range columns {
				has[t+"."+c] = true
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(have) != 1 {
		return lethe.Errorf(lethe.Conflict, "the catalog %s has %d rows in VERSION, where one says the version of its schema", s.db.address, len(have)).
			WithHint("remove those that are wrong: %s", strings.Join(have, ", "))
	}
	v, ok := parseVersion(have[0])
	if !ok {
		return lethe.Errorf(lethe.Unsupported, "the catalog %s has version %s of Hive's schema, this program reads %s", s.db.address, have[0], strings.Join(Versions(), ", ")).
			WithHint("bring it to one of these with Hive's schematool -upgradeSchema")
	}
	s.db.version, s.db.has, s.db.lower = v, has, lowerNames(v)
	s.db.parsed.Clear()
	return nil
}

// Version is the version of Hive's schema that the database has, as 3.1.
func (s *Store) Version() string { return string(s.db.version) }

// Check reads the whole file of a catalog in SQLite and reports damage. A server
// checks its own.
func (s *Store) Check(ctx context.Context) error {
	if s.db.file == nil {
		return nil
	}
	return s.db.file.Check(ctx)
}

// Backup writes a consistent copy of a catalog in SQLite to a new file. A server
// has backups of its own.
func (s *Store) Backup(ctx context.Context, path string) error {
	if s.db.file == nil {
		return lethe.Errorf(lethe.Unsupported, "the catalog is in %s, which has backups of its own", s.db.address)
	}
	return s.db.file.Backup(ctx, path)
}

// Close closes the file, or the connections to a server.
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

// KeepsDatabaseTimes tells whether the schema knows when a database was made:
// Hive's does since 4.0.
func (s *Store) KeepsDatabaseTimes() bool { return s.db.has["DBS.CREATE_TIME"] }
