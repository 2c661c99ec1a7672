package objecttest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func versioning(t *testing.T, s *under, status types.BucketVersioningStatus) {
	t.Helper()
	_, err := s.admin(t).PutBucketVersioning(context.Background(), &s3.PutBucketVersioningInput{Bucket: aws.String(bucket),
		VersioningConfiguration: &types.VersioningConfiguration{Status: status}})
	must(t, err)
}

func getVersion(t *testing.T, s *under, key, version string) []byte {
	t.Helper()
	r, o, err := s.OpenVersion(context.Background(), bucket, key, version, 0, -1)
	must(t, err)
	defer r.Close()
	b, err := io.ReadAll(r)
	must(t, err)
	if o.Version != version || o.Key != key || o.Size != int64(len(b)) {
		t.Errorf("version %s is described as %+v", version, o)
	}
	return b
}

func allVersions(t *testing.T, s *under, prefix string) (list []object.Version) {
	t.Helper()
	for v, err := range object.AllVersions(context.Background(), s, bucket, prefix) {
		must(t, err)
		list = append(list, v)
	}
	return list
}

func testVersions(t *testing.T, s *under) {
	ctx := prepare(t, s)
	versioning(t, s, types.BucketVersioningStatusEnabled)
	one, two := put(t, s, "k", []byte("one")), put(t, s, "k", []byte("two, longer"))
	put(t, s, "other", []byte("x"))
	if one.Version == "" || one.Version == two.Version {
		t.Fatalf("versions %q and %q", one.Version, two.Version)
	}
	must(t, s.Delete(ctx, bucket, "k", object.Condition{}))
	must(t, s.Delete(ctx, bucket, "k", object.Condition{}))
	list := allVersions(t, s, "k")
	var markers []string
	for len(list) > 0 && list[0].Marker {
		markers = append(markers, list[0].Version)
		if list[0].Key != "k" || list[0].Size != 0 || list[0].Latest != (len(markers) == 1) {
			t.Errorf("a marker is listed as %+v", list[0])
		}
		list = list[1:]
	}
	if len(markers) == 0 || len(list) != 2 || list[0].Version != two.Version || list[0].Size != 11 || list[0].ETag != two.ETag || list[0].Latest ||
		list[1].Version != one.Version || list[1].Size != 3 || list[1].Marker {
		t.Fatalf("%d markers, then %+v", len(markers), list)
	}
	if n := len(allVersions(t, s, "")); n != len(markers)+3 {
		t.Errorf("%d entries in the bucket", n)
	}
	if got := string(getVersion(t, s, "k", one.Version)); got != "one" {
		t.Errorf("the old version holds %q", got)
	}
	r, _, err := s.OpenVersion(ctx, bucket, "k", two.Version, 5, 3)
	must(t, err)
	b, err := io.ReadAll(r)
	must(t, err)
	must(t, r.Close())
	if string(b) != "lon" {
		t.Errorf("a range of a version holds %q", b)
	}
	d, err := s.Describe(ctx, bucket, "k", one.Version)
	must(t, err)
	if d.Version != one.Version || d.Size != 3 || d.Lock != (object.Lock{}) || len(d.Tags) != 0 {
		t.Errorf("described as %+v", d)
	}
	for _, id := range []string{"", markers[0], "no-such-version", "01ARZ3NDEKTSV4RRFFQ69G5FAV"} {
		_, err := s.Describe(ctx, bucket, "k", id)
		wantKind(t, err, lethe.NotFound, fmt.Sprintf("describe version %q", id))
		_, _, err = s.OpenVersion(ctx, bucket, "k", id, 0, -1)
		wantKind(t, err, lethe.NotFound, fmt.Sprintf("open version %q", id))
	}
	wantKind(t, s.DeleteVersion(ctx, bucket, "k", ""), lethe.Invalid, "delete a version without a name")
	wantKind(t, s.DeleteVersion(ctx, "no-such-bucket", "k", one.Version), lethe.NotFound, "delete a version in a missing bucket")
	_, err = s.ListVersions(ctx, "no-such-bucket", object.VersionOptions{})
	wantKind(t, err, lethe.NotFound, "list versions of a missing bucket")
	for _, m := range markers {
		must(t, s.DeleteVersion(ctx, bucket, "k", m))
	}
	if got, _ := get(t, s, "k"); string(got) != "two, longer" {
		t.Errorf("without its markers the object holds %q", got)
	}
	must(t, s.DeleteVersion(ctx, bucket, "k", two.Version))
	must(t, s.DeleteVersion(ctx, bucket, "k", two.Version)) // again
	if got, _ := get(t, s, "k"); string(got) != "one" {
		t.Errorf("without its newest version the object holds %q", got)
	}
	must(t, s.DeleteVersion(ctx, bucket, "k", one.Version))
	if l := allVersions(t, s, "k"); len(l) != 0 {
		t.Errorf("left: %+v", l)
	}
	if _, ok := get(t, s, "other"); !ok {
		t.Error("the other object is gone")
	}
}

