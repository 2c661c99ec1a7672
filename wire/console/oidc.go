package console

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/oauth2"

	"lethe"
	"lethe/access"
	"lethe/access/oidc"
)

// IdentityProvider vouches for people who log in. *oidc.Provider is one.
type IdentityProvider interface {
	Begin(redirect string, f oidc.Flow) (string, error)
	Finish(ctx context.Context, redirect string, f oidc.Flow, q url.Values) (access.Identity, error)
	End(after string) string
}

// Identities open sessions for those whom the provider vouches for. *access.Service is
// one.
type Identities interface {
	LoginIdentity(ctx context.Context, i access.Identity) (token string, p lethe.Principal, missing []string, err error)
}

// SingleSignOn configures logins by an identity provider.
type SingleSignOn struct {
	Provider   IdentityProvider
	Identities Identities
	// Name of the provider, for people.
	Name string
	// URL is where browsers reach the console, as https://lake.example.org; "" means the
	// address that a request came to.
	URL string
}

// Where a login at the provider begins, where it comes back, and where it is ended.
const (
	ssoPath         = "/api/v1/session/oidc"
	ssoCallbackPath = ssoPath + "/callback"
	ssoEndPath      = ssoPath + "/end"
)

// flowLife is how long somebody may take to log in at the provider.
const flowLife = 10 * time.Minute

// singleSignOn keeps logins that are under way. What belongs to one is in a cookie of the
// browser that began it, sealed, so that strangers who begin logins use no memory here,
// and that nobody ends a login in another's browser.
type singleSignOn struct {
	*server
	SingleSignOn
	aead cipher.AEAD

	mu   sync.Mutex
	used map[string]time.Time // states that led to a session, until their flows' ends
}

// flow is what the cookie holds.
type flow struct {
	oidc.Flow
	To    string // path in the console to go to
	Until time.Time
}

func newSingleSignOn(s *server, c SingleSignOn) *singleSignOn {
	var key [chacha20poly1305.KeySize]byte
	rand.Read(key[:]) // a login does not outlive the process
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		panic(err) // the length is right
	}
	return &singleSignOn{server: s, SingleSignOn: c, aead: aead, used: map[string]time.Time{}}
}

// add makes the provider's routes, which are public.
func (o *singleSignOn) add(mux *http.ServeMux) {
	mux.HandleFunc("GET "+ssoPath, o.begin)
	mux.HandleFunc("GET "+ssoCallbackPath, o.callback)
	mux.HandleFunc("GET "+ssoEndPath, o.end)
}

// origin is where the provider sends browsers back to. What a request's Host header says
// does not count: the provider must know the address, and nobody choose it.
func (o *singleSignOn) origin(r *http.Request) string {
	if o.URL != "" {
		return o.URL
	}
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return "http://" + addr.String()
	}
	return ""
}

// cookie is the name of the flow's cookie. Like the session's it is bound to the host
// under TLS, but comes with a navigation from another site, which the provider's answer
// is.
func (o *singleSignOn) cookie() string {
	if o.Secure {
		return "__Host-lethe_oidc"
	}
	return "lethe_oidc"
}

func (o *singleSignOn) setFlow(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{Name: o.cookie(), Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: o.Secure, SameSite: http.SameSiteLaxMode})
}

// begin sends the browser to the provider.
func (o *singleSignOn) begin(w http.ResponseWriter, r *http.Request) {
	f := flow{Flow: oidc.Flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}, To: local(r.URL.Query().Get("to")), Until: time.Now().Add(flowLife)}
	at, err := o.Provider.Begin(o.origin(r)+ssoCallbackPath, f.Flow)
	if err != nil {
		o.refuse(w, r, "provider", err)
		return
	}
	plain, err := json.Marshal(f)
	if err != nil {
		o.refuse(w, r, "provider", err)
		return
	}
	nonce := make([]byte, o.aead.NonceSize())
	rand.Read(nonce)
	o.setFlow(w, base64.RawURLEncoding.EncodeToString(o.aead.Seal(nonce, nonce, plain, []byte(o.cookie()))), int(flowLife/time.Second))
	redirect(w, r, at)
}

// flowOf opens the cookie of a login under way.
func (o *singleSignOn) flowOf(r *http.Request) (f flow, ok bool) {
	c, err := r.Cookie(o.cookie())
	if err != nil {
		return f, false
	}
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || len(b) < o.aead.NonceSize() {
		return f, false
	}
	plain, err := o.aead.Open(nil, b[:o.aead.NonceSize()], b[o.aead.NonceSize():], []byte(o.cookie()))
	if err != nil || json.Unmarshal(plain, &f) != nil {
		return f, false
	}
	return f, time.Now().Before(f.Until)
}

