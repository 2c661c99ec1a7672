// Package webhook sends events as HTTP requests, and receives those of other
// object stores.
//
// A [Target] posts one request for each event, with S3's JSON as its body. Any
// answer of 2xx acknowledges it. Requests can be signed, as the Standard Webhooks
// specification 1.0.0 says (standardwebhooks.com): the headers webhook-id,
// webhook-timestamp and webhook-signature, the last one "v1," and the base64 of
// the HMAC-SHA256 of "id.timestamp.body". The id of an event stays the same when
// it is sent again, so that its receiver can drop what it has.
//
// A [Receiver] is the other side: MinIO, Ceph, versitygw, EventBridge and lethe
// itself post to it.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lethe"
	"lethe/event"
	"lethe/lib/webhooksig"
)

// Config says where events go.
type Config struct {
	URL string
	// Token goes as "Authorization: Bearer TOKEN", if it is not "".
	Token string
	// Secret signs requests, if it is not "". After "whsec_" it is in base64.
	Secret string
	// Header are further fields of each request.
	Header http.Header
	// Timeout of a request. Default: 10 seconds.
	Timeout time.Duration
	// Parallel is how many requests are under way at once. Default: 8.
	Parallel int
	TLS      *tls.Config
}

// Target posts events.
type Target struct {
	Config
	secret []byte
	client *http.Client
}

// New makes a target. Nothing is sent yet.
func New(c Config) (*Target, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, lethe.Errorf(lethe.Invalid, "webhook %q is not a URL of http or https", c.URL)
	}
	secret, err := key(c.Secret)
	if err != nil {
		return nil, err
	}
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Parallel <= 0 {
		c.Parallel = 8
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = c.TLS
	transport.MaxIdleConnsPerHost = c.Parallel
	return &Target{Config: c, secret: secret, client: &http.Client{
		Transport: transport, Timeout: c.Timeout,
		// A redirected POST would arrive as a GET without its event.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Send implements event.Target. Once the other side cannot be reached, what has
// not been sent is not tried.
func (t *Target) Send(ctx context.Context, messages []event.Message) []error {
	errs := make([]error, len(messages))
	var away atomic.Pointer[error]
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(t.Parallel, len(messages)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(messages)); i = next.Add(1) - 1 {
				if e := away.Load(); e != nil {
					errs[i] = fmt.Errorf("%w: %w", event.ErrNotSent, *e)
					continue
				}
				if ctx.Err() != nil {
					errs[i] = fmt.Errorf("%w: %w", event.ErrNotSent, ctx.Err())
					continue
				}
				if errs[i] = t.post(ctx, messages[i]); errs[i] != nil && !errors.Is(errs[i], event.ErrRefused) {
					away.Store(&errs[i])
				}
			}
		})
	}
	wg.Wait()
	return errs
}

func (t *Target) post(ctx context.Context, m event.Message) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(m.Body))
	if err != nil {
		return err
	}
	for name, values := range t.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "lethe")
	if t.Token != "" {
		req.Header.Set("Authorization", "Bearer "+t.Token)
	}
	webhooksig.Sign(req.Header, t.secret, m.ID, time.Now(), m.Body)
	resp, err := t.client.Do(req)
	if err != nil {
		return scrub(err)
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 200)) // it only explains
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)        // so that the connection can be used again
	if resp.StatusCode/100 == 2 {
		return nil
	}
	err = fmt.Errorf("the webhook answered %s: %s", resp.Status, strings.TrimSpace(string(said)))
	if refusal(resp.StatusCode) {
		err = fmt.Errorf("%w: %w", event.ErrRefused, err)
	}
	return err
}

// refusal tells answers to this one request from those that any request would
// get: of a proxy whose server is away, of a wrong path or token.
func refusal(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired,
		http.StatusRequestTimeout, http.StatusMisdirectedRequest, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status/100 == 4 || status == http.StatusInternalServerError || status == http.StatusNotImplemented
}

// scrub takes the URL, which may hold a password, out of an error of net/http.
func scrub(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return fmt.Errorf("the webhook cannot be reached: %w", u.Err)
	}
	return err
}

// Close implements event.Target.
func (t *Target) Close() error {
	t.client.CloseIdleConnections()
	return nil
}
