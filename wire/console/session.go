package console

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"

	"lethe"
	"lethe/access"
)

// cookieName is the session's cookie. Under TLS the __Host- prefix has browsers
// refuse one that was set without Secure or for a wider domain.
func (s *server) cookieName() string {
	if s.Secure {
		return "__Host-lethe_session"
	}
	return "lethe_session"
}

func (s *server) setCookie(w http.ResponseWriter, token string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(), Value: token, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteStrictMode,
	})
}

// token returns the session token that a request carries, "" if none.
func (s *server) token(r *http.Request) string {
	if scheme, t, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(t)
	}
	if c, err := r.Cookie(s.cookieName()); err == nil {
		return c.Value
	}
	return ""
}

// principal returns whose login a request carries; access.ErrPasswordChange beside it if
// the login waits for another password.
func (s *server) principal(r *http.Request) (lethe.Principal, error) {
	t := s.token(r)
	if t == "" {
		return lethe.Principal{}, unauthenticated{lethe.Errorf(lethe.Denied, "this needs a login").
			WithHint("log in, or send Authorization: Bearer with a session's token")}
	}
	p, err := s.Sessions.Session(r.Context(), t)
	switch k := lethe.KindOf(err); {
	case err == nil && !p.Zero():
		return p, nil
	case errors.Is(err, access.ErrPasswordChange):
		return p, err
	case err == nil || k == lethe.Denied || k == lethe.NotFound || k == lethe.Invalid:
		return lethe.Principal{}, unauthenticated{lethe.Errorf(lethe.Denied, "this login has ended").WithHint("log in again")}
	}
	return lethe.Principal{}, err
}

type sessionJSON struct {
	User userJSON `json:"user"`
	Lake lakeJSON `json:"lake"`
	// Token is given to scripts that ask for it, and never to the console,
	// whose pages cannot read their cookie.
	Token string `json:"token,omitempty"`
	// ChangePassword says that nothing else is answered before the password is changed.
	ChangePassword bool `json:"change_password,omitempty"`
}

type userJSON struct {
	Name          string `json:"name"`
	ARN           string `json:"arn"`
	Administrator bool   `json:"administrator"`
}

type lakeJSON struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	Version string `json:"version"`
}

func (s *server) session(p lethe.Principal) sessionJSON {
	return sessionJSON{
		User: userJSON{p.Name, p.ARN, p.Administrator},
		Lake: lakeJSON{lethe.Account, s.Region, s.Version},
	}
}

// login opens a session: with a cookie, or for a script with a token.
func (s *server) login(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r = s.known(w, r)
	if err := s.tryLogin(w, r); err != nil {
		s.fail(w, r, err)
	}
}

func (s *server) tryLogin(w http.ResponseWriter, r *http.Request) error {
	if err := s.sameSite(r); err != nil {
		return err
	}
	var in struct {
		Name     string `json:"name"`
		Password string `json:"password"`
		Token    bool   `json:"token"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	in.Name = strings.TrimSpace(in.Name)
	if in.Name == "" || in.Password == "" {
		return lethe.Errorf(lethe.Invalid, "a login needs a name and a password, or an access key id and its secret")
	}
	done, err := s.attempts.begin(clientOf(r), in.Name)
	if err != nil {
		return err
	}
	token, p, err := s.checkLogin(r, in.Name, in.Password)
	wrong := lethe.Is(err, lethe.Denied) || lethe.Is(err, lethe.NotFound)
	done(wrong)
	if wrong {
		return unauthenticated{lethe.Errorf(lethe.Denied, "that name and password do not belong together").
			WithHint("check both; the administrator's first password is in the file console-password of the data directory")}
	}
	if err != nil {
		return err
	}
	out := s.session(p)
	if _, err := s.Sessions.Session(r.Context(), token); errors.Is(err, access.ErrPasswordChange) {
		out.ChangePassword = true
	} else if err != nil {
		return err
	}
	if in.Token {
		out.Token = token
	} else {
		s.setCookie(w, token, 0)
	}
	return reply(w, http.StatusCreated, out)
}

// changePassword changes one's own password. Who may do so is decided, but for whom must.
func (s *server) changePassword(c *call) ([]need, func() error, error) {
	needs := []need{{"iam:ChangePassword", c.principal.ARN}}
	if c.waits {
		needs = nil
	}
	return needs, func() error {
		var in struct {
			Old string `json:"old_password"`
			New string `json:"new_password"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		// A stolen session is not to find out the password.
		done, err := s.attempts.begin(clientOf(c.r), c.principal.Name)
		if err != nil {
			return err
		}
		err = s.oneOfFew(c.r.Context(), func() error {
			return s.Sessions.ChangeSessionPassword(c.r.Context(), s.token(c.r), in.Old, in.New)
		})
		done(lethe.Is(err, lethe.Denied))
		if err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}, nil
}

func (s *server) checkLogin(r *http.Request, name, password string) (token string, p lethe.Principal, err error) {
	err = s.oneOfFew(r.Context(), func() (err error) {
		token, p, err = s.Sessions.Login(r.Context(), name, password)
		return err
	})
	return token, p, err
}

// oneOfFew bounds how many passwords are checked at once: a password's hash is made to
// cost memory.
func (s *server) oneOfFew(ctx context.Context, check func() error) error {
	select {
	case s.checking <- struct{}{}:
		defer func() { <-s.checking }()
		return check()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *server) getSession(c *call) ([]need, func() error, error) {
	// Anyone may know who they are and leave: no need to ask for more.
	return nil, func() error {
		out := s.session(c.principal)
		out.ChangePassword = c.waits
		return reply(c.w, http.StatusOK, out)
	}, nil
}

func (s *server) logout(c *call) ([]need, func() error, error) {
	return nil, func() error {
		if err := s.Sessions.Logout(c.r.Context(), s.token(c.r)); err != nil {
			return err
		}
		s.setCookie(c.w, "", -1)
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}, nil
}

// clientOf returns the address a request comes from. Forwarding headers are
// not believed: anyone can write them.
func clientOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
