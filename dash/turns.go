package dash

import (
	"context"
	"sync"
)

// questionsAtOnce are those that an extract is asked at the same time: what its session
// answers, and as many that wait there, so that it never waits for us.
const questionsAtOnce = 4

// turns let viewers ask by turns: who asks much waits for himself, and keeps nobody else
// waiting. The zero value has nobody.
type turns struct {
	mu sync.Mutex
	of map[string]*line // by what is asked
}

// line is who waits for one thing.
type line struct {
	busy    int
	waiting map[string][]chan struct{} // by who, the first first
	order   []string                   // who is next
}

// take waits for a turn of who to ask what. The caller gives it back.
func (t *turns) take(ctx context.Context, what, who string) (giveBack func(), err error) {
	t.mu.Lock()
	if t.of == nil {
		t.of = map[string]*line{}
	}
	l := t.of[what]
	if l == nil {
		l = &line{waiting: map[string][]chan struct{}{}}
		t.of[what] = l
	}
	back := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.next(what, l)
	}
	if l.busy < questionsAtOnce {
		l.busy++
		t.mu.Unlock()
		return back, nil
	}
	mine := make(chan struct{})
	if len(l.waiting[who]) == 0 {
		l.order = append(l.order, who)
	}
	l.waiting[who] = append(l.waiting[who], mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return back, nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !l.leave(who, mine) { // it was given in this moment
		t.next(what, l)
	}
	return nil, context.Cause(ctx)
}

// next gives a turn that is over to who is next. The caller holds mu.
func (t *turns) next(what string, l *line) {
	if len(l.order) == 0 {
		if l.busy--; l.busy == 0 {
			delete(t.of, what)
		}
		return
	}
	who := l.order[0]
	l.order = l.order[1:]
	first := l.waiting[who][0]
	if l.waiting[who] = l.waiting[who][1:]; len(l.waiting[who]) > 0 {
		l.order = append(l.order, who)
	} else {
		delete(l.waiting, who)
	}
	close(first)
}

// leave takes somebody out of the line who does not wait any more; false if not in it.
func (l *line) leave(who string, mine chan struct{}) bool {
	for i, x := range l.waiting[who] {
		if x != mine {
			continue
		}
		if l.waiting[who] = append(l.waiting[who][:i:i], l.waiting[who][i+1:]...); len(l.waiting[who]) == 0 {
			delete(l.waiting, who)
			for j, o := range l.order {
				if o == who {
					l.order = append(l.order[:j:j], l.order[j+1:]...)
					break
				}
			}
		}
		return true
	}
	return false
}
