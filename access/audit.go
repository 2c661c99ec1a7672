package access

import (
	"bufio"
	"encoding/json"
	"os"
	"sync"
	"time"

	"lethe"
)

// flushEvery bounds how much of the audit a crash can lose.
const flushEvery = 200 * time.Millisecond

// Audit appends decisions to a file, one JSON object a line:
//
//	{"time":"...","principal":"arn:...","action":"s3:GetObject","resource":"arn:...","allowed":true}
//
// Lines are buffered for up to a fifth of a second. A nil Audit records nothing.
type Audit struct {
	mu   sync.Mutex
	f    *os.File
	w    *bufio.Writer
	err  error // the first failed write; reported by Close
	done chan struct{}
	end  sync.WaitGroup
}

// OpenAudit opens or makes the file, for appending.
func OpenAudit(path string) (*Audit, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	a := &Audit{f: f, w: bufio.NewWriterSize(f, 64<<10), done: make(chan struct{})}
	a.end.Go(a.flush)
	return a, nil
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

func (a *Audit) keep(err error) {
	if a.err == nil {
		a.err = err
	}
}

type record struct {
	Time      time.Time `json:"time"`
	Principal string    `json:"principal"`
	Action    string    `json:"action"`
	Resource  string    `json:"resource"`
	Allowed   bool      `json:"allowed"`
}

// Record appends a decision.
func (a *Audit) Record(p lethe.Principal, action, resource string, allowed bool) {
	if a == nil {
		return
	}
	who := p.ARN
	if who == "" {
		who = p.Name
	}
	line, err := json.Marshal(record{time.Now().UTC(), who, action, resource, allowed})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keep(err)
	_, err = a.w.Write(append(line, '\n'))
	a.keep(err)
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
