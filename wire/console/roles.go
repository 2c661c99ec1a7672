package console

import (
	"context"
	"net/http"
	"time"

	"lethe/access"
)

type roleJSON struct {
	Name        string     `json:"name"`
	ARN         string     `json:"arn"`
	ID          string     `json:"id"`
	Path        string     `json:"path"`
	Description string     `json:"description,omitempty"`
	Created     time.Time  `json:"created"`
	Used        *time.Time `json:"used,omitempty"`
	MaxSession  int64      `json:"max_session_s"`
	Boundary    string     `json:"boundary,omitempty"` // ARN of a policy
	Trust       string     `json:"trust"`              // document: who may assume it
	heldJSON
}

// roleEntity is the role that a path names.
func roleEntity(c *call) access.Entity { return access.RoleNamed(c.path("role")) }

func (s *server) role(ctx context.Context, r access.Role, texts bool) (out roleJSON, err error) {
	out = roleJSON{Name: r.Name, ARN: r.ARN(), ID: r.ID, Path: r.Path, Description: r.Description, Created: r.Created, Used: when(r.Used),
		MaxSession: secondsOf(r.MaxSession), Boundary: r.Boundary, Trust: r.Trust}
	out.heldJSON, err = s.held(ctx, access.RoleNamed(r.Name), texts)
	return out, err
}

func (s *server) listRoles(c *call) ([]need, func() error, error) {
	return []need{{"iam:ListRoles", "*"}, {"iam:GetAccountAuthorizationDetails", "*"}}, func() error {
		roles, err := s.Principals.Roles(c.r.Context())
		if err != nil {
			return err
		}
		out := make([]roleJSON, len(roles))
		for i, r := range roles {
			if out[i], err = s.role(c.r.Context(), r, false); err != nil {
				return err
			}
		}
		return reply(c.w, http.StatusOK, map[string]any{"roles": out})
	}, nil
}

func (s *server) getRole(c *call) ([]need, func() error, error) {
	needs, err := s.about(c, roleEntity(c), "iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:GetRolePolicy")
	return needs, func() error {
		r, err := s.Principals.Role(c.r.Context(), c.path("role"))
		if err != nil {
			return err
		}
		out, err := s.role(c.r.Context(), r, true)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, out)
	}, err
}

func (s *server) createRole(c *call) ([]need, func() error, error) {
	return s.change(c, roleEntity(c), "iam:CreateRole", func(ctx context.Context) error {
		var in struct {
			Description string `json:"description"`
			Trust       string `json:"trust"`
			MaxSession  int64  `json:"max_session_s"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		r, err := s.Principals.CreateRole(ctx, access.NewRole{Name: c.path("role"), Description: in.Description, Trust: in.Trust, MaxSession: time.Duration(in.MaxSession) * time.Second})
		if err != nil {
			return err
		}
		out, err := s.role(ctx, r, false)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusCreated, out)
	})
}

func (s *server) putTrust(c *call) ([]need, func() error, error) {
	return s.changeOnly(c, roleEntity(c), "iam:UpdateAssumeRolePolicy", func(ctx context.Context) error {
		var in struct {
			Document string `json:"document"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		return s.Principals.UpdateTrust(ctx, c.path("role"), in.Document)
	})
}

func (s *server) deleteRole(c *call) ([]need, func() error, error) {
	return s.changeOnly(c, roleEntity(c), "iam:DeleteRole", func(ctx context.Context) error {
		return s.Principals.DeleteRole(ctx, c.path("role"))
	})
}
