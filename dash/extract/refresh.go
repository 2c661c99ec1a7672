package extract

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"lethe"
	"lethe/dash"
	"lethe/lib/state"
	"lethe/workflow"
)

// attempt is a refresh that runs.
type attempt struct {
	refresh dash.Refresh // guarded by Service.mu
	cancel  context.CancelCauseFunc
	done    chan struct{}
}

// backoff is the Backoff unless another is configured.
func backoff(failures int) (time.Duration, bool) {
	waits := []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}
	if failures > len(waits) {
		return 0, false
	}
	return waits[failures-1], true
}

// Refresh implements dash.Extracts.
func (s *Service) Refresh(ctx context.Context, dataSet string, o dash.RefreshOptions) (r dash.Refresh, err error) {
	if err := checked(dataSet); err != nil {
		return r, err
	}
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		r, err = s.begin(ctx, tx, dataSet, o)
		return err
	})
	s.nudge()
	return s.live(r), err
}

// Stop implements dash.Extracts.
func (s *Service) Stop(ctx context.Context, dataSet string) error {
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		r, under, err := active(ctx, tx, dataSet)
		if err != nil {
			return err
		}
		if !under {
			return lethe.Errorf(lethe.NotFound, "no refresh of data set %s is under way", dataSet)
		}
		r.State, r.Ended, r.Done = dash.Stopped, s.now(), -1
		return put(ctx, tx, r, 0, s.now())
	})
	if err == nil {
		s.cancel(dataSet, errStopped)
	}
	return err
}

var errStopped = lethe.Errorf(lethe.Canceled, "the refresh was stopped")

// cancel ends what runs of a data set.
func (s *Service) cancel(dataSet string, cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.running[dataSet]; a != nil {
		a.cancel(cause)
	}
}

// History implements dash.Extracts; the last comes first.
func (s *Service) History(ctx context.Context, dataSet string, limit int) (rs []dash.Refresh, err error) {
	if limit <= 0 || limit > history {
		limit = history
	}
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rs, err = state.Documents[dash.Refresh](ctx, tx, `SELECT document FROM extract_refreshes WHERE data_set = $1 ORDER BY id DESC LIMIT $2`, dataSet, limit)
		return err
	})
	for i := range rs {
		rs[i] = s.live(rs[i])
	}
	return rs, err
}

// Info implements dash.Extracts.
func (s *Service) Info(ctx context.Context, dataSet string) (i dash.ExtractInfo, err error) {
	var r dash.Refresh
	var under bool
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		f, err := currentIn(ctx, tx, dataSet)
		if err != nil && !lethe.Is(err, lethe.NotFound) {
			return err
		}
		i = dash.ExtractInfo{ID: f.ID, Rows: f.Rows, Bytes: f.Bytes, AsOf: f.AsOf, Columns: f.Columns}
		r, under, err = active(ctx, tx, dataSet)
		return err
	})
	if err != nil {
		return i, err
	}
	if under {
		r = s.live(r)
		i.Running = &r
	}
	s.mu.Lock()
	schedules := s.schedules[dataSet]
	s.mu.Unlock()
	i.Next, err = nextOf(schedules, s.now())
	return i, err
}

// live is a refresh with how far it is now.
func (s *Service) live(r dash.Refresh) dash.Refresh {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.running[r.DataSet]; a != nil && a.refresh.ID == r.ID && !r.State.Final() {
		return a.refresh
	}
	return r
}

// nudge lets the loop look again at once.
func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// lookEvery is how often schedules are looked at.
const lookEvery = 20 * time.Second

// run starts what is due until ctx ends, and returns when that has ended.
func (s *Service) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.schedule(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("cannot look at the schedules of extracts", "error", err)
		}
		next, err := s.dispatch(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Error("cannot look for refreshes of extracts", "error", err)
		}
		wait := lookEvery
		if !next.IsZero() {
			wait = min(wait, max(next.Sub(s.Now()), time.Millisecond))
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-t.C:
		}
		t.Stop()
	}
}

// dispatch starts what is due, as far as there is place.
func (s *Service) dispatch(ctx context.Context) (next time.Time, err error) {
	all, next, err := s.due(ctx)
	if err != nil {
		return next, err
	}
	for _, w := range all {
		s.mu.Lock()
		if len(s.running) < s.Most && s.running[w.DataSet] == nil && ctx.Err() == nil {
			work, cancel := context.WithCancelCause(ctx)
			a := &attempt{refresh: w.Refresh, cancel: cancel, done: make(chan struct{})}
			a.refresh.State, a.refresh.Error = dash.Refreshing, ""
			s.running[w.DataSet] = a
			s.wg.Go(func() {
				defer s.nudge()
				defer close(a.done)
				defer cancel(nil)
				s.attempt(work, a, w)
				s.mu.Lock()
				delete(s.running, w.DataSet)
				s.mu.Unlock()
			})
		}
		s.mu.Unlock()
	}
	return next, nil
}

