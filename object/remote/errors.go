package remote

import (
	"context"
	"errors"
	"net/http"

	"lethe"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// kinds are the kinds of S3's error codes that say more than their status.
var kinds = map[string]lethe.Kind{
	"NoSuchBucket": lethe.NotFound, "NoSuchKey": lethe.NotFound, "NoSuchVersion": lethe.NotFound, "NotFound": lethe.NotFound,
	"NoSuchUpload": lethe.NotFound,

	"PreconditionFailed": lethe.Conflict, "ConditionalRequestConflict": lethe.Conflict, "OperationAborted": lethe.Conflict,
	"BucketNotEmpty": lethe.Conflict, "VersionedBucketNotEmpty": lethe.Conflict, "InvalidObjectState": lethe.Conflict,

	"BucketAlreadyExists": lethe.Exists, "BucketAlreadyOwnedByYou": lethe.Exists,

	"InvalidAccessKeyId": lethe.Denied, "SignatureDoesNotMatch": lethe.Denied, "ExpiredToken": lethe.Denied, "InvalidToken": lethe.Denied,
	"RequestTimeTooSkewed": lethe.Denied, "AuthorizationHeaderMalformed": lethe.Denied,

	"QuotaExceeded": lethe.Exhausted, "SlowDown": lethe.Exhausted, "RequestTimeout": lethe.Exhausted, "EntityTooLarge": lethe.Exhausted,
}

// statuses are the kinds of what remains.
var statuses = map[int]lethe.Kind{
	http.StatusBadRequest: lethe.Invalid, http.StatusUnauthorized: lethe.Denied, http.StatusForbidden: lethe.Denied,
	http.StatusNotFound: lethe.NotFound, http.StatusMethodNotAllowed: lethe.Unsupported, http.StatusConflict: lethe.Conflict,
	http.StatusPreconditionFailed: lethe.Conflict, http.StatusRequestedRangeNotSatisfiable: lethe.Invalid,
	http.StatusTooManyRequests: lethe.Exhausted, http.StatusNotImplemented: lethe.Unsupported, http.StatusServiceUnavailable: lethe.Exhausted,
	http.StatusInsufficientStorage: lethe.Exhausted, http.StatusMovedPermanently: lethe.Invalid, http.StatusTemporaryRedirect: lethe.Invalid,
}

// code returns the code of an error that the store answered, and its HTTP status.
func code(err error) (code string, status int) {
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) {
		status = r.HTTPStatusCode()
	}
	return code, status
}

// fail turns an error of a request into one of lethe's kinds. It is the one place
// that does.
func (s *Store) fail(ctx context.Context, err error, bucket, key string) error {
	var known *lethe.Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &known):
		return err
	}
	where := "s3://" + bucket
	if key != "" {
		where += "/" + key
	}
	c, status := code(err)
	kind, ok := kinds[c]
	if !ok {
		kind, ok = statuses[status]
	}
	var api smithy.APIError
	switch {
	case !ok && !errors.As(err, &api) && status == 0:
		return lethe.Errorf(lethe.Internal, "%s: %s cannot be reached: %w", where, s, err).WithHint("see whether its endpoint and credentials in the configuration are right")
	case !ok:
		return lethe.Errorf(lethe.Internal, "%s: %s failed: %w", where, s, err)
	case kind == lethe.NotFound && (c == "NoSuchBucket" || key == ""):
		return lethe.Errorf(kind, "there is no bucket %s in %s", bucket, s)
	case kind == lethe.NotFound:
		return lethe.Errorf(kind, "there is no object %s in %s", where, s)
	case kind == lethe.Denied:
		return lethe.Errorf(kind, "%s: %s refuses it: %w", where, s, err).WithHint("the credentials of this store in the configuration need the permission")
	case c == "BucketNotEmpty", c == "VersionedBucketNotEmpty":
		return lethe.Errorf(kind, "bucket %s is not empty", bucket).WithHint("delete its objects, and their versions, first")
	case kind == lethe.Conflict && key != "" && (c == "PreconditionFailed" || c == "ConditionalRequestConflict" || status == http.StatusPreconditionFailed):
		return conflict(bucket, key)
	case kind == lethe.Exists:
		return lethe.Errorf(kind, "bucket %s exists already in %s", bucket, s)
	}
	return lethe.Errorf(kind, "%s: %s: %w", where, s, err)
}

func conflict(bucket, key string) error {
	return lethe.Errorf(lethe.Conflict, "s3://%s/%s is not what the write expects it to be", bucket, key).
		WithHint("somebody else wrote or deleted it; read it again and repeat")
}
