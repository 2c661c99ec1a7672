package console

import (
	"context"
	"time"

	"lethe"
	"lethe/access"
)

// Principals keeps who there is and what they may do. *access.Service is one; IAM's
// API speaks to the same.
type Principals interface {
	// ARN is the resource of what is asked about an entity, whether it exists or not.
	ARN(ctx context.Context, e access.Entity) (string, error)
	// RecordChange tells the audit that a change was made, or failed.
	RecordChange(ctx context.Context, p lethe.Principal, action, resource string, err error)

	Users(ctx context.Context) ([]access.User, error)
	User(ctx context.Context, name string) (access.User, error)
	CreateUser(ctx context.Context, n access.NewUser) (access.User, error)
	DeleteUser(ctx context.Context, name string) error
	GroupsOf(ctx context.Context, user string) ([]access.Group, error)

	AccessKeys(ctx context.Context, user string) ([]access.AccessKey, error)
	CreateAccessKey(ctx context.Context, user string) (k access.AccessKey, secret string, err error)
	SetAccessKeyActive(ctx context.Context, user, keyID string, active bool) error
	DeleteAccessKey(ctx context.Context, user, keyID string) error

	LoginProfile(ctx context.Context, user string) (access.LoginProfile, error)
	CreateLoginProfile(ctx context.Context, user, password string, reset bool) (access.LoginProfile, error)
	UpdateLoginProfile(ctx context.Context, user, password string, reset *bool) error
	DeleteLoginProfile(ctx context.Context, user string) error
	ConsoleLogins(ctx context.Context, user string) ([]access.ConsoleLogin, error)
	EndConsoleLogin(ctx context.Context, user, id string) error

	Groups(ctx context.Context) ([]access.Group, error)
	Group(ctx context.Context, name string) (access.Group, []access.User, error)
	CreateGroup(ctx context.Context, name, path string) (access.Group, error)
	DeleteGroup(ctx context.Context, name string) error
	AddUserToGroup(ctx context.Context, group, user string) error
	RemoveUserFromGroup(ctx context.Context, group, user string) error

	Roles(ctx context.Context) ([]access.Role, error)
	Role(ctx context.Context, name string) (access.Role, error)
	CreateRole(ctx context.Context, n access.NewRole) (access.Role, error)
	UpdateTrust(ctx context.Context, role, document string) error
	DeleteRole(ctx context.Context, name string) error

	Attached(ctx context.Context, e access.Entity) ([]access.ManagedPolicy, error)
	Attach(ctx context.Context, e access.Entity, arn string) error
	Detach(ctx context.Context, e access.Entity, arn string) error
	Inlines(ctx context.Context, e access.Entity) ([]access.Inline, error)
	PutInline(ctx context.Context, e access.Entity, name, document string) error
	DeleteInline(ctx context.Context, e access.Entity, name string) error
	SetBoundary(ctx context.Context, e access.Entity, arn string) error

	Policies(ctx context.Context) ([]access.ManagedPolicy, error)
	Policy(ctx context.Context, arn string) (access.ManagedPolicy, error)
	CreatePolicy(ctx context.Context, n access.NewPolicy) (access.ManagedPolicy, error)
	DeletePolicy(ctx context.Context, arn string) error
	PolicyVersions(ctx context.Context, arn string) ([]access.Version, error)
	CreatePolicyVersion(ctx context.Context, arn, document string, isDefault bool) (access.Version, error)
	SetDefaultPolicyVersion(ctx context.Context, arn, version string) error
	DeletePolicyVersion(ctx context.Context, arn, version string) error
	Holders(ctx context.Context, arn string) (access.Holders, error)
}

// about is what operations about one entity need: each of some actions on its ARN.
func (s *server) about(c *call, e access.Entity, actions ...string) ([]need, error) {
	arn, err := s.Principals.ARN(c.r.Context(), e)
	if err != nil {
		return nil, err
	}
	needs := make([]need, len(actions))
	for i, a := range actions {
		needs[i] = need{a, arn}
	}
	return needs, nil
}

// change is an operation that changes an entity. It needs one action on it, and what
// became of it is in the audit, as when it is asked for over IAM's API.
func (s *server) change(c *call, e access.Entity, action string, do func(context.Context) error) ([]need, func() error, error) {
	needs, err := s.about(c, e, action)
	if err != nil {
		return nil, nil, err
	}
	return needs, func() error {
		ctx := c.r.Context()
		err := do(ctx)
		s.Principals.RecordChange(ctx, c.principal, action, needs[0].resource, err)
		return err
	}, nil
}

// changeOnly is a change that answers nothing.
func (s *server) changeOnly(c *call, e access.Entity, action string, do func(context.Context) error) ([]need, func() error, error) {
	return s.change(c, e, action, func(ctx context.Context) error {
		if err := do(ctx); err != nil {
			return err
		}
		return noContent(c)
	})
}

// with adds condition keys to what is decided about the call.
func (c *call) with(key, value string) {
	c.r = c.r.WithContext(access.WithConditions(c.r.Context(), map[string][]string{key: {value}}))
}

// secondsOf writes a duration as the API has it.
func secondsOf(d time.Duration) int64 { return int64(d / time.Second) }
