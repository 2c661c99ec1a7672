package config

import (
	"fmt"
	"time"
)

// Audit configures the record of what was decided and changed.
type Audit struct {
	// FileSize at which a file is closed; one is closed at the end of each day too.
	FileSize Bytes `yaml:"file_size"`
	// Keep is how long closed files are kept; 0 means for ever.
	Keep time.Duration `yaml:"keep"`
	// OnFailure says what happens while the audit cannot be written: refuse all
	// requests, or continue.
	OnFailure string `yaml:"on_failure"`
	// Webhook is where lines are sent; nil means nowhere.
	Webhook *AuditWebhook `yaml:"webhook"`
}

// AuditWebhook is a URL that lines of the audit are posted to.
type AuditWebhook struct {
	EventWebhook `yaml:",inline"`
	// Batch bounds the lines of a request; 0 means 500.
	Batch int `yaml:"batch"`
}

// The values of Audit.OnFailure.
const (
	AuditRefuse   = "refuse"
	AuditContinue = "continue"
)

// DefaultAudit returns the configuration unless set.
func DefaultAudit() Audit { return Audit{FileSize: 64 << 20, OnFailure: AuditRefuse} }

func (a Audit) check() error {
	if a.FileSize < 1<<20 {
		return &Error{"audit.file_size", a.FileSize.String(), "must be at least 1MiB"}
	}
	if a.Keep < 0 || a.Keep > 0 && a.Keep < 24*time.Hour {
		return &Error{"audit.keep", a.Keep.String(), "must be at least 24h, or 0 for ever"}
	}
	if a.OnFailure != AuditRefuse && a.OnFailure != AuditContinue {
		return &Error{"audit.on_failure", a.OnFailure, "must be refuse or continue"}
	}
	w := a.Webhook
	if w == nil {
		return nil
	}
	if w.Batch < 0 || w.Batch > 10_000 {
		return &Error{"audit.webhook.batch", fmt.Sprint(w.Batch), "must be from 1 to 10000, or 0 for 500"}
	}
	return w.check("audit.webhook")
}
