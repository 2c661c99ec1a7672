package s3

import (
	"context"
	"net/url"
	"strings"

	"lethe"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/valyala/fasthttp"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// Some operations the front end decides about another resource than they are
// about: a browser's form about the bucket, where a policy may be about the key,
// and a copy of an old version about a key that ends with the version, and as if
// it were the current one. Before they reach the store they are decided once more.

// PutObject decides about a form's key, and refuses its fields that ask for what
// would silently not happen, as it does headers.
func (g guarded) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	if form, ok := ctx.Value(string(utils.ContextKeyObjectPostResult)).(middlewares.PostObjectResult); ok {
		for name, value := range form.Fields {
			if err := ignored(name, value); err != nil {
				return s3response.PutObjectOutput{}, err
			}
			if name == "acl" && grants("x-amz-acl", value) || grants(name, value) {
				return s3response.PutObjectOutput{}, s3err.GetAPIError(s3err.ErrAclNotSupported)
			}
		}
		if err := g.ask(ctx, auth.PutObjectAction, *in.Bucket, *in.Key); err != nil {
			return s3response.PutObjectOutput{}, err
		}
	}
	return g.Backend.PutObject(ctx, in)
}

func (g guarded) CopyObject(ctx context.Context, in s3response.CopyObjectInput) (s3response.CopyObjectOutput, error) {
	if err := g.askSource(ctx, in.CopySource); err != nil {
		return s3response.CopyObjectOutput{}, err
	}
	return g.Backend.CopyObject(ctx, in)
}

func (g guarded) UploadPartCopy(ctx context.Context, in *s3.UploadPartCopyInput) (s3response.CopyPartResult, error) {
	if err := g.askSource(ctx, in.CopySource); err != nil {
		return s3response.CopyPartResult{}, err
	}
	return g.Backend.UploadPartCopy(ctx, in)
}

// askSource decides about the source of a copy, unless the front end has decided
// about the very same.
func (g guarded) askSource(ctx context.Context, source *string) error {
	if source == nil {
		return nil // the store refuses it
	}
	bucket, key, version, err := backend.ParseCopySource(*source)
	if err != nil {
		return err
	}
	if version != "" {
		return g.ask(ctx, auth.GetObjectVersionAction, bucket, key)
	}
	if decided, err := url.QueryUnescape(strings.TrimPrefix(*source, "/")); err == nil && decided == bucket+"/"+key {
		return nil
	}
	return g.ask(ctx, auth.GetObjectAction, bucket, key)
}

// ask decides about an action on an object on behalf of the request's user.
func (g guarded) ask(ctx context.Context, action auth.Action, bucket, key string) error {
	r, ok := ctx.(*fasthttp.RequestCtx)
	account, known := ctx.Value(string(utils.ContextKeyAccount)).(auth.Account)
	if !ok || !known {
		return s3err.GetAPIError(s3err.ErrAccessDenied)
	}
	conditions := map[string][]string{"aws:SourceIp": {r.RemoteIP().String()}, "aws:UserAgent": {string(r.UserAgent())}}
	if ref := string(r.Referer()); ref != "" {
		conditions["aws:Referer"] = []string{ref}
	}
	resource := lethe.ObjectARN(bucket, key)
	ev, err := g.users.EvaluatePolicy(account.Access, account.SessionToken, []auth.Action{action}, []string{resource}, conditions)
	if err != nil {
		return err
	}
	if ev.Decisions[0][0] != allow {
		return s3err.GetImplicitDenyAccessErr(ev.PrincipalArn, string(action), resource)
	}
	return nil
}
