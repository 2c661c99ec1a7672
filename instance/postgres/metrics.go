package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"lethe/instance"
	"lethe/lib/daemon"
)

// Metrics are those of PostgreSQL's own statistics. A replica's lag is the age of the
// last transaction that it has replayed, if it has not replayed all that it has received.
func (e *Engine) Metrics(ctx context.Context, s instance.Server) (instance.Metrics, error) {
	var m instance.Metrics
	var lag float64
	err := query(ctx, s, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `SELECT
			(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename <> 'rdsadmin'),
			sum(xact_commit)::bigint, sum(blks_read)::bigint, sum(blks_hit)::bigint,
			(SELECT sum(pg_database_size(oid))::bigint FROM pg_database),
			pg_is_in_recovery(),
			CASE WHEN NOT pg_is_in_recovery() OR EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')
				AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
			ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0) END::float8,
			pg_postmaster_start_time()
			FROM pg_stat_database`).Scan(&m.Connections, &m.Commits, &m.Reads, &m.Hits, &m.Bytes, &m.HasLag, &lag, &m.Started)
	})
	if err != nil {
		return m, err
	}
	m.Lag = time.Duration(lag * float64(time.Second))
	p, err := daemon.Adopt(pidFile(s))
	if err != nil {
		return m, class(s, err)
	}
	m.MemoryInUse, err = p.Memory()
	if errors.Is(err, daemon.ErrNotRunning) {
		err = nil
	}
	return m, err
}

// pause waits a little, or until the context ends.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(3 * time.Millisecond):
		return nil
	}
}
