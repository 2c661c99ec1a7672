package event

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Status is how far a receiver is.
type Status struct {
	Receiver  string    `json:"receiver"`        // target/NAME or subscriber/NAME
	Behind    uint64    `json:"behind"`          // numbers of the outbox it has not come to, whether it wants them or not
	Held      int       `json:"held"`            // events that failed, or wait behind one of their key
	Dead      int       `json:"dead_letters"`    // kept until somebody redelivers or discards them
	Oldest    time.Time `json:"oldest,omitzero"` // of the oldest event that it has not had; zero if it has had all
	Down      bool      `json:"down"`            // it takes nothing at present
	Delivered uint64    `json:"delivered"`       // events, since the dispatcher was opened
	Failed    uint64    `json:"failed"`          // tries
}

// publish makes what run knows visible to Status.
func (r *receiver) publish() {
	var oldest time.Time
	for _, l := range r.lanes {
		if at := l.events[0].time; oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Held, r.stats.Down, r.stats.Oldest = r.held, r.down, oldest
}

// Status tells of every receiver, in no order.
func (d *Dispatcher) Status(ctx context.Context) ([]Status, error) {
	dead, err := d.ledger.dead(ctx)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	receivers := append([]*receiver(nil), d.receivers...)
	d.mu.Unlock()
	var all []Status
	for _, r := range receivers {
		r.mu.Lock()
		s, cursor := r.stats, r.cursor
		r.mu.Unlock()
		s.Receiver, s.Dead = r.name, dead[r.name]
		if last := d.Outbox.Settled(); last > cursor {
			s.Behind = last - cursor
		}
		err := d.Outbox.Outbox(cursor, func(_ uint64, e Event) error {
			if s.Oldest.IsZero() || e.Time.Before(s.Oldest) {
				s.Oldest = e.Time
			}
			return errEnough
		})
		if err != nil && !errors.Is(err, errEnough) {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// dead counts the dead letters of each receiver.
func (l ledger) dead(ctx context.Context) (n map[string]int, err error) {
	n = map[string]int{}
	err = l.db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT receiver, count(*) FROM event_held WHERE died > 0 GROUP BY receiver`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			var k int
			if err := rows.Scan(&name, &k); err != nil {
				return err
			}
			n[name] = k
		}
		return rows.Err()
	})
	return n, err
}
