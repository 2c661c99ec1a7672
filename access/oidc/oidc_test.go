package oidc_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"lethe"
	"lethe/access"
	"lethe/access/oidc"
	"lethe/access/oidc/oidctest"
)

const redirect = "http://127.0.0.1:8080/api/v1/session/oidc/callback"

func config(issuer string) oidc.Config {
	return oidc.Config{Issuer: issuer, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, Scopes: []string{"profile"},
		UsernameClaim: "preferred_username", GroupsClaim: "groups", Groups: map[string]string{"their engineers": "engineers", "their admins": "admins"}, Create: true}
}

var ada = map[string]any{"sub": "1234", "preferred_username": "ada", "groups": []string{"their engineers", "others"}}

func newFlow() oidc.Flow {
	return oidc.Flow{State: rand.Text(), Nonce: rand.Text(), Verifier: rand.Text() + rand.Text()}
}

// login goes the way of a browser.
func login(t *testing.T, p *oidc.Provider, i *oidctest.Issuer) (access.Identity, error) {
	t.Helper()
	f := newFlow()
	at, err := p.Begin(redirect, f)
	if err != nil {
		t.Fatal(err)
	}
	return p.Finish(t.Context(), redirect, f, i.Code(at))
}

func TestLogin(t *testing.T) {
	i := oidctest.New(t)
	i.Says(ada)
	p := oidc.New(config(i.URL))
	for range 2 { // the second with another key, of another kind, that the first login did not know
		got, err := login(t, p, i)
		slices.Sort(got.Mapped)
		if err != nil || got.Issuer != i.URL || got.Subject != "1234" || got.Name != "ada" || !got.Create ||
			!slices.Equal(got.Groups, []string{"engineers"}) || !slices.Equal(got.Mapped, []string{"admins", "engineers"}) {
			t.Fatal(got, err)
		}
		i.RotateEC()
	}
}

