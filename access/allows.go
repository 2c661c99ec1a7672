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

// Allows implements Viewer.
func (s *Service) Allows(ctx context.Context, p lethe.Principal, action, resource string) (bool, error) {
	d, err := s.evaluate(ctx, question{principal: p, action: action, resource: resource})
	return d.Allowed, err
}
