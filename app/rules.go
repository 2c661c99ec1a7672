package app

import (
	"context"

	"lethe/access"
	"lethe/query"
)

// tableRules keeps rules in access once query has seen that they fit their tables.
type tableRules struct {
	*access.Service
	queries *query.Service
}

// CheckTableRule implements console.Rules.
func (t tableRules) CheckTableRule(ctx context.Context, r access.TableRule) error {
	if err := access.CheckTableRule(r); err != nil {
		return err
	}
	return t.queries.CheckTableRule(ctx, r)
}

// PutTableRule implements console.Rules.
func (t tableRules) PutTableRule(ctx context.Context, r access.TableRule) error {
	if err := t.CheckTableRule(ctx, r); err != nil {
		return err
	}
	return t.Service.PutTableRule(ctx, r)
}
