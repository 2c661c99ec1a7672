package s3

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/controllers"
	"github.com/versity/versitygw/s3err"
)

// guarded is a backend without bucket policies: they would be a second place
// that decides about access, and one that can let the world in. A policy that a
// store holds from elsewhere has no effect.
type guarded struct{ backend.Backend }

func (guarded) PutBucketPolicy(context.Context, string, []byte) error {
	return unsupported("", "bucket policies are not supported; write policies of users and roles instead")
}

func (g guarded) GetBucketPolicy(_ context.Context, bucket string) ([]byte, error) {
	return nil, s3err.GetBucketErr(s3err.ErrNoSuchBucketPolicy, bucket)
}

func (guarded) DeleteBucketPolicy(context.Context, string) error { return nil }

func unsupported(header, why string) error {
	e := s3err.GetNotImplementedErr(header, "")
	e.Description = why
	return e
}

// refuseIgnored refuses requests whose headers ask for what would silently not
// happen.
func refuseIgnored() fiber.Handler {
	return controllers.WrapMiddleware(func(c fiber.Ctx) error {
		if c.Method() == http.MethodOptions && c.Path() == "/" {
			return s3err.GetAPIError(s3err.ErrAccessDenied) // no CORS there
		}
		for name, value := range c.Request().Header.All() {
			if err := ignored(string(name), string(value)); err != nil {
				return err
			}
		}
		// Presigned requests may carry them in the query.
		for name, value := range c.Request().URI().QueryArgs().All() {
			if err := ignored(string(name), string(value)); err != nil {
				return err
			}
		}
		return nil
	}, nil, nil) // without a logger: it would read the whole body of a refused request
}

func ignored(name, value string) error {
	name = strings.ToLower(name)
	switch {
	case !strings.HasPrefix(name, "x-amz-"):
		return nil
	case strings.HasPrefix(name, "x-amz-server-side-encryption"),
		strings.HasPrefix(name, "x-amz-copy-source-server-side-encryption"):
		return unsupported(name, "server-side encryption is not supported; encrypt the disk, or the bytes")
	case name == "x-amz-write-offset-bytes":
		return unsupported(name, "appending to an object is not supported")
	case name == "x-amz-storage-class" && value != "" && value != "STANDARD":
		return s3err.APIError{Code: "InvalidStorageClass", HTTPStatusCode: http.StatusBadRequest,
			Description: "The storage class you specified is not valid; this store has STANDARD."}
	case name == "x-amz-acl" && value != "" && value != "private" && value != "bucket-owner-full-control",
		strings.HasPrefix(name, "x-amz-grant-") && value != "":
		return s3err.GetAPIError(s3err.ErrAclNotSupported)
	}
	return nil
}

// logFaults logs the requests that fail by the server's fault. Their cause the
// front end writes to standard error.
func logFaults(log *slog.Logger) fiber.Handler {
	return func(c fiber.Ctx) error {
		err := c.Next()
		if status := c.Response().StatusCode(); err != nil || status >= 500 && status != http.StatusNotImplemented && status != http.StatusServiceUnavailable {
			log.Error("S3 request failed", "method", c.Method(), "path", strings.Clone(c.Path()), "status", status,
				"request_id", string(c.Response().Header.Peek("X-Amz-Request-Id")), "err", err)
		}
		return err
	}
}
