package mariadb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"lethe/instance"
	"lethe/lib/daemon"
)

// A source waits for a standby in two ways. While wait_no_slave is OFF, it stops waiting by
// itself when the standby's connection ends, at a moment that nobody writes down. While it
// is ON, commits wait until the standby is there again: then whatever a client was told is
// at the standby, and that can be written down. It is ON from when a standby has joined
// until one that has ended is given up, which is written down first.

// patience is how long the start of a standby, or of its source, waits until commits wait
// for it. One that takes longer is waited for when it is started the next time.
const patience = 30 * time.Second

// rejoin brings in order, after a start, whom commits wait for: at the source that s
// follows, and at s for those that follow it.
func (e *Engine) rejoin(ctx context.Context, s instance.Server) error {
	r, err := at(s).replica()
	if err != nil {
		return err
	}
	if r != nil && r.Wait && !r.Ending && r.Dir != "" {
		if err := e.join(ctx, s, instance.Server{ID: r.Source, Dir: r.Dir}); err != nil {
			return err
		}
	}
	all, err := at(s).following()
	if err != nil {
		return err
	}
	for _, one := range all {
		standby := instance.Server{ID: one.ID, Dir: one.Dir}
		switch {
		case !one.Wait:
		case e.process(standby) == nil:
			err = e.part(ctx, standby, s)
		default:
			err = e.join(ctx, standby, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// join has of's commits wait for the standby s, writes down when s has all that was
// committed before, and sees to it that they wait no more when s has ended. It is no error
// that one of the two does not run, or that s does not catch up.
func (e *Engine) join(ctx context.Context, s, of instance.Server) error {
	p := e.process(s)
	if p == nil || e.process(of) == nil {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := e.admin(bounded, of, func(source *sql.Conn) error {
		return e.admin(bounded, s, func(c *sql.Conn) error { return e.catchUp(bounded, source, c, s, of) })
	})
	if err == nil {
		e.watch(p, s, of)
		return nil
	}
	if e.process(s) == nil || e.process(of) == nil {
		e.watch(p, s, of) // which begins with what is to be done
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if gave := e.giveUp(ctx, s, of); gave != nil {
		return errors.Join(err, gave)
	}
	e.Log.Warn("Commits do not wait for a standby; it is tried again when it is started", "server", s.ID, "source", of.ID, "err", err)
	return nil
}

// catchUp is what join does while both servers run.
func (e *Engine) catchUp(ctx context.Context, source, standby *sql.Conn, s, of instance.Server) error {
	connected := func() (bool, error) {
		status, err := row(ctx, standby, "SHOW SLAVE STATUS")
		if err != nil || status["Slave_IO_Running"] == "Yes" {
			return err == nil, err
		}
		// It would try again by itself within a second.
		if status["Slave_IO_Running"] == "Connecting" {
			err = execute(ctx, standby, "STOP SLAVE IO_THREAD", "START SLAVE IO_THREAD")
		}
		return false, err
	}
	if err := wait(ctx, 50*time.Millisecond, connected); err != nil {
		return err
	}
	if err := wait(ctx, 3*time.Millisecond, func() (bool, error) { return waits(ctx, source) }); err != nil {
		return err
	}
	if err := e.lead(at(of), func(all map[string]follower) {
		if one, ok := all[s.ID]; ok {
			one.Held = true
			all[s.ID] = one
		}
	}); err != nil {
		return err
	}
	if err := execute(ctx, source, "SET GLOBAL rpl_semi_sync_master_wait_no_slave = ON"); err != nil {
		return err
	}
	// If they had stopped waiting before that, they begin again once the standby has all.
	if err := wait(ctx, 3*time.Millisecond, func() (bool, error) { return waits(ctx, source) }); err != nil {
		return err
	}
	var until string
	if err := source.QueryRowContext(ctx, "SELECT @@GLOBAL.gtid_binlog_pos").Scan(&until); err != nil {
		return err
	}
	last, err := positions(until)
	if err != nil {
		return err
	}
	if err := wait(ctx, 3*time.Millisecond, func() (bool, error) { return received(ctx, standby, last) }); err != nil {
		return err
	}
	return e.lead(at(of), func(all map[string]follower) {
		if one, ok := all[s.ID]; ok && one.Held { // it may have been given up meanwhile
			one.Synced = true
			all[s.ID] = one
		}
	})
}

// wait calls f until it is true.
func wait(ctx context.Context, pause time.Duration, f func() (bool, error)) error {
	for {
		if ok, err := f(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// waits reports whether a running server's commits wait for a standby that is connected.
func waits(ctx context.Context, c *sql.Conn) (bool, error) {
	v, err := column(ctx, c, "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN ('RPL_SEMI_SYNC_MASTER_STATUS', 'RPL_SEMI_SYNC_MASTER_CLIENTS') ORDER BY VARIABLE_NAME")
	return len(v) == 2 && v[0] != "0" && v[1] == "ON", err
}

// received reports whether a replica that runs has the transactions up to the last of each
// domain.
func received(ctx context.Context, c *sql.Conn, last map[uint32]uint64) (bool, error) {
	status, err := row(ctx, c, "SHOW SLAVE STATUS")
	if err != nil {
		return false, err
	}
	has, err := positions(status["Gtid_IO_Pos"])
	if err != nil {
		return false, err
	}
	for domain, seq := range last {
		if has[domain] < seq {
			return false, nil
		}
	}
	return true, nil
}

// positions reads a list of GTIDs, domain-server-number (MariaDB documentation, Global
// Transaction ID), into the last number of each domain.
func positions(list string) (map[uint32]uint64, error) {
	all := map[uint32]uint64{}
	for id := range strings.SplitSeq(list, ",") {
		if id = strings.TrimSpace(id); id == "" {
			continue
		}
		p := strings.Split(id, "-")
		if len(p) != 3 {
			return nil, fmt.Errorf("%q is no GTID", id)
		}
		domain, derr := strconv.ParseUint(p[0], 10, 32)
		seq, serr := strconv.ParseUint(p[2], 10, 64)
		if err := errors.Join(derr, serr); err != nil {
			return nil, fmt.Errorf("%q is no GTID: %w", id, err)
		}
		all[uint32(domain)] = max(all[uint32(domain)], seq)
	}
	return all, nil
}

// forgo has followers, or one of them, waited for no more.
func forgo(all map[string]follower, only ...string) {
	for id, one := range all {
		if len(only) == 0 || id == only[0] {
			one.Held, one.Synced = false, false
			all[id] = one
		}
	}
}

// watch ends waiting for a standby when its process has ended.
func (e *Engine) watch(p *daemon.Process, s, of instance.Server) {
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
			err := e.part(ctx, s, of)
			cancel()
			if err == nil {
				return
			}
			// The source is busy, or about to end, which part finds then.
			time.Sleep(time.Second)
		}
	}()
}

// part ends waiting for a standby that does not run.
func (e *Engine) part(ctx context.Context, s, of instance.Server) error {
	if e.process(s) != nil {
		return nil
	}
	return e.giveUp(ctx, s, of)
}

// giveUp has of's commits wait for s no more, unless it is connected.
func (e *Engine) giveUp(ctx context.Context, s, of instance.Server) error {
	f := at(of)
	if there, err := exists(f.followers()); err != nil || !there {
		return err // the source was deleted
	}
	if err := e.lead(f, func(all map[string]follower) { forgo(all, s.ID) }); err != nil {
		return err
	}
	if e.process(of) == nil {
		return nil
	}
	all, err := f.following()
	if err != nil {
		return err
	}
	return e.admin(ctx, of, func(c *sql.Conn) error { return f.await(ctx, c, all) })
}

// leave ends waiting for a standby that is about to be stopped.
func (e *Engine) leave(ctx context.Context, s instance.Server) error {
	r, err := at(s).replica()
	if r == nil || err != nil || !r.Wait || r.Ending || r.Dir == "" {
		return err
	}
	return e.giveUp(ctx, s, instance.Server{ID: r.Source, Dir: r.Dir})
}

// stilling is how long the commits under way may take before a source ends.
const stilling = 2 * time.Second

// still lets no more be committed at a source that is about to be stopped, and waits until
// the standby has what was. A server that ends lets go of commits that wait, and may tell
// their clients that they are done: where that cannot be kept from happening, the standby
// no longer counts as one that has all.
func (e *Engine) still(ctx context.Context, s instance.Server) error {
	f := at(s)
	all, err := f.following()
	if err != nil {
		return err
	}
	for _, one := range all {
		if !one.Synced {
			continue
		}
		bounded, cancel := context.WithTimeout(ctx, stilling)
		err := e.admin(bounded, s, func(c *sql.Conn) error {
			return execute(bounded, c, fmt.Sprintf("SET SESSION lock_wait_timeout = %d", stilling/time.Second), "SET GLOBAL read_only = ON")
		})
		cancel()
		if err == nil || e.process(s) == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		e.Log.Debug("A server's commits could not be waited for before it was stopped", "server", s.ID, "err", err)
		return e.lead(f, func(all map[string]follower) { forgo(all) })
	}
	return nil
}

// Synced reads what was written down of a standby, and if that is not yes, compares it with
// the logs of its source: what died before it had been waited for may still be there.
func (e *Engine) Synced(ctx context.Context, s, of instance.Server) (bool, error) {
	ok, err := e.synced(ctx, s, of)
	return ok, kind(err)
}

func (e *Engine) synced(ctx context.Context, s, of instance.Server) (ok bool, err error) {
	f := at(s)
	r, err := f.replica()
	if err != nil {
		return false, err
	}
	if r == nil || r.Ending {
		return exists(f.data()) // it was promoted
	}
	if r.Source != of.ID || !r.Wait || !r.Made || e.process(s) == nil {
		return false, nil
	}
	var one follower
	if err := read(at(of).follower(s.ID), &one); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	if e.process(of) != nil {
		if !one.Synced {
			return false, nil
		}
		err := e.admin(ctx, of, func(c *sql.Conn) error {
			ok, err = waits(ctx, c)
			return err
		})
		return ok, err
	}
	if one.Synced {
		return true, nil
	}
	last, err := at(of).committed()
	if err != nil {
		return false, err
	}
	err = e.admin(ctx, s, func(c *sql.Conn) error {
		ok, err = received(ctx, c, last)
		return err
	})
	return ok, err
}
