package mariadb

import (
	"context"
	"database/sql"
	"os"
	"strconv"
	"time"

	"lethe"
	"lethe/instance"
)

// Metrics measures a running server. Commits are InnoDB's transactions, those that only
// read among them. The lag of a replica that does not follow at the moment is -1 second,
// as RDS has it (Amazon RDS User Guide, Monitoring MariaDB read replicas).
func (e *Engine) Metrics(ctx context.Context, s instance.Server) (m instance.Metrics, err error) {
	p := e.process(s)
	if p == nil {
		return m, lethe.Errorf(lethe.Conflict, "the server %s does not run", s.ID)
	}
	f := at(s)
	err = e.admin(ctx, s, func(c *sql.Conn) error {
		status, err := pairs(ctx, c, `SHOW GLOBAL STATUS WHERE Variable_name IN
			('Innodb_buffer_pool_reads', 'Innodb_buffer_pool_read_requests')`)
		if err != nil {
			return err
		}
		n := func(name string) int64 {
			v, _ := strconv.ParseInt(status[name], 10, 64)
			return v
		}
		err = c.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER NOT IN ('system user', 'event_scheduler', "+
			literal(admin)+") AND USER NOT LIKE "+literal(replicator+"%")).Scan(&m.Connections)
		if err != nil {
			return err
		}
		m.Reads = n("Innodb_buffer_pool_reads")
		m.Hits = max(0, n("Innodb_buffer_pool_read_requests")-m.Reads)
		err = c.QueryRowContext(ctx, `SELECT IFNULL(SUM(COUNT), 0) FROM information_schema.INNODB_METRICS
			WHERE NAME IN ('trx_rw_commits', 'trx_ro_commits', 'trx_nl_ro_commits')`).Scan(&m.Commits)
		if err != nil {
			return err
		}
		r, err := f.replica()
		if r == nil || err != nil {
			return err
		}
		m.HasLag, m.Lag = true, -time.Second
		slave, err := row(ctx, c, "SHOW SLAVE STATUS")
		if behind, ok := slave["Seconds_Behind_Master"]; ok {
			if v, err := strconv.Atoi(behind); err == nil {
				m.Lag = time.Duration(v) * time.Second
			}
		}
		return err
	})
	if err != nil {
		return m, err
	}
	began, err := os.Stat(f.began())
	if err != nil {
		return m, err
	}
	m.Started = began.ModTime()
	if m.MemoryInUse, err = p.Memory(); err != nil {
		return m, err
	}
	m.Bytes, err = size(f.data())
	return m, err
}
