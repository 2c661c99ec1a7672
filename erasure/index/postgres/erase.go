package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"lethe"
	"lethe/erasure"

	"github.com/jackc/pgx/v5"
)

// patience is how long Erase waits for others' transactions and locks.
var patience = time.Minute // tests have less

// Erase takes the postings of identifiers out, and writes their tables' files anew.
func (x *Index) Erase(ctx context.Context, hs []erasure.Hash) error {
	if err := x.gate.Enter(); err != nil {
		return err
	}
	defer x.gate.Leave()
	if len(hs) == 0 {
		return nil
	}
	erased := map[uint32][]uint32{}       // rests by bucket
	some := map[uint32][]int32{}          // buckets by table
	parts := map[uint32][]erasure.Hash{}  // of the plain table
	names := make([]string, 0, len(some)) // of tables to be written anew
	for _, h := range hs {
		bucket, rest := split(h)
		if erased[bucket] == nil {
			some[tableOf(bucket)] = append(some[tableOf(bucket)], int32(bucket))
		}
		erased[bucket] = append(erased[bucket], rest)
		parts[partOf(h)] = append(parts[partOf(h)], h)
	}
	var xid string
	err := pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT pg_current_xact_id()::xid::text`).Scan(&xid); err != nil {
			return err
		}
		// In one order, so that two never wait for each other.
		for _, t := range slices.Sorted(maps.Keys(some)) {
			if err := merge(ctx, tx, t, some[t], erased); err != nil {
				return err
			}
			names = append(names, tableName(t))
		}
		if !x.plain {
			return nil
		}
		for _, p := range slices.Sorted(maps.Keys(parts)) {
			if err := deletePlain(ctx, tx, p, parts[p]); err != nil {
				return err
			}
			names = append(names, plainName(p))
		}
		return nil
	})
	if err != nil {
		return explain(ctx, "erase from", err)
	}
	if err := x.rewrite(ctx, xid, names); err != nil {
		return explain(ctx, "erase from", err)
	}
	return nil
}

// rewrite writes tables anew without what the transaction xid has deleted.
func (x *Index) rewrite(ctx context.Context, xid string, names []string) error {
	c, err := x.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	if err := outlive(ctx, c.Conn(), xid); err != nil {
		return err
	}
	// Who waits for this exclusive lock makes others wait.
	set := fmt.Sprintf(`SET lock_timeout = %d`, patience.Milliseconds())
	if _, err := c.Exec(ctx, set, pgx.QueryExecModeSimpleProtocol); err != nil {
		return err
	}
	for _, name := range names {
		if _, err = c.Exec(ctx, `VACUUM (FULL) `+name, pgx.QueryExecModeSimpleProtocol); err != nil {
			break
		}
	}
	_, reset := c.Exec(context.WithoutCancel(ctx), `RESET lock_timeout`, pgx.QueryExecModeSimpleProtocol)
	return errors.Join(err, reset)
}

// outlive waits until no transaction is left that may see what the transaction xid
// has deleted, because VACUUM must leave that where one is.
func outlive(ctx context.Context, c *pgx.Conn, xid string) error {
	var holders []string
	for deadline := time.Now().Add(patience); ; {
		rows, err := c.Query(ctx, `
			SELECT 'process ' || pid || ' (' || coalesce(application_name, '') || ')' FROM pg_stat_activity
			WHERE (datname = current_database() OR backend_type = 'walsender') AND pid <> pg_backend_pid() AND backend_type <> 'autovacuum worker' AND query !~* '^\s*VACUUM'
				AND (age(backend_xid) >= age($1::text::xid) OR age(backend_xmin) >= age($1::text::xid))
			UNION ALL SELECT 'the prepared transaction ' || gid FROM pg_prepared_xacts
			WHERE database = current_database() AND age(transaction) >= age($1::text::xid)
			UNION ALL SELECT 'the replication slot ' || slot_name FROM pg_replication_slots WHERE age(xmin) >= age($1::text::xid)`, xid)
		if err != nil {
			return err
		}
		if holders, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return err
		}
		if len(holders) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return lethe.Errorf(lethe.Exhausted, "erase from the erasure index: PostgreSQL cannot drop deleted rows while %s may see them", holders[0]).
		WithHint("end that transaction, or wait for its end, and try again")
}
