package policy

import "fmt"

// Named is a policy with the name by which a decision speaks of it: the ARN of
// a managed policy, the name of an inline one, or the resource it protects.
type Named struct {
	Name   string
	Policy *Policy
}

// Set brings together the policies that apply to a request.
type Set struct {
	// Identity are the policies of the user and its groups, or of the role.
	Identity []Named

	// Boundary limits what Identity allows: every policy in it must allow too.
	// Nil means that there is none; an empty list allows nothing.
	Boundary []Named

	// Session limits a session: any policy in it must allow too. Nil means that
	// there is none; an empty list allows nothing.
	Session []Named

	// Resource are the policies of the resource, or the trust policy of a role.
	Resource []Named
}

// Reason says why a decision fell as it did.
type Reason int

const (
	NotAllowed         Reason = iota // no identity-based and no resource-based policy allows it
	ExplicitDeny                     // a statement denies it
	AllowedByIdentity                // an identity-based policy allows it
	AllowedByResource                // a resource-based policy allows it
	AllowedByAccounts                // both sides allow it, across accounts
	AllowedAsRoot                    // the account's root user may do everything in its account
	BoundaryNotAllowed               // a permissions boundary does not allow it
	SessionNotAllowed                // no session policy allows it
	IdentityNotAllowed               // only the resource's policy allows it, and it is of another account or leaves it to the caller's
	ResourceNotAllowed               // the resource is of another account, whose policy does not allow it
	TrustNotAllowed                  // the role's trust policy does not allow it
)

var reasons = [...]string{
	"NotAllowed", "ExplicitDeny", "AllowedByIdentity", "AllowedByResource", "AllowedByAccounts", "AllowedAsRoot",
	"BoundaryNotAllowed", "SessionNotAllowed", "IdentityNotAllowed", "ResourceNotAllowed", "TrustNotAllowed",
}

func (r Reason) String() string { return reasons[r] }

// Source is the part of a [Set] that a policy stands in.
type Source int

const (
	NoSource Source = iota
	IdentitySource
	BoundarySource
	SessionSource
	ResourceSource
)

func (s Source) String() string {
	return [...]string{"", "identity-based policy", "permissions boundary", "session policy", "resource-based policy"}[s]
}

// Decision is the answer to a request.
type Decision struct {
	Allowed  bool
	Explicit bool // a statement denies it; without, a denial is for want of an allowing statement
	Reason   Reason

	// The statement that decided, if one did: for an allowance the one that
	// allows, for an explicit denial the one that denies.
	Source    Source
	Policy    string // its name in the set
	Statement string // its Sid, or its number, from 1
	Start     Position
	End       Position

	Action   string
	Resource string
}

// String tells in one sentence why the decision fell as it did.
func (d Decision) String() string {
	what := d.Action + " on " + d.Resource
	by := fmt.Sprintf("statement %s of the %s %s", d.Statement, d.Source, d.Policy)
	switch d.Reason {
	case ExplicitDeny:
		return by + " denies " + what
	case AllowedByIdentity, AllowedByResource:
		return by + " allows " + what
	case AllowedByAccounts:
		return by + " allows " + what + ", and so does a policy of the caller's account"
	case AllowedAsRoot:
		return "the root user may do everything in its account, so " + what
	case BoundaryNotAllowed:
		return "the permissions boundary does not allow " + what
	case SessionNotAllowed:
		return "no session policy allows " + what
	case IdentityNotAllowed:
		return "no identity-based policy allows " + what + "; that the resource's policy allows it is not enough"
	case ResourceNotAllowed:
		return "the resource belongs to another account, and no policy there allows " + what
	case TrustNotAllowed:
		return "the role's trust policy does not allow " + what
	}
	return "no identity-based or resource-based policy allows " + what
}

// found is a statement that matched.
type found struct {
	source    Source
	policy    *Named
	statement *statement
	grant     grant
}

// decide fills in a decision that the statement, if there is one, has made.
func (f found) decide(d Decision, why Reason) Decision {
	d.Reason, d.Explicit = why, why == ExplicitDeny
	d.Allowed = why == AllowedByIdentity || why == AllowedByResource || why == AllowedByAccounts || why == AllowedAsRoot
	if f.statement != nil {
		d.Source, d.Policy, d.Statement = f.source, f.policy.Name, f.statement.name()
		d.Start, d.End = f.statement.start, f.statement.end
	}
	return d
}

