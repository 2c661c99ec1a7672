package erasure

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/lib/state"
	"lethe/object"
)

// Hold is a reason in law not to erase, for a time.
//
// One of a request, or of nothing in particular, is of all requests it is of: they wait
// in the state Held until it ends. One of a mapping leaves what lies under that mapping
// where it is, as an exception of every request, or of the one it names; all else is
// erased. When it ends, what stayed is asked for anew, by a request of its own.
type Hold struct {
	ID string `json:"id"`
	// Kind says why: a legal hold, as for a court, or an exemption, as for the
	// establishment of legal claims (Regulation (EU) 2016/679, article 17(3)).
	Kind string `json:"kind"`
	// Mapping names a mapping, or a Holder.
	Mapping string    `json:"mapping,omitempty"`
	Request string    `json:"request,omitempty"`
	Reason  string    `json:"reason"`
	Until   time.Time `json:"until,omitzero"` // zero: until it is deleted
	By      string    `json:"by"`             // the principal who made it
	Made    time.Time `json:"made,omitzero"`
}

// The kinds of holds.
const (
	LegalHold = "hold"
	Exemption = "exemption"
)

// says is a hold as a reason of an exception.
func (h Hold) says() string {
	name := "a legal hold"
	if h.Kind == Exemption {
		name = "an exemption"
	}
	return fmt.Sprintf("%s keeps it (%s): %s", name, h.ID, h.Reason)
}

// ended says whether a hold's time has passed.
func (h Hold) ended(now time.Time) bool { return !h.Until.IsZero() && !now.Before(h.Until) }

// parks says whether a request must wait for a hold.
func (h Hold) parks(request string) bool {
	return h.Mapping == "" && (h.Request == "" || h.Request == request)
}

// keeps says whether a hold keeps what lies under a mapping, or at a holder, from a request.
func (h Hold) keeps(request, mapping string) bool {
	return h.Mapping == mapping && (h.Request == "" || h.Request == request)
}

// holds are all of which the time has not passed.
func holdsIn(ctx context.Context, tx *sql.Tx, now time.Time) (hs []Hold, err error) {
	hs, err = state.Documents[Hold](ctx, tx, `SELECT document FROM erasure_holds ORDER BY name`)
	return slices.DeleteFunc(hs, func(h Hold) bool { return h.ended(now) }), err
}

// Holds returns the holds and exemptions that have not ended, the oldest first.
func (s *Service) Holds(ctx context.Context) (hs []Hold, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		hs, err = holdsIn(ctx, tx, time.Now())
		return err
	})
	return hs, err
}

