package access

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lethe"
)

// disk is a file system with room for so many bytes, whose syncs may fail: then what
// was not synced is gone, as a kernel may have it.
type disk struct {
	mu    sync.Mutex
	room  int64 // of a file
	sync  error
	files int // opened
}

type faulty struct {
	*os.File
	d       *disk
	durable int64
}

func (d *disk) open(path string, flag int) (auditFile, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	d.files++
	return &faulty{f, d, info.Size()}, nil
}

func (d *disk) set(room int64, sync error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room, d.sync = room, sync
}

func (f *faulty) WriteAt(b []byte, off int64) (int, error) {
	f.d.mu.Lock()
	room := f.d.room
	f.d.mu.Unlock()
	if n := max(room-off, 0); n < int64(len(b)) {
		if _, err := f.File.WriteAt(b[:n], off); err != nil {
			return 0, err
		}
		return int(n), syscall.ENOSPC
	}
	return f.File.WriteAt(b, off)
}

func (f *faulty) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.d.sync != nil {
		return errors.Join(f.d.sync, f.File.Truncate(f.durable))
	}
	info, err := f.File.Stat()
	if err == nil {
		f.durable = info.Size()
	}
	return err
}

// heal has the audit try its file until it can be written.
func heal(t *testing.T, a *Audit) {
	t.Helper()
	for end := time.Now().Add(time.Minute); a.Sync() != nil; {
		if time.Now().After(end) {
			t.Fatal(a.Status())
		}
	}
}

func line(principal, event string) Entry {
	return Entry{Event: event, Principal: principal, Action: "s3:GetObject", Resource: "*", Outcome: "allowed"}
}

func TestWhatIsNotRecordedDoesNotHappen(t *testing.T) {
	for name, fault := range map[string]func(*disk, *Audit){
		"full": func(d *disk, a *Audit) {
			d.set(3000, nil)
			for i := 0; a.Flush() == nil; i++ { // a line is cut off
				_ = a.record(line(lethe.UserARN("ada"), "decision"), false)
			}
		},
		"sync": func(d *disk, a *Audit) {
			_ = a.record(line(lethe.UserARN("ada"), "decision"), false)
			d.set(1<<40, syscall.EIO)
			if a.Sync() == nil {
				panic("a sync that fails succeeded")
			}
		},
	} {
		for _, goOn := range []bool{false, true} {
			t.Run(fmt.Sprint(name, goOn), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "audit.jsonl")
				d := &disk{room: 1 << 40}
				a, err := AuditOptions{Continue: goOn}.openBy(path, d.open)
				if err != nil {
					t.Fatal(err)
				}
				for range 3 {
					if err := a.record(line(lethe.UserARN("ada"), "decision"), true); err != nil {
						t.Fatal(err)
					}
				}
				fault(d, a)
				// Work of the lake's own is not stopped, people are, and a change that
				// was made waits.
				if err := a.record(line(lethe.System.ARN, "decision"), true); err != nil {
					t.Error(err)
				}
				for _, urgent := range []bool{true, false} {
					err := a.record(line(lethe.UserARN("bob"), "decision"), urgent)
					if (err == nil) != goOn {
						t.Error(err)
					}
					if !goOn && (!lethe.Is(err, lethe.Exhausted) || strings.Contains(err.Error(), path) || !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EIO)) {
						t.Error(err)
					}
				}
				_ = a.record(line(lethe.UserARN("bob"), "change"), true)
				if s := a.Status(); s.Failed == nil || s.Refusing == goOn || s.Waiting == 0 {
					t.Errorf("%+v", s)
				}
				// What is in the files can be read, and once they can be written all is there.
				if _, err := a.Read(t.Context(), AuditQuery{}); err != nil {
					t.Error(err)
				}
				d.set(1<<40, nil)
				heal(t, a)
				if err := a.record(line(lethe.UserARN("ada"), "decision"), true); err != nil {
					t.Error(err)
				}
				s := a.Status()
				if s.Failed != nil || s.Lost != 0 {
					t.Errorf("%+v", s)
				}
				page, err := a.Read(t.Context(), AuditQuery{Principal: "bob", Limit: 10})
				if err != nil || len(page.Entries) != 3 || page.Entries[0].Event != "change" || (page.Entries[1].Outcome == "allowed") != goOn {
					t.Errorf("%+v %v", page, err)
				}
				if err := a.Close(); err != nil {
					t.Fatal(err)
				}
				if c, err := VerifyAudit(path); err != nil || c.Lines != s.Seq {
					t.Error(c, err)
				}
				if err := a.record(line(lethe.UserARN("ada"), "decision"), false); !lethe.Is(err, lethe.Exhausted) {
					t.Error("closed, and the answer is", err)
				}
			})
		}
	}
}

