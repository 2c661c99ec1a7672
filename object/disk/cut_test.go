package disk_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"lethe/object"
	"lethe/object/disk"
	"lethe/test/s3server"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A client of S3 that is still downloading when the object is deleted for good
// and the time to wait is over gets an error, and never a body that looks whole.
func TestDeletionCutsDownloads(t *testing.T) {
	ctx, bucket, key := context.Background(), "bucket", "k"
	s := s3server.Start(t, t.TempDir(), disk.Options{NoSync: true, Grace: 50 * time.Millisecond})
	if err := s.Store.CreateBucket(ctx, bucket); err != nil {
		t.Fatal(err)
	}
	// More than all buffers on the way hold.
	body := bytes.Repeat([]byte("lethe"), 20<<20)
	for _, ranged := range []*string{nil, ptr("bytes=5-104857599")} {
		if _, err := s.Store.Put(ctx, bucket, key, bytes.NewReader(body), object.Header{}, object.Condition{}); err != nil {
			t.Fatal(err)
		}
		client := s3server.Client(s.URL)
		got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, Range: ranged})
		if err != nil {
			t.Fatal(err)
		}
		head := make([]byte, 1<<20)
		if _, err := io.ReadFull(got.Body, head); err != nil || !bytes.Equal(head, body[:len(head)]) {
			t.Fatalf("the beginning: %v", err)
		}
		if _, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(got.Body)
		got.Body.Close()
		if err == nil || errors.Is(err, io.EOF) {
			t.Errorf("the download ended with %v after %d bytes", err, len(head)+len(rest))
		}
		if !bytes.Equal(rest, body[len(head):][:len(rest)]) {
			t.Error("other bytes came")
		}
	}
}

func ptr[T any](v T) *T { return &v }
