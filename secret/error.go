package secret

import (
	"errors"

	"lethe"
)

// Code is Secrets Manager's name for an error. It is the cause of a lethe.Error;
// errors.As finds it.
type Code string

func (c Code) Error() string { return string(c) }

// The codes that this package gives.
const (
	NotFound         Code = "ResourceNotFoundException"
	Exists           Code = "ResourceExistsException"
	InvalidParameter Code = "InvalidParameterException"
	InvalidRequest   Code = "InvalidRequestException"
	InvalidToken     Code = "InvalidNextTokenException"
	LimitExceeded    Code = "LimitExceededException"
	MalformedPolicy  Code = "MalformedPolicyDocumentException"
	PublicPolicy     Code = "PublicPolicyException"
	Validation       Code = "ValidationException"
)

var kinds = map[Code]lethe.Kind{
	NotFound: lethe.NotFound, Exists: lethe.Exists, InvalidParameter: lethe.Invalid, InvalidRequest: lethe.Conflict, InvalidToken: lethe.Invalid,
	LimitExceeded: lethe.Exhausted, MalformedPolicy: lethe.Invalid, PublicPolicy: lethe.Invalid, Validation: lethe.Invalid,
}

func refuse(c Code, format string, args ...any) *lethe.Error {
	e := lethe.Errorf(kinds[c], format, args...)
	e.Cause = c
	return e
}

func noSuch() error { return refuse(NotFound, "Secrets Manager can't find the specified secret.") }

// BadToken is the error for a page token that no answer held.
func BadToken() error { return refuse(InvalidToken, "Invalid token") }

func marked() error {
	return refuse(InvalidRequest, "You can't perform this operation on the secret because it was marked for deletion.")
}

func codeOf(err error) (c Code, ok bool) {
	ok = errors.As(err, &c)
	return c, ok
}
