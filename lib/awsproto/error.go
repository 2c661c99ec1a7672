package awsproto

import (
	"errors"
	"net/http"
	"reflect"

	"github.com/aws/smithy-go"

	"lethe/lib/sigv4"
)

// Error is an error as it goes over the wire.
type Error struct {
	// Code is the exception's name, such as InvalidRequestException.
	Code string
	// Status is the HTTP status; 400 if zero.
	Status int
	// Message is for the person who receives it.
	Message string
	// Members are further members of the exception, in order; only AWS JSON sends
	// them. If one is called Message or message it stands for Message.
	Members []Member
}

// Member is a named text within an exception.
type Member struct{ Name, Value string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// reason is why this package itself refuses a request.
type reason int

const (
	internalFailure reason = iota
	validation
	serialization
	unknownOperation
	notImplemented
	tooLarge
	missingToken
	incompleteSignature
	invalidSignature
	expiredToken
	unknownKey
)

// word is what a protocol calls a reason.
type word struct {
	code   string
	status int
}

// words are the codes of both protocols. Clients act on some of them: on an invalid
// signature they compare clocks, on an expired token they fetch a new one.
var words = map[reason]struct{ json, query word }{
	internalFailure:     {word{"InternalFailure", 500}, word{"InternalFailure", 500}},
	validation:          {word{"ValidationException", 400}, word{"ValidationError", 400}},
	serialization:       {word{"SerializationException", 400}, word{"MalformedInput", 400}},
	unknownOperation:    {word{"UnknownOperationException", 400}, word{"InvalidAction", 400}},
	notImplemented:      {word{"NotImplemented", 501}, word{"NotImplemented", 501}},
	tooLarge:            {word{"RequestEntityTooLargeException", 413}, word{"RequestEntityTooLarge", 413}},
	missingToken:        {word{"MissingAuthenticationTokenException", 400}, word{"MissingAuthenticationToken", 403}},
	incompleteSignature: {word{"IncompleteSignatureException", 400}, word{"IncompleteSignature", 400}},
	invalidSignature:    {word{"InvalidSignatureException", 400}, word{"SignatureDoesNotMatch", 403}},
	expiredToken:        {word{"ExpiredTokenException", 400}, word{"ExpiredToken", 403}},
	unknownKey:          {word{"UnrecognizedClientException", 400}, word{"InvalidClientTokenId", 403}},
}

// signatureReasons are the reasons of package sigv4.
var signatureReasons = map[sigv4.Code]reason{
	sigv4.MissingAuthenticationToken: missingToken,
	sigv4.IncompleteSignature:        incompleteSignature,
	sigv4.InvalidSignature:           invalidSignature,
	sigv4.SignatureExpired:           invalidSignature,
	sigv4.ExpiredToken:               expiredToken,
	sigv4.UnknownKey:                 unknownKey,
}

// failure is an error ready to be written.
type failure struct {
	code    string
	status  int
	message string
	members []jsonMember
}

type jsonMember struct {
	Name string
	json []byte
}

// protocol is what AWS JSON and AWS Query do each in their way.
type protocol interface {
	contentType() string
	encode(op *Operation, output any, requestID string) ([]byte, error)
	encodeFailure(f *failure, requestID string) []byte
	word(reason) word
}

// refusal makes the failure for one of this package's reasons.
func refusal(p protocol, r reason, message string) *failure {
	w := p.word(r)
	return &failure{code: w.code, status: w.status, message: message}
}

// fail puts any error into the protocol's form. model and mapError may be nil.
// internal is true if the client must not see the error, which then is for the log.
func fail(err error, p protocol, model *Model, mapError func(error) error) (f *failure, internal bool) {
	if f := own(err, p); f != nil {
		return f, false
	}
	if api, ok := err.(smithy.APIError); ok { //nolint:errorlint // the answer itself; what one wraps comes below
		return modelled(api, model), false
	}
	if mapError != nil {
		err = mapError(err)
		if f := own(err, p); f != nil {
			return f, f.status >= 500
		}
	}
	// Looked for within the error only now: what a service wraps on its way up, as
	// the refusal of a remote store, is not its answer to the client.
	var api smithy.APIError
	if errors.As(err, &api) {
		return modelled(api, model), false
	}
	return hidden(p), true
}

// hidden is the answer to what the client must not see.
func hidden(p protocol) *failure {
	return refusal(p, internalFailure, "The request processing has failed because of an internal error; the server's log has its cause under this request's id.")
}

// own handles this package's errors and sigv4's; nil if err is neither.
func own(err error, p protocol) *failure {
	var e *Error
	if errors.As(err, &e) {
		f := &failure{code: e.Code, status: e.Status, message: e.Message}
		if f.status == 0 {
			f.status = http.StatusBadRequest
		}
		for _, m := range e.Members {
			f.members = append(f.members, jsonMember{m.Name, appendJSONString(nil, m.Value)})
		}
		return f
	}
	var sig *sigv4.Error
	if errors.As(err, &sig) {
		if r, ok := signatureReasons[sig.Code]; ok {
			return refusal(p, r, sig.Message)
		}
	}
	return nil
}

// modelled makes the failure for an exception of the SDK's types.
func modelled(api smithy.APIError, model *Model) *failure {
	f := &failure{code: api.ErrorCode(), status: http.StatusBadRequest, message: api.ErrorMessage()}
	if api.ErrorFault() == smithy.FaultServer {
		f.status = http.StatusInternalServerError
	}
	v := reflect.Indirect(reflect.ValueOf(api))
	if model == nil || v.Kind() != reflect.Struct {
		return f
	}
	s := model.Shapes[v.Type().Name()]
	if s == nil || !s.Exception {
		return f
	}
	if s.Error != nil {
		f.code = orDefault(s.Error.Code, f.code)
		if s.Error.HTTPStatusCode != 0 {
			f.status = s.Error.HTTPStatusCode
		}
	}
	fields := s.layout(v.Type()).fields
	for i := range fields {
		fv := v.Field(fields[i].index)
		if unset(fv) {
			continue
		}
		if b, err := appendJSON(nil, fields[i].ref.shape, fv); err == nil {
			f.members = append(f.members, jsonMember{fields[i].name, b})
		}
	}
	return f
}
