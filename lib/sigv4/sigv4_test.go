package sigv4_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"lethe/lib/sigv4"
)

// The key pair and the time that AWS's documentation uses for its examples.
const (
	exampleKey    = "AKIDEXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var exampleTime = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)

func verifier(now time.Time) *sigv4.Verifier {
	return &sigv4.Verifier{
		Now: func() time.Time { return now },
		Lookup: func(_ context.Context, id string) (sigv4.Key, bool, error) {
			switch id {
			case exampleKey, "team/key":
				return sigv4.Key{Secret: exampleSecret}, true, nil
			case "ASIATEMPORARY":
				return sigv4.Key{Secret: exampleSecret, SessionToken: "to+ken/==", Expires: exampleTime.Add(5 * time.Minute)}, true, nil
			case "AKIDBROKEN":
				return sigv4.Key{}, false, errLookup
			}
			return sigv4.Key{}, false, nil
		},
	}
}

var errLookup = errors.New("the key store is closed")

// read makes a server's request of its text, as net/http does.
func read(t testing.TB, text string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(text, "\n", "\r\n"))))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantCode checks that err is a refusal with this code and that its text has part.
func wantCode(t *testing.T, err error, code sigv4.Code, part string) {
	t.Helper()
	if !errors.Is(err, &sigv4.Error{Code: code}) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if !strings.Contains(err.Error(), part) {
		t.Fatalf("%q does not say %q", err, part)
	}
}

// The signature that AWS's documentation computes step by step for an IAM request.
func TestDocumentedExample(t *testing.T) {
	r := read(t, `GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1
Host: iam.amazonaws.com
Content-Type: application/x-www-form-urlencoded; charset=utf-8
X-Amz-Date: 20150830T123600Z
Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7

`)
	id, err := verifier(exampleTime).Verify(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := sigv4.Identity{Scope: sigv4.Scope{AccessKey: exampleKey, Date: "20150830", Region: "us-east-1", Service: "iam"}, Time: exampleTime}
	if *id != want {
		t.Errorf("got %+v, want %+v", *id, want)
	}
}

// sign makes a request as aws-sdk-go-v2 signs it, and sends it through the bytes of
// the wire, so that what is verified is what a server would see.
func sign(t testing.TB, method, url, body string, at time.Time, cred aws.Credentials, header http.Header) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		r.Header[k] = v
	}
	hash := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(context.Background(), cred, r, hex.EncodeToString(hash[:]), "athena", "eu-central-1", at); err != nil {
		t.Fatal(err)
	}
	return wire(t, r)
}

func presign(t testing.TB, url string, at time.Time, cred aws.Credentials) *http.Request {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	empty := sha256.Sum256(nil)
	u, _, err := v4.NewSigner().PresignHTTP(context.Background(), cred, r, hex.EncodeToString(empty[:]), "sts", "eu-central-1", at)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = http.NewRequest("GET", u, nil); err != nil {
		t.Fatal(err)
	}
	return wire(t, r)
}

func wire(t testing.TB, r *http.Request) *http.Request {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&b))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

var example = aws.Credentials{AccessKeyID: exampleKey, SecretAccessKey: exampleSecret}

func TestSDKSigner(t *testing.T) {
	for _, url := range []string{
		"http://127.0.0.1:9000/",
		"http://127.0.0.1:9000",
		"http://athena.example.com/a%20b/c%2Fd/%C3%A9",
		"http://athena.example.com/?z=a+b&x=1&y=%2F&x=0&empty=&none",
		"http://athena.example.com/?%C3%A9=%E2%82%AC&~-_.=*",
	} {
		for _, body := range []string{"", `{"QueryString":"SELECT 1"}`} {
			h := http.Header{"X-Amz-Target": {"AmazonAthena.StartQueryExecution"}, "X-Amz-Meta-Spaces": {"  a   b  c "}}
			r := sign(t, "POST", url, body, exampleTime, example, h)
			if _, err := verifier(exampleTime).Verify(r, []byte(body)); err != nil {
				t.Errorf("%s %q: %v", url, body, err)
			}
		}
	}
}

func TestKeyWithSlash(t *testing.T) {
	r := sign(t, "POST", "http://h/", "", exampleTime, aws.Credentials{AccessKeyID: "team/key", SecretAccessKey: exampleSecret}, nil)
	id, err := verifier(exampleTime).Verify(r, nil)
	if err != nil || id.AccessKey != "team/key" || id.Service != "athena" {
		t.Fatal(id, err)
	}
}

