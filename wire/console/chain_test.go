package console_test

import (
	"context"
	"net/http"
	"testing"

	"lethe"
	"lethe/access"
	"lethe/wire/console"
)

// brokenAudit counts how often its chain is checked.
type brokenAudit struct {
	audit
	checked int
}

func (b *brokenAudit) VerifyAudit(context.Context) (access.Chain, error) {
	b.checked++
	return access.Chain{Files: 2}, lethe.Errorf(lethe.BadData, "audit.jsonl, line 7: it does not follow the line before it")
}

func TestABrokenChainIsToldAndNotReadForEverybodyAnew(t *testing.T) {
	b := &brokenAudit{}
	c := serve(t, func(o *console.Options) { o.Audit = b }).as("admin")
	for range 3 {
		a := c.do("GET", "/api/v1/audit/chain", "")
		c.want(a, http.StatusOK)
		if got := decode[struct {
			Good    bool
			Problem string
		}](c, a); got.Good || got.Problem != "audit.jsonl, line 7: it does not follow the line before it" {
			t.Errorf("%+v", got)
		}
	}
	if b.checked != 1 {
		t.Errorf("the audit was read %d times", b.checked)
	}
}
