package lethe

import "context"

// Principal is who makes a request.
type Principal struct {
	// ID is stable and unique, as AIDA... of a user.
	ID string
	// Name is what people call it.
	Name string
	// ARN names it in policies and audit records.
	ARN string
	// Session names the temporary credentials that the request was made with, by
	// their access key id; "" if it was made with lasting ones.
	Session string
	// For is the ARN of the owner of what acts by a service role; "" of all others.
	For string
	// Administrator holds the policy AdministratorAccess. It is told to people, and
	// decides nothing but for System.
	Administrator bool
}

// System is the principal of lethe's own work, such as finishing an ingest
// after a crash. No wire ever answers as System.
var System = Principal{ID: "lethe", Name: "lethe", ARN: "arn:aws:iam::" + Account + ":root", Administrator: true}

// Zero reports whether nobody is named.
func (p Principal) Zero() bool { return p.ID == "" }

type principalKey struct{}

// WithPrincipal returns a context whose work is done on behalf of p.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalOf returns on whose behalf ctx works; the zero Principal, which may
// do nothing, if nobody's.
func PrincipalOf(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}
