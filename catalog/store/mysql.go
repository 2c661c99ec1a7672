package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"strings"

	"github.com/go-sql-driver/mysql"

	"lethe"
	"lethe/lib/mysqlurl"
)

// openMySQL opens a database of a MySQL or MariaDB server by its URL:
// mysql://user@host:3306/database, with the driver's parameters, and socket=PATH
// for a unix socket.
func openMySQL(ctx context.Context, o Options) (*database, error) {
	bad := lethe.Errorf(lethe.Invalid, "the address of the catalog's MySQL database cannot be read").
		WithHint("write mysql://user@host:3306/database?tls=true")
	c, err := mysqlurl.Parse(o.Database)
	if err != nil {
		return nil, bad
	}
	if o.Password != "" {
		c.Passwd = o.Password
	}
	c.ClientFoundRows = true // a change to what is there already has found its row
	// A text that does not fit is an error, not cut off.
	c.Params["sql_mode"] = "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, bad
	}
	db := &database{dialect: &dialect{kind: mysqlKind, bytewise: true, prefixes: 500}, address: "mysql://" + c.Addr + "/" + c.DBName,
		pool: sql.OpenDB(connector), ids: sql.OpenDB(connector)}
	var server string
	if err := db.pool.QueryRowContext(ctx, `SELECT version()`).Scan(&server); err != nil {
		return nil, errors.Join(explain(db, ended(ctx, err)), db.Close())
	}
	// Collations that compare bytes and do not take "a " for "a".
	db.collation = "utf8mb4_0900_bin"
	if strings.Contains(server, "MariaDB") {
		db.collation = "utf8mb4_nopad_bin"
	} else if strings.HasPrefix(server, "5.") {
		db.collation = "utf8mb4_bin"
	}
	return db, nil
}

// Numbers of errors, from MySQL's and MariaDB's manuals.
const (
	myDuplicate   = 1062
	myChanged     = 1020 // MariaDB: the row changed since it was read
	myLockWait    = 1205
	myDeadlock    = 1213
	myReferenced  = 1451
	myNoReference = 1452
	myTooLong     = 1406
	myTooBig      = 1118
	myWrongString = 1366
	myMix         = 1267 // of collations, as are the next two
	myMix3        = 1270
	myMixN        = 1271
	myConversion  = 3854
	myReadOnly    = 1290
	myReadOnly2   = 1836
)

func mysqlAgain(err error) bool {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Number {
	case myDuplicate, myChanged, myLockWait, myDeadlock, myReferenced, myNoReference:
		return true
	}
	return false
}

func mysqlError(db *database, err error) error {
	var e *mysql.MySQLError
	var netErr net.Error
	switch {
	case errors.As(err, &e):
		switch e.Number {
		case myTooLong, myTooBig:
			return tooLong(db, err)
		case myWrongString, myMix, myMix3, myMixN, myConversion:
			return notStored(db, err)
		case myReadOnly, myReadOnly2:
			return lethe.Errorf(lethe.Conflict, "the catalog's database %s is read-only: %w", db.address, err)
		}
	case errors.As(err, &netErr), errors.Is(err, mysql.ErrInvalidConn):
		return unreachable(db, err)
	}
	return err
}

// unfinished is a table that is there while the others are made.
const unfinished = "LETHE_UNFINISHED"

// mysqlExists tells whether the database has a table VERSION, and whether it has
// any others, but for what is left of an attempt to make them.
func mysqlExists(ctx context.Context, pool *sql.DB) (version, any bool, err error) {
	var begun bool
	err = pool.QueryRowContext(ctx, "SELECT count(CASE WHEN table_name = 'VERSION' THEN 1 END) > 0, count(*) > 0, count(CASE WHEN table_name = '"+unfinished+"' THEN 1 END) > 0"+
		" FROM information_schema.tables WHERE table_schema = database()").Scan(&version, &any, &begun)
	return version && !begun, any && !begun, err
}

// createMySQL makes the tables, or those that an attempt left out: MySQL has no
// transactions for them.
func createMySQL(ctx context.Context, db *database, v version) error {
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return err
	}
	// The connection ends with this, and with it its lock and its settings.
	defer conn.Raw(func(any) error { return driver.ErrBadConn }) //nolint:errcheck // it answers what it is told
	const lock = "'lethe-catalog'"                               // of all processes that make the tables of a catalog
	var locked sql.NullBool
	if err := conn.QueryRowContext(ctx, "SELECT get_lock("+lock+", 60)").Scan(&locked); err != nil {
		return err
	}
	if !locked.Bool {
		return lethe.Errorf(lethe.Conflict, "another process has been making the tables of %s for a minute", db.address)
	}
	if made, _, err := mysqlExists(ctx, db.pool); err != nil || made {
		return err
	}
	// Tables may refer to those that come after them.
	for _, q := range []string{"SET foreign_key_checks = 0", "CREATE TABLE IF NOT EXISTS " + unfinished + " (n int)"} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	for _, t := range tables(v) {
		if _, err := conn.ExecContext(ctx, db.createTable(&t)); err != nil {
			return err
		}
	}
	err = db.Tx(ctx, func(tx *transaction) error {
		var done bool
		if err := tx.QueryRowContext(ctx, `SELECT count(*) > 0 FROM "VERSION"`).Scan(&done); err != nil || done {
			return err
		}
		return insertFirstRows(ctx, tx, v)
	})
	if err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "DROP TABLE "+unfinished)
	return err
}
