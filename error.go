package lethe

import (
	"context"
	"errors"
	"fmt"
)

// Kind classes an error by what its receiver can do about it. Each wire maps
// kinds to its protocol's codes in one place.
type Kind string

// The kinds of errors.
const (
	// Internal: lethe or the machine is at fault. The default for other errors.
	Internal Kind = "internal"
	// Invalid: the request is malformed or breaks a rule; repeating it will not help.
	Invalid Kind = "invalid"
	// Syntax: a statement that does not parse or type-check; the message has line and column.
	Syntax Kind = "syntax"
	// Unsupported: well-formed, and lethe does not do it.
	Unsupported Kind = "unsupported"
	// NotFound: what the request names does not exist.
	NotFound Kind = "not found"
	// Exists: what the request would make exists already.
	Exists Kind = "exists"
	// Conflict: a condition of the request does not hold (any more), or the
	// resource is in a state that forbids it.
	Conflict Kind = "conflict"
	// Denied: the principal may not do this.
	Denied Kind = "denied"
	// BadData: a stored file does not hold what its table says.
	BadData Kind = "bad data"
	// Exhausted: a bound was reached (memory, time, space, rate); later or smaller may work.
	Exhausted Kind = "exhausted"
	// Canceled: the caller or an operator stopped it.
	Canceled Kind = "canceled"
)

// Error is an error made for the person who receives it: what went wrong and
// where, and in Hint, if there is something to do, what to do next.
type Error struct {
	Kind    Kind
	Message string
	Hint    string
	// Cause is the error underneath, for logs and errors.Is; its text is not
	// shown to users unless Message repeats it.
	Cause error
}

// Error returns the message, then the hint.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + " (" + e.Hint + ")"
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an Error. If the arguments hold an error behind %w, it becomes the cause.
func Errorf(k Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: k, Message: err.Error(), Cause: errors.Unwrap(err)}
}

// WithHint returns the error with what to do next.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// KindOf classes any error: the kind of the first Error in its chain, Canceled
// or Exhausted for a context's end, and Internal for all others.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return Exhausted
	}
	return Internal
}

// Is reports whether err is of kind k.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }
