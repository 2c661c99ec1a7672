package access

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/lib/policy"
)

// flushEvery bounds how much of the audit a crash can lose.
const flushEvery = 200 * time.Millisecond

// rotateAt is the size at which the audit begins another file.
const rotateAt = 64 << 20

// Audit is the record of what was decided and changed: lines of JSON, each with the
// hash of the line before it, so that none can be altered, taken out or put in
// without breaking the chain (VerifyAudit).
//
//	{"seq":17,"time":"...","event":"decision","request_id":"...","source_ip":"127.0.0.1","principal":"arn:...",
//	 "action":"s3:GetObject","resource":"arn:...","outcome":"denied","reason":"NotAllowed","prev":"9f86d0..."}
//
// When the file audit.jsonl has grown to 64 MiB it is renamed to
// audit-<its last seq>.jsonl, and the chain goes on in a new one. Nothing deletes
// these files.
//
// The audit holds no secrets. The keys of objects, which may hold names of persons,
// are hidden: each part between slashes is replaced by a keyed hash of it. Whoever has
// the lake's key can find a known name (HideObjectKey); without it nobody can read
// or guess one, and nobody at all once the key is destroyed.
//
// Lines are buffered for up to a fifth of a second. A nil Audit records nothing.
type Audit struct {
	path string
	key  []byte // hides the keys of objects
	most int64  // size of a file

	mu   sync.Mutex
	f    *os.File
	w    *bufio.Writer
	size int64
	seq  int64
	prev string
	err  error // the first failed write; reported by Close
	done chan struct{}
	end  sync.WaitGroup
}

// Entry is a line of the audit.
type Entry struct {
	Seq       int64     `json:"seq"`
	Time      time.Time `json:"time"`
	Event     string    `json:"event"` // decision, change or login
	Request   string    `json:"request_id,omitempty"`
	Source    string    `json:"source_ip,omitempty"` // address of the client
	Principal string    `json:"principal"`
	Session   string    `json:"session,omitempty"` // access key id of temporary credentials
	Action    string    `json:"action"`
	Resource  string    `json:"resource"`
	Outcome   string    `json:"outcome"` // allowed or denied; of changes done or failed
	Reason    string    `json:"reason,omitempty"`
	Policy    string    `json:"policy,omitempty"` // that decided
	Statement string    `json:"statement,omitempty"`
	Prev      string    `json:"prev"` // SHA-256 of the line before, in hex; of the first, 64 zeros
}

var firstPrev = strings.Repeat("0", 64)

// OpenAudit opens or makes the file, for appending. The rest of a line that a crash
// cut off is removed: nothing was answered on its word.
func OpenAudit(path string) (*Audit, error) {
	a := &Audit{path: path, most: rotateAt, prev: firstPrev, done: make(chan struct{})}
	if err := a.open(); err != nil {
		return nil, err
	}
	a.end.Go(a.flush)
	return a, nil
}

// open opens the current file and finds the end of the chain.
func (a *Audit) open() error {
	f, err := os.OpenFile(a.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	end, err := lastLine(f)
	if err != nil {
		f.Close()
		return fmt.Errorf("audit %s: %w", a.path, err)
	}
	if end.text == nil {
		// An empty file follows the latest that was closed.
		if older, err := auditFiles(a.path); err != nil {
			f.Close()
			return err
		} else if len(older) > 0 {
			if end, err = lastLineOf(older[len(older)-1]); err != nil {
				f.Close()
				return fmt.Errorf("audit %s: %w", older[len(older)-1], err)
			}
			end.offset = 0
		}
	}
	if end.text != nil {
		a.prev = lineHash(end.text)
		var e Entry
		// Lines of older versions have no number; theirs is 0.
		if err := json.Unmarshal(end.text, &e); err == nil {
			a.seq = e.Seq
		}
	}
	if err := f.Truncate(end.offset); err != nil {
		f.Close()
		return err
	}
	if _, err := f.Seek(end.offset, 0); err != nil {
		f.Close()
		return err
	}
	a.f, a.w, a.size = f, bufio.NewWriterSize(f, 64<<10), end.offset
	return nil
}

func (a *Audit) flush() {
	t := time.NewTicker(flushEvery)
	defer t.Stop()
	for {
		select {
		case <-a.done:
			return
		case <-t.C:
			a.mu.Lock()
			a.keep(a.w.Flush())
			a.mu.Unlock()
		}
	}
}

// Flush writes down what was recorded.
func (a *Audit) Flush() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keep(a.w.Flush())
	return a.err
}

func (a *Audit) keep(err error) {
	if a.err == nil {
		a.err = err
	}
}

