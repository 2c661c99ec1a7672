package event

import (
	"context"
	"database/sql"
)

// RedactTexts discards the dead letters whose object f would rename, or in which it
// would change the reason: nobody could be told of a renamed object. It returns how
// many those are, with dry without discarding them, and how many such events wait to
// be tried again, which stay: they tell receivers that the object is gone.
func (d *Dispatcher) RedactTexts(ctx context.Context, dry bool, f func(text string) string) (dead, waiting int64, err error) {
	look := func(tx *sql.Tx) error {
		dead, waiting = 0, 0
		rows, err := tx.QueryContext(ctx, `SELECT `+heldColumns+` FROM event_held ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		var ids []int64
		for rows.Next() {
			i, died, err := scanHeld(rows)
			switch {
			case err != nil:
				return err
			case f(i.event.Key) == i.event.Key && f(i.reason) == i.reason:
			case died > 0:
				ids = append(ids, i.id)
			default:
				waiting++
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		rows.Close()
		dead = int64(len(ids))
		for _, id := range ids {
			if dry {
				break
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM event_held WHERE id = $1`, id); err != nil {
				return err
			}
		}
		return nil
	}
	if dry {
		err = d.DB.View(ctx, look)
	} else {
		err = d.DB.Tx(ctx, look)
	}
	return dead, waiting, err
}
