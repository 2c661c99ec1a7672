package backup

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"lethe/lib/state"
)

// Instance is a database instance that a mapped database was seen to be in, or that is a
// replica of it. Its snapshots and automated backups hold whom it held, also when it is
// deleted or the database is somewhere else. That is why it is kept.
type Instance struct {
	Holder string `json:"holder"` // the database's name, as postgres:crm
	Region string `json:"region"`
	ID     string `json:"id"`   // the resource id, which no other instance gets
	Name   string `json:"name"` // when it was seen last
	// Replayed is when persons who had been erased before were erased from it; zero if
	// they were not yet.
	Replayed time.Time `json:"replayed,omitzero"`
}

// Instances returns all instances in the ledger.
func (l *Ledger) Instances(ctx context.Context) (all []Instance, err error) {
	err = l.db.View(ctx, func(tx *sql.Tx) error {
		all, err = state.Documents[Instance](ctx, tx, `SELECT document FROM backup_instances ORDER BY holder, region, id`)
		return err
	})
	return all, err
}

// PutInstance enters an instance, in place of what is known of it and its database.
func (l *Ledger) PutInstance(ctx context.Context, i Instance) error {
	raw, err := json.Marshal(i)
	if err != nil {
		return err
	}
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO backup_instances (holder, region, id, document) VALUES ($1, $2, $3, $4)
			ON CONFLICT (holder, region, id) DO UPDATE SET document = excluded.document`, i.Holder, i.Region, i.ID, string(raw))
		return err
	})
}

// DropInstance takes out an instance that is gone, and of which nothing is left.
func (l *Ledger) DropInstance(ctx context.Context, i Instance) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM backup_instances WHERE holder = $1 AND region = $2 AND id = $3`, i.Holder, i.Region, i.ID)
		return err
	})
}
