package mariadb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"github.com/go-sql-driver/mysql"

	"lethe"
	"lethe/instance"
)

// connect returns lethe's own connections to a server, by its socket. The caller closes
// them.
func (f folder) connect(data string) (*sql.DB, error) {
	secret, err := f.password()
	if err != nil {
		return nil, err
	}
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr = admin, secret, "unix", socket
	c.Params = map[string]string{"sql_mode": "''", "wait_timeout": "86400"}
	c.Collation = "utf8mb4_general_ci"
	c.Logger = log.New(io.Discard, "", 0)
	c.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		// By the folder's descriptor, so that its name may be of any length.
		dir, err := os.Open(data)
		if err != nil {
			return nil, err
		}
		defer dir.Close()
		var d net.Dialer
		return d.DialContext(ctx, "unix", fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), socket))
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1) // a server that is full of clients has one more for lethe
	return db, nil
}

// admin calls f with a connection to a running server.
func (e *Engine) admin(ctx context.Context, s instance.Server, f func(*sql.Conn) error) error {
	if e.process(s) == nil {
		return lethe.Errorf(lethe.Conflict, "the server %s does not run", s.ID)
	}
	return at(s).session(ctx, at(s).data(), f)
}

func (f folder) session(ctx context.Context, data string, do func(*sql.Conn) error) error {
	db, err := f.connect(data)
	if err != nil {
		return err
	}
	defer db.Close()
	c, err := db.Conn(ctx)
	if err != nil {
		return kind(err)
	}
	defer c.Close()
	return kind(do(c))
}

// execute runs statements in order.
func execute(ctx context.Context, c *sql.Conn, statements ...string) error {
	for _, q := range statements {
		if _, err := c.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// unlogged runs statements that are this server's own affair.
func unlogged(ctx context.Context, c *sql.Conn, statements ...string) error {
	if err := execute(ctx, c, "SET SESSION sql_log_bin = 0"); err != nil {
		return err
	}
	return errors.Join(execute(ctx, c, statements...), execute(context.WithoutCancel(ctx), c, "SET SESSION sql_log_bin = 1"))
}

// row returns the first row of an answer by its columns' names, nil if there is none.
func row(ctx context.Context, c *sql.Conn, query string) (map[string]string, error) {
	rows, err := c.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, rows.Err()
	}
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values := make([]sql.NullString, len(names))
	to := make([]any, len(names))
	for i := range values {
		to[i] = &values[i]
	}
	if err := rows.Scan(to...); err != nil {
		return nil, err
	}
	all := map[string]string{}
	for i, n := range names {
		if values[i].Valid {
			all[n] = values[i].String
		}
	}
	return all, nil
}

// pairs returns an answer of names and values.
func pairs(ctx context.Context, c *sql.Conn, query string) (map[string]string, error) {
	rows, err := c.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var name string
		var value sql.NullString
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		all[name] = value.String
	}
	return all, rows.Err()
}

// column returns an answer's first column.
func column(ctx context.Context, c *sql.Conn, query string) ([]string, error) {
	rows, err := c.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}
