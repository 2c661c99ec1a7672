package erasure

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"lethe"
	"lethe/lib/mail"
)

// Mailer sends letters; a mail.Mailer is one.
type Mailer interface {
	// Send sends a letter. mail.ErrRefused says that it never will be taken.
	Send(ctx context.Context, l mail.Message) error
}

// Approver may decide on requests by mail. Name is the one by which they would decide
// over the API, so that nobody counts as two.
type Approver struct{ Name, Mail string }

// Contacts are where people are told of a request: addresses of mail, "" for nobody.
// They are sealed, and dropped after the last letter.
type Contacts struct {
	Person    string `json:"person,omitempty"`    // who is erased
	Requester string `json:"requester,omitempty"` // who asked on their behalf
}

// given are the recipients who have an address.
func (c Contacts) given() (to []string) {
	if c.Person != "" {
		to = append(to, toPerson)
	}
	if c.Requester != "" {
		to = append(to, toRequester)
	}
	return to
}

func (c Contacts) check(m Mailer) error {
	for field, a := range map[string]string{"contact": c.Person, "requester": c.Requester} {
		if a == "" {
			continue
		}
		if m == nil {
			return lethe.Errorf(lethe.Invalid, "%s: no mail is configured, so nobody can be told by it", field).
				WithHint("leave it out and tell them yourself, or configure mail in lethe.yaml")
		}
		if _, err := mail.Address(a); err != nil {
			return lethe.Errorf(lethe.Invalid, "%s: %w", field, err)
		}
	}
	return nil
}

// kind is what a notice tells.
type kind string

const (
	tellApprove  kind = "approve"  // a report waits for a decision
	tellRemind   kind = "remind"   // it still does
	tellOverdue  kind = "overdue"  // it does for too long
	tellNear     kind = "near"     // the person must be told soon
	tellBlocked  kind = "blocked"  // the request needs a person
	tellParked   kind = "held"     // a hold keeps it
	tellReceived kind = "received" // to the person, and to whoever asked, from here on
	tellExtended kind = "extended"
	tellDone     kind = "done"
	tellRefused  kind = "refused"
)

// Recipients that are no approvers.
const (
	toPerson     = "person"
	toRequester  = "requester"
	toEscalation = "escalation"
	toHook       = "webhook"
	toApprover   = "approver:"
)

// notice is something that somebody is to be told.
type notice struct {
	id, request string
	kind        kind
	recipient   string
	tries, made int64
}

// tell has people told, once for each key, with the transaction. Whoever has no address
// is not.
func (s *Service) tell(ctx context.Context, tx *sql.Tx, q *Request, k kind, key string, recipients ...string) error {
	now := time.Now().UnixMicro()
	for _, to := range recipients {
		switch {
		case to == toHook && s.Hook == nil, to != toHook && s.Mail == nil, to == toEscalation && s.Escalation == "":
			continue
		}
		id := strings.Join([]string{q.run(), string(k) + key, to}, "/")
		_, err := tx.ExecContext(ctx, `INSERT INTO erasure_notices (id, request, kind, recipient, due, tries, made, sent, problem)
			VALUES ($1, $2, $3, $4, $5, 0, $6, 0, '') ON CONFLICT (id) DO NOTHING`, id, q.ID, string(k), to, now, now)
		if err != nil {
			return err
		}
	}
	return nil
}

// approvers are the recipients who have not decided on a report.
func (s *Service) approvers(q *Request) (to []string) {
	decided := map[string]bool{}
	for _, d := range q.Decisions {
		decided[d.By] = true
	}
	for _, a := range s.Approvers {
		if !decided[a.Name] {
			to = append(to, toApprover+a.Name)
		}
	}
	return to
}

// noticesAtOnce bounds what is sent before it is looked again.
const noticesAtOnce = 100

// giveUp is how long a notice is tried.
const giveUp = 14 * 24 * time.Hour

