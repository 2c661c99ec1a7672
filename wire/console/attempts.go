package console

import (
	"sync"
	"time"

	"lethe"
)

// Bounds on wrong logins. A name has a higher one than an address, so that
// nobody can lock another out from a single machine.
const (
	wrongPerClient = 10
	wrongPerName   = 50
	wrongWindow    = time.Minute
	// maxTracked bounds the memory that strangers can make us use.
	maxTracked = 10_000
)

// attempts counts wrong logins. An attempt counts from its start and is taken
// back when it succeeds, so many at once gain nothing.
type attempts struct {
	mu  sync.Mutex
	now func() time.Time
	// Keys are "client ..." and "name ...".
	counts map[string]*count
	swept  time.Time // when full, it is swept once a second and not for each attempt
}

type count struct {
	n     int
	until time.Time // the window's end
}

func newAttempts() *attempts {
	return &attempts{now: time.Now, counts: map[string]*count{}}
}

// begin counts an attempt, or refuses it. done must be called with whether it
// was wrong.
func (a *attempts) begin(client, name string) (done func(wrong bool), err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	c, err := a.get("client "+client, wrongPerClient, now)
	if err != nil {
		return nil, err
	}
	n, err := a.get("name "+name, wrongPerName, now)
	if err != nil {
		return nil, err
	}
	c.n++
	n.n++
	return func(wrong bool) {
		if wrong {
			return
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		c.n--
		n.n--
	}, nil
}

func (a *attempts) get(key string, most int, now time.Time) (*count, error) {
	c := a.counts[key]
	if c == nil || !now.Before(c.until) {
		if c == nil && len(a.counts) >= maxTracked && now.Sub(a.swept) >= time.Second {
			a.sweep(now)
		}
		if len(a.counts) >= maxTracked {
			return nil, tooMany(wrongWindow)
		}
		c = &count{until: now.Add(wrongWindow)}
		a.counts[key] = c
	}
	if c.n >= most {
		return nil, tooMany(c.until.Sub(now))
	}
	return c, nil
}

func (a *attempts) sweep(now time.Time) {
	a.swept = now
	for k, c := range a.counts {
		if !now.Before(c.until) {
			delete(a.counts, k)
		}
	}
}

func tooMany(wait time.Duration) error {
	return limited{lethe.Errorf(lethe.Exhausted, "there were too many wrong logins").
		WithHint("wait %d seconds and try again", int(wait.Seconds())+1), wait}
}
