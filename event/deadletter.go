package event

import (
	"context"
	"database/sql"
	"time"

	"lethe"
)

// DeadLetter is an event that its receiver did not take.
type DeadLetter struct {
	Receiver string // target/NAME or subscriber/NAME
	ID       int64
	Event    Event
	Rule     string // id of the rule that chose it
	Tries    int
	Reason   string // of the last failure
	Died     time.Time
}

// DeadLetters lists them by their ids, after one, at most limit. Receiver "" means all receivers.
func (d *Dispatcher) DeadLetters(ctx context.Context, receiver string, after int64, limit int) (letters []DeadLetter, err error) {
	err = d.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT `+heldColumns+`, receiver FROM event_held
			WHERE died > 0 AND id > $1 AND ($2 = '' OR receiver = $2) ORDER BY id LIMIT $3`, after, receiver, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var l DeadLetter
			i, died, err := scanHeld(rows, &l.Receiver)
			if err != nil {
				return err
			}
			l.ID, l.Event, l.Rule, l.Tries, l.Reason, l.Died = i.id, i.event, i.rule, i.tries, i.reason, time.UnixMicro(died).UTC()
			letters = append(letters, l)
		}
		return rows.Err()
	})
	return letters, err
}

// Redeliver tries dead letters of a receiver again, as if for the first time,
// and returns how many; without ids all of them. They come after later
// events of their keys: Event.After tells.
func (d *Dispatcher) Redeliver(ctx context.Context, receiver string, ids ...int64) (int, error) {
	r := d.receiver(receiver)
	if r == nil {
		return 0, lethe.Errorf(lethe.NotFound, "nobody receives events as %s", receiver).WithHint("configure it again, or discard its dead letters")
	}
	n, err := d.revise(ctx, `UPDATE event_held SET died = 0, tries = 0 WHERE died > 0 AND receiver = $1`, receiver, ids)
	if n > 0 {
		r.reload.Store(true)
		r.nudge()
	}
	return n, err
}

func (d *Dispatcher) receiver(name string) *receiver {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.receivers {
		if r.name == name {
			return r
		}
	}
	return nil
}

// Discard removes dead letters of a receiver for good and returns how many;
// without ids all of them.
func (d *Dispatcher) Discard(ctx context.Context, receiver string, ids ...int64) (int, error) {
	return d.revise(ctx, `DELETE FROM event_held WHERE died > 0 AND receiver = $1`, receiver, ids)
}

// revise runs a statement on the dead letters of a receiver.
func (d *Dispatcher) revise(ctx context.Context, statement, receiver string, ids []int64) (n int, err error) {
	if len(ids) > 0 {
		statement += ` AND id = $2`
	}
	err = d.DB.Tx(ctx, func(tx *sql.Tx) error {
		run := func(args ...any) error {
			result, err := tx.ExecContext(ctx, statement, args...)
			if err != nil {
				return err
			}
			k, err := result.RowsAffected()
			n += int(k)
			return err
		}
		if len(ids) == 0 {
			return run(receiver)
		}
		for _, id := range ids {
			if err := run(receiver, id); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
