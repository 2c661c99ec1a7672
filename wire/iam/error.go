package iam

import (
	"errors"
	"net/http"

	"lethe"
	"lethe/access"
	"lethe/lib/awsproto"
)

// statuses are the HTTP statuses of codes where they are not 400.
var statuses = map[string]int{
	"NoSuchEntity": http.StatusNotFound, "EntityAlreadyExists": http.StatusConflict, "LimitExceeded": http.StatusConflict,
	"DeleteConflict": http.StatusConflict, "EntityTemporarilyUnmodifiable": http.StatusConflict,
	"AccessDenied": http.StatusForbidden, "NotImplemented": http.StatusNotImplemented, "Throttling": http.StatusBadRequest,
}

var codes = map[lethe.Kind]string{
	lethe.NotFound: "NoSuchEntity", lethe.Exists: "EntityAlreadyExists", lethe.Conflict: "DeleteConflict",
	lethe.Denied: "AccessDenied", lethe.Invalid: "ValidationError", lethe.Unsupported: "NotImplemented", lethe.Exhausted: "Throttling",
}

// mapError puts package access's errors into IAM's words. Nothing else does.
func mapError(err error) error {
	code := codes[lethe.KindOf(err)]
	var c access.Code
	if errors.As(err, &c) {
		code = string(c)
	}
	if code == "" {
		return err // internal
	}
	return &awsproto.Error{Code: code, Status: statuses[code], Message: err.Error()}
}
