package backup

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Schedule says when backups are made at a place. Its slots are the moments that come again
// after Every, counted from At after midnight in UTC. Of each slot there is one backup at
// most, and of slots that passed while no lake ran the last has one.
type Schedule struct {
	Place     string // as Repository.String
	Every, At time.Duration
	Keep      time.Duration // after which one expires
}

// Slot is the last slot that is not after a moment.
func (s Schedule) Slot(now time.Time) time.Time {
	return time.Unix(0, 0).Add(s.At).Add(now.Sub(time.Unix(0, 0).Add(s.At)).Truncate(s.Every)).UTC()
}

// Due returns the slot of which a backup is to be made now; the zero time if there is one
// already. A schedule that is new is due at once.
func (l *Ledger) Due(ctx context.Context, s Schedule, now time.Time) (slot time.Time, err error) {
	slot = s.Slot(now)
	err = l.db.View(ctx, func(tx *sql.Tx) error {
		var until int64
		err := tx.QueryRowContext(ctx, `SELECT until FROM backup_schedules WHERE place = $1`, s.Place).Scan(&until)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err == nil && until >= slot.UnixMicro() {
			slot = time.Time{}
		}
		return err
	})
	return slot, err
}

// PutScheduled is Put for the backup of a slot. Once it is made, the slot is never due again,
// though its entry may be dropped.
func (l *Ledger) PutScheduled(ctx context.Context, e Entry, s Schedule, slot time.Time) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := put(ctx, tx, e); err != nil || e.State != Made {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO backup_schedules (place, until) VALUES ($1, $2)
			ON CONFLICT (place) DO UPDATE SET until = excluded.until WHERE excluded.until > backup_schedules.until`, s.Place, slot.UnixMicro())
		return err
	})
}
