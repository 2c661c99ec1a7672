package access

import (
	"context"

	"lethe"
	"lethe/lib/policy"
)

// entry begins an entry about a principal's request.
func entry(ctx context.Context, event string, p lethe.Principal) Entry {
	e := Entry{Event: event, Principal: p.ARN, Session: p.Session, For: p.For}
	if r := RequestOf(ctx); r != nil {
		e.Request, e.Source = r.ID, r.SourceIP
	}
	if p.Zero() && p.ARN == "" {
		e.Principal = "anonymous"
	}
	return e
}

func outcome(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "denied"
}

// recordDecision records a decision. After an error it must not count.
func (s *Service) recordDecision(ctx context.Context, p lethe.Principal, d policy.Decision) error {
	if s.audit == nil {
		return nil
	}
	e := entry(ctx, "decision", p)
	e.Action, e.Resource, e.Outcome = d.Action, d.Resource, outcome(d.Allowed)
	e.Reason, e.Policy, e.Statement = d.Reason.String(), d.Policy, d.Statement
	if d.Source == policy.ResourceSource {
		e.Policy = s.audit.hide(e.Policy)
	}
	return s.audit.record(e, !d.Allowed)
}

func (s *Service) recordDenied(ctx context.Context, p lethe.Principal, action, resource string) {
	// Whether it is recorded or not, it is refused.
	_ = s.recordDecision(ctx, p, policy.Decision{Action: action, Resource: resource, Reason: policy.TrustNotAllowed})
}

// recordLogin records a login. Of a wrong one the name is not kept: people type
// passwords there.
func (s *Service) recordLogin(ctx context.Context, p lethe.Principal) error {
	e := entry(ctx, "login", p)
	e.Action, e.Resource, e.Outcome = "console:Login", "*", outcome(!p.Zero())
	return s.audit.record(e, true)
}

// RecordChange records that a change, which a decision had allowed, was made or
// failed. If the line cannot be written now, it waits: the change cannot be undone,
// and the decision before it was recorded or refused.
func (s *Service) RecordChange(ctx context.Context, p lethe.Principal, action, resource string, err error) {
	e := entry(ctx, "change", p)
	e.Action, e.Resource, e.Outcome = action, resource, "done"
	if err != nil {
		// The kind only: texts may repeat what people typed.
		e.Outcome, e.Reason = "failed", string(lethe.KindOf(err))
	}
	_ = s.audit.record(e, true)
}

// RecordErasure records a step of the erasure of a person. The key of an object is hidden;
// detail is made of digests, ETags and counts, and has no text that people wrote.
func (s *Service) RecordErasure(ctx context.Context, p lethe.Principal, request, step, resource, detail string) error {
	if s.audit == nil {
		return nil
	}
	e := entry(ctx, "erasure", p)
	if e.Request == "" {
		e.Request = request
	}
	e.Action, e.Resource, e.Outcome, e.Reason = "lethe:Erasure/"+step, resource, "done", detail
	return s.audit.record(e, true)
}
