package instancetest

import (
	"testing"
	"time"

	"lethe/instance"
)

// follower is a replica of a server that runs.
func (u *under) follower(t testing.TB, e instance.Engine, of instance.Server, wait bool) instance.Server {
	t.Helper()
	s := u.server(t)
	for range 2 {
		must(t, e.Follow(within(t), s, of, wait))
	}
	for range 2 {
		must(t, e.Start(within(t), s))
	}
	return s
}

// testReplica: it has what the other has, accepts no writes, tells how far behind it is,
// and becomes a server of its own.
func testReplica(t *testing.T, u *under) {
	e, of, db := u.running(t)
	exec(t, db, "CREATE TABLE t (i int PRIMARY KEY)", "INSERT INTO t VALUES (1)")
	s := u.follower(t, e, of, false)
	exec(t, db, "INSERT INTO t VALUES (2)")
	copied := u.open(t, s, master)
	until(t, "the row at the replica", func() bool { return count(t, copied, "t") == 2 })
	if _, err := copied.ExecContext(within(t), "INSERT INTO t VALUES (3)"); err == nil {
		t.Error("a replica took a write")
	}
	until(t, "the replica to have caught up", func() bool {
		m, err := e.Metrics(within(t), s)
		must(t, err)
		if !m.HasLag {
			t.Fatalf("a replica without a lag: %+v", m)
		}
		return m.Lag < time.Second
	})
	// It is one still when it was stopped meanwhile.
	must(t, e.Stop(within(t), s))
	exec(t, db, "INSERT INTO t VALUES (3)")
	must(t, e.Start(within(t), s))
	copied = u.open(t, s, master)
	until(t, "the row after a restart", func() bool { return count(t, copied, "t") == 3 })

	for range 2 {
		must(t, e.Promote(within(t), s))
	}
	for range 2 {
		must(t, e.Unfollow(within(t), s, of))
	}
	exec(t, u.open(t, s, master), "INSERT INTO t VALUES (10)")
	exec(t, db, "INSERT INTO t VALUES (11)")
	if n := count(t, u.open(t, s, master), "t"); n != 4 {
		t.Errorf("%d rows in the promoted server, want 4", n)
	}
	m, err := e.Metrics(within(t), s)
	if err != nil || m.HasLag {
		t.Errorf("a promoted server is a replica: %+v %v", m, err)
	}
	must(t, e.Stop(within(t), s))
	must(t, e.Start(within(t), s))
	exec(t, u.open(t, s, master), "INSERT INTO t VALUES (12)")
}

// testFailover: the server dies or is stopped amid commits, the replica takes its port, and
// has all that were acknowledged. That is known in either case.
func testFailover(t *testing.T, u *under) {
	for how, end := range map[string]func(t *testing.T, e instance.Engine, of instance.Server){
		"killed": func(t *testing.T, e instance.Engine, of instance.Server) {
			ended := e.Ended(of)
			u.Kill(t, of)
			await(t, ended)
		},
		"stopped": func(t *testing.T, e instance.Engine, of instance.Server) { must(t, e.Stop(within(t), of)) },
	} {
		t.Run(how, func(t *testing.T) {
			e, of, _ := u.running(t)
			s := u.follower(t, e, of, true)
			w := u.write(t, of)
			w.more(t)
			until(t, "the replica to be in sync", func() bool { return synced(t, e, s, of) })
			end(t, e, of)
			if !synced(t, e, s, of) {
				t.Error("the replica, which commits waited for, does not count as in sync afterwards")
			}
			s.Port = of.Port
			from := time.Now()
			must(t, e.Promote(within(t), s))
			t.Logf("promoted within %s", time.Since(from).Round(time.Millisecond))
			w.more(t) // at the same port
			w.check(t, u, s)
		})
	}
}

func synced(t testing.TB, e instance.Engine, s, of instance.Server) bool {
	t.Helper()
	ok, err := e.Synced(within(t), s, of)
	must(t, err)
	return ok
}

// testReplicaDies: commits wait for a replica only while it is there.
func testReplicaDies(t *testing.T, u *under) {
	e, of, _ := u.running(t)
	s := u.follower(t, e, of, true)
	w := u.write(t, of)
	w.more(t)
	ended := e.Ended(s)
	u.Kill(t, s)
	await(t, ended)
	w.more(t)
	if synced(t, e, s, of) {
		t.Error("a replica that has died, and lacks what was committed since, counts as in sync")
	}
	must(t, e.Start(within(t), s))
	w.more(t)
	until(t, "the replica to be in sync again", func() bool { return synced(t, e, s, of) })
	must(t, e.Stop(within(t), s))
	w.more(t)
	if synced(t, e, s, of) {
		t.Error("a replica that was stopped counts as in sync")
	}
	must(t, e.Unfollow(within(t), s, of))
	must(t, e.Stop(within(t), of))
	must(t, e.Start(within(t), of))
	w.more(t)
	w.check(t, u, of)
}
