package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"lethe/workflow"
)

// between is how long the engine waits after the state file could not be read.
const between = time.Second

// Run runs what is due until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	free := make(chan struct{}, e.atOnce)
	for {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		r, wait, err := e.due(ctx)
		if r != nil {
			running.Go(func() {
				if err := e.work(ctx, r); err != nil && ctx.Err() == nil {
					e.log.Error("A process could not be run; it is tried again", "run", r.id, "process", r.process, "error", err)
					pause(ctx, between)
				}
				e.mu.Lock()
				delete(e.busy, r.id)
				e.mu.Unlock()
				<-free
				e.wakeUp()
			})
			continue
		}
		<-free
		if err != nil && ctx.Err() == nil {
			e.log.Error("The processes that are due could not be read; it is tried again", "error", err)
			wait = between
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-e.kick:
		case <-t.C:
		}
		t.Stop()
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// due returns a run that is due and marks it busy, or how long there is none.
func (e *Engine) due(ctx context.Context) (*run, time.Duration, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := &run{e: e}
	wait := time.Hour
	err := e.db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, process, input, wake, wakes FROM workflow_run WHERE state = 'active'
			AND substr(process, 1, length($1)) = $2 AND ($3 = '' OR substr(process, 1, length($4)) <> $5) ORDER BY wake LIMIT $6`,
			e.only, e.only, e.except, e.except, e.except, len(e.busy)+1)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var wake int64
			if err := rows.Scan(&r.id, &r.process, &r.input, &wake, &r.wakes); err != nil {
				return err
			}
			if e.busy[r.id] {
				continue
			}
			wait = min(wait, time.Duration(wake-now())*time.Microsecond)
			return nil
		}
		return rows.Err()
	})
	if err != nil || wait > 0 {
		return nil, wait, err
	}
	e.busy[r.id] = true
	return r, 0, nil
}

// leave is the panic that unwinds a process which cannot go on now.
type leave struct {
	wake  int64  // it waits until then, or for a signal
	stop  string // it stops for that reason
	cause error  // it could not be run, or ctx has ended
}

// work runs a process as far as it goes, and keeps how it is.
func (e *Engine) work(ctx context.Context, r *run) error {
	r.ctx = ctx
	if err := r.load(); err != nil {
		return err
	}
	out, left, err := r.body()
	if left != nil && left.cause != nil {
		return left.cause
	}
	// What the process has come to is kept though ctx may have ended meanwhile.
	ctx = context.WithoutCancel(ctx)
	return e.tx(ctx, func(tx *sql.Tx) error {
		var q string
		var v any
		switch {
		case left != nil && left.stop != "":
			q, v = `state = 'stopped', error = $1`, left.stop
			e.log.Error("A process stopped and needs a person", "run", r.id, "process", r.process, "reason", left.stop)
		case left != nil:
			// A signal that came while it was worked on wakes it again at once.
			_, err := tx.ExecContext(ctx, `UPDATE workflow_run SET wake = CASE WHEN wakes = $1 THEN $2 ELSE 0 END, updated = $3 WHERE id = $4`, r.wakes, left.wake, now(), r.id)
			return err
		case err != nil:
			q, v = `state = 'failed', error = $1`, err.Error()
		default:
			q, v = `state = 'done', result = $1`, string(out)
		}
		_, err := tx.ExecContext(ctx, `UPDATE workflow_run SET `+q+`, updated = $2 WHERE id = $3`, v, now(), r.id)
		return err
	})
}

// body calls the process function.
func (r *run) body() (out []byte, left *leave, err error) {
	defer func() {
		switch x := recover().(type) {
		case nil:
		case leave:
			left = &x
		default:
			r.e.log.Error("A process panicked", "run", r.id, "process", r.process, "panic", x, "stack", string(debug.Stack()))
			left = &leave{stop: fmt.Sprintf("it panicked: %v", x)}
		}
	}()
	p := r.e.g.Process(r.process)
	if p == nil {
		return nil, &leave{stop: fmt.Sprintf("this version has no process %q", r.process)}, nil
	}
	out, err = p(r, []byte(r.input))
	if err == nil && int(r.seq) < len(r.steps) {
		return nil, &leave{stop: fmt.Sprintf("it ended after %d steps and had come to %d: the process has changed", r.seq, len(r.steps))}, nil
	}
	return out, nil, err
}

// do calls an activity; its panic is an error that passes.
func (r *run) do(h workflow.Handler, name string, in []byte) (out []byte, err error) {
	defer func() {
		if x := recover(); x != nil {
			r.e.log.Error("An activity panicked", "run", r.id, "activity", name, "panic", x, "stack", string(debug.Stack()))
			err = fmt.Errorf("%s panicked: %v", name, x)
		}
	}()
	out, err = h(r.ctx, in)
	if r.ctx.Err() != nil && err != nil && workflow.Passes(err) {
		err = errors.Join(r.ctx.Err(), err)
	}
	return out, err
}
