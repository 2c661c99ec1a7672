package s3_test

import (
	"slices"
	"strings"
	"testing"

	"lethe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// A form is decided about its key, a copy about the version that it copies.
func TestDecidedAboutTheVeryResource(t *testing.T) {
	l, c, ctx := withBucket(t)
	b := aws.String(bucket)
	_, err := c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: b, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	must(t, err)
	secret := put(t, c, "secret", "old")
	put(t, c, "secret", "new")
	// The user may do everything with the bucket, but nothing with the secret.
	l.decisions.allowed = func(_ lethe.Principal, action, resource string) bool {
		return resource != "arn:aws:s3:::"+bucket+"/secret"
	}
	mallory := l.client(userKey, userSecret)
	_, err = mallory.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("mine"), CopySource: aws.String(bucket + "/secret?versionId=" + *secret.VersionId)})
	wantCode(t, err, "AccessDenied", 403, "a copy of an old version")
	up, err := mallory.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: aws.String("mine")})
	must(t, err)
	_, err = mallory.UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: b, Key: aws.String("mine"), UploadId: up.UploadId, PartNumber: aws.Int32(1), CopySource: aws.String(bucket + "/secret?versionId=" + *secret.VersionId)})
	wantCode(t, err, "AccessDenied", 403, "a part of an old version")
	if err := post(t, l, mallory, "secret", "forged"); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("a form for the secret: %v", err)
	}
	must(t, post(t, l, mallory, "open", "fine"))
	l.decisions.take()
	_, err = c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("copy"), CopySource: aws.String(bucket + "/secret?versionId=" + *secret.VersionId)})
	must(t, err)
	if asked := l.decisions.take(); !slices.Contains(asked, "admin s3:GetObjectVersion arn:aws:s3:::"+bucket+"/secret") {
		t.Errorf("asked %q", asked)
	}
}

// A form asks in its fields.
func TestFormFields(t *testing.T) {
	l, c, _ := withBucket(t)
	for field, want := range map[string]string{
		"x-amz-server-side-encryption AES256": "NotImplemented",
		"x-amz-storage-class GLACIER":         "InvalidStorageClass",
		"acl public-read":                     "AccessControlListNotSupported",
		"x-amz-levitate true":                 "NotImplemented",
	} {
		name, value, _ := strings.Cut(field, " ")
		if err := post(t, l, c, "k", "x", name, value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", field, err, want)
		}
	}
	must(t, post(t, l, c, "k", "x", "acl", "private", "x-amz-meta-a", "b", "success_action_status", "201"))
}
