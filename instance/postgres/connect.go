package postgres

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"lethe/instance"
)

// admin is the superuser, and the database in which it works.
const admin = "rdsadmin"

// socket is the name in run/ that stays when the server's port changes: a link.
const socket = ".s.PGSQL.1"

// connect connects as the superuser, through the server's own folder.
func connect(ctx context.Context, s instance.Server, database string) (*pgx.Conn, error) {
	c, err := pgx.ParseConfig("host=/run port=1 sslmode=disable user=" + admin)
	if err != nil {
		return nil, err
	}
	c.Database = database
	c.RuntimeParams["application_name"] = "lethe"
	c.RuntimeParams["search_path"] = "pg_catalog"
	c.RuntimeParams["statement_timeout"] = "0"
	c.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		// The path of a socket has 107 bytes at most, a folder's may have more.
		dir, err := os.Open(filepath.Join(s.Dir, "run"))
		if err != nil {
			return nil, err
		}
		defer dir.Close()
		var d net.Dialer
		return d.DialContext(ctx, "unix", fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), socket))
	}
	return pgx.ConnectConfig(ctx, c)
}

// query runs f with a connection to the superuser's database.
func query(ctx context.Context, s instance.Server, f func(*pgx.Conn) error) error {
	c, err := connect(ctx, s, admin)
	if err != nil {
		return class(s, err)
	}
	defer c.Close(context.WithoutCancel(ctx))
	return class(s, f(c))
}

// run executes a statement as the superuser.
func run(ctx context.Context, s instance.Server, sql string, args ...any) error {
	return query(ctx, s, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, sql, args...)
		return err
	})
}