// Hold makes a hold, on behalf of ctx's principal, from now on. Its ID is made.
func (s *Service) Hold(ctx context.Context, h Hold) (Hold, error) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	h.ID, h.By, h.Made, h.Reason = lethe.NewOrderedID(), lethe.PrincipalOf(ctx).Name, now, strings.TrimSpace(h.Reason)
	switch {
	case h.Kind != LegalHold && h.Kind != Exemption:
		return h, lethe.Errorf(lethe.Invalid, "kind %q is neither hold nor exemption", h.Kind)
	case h.Kind == Exemption && h.Mapping == "":
		return h, lethe.Errorf(lethe.Invalid, "an exemption is of a mapping").WithHint("reject the request if nothing of the person is to be erased, or make a hold if nothing is for a time")
	case h.Reason == "":
		return h, lethe.Errorf(lethe.Invalid, "a %s needs a reason, which reports and certificates name", h.Kind)
	case len(h.Reason) > maxReason:
		return h, errReason
	case h.ended(now):
		return h, lethe.Errorf(lethe.Invalid, "until %s has passed already", h.Until.Format(time.RFC3339))
	}
	h.Until = h.Until.UTC()
	if err := s.holdable(ctx, h); err != nil {
		return h, err
	}
	raw, err := json.Marshal(h)
	if err != nil {
		return h, err
	}
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO erasure_holds (name, document) VALUES ($1, $2)`, h.ID, string(raw))
		return err
	})
	if err != nil {
		return h, err
	}
	// Those who are held stay where they come back.
	return h, errors.Join(s.suppressed.load(ctx, s.DB), s.audit(ctx, h.Request, "held", "arn:lethe:erasure:::hold/"+h.ID, h.Kind))
}

// holdable says why there is nothing that a hold could be of.
func (s *Service) holdable(ctx context.Context, h Hold) error {
	if h.Request != "" {
		q, err := s.Request(ctx, h.Request)
		if err != nil {
			return err
		}
		if !q.Closed.IsZero() {
			return lethe.Errorf(lethe.Conflict, "request %s is closed", q.ID)
		}
	}
	if h.Mapping == "" {
		return nil
	}
	ms, err := s.Mappings(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(ms, func(m Mapping) bool { return m.Name == h.Mapping }) &&
		!slices.ContainsFunc(s.Holders, func(x Holder) bool { return x.Name() == h.Mapping }) {
		return lethe.Errorf(lethe.NotFound, "there is no mapping %q, and nothing else of that name that holds persons", h.Mapping)
	}
	return nil
}

// Release ends a hold before its time; an error of kind NotFound if there is none. What
// it kept is due.
func (s *Service) Release(ctx context.Context, id string) error {
	if err := s.remove(ctx, "erasure_holds", "hold", id); err != nil {
		return err
	}
	return errors.Join(s.audit(ctx, "", "released", "arn:lethe:erasure:::hold/"+id, ""), s.endHolds(ctx, time.Now()))
}

// endHolds goes on with what holds kept that have ended.
func (s *Service) endHolds(ctx context.Context, now time.Time) error {
	var parked []Request
	var remains []string // requests
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		hs, err := holdsIn(ctx, tx, now)
		if err != nil {
			return err
		}
		if err := dropEnded(ctx, tx, hs); err != nil {
			return err
		}
		if parked, err = requestsIn(ctx, tx, `WHERE state = $1`, string(Held)); err != nil {
			return err
		}
		parked = slices.DeleteFunc(parked, func(q Request) bool {
			return slices.ContainsFunc(hs, func(h Hold) bool { return h.parks(q.ID) })
		})
		rows, err := tx.QueryContext(ctx, `SELECT request, hold FROM erasure_remainders ORDER BY request`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var request, hold string
			if err := rows.Scan(&request, &hold); err != nil {
				return err
			}
			if !slices.ContainsFunc(hs, func(h Hold) bool { return h.ID == hold }) && !slices.Contains(remains, request) {
				remains = append(remains, request)
			}
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, q := range parked {
		errs = append(errs, s.signal(ctx, q, "released", strings.Join(q.Held, ",")))
	}
	for _, id := range remains {
		errs = append(errs, s.reopen(ctx, id))
	}
	return errors.Join(append(errs, s.suppressAgain(ctx))...)
}

// suppressAgain erases those who came back while a hold kept them, and no longer does.
func (s *Service) suppressAgain(ctx context.Context) error {
	before := s.suppressed.all()
	if err := s.suppressed.load(ctx, s.DB); err != nil {
		return err
	}
	for h := range s.suppressed.all() {
		if before[h] {
			continue
		}
		for p, err := range s.Index.Find(ctx, h) {
			if err == nil {
				_, err = s.eraseAgain(ctx, p.ObjectVersion)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// dropEnded removes the holds that are not among those that have not ended.
func dropEnded(ctx context.Context, tx *sql.Tx, hs []Hold) error {
	rows, err := tx.QueryContext(ctx, `SELECT name FROM erasure_holds`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var ended []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		if !slices.ContainsFunc(hs, func(h Hold) bool { return h.ID == id }) {
			ended = append(ended, id)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, id := range ended {
		if _, err := tx.ExecContext(ctx, `DELETE FROM erasure_holds WHERE name = $1`, id); err != nil {
			return err
		}
	}
	return nil
}

// reopen asks anew for whom a closed request named, because a hold has ended that kept
// something of theirs. The closed one's identifiers and contacts move to the new one.
func (s *Service) reopen(ctx context.Context, id string) error {
	given, err := s.givenOf(ctx, id)
	if err != nil {
		return err
	}
	contacts, err := s.contacts(ctx, id)
	if err != nil {
		return err
	}
	r, err := s.newRequest(ctx, given)
	if err != nil {
		return err
	}
	r.Remainder = id
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		deleted, err := tx.ExecContext(ctx, `DELETE FROM erasure_remainders WHERE request = $1`, id)
		if err != nil {
			return err
		}
		if n, err := deleted.RowsAffected(); err != nil || n == 0 {
			r.ID = "" // somebody else was before us
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE erasure_requests SET identifiers = '', contacts = '' WHERE id = $1`, id); err != nil {
			return err
		}
		return s.insert(ctx, tx, &r, given, contacts)
	})
	if err != nil || r.ID == "" {
		return err
	}
	s.wake()
	return errors.Join(s.audit(ctx, r.ID, "asked", "", "remainder of "+id), s.Engine.Start(ctx, process.Name, r.run(), r.ID))
}

// keeping returns what says which hold keeps what lies under a mapping, or at a holder,
// from a request; "" is any request.
func (s *Service) keeping(ctx context.Context, request string) (func(mapping string) (Hold, bool), error) {
	hs, err := s.Holds(ctx)
	if err != nil {
		return nil, err
	}
	return func(mapping string) (Hold, bool) {
		for _, h := range hs {
			if mapping != "" && (h.keeps(request, mapping) || request == "" && h.Mapping == mapping) {
				return h, true
			}
		}
		return Hold{}, false
	}, nil
}

// keeps is the hold that keeps what lies under a mapping, or at a holder.
func (sub subject) keeps(mapping string) (Hold, bool) {
	if sub.kept == nil {
		return Hold{}, false
	}
	return sub.kept(mapping)
}

// keep is why a version stays that lies under a mapping; nil if no hold keeps it.
func (sub subject) keep(mapping string, v object.Version) *Exception {
	h, ok := sub.keeps(mapping)
	if !ok {
		return nil
	}
	e := except(v, h.Until, "%s", h.says())
	e.Hold = h.ID
	return e
}

// clear lets a request be erased, or parks it: it returns whether a hold is of it.
func (s *Service) clear(ctx context.Context, id string) (held bool, err error) {
	err = s.revise(ctx, id, func(tx *sql.Tx, r *Request) error {
		hs, err := holdsIn(ctx, tx, time.Now())
		if err != nil {
			return err
		}
		was := r.State
		r.State, r.Held = Erasing, nil
		for _, h := range hs {
			if h.parks(id) {
				r.State, held = Held, true
				r.Held = append(r.Held, h.ID)
			}
		}
		if held && was != Held {
			return s.tell(ctx, tx, r, tellParked, "/"+r.Held[0], toEscalation)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	s.wake()
	if held {
		err = s.audit(ctx, id, "held", "", "")
	}
	return held, errors.Join(err, s.suppressed.load(ctx, s.DB))
}

// held says whether a request must not be erased from now.
func (s *Service) held(ctx context.Context, id string) (bool, error) {
	hs, err := s.Holds(ctx)
	return slices.ContainsFunc(hs, func(h Hold) bool { return h.parks(id) }), err
}