// attempt tries a refresh once, and keeps what came of it.
func (s *Service) attempt(ctx context.Context, a *attempt, w waiting) {
	w.Refresh = a.refresh
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error { return put(ctx, tx, w.Refresh, w.tries+1, s.now()) })
	if err == nil {
		w.tries++
		err = s.make(ctx, a, &w)
	}
	if err == nil || errors.Is(err, errGone) {
		return
	}
	cause := context.Cause(ctx)
	if errors.Is(cause, errStopped) || errors.Is(cause, errDropped) {
		return // it is known
	}
	if cause != nil {
		return // the next start goes on
	}
	r := w.Refresh
	r.Error, r.Done = s.said(ctx, err), -1
	due, again := s.now(), false
	if workflow.Passes(err) || lethe.Is(err, lethe.Conflict) {
		var wait time.Duration
		if wait, again = s.Backoff(w.tries); again {
			due = due.Add(wait)
		}
	}
	if r.State = dash.Waiting; !again {
		r.State, r.Ended = dash.Failed, s.now()
	}
	s.Log.Warn("an extract could not be refreshed", "data_set", r.DataSet, "refresh", r.ID, "again", again, "error", r.Error)
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error { return put(ctx, tx, r, w.tries, due) })
	if err != nil && !errors.Is(err, errGone) {
		s.Log.Error("cannot keep how a refresh of an extract ended", "refresh", r.ID, "error", err)
	}
}

// said is what may be kept of an error.
func (s *Service) said(ctx context.Context, err error) string {
	if s.Redact == nil {
		return err.Error()
	}
	text, rerr := s.Redact(ctx, err.Error())
	if rerr != nil {
		return "the reason could not be kept"
	}
	return text
}

// make makes a file and puts it in place.
func (s *Service) make(ctx context.Context, a *attempt, w *waiting) error {
	p, err := s.preparer.Prepared(ctx, w.DataSet, s.now())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.folder(w.DataSet), 0o700); err != nil {
		return err
	}
	id := lethe.NewID()
	f := File{ID: id, DataSet: w.DataSet, AsOf: s.now(), Revision: p.Revision}
	to := filepath.Join(s.folder(w.DataSet), id+".new")
	fresh := filepath.Join(s.folder(w.DataSet), id+".fresh")
	defer os.Remove(to)
	defer os.Remove(fresh)
	tell := func(from, share float64) func(float64) {
		return func(done float64) {
			s.mu.Lock()
			a.refresh.Done = from + share*done
			s.mu.Unlock()
		}
	}
	s.reach("begun")
	base, err := s.base(ctx, *w, p)
	if err != nil {
		return err
	}
	var made File
	if base.ID != "" {
		made, err = s.merged(ctx, base, p, fresh, to, tell)
		if err == nil && made.Columns == nil {
			base = File{} // the columns are other ones
		}
	}
	if base.ID == "" && err == nil {
		made, err = s.Maker.Write(ctx, p.Statement, to, tell(0, 1))
	}
	if err != nil {
		return err
	}
	s.reach("made")
	f.Columns, f.Rows = made.Columns, made.Rows
	if f.Bytes, err = persist(to, s.path(f), s.Dir); err != nil {
		return err
	}
	s.reach("named")
	f.Made = s.now()
	w.State, w.Increment, w.Rows, w.Bytes, w.Done, w.Ended = dash.Refreshed, base.ID != "", f.Rows, f.Bytes, 1, f.Made
	old, err := s.commit(ctx, *w, f, base.ID)
	if err != nil {
		w.State, w.Ended, w.Rows, w.Bytes = dash.Refreshing, time.Time{}, 0, 0
		return errors.Join(err, os.Remove(s.path(f)))
	}
	s.reach("committed")
	if err := s.again(ctx, *w, f); err != nil && ctx.Err() == nil {
		s.Log.Error("cannot tell whether a data set was changed while its extract was made", "data_set", f.DataSet, "error", err)
	}
	for _, o := range old {
		if err := s.remove(ctx, o); err != nil && ctx.Err() == nil {
			s.Log.Error("an extract that answers no more cannot be deleted", "data_set", o.DataSet, "error", err)
		}
	}
	return nil
}

// again begins another refresh if the data set was changed while this one ran: what
// asked for it then was told of this one.
func (s *Service) again(ctx context.Context, w waiting, f File) error {
	p, err := s.preparer.Prepared(ctx, f.DataSet, s.now())
	if lethe.Is(err, lethe.NotFound) || err == nil && p.Revision == f.Revision {
		return nil
	}
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := s.begin(ctx, tx, f.DataSet, dash.RefreshOptions{By: w.By})
		return err
	})
}

// base is the file whose rows an increment keeps; none if the extract is made whole.
func (s *Service) base(ctx context.Context, w waiting, p dash.Prepared) (File, error) {
	if !w.Increment || p.Increment == nil {
		return File{}, nil
	}
	f, err := s.current(ctx, w.DataSet)
	if lethe.Is(err, lethe.NotFound) || f.Revision != p.Revision {
		return File{}, nil
	}
	return f, err
}

// merged makes a file by increment. One without columns says that what was read has not
// the columns of what is there.
func (s *Service) merged(ctx context.Context, base File, p dash.Prepared, fresh, to string, tell func(from, share float64) func(float64)) (File, error) {
	n, err := s.Maker.Write(ctx, p.Increment.Statement, fresh, tell(0, 0.5))
	if err != nil {
		return File{}, err
	}
	if !slices.Equal(n.Columns, base.Columns) {
		return File{}, nil
	}
	s.reach("fresh rows made")
	n.Path = fresh
	m, err := s.Maker.Merge(ctx, base, n, p.Increment.Replaces, to, tell(0.5, 0.5))
	m.Columns = base.Columns
	return m, err
}

// persist gives a file its name when it is on the disk, and returns its size. It returns when
// its name is there too.
func persist(from, to, dir string) (int64, error) {
	f, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	i, err := f.Stat()
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, err
	}
	if err := os.Rename(from, to); err != nil {
		return 0, err
	}
	for _, d := range []string{filepath.Dir(to), dir} {
		f, err := os.Open(d)
		if err != nil {
			return 0, err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return 0, err
		}
	}
	return i.Size(), nil
}
