package mariadb

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lethe"
	"lethe/instance"
)

// keep copies the logs that are closed into a folder and lets go of them.
func (s *server) keep(t testing.TB, dir string) []instance.Log {
	t.Helper()
	logs, err := s.e.Closed(t.Context(), s.Server, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range logs {
		text, err := os.ReadFile(l.Path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, l.Name), text, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := s.e.Release(t.Context(), s.Server, l); err != nil {
			t.Fatal(err)
		}
	}
	return logs
}

func (s *server) backup(t testing.TB) (instance.Backup, []byte) {
	t.Helper()
	var b bytes.Buffer
	made, err := s.e.Backup(t.Context(), s.Server, &b)
	if err != nil {
		t.Fatal(err)
	}
	return made, b.Bytes()
}

// tick waits until the clock shows another second, and returns when that began.
func tick() time.Time {
	next := time.Now().Truncate(time.Second).Add(time.Second)
	time.Sleep(time.Until(next) + 10*time.Millisecond)
	return next
}

func TestServersAreRecoveredToTheSecond(t *testing.T) {
	t.Parallel()
	e, v := engine(t)
	s := fresh(t, e, v)
	dir := t.TempDir()
	s.exec(t, "CREATE TABLE t (i INT PRIMARY KEY, v VARCHAR(99))", "INSERT INTO t VALUES (1, 'before')")
	made, b := s.backup(t)
	s.exec(t, "INSERT INTO t VALUES (2, 'after')", "CREATE USER bob@'%'", "CREATE TABLE `odd; /*!*/; \\! x` (i INT)",
		"CREATE PROCEDURE p() SELECT ';/*!*/;\n\\! touch x'")
	s.keep(t, dir)
	s.exec(t, "INSERT INTO t VALUES (3, 'also')")
	tick()
	until := tick()
	s.exec(t, "DROP TABLE t", "CREATE TABLE later (i INT)")
	s.keep(t, dir)
	s.keep(t, dir)
	if err := e.Stop(t.Context(), s.Server); err != nil {
		t.Fatal(err)
	}

	r := place(t, e, v)
	other := s.master
	other.Password = "another password"
	how := instance.Recovery{Backup: made, Logs: dir, Until: until, Master: &other}
	if err := e.Restore(t.Context(), r.Server, bytes.NewReader(b), how); err != nil {
		t.Fatal(err)
	}
	r.master = other
	r.start(t)
	if got := r.one(t, "SELECT GROUP_CONCAT(v ORDER BY i) FROM t"); got != "before,after,also" {
		t.Errorf("recovered %s", got)
	}
	if got := r.one(t, "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'app'"); got != "2" {
		t.Errorf("%s tables", got)
	}
	for name, how := range map[string]instance.Recovery{
		"too early":  {Backup: made, Logs: dir, Until: made.End.Add(-time.Hour)},
		"no mark":    {Backup: instance.Backup{Version: v.Number, Mark: "x"}},
		"no logs":    {Backup: made, Logs: t.TempDir()},
		"other data": {Backup: made},
	} {
		if err := e.Restore(t.Context(), place(t, e, v).Server, bytes.NewReader([]byte("no backup")), how); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
