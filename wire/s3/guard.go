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

// guarded is a backend whose bucket policies the front end does not decide by (see
// policy.go), and without what nobody would do.
type guarded struct {
	backend.Backend
	users *identities
}

// PutBucketWebsite refuses: nobody would serve the website.
func (guarded) PutBucketWebsite(context.Context, string, []byte) error {
	return unsupported("", "Websites are not served; put a web server before the bucket.")
}

func unsupported(header, why string) error {
	e := s3err.GetNotImplementedErr(header, "")
	e.Description = why
	return e
}

// headers are the request headers of S3 that are honoured, beside metadata and
// those of HTTP. What begins with x-amz- and is not here asks for something that
// would silently not happen; some may be said with a value that asks for nothing.
var headers = map[string]func(value string) error{
	"x-amz-abort-date":                        nil, // of answers; clients repeat them
	"x-amz-acl":                               nil, // see refuseACL
	"x-amz-api-version":                       nil, // of the SDK for C++, and so of Arrow: the only version there is
	"x-amz-algorithm":                         nil, // of a presigned request, as are some below
	"x-amz-bucket-object-lock-enabled":        nil,
	"x-amz-bypass-governance-retention":       nil,
	"x-amz-checksum-algorithm":                nil,
	"x-amz-checksum-crc32":                    nil,
	"x-amz-checksum-crc32c":                   nil,
	"x-amz-checksum-crc64nvme":                nil,
	"x-amz-checksum-md5":                      nil,
	"x-amz-checksum-mode":                     nil,
	"x-amz-checksum-sha1":                     nil,
	"x-amz-checksum-sha256":                   nil,
	"x-amz-checksum-sha512":                   nil,
	"x-amz-checksum-type":                     nil,
	"x-amz-checksum-xxhash128":                nil,
	"x-amz-checksum-xxhash3":                  nil,
	"x-amz-checksum-xxhash64":                 nil,
	"x-amz-confirm-remove-self-bucket-access": nil, // nobody locks the administrator out
	"x-amz-content-sha256":                    nil,
	"x-amz-copy-source":                       nil,
	"x-amz-copy-source-if-match":              nil,
	"x-amz-copy-source-if-modified-since":     nil,
	"x-amz-copy-source-if-none-match":         nil,
	"x-amz-copy-source-if-unmodified-since":   nil,
	"x-amz-copy-source-range":                 nil,
	"x-amz-credential":                        nil,
	"x-amz-date":                              nil,
	"x-amz-decoded-content-length":            nil,
	"x-amz-expected-bucket-owner":             nil,
	"x-amz-expires":                           nil,
	"x-amz-grant-full-control":                nil, // see refuseACL
	"x-amz-grant-read":                        nil,
	"x-amz-grant-read-acp":                    nil,
	"x-amz-grant-write":                       nil,
	"x-amz-grant-write-acp":                   nil,
	"x-amz-id-2":                              nil,
	"x-amz-if-match-initiated-time":           nil,
	"x-amz-if-match-last-modified-time":       nil,
	"x-amz-if-match-size":                     nil,
	"x-amz-max-parts":                         nil,
	"x-amz-metadata-directive":                nil,
	"x-amz-mp-object-size":                    nil,
	"x-amz-object-attributes":                 nil,
	"x-amz-object-lock-legal-hold":            nil,
	"x-amz-object-lock-mode":                  nil,
	"x-amz-object-lock-retain-until-date":     nil,
	"x-amz-object-ownership":                  nil,
	"x-amz-optional-object-attributes":        nil, // nothing is archived, so nothing is being restored
	"x-amz-part-number-marker":                nil,
	"x-amz-request-id":                        nil,
	"x-amz-request-payer":                     nil, // agrees to pay; nobody has to
	"x-amz-sdk-checksum-algorithm":            nil,
	"x-amz-security-token":                    nil,
	"x-amz-signature":                         nil,
	"x-amz-signedheaders":                     nil,
	"x-amz-skip-destination-validation":       nil,
	"x-amz-source-expected-bucket-owner":      nil,
	"x-amz-tagging":                           nil,
	"x-amz-tagging-directive":                 nil,
	"x-amz-te":                                nil,
	"x-amz-trailer":                           nil,
	"x-amz-user-agent":                        nil,
	"x-amz-website-redirect-location":         nil, // kept and told, as S3 does but where it serves a website

	"x-amz-bucket-namespace": only("global", "namespaces of buckets are not implemented"),
	"x-amz-storage-class": func(value string) error {
		if value == "" || value == "STANDARD" {
			return nil
		}
		return s3err.APIError{Code: "InvalidStorageClass", HTTPStatusCode: http.StatusBadRequest,
			Description: "The storage class you specified is not valid; this store has STANDARD."}
	},
	"x-amz-write-offset-bytes":                     refused("Appending to an object is not implemented."),
	"x-amz-mfa":                                    refused("MFA delete is not implemented; use object lock."),
	"x-amz-rdma-token":                             refused("RDMA is not implemented."),
	"x-amz-object-annotation-directive":            only("EXCLUDE", noAnnotations),
	"x-amz-bucket-object-lock-token":               refused("Object lock tokens are not implemented."),
	"x-amz-transition-default-minimum-object-size": refused("Transitions are not implemented: there is one storage class."),
}

func only(value, why string) func(string) error {
	return func(v string) error {
		if v == value {
			return nil
		}
		return notImplemented(why)
	}
}

func refused(why string) func(string) error {
	return func(string) error { return notImplemented(why) }
}

// ignored refuses a header that asks for what would silently not happen.
func ignored(name, value string) error {
	name = strings.ToLower(name)
	switch {
	case !strings.HasPrefix(name, "x-amz-"), strings.HasPrefix(name, "x-amz-meta-"):
		return nil
	case strings.HasPrefix(name, "x-amz-server-side-encryption"),
		strings.HasPrefix(name, "x-amz-copy-source-server-side-encryption"):
		return unsupported(name, noEncryption)
	}
	check, known := headers[name]
	if !known {
		return unsupported(name, "The header "+name+" is not implemented.")
	}
	if check == nil {
		return nil
	}
	return check(value)
}

// refuseIgnored refuses requests whose headers ask for what would silently not
// happen. Presigned requests may carry them in the query.
func refuseIgnored(c fiber.Ctx) error {
	return controllers.WrapMiddleware(func(c fiber.Ctx) error {
		if c.Method() == http.MethodOptions && c.Path() == "/" {
			return s3err.GetAPIError(s3err.ErrAccessDenied) // no CORS there
		}
		return eachHeader(c, ignored)
	}, nil, nil)(c) // without a logger: it would read the whole body of a refused request
}

// refuseACL refuses to grant by ACL.
func refuseACL(c fiber.Ctx) error {
	return controllers.WrapMiddleware(func(c fiber.Ctx) error {
		return eachHeader(c, func(name, value string) error {
			if grants(strings.ToLower(name), value) {
				return s3err.GetAPIError(s3err.ErrAclNotSupported)
			}
			return nil
		})
	}, nil, nil)(c)
}

// grants reports whether a header grants something by ACL.
func grants(name, value string) bool {
	return name == "x-amz-acl" && value != "" && value != "private" && value != "bucket-owner-full-control" ||
		strings.HasPrefix(name, "x-amz-grant-") && value != ""
}

func eachHeader(c fiber.Ctx, f func(name, value string) error) error {
	for name, value := range c.Request().Header.All() {
		if err := f(string(name), string(value)); err != nil {
			return err
		}
	}
	for name, value := range c.Request().URI().QueryArgs().All() {
		if err := f(string(name), string(value)); err != nil {
			return err
		}
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
