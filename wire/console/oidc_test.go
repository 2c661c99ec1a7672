package console_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"lethe"
	"lethe/access"
	"lethe/access/oidc"
	"lethe/access/oidc/oidctest"
	"lethe/wire/console"
)

// identities makes sessions of a lab's for everyone whom the provider vouches for but bob.
type identities struct {
	*sessions
	mu   sync.Mutex
	seen []access.Identity
}

func (s *identities) LoginIdentity(_ context.Context, i access.Identity) (string, lethe.Principal, []string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, i)
	if i.Name == "bob" {
		return "", lethe.Principal{}, nil, lethe.Errorf(lethe.Denied, "there is no user for bob")
	}
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	token := lethe.NewSecret()
	s.tokens[token] = reader
	return token, reader, []string{"gone"}, nil
}

// browser is one that logs in at a provider.
type browser struct {
	t      *testing.T
	at     string
	issuer *oidctest.Issuer
	ids    *identities
	log    *bytes.Buffer
	http.Client
}

func openBrowser(t *testing.T, change func(*console.Options)) *browser {
	t.Helper()
	b := &browser{t: t, issuer: oidctest.New(t), log: &bytes.Buffer{}}
	b.issuer.Says(map[string]any{"sub": "1", "preferred_username": "ada"})
	b.ids = &identities{sessions: &sessions{tokens: map[string]lethe.Principal{}}}
	p := oidc.New(oidc.Config{Issuer: b.issuer.URL, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, UsernameClaim: "preferred_username"})
	o := console.Options{Log: slog.New(slog.NewTextHandler(b.log, nil)), Sessions: b.ids, Access: &policy{}, SingleSignOn: &console.SingleSignOn{Provider: p, Identities: b.ids, Name: "the test's"}}
	if change != nil {
		change(&o)
	}
	s := httptest.NewServer(console.New(o))
	t.Cleanup(s.Close)
	b.at = s.URL
	b.restart()
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

// restart is another browser.
func (b *browser) restart() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Jar = jar
}

// goes follows one redirect.
func (b *browser) goes(to string) (next string, resp *http.Response) {
	b.t.Helper()
	resp, err := b.Get(to)
	if err != nil {
		b.t.Fatal(err)
	}
	resp.Body.Close()
	at, err := resp.Location()
	if err != nil {
		b.t.Fatalf("%s answers %s", to, resp.Status)
	}
	return at.String(), resp
}

// cameBack goes to the provider and returns where that sends the browser.
func (b *browser) cameBack(to string) string {
	b.t.Helper()
	at, _ := b.goes(b.at + "/api/v1/session/oidc?to=" + url.QueryEscape(to))
	if !strings.HasPrefix(at, b.issuer.URL+"/authorize?") {
		b.t.Fatalf("the login begins at %s", at)
	}
	back, _ := b.goes(at)
	if !strings.HasPrefix(back, b.at+"/api/v1/session/oidc/callback?") {
		b.t.Fatalf("the provider sends to %s", back)
	}
	return back
}

