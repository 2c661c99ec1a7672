package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lethe"
	"lethe/workflow"

	"golang.org/x/sync/errgroup"
)

// run is a run while it is worked on.
type run struct {
	e                  *Engine
	ctx                context.Context
	id, process, input string
	wakes              int64 // as it was when the steps were read

	seq   int64  // of the step the process has come to
	steps []step // that are kept, from 1
}

type step struct {
	name, state, result, err string
	count, tries, due        int64
}

// The states of steps.
const (
	open   = "open"
	done   = "done"
	failed = "error"
)

func (r *run) load() error {
	return r.e.db.View(r.ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(r.ctx, `SELECT name, state, result, error, count, tries, due FROM workflow_step WHERE run = $1 ORDER BY seq`, r.id)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s step
			if err := rows.Scan(&s.name, &s.state, &s.result, &s.err, &s.count, &s.tries, &s.due); err != nil {
				return err
			}
			r.steps = append(r.steps, s)
		}
		return rows.Err()
	})
}

// next returns the step the process has come to, as it was kept.
func (r *run) next(name string) (s step, kept bool) {
	if r.seq++; int(r.seq) > len(r.steps) {
		return step{name: name, state: open}, false
	}
	if s = r.steps[r.seq-1]; s.name != name {
		panic(leave{stop: fmt.Sprintf("step %d was %q and is now %q: the process has changed", r.seq, s.name, name)})
	}
	return s, true
}

// keep keeps the step the process has come to.
func (r *run) keep(tx *sql.Tx, s step) error {
	t := now()
	_, err := tx.ExecContext(r.ctx, `INSERT INTO workflow_step (run, seq, name, state, result, error, count, tries, due, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (run, seq) DO UPDATE SET state = excluded.state, result = excluded.result, error = excluded.error,
			count = excluded.count, tries = excluded.tries, due = excluded.due, at = excluded.at`,
		r.id, r.seq, s.name, s.state, s.result, s.err, s.count, s.tries, s.due, t)
	return err
}

// put keeps the step in a transaction of its own.
func (r *run) put(s step) {
	r.must(r.e.tx(r.ctx, func(tx *sql.Tx) error { return r.keep(tx, s) }))
}

// must ends the call of the process for an error of the engine's own.
func (r *run) must(err error) {
	if err != nil {
		panic(leave{cause: err})
	}
}

func (r *run) ID() string { return r.id }

func (r *run) Now() time.Time {
	s, kept := r.next("now")
	if !kept {
		s.state, s.due = done, now()
		r.put(s)
	}
	return time.UnixMicro(s.due).UTC()
}

// again keeps that a step failed with an error that passes, and leaves.
func (r *run) again(s step, err error) {
	if r.ctx.Err() != nil { // the engine ends: that is no failure of the step
		panic(leave{cause: err})
	}
	s.state, s.err = open, err.Error()
	s.tries++
	s.due = now() + backoff(s.tries).Microseconds()
	r.put(s)
	if s.tries == stalled {
		r.e.log.Warn("A step of a process has failed several times; it is tried again", "run", r.id, "process", r.process, "step", s.name, "error", err)
	}
	panic(leave{wake: s.due})
}

// backoff is how long a step waits after its nth failure: a second at first, and
// five minutes from the ninth on.
func backoff(n int64) time.Duration {
	return min(time.Second<<min(n-1, 16), 5*time.Minute)
}

// outcome is an error that is a step's result.
type outcome struct {
	Kind          lethe.Kind
	Message, Hint string `json:",omitempty"`
}

func newOutcome(err error) string {
	o := outcome{Kind: lethe.KindOf(err), Message: err.Error()}
	var e *lethe.Error
	if errors.As(err, &e) && err == error(e) {
		o.Message, o.Hint = e.Message, e.Hint
	}
	raw, _ := json.Marshal(o) // strings always marshal
	return string(raw)
}

func (s step) outcome() error {
	var o outcome
	if err := json.Unmarshal([]byte(s.result), &o); err != nil {
		return err
	}
	return &lethe.Error{Kind: o.Kind, Message: o.Message, Hint: o.Hint}
}

// wait leaves if a step is to be tried later.
func (s step) wait() {
	if s.tries > 0 && s.due > now() {
		panic(leave{wake: s.due})
	}
}

func (r *run) activity(name string) workflow.Handler {
	h := r.e.g.Activity(name)
	if h == nil {
		panic(leave{stop: fmt.Sprintf("this version has no activity %q", name)})
	}
	return h
}

// read reads what was kept of a step into what the process wants of it.
func (r *run) read(s step, out any) {
	if err := json.Unmarshal([]byte(s.result), out); err != nil {
		panic(leave{stop: fmt.Sprintf("what step %d, %q, returned cannot be read: the process has changed: %v", r.seq, s.name, err)})
	}
}

