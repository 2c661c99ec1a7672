package remote

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Describe says all that the store knows about a version.
func (s *Store) Describe(ctx context.Context, bucket, key, id string) (object.Details, error) {
	h, err := s.head(ctx, bucket, key, id)
	if err != nil {
		return object.Details{}, err
	}
	d := object.Details{Object: described(bucket, key, h)}
	if d.Tags, err = s.tags(ctx, bucket, key, h); err != nil {
		return d, err
	}
	d.Lock = object.Lock{Mode: string(h.ObjectLockMode), Until: aws.ToTime(h.ObjectLockRetainUntilDate), Hold: h.ObjectLockLegalHoldStatus == types.ObjectLockLegalHoldStatusOn}
	return d, nil
}

// DeleteVersion removes a version or a delete marker for good.
func (s *Store) DeleteVersion(ctx context.Context, bucket, key, id string) error {
	if id == "" {
		return lethe.Errorf(lethe.Invalid, "a version to delete needs an id")
	}
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key, VersionId: &id})
	switch c, status := code(err); {
	case c != "NoSuchBucket" && (status == http.StatusNotFound || status == http.StatusBadRequest):
		return nil // there is none, or the id is none
	case status == http.StatusForbidden:
		if h, herr := s.head(ctx, bucket, key, id); herr == nil && (h.ObjectLockMode != "" || h.ObjectLockLegalHoldStatus == types.ObjectLockLegalHoldStatusOn) {
			return lethe.Errorf(lethe.Denied, "version %s of s3://%s/%s is kept by a retention or a legal hold: %w", id, bucket, key, err)
		}
	}
	return s.fail(ctx, err, bucket, key)
}

// ListVersions returns one page of versions and delete markers.
func (s *Store) ListVersions(ctx context.Context, bucket string, o object.VersionOptions) (l object.VersionListing, err error) {
	if o.Limit < 0 {
		return l, lethe.Errorf(lethe.Invalid, "a listing cannot have %d entries", o.Limit)
	}
	if o.Limit == 0 {
		o.Limit = page
	}
	if err := object.CheckBucket(bucket); err != nil {
		return l, lethe.Errorf(lethe.NotFound, "there is no bucket %q", bucket)
	}
	in := &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: some(o.Prefix), KeyMarker: some(o.After.Key), VersionIdMarker: some(o.After.Version), EncodingType: types.EncodingTypeUrl}
	// Some stores (versitygw 1.8) repeat the last entry of a page on the next,
	// and so make no progress by pages of one.
	seen := map[object.VersionMark]bool{o.After: true}
	for more := 0; ; {
		in.MaxKeys = aws.Int32(int32(min(page, o.Limit-len(l.Versions)+more)))
		out, err := s.client.ListObjectVersions(ctx, in)
		if err != nil {
			return l, s.fail(ctx, err, bucket, "")
		}
		var got []object.Version
		for _, v := range out.Versions {
			got = append(got, object.Version{Latest: aws.ToBool(v.IsLatest), Object: object.Object{Bucket: bucket, Key: decoded(out.EncodingType, v.Key),
				Version: versionName(v.VersionId), Size: aws.ToInt64(v.Size), ETag: aws.ToString(v.ETag), Modified: aws.ToTime(v.LastModified)}})
		}
		for _, v := range out.DeleteMarkers {
			got = append(got, object.Version{Latest: aws.ToBool(v.IsLatest), Marker: true, Object: object.Object{Bucket: bucket, Key: decoded(out.EncodingType, v.Key),
				Version: versionName(v.VersionId), Modified: aws.ToTime(v.LastModified)}})
		}
		// The SDK parts versions from markers; their order among each other is
		// that of time, the latest first.
		slices.SortStableFunc(got, func(a, b object.Version) int {
			return cmp.Or(cmp.Compare(a.Key, b.Key), latest(b)-latest(a), b.Modified.Compare(a.Modified))
		})
		before := len(l.Versions)
		for _, v := range got {
			m := object.VersionMark{Key: v.Key, Version: v.Version}
			if seen[m] {
				continue
			}
			if len(l.Versions) == o.Limit { // an entry too many was asked for
				last := l.Versions[o.Limit-1]
				l.Next = object.VersionMark{Key: last.Key, Version: last.Version}
				return l, nil
			}
			seen[m] = true
			l.Versions = append(l.Versions, v)
		}
		if !aws.ToBool(out.IsTruncated) {
			return l, nil
		}
		if len(l.Versions) == before {
			if *in.MaxKeys == page {
				return l, lethe.Errorf(lethe.Internal, "%s lists the versions in bucket %s and does not get on", s, bucket)
			}
			more = 2*more + 1
		}
		next := object.VersionMark{Key: decoded(out.EncodingType, out.NextKeyMarker), Version: aws.ToString(out.NextVersionIdMarker)}
		if next.Key == "" {
			return l, lethe.Errorf(lethe.Internal, "%s lists a part of the versions in bucket %s and does not say how to go on", s, bucket)
		}
		if len(l.Versions) == o.Limit {
			l.Next = next
			return l, nil
		}
		in.KeyMarker, in.VersionIdMarker = &next.Key, some(next.Version)
	}
}

func latest(v object.Version) int {
	if v.Latest {
		return 1
	}
	return 0
}

// versionName is a version's id in a history, where it is never empty.
func versionName(id *string) string { return cmp.Or(aws.ToString(id), object.NullVersion) }
