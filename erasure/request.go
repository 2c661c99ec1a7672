package erasure

import (
	"cmp"
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
	// it was made, or three if it was extended (Regulation (EU) 2016/679, article 12(3)).
	Due             time.Time `json:"due,omitzero"`
	Extended        time.Time `json:"extended,omitzero"` // when
	ExtensionReason string    `json:"extension_reason,omitempty"`
	// Warning says that it must be looked at soon, and why; it goes on by itself.
	Warning string `json:"warning,omitempty"`
	Warned  int    `json:"warned,omitempty"` // how many times people were, of when it is due
	// Waiting is since when it waits for decisions, Reminded how often people were of it.
	Waiting  time.Time `json:"waiting,omitzero"`
	Reminded int64     `json:"reminded,omitempty"`
	// Held are the ids of the holds that it waits for.
	Held []string `json:"held,omitzero"`
	// Remains are the ids of the holds that had kept something when it was closed; once
	// they end, another request asks for that.
	Remains []string `json:"remains,omitzero"`
	// Remainder is the closed request of which this erases what a hold had kept.
	Remainder string `json:"remainder,omitempty"`
	// Report is the location of what was found; Digest is its SHA-256, which approvals name.
	Report      string     `json:"report,omitempty"`
	Digest      string     `json:"digest,omitempty"`
	Decisions   []Decision `json:"decisions,omitzero"`
	Found       Found      `json:"found"`
	Records     int64      `json:"records"` // erased
	Exceptions  int64      `json:"exceptions"`
	Certificate string     `json:"certificate,omitempty"` // its location
	Closed      time.Time  `json:"closed,omitzero"`
	Stops       Stops      `json:"stops"`
	// ContactGiven and RequesterGiven say whether there is, or was, an address at which
	// the person, and whoever asked, are told.
	ContactGiven   bool   `json:"contact_given"`
	RequesterGiven bool   `json:"requester_given"`
	Problem        string `json:"problem,omitempty"` // why it needs a person
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
	Held     State = "held"     // it is approved, and waits for a hold to end
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

// Ask makes a request to erase whom identifiers name, on behalf of ctx's
// principal. Errors of kind Invalid say what is wrong with the identifiers, and do
// not repeat them.
func (s *Service) Ask(ctx context.Context, given []Named) (Request, error) {
	return s.AskAndTell(ctx, given, Contacts{})
}

// AskAndTell is Ask, and has people told of what becomes of the request.
func (s *Service) AskAndTell(ctx context.Context, given []Named, told Contacts) (Request, error) {
	if err := told.check(s.Mail); err != nil {
		return Request{}, err
	}
	r, err := s.newRequest(ctx, given)
	if err != nil {
		return Request{}, err
	}
	if err := s.DB.Tx(ctx, func(tx *sql.Tx) error { return s.insert(ctx, tx, &r, given, told) }); err != nil {
		return Request{}, err
	}
	s.wake()
	return r, errors.Join(s.audit(ctx, r.ID, "asked", "", ""), s.Engine.Start(ctx, process.Name, r.run(), r.ID))
}

// newRequest makes a request that is not kept yet.
func (s *Service) newRequest(ctx context.Context, given []Named) (r Request, err error) {
	k, err := s.known(ctx)
	if err != nil {
		return r, err
	}
	sub, err := k.subject(given)
	if err != nil {
		return r, err
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	r = Request{ID: lethe.NewOrderedID(), State: Asked, By: lethe.PrincipalOf(ctx).Name, Made: now, Due: months(now, 1), Stops: Stops{Asked: now}}
	for typ, values := range sub.normal {
		for v := range values {
			r.Identifiers = append(r.Identifiers, HashedIdentifier{typ, s.Key.Hash(typ, v).String()})
		}
	}
	slices.SortFunc(r.Identifiers, func(a, b HashedIdentifier) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Hash, b.Hash))
	})
	return r, nil
}

// insert keeps a new request, whose process is to be started after it.
func (s *Service) insert(ctx context.Context, tx *sql.Tx, r *Request, given []Named, told Contacts) error {
	raw, err := json.Marshal(given)
	if err != nil {
		return err
	}
	contacts := ""
	if told != (Contacts{}) {
		text, err := json.Marshal(told)
		if err != nil {
			return err
		}
		contacts = s.Seal.Seal(text, "erasure_contacts", r.ID)
	}
	r.ContactGiven, r.RequesterGiven = told.Person != "", told.Requester != ""
	doc, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO erasure_requests (id, state, document, identifiers, contacts) VALUES ($1, $2, $3, $4, $5)`,
		r.ID, string(r.State), string(doc), s.Seal.Seal(raw, "erasure_requests", r.ID), contacts)
	if err != nil {
		return err
	}
	return s.tell(ctx, tx, r, tellReceived, "", told.given()...)
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
		r.Warning, r.Waiting, r.Reminded, r.Held = "", time.Time{}, 0, nil
		r.Stops = Stops{Asked: r.Made}
		r.Attempt++
		run = r.run()
		return nil
	})
	if err != nil {
		return err
	}
	return s.Engine.Start(ctx, process.Name, run, id)
}

// Resume starts the processes of requests and vacuums that were made and not started,
// because the program was killed in between.
func (s *Service) Resume(ctx context.Context) error {
	rs, err := s.open(ctx)
	if err != nil {
		return err
	}
	for _, r := range rs {
		if r.State != Blocked {
			if err := s.Engine.Start(ctx, process.Name, r.run(), r.ID); err != nil {
				return err
			}
		}
	}
	return s.resumeVacuums(ctx)
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
		rs, err = requestsIn(ctx, tx, "")
		return err
	})
	return rs, err
}

// open are the requests that are not closed.
func (s *Service) open(ctx context.Context) (rs []Request, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rs, err = requestsIn(ctx, tx, `WHERE state NOT IN ($1, $2)`, string(Done), string(Rejected))
		return err
	})
	return rs, err
}

func requestsIn(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]Request, error) {
	return state.Documents[Request](ctx, tx, `SELECT document FROM erasure_requests `+where+` ORDER BY id`, args...)
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
		return keep(ctx, tx, r)
	})
}

// Decide says yes or no to a request's report, on behalf of ctx's principal. The
// digest must be the report's: what is approved is what was read. An error of kind
// Conflict says that it is not, or that the request does not wait for a decision,
// or not for this principal's.
func (s *Service) Decide(ctx context.Context, id string, d Decision) error {
	d.By, d.At = lethe.PrincipalOf(ctx).Name, time.Now().UTC().Truncate(time.Microsecond)
	var q Request
	err := s.revise(ctx, id, func(tx *sql.Tx, r *Request) error {
		err := s.decideIn(ctx, tx, r, d)
		q = *r
		return err
	})
	if err != nil {
		return err
	}
	return errors.Join(s.auditDecision(ctx, lethe.PrincipalOf(ctx), q, d), s.signal(ctx, q, "decision", d.By))
}

func (s *Service) auditDecision(ctx context.Context, by lethe.Principal, q Request, d Decision) error {
	v := rejected
	if d.Approve {
		v = approved
	}
	return s.auditBy(ctx, by, q.ID, "decided", "", string(v)+", report "+d.Digest)
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
