package access

import (
	"context"

	"lethe"
)

// Viewer decides what is left out of listings.
type Viewer interface {
	// Allows is Decide for what somebody is not asking for, but would see: it
	// tells the audit nothing, and no reason.
	Allows(ctx context.Context, p lethe.Principal, action, resource string) (bool, error)
}

// DecideEach decides about one of many resources that were decided about together:
// that what lies below a place may be read does not say that no policy denies a
// part of it. The audit has the decision about the place, and those that refuse.
func DecideEach(ctx context.Context, d Decider, p lethe.Principal, action, resource string) error {
	if v, ok := d.(Viewer); ok {
		if allowed, err := v.Allows(ctx, p, action, resource); err != nil || allowed {
			return err
		}
	}
	err := d.Decide(ctx, p, action, resource)
	if lethe.Is(err, lethe.Denied) { // who may not see one of them does not learn its name
		err = lethe.Errorf(lethe.Denied, "User: %s is not authorized to perform: %s on all that this needs", p.ARN, action)
	}
	return err
}

// Allows implements Viewer.
func (s *Service) Allows(ctx context.Context, p lethe.Principal, action, resource string) (bool, error) {
	d, err := s.evaluate(ctx, question{principal: p, action: action, resource: resource})
	return d.Allowed, err
}
