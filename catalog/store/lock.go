package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
)

// Bounds of locks. They are read whole with every request, so there must not be
// many of them.
const (
	maxTargets = 1000
	maxLocks   = 10_000
)

// now is a time as HIVE_LOCKS has it.
func (s *Store) now() time.Time {
	if s.clock != nil {
		return s.clock()
	}
	return time.Now()
}

// Lock asks for a lock.
func (s *Store) Lock(ctx context.Context, l catalog.Lock) (catalog.Lock, error) {
	if len(l.Targets) == 0 || len(l.Targets) > maxTargets {
		return l, lethe.Errorf(lethe.Invalid, "a lock has 1 to %d targets, not %d", maxTargets, len(l.Targets))
	}
	if err := firstError(checkText("lock", "user", l.User, maxOwner), checkText("lock", "host", l.Host, maxOwner), checkText("lock", "agent", l.Agent, maxOwner)); err != nil {
		return l, err
	}
	err := s.db.Tx(ctx, func(tx *transaction) error {
		l.Held, l.Acquired = false, time.Time{}
		// The row of the next lock's number is also what all who lock wait for.
		if err := tx.QueryRowContext(ctx, `SELECT "NL_NEXT" FROM "NEXT_LOCK_ID" {UPDATE}`).Scan(&l.ID); err != nil {
			return err
		}
		all, err := s.live(ctx, tx)
		if err != nil {
			return err
		}
		if len(all) >= maxLocks {
			return lethe.Errorf(lethe.Exhausted, "there are %d locks; try again when some are gone", len(all))
		}
		if _, err := tx.ExecContext(ctx, `UPDATE "NEXT_LOCK_ID" SET "NL_NEXT" = $1`, l.ID+1); err != nil {
			return err
		}
		b := into("HIVE_LOCKS", "HL_LOCK_EXT_ID", "HL_LOCK_INT_ID", "HL_TXNID", "HL_DB", "HL_TABLE", "HL_PARTITION", "HL_LOCK_STATE", "HL_LOCK_TYPE", "HL_LAST_HEARTBEAT", "HL_USER", "HL_HOST", "HL_AGENT_INFO")
		for i, t := range l.Targets {
			t.Database, t.Table = strings.ToLower(t.Database), strings.ToLower(t.Table)
			if t.Database == "" || !strings.ContainsRune("rwxe", rune(t.Type)) {
				return lethe.Errorf(lethe.Invalid, "a lock's target needs a database and a type")
			}
			if err := firstError(checkText("lock", "database", t.Database, maxDatabase), checkText("lock", "table", t.Table, maxName), checkText("lock", "partition", t.Partition, maxPartitionName)); err != nil {
				return err
			}
			l.Targets[i] = t
			b.add(l.ID, i+1, 0, t.Database, null(t.Table), null(t.Partition), "w", string(t.Type), s.now().UnixMilli(), l.User, l.Host, null(l.Agent))
		}
		if err := b.insert(ctx, tx); err != nil {
			return err
		}
		l.Heartbeat = s.now()
		return s.grant(ctx, tx, all, &l)
	})
	return l, err
}

// grant makes a lock held if none of those before it stands in its way, whether
// they are held or wait themselves: so nobody waits for ever.
func (s *Store) grant(ctx context.Context, tx *transaction, all []catalog.Lock, l *catalog.Lock) error {
	for _, other := range all {
		if other.ID < l.ID && blocks(other, *l) {
			return nil
		}
	}
	l.Held, l.Acquired = true, s.now()
	_, err := tx.ExecContext(ctx, `UPDATE "HIVE_LOCKS" SET "HL_LOCK_STATE" = 'a', "HL_ACQUIRED_AT" = $1 WHERE "HL_LOCK_EXT_ID" = $2`, l.Acquired.UnixMilli(), l.ID)
	return err
}

func blocks(a, b catalog.Lock) bool {
	for _, x := range a.Targets {
		for _, y := range b.Targets {
			if overlap(x, y) && exclude(x.Type, y.Type) {
				return true
			}
		}
	}
	return false
}

// overlap tells whether one target is in the other: a lock on a database is one
// on its tables.
func overlap(x, y catalog.LockTarget) bool {
	return x.Database == y.Database && (x.Table == "" || y.Table == "" || x.Table == y.Table &&
		(x.Partition == "" || y.Partition == "" || x.Partition == y.Partition))
}

