// Package oidctest is an OpenID Connect provider for tests: it has a configuration, keys
// that it changes, a page that logs in whoever comes, and it checks codes, clients and PKCE
// as the standards say. What it signs can be spoiled.
package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The client that the issuer knows.
const (
	ClientID     = "lethe"
	ClientSecret = "s3cr3t of the client"
)

// Issuer is the provider.
type Issuer struct {
	URL string

	mu     sync.Mutex
	t      testing.TB
	keys   []key // the last signs
	codes  map[string]grant
	claims map[string]any
	// Spoil changes a token's claims, Forge the token itself, before it is sent.
	spoil func(claims map[string]any)
	forge func(claims []byte) string
	away  bool
}

type key struct {
	id     string
	signer crypto.Signer
	alg    jose.SignatureAlgorithm
}

// grant is what a code stands for.
type grant struct{ redirect, challenge, nonce string }

// New starts a provider with an RSA key.
func New(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{t: t, codes: map[string]grant{}, claims: map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.configuration)
	mux.HandleFunc("GET /keys", i.keySet)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i.locked(func() bool { return i.away }) {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	i.URL = s.URL
	i.RotateRSA()
	return i
}

func (i *Issuer) locked(f func() bool) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return f()
}

// RotateRSA makes the issuer sign with a new RSA key. The keys before stay known.
func (i *Issuer) RotateRSA() {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		i.t.Fatal(err)
	}
	i.add(k, jose.RS256)
}

// RotateEC makes the issuer sign with a new key on the curve P-256.
func (i *Issuer) RotateEC() {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	i.add(k, jose.ES256)
}

func (i *Issuer) add(k crypto.Signer, alg jose.SignatureAlgorithm) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, key{rand.Text(), k, alg})
}

// SetAway lets the issuer answer nothing, or answer again.
func (i *Issuer) SetAway(away bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.away = away
}

// Says sets what the issuer says of whoever logs in.
func (i *Issuer) Says(claims map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.claims, i.spoil, i.forge = claims, nil, nil
}

// Spoils changes the claims of the tokens that follow.
func (i *Issuer) Spoils(f func(claims map[string]any)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.spoil = f
}

// Forges replaces the tokens that follow.
func (i *Issuer) Forges(f func(claims []byte) string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.forge = f
}

// Sign signs claims with a key of the issuer's, by a key id of the caller's choice; "" means
// the right one.
func (i *Issuer) Sign(claims []byte, kid string) string {
	k := i.keys[len(i.keys)-1]
	if kid == "" {
		kid = k.id
	}
	return SignWith(i.t, claims, k.signer, k.alg, kid)
}

// SignWith signs claims with any key.
func SignWith(t testing.TB, claims []byte, k any, alg jose.SignatureAlgorithm, kid string) string {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: k, KeyID: kid}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client sees if it fails
}

func (i *Issuer) configuration(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys", "end_session_endpoint": i.URL + "/logout",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "code_challenge_methods_supported": []string{"S256"},
		"id_token_signing_alg_values_supported": []string{"RS256", "ES256", "HS256", "none"}, "authorization_response_iss_parameter_supported": true,
	})
}

func (i *Issuer) keySet(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	var set jose.JSONWebKeySet
	for _, k := range i.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.signer.Public(), KeyID: k.id, Algorithm: string(k.alg), Use: "sig"})
	}
	answer(w, http.StatusOK, set)
}

// authorize is the page where somebody logs in, which is done by coming here.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("state") == "" || q.Get("nonce") == "" {
		http.Error(w, "a request that the client should not make: "+r.URL.RawQuery, http.StatusBadRequest)
		return
	}
	code := rand.Text()
	i.mu.Lock()
	i.codes[code] = grant{q.Get("redirect_uri"), q.Get("code_challenge"), q.Get("nonce")}
	i.mu.Unlock()
	back := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {i.URL}}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

// token exchanges a code, once, for who made its request (RFC 6749, 4.1.3; RFC 7636, 4.6).
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if unescaped, err := url.QueryUnescape(secret); err == nil && ok {
		secret = unescaped
	}
	if id != ClientID || secret != ClientSecret {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	g, known := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || g.redirect != r.PostFormValue("redirect_uri") || g.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	now := time.Now()
	claims := map[string]any{"iss": i.URL, "aud": ClientID, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "nonce": g.nonce}
	for k, v := range i.claims {
		claims[k] = v
	}
	if i.spoil != nil {
		i.spoil(claims)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	out := map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 300}
	if i.forge != nil {
		out["id_token"] = i.forge(text)
	} else {
		out["id_token"] = i.Sign(text, "")
	}
	answer(w, http.StatusOK, out)
}

// Code is what the provider gives somebody who comes with a request of lethe's: the query of
// the address that it sends the browser back to.
func (i *Issuer) Code(at string) url.Values {
	i.t.Helper()
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Get(at)
	if err != nil {
		i.t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		i.t.Fatalf("the provider answers %s: %v", resp.Status, err)
	}
	return back.Query()
}
