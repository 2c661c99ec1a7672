package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lethe"
)

const (
	// writeEvery is how long the line of an allowed decision may wait to be written.
	writeEvery = 200 * time.Millisecond
	// syncEvery bounds how much of the audit a power cut can take.
	syncEvery = time.Second
	// syncAt is from how many bytes on that wait the next sync does not.
	syncAt = 4 << 20
	// retryEvery is how often a file that could not be written is tried again.
	retryEvery = time.Second
	// maxPending bounds the lines that wait for a file that cannot be written.
	maxPending = 64 << 20
)

// Audit is the record of what was decided and changed: lines of JSON, each with the
// hash of the line before it, so that none can be altered, taken out or put in
// without breaking the chain (VerifyAudit).
//
//	{"seq":17,"time":"...","event":"decision","request_id":"...","source_ip":"127.0.0.1","principal":"arn:...",
//	 "action":"s3:GetObject","resource":"arn:...","outcome":"denied","reason":"NotAllowed","prev":"9f86d0..."}
//
// # Files
//
// At a size, and at the end of each day (UTC), the file audit.jsonl is renamed to
// audit-<its last seq>.jsonl, and the chain goes on in a new one. Closed files are kept
// for ever, or as long as AuditOptions.Keep says; then a line of the chain tells which
// was deleted and what its last hash was.
//
// # What it does not hold
//
// The audit holds no secrets and no texts that people wrote: no statements, no
// passwords, no names of wrong logins, no messages of errors. The keys of objects,
// which may hold names of persons, are hidden: each part between slashes is replaced by
// a keyed hash of it; so is, in a name of a table that somebody typed, what is none. Whoever has the lake's key can find a known name (HideObjectKey);
// without it nobody can read or guess one, and nobody at all once the key is destroyed.
//
// # When a line is safe
//
// Lines of refusals, changes and logins are in the file before their answer is given:
// the end of the process takes none. Lines of allowed decisions follow within a fifth
// of a second. All are synced to the disk within a second or so.
//
// # When the file cannot be written
//
// Lines wait in memory, in order, and the file is tried again every second; a
// part of a line that got there is written over. Meanwhile every decision is a refusal,
// of kind Exhausted, unless AuditOptions.Continue says to go on. Work of the lake's
// own goes on. Beyond 64 MiB lines are lost; how many, a line of event "gap" tells as
// soon as one can be written.
//
// A nil Audit records nothing.
type Audit struct {
	path string
	o    AuditOptions
	key  []byte // hides the keys of objects
	open func(path string, flag int) (auditFile, error)
	room int // for lines that wait, in bytes

	syncing sync.Mutex // held while the file is synced, changed or closed; before mu

	mu      sync.Mutex
	f       auditFile
	begun   time.Time // of the file: the time of its first line; zero if it has none
	durable int64     // bytes of the file that are synced
	pending []byte    // what follows them: lines
	written int       // of pending, to the file
	seq     int64
	prev    string
	synced  int64 // seq of the last line that is synced
	failed  error // why the file cannot be written now
	since   time.Time
	retry   time.Time // when it is tried again
	lost    int64     // lines since the last gap was told
	allLost int64
	closed  bool

	moved chan struct{} // closed when synced grows
	hold  atomic.Int64  // lines after this one are not deleted
	wake  chan struct{}
	done  chan struct{}
	end   sync.WaitGroup
}

// auditFile is what the audit needs of an os.File.
type auditFile interface {
	WriteAt(b []byte, off int64) (int, error)
	ReadAt(b []byte, off int64) (int, error)
	Sync() error
	Stat() (os.FileInfo, error)
	Truncate(size int64) error
	Close() error
}

