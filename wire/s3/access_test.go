package s3_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
)

// signAt signs as if it were another time.
type signAt time.Time

func (s signAt) SignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, o ...func(*v4.SignerOptions)) error {
	return v4.NewSigner().SignHTTP(ctx, c, r, hash, service, region, time.Time(s), o...)
}

// pastSigner presigns as if it were yesterday.
type pastSigner struct{}

func (pastSigner) PresignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, o ...func(*v4.SignerOptions)) (string, http.Header, error) {
	return v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).
		PresignHTTP(ctx, c, r, hash, service, region, time.Now().Add(-24*time.Hour), o...)
}

func unsignedPayload(s *middleware.Stack) error {
	return v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware(s)
}

func TestSignatures(t *testing.T) {
	l, c, ctx := withBucket(t)
	put(t, c, "k", "x")
	get := func(c *s3.Client) error {
		_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("k")})
		return err
	}
	must(t, get(c))
	wantCode(t, get(l.client(adminKey, "wrong")), "SignatureDoesNotMatch", 403, "wrong secret")
	wantCode(t, get(l.client("AKIANOBODY", "x")), "InvalidAccessKeyId", 403, "unknown key")
	for _, d := range []time.Duration{-time.Hour, time.Hour} {
		skewed := l.client(adminKey, adminSecret, func(o *s3.Options) { o.HTTPSignerV4 = signAt(time.Now().Add(d)) })
		wantCode(t, get(skewed), "RequestTimeTooSkewed", 403, fmt.Sprint("signed ", d, " from now"))
	}
	elsewhere := l.client(adminKey, adminSecret, func(o *s3.Options) { o.Region = "mars-north-1" })
	wantCode(t, get(elsewhere), "AuthorizationHeaderMalformed", 400, "another region")
}

// Nothing answers without a signature, whatever the method and the place.
func TestAnonymous(t *testing.T) {
	l, c, ctx := withBucket(t)
	put(t, c, "k", "x")
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	must(t, w.WriteField("key", "posted"))
	f, err := w.CreateFormFile("file", "f")
	must(t, err)
	fmt.Fprint(f, "data")
	must(t, w.Close())
	for _, target := range []string{"/", "/" + bucket, "/" + bucket + "?list-type=2", "/" + bucket + "?acl", "/" + bucket + "?policy", "/" + bucket + "/k", "/" + bucket + "/k?tagging",
		"/" + bucket + "/k?uploads", "/" + bucket + "?delete", "/list-users", "/health", "/healthz"} {
		for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"} {
			for _, body := range []string{"", "some bytes", form.String()} {
				req, err := http.NewRequest(method, l.url+target, strings.NewReader(body))
				must(t, err)
				if body == form.String() {
					req.Header.Set("Content-Type", w.FormDataContentType())
				}
				resp, err := http.DefaultClient.Do(req)
				must(t, err)
				b, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if resp.StatusCode < 400 || resp.StatusCode >= 500 && resp.StatusCode != 501 {
					t.Errorf("%s %s without a signature: %s %s", method, target, resp.Status, b)
				}
			}
		}
	}
	list, err := l.store.List(ctx, bucket, object.ListOptions{})
	must(t, err)
	if len(list.Objects) != 1 {
		t.Errorf("somebody wrote without a signature: %v", list.Objects)
	}
}

// call is one operation, with what must be asked about it.
type call struct {
	name  string
	asked []string // action and resource
	do    func(context.Context, *s3.Client) error
}

