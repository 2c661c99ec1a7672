package instance

import (
	"context"
	"database/sql"
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// answers is how long a server may take to say how it is.
const answers = 10 * time.Second

// leastRoom is what a disk must have free for the instances on it not to count as full:
// less than it is soon used up by a log file of 16 MiB of PostgreSQL's and its follower.
// A server whose disk was full needs more to be well again.
const (
	leastRoom  = 32 << 20
	enoughRoom = 2 * leastRoom
)

// room is what is free on the disk that holds an instance's server; a great deal where that
// is not known.
func (l *Local) room(r *record) int64 {
	var st unix.Statfs_t
	if err := unix.Statfs(l.folder(r.servers()[0]), &st); err != nil {
		return math.MaxInt64
	}
	return int64(uint64(st.Bavail) * uint64(st.Bsize))
}

// fill looks how much of its storage an instance uses: it gets more where that may be,
// and else, when all is used, its server is stopped, so that others have room.
func (l *Local) fill(ctx context.Context, r *record) error {
	e, s, err := l.server(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answers)
	defer cancel()
	if l.room(r) < leastRoom {
		return l.beginIf(ctx, r.ID, available, func(tx *sql.Tx, r *record) error {
			r.Status = storageFull
			return l.event(ctx, tx, r.source(), "low storage", "The disk that holds the DB instance is full. What needs no room is served on")
		})
	}
	m, err := e.Metrics(ctx, s)
	if err != nil {
		return nil // it does not answer: supervise knows what to do
	}
	used, size := m.Bytes, int64(r.Storage)*gib
	switch {
	case r.MaxStorage > r.Storage && used > size/10*9:
		_, err = l.revise(ctx, r.ID, func(tx *sql.Tx, r *record) error {
			old := r.Storage
			r.Storage = min(r.MaxStorage, r.Storage+max(5, (r.Storage+9)/10))
			return l.event(ctx, tx, r.source(), "notification", "The allocated storage grew from %d to %d GiB", old, r.Storage)
		})
		return err
	case used < size:
		return nil
	}
	defer l.hold(r.ID)()
	full := false
	_, err = l.revise(ctx, r.ID, func(tx *sql.Tx, r *record) error {
		if full = r.steady() && r.Status == available; !full {
			return nil
		}
		r.Status, r.Full = storageFull, true
		return l.event(ctx, tx, r.source(), "low storage", "The allocated storage of %d GiB is used up. The server is stopped until the DB instance gets more", r.Storage)
	})
	if err != nil || !full {
		return err
	}
	return e.Stop(ctx, s)
}

// hasRoom makes an instance available again whose disk was full and has room. One whose
// server has ended for that is started by supervise.
func (l *Local) hasRoom(ctx context.Context, r *record) error {
	if r.Full || l.room(r) < enoughRoom {
		return nil
	}
	e, s, err := l.server(r)
	if err != nil || !runs(e, s) || !l.responds(ctx, e, s) {
		return err
	}
	return l.beginIf(ctx, r.ID, storageFull, func(tx *sql.Tx, r *record) error {
		if r.Full {
			return nil
		}
		r.Status = available
		return l.event(ctx, tx, r.source(), "recovery", "The disk that holds the DB instance has room again")
	})
}
