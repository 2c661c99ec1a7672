package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"lethe"
	"lethe/access"
)

// Audit tells what was decided and done. *access.Service is one.
type Audit interface {
	// ReadAudit returns lines of the audit, the latest first.
	ReadAudit(ctx context.Context, q access.AuditQuery) (access.AuditPage, error)
	// VerifyAudit checks the audit's chain; BadData says where it is broken.
	VerifyAudit(ctx context.Context) (access.Chain, error)
}

type auditEntry struct {
	Seq       int64     `json:"seq"`
	Time      time.Time `json:"time"`
	Event     string    `json:"event"`
	RequestID string    `json:"request_id"`
	SourceIP  string    `json:"source_ip"`
	Principal string    `json:"principal"`
	Action    string    `json:"action"`
	Resource  string    `json:"resource"`
	Outcome   string    `json:"outcome"`
	Reason    string    `json:"reason"`
	Policy    string    `json:"policy"`
	Statement string    `json:"statement"`
}

// listAudit pages through the audit.
func (s *server) listAudit(c *call) ([]need, func() error, error) {
	q := access.AuditQuery{Principal: c.query("principal"), Action: c.query("action"), Outcome: c.query("outcome"), Event: c.query("event"), Request: c.query("request_id")}
	limit, err := c.number("limit", 50, 1, 1000)
	if err != nil {
		return nil, nil, err
	}
	q.Limit = int(limit)
	if q.Before, err = c.number("after", 0, 1, 1<<62); err != nil {
		return nil, nil, err
	}
	if q.From, err = c.time("from"); err != nil {
		return nil, nil, err
	}
	if q.To, err = c.time("to"); err != nil {
		return nil, nil, err
	}
	if !slices.Contains([]string{"", "allowed", "denied", "done", "failed"}, q.Outcome) {
		return nil, nil, lethe.Errorf(lethe.Invalid, "outcome=%q is not allowed, denied, done or failed", q.Outcome)
	}
	return []need{{access.ReadAudit, access.AuditARN}}, func() error {
		page, err := s.Audit.ReadAudit(c.r.Context(), q)
		if err != nil {
			return err
		}
		var out struct {
			Entries []auditEntry `json:"entries"`
			Next    string       `json:"next,omitempty"`
		}
		if page.Next > 0 {
			out.Next = strconv.FormatInt(page.Next, 10)
		}
		out.Entries = make([]auditEntry, len(page.Entries))
		for i, e := range page.Entries {
			out.Entries[i] = auditEntry{e.Seq, e.Time, e.Event, e.Request, e.Source, e.Principal, e.Action, e.Resource, e.Outcome, e.Reason, e.Policy, e.Statement}
		}
		return reply(c.w, http.StatusOK, out)
	}, nil
}

// time returns a query parameter that is a moment; the zero one if it is not given.
func (c *call) time(name string) (time.Time, error) {
	v := c.query(name)
	if v == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return t, lethe.Errorf(lethe.Invalid, "%s=%q is not a time such as 2026-11-22T20:00:00Z", name, v)
	}
	return t, nil
}