// record appends an entry.
func (a *Audit) record(e Entry) {
	if a == nil {
		return
	}
	e.Resource = a.hide(e.Resource)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.size >= a.most {
		a.keep(a.rotate())
	}
	a.seq++
	e.Seq, e.Time, e.Prev = a.seq, time.Now().UTC(), a.prev
	line, err := json.Marshal(e)
	if err != nil {
		a.keep(err)
		return
	}
	a.prev = lineHash(line)
	n, err := a.w.Write(append(line, '\n'))
	a.size += int64(n)
	a.keep(err)
}

// rotate begins another file.
func (a *Audit) rotate() error {
	if err := a.w.Flush(); err != nil {
		return err
	}
	if err := a.f.Sync(); err != nil {
		return err
	}
	next, err := os.OpenFile(a.path+".new", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := os.Rename(a.path, rotatedName(a.path, a.seq)); err != nil {
		next.Close()
		return err
	}
	if err := os.Rename(a.path+".new", a.path); err != nil {
		next.Close()
		return err
	}
	if err := a.f.Close(); err != nil {
		next.Close()
		return err
	}
	a.f, a.size = next, 0
	a.w.Reset(next)
	dir, err := os.Open(filepath.Dir(a.path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// hide replaces the key of an object, in an ARN of S3, by hashes of its parts.
func (a *Audit) hide(resource string) string {
	const s3 = "arn:aws:s3:::"
	rest, ok := strings.CutPrefix(resource, s3)
	bucket, key, object := strings.Cut(rest, "/")
	if !ok || !object {
		return resource
	}
	return s3 + bucket + "/" + HideObjectKey(a.key, key)
}

// HideObjectKey returns an object's key as the audit has it: each part between slashes
// that is not empty, * or ? is replaced by the first 80 bits of its HMAC-SHA256.
func HideObjectKey(secret []byte, key string) string {
	parts := strings.Split(key, "/")
	h := hmac.New(sha256.New, secret)
	var sum [sha256.Size]byte
	for i, p := range parts {
		if p == "" || p == "*" {
			continue
		}
		h.Reset()
		h.Write([]byte(p))
		parts[i] = "~" + hex.EncodeToString(h.Sum(sum[:0])[:10])
	}
	return strings.Join(parts, "/")
}

// Close flushes and closes the file, and returns the first error there was.
func (a *Audit) Close() error {
	close(a.done)
	a.end.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keep(a.w.Flush())
	a.keep(a.f.Sync())
	a.keep(a.f.Close())
	return a.err
}

// entry begins an entry about a principal's request.
func entry(ctx context.Context, event string, p lethe.Principal) Entry {
	e := Entry{Event: event, Principal: p.ARN, Session: p.Session}
	if r := RequestOf(ctx); r != nil {
		e.Request, e.Source = r.ID, r.SourceIP
	}
	if p.Zero() {
		e.Principal = "anonymous"
	}
	return e
}

func outcome(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "denied"
}

func (s *Service) recordDecision(ctx context.Context, p lethe.Principal, d policy.Decision) {
	if s.audit == nil {
		return
	}
	e := entry(ctx, "decision", p)
	e.Action, e.Resource, e.Outcome = d.Action, d.Resource, outcome(d.Allowed)
	e.Reason, e.Policy, e.Statement = d.Reason.String(), d.Policy, d.Statement
	if d.Source == policy.ResourceSource {
		e.Policy = s.audit.hide(e.Policy)
	}
	s.audit.record(e)
}

func (s *Service) recordDenied(ctx context.Context, p lethe.Principal, action, resource string) {
	s.recordDecision(ctx, p, policy.Decision{Action: action, Resource: resource, Reason: policy.TrustNotAllowed})
}

// recordLogin records a login. Of a wrong one the name is not kept: people type
// passwords there.
func (s *Service) recordLogin(ctx context.Context, p lethe.Principal) {
	e := entry(ctx, "login", p)
	e.Action, e.Resource, e.Outcome = "console:Login", "*", outcome(!p.Zero())
	s.audit.record(e)
}

// RecordChange records that a change, which a decision had allowed, was made or
// failed.
func (s *Service) RecordChange(ctx context.Context, p lethe.Principal, action, resource string, err error) {
	e := entry(ctx, "change", p)
	e.Action, e.Resource, e.Outcome = action, resource, "done"
	if err != nil {
		// The kind only: texts may repeat what people typed.
		e.Outcome, e.Reason = "failed", string(lethe.KindOf(err))
	}
	s.audit.record(e)
}
