package remote

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// header is all that a writer says about an object. S3 keeps none of it over a
// replacement, so a splice sends it again.
type header struct {
	contentType, encoding, disposition, language, cacheControl, redirect *string

	expires  *time.Time
	metadata map[string]string
	tags     *string // as a query

	mode  types.ObjectLockMode
	until *time.Time
	hold  types.ObjectLockLegalHoldStatus

	class      types.StorageClass
	encryption types.ServerSideEncryption
	kmsKey     *string
	bucketKey  *bool

	// hasCRC32 says that the object to be spliced has a CRC32. Then its parts get
	// another checksum, because versitygw (1.8) gives a copied range the checksum
	// of the whole source if both are of one kind.
	hasCRC32 bool
}

func headerOf(h object.Header) header {
	return header{contentType: some(h.ContentType), metadata: h.Metadata}
}

// headerFrom is the header of a version that is there.
func (s *Store) headerFrom(ctx context.Context, bucket, key string, h *s3.HeadObjectOutput) (header, error) {
	x := header{contentType: h.ContentType, encoding: h.ContentEncoding, disposition: h.ContentDisposition, language: h.ContentLanguage,
		cacheControl: h.CacheControl, redirect: h.WebsiteRedirectLocation, metadata: h.Metadata,
		mode: h.ObjectLockMode, until: h.ObjectLockRetainUntilDate, hold: h.ObjectLockLegalHoldStatus,
		class: h.StorageClass, encryption: h.ServerSideEncryption, kmsKey: h.SSEKMSKeyId, bucketKey: h.BucketKeyEnabled, hasCRC32: h.ChecksumCRC32 != nil}
	if h.SSECustomerAlgorithm != nil {
		return x, lethe.Errorf(lethe.Unsupported, "s3://%s/%s is encrypted with a key of its writer, which lethe does not have", bucket, key)
	}
	if e := aws.ToString(h.ExpiresString); e != "" {
		t, err := http.ParseTime(e)
		if err != nil {
			return x, lethe.Errorf(lethe.Unsupported, "s3://%s/%s has the header Expires: %q, which is no date and cannot be written again", bucket, key, e).
				WithHint("copy the object onto itself without that header")
		}
		x.expires = &t
	}
	if x.until != nil && !x.until.After(time.Now()) { // S3 takes none that has passed
		x.mode, x.until = "", nil
	}
	tags, err := s.tags(ctx, bucket, key, h)
	if err != nil {
		return x, err
	}
	if len(tags) > 0 {
		q := url.Values{}
		for k, v := range tags {
			q.Set(k, v)
		}
		x.tags = aws.String(q.Encode())
	}
	return x, nil
}

// tags returns the tags of the version that h is of.
func (s *Store) tags(ctx context.Context, bucket, key string, h *s3.HeadObjectOutput) (map[string]string, error) {
	if h.TagCount != nil && *h.TagCount == 0 {
		return nil, nil
	}
	out, err := s.client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &bucket, Key: &key, VersionId: h.VersionId})
	if h.TagCount == nil {
		// Many say nothing in the header where there are none; and where the
		// store has no tags at all, or the object none, that is an error here.
		if c, status := code(err); status == http.StatusNotImplemented || c == "NoSuchTagSet" {
			return nil, nil
		}
	}
	if err != nil {
		return nil, s.fail(ctx, err, bucket, key)
	}
	tags := map[string]string{}
	for _, t := range out.TagSet {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags, nil
}

func (h header) put(in *s3.PutObjectInput) *s3.PutObjectInput {
	in.ContentType, in.ContentEncoding, in.ContentDisposition, in.ContentLanguage = h.contentType, h.encoding, h.disposition, h.language
	in.CacheControl, in.WebsiteRedirectLocation, in.Expires, in.Metadata, in.Tagging = h.cacheControl, h.redirect, h.expires, h.metadata, h.tags
	in.ObjectLockMode, in.ObjectLockRetainUntilDate, in.ObjectLockLegalHoldStatus = h.mode, h.until, h.hold
	in.StorageClass, in.ServerSideEncryption, in.SSEKMSKeyId, in.BucketKeyEnabled = h.class, h.encryption, h.kmsKey, h.bucketKey
	return in
}

func (h header) begin(in *s3.CreateMultipartUploadInput) *s3.CreateMultipartUploadInput {
	in.ContentType, in.ContentEncoding, in.ContentDisposition, in.ContentLanguage = h.contentType, h.encoding, h.disposition, h.language
	in.CacheControl, in.WebsiteRedirectLocation, in.Expires, in.Metadata, in.Tagging = h.cacheControl, h.redirect, h.expires, h.metadata, h.tags
	in.ObjectLockMode, in.ObjectLockRetainUntilDate, in.ObjectLockLegalHoldStatus = h.mode, h.until, h.hold
	in.StorageClass, in.ServerSideEncryption, in.SSEKMSKeyId, in.BucketKeyEnabled = h.class, h.encryption, h.kmsKey, h.bucketKey
	return in
}
