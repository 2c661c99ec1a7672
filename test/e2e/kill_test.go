package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"lethe/test/lake"
)

// TestUploadsSurviveAKill writes objects while the server is killed, again and
// again, and then reads all that were acknowledged.
func TestUploadsSurviveAKill(t *testing.T) {
	data := t.TempDir()
	var mu sync.Mutex
	acknowledged, next := map[int]bool{}, 0
	for round := range 4 {
		l := lake.Start(t, data, "serve")
		if round == 0 {
			l.Bucket(t, "kill")
		}
		client := l.S3(t)
		enough := make(chan struct{})
		acks := 0
		var workers sync.WaitGroup
		for range 4 {
			workers.Go(func() {
				for {
					mu.Lock()
					i := next
					next++
					mu.Unlock()
					err := put(client, fmt.Sprintf("k/%d", i), content(i))
					mu.Lock()
					if err == nil {
						acknowledged[i] = true
						if acks++; acks == 60 {
							close(enough)
						}
					}
					mu.Unlock()
					if err != nil {
						return
					}
				}
			})
		}
		<-enough // and now in the middle of the next ones
		l.Kill()
		workers.Wait()
	}
	l := lake.Start(t, data, "serve")
	client := l.S3(t)
	for i := range acknowledged {
		bucket, key := "kill", fmt.Sprintf("k/%d", i)
		got, err := client.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			t.Errorf("object %d was acknowledged and is gone: %v", i, err)
			continue
		}
		body, err := io.ReadAll(got.Body)
		got.Body.Close()
		if err != nil || string(body) != content(i) {
			t.Errorf("object %d has changed (%d bytes, want %d): %v", i, len(body), len(content(i)), err)
		}
	}
	objects := 0
	bucket := "kill"
	for pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket}); pages.HasMorePages(); {
		p, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		objects += len(p.Contents)
	}
	l.Stop(t)
	if blobs := countFiles(t, filepath.Join(data, "objects", "blobs")); blobs != objects {
		t.Errorf("%d blobs for %d objects (%d acknowledged)", blobs, objects, len(acknowledged))
	}
}

func content(i int) string { return strings.Repeat(fmt.Sprintf("object %d.", i), 1+i*7919%3000) }

// put writes an object, trying once.
func put(client *s3.Client, key, body string) error {
	bucket := "kill"
	_, err := client.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)},
		func(o *s3.Options) { o.RetryMaxAttempts = 1 })
	return err
}

func countFiles(t *testing.T, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