// CallRaw runs an activity, or returns what it returned.
func (r *run) CallRaw(name string, in, out any) error {
	s, _ := r.next(name)
	switch s.state {
	case done:
		r.read(s, out)
		return nil
	case failed:
		return s.outcome()
	}
	s.wait()
	h := r.activity(name)
	raw, err := json.Marshal(in)
	if err != nil {
		return err // each time alike
	}
	res, err := r.do(h, name, raw)
	switch {
	case err != nil && workflow.Passes(err):
		r.again(s, err)
	case err != nil:
		s.state, s.result = failed, newOutcome(err)
		r.put(s)
		return s.outcome()
	}
	s.state, s.result, s.err = done, string(res), ""
	r.put(s)
	r.read(s, out)
	return nil
}

// position is where an each has come to.
type position struct{ After string }

// EachRaw runs an activity for all items of a list.
func (r *run) EachRaw(list, do, of string, atOnce int) (int64, error) {
	s, kept := r.next("each " + do)
	switch s.state {
	case done:
		return s.count, nil
	case failed:
		return s.count, s.outcome()
	}
	s.wait()
	var at position
	if kept {
		r.read(s, &at)
	}
	lister, doer := r.activity(list), r.activity(do)
	for {
		s.result = marshal(at)
		page, err := r.page(lister, list, workflow.Page{Of: of, After: at.After})
		if err == nil {
			err = r.items(doer, do, page.Items, atOnce)
		}
		switch {
		case err != nil && workflow.Passes(err):
			r.again(s, err)
		case err != nil:
			s.state, s.result = failed, newOutcome(err)
			r.put(s)
			return s.count, s.outcome()
		case page.Next == at.After && page.Next != "":
			panic(leave{stop: fmt.Sprintf("%s says that the page after %q is after %q", list, at.After, page.Next)})
		}
		at.After = page.Next
		s.count += int64(len(page.Items))
		s.tries, s.err, s.result = 0, "", marshal(at)
		if at.After == "" {
			s.state = done
		}
		r.put(s)
		if s.state == done {
			return s.count, nil
		}
		r.must(r.ctx.Err())
	}
}

func marshal(p position) string {
	raw, _ := json.Marshal(p) // strings always marshal
	return string(raw)
}

// page asks for a page of a list.
func (r *run) page(h workflow.Handler, name string, p workflow.Page) (workflow.Items[json.RawMessage], error) {
	var page workflow.Items[json.RawMessage]
	in, err := json.Marshal(p)
	if err != nil {
		return page, err
	}
	out, err := r.do(h, name, in)
	if err == nil {
		err = json.Unmarshal(out, &page)
	}
	return page, err
}

// items runs an activity for each of the items and returns the first item's error
// that passes, else the first one's that does not.
func (r *run) items(h workflow.Handler, name string, items []json.RawMessage, atOnce int) error {
	var g errgroup.Group
	g.SetLimit(max(atOnce, 1))
	errs := make([]error, len(items))
	for i, in := range items {
		if r.ctx.Err() != nil {
			errs[i] = r.ctx.Err()
			break
		}
		g.Go(func() error {
			_, errs[i] = r.do(h, name, in)
			return nil
		})
	}
	_ = g.Wait() // errs has them all
	var final error
	for _, err := range errs {
		switch {
		case err == nil:
		case workflow.Passes(err):
			return err
		case final == nil:
			final = err
		}
	}
	return final
}

// AwaitRaw waits for a signal.
func (r *run) AwaitRaw(signal string, d time.Duration, out any) (bool, error) {
	s, kept := r.next("await " + signal)
	if s.state == open {
		if !kept {
			s.due = now() + d.Microseconds()
		}
		r.must(r.e.tx(r.ctx, func(tx *sql.Tx) error { return r.take(tx, &s, signal, !kept) }))
		if s.state == open {
			panic(leave{wake: s.due})
		}
	}
	if s.result == "" { // the time was over
		return false, nil
	}
	r.read(s, out)
	return true, nil
}

// take ends the wait if there is a signal or its time is over.
func (r *run) take(tx *sql.Tx, s *step, signal string, first bool) error {
	var key string
	err := tx.QueryRowContext(r.ctx, `SELECT key, payload FROM workflow_signal WHERE run = $1 AND name = $2 AND taken = 0 ORDER BY arrived LIMIT 1`, r.id, signal).
		Scan(&key, &s.result)
	switch {
	case err == nil:
		s.state = done
		if _, err := tx.ExecContext(r.ctx, `UPDATE workflow_signal SET taken = $1, payload = '' WHERE run = $2 AND name = $3 AND key = $4`, r.seq, r.id, signal, key); err != nil {
			return err
		}
	case !errors.Is(err, sql.ErrNoRows):
		return err
	case s.due <= now():
		s.state = done
	case !first:
		return nil // as it was kept
	}
	return r.keep(tx, *s)
}
