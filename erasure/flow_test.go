package erasure_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/lib/mail"
)

// post is a server of mail.
type post struct {
	mu      sync.Mutex
	letters []mail.Message
	fail    error
}

func (p *post) Send(_ context.Context, l mail.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail == nil {
		p.letters = append(p.letters, l)
	}
	return p.fail
}

// to takes the letters to an address, the first first.
func (p *post) to(address string) (ls []mail.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.letters = slices.DeleteFunc(p.letters, func(l mail.Message) bool {
		if l.To == address {
			ls = append(ls, l)
		}
		return l.To == address
	})
	return ls
}

// mailed is a lake of people with mail, two approvers, and one object that holds ada.
func mailed(t *testing.T) (*lake, *post) {
	t.Helper()
	l := newPeople(t, "blank")
	p := &post{}
	l.Mail, l.Escalation = p, "privacy@example.org"
	l.Approvers = []erasure.Approver{{Name: "boss", Mail: "boss@example.org"}, {Name: "chief", Mail: "chief@example.org"}}
	l.URL = func() string { return "https://lake.example.org/" }
	l.write("reviews/1.json", hers, somebody)
	return l, p
}

func (l *lake) deliver() {
	l.t.Helper()
	l.must(l.Deliver(l.t.Context(), time.Now()))
}

// one is the only letter to an address.
func (l *lake) one(p *post, address, subject string) mail.Message {
	l.t.Helper()
	ls := p.to(address)
	if len(ls) != 1 || !strings.Contains(ls[0].Subject, subject) {
		l.t.Fatalf("letters to %s: %+v, and want one about %q", address, ls, subject)
	}
	if strings.Contains(ls[0].Text, "ada@example.org") {
		l.t.Errorf("a letter names her: %s", ls[0].Text)
	}
	return ls[0]
}

var (
	linkOf = regexp.MustCompile(`Approve: https://lake\.example\.org/approval/([A-Z2-7]+)\?decision=approve\nReject:  https://lake\.example\.org/approval/([A-Z2-7]+)\?decision=reject`)
	codeOf = regexp.MustCompile(`Code: ([A-Z2-7]{6})\n`)
)

// linkIn is what a letter to an approver has.
func linkIn(t *testing.T, l mail.Message) (token, code string) {
	t.Helper()
	m, c := linkOf.FindStringSubmatch(l.Text), codeOf.FindStringSubmatch(l.Text)
	if m == nil || c == nil || m[1] != m[2] {
		t.Fatalf("no link: %s", l.Text)
	}
	return m[1], c[1]
}

// column is a column of a request's row.
func (l *lake) column(id, name string) (v string) {
	l.t.Helper()
	l.must(l.DB.View(l.t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(l.t.Context(), `SELECT `+name+` FROM erasure_requests WHERE id = $1`, id).Scan(&v)
	}))
	return v
}

func TestApprovalByMail(t *testing.T) {
	l, p := mailed(t)
	q, err := l.AskAndTell(as("officer"), ada, erasure.Contacts{Person: "person@example.net", Requester: "officer@example.org"})
	l.must(err)
	q = l.until(q.ID, erasure.Reported)
	l.deliver()
	l.deliver() // nothing is sent twice
	l.one(p, "person@example.net", "was received")
	l.one(p, "officer@example.org", "was received")
	boss, code := linkIn(t, l.one(p, "boss@example.org", "decide"))
	chief, chiefs := linkIn(t, l.one(p, "chief@example.org", "decide"))
	if sealed := l.column(q.ID, "contacts"); sealed == "" || strings.Contains(sealed, "example") {
		t.Errorf("contacts are kept as %q", sealed)
	}

	for range 3 { // looking decides nothing
		a, err := l.Approval(t.Context(), boss)
		l.must(err)
		if a.Approver != "boss" || a.Request.ID != q.ID || len(a.Request.Decisions) != 0 {
			t.Errorf("%+v", a)
		}
	}
	for _, x := range []struct {
		token, code string
		d           erasure.Decision
		kind        lethe.Kind
	}{
		{boss, "AAAAAA", erasure.Decision{Approve: true}, lethe.Denied},
		{boss, chiefs, erasure.Decision{Approve: true}, lethe.Denied},
		{"nobody's", code, erasure.Decision{Approve: true}, lethe.NotFound},
		{boss, code, erasure.Decision{}, lethe.Invalid}, // a rejection without a reason
	} {
		if _, err := l.DecideByLink(t.Context(), x.token, x.code, x.d); !lethe.Is(err, x.kind) {
			t.Errorf("%s %s: %v", x.token, x.code, err)
		}
	}

	errs := make(chan error, 20)
	for range cap(errs) {
		go func() {
			_, err := l.DecideByLink(context.Background(), boss, strings.ToLower(code), erasure.Decision{Approve: true})
			errs <- err
		}()
	}
	decided := 0
	for range cap(errs) {
		if err := <-errs; err == nil {
			decided++
		} else if !lethe.Is(err, lethe.NotFound) {
			t.Error(err)
		}
	}
	if q, err = l.Request(t.Context(), q.ID); decided != 1 || len(q.Decisions) != 1 || q.Decisions[0].By != "boss" || q.Decisions[0].Digest != q.Digest {
		t.Fatalf("%d decided: %+v, %v", decided, q.Decisions, err)
	}
	if err := l.Decide(as("boss"), q.ID, erasure.Decision{Approve: true, Digest: q.Digest}); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("the same person by another way: %v", err)
	}
	_, err = l.DecideByLink(t.Context(), chief, chiefs, erasure.Decision{Approve: true})
	l.must(err)
	q = l.until(q.ID, erasure.Done)
	l.wantLines("reviews/1.json", "{}", somebody)
	l.deliver()
	l.one(p, "person@example.net", "was carried out")
	l.one(p, "officer@example.org", "was carried out")
	if l.column(q.ID, "contacts") != "" {
		t.Error("contacts are kept after the last letter")
	}
}

