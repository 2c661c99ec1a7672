package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"lethe/test/lake"
)

// TestSignatures sends requests that are signed wrongly, too early and too late.
func TestSignatures(t *testing.T) {
	l := lake.Start(t, t.TempDir(), "serve")
	cfg := l.AWSConfig(t)
	key, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, c := range []struct {
		what, service string
		at            time.Time
		secret        string
		change        func(*http.Request)
		status        int
		want          string
	}{
		{"right", "s3", now, key.SecretAccessKey, nil, 200, "ListAllMyBucketsResult"},
		{"right", "athena", now, key.SecretAccessKey, nil, 200, "primary"},
		{"wrong secret", "s3", now, "wrong", nil, 403, "SignatureDoesNotMatch"},
		{"wrong secret", "athena", now, "wrong", nil, 400, "InvalidSignatureException"},
		{"an hour old", "s3", now.Add(-time.Hour), key.SecretAccessKey, nil, 403, "RequestTimeTooSkewed"},
		{"an hour old", "athena", now.Add(-time.Hour), key.SecretAccessKey, nil, 400, "Signature expired"},
		{"of the future", "s3", now.Add(time.Hour), key.SecretAccessKey, nil, 403, "RequestTimeTooSkewed"},
		{"of the future", "athena", now.Add(time.Hour), key.SecretAccessKey, nil, 400, "Signature not yet current"},
		{"changed afterwards", "s3", now, key.SecretAccessKey, func(r *http.Request) { r.URL.RawQuery = "x=1" }, 403, "SignatureDoesNotMatch"},
		{"changed afterwards", "athena", now, key.SecretAccessKey, func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(`{"MaxResults":7}`)), 16
		}, 400, "InvalidSignatureException"},
		{"garbled", "s3", now, key.SecretAccessKey, func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 x") }, 400, "Authorization"},
		{"garbled", "athena", now, key.SecretAccessKey, func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 x") }, 400, "IncompleteSignatureException"},
	} {
		t.Run(c.what+", "+c.service, func(t *testing.T) {
			method, body := "GET", ""
			if c.service == "athena" {
				method, body = "POST", `{"MaxResults":5}`
			}
			r := request(t, method, l.AWS+"/", body, nil)
			if c.service == "athena" {
				r.Header.Set("X-Amz-Target", "AmazonAthena.ListWorkGroups")
				r.Header.Set("Content-Type", "application/x-amz-json-1.1")
			}
			sum := sha256.Sum256([]byte(body))
			hash := hex.EncodeToString(sum[:])
			r.Header.Set("X-Amz-Content-Sha256", hash)
			signer := key
			signer.SecretAccessKey = c.secret
			if err := v4.NewSigner().SignHTTP(t.Context(), signer, r, hash, c.service, l.Region, c.at); err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(r)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != c.status || !bytes.Contains(got, []byte(c.want)) {
				t.Errorf("%s: %s\nwant %d %s", resp.Status, got, c.status, c.want)
			}
		})
	}
}
