package console

import (
	"context"
	"fmt"
	"net/http"

	"lethe/access"
)

// policyNameJSON is a managed policy as those have it who hold it.
type policyNameJSON struct {
	Name string `json:"name"`
	ARN  string `json:"arn"`
	AWS  bool   `json:"aws"` // one of AWS's own
}

type inlineJSON struct {
	Name     string `json:"name"`
	Document string `json:"document,omitempty"` // not in lists
}

// heldJSON is what users, groups and roles have in common: policies.
type heldJSON struct {
	Attached []policyNameJSON `json:"attached"`
	Inline   []inlineJSON     `json:"inline"`
}

// held reads an entity's policies, with the texts of the inline ones or without.
func (s *server) held(ctx context.Context, e access.Entity, texts bool) (heldJSON, error) {
	out := heldJSON{Attached: []policyNameJSON{}, Inline: []inlineJSON{}}
	attached, err := s.Principals.Attached(ctx, e)
	if err != nil {
		return out, err
	}
	for _, p := range attached {
		out.Attached = append(out.Attached, policyNameJSON{p.Name, p.ARN(), p.AWS()})
	}
	inline, err := s.Principals.Inlines(ctx, e)
	for _, p := range inline {
		j := inlineJSON{Name: p.Name}
		if texts {
			j.Document = p.Document
		}
		out.Inline = append(out.Inline, j)
	}
	return out, err
}

// holder is a kind of what holds policies, by its words in paths and in IAM's actions.
type holder struct {
	path, word string
	entity     func(c *call) access.Entity
	bounded    bool // may have a permissions boundary
}

// action is one of IAM's, with the holder's word in its name.
func (h holder) action(format string) string { return "iam:" + fmt.Sprintf(format, h.word) }

var holders = []holder{
	{"/users/{user}", "User", func(c *call) access.Entity { return access.UserNamed(c.path("user")) }, true},
	{"/groups/{group}", "Group", func(c *call) access.Entity { return access.GroupNamed(c.path("group")) }, false},
	{"/roles/{role}", "Role", func(c *call) access.Entity { return access.RoleNamed(c.path("role")) }, true},
}

// holderRoutes are the operations that users, groups and roles have in common.
func (s *server) holderRoutes() (all []route) {
	for _, h := range holders {
		attached, inline := h.path+"/attached-policies/{policy}", h.path+"/inline-policies/{policy}"
		all = append(all,
			route{"PUT", attached, "attach" + h.word + "Policy", s.attaching(h, h.action("Attach%sPolicy"), s.attach)},
			route{"DELETE", attached, "detach" + h.word + "Policy", s.attaching(h, h.action("Detach%sPolicy"), s.detach)},
			route{"PUT", inline, "put" + h.word + "Policy", func(c *call) ([]need, func() error, error) {
				return s.changeOnly(c, h.entity(c), h.action("Put%sPolicy"), func(ctx context.Context) error {
					var in struct {
						Document string `json:"document"`
					}
					if err := decode(c.w, c.r, &in); err != nil {
						return err
					}
					return s.Principals.PutInline(ctx, h.entity(c), c.path("policy"), in.Document)
				})
			}},
			route{"DELETE", inline, "delete" + h.word + "Policy", func(c *call) ([]need, func() error, error) {
				return s.changeOnly(c, h.entity(c), h.action("Delete%sPolicy"), func(ctx context.Context) error {
					return s.Principals.DeleteInline(ctx, h.entity(c), c.path("policy"))
				})
			}})
		if !h.bounded {
			continue
		}
		boundary := h.path + "/boundary"
		all = append(all,
			route{"PUT", boundary + "/{policy}", "put" + h.word + "PermissionsBoundary", func(c *call) ([]need, func() error, error) {
				c.with("iam:PermissionsBoundary", c.path("policy"))
				return s.changeOnly(c, h.entity(c), h.action("Put%sPermissionsBoundary"), func(ctx context.Context) error {
					return s.Principals.SetBoundary(ctx, h.entity(c), c.path("policy"))
				})
			}},
			route{"DELETE", boundary, "delete" + h.word + "PermissionsBoundary", func(c *call) ([]need, func() error, error) {
				return s.changeOnly(c, h.entity(c), h.action("Delete%sPermissionsBoundary"), func(ctx context.Context) error {
					return s.Principals.SetBoundary(ctx, h.entity(c), "")
				})
			}})
	}
	return all
}

func (s *server) attach(ctx context.Context, e access.Entity, arn string) error {
	return s.Principals.Attach(ctx, e, arn)
}

func (s *server) detach(ctx context.Context, e access.Entity, arn string) error {
	return s.Principals.Detach(ctx, e, arn)
}

func (s *server) attaching(h holder, action string, do func(ctx context.Context, e access.Entity, arn string) error) func(*call) ([]need, func() error, error) {
	return func(c *call) ([]need, func() error, error) {
		c.with("iam:PolicyARN", c.path("policy"))
		return s.changeOnly(c, h.entity(c), action, func(ctx context.Context) error { return do(ctx, h.entity(c), c.path("policy")) })
	}
}

func noContent(c *call) error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
