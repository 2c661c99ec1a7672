package webhook

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/event"
	"lethe/lib/webhooksig"
)

// maxBody bounds a request: SNS and SQS allow less in a message.
const maxBody = 1 << 20

// Receiver is an event.Source that other object stores post to. It answers 204
// when the events are handled, 503 when they could not be and shall be sent
// again, and 4xx to what will never be right.
//
// A request must show one of
//
//   - the token, as "Authorization: Bearer TOKEN" (MinIO's auth_token), as the
//     password of "Authorization: Basic" (Ceph: https://any:TOKEN@host/), or as the
//     query's token (versitygw, which sends nothing but a URL);
//   - a signature with the secret, as a [Target] makes it.
type Receiver struct {
	token  [sha256.Size]byte
	secret []byte

	mu      sync.RWMutex // held for reading while a request is handled
	handle  event.Handler
	running context.Context
}

// NewReceiver makes a receiver that asks for a token or, if secret is not "",
// also takes signatures. One of the two must be given.
func NewReceiver(token, secret string) (*Receiver, error) {
	if token == "" && secret == "" {
		return nil, lethe.Errorf(lethe.Invalid, "a webhook that receives events needs a token or a secret: whoever reaches it could invent them")
	}
	k, err := key(secret)
	if err != nil {
		return nil, err
	}
	r := &Receiver{secret: k}
	if token != "" {
		r.token = sha256.Sum256([]byte(token))
	}
	return r, nil
}

// Run implements event.Source: until ctx ends, requests are handled.
func (r *Receiver) Run(ctx context.Context, handle event.Handler) error {
	r.mu.Lock()
	if r.handle != nil {
		r.mu.Unlock()
		return errors.New("the webhook's receiver runs already")
	}
	r.handle, r.running = handle, ctx
	r.mu.Unlock()
	<-ctx.Done()
	r.mu.Lock() // after the requests that are handled
	r.handle = nil
	r.mu.Unlock()
	return nil
}

// ServeHTTP receives one notification.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "notifications are posted", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		http.Error(w, "the notification is too large", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "the notification ended early", http.StatusBadRequest)
		return
	}
	if !r.knows(req, body) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "the token or signature is missing or wrong", http.StatusUnauthorized)
		return
	}
	events, err := event.Parse(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.handle == nil {
		later(w)
		return
	}
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	defer context.AfterFunc(r.running, cancel)()
	if len(events) > 0 && r.handle(ctx, events) != nil {
		later(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func later(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "10")
	http.Error(w, "the events could not be handled; send them again", http.StatusServiceUnavailable)
}

// knows reports whether the request shows the token or is signed.
func (r *Receiver) knows(req *http.Request, body []byte) bool {
	if r.secret != nil && webhooksig.Signed(req.Header, r.secret, time.Now(), body) {
		return true
	}
	if r.token == [sha256.Size]byte{} {
		return false
	}
	have := req.URL.Query().Get("token")
	if _, password, ok := req.BasicAuth(); ok {
		have = password
	} else if kind, token, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok && strings.EqualFold(kind, "Bearer") {
		have = token
	}
	sum := sha256.Sum256([]byte(have))
	return subtle.ConstantTimeCompare(sum[:], r.token[:]) == 1
}