// AuditOptions say how the audit's files are kept.
type AuditOptions struct {
	// Size at which a file is closed; 0 means 64 MiB.
	Size int64
	// Keep is how long closed files are kept after their last line; 0 means for ever.
	Keep time.Duration
	// Continue has decisions go on while the audit cannot be written. Otherwise
	// they are refused.
	Continue bool
	// Log is told when the audit cannot be written, and when it can again; may be nil.
	Log *slog.Logger
}

// Entry is a line of the audit.
type Entry struct {
	Seq       int64     `json:"seq"`
	Time      time.Time `json:"time"`  // to the millisecond
	Event     string    `json:"event"` // decision, change or login; of the audit's own gap, repair or retention
	Request   string    `json:"request_id,omitempty"`
	Source    string    `json:"source_ip,omitempty"` // address of the client
	Principal string    `json:"principal"`
	Session   string    `json:"session,omitempty"`      // access key id of temporary credentials
	For       string    `json:"on_behalf_of,omitempty"` // ARN of the owner of what acts by a service role
	Action    string    `json:"action"`
	Resource  string    `json:"resource"`
	Outcome   string    `json:"outcome"` // allowed or denied; of changes done or failed
	Reason    string    `json:"reason,omitempty"`
	Policy    string    `json:"policy,omitempty"` // that decided
	Statement string    `json:"statement,omitempty"`
	Prev      string    `json:"prev"` // SHA-256 of the line before, in hex; of the first, 64 zeros
}

var firstPrev = strings.Repeat("0", 64)

func openFile(path string, flag int) (auditFile, error) { return os.OpenFile(path, flag, 0o600) }

// OpenAudit opens or makes the file, for appending, with options that are zero.
func OpenAudit(path string) (*Audit, error) { return AuditOptions{}.Open(path) }

// Open opens or makes the file, for appending. The rest of a line that a crash cut
// off is removed, which a line of event "repair" tells.
func (o AuditOptions) Open(path string) (*Audit, error) { return o.openBy(path, openFile) }

func (o AuditOptions) openBy(path string, open func(string, int) (auditFile, error)) (*Audit, error) {
	if o.Size <= 0 {
		o.Size = 64 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &Audit{path: path, o: o, open: open, room: maxPending, prev: firstPrev, moved: make(chan struct{}), wake: make(chan struct{}, 1), done: make(chan struct{})}
	a.hold.Store(math.MaxInt64)
	if err := a.begin(); err != nil {
		return nil, lethe.Errorf(lethe.KindOf(err), "audit %s: %w", path, err)
	}
	a.end.Go(a.work)
	return a, nil
}

// begin opens the current file and finds the end of the chain.
func (a *Audit) begin() error {
	f, err := a.open(a.path, os.O_CREATE|os.O_RDWR)
	if err != nil {
		return err
	}
	if err := a.find(f); err != nil {
		return errors.Join(err, f.Close())
	}
	a.f = f
	return nil
}

func (a *Audit) find(f auditFile) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	end, err := lastLine(f, info.Size())
	if err != nil {
		return err
	}
	if a.durable = end.offset; end.text == nil {
		// An empty file follows the latest that was closed.
		older, err := auditFiles(a.path)
		if err != nil {
			return err
		}
		if len(older) > 0 {
			if end, err = lastLineOf(older[len(older)-1]); err != nil {
				return err
			}
		}
	}
	if end.text != nil {
		a.prev = lineHash(end.text)
		var e Entry
		// Lines of older versions have no number; theirs is 0.
		if err := json.Unmarshal(end.text, &e); err == nil {
			a.seq, a.synced = e.Seq, e.Seq
		}
	}
	if a.durable > 0 {
		a.begun = end.begun
	}
	if cut := info.Size() - a.durable; cut > 0 {
		if err := f.Truncate(a.durable); err != nil {
			return err
		}
		a.add(ownEntry("repair", fmt.Sprintf("%d bytes of a line that was cut off were removed", cut)))
	}
	return nil
}