// loggedIn reports whether the browser has a session.
func (b *browser) loggedIn() bool {
	b.t.Helper()
	resp, err := b.Get(b.at + "/api/v1/session")
	if err != nil {
		b.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func TestSingleSignOn(t *testing.T) {
	b := openBrowser(t, nil)
	back := b.cameBack("/query/new?tab=1")
	at, resp := b.goes(back)
	if at != b.at+"/query/new?tab=1" || !b.loggedIn() {
		t.Fatal(at)
	}
	for _, k := range resp.Cookies() {
		switch k.Name {
		case "lethe_session":
			if !k.HttpOnly || k.SameSite != http.SameSiteStrictMode {
				t.Error(k)
			}
		case "lethe_oidc":
			if k.MaxAge >= 0 {
				t.Error("the login's cookie stays", k)
			}
		default:
			t.Error(k)
		}
	}
	if !strings.Contains(b.log.String(), "gone") {
		t.Error("nobody is told of groups that are missing:", b.log)
	}

	// Ending ends here and at the provider.
	at, _ = b.goes(b.at + "/api/v1/session/oidc/end")
	if !strings.HasPrefix(at, b.issuer.URL+"/logout?") || !strings.Contains(at, url.QueryEscape(b.at+"/")) || b.loggedIn() {
		t.Error(at)
	}
}

func TestTheProvidersCookie(t *testing.T) {
	b := openBrowser(t, func(o *console.Options) { o.Secure, o.SingleSignOn.URL = true, "https://lake.example.org" })
	at, resp := b.goes(b.at + "/api/v1/session/oidc")
	if k := resp.Cookies()[0]; k.Name != "__Host-lethe_oidc" || !k.Secure || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.MaxAge <= 0 || k.MaxAge > 600 {
		t.Error(k)
	}
	u, err := url.Parse(at)
	if err != nil || u.Query().Get("redirect_uri") != "https://lake.example.org/api/v1/session/oidc/callback" {
		t.Error(at)
	}
	if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Content-Security-Policy") == "" || resp.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Error(resp.Header)
	}
}

// The Host header of a request does not choose where codes are sent.
func TestTheHostHeaderDoesNotCount(t *testing.T) {
	b := openBrowser(t, nil)
	req, err := http.NewRequest("GET", b.at+"/api/v1/session/oidc", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example.org"
	resp, err := b.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if at := resp.Header.Get("Location"); strings.Contains(at, "evil") {
		t.Error(at)
	}
}

func TestRefusedSignOns(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(b *browser, back string) string
		want  string
	}{
		"replayed": {func(b *browser, back string) string {
			u, _ := url.Parse(b.at)
			kept := b.Jar.Cookies(u)
			b.goes(back)
			b.restart()
			b.Jar.SetCookies(u, slices.DeleteFunc(kept, func(k *http.Cookie) bool { return k.Name != "lethe_oidc" }))
			return back
		}, "denied"},
		"in another browser": {func(b *browser, back string) string { b.restart(); return back }, "expired"},
		"by a cookie of one's own": {func(b *browser, back string) string {
			u, _ := url.Parse(b.at)
			b.restart()
			b.Jar.SetCookies(u, []*http.Cookie{{Name: "lethe_oidc", Value: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Path: "/"}})
			return back
		}, "expired"},
		"another state": {func(_ *browser, back string) string { return strings.Replace(back, "state=", "state=x", 1) }, "denied"},
		"no user": {func(b *browser, back string) string {
			b.issuer.Says(map[string]any{"sub": "2", "preferred_username": "bob"})
			return back
		}, "denied"},
		"refused":       {func(_ *browser, back string) string { return back + "&error=access_denied" }, "denied"},
		"provider away": {func(b *browser, back string) string { b.issuer.SetAway(true); return back }, "denied"},
		"wrong nonce": {func(b *browser, back string) string {
			b.issuer.Spoils(func(c map[string]any) { c["nonce"] = "x" })
			return back
		}, "denied"},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBrowser(t, nil)
			to := c.spoil(b, b.cameBack("/"))
			at, resp := b.goes(to)
			if at != b.at+"/?login="+c.want || b.loggedIn() {
				t.Errorf("goes to %s", at)
			}
			for _, k := range resp.Cookies() {
				if k.Name == "lethe_session" {
					t.Error(k)
				}
			}
			u, err := url.Parse(to)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{u.Query().Get("code"), oidctest.ClientSecret} {
				if strings.Contains(b.log.String(), secret) {
					t.Error("the log has", secret)
				}
			}
		})
	}
}

func TestWrongSignOnsAreCounted(t *testing.T) {
	b := openBrowser(t, nil)
	b.issuer.Spoils(func(c map[string]any) { c["nonce"] = "x" })
	for range 10 {
		if at, _ := b.goes(b.cameBack("/")); !strings.HasSuffix(at, "/?login=denied") {
			t.Fatal(at)
		}
	}
	b.issuer.Says(map[string]any{"sub": "1", "preferred_username": "ada"})
	if at, _ := b.goes(b.cameBack("/")); !strings.HasSuffix(at, "/?login=limited") || b.loggedIn() {
		t.Error(at)
	}
}

// A login leads to a page of the console, and nowhere else.
func TestOpenRedirects(t *testing.T) {
	for to, want := range map[string]string{
		"": "/", "/": "/", "/catalog/a%2Fb?x=1": "/catalog/a%2Fb?x=1",
		"//evil.example.org": "/", "https://evil.example.org/": "/", `/\evil.example.org`: "/", `\\evil.example.org`: "/", "/%5Cevil.example.org": "/", "/\t/evil.example.org": "/",
		"javascript:alert(1)": "/", "evil.example.org": "/", "/%2F/evil.example.org": "/", "/api/v1/session/oidc/end": "/", "/a\r\nSet-Cookie: x=y": "/", "////evil.example.org": "/",
	} {
		if got := console.Local(to); got != want {
			t.Errorf("%q leads to %q, want %q", to, got, want)
		}
	}
	b := openBrowser(t, nil)
	if at, _ := b.goes(b.cameBack("//evil.example.org/")); at != b.at+"/" {
		t.Error(at)
	}
}

func TestWaysToLogIn(t *testing.T) {
	b := openBrowser(t, nil)
	resp, err := b.Get(b.at + "/api/v1/session/providers")
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	resp.Body.Close()
	if err != nil || body.String() != `{"providers":[{"name":"the test's","login":"/api/v1/session/oidc","end":"/api/v1/session/oidc/end"}]}` {
		t.Error(body.String(), err)
	}
	c := serve(t)
	if a := c.do("GET", "/api/v1/session/providers", ""); a.body != `{"providers":[]}` {
		t.Error(a.body)
	}
	c.want(c.do("GET", "/api/v1/session/oidc", ""), http.StatusNotFound)
}
