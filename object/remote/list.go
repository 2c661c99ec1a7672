package remote

import (
	"context"
	"maps"
	"net/url"
	"strings"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// page is how many entries S3 returns at most.
const page = 1000

func sameETag(a, b string) bool { return strings.Trim(a, `"`) == strings.Trim(b, `"`) }

func lower(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	l := make(map[string]string, len(m))
	for k, v := range maps.All(m) {
		l[strings.ToLower(k)] = v
	}
	return l
}

// decoded undoes the encoding of a key in a listing. It is asked for because XML
// has no control characters; a store that knows no encoding says so by silence.
func decoded(t types.EncodingType, p *string) string {
	key := aws.ToString(p)
	if t == types.EncodingTypeUrl {
		if k, err := url.QueryUnescape(key); err == nil {
			return k
		}
	}
	return key
}

// Buckets returns all buckets that the credentials may list, by name.
func (s *Store) Buckets(ctx context.Context) (list []object.Bucket, err error) {
	in := &s3.ListBucketsInput{}
	for {
		out, err := s.client.ListBuckets(ctx, in)
		if err != nil {
			return nil, s.fail(ctx, err, "", "")
		}
		for _, b := range out.Buckets {
			list = append(list, object.Bucket{Name: aws.ToString(b.Name), Created: aws.ToTime(b.CreationDate)})
		}
		if in.ContinuationToken = out.ContinuationToken; aws.ToString(in.ContinuationToken) == "" {
			return list, nil
		}
	}
}

// CreateBucket makes a bucket in the store's region.
func (s *Store) CreateBucket(ctx context.Context, name string) error {
	if err := object.CheckBucket(name); err != nil {
		return err
	}
	in := &s3.CreateBucketInput{Bucket: &name}
	if r := s.client.Options().Region; r != "" && r != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(r)}
	}
	_, err := s.client.CreateBucket(ctx, in)
	return s.fail(ctx, err, name, "")
}

// DeleteBucket deletes an empty bucket.
func (s *Store) DeleteBucket(ctx context.Context, name string) error {
	if err := object.CheckBucket(name); err != nil {
		return lethe.Errorf(lethe.NotFound, "there is no bucket %q", name)
	}
	_, err := s.client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &name})
	return s.fail(ctx, err, name, "")
}

// List returns one page, of any limit, in as many requests as that takes.
func (s *Store) List(ctx context.Context, bucket string, o object.ListOptions) (l object.Listing, err error) {
	if o.Limit < 0 {
		return l, lethe.Errorf(lethe.Invalid, "a listing cannot have %d entries", o.Limit)
	}
	if o.Limit == 0 {
		o.Limit = page
	}
	if err := object.CheckBucket(bucket); err != nil {
		return l, lethe.Errorf(lethe.NotFound, "there is no bucket %q", bucket)
	}
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: some(o.Prefix), Delimiter: some(o.Delimiter), StartAfter: some(o.After), EncodingType: types.EncodingTypeUrl}
	for {
		left := o.Limit - len(l.Objects) - len(l.Prefixes)
		in.MaxKeys = aws.Int32(int32(min(page, left)))
		out, err := s.client.ListObjectsV2(ctx, in)
		if err != nil {
			return l, s.fail(ctx, err, bucket, "")
		}
		var last string // of this answer
		for _, c := range out.Contents {
			key := decoded(out.EncodingType, c.Key)
			l.Objects = append(l.Objects, object.Object{Bucket: bucket, Key: key, Size: aws.ToInt64(c.Size), ETag: aws.ToString(c.ETag), Modified: aws.ToTime(c.LastModified)})
			last = max(last, key)
		}
		for _, c := range out.CommonPrefixes {
			// What lies below the prefix that the listing begins after is no new entry.
			if p := decoded(out.EncodingType, c.Prefix); p != o.After {
				l.Prefixes = append(l.Prefixes, p)
				last = max(last, p)
			}
		}
		if !aws.ToBool(out.IsTruncated) {
			return l, nil
		}
		if len(l.Objects)+len(l.Prefixes) >= o.Limit {
			l.Next = last
			return l, nil
		}
		if in.ContinuationToken = out.NextContinuationToken; aws.ToString(in.ContinuationToken) == "" {
			return l, lethe.Errorf(lethe.Internal, "%s lists a part of bucket %s and does not say how to go on", s, bucket)
		}
		in.StartAfter = nil
	}
}
