package store

import (
	"context"
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
)

// notificationsKept is how long notifications stay: Hive's default of
// metastore.event.db.listener.timetolive.
const notificationsKept = 24 * time.Hour

// cleanEvery is how often those that are older are removed.
const cleanEvery = 10 * time.Minute

// change is database.Tx for a change of what others follow. What fn tells of with
// notify becomes known if, and only if, the change takes effect.
func (s *Store) change(ctx context.Context, fn func(*transaction) error) error {
	return s.db.Tx(ctx, func(tx *transaction) error {
		if err := fn(tx); err != nil {
			return err
		}
		_, err := s.publish(ctx, tx)
		return err
	})
}

// notify remembers a notification until the end of its change.
func (t *transaction) notify(typ, database, table, message string) {
	t.told = append(t.told, catalog.Notification{Type: typ, Database: database, Table: table, Message: message, Format: catalog.MessageFormat})
}

// publish writes what a transaction has told of and returns the last id. It comes
// last in a change, because the row of NOTIFICATION_SEQUENCE is what all changes
// then wait for, also those of Java metastores: so ids have no gaps, and who reads
// up to one has seen all before it.
func (s *Store) publish(ctx context.Context, tx *transaction) (last int64, err error) {
	if len(tx.told) == 0 {
		return 0, nil
	}
	row, err := notificationIDs.take(ctx, tx, len(tx.told))
	if err != nil {
		return 0, err
	}
	now := s.now()
	var next int64
	if err := tx.QueryRowContext(ctx, `SELECT "NEXT_EVENT_ID" FROM "NOTIFICATION_SEQUENCE" {UPDATE}`).Scan(&next); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE "NOTIFICATION_SEQUENCE" SET "NEXT_EVENT_ID" = $1`, next+int64(len(tx.told))); err != nil {
		return 0, err
	}
	for i, n := range tx.told {
		// A statement each: a message may have megabytes.
		b := into("NOTIFICATION_LOG", "NL_ID", "EVENT_ID", "EVENT_TIME", "EVENT_TYPE", "CAT_NAME", "DB_NAME", "TBL_NAME", "MESSAGE", "MESSAGE_FORMAT")
		b.add(row+int64(i), next+int64(i), now.Unix(), n.Type, hive, null(n.Database), null(n.Table), n.Message, n.Format)
		if err := b.insert(ctx, tx); err != nil {
			return 0, err
		}
	}
	if cleaned := s.cleaned.Load(); now.Sub(time.Unix(cleaned, 0)) > cleanEvery && s.cleaned.CompareAndSwap(cleaned, now.Unix()) {
		if _, err := tx.ExecContext(ctx, `DELETE FROM "NOTIFICATION_LOG" WHERE "EVENT_TIME" < $1`, now.Add(-notificationsKept).Unix()); err != nil {
			return 0, err
		}
	}
	return next + int64(len(tx.told)) - 1, nil
}

// Notifications returns up to most of the notifications after an id.
func (s *Store) Notifications(ctx context.Context, after int64, most int) (out []catalog.Notification, err error) {
	if most <= 0 {
		return nil, nil
	}
	err = s.db.View(ctx, func(tx *transaction) error {
		rows, err := tx.QueryContext(ctx, `SELECT "EVENT_ID", "EVENT_TIME", "EVENT_TYPE", coalesce("DB_NAME", ''), coalesce("TBL_NAME", ''), coalesce("MESSAGE", ''), coalesce("MESSAGE_FORMAT", '')
			FROM "NOTIFICATION_LOG" WHERE "EVENT_ID" > $1 ORDER BY "EVENT_ID" LIMIT $2`, after, most)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n catalog.Notification
			var at int64
			if err := rows.Scan(&n.ID, &at, &n.Type, &n.Database, &n.Table, &n.Message, &n.Format); err != nil {
				return err
			}
			n.Time = fromSeconds(at)
			out = append(out, n)
		}
		return rows.Err()
	})
	return out, err
}

// CurrentNotification returns the id of the last notification.
func (s *Store) CurrentNotification(ctx context.Context) (last int64, err error) {
	err = s.db.View(ctx, func(tx *transaction) error {
		return tx.QueryRowContext(ctx, `SELECT coalesce(max("NEXT_EVENT_ID"), 1) - 1 FROM "NOTIFICATION_SEQUENCE"`).Scan(&last)
	})
	return last, err
}

// CountNotifications counts a database's notifications.
func (s *Store) CountNotifications(ctx context.Context, database string, after, to int64) (n int64, err error) {
	err = s.db.View(ctx, func(tx *transaction) error {
		query, args := `SELECT count(*) FROM "NOTIFICATION_LOG" WHERE "EVENT_ID" > $1 AND "DB_NAME" = $2`, []any{after, strings.ToLower(database)}
		if to > 0 {
			query, args = query+` AND "EVENT_ID" <= $3`, append(args, to)
		}
		return tx.QueryRowContext(ctx, query, args...).Scan(&n)
	})
	return n, err
}

// AddNotification keeps a notification that a client tells of.
func (s *Store) AddNotification(ctx context.Context, n catalog.Notification) (id int64, err error) {
	n.Database, n.Table = strings.ToLower(n.Database), strings.ToLower(n.Table)
	if n.Type == "" {
		return 0, lethe.Errorf(lethe.Invalid, "a notification has no type")
	}
	err = firstError(checkText("notification", "type", n.Type, 32), checkText("notification", "database", n.Database, maxDatabase), checkText("notification", "table", n.Table, maxName),
		checkText("notification", "format", n.Format, 16), checkText("notification", "message", n.Message, maxMessage))
	if err != nil {
		return 0, err
	}
	err = s.db.Tx(ctx, func(tx *transaction) error {
		tx.told = []catalog.Notification{n}
		id, err = s.publish(ctx, tx)
		return err
	})
	return id, err
}

// maxMessage bounds the message of a client's notification.
const maxMessage = 16 << 20
