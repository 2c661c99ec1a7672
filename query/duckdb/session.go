package duckdb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"lethe/lib/trinosql"
	"lethe/query"
	"lethe/query/duckdb/dialect"
)

// SessionConfig says how sessions are run. Zero values mean the defaults.
type SessionConfig struct {
	// Config bounds each session: its Memory, Spill and Threads. Dir is the sessions'
	// alone, and on the file system of what they open. Store, Pool, MaxConcurrent and
	// Timeout are not used.
	Config
	// Most is how many sessions are open at once; the one that was asked longest ago
	// makes place for another. Default: 4.
	Most int
	// Idle is after how long without a question a session ends. Default: 10 minutes.
	Idle time.Duration
}

// Sessions answers statements over local Parquet files without the cost of
// starting: a session is a worker that holds a file open and answers one statement
// after the other, [sessionConnections] at once. It is confined as all workers are.
//
// A session that crashes, or that grows beyond its memory, takes the answers with it
// that it was at; these are asked once more in a new one.
//
// Sessions is safe for concurrent use.
type Sessions struct {
	e    *Engine
	most int
	idle time.Duration

	mu     sync.Mutex
	freed  chan struct{} // closed, and made anew, when a session becomes idle or ends
	open   map[string]*session
	closed bool
	wg     sync.WaitGroup
}

// sessionConnections is how many statements a session answers at once: a slow one
// does not keep those behind it waiting, and two fill the machine.
const sessionConnections = 2

// SessionFile is what a session holds open: a Parquet file that WriteParquet made
// with Stored.
type SessionFile struct {
	// Key names the file: no two have the same, and what it names does not change.
	Key  string
	Path string
}

// Answer is what a session answers. Values are as a CSV result of Athena has them; nil is null.
type Answer struct {
	Columns []dialect.Column
	Rows    [][]*string
	// More says that there were more rows than the limit.
	More bool
}

// session is one worker, or one that is being started.
type session struct {
	key     string
	started chan struct{} // closed when it has started, or err says why it has not
	err     error
	p       *process
	slots   chan struct{}
	active  int         // statements, guarded by Sessions.mu as is last
	last    time.Time   // when the last one ended
	idle    *time.Timer // removes it; set once it has answered
	gone    bool        // not in Sessions.open any more
	ended   chan struct{}

	mu      sync.Mutex // guards what follows, and writing to p.in
	next    int64
	waiting map[int64]chan sessionReply
	dead    error // why it answers no more
}

// NewSessions removes what sessions of an earlier process left in the directory.
func NewSessions(c SessionConfig) (*Sessions, error) {
	c.Pool, c.session = -1, true
	e, err := New(c.Config)
	if err != nil {
		return nil, err
	}
	if c.Most <= 0 {
		c.Most = 4
	}
	if c.Idle <= 0 {
		c.Idle = 10 * time.Minute
	}
	return &Sessions{e: e, most: c.Most, idle: c.Idle, open: map[string]*session{}, freed: make(chan struct{})}, nil
}

// Close ends all sessions; their answers are Canceled.
func (s *Sessions) Close() error {
	s.mu.Lock()
	s.closed = true
	all := make([]*session, 0, len(s.open))
	for _, x := range s.open {
		all = append(all, x)
	}
	s.mu.Unlock()
	s.e.close()
	for _, x := range all {
		<-x.started
		x.fail(errClosed)
	}
	for _, x := range all {
		s.remove(x)
	}
	s.wg.Wait()
	return s.e.Close()
}

// Open begins the session of a file that will soon be asked, and returns at once. Others
// that are open do not make place for it: that takes a question.
func (s *Sessions) Open(f SessionFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.open[f.Key] != nil || len(s.open) >= s.most {
		return
	}
	x := s.add(f)
	s.wg.Go(func() {
		<-x.started
		s.leave(x)
	})
}

