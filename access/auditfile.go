package access

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// work writes and syncs lines, closes files and deletes old ones.
func (a *Audit) work() {
	t := time.NewTicker(writeEvery)
	defer t.Stop()
	var synced, looked time.Time
	for {
		early := false
		select {
		case <-a.done:
			return
		case <-a.wake:
			early = true
		case <-t.C:
		}
		now := time.Now()
		a.mu.Lock()
		wait := a.failed != nil && now.Before(a.retry)
		if !wait && a.failed == nil {
			if err := a.write(); err != nil {
				a.fail(err)
				wait = true
			}
		}
		a.mu.Unlock()
		if wait || !early && now.Sub(synced) < syncEvery {
			continue
		}
		synced = now
		if a.Sync() != nil {
			continue // it is noted
		}
		a.note(a.turn(now))
		if now.Sub(looked) >= time.Hour {
			looked = now
			a.note(a.Trim(now))
		}
	}
}

// note logs what does not keep lines from being written.
func (a *Audit) note(err error) {
	if err != nil {
		a.o.Log.Warn("the audit's files cannot be put in order", "file", a.path, "error", err)
	}
}

// Flush writes down what was recorded.
func (a *Audit) Flush() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed != nil {
		return a.failed
	}
	if a.closed {
		return nil
	}
	err := a.write()
	if err != nil {
		a.fail(err)
	}
	return err
}

// Sync makes what was recorded durable. It is how a file that failed is tried again.
func (a *Audit) Sync() error {
	a.syncing.Lock()
	defer a.syncing.Unlock()
	return a.sync()
}

func (a *Audit) sync() error {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return nil
	}
	err := a.repair()
	if err == nil {
		err = a.write()
	}
	f, n, seq, idle := a.f, a.written, a.seq, a.written == 0 && a.failed == nil
	a.mu.Unlock()
	if idle {
		return nil
	}
	if err == nil {
		err = f.Sync()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		// What was written since the last sync may be gone even if a later one
		// succeeds: it is written again.
		a.written = 0
		a.fail(err)
		return err
	}
	a.durable += int64(n)
	a.written -= n
	a.pending = append(a.pending[:0], a.pending[n:]...)
	a.move(seq)
	if a.failed != nil {
		a.o.Log.Info("the audit can be written again", "file", a.path, "after", time.Since(a.since).Round(time.Second))
		a.failed = nil
		if a.lost > 0 {
			n := a.lost
			a.lost = 0
			a.add(ownEntry("gap", fmt.Sprintf("%d lines before this one are lost", n)))
		}
	}
	return nil
}

// repair opens the file anew after it failed, and puts it back if somebody has
// removed it. It is called with both locks.
func (a *Audit) repair() error {
	here, err := os.Stat(a.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if err := a.putBack(); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		mine, err := a.f.Stat()
		if err == nil && !os.SameFile(mine, here) {
			return errors.New("another file stands in its place: put the right one back")
		}
		if here.Size() < a.durable {
			return fmt.Errorf("it has %d bytes where %d were written: somebody has cut it", here.Size(), a.durable)
		}
		if a.failed == nil && err == nil {
			return nil
		}
	}
	f, err := a.open(a.path, os.O_RDWR)
	if err != nil {
		return err
	}
	_ = a.f.Close() // what it did not keep is written again
	a.f, a.written = f, 0
	return nil
}

// putBack makes a file that was removed again, from the one that is still open.
func (a *Audit) putBack() error {
	a.o.Log.Error("somebody has removed the audit's file; it is put back", "file", a.path)
	f, err := os.OpenFile(a.path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.NewSectionReader(a.f, 0, a.durable))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(a.path+".new", a.path)
}

// turn closes the file and begins another, if it is time to.
func (a *Audit) turn(now time.Time) error {
	a.syncing.Lock()
	defer a.syncing.Unlock()
	a.mu.Lock()
	due := a.failed == nil && !a.closed && !a.begun.IsZero() &&
		(a.durable >= a.o.Size || now.UTC().Format(time.DateOnly) > a.begun.Format(time.DateOnly))
	a.mu.Unlock()
	if !due {
		return nil
	}
	if err := a.sync(); err != nil { // most of it without the lock that decisions wait for
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.write(); err != nil {
		return err
	}
	if err := a.f.Sync(); err != nil {
		a.written = 0
		return err
	}
	next, err := a.open(a.path+".new", os.O_CREATE|os.O_TRUNC|os.O_RDWR)
	if err != nil {
		return err
	}
	older := rotatedName(a.path, a.seq)
	if err := os.Rename(a.path, older); err != nil {
		return errors.Join(err, next.Close())
	}
	if err := os.Rename(a.path+".new", a.path); err != nil {
		return errors.Join(err, os.Rename(older, a.path), next.Close())
	}
	err = errors.Join(a.f.Close(), syncDir(filepath.Dir(a.path)))
	a.f, a.durable, a.pending, a.written, a.begun = next, 0, nil, 0, time.Time{}
	a.move(a.seq)
	return err
}

// move tells who waits that lines up to seq are durable.
func (a *Audit) move(seq int64) {
	if seq > a.synced {
		a.synced = seq
		close(a.moved)
		a.moved = make(chan struct{})
	}
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Trim deletes the closed files whose last line is older than they are to be kept, after
// the chain has told of it. Files that were not shipped yet stay.
func (a *Audit) Trim(now time.Time) error {
	if a.o.Keep <= 0 {
		return nil
	}
	files, err := auditFiles(a.path)
	if err != nil {
		return err
	}
	for _, file := range files {
		end, err := lastLineOf(file)
		if err != nil {
			return err
		}
		if end.text == nil || now.Sub(end.time) < a.o.Keep || a.held(lastSeqOf(file)) {
			return nil // and so are all that follow
		}
		a.mu.Lock()
		a.add(ownEntry("retention", trimmed(lastSeqOf(file), lineHash(end.text))))
		a.mu.Unlock()
		if err := a.Sync(); err != nil {
			return err
		}
		if err := errors.Join(os.Remove(file), syncDir(filepath.Dir(file))); err != nil {
			return err
		}
	}
	return nil
}

// held reports whether a line must not be deleted yet.
func (a *Audit) held(seq int64) bool { return seq > a.hold.Load() }

// Close writes and closes the file, and returns the error if that fails.
func (a *Audit) Close() error {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return nil
	}
	a.mu.Unlock()
	close(a.done)
	a.end.Wait()
	err := a.Sync()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	return errors.Join(err, a.f.Close())
}

// AuditStatus tells how the audit does.
type AuditStatus struct {
	// Failed is why it cannot be written, since when; nil if it can.
	Failed error
	Since  time.Time
	// Refusing says that decisions are refused for it.
	Refusing bool
	Seq      int64 // of the last line
	Waiting  int   // bytes that are not synced
	Lost     int64 // lines since the start that found no room
}

// Status tells how the audit does.
func (a *Audit) Status() AuditStatus {
	a.mu.Lock()
	defer a.mu.Unlock()
	return AuditStatus{Failed: a.failed, Since: a.since, Refusing: a.failed != nil && !a.o.Continue, Seq: a.seq, Waiting: len(a.pending), Lost: a.allLost}
}