func exclude(x, y catalog.LockType) bool {
	if x == catalog.Exclusive || y == catalog.Exclusive {
		return true
	}
	return x != catalog.SharedRead && y != catalog.SharedRead
}

// live removes what has expired and returns the locks there are, in their order.
func (s *Store) live(ctx context.Context, tx *transaction) (all []catalog.Lock, err error) {
	// Locks of transactions, which a Java metastore may have made, end with them.
	_, err = tx.ExecContext(ctx, `DELETE FROM "HIVE_LOCKS" WHERE "HL_TXNID" = 0 AND "HL_LAST_HEARTBEAT" < $1`, s.now().Add(-catalog.LockTimeout).UnixMilli())
	if err != nil {
		return nil, err
	}
	return readLocks(ctx, tx)
}

func readLocks(ctx context.Context, tx *transaction) (all []catalog.Lock, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT "HL_LOCK_EXT_ID", "HL_DB", "HL_TABLE", "HL_PARTITION", "HL_LOCK_STATE", "HL_LOCK_TYPE", "HL_LAST_HEARTBEAT", "HL_ACQUIRED_AT", "HL_USER", "HL_HOST", "HL_AGENT_INFO"
		FROM "HIVE_LOCKS" ORDER BY "HL_LOCK_EXT_ID", "HL_LOCK_INT_ID"`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, heartbeat int64
		var t catalog.LockTarget
		var table, partition, agent sql.NullString
		var state, typ, user, host string
		var acquired sql.NullInt64
		if err := rows.Scan(&id, &t.Database, &table, &partition, &state, &typ, &heartbeat, &acquired, &user, &host, &agent); err != nil {
			return nil, err
		}
		if len(typ) == 1 {
			t.Type = catalog.LockType(typ[0])
		}
		t.Table, t.Partition = table.String, partition.String
		if n := len(all); n == 0 || all[n-1].ID != id {
			l := catalog.Lock{ID: id, Held: state == "a", User: user, Host: host, Agent: agent.String, Heartbeat: time.UnixMilli(heartbeat).UTC()}
			if acquired.Valid {
				l.Acquired = time.UnixMilli(acquired.Int64).UTC()
			}
			all = append(all, l)
		}
		l := &all[len(all)-1]
		l.Targets = append(l.Targets, t)
	}
	return all, rows.Err()
}

// CheckLock looks whether a waiting lock is held by now.
func (s *Store) CheckLock(ctx context.Context, id int64) (l catalog.Lock, err error) {
	err = s.db.Tx(ctx, func(tx *transaction) error {
		var next int64
		if err := tx.QueryRowContext(ctx, `SELECT "NL_NEXT" FROM "NEXT_LOCK_ID" {UPDATE}`).Scan(&next); err != nil {
			return err
		}
		all, err := s.live(ctx, tx)
		if err != nil {
			return err
		}
		if err := s.beat(ctx, tx, id); err != nil {
			return err
		}
		for _, l = range all {
			if l.ID == id {
				break
			}
		}
		l.Heartbeat = s.now()
		if l.Held {
			return nil
		}
		return s.grant(ctx, tx, all, &l)
	})
	return l, err
}

func (s *Store) beat(ctx context.Context, tx *transaction, id int64) error {
	r, err := tx.ExecContext(ctx, `UPDATE "HIVE_LOCKS" SET "HL_LAST_HEARTBEAT" = $1 WHERE "HL_LOCK_EXT_ID" = $2`, s.now().UnixMilli(), id)
	return lockFound(r, err, id)
}

func lockFound(r sql.Result, err error, id int64) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return lethe.Errorf(lethe.NotFound, "No such lock lockid:%d", id)
}

// Heartbeat keeps a lock.
func (s *Store) Heartbeat(ctx context.Context, id int64) error {
	return s.db.Tx(ctx, func(tx *transaction) error {
		if _, err := s.live(ctx, tx); err != nil {
			return err
		}
		return s.beat(ctx, tx, id)
	})
}

// Unlock removes a lock.
func (s *Store) Unlock(ctx context.Context, id int64) error {
	return s.db.Tx(ctx, func(tx *transaction) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM "HIVE_LOCKS" WHERE "HL_LOCK_EXT_ID" = $1`, id)
		return lockFound(r, err, id)
	})
}

// Locks lists the locks.
func (s *Store) Locks(ctx context.Context) (all []catalog.Lock, err error) {
	err = s.db.Tx(ctx, func(tx *transaction) error {
		all, err = s.live(ctx, tx)
		return err
	})
	return all, err
}
