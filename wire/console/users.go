package console

import (
	"context"
	"net/http"
	"time"

	"lethe"
	"lethe/access"
)

type accountJSON struct {
	Name         string      `json:"name"`
	ARN          string      `json:"arn"`
	ID           string      `json:"id"`
	Path         string      `json:"path"`
	Created      time.Time   `json:"created"`
	PasswordUsed *time.Time  `json:"password_used,omitempty"`
	Boundary     string      `json:"boundary,omitempty"` // ARN of a policy
	Groups       []string    `json:"groups"`
	Keys         []keyJSON   `json:"keys"`   // null if the caller may not see them
	Logins       []loginJSON `json:"logins"` // to the console; null likewise
	// Password is when the user was given a password; not in lists.
	Password *time.Time `json:"password,omitempty"`
	// PasswordReset says that the user must choose another at the next login.
	PasswordReset bool `json:"password_reset,omitempty"`
	heldJSON
}

type keyJSON struct {
	ID      string     `json:"id"`
	Active  bool       `json:"active"`
	Created time.Time  `json:"created"`
	Used    *time.Time `json:"used,omitempty"`
	Service string     `json:"service,omitempty"` // that it was last used for
	Region  string     `json:"region,omitempty"`
	Secret  string     `json:"secret,omitempty"` // when it is made, and never again
}

type loginJSON struct {
	ID      string    `json:"id"`
	Began   time.Time `json:"began"`
	Expires time.Time `json:"expires"`
}

func keyOut(k access.AccessKey) keyJSON {
	return keyJSON{ID: k.ID, Active: k.Active, Created: k.Created, Used: when(k.Used), Service: k.Service, Region: k.Region}
}

// userEntity is the user that a path names.
func userEntity(c *call) access.Entity { return access.UserNamed(c.path("user")) }

func (s *server) user(ctx context.Context, u access.User, texts bool) (accountJSON, error) {
	out := accountJSON{Name: u.Name, ARN: u.ARN(), ID: u.ID, Path: u.Path, Created: u.Created, PasswordUsed: when(u.PasswordUsed), Boundary: u.Boundary, Groups: []string{}}
	groups, err := s.Principals.GroupsOf(ctx, u.Name)
	if err != nil {
		return out, err
	}
	for _, g := range groups {
		out.Groups = append(out.Groups, g.Name)
	}
	out.heldJSON, err = s.held(ctx, access.UserNamed(u.Name), texts)
	return out, err
}

func (s *server) keysOf(ctx context.Context, user string) ([]keyJSON, error) {
	keys, err := s.Principals.AccessKeys(ctx, user)
	out := make([]keyJSON, len(keys))
	for i, k := range keys {
		out[i] = keyOut(k)
	}
	return out, err
}

func (s *server) loginsOf(ctx context.Context, user string) ([]loginJSON, error) {
	logins, err := s.Principals.ConsoleLogins(ctx, user)
	out := make([]loginJSON, len(logins))
	for i, l := range logins {
		out[i] = loginJSON(l)
	}
	return out, err
}

// listUsers needs what tells all of everybody's groups and policies in IAM. Whose keys
// and logins are shown is decided user by user.
func (s *server) listUsers(c *call) ([]need, func() error, error) {
	return []need{{"iam:ListUsers", "*"}, {"iam:GetAccountAuthorizationDetails", "*"}}, func() error {
		ctx := c.r.Context()
		users, err := s.Principals.Users(ctx)
		if err != nil {
			return err
		}
		out := make([]accountJSON, len(users))
		for i, u := range users {
			if out[i], err = s.user(ctx, u, false); err != nil {
				return err
			}
			if out[i].Keys, err = seen(s, c, "iam:ListAccessKeys", u, s.keysOf); err != nil {
				return err
			}
			if out[i].Logins, err = seen(s, c, "lethe:ListConsoleLogins", u, s.loginsOf); err != nil {
				return err
			}
		}
		return reply(c.w, http.StatusOK, map[string]any{"users": out})
	}, nil
}

// seen reads something about a user if the caller may; nil if not.
func seen[T any](s *server, c *call, action string, u access.User, read func(context.Context, string) ([]T, error)) ([]T, error) {
	err := access.DecideEach(c.r.Context(), s.Access, c.principal, action, u.ARN())
	if lethe.Is(err, lethe.Denied) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return read(c.r.Context(), u.Name)
}

