package console_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"lethe"
	"lethe/access"
)

// audit has lines 9 to 1, each a minute earlier than the one before.
type audit struct{}

func (audit) ReadAudit(_ context.Context, q access.AuditQuery) (page access.AuditPage, err error) {
	if q.Before == 0 {
		q.Before = 10
	}
	for n := q.Before - 1; n >= 1; n-- {
		e := access.Entry{Seq: n, Time: began.Add(time.Duration(n) * time.Minute), Event: "decision", Request: "r-9", Source: "127.0.0.1", Principal: lethe.UserARN("sales"),
			Action: "s3:GetObject", Resource: lethe.ObjectARN("lake", "~0011"), Outcome: "denied", Reason: "NotAllowed"}
		if q.Action != "" && q.Action != e.Action || e.Time.Before(q.From) || !q.To.IsZero() && e.Time.After(q.To) {
			continue
		}
		if page.Entries = append(page.Entries, e); len(page.Entries) == q.Limit {
			page.Next = n
			break
		}
	}
	return page, nil
}

func (audit) VerifyAudit(context.Context) (access.Chain, error) {
	return access.Chain{Files: 1, Lines: 9, Last: "9f86d0"}, nil
}

func TestPagesOfTheAudit(t *testing.T) {
	c := serve(t)
	type page struct {
		Entries []struct {
			Seq       int
			Principal string
		}
		Next string
	}
	c.as("admin")
	a := c.do("GET", "/api/v1/audit?limit=2", "")
	c.want(a, http.StatusOK)
	if p := decode[page](c, a); len(p.Entries) != 2 || p.Entries[0].Seq != 9 || p.Entries[0].Principal != lethe.UserARN("sales") || p.Next != "8" {
		t.Errorf("%+v", p)
	}
	a = c.do("GET", "/api/v1/audit?limit=2&after=8&action=s3:GetObject&outcome=denied&to="+began.Add(5*time.Minute).Format(time.RFC3339), "")
	c.want(a, http.StatusOK)
	if p := decode[page](c, a); len(p.Entries) != 2 || p.Entries[0].Seq != 5 {
		t.Errorf("%+v", p)
	}
	a = c.do("GET", "/api/v1/audit?action=no:Such", "")
	c.want(a, http.StatusOK)
	if p := decode[page](c, a); p.Entries == nil || len(p.Entries) != 0 || p.Next != "" {
		t.Errorf("%+v", p)
	}
	for _, wrong := range []string{"limit=0", "limit=9999", "after=x", "from=yesterday", "to=2026-11-22", "outcome=maybe"} {
		c.want(c.do("GET", "/api/v1/audit?"+wrong, ""), http.StatusBadRequest)
	}
	c.as("reader")
	c.want(c.do("GET", "/api/v1/audit", ""), http.StatusForbidden)
}