// ownEntry is a line that the audit writes about itself.
func ownEntry(event, reason string) Entry {
	return Entry{Event: event, Principal: lethe.System.ARN, Action: "lethe:KeepAudit", Resource: AuditARN, Outcome: "done", Reason: reason}
}

// errAudit is what requests are answered while the audit cannot be written.
func errAudit(why error) error {
	return lethe.Errorf(lethe.Exhausted, "the audit cannot be written, so nothing is decided: %w", auditFault{why}).
		WithHint("the operator finds the reason in the server's log; often the disk is full")
}

// auditFault hides why from those whose request is refused.
type auditFault struct{ error }

func (auditFault) Error() string   { return "what is not recorded must not happen" }
func (e auditFault) Unwrap() error { return e.error }

// record appends an entry. An error says that what it tells of must not go on.
// Urgent entries are in the file before it returns.
func (a *Audit) record(e Entry, urgent bool) error {
	if a == nil {
		return nil
	}
	e.Resource = a.hide(e.Resource)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return errAudit(os.ErrClosed)
	}
	refuse := a.failed != nil && !a.o.Continue && e.Principal != lethe.System.ARN
	if refuse && e.Event != "change" {
		e.Outcome, e.Reason, e.Policy, e.Statement = outcome(false), "AuditNotWritable", "", ""
	}
	a.add(e)
	if urgent && a.failed == nil {
		if err := a.write(); err != nil {
			a.fail(err)
			refuse = !a.o.Continue && e.Principal != lethe.System.ARN
		}
	}
	if len(a.pending) >= syncAt {
		select {
		case a.wake <- struct{}{}:
		default:
		}
	}
	if refuse {
		return errAudit(a.failed)
	}
	return nil
}

// add makes a line of an entry. A line that has no room is counted.
func (a *Audit) add(e Entry) {
	if len(a.pending) >= a.room {
		a.lost++
		a.allLost++
		if a.failed == nil {
			a.fail(errors.New("the disk does not keep up"))
		}
		return
	}
	e.Seq, e.Time, e.Prev = a.seq+1, time.Now().UTC().Truncate(time.Millisecond), a.prev
	line, err := json.Marshal(e)
	if err != nil {
		panic(err) // texts and a time are always JSON
	}
	if a.begun.IsZero() {
		a.begun = e.Time
	}
	a.seq, a.prev = e.Seq, lineHash(line)
	a.pending = append(append(a.pending, line...), '\n')
}

// write puts what is pending into the file.
func (a *Audit) write() error {
	if a.written == len(a.pending) {
		return nil
	}
	n, err := a.f.WriteAt(a.pending[a.written:], a.durable+int64(a.written))
	a.written += max(n, 0)
	return err
}

// fail notes that the file cannot be written.
func (a *Audit) fail(err error) {
	a.retry = time.Now().Add(retryEvery)
	if a.failed == nil {
		a.since = time.Now()
		a.o.Log.Error("the audit cannot be written", "file", a.path, "refuse", !a.o.Continue, "error", err)
	}
	a.failed = err
}

// hide replaces what may name a person in an ARN by hashes of its parts: the key of an
// object, and what stands for a table's or a database's name and can be none.
func (a *Audit) hide(resource string) string {
	const s3, glue = "arn:aws:s3:::", "arn:aws:glue:"
	if rest, ok := strings.CutPrefix(resource, s3); ok {
		if bucket, key, object := strings.Cut(rest, "/"); object {
			return s3 + bucket + "/" + HideObjectKey(a.key, key)
		}
	}
	if strings.HasPrefix(resource, glue) {
		parts := strings.Split(resource, "/")
		for i := 1; i < len(parts); i++ {
			if !catalogName.MatchString(parts[i]) {
				parts[i] = HideObjectKey(a.key, parts[i])
			}
		}
		return strings.Join(parts, "/")
	}
	return resource
}

// catalogName is what databases and tables can be called.
var catalogName = regexp.MustCompile(`^[A-Za-z0-9_*-]{0,255}$`)

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
