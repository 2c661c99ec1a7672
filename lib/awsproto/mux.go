package awsproto

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"lethe/lib/sigv4"
)

// MuxOptions are what all services have in common.
type MuxOptions struct {
	// Authenticate verifies who sent r, whose whole body is given (r.Body is read
	// already), and returns r's context with the principal in it. It must not be
	// nil. A *sigv4.Error is answered in the protocol's words.
	Authenticate func(r *http.Request, body []byte) (context.Context, error)

	// S3 gets all requests that are not for one of the services, unread. If nil,
	// they are answered with 404.
	S3 http.Handler

	// REST are the services that speak restJson1.
	REST []*RESTService

	// Log gets the errors that clients do not see; discarded if nil.
	Log *slog.Logger

	// RequestID makes an id for each request; random if nil.
	RequestID func() string
}

// Mux sends each request to its service. It is an http.Handler.
type Mux struct {
	options  MuxOptions
	services map[string]*Service // by signing name
	rest     map[string]*RESTService
}

// NewMux makes a Mux of the services.
func NewMux(o MuxOptions, services ...*Service) (*Mux, error) {
	if o.Authenticate == nil {
		return nil, errors.New("awsproto: MuxOptions.Authenticate is missing")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.S3 == nil {
		o.S3 = http.NotFoundHandler()
	}
	if o.RequestID == nil {
		o.RequestID = randomID
	}
	m := &Mux{options: o, services: map[string]*Service{}, rest: map[string]*RESTService{}}
	for _, s := range services {
		if m.services[s.Name()] != nil {
			return nil, fmt.Errorf("awsproto: two services are called %s", s.Name())
		}
		m.services[s.Name()] = s
	}
	for _, s := range o.REST {
		if m.rest[s.Name] != nil || m.services[s.Name] != nil {
			return nil, fmt.Errorf("awsproto: two services are called %s", s.Name)
		}
		m.rest[s.Name] = s
	}
	return m, nil
}

func randomID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// ServeHTTP answers r, or hands it to S3.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	scope, signed := sigv4.ParseScope(r)
	if svc := m.services[scope.Service]; signed && svc != nil {
		m.serve(w, r, svc)
		return
	}
	if svc := m.rest[scope.Service]; signed && svc != nil {
		m.serveREST(w, r, svc)
		return
	}
	// Neither S3 nor a service of ours: say so in the protocol that the client
	// evidently speaks.
	p := spoken(r)
	if scope.Service == "s3" || p == nil {
		m.options.S3.ServeHTTP(w, r)
		return
	}
	id := m.options.RequestID()
	if signed {
		m.write(w, p, id, refusal(p, unknownOperation, fmt.Sprintf("There is no service %q here.", clip(scope.Service))))
		return
	}
	// It names no key, so there is nothing to verify and its body stays unread. But
	// a signature that is merely malformed deserves its own message.
	_, err := (&sigv4.Verifier{Lookup: func(context.Context, string) (sigv4.Key, bool, error) { return sigv4.Key{}, false, nil }}).Verify(r, nil)
	f, _ := fail(err, p, nil, nil)
	m.write(w, p, id, f)
}

// spoken guesses the protocol of a request that no service claims; nil if it looks
// like S3.
func spoken(r *http.Request) protocol {
	if r.Header.Get("X-Amz-Target") != "" {
		return jsonProtocol{&Model{}}
	}
	if r.URL.Path != "/" {
		return nil
	}
	if r.Method == http.MethodPost && isForm(r) {
		return queryProtocol{}
	}
	if q := r.URL.Query(); r.Method == http.MethodGet && q.Has("Action") && q.Has("Version") {
		return queryProtocol{}
	}
	return nil
}

func isForm(r *http.Request) bool {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && t == "application/x-www-form-urlencoded"
}

// serve answers a request of one of the services.
func (m *Mux) serve(w http.ResponseWriter, r *http.Request, svc *Service) {
	id := m.options.RequestID()
	operation := ""
	defer func() {
		if p := recover(); p != nil {
			m.panicked(w, r, svc.protocol, svc.Name(), operation, id, p)
		}
	}()

	body, err := readBody(w, r, svc.options.MaxBody)
	if err != nil {
		var over *http.MaxBytesError
		if errors.As(err, &over) {
			m.write(w, svc.protocol, id, refusal(svc.protocol, tooLarge, fmt.Sprintf("The body is larger than %d bytes.", over.Limit)))
		}
		return // else the client is gone
	}
	output, op, err := m.run(r, svc, id, body, &operation)
	if err != nil {
		f, internal := fail(err, svc.protocol, svc.model, svc.options.MapError)
		if internal && r.Context().Err() == nil {
			m.options.Log.ErrorContext(r.Context(), "aws request failed", "service", svc.Name(), "operation", operation, "request_id", id, "err", err)
		}
		m.write(w, svc.protocol, id, f)
		return
	}
	b, err := svc.protocol.encode(op, output, id)
	if err != nil {
		panic(err) // the handler's struct and the model do not fit: a defect
	}
	m.send(w, svc.protocol, id, http.StatusOK, b)
}

