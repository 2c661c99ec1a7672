package s3_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/access"
	"lethe/lib/awsproto/awsprototest"
	"lethe/object/disk"
	wire "lethe/wire/s3"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "versitygw" {
		if err := adminCommand(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// A bundle in the environment makes the SDK refuse a plain HTTP client.
	os.Unsetenv("AWS_CA_BUNDLE")
	os.Exit(m.Run())
}

const (
	adminKey, adminSecret = "AKIATESTADMIN", "secret-of-the-administrator"
	userKey, userSecret   = "AKIATESTUSER", "secret-of-the-user"
	liveKey, endedKey     = "ASIATESTLIVE", "ASIATESTENDED" // the user's, temporary
)

var (
	admin = lethe.Principal{ID: "AIDAADMIN", Name: "admin", ARN: lethe.UserARN("admin"), Administrator: true}
	user  = lethe.Principal{ID: "AIDAUSER", Name: "user", ARN: lethe.UserARN("user")}
)

// keyRing is a key store.
type keyRing map[string]struct {
	secret string
	p      lethe.Principal
}

func (k keyRing) Key(_ context.Context, id string) (access.Key, error) {
	switch id {
	case liveKey:
		return access.Key{Secret: userSecret, SessionToken: "token", Expires: time.Now().Add(time.Hour), Principal: user}, nil
	case endedKey:
		return access.Key{Secret: userSecret, SessionToken: "token", Expires: time.Now().Add(-time.Second), Principal: user}, nil
	}
	e, ok := k[id]
	if !ok {
		return access.Key{}, lethe.Errorf(lethe.NotFound, "no access key %s", id)
	}
	return access.Key{Secret: e.secret, Principal: e.p}, nil
}

func (keyRing) Used(string, string, string) {}

// decisions is a decider that remembers what it was asked, and lets
// administrators do everything and others what allowed says.
type decisions struct {
	mu      sync.Mutex
	asked   []string
	allowed func(p lethe.Principal, action, resource string) bool
	seen    func(context.Context)
}

func (d *decisions) Decide(ctx context.Context, p lethe.Principal, action, resource string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, p.Name+" "+action+" "+resource)
	if d.seen != nil {
		d.seen(ctx)
	}
	if p.Administrator || d.allowed != nil && d.allowed(p, action, resource) {
		return nil
	}
	return lethe.Errorf(lethe.Denied, "%s may not %s %s", p.Name, action, resource)
}

func (d *decisions) take() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.asked
	d.asked = nil
	return a
}

// lake is a store behind a gateway behind the shared port.
type lake struct {
	store     *disk.Store
	gateway   *wire.Gateway
	decisions *decisions
	url       string // of the shared port
}

func newLake(t testing.TB) *lake {
	t.Helper()
	store, err := disk.Open(t.TempDir(), disk.Options{NoSync: true, Events: true})
	must(t, err)
	l := &lake{store: store, decisions: &decisions{}}
	l.gateway, err = wire.New(wire.Config{
		Backend:  store.Gateway(),
		Settings: store,
		Targets: func(arn string) error {
			if arn != knownTarget {
				return errors.New("there is no such target")
			}
			return nil
		},
		Keys:    keyRing{adminKey: {adminSecret, admin}, userKey: {userSecret, user}},
		Decider: l.decisions,
	})
	must(t, err)
	front := httptest.NewServer(l.gateway.Handler())
	l.url = front.URL
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- l.gateway.Run(ctx) }()
	t.Cleanup(func() {
		front.Close()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the gateway ended with %v", err)
		}
		must(t, store.Close())
	})
	return l
}

// client is an SDK client with its defaults, which send and check CRC32 sums.
func (l *lake) client(key, secret string, options ...func(*s3.Options)) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint:               aws.String(l.url),
		Region:                     lethe.DefaultRegion,
		UsePathStyle:               true,
		Credentials:                credentials.NewStaticCredentialsProvider(key, secret, ""),
		HTTPClient:                 awsprototest.HTTPClient,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
		RetryMaxAttempts:           1,
	}, options...)
}

func (l *lake) admin() *s3.Client { return l.client(adminKey, adminSecret) }

const (
	bucket      = "test-bucket"
	knownTarget = "arn:aws:sqs:eu-central-1:000000000000:orders"
)

// withBucket returns a lake with a bucket and the administrator's client.
func withBucket(t testing.TB) (*lake, *s3.Client, context.Context) {
	t.Helper()
	l, ctx := newLake(t), context.Background()
	c := l.admin()
	_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)})
	must(t, err)
	return l, c, ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode checks an error's S3 code and HTTP status.