func TestRejectionByMail(t *testing.T) {
	l, p := mailed(t)
	q, err := l.AskAndTell(as("officer"), ada, erasure.Contacts{Person: "person@example.net"})
	l.must(err)
	l.until(q.ID, erasure.Reported)
	l.deliver()
	p.to("person@example.net")
	boss, code := linkIn(t, l.one(p, "boss@example.org", "decide"))
	chief, _ := linkIn(t, l.one(p, "chief@example.org", "decide"))
	_, err = l.DecideByLink(t.Context(), boss, code, erasure.Decision{Reason: "a court needs it"})
	l.must(err)
	l.until(q.ID, erasure.Rejected)
	l.deliver()
	if letter := l.one(p, "person@example.net", "was refused"); !strings.Contains(letter.Text, "a court needs it") {
		t.Error(letter.Text)
	}
	if _, err := l.Approval(t.Context(), chief); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("a link of a closed request: %v", err)
	}
	l.wantLines("reviews/1.json", hers, somebody)
}

func TestALinkEndsAfterTenWrongCodes(t *testing.T) {
	l, p := mailed(t)
	q := l.ask(ada...)
	l.until(q.ID, erasure.Reported)
	l.deliver()
	boss, code := linkIn(t, l.one(p, "boss@example.org", "decide"))
	for i := range 10 {
		if _, err := l.DecideByLink(t.Context(), boss, "WRONG!", erasure.Decision{Approve: true}); !lethe.Is(err, lethe.Denied) {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if _, err := l.DecideByLink(t.Context(), boss, code, erasure.Decision{Approve: true}); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("the right code after ten wrong ones: %v", err)
	}
}

func TestALinkEndsInTime(t *testing.T) {
	l, p := mailed(t)
	q := l.ask(ada...)
	l.until(q.ID, erasure.Reported)
	l.must(l.Deliver(t.Context(), time.Now().Add(time.Hour)))
	boss, code := linkIn(t, l.one(p, "boss@example.org", "decide"))
	l.must(l.DB.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `UPDATE erasure_links SET expires = 1`)
		return err
	}))
	if _, err := l.DecideByLink(t.Context(), boss, code, erasure.Decision{Approve: true}); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("an expired link: %v", err)
	}
}

func TestTimePasses(t *testing.T) {
	l, p := mailed(t)
	q := l.ask(ada...)
	q = l.until(q.ID, erasure.Reported)
	day := 24 * time.Hour
	at := func(d time.Duration) {
		t.Helper()
		now := q.Waiting.Add(d)
		for range 2 { // the second time finds done what was done
			l.must(l.Tend(t.Context(), now))
			l.must(l.Deliver(t.Context(), now.Add(time.Hour)))
		}
	}
	at(time.Hour)
	p.to("chief@example.org")
	l.one(p, "boss@example.org", "decide")
	at(2 * day)
	if ls := p.to("boss@example.org"); len(ls) != 0 {
		t.Errorf("reminded early: %+v", ls)
	}
	l.decide(q.ID, "chief", erasure.Decision{Approve: true, Digest: q.Digest})
	at(3*day + time.Hour)
	boss, code := linkIn(t, l.one(p, "boss@example.org", "Reminder"))
	if ls := p.to("chief@example.org"); len(ls) != 0 {
		t.Errorf("who has decided is reminded: %+v", ls)
	}
	at(15 * day)
	l.one(p, "boss@example.org", "Overdue")
	l.one(p, "privacy@example.org", "Overdue")
	if q, err := l.Request(t.Context(), q.ID); err != nil || q.State != erasure.Overdue {
		t.Errorf("%+v, %v", q, err)
	}
	at(q.Due.Sub(q.Waiting) - 6*day)
	if q, err := l.Request(t.Context(), q.ID); err != nil || !strings.Contains(q.Warning, "it is due on") {
		t.Errorf("%+v, %v", q, err)
	}
	if ls := p.to("privacy@example.org"); len(ls) != 1 || !strings.Contains(ls[0].Subject, "Due soon") || !strings.Contains(ls[0].Text, "lethe erase extend") {
		t.Errorf("%+v", ls)
	}
	at(q.Due.Sub(q.Waiting) + day)
	l.one(p, "privacy@example.org", "Late")
	// It waits on all the same.
	_, err := l.DecideByLink(t.Context(), boss, code, erasure.Decision{Approve: true})
	l.must(err)
	l.until(q.ID, erasure.Done)
}

