package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strings"

	"lethe"
	"lethe/lib/policy"
)

// rights are a principal and the policies that count for it, compiled.
type rights struct {
	principal policy.Principal
	set       policy.Set
	// owners are the ids by which rules name the principal: its own and its groups'.
	owners []string
	groups []string // names
	// token says that the credentials come from GetSessionToken.
	token bool
}

// question is what is to be decided.
type question struct {
	principal        lethe.Principal
	action, resource string
	// more are values of condition keys beside the request's, by lower-case names.
	more map[string][]string
	// policies are the resource's own, beside those that ResourcePolicies knows.
	policies []policy.Named
}

// ResourcePolicies returns the policies of a resource, such as a bucket's; none if it
// has none. It is asked for every decision and must be quick.
type ResourcePolicies func(ctx context.Context, resource string) ([]string, error)

// AddResourcePolicies makes the policies of a service's resources count, which are
// those whose ARNs name the service.
func (s *Service) AddResourcePolicies(service string, f ResourcePolicies) {
	s.resources.Store("arn:aws:"+service+":", f)
}

// Decide implements Decider.
func (s *Service) Decide(ctx context.Context, p lethe.Principal, action, resource string) error {
	return s.decide(ctx, question{principal: p, action: action, resource: resource})
}

func (s *Service) decide(ctx context.Context, q question) error {
	d, err := s.evaluate(ctx, q)
	if err != nil {
		return err
	}
	if err := s.recordDecision(ctx, q.principal, d); err != nil {
		return err
	}
	if d.Allowed {
		return nil
	}
	return denial(q.principal, q.action, q.resource, d)
}

// denial words a refusal as AWS does.
func denial(p lethe.Principal, action, resource string, d policy.Decision) error {
	who := "User: " + p.ARN
	if p.Zero() {
		who = "User: anonymous"
	}
	why := ""
	switch d.Reason {
	case policy.ExplicitDeny:
		article := "a"
		if d.Source == policy.IdentitySource {
			article = "an"
		}
		why = fmt.Sprintf(" with an explicit deny in %s %s", article, d.Source)
	case policy.BoundaryNotAllowed:
		why = fmt.Sprintf(" because no permissions boundary allows the %s action", action)
	case policy.SessionNotAllowed:
		why = fmt.Sprintf(" because no session policy allows the %s action", action)
	case policy.ResourceNotAllowed:
		why = fmt.Sprintf(" because no resource-based policy allows the %s action", action)
	case policy.TrustNotAllowed: // says nothing of the role
	default:
		why = fmt.Sprintf(" because no identity-based policy allows the %s action", action)
	}
	return lethe.Errorf(lethe.Denied, "%s is not authorized to perform: %s on resource: %s%s", who, action, resource, why)
}

// evaluate decides without telling the audit.
func (s *Service) evaluate(ctx context.Context, q question) (d policy.Decision, err error) {
	d = policy.Decision{Action: q.action, Resource: q.resource}
	if q.principal == lethe.System {
		d.Allowed, d.Reason = true, policy.AllowedAsRoot
		return d, nil
	}
	if q.principal.Zero() {
		return d, nil
	}
	r, err := s.rights(ctx, q.principal)
	if lethe.Is(err, lethe.NotFound) {
		return d, nil // who was deleted may do nothing any more
	}
	if err != nil {
		return d, err
	}
	if r.token && forbiddenToTokens(q.action) {
		d.Reason = policy.SessionNotAllowed
		return d, nil
	}
	set := r.set // shares the lists, which are not changed
	set.Resource, err = s.resourcePolicies(ctx, q)
	if err != nil {
		return d, err
	}
	conditions := RequestOf(ctx).conditions()
	if len(q.more) > 0 {
		conditions = maps.Clone(conditions)
		maps.Copy(conditions, q.more)
	}
	d = set.Evaluate(&policy.Request{Principal: r.principal, Action: q.action, Resource: q.resource, ResourceAccount: lethe.Account, Context: conditions})
	if d.Allowed {
		if err := s.guard(ctx, q, &d); err != nil {
			return policy.Decision{Action: q.action, Resource: q.resource}, err
		}
	}
	return d, nil
}

