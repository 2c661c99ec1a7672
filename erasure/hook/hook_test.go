package hook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/hook"
	"lethe/lib/webhooksig"
)

// shop is a program that holds persons, as somebody would write it by
// docs/reference/erasure-hook.md.
type shop struct {
	t      *testing.T
	mu     sync.Mutex
	mails  []string
	asked  []string // the person of each request
	before []int    // statuses of the next answers
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || !webhooksig.Signed(r.Header, []byte("s3cret"), time.Now(), body) {
		http.Error(w, "who are you", http.StatusUnauthorized)
		return
	}
	var q struct {
		Action, Request, Person string
		Identifiers             []struct {
			Type, Form string
			Values     []string
		}
	}
	if err := json.Unmarshal(body, &q); err != nil || q.Request != r.Header.Get("webhook-id") {
		http.Error(w, "what is that", http.StatusBadRequest)
		return
	}
	s.asked = append(s.asked, q.Person)
	if len(s.before) > 0 {
		w.WriteHeader(s.before[0])
		s.before = s.before[1:]
		return
	}
	n := 0
	var rest []string
	for _, m := range s.mails {
		hers := false
		for _, i := range q.Identifiers {
			hers = hers || i.Type == "mail" && i.Form == "email" && strings.EqualFold(i.Values[0], m)
		}
		if hers {
			n++
		} else {
			rest = append(rest, m)
		}
	}
	if q.Action == "erase" {
		s.mails = rest
	}
	fmt.Fprintf(w, `{"holdings":[{"place":"customers","records":%d},{"place":"invoices","records":2,"reason":"tax law","until":"2036-01-01T00:00:00Z"}]}`, n)
}

func ada(t *testing.T) erasure.Person {
	t.Helper()
	p, err := erasure.NewPerson([]erasure.IdentifierType{{Name: "mail", Form: erasure.Email}}, []erasure.Named{{Type: "mail", Values: []string{"ada@example.org"}}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func open(t *testing.T, c hook.Config) *hook.Holder {
	t.Helper()
	c.Name = "shop"
	h, err := hook.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func TestHook(t *testing.T) {
	s := &shop{t: t, mails: []string{"ADA@example.org", "bob@example.org", "ada@example.org"}, before: []int{202, 503}}
	server := httptest.NewServer(s)
	defer server.Close()
	h := open(t, hook.Config{URL: server.URL + "/erase", Secret: "s3cret"})
	if h.Name() != "hook:shop" {
		t.Errorf("it is called %s", h.Name())
	}
	for range 2 {
		if _, err := h.Locate(t.Context(), ada(t)); !lethe.Is(err, lethe.Exhausted) {
			t.Errorf("it is to be tried again: %v", err)
		}
	}
	stays := erasure.Holding{Place: "invoices", Records: 2, Reason: "tax law", Until: time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)}
	want := []erasure.Holding{{Place: "customers", Records: 2}, stays}
	found, err := h.Locate(t.Context(), ada(t))
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("located: %+v, %v", found, err)
	}
	did, err := h.Erase(t.Context(), ada(t))
	if err != nil || !slices.Equal(did, want) {
		t.Errorf("erased: %+v, %v", did, err)
	}
	if !slices.Equal(s.mails, []string{"bob@example.org"}) {
		t.Errorf("it holds %q", s.mails)
	}
	if slices.ContainsFunc(s.asked, func(p string) bool { return p != s.asked[0] || len(p) != 32 }) {
		t.Errorf("the person was called %q", s.asked)
	}
	if _, err := open(t, hook.Config{URL: server.URL, Secret: "another"}).Locate(t.Context(), ada(t)); !lethe.Is(err, lethe.Denied) {
		t.Errorf("with another secret: %v", err)
	}
}

// TestAnswers: what is no answer is an error, of a kind that says whether trying
// again may help.
func TestAnswers(t *testing.T) {
	var status int
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/other" {
			t.Error("identifiers went to another URL")
		}
		w.Header().Set("Location", "/other")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the other side may have enough of it
	}))
	defer server.Close()
	h := open(t, hook.Config{URL: server.URL, Secret: "s"})
	for _, c := range []struct {
		status int
		body   string
		kind   lethe.Kind
		says   string
	}{
		{200, ``, lethe.BadData, "is not {"},
		{200, `{}`, lethe.BadData, "is not {"},
		{200, `{"holdings":null}`, lethe.BadData, "is not {"},
		{200, `<html>ada@example.org</html>`, lethe.BadData, "is not {"},
		{200, `[]`, lethe.BadData, "is not {"},
		{200, `{"holdings":[]} {}`, lethe.BadData, "is not {"},
		{200, `{"holdings":[{"records":1}]}`, lethe.BadData, "place of 0 bytes"},
		{200, `{"holdings":[{"place":"a","records":-1}]}`, lethe.BadData, "-1 records"},
		{200, `{"holdings":[{"place":"a","records":1.5}]}`, lethe.BadData, "is not {"},
		{200, `{"holdings":[{"place":"a","until":"2036-01-01T00:00:00Z"}]}`, lethe.BadData, "without a reason"},
		{200, `{"holdings":[{"place":"` + strings.Repeat("a", 501) + `"}]}`, lethe.BadData, "501 bytes"},
		{200, `{"holdings":[{"place":"a","reason":"` + strings.Repeat("a", 501) + `"}]}`, lethe.BadData, "501 bytes"},
		{200, `{"holdings":[` + strings.Repeat(`{"place":"a"},`, 1000) + `{"place":"a"}]}`, lethe.BadData, "1001 holdings"},
		{200, `{"holdings":[` + strings.Repeat(" ", 1<<20) + `]}`, lethe.BadData, "more than 1048576 bytes"},
		{204, ``, lethe.Invalid, "204"}, {202, ``, lethe.Exhausted, "not finished"},
		{301, ``, lethe.Invalid, "not redirected"}, {307, ``, lethe.Invalid, "not redirected"},
		{400, `ada@example.org`, lethe.Invalid, "400"}, {401, ``, lethe.Denied, "same secret"}, {403, ``, lethe.Denied, "403"}, {404, ``, lethe.Invalid, "404"},
		{408, ``, lethe.Exhausted, "408"}, {409, ``, lethe.Exhausted, "409"}, {423, ``, lethe.Exhausted, "423"}, {429, ``, lethe.Exhausted, "429"},
		{500, ``, lethe.Exhausted, "500"}, {501, ``, lethe.Invalid, "501"}, {502, ``, lethe.Exhausted, "502"}, {503, ``, lethe.Exhausted, "503"},
	} {
		status, body = c.status, c.body
		for _, ask := range []func(context.Context, erasure.Person) ([]erasure.Holding, error){h.Locate, h.Erase} {
			if hs, err := ask(t.Context(), ada(t)); !lethe.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "ada@") || hs != nil {
				t.Errorf("%d %.60s: %v, %v (%s)", c.status, c.body, hs, err, lethe.KindOf(err))
			}
		}
	}
	status, body = 200, `{"holdings":[]}`
	if hs, err := h.Locate(t.Context(), ada(t)); err != nil || len(hs) != 0 {
		t.Errorf("nobody: %+v, %v", hs, err)
	}
}

