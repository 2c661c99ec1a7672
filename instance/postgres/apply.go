package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"lethe"
	"lethe/instance"
	"lethe/lib/daemon"
)

// Apply writes the configuration anew, and a running server reads it. What PostgreSQL
// does not take changes nothing.
func (e *Engine) Apply(ctx context.Context, s instance.Server) ([]string, error) {
	defer e.held(s)()
	pending, err := e.apply(ctx, s)
	return pending, class(s, err)
}

func (e *Engine) apply(ctx context.Context, s instance.Server) ([]string, error) {
	i, err := e.of(ctx, s.Version)
	if err != nil {
		return nil, err
	}
	u, err := e.user()
	if err != nil {
		return nil, err
	}
	if done, err := isMade(s); err != nil {
		return nil, err
	} else if !done {
		return nil, lethe.Errorf(lethe.Conflict, "the server %s has no data", s.ID)
	}
	if err := prepare(s, u); err != nil {
		return nil, err
	}
	if s, err = e.mark(ctx, i, u, s); err != nil {
		return nil, err
	}
	if err := e.configure(ctx, i, u, s, mode{}); err != nil {
		return nil, err
	}
	if _, err := daemon.Adopt(pidFile(s)); errors.Is(err, daemon.ErrNotRunning) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var pending []string
	err = query(ctx, s, func(c *pgx.Conn) error {
		if err := reload(ctx, c); err != nil {
			return err
		}
		rows, err := c.Query(ctx, "SELECT name FROM pg_settings WHERE pending_restart ORDER BY name")
		if err != nil {
			return err
		}
		pending, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return pending, err
}

// reload has the server read its configuration and returns once it has.
func reload(ctx context.Context, c *pgx.Conn) error {
	// The time at which it was read last is told by each connection's process, which
	// reads it when it has got the signal.
	var before, after string
	const at = "SELECT pg_conf_load_time()::text"
	if err := c.QueryRow(ctx, at).Scan(&before); err != nil {
		return err
	}
	if _, err := c.Exec(ctx, "SELECT pg_reload_conf()"); err != nil {
		return err
	}
	for {
		if err := c.QueryRow(ctx, at).Scan(&after); err != nil || after != before {
			return err
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// SetPassword gives the first user another password. Connections that there are stay.
func (e *Engine) SetPassword(ctx context.Context, s instance.Server, m instance.Master) error {
	defer e.held(s)()
	v, err := verifier(m.Password)
	if err != nil {
		return err
	}
	if err := plain("the first user's name", m.User, 63); err != nil {
		return err
	}
	return run(ctx, s, "ALTER ROLE "+name(m.User)+" PASSWORD "+text(v))
}