func calls() []call {
	b, k := aws.String(bucket), aws.String("dir/k")
	on := func(action, resource string) []string { return []string{action + " arn:aws:s3:::" + resource} }
	obj := bucket + "/dir/k"
	return []call{
		{"ListBuckets", on("s3:ListAllMyBuckets", "*"), func(ctx context.Context, c *s3.Client) error {
			_, err := c.ListBuckets(ctx, &s3.ListBucketsInput{})
			return err
		}},
		{"CreateBucket", on("s3:CreateBucket", "brand-new"), func(ctx context.Context, c *s3.Client) error {
			_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("brand-new")})
			return err
		}},
		{"HeadBucket", on("s3:ListBucket", bucket), func(ctx context.Context, c *s3.Client) error {
			_, err := c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: b})
			return err
		}},
		{"ListObjectsV2", on("s3:ListBucket", bucket), func(ctx context.Context, c *s3.Client) error {
			_, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: b})
			return err
		}},
		{"ListObjects", on("s3:ListBucket", bucket), func(ctx context.Context, c *s3.Client) error {
			_, err := c.ListObjects(ctx, &s3.ListObjectsInput{Bucket: b})
			return err
		}},
		{"ListObjectVersions", on("s3:ListBucketVersions", bucket), func(ctx context.Context, c *s3.Client) error {
			_, err := c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: b})
			return err
		}},
		{"PutObject", on("s3:PutObject", obj), func(ctx context.Context, c *s3.Client) error {
			_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: k, Body: strings.NewReader("x")})
			return err
		}},
		{"GetObject", on("s3:GetObject", obj), func(ctx context.Context, c *s3.Client) error {
			out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k})
			if err == nil {
				out.Body.Close()
			}
			return err
		}},
		{"HeadObject", on("s3:GetObject", obj), func(ctx context.Context, c *s3.Client) error {
			_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: b, Key: k})
			return err
		}},
		{"GetObjectAttributes", on("s3:GetObjectAttributes", obj), func(ctx context.Context, c *s3.Client) error {
			_, err := c.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: b, Key: k, ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesEtag}})
			return err
		}},
		{"CopyObject", append(on("s3:PutObject", bucket+"/copy"), on("s3:GetObject", obj)...), func(ctx context.Context, c *s3.Client) error {
			_, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("copy"), CopySource: aws.String(obj)})
			return err
		}},
		{"GetObjectTagging", on("s3:GetObjectTagging", obj), func(ctx context.Context, c *s3.Client) error {
			_, err := c.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: b, Key: k})
			return err
		}},
		{"PutObjectTagging", on("s3:PutObjectTagging", obj), func(ctx context.Context, c *s3.Client) error {
			_, err := c.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: b, Key: k, Tagging: &types.Tagging{TagSet: []types.Tag{}}})
			return err
		}},
		{"CreateMultipartUpload", on("s3:PutObject", obj), func(ctx context.Context, c *s3.Client) error {
			_, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k})
			return err
		}},
		{"ListMultipartUploads", on("s3:ListBucketMultipartUploads", bucket), func(ctx context.Context, c *s3.Client) error {
			_, err := c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: b})
			return err
		}},
		{"PutBucketVersioning", on("s3:PutBucketVersioning", bucket), func(ctx context.Context, c *s3.Client) error {
			_, err := c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: b, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended}})
			return err
		}},
		{"GetBucketLocation", on("s3:GetBucketLocation", bucket), func(ctx context.Context, c *s3.Client) error {
			_, err := c.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: b})
			return err
		}},
		{"DeleteObject", on("s3:DeleteObject", obj), func(ctx context.Context, c *s3.Client) error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k})
			return err
		}},
		{"DeleteBucket", on("s3:DeleteBucket", "brand-new"), func(ctx context.Context, c *s3.Client) error {
			_, err := c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String("brand-new")})
			return err
		}},
	}
}

// Every operation is decided under its own action and resource; who is denied
// by the decider is denied, and who is allowed can do it.
func TestDecisions(t *testing.T) {
	l, _, ctx := withBucket(t)
	c := l.client(userKey, userSecret)
	allowed := map[string]bool{}
	l.decisions.allowed = func(_ lethe.Principal, action, resource string) bool { return allowed[action+" "+resource] }
	for _, op := range calls() {
		allowed = map[string]bool{}
		if op.name == "DeleteBucket" {
			l.decisions.take()
		}
		err := op.do(ctx, c)
		wantCode(t, err, "AccessDenied", 403, op.name+" of somebody who may do nothing")
		if op.name == "PutObject" && !strings.Contains(err.Error(), user.ARN+" is not authorized to perform: s3:PutObject on resource") {
			t.Errorf("the refusal says %v", err)
		}
		for _, a := range op.asked {
			allowed[a] = true
		}
		l.decisions.take()
		if err := op.do(ctx, c); err != nil {
			t.Errorf("%s with %v allowed: %v (asked about %v)", op.name, op.asked, err, l.decisions.take())
			continue
		}
		var want []string
		for _, a := range op.asked {
			want = append(want, "user "+a)
		}
		if got := l.decisions.take(); !slices.Equal(got, want) {
			t.Errorf("%s asked about %q, want %q", op.name, got, want)
		}
	}
}

