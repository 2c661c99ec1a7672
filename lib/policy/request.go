package policy

import "strings"

// Types of a [Principal].
const (
	User          = "User"          // an IAM user
	Role          = "Role"          // a role itself, as a service that acts as it
	AssumedRole   = "AssumedRole"   // a session of a role
	FederatedUser = "FederatedUser" // a session made by GetFederationToken for a user
	Federated     = "Federated"     // someone an identity provider vouches for, before a role is assumed
	Root          = "Root"          // the account's owner
	Service       = "Service"       // a service; its ARN is its name, as events.amazonaws.com
	Anonymous     = "Anonymous"     // nobody in particular
)

// Principal is who asks.
type Principal struct {
	Type string

	// ARN is the ARN of the user, role or root. For sessions it is the
	// session's: arn:aws:sts::account:assumed-role/role/session. For services it
	// is the service's name, for Federated the provider's name or ARN.
	ARN string

	// RoleARN is the role of an assumed role, with its path.
	RoleARN string

	// UserARN is the user who made a FederatedUser session.
	UserARN string

	Account string // empty for Anonymous and Service
	ID      string // the unique id, AIDA..., of sessions AROA...:session
	Name    string // the user's name
	Tags    map[string]string
}

// Request is one question: may the principal do this to that?
type Request struct {
	Principal Principal

	// Action is the action's full name, as s3:GetObject.
	Action string

	// Resource is the resource's ARN, or "*" for actions that have none.
	Resource string

	// ResourceAccount is the account that owns the resource. Empty means the
	// principal's.
	ResourceAccount string

	// Context holds the values of condition keys by their names, which are best
	// given in lower case: other names are found, but more slowly. What the
	// Principal tells (aws:PrincipalArn, aws:PrincipalAccount,
	// aws:PrincipalType, aws:PrincipalTag/..., aws:userid, aws:username) and
	// aws:ResourceAccount need not be repeated here, and cannot be overridden.
	// What the principal does not have, as a tag, is looked for here: names of
	// keys must not be a client's. The time of the request (aws:CurrentTime,
	// aws:EpochTime) must be given.
	Context map[string][]string
}

// key is the compiled name of a condition key.
type key struct {
	name    string // lower case
	written string
	source  keySource
	tag     string // of aws:PrincipalTag/tag, as written
}

type keySource uint8

const (
	fromContext keySource = iota
	principalARN
	principalAccount
	principalType
	principalTag
	userID
	userName
	resourceAccount
	isService
	serviceName
)

var keySources = map[string]keySource{
	"aws:principalarn":          principalARN,
	"aws:principalaccount":      principalAccount,
	"aws:principaltype":         principalType,
	"aws:userid":                userID,
	"aws:username":              userName,
	"aws:resourceaccount":       resourceAccount,
	"aws:principalisawsservice": isService,
	"aws:principalservicename":  serviceName,
}

func newKey(name string) *key {
	k := &key{name: strings.ToLower(name), written: name}
	if source, ok := keySources[k.name]; ok {
		k.source = source
	}
	const tag = "aws:principaltag/"
	if strings.HasPrefix(k.name, tag) && len(name) > len(tag) {
		k.source, k.tag = principalTag, name[len(tag):]
	}
	return k
}

// values returns the values of a key, none if the request does not have it. A
// value that is not in the context is put into slot.
func (r *Request) values(k *key, slot *[1]string) []string {
	if k.source != fromContext {
		if v := r.told(k); v != "" {
			slot[0] = v
			return slot[:]
		}
	}
	if v, ok := r.Context[k.name]; ok {
		return v
	}
	for name, v := range r.Context {
		if len(name) == len(k.name) && strings.EqualFold(name, k.name) {
			return v
		}
	}
	return nil
}

// told returns what the request's own fields say of a key.
func (r *Request) told(k *key) string {
	p := &r.Principal
	switch k.source {
	case principalARN:
		switch p.Type {
		case AssumedRole:
			return p.RoleARN // the documentation: the role's, not the session's
		case Service, Federated, Anonymous:
			return ""
		}
		return p.ARN
	case principalAccount:
		return p.Account
	case principalType:
		switch p.Type {
		case Root:
			return "Account"
		case Role:
			return AssumedRole
		}
		return p.Type
	case principalTag:
		if v, ok := p.Tags[k.tag]; ok {
			return v
		}
		for name, v := range p.Tags {
			if strings.EqualFold(name, k.tag) {
				return v
			}
		}
	case userID:
		switch p.Type {
		case Root:
			return p.Account
		case Anonymous:
			return "anonymous"
		}
		return p.ID
	case userName:
		if p.Type == User {
			return p.Name
		}
	case resourceAccount:
		return r.ResourceAccount
	case isService:
		if p.Type == Service {
			return "true"
		}
		return "false"
	case serviceName:
		if p.Type == Service {
			return p.ARN
		}
	}
	return ""
}
