package s3_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe"
	wire "lethe/wire/s3"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// modelOperation is an operation as the SDK, which is made from Amazon's model
// of S3, writes it.
type modelOperation struct {
	name, method, path, subresource string
	headers                         []string
}

var (
	serializer = regexp.MustCompile(`(?s)func \(m \*awsRestxml_serializeOp(\w+)\) HandleSerialize.*?\n}\n`)
	bindings   = regexp.MustCompile(`(?s)func awsRestxml_serializeOpHttpBindings(\w+)Input\(.*?\n}\n`)
	uri        = regexp.MustCompile(`SplitURI\("([^"?]*)\??([^"]*)"`)
	method     = regexp.MustCompile(`request\.Method = "(\w+)"`)
	header     = regexp.MustCompile(`locationName := "([^"]+)"|SetHeader\("([^"]+)"\)`)
)

// model reads S3's operations from the SDK's source.
func model(t *testing.T) (ops []modelOperation) {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/s3").Output()
	must(t, err)
	src, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "serializers.go"))
	must(t, err)
	headers := map[string][]string{}
	for _, m := range bindings.FindAllSubmatch(src, -1) {
		for _, h := range header.FindAllSubmatch(m[0], -1) {
			headers[string(m[1])] = append(headers[string(m[1])], strings.ToLower(string(h[1])+string(h[2])))
		}
	}
	for _, m := range serializer.FindAllSubmatch(src, -1) {
		o := modelOperation{name: string(m[1]), method: string(method.FindSubmatch(m[0])[1]), headers: headers[string(m[1])]}
		at := uri.FindSubmatch(m[0])
		o.path = string(at[1])
		for q := range strings.SplitSeq(string(at[2]), "&") {
			if q != "" && !strings.Contains(q, "=") {
				o.subresource = q
			}
		}
		ops = append(ops, o)
	}
	client := reflect.TypeFor[*s3.Client]()
	if len(ops) < 100 || client.NumMethod() != len(ops)+1 { // and Options
		t.Fatalf("found %d operations in the SDK's source; its client has %d methods", len(ops), client.NumMethod())
	}
	return ops
}

// raw sends a signed request as it is.
func (l *lake) raw(t *testing.T, method, target, body string, header http.Header) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, l.url+target, strings.NewReader(body))
	must(t, err)
	for k, v := range header {
		req.Header[k] = v
	}
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	must(t, v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).SignHTTP(context.Background(),
		aws.Credentials{AccessKeyID: adminKey, SecretAccessKey: adminSecret}, req, hash, "s3", lethe.DefaultRegion, time.Now()))
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	must(t, resp.Body.Close())
	resp.Body = io.NopCloser(bytes.NewReader(text))
	return resp
}

func text(resp *http.Response) string {
	b, _ := io.ReadAll(resp.Body)
	return html.UnescapeString(string(b))
}

