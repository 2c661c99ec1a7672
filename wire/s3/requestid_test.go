package s3_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/access"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Decisions know the id that the client is told, whatever its headers say, and the
// headers as the client sent them.
func TestDecisionsKnowTheRequest(t *testing.T) {
	l, c, _ := withBucket(t)
	put(t, c, "k", "x")
	var mu sync.Mutex
	var seen []*access.Request
	l.decisions.seen = func(ctx context.Context) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, access.RequestOf(ctx))
	}
	ids := map[string]bool{}
	for name, x := range map[string]struct {
		method, path  string
		header        http.Header
		sign, presign bool
	}{
		"plain":             {method: "GET", path: "/k"},
		"denied":            {method: "DELETE", path: "/k"},
		"headers":           {method: "GET", path: "/k", header: http.Header{"Referer": {"https://example.com/a b"}, "User-Agent": {"me/1 (x)"}}},
		"referer is signed": {method: "GET", path: "/k", header: http.Header{"Referer": {"https://example.com/"}, "User-Agent": {"me/1"}}, sign: true},
		"presigned":         {method: "GET", path: "/k", header: http.Header{"Referer": {"https://example.com/"}}, presign: true},
		"a forged id":       {method: "GET", path: "/k", header: http.Header{"Referer": {"secret FORGED x"}}},
		"listing":           {method: "GET", path: "?list-type=2&prefix=k"},
	} {
		t.Run(name, func(t *testing.T) {
			mu.Lock()
			seen = nil
			mu.Unlock()
			key, secret := adminKey, adminSecret
			if name == "denied" {
				key, secret = userKey, userSecret
			}
			req, err := http.NewRequest(x.method, l.url+"/"+bucket+x.path, nil)
			must(t, err)
			unsigned := http.Header{}
			for k, v := range x.header {
				if x.sign && k == "Referer" {
					req.Header[k] = v
				} else {
					unsigned[k] = v
				}
			}
			sum := sha256.Sum256(nil)
			hash := hex.EncodeToString(sum[:])
			who := aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}
			s := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
			if x.presign {
				q := req.URL.Query()
				q.Set("X-Amz-Expires", "60")
				req.URL.RawQuery = q.Encode()
				signed, _, err := s.PresignHTTP(context.Background(), who, req, "UNSIGNED-PAYLOAD", "s3", lethe.DefaultRegion, time.Now())
				must(t, err)
				req, err = http.NewRequest(x.method, signed, nil)
				must(t, err)
			} else {
				req.Header.Set("X-Amz-Content-Sha256", hash)
				must(t, s.SignHTTP(context.Background(), who, req, hash, "s3", lethe.DefaultRegion, time.Now()))
			}
			for k, v := range unsigned {
				req.Header[k] = v
			}
			res, err := http.DefaultClient.Do(req)
			must(t, err)
			body, err := io.ReadAll(res.Body)
			must(t, err)
			res.Body.Close()
			if want := map[bool]int{true: 403, false: 200}[name == "denied"]; res.StatusCode != want {
				t.Fatalf("%s %s", res.Status, body)
			}
			id := res.Header.Get("X-Amz-Request-Id")
			if id == "" || ids[id] || name == "denied" && !bytes.Contains(body, []byte(id)) {
				t.Errorf("id %q, body %s", id, body)
			}
			ids[id] = true
			mu.Lock()
			defer mu.Unlock()
			if len(seen) == 0 {
				t.Fatal("nothing was decided")
			}
			for _, r := range seen {
				if r.ID != id || r.SourceIP != "127.0.0.1" {
					t.Errorf("the client knows %s, the decision %+v", id, r)
				}
				if want := x.header.Get("User-Agent"); want != "" && r.UserAgent != want || !slices.Equal(r.Context["aws:Referer"], x.header["Referer"]) {
					t.Errorf("the client sent %v, the decision knows %+v", x.header, r)
				}
			}
		})
	}
}