// Evaluate decides a request, by the IAM User Guide, "Policy evaluation logic":
//
//   - A statement with Deny that matches, in whatever policy, denies.
//   - Within one account it is enough that either an identity-based or a
//     resource-based policy allows. What identity-based policies allow is
//     limited by the boundary and by session policies. What a resource-based
//     policy allows is not limited if it names the user or the session, or
//     everyone; it is limited if it names the role (or the user behind a
//     federated session); and if it names the account, an identity-based
//     policy must allow as well.
//   - Across accounts both sides must allow.
//   - The root user may do everything in its own account that no policy denies.
//   - A role's trust policy must always allow.
func (s *Set) Evaluate(r *Request) Decision {
	d := Decision{Action: r.Action, Resource: r.Resource}
	services := actionServices(r.Action)
	if f := s.denial(r, services); f.statement != nil {
		return f.decide(d, ExplicitDeny)
	}
	resource, trust := s.resourceGrant(r, services)
	if trust && resource.statement == nil {
		return found{}.decide(d, TrustNotAllowed)
	}
	switch r.Principal.Type {
	case Anonymous, Service, Federated: // have no policies of their own
		if resource.statement == nil {
			return found{}.decide(d, NotAllowed)
		}
		return resource.decide(d, AllowedByResource)
	}
	identity := firstAllow(IdentitySource, s.Identity, r, services)
	own := identity.statement != nil || r.Principal.Type == Root
	limit := s.limit(r, services)

	if r.ResourceAccount != "" && r.ResourceAccount != r.Principal.Account {
		switch {
		case resource.statement == nil && !own:
			return found{}.decide(d, NotAllowed)
		case resource.statement == nil:
			return found{}.decide(d, ResourceNotAllowed)
		case !own:
			return found{}.decide(d, IdentityNotAllowed)
		case limit != unlimited:
			return found{}.decide(d, limit)
		}
		return resource.decide(d, AllowedByAccounts)
	}

	switch {
	case resource.grant == byName:
		return resource.decide(d, AllowedByResource)
	case limit != unlimited && (own || resource.grant == byRole):
		return found{}.decide(d, limit)
	case identity.statement != nil:
		return identity.decide(d, AllowedByIdentity)
	case own:
		return found{}.decide(d, AllowedAsRoot)
	case resource.grant == byRole:
		return resource.decide(d, AllowedByResource)
	case resource.grant == byAccount:
		return found{}.decide(d, IdentityNotAllowed)
	}
	return found{}.decide(d, NotAllowed)
}

// unlimited is the limit of principals without boundary and session policies,
// and of those whose boundary and session policies allow the request.
const unlimited = NotAllowed

// limit returns why what identity-based policies allow is limited: by the
// boundary or by session policies. No boundary limits the root user.
func (s *Set) limit(r *Request, services serviceSet) Reason {
	if s.Boundary != nil && r.Principal.Type != Root {
		if len(s.Boundary) == 0 {
			return BoundaryNotAllowed
		}
		for i := range s.Boundary {
			if firstAllow(BoundarySource, s.Boundary[i:i+1], r, services).statement == nil {
				return BoundaryNotAllowed
			}
		}
	}
	if s.Session != nil && firstAllow(SessionSource, s.Session, r, services).statement == nil {
		return SessionNotAllowed
	}
	return unlimited
}

// denial finds a statement that denies.
func (s *Set) denial(r *Request, services serviceSet) found {
	for i, list := range [...][]Named{s.Identity, s.Boundary, s.Session, s.Resource} {
		for j := range list {
			f := &list[j].Policy.deny
			if f.services&services == 0 {
				continue
			}
			for _, st := range f.statements {
				if st.matches(r, services) && st.speaksOf(&r.Principal, s.Boundary != nil) != notNamed {
					return found{source: IdentitySource + Source(i), policy: &list[j], statement: st}
				}
			}
		}
	}
	return found{}
}

// firstAllow finds a statement that allows.
func firstAllow(source Source, list []Named, r *Request, services serviceSet) found {
	for i := range list {
		f := &list[i].Policy.allow
		if f.services&services == 0 {
			continue
		}
		for _, st := range f.statements {
			if st.matches(r, services) {
				return found{source: source, policy: &list[i], statement: st}
			}
		}
	}
	return found{}
}

// resourceGrant finds the statement that allows most directly, and whether
// there is a trust policy.
func (s *Set) resourceGrant(r *Request, services serviceSet) (best found, trust bool) {
	for i := range s.Resource {
		p := s.Resource[i].Policy
		trust = trust || p.kind == Trust
		if p.allow.services&services == 0 {
			continue
		}
		for _, st := range p.allow.statements {
			if g := st.speaksOf(&r.Principal, s.Boundary != nil); g > best.grant && st.matches(r, services) {
				best = found{source: ResourceSource, policy: &s.Resource[i], statement: st, grant: g}
			}
		}
	}
	return best, trust
}

// speaksOf reports how a statement names the caller. Statements without
// principals speak of whom their policy is attached to.
func (s *statement) speaksOf(p *Principal, bounded bool) grant {
	switch {
	case s.principals == nil:
		return byName
	case !s.notPrincipal:
		return s.principals.names(p)
	case s.deny && s.principals.spares(p, bounded), !s.deny && s.principals.names(p) != notNamed:
		return notNamed
	}
	return byName
}

// matches reports whether action, resource and conditions match.
func (s *statement) matches(r *Request, services serviceSet) bool {
	if s.services&services == 0 {
		return false
	}
	return s.matchesAction(r.Action) && s.matchesResource(r) && s.meetsConditions(r)
}

func (s *statement) matchesAction(action string) bool {
	for i := range s.actions {
		if s.actions[i].match(action, true) {
			return !s.notAction
		}
	}
	return s.notAction
}

func (s *statement) matchesResource(r *Request) bool {
	if s.resources == nil {
		return true
	}
	for i := range s.resources {
		if s.resources[i].match(r, r.Resource) {
			return !s.notResource
		}
	}
	return s.notResource
}

func (s *statement) meetsConditions(r *Request) bool {
	for i := range s.conditions {
		if !s.conditions[i].met(r) {
			return false
		}
	}
	return true
}
