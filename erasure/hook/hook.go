// Package hook erases persons from other programs, which are asked by HTTP.
//
// A [Holder] posts to a URL who is looked for, and reads what was found or done from
// the answer. docs/reference/erasure-hook.md says what both are, for whoever writes
// the other side. Requests have identifiers of persons in them, so they go by https,
// or stay on the machine, and are signed (package webhooksig).
package hook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/lib/webhooksig"
)

// Config says where a hook is.
type Config struct {
	Name string
	// URL of https, or of http on this machine, without a user.
	URL string
	// Secret signs requests. After "whsec_" it is in base64.
	Secret string
	// Timeout of a request: 0 means a minute.
	Timeout time.Duration
	TLS     *tls.Config
}

// Bounds of an answer.
const (
	maxBody     = 1 << 20
	maxHoldings = 1000
	maxText     = 500
)

// Holder is a program that may hold persons. It implements erasure.Holder.
type Holder struct {
	Config
	key    []byte
	client *http.Client
}

// New makes a holder. An error of kind Invalid says what cannot be used.
func New(c Config) (*Holder, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil:
		return nil, lethe.Errorf(lethe.Invalid, "url must be https://host/path, without a user")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, lethe.Errorf(lethe.Invalid, "url must be https://, as it is sent identifiers, unless it is on this machine")
	case c.Secret == "":
		return nil, lethe.Errorf(lethe.Invalid, "secret must be set: whoever reaches the hook could have persons erased")
	}
	h := &Holder{Config: c}
	if h.key, err = webhooksig.Key(c.Secret); err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "secret: %w", err)
	}
	if h.Timeout <= 0 {
		h.Timeout = time.Minute
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = c.TLS
	if u.Scheme == "http" {
		transport.Proxy = nil // it is on this machine, and stays there
	}
	h.client = &http.Client{
		Transport: transport, Timeout: h.Timeout,
		// Identifiers go where the configuration says, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return h, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Close ends its connections.
func (h *Holder) Close() error {
	h.client.CloseIdleConnections()
	return nil
}

// Name implements erasure.Holder.
func (h *Holder) Name() string { return "hook:" + h.Config.Name }

// Locate implements erasure.Holder.
func (h *Holder) Locate(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	return h.ask(ctx, "locate", p)
}

// Erase implements erasure.Holder.
func (h *Holder) Erase(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	return h.ask(ctx, "erase", p)
}

// question is what is posted.
type question struct {
	Action string `json:"action"`
	// Request is of this one, and Person of all about the same identifiers.
	Request     string       `json:"request"`
	Person      string       `json:"person"`
	Identifiers []identifier `json:"identifiers"`
}

type identifier struct {
	Type   string   `json:"type"`
	Form   string   `json:"form"`
	Values []string `json:"values"`
}

// answer is what a hook answers. Holdings that are absent are no answer.
type answer struct {
	Holdings *[]holding `json:"holdings"`
}

type holding struct {
	Place   string    `json:"place"`
	Records int64     `json:"records"`
	Reason  string    `json:"reason"`
	Until   time.Time `json:"until"`
}

func (h *Holder) ask(ctx context.Context, action string, p erasure.Person) ([]erasure.Holding, error) {
	q := question{Action: action, Request: lethe.NewID()}
	for _, n := range p.Identifiers {
		t, _ := p.Type(n.Type)
		q.Identifiers = append(q.Identifiers, identifier{n.Type, string(t.Form), n.Values})
	}
	named, err := json.Marshal(q.Identifiers)
	if err != nil {
		return nil, err
	}
	m := hmac.New(sha256.New, h.key)
	m.Write(named)
	q.Person = hex.EncodeToString(m.Sum(nil)[:16])
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "lethe")
	webhooksig.Sign(req.Header, h.key, q.Request, time.Now(), body)
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, refusal(resp.StatusCode)
	}
	if len(raw) > maxBody {
		return nil, bad("has more than %d bytes", maxBody)
	}
	return read(raw)
}

// unreachable makes an error that passes of one of net/http, without the URL.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return lethe.Errorf(lethe.Internal, "the hook cannot be reached: %v", err)
}

// refusal tells answers that are others later from those that need a person.
func refusal(status int) error {
	said := fmt.Sprintf("the hook answered %d %s", status, http.StatusText(status))
	switch {
	case status == http.StatusAccepted:
		return lethe.Errorf(lethe.Exhausted, "%s: it has not finished yet", said)
	case status >= 500 && status != http.StatusNotImplemented, status == http.StatusRequestTimeout, status == http.StatusConflict,
		status == http.StatusLocked, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		return lethe.Errorf(lethe.Exhausted, "%s", said)
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return lethe.Errorf(lethe.Denied, "%s", said).WithHint("see whether both sides have the same secret and time")
	case status/100 == 3:
		return lethe.Errorf(lethe.Invalid, "%s: requests are not redirected", said).WithHint("configure the URL that it names")
	}
	return lethe.Errorf(lethe.Invalid, "%s", said).WithHint("its own log may say why")
}

func bad(format string, args ...any) error {
	return lethe.Errorf(lethe.BadData, "the hook's answer "+format, args...)
}

// read reads an answer, of which it believes nothing: an answer that was not meant
// as one is an error, and never says that nobody is held.
func read(raw []byte) ([]erasure.Holding, error) {
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil || a.Holdings == nil {
		return nil, bad("is not {\"holdings\": [...]}")
	}
	if n := len(*a.Holdings); n > maxHoldings {
		return nil, bad("has %d holdings, and must have no more than %d", n, maxHoldings)
	}
	hs := make([]erasure.Holding, 0, len(*a.Holdings))
	for i, x := range *a.Holdings {
		switch {
		case x.Place == "" || len(x.Place) > maxText:
			return nil, bad("has a place of %d bytes in holdings[%d], and it must have 1 to %d", len(x.Place), i, maxText)
		case len(x.Reason) > maxText:
			return nil, bad("has a reason of %d bytes in holdings[%d], and it must have no more than %d", len(x.Reason), i, maxText)
		case x.Records < 0:
			return nil, bad("has %d records in holdings[%d]", x.Records, i)
		case x.Reason == "" && !x.Until.IsZero():
			return nil, bad("has until without a reason in holdings[%d]", i)
		}
		hs = append(hs, erasure.Holding{Place: x.Place, Records: x.Records, Reason: x.Reason, Until: x.Until})
	}
	return hs, nil
}