func testVersionPages(t *testing.T, s *under) {
	ctx := prepare(t, s)
	versioning(t, s, types.BucketVersioningStatusEnabled)
	var want []string
	keys := s.keys(t, []string{"a", "a-b", "a.c", "a/", "a/1", "a/2", "a0", "b//c", "ä"})
	if s.suite.Far {
		keys = slices.DeleteFunc(keys, func(k string) bool { return len(k) > 3 })
	}
	slices.Sort(keys)
	for _, k := range keys {
		var of []string
		for i := range 3 {
			if i == 1 {
				must(t, s.Delete(ctx, bucket, k, object.Condition{}))
				of = append(of, k+" marker")
				continue
			}
			of = append(of, k+" "+put(t, s, k, []byte{byte(i)}).Version)
		}
		slices.Reverse(of)
		want = append(want, of...)
	}
	for _, limit := range []int{1, 2, 4, 1000} {
		var got []string
		o := object.VersionOptions{Limit: limit}
		for range len(want) + 2 {
			l, err := s.ListVersions(ctx, bucket, o)
			must(t, err)
			for _, v := range l.Versions {
				name := v.Version
				if v.Marker {
					name = "marker"
				}
				got = append(got, v.Key+" "+name)
			}
			if o.After = l.Next; o.After == (object.VersionMark{}) {
				break
			}
			if limit < 1000 && len(l.Versions) != limit {
				t.Errorf("a page of %d entries, not %d", len(l.Versions), limit)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d:\n got %q\nwant %q", limit, got, want)
		}
	}
}

// testNullVersion: what was written before there were versions, and while they
// are suspended, is the version "null".
func testNullVersion(t *testing.T, s *under) {
	ctx := prepare(t, s)
	before := put(t, s, "k", []byte("before"))
	if before.Version != "" {
		t.Errorf("without versions there is version %q", before.Version)
	}
	l := allVersions(t, s, "")
	if len(l) != 1 || l[0].Version != object.NullVersion || !l[0].Latest {
		t.Errorf("without versions the history is %+v", l)
	}
	versioning(t, s, types.BucketVersioningStatusEnabled)
	during := put(t, s, "k", []byte("during"))
	r, _, err := s.OpenVersion(ctx, bucket, "k", object.NullVersion, 0, -1)
	must(t, err)
	b, err := io.ReadAll(r)
	must(t, err)
	must(t, r.Close())
	if string(b) != "before" {
		t.Errorf("version null holds %q", b)
	}
	versioning(t, s, types.BucketVersioningStatusSuspended)
	put(t, s, "k", []byte("after"))
	l = allVersions(t, s, "")
	if len(l) != 2 || l[0].Version != object.NullVersion || l[1].Version != during.Version {
		t.Errorf("the history is %+v", l)
	}
	must(t, s.DeleteVersion(ctx, bucket, "k", object.NullVersion))
	if got, _ := get(t, s, "k"); string(got) != "during" {
		t.Errorf("without version null it holds %q", got)
	}
}

func testLocks(t *testing.T, s *under) {
	ctx := context.Background()
	client := s.admin(t)
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket), ObjectLockEnabledForBucket: aws.Bool(true)})
	must(t, err)
	held, kept, free := put(t, s, "held", []byte("x")), put(t, s, "kept", []byte("x")), put(t, s, "free", []byte("x"))
	hold := func(on types.ObjectLockLegalHoldStatus) {
		_, err := client.PutObjectLegalHold(ctx, &s3.PutObjectLegalHoldInput{Bucket: aws.String(bucket), Key: aws.String("held"), VersionId: &held.Version,
			LegalHold: &types.ObjectLockLegalHold{Status: on}})
		must(t, err)
	}
	hold(types.ObjectLockLegalHoldStatusOn)
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	_, err = client.PutObjectRetention(ctx, &s3.PutObjectRetentionInput{Bucket: aws.String(bucket), Key: aws.String("kept"), VersionId: &kept.Version,
		Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeGovernance, RetainUntilDate: &until}})
	must(t, err)
	for _, c := range []struct {
		o    object.Object
		want object.Lock
	}{{held, object.Lock{Hold: true}}, {kept, object.Lock{Mode: "GOVERNANCE", Until: until}}, {free, object.Lock{}}} {
		d, err := s.Describe(ctx, bucket, c.o.Key, c.o.Version)
		must(t, err)
		if l := d.Lock; l.Hold != c.want.Hold || l.Mode != c.want.Mode || !l.Until.Equal(c.want.Until) {
			t.Errorf("%s: lock %+v, want %+v", c.o.Key, l, c.want)
		}
		if d.Lock.Holds(time.Now()) != (c.o.Key != "free") {
			t.Errorf("%s: lock %+v", c.o.Key, d.Lock)
		}
		err = s.DeleteVersion(ctx, bucket, c.o.Key, c.o.Version)
		if c.o.Key == "free" {
			must(t, err)
			continue
		}
		wantKind(t, err, lethe.Denied, "delete a version that is "+c.o.Key)
		if got := string(getVersion(t, s, c.o.Key, c.o.Version)); got != "x" {
			t.Errorf("%s holds %q", c.o.Key, got)
		}
	}
	must(t, s.Delete(ctx, bucket, "held", object.Condition{})) // by a marker: nothing is lost
	hold(types.ObjectLockLegalHoldStatusOff)
	must(t, s.DeleteVersion(ctx, bucket, "held", held.Version))
}

