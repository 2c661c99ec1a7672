package erasure

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"strings"
	"time"

	"lethe"
	"lethe/workflow"
)

// linkAge is how long the links of a letter work.
const linkAge = 14 * 24 * time.Hour

// linkTries is how many wrong codes end a link.
const linkTries = 10

// link is what a letter has by which its reader decides.
type link struct {
	base, token, code string
	expires           time.Time
}

func (l link) url(decision string) string {
	return l.base + "/approval/" + l.token + "?decision=" + decision
}

// newLink makes a link for an approver. Earlier ones of theirs stay good: it is not
// known which of their letters arrived.
func (s *Service) newLink(ctx context.Context, q Request, approver string, now time.Time) (link, error) {
	l := link{base: strings.TrimSuffix(s.URL(), "/"), token: rand.Text(), code: rand.Text()[:6], expires: now.Add(linkAge)}
	hash := sha256.Sum256([]byte(l.token))
	return l, s.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO erasure_links (hash, request, approver, digest, code, tries, expires, spent) VALUES ($1, $2, $3, $4, $5, 0, $6, 0)`,
			hash[:], q.ID, approver, q.Digest, codeOf(l.token, l.code), l.expires.UnixMicro())
		return err
	})
}

// codeOf is what is kept of a code: nothing that tells it without the token.
func codeOf(token, code string) []byte {
	h := hmac.New(sha256.New, []byte(token))
	h.Write([]byte(strings.ToUpper(strings.TrimSpace(code))))
	return h.Sum(nil)
}

// errLink is the answer to every link that does not work, whatever the reason.
var errLink = lethe.Errorf(lethe.NotFound, "this link does not work, or no longer: it was used, it has expired, or the report was replaced").
	WithHint("decide in the console, or ask for another letter")

// Approval is what a link in a letter leads to.
type Approval struct {
	Request  Request
	Approver string
	Expires  time.Time
}

// Approval returns what a token is for, and changes nothing; an error of kind NotFound
// if it is for nothing any more.
func (s *Service) Approval(ctx context.Context, token string) (a Approval, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		a, _, err = s.linkIn(ctx, tx, token)
		return err
	})
	return a, err
}

// linkIn reads a link that works, and what is kept of its code.
func (s *Service) linkIn(ctx context.Context, tx *sql.Tx, token string) (a Approval, code []byte, err error) {
	hash := sha256.Sum256([]byte(token))
	var id, digest string
	var tries, expires, spent int64
	err = tx.QueryRowContext(ctx, `SELECT request, approver, digest, code, tries, expires, spent FROM erasure_links WHERE hash = $1`, hash[:]).
		Scan(&id, &a.Approver, &digest, &code, &tries, &expires, &spent)
	if errors.Is(err, sql.ErrNoRows) {
		return a, nil, errLink
	} else if err != nil {
		return a, nil, err
	}
	if a.Expires = time.UnixMicro(expires).UTC(); spent != 0 || tries >= linkTries || !time.Now().Before(a.Expires) {
		return a, nil, errLink
	}
	if !s.approves(a.Approver) {
		return a, nil, errLink // they are configured no more
	}
	if a.Request, err = requestIn(ctx, tx, id); err != nil {
		return a, nil, err
	}
	if q := a.Request; q.Digest != digest || q.State != Reported && q.State != Overdue {
		return a, nil, errLink
	}
	return a, code, nil
}

func (s *Service) approves(name string) bool {
	for _, a := range s.Approvers {
		if a.Name == name {
			return true
		}
	}
	return false
}

// DecideByLink decides as the approver to whom a token was sent, on the report it was
// sent for, if the code is the one in the letter. It works once. An error of kind
// NotFound says that the link does not work, one of kind Denied that the code is wrong:
// after ten of those it does not work either.
func (s *Service) DecideByLink(ctx context.Context, token, code string, d Decision) (Request, error) {
	var q Request
	var wrong error
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		a, want, err := s.linkIn(ctx, tx, token)
		if err != nil {
			return err
		}
		q = a.Request
		if !hmac.Equal(want, codeOf(token, code)) {
			hash := sha256.Sum256([]byte(token))
			wrong = lethe.Errorf(lethe.Denied, "this is not the code that stands in the letter")
			_, err := tx.ExecContext(ctx, `UPDATE erasure_links SET tries = tries + 1 WHERE hash = $1`, hash[:])
			return err // which is kept
		}
		d.By, d.Digest, d.At = a.Approver, q.Digest, time.Now().UTC().Truncate(time.Microsecond)
		if err := s.decideIn(ctx, tx, &q, d); err != nil {
			return err
		}
		return keep(ctx, tx, q)
	})
	if err == nil {
		err = wrong
	}
	if err != nil {
		return Request{}, err
	}
	s.wake()
	by := lethe.Principal{Name: d.By, ARN: lethe.UserARN(d.By)}
	return q, errors.Join(s.auditDecision(ctx, by, q, d), s.signal(ctx, q, "decision", d.By))
}

// decideIn adds a decision to a request, and ends the links of who made it.
func (s *Service) decideIn(ctx context.Context, tx *sql.Tx, r *Request, d Decision) error {
	switch {
	case r.State != Reported && r.State != Overdue:
		return lethe.Errorf(lethe.Conflict, "request %s is %s, and waits for no decision", r.ID, r.State)
	case d.Digest != r.Digest:
		return lethe.Errorf(lethe.Conflict, "the decision is on another report than that of request %s", r.ID).WithHint("read the report again")
	case !d.Approve && strings.TrimSpace(d.Reason) == "":
		return lethe.Errorf(lethe.Invalid, "a rejection needs a reason, which the person is told")
	case len(d.Reason) > maxReason:
		return errReason
	}
	for _, before := range r.Decisions {
		if before.By == d.By {
			return lethe.Errorf(lethe.Conflict, "%s has decided on request %s already: somebody else must", d.By, r.ID)
		}
	}
	r.Decisions = append(r.Decisions, d)
	_, err := tx.ExecContext(ctx, `UPDATE erasure_links SET spent = 1 WHERE request = $1 AND approver = $2`, r.ID, d.By)
	return err
}

// maxReason bounds what people write, in bytes.
const maxReason = 4000

var errReason = lethe.Errorf(lethe.Invalid, "the reason is over %d bytes", maxReason)

// signal wakes a request's process. One that is not there yet, or no longer, needs none:
// it looks for itself.
func (s *Service) signal(ctx context.Context, q Request, name, key string) error {
	_, err := s.Engine.Signal(ctx, q.run(), name, key, workflow.None{})
	if lethe.Is(err, lethe.NotFound) {
		return nil
	}
	return err
}
