package console_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lethe"
	"lethe/wire/console"
)

func TestLoginSetsACookieThatScriptsCannotRead(t *testing.T) {
	c := serve(t)
	a := c.do("POST", "/api/v1/session", `{"name":"admin","password":"`+password+`"}`)
	c.want(a, http.StatusCreated)
	k := a.res.Cookies()[0]
	if !k.HttpOnly || k.SameSite != http.SameSiteStrictMode || k.Path != "/" || k.Secure || k.Domain != "" || k.MaxAge != 0 {
		t.Errorf("cookie %s", k)
	}
	if strings.Contains(a.body, k.Value) {
		t.Error("the answer's body shows the token to the page")
	}
	c.cookie = k
	got := decode[struct {
		User struct {
			Name          string
			Administrator bool
		}
		Lake struct{ Account, Region string }
	}](c, c.do("GET", "/api/v1/session", ""))
	if got.User.Name != "admin" || !got.User.Administrator || got.Lake.Account != lethe.Account || got.Lake.Region != lethe.DefaultRegion {
		t.Errorf("session %+v", got)
	}
}

func TestUnderTLSTheCookieIsBoundToTheHost(t *testing.T) {
	c := serve(t, func(o *console.Options) { o.Secure = true })
	a := c.do("POST", "/api/v1/session", `{"name":"admin","password":"`+password+`"}`)
	if k := a.res.Cookies()[0]; !k.Secure || k.Name != "__Host-lethe_session" {
		t.Errorf("cookie %s", k)
	}
}

func TestScriptsUseATokenInstead(t *testing.T) {
	c := serve(t)
	a := c.do("POST", "/api/v1/session", `{"name":"admin","password":"`+password+`","token":true}`)
	c.want(a, http.StatusCreated)
	if len(a.res.Cookies()) != 0 {
		t.Error("a script got a cookie")
	}
	c.token = decode[struct{ Token string }](c, a).Token
	c.want(c.do("GET", "/api/v1/buckets", ""), http.StatusOK)
	c.token += "x"
	c.problem(c.do("GET", "/api/v1/buckets", ""), http.StatusUnauthorized, lethe.Denied)
}

// Whoever must choose another password is answered nothing before, and needs no policy
// for it.
func TestPasswordMustBeChangedFirst(t *testing.T) {
	c := serve(t).as("reader")
	c.lake.sessions.waits = true
	a := c.do("POST", "/api/v1/session", `{"name":"reader","password":"`+password+`","token":true}`)
	c.want(a, http.StatusCreated)
	type session struct {
		Token          string
		ChangePassword bool `json:"change_password"`
	}
	if s := decode[session](c, a); !s.ChangePassword || s.Token == "" {
		t.Errorf("%+v", s)
	}
	for _, op := range operations(t) {
		switch op.id {
		case "getSession":
			if !decode[session](c, c.do("GET", "/api/v1/session", "")).ChangePassword {
				t.Error("the session does not say that it waits")
			}
		case "deleteSession", "changePassword":
		default:
			if slices.Contains(public, op.id) {
				continue
			}
			if message, _ := c.problem(c.do(op.method, "/api/v1"+op.example(), ""), http.StatusForbidden, lethe.Denied); !strings.Contains(message, "password must be changed") {
				t.Errorf("%s: %s", op.id, message)
			}
		}
	}
	if len(c.lake.policy.asked) > 0 {
		t.Errorf("it was asked for %q", c.lake.policy.asked)
	}
	change := func(old string) answer {
		return c.do("PUT", "/api/v1/session/password", `{"old_password":"`+old+`","new_password":"another one"}`)
	}
	c.problem(change("wrong"), http.StatusForbidden, lethe.Denied)
	c.want(change(password), http.StatusNoContent)
	if decode[session](c, c.do("GET", "/api/v1/session", "")).ChangePassword {
		t.Error("the session still waits")
	}
	c.problem(change(password), http.StatusForbidden, lethe.Denied) // by now it takes a policy
}

// Old passwords are not to be guessed with a session.
func TestPasswordChangesAreLimited(t *testing.T) {
	c := serve(t).as("admin")
	for range 10 {
		c.problem(c.do("PUT", "/api/v1/session/password", `{"old_password":"wrong","new_password":"another one"}`), http.StatusForbidden, lethe.Denied)
	}
	c.want(c.do("PUT", "/api/v1/session/password", `{"old_password":"`+password+`","new_password":"another one"}`), http.StatusTooManyRequests)
}

func TestLogoutEndsTheSession(t *testing.T) {
	c := serve(t).as("admin")
	a := c.do("DELETE", "/api/v1/session", "")
	c.want(a, http.StatusNoContent)
	if k := a.res.Cookies()[0]; k.MaxAge >= 0 || k.Value != "" {
		t.Errorf("the cookie is left: %s", k)
	}
	c.problem(c.do("GET", "/api/v1/session", ""), http.StatusUnauthorized, lethe.Denied)
}

func TestWrongLogins(t *testing.T) {
	c := serve(t)
	first, _ := c.problem(c.do("POST", "/api/v1/session", `{"name":"admin","password":"no"}`), http.StatusUnauthorized, lethe.Denied)
	second, _ := c.problem(c.do("POST", "/api/v1/session", `{"name":"nobody","password":"no"}`), http.StatusUnauthorized, lethe.Denied)
	if first != second {
		t.Errorf("the answer tells which names exist: %q, %q", first, second)
	}
	c.problem(c.do("POST", "/api/v1/session", `{"name":"","password":"x"}`), http.StatusBadRequest, lethe.Invalid)
	c.problem(c.do("POST", "/api/v1/session", `{"name":"admin"}`), http.StatusBadRequest, lethe.Invalid)
}

func TestTooManyWrongLogins(t *testing.T) {
	c := serve(t)
	for i := range 10 {
		c.want(c.do("POST", "/api/v1/session", fmt.Sprintf(`{"name":"n%d","password":"no"}`, i)), http.StatusUnauthorized)
	}
	a := c.do("POST", "/api/v1/session", `{"name":"admin","password":"`+password+`"}`)
	c.problem(a, http.StatusTooManyRequests, lethe.Exhausted)
	if a.res.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestRightLoginsAreNotCounted(t *testing.T) {
	c := serve(t)
	for range 30 {
		c.as("admin")
	}
}

func TestAnotherSitesPageChangesNothing(t *testing.T) {
	c := serve(t).as("admin")
	const other = "https://elsewhere.example"
	requests := []struct{ method, path, body string }{
		{"POST", "/api/v1/queries", `{"statement":"SELECT 1"}`},
		{"DELETE", "/api/v1/buckets/empty-bucket", ""},
		{"PUT", "/api/v1/buckets/lake/objects/a", "x"},
		{"DELETE", "/api/v1/session", ""},
		{"POST", "/api/v1/session", `{"name":"reader","password":"` + password + `"}`},
	}
	for _, r := range requests {
		for _, headers := range [][]string{{"Origin", other}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "null"}} {
			c.problem(c.do(r.method, r.path, r.body, headers...), http.StatusForbidden, lethe.Denied)
		}
	}
	// The console's own pages and programs that are no browser are not stopped.
	c.want(c.do("POST", "/api/v1/queries", `{"statement":"SELECT 1"}`, "Sec-Fetch-Site", "same-origin", "Origin", c.url), http.StatusCreated)
	c.want(c.do("POST", "/api/v1/queries", `{"statement":"SELECT 1"}`), http.StatusCreated)
}