func TestPresigned(t *testing.T) {
	const url = "http://127.0.0.1:9000/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Expires=60"
	r := presign(t, url, exampleTime, example)
	id, err := verifier(exampleTime.Add(59*time.Second)).Verify(r, nil)
	if err != nil || !id.Presigned || id.Service != "sts" {
		t.Fatal(id, err)
	}
	_, err = verifier(exampleTime.Add(61*time.Second)).Verify(r, nil)
	wantCode(t, err, sigv4.SignatureExpired, "expired")
	_, err = verifier(exampleTime.Add(-16*time.Minute)).Verify(r, nil)
	wantCode(t, err, sigv4.SignatureExpired, "not yet current")
	_, err = verifier(exampleTime).Verify(r, []byte("a body nobody signed"))
	wantCode(t, err, sigv4.InvalidSignature, "does not match")

	// Without an expiry it lives as long as any signed request.
	r = presign(t, strings.Replace(url, "&X-Amz-Expires=60", "", 1), exampleTime, example)
	if _, err := verifier(exampleTime.Add(15*time.Minute)).Verify(r, nil); err != nil {
		t.Fatal(err)
	}
	_, err = verifier(exampleTime.Add(15*time.Minute+time.Second)).Verify(r, nil)
	wantCode(t, err, sigv4.SignatureExpired, "expired")

	for old, new := range map[string]string{
		"X-Amz-Expires=60":                  "X-Amz-Expires=0",
		"X-Amz-Expires=6":                   "X-Amz-Expires=7000000",
		"Algorithm=AWS4-HMAC-SHA256":        "Algorithm=AWS4-ECDSA-P256-SHA256",
		"Version=2011-06-15":                "Version=2011-06-15&X-Amz-Date=20150830T123600Z",
		"X-Amz-SignedHeaders=host":          "X-Amz-SignedHeaders=",
		"X-Amz-Date=20150830T123600Z":       "X-Amz-Date=yesterday",
		"Credential=AKIDEXAMPLE%2F20150830": "Credential=AKIDEXAMPLE%2F20150831",
		"Action=GetCallerIdentity":          "Action=%zz",
	} {
		bad := presign(t, url, exampleTime, example)
		changed := strings.Replace(bad.RequestURI, old, new, 1)
		if changed == bad.RequestURI {
			t.Fatalf("%s is not in %s", old, bad.RequestURI)
		}
		bad.RequestURI = changed
		_, bad.URL.RawQuery, _ = strings.Cut(changed, "?")
		_, err := verifier(exampleTime).Verify(bad, nil)
		wantCode(t, err, sigv4.IncompleteSignature, "")
	}
}