func wantCode(t testing.TB, err error, code string, status int, doing string) {
	t.Helper()
	var api smithy.APIError
	var resp *awshttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &resp) {
		t.Errorf("%s: %v, want %s", doing, err, code)
		return
	}
	got := api.ErrorCode()
	if code != got && !(got == "" || got == http.StatusText(status)) || resp.HTTPStatusCode() != status {
		t.Errorf("%s: %s (%d), want %s (%d): %v", doing, got, resp.HTTPStatusCode(), code, status, err)
	}
}

func put(t testing.TB, c *s3.Client, key, body string) *s3.PutObjectOutput {
	t.Helper()
	out, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(body)})
	must(t, err)
	return out
}

func TestRunEnds(t *testing.T) {
	store, err := disk.Open(t.TempDir(), disk.Options{NoSync: true})
	must(t, err)
	defer store.Close()
	for _, wait := range []time.Duration{0, time.Millisecond} {
		g, err := wire.New(wire.Config{Backend: store.Gateway(), Settings: store, Keys: keyRing{}, Decider: &decisions{}, Listen: []string{"127.0.0.1:0"}})
		must(t, err)
		for _, a := range append(g.Listening(), g.Addr()) {
			resp, err := http.Get("http://" + a + "/some-bucket")
			must(t, err)
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s answers %s", a, resp.Status)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(wait, cancel)
		must(t, g.Run(ctx))
		if _, err := http.Get("http://" + g.Addr()); err == nil {
			t.Error("the gateway still answers after Run")
		}
		rec := httptest.NewRecorder()
		g.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/b/k", nil))
		if rec.Code != http.StatusServiceUnavailable || !strings.Contains(rec.Body.String(), "<Code>ServiceUnavailable</Code>") {
			t.Errorf("without a gateway the handler answers %d %s", rec.Code, rec.Body)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	l := newLake(t)
	_, err := wire.New(wire.Config{Backend: l.store.Gateway(), Settings: l.store, Keys: keyRing{}, Decider: &decisions{}, Listen: []string{l.gateway.Addr()}})
	if err == nil || !strings.Contains(err.Error(), l.gateway.Addr()) {
		t.Errorf("a second server on %s: %v", l.gateway.Addr(), err)
	}
}

// A request that is under way when the gateway is told to end is finished.
func TestDrain(t *testing.T) {
	store, err := disk.Open(t.TempDir(), disk.Options{NoSync: true})
	must(t, err)
	defer store.Close()
	ctx := context.Background()
	must(t, store.CreateBucket(ctx, bucket))
	asked := &decisions{}
	g, err := wire.New(wire.Config{Backend: store.Gateway(), Settings: store, Keys: keyRing{adminKey: {adminSecret, admin}}, Decider: asked, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	must(t, err)
	front := httptest.NewServer(g.Handler())
	defer front.Close()
	l := &lake{store: store, gateway: g, url: front.URL}

	run, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- g.Run(run) }()
	url, err := s3.NewPresignClient(l.admin()).PresignPutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("slow")})
	must(t, err)
	half, answered := make(chan struct{}), make(chan error, 1)
	size := 2 << 20
	body := &stalling{left: size, at: size / 2, reached: half, proceed: make(chan struct{})}
	go func() {
		req, err := http.NewRequest(http.MethodPut, url.URL, body)
		if err != nil {
			answered <- err
			return
		}
		req.ContentLength = int64(size)
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			b, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				err = errors.New(resp.Status + " " + string(b))
			}
		}
		answered <- err
	}()
	<-half
	waitFor(t, "the request to reach the gateway", func() bool { return len(asked.take()) > 0 })
	cancel()
	// The gateway no longer accepts connections, and waits for this one.
	waitFor(t, "the gateway to stop listening", func() bool {
		c, err := net.Dial("tcp", g.Addr())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	select {
	case err := <-ended:
		t.Fatalf("the gateway ended over a request: %v", err)
	default:
	}
	close(body.proceed)
	must(t, <-answered)
	must(t, <-ended)
	o, err := store.Head(ctx, bucket, "slow")
	must(t, err)
	if o.Size != int64(size) {
		t.Errorf("%d bytes arrived", o.Size)
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// stalling yields zeros and stops at a point until it is told to proceed.
type stalling struct {
	left, at int
	reached  chan struct{}
	proceed  chan struct{}
}

func (s *stalling) Read(p []byte) (int, error) {
	if s.left <= s.at && s.reached != nil {
		close(s.reached)
		s.reached = nil
		<-s.proceed
	}
	if s.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), s.left, 64<<10)
	clear(p[:n])
	s.left -= n
	return n, nil
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }
