package s3_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"lethe"
	"lethe/access"
)

func TestTemporaryCredentials(t *testing.T) {
	l, c, ctx := withBucket(t)
	put(t, c, "k", "x")
	l.decisions.allowed = func(lethe.Principal, string, string) bool { return true }
	for _, k := range []struct{ id, token, code string }{
		{liveKey, "token", ""},
		{liveKey, "", "InvalidToken"},
		{liveKey, "tokem", "InvalidToken"},
		{endedKey, "token", "ExpiredToken"},
		{userKey, "token", "InvalidToken"},
	} {
		client := l.client("", "", func(o *s3.Options) {
			o.Credentials = credentials.NewStaticCredentialsProvider(k.id, userSecret, k.token)
		})
		_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("k")})
		switch {
		case k.code == "" && err != nil, k.code != "" && (err == nil || !strings.Contains(err.Error(), k.code)):
			t.Errorf("%s with %q: %v, want %q", k.id, k.token, err, k.code)
		}
	}
}

// The decider learns whom a request came from before the shared port, and clients
// cannot say it themselves.
func TestTheClientsAddressReachesTheDecider(t *testing.T) {
	l, _, ctx := withBucket(t)
	var seen *access.Request
	l.decisions.seen = func(ctx context.Context) { seen = access.RequestOf(ctx) }
	from := &http.Client{Transport: forger{&http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).DialContext}}}
	if _, err := l.client(adminKey, adminSecret, func(o *s3.Options) { o.HTTPClient = from }).ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(bucket), Prefix: aws.String("home/")}); err != nil {
		t.Fatal(err)
	}
	if seen == nil || seen.SourceIP != "127.0.0.2" || seen.Context["s3:prefix"][0] != "home/" || seen.Region != lethe.DefaultRegion || seen.Secure {
		t.Errorf("%+v", seen)
	}
}

// forger claims another address.
type forger struct{ http.RoundTripper }

func (f forger) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Lethe-Peer", " 192.0.2.1")
	return f.RoundTripper.RoundTrip(r)
}
