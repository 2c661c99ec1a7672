package e2e

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lethe/test/lake"
	"lethe/test/need"
)

func TestS3WithTheRealCommandLines(t *testing.T) {
	l := lake.Start(t, t.TempDir(), "serve")
	for name, aws := range cliClients(t) {
		t.Run(name, func(t *testing.T) {
			bucket := "s3://cli-" + strings.ToLower(name)
			s3 := func(args ...string) string {
				t.Helper()
				return l.Run(t, aws, append([]string{"--endpoint-url", l.AWS, "s3"}, args...)...)
			}
			s3("mb", bucket)
			dir := t.TempDir()
			small, large := filepath.Join(dir, "small"), filepath.Join(dir, "large")
			content := make([]byte, 20<<20) // above the clients' threshold for multipart
			rand.Read(content)
			write(t, small, []byte("hello"))
			write(t, large, content)

			s3("cp", "--quiet", small, bucket+"/dir/small +=&ü.txt")
			s3("cp", "--quiet", large, bucket+"/dir/large")
			if out := s3("ls", bucket+"/dir/"); !strings.Contains(out, "small +=&ü.txt") || !strings.Contains(out, "20971520 large") {
				t.Errorf("ls:\n%s", out)
			}
			back := filepath.Join(dir, "back")
			s3("cp", "--quiet", bucket+"/dir/large", back)
			if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, content) {
				t.Error("the large object came back changed", err)
			}
			url := strings.TrimSpace(s3("presign", bucket+"/dir/small +=&ü.txt"))
			if got := get(t, url); got != "hello" {
				t.Errorf("presigned: %q", got)
			}
			if resp, err := http.Get(strings.Replace(url, "Signature=", "Signature=0", 1)); err != nil || resp.StatusCode != http.StatusForbidden {
				t.Error("a forged link answers", resp.StatusCode, err)
			}
			s3("rm", "--quiet", "--recursive", bucket)
			if out := s3("ls", bucket); strings.TrimSpace(out) != "" {
				t.Errorf("after rm:\n%s", out)
			}
			s3("rb", bucket)
			if out, err := l.Try(aws, "--endpoint-url", l.AWS, "s3", "ls", bucket); err == nil || !strings.Contains(out, "NoSuchBucket") {
				t.Error(out, err)
			}
		})
	}
}

func TestBoto3(t *testing.T) {
	l := lake.Start(t, t.TempDir(), "serve")
	out := l.Run(t, need.Venv(t, "python"), filepath.Join(need.Root(), "test", "e2e", "testdata", "boto.py"))
	if !strings.HasSuffix(strings.TrimSpace(out), "all is well") {
		t.Error(out)
	}
}

func TestBoto3S3(t *testing.T) {
	l := lake.Start(t, t.TempDir(), "serve")
	out := l.Run(t, need.Venv(t, "python"), filepath.Join(need.Root(), "test", "e2e", "testdata", "boto_s3.py"))
	if !strings.HasSuffix(strings.TrimSpace(out), "all is well") {
		t.Error(out)
	}
}

