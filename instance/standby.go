package instance

import (
	"context"
	"database/sql"
	"os"
	"time"

	"lethe"
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

// failover makes the standby the server that clients reach, at the same port. The one
// before is stopped, so that there are never two, and its folder is for the next standby.
func (l *Local) failover(ctx context.Context, r *record) error {
	e, first, err := l.server(r)
	if err != nil {
		return err
	}
	second, ok := r.second(first)
	if !ok {
		if r.Job != nil && r.Job.Promoted {
			return nil // it was done before a crash
		}
		return lethe.Errorf(lethe.Conflict, "the instance %s has no standby at the moment", r.Name)
	}
	from := time.Now()
	if err := e.Stop(ctx, first); err != nil {
		return err
	}
	second.Port = first.Port
	if err := e.Promote(ctx, second); err != nil {
		return err
	}
	d := time.Since(from)
	n, err := l.revise(ctx, r.ID, func(tx *sql.Tx, r *record) error {
		r.Server, r.Standby = second.ID, 0
		if r.Job != nil {
			r.Job.Outage += d
			r.Job.Promoted = true
		} else {
			// Its servers are two again when this is done.
			r.begin(modifying, job{Kind: jobMirror})
		}
		return l.event(ctx, tx, r.source(), "failover", "Multi-AZ instance failover completed in %d ms", d.Milliseconds())
	})
	if err == nil {
		*r = *n
		if r.Job.Kind == jobMirror {
			l.launch(ctx, r)
		}
	}
	return err
}

func (l *Local) mirrored(ctx context.Context, r *record) error {
	return l.finish(ctx, r, func(tx *sql.Tx, r *record) error {
		r.end(available)
		return l.event(ctx, tx, r.source(), "availability", "The standby of the Multi-AZ instance follows")
	})
}
