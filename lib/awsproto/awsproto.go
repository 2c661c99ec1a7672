// Package awsproto serves AWS APIs: the server's side of the protocols AWS JSON 1.1
// and AWS Query, over the structs of aws-sdk-go-v2.
//
// The SDK's Input and Output structs are the schema that handlers see:
//
//	//go:embed model.json
//	var model []byte
//
//	svc, err := awsproto.New(model, awsproto.Options{Authorize: authorize})
//	awsproto.Handle(svc, func(ctx context.Context, in *athena.GetWorkGroupInput) (*athena.GetWorkGroupOutput, error) {
//		...
//	})
//	mux, err := awsproto.NewMux(awsproto.MuxOptions{Authenticate: verify, S3: s3}, svc)
//	http.Serve(l, mux)
//
// What the structs do not say (wire names, constraints, codes of errors) is in a
// model: a small JSON file for each service, derived by the program in gen from the
// one that AWS ships with botocore. It names every operation of the service, so that
// one which does not exist and one which is not implemented are told apart, and
// describes those that are.
//
// # A request's way
//
// The [Mux] finds the service by the credential scope of the signature, and sends
// all that is not for one of its services to S3, untouched. It reads the body, up to
// a bound, authenticates the request, and only then decodes it. Input that breaks a
// constraint of the model is refused in AWS's words. Then the service's Authorize
// decides, and then the handler runs.
//
// # Errors
//
// A handler returns an [*Error], or one of the SDK's modelled exceptions
// (*types.InvalidRequestException), or any other error, which the service's MapError
// turns into one of these. What is left is answered as InternalFailure; its text goes
// to the log and not to the client. A panic is answered the same way.
package awsproto

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// DefaultMaxBody bounds a request's body where Options does not. The largest that a
// client has reason to send is a statement of 262,144 characters.
const DefaultMaxBody = 4 << 20

// Options are a service's hooks. Only Authorize is needed.
type Options struct {
	// Authorize decides whether the request's principal, whom Authenticate put into
	// ctx, may run the operation. The input is decoded and valid. A nil error
	// allows; any other is answered like a handler's.
	Authorize func(ctx context.Context, operation string, input any) error

	// MapError puts an error that is neither an *Error nor a modelled exception
	// into the service's words. If it returns another such error, the answer is
	// InternalFailure.
	MapError func(error) error

	// Invalid makes the error for input that breaks the model's constraints. If
	// nil, it is ValidationException, or ValidationError in AWS Query.
	Invalid func(message string) error

	// MaxBody bounds the request's body in bytes; DefaultMaxBody if zero.
	MaxBody int64
}

// Service is one AWS service: its model and the operations that are handled.
type Service struct {
	model    *Model
	protocol protocol
	options  Options
	handlers map[string]*handler
}

// handler runs one operation.
type handler struct {
	operation *Operation
	input     reflect.Type
	call      func(ctx context.Context, input any) (output any, err error)
}

// New makes a service of a model file.
func New(model []byte, o Options) (*Service, error) {
	m, err := ParseModel(model)
	if err != nil {
		return nil, err
	}
	if o.Authorize == nil {
		// An open door must be somebody's decision.
		return nil, errors.New("awsproto: Options.Authorize is missing")
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	s := &Service{model: m, options: o, handlers: map[string]*handler{}}
	switch m.Metadata.Protocol {
	case "json":
		s.protocol = jsonProtocol{m}
	case "query":
		s.protocol = queryProtocol{m}
	default:
		return nil, fmt.Errorf("awsproto: service %s speaks %q, which is neither json nor query", m.Metadata.Service, m.Metadata.Protocol)
	}
	return s, nil
}

// Name is the service's signing name, such as athena.
func (s *Service) Name() string { return s.model.Metadata.Service }

// Unhandled lists the operations that the model describes and nobody handles. It is
// for tests: a description without a handler, or with it an operation without a
// description, is a model that was not generated anew.
func (s *Service) Unhandled() []string {
	var names []string
	for name, op := range s.model.Operations {
		if op != nil && s.handlers[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Handle makes fn serve the operation after which its input is named. It panics if
// the model does not describe that operation, or if it is handled already.
func Handle[I, O any](s *Service, fn func(context.Context, *I) (*O, error)) {
	t := reflect.TypeFor[I]()
	name, ok := strings.CutSuffix(t.Name(), "Input")
	if !ok {
		panic(fmt.Sprintf("awsproto: %v is not the input of an operation", t))
	}
	s.HandleType(name, t, func(ctx context.Context, in any) (any, error) {
		out, err := fn(ctx, in.(*I))
		if err == nil && out == nil {
			out = new(O)
		}
		return out, err
	})
}

// HandleType is Handle for types that are known at run time only, such as those of an
// SDK client's methods. input is a struct; fn gets a pointer to one and returns a
// pointer to the output's struct.
func (s *Service) HandleType(operation string, input reflect.Type, fn func(ctx context.Context, input any) (output any, err error)) {
	op := s.model.Operations[operation]
	switch {
	case op == nil:
		panic(fmt.Sprintf("awsproto: the model of %s does not describe %s; generate it anew", s.Name(), operation))
	case s.handlers[operation] != nil:
		panic(fmt.Sprintf("awsproto: %s.%s is handled twice", s.Name(), operation))
	}
	s.handlers[operation] = &handler{operation: op, input: input, call: fn}
}

// invalid makes the error for input that breaks constraints.
func (s *Service) invalid(message string) error {
	if s.options.Invalid != nil {
		return s.options.Invalid(message)
	}
	return &Error{Code: s.protocol.word(validation).code, Message: message}
}

type requestIDKey struct{}

// RequestID returns the id of the request that ctx belongs to, as the client sees
// it; "" if there is none.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
