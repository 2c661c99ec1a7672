package erasure

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"lethe"
)

// months is n calendar months on, or the last day of the month that is shorter
// (Regulation (EEC, Euratom) No 1182/71, article 3).
func months(t time.Time, n int) time.Time {
	next := t.AddDate(0, n, 0)
	if next.Day() != t.Day() {
		next = next.AddDate(0, 0, -next.Day())
	}
	return next
}

// extension is by how many months a request can be extended (Regulation (EU) 2016/679,
// article 12(3)).
const extension = 2

// Extend gives a request two more months, once, while its first has not passed. The
// person is told, with the reason, where a contact was given. An error of kind Conflict
// says that it cannot be extended.
func (s *Service) Extend(ctx context.Context, id, reason string) (q Request, err error) {
	if reason = strings.TrimSpace(reason); reason == "" {
		return q, lethe.Errorf(lethe.Invalid, "an extension needs a reason, which the person is told")
	} else if len(reason) > maxReason {
		return q, errReason
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	err = s.revise(ctx, id, func(tx *sql.Tx, r *Request) error {
		switch {
		case !r.Extended.IsZero():
			return lethe.Errorf(lethe.Conflict, "request %s was extended already, which can be done once", id)
		case now.After(r.Due):
			return lethe.Errorf(lethe.Conflict, "request %s was due on %s: the person had to be told of an extension before", id, r.Due.Format(time.DateOnly))
		}
		r.Extended, r.ExtensionReason, r.Due, r.Warning = now, reason, months(r.Made, 1+extension), ""
		q = *r
		return s.tell(ctx, tx, r, tellExtended, "", toPerson, toRequester)
	})
	if err != nil {
		return Request{}, err
	}
	s.wake()
	return q, s.audit(ctx, q.ID, "extended", "", "due "+q.Due.Format(time.DateOnly))
}

// The defaults of Config.
const (
	defaultRemind   = 3 * 24 * time.Hour
	defaultPatience = 14 * 24 * time.Hour
)

// warnings are when people are warned before a request is due, and when it is.
var warnings = []time.Duration{7 * 24 * time.Hour, 2 * 24 * time.Hour, 0}

// Tend does what the passing of time asks for, as of now: it reminds those who have not
// decided, escalates where they have not for long, warns where the person must be told
// soon, and ends holds. It may be called at any time, and finds done what was done.
func (s *Service) Tend(ctx context.Context, now time.Time) error {
	rs, err := s.open(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, q := range rs {
		if err := s.tend(ctx, q, now); err != nil && !lethe.Is(err, lethe.Conflict) { // it was closed meanwhile
			errs = append(errs, fmt.Errorf("request %s: %w", q.ID, err))
		}
	}
	return errors.Join(append(errs, s.endHolds(ctx, now))...)
}

func (s *Service) tend(ctx context.Context, q Request, now time.Time) error {
	// A decision may have been kept, and its signal not given, by a crash.
	if q.State == Reported || q.State == Overdue {
		for _, d := range q.Decisions {
			if err := s.signal(ctx, q, "decision", d.By); err != nil {
				return err
			}
		}
	}
	changed := q.warning(now) != "" && q.Warned != q.warned(now)
	waits := (q.State == Reported || q.State == Overdue) && !q.Waiting.IsZero()
	n := int64(0)
	if waits {
		n = int64(now.Sub(q.Waiting) / cmp.Or(s.Remind, defaultRemind))
	}
	late := waits && q.State == Reported && now.Sub(q.Waiting) >= cmp.Or(s.Patience, defaultPatience)
	if !changed && !late && n <= q.Reminded {
		return nil
	}
	err := s.revise(ctx, q.ID, func(tx *sql.Tx, r *Request) error {
		if w := r.warned(now); changed && w != r.Warned {
			r.Warned, r.Warning = w, r.warning(now)
			s.Log.Warn("An erasure request must be answered soon", "request", r.ID, "state", string(r.State), "due", r.Due)
			to := append(s.approvers(r), toEscalation)
			if err := s.tell(ctx, tx, r, tellNear, fmt.Sprint("/", w), to...); err != nil {
				return err
			}
		}
		if !waits || r.State != q.State {
			return nil
		}
		if n > r.Reminded {
			r.Reminded = n
			if !late {
				return s.tell(ctx, tx, r, tellRemind, fmt.Sprint("/", n), s.approvers(r)...)
			}
		}
		if late {
			r.State = Overdue
			s.Log.Warn("An erasure request has waited for a decision for long", "request", r.ID, "since", r.Waiting)
			return s.tell(ctx, tx, r, tellOverdue, "", append(s.approvers(r), toEscalation)...)
		}
		return nil
	})
	s.wake()
	return err
}

// warned is how many of the warnings before a request's due time have come; another
// number after it was extended.
func (q Request) warned(now time.Time) (n int) {
	for _, before := range warnings {
		if !now.Before(q.Due.Add(-before)) {
			n++
		}
	}
	if n > 0 && !q.Extended.IsZero() {
		n += len(warnings)
	}
	return n
}

// warning says how near a request's due time is; "" if it is not.
func (q Request) warning(now time.Time) string {
	switch left := q.Due.Sub(now); {
	case left <= 0:
		return "it was due on " + q.Due.Format(time.DateOnly)
	case left <= warnings[0]:
		return "it is due on " + q.Due.Format(time.DateOnly)
	}
	return ""
}

// tendEvery is how often time is looked at.
const tendEvery = time.Minute

// Run tells people what they are to be told, and does what time asks for, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	t := time.NewTicker(tendEvery)
	defer t.Stop()
	for {
		now := time.Now()
		err := errors.Join(s.Tend(ctx, now), s.Sweep(ctx), s.Deliver(ctx, now))
		if err != nil && ctx.Err() == nil {
			s.Log.Error("What is to be done for erasure requests in time could not be done, and is tried again", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-s.kick:
		}
	}
}

// wake has Run look now.
func (s *Service) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}
