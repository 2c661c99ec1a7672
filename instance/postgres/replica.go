package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"lethe"
	"lethe/instance"
	"lethe/lib/daemon"
)

// leader is replica.json of a replica. It counts while the cluster says that it is one.
type leader struct {
	Dir  string // the other server's folder
	Slot string // at the other, and the name that it knows the replica by
	Wait bool
}

// follower is one of followers.json of a server that has replicas, by the slot's name.
type follower struct {
	Dir  string // the replica's folder
	Wait bool   // commits wait for it while it is there
	In   bool   // it is there: commits wait now, or from the next reading of the configuration on
	// Synced is true from when it has all that was committed, and commits wait, until before
	// they wait no more.
	Synced bool `json:",omitempty"`
}

// out is the follower that nobody waits for.
func (f follower) out() follower {
	f.In, f.Synced = false, false
	return f
}

const (
	replicaFile   = "replica.json"
	followersFile = "followers.json"
	waiting       = "sync.conf" // in conf/, of the server that waits
)

// slot is the name of a replica's slot.
func slot(s instance.Server) string {
	id := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, s.ID)
	return ("lethe_" + id)[:min(63, len("lethe_")+len(id))]
}

// follows returns whom a replica follows; ok is false for a server of its own.
func follows(s instance.Server) (l leader, ok bool, err error) {
	_, err = os.Lstat(filepath.Join(data(s), "standby.signal"))
	if errors.Is(err, fs.ErrNotExist) {
		return l, false, nil
	}
	if err != nil {
		return l, false, err
	}
	err = load(s, replicaFile, &l)
	return l, l.Dir != "" && err == nil, err
}

// following adds to the settings what makes a replica of a server.
func following(s instance.Server, all map[string]string) error {
	l, ok, err := follows(s)
	if !ok || err != nil {
		return err
	}
	here, err := filepath.EvalSymlinks(filepath.Dir(s.Dir))
	if err != nil {
		return err
	}
	there, err := filepath.EvalSymlinks(l.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was deleted: there is nothing to follow
	}
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(here, there)
	if err != nil {
		return err
	}
	// The server works in data/; the path of a socket has 107 bytes at most.
	host := "/proc/self/cwd/../../" + rel + "/run"
	if n := len(host) + 1 + len(socket); n > 107 {
		return lethe.Errorf(lethe.Unsupported, "the way from %s to %s is too long for a socket", s.Dir, l.Dir)
	}
	in := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace
	all["primary_conninfo"] = fmt.Sprintf("host='%s' port=1 user=%s application_name='%s' connect_timeout=10", in(host), admin, l.Slot)
	all["primary_slot_name"] = l.Slot
	return nil
}

// mark returns the server with the settings that it needs to read another's log, if it is
// a replica.
func (e *Engine) mark(ctx context.Context, i install, u daemon.User, s instance.Server) (instance.Server, error) {
	if _, ok, err := follows(s); !ok || err != nil {
		return s, err
	}
	floor, err := control(ctx, i, u, s)
	if err != nil {
		return s, err
	}
	return raise(s, floor)
}

// Follow copies the other server while it works.
func (e *Engine) Follow(ctx context.Context, s, of instance.Server, wait bool) error {
	defer e.held(s)()
	return class(s, e.follow(ctx, s, of, wait))
}

