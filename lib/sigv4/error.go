package sigv4

import "fmt"

// Code names a reason to refuse a request. The names are AWS's own where the
// protocols agree on one.
type Code string

const (
	// MissingAuthenticationToken: the request carries no signature at all.
	MissingAuthenticationToken Code = "MissingAuthenticationToken"
	// IncompleteSignature: there is a signature, but a part of it is missing,
	// doubled or malformed.
	IncompleteSignature Code = "IncompleteSignature"
	// InvalidSignature: the signature is not the one that the key makes.
	InvalidSignature Code = "InvalidSignature"
	// SignatureExpired: the request was signed too long ago, or in the future.
	SignatureExpired Code = "SignatureExpired"
	// ExpiredToken: the signature is right, but its key is no longer valid.
	ExpiredToken Code = "ExpiredToken"
	// UnknownKey: no such access key, or not with this session token.
	UnknownKey Code = "UnknownKey"
)

// Error is the refusal of a request.
type Error struct {
	Code    Code
	Message string // for the person who sent it
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Is makes errors.Is(err, &Error{Code: c}) ask for the code alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

func refuse(code Code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