// Drop ends the session of a file, if there is one, when it has given the answers it
// is at, and returns when nothing of it is left.
func (s *Sessions) Drop(ctx context.Context, key string) error {
	s.mu.Lock()
	x := s.open[key]
	s.mu.Unlock()
	if x == nil {
		return nil
	}
	s.remove(x)
	select {
	case <-x.ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Ask answers an analyzed SELECT whose one table, under whatever name, is a file. At
// most limit rows are returned. Errors are those of Run.
func (s *Sessions) Ask(ctx context.Context, f SessionFile, a *trinosql.Analysis, limit int) (Answer, error) {
	st, err := dialect.Emit(a, func(int, *trinosql.TableUse) (string, error) { return sessionTable, nil }, dialect.Text())
	if err != nil {
		return Answer{}, err
	}
	if len(st.Made) > 0 {
		return Answer{}, errors.New("duckdb: a session's statement reads through rules")
	}
	ask := sessionAsk{SQL: st.SQL, Wide: st.Wide, Limit: limit}
	for try := 0; ; try++ {
		r, err := s.ask(ctx, f, ask)
		var crashed errWorker
		if errors.As(err, &crashed) && try == 0 && ctx.Err() == nil {
			s.e.c.Log.Warn("a session ended unexpectedly and is started again", "error", err)
			continue
		}
		if err != nil {
			return Answer{}, err
		}
		return Answer{Columns: st.Columns, Rows: r.Rows, More: r.More}, nil
	}
}

func (s *Sessions) ask(ctx context.Context, f SessionFile, ask sessionAsk) (sessionReply, error) {
	x, err := s.take(ctx, f)
	if err != nil {
		return sessionReply{}, err
	}
	defer s.leave(x)
	select {
	case <-x.started:
	case <-ctx.Done():
		return sessionReply{}, context.Cause(ctx)
	}
	if x.err != nil {
		return sessionReply{}, x.err
	}
	select {
	case x.slots <- struct{}{}:
		defer func() { <-x.slots }()
	case <-ctx.Done():
		return sessionReply{}, context.Cause(ctx)
	}
	r, err := x.exchange(ctx, ask)
	if err != nil {
		return r, err
	}
	if r.Failed != nil {
		f := &failure{*r.Failed}
		s.e.c.Log.Debug("a statement failed in its session", "type", f.Type, "error", f.Message)
		return r, explain(f, nil, s.e.c)
	}
	return r, nil
}

// take returns the session of a file and counts a statement of it. One that is not
// there is begun.
func (s *Sessions) take(ctx context.Context, f SessionFile) (*session, error) {
	for {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return nil, errClosed
		}
		if x := s.open[f.Key]; x != nil {
			x.active++
			if x.idle != nil {
				x.idle.Stop()
			}
			s.mu.Unlock()
			return x, nil
		}
		if len(s.open) < s.most {
			x := s.add(f)
			s.mu.Unlock()
			return x, nil
		}
		var old *session
		for _, x := range s.open {
			if x.active == 0 && (old == nil || x.last.Before(old.last)) {
				old = x
			}
		}
		freed := s.freed
		s.mu.Unlock()
		if old != nil {
			s.remove(old)
			continue
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// add begins a session, and counts a statement of it. The caller holds mu.
func (s *Sessions) add(f SessionFile) *session {
	x := &session{key: f.Key, started: make(chan struct{}), ended: make(chan struct{}), active: 1,
		slots: make(chan struct{}, sessionConnections), waiting: map[int64]chan sessionReply{}}
	s.open[f.Key] = x
	s.wg.Go(func() { s.start(x, f) })
	return x
}

// leave ends a statement. A session that nobody asks for a while ends, and so does one
// that was removed meanwhile.
func (s *Sessions) leave(x *session) {
	s.mu.Lock()
	x.active--
	x.last = time.Now()
	end := x.gone && x.active == 0
	if x.active == 0 {
		s.wake()
		switch {
		case x.gone:
		case x.idle == nil:
			x.idle = time.AfterFunc(s.idle, func() { s.unused(x) })
		default:
			x.idle.Reset(s.idle)
		}
	}
	s.mu.Unlock()
	if end {
		s.end(x)
	}
}

// unused removes a session that nobody has asked for a while, unless somebody does just now.
func (s *Sessions) unused(x *session) {
	s.mu.Lock()
	busy := x.active > 0
	s.mu.Unlock()
	if !busy {
		s.remove(x)
	}
}

// wake tells those who wait that there may be place. The caller holds mu.
func (s *Sessions) wake() {
	close(s.freed)
	s.freed = make(chan struct{})
}

// remove takes a session from those that are asked, and ends it once it is not at an answer.
func (s *Sessions) remove(x *session) {
	s.mu.Lock()
	if x.gone {
		s.mu.Unlock()
		return
	}
	x.gone = true
	if x.idle != nil {
		x.idle.Stop()
	}
	delete(s.open, x.key)
	s.wake()
	end := x.active == 0
	s.mu.Unlock()
	if end {
		s.end(x)
	}
}

// end ends the worker of a session that was removed and has no statements: only one
// caller finds that.
func (s *Sessions) end(x *session) {
	<-x.started
	if x.p != nil {
		if err := x.p.release(); err != nil {
			s.e.c.Log.Warn("cannot remove the directory of a session", "error", err)
		}
	}
	close(x.ended)
}

// start gives a session its worker, and then waits until that ends.
func (s *Sessions) start(x *session, f SessionFile) {
	x.p, x.err = s.begin(f)
	close(x.started)
	if x.err != nil {
		s.remove(x)
		return
	}
	stop := make(chan struct{})
	s.wg.Go(func() { s.watch(x, stop) })
	err := x.receive()
	close(stop)
	x.p.end()
	why := errWorker{fmt.Sprintf("the session's worker ended unexpectedly (%s): %v%s", x.p.cmd.ProcessState, err, x.p.stderr)}
	s.remove(x) // first: who is told asks again, and must not be given this one
	x.fail(why)
}

// begin starts a worker that holds a file open.
func (s *Sessions) begin(f SessionFile) (_ *process, err error) {
	ctx, cancel := context.WithTimeout(s.e.closing, startTime)
	defer cancel()
	p, err := s.e.start()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = closing(p.release, err)
		}
	}()
	if err := linkFile(f.Path, filepath.Join(p.dir, sessionPath)); err != nil {
		return nil, err
	}
	if err := p.await(ctx); err != nil {
		if s.e.closing.Err() != nil {
			err = errClosed
		}
		return nil, err
	}
	if _, err := p.run(ctx, task{Session: true}, s.e.c.Memory, nil); err != nil {
		var f *failure
		switch {
		case s.e.closing.Err() != nil:
			return nil, errClosed
		case errors.As(err, &f):
			return nil, explain(f, []input{{local: "extract", name: "the extract"}}, s.e.c)
		}
		return nil, err
	}
	return p, nil
}

// watch ends a worker that grows beyond its memory: what DuckDB does not count is
// bounded here.
func (s *Sessions) watch(x *session, stop chan struct{}) {
	tick := time.NewTicker(memoryEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			if n := residentSize(x.p.cmd.Process.Pid); n > s.e.c.Memory+s.e.c.Memory/4+memorySlack {
				x.fail(explain(&failure{failed{Type: outOfMemory, Message: fmt.Sprintf("the session grew to %d MB", n>>20)}}, nil, s.e.c))
				x.p.end()
				return
			}
		}
	}
}

// exchange sends a statement and returns its answer. When ctx ends, the statement is
// interrupted, and the session goes on.
func (x *session) exchange(ctx context.Context, ask sessionAsk) (sessionReply, error) {
	got := make(chan sessionReply, 1)
	x.mu.Lock()
	if x.dead != nil {
		defer x.mu.Unlock()
		return sessionReply{}, x.dead
	}
	x.next++
	ask.ID = x.next
	x.waiting[ask.ID] = got
	err := writeFrame(x.p.in, ask)
	x.mu.Unlock()
	if err != nil {
		x.p.end() // receive tells
	}
	answer := func(r sessionReply, ok bool) (sessionReply, error) {
		if ok {
			return r, nil
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		return r, x.dead
	}
	select {
	case r, ok := <-got:
		return answer(r, ok)
	case <-ctx.Done():
	}
	x.mu.Lock()
	err = writeFrame(x.p.in, sessionAsk{ID: ask.ID, Cancel: true})
	x.mu.Unlock()
	if err != nil {
		x.p.end()
	}
	// The connection is free again when it has answered. What does not listen to an
	// interrupt is ended, with its session.
	late := time.NewTimer(interruptTime)
	defer late.Stop()
	select {
	case <-got:
	case <-late.C:
		x.p.end()
		<-got
	}
	return sessionReply{}, context.Cause(ctx)
}

// interruptTime is how long an interrupted statement may go on.
const interruptTime = 10 * time.Second

// receive hands out answers until the worker ends.
func (x *session) receive() error {
	for {
		var r reply
		if err := readFrame(x.p.out, maxReply, &r); err != nil {
			return err
		}
		if r.Answer == nil {
			return errors.New("it said what it was not asked")
		}
		x.mu.Lock()
		got := x.waiting[r.Answer.ID]
		delete(x.waiting, r.Answer.ID)
		x.mu.Unlock()
		if got == nil {
			return errors.New("it answered what it was not asked")
		}
		got <- *r.Answer
	}
}

// fail says, once, why a session answers no more, to those who wait and who come.
func (x *session) fail(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.dead != nil {
		return
	}
	x.dead = err
	for id, got := range x.waiting {
		close(got)
		delete(x.waiting, id)
	}
}

// QueryColumns describes an answer's columns as Athena's API does.
func (a Answer) QueryColumns() []query.Column {
	cs := make([]query.Column, len(a.Columns))
	for i, c := range a.Columns {
		cs[i] = resultColumn(c)
	}
	return cs
}
