package access

import (
	"database/sql"
	"errors"

	"lethe"
)

// Code says which of IAM's refusals an error is, where its kind does not. It is the
// cause of a lethe.Error; errors.As finds it.
type Code string

func (c Code) Error() string { return string(c) }

// The codes, which are IAM's own (IAM API Reference).
const (
	InvalidInput    Code = "InvalidInput"
	Malformed       Code = "MalformedPolicyDocument"
	DeleteConflict  Code = "DeleteConflict"
	LimitExceeded   Code = "LimitExceeded"
	NotAttachable   Code = "PolicyNotAttachable"
	Unmodifiable    Code = "UnmodifiableEntity"
	PasswordPolicy  Code = "PasswordPolicyViolation"
	PackedTooLarge  Code = "PackedPolicyTooLarge"
	NotChangeable   Code = "EntityTemporarilyUnmodifiable"
	InvalidUserType Code = "InvalidUserType"
)

var kinds = map[Code]lethe.Kind{
	InvalidInput: lethe.Invalid, Malformed: lethe.Invalid, DeleteConflict: lethe.Conflict, LimitExceeded: lethe.Exhausted,
	NotAttachable: lethe.Invalid, Unmodifiable: lethe.Invalid, PasswordPolicy: lethe.Invalid, PackedTooLarge: lethe.Invalid,
	NotChangeable: lethe.Conflict, InvalidUserType: lethe.Invalid,
}

// refuse makes an error with a code.
func refuse(c Code, format string, args ...any) *lethe.Error {
	e := lethe.Errorf(kinds[c], format, args...)
	e.Cause = c
	return e
}

// orNotFound turns the absence of a row into an error of kind NotFound.
func orNotFound(err error, format string, args ...any) error {
	if errors.Is(err, sql.ErrNoRows) {
		return lethe.Errorf(lethe.NotFound, format, args...)
	}
	return err
}

// atMost refuses to go beyond a quota.
func atMost(have, most int64, quota string) error {
	if have >= most {
		return refuse(LimitExceeded, "Cannot exceed quota for %s: %d", quota, most)
	}
	return nil
}