// The s3api of the command line, where a bucket keeps versions and has rules.
func TestS3InDepthWithTheRealCommandLine(t *testing.T) {
	l := lake.Start(t, t.TempDir(), "serve")
	aws, bucket := need.Venv(t, "aws"), "deep"
	api := func(args ...string) string {
		t.Helper()
		return strings.TrimSpace(l.Run(t, aws, append([]string{"--endpoint-url", l.AWS, "--output", "text", "s3api"}, args...)...))
	}
	refused := func(code string, args ...string) {
		t.Helper()
		if out, err := l.Try(aws, append([]string{"--endpoint-url", l.AWS, "s3api"}, args...)...); err == nil || !strings.Contains(out, code) {
			t.Errorf("%v: %v %s, want %s", args, err, out, code)
		}
	}
	api("create-bucket", "--bucket", bucket, "--create-bucket-configuration", "LocationConstraint=eu-central-1")
	api("put-bucket-versioning", "--bucket", bucket, "--versioning-configuration", "Status=Enabled")
	file := filepath.Join(t.TempDir(), "file")
	var ids []string
	for _, body := range []string{"one", "two"} {
		write(t, file, []byte(body))
		ids = append(ids, api("put-object", "--bucket", bucket, "--key", "x//y", "--body", file, "--query", "VersionId"))
	}
	marker := api("delete-object", "--bucket", bucket, "--key", "x//y", "--query", "VersionId")
	api("get-object", "--bucket", bucket, "--key", "x//y", "--version-id", ids[0], file)
	if got, err := os.ReadFile(file); err != nil || string(got) != "one" {
		t.Errorf("the first version is %q (%v)", got, err)
	}
	api("delete-object", "--bucket", bucket, "--key", "x//y", "--version-id", marker)
	if got := strings.Fields(api("list-object-versions", "--bucket", bucket, "--query", "Versions[].VersionId")); len(got) != 2 || got[0] != ids[1] {
		t.Errorf("versions %v, want %v", got, ids)
	}
	api("put-bucket-lifecycle-configuration", "--bucket", bucket, "--lifecycle-configuration",
		`{"Rules":[{"ID":"r","Status":"Enabled","Filter":{"Prefix":"x/"},"NoncurrentVersionExpiration":{"NoncurrentDays":3}}]}`)
	if got := api("get-bucket-lifecycle-configuration", "--bucket", bucket, "--query", "Rules[0].NoncurrentVersionExpiration.NoncurrentDays"); got != "3" {
		t.Errorf("lifecycle: %s", got)
	}
	refused("Unable to validate the following destination", "put-bucket-notification-configuration", "--bucket", bucket, "--notification-configuration",
		`{"QueueConfigurations":[{"QueueArn":"arn:aws:sqs:eu-central-1:000000000000:nowhere","Events":["s3:ObjectCreated:*"]}]}`)
	refused("NotImplemented", "put-object", "--bucket", bucket, "--key", "k", "--server-side-encryption", "AES256")
	refused("Websites are not served", "put-bucket-website", "--bucket", bucket, "--website-configuration", `{"IndexDocument":{"Suffix":"index.html"}}`)
	refused("PreconditionFailed", "delete-object", "--bucket", bucket, "--key", "x//y", "--if-match", `"0"`)
}

func TestNothingAnswersWithoutASignature(t *testing.T) {
	l := lake.Start(t, t.TempDir(), "serve")
	for what, req := range map[string]func() *http.Request{
		"list buckets": func() *http.Request { return request(t, "GET", l.AWS+"/", "", nil) },
		"get object":   func() *http.Request { return request(t, "GET", l.AWS+"/"+resultBucket+"/x", "", nil) },
		"put object":   func() *http.Request { return request(t, "PUT", l.AWS+"/"+resultBucket+"/x", "body", nil) },
		"athena": func() *http.Request {
			return request(t, "POST", l.AWS+"/", `{"QueryString":"SELECT 1"}`, map[string]string{"X-Amz-Target": "AmazonAthena.StartQueryExecution", "Content-Type": "application/x-amz-json-1.1"})
		},
		"sts": func() *http.Request {
			return request(t, "POST", l.AWS+"/", "Action=GetCallerIdentity&Version=2011-06-15", map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
		},
		"console api": func() *http.Request { return request(t, "GET", l.Console+"/api/v1/buckets", "", nil) },
	} {
		resp, err := http.DefaultClient.Do(req())
		if err != nil {
			t.Fatal(what, err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode/100 != 4 {
			t.Errorf("%s answers %s: %s", what, resp.Status, body)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/api/v1/openapi.json", "/"} {
		resp, err := http.Get(l.Console + path)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Error(path, resp.Status, err)
		}
		resp.Body.Close()
	}
}

func request(t *testing.T, method, url, body string, header map[string]string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	return r
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
