package dash

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// found is what a statement found.
type found struct {
	Rows
	asOf time.Time
}

// size is about how many bytes it holds.
func (f found) size() int {
	n := 200
	for _, c := range f.Columns {
		n += 100
		for _, v := range c.Values {
			n += 16
			if s, ok := v.(string); ok {
				n += len(s)
			} else if v != nil {
				n += 8
			}
		}
	}
	return n
}

// cacheBytes bounds what is kept of answers, and one of them to an eighth of it.
const cacheBytes = 64 << 20

// answerKey is what an answer of an extract depends on. For whom it was asked is in the
// statement, as far as it matters.
type answerKey struct {
	set, extract string
	revision     int64
	sql          string
	limit        int
}

type kept struct {
	key answerKey
	found
	size int
}

// answers keeps the answers that extracts gave last. The zero value is empty.
type answers struct {
	mu    sync.Mutex
	at    map[answerKey]*list.Element
	order list.List // of *kept, the one used last first
	bytes int
	of    map[string]string // by data set, the extract that answers were kept of
}

func (a *answers) get(k answerKey) (found, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.at[k]
	if e == nil {
		return found{}, false
	}
	a.order.MoveToFront(e)
	return e.Value.(*kept).found, true
}

func (a *answers) put(k answerKey, f found) {
	size := f.size() + len(k.sql)
	if size > cacheBytes/8 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.at == nil {
		a.at, a.of = map[answerKey]*list.Element{}, map[string]string{}
	}
	if a.of[k.set] != k.extract { // what an old extract held may have been erased since
		a.drop(k.set)
		a.of[k.set] = k.extract
	}
	if e := a.at[k]; e != nil {
		a.remove(e)
	}
	a.at[k] = a.order.PushFront(&kept{k, f, size})
	for a.bytes += size; a.bytes > cacheBytes; {
		a.remove(a.order.Back())
	}
}

// renewed forgets the answers of a data set if another extract of it answers now.
func (a *answers) renewed(set, extract string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if was, ok := a.of[set]; ok && was != extract {
		a.drop(set)
		delete(a.of, set)
	}
}

func (a *answers) drop(set string) {
	for e := a.order.Front(); e != nil; {
		next := e.Next()
		if e.Value.(*kept).key.set == set {
			a.remove(e)
		}
		e = next
	}
}

func (a *answers) remove(e *list.Element) {
	k := a.order.Remove(e).(*kept)
	delete(a.at, k.key)
	a.bytes -= k.size
}

// flights ask equal questions once. The zero value has none under way.
type flights struct {
	mu sync.Mutex
	by map[string]*flight
}

type flight struct {
	done    chan struct{}
	waiting int
	cancel  context.CancelCauseFunc
	found   found
	err     error
}

// do returns what ask does; if the same is asked already, when that is done. It ends
// when nobody waits any more.
func (f *flights) do(ctx context.Context, key string, ask func(context.Context) (found, error)) (found, error) {
	f.mu.Lock()
	x := f.by[key]
	if x == nil {
		work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
		x = &flight{done: make(chan struct{}), cancel: cancel}
		if f.by == nil {
			f.by = map[string]*flight{}
		}
		f.by[key] = x
		go func() {
			x.found, x.err = ask(work)
			f.mu.Lock()
			f.leave(key, x)
			f.mu.Unlock()
			cancel(nil)
			close(x.done)
		}()
	}
	x.waiting++
	f.mu.Unlock()
	select {
	case <-x.done:
		return x.found, x.err
	case <-ctx.Done():
	}
	f.mu.Lock()
	if x.waiting--; x.waiting == 0 {
		f.leave(key, x) // who asks from now on asks anew
		x.cancel(context.Cause(ctx))
	}
	f.mu.Unlock()
	return found{}, context.Cause(ctx)
}

func (f *flights) leave(key string, x *flight) {
	if f.by[key] == x {
		delete(f.by, key)
	}
}
