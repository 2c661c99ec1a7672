package access

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"

	"lethe"
	"lethe/lib/policy"
)

// Simulation asks what would be decided.
type Simulation struct {
	// Source is the ARN of a user, a group or a role whose policies count; "" for none.
	Source string
	// Policies are further identity-based policies, Boundary and Resource documents
	// that stand in for the permissions boundary and for the resource's policy.
	Policies, Boundary []string
	Resource           string
	// Caller is the ARN of the principal that asks, of whom conditions and the
	// resource's policy speak; Source if "".
	Caller string
	// Context holds the values of condition keys.
	Context map[string][]string
}

// Simulator answers questions of a Simulation. Nothing of it is audited as a decision.
type Simulator struct {
	service   *Service
	set       policy.Set
	principal policy.Principal
	context   map[string][]string
	resources bool // whether the policies that resources have count, and the rules of tables
	rights    *rights
}

// Simulate reads what a simulation needs.
func (s *Service) Simulate(ctx context.Context, q Simulation) (*Simulator, error) {
	m := &Simulator{service: s, context: map[string][]string{}}
	maps.Copy(m.context, timeKeys(RequestOf(ctx).time(), 2))
	for name, values := range q.Context {
		m.context[strings.ToLower(name)] = values
	}
	m.principal = policy.Principal{Type: policy.User, ARN: lethe.UserARN("simulated"), Account: lethe.Account, Name: "simulated"}
	err := s.db.View(ctx, func(tx *sql.Tx) error {
		if q.Source != "" {
			r, err := s.at(ctx, tx, q.Source)
			if err != nil {
				return err
			}
			m.set, m.principal, m.rights = r.set, r.principal, r
			m.set.Identity = slices.Clip(m.set.Identity)
		}
		if q.Caller != "" && q.Caller != q.Source {
			r, err := s.at(ctx, tx, q.Caller)
			if err != nil {
				return err
			}
			m.principal = r.principal
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := m.documents(&m.set.Identity, "PolicyInputList", q.Policies, policy.Identity); err != nil {
		return nil, err
	}
	if q.Boundary != nil {
		m.set.Boundary = []policy.Named{}
		if err := m.documents(&m.set.Boundary, "PermissionsBoundaryPolicyInputList", q.Boundary, policy.Identity); err != nil {
			return nil, err
		}
	}
	if q.Resource != "" {
		return m, m.documents(&m.set.Resource, "ResourcePolicy", []string{q.Resource}, policy.Resource)
	}
	return m, nil
}

// Explain is a Simulation of a user or role as it is, with the policies of resources.
func (s *Service) Explain(ctx context.Context, arn string, conditions map[string][]string) (*Simulator, error) {
	m, err := s.Simulate(ctx, Simulation{Source: arn, Context: conditions})
	if err == nil {
		m.resources = true
	}
	return m, err
}

func (m *Simulator) documents(list *[]policy.Named, name string, documents []string, k policy.Kind) error {
	for i, text := range documents {
		p, err := policy.Parse([]byte(text), k)
		if err != nil {
			return refuse(InvalidInput, "%s %d is not a policy: %v", name, i+1, err)
		}
		*list = append(*list, policy.Named{Name: name + "." + versionID(int64(i + 1))[1:], Policy: p})
	}
	return nil
}

// at returns the rights of a user, a group or a role by ARN. A group is no principal;
// its policies are looked at as a user's.
func (s *Service) at(ctx context.Context, tx *sql.Tx, arn string) (*rights, error) {
	kind, name, ok := strings.Cut(strings.TrimPrefix(arn, lethe.IAMARN("")), "/")
	if !ok || !strings.HasPrefix(arn, lethe.IAMARN("")) {
		return nil, refuse(InvalidInput, "Invalid Entity Arn: %s does not clearly define entity type and name.", arn)
	}
	name = name[strings.LastIndexByte(name, '/')+1:]
	e := Entity{Type(kind), name}
	if _, ok := kindOf[e.Type]; !ok {
		return nil, refuse(InvalidInput, "Invalid Entity Arn: %s does not clearly define entity type and name.", arn)
	}
	owner, err := id(ctx, tx, e)
	if err != nil {
		return nil, err
	}
	switch e.Type {
	case UserType:
		return s.ofUser(ctx, tx, owner)
	case RoleType:
		return s.ofRole(ctx, tx, owner, session{})
	}
	r := &rights{principal: policy.Principal{Type: policy.User, ARN: arn, Account: lethe.Account, Name: name}}
	return r, s.addAll(ctx, tx, &r.set, owner, "group/"+name)
}

// Simulated is the answer to one question.
type Simulated struct {
	policy.Decision
	// Matched are the statements that speak of the request, whichever way.
	Matched []policy.MatchedStatement
	// Missing are the condition keys that the policies ask for and the context lacks.
	Missing []string
	// Beside are the kinds of policies that have a say beside identity-based ones, as
	// there are some: of a permissions boundary, a session, the resource.
	Beside []policy.Source
	// Sights are what the principal sees of tables that have rules: the one that the
	// resource is, or whose file it is.
	Sights []Sight
}

// Decide answers whether the action would be allowed.
func (m *Simulator) Decide(ctx context.Context, action, resource string) (Simulated, error) {
	set := m.set
	if m.resources {
		named, err := m.service.resourcePolicies(ctx, question{action: action, resource: resource})
		if err != nil {
			return Simulated{}, err
		}
		set.Resource = named
	}
	r := &policy.Request{Principal: m.principal, Action: action, Resource: resource, ResourceAccount: lethe.Account, Context: m.context}
	d := Simulated{Decision: set.Evaluate(r), Matched: set.Matched(r), Missing: set.MissingContext(r)}
	for _, has := range []struct {
		source policy.Source
		some   bool
	}{{policy.BoundarySource, set.Boundary != nil}, {policy.SessionSource, set.Session != nil}, {policy.ResourceSource, len(set.Resource) > 0}} {
		if has.some {
			d.Beside = append(d.Beside, has.source)
		}
	}
	var err error
	if d.Sights, err = m.sights(ctx, action, resource); err != nil {
		return Simulated{}, err
	}
	for _, s := range d.Sights {
		if d.Allowed && !s.Whole && strings.HasPrefix(action, "s3:GetObject") {
			refuseByRule(&d.Decision)
		}
	}
	return d, nil
}

// ContextKeys returns the condition keys that documents, and with a source its
// policies, ask for.
func (s *Service) ContextKeys(ctx context.Context, source string, documents []string) ([]string, error) {
	m, err := s.Simulate(ctx, Simulation{Source: source, Policies: documents})
	if err != nil {
		return nil, err
	}
	var all []*policy.Policy
	for _, n := range m.set.Identity {
		all = append(all, n.Policy)
	}
	return policy.ContextKeys(all...), nil
}