func (e *Engine) follow(ctx context.Context, s, of instance.Server, wait bool) error {
	i, err := e.of(ctx, s.Version)
	if err != nil {
		return err
	}
	u, err := e.user()
	if err != nil {
		return err
	}
	l := leader{Dir: of.Dir, Slot: slot(s), Wait: wait}
	if done, err := isMade(s); err != nil {
		return err
	} else if done {
		was, ok, err := follows(s)
		if err != nil {
			return err
		}
		if !ok || was.Dir != of.Dir {
			return lethe.Errorf(lethe.Conflict, "the server %s has data of its own", s.ID)
		}
		if was == l {
			return nil
		}
	}
	// It is written down before it is there, so that a start of the other removes what
	// nobody has come for.
	err = e.lead(of, func(all map[string]follower) {
		was := all[l.Slot]
		all[l.Slot] = follower{Dir: s.Dir, Wait: wait, In: was.In && wait, Synced: was.Synced && wait}
	})
	if err != nil {
		return err
	}
	if done, err := isMade(s); err != nil {
		return err
	} else if done {
		return save(s, replicaFile, l)
	}
	err = run(ctx, of, "SELECT pg_create_physical_replication_slot($1, true) WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1)", l.Slot)
	if err != nil {
		return err
	}
	if err := prepare(s, u); err != nil {
		return err
	}
	if err := e.anew(ctx, s, u); err != nil {
		return err
	}
	tool := i.tool(u, of, "pg_basebackup", "-h", "/proc/self/cwd/run", "-p", "1", "-U", admin, "-w", "-D", data(s), "-X", "stream", "-S", l.Slot, "-c", "fast", "--no-sync", "-l", "lethe")
	if i.major >= 13 {
		tool.Args = append(tool.Args, "--no-manifest")
	}
	if _, err := tool.Run(ctx); err != nil {
		return err
	}
	c := i.tool(u, s, "/bin/sh", "-c", ": >postgresql.auto.conf && : >standby.signal")
	c.Dir = data(s)
	if _, err := c.Run(ctx); err != nil {
		return err
	}
	if err := save(s, replicaFile, l); err != nil {
		return err
	}
	return finish(s)
}

// Unfollow ends waiting for the replica and removes its slot. If the other does not run,
// its next start does.
func (e *Engine) Unfollow(ctx context.Context, s, of instance.Server) error {
	return class(s, e.unfollow(ctx, s, of))
}

