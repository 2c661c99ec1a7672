package state

import (
	"context"
	"database/sql/driver"

	"github.com/mattn/go-sqlite3"
)

// settings apply to every connection. The schema in a damaged or hostile file
// is not trusted with functions, broken cells are noticed early, and the log
// shrinks again after a large transaction.
const settings = `
PRAGMA trusted_schema=off;
PRAGMA cell_size_check=on;
PRAGMA temp_store=memory;
PRAGMA cache_size=-16000;
PRAGMA journal_size_limit=16777216;
`

var sqlite = &sqlite3.SQLiteDriver{
	ConnectHook: func(c *sqlite3.SQLiteConn) error {
		_, err := c.Exec(settings, nil)
		return err
	},
}

// connector opens connections without a name in database/sql's registry.
type connector struct{ dsn string }

func (c connector) Connect(context.Context) (driver.Conn, error) { return sqlite.Open(c.dsn) }
func (c connector) Driver() driver.Driver                        { return sqlite }