// forbiddenToTokens reports what credentials of GetSessionToken cannot do, whatever
// policies say (STS API Reference, GetSessionToken; there is no MFA here).
func forbiddenToTokens(action string) bool {
	return strings.HasPrefix(action, "iam:") || strings.HasPrefix(action, "sts:") && action != "sts:AssumeRole" && action != "sts:TagSession"
}

// resourcePolicies returns the policies of the question's resource. An administrator's
// hold on a bucket's or a secret's policy itself is not limited by that policy, as the account's
// root user's is not in AWS: nobody could take back a policy that denies everyone.
func (s *Service) resourcePolicies(ctx context.Context, q question) ([]policy.Named, error) {
	service := q.resource
	for i, colons := 0, 0; i < len(service); i++ {
		if service[i] == ':' {
			if colons++; colons == 3 {
				service = service[:i+1]
			}
		}
	}
	known, ok := s.resources.Load(service)
	if !ok || q.principal.Administrator && (strings.HasSuffix(q.action, "BucketPolicy") || strings.HasSuffix(q.action, "ResourcePolicy")) {
		return q.policies, nil
	}
	texts, err := known.(ResourcePolicies)(ctx, q.resource)
	if err != nil || len(texts) == 0 {
		return q.policies, err
	}
	all := q.policies[:len(q.policies):len(q.policies)]
	for _, text := range texts {
		p, err := s.parsed.parse(text, policy.Resource)
		if err != nil {
			// A text that nobody checked protects by allowing nothing.
			return nil, fmt.Errorf("policy of %s: %w", q.resource, err)
		}
		all = append(all, policy.Named{Name: q.resource, Policy: p})
	}
	return all, nil
}

