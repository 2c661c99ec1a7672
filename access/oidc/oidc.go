// Package oidc finds out who somebody is from an OpenID Connect provider, by the
// authorization code flow with PKCE (OpenID Connect Core 1.0; RFC 7636; RFC 9700).
//
// The provider is asked for its configuration and keys when somebody first logs in, so
// that a lake starts while its provider is away. What it says is believed only if it is
// signed with one of its keys by an asymmetric algorithm, is for this client, has not
// expired, and holds the nonce of this login.
package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	lib "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"lethe"
	"lethe/access"
)

// Config says which provider is asked, and what its answers mean.
type Config struct {
	Issuer                 string // URL; https but on loopback
	ClientID, ClientSecret string // a client without secret relies on PKCE
	Scopes                 []string
	// UsernameClaim names the user; GroupsClaim lists groups, "" for none.
	UsernameClaim, GroupsClaim string
	// Groups are lethe's groups by the provider's. Others do not count.
	Groups map[string]string
	// Create makes users at their first logins.
	Create bool
	// Client speaks to the provider; nil means one of its own.
	Client *http.Client
}

// The bounds on what a provider answers.
const (
	maxAnswer = 1 << 20
	maxGroups = 1000
	timeout   = 10 * time.Second
	// retryAfter is how long a provider that was away is not asked again.
	retryAfter = 3 * time.Second
)

// algorithms are those that only the provider can sign with.
var algorithms = []string{lib.RS256, lib.RS384, lib.RS512, lib.PS256, lib.PS384, lib.PS512, lib.ES256, lib.ES384, lib.ES512, lib.EdDSA}

// Provider is an OpenID Connect provider. It is safe for concurrent use.
type Provider struct {
	config Config
	client *http.Client

	mu     sync.Mutex
	found  *found
	failed error
	until  time.Time // failed counts
}

// found is what the provider's configuration says.
type found struct {
	provider *lib.Provider
	end      string // end_session_endpoint, "" if it has none
	// issues says that answers name their issuer (RFC 9207).
	issues bool
}

// New returns a provider, which is not asked anything yet.
func New(c Config) *Provider {
	client := &http.Client{Timeout: timeout}
	if c.Client != nil {
		copied := *c.Client
		client = &copied
	}
	client.Transport = bounded{client.Transport}
	// Whoever is redirected to is not who the configuration names.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Provider{config: c, client: client}
}

// bounded reads no more than maxAnswer of an answer.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	next := b.RoundTripper
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}

// discover returns the provider's configuration.
func (p *Provider) discover() (*found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if p.failed != nil && time.Now().Before(p.until) {
		return nil, p.failed
	}
	// The context is kept for fetching keys; each fetch is bounded by the client.
	provider, err := lib.NewProvider(lib.ClientContext(context.Background(), p.client), p.config.Issuer)
	if err == nil {
		f := &found{provider: provider}
		var more struct {
			End    string `json:"end_session_endpoint"`
			Issues bool   `json:"authorization_response_iss_parameter_supported"`
		}
		if err = provider.Claims(&more); err == nil {
			f.end, f.issues = more.End, more.Issues
			p.found, p.failed = f, nil
			return f, nil
		}
	}
	p.failed = lethe.Errorf(lethe.Exhausted, "the identity provider %s does not answer as one: %w", p.config.Issuer, err)
	p.until = time.Now().Add(retryAfter)
	return nil, p.failed
}

func (p *Provider) oauth(f *found, redirect string) oauth2.Config {
	scopes := p.config.Scopes
	if !slices.Contains(scopes, lib.ScopeOpenID) {
		scopes = append([]string{lib.ScopeOpenID}, scopes...)
	}
	return oauth2.Config{ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, Endpoint: f.provider.Endpoint(), RedirectURL: redirect, Scopes: scopes}
}

// Flow are the secrets of one login. State and Nonce are told to the browser and the
// provider, Verifier to the provider at the end only.
type Flow struct{ State, Nonce, Verifier string }

// Begin returns where the browser is to go.
func (p *Provider) Begin(redirect string, w Flow) (string, error) {
	f, err := p.discover()
	if err != nil {
		return "", err
	}
	c := p.oauth(f, redirect)
	return c.AuthCodeURL(w.State, lib.Nonce(w.Nonce), oauth2.S256ChallengeOption(w.Verifier)), nil
}

