package config

import (
	"fmt"
	"strings"
	"time"

	"lethe"
	"lethe/lib/mail"
)

// ErasureFlow configures who decides on requests to erase persons, and who is told.
type ErasureFlow struct {
	// Approvals is how many must approve a report; 0 means one.
	Approvals int `yaml:"approvals"`
	// Approvers are asked by mail. Others may decide in the console, as their policies say.
	Approvers []ErasureApprover `yaml:"approvers"`
	// Escalation is the address of mail that is told where a person must look.
	Escalation string `yaml:"escalation"`
	// Remind is how often those who have not decided are reminded, Overdue how long a report
	// waits until it is escalated; 0 means 72h and 336h.
	Remind  time.Duration `yaml:"remind"`
	Overdue time.Duration `yaml:"overdue"`
	// Inbox is where files with persons to erase are put.
	Inbox ErasureInbox `yaml:"inbox"`
	// Webhook is told of requests that have ended, or need a person; nil means nobody is.
	Webhook *EventWebhook `yaml:"webhook"`
}

// ErasureApprover is a user of the lake, and where they are written to.
type ErasureApprover struct {
	User string `yaml:"user"`
	Mail string `yaml:"mail"`
}

// ErasureInbox is a folder of the lake in which files become requests.
type ErasureInbox struct {
	// Location of it, as s3://erase-these/; "" for none.
	Location string `yaml:"location"`
	// Type of the identifiers in files without a header.
	Type string `yaml:"type"`
}

func (f ErasureFlow) check(m Mail) error {
	if f.Approvals < 0 || f.Approvals > 9 {
		return &Error{"erasure.approvals", fmt.Sprint(f.Approvals), "must be from 1 to 9"}
	}
	for field, d := range map[string]time.Duration{"erasure.remind": f.Remind, "erasure.overdue": f.Overdue} {
		if d < 0 || d > 0 && d < time.Minute {
			return &Error{field, d.String(), "must be at least 1m"}
		}
	}
	if (len(f.Approvers) > 0 || f.Escalation != "") && !m.Enabled() {
		return &Error{"mail.addr", "", "must be set, because erasure names whom to write to"}
	}
	if f.Inbox.Location != "" {
		if _, err := lethe.ParseLocation(f.Inbox.Location); err != nil {
			return &Error{"erasure.inbox.location", f.Inbox.Location, "must be a location s3://bucket/prefix/"}
		}
	} else if f.Inbox.Type != "" {
		return &Error{"erasure.inbox.location", "", "must be set together with type"}
	}
	seen := map[string]bool{}
	for i, a := range f.Approvers {
		field := fmt.Sprintf("erasure.approvers[%d]", i)
		if a.User == "" || strings.ContainsAny(a.User, "/:") || seen[a.User] {
			return &Error{field + ".user", a.User, "must name a user of the lake, each once"}
		}
		seen[a.User] = true
		if _, err := mail.Address(a.Mail); err != nil {
			return &Error{field + ".mail", a.Mail, err.Error()}
		}
	}
	if f.Escalation != "" {
		if _, err := mail.Address(f.Escalation); err != nil {
			return &Error{"erasure.escalation", f.Escalation, err.Error()}
		}
	}
	if f.Webhook != nil {
		return f.Webhook.check("erasure.webhook")
	}
	return nil
}
