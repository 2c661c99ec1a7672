package instancetest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lethe"
	"lethe/instance"
)

// testCrash: after kill -9 amid commits, all that were acknowledged are there.
func testCrash(t *testing.T, u *under) {
	e, s, _ := u.running(t)
	w := u.write(t, s)
	for range 2 {
		w.more(t)
		ended := e.Ended(s)
		u.Kill(t, s)
		await(t, ended)
		must(t, e.Start(within(t), s))
	}
	w.more(t)
	w.check(t, u, s)
}

// testBackup: a backup is of a moment while others write, and becomes a server with
// another password and other settings.
func testBackup(t *testing.T, u *under) {
	e, s, db := u.running(t)
	exec(t, db, "CREATE TABLE t (i int PRIMARY KEY)", "INSERT INTO t VALUES (1), (2), (3)")
	w := u.write(t, s)
	w.more(t)
	var b bytes.Buffer
	info, err := e.Backup(within(t), s, &b)
	must(t, err)
	w.end()
	if info.Mark == "" || info.Bytes < 1<<20 || info.End.IsZero() || info.Version == "" {
		t.Errorf("backup %+v", info)
	}
	exec(t, db, "INSERT INTO t VALUES (4)")
	must(t, e.Stop(within(t), s))

	r := u.server(t)
	r.Settings = nil
	m := master
	m.Password = "restored-one"
	how := instance.Recovery{Backup: info, Master: &m}
	if err := e.Restore(within(t), r, io.LimitReader(bytes.NewReader(b.Bytes()), int64(b.Len()/2)), how); err == nil {
		t.Fatal("half a backup was restored")
	}
	must(t, e.Restore(within(t), r, bytes.NewReader(b.Bytes()), how))
	must(t, e.Restore(within(t), r, bytes.NewReader(nil), how)) // it is done
	must(t, e.Start(within(t), r))
	if n := count(t, u.open(t, r, m), "t"); n != 3 {
		t.Errorf("%d rows in the restored server, want 3", n)
	}
	if n := count(t, u.open(t, r, m), "w"); n < 50 {
		t.Errorf("%d rows of those written before, want 50 or more", n)
	}
	if u.open(t, r, master).PingContext(within(t)) == nil {
		t.Error("the former password opens the restored server")
	}
	other := info
	other.Version = "1.2"
	if err := e.Restore(within(t), u.server(t), bytes.NewReader(b.Bytes()), instance.Recovery{Backup: other}); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("a backup of another version: %v", err)
	}
}

// testMoment: a server as it was between two commits, a second apart, and as it is at the
// end of the logs.
func testMoment(t *testing.T, u *under) {
	e, s, db := u.running(t)
	exec(t, db, "CREATE TABLE t (i int PRIMARY KEY)", "INSERT INTO t VALUES (0)")
	var b bytes.Buffer
	info, err := e.Backup(within(t), s, &b)
	must(t, err)
	// The clock of backups and that of recovery count in seconds at least.
	second(info.End)
	exec(t, db, "INSERT INTO t VALUES (1)")
	moment := second(time.Now())
	second(moment)
	exec(t, db, "INSERT INTO t VALUES (2)")
	logs := u.collect(t, e, s)
	exec(t, db, "DROP TABLE t")
	collected := u.collect(t, e, s)
	if len(collected) == 0 {
		t.Error("no log after a rotation")
	}
	logs = append(logs, collected...)
	if rest, err := e.Closed(within(t), s, false); err != nil || len(rest) > 0 {
		t.Errorf("released, and still there: %v %v", rest, err)
	}
	for _, c := range []struct {
		name  string
		until time.Time
		logs  []string
		rows  int
	}{{"the moment", moment, logs, 2}, {"the end", time.Time{}, logs[:len(logs)-len(collected)], 3}} {
		r := u.server(t)
		dir := folder(t)
		for _, path := range c.logs {
			text, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(filepath.Join(dir, filepath.Base(path)), text, 0o600))
		}
		how := instance.Recovery{Backup: info, Logs: dir, Until: c.until}
		if err := e.Restore(within(t), r, bytes.NewReader(b.Bytes()), how); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		must(t, e.Start(within(t), r))
		if n := count(t, u.open(t, r, master), "t"); n != c.rows {
			t.Errorf("at %s there are %d rows, want %d", c.name, n, c.rows)
		}
		must(t, e.Stop(within(t), r))
	}
}

// second waits for the second after the next, and returns the beginning of it.
func second(from time.Time) time.Time {
	next := from.Truncate(time.Second).Add(2 * time.Second)
	time.Sleep(time.Until(next))
	return next
}

// collect ends the current log, keeps all that are complete elsewhere, and releases them.
func (u *under) collect(t testing.TB, e instance.Engine, s instance.Server) (paths []string) {
	t.Helper()
	from := time.Now()
	closed, err := e.Closed(within(t), s, true)
	must(t, err)
	dir := folder(t)
	name := ""
	for _, l := range closed {
		if l.Name <= name || l.Size == 0 || l.Last.Before(from.Add(-time.Hour)) && l.Last.IsZero() {
			t.Errorf("log %+v after %s", l, name)
		}
		name = l.Name
		text, err := os.ReadFile(l.Path)
		must(t, err)
		path := filepath.Join(dir, l.Name)
		must(t, os.WriteFile(path, text, 0o600))
		paths = append(paths, path)
		for range 2 {
			must(t, e.Release(within(t), s, l))
		}
	}
	if len(closed) == 0 {
		t.Error(fmt.Errorf("no log was closed"))
	}
	return paths
}