// panicked answers for a handler that did not.
func (m *Mux) panicked(w http.ResponseWriter, r *http.Request, p protocol, service, operation, id string, cause any) {
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(cause)
	}
	m.options.Log.ErrorContext(r.Context(), "aws request panicked", "service", service, "operation", operation, "request_id", id, "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
	m.write(w, p, id, hidden(p))
}

// bodyTimeout is how long a client may take to send a body. Nobody has vouched for it
// yet, and it must not hold a connection and memory for as long as it likes.
const bodyTimeout = time.Minute

func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	c := http.NewResponseController(w)
	// A writer that cannot bound reads, as of a test's recorder, is no network's.
	if err := c.SetReadDeadline(time.Now().Add(bodyTimeout)); err == nil {
		defer func() { _ = c.SetReadDeadline(time.Time{}) }()
	}
	return io.ReadAll(http.MaxBytesReader(w, r.Body, most))
}

// run takes a request through authentication, decoding, validation, authorization
// and its handler.
func (m *Mux) run(r *http.Request, svc *Service, id string, body []byte, operation *string) (output any, op *Operation, err error) {
	// Who authenticates may want to know the id, for records of its own.
	ctx, err := m.options.Authenticate(r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)), body)
	if err != nil {
		return nil, nil, err
	}
	var form url.Values
	if svc.model.Metadata.Protocol == "json" {
		*operation, err = target(r, svc)
	} else {
		form, *operation, err = action(r, body, svc)
	}
	if err != nil {
		return nil, nil, err
	}
	h, err := svc.handler(*operation)
	if err != nil {
		return nil, nil, err
	}
	input := reflect.New(h.input).Interface()
	if err := svc.decode(h.operation, input, form, body); err != nil {
		return nil, nil, err
	}
	if err := svc.options.Authorize(ctx, *operation, input); err != nil {
		return nil, nil, err
	}
	output, err = h.call(ctx, input)
	return output, h.operation, err
}

// decode fills input from the form, or if that is nil from the JSON body, and holds
// it against the model.
func (s *Service) decode(op *Operation, input any, form url.Values, body []byte) error {
	if op.Input == nil {
		return nil
	}
	var err error
	if form != nil {
		err = decodeQuery(form, op.Input.shape, input)
	} else {
		err = decodeJSON(body, op.Input.shape, input)
	}
	if err != nil {
		return err
	}
	if message := validate(op.Input.shape, input); message != "" {
		return s.invalid(message)
	}
	return nil
}

// target returns the operation that X-Amz-Target names.
func target(r *http.Request, svc *Service) (string, error) {
	prefix, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if prefix != svc.model.Metadata.TargetPrefix || r.Method != http.MethodPost {
		return "", unknown(svc, fmt.Sprintf("Send a POST with X-Amz-Target: %s.<operation>.", svc.model.Metadata.TargetPrefix))
	}
	return name, nil
}

// action returns the parameters of a form, from the body of a POST or the query of a
// GET, and the operation that they name.
func action(r *http.Request, body []byte, svc *Service) (url.Values, string, error) {
	raw := r.URL.RawQuery
	if r.Method == http.MethodPost {
		raw = string(body)
	}
	form, err := url.ParseQuery(raw)
	if err != nil {
		return nil, "", &Error{Code: "MalformedQueryString", Message: fmt.Sprintf("The parameters cannot be parsed: %v.", err)}
	}
	name, version := form.Get("Action"), form.Get("Version")
	switch {
	case name == "":
		return nil, "", &Error{Code: "MissingAction", Message: "The request names no Action."}
	case version != svc.model.Metadata.APIVersion:
		return nil, "", unknown(svc, fmt.Sprintf("Could not find operation %s for version %s; this service is version %s.", clip(name), clip(version), svc.model.Metadata.APIVersion))
	}
	return form, name, nil
}

// handler finds the operation's handler, and tells an operation that does not exist
// from one that is not implemented.
func (s *Service) handler(operation string) (*handler, error) {
	if h := s.handlers[operation]; h != nil {
		return h, nil
	}
	if _, exists := s.model.Operations[operation]; exists {
		w := s.protocol.word(notImplemented)
		return nil, &Error{Code: w.code, Status: w.status, Message: fmt.Sprintf("%s:%s is not implemented by this server.", s.Name(), operation)}
	}
	return nil, unknown(s, fmt.Sprintf("Could not find operation %s for version %s.", strconv.Quote(clip(operation)), s.model.Metadata.APIVersion))
}

func unknown(s *Service, message string) error {
	w := s.protocol.word(unknownOperation)
	return &Error{Code: w.code, Status: w.status, Message: message}
}

func (m *Mux) write(w http.ResponseWriter, p protocol, id string, f *failure) {
	m.send(w, p, id, f.status, p.encodeFailure(f, id))
}

func (m *Mux) send(w http.ResponseWriter, p protocol, id string, status int, body []byte) {
	h := w.Header()
	h.Set("X-Amzn-Requestid", id)
	h.Set("Content-Type", p.contentType())
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body) // if the client is gone, nobody is left to tell
}
