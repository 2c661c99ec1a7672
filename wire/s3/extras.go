package s3

import (
	"context"
	"net/http"
	"strings"

	"lethe"
	"lethe/event"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/controllers"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
)

// Settings keeps the settings of buckets that the front end does not know.
// object/disk's Store is one.
type Settings interface {
	LifecycleRules(ctx context.Context, bucket string) ([]object.LifecycleRule, error)
	SetLifecycleRules(ctx context.Context, bucket string, rules []object.LifecycleRule) error
	Notifications(ctx context.Context, bucket string) (event.Notifications, error)
	SetNotifications(ctx context.Context, bucket string, n event.Notifications) error
}

// extras answers the operations that the front end has not implemented.
type extras struct {
	backend  backend.Backend
	iam      auth.IAMService
	root     middlewares.RootUserConfig
	region   string
	noACL    bool
	settings Settings
	targets  func(arn string) error
}

// request is one that is allowed.
type request struct {
	ctx    context.Context
	bucket string
	body   []byte
	header func(name string) string
	query  func(name string) string
}

// maxBody is how large a setting may be. S3 has no setting near it.
const maxBody = 1 << 20

// handler serves an operation behind the same gates, in the same order, as the
// front end's own: no operation of this package can be reached around them.
func (e *extras) handler(o *operation) fiber.Handler {
	return controllers.ProcessHandlers(
		func(c fiber.Ctx) (*controllers.Response, error) {
			r := request{ctx: c.RequestCtx(), bucket: bucketOf(c), body: c.BodyRaw(),
				header: func(k string) string { return strings.Clone(c.Get(k)) },
				query:  func(k string) string { return strings.Clone(c.Query(k)) }}
			reply, err := o.serve(e, r)
			if err != nil {
				return &controllers.Response{}, s3Error(err, r.bucket)
			}
			status := http.StatusOK
			if o.method == http.MethodDelete {
				status = http.StatusNoContent
			}
			return &controllers.Response{Data: reply, MetaOpts: &controllers.MetaOptions{Status: status}}, nil
		},
		o.name, &controllers.Services{},
		bounded,
		middlewares.BucketObjectNameValidator(),
		middlewares.ApplyBucketCORS(e.backend, func(c fiber.Ctx) (string, error) { return bucketOf(c), nil }, ""),
		signed,
		middlewares.VerifyPresignedV4Signature(e.root, e.iam, e.region, false),
		middlewares.VerifyV4Signature(e.root, e.iam, e.region, false, true, false),
		middlewares.VerifyChecksums(false, o.method == http.MethodPut, false),
		func(c fiber.Ctx) error { return e.allowed(c, o) },
	)
}

func bucketOf(c fiber.Ctx) string {
	bucket, _, _ := strings.Cut(strings.TrimPrefix(string(c.Request().URI().PathOriginal()), "/"), "/")
	return bucket
}

// bounded refuses a body that is too large before it is read for its signature.
func bounded(c fiber.Ctx) error {
	switch n := c.Request().Header.ContentLength(); {
	case n > maxBody:
		return s3err.GetEntityTooLargeErr(int64(n), maxBody)
	case n < 0 && c.Method() == http.MethodPut:
		return s3err.GetAPIError(s3err.ErrMissingContentLength)
	}
	return nil
}

// signed refuses requests without any signature.
func signed(c fiber.Ctx) error {
	if c.Get("Authorization") == "" && !utils.IsPresignedURLAuth(c) {
		return s3err.GetAPIError(s3err.ErrAccessDenied)
	}
	return nil
}

// allowed asks about the operation's action on the bucket, which must be there
// and of the owner that the request expects.
func (e *extras) allowed(c fiber.Ctx, o *operation) error {
	bucket := bucketOf(c)
	data, err := e.backend.GetBucketAcl(c.RequestCtx(), &s3.GetBucketAclInput{Bucket: &bucket})
	if err != nil {
		return err
	}
	acl, err := auth.ParseACL(data)
	if err != nil {
		return err
	}
	if want := c.Get("X-Amz-Expected-Bucket-Owner"); want != "" && want != acl.Owner {
		return s3err.GetAPIError(s3err.ErrAccessDenied)
	}
	permission := auth.PermissionWrite
	if o.method == http.MethodGet {
		permission = auth.PermissionRead
	}
	isRoot, _ := utils.ContextKeyIsRoot.Get(c).(bool)
	account, _ := utils.ContextKeyAccount.Get(c).(auth.Account)
	return auth.VerifyAccess(c, e.backend, auth.AccessOptions{Acl: acl, AclPermission: permission, IsRoot: isRoot, Acc: account,
		Bucket: bucket, Actions: []auth.Action{o.action}, DisableACL: e.noACL, Iam: e.iam})
}

// s3Error words an error of lethe's kinds as S3 does; others are S3's already,
// or internal.
func s3Error(err error, bucket string) error {
	switch lethe.KindOf(err) {
	case lethe.NotFound:
		return s3err.GetBucketErr(s3err.ErrNoSuchBucket, bucket)
	case lethe.Invalid:
		return invalid("", err.Error())
	case lethe.Denied:
		return s3err.GetAPIError(s3err.ErrAccessDenied)
	case lethe.Unsupported:
		return notImplemented(err.Error())
	case lethe.Exhausted:
		return s3err.GetAPIError(s3err.ErrNoSpaceLeftOnDevice)
	}
	return err
}
