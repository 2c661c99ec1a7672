package policy

import (
	"fmt"
	"strings"
)

// principals is a compiled Principal or NotPrincipal element.
type principals struct {
	anyone    bool
	aws       []string // ARNs and unique ids
	accounts  []string
	services  []string
	federated []string
}

// grant says how directly a statement names the caller. How far other policies
// limit what a resource-based policy allows depends on it; see [Set.Evaluate].
type grant uint8

const (
	notNamed  grant = iota
	byAccount       // the account may delegate: identity-based policies decide
	byRole          // the role, or the user behind a federated session
	byName          // the user, the session, the service, or everyone
)

// names returns how the element names the caller.
func (ps *principals) names(p *Principal) grant {
	if ps.anyone {
		return byName
	}
	best := notNamed
	switch p.Type {
	case Anonymous:
		return notNamed
	case Service:
		if contains(ps.services, p.ARN) {
			return byName
		}
		return notNamed
	case Federated:
		if contains(ps.federated, p.ARN) {
			return byName
		}
		return notNamed
	}
	if p.Account != "" && contains(ps.accounts, p.Account) {
		best = byAccount
		if p.Type == Root {
			best = byName
		}
	}
	for _, v := range ps.aws {
		switch {
		case v == p.ARN && p.Type == Role:
			best = max(best, byRole)
		case v == p.ARN:
			return byName
		case p.Type == AssumedRole && v == p.RoleARN, p.Type == FederatedUser && v == p.UserARN && v != "":
			best = max(best, byRole)
		case p.ID != "" && v == p.ID:
			if p.Type == Role {
				best = max(best, byRole)
				continue
			}
			return byName
		case p.Type == AssumedRole && strings.HasPrefix(p.ID, v+":"):
			best = max(best, byRole)
		}
	}
	return best
}

// spares reports whether a NotPrincipal element with Deny leaves the caller
// out: every name the caller bears must be listed. Whoever has a permissions
// boundary is never left out: IAM User Guide, "Permissions boundaries".
func (ps *principals) spares(p *Principal, bounded bool) bool {
	if bounded {
		return false
	}
	if ps.anyone {
		return true
	}
	switch p.Type {
	case Anonymous, Service, Federated:
		return ps.names(p) != notNamed
	}
	if !contains(ps.accounts, p.Account) {
		return false
	}
	named := func(arn string) bool { return arn == "" || contains(ps.aws, arn) }
	switch p.Type {
	case Root:
		return true
	case AssumedRole:
		return p.ARN != "" && named(p.ARN) && named(p.RoleARN)
	case FederatedUser:
		return p.ARN != "" && named(p.ARN) && named(p.UserARN)
	}
	return p.ARN != "" && named(p.ARN)
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// addAWS compiles a value below "AWS".
func (ps *principals) addAWS(v string) error {
	switch {
	case v == "*":
		ps.anyone = true
	case isAccount(v):
		ps.accounts = append(ps.accounts, v)
	case strings.ContainsAny(v, "*?"):
		return fmt.Errorf(`the principal %q has a wildcard: only "*" alone may stand for many; use the condition key aws:PrincipalArn to match a part of an ARN`, v)
	case strings.HasPrefix(v, "arn:"):
		part := strings.SplitN(v, ":", 6)
		if len(part) != 6 || part[1] == "" || part[2] != "iam" && part[2] != "sts" || part[3] != "" || !isAccount(part[4]) || part[5] == "" {
			return fmt.Errorf("the principal %q is not the ARN of an account, user, role or session", v)
		}
		if part[2] == "iam" && part[5] == "root" {
			ps.accounts = append(ps.accounts, part[4])
			return nil
		}
		kind, name, _ := strings.Cut(part[5], "/")
		ok := false
		if part[2] == "iam" {
			ok = kind == "user" || kind == "role"
		} else {
			ok = kind == "assumed-role" && strings.Contains(name, "/") || kind == "federated-user" || kind == "self"
		}
		if !ok || name == "" && kind != "self" {
			return fmt.Errorf("the principal %q is not the ARN of an account, user, role or session", v)
		}
		ps.aws = append(ps.aws, v)
	case isUniqueID(v):
		ps.aws = append(ps.aws, v)
	default:
		return fmt.Errorf("the principal %q is neither an account's number nor the ARN of an account, user, role or session", v)
	}
	return nil
}

func isAccount(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// isUniqueID recognises the ids that AWS puts in place of an ARN whose user or
// role was deleted.
func isUniqueID(s string) bool {
	if len(s) < 16 || len(s) > 128 || !strings.HasPrefix(s, "AIDA") && !strings.HasPrefix(s, "AROA") {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