// rights returns what counts for a principal; an error of kind NotFound if it does
// not exist any more.
func (s *Service) rights(ctx context.Context, p lethe.Principal) (*rights, error) {
	key := p.Session + " " + p.ID
	generation := s.generation.Load()
	if r, ok := s.cached.get(key, generation); ok {
		return r, nil
	}
	r := &rights{}
	err := s.db.View(ctx, func(tx *sql.Tx) (err error) {
		r, err = s.load(ctx, tx, p)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, lethe.Errorf(lethe.NotFound, "there is no principal %s", p.ARN)
	}
	if err != nil {
		return nil, err
	}
	s.cached.put(key, generation, r)
	return r, nil
}

func (s *Service) load(ctx context.Context, tx *sql.Tx, p lethe.Principal) (*rights, error) {
	owner := p.ID
	var x session
	var err error
	if p.Session != "" {
		if x, err = sessionOf(ctx, tx, p.Session); err != nil {
			return nil, err
		}
		owner = x.owner
	} else if role, name, ok := strings.Cut(owner, ":"); ok { // see AssumeServiceRole
		owner, x.name = role, name
	}
	var r *rights
	switch {
	case strings.HasPrefix(owner, userPrefix):
		r, err = s.ofUser(ctx, tx, owner)
	case strings.HasPrefix(owner, rolePrefix):
		r, err = s.ofRole(ctx, tx, owner, x)
	default:
		return nil, sql.ErrNoRows
	}
	if err != nil || p.Session == "" {
		return r, err
	}
	r.token = r.principal.Type == policy.User
	if x.policies != nil {
		r.set.Session = []policy.Named{}
		for _, in := range x.policies {
			if err := s.add(&r.set.Session, in.Name, in.Document); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

func (s *Service) ofUser(ctx context.Context, tx *sql.Tx, owner string) (*rights, error) {
	u, err := scanUser(tx.QueryRowContext(ctx, userColumns+" WHERE id = $1", owner).Scan)
	if err != nil {
		return nil, err
	}
	tags, err := tagsOf(ctx, tx, u.ID)
	if err != nil {
		return nil, err
	}
	r := &rights{principal: policy.Principal{Type: policy.User, ARN: u.ARN(), Account: lethe.Account, ID: u.ID, Name: u.Name, Tags: tagMap(tags)}}
	if err := s.addAll(ctx, tx, &r.set, u.ID, "user/"+u.Name); err != nil {
		return nil, err
	}
	groups, err := groupsOf(ctx, tx, u.ID)
	if err != nil {
		return nil, err
	}
	r.owners = []string{u.ID}
	for _, g := range groups {
		r.owners, r.groups = append(r.owners, g.ID), append(r.groups, g.Name)
		if err := s.addAll(ctx, tx, &r.set, g.ID, "group/"+g.Name); err != nil {
			return nil, err
		}
	}
	return r, s.bound(ctx, tx, &r.set, u.Boundary)
}

func (s *Service) ofRole(ctx context.Context, tx *sql.Tx, owner string, x session) (*rights, error) {
	role, err := scanRole(tx.QueryRowContext(ctx, roleColumns+" WHERE id = $1", owner).Scan)
	if err != nil {
		return nil, err
	}
	tags, err := tagsOf(ctx, tx, role.ID)
	if err != nil {
		return nil, err
	}
	r := &rights{principal: policy.Principal{Type: policy.Role, ARN: role.ARN(), RoleARN: role.ARN(), Account: lethe.Account, ID: role.ID, Tags: tagMap(x.withTags(tags))}, owners: []string{role.ID}}
	if x.name != "" {
		r.principal.Type, r.principal.ARN, r.principal.ID = policy.AssumedRole, lethe.SessionARN(role.Name, x.name), role.ID+":"+x.name
	}
	if err := s.addAll(ctx, tx, &r.set, role.ID, "role/"+role.Name); err != nil {
		return nil, err
	}
	return r, s.bound(ctx, tx, &r.set, role.Boundary)
}

func tagMap(tags []Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		for k := range m {
			if strings.EqualFold(k, t.Key) {
				delete(m, k) // a session's tag goes before the role's
			}
		}
		m[t.Key] = t.Value
	}
	return m
}

// addAll adds the attached and inline policies of an owner.
func (s *Service) addAll(ctx context.Context, tx *sql.Tx, set *policy.Set, owner, label string) error {
	arns, err := attachments(ctx, tx, owner)
	if err != nil {
		return err
	}
	for _, arn := range arns {
		if err := s.addManaged(ctx, tx, &set.Identity, arn); err != nil {
			return err
		}
	}
	inline, err := inlineOf(ctx, tx, owner)
	if err != nil {
		return err
	}
	for _, in := range inline {
		if err := s.add(&set.Identity, label+"/"+in.Name, in.Document); err != nil {
			return err
		}
	}
	return nil
}

// bound adds the permissions boundary, if there is one.
func (s *Service) bound(ctx context.Context, tx *sql.Tx, set *policy.Set, arn string) error {
	if arn == "" {
		return nil
	}
	set.Boundary = []policy.Named{}
	return s.addManaged(ctx, tx, &set.Boundary, arn)
}

func (s *Service) addManaged(ctx context.Context, tx *sql.Tx, list *[]policy.Named, arn string) error {
	if m, ok := managed[arn]; ok {
		*list = append(*list, policy.Named{Name: arn, Policy: m.policy})
		return nil
	}
	document, err := defaultDocument(ctx, tx, arn)
	if err != nil {
		return fmt.Errorf("policy %s, which is in use: %w", arn, err)
	}
	return s.add(list, arn, document)
}

func (s *Service) add(list *[]policy.Named, name, document string) error {
	p, err := s.parsed.parse(document, policy.Identity)
	if err != nil {
		return fmt.Errorf("policy %s, which is in use: %w", name, err)
	}
	*list = append(*list, policy.Named{Name: name, Policy: p})
	return nil
}
