package duckdb

import (
	"context"
	"errors"
	"os"
	"runtime"
	"time"
)

// nativeFile is a session's copy of its file in DuckDB's own format.
const nativeFile = workDir + "/native.db"

// nativeFrom is the size of a file, in bytes, from which on it is worth a copy; and
// nativeAfter how long nothing must be asked after the first question before it is begun:
// a page that opens asks more than one.
const (
	nativeFrom  = 1 << 20
	nativeAfter = time.Second
)

// native copies the file to a table of DuckDB's own, in the session's directory, which
// answers in half of the time. Until then the file answers, and if there is no place for
// the copy, it goes on.
func (a *answering) native(ctx context.Context, c copier, d *database) {
	if !a.calm(ctx) {
		return
	}
	made := make(chan error, 1)
	go func() { made <- c.copy(ctx) }()
	err := <-made
	if err == nil {
		err = d.exec(ctx, "ATTACH "+quote(nativeFile)+" AS native (READ_ONLY)")
	}
	if err == nil {
		err = d.exec(ctx, "CREATE OR REPLACE VIEW "+sessionTable+" AS SELECT * FROM native.main.extract")
	}
	if err != nil {
		_ = d.exec(ctx, "DETACH native") // it may not be there
		_ = os.Remove(nativeFile)        // the directory goes with the session
		_ = os.Remove(nativeFile + ".wal")
	}
}

// calm waits until nothing has been asked for a while since the first question. It is
// false if ctx ends before.
func (a *answering) calm(ctx context.Context) bool {
	tick := time.NewTicker(nativeAfter / 10)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		a.mu.Lock()
		now := len(a.running) == 0 && !a.last.IsZero() && time.Since(a.last) >= nativeAfter
		a.mu.Unlock()
		if now {
			return true
		}
	}
}

// copier makes the copy, with a DuckDB of its own: it has to be opened before the worker
// is confined.
type copier struct {
	*database
	settings
}

// copy takes seconds of a processor, on the caller's thread alone, which gives way to all
// others: questions are answered meanwhile as fast as without it. It must be called once, in
// a goroutine that ends then, with its thread.
func (c copier) copy(ctx context.Context) (err error) {
	runtime.LockOSThread()
	if err := giveWay(); err != nil {
		return err
	}
	d, s := c.database, c.settings
	// What is in the copy's log goes into the copy when it is closed.
	defer func() { err = errors.Join(err, d.conn.Close(), d.db.Close()) }()
	s.Threads, s.Memory = 1, s.Memory/4
	if err := d.lockDown(ctx, s); err != nil {
		return err
	}
	if err := d.exec(ctx, "ATTACH "+quote(nativeFile)+" AS native"); err != nil {
		return err
	}
	return d.exec(ctx, "CREATE TABLE native.main.extract AS SELECT * FROM read_parquet("+quote(sessionPath)+", hive_partitioning=false)")
}