func TestAway(t *testing.T) {
	stop := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the end of the connection is noticed
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	defer close(stop)
	h := open(t, hook.Config{URL: slow.URL, Secret: "s", Timeout: 50 * time.Millisecond})
	if _, err := h.Locate(t.Context(), ada(t)); !lethe.Is(err, lethe.Internal) || strings.Contains(err.Error(), slow.URL) {
		t.Errorf("too slow: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Locate(ctx, ada(t)); !lethe.Is(err, lethe.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	if _, err := open(t, hook.Config{URL: gone.URL, Secret: "s"}).Locate(t.Context(), ada(t)); !lethe.Is(err, lethe.Internal) {
		t.Errorf("gone: %v", err)
	}
	// A certificate that nobody vouches for is nobody to send identifiers to.
	safe := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	defer safe.Close()
	safe.Config.ErrorLog = nil
	if _, err := open(t, hook.Config{URL: safe.URL, Secret: "s"}).Locate(t.Context(), ada(t)); !lethe.Is(err, lethe.Internal) {
		t.Errorf("an unknown certificate: %v", err)
	}
}

func TestRefusedURLs(t *testing.T) {
	for _, c := range []struct{ url, secret, says string }{
		{"http://10.0.0.1/", "s", "must be https"}, {"http://example.org/", "s", "must be https"}, {"http://localhost.example.org/", "s", "must be https"},
		{"ftp://h/", "s", "must be https"}, {"https://u:pass@h/", "s", "without a user"}, {"https:///", "s", "must be https"}, {"https://h/", "", "secret must be set"},
		{"https://h/", "whsec_!", "base64"},
	} {
		if _, err := hook.New(hook.Config{URL: c.url, Secret: c.secret}); !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "pass@") {
			t.Errorf("%s: %v", c.url, err)
		}
	}
	for _, u := range []string{"http://127.0.0.1:1/", "http://[::1]/", "http://localhost/", "https://h/path?x=y"} {
		if _, err := hook.New(hook.Config{URL: u, Secret: "s"}); err != nil {
			t.Errorf("%s: %v", u, err)
		}
	}
}
