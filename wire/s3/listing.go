package s3

import (
	"context"

	"lethe"
	"lethe/access"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// The front end decides whether a bucket may be listed. That a listing does not tell
// the names of objects of a table which the principal sees only through its rules is
// decided here, where the prefix and the delimiter are known for certain.

func (g guarded) ListObjects(ctx context.Context, in *s3.ListObjectsInput) (s3response.ListObjectsResult, error) {
	if err := g.askListing(ctx, auth.ListBucketAction, in.Bucket, in.Prefix, in.Delimiter); err != nil {
		return s3response.ListObjectsResult{}, err
	}
	return g.Backend.ListObjects(ctx, in)
}

func (g guarded) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input) (s3response.ListObjectsV2Result, error) {
	if err := g.askListing(ctx, auth.ListBucketAction, in.Bucket, in.Prefix, in.Delimiter); err != nil {
		return s3response.ListObjectsV2Result{}, err
	}
	return g.Backend.ListObjectsV2(ctx, in)
}

func (g guarded) ListObjectVersions(ctx context.Context, in *s3.ListObjectVersionsInput) (s3response.ListVersionsResult, error) {
	if err := g.askListing(ctx, auth.ListBucketVersionsAction, in.Bucket, in.Prefix, in.Delimiter); err != nil {
		return s3response.ListVersionsResult{}, err
	}
	return g.Backend.ListObjectVersions(ctx, in)
}

func (g guarded) ListMultipartUploads(ctx context.Context, in *s3.ListMultipartUploadsInput) (s3response.ListMultipartUploadsResult, error) {
	if err := g.askListing(ctx, auth.ListBucketMultipartUploadsAction, in.Bucket, in.Prefix, in.Delimiter); err != nil {
		return s3response.ListMultipartUploadsResult{}, err
	}
	return g.Backend.ListMultipartUploads(ctx, in)
}

// askListing decides about a listing on behalf of the request's user.
func (g guarded) askListing(ctx context.Context, action auth.Action, bucket, prefix, delimiter *string) error {
	listings, ok := g.users.decider.(access.Listings)
	if !ok {
		return nil
	}
	account, ok := ctx.Value(string(utils.ContextKeyAccount)).(auth.Account)
	if !ok {
		return s3err.GetAPIError(s3err.ErrAccessDenied)
	}
	k, _, err := g.users.find(account.Access)
	if err != nil {
		return s3err.GetAPIError(s3err.ErrAccessDenied)
	}
	err = listings.DecideListing(access.WithRequest(lethe.WithPrincipal(g.users.ctx, k.Principal), g.users.request(nil)), k.Principal, text(bucket), text(prefix), text(delimiter))
	if lethe.Is(err, lethe.Denied) {
		return s3err.GetImplicitDenyAccessErr(k.Principal.ARN, string(action), lethe.BucketARN(text(bucket)))
	}
	return err
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
