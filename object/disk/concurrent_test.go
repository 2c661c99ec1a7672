package disk

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3response"
)

// Of 64 writers at once that all expect the same ETag, one wins; of those that
// expect no object, too; at both faces.
func TestOneWinner(t *testing.T) {
	const writers = 64
	s := withBucket(t, Options{})
	g, bucket, key := s.Gateway(), testBucket, "k"
	for round := range 10 {
		etag := strings.Trim(put(t, s, key, fmt.Sprint("round ", round)).ETag, `"`)
		c := object.Condition{IfMatch: etag}
		in := s3response.PutObjectInput{IfMatch: &etag}
		if round%2 == 1 {
			must(t, s.Delete(ctx, bucket, key, object.Condition{}))
			c, in = object.Condition{IfNoneMatch: true}, s3response.PutObjectInput{IfNoneMatch: ptr("*")}
		}
		var won atomic.Int64
		var winner atomic.Value
		start := make(chan struct{})
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				body := fmt.Sprint("writer ", w)
				<-start
				var err error
				if w%2 == 0 {
					_, err = s.Put(ctx, bucket, key, strings.NewReader(body), object.Header{}, c)
				} else {
					in := in
					in.Bucket, in.Key, in.Body = &bucket, &key, strings.NewReader(body)
					_, err = g.PutObject(ctx, in)
				}
				switch {
				case err == nil:
					won.Add(1)
					winner.Store(body)
				case w%2 == 0 && !lethe.Is(err, lethe.Conflict):
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
		if n := won.Load(); n != 1 {
			t.Fatalf("round %d: %d winners", round, n)
		}
		if got := read(t, s, key); got != winner.Load() {
			t.Errorf("%q won, and there is %q", winner.Load(), got)
		}
	}
}

// No version that was answered is lost, whatever puts and deletions meet on a key.
func TestNoVersionIsLost(t *testing.T) {
	s := withBucket(t, Options{})
	g, bucket, key := s.Gateway().(*gateway), testBucket, "k"
	must(t, g.PutBucketVersioning(ctx, bucket, types.BucketVersioningStatusEnabled))
	put(t, s, key, "first") // from here on a deletion always makes a marker
	const workers, ops = 16, 10_000
	var mu sync.Mutex
	answered := map[string]bool{} // id -> a marker
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range ops / workers {
				var id string
				deletes := (w+i)%3 == 0
				if deletes {
					out, err := g.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
					if err != nil {
						t.Error(err)
						return
					}
					id = *out.VersionId
				} else {
					out, err := g.PutObject(ctx, s3response.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")})
					if err != nil {
						t.Error(err)
						return
					}
					id = out.VersionID
				}
				mu.Lock()
				if _, twice := answered[id]; twice {
					t.Errorf("%s was given twice", id)
				}
				answered[id] = deletes
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(answered) != ops {
		t.Fatalf("%d answers", len(answered))
	}
	l, err := g.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket, MaxKeys: ptr(int32(2 * ops))})
	must(t, err)
	for _, v := range l.Versions {
		if marker, ok := answered[*v.VersionId]; ok && !marker {
			delete(answered, *v.VersionId)
		}
	}
	for _, m := range l.DeleteMarkers {
		if answered[*m.VersionId] {
			delete(answered, *m.VersionId)
		}
	}
	if len(answered) > 0 || len(l.Versions)+len(l.DeleteMarkers) != ops+1 {
		t.Errorf("%d of %d lost; %d versions and %d markers are there", len(answered), ops, len(l.Versions), len(l.DeleteMarkers))
	}
}