// Every operation of S3 stands in our table as the model has it, and in the
// reference; what is refused there is refused, in the reference's words, and
// changes nothing.
func TestOperations(t *testing.T) {
	l, c, ctx := withBucket(t)
	put(t, c, "k", "body")
	table := map[string]wire.Operation{}
	for _, o := range wire.Operations() {
		table[o.Name] = o
	}
	reference, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "s3.md"))
	must(t, err)
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| (.*) \\|$")
	written := map[string][]string{}
	for _, m := range row.FindAllStringSubmatch(string(reference), -1) {
		written[m[1]] = m[2:]
	}
	for _, m := range model(t) {
		o, ok := table[m.name]
		delete(table, m.name)
		if !ok {
			t.Errorf("S3 has %s, and nobody says whether it is here", m.name)
			continue
		}
		ofObject := strings.Contains(m.path, "{Key+}")
		if o.Method != m.method || o.OfObject != ofObject || o.Subresource != m.subresource && m.subresource != "" {
			t.Errorf("%s is %s %s?%s in the model, %s of an object %v ?%s in the table", m.name, m.method, m.path, m.subresource, o.Method, o.OfObject, o.Subresource)
		}
		w := written[m.name]
		delete(written, m.name)
		switch {
		case w == nil:
			t.Errorf("docs/reference/s3.md does not mention %s", m.name)
			continue
		case (w[0] == "refused") != (o.Why != ""), o.Why != "" && w[1] != o.Why:
			t.Errorf("docs/reference/s3.md says %s %q of %s, the table %q", w[0], w[1], m.name, o.Why)
		}
		if o.Why == "" || m.name == "WriteGetObjectResponse" || m.name == "ListDirectoryBuckets" {
			continue // it has no bucket, or is ListBuckets to a server that has none of them
		}
		target := "/" + bucket
		if ofObject {
			target += "/k"
		}
		resp := l.raw(t, m.method, target+"?"+m.subresource, "<x/>", nil)
		if got := text(resp); resp.StatusCode != http.StatusNotImplemented || !strings.Contains(got, "<Code>NotImplemented</Code><Message>"+o.Why) {
			t.Errorf("%s: %s %s", m.name, resp.Status, got)
		}
	}
	for name := range table {
		t.Errorf("the table has %s, which S3 has not", name)
	}
	for name := range written {
		t.Errorf("docs/reference/s3.md has %s, which S3 has not", name)
	}
	// A subresource that S3 has elsewhere is not taken for none.
	for _, at := range []string{"DELETE /" + bucket + "/k?lifecycle", "DELETE /" + bucket + "?annotation", "PUT /" + bucket + "/k?notification", "POST /" + bucket + "/k?tagging"} {
		method, target, _ := strings.Cut(at, " ")
		if resp := l.raw(t, method, target, "x", nil); resp.StatusCode != http.StatusNotImplemented {
			t.Errorf("%s: %s", at, resp.Status)
		}
	}
	if got, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("k")}); err != nil {
		t.Error("something that is refused changed something:", err)
	} else if b, _ := io.ReadAll(got.Body); string(b) != "body" {
		t.Errorf("something that is refused changed the object to %q", b)
	}
}

// shown says of each request header of S3 where it is shown that it is honoured:
// in versitygw's suite or in a test of this package. All others are refused.
var shown = map[string]string{
	"x-amz-acl":                               "TestACLs: refused if it grants something",
	"x-amz-bucket-namespace":                  "only global, which every bucket's is",
	"x-amz-bucket-object-lock-enabled":        "suite: PutObjectRetention",
	"x-amz-bypass-governance-retention":       "TestChecks",
	"x-amz-checksum-algorithm":                "suite: CopyObject, CreateMultipartUpload",
	"x-amz-checksum-mode":                     "suite: HeadObject, GetObject",
	"x-amz-checksum-type":                     "suite: CompleteMultipartUpload",
	"x-amz-confirm-remove-self-bucket-access": "it takes a warning back that is not given",
	"x-amz-copy-source":                       "suite: CopyObject",
	"x-amz-copy-source-if-match":              "suite: CopyObject",
	"x-amz-copy-source-if-modified-since":     "suite: CopyObject",
	"x-amz-copy-source-if-none-match":         "suite: CopyObject",
	"x-amz-copy-source-if-unmodified-since":   "suite: CopyObject",
	"x-amz-copy-source-range":                 "TestChecks",
	"x-amz-expected-bucket-owner":             "suite; TestSettingsAreDecided",
	"x-amz-grant-full-control":                "TestACLs: refused",
	"x-amz-grant-read":                        "TestACLs: refused",
	"x-amz-grant-read-acp":                    "TestACLs: refused",
	"x-amz-grant-write":                       "TestACLs: refused",
	"x-amz-grant-write-acp":                   "TestACLs: refused",
	"x-amz-if-match-initiated-time":           "suite: AbortMultipartUpload",
	"x-amz-if-match-last-modified-time":       "suite: DeleteObject",
	"x-amz-if-match-size":                     "suite: DeleteObject",
	"x-amz-max-parts":                         "TestChecks",
	"x-amz-metadata-directive":                "suite: CopyObject",
	"x-amz-mp-object-size":                    "suite: CompleteMultipartUpload",
	"x-amz-object-attributes":                 "suite: GetObjectAttributes",
	"x-amz-object-annotation-directive":       "only EXCLUDE: there are no annotations",
	"x-amz-object-lock-legal-hold":            "suite: PutObject",
	"x-amz-object-lock-mode":                  "suite: PutObject",
	"x-amz-object-lock-retain-until-date":     "suite: PutObject",
	"x-amz-object-ownership":                  "suite: CreateBucket",
	"x-amz-optional-object-attributes":        "it asks for restorations, of which there are none",
	"x-amz-part-number-marker":                "TestChecks",
	"x-amz-request-payer":                     "it agrees to pay; nobody has to",
	"x-amz-sdk-checksum-algorithm":            "suite: PutObject",
	"x-amz-skip-destination-validation":       "TestNotifications",
	"x-amz-source-expected-bucket-owner":      "suite: CopyObject",
	"x-amz-storage-class":                     "only STANDARD",
	"x-amz-tagging":                           "suite: PutObject",
	"x-amz-tagging-directive":                 "suite: CopyObject",
	"x-amz-website-redirect-location":         "suite: PutObject; it is kept and told",
}

