package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"lethe"
	"lethe/access"
	"lethe/lib/policy"
)

type policyJSON struct {
	policyNameJSON
	Path        string        `json:"path"`
	Description string        `json:"description,omitempty"`
	Default     string        `json:"default"` // the version that counts
	Created     *time.Time    `json:"created,omitempty"`
	Updated     *time.Time    `json:"updated,omitempty"`
	Attachments int           `json:"attachments"`
	Boundaries  int           `json:"boundaries"`
	Versions    []versionJSON `json:"versions,omitempty"` // the newest first; not in lists
	Holders     *holdersJSON  `json:"holders,omitempty"`  // not in lists
}

type versionJSON struct {
	ID       string     `json:"id"`
	Default  bool       `json:"default"`
	Created  *time.Time `json:"created,omitempty"`
	Document string     `json:"document"`
}

// holdersJSON are the names of those who hold a policy, and whose boundary it is.
type holdersJSON struct {
	Users         []string `json:"users"`
	Groups        []string `json:"groups"`
	Roles         []string `json:"roles"`
	BoundaryUsers []string `json:"boundary_users"`
	BoundaryRoles []string `json:"boundary_roles"`
}

// policyEntity is the policy whose ARN a path has.
func policyEntity(c *call) access.Entity { return access.PolicyAt(c.path("policy")) }

func policyOut(p access.ManagedPolicy) policyJSON {
	return policyJSON{policyNameJSON: policyNameJSON{p.Name, p.ARN(), p.AWS()}, Path: p.Path, Description: p.Description, Default: p.Default,
		Created: when(p.Created), Updated: when(p.Updated), Attachments: p.Attachments, Boundaries: p.Boundaries}
}

func versionOut(v access.Version) versionJSON {
	return versionJSON{v.ID, v.Default, when(v.Created), v.Document}
}

func (s *server) listPolicies(c *call) ([]need, func() error, error) {
	return []need{{"iam:ListPolicies", "*"}}, func() error {
		all, err := s.Principals.Policies(c.r.Context())
		if err != nil {
			return err
		}
		out := make([]policyJSON, len(all))
		for i, p := range all {
			out[i] = policyOut(p)
		}
		return reply(c.w, http.StatusOK, map[string]any{"policies": out})
	}, nil
}

func (s *server) getPolicy(c *call) ([]need, func() error, error) {
	needs, err := s.about(c, policyEntity(c), "iam:GetPolicy", "iam:ListPolicyVersions", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy")
	return needs, func() error {
		ctx, arn := c.r.Context(), c.path("policy")
		p, err := s.Principals.Policy(ctx, arn)
		if err != nil {
			return err
		}
		out := policyOut(p)
		versions, err := s.Principals.PolicyVersions(ctx, arn)
		if err != nil {
			return err
		}
		for _, v := range versions {
			out.Versions = append(out.Versions, versionOut(v))
		}
		h, err := s.Principals.Holders(ctx, arn)
		if err != nil {
			return err
		}
		out.Holders = &holdersJSON{
			Users: names(h.Users, userName), Groups: names(h.Groups, func(g access.Group) string { return g.Name }), Roles: names(h.Roles, roleName),
			BoundaryUsers: names(h.Boundaries.Users, userName), BoundaryRoles: names(h.Boundaries.Roles, roleName),
		}
		return reply(c.w, http.StatusOK, out)
	}, err
}

func userName(u access.User) string { return u.Name }
func roleName(r access.Role) string { return r.Name }

func names[T any](all []T, name func(T) string) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = name(v)
	}
	return out
}

// createPolicy makes the policy of an ARN.
func (s *server) createPolicy(c *call) ([]need, func() error, error) {
	arn := c.path("policy")
	return s.change(c, policyEntity(c), "iam:CreatePolicy", func(ctx context.Context) error {
		var in struct {
			Description string `json:"description"`
			Document    string `json:"document"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		at, ok := strings.CutPrefix(arn, access.NewARN(access.PolicyType, "/", ""))
		if !ok {
			return lethe.Errorf(lethe.Invalid, "%q is not the ARN of a policy of this account", arn).WithHint("it begins with %s", access.NewARN(access.PolicyType, "/", ""))
		}
		slash := strings.LastIndexByte("/"+at, '/')
		p, err := s.Principals.CreatePolicy(ctx, access.NewPolicy{Name: at[slash:], Path: ("/" + at)[:slash+1], Description: in.Description, Document: in.Document})
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusCreated, policyOut(p))
	})
}

func (s *server) deletePolicy(c *call) ([]need, func() error, error) {
	return s.changeOnly(c, policyEntity(c), "iam:DeletePolicy", func(ctx context.Context) error {
		return s.Principals.DeletePolicy(ctx, c.path("policy"))
	})
}

func (s *server) createPolicyVersion(c *call) ([]need, func() error, error) {
	return s.change(c, policyEntity(c), "iam:CreatePolicyVersion", func(ctx context.Context) error {
		var in struct {
			Document string `json:"document"`
			Default  bool   `json:"default"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		v, err := s.Principals.CreatePolicyVersion(ctx, c.path("policy"), in.Document, in.Default)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusCreated, versionOut(v))
	})
}

func (s *server) setDefaultPolicyVersion(c *call) ([]need, func() error, error) {
	return s.changeOnly(c, policyEntity(c), "iam:SetDefaultPolicyVersion", func(ctx context.Context) error {
		return s.Principals.SetDefaultPolicyVersion(ctx, c.path("policy"), c.path("version"))
	})
}

func (s *server) deletePolicyVersion(c *call) ([]need, func() error, error) {
	return s.changeOnly(c, policyEntity(c), "iam:DeletePolicyVersion", func(ctx context.Context) error {
		return s.Principals.DeletePolicyVersion(ctx, c.path("policy"), c.path("version"))
	})
}

type remarkJSON struct {
	Path    string `json:"path,omitempty"`
	Line    int    `json:"line"`
	Column  int    `json:"column"` // in bytes
	Message string `json:"message"`
}

func remark(e *policy.Error) remarkJSON { return remarkJSON{e.Path, e.Line, e.Column, e.Msg} }

// checkPolicy reads a policy that is not kept: for editors, while it is being written.
// Of IAM's actions it asks for the one that reads a text of the caller's own.
func (s *server) checkPolicy(c *call) ([]need, func() error, error) {
	return []need{{"iam:GetContextKeysForCustomPolicy", "*"}}, func() error {
		var in struct {
			Document string `json:"document"`
			Kind     string `json:"kind"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		kind, ok := map[string]policy.Kind{"": policy.Identity, "identity": policy.Identity, "trust": policy.Trust, "resource": policy.Resource}[in.Kind]
		if !ok {
			return lethe.Errorf(lethe.Invalid, "kind=%q is none of identity, trust and resource", in.Kind)
		}
		out := struct {
			Error       *remarkJSON  `json:"error,omitempty"`
			Warnings    []remarkJSON `json:"warnings"`
			ContextKeys []string     `json:"context_keys"`
		}{Warnings: []remarkJSON{}, ContextKeys: []string{}}
		p, err := policy.Parse([]byte(in.Document), kind)
		if wrong, ok := errors.AsType[*policy.Error](err); ok {
			r := remark(wrong)
			out.Error = &r
		} else if err != nil {
			return err
		} else {
			for _, w := range p.Warnings() {
				out.Warnings = append(out.Warnings, remark(&w))
			}
			out.ContextKeys = append(out.ContextKeys, policy.ContextKeys(p)...)
		}
		return reply(c.w, http.StatusOK, out)
	}, nil
}