// Deliver sends the notices that are due, and drops the contacts of those who have been
// told all. It returns an error where it cannot go on; that a server of mail takes
// nothing is none: the notice is sent later.
func (s *Service) Deliver(ctx context.Context, now time.Time) error {
	var all []notice
	err := s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, request, kind, recipient, tries, made FROM erasure_notices WHERE sent = 0 AND due <= $1 ORDER BY due, id LIMIT $2`, now.UnixMicro(), noticesAtOnce)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n notice
			if err := rows.Scan(&n.id, &n.request, &n.kind, &n.recipient, &n.tries, &n.made); err != nil {
				return err
			}
			all = append(all, n)
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	for _, n := range all {
		sending := s.send(ctx, n, now)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := s.sent(ctx, n, now, sending); err != nil {
			return err
		}
	}
	return s.dropContacts(ctx)
}

// sent keeps what became of a notice.
func (s *Service) sent(ctx context.Context, n notice, now time.Time, err error) error {
	why := ""
	switch {
	case err == nil:
	case errors.Is(err, mail.ErrRefused):
		why = "the server of mail refuses the address"
	case now.Sub(time.UnixMicro(n.made)) > giveUp:
		why = "it could not be sent in " + fmt.Sprint(int(giveUp.Hours()/24)) + " days"
	default:
		wait := min(time.Minute<<min(n.tries, 10), time.Hour)
		s.Log.Warn("A notice of an erasure could not be sent, and will be tried again", "request", n.request, "kind", string(n.kind), "recipient", n.recipient, "tries", n.tries+1, "err", err)
		return s.DB.Tx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE erasure_notices SET tries = tries + 1, due = $1 WHERE id = $2`, now.Add(wait).UnixMicro(), n.id)
			return err
		})
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE erasure_notices SET sent = $1, problem = $2 WHERE id = $3`, max(now.UnixMicro(), 1), why, n.id); err != nil {
			return err
		}
		if why == "" {
			return toldLast(ctx, tx, n)
		}
		s.Log.Error("A notice of an erasure was given up", "request", n.request, "kind", string(n.kind), "recipient", n.recipient, "why", why)
		q, err := requestIn(ctx, tx, n.request)
		if err != nil {
			return err
		}
		q.Warning = fmt.Sprintf("%s was not told (%s): %s", n.recipient, n.kind, why)
		if err := keep(ctx, tx, q); err != nil {
			return err
		}
		if n.recipient == toEscalation {
			return nil
		}
		return s.tell(ctx, tx, &q, tellBlocked, "/"+n.id, toEscalation)
	})
}

// toldLast keeps when the person was sent what became of their request, or whoever asked
// where the person has no address.
func toldLast(ctx context.Context, tx *sql.Tx, n notice) error {
	if n.kind != tellDone && n.kind != tellRefused || n.recipient != toPerson && n.recipient != toRequester {
		return nil
	}
	q, err := requestIn(ctx, tx, n.request)
	if err != nil {
		return err
	}
	if n.recipient == toPerson && !q.ContactGiven || n.recipient == toRequester && (q.ContactGiven || !q.RequesterGiven) {
		return nil
	}
	q.Stops.Told = stopped()
	return keep(ctx, tx, q)
}

// keep writes a request's document.
func keep(ctx context.Context, tx *sql.Tx, q Request) error {
	doc, err := json.Marshal(q)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE erasure_requests SET state = $1, document = $2 WHERE id = $3`, string(q.State), string(doc), q.ID)
	return err
}

// dropContacts drops the addresses of closed requests of which all has been told.
func (s *Service) dropContacts(ctx context.Context) error {
	var dropped int64
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE erasure_requests SET contacts = '' WHERE contacts <> '' AND state IN ($1, $2)
			AND NOT EXISTS (SELECT 1 FROM erasure_notices n WHERE n.request = erasure_requests.id AND n.sent = 0)
			AND NOT EXISTS (SELECT 1 FROM erasure_remainders r WHERE r.request = erasure_requests.id)`, string(Done), string(Rejected))
		if err != nil {
			return err
		}
		dropped, err = r.RowsAffected()
		return err
	})
	if err != nil || dropped == 0 {
		return err
	}
	return s.DB.Truncate(ctx) // also from the log of the state file
}

// contacts unseals where people are told of a request.
func (s *Service) contacts(ctx context.Context, id string) (c Contacts, err error) {
	var sealed string
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT contacts FROM erasure_requests WHERE id = $1`, id).Scan(&sealed)
	})
	if err != nil || sealed == "" {
		return c, err
	}
	raw, err := s.Seal.Unseal(sealed, "erasure_contacts", id)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(raw, &c)
}

// send sends one notice. What needs no telling any more is not an error.
func (s *Service) send(ctx context.Context, n notice, now time.Time) error {
	q, err := s.Request(ctx, n.request)
	if err != nil {
		return err
	}
	if n.recipient == toHook {
		return s.post(ctx, n, q)
	}
	if s.Mail == nil {
		return errors.New("no mail is configured")
	}
	l := mail.Message{ID: n.id}
	switch name, isApprover := strings.CutPrefix(n.recipient, toApprover); {
	case isApprover:
		for _, a := range s.Approvers {
			if a.Name == name {
				l.To = a.Mail
			}
		}
	case n.recipient == toEscalation:
		l.To = s.Escalation
	default:
		c, err := s.contacts(ctx, q.ID)
		if err != nil {
			return err
		}
		if l.To = c.Person; n.recipient == toRequester {
			l.To = c.Requester
		}
	}
	if l.To == "" {
		return nil // somebody who is configured no more, or who gave no address
	}
	ok, err := s.write(ctx, &l, n, q, now)
	if err != nil || !ok {
		return err
	}
	return s.Mail.Send(ctx, l)
}

// Posted is what a webhook is given of a request that has ended, or that needs a person.
type Posted struct {
	Type        string    `json:"type"` // erasure.request.done, .rejected or .blocked
	ID          string    `json:"id"`   // the same when it is sent again
	Request     string    `json:"request"`
	State       State     `json:"state"`
	Report      string    `json:"report,omitempty"` // its digest
	Records     int64     `json:"records"`
	Exceptions  int64     `json:"exceptions"`
	Certificate string    `json:"certificate,omitempty"`
	Problem     string    `json:"problem,omitempty"`
	Made        time.Time `json:"made,omitzero"`
	Due         time.Time `json:"due,omitzero"`
	Closed      time.Time `json:"closed,omitzero"`
}

func (s *Service) post(ctx context.Context, n notice, q Request) error {
	if s.Hook == nil {
		return nil
	}
	types := map[kind]string{tellDone: "done", tellRefused: "rejected", tellBlocked: "blocked"}
	body, err := json.Marshal(Posted{
		Type: "erasure.request." + types[n.kind], ID: n.id, Request: q.ID, State: q.State, Report: q.Digest, Records: q.Records,
		Exceptions: q.Exceptions, Certificate: q.Certificate, Problem: q.Problem, Made: q.Made, Due: q.Due, Closed: q.Closed,
	})
	if err != nil {
		return err
	}
	return s.Hook(ctx, n.id, body)
}
