// Package journal runs processes with a journal of their steps in the state file,
// for one lethe process by itself.
//
// Each finished step is a row. A run that waits is rows too, and holds no
// goroutine: the process function has been unwound, and runs from the top when a
// signal or its time comes. Of activities that ran when the program was killed
// nothing is known, and they are run again.
package journal

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"lethe"
	"lethe/lib/state"
	"lethe/workflow"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config is what an Engine needs.
type Config struct {
	State *state.DB
	// Registry holds what is run. Runs of processes that it has not stop when they
	// are due.
	Registry *workflow.Registry
	Log      *slog.Logger
	// Only and Except, if not "", are how names of processes begin whose runs are the
	// engine's, and are not: several engines may have one state file, each with its own.
	Only, Except string
	// AtOnce is how many runs are worked on at the same time: 0 means 8.
	AtOnce int
}

// Engine is a workflow.Engine. Make it with Open.
type Engine struct {
	db     *state.DB
	g      *workflow.Registry
	log    *slog.Logger
	only   string
	except string
	atOnce int
	kick   chan struct{}

	mu   sync.Mutex
	busy map[string]bool // runs that are worked on
}

var _ workflow.Engine = (*Engine)(nil)

// Open returns an engine that goes on with what the state file has. Of each process's
// runs, one engine that runs may be in charge.
func Open(ctx context.Context, c Config) (*Engine, error) {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := c.State.Migrate(ctx, "workflow", sub); err != nil {
		return nil, err
	}
	if c.AtOnce == 0 {
		c.AtOnce = 8
	}
	return &Engine{db: c.State, g: c.Registry, log: c.Log, only: c.Only, except: c.Except, atOnce: c.AtOnce, kick: make(chan struct{}, 1), busy: map[string]bool{}}, nil
}

// afterCommit is where kill tests kill the program, before and after a commit.
var afterCommit = func(committed bool) {}

func (e *Engine) tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	err := e.db.Tx(ctx, func(tx *sql.Tx) error {
		err := f(tx)
		if err == nil {
			afterCommit(false)
		}
		return err
	})
	if err == nil {
		afterCommit(true)
	}
	return err
}

func (e *Engine) wakeUp() {
	select {
	case e.kick <- struct{}{}:
	default:
	}
}

func now() int64 { return time.Now().UnixMicro() }

// Start begins a run.
func (e *Engine) Start(ctx context.Context, process, id string, in any) error {
	if e.g.Process(process) == nil {
		return lethe.Errorf(lethe.Invalid, "there is no process %q", process)
	}
	if id == "" {
		return lethe.Errorf(lethe.Invalid, "a run of %s needs an id", process)
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return lethe.Errorf(lethe.Invalid, "run %s of %s: %w", id, process, err)
	}
	err = e.tx(ctx, func(tx *sql.Tx) error {
		t := now()
		_, err := tx.ExecContext(ctx, `INSERT INTO workflow_run (id, process, input, state, wake, wakes, result, error, created, updated)
			VALUES ($1, $2, $3, 'active', $4, 0, '', '', $5, $6) ON CONFLICT (id) DO NOTHING`, id, process, string(raw), t, t, t)
		return err
	})
	e.wakeUp()
	return err
}

// Signal gives a run a signal.
func (e *Engine) Signal(ctx context.Context, id, signal, key string, payload any) (fresh bool, err error) {
	raw, err := json.Marshal(payload)
	if err != nil {
		return false, lethe.Errorf(lethe.Invalid, "signal %s of run %s: %w", signal, id, err)
	}
	err = e.tx(ctx, func(tx *sql.Tx) error {
		var one int
		err := tx.QueryRowContext(ctx, `SELECT 1 FROM workflow_run WHERE id = $1 AND state IN ('active', 'stopped')`, id).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return lethe.Errorf(lethe.NotFound, "no run %q is under way", id)
		} else if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO workflow_signal (run, name, key, payload, arrived, taken)
			SELECT $1, $2, $3, $4, COALESCE(MAX(arrived), 0) + 1, 0 FROM workflow_signal WHERE run = $5
			ON CONFLICT (run, name, key) DO NOTHING`, id, signal, key, string(raw), id)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if fresh = n == 1; err != nil || !fresh {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE workflow_run SET wake = 0, wakes = wakes + 1 WHERE id = $1`, id)
		return err
	})
	e.wakeUp()
	return fresh && err == nil, err
}

// Resume lets a run go on.
func (e *Engine) Resume(ctx context.Context, id string) error {
	err := e.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE workflow_run SET state = 'active', error = '', wake = 0, wakes = wakes + 1
			WHERE id = $1 AND state IN ('active', 'stopped')`, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, lethe.Errorf(lethe.NotFound, "no run %q is under way", id))
		}
		_, err = tx.ExecContext(ctx, `UPDATE workflow_step SET due = 0 WHERE run = $1 AND state = 'open' AND tries > 0`, id)
		return err
	})
	e.wakeUp()
	return err
}

// Forget removes a run that has ended, or that stopped.
func (e *Engine) Forget(ctx context.Context, id string) error {
	return e.tx(ctx, func(tx *sql.Tx) error {
		var s string
		err := tx.QueryRowContext(ctx, `SELECT state FROM workflow_run WHERE id = $1`, id).Scan(&s)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return lethe.Errorf(lethe.NotFound, "there is no run %q", id)
		case err != nil:
			return err
		case s == string(workflow.Active):
			return lethe.Errorf(lethe.Conflict, "run %q is under way", id)
		}
		for _, q := range []string{
			`DELETE FROM workflow_run WHERE id = $1`,
			`DELETE FROM workflow_step WHERE run = $1`,
			`DELETE FROM workflow_signal WHERE run = $1`,
		} {
			if _, err := tx.ExecContext(ctx, q, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// stalled is after how many tries a run counts as stalled.
const stalled = 5

// Status returns how a run is.
func (e *Engine) Status(ctx context.Context, id string) (workflow.Status, error) {
	s := workflow.Status{ID: id}
	err := e.db.View(ctx, func(tx *sql.Tx) error {
		var wake, created, updated int64
		err := tx.QueryRowContext(ctx, `SELECT process, state, result, error, wake, created, updated FROM workflow_run WHERE id = $1`, id).
			Scan(&s.Process, &s.State, &s.Result, &s.Error, &wake, &created, &updated)
		if errors.Is(err, sql.ErrNoRows) {
			return lethe.Errorf(lethe.NotFound, "there is no run %q", id)
		} else if err != nil {
			return err
		}
		s.Created, s.Updated = time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC()
		if s.State == workflow.Active && wake > 0 {
			s.Wake = time.UnixMicro(wake).UTC()
		}
		rows, err := tx.QueryContext(ctx, `SELECT name, state, count, tries, error, at FROM workflow_step WHERE run = $1 ORDER BY seq`, id)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p workflow.Step
			var state, failed string
			var at int64
			if err := rows.Scan(&p.Name, &state, &p.Count, &p.Tries, &failed, &at); err != nil {
				return err
			}
			p.Done, p.At = state != "open", time.UnixMicro(at).UTC()
			if !p.Done && p.Tries > 0 && s.State == workflow.Active {
				if s.Error = failed; p.Tries >= stalled {
					s.State = workflow.Stalled
				}
			}
			s.Steps = append(s.Steps, p)
		}
		return rows.Err()
	})
	if err != nil {
		return workflow.Status{}, err
	}
	return s, nil
}