// Lines that have no room any more are counted, and a line tells of them.
func TestLostLinesAreTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	d := &disk{room: 1 << 40}
	a, err := AuditOptions{Continue: true}.openBy(path, d.open)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	a.room = 2000
	d.set(0, nil)
	for range 100 {
		if err := a.record(line(lethe.UserARN("ada"), "decision"), true); err != nil {
			t.Fatal(err)
		}
	}
	lost := a.Status().Lost
	d.set(1<<40, nil)
	heal(t, a)
	if err := a.record(line(lethe.UserARN("bob"), "decision"), true); err != nil {
		t.Fatal(err)
	}
	page, err := a.Read(t.Context(), AuditQuery{Event: "gap"})
	if err != nil || lost < 80 || len(page.Entries) != 1 || !strings.HasPrefix(page.Entries[0].Reason, fmt.Sprint(lost, " lines")) {
		t.Error(lost, page, err)
	}
	if _, err := VerifyAudit(path); err != nil {
		t.Error(err)
	}
}

// TestKilledAnywhere cuts the file at each byte of its last lines, as the end of a
// process does, and adds what a disk may: the next start goes on with a whole chain.
func TestKilledAnywhere(t *testing.T) {
	first := filepath.Join(t.TempDir(), "audit.jsonl")
	record(t, first, 5)
	text, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for cut := len(text); cut > len(text)-600 && cut > 0; cut -= 1 + rand.IntN(7) {
		path := filepath.Join(dir, "audit.jsonl")
		if err := os.WriteFile(path, append(bytes.Clone(text[:cut]), make([]byte, rand.IntN(3))...), 0o600); err != nil {
			t.Fatal(err)
		}
		whole := int64(bytes.Count(text[:cut], []byte("\n")))
		a, err := OpenAudit(path)
		if err != nil {
			t.Fatal(cut, err)
		}
		if err := errors.Join(a.record(line(lethe.UserARN("ada"), "decision"), false), a.Close()); err != nil {
			t.Fatal(err)
		}
		c, err := VerifyAudit(path)
		if err != nil || c.Lines != whole+1 && c.Lines != whole+2 {
			t.Fatalf("cut at %d of %d: %+v %v, had %d", cut, len(text), c, err, whole)
		}
	}
}

func TestARemovedFileIsPutBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	a, err := OpenAudit(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for i := range 5 {
		if err := errors.Join(a.record(line(lethe.UserARN("ada"), "decision"), true), a.Sync()); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	if c, err := VerifyAudit(path); err != nil || c.Lines != 5 {
		t.Fatal(c, err)
	}
	// Another file in its place is nothing to write into.
	if err := errors.Join(os.Rename(path, path+".mine"), os.WriteFile(path, bytes.Repeat([]byte("x\n"), 10_000), 0o600)); err != nil {
		t.Fatal(err)
	}
	_ = a.record(line(lethe.UserARN("ada"), "decision"), true)
	if err := a.Sync(); err == nil {
		t.Fatal("written to another file")
	}
	if err := a.record(line(lethe.UserARN("ada"), "decision"), true); !lethe.Is(err, lethe.Exhausted) {
		t.Error(err)
	}
	if err := os.Rename(path+".mine", path); err != nil {
		t.Fatal(err)
	}
	heal(t, a)
	if c, err := VerifyAudit(path); err != nil || c.Lines != 7 {
		t.Fatal(c, err)
	}
}

func TestFilesEndWithTheDayAndAreDeletedInTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	a, err := AuditOptions{Keep: 30 * 24 * time.Hour}.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for range 3 {
		if err := errors.Join(a.record(line(lethe.UserARN("ada"), "decision"), true), a.turn(time.Now().Add(24*time.Hour))); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(a.record(line(lethe.UserARN("ada"), "decision"), true), a.turn(time.Now())); err != nil {
		t.Fatal(err)
	}
	if c, err := VerifyAudit(path); err != nil || c.Files != 4 || c.Lines != 4 {
		t.Fatal(c, err)
	}
	if err := a.Trim(time.Now().Add(29 * 24 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	a.hold.Store(2) // the second line has been shipped
	if err := a.Trim(time.Now().Add(31 * 24 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	c, err := VerifyAudit(path)
	if err != nil || c.Files != 2 || c.Lines != 4 { // two lines of retention
		t.Fatal(c, err)
	}
	// A file that somebody deleted is told from one that the audit has.
	files, err := auditFiles(path)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	if c, err := VerifyAudit(path); !lethe.Is(err, lethe.BadData) {
		t.Error(c, err)
	}
}

// Lines come from everywhere at once while files are closed.
func TestManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	a, err := AuditOptions{Size: 10_000}.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 200 {
				if err := a.record(line(lethe.UserARN("ada"), "decision"), n%3 == 0); err != nil {
					t.Error(err)
				}
				switch {
				case i == 0 && n%10 == 0:
					if err := errors.Join(a.Sync(), a.turn(time.Now())); err != nil {
						t.Error(err)
					}
				case i == 1 && n%20 == 0:
					if _, err := a.Read(t.Context(), AuditQuery{Limit: 30}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err := VerifyAudit(path); err != nil || c.Lines != 1600 || c.Files < 5 {
		t.Fatal(c, err)
	}
}
