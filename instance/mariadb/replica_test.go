package mariadb

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lethe"
	"lethe/instance"
)

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in a minute, it did not happen that %s", what)
		}
	}
}

// follows makes a running replica.
func (s *server) follows(t testing.TB, of *server, wait bool) {
	t.Helper()
	if err := s.e.Follow(t.Context(), s.Server, of.Server, wait); err != nil {
		t.Fatal(err)
	}
	s.start(t)
	if wait {
		of.waits(t, s)
	}
}

// waits returns when commits at s wait for a replica.
func (s *server) waits(t testing.TB, r *server) {
	t.Helper()
	until(t, "commits wait", func() bool {
		var connected bool
		err := r.e.admin(t.Context(), r.Server, func(c *sql.Conn) error {
			status, err := row(t.Context(), c, "SHOW SLAVE STATUS")
			connected = status["Slave_IO_Running"] == "Yes"
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return connected && s.one(t, `SELECT GROUP_CONCAT(VARIABLE_VALUE ORDER BY VARIABLE_NAME) FROM information_schema.GLOBAL_STATUS
			WHERE VARIABLE_NAME IN ('Rpl_semi_sync_master_clients', 'Rpl_semi_sync_master_status')`) == "1,ON"
	})
}

func (s *server) rows(t testing.TB) string {
	t.Helper()
	return s.one(t, "SELECT COUNT(*) FROM t")
}

func (s *server) kill(t testing.TB) {
	t.Helper()
	p := s.e.process(s.Server)
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-p.Done()
}

func TestAStandbyHasWhatWasCommitted(t *testing.T) {
	t.Parallel()
	e, v := engine(t)
	s := fresh(t, e, v)
	s.exec(t, "CREATE TABLE t (i INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
	dir := t.TempDir()
	made, backup := s.backup(t)
	r := place(t, e, v)
	r.follows(t, s, true)
	if err := e.Follow(t.Context(), r.Server, s.Server, true); err != nil {
		t.Errorf("followed twice: %v", err)
	}
	if m, err := e.Metrics(t.Context(), r.Server); err != nil || !m.HasLag {
		t.Errorf("metrics of a replica: %+v, %v", m, err)
	}
	db := r.db(t)
	if _, err := db.ExecContext(t.Context(), "INSERT INTO t VALUES (0)"); err == nil {
		t.Error("a replica takes writes")
	}
	if err := e.SetPassword(t.Context(), r.Server, r.master); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("the password of a replica: %v", err)
	}

	// While it is there and does not answer, commits wait; once it has gone, they do not.
	if err := e.process(r.Server).Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	committed := make(chan struct{})
	writer := s.db(t)
	go func() {
		defer close(committed)
		if _, err := writer.Exec("INSERT INTO t VALUES (2)"); err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-committed:
		t.Error("a commit did not wait")
	case <-time.After(500 * time.Millisecond):
	}
	r.kill(t)
	select {
	case <-committed:
	case <-time.After(time.Minute):
		t.Error("a commit waits for who has gone")
	}
	r.start(t)
	s.waits(t, r)
	s.keep(t, dir)
	// Its source starts anew, and it follows on.
	if err := e.Stop(t.Context(), s.Server); err != nil {
		t.Fatal(err)
	}
	s.start(t)
	s.waits(t, r)
	for i := range 100 {
		s.exec(t, fmt.Sprintf("INSERT INTO t VALUES (%d)", 100+i))
		if i == 50 {
			s.keep(t, dir)
		}
	}
	s.kill(t)
	r.Port = s.Port
	from := time.Now()
	if err := e.Promote(t.Context(), r.Server); err != nil {
		t.Fatal(err)
	}
	t.Logf("promoted after %v", time.Since(from))
	if got := r.rows(t); got != "102" {
		t.Errorf("the standby has %s rows", got)
	}
	r.exec(t, "INSERT INTO t VALUES (3)")
	if err := e.Promote(t.Context(), r.Server); err != nil {
		t.Errorf("promoted twice: %v", err)
	}
	if m, err := e.Metrics(t.Context(), r.Server); err != nil || m.HasLag {
		t.Errorf("metrics of a promoted replica: %+v, %v", m, err)
	}
	if got := r.one(t, "SELECT COUNT(*) FROM mysql.global_priv WHERE User LIKE 'rdsrepl%'"); got != "0" {
		t.Errorf("%s users of replicas are left", got)
	}

	// The backup was made of one server; the logs are of it and of the one after it.
	logs := r.keep(t, dir)
	if len(logs) == 0 || !strings.HasPrefix(logs[0].Name, "binlog-0002.") {
		t.Errorf("logs %v", logs)
	}
	recovered := place(t, e, v)
	how := instance.Recovery{Backup: made, Logs: dir}
	if err := e.Restore(t.Context(), recovered.Server, bytes.NewReader(backup), how); err != nil {
		t.Fatal(err)
	}
	recovered.start(t)
	if got := recovered.rows(t); got != "103" {
		t.Errorf("recovered over a failover: %s rows", got)
	}
	for _, l := range logs[:len(logs)-1] {
		if err := os.Remove(filepath.Join(dir, l.Name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Restore(t.Context(), place(t, e, v).Server, bytes.NewReader(backup), how); !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), "missing") {
		t.Errorf("recovered with a log that is missing: %v", err)
	}
}

func TestReplicasKeepTheLogsTheyNeed(t *testing.T) {
	t.Parallel()
	e, v := engine(t)
	s := fresh(t, e, v)
	s.exec(t, "CREATE TABLE t (i INT PRIMARY KEY)")
	r := place(t, e, v)
	r.follows(t, s, false)
	if err := e.Stop(t.Context(), r.Server); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := range 3 {
		s.exec(t, fmt.Sprintf("INSERT INTO t VALUES (%d)", i))
		s.keep(t, dir)
	}
	names, err := at(s.Server).all()
	if err != nil || len(names) < 4 {
		t.Errorf("logs %v, %v", names, err)
	}
	if logs, err := e.Closed(t.Context(), s.Server, false); err != nil || len(logs) > 0 {
		t.Errorf("logs that were released are closed again: %v, %v", logs, err)
	}
	r.start(t)
	until(t, "the replica has all", func() bool { return r.rows(t) == "3" })
	s.keep(t, dir)
	until(t, "the logs go that it has", func() bool {
		s.keep(t, dir)
		names, err = at(s.Server).all()
		return err == nil && len(names) <= 3
	})
	if err := e.Unfollow(t.Context(), r.Server, s.Server); err != nil {
		t.Fatal(err)
	}
	s.exec(t, "INSERT INTO t VALUES (9)")
	if err := e.Stop(t.Context(), r.Server); err != nil {
		t.Fatal(err)
	}
	// One that does not run is promoted too.
	if err := e.Promote(t.Context(), r.Server); err != nil {
		t.Fatal(err)
	}
	if got := r.rows(t); got != "3" {
		t.Errorf("%s rows after the end", got)
	}
	r.exec(t, "INSERT INTO t VALUES (10)")
	// One that is still being sent goes with the next.
	until(t, "all logs go", func() bool {
		s.keep(t, dir)
		names, err := at(s.Server).all()
		return err == nil && len(names) == 1
	})
}
