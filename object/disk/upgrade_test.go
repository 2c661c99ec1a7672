package disk

import (
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/cockroachdb/pebble/v2"
)

// downgrade writes an index as format 1 had it; of its versions every nth stays
// as it is, as if a crash had ended an upgrade.
func downgrade(t *testing.T, nth int) func(db *pebble.DB) error {
	return func(db *pebble.DB) error {
		it, err := db.NewIter(nil)
		must(t, err)
		defer it.Close()
		n := 0
		for ok := it.First(); ok; ok = it.Next() {
			switch it.Key()[0] {
			case tabVersion:
				v, err := decodeVersion(it.Key(), it.Value())
				must(t, err)
				old, err := json.Marshal(v)
				must(t, err)
				if n++; nth == 0 || n%nth != 0 {
					must(t, db.Set(it.Key(), old, pebble.NoSync))
				}
			case tabNull:
				must(t, db.Delete(it.Key(), pebble.NoSync))
			}
		}
		return db.Set(tableKey(tabFormat), encode(1), pebble.Sync)
	}
}

// An index of format 1 opens, also after an upgrade that a crash ended, and
// everything in it is found again.
func TestUpgrade(t *testing.T) {
	for _, nth := range []int{0, 2, 3} {
		t.Run(fmt.Sprint(nth), func(t *testing.T) {
			dir := t.TempDir()
			s, err := Open(dir, Options{NoSync: true})
			must(t, err)
			must(t, s.CreateBucket(ctx, testBucket))
			put(t, s, "never versioned", "data")
			put(t, s, "k", "null")
			multipart(t, s, "parts", "one", "two")
			g, bucket := s.Gateway(), testBucket
			must(t, g.PutBucketVersioning(ctx, bucket, types.BucketVersioningStatusEnabled))
			for i := range 5 {
				put(t, s, "k", fmt.Sprint(i))
			}
			must(t, s.index.close(downgrade(t, nth)))

			s = open(t, dir, Options{NoSync: true})
			g = s.Gateway()
			for key, want := range map[string]string{"never versioned": "data", "k": "4", "parts": "onetwo"} {
				if got := read(t, s, key); got != want {
					t.Errorf("%s holds %q, want %q", key, got, want)
				}
			}
			out, err := g.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: ptr("k"), VersionId: ptr("null")})
			must(t, err)
			b, err := io.ReadAll(out.Body)
			must(t, err)
			must(t, out.Body.Close())
			if string(b) != "null" {
				t.Errorf("version null holds %q", b)
			}
			var have int
			if _, err := s.index.get(tableKey(tabFormat), &have); err != nil || have != formatVersion {
				t.Errorf("format %d, %v", have, err)
			}
		})
	}
}

// The version "null" is found without reading the versions above it.
func TestNullIsFoundAtOnce(t *testing.T) {
	s := withBucket(t, Options{})
	g, bucket, key := s.Gateway(), testBucket, ptr("k")
	put(t, s, "k", "null")
	must(t, g.PutBucketVersioning(ctx, bucket, types.BucketVersioningStatusEnabled))
	var ids []string
	for i := range 300 {
		ids = append(ids, put(t, s, "k", fmt.Sprint(i)).Version)
	}
	// Records between that cannot be read would stop a search.
	for _, id := range ids[:len(ids)-1] {
		v, err := s.find(bucket, "k", id)
		must(t, err)
		must(t, s.index.db.Set(versionKey(bucket, "k", v.id), []byte{0xFF}, pebble.NoSync))
		defer func() { must(t, s.index.db.Set(versionKey(bucket, "k", v.id), encode(v), pebble.NoSync)) }()
	}
	v, err := s.nullOf(bucket, "k")
	must(t, err)
	if v == nil || !v.Null || v.Size != 4 {
		t.Fatalf("null is %+v", v)
	}
	// It goes, and comes again as the newest.
	_, err = g.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: key, VersionId: ptr("null")})
	must(t, err)
	if v, err := s.nullOf(bucket, "k"); err != nil || v != nil {
		t.Errorf("after its deletion null is %+v, %v", v, err)
	}
	must(t, g.PutBucketVersioning(ctx, bucket, types.BucketVersioningStatusSuspended))
	put(t, s, "k", "again")
	must(t, g.PutBucketVersioning(ctx, bucket, types.BucketVersioningStatusEnabled))
	put(t, s, "k", "above")
	if v, err = s.nullOf(bucket, "k"); err != nil || v == nil || v.Size != 5 {
		t.Errorf("null is %+v, %v", v, err)
	}
	// A marker can be null, too.
	must(t, g.PutBucketVersioning(ctx, bucket, types.BucketVersioningStatusSuspended))
	must(t, s.Delete(ctx, bucket, "k", object.Condition{}))
	must(t, g.PutBucketVersioning(ctx, bucket, types.BucketVersioningStatusEnabled))
	put(t, s, "k", "above again")
	if v, err = s.nullOf(bucket, "k"); err != nil || v == nil || !v.Marker {
		t.Errorf("null is %+v, %v", v, err)
	}
}