// What is not as the standard says vouches for nobody.
func TestBadTokens(t *testing.T) {
	i := oidctest.New(t)
	p := oidc.New(config(i.URL))
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(name string, v any) func() {
		return func() { i.Spoils(func(c map[string]any) { c[name] = v }) }
	}
	without := func(name string) func() {
		return func() { i.Spoils(func(c map[string]any) { delete(c, name) }) }
	}
	forge := func(f func([]byte) string) func() { return func() { i.Forges(f) } }
	encode := base64.RawURLEncoding.EncodeToString
	for name, spoil := range map[string]func(){
		"wrong nonce":              claim("nonce", "other"),
		"no nonce":                 without("nonce"),
		"for another":              claim("aud", "other"),
		"for several, not by us":   claim("aud", []string{"lethe", "other"}),
		"for several, by another":  func() { i.Spoils(func(c map[string]any) { c["aud"], c["azp"] = []string{"lethe", "other"}, "other" }) },
		"by another":               claim("azp", "other"),
		"expired":                  claim("exp", time.Now().Add(-time.Minute).Unix()),
		"never expires":            without("exp"),
		"of another issuer":        claim("iss", "https://id.example.org"),
		"no subject":               claim("sub", ""),
		"no name":                  without("preferred_username"),
		"a name that is no text":   claim("preferred_username", 7),
		"groups that are no list":  claim("groups", map[string]string{"a": "b"}),
		"groups that are no texts": claim("groups", []any{"their admins", 7}),
		"groups elsewhere": func() {
			i.Spoils(func(c map[string]any) { delete(c, "groups"); c["_claim_names"] = map[string]string{"groups": "src1"} })
		},
		"too many groups":        claim("groups", slices.Repeat([]string{"their admins"}, 1001)),
		"a huge token":           claim("filler", strings.Repeat("x", 2<<20)),
		"a stranger's signature": forge(func(c []byte) string { return oidctest.SignWith(t, c, stranger, jose.RS256, "") }),
		"an unknown key":         forge(func(c []byte) string { return i.Sign(c, "unknown") }),
		"no signature": forge(func(c []byte) string {
			return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(c) + "."
		}),
		"signed with our secret": forge(func(c []byte) string {
			return oidctest.SignWith(t, c, []byte(strings.Repeat(oidctest.ClientSecret, 2)), jose.HS256, "")
		}),
		"other claims": forge(func(c []byte) string {
			parts := strings.Split(i.Sign(c, ""), ".")
			return parts[0] + "." + encode([]byte(strings.Replace(string(c), "ada", "bob", 1))) + "." + parts[2]
		}),
		"nothing": forge(func([]byte) string { return "" }),
		"garbage": forge(func([]byte) string { return "a.b.c" }),
	} {
		t.Run(name, func(t *testing.T) {
			i.Says(ada)
			spoil()
			got, err := login(t, p, i)
			if !lethe.Is(err, lethe.Denied) && !(name == "a huge token" && lethe.Is(err, lethe.Exhausted)) || got.Subject != "" && got.Name != "" && err == nil {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	i.Says(ada)
	if _, err := login(t, p, i); err != nil {
		t.Error(err)
	}
}

func TestBadAnswers(t *testing.T) {
	i := oidctest.New(t)
	i.Says(ada)
	p := oidc.New(config(i.URL))
	for name, change := range map[string]func(f *oidc.Flow, q url.Values){
		"another state":    func(_ *oidc.Flow, q url.Values) { q.Set("state", rand.Text()) },
		"no state":         func(f *oidc.Flow, q url.Values) { q.Del("state"); f.State = "" },
		"another verifier": func(f *oidc.Flow, _ url.Values) { f.Verifier = rand.Text() + rand.Text() },
		"another nonce":    func(f *oidc.Flow, _ url.Values) { f.Nonce = rand.Text() },
		"another code":     func(_ *oidc.Flow, q url.Values) { q.Set("code", "x") },
		"no code":          func(_ *oidc.Flow, q url.Values) { q.Del("code") },
		"another issuer":   func(_ *oidc.Flow, q url.Values) { q.Set("iss", "https://id.example.org") },
		"no issuer":        func(_ *oidc.Flow, q url.Values) { q.Del("iss") },
		"refused":          func(_ *oidc.Flow, q url.Values) { q.Set("error", "access_denied") },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFlow()
			at, err := p.Begin(redirect, f)
			if err != nil {
				t.Fatal(err)
			}
			q := i.Code(at)
			change(&f, q)
			if got, err := p.Finish(t.Context(), redirect, f, q); !lethe.Is(err, lethe.Denied) {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
	f := newFlow()
	at, err := p.Begin(redirect, f)
	if err != nil {
		t.Fatal(err)
	}
	q := i.Code(at)
	if _, err := p.Finish(t.Context(), redirect, f, q); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(t.Context(), redirect, f, q); !lethe.Is(err, lethe.Denied) {
		t.Errorf("a code counts twice: %v", err)
	}
}

// A provider that is away, or is none, fails the login and nothing else; when it is back,
// logins go on.
func TestProviderAway(t *testing.T) {
	i := oidctest.New(t)
	i.Says(ada)
	i.SetAway(true)
	p := oidc.New(config(i.URL))
	if _, err := p.Begin(redirect, newFlow()); !lethe.Is(err, lethe.Exhausted) {
		t.Error(err)
	}
	if at := p.End("http://127.0.0.1/"); at != "" {
		t.Error(at)
	}
	i.SetAway(false)
	oidc.Forget(p)
	if _, err := login(t, p, i); err != nil {
		t.Error(err)
	}
	if at := p.End("http://127.0.0.1/"); !strings.HasPrefix(at, i.URL+"/logout?client_id=lethe&post_logout_redirect_uri=") {
		t.Error(at)
	}
	i.SetAway(true)
	f := newFlow()
	at, err := p.Begin(redirect, f)
	if err != nil || at == "" {
		t.Fatal(err)
	}
	if _, err := p.Finish(t.Context(), redirect, f, url.Values{"state": {f.State}, "code": {"x"}, "iss": {i.URL}}); err == nil {
		t.Error("logs in without a provider")
	}

	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer": "https://somebody.else"}`)
	}))
	defer other.Close()
	if _, err := oidc.New(config(other.URL)).Begin(redirect, newFlow()); err == nil {
		t.Error("believes another issuer's configuration")
	}
}

func TestEmailMustBeVerified(t *testing.T) {
	i := oidctest.New(t)
	c := config(i.URL)
	c.UsernameClaim = "email"
	p := oidc.New(c)
	for verified, want := range map[any]bool{true: true, false: false, nil: false, "true": false} {
		i.Says(map[string]any{"sub": "1", "email": "ada@example.org", "email_verified": verified})
		if _, err := login(t, p, i); (err == nil) != want {
			t.Errorf("%v: %v", verified, err)
		}
	}
}

// Without a groups claim somebody is in no mapped group.
func TestWithoutGroups(t *testing.T) {
	i := oidctest.New(t)
	p := oidc.New(config(i.URL))
	for _, groups := range []any{nil, []string{}, "others"} {
		i.Says(map[string]any{"sub": "1", "preferred_username": "ada", "groups": groups})
		if got, err := login(t, p, i); err != nil || len(got.Groups) != 0 || len(got.Mapped) != 2 {
			t.Error(got, err)
		}
	}
}