// callback is where the provider sends the browser back to.
func (o *singleSignOn) callback(w http.ResponseWriter, r *http.Request) {
	f, ok := o.flowOf(r)
	o.setFlow(w, "", -1)
	if !ok {
		o.refuse(w, r, "expired", lethe.Errorf(lethe.Denied, "this browser has no login under way"))
		return
	}
	// Wrong answers count as wrong logins of the address. Nobody's name is locked.
	done, err := o.attempts.begin(clientOf(r), "oidc "+f.State)
	if err != nil {
		o.refuse(w, r, "limited", err)
		return
	}
	token, err := o.login(o.known(w, r), f)
	done(lethe.Is(err, lethe.Denied))
	switch {
	case err == nil:
		o.setCookie(w, token, 0)
		redirect(w, r, f.To)
	case lethe.Is(err, lethe.Denied):
		o.refuse(w, r, "denied", err)
	default:
		o.refuse(w, r, "provider", err)
	}
}

func (o *singleSignOn) login(r *http.Request, f flow) (token string, err error) {
	if !o.claim(f) {
		return "", lethe.Errorf(lethe.Denied, "this login was ended before")
	}
	i, err := o.Provider.Finish(r.Context(), o.origin(r)+ssoCallbackPath, f.Flow, r.URL.Query())
	if err != nil {
		return "", err
	}
	token, p, missing, err := o.Identities.LoginIdentity(r.Context(), i)
	if err == nil && len(missing) > 0 {
		o.Log.WarnContext(r.Context(), "groups that the identity provider's are mapped to do not exist", "groups", missing, "principal", p.ARN)
	}
	return token, err
}

// maxUsed bounds the states that are remembered. There are as many only if so many logins
// came back within flowLife.
const maxUsed = 10_000

// claim reports whether a login has not come back before.
func (o *singleSignOn) claim(f flow) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, again := o.used[f.State]; again {
		return false
	}
	if len(o.used) >= maxUsed {
		now := time.Now()
		for state, until := range o.used {
			if now.After(until) {
				delete(o.used, state)
			}
		}
		if len(o.used) >= maxUsed {
			return false
		}
	}
	o.used[f.State] = f.Until
	return true
}

// end ends the session here, and then at the provider.
func (o *singleSignOn) end(w http.ResponseWriter, r *http.Request) {
	// The session's cookie does not come with other sites' links, which so end nothing.
	if t := o.token(r); t != "" {
		if err := o.Sessions.Logout(r.Context(), t); err != nil {
			o.fail(w, r, err)
			return
		}
		o.setCookie(w, "", -1)
	}
	at := o.Provider.End(o.origin(r) + "/")
	if at == "" {
		at = "/"
	}
	redirect(w, r, at)
}

// refuse sends the browser to the login page, which says what went wrong in words of its
// own; the reason is for the log.
func (o *singleSignOn) refuse(w http.ResponseWriter, r *http.Request, why string, err error) {
	o.Log.LogAttrs(r.Context(), slog.LevelWarn, "a login by the identity provider failed", slog.String("client", clientOf(r)), slog.Any("error", err))
	redirect(w, r, "/?login="+why)
}

// redirect sends a browser on, and lets nobody keep the answer.
func redirect(w http.ResponseWriter, r *http.Request, at string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, at, http.StatusSeeOther)
}

// local returns a path of this console, / for what might lead elsewhere.
func local(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") ||
		strings.HasPrefix(u.Path, "//") || strings.HasPrefix(u.Path, "/api/") || strings.ContainsAny(to, "\\\r\n\t") || strings.Contains(u.Path, "\\") {
		return "/"
	}
	return u.RequestURI()
}

// loginWays answers how one can log in beside a password.
func (s *server) loginWays(w http.ResponseWriter, r *http.Request) {
	type way struct {
		Name  string `json:"name"`
		Login string `json:"login"`
		End   string `json:"end"`
	}
	out := struct {
		Providers []way `json:"providers"`
	}{[]way{}}
	if s.SingleSignOn != nil {
		out.Providers = append(out.Providers, way{s.SingleSignOn.Name, ssoPath, ssoEndPath})
	}
	w.Header().Set("Cache-Control", "no-store")
	if err := reply(w, http.StatusOK, out); err != nil {
		s.fail(w, r, err)
	}
}