func (e *Engine) unfollow(ctx context.Context, s, of instance.Server) error {
	if _, err := os.Lstat(of.Dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	name := slot(s)
	if err := e.lead(of, func(all map[string]follower) { delete(all, name) }); err != nil {
		return err
	}
	if _, err := daemon.Adopt(pidFile(of)); errors.Is(err, daemon.ErrNotRunning) {
		return nil
	}
	return query(ctx, of, func(c *pgx.Conn) error {
		if err := reload(ctx, c); err != nil {
			return err
		}
		return drop(ctx, c, name)
	})
}

// drop removes a slot, and ends the replica's connection that has it.
func drop(ctx context.Context, c *pgx.Conn, name string) error {
	for {
		var pid *int
		err := c.QueryRow(ctx, "SELECT active_pid FROM pg_replication_slots WHERE slot_name = $1", name).Scan(&pid)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if pid != nil {
			if _, err := c.Exec(ctx, "SELECT pg_terminate_backend($1)", *pid); err != nil {
				return err
			}
		} else if _, err := c.Exec(ctx, "SELECT pg_drop_replication_slot($1)", name); err == nil {
			return nil
		}
		// The replica may have come again meanwhile.
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// lead changes whom a server has as replicas, and for which of them it waits from the
// next reading of its configuration on.
func (e *Engine) lead(of instance.Server, change func(map[string]follower)) error {
	e.leading.Lock()
	defer e.leading.Unlock()
	all := map[string]follower{}
	if err := load(of, followersFile, &all); err != nil {
		return err
	}
	before := maps.Clone(all)
	change(all)
	u, err := e.user()
	if err != nil {
		return err
	}
	if !maps.Equal(before, all) {
		if err := save(of, followersFile, all); err != nil {
			return err
		}
	}
	var in []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name].Wait && all[name].In {
			in = append(in, `"`+name+`"`)
		}
	}
	text := ""
	if len(in) > 0 {
		text = fmt.Sprintf("synchronous_standby_names = 'FIRST %d (%s)'\n", len(in), strings.Join(in, ", "))
	}
	return put(u, filepath.Join(of.Dir, "conf", waiting), []byte(text))
}

// reconcile brings in order, after a start, what concerns other servers: those that
// follow this one, and the one that it follows.
func (e *Engine) reconcile(ctx context.Context, s instance.Server) error {
	l, replica, err := follows(s)
	if err != nil {
		return err
	}
	if replica && l.Wait {
		if err := e.join(ctx, s, l); err != nil {
			return err
		}
	}
	all := map[string]follower{}
	if err := load(s, followersFile, &all); err != nil {
		return err
	}
	// Those that have gone are not waited for; those that run are, once they have come.
	for name, f := range all {
		r := instance.Server{ID: name, Dir: f.Dir}
		if _, err := daemon.Adopt(pidFile(r)); errors.Is(err, daemon.ErrNotRunning) {
			if err := e.part(ctx, s, name); err != nil {
				return err
			}
		} else if f.Wait && err == nil {
			if err := e.join(ctx, r, leader{Dir: s.Dir, Slot: name, Wait: true}); err != nil {
				return err
			}
		}
	}
	return query(ctx, s, func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, "SELECT slot_name FROM pg_replication_slots WHERE NOT temporary AND slot_type = 'physical' AND starts_with(slot_name, 'lethe_')")
		if err != nil {
			return err
		}
		slots, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, name := range slots {
			if _, ok := all[name]; !ok {
				if err := drop(ctx, c, name); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// patience is how long a start waits for a replica to have caught up. A replica that takes
// longer is waited for after the next start.
const patience = 30 * time.Second

// join has the server that s follows wait for s, once s has caught up, and sees to it that
// it does so no longer when s has ended.
func (e *Engine) join(ctx context.Context, s instance.Server, l leader) error {
	of := instance.Server{ID: "the followed server", Dir: l.Dir}
	if _, err := daemon.Adopt(pidFile(of)); err != nil {
		if errors.Is(err, daemon.ErrNotRunning) {
			return nil
		}
		return err
	}
	p, err := daemon.Adopt(pidFile(s))
	if errors.Is(err, daemon.ErrNotRunning) {
		return nil
	}
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	waited := false
	err = query(bounded, of, func(c *pgx.Conn) error {
		for {
			var there bool
			err := c.QueryRow(bounded, "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE application_name = $1 AND state = 'streaming')", l.Slot).Scan(&there)
			if err != nil {
				return err
			}
			if there {
				break
			}
			if err := pause(bounded); err != nil {
				return err
			}
		}
		err := e.lead(of, func(all map[string]follower) {
			if f, ok := all[l.Slot]; ok {
				f.In = true
				all[l.Slot] = f
			}
		})
		if err != nil {
			return err
		}
		waited = true
		// Commits wait when the checkpointer has read that. It has got its signal when the
		// server reads its configuration a second time, and heeds that before it works.
		if err := errors.Join(reload(bounded, c), reload(bounded, c)); err != nil {
			return err
		}
		if _, err := c.Exec(bounded, "CHECKPOINT"); err != nil {
			return err
		}
		return e.catchUp(bounded, c, of, s, l.Slot)
	})
	if waited {
		e.watch(p, of, l.Slot)
	}
	if err == nil || ctx.Err() == nil && bounded.Err() != nil {
		return nil // or it has not caught up
	}
	// The other may be about to end.
	if _, gone := daemon.Adopt(pidFile(of)); errors.Is(gone, daemon.ErrNotRunning) {
		return nil
	}
	return err
}

// catchUp waits until a replica, which commits wait for by now, has what was committed
// before they did, and writes that down.
func (e *Engine) catchUp(ctx context.Context, c *pgx.Conn, of, s instance.Server, slot string) error {
	var end string
	if err := c.QueryRow(ctx, "SELECT pg_current_wal_flush_lsn()::text").Scan(&end); err != nil {
		return err
	}
	for {
		var has bool
		err := c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE application_name = $1 AND sync_state = 'sync' AND flush_lsn >= $2::text::pg_lsn)", slot, end).Scan(&has)
		if err != nil {
			return err
		}
		if has {
			break
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
	return e.lead(of, func(all map[string]follower) {
		// It may have been given up meanwhile.
		if f := all[slot]; f.In {
			f.Synced = true
			all[slot] = f
		}
	})
}

// Synced reads what was written down of a replica: of may be dead.
func (e *Engine) Synced(ctx context.Context, s, of instance.Server) (bool, error) {
	l, ok, err := follows(s)
	if err != nil {
		return false, class(s, err)
	}
	if !ok {
		return isMade(s) // it was promoted
	}
	all := map[string]follower{}
	if err := load(of, followersFile, &all); err != nil {
		return false, class(s, err)
	}
	f := all[slot(s)]
	return l.Dir == of.Dir && f.Wait && f.In && f.Synced, nil
}

// watch ends waiting for a replica when its process has ended.
func (e *Engine) watch(p *daemon.Process, of instance.Server, name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.watched[p] {
		return
	}
	e.watched[p] = true
	go func() {
		<-p.Done()
		e.mu.Lock()
		delete(e.watched, p)
		e.mu.Unlock()
		for {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			err := e.part(ctx, of, name)
			cancel()
			if err == nil {
				return
			}
			// The server is busy, or about to end, which part finds then.
			time.Sleep(time.Second)
		}
	}()
}

// part ends waiting for a replica that does not run.
func (e *Engine) part(ctx context.Context, of instance.Server, name string) error {
	out := false
	err := e.lead(of, func(all map[string]follower) {
		f, ok := all[name]
		if !ok {
			return
		}
		if _, err := daemon.Adopt(pidFile(instance.Server{Dir: f.Dir})); errors.Is(err, daemon.ErrNotRunning) {
			all[name] = f.out()
			out = true
		}
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the other was deleted
	}
	if err != nil || !out {
		return err
	}
	if _, err := daemon.Adopt(pidFile(of)); errors.Is(err, daemon.ErrNotRunning) {
		return nil
	}
	return query(ctx, of, func(c *pgx.Conn) error { return reload(ctx, c) })
}

// leave ends waiting for a replica that is about to be stopped.
func (e *Engine) leave(ctx context.Context, s instance.Server) error {
	l, ok, err := follows(s)
	if !ok || err != nil || !l.Wait {
		return err
	}
	of := instance.Server{ID: "the followed server", Dir: l.Dir}
	if _, err := os.Lstat(of.Dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err = e.lead(of, func(all map[string]follower) {
		if f, ok := all[l.Slot]; ok {
			all[l.Slot] = f.out()
		}
	})
	if err != nil {
		return err
	}
	if _, err := daemon.Adopt(pidFile(of)); errors.Is(err, daemon.ErrNotRunning) {
		return nil
	}
	return query(ctx, of, func(c *pgx.Conn) error { return reload(ctx, c) })
}

// Promote ends recovery, and has the server listen at s.Port.
func (e *Engine) Promote(ctx context.Context, s instance.Server) error {
	defer e.held(s)()
	return class(s, e.promote(ctx, s))
}

func (e *Engine) promote(ctx context.Context, s instance.Server) error {
	i, err := e.of(ctx, s.Version)
	if err != nil {
		return err
	}
	u, err := e.user()
	if err != nil {
		return err
	}
	p, err := daemon.Adopt(pidFile(s))
	if errors.Is(err, daemon.ErrNotRunning) {
		raised, err := e.mark(ctx, i, u, s)
		if err != nil {
			return err
		}
		if p, err = e.launch(ctx, i, u, raised, mode{}); err != nil {
			return err
		}
	} else if err != nil {
		return err
	} else if err := ready(ctx, s, p, 0); err != nil {
		return err
	}
	err = query(ctx, s, func(c *pgx.Conn) error {
		var replica bool
		if err := c.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&replica); err != nil || !replica {
			return err
		}
		if _, err := c.Exec(ctx, "SELECT pg_promote(false)"); err != nil {
			return err
		}
		for replica {
			if err := c.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&replica); err != nil {
				return err
			}
			if err := pause(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	// The cluster itself says now that it is no replica.
	if err := os.Remove(filepath.Join(s.Dir, replicaFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	port, err := listens(s)
	if err != nil {
		return err
	}
	if port == s.Port {
		_, err := e.apply(ctx, s)
		return err
	}
	// No client is there for whom a checkpoint before would shorten the outage.
	if err := shut(ctx, p); err != nil {
		return err
	}
	_, err = e.launch(ctx, i, u, s, mode{})
	return err
}

// listens returns the port of a running server (pidfile.h).
func listens(s instance.Server) (int, error) {
	text, err := os.ReadFile(filepath.Join(data(s), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	l := strings.Split(string(text), "\n")
	if len(l) < 4 {
		return 0, fmt.Errorf("postmaster.pid has %d lines", len(l))
	}
	return strconv.Atoi(strings.TrimSpace(l[3]))
}
