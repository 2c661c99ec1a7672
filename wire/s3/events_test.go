package s3_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe/event"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Each operation tells what it did in Amazon's words, and who asked.
func TestEvents(t *testing.T) {
	l, c, ctx := withBucket(t)
	b := aws.String(bucket)
	_, err := c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: b, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	must(t, err)
	first := put(t, c, "k", "x")
	_, err = c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("copy"), CopySource: aws.String(bucket + "/k")})
	must(t, err)
	up, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: aws.String("big")})
	must(t, err)
	part, err := c.UploadPart(ctx, &s3.UploadPartInput{Bucket: b, Key: aws.String("big"), UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("part")})
	must(t, err)
	_, err = c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: b, Key: aws.String("big"), UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}}})
	must(t, err)
	must(t, post(t, l, c, "posted", "form"))
	_, err = c.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: b, Key: aws.String("k"), Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}})
	must(t, err)
	_, err = c.DeleteObjectTagging(ctx, &s3.DeleteObjectTaggingInput{Bucket: b, Key: aws.String("k")})
	must(t, err)
	_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: aws.String("k")})
	must(t, err)
	_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: aws.String("k"), VersionId: first.VersionId})
	must(t, err)
	_, err = c.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("copy")}}}})
	must(t, err)

	var got, sequence []string
	must(t, l.store.Outbox(0, func(_ uint64, e event.Event) error {
		got = append(got, e.Name+" "+e.Key+" "+fmt.Sprint(e.Size))
		sequence = append(sequence, e.Sequencer)
		if e.Principal != admin.ARN || e.RequestID == "" || e.SourceIP == "" || e.Version == "" {
			t.Errorf("%+v does not say who asked, or for which version", e)
		}
		return nil
	}))
	want := []string{"ObjectCreated:Put k 1", "ObjectCreated:Copy copy 1", "ObjectCreated:CompleteMultipartUpload big 4", "ObjectCreated:Post posted 4",
		"ObjectTagging:Put k 1", "ObjectTagging:Delete k 1", "ObjectRemoved:DeleteMarkerCreated k 0", "ObjectRemoved:Delete k 0", "ObjectRemoved:DeleteMarkerCreated copy 0"}
	if !slices.Equal(got, want) || !slices.IsSorted(sequence) {
		t.Errorf("events %q with %q, want %q", got, sequence, want)
	}
}

// post uploads as a browser's form does.
func post(t *testing.T, l *lake, c *s3.Client, key, body string, more ...string) error {
	t.Helper()
	p, err := s3.NewPresignClient(c).PresignPostObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key},
		func(o *s3.PresignPostOptions) {
			o.Expires = time.Minute
			for i := 0; i < len(more); i += 2 {
				o.Conditions = append(o.Conditions, []any{"eq", "$" + more[i], more[i+1]})
			}
		})
	must(t, err)
	for i := 0; i < len(more); i += 2 {
		p.Values[more[i]] = more[i+1]
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for k, v := range p.Values {
		must(t, w.WriteField(k, v))
	}
	f, err := w.CreateFormFile("file", "f")
	must(t, err)
	fmt.Fprint(f, body)
	must(t, w.Close())
	resp, err := http.Post(p.URL, w.FormDataContentType(), &form)
	must(t, err)
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		b, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("%s %s", resp.Status, b)
	}
	return nil
}
