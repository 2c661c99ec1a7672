package instance

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"time"
)

// A Multi-AZ instance has a second server, the standby, that follows the first: a commit
// waits until both have it. Both are on this host, in a folder each; they protect from the
// death of a server, and not from the host's.

// second says what an engine needs to know of the standby, if there is one.
func (r *record) second(first Server) (s Server, ok bool) {
	s = first
	s.ID = r.servers()[1]
	s.Dir = first.Dir[:len(first.Dir)-len(first.ID)] + s.ID
	s.Port = r.Standby
	return s, r.Standby != 0
}

// haveStandby makes the standby of a Multi-AZ instance, or removes that of one which is
// no more.
func (l *Local) haveStandby(ctx context.Context, r *record) error {
	e, first, err := l.server(r)
	if err != nil {
		return err
	}
	if !r.MultiAZ && r.Standby == 0 {
		return nil
	}
	if !r.MultiAZ {
		second, _ := r.second(first)
		if err := e.Unfollow(ctx, second, first); err != nil {
			return err
		}
		if err := e.Stop(ctx, second); err != nil {
			return err
		}
		if err := os.RemoveAll(second.Dir); err != nil {
			return err
		}
		_, err := l.revise(ctx, r.ID, func(_ *sql.Tx, r *record) error {
			r.Standby = 0
			return nil
		})
		return err
	}
	if r.Standby == 0 {
		// What a standby of before left, which is none any more.
		old := first
		old.ID = r.servers()[1]
		old.Dir = l.folder(old.ID)
		if err := e.Stop(ctx, old); err != nil {
			return err
		}
		if err := os.RemoveAll(old.Dir); err != nil {
			return err
		}
		n, err := l.revise(ctx, r.ID, func(tx *sql.Tx, r *record) error {
			port := &record{ID: "", Engine: r.Engine}
			if err := l.choosePort(ctx, tx, port); err != nil {
				return err
			}
			r.Standby = port.Port
			return nil
		})
		if err != nil {
			return err
		}
		*r = *n
	}
	second, _ := r.second(first)
	if err := e.Follow(ctx, second, first, true); err != nil {
		return err
	}
	return e.Start(ctx, second)
}

// beginFailover begins what is done when the first server of an instance with a standby has
// died. Who calls it holds the instance and has watched it, which is over then.
func (l *Local) beginFailover(r *record) error {
	n, err := l.revise(l.run, r.ID, func(_ *sql.Tx, r *record) error {
		if r.steady() && r.up() {
			r.begin(modifying, job{Kind: jobFailover})
		}
		return nil
	})
	if err != nil && !errors.Is(err, errGone) {
		return err
	}
	l.mu.Lock()
	delete(l.watchers, r.ID)
	l.mu.Unlock()
	if err == nil {
		l.launch(l.run, n)
	}
	return nil
}

// A standby that is behind has so long to catch up before a failover that was asked for.
const catchUp = 30 * time.Second

// failover makes the standby the server that clients reach, at the same port. The one
// before is stopped, so that there are never two, and its folder is for the next standby.
// A standby that may lack something that was committed does not take its place: the first
// server is started again.
func (l *Local) failover(ctx context.Context, r *record) error {
	if r.Job.Promoted || r.Job.Kept {
		return nil // it was done before a crash
	}
	e, first, err := l.server(r)
	if err != nil {
		return err
	}
	second, ok := r.second(first)
	if ok && runs(e, first) {
		if ok, err = l.waitSync(ctx, e, second, first); err != nil {
			return err
		}
	}
	from := time.Now()
	if err := e.Stop(ctx, first); err != nil {
		return err
	}
	if ok {
		if ok, err = e.Synced(ctx, second, first); err != nil {
			l.Log.Warn("It is not known whether a standby has what was committed", "instance", r.Name, "err", err)
			ok = false
		}
	}
	if !ok {
		return l.keepFirst(ctx, r, from)
	}
	second.Port = first.Port
	if err := e.Promote(ctx, second); err != nil {
		return err
	}
	d := time.Since(from)
	n, err := l.revise(ctx, r.ID, func(tx *sql.Tx, r *record) error {
		r.Server, r.Standby, r.Behind = second.ID, 0, false
		r.Job.Outage += d
		r.Job.Promoted = true
		r.Failovers++
		// A backup of the server that it is now: no recovery has to go over the failover.
		r.BackedUp = time.Time{}
		return l.event(ctx, tx, r.source(), "failover", "Multi-AZ instance failover completed in %d ms", d.Milliseconds())
	})
	if err == nil {
		*r = *n
	}
	return err
}

// waitSync waits, not for long, until a standby has what the first server has committed.
func (l *Local) waitSync(ctx context.Context, e Engine, second, first Server) (bool, error) {
	for end := time.Now().Add(catchUp); ; {
		ok, err := e.Synced(ctx, second, first)
		if ok || err != nil && !runs(e, first) || time.Now().After(end) {
			return ok, nil // who does not run is asked again
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// keepFirst starts the first server again, where the standby cannot take its place.
func (l *Local) keepFirst(ctx context.Context, r *record, from time.Time) error {
	if err := l.boot(ctx, r); err != nil {
		return err
	}
	d := time.Since(from)
	n, err := l.revise(ctx, r.ID, func(tx *sql.Tx, r *record) error {
		r.Job.Outage += d
		r.Job.Kept = true
		return l.event(ctx, tx, r.source(), "failover", "The database server was started again in %d ms and not failed over, since the standby may lack what was committed", d.Milliseconds())
	})
	if err == nil {
		*r = *n
	}
	return err
}

// checkStandby notes whether the standby of an instance has what was committed, and has one
// that has not waited for again once it has caught up.
func (l *Local) checkStandby(ctx context.Context, r *record) error {
	if !r.MultiAZ {
		return nil
	}
	e, first, err := l.server(r)
	if err != nil {
		return err
	}
	second, ok := r.second(first)
	if !ok {
		return nil
	}
	if ok, err = e.Synced(ctx, second, first); err != nil {
		return err
	}
	var rerr error
	if !ok {
		if rerr = l.rejoin(ctx, r, e, second); rerr == nil {
			ok, rerr = e.Synced(ctx, second, first)
		}
	}
	if ok == !r.Behind {
		return rerr
	}
	_, err = l.revise(ctx, r.ID, func(tx *sql.Tx, r *record) error {
		if !r.steady() || !r.MultiAZ || r.Behind == !ok {
			return nil
		}
		if r.Behind = !ok; ok {
			return l.event(ctx, tx, r.source(), "recovery", "The standby has all that is committed again")
		}
		return l.event(ctx, tx, r.source(), "availability", "The standby is behind: it would not take the place of the first server")
	})
	if errors.Is(err, errGone) {
		return rerr
	}
	return errors.Join(rerr, err)
}

// rejoin starts the standby, or if it runs has the first server wait for it.
func (l *Local) rejoin(ctx context.Context, r *record, e Engine, second Server) error {
	defer l.hold(r.ID)()
	var now *record
	if err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		now, err = l.load(ctx, tx, r.ID)
		return err
	}); err != nil || now == nil || !now.steady() || now.Server != r.Server || now.Standby != r.Standby {
		return err // a job has it meanwhile
	}
	return e.Start(ctx, second)
}

func (l *Local) mirrored(ctx context.Context, r *record) error {
	return l.finish(ctx, r, func(tx *sql.Tx, r *record) error {
		r.end(available)
		return l.event(ctx, tx, r.source(), "availability", "The standby of the Multi-AZ instance follows")
	})
}
