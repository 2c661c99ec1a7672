package event

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"

	"lethe"
	"lethe/lib/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ledger is what the dispatcher knows durably: the receivers' places, and the
// events that are held for them.
type ledger struct {
	db   *state.DB
	last *atomic.Int64 // id in event_held
}

func openLedger(ctx context.Context, db *state.DB) (ledger, error) {
	l := ledger{db, new(atomic.Int64)}
	set, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return l, err
	}
	if err := db.Migrate(ctx, "event", set); err != nil {
		return l, err
	}
	return l, db.View(ctx, func(tx *sql.Tx) error {
		var last int64
		err := tx.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM event_held`).Scan(&last)
		l.last.Store(last)
		return err
	})
}

// receivers are all that have a place.
func (l ledger) receivers(ctx context.Context) (places map[string]uint64, err error) {
	places = map[string]uint64{}
	err = l.db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT name, seq FROM event_receivers`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			var seq int64
			if err := rows.Scan(&name, &seq); err != nil {
				return err
			}
			places[name] = uint64(seq)
		}
		return rows.Err()
	})
	return places, err
}

// place makes places durable. They only grow.
func (l ledger) place(ctx context.Context, places map[string]uint64) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		for name, seq := range places {
			if err := place(ctx, tx, name, seq); err != nil {
				return err
			}
		}
		return nil
	})
}

func place(ctx context.Context, tx *sql.Tx, name string, seq uint64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO event_receivers (name, seq) VALUES ($1, $2) 
		ON CONFLICT (name) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > event_receivers.seq`, name, int64(seq))
	return err
}

// restart makes a receiver begin with the oldest event that is kept.
func (l ledger) restart(ctx context.Context, name string) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO event_receivers (name, seq) VALUES ($1, 0) ON CONFLICT (name) DO UPDATE SET seq = 0`, name)
		return err
	})
}

// remove gives up a receiver's place; what is held for it dies.
func (l ledger) remove(ctx context.Context, name string) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE event_held SET died = $1, reason = 'its receiver is gone from the configuration' WHERE receiver = $2 AND died = 0`,
			time.Now().UnixMicro(), name); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM event_receivers WHERE name = $1`, name)
		return err
	})
}

// item is an event on its way to one receiver.
type item struct {
	seq    uint64 // in the outbox, or
	id     int64  // in event_held
	event  Event
	rule   string
	tries  int // that count
	reason string
	dead   bool
}

func (i item) object() object { return object{i.event.Bucket, i.event.Key} }

// changes are what a round of a receiver makes durable together.
type changes struct {
	hold, update []item
	done         []int64 // ids
	cursor       uint64  // 0: stays
}

func (c changes) empty() bool { return len(c.hold)+len(c.update)+len(c.done) == 0 }

func (l ledger) apply(ctx context.Context, receiver string, c changes) error {
	now := time.Now().UnixMicro()
	died := func(i item) int64 {
		if i.dead {
			return now
		}
		return 0
	}
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		for n := range c.hold {
			i := &c.hold[n]
			i.id = l.last.Add(1)
			document, err := json.Marshal(i.event)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO event_held (id, receiver, document, rule, tries, reason, died) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				i.id, receiver, string(document), i.rule, i.tries, i.reason, died(*i)); err != nil {
				return err
			}
		}
		for _, i := range c.update {
			if _, err := tx.ExecContext(ctx, `UPDATE event_held SET tries = $1, reason = $2, died = $3 WHERE id = $4`,
				i.tries, i.reason, died(i), i.id); err != nil {
				return err
			}
		}
		for _, id := range c.done {
			if _, err := tx.ExecContext(ctx, `DELETE FROM event_held WHERE id = $1`, id); err != nil {
				return err
			}
		}
		if c.cursor == 0 {
			return nil
		}
		return place(ctx, tx, receiver, c.cursor)
	})
}

const heldColumns = `id, document, rule, tries, reason, died`

func scanHeld(row interface{ Scan(...any) error }, more ...any) (i item, died int64, err error) {
	var document string
	if err := row.Scan(append([]any{&i.id, &document, &i.rule, &i.tries, &i.reason, &died}, more...)...); err != nil {
		return i, 0, err
	}
	i.dead = died != 0
	if err := json.Unmarshal([]byte(document), &i.event); err != nil {
		return i, 0, lethe.Errorf(lethe.BadData, "state file, event_held %d: %w", i.id, err)
	}
	return i, died, nil
}

// held calls f for what is held for a receiver and not dead, oldest first.
func (l ledger) held(ctx context.Context, receiver string, limit int, f func(item)) error {
	return l.db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT `+heldColumns+` FROM event_held WHERE receiver = $1 AND died = 0 ORDER BY id LIMIT $2`, receiver, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			i, _, err := scanHeld(rows)
			if err != nil {
				return err
			}
			f(i)
		}
		return rows.Err()
	})
}

// items reads some of what is held, in the order of ids.
func (l ledger) items(ctx context.Context, ids []int64) (items []item, err error) {
	err = l.db.View(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			i, _, err := scanHeld(tx.QueryRowContext(ctx, `SELECT `+heldColumns+` FROM event_held WHERE id = $1 AND died = 0`, id))
			if errors.Is(err, sql.ErrNoRows) {
				continue // redelivered or discarded meanwhile
			}
			if err != nil {
				return err
			}
			items = append(items, i)
		}
		return nil
	})
	return items, err
}

// short bounds a reason that is kept.
func short(err error) string {
	s := strings.ToValidUTF8(err.Error(), "\uFFFD")
	if len(s) > 500 {
		s = strings.ToValidUTF8(s[:500], "") + "..."
	}
	return s
}
