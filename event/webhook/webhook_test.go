package webhook_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe/event"
	"lethe/event/webhook"
)

func messages(keys ...string) (m []event.Message) {
	for _, k := range keys {
		e := event.Event{Name: "ObjectCreated:Put", Bucket: "b", Key: k, Time: time.Now(), Sequencer: "01"}
		m = append(m, event.Message{Event: e, ID: e.ID(), Body: event.Encode("eu-central-1", "rule", e)})
	}
	return m
}

func target(t *testing.T, c webhook.Config) *webhook.Target {
	t.Helper()
	target, err := webhook.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Close() })
	return target
}

// TestThereAndBack sends from a Target to a Receiver, over TLS, and sees that
// what is not acknowledged is an error on the one side and comes again on the other.
func TestThereAndBack(t *testing.T) {
	for name, c := range map[string]webhook.Config{
		"token":     {Token: "t0k3n"},
		"signature": {Secret: "whsec_c2VjcmV0"},
		"query":     {URL: "?token=t0k3n"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := webhook.NewReceiver("t0k3n", "whsec_c2VjcmV0")
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewTLSServer(r)
			defer server.Close()
			pool := x509.NewCertPool()
			pool.AddCert(server.Certificate())
			c.URL, c.TLS = server.URL+"/hook"+c.URL, &tls.Config{RootCAs: pool}
			out := target(t, c)

			if errs := out.Send(t.Context(), messages("early")); errs[0] == nil || errors.Is(errs[0], event.ErrRefused) {
				t.Errorf("nobody handles events, and the answer is %v", errs)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var mu sync.Mutex
			got := map[string]int{}
			ended := make(chan error)
			started := make(chan struct{})
			go func() {
				close(started)
				ended <- r.Run(ctx, func(_ context.Context, events []event.Event) error {
					mu.Lock()
					defer mu.Unlock()
					for _, e := range events {
						if got[e.Key]++; got[e.Key] == 1 && e.Key == "a b/ü+.csv" {
							return errors.New("not yet")
						}
					}
					return nil
				})
			}()
			<-started
			m := messages("a b/ü+.csv", "1", "2")
			for end := time.Now().Add(30 * time.Second); ; {
				var left []event.Message
				for i, err := range out.Send(t.Context(), m) {
					if err != nil {
						left = append(left, m[i])
					}
				}
				if m = left; len(m) == 0 {
					break
				}
				if time.Now().After(end) {
					t.Fatal("never all")
				}
			}
			mu.Lock()
			if got["a b/ü+.csv"] != 2 || got["1"] == 0 || got["2"] == 0 {
				t.Error(got)
			}
			mu.Unlock()
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	for status, refused := range map[int]bool{400: true, 413: true, 422: true, 500: true, 401: false, 404: false, 429: false, 302: false, 502: false, 503: false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/other")
			http.Error(w, "because", status)
		}))
		err := target(t, webhook.Config{URL: server.URL}).Send(t.Context(), messages("k"))[0]
		if err == nil || errors.Is(err, event.ErrRefused) != refused || !strings.Contains(err.Error(), "because") {
			t.Errorf("%d: %v", status, err)
		}
		server.Close()
	}
}

func TestOneRefusalStopsNoOther(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `"key":"bad"`) {
			w.WriteHeader(400)
		}
		if r.Header.Get("X-Custom") != "yes" || r.Header.Get("Webhook-Id") == "" || r.Header.Get("Content-Type") != "application/json" {
			w.WriteHeader(418)
		}
	}))
	defer server.Close()
	errs := target(t, webhook.Config{URL: server.URL, Parallel: 2, Header: http.Header{"x-custom": {"yes"}}}).Send(t.Context(), messages("1", "bad", "2", "3"))
	for i, err := range errs {
		if (err != nil) != (i == 1) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestAwayIsNoticedOnce(t *testing.T) {
	var mu sync.Mutex
	asked := 0
	block := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked++
		mu.Unlock()
		<-block
	}))
	defer server.Close()
	defer close(block)
	c := webhook.Config{URL: strings.Replace(server.URL, "http://", "http://user:hidden@", 1), Timeout: 50 * time.Millisecond, Parallel: 2}
	errs := target(t, c).Send(t.Context(), messages(strings.Split(strings.Repeat("k", 100), "")...))
	mu.Lock()
	defer mu.Unlock()
	if asked > 4 {
		t.Errorf("asked %d times", asked)
	}
	unsent := 0
	for _, err := range errs {
		if err == nil || errors.Is(err, event.ErrRefused) || strings.Contains(err.Error(), "hidden") {
			t.Fatal(err)
		}
		if errors.Is(err, event.ErrNotSent) {
			unsent++
		}
	}
	if unsent < 96 {
		t.Errorf("%d of 100 were not sent", unsent)
	}
}

func TestReceiverRefuses(t *testing.T) {
	r, err := webhook.NewReceiver("right", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		method, auth, body string
		status             int
	}{
		"no POST":     {"GET", "Bearer right", "", 405},
		"no token":    {"POST", "", "{}", 401},
		"wrong token": {"POST", "Bearer left", "{}", 401},
		"no JSON":     {"POST", "Bearer right", "hello", 400},
		"no S3":       {"POST", "bearer right", "{}", 400},
		"too large":   {"POST", "Bearer right", strings.Repeat(" ", 2<<20), 413},
	} {
		req := httptest.NewRequest(c.method, "/", strings.NewReader(c.body))
		if c.auth != "" {
			req.Header.Set("Authorization", c.auth)
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if w.Code != c.status {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	req := httptest.NewRequest("POST", "/", strings.NewReader(`{"Service":"Amazon S3","Event":"s3:TestEvent"}`))
	req.SetBasicAuth("any", "right")
	w := httptest.NewRecorder()
	if r.ServeHTTP(w, req); w.Code != 503 {
		t.Errorf("nobody runs, and the answer is %d", w.Code)
	}
	for _, c := range []webhook.Config{{URL: "ftp://x/"}, {URL: "http:///"}, {URL: "http://x/", Secret: "whsec_!"}} {
		if _, err := webhook.New(c); err == nil {
			t.Errorf("%+v is a target", c)
		}
	}
	if _, err := webhook.NewReceiver("", ""); err == nil {
		t.Error("a receiver that trusts everybody")
	}
}