func (s *server) getUser(c *call) ([]need, func() error, error) {
	needs, err := s.about(c, userEntity(c), "iam:GetUser", "iam:ListGroupsForUser", "iam:ListAttachedUserPolicies", "iam:ListUserPolicies", "iam:GetUserPolicy",
		"iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:GetLoginProfile", "lethe:ListConsoleLogins")
	return needs, func() error {
		ctx := c.r.Context()
		u, err := s.Principals.User(ctx, c.path("user"))
		if err != nil {
			return err
		}
		out, err := s.user(ctx, u, true)
		if err != nil {
			return err
		}
		if out.Keys, err = s.keysOf(ctx, u.Name); err != nil {
			return err
		}
		switch p, err := s.Principals.LoginProfile(ctx, u.Name); {
		case err == nil:
			out.Password, out.PasswordReset = &p.Created, p.ResetRequired
		case !lethe.Is(err, lethe.NotFound):
			return err
		}
		if out.Logins, err = s.loginsOf(ctx, u.Name); err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, out)
	}, err
}

func (s *server) createUser(c *call) ([]need, func() error, error) {
	return s.change(c, userEntity(c), "iam:CreateUser", func(ctx context.Context) error {
		u, err := s.Principals.CreateUser(ctx, access.NewUser{Name: c.path("user")})
		if err != nil {
			return err
		}
		out, err := s.user(ctx, u, false)
		if err != nil {
			return err
		}
		out.Keys, out.Logins = []keyJSON{}, []loginJSON{}
		return reply(c.w, http.StatusCreated, out)
	})
}

func (s *server) deleteUser(c *call) ([]need, func() error, error) {
	return s.changeOnly(c, userEntity(c), "iam:DeleteUser", func(ctx context.Context) error {
		return s.Principals.DeleteUser(ctx, c.path("user"))
	})
}

func (s *server) createAccessKey(c *call) ([]need, func() error, error) {
	return s.change(c, userEntity(c), "iam:CreateAccessKey", func(ctx context.Context) error {
		k, secret, err := s.Principals.CreateAccessKey(ctx, c.path("user"))
		if err != nil {
			return err
		}
		out := keyOut(k)
		out.Secret = secret
		return reply(c.w, http.StatusCreated, out)
	})
}

func (s *server) updateAccessKey(c *call) ([]need, func() error, error) {
	return s.changeOnly(c, userEntity(c), "iam:UpdateAccessKey", func(ctx context.Context) error {
		var in struct {
			Active *bool `json:"active"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		if in.Active == nil {
			return lethe.Errorf(lethe.Invalid, "active is missing: true lets the key count, false does not")
		}
		return s.Principals.SetAccessKeyActive(ctx, c.path("user"), c.path("access_key"), *in.Active)
	})
}

func (s *server) deleteAccessKey(c *call) ([]need, func() error, error) {
	return s.changeOnly(c, userEntity(c), "iam:DeleteAccessKey", func(ctx context.Context) error {
		return s.Principals.DeleteAccessKey(ctx, c.path("user"), c.path("access_key"))
	})
}

// putPassword gives a user a first password, or another.
func (s *server) putPassword(c *call) ([]need, func() error, error) {
	name, action := c.path("user"), "iam:UpdateLoginProfile"
	_, err := s.Principals.LoginProfile(c.r.Context(), name)
	if lethe.Is(err, lethe.NotFound) {
		action, err = "iam:CreateLoginProfile", nil
	}
	if err != nil {
		return nil, nil, err
	}
	return s.change(c, userEntity(c), action, func(ctx context.Context) (err error) {
		var in struct {
			Password string `json:"password"`
			// Reset has the user choose another at the next login; false if it is not said.
			Reset bool `json:"reset"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		var out struct {
			Password string `json:"password,omitempty"` // that was made up
		}
		if in.Password == "" {
			out.Password = lethe.NewSecret()
			in.Password = out.Password
		}
		if action == "iam:CreateLoginProfile" {
			_, err = s.Principals.CreateLoginProfile(ctx, name, in.Password, in.Reset)
		} else {
			err = s.Principals.UpdateLoginProfile(ctx, name, in.Password, &in.Reset)
		}
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, out)
	})
}

func (s *server) deletePassword(c *call) ([]need, func() error, error) {
	return s.changeOnly(c, userEntity(c), "iam:DeleteLoginProfile", func(ctx context.Context) error {
		return s.Principals.DeleteLoginProfile(ctx, c.path("user"))
	})
}

func (s *server) endLogin(c *call) ([]need, func() error, error) {
	return s.changeOnly(c, userEntity(c), "lethe:EndConsoleLogin", func(ctx context.Context) error {
		return s.Principals.EndConsoleLogin(ctx, c.path("user"), c.path("login"))
	})
}