// Finish finds out who came back, from the query that the browser brings. Denied if the
// provider, or what it says, does not vouch for anyone.
func (p *Provider) Finish(ctx context.Context, redirect string, w Flow, q url.Values) (i access.Identity, err error) {
	f, err := p.discover()
	if err != nil {
		return i, err
	}
	if code := q.Get("error"); code != "" {
		return i, denied("the provider answered %q", code)
	}
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(w.State)) != 1 || w.State == "" {
		return i, denied("the answer is of another login")
	}
	if iss := q.Get("iss"); (f.issues || iss != "") && iss != p.config.Issuer {
		return i, denied("the answer is of another provider")
	}
	ctx, cancel := context.WithTimeout(lib.ClientContext(ctx, p.client), timeout)
	defer cancel()
	c := p.oauth(f, redirect)
	token, err := c.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(w.Verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			return i, denied("the provider refused the code: %s", refused.ErrorCode) // its text may hold more
		}
		return i, lethe.Errorf(lethe.Exhausted, "the identity provider %s does not exchange codes: %w", p.config.Issuer, err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return i, denied("the provider sent no ID token")
	}
	id, err := f.provider.Verifier(&lib.Config{ClientID: p.config.ClientID, SupportedSigningAlgs: algorithms}).Verify(ctx, raw)
	if err != nil {
		return i, denied("the ID token is not valid: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(w.Nonce)) != 1 {
		return i, denied("the ID token is of another login")
	}
	return p.identity(id)
}

// identity reads the claims of a token that is verified.
func (p *Provider) identity(id *lib.IDToken) (i access.Identity, err error) {
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return i, denied("the ID token cannot be read")
	}
	if azp, ok := claims["azp"].(string); (ok || len(id.Audience) > 1) && azp != p.config.ClientID {
		return i, denied("the ID token is for another client")
	}
	name, ok := claims[p.config.UsernameClaim].(string)
	if !ok || name == "" {
		return i, denied("the ID token has no claim %q that names the user", p.config.UsernameClaim)
	}
	if p.config.UsernameClaim == "email" && claims["email_verified"] != true {
		return i, denied("the provider has not verified the user's address")
	}
	i = access.Identity{Issuer: id.Issuer, Subject: id.Subject, Name: name, Create: p.config.Create}
	if i.Subject == "" {
		return i, denied("the ID token has no subject")
	}
	theirs, err := p.groups(claims)
	if err != nil {
		return i, err
	}
	for _, ours := range p.config.Groups {
		if !slices.Contains(i.Mapped, ours) {
			i.Mapped = append(i.Mapped, ours)
		}
	}
	for _, g := range theirs {
		if ours, ok := p.config.Groups[g]; ok && !slices.Contains(i.Groups, ours) {
			i.Groups = append(i.Groups, ours)
		}
	}
	return i, nil
}

// groups reads the groups claim. Without one somebody is in no mapped group; one that the
// provider left out because it is too long (OpenID Connect Core, 5.6.2) says nothing, and
// is refused.
func (p *Provider) groups(claims map[string]any) (groups []string, err error) {
	if p.config.GroupsClaim == "" || len(p.config.Groups) == 0 {
		return nil, nil
	}
	if elsewhere, _ := claims["_claim_names"].(map[string]any); elsewhere[p.config.GroupsClaim] != nil {
		return nil, denied("the provider does not tell the user's groups in the ID token, because they are too many: let it tell only those that the application is given")
	}
	var list []any
	switch v := claims[p.config.GroupsClaim].(type) {
	case nil:
	case string:
		list = []any{v}
	case []any:
		list = v
	default:
		return nil, denied("the claim %q is no list of groups", p.config.GroupsClaim)
	}
	if len(list) > maxGroups {
		return nil, denied("the claim %q lists %d groups; at most %d are read", p.config.GroupsClaim, len(list), maxGroups)
	}
	for _, v := range list {
		g, ok := v.(string)
		if !ok {
			return nil, denied("the claim %q is no list of groups", p.config.GroupsClaim)
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// End returns where the browser ends its session with the provider too, and then comes to
// after; "" if the provider has no such place or is away.
func (p *Provider) End(after string) string {
	f, err := p.discover()
	if err != nil || f.end == "" {
		return ""
	}
	u, err := url.Parse(f.end)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.config.ClientID)
	q.Set("post_logout_redirect_uri", after)
	u.RawQuery = q.Encode()
	return u.String()
}

func denied(format string, args ...any) error {
	return lethe.Errorf(lethe.Denied, "%w", fmt.Errorf(format, args...))
}