func testUploads(t *testing.T, s *under) {
	ctx := prepare(t, s)
	client := s.admin(t)
	var ids []string
	for _, key := range []string{"a/1", "a/1", "a/2", "b"} {
		u, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: &key})
		must(t, err)
		ids = append(ids, *u.UploadId)
		_, err = client.UploadPart(ctx, &s3.UploadPartInput{Bucket: aws.String(bucket), Key: &key, UploadId: u.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader([]byte("part"))})
		must(t, err)
	}
	list := func(prefix string) (keys, got []string) {
		for u, err := range s.Uploads(ctx, bucket, prefix) {
			must(t, err)
			keys, got = append(keys, u.Key), append(got, u.ID)
			if d := time.Since(u.Started); d < -time.Hour || d > time.Hour {
				t.Errorf("%s was begun %v ago", u.Key, d)
			}
		}
		return keys, got
	}
	if keys, got := list(""); !slices.Equal(keys, []string{"a/1", "a/1", "a/2", "b"}) || len(got) != 4 {
		t.Errorf("uploads of %q", keys)
	}
	if keys, got := list("a/"); !slices.Equal(keys, []string{"a/1", "a/1", "a/2"}) || !slices.Contains(got, ids[0]) || !slices.Contains(got, ids[1]) || got[2] != ids[2] {
		t.Errorf("uploads below a/: %q", keys)
	}
	must(t, s.AbortUpload(ctx, bucket, "a/1", ids[0]))
	must(t, s.AbortUpload(ctx, bucket, "a/1", ids[0])) // again
	must(t, s.AbortUpload(ctx, bucket, "b", ids[3]))
	if _, got := list(""); !slices.Equal(got, ids[1:3]) {
		t.Errorf("left are %q, want %q", got, ids[1:3])
	}
	wantKind(t, s.AbortUpload(ctx, "no-such-bucket", "k", ids[0]), lethe.NotFound, "abort in a missing bucket")
	for _, err := range s.Uploads(ctx, "no-such-bucket", "") {
		wantKind(t, err, lethe.NotFound, "uploads of a missing bucket")
	}
}