func TestSessionToken(t *testing.T) {
	temporary := aws.Credentials{AccessKeyID: "ASIATEMPORARY", SecretAccessKey: exampleSecret, SessionToken: "to+ken/=="}
	r := sign(t, "POST", "http://h/", "", exampleTime, temporary, nil)
	if _, err := verifier(exampleTime).Verify(r, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := verifier(exampleTime).Verify(presign(t, "http://h/?X-Amz-Expires=9", exampleTime, temporary), nil); err != nil {
		t.Fatal("presigned: ", err)
	}
	_, err := verifier(exampleTime.Add(6*time.Minute)).Verify(r, nil)
	wantCode(t, err, sigv4.ExpiredToken, "expired")

	temporary.SessionToken = ""
	_, err = verifier(exampleTime).Verify(sign(t, "POST", "http://h/", "", exampleTime, temporary, nil), nil)
	wantCode(t, err, sigv4.UnknownKey, "token")
	stray := example
	stray.SessionToken = "anything"
	_, err = verifier(exampleTime).Verify(sign(t, "POST", "http://h/", "", exampleTime, stray, nil), nil)
	wantCode(t, err, sigv4.UnknownKey, "token")

	// A token that was added after signing is compared, not signed.
	late := sign(t, "POST", "http://h/", "", exampleTime, aws.Credentials{AccessKeyID: "ASIATEMPORARY", SecretAccessKey: exampleSecret}, nil)
	late.Header.Set("X-Amz-Security-Token", "to+ken/==")
	if _, err := verifier(exampleTime).Verify(late, nil); err != nil {
		t.Fatal(err)
	}
}

func TestKeys(t *testing.T) {
	_, err := verifier(exampleTime).Verify(sign(t, "POST", "http://h/", "", exampleTime, aws.Credentials{AccessKeyID: "AKIDNOBODY", SecretAccessKey: "x"}, nil), nil)
	wantCode(t, err, sigv4.UnknownKey, "AKIDNOBODY")
	_, err = verifier(exampleTime).Verify(sign(t, "POST", "http://h/", "", exampleTime, aws.Credentials{AccessKeyID: exampleKey, SecretAccessKey: "wrong"}, nil), nil)
	wantCode(t, err, sigv4.InvalidSignature, "Secret Access Key")
	_, err = verifier(exampleTime).Verify(sign(t, "POST", "http://h/", "", exampleTime, aws.Credentials{AccessKeyID: "AKIDBROKEN", SecretAccessKey: "x"}, nil), nil)
	if !errors.Is(err, errLookup) {
		t.Fatalf("got %v, want the lookup's own error", err)
	}
}

func TestClock(t *testing.T) {
	r := sign(t, "POST", "http://h/", "", exampleTime, example, nil)
	for _, c := range []struct {
		now  time.Duration
		want string
	}{
		{15 * time.Minute, ""},
		{-15 * time.Minute, ""},
		{15*time.Minute + time.Second, "expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)"},
		{-15*time.Minute - time.Second, "not yet current"},
	} {
		_, err := verifier(exampleTime.Add(c.now)).Verify(r, nil)
		if c.want == "" && err != nil {
			t.Errorf("at %v: %v", c.now, err)
		}
		if c.want != "" {
			wantCode(t, err, sigv4.SignatureExpired, c.want)
		}
	}
}

// Whatever is changed after signing, the request is refused.
func TestTampering(t *testing.T) {
	const body = `{"QueryString":"SELECT 1"}`
	reverse := func(s string) string { return s[:len(s)-2] + s[len(s)-1:] + s[len(s)-2:len(s)-1] }
	for name, c := range map[string]struct {
		change func(r *http.Request, body *string)
		code   sigv4.Code
	}{
		"body":              {func(_ *http.Request, b *string) { *b = "{}" }, sigv4.InvalidSignature},
		"method":            {func(r *http.Request, _ *string) { r.Method = "PUT" }, sigv4.InvalidSignature},
		"path":              {func(r *http.Request, _ *string) { r.RequestURI = "/other?x=1" }, sigv4.InvalidSignature},
		"query":             {func(r *http.Request, _ *string) { r.URL.RawQuery = "x=2" }, sigv4.InvalidSignature},
		"host":              {func(r *http.Request, _ *string) { r.Host = "other" }, sigv4.InvalidSignature},
		"target":            {func(r *http.Request, _ *string) { r.Header.Set("X-Amz-Target", "AmazonAthena.DeleteWorkGroup") }, sigv4.InvalidSignature},
		"target twice":      {func(r *http.Request, _ *string) { r.Header.Add("X-Amz-Target", "x") }, sigv4.IncompleteSignature},
		"no target":         {func(r *http.Request, _ *string) { r.Header.Del("X-Amz-Target") }, sigv4.IncompleteSignature},
		"unsigned header":   {func(r *http.Request, _ *string) { r.Header.Set("X-Amz-Acl", "public-read") }, sigv4.IncompleteSignature},
		"date":              {func(r *http.Request, _ *string) { r.Header.Set("X-Amz-Date", "20150830T123700Z") }, sigv4.InvalidSignature},
		"date twice":        {func(r *http.Request, _ *string) { r.Header.Add("X-Amz-Date", "20150830T123600Z") }, sigv4.IncompleteSignature},
		"no date":           {func(r *http.Request, _ *string) { r.Header.Del("X-Amz-Date") }, sigv4.IncompleteSignature},
		"bad date":          {func(r *http.Request, _ *string) { r.Header.Set("X-Amz-Date", "2015-08-30") }, sigv4.IncompleteSignature},
		"signature":         {func(r *http.Request, _ *string) { edit(r, reverse) }, sigv4.InvalidSignature},
		"short signature":   {func(r *http.Request, _ *string) { edit(r, func(s string) string { return s[:len(s)-1] }) }, sigv4.IncompleteSignature},
		"no authorization":  {func(r *http.Request, _ *string) { r.Header.Del("Authorization") }, sigv4.MissingAuthenticationToken},
		"two":               {func(r *http.Request, _ *string) { r.Header.Add("Authorization", "x") }, sigv4.IncompleteSignature},
		"other scheme":      {func(r *http.Request, _ *string) { r.Header.Set("Authorization", "Basic dTpw") }, sigv4.IncompleteSignature},
		"both":              {func(r *http.Request, _ *string) { r.URL.RawQuery = "X-Amz-Signature=00" }, sigv4.IncompleteSignature},
		"region":            {swap("eu-central-1", "eu-central-2"), sigv4.InvalidSignature},
		"service":           {swap("/athena/", "/iam/"), sigv4.InvalidSignature},
		"scope's date":      {swap("20150830", "20150831"), sigv4.IncompleteSignature},
		"terminator":        {swap("aws4_request", "aws5_request"), sigv4.IncompleteSignature},
		"host not signed":   {swap(";host;", ";"), sigv4.IncompleteSignature},
		"header twice":      {swap(";host;", ";host;host;"), sigv4.IncompleteSignature},
		"header's case":     {swap(";host;", ";Host;"), sigv4.IncompleteSignature},
		"absent header":     {swap(";host;", ";host;x-none;"), sigv4.IncompleteSignature},
		"unsigned payload":  {func(r *http.Request, _ *string) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, sigv4.IncompleteSignature},
		"no credential":     {swap("Credential=", "Credential_="), sigv4.IncompleteSignature},
		"unknown parameter": {swap("Signature=", "More=1, Signature="), sigv4.IncompleteSignature},
	} {
		t.Run(name, func(t *testing.T) {
			b := body
			r := sign(t, "POST", "http://athena.example.com/?x=1", b, exampleTime, example, http.Header{"X-Amz-Target": {"AmazonAthena.StartQueryExecution"}})
			if _, err := verifier(exampleTime).Verify(r, []byte(b)); err != nil {
				t.Fatal("before: ", err)
			}
			c.change(r, &b)
			_, err := verifier(exampleTime).Verify(r, []byte(b))
			wantCode(t, err, c.code, "")
		})
	}
}

func edit(r *http.Request, f func(string) string) {
	r.Header.Set("Authorization", f(r.Header.Get("Authorization")))
}

func swap(old, new string) func(*http.Request, *string) {
	return func(r *http.Request, _ *string) {
		edit(r, func(s string) string {
			if !strings.Contains(s, old) {
				panic(fmt.Sprintf("%q is not in %q", old, s))
			}
			return strings.Replace(s, old, new, 1)
		})
	}
}

// A client may claim that its payload is not signed; the claim itself is signed then,
// and still nothing but the body's own hash counts.
func TestUnsignedPayloadIsRefused(t *testing.T) {
	r, _ := http.NewRequest("POST", "http://h/", strings.NewReader("x"))
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	if err := v4.NewSigner().SignHTTP(context.Background(), example, r, "UNSIGNED-PAYLOAD", "athena", "eu-central-1", exampleTime); err != nil {
		t.Fatal(err)
	}
	_, err := verifier(exampleTime).Verify(wire(t, r), []byte("x"))
	wantCode(t, err, sigv4.InvalidSignature, "x-amz-content-sha256")
}

func TestParseScope(t *testing.T) {
	for auth, want := range map[string]string{
		"":           "",
		"Basic dTpw": "",
		"AWS4-HMAC-SHA256 Credential=K/20150830/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0": "iam",
		"AWS4-HMAC-SHA256 SignedHeaders=host,Credential=K/20150830/us-east-1/s3/aws4_request,Signature=0":    "s3",
		"AWS4-HMAC-SHA256 Credential=K/20150830/us-east-1/iam":                                               "",
		"AWS4-HMAC-SHA256 Signature=0": "",
	} {
		r, _ := http.NewRequest("GET", "http://h/", nil)
		r.Header.Set("Authorization", auth)
		s, ok := sigv4.ParseScope(r)
		if s.Service != want || ok != (want != "") {
			t.Errorf("%q: got %+v %v", auth, s, ok)
		}
	}
	if s, ok := sigv4.ParseScope(presign(t, "http://h/?X-Amz-Expires=9", exampleTime, example)); !ok || s.Service != "sts" {
		t.Error("presigned: ", s, ok)
	}
}

func BenchmarkVerify(b *testing.B) {
	const body = `{"QueryString":"SELECT 1"}`
	r := sign(b, "POST", "http://127.0.0.1:9000/", body, exampleTime, example, http.Header{"X-Amz-Target": {"AmazonAthena.StartQueryExecution"}})
	v := verifier(exampleTime)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(r, []byte(body)); err != nil {
			b.Fatal(err)
		}
	}
}
