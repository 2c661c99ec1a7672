package erasure

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lethe"
	"lethe/workflow"
)

// Request is a person's request to be erased, from the moment it is made to its
// certificate. It holds no value of the person's: identifiers are hashes.
type Request struct {
	ID    string `json:"id"`
	State State  `json:"state"`
	// Identifiers are the types of those that were given, with their hashes.
	Identifiers []HashedIdentifier `json:"identifiers,omitzero"`
	By          string             `json:"by"` // the principal who made it
	Made        time.Time          `json:"made,omitzero"`
	// Due is when the person must have been told that it is done: a month from when
	// it was made (Regulation (EU) 2016/679, article 12(3)).
	Due time.Time `json:"due,omitzero"`
	// Report is the location of what was found; Digest is its SHA-256, which approvals name.
	Report      string     `json:"report,omitempty"`
	Digest      string     `json:"digest,omitempty"`
	Decisions   []Decision `json:"decisions,omitzero"`
	Found       Found      `json:"found"`
	Records     int64      `json:"records"` // erased
	Exceptions  int64      `json:"exceptions"`
	Certificate string     `json:"certificate,omitempty"` // its location
	Closed      time.Time  `json:"closed,omitzero"`
	Problem     string     `json:"problem,omitempty"` // why it needs a person
	// Attempt counts how often a blocked request was begun anew.
	Attempt int `json:"attempt,omitempty"`
}

// HashedIdentifier is an identifier as a request keeps it.
type HashedIdentifier struct {
	Type string `json:"type"`
	Hash string `json:"hash"`
}

// Found counts what a request has found.
type Found struct {
	Objects int64 `json:"objects"`
	Records int64 `json:"records"`
	Unread  int64 `json:"unread"`
	// Holdings counts the places of Holders, and is not among Objects.
	Holdings int64 `json:"holdings"`
}

// State is where a request has come to.
type State string

// The states of requests, in their order.
const (
	Asked    State = "asked"
	Located  State = "located"
	Reported State = "reported" // it waits for approval
	Overdue  State = "overdue"  // it has waited for long; it still does
	Rejected State = "rejected" // closed
	Erasing  State = "erasing"
	Blocked  State = "blocked" // it needs a person: see Problem
	Done     State = "done"    // closed
)

// Decision is somebody's yes or no to what a report says.
type Decision struct {
	Approve bool      `json:"approve"`
	By      string    `json:"by"`
	Digest  string    `json:"digest"` // of the report that was decided on
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// month is one calendar month on, or its last day where the month is shorter
// (Regulation (EEC, Euratom) No 1182/71, article 3).
func month(t time.Time) time.Time {
	next := t.AddDate(0, 1, 0)
	if next.Day() != t.Day() {
		next = next.AddDate(0, 0, -next.Day())
	}
	return next
}

// Ask makes a request to erase whom identifiers name, on behalf of ctx's
// principal. Errors of kind Invalid say what is wrong with the identifiers, and do
// not repeat them.
func (s *Service) Ask(ctx context.Context, given []Named) (Request, error) {
	k, err := s.known(ctx)
	if err != nil {
		return Request{}, err
	}
	sub, err := k.subject(given)
	if err != nil {
		return Request{}, err
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	r := Request{ID: lethe.NewOrderedID(), State: Asked, By: lethe.PrincipalOf(ctx).Name, Made: now, Due: month(now)}
	for typ, values := range sub.normal {
		for v := range values {
			r.Identifiers = append(r.Identifiers, HashedIdentifier{typ, s.Key.Hash(typ, v).String()})
		}
	}
	raw, err := json.Marshal(given)
	if err != nil {
		return Request{}, err
	}
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		doc, err := json.Marshal(r)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO erasure_requests (id, state, document, identifiers) VALUES ($1, $2, $3, $4)`,
			r.ID, string(r.State), string(doc), s.Seal.Seal(raw, "erasure_requests", r.ID))
		return err
	})
	if err != nil {
		return Request{}, err
	}
	return r, s.Engine.Start(ctx, process.Name, r.run(), r.ID)
}

// run is the id of the request's process.
func (r Request) run() string {
	if r.Attempt == 0 {
		return r.ID
	}
	return fmt.Sprintf("%s/%d", r.ID, r.Attempt)
}

// Retry begins a blocked request anew, once somebody has mended what blocked it. It
// is located, reported and decided on again; what was erased stays erased. An error
// of kind Conflict says that it is not blocked.
func (s *Service) Retry(ctx context.Context, id string) error {
	var run string
	err := s.revise(ctx, id, func(_ *sql.Tx, r *Request) error {
		if r.State != Blocked {
			return lethe.Errorf(lethe.Conflict, "request %s is %s, and not blocked", id, r.State)
		}
		r.State, r.Problem, r.Decisions, r.Report, r.Digest = Asked, "", nil, "", ""
		r.Attempt++
		run = r.run()
		return nil
	})
	if err != nil {
		return err
	}
	return s.Engine.Start(ctx, process.Name, run, id)
}

// Resume starts the processes of requests that were made and not started, because
// the program was killed in between.
func (s *Service) Resume(ctx context.Context) error {
	rs, err := s.Requests(ctx)
	if err != nil {
		return err
	}
	for _, r := range rs {
		if r.Closed.IsZero() && r.State != Blocked {
			if err := s.Engine.Start(ctx, process.Name, r.run(), r.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// Request returns a request; an error of kind NotFound if there is none.
func (s *Service) Request(ctx context.Context, id string) (r Request, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		r, err = requestIn(ctx, tx, id)
		return err
	})
	return r, err
}

func requestIn(ctx context.Context, tx *sql.Tx, id string) (r Request, err error) {
	var doc string
	err = tx.QueryRowContext(ctx, `SELECT document FROM erasure_requests WHERE id = $1`, id).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return r, lethe.Errorf(lethe.NotFound, "there is no erasure request %q", id)
	} else if err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(doc), &r)
}

// Requests returns all requests, the oldest first.
func (s *Service) Requests(ctx context.Context) (rs []Request, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT document FROM erasure_requests ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var doc string
			var r Request
			if err := rows.Scan(&doc); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(doc), &r); err != nil {
				return err
			}
			rs = append(rs, r)
		}
		return rows.Err()
	})
	return rs, err
}

// revise changes a request that is not closed; f is given it as it is.
func (s *Service) revise(ctx context.Context, id string, f func(tx *sql.Tx, r *Request) error) error {
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		r, err := requestIn(ctx, tx, id)
		if err != nil {
			return err
		}
		if !r.Closed.IsZero() {
			return lethe.Errorf(lethe.Conflict, "request %s is closed", id)
		}
		if err := f(tx, &r); err != nil {
			return err
		}
		doc, err := json.Marshal(r)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE erasure_requests SET state = $1, document = $2 WHERE id = $3`, string(r.State), string(doc), id)
		return err
	})
}

// Decide says yes or no to a request's report, on behalf of ctx's principal. The
// digest must be the report's: what is approved is what was read. An error of kind
// Conflict says that it is not, or that the request does not wait for a decision,
// or not for this principal's.
func (s *Service) Decide(ctx context.Context, id string, d Decision) error {
	d.By, d.At = lethe.PrincipalOf(ctx).Name, time.Now().UTC().Truncate(time.Microsecond)
	var run string
	err := s.revise(ctx, id, func(_ *sql.Tx, r *Request) error {
		run = r.run()
		switch {
		case r.State != Reported && r.State != Overdue:
			return lethe.Errorf(lethe.Conflict, "request %s is %s, and waits for no decision", id, r.State)
		case d.Digest != r.Digest:
			return lethe.Errorf(lethe.Conflict, "the decision is on another report than that of request %s", id).WithHint("read the report again")
		case !d.Approve && d.Reason == "":
			return lethe.Errorf(lethe.Invalid, "a rejection needs a reason, which the person is told")
		}
		for _, before := range r.Decisions {
			if before.By == d.By {
				return lethe.Errorf(lethe.Conflict, "%s has decided on request %s already: somebody else must", d.By, id)
			}
		}
		r.Decisions = append(r.Decisions, d)
		return nil
	})
	if err != nil {
		return err
	}
	_, err = s.Engine.Signal(ctx, run, "decision", d.By, workflow.None{})
	return err
}

// givenOf unseals whom a request names.
func (s *Service) givenOf(ctx context.Context, id string) (given []Named, err error) {
	var sealed string
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT identifiers FROM erasure_requests WHERE id = $1`, id).Scan(&sealed)
	})
	if err != nil {
		return nil, err
	}
	raw, err := s.Seal.Unseal(sealed, "erasure_requests", id)
	if err != nil {
		return nil, err
	}
	return given, json.Unmarshal(raw, &given)
}

// subjectOf is whom a request names, as records are compared with them.
func (s *Service) subjectOf(ctx context.Context, id string) (subject, error) {
	p, err := s.personOf(ctx, id)
	return p.sub, err
}
