package erasure

import (
	"context"
	"fmt"

	"lethe"
)

// Audited is a step of a request, for the audit. It has no value of the person's: an
// object's key, which may name them, is in Resource and there only, for the audit to hide.
type Audited struct {
	Request string
	// Step is asked, located, reported, decided, erased or kept (of one object), held,
	// released, verified, closed or extended; vacuum, and vacuumed (of one object).
	Step string
	// Resource is the ARN of the object, of the request or of the vacuum.
	Resource string
	// Detail says more, as digests, ETags and counts.
	Detail string
	// By is who did it: a principal, or an approver whose name is all that is known.
	By lethe.Principal
}

// audit records a step of a request, by ctx's principal. Who repeats a step after a crash
// records it again.
func (s *Service) audit(ctx context.Context, request, step, resource, detail string) error {
	return s.auditBy(ctx, lethe.PrincipalOf(ctx), request, step, resource, detail)
}

func (s *Service) auditBy(ctx context.Context, by lethe.Principal, request, step, resource, detail string) error {
	if s.Audit == nil {
		return nil
	}
	if resource == "" {
		resource = "arn:lethe:erasure:::request/" + request
	}
	return s.Audit(ctx, Audited{Request: request, Step: step, Resource: resource, Detail: detail, By: by})
}

// auditOutcome records what became of one key.
func (s *Service) auditOutcome(ctx context.Context, request string, out Outcome) error {
	resource := "arn:aws:s3:::" + out.Bucket + "/" + out.Key
	for _, c := range out.Changes {
		if c.Statistics > 0 {
			if err := s.audit(ctx, request, "erased", resource, fmt.Sprintf("%d statistics of the catalog, deleted", c.Statistics)); err != nil {
				return err
			}
			continue
		}
		after := c.After
		if after == "" {
			after = "deleted"
		}
		if err := s.audit(ctx, request, "erased", resource, fmt.Sprintf("%d records, %s became %s", c.Records, c.ETag, after)); err != nil {
			return err
		}
	}
	for _, e := range out.Exceptions {
		if err := s.audit(ctx, request, "kept", resource, e.ETag); err != nil {
			return err
		}
	}
	return nil
}
