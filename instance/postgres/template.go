package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"lethe"
	"lethe/instance"
	"lethe/lib/daemon"
)

// template returns the folder of a server that others begin as copies of, for one
// version of the programs. Making a cluster takes a second, copying it a tenth.
func (e *Engine) template(ctx context.Context, i install, u daemon.User) (instance.Server, error) {
	e.shared.Lock()
	defer e.shared.Unlock()
	t := instance.Server{ID: "template", Dir: filepath.Join(e.opts.Dir, "postgres-"+i.Number+"-"+layout), Version: i.Number}
	if done, err := isMade(t); done || err != nil {
		return t, err
	}
	if err := os.MkdirAll(e.opts.Dir, 0o711); err != nil {
		return t, err
	}
	if err := prepare(t, u); err != nil {
		return t, err
	}
	if err := e.anew(ctx, t, u); err != nil {
		return t, err
	}
	init := i.tool(u, t, "initdb", "-D", "data", "-U", admin, "-A", "reject", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-sync", "--no-instructions")
	if i.major < 14 {
		init.Args = init.Args[:len(init.Args)-1] // it is new in 14
	}
	if _, err := init.Run(ctx); err != nil {
		return t, err
	}
	err := e.private(ctx, i, u, t, nil, func(s instance.Server) error {
		if err := e.found(ctx, i, s); err != nil {
			return err
		}
		return query(ctx, s, func(c *pgx.Conn) error {
			rows, err := c.Query(ctx, `SELECT name, coalesce(unit, '') AS unit, category, short_desc AS description, context, vartype AS type,
				coalesce(min_val, '') AS min, coalesce(max_val, '') AS max, coalesce(enumvals, '{}') AS enum FROM pg_settings ORDER BY name`)
			if err != nil {
				return err
			}
			known, err := pgx.CollectRows(rows, pgx.RowToStructByName[known])
			if err != nil {
				return err
			}
			return save(s, "settings.json", known)
		})
	})
	if err != nil {
		return t, err
	}
	if err := finish(t); err != nil {
		return t, err
	}
	return t, e.sweep(t)
}

// layout changes when templates are made otherwise.
const layout = "1"

// sweep removes the templates of versions that were upgraded.
func (e *Engine) sweep(newest instance.Server) error {
	major, _, _ := strings.Cut(newest.Version, ".")
	all, err := filepath.Glob(filepath.Join(e.opts.Dir, "postgres-"+major+".*"))
	if err != nil {
		return nil // the folder's name has characters of a pattern
	}
	for _, dir := range all {
		if dir != newest.Dir {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// found makes what every server has beside initdb's.
func (e *Engine) found(ctx context.Context, i install, s instance.Server) error {
	c, err := connect(ctx, s, "postgres")
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	monitor := "pg_monitor, pg_signal_backend"
	if i.major >= 15 {
		monitor += ", pg_checkpoint"
	}
	statements := []string{
		"CREATE DATABASE rdsadmin",
		"REVOKE ALL ON DATABASE rdsadmin FROM public",
		"CREATE ROLE rds_superuser NOLOGIN",
		"GRANT " + monitor + " TO rds_superuser WITH ADMIN OPTION",
	}
	if i.major < 16 {
		// See the package's comment.
		statements = append(statements, "DELETE FROM pg_authid WHERE rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')")
	}
	for _, sql := range statements {
		if _, err := c.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// Create copies a template, gives the copy an identity of its own, and makes the first
// user and database. RDS's public documentation of the names: 1 to 63 letters, digits
// and underscores; here, whatever PostgreSQL can have.
func (e *Engine) Create(ctx context.Context, s instance.Server, m instance.Master) error {
	defer e.held(s)()
	return class(s, e.create(ctx, s, m))
}

func (e *Engine) create(ctx context.Context, s instance.Server, m instance.Master) error {
	i, err := e.of(ctx, s.Version)
	if err != nil {
		return err
	}
	u, err := e.user()
	if err != nil {
		return err
	}
	if done, err := isMade(s); done || err != nil {
		return err
	}
	if err := check(m); err != nil {
		return err
	}
	if err := prepare(s, u); err != nil {
		return err
	}
	t, err := e.template(ctx, i, u)
	if err != nil {
		return err
	}
	if err := e.anew(ctx, s, u); err != nil {
		return err
	}
	cp := i.tool(u, s, "/bin/cp", "-a", "--reflink=auto", "--", filepath.Join(t.Dir, "data")+"/.", "data/")
	if _, err := cp.Run(ctx); err != nil {
		return err
	}
	if err := identify(ctx, i, u, s); err != nil {
		return err
	}
	err = e.private(ctx, i, u, s, nil, func(s instance.Server) error {
		return first(ctx, s, m)
	})
	if err != nil {
		return err
	}
	return finish(s)
}

// identify gives a copied cluster a system identifier of its own, so that no server takes
// another's log for its own. It is what pg_control begins with (pg_control.h);
// pg_resetwal writes a new checksum and a new log that has it too.
func identify(ctx context.Context, i install, u daemon.User, s instance.Server) error {
	id := make([]byte, 8)
	rand.Read(id) // never fails (crypto/rand)
	patch := i.tool(u, s, "/bin/dd", "of=data/global/pg_control", "conv=notrunc", "bs=8", "count=1")
	patch.Stdin = strings.NewReader(string(id))
	if _, err := patch.Run(ctx); err != nil {
		return err
	}
	_, err := i.tool(u, s, "pg_resetwal", "-f", "-D", "data").Run(ctx)
	return err
}

func check(m instance.Master) error {
	if err := plain("the first user's name", m.User, 63); err != nil {
		return err
	}
	if m.User == admin || strings.HasPrefix(m.User, "pg_") || m.User == "public" || m.User == "none" || strings.HasPrefix(m.User, "rds_") {
		return lethe.Errorf(lethe.Invalid, "the first user cannot have the name %s, which is reserved", m.User)
	}
	if m.Database != "" {
		if err := plain("the database's name", m.Database, 63); err != nil {
			return err
		}
		if m.Database == admin || m.Database == "template0" || m.Database == "template1" {
			return lethe.Errorf(lethe.Invalid, "the database cannot have the name %s, which is reserved", m.Database)
		}
	}
	_, err := verifier(m.Password)
	return err
}

// first makes the first user with its password, and its database, or gives them what they
// lack.
func first(ctx context.Context, s instance.Server, m instance.Master) error {
	v, err := verifier(m.Password)
	if err != nil {
		return err
	}
	return query(ctx, s, func(c *pgx.Conn) error {
		var is, has bool
		err := c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1), EXISTS (SELECT FROM pg_database WHERE datname = $2)", m.User, m.Database).Scan(&is, &has)
		if err != nil {
			return err
		}
		role := "CREATE ROLE "
		if is {
			role = "ALTER ROLE "
		}
		u := name(m.User)
		statements := []string{
			role + u + " LOGIN CREATEDB CREATEROLE PASSWORD " + text(v),
			"GRANT rds_superuser TO " + u + " WITH ADMIN OPTION",
			"ALTER DATABASE postgres OWNER TO " + u,
			"ALTER DATABASE template1 OWNER TO " + u,
		}
		if m.Database != "" && !has {
			statements = append(statements, "CREATE DATABASE "+name(m.Database)+" OWNER "+u)
		}
		for _, sql := range statements {
			if _, err := c.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}
