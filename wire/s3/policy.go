package s3

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"lethe"
	"lethe/access"
	"lethe/lib/policy"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
)

// Bucket policies count where everything is decided, in package access, which gets
// them by BucketPolicies. The front end has an evaluator of its own, which knows
// neither boundaries nor sessions: to it there are no policies but when one is to be
// read.

// BucketPolicies returns the policies of a store's buckets for access.Service.
func BucketPolicies(b backend.Backend) access.ResourcePolicies {
	return func(ctx context.Context, resource string) ([]string, error) {
		bucket, _, _ := strings.Cut(strings.TrimPrefix(resource, lethe.BucketARN("")), "/")
		if bucket == "" || strings.ContainsAny(bucket, "*?") {
			return nil, nil // no one bucket
		}
		text, err := b.GetBucketPolicy(ctx, bucket)
		if errors.Is(err, s3err.GetAPIError(s3err.ErrNoSuchBucketPolicy)) || errors.Is(err, s3err.GetAPIError(s3err.ErrNoSuchBucket)) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return []string{string(text)}, nil
	}
}

// PutBucketPolicy keeps a policy that the decider understands.
func (g guarded) PutBucketPolicy(ctx context.Context, bucket string, text []byte) error {
	if _, err := policy.Parse(text, policy.Resource); err != nil {
		return s3err.APIError{Code: "MalformedPolicy", HTTPStatusCode: http.StatusBadRequest, Description: "The policy is not valid: " + err.Error()}
	}
	return g.Backend.PutBucketPolicy(ctx, bucket, text)
}

// GetBucketPolicy answers the front end's question for what it would decide itself
// with that there is no policy, and the question that follows, for what it will
// answer to the client, with the policy.
func (g guarded) GetBucketPolicy(ctx context.Context, bucket string) ([]byte, error) {
	if asked, ok := ctx.Value(policyRead{}).(*int); ok {
		if *asked++; *asked > 1 {
			return g.Backend.GetBucketPolicy(ctx, bucket)
		}
	}
	return nil, s3err.GetBucketErr(s3err.ErrNoSuchBucketPolicy, bucket)
}

// policyRead is where a request to read a policy counts the questions for it.
type policyRead struct{}

// countPolicyReads marks the requests that read a bucket's policy.
func countPolicyReads(c fiber.Ctx) error {
	if q := c.Request().URI().QueryArgs(); c.Method() == http.MethodGet && (q.Has("policy") || q.Has("policyStatus")) {
		c.RequestCtx().SetUserValue(policyRead{}, new(int))
	}
	return c.Next()
}

var _ auth.PrincipalResolver = (*identities)(nil)

// ResolvePrincipals returns the principals of a bucket policy that do not exist.
func (i *identities) ResolvePrincipals(principals []string) (missing []string, err error) {
	known, ok := i.keys.(interface {
		PrincipalExists(ctx context.Context, arn string) (bool, error)
	})
	for _, p := range principals {
		exists := !ok
		if ok {
			if exists, err = known.PrincipalExists(i.ctx, p); err != nil {
				return nil, err
			}
		}
		if !exists {
			missing = append(missing, p)
		}
	}
	return missing, nil
}