// value is what a client would say in a header.
func value(name string) string {
	switch {
	case name == "x-amz-server-side-encryption":
		return "AES256"
	case name == "x-amz-storage-class":
		return "GLACIER"
	case strings.HasSuffix(name, "date"), strings.HasSuffix(name, "-since"), strings.HasSuffix(name, "-time"):
		return "Mon, 02 Jan 2006 15:04:05 GMT"
	}
	return "1"
}

func TestHeaders(t *testing.T) {
	l, c, ctx := withBucket(t)
	checksum := regexp.MustCompile(`^x-amz-checksum-(crc|sha|xxhash|md5)`)
	all := map[string]bool{}
	for _, o := range model(t) {
		for _, h := range o.headers {
			if strings.HasPrefix(h, "x-amz-") {
				all[h] = true
			}
		}
	}
	for _, h := range slices.Sorted(func(yield func(string) bool) {
		for h := range all {
			if !yield(h) {
				return
			}
		}
	}) {
		if checksum.MatchString(h) { // suite: PutObject checks each
			continue
		}
		where, ok := shown[h]
		if ok && !strings.HasPrefix(where, "only ") && !strings.Contains(where, "refused") {
			if !wire.Honoured(h) {
				t.Errorf("%s is refused, although %s", h, where)
			}
			continue
		}
		key := "asked-with-" + h
		for _, presigned := range []bool{false, true} {
			target, header := "/"+bucket+"/"+key, http.Header{http.CanonicalHeaderKey(h): {value(h)}}
			if presigned {
				target, header = target+"?"+h+"="+strings.ReplaceAll(value(h), " ", "%20"), nil
			}
			resp := l.raw(t, http.MethodPut, target, "x", header)
			if resp.StatusCode < 400 {
				t.Errorf("%s, presigned %v: %s: it is swallowed", h, presigned, resp.Status)
			}
			if got := text(resp); !strings.Contains(got, "<Message>") {
				t.Errorf("%s: no sentence: %s", h, got)
			}
		}
		if _, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: &key}); err == nil {
			t.Errorf("%s was refused and the object is there", h)
		}
	}
	for h := range shown {
		if !all[h] {
			t.Errorf("S3 has no header %s", h)
		}
	}
	// Also what S3 does not have yet.
	if resp := l.raw(t, http.MethodPut, "/"+bucket+"/k", "x", http.Header{"X-Amz-Levitate": {"true"}}); resp.StatusCode != http.StatusNotImplemented || !strings.Contains(text(resp), "x-amz-levitate") {
		t.Error("an unknown header is swallowed:", resp.Status)
	}
	fmt.Fprintln(t.Output(), len(all), "headers")
}
