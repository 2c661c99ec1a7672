package console

import (
	"context"
	"net/http"
	"time"

	"lethe/access"
)

type groupJSON struct {
	Name    string    `json:"name"`
	ARN     string    `json:"arn"`
	ID      string    `json:"id"`
	Path    string    `json:"path"`
	Created time.Time `json:"created"`
	Members []string  `json:"members"`
	heldJSON
}

// groupEntity is the group that a path names.
func groupEntity(c *call) access.Entity { return access.GroupNamed(c.path("group")) }

func (s *server) group(ctx context.Context, name string, texts bool) (groupJSON, error) {
	g, members, err := s.Principals.Group(ctx, name)
	if err != nil {
		return groupJSON{}, err
	}
	out := groupJSON{Name: g.Name, ARN: g.ARN(), ID: g.ID, Path: g.Path, Created: g.Created, Members: []string{}}
	for _, u := range members {
		out.Members = append(out.Members, u.Name)
	}
	out.heldJSON, err = s.held(ctx, access.GroupNamed(name), texts)
	return out, err
}

func (s *server) listGroups(c *call) ([]need, func() error, error) {
	return []need{{"iam:ListGroups", "*"}, {"iam:GetAccountAuthorizationDetails", "*"}}, func() error {
		groups, err := s.Principals.Groups(c.r.Context())
		if err != nil {
			return err
		}
		out := make([]groupJSON, len(groups))
		for i, g := range groups {
			if out[i], err = s.group(c.r.Context(), g.Name, false); err != nil {
				return err
			}
		}
		return reply(c.w, http.StatusOK, map[string]any{"groups": out})
	}, nil
}

func (s *server) getGroup(c *call) ([]need, func() error, error) {
	needs, err := s.about(c, groupEntity(c), "iam:GetGroup", "iam:ListAttachedGroupPolicies", "iam:ListGroupPolicies", "iam:GetGroupPolicy")
	return needs, func() error {
		out, err := s.group(c.r.Context(), c.path("group"), true)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, out)
	}, err
}

func (s *server) createGroup(c *call) ([]need, func() error, error) {
	return s.change(c, groupEntity(c), "iam:CreateGroup", func(ctx context.Context) error {
		if _, err := s.Principals.CreateGroup(ctx, c.path("group"), ""); err != nil {
			return err
		}
		out, err := s.group(ctx, c.path("group"), false)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusCreated, out)
	})
}

func (s *server) deleteGroup(c *call) ([]need, func() error, error) {
	return s.changeOnly(c, groupEntity(c), "iam:DeleteGroup", func(ctx context.Context) error {
		return s.Principals.DeleteGroup(ctx, c.path("group"))
	})
}

func (s *server) addMember(c *call) ([]need, func() error, error) {
	return s.changeOnly(c, groupEntity(c), "iam:AddUserToGroup", func(ctx context.Context) error {
		return s.Principals.AddUserToGroup(ctx, c.path("group"), c.path("user"))
	})
}

func (s *server) removeMember(c *call) ([]need, func() error, error) {
	return s.changeOnly(c, groupEntity(c), "iam:RemoveUserFromGroup", func(ctx context.Context) error {
		return s.Principals.RemoveUserFromGroup(ctx, c.path("group"), c.path("user"))
	})
}
