package access

import (
	"context"
	"strings"

	"lethe"
	"lethe/lib/policy"
	"lethe/lib/trinosql"
)

// Variable returns the literal that stands for an expression of a rule which names
// what is known of the principal: current_user, in_group('NAME') and
// principal_tag('KEY'). It is nil for all other expressions. A variable is never read
// as SQL.
func (s Self) Variable(x trinosql.Expr) (*trinosql.Literal, error) {
	switch x := x.(type) {
	case *trinosql.Param:
		return nil, lethe.Errorf(lethe.Invalid, "%s: a rule has no parameters", x.Pos())
	case *trinosql.Special:
		switch {
		case x.Name != "CURRENT_USER":
			return nil, nil
		case s.User == "":
			return trinosql.Null(x), nil
		}
		return trinosql.Text(x, s.User), nil
	case *trinosql.Call:
		if len(x.Name) != 1 {
			return nil, nil
		}
		name := strings.ToLower(x.Name[0].Text)
		if name != "in_group" && name != "principal_tag" {
			return nil, nil
		}
		arg, ok := literalArgument(x)
		if !ok {
			return nil, lethe.Errorf(lethe.Invalid, "%s: %s takes one argument, a text literal", x.Pos(), name)
		}
		if name == "in_group" {
			in := false
			for _, g := range s.Groups {
				in = in || strings.EqualFold(g, arg)
			}
			return trinosql.Bool(x, in), nil
		}
		if v, ok := s.Tag(arg); ok {
			return trinosql.Text(x, v), nil
		}
		return trinosql.Null(x), nil
	}
	return nil, nil
}

func literalArgument(x *trinosql.Call) (string, bool) {
	if len(x.Args) != 1 || x.Args[0].Name != nil || x.Over != nil || x.Filter != nil || x.Distinct {
		return "", false
	}
	l, ok := x.Args[0].X.(*trinosql.Literal)
	if !ok || l.Kind != trinosql.StringLiteral {
		return "", false
	}
	return l.Val, true
}

// Self returns what a rule can know of a principal; nothing of one that was deleted.
func (s *Service) Self(ctx context.Context, p lethe.Principal) (Self, error) {
	if p.Zero() || p == lethe.System {
		return Self{}, nil
	}
	r, err := s.rights(ctx, p)
	if lethe.Is(err, lethe.NotFound) {
		return Self{}, nil
	}
	if err != nil {
		return Self{}, err
	}
	return r.self(), nil
}

func (r *rights) self() Self {
	self := Self{Groups: r.groups, Tags: r.principal.Tags}
	if r.principal.Type == policy.User {
		self.User = r.principal.Name
	}
	return self
}
