package athena

import (
	"errors"

	"lethe"
	"lethe/lib/awsproto"
)

// The codes within Athena's InvalidRequestException.
const (
	invalidInput            = "INVALID_INPUT"
	malformedQuery          = "MALFORMED_QUERY"
	idempotentMismatch      = "IDEMPOTENT_PARAMETER_MISMATCH"
	queryExecutionNotFound  = "QUERY_EXECUTION_NOT_FOUND"
	invalidQueryState       = "INVALID_QUERY_EXECUTION_STATE"
	resultNotFound          = "RESULT_NOT_FOUND"
	dataCatalogNotFound     = "DATACATALOG_NOT_FOUND"
	concurrentLimitExceeded = "CONCURRENT_QUERY_LIMIT_EXCEEDED"
)

// Codes that stand for exceptions of their own.
const (
	metadataException = "MetadataException"
	resourceNotFound  = "ResourceNotFoundException"
)

// coded is an error to which the operation where it happened gives a code.
type coded struct {
	code string
	error
}

func (e coded) Unwrap() error { return e.error }

// code gives err a code if it is of this kind, unless it has one already.
func code(err error, kind lethe.Kind, code string) error {
	if !lethe.Is(err, kind) || errors.As(err, new(coded)) {
		return err
	}
	return coded{code, err}
}

// mapError puts the services' errors into Athena's words. Nothing else does.
func mapError(err error) error {
	var c coded
	errors.As(err, &c)
	switch kind := lethe.KindOf(err); {
	case kind == lethe.Internal:
		return &awsproto.Error{
			Code: "InternalServerException", Status: 500,
			Members: []awsproto.Member{{Name: "Message", Value: "An internal error occurred; the server's log has its cause under this request's id."}},
		}
	case kind == lethe.Denied:
		return exception("AccessDeniedException", err.Error())
	case kind == lethe.Exhausted:
		e := exception("TooManyRequestsException", err.Error())
		e.Members = append(e.Members, awsproto.Member{Name: "Reason", Value: concurrentLimitExceeded})
		return e
	case c.code == metadataException || c.code == resourceNotFound:
		return exception(c.code, err.Error())
	case c.code != "":
		return invalidRequest(c.code, err.Error())
	case kind == lethe.Syntax:
		return invalidRequest(malformedQuery, err.Error())
	}
	return invalidRequest(invalidInput, err.Error())
}

func exception(name, message string) *awsproto.Error {
	return &awsproto.Error{Code: name, Members: []awsproto.Member{{Name: "Message", Value: message}}}
}

// invalidRequest is Athena's answer to nearly everything. The code stands in two
// members, as on the real service.
func invalidRequest(code, message string) error {
	return &awsproto.Error{Code: "InvalidRequestException", Members: []awsproto.Member{
		{Name: "AthenaErrorCode", Value: code},
		{Name: "ErrorCode", Value: code},
		{Name: "Message", Value: message},
	}}
}

// unsupported refuses a member of the input that is set.
func unsupported(set bool, member, hint string) error {
	if !set {
		return nil
	}
	return lethe.Errorf(lethe.Unsupported, "%s is not supported", member).WithHint("%s", hint)
}

// firstError returns the first of errs that is one.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
