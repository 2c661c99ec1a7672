package instance

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"lethe"
)

// watch sees from now on that the server of an instance runs, until something is done to
// the instance. A server that does not run has died, except when lethe starts.
func (l *Local) watch(id string, starts bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watchers[id] || l.run.Err() != nil {
		return
	}
	l.watchers[id] = true
	l.running.Go(func() { l.supervise(id, starts) })
}

// Pauses between starts of a server that ends again and again.
const (
	firstPause = 200 * time.Millisecond
	lastPause  = time.Minute
	// A server that ran for so long was well.
	well = time.Minute
	// So many starts that fail make an instance failed; it is tried further.
	failures = 5
)

// supervise keeps a server running.
func (l *Local) supervise(id string, starts bool) {
	pause, fails := firstPause, 0
	for ; ; starts = false {
		began := time.Now()
		ended, err := l.keepUp(id, starts, fails)
		switch {
		case l.run.Err() != nil:
			return
		case err != nil:
			fails++
			l.Log.Error("The server of an instance could not be started; it is tried again", "instance", id, "err", err)
			ended = nil
		case ended == nil:
			return
		default:
			fails = 0
		}
		if ended != nil {
			select {
			case <-l.run.Done():
				return
			case <-ended:
			}
			if time.Since(began) > well {
				pause = firstPause
				continue
			}
		}
		select {
		case <-l.run.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}

// keepUp starts the server of an instance, if it does not run and nothing else is being
// done to the instance. It returns a channel that is closed when the server ends; nil if
// nobody needs to watch it any more.
func (l *Local) keepUp(id string, starts bool, fails int) (ended <-chan struct{}, err error) {
	defer l.hold(id)()
	var r *record
	if err := l.DB.View(l.run, func(tx *sql.Tx) (err error) {
		r, err = l.load(l.run, tx, id)
		return err
	}); err != nil {
		return nil, err
	}
	if r == nil || !r.steady() || !r.up() {
		// Who does something to it watches it afterwards; both happen while it is held.
		l.mu.Lock()
		delete(l.watchers, id)
		l.mu.Unlock()
		return nil, nil
	}
	e, s, err := l.server(r)
	if err != nil {
		return nil, err
	}
	running := runs(e, s)
	from := time.Now()
	switch {
	case running:
		err = e.Start(l.run, s) // which adopts it
	case r.MultiAZ && r.Standby != 0 && !starts:
		return nil, l.beginFailover(r)
	default:
		err = l.boot(l.run, r)
	}
	status := available
	switch {
	case l.run.Err() != nil:
		return nil, err
	case err == nil:
	case lethe.Is(err, lethe.Exhausted):
		status = storageFull
	case lethe.Is(err, lethe.Invalid):
		status = badParameters
	case fails+1 >= failures:
		status = failed
	default:
		return nil, err
	}
	n, rerr := l.revise(l.run, id, func(tx *sql.Tx, r *record) error {
		if !r.steady() || !r.up() {
			return nil // a request came meanwhile: its job says how the instance is
		}
		switch {
		case err != nil && r.Status != status:
			if eerr := l.event(l.run, tx, r.source(), "failure", "The DB instance is in the state %s: %s", status, err); eerr != nil {
				return eerr
			}
		case err == nil && !running && !starts:
			if eerr := l.event(l.run, tx, r.source(), "recovery", "The database server had ended unexpectedly; DB instance restarted in %d ms", time.Since(from).Milliseconds()); eerr != nil {
				return eerr
			}
		case err == nil && r.Status != available:
			if eerr := l.event(l.run, tx, r.source(), "recovery", "The DB instance is available again"); eerr != nil {
				return eerr
			}
		}
		r.Status = status
		return nil
	})
	if err := errors.Join(err, rerr); err != nil {
		return nil, err
	}
	if e, s, err = l.server(n); err != nil {
		return nil, err
	}
	return e.Ended(s), nil
}

// Tend does what time asks for: it applies what waits for a window that is open, makes
// the day's backups, ships log files, removes backups whose days are over, starts
// instances that have been stopped for too long, and watches how full they are.
func (l *Local) Tend(ctx context.Context) error {
	if err := l.resume(ctx); err != nil {
		return err
	}
	rs, err := l.all(ctx)
	if err != nil {
		return err
	}
	// Some at once, so that one which does not answer does not keep the others waiting.
	errs := make([]error, len(rs))
	var g errgroup.Group
	g.SetLimit(4)
	for i, r := range rs {
		g.Go(func() error {
			errs[i] = l.tendOne(ctx, &r)
			return nil
		})
	}
	_ = g.Wait() // errs has them all
	return errors.Join(append(errs, l.expire(ctx))...)
}

func (l *Local) tendOne(ctx context.Context, r *record) error {
	if !r.steady() {
		return nil
	}
	if r.Source != "" && (r.Status == available || r.Status == failed && !r.Created.IsZero()) {
		if anew, err := l.checkSource(ctx, r); anew || err != nil {
			return err
		}
	}
	now := l.now()
	switch r.Status {
	case stopped:
		if now.Sub(r.Stopped) < stoppedDays*24*time.Hour {
			return nil
		}
		return l.beginIf(ctx, r.ID, stopped, func(tx *sql.Tx, r *record) error {
			r.begin(starting, job{Kind: jobStart})
			return l.event(ctx, tx, r.source(), "notification", "DB instance is being started because it has been stopped for %d days", stoppedDays)
		})
	case available:
	case storageFull:
		return l.hasRoom(ctx, r)
	default:
		return nil
	}
	if e, s, err := l.server(r); err != nil {
		return err
	} else if second, ok := r.second(s); r.MultiAZ && (!ok || !runs(e, second)) {
		return l.beginIf(ctx, r.ID, available, func(tx *sql.Tx, r *record) error {
			r.begin(modifying, job{Kind: jobMirror})
			return nil
		})
	}
	if err := l.fill(ctx, r); err != nil {
		return err
	}
	if err := l.ship(ctx, r, now.Sub(r.Restore) >= l.Rotation && l.room(r) >= leastRoom); err != nil {
		return err
	}
	if err := l.checkStandby(ctx, r); err != nil {
		return err
	}
	if w, err := ParseMaintenanceWindow(r.Maintenance); err == nil && w.Open(now) && !empty(r.Pending) {
		return l.beginIf(ctx, r.ID, available, func(tx *sql.Tx, r *record) error {
			if empty(r.Pending) {
				return nil
			}
			r.begin(r.changing(true), job{Kind: jobModify, All: true})
			return l.event(ctx, tx, r.source(), "maintenance", "Applying pending modifications in the maintenance window %s", r.Maintenance)
		})
	}
	if l.backupDue(r, now) {
		return l.beginIf(ctx, r.ID, available, func(tx *sql.Tx, r *record) error { return l.beginAutomated(ctx, tx, r) })
	}
	return nil
}

// beginIf gives an instance a job if it still is in a state, and begins it.
func (l *Local) beginIf(ctx context.Context, id, status string, f func(tx *sql.Tx, r *record) error) error {
	r, err := l.revise(ctx, id, func(tx *sql.Tx, r *record) error {
		if !r.steady() || r.Status != status {
			return nil
		}
		return f(tx, r)
	})
	if err != nil {
		if errors.Is(err, errGone) {
			return nil
		}
		return err
	}
	l.launch(ctx, r)
	return nil
}
