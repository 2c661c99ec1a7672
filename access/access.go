// Package access says who may do what. Every wire calls Decide before it acts,
// for every request, and nothing else decides. Decisions are audited.
//
// So far one principal exists, the administrator made at the first start;
// users, groups, roles and policies come behind the same call.
package access

import (
	"context"

	"lethe"
)

// Decider decides requests.
type Decider interface {
	// Decide returns nil if p may do action (as s3:GetObject) to resource (an
	// ARN, or * where the action has none), and an error of kind Denied that
	// names all three if not.
	Decide(ctx context.Context, p lethe.Principal, action, resource string) error
}

// Keys finds the principal behind an access key.
type Keys interface {
	// Secret returns the secret of an access key and whose it is; an error of
	// kind NotFound if there is no such key or it is inactive.
	Secret(ctx context.Context, accessKeyID string) (secret string, p lethe.Principal, err error)
}
