package s3

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
)

// Elsewhere returns a backend that says of buckets in other stores where they
// are, and lets nobody make one of their names. where returns the name of a
// bucket's store, "" if the bucket is, or would be, in b.
//
// Requests for such a bucket are not handed on: the store would see lethe's
// credentials whoever asks, and every byte would go through one machine more.
// Queries and ingests read these buckets, S3's clients ask the store itself.
func Elsewhere(b backend.Backend, where func(bucket string) string) backend.Backend {
	return elsewhere{b, where}
}

type elsewhere struct {
	backend.Backend
	where func(bucket string) string
}

// refuse answers NoSuchBucket for a bucket in another store. A redirect would
// not do: clients repeat it with a signature for the other host only if it is
// Amazon's.
func (e elsewhere) refuse(bucket *string) error {
	if bucket == nil {
		return nil
	}
	store := e.where(*bucket)
	if store == "" {
		return nil
	}
	return s3err.APIError{Code: "NoSuchBucket", HTTPStatusCode: http.StatusNotFound,
		Description: "The bucket " + *bucket + " is not in this lake but in the store " + store + ", which serves its objects. Queries read it from there."}
}

// GetBucketAcl is what the front end asks first about the bucket of any request.
func (e elsewhere) GetBucketAcl(ctx context.Context, in *s3.GetBucketAclInput) ([]byte, error) {
	if err := e.refuse(in.Bucket); err != nil {
		return nil, err
	}
	return e.Backend.GetBucketAcl(ctx, in)
}

func (e elsewhere) HeadBucket(ctx context.Context, in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
	if err := e.refuse(in.Bucket); err != nil {
		return nil, err
	}
	return e.Backend.HeadBucket(ctx, in)
}

func (e elsewhere) CreateBucket(ctx context.Context, in *s3.CreateBucketInput, acl []byte) error {
	if in.Bucket != nil && e.where(*in.Bucket) != "" {
		return s3err.GetBucketErr(s3err.ErrBucketAlreadyExists, *in.Bucket)
	}
	return e.Backend.CreateBucket(ctx, in, acl)
}