// Deleting several objects is decided for each.
func TestDeleteSomeOfMany(t *testing.T) {
	l, c, ctx := withBucket(t)
	for _, k := range []string{"mine/1", "theirs/1", "mine/2"} {
		put(t, c, k, "x")
	}
	l.decisions.allowed = func(_ lethe.Principal, action, resource string) bool {
		return action == "s3:DeleteObject" && strings.HasPrefix(resource, lethe.ObjectARN(bucket, "mine/"))
	}
	out, err := l.client(userKey, userSecret).DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: aws.String(bucket), Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: aws.String("mine/1")}, {Key: aws.String("theirs/1")}, {Key: aws.String("mine/2")}}}})
	must(t, err)
	if len(out.Deleted) != 2 || len(out.Errors) != 1 || *out.Errors[0].Code != "AccessDenied" || *out.Errors[0].Key != "theirs/1" {
		t.Errorf("deleted %d, errors %+v", len(out.Deleted), out.Errors)
	}
	if _, err := l.store.Head(ctx, bucket, "theirs/1"); err != nil {
		t.Errorf("theirs is gone: %v", err)
	}
}

// Nothing but the decider lets anybody in: not owning a bucket, and not a policy of it
// by the front end's own reading.
func TestNoOtherWayIn(t *testing.T) {
	l, c, ctx := withBucket(t)
	policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": []string{lethe.BucketARN(bucket), lethe.ObjectARN(bucket, "*")}}}})
	must(t, err)
	_, err = c.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(string(policy))})
	must(t, err)
	got, err := c.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String(bucket)})
	must(t, err)
	if *got.Policy != string(policy) {
		t.Errorf("the bucket's policy is %s", *got.Policy)
	}
	_, err = l.client(userKey, userSecret).GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String(bucket)})
	wantCode(t, err, "AccessDenied", 403, "get a bucket policy") // which allows it, but who decides did not
	put(t, c, "k", "x")
	_, err = l.client(userKey, userSecret).GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("k")})
	wantCode(t, err, "AccessDenied", 403, "get with a bucket policy")
	resp, err := http.Get(l.url + "/" + bucket + "/k")
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("anonymous with a public bucket policy: %s", resp.Status)
	}
	// Who made a bucket has no right in it by that.
	l.decisions.allowed = func(_ lethe.Principal, action, _ string) bool { return action == "s3:CreateBucket" }
	u := l.client(userKey, userSecret)
	_, err = u.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("of-the-user")})
	must(t, err)
	_, err = u.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("of-the-user"), Key: aws.String("k"), Body: strings.NewReader("x")})
	wantCode(t, err, "AccessDenied", 403, "put into one's own bucket")
	// Buckets belong to the account.
	_, err = c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String("of-the-user"), ExpectedBucketOwner: aws.String(lethe.Account)})
	must(t, err)
	acl, err := c.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: aws.String("of-the-user")})
	must(t, err)
	if *acl.Owner.ID != lethe.Account {
		t.Errorf("the bucket's owner is %s", *acl.Owner.ID)
	}
}

// What would silently not happen is refused.
func TestRefusals(t *testing.T) {
	_, c, ctx := withBucket(t)
	for why, op := range map[string]struct {
		in     s3.PutObjectInput
		code   string
		status int
	}{
		"SSE-S3":        {s3.PutObjectInput{ServerSideEncryption: types.ServerSideEncryptionAes256}, "NotImplemented", 501},
		"SSE-KMS":       {s3.PutObjectInput{ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String("k")}, "NotImplemented", 501},
		"append":        {s3.PutObjectInput{WriteOffsetBytes: aws.Int64(1)}, "NotImplemented", 501},
		"storage class": {s3.PutObjectInput{StorageClass: types.StorageClassGlacier}, "InvalidStorageClass", 400},
		"public ACL":    {s3.PutObjectInput{ACL: types.ObjectCannedACLPublicRead}, "AccessControlListNotSupported", 400},
		"grant":         {s3.PutObjectInput{GrantRead: aws.String("id=x")}, "AccessControlListNotSupported", 400},
	} {
		op.in.Bucket, op.in.Key, op.in.Body = aws.String(bucket), aws.String("k"), strings.NewReader("x")
		_, err := c.PutObject(ctx, &op.in)
		wantCode(t, err, op.code, op.status, why)
	}
	_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("k")})
	wantCode(t, err, "NotFound", 404, "head of what was refused")
	_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("k"), Body: strings.NewReader("x"),
		StorageClass: types.StorageClassStandard, ACL: types.ObjectCannedACLBucketOwnerFullControl})
	must(t, err)
}