func TestExtend(t *testing.T) {
	l, p := mailed(t)
	q, err := l.AskAndTell(as("officer"), ada, erasure.Contacts{Person: "person@example.net"})
	l.must(err)
	l.until(q.ID, erasure.Reported)
	if _, err := l.Extend(t.Context(), q.ID, "  "); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	x, err := l.Extend(t.Context(), q.ID, "twelve archives")
	l.must(err)
	if days := x.Due.Sub(q.Made).Hours() / 24; days < 88 || days > 93 {
		t.Errorf("made %s, due %s", q.Made, x.Due)
	}
	if _, err := l.Extend(t.Context(), q.ID, "more"); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("twice: %v", err)
	}
	l.deliver()
	if ls := p.to("person@example.net"); len(ls) != 2 || !strings.Contains(ls[1].Text, "twelve archives") {
		t.Errorf("%+v", ls)
	}
}

func TestNoMail(t *testing.T) {
	l := newPeople(t, "blank")
	if _, err := l.AskAndTell(as("officer"), ada, erasure.Contacts{Person: "person@example.net"}); !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), "no mail is configured") {
		t.Errorf("a contact without mail: %v", err)
	}
	q := l.ask(ada...)
	l.until(q.ID, erasure.Reported)
	l.deliver()
	_, err := l.Extend(t.Context(), q.ID, "it can be extended")
	l.must(err)
}

func TestMailThatIsAwayHoldsUpNothing(t *testing.T) {
	l, p := mailed(t)
	p.fail = errors.New("connection refused")
	q, err := l.AskAndTell(as("officer"), ada, erasure.Contacts{Person: "person@example.net"})
	l.must(err)
	q = l.until(q.ID, erasure.Reported)
	l.deliver()
	l.decide(q.ID, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
	l.decide(q.ID, "chief", erasure.Decision{Approve: true, Digest: q.Digest})
	l.until(q.ID, erasure.Done)
	l.deliver()
	if l.column(q.ID, "contacts") == "" {
		t.Fatal("the contact was dropped before the last letter")
	}
	p.fail = nil
	l.must(l.Deliver(t.Context(), time.Now().Add(2*time.Hour)))
	if ls := p.to("person@example.net"); len(ls) != 2 {
		t.Errorf("%+v", ls)
	}
	if l.column(q.ID, "contacts") != "" {
		t.Error("contacts are kept after the last letter")
	}
}

func TestALetterThatIsRefusedIsNotSilent(t *testing.T) {
	l, p := mailed(t)
	p.fail = fmt.Errorf("%w: 550", mail.ErrRefused)
	q := l.ask(ada...)
	l.until(q.ID, erasure.Reported)
	l.deliver()
	if q, err := l.Request(t.Context(), q.ID); err != nil || !strings.Contains(q.Warning, "approver:") {
		t.Errorf("%+v, %v", q, err)
	}
	p.fail = nil
	l.deliver()
	if ls := p.to("privacy@example.org"); len(ls) != 2 || !strings.Contains(ls[0].Text, "was not told") {
		t.Errorf("%+v", ls)
	}
}

func TestWebhook(t *testing.T) {
	l := newPeople(t, "blank")
	var mu sync.Mutex
	var posted []string
	l.Hook = func(_ context.Context, id string, body []byte) error {
		mu.Lock()
		defer mu.Unlock()
		posted = append(posted, id+" "+string(body))
		return nil
	}
	q := l.ask(ada...)
	q = l.until(q.ID, erasure.Reported)
	l.decide(q.ID, "boss", erasure.Decision{Digest: q.Digest, Reason: "r"})
	l.until(q.ID, erasure.Rejected)
	l.deliver()
	l.deliver()
	if len(posted) != 1 || !strings.Contains(posted[0], `"type":"erasure.request.rejected"`) || !strings.Contains(posted[0], q.Digest) {
		t.Errorf("%q", posted)
	}
}
