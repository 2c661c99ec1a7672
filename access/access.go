// Package access says who may do what. Every wire calls Decide before it acts,
// for every request, and nothing else decides.
//
// It keeps what AWS's IAM keeps, in the state database: users, groups and roles;
// managed policies with versions, inline policies, permissions boundaries; access
// keys, login profiles, temporary credentials; with IAM's names, limits and
// unique identifiers. AWS's own managed policies that make sense for a lake come
// with the program (folder managed).
//
// # Decisions
//
// A decision is that of package policy over the principal's policies, those of
// the resource, and what the wire knows about the request (Request). The
// compiled policies of each principal are kept until anything changes: a change
// raises a generation number before it is answered, and what was read before is
// not used after.
//
// Two principals are special. Nobody, the zero Principal, may do nothing,
// whatever policies say. lethe.System, whom no wire can answer as, may do
// everything.
//
// # Audit
//
// Every decision, login and change is a line of the audit, a chain of hashes:
// see Audit.
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

// Keys finds what is behind an access key.
type Keys interface {
	// Key returns an access key; an error of kind NotFound if there is none or it
	// is inactive. That a temporary key has not expired, and comes with its token,
	// is the caller's to check.
	Key(ctx context.Context, accessKeyID string) (Key, error)
	// Used tells that a request was signed with a key, for a service and region.
	Used(accessKeyID, service, region string)
}
