package awsproto

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// RESTService is a service whose protocol is restJson1, in which paths and methods
// tell the operations apart. Only what its few operations need is here: they take no
// body, and their outputs are structs with JSON's names.
type RESTService struct {
	// Name is the signing name.
	Name string
	// Handler answers an authenticated request: ctx has its principal. It decides
	// whether that may have the answer. Errors are *Error, or what MapError makes so.
	Handler func(ctx context.Context, r *http.Request) (any, error)
	// MapError puts other errors into the service's words; may be nil.
	MapError func(error) error
}

// serveREST answers a request of a REST service.
func (m *Mux) serveREST(w http.ResponseWriter, r *http.Request, svc *RESTService) {
	id := m.options.RequestID()
	defer func() {
		if p := recover(); p != nil {
			m.panicked(w, r, restProtocol{}, svc.Name, r.Method+" "+r.URL.Path, id, p)
		}
	}()
	output, err := m.runREST(w, r, svc, id)
	if err != nil {
		f, internal := fail(err, restProtocol{}, nil, svc.MapError)
		if internal && r.Context().Err() == nil {
			m.options.Log.ErrorContext(r.Context(), "aws request failed", "service", svc.Name, "path", r.URL.Path, "request_id", id, "err", err)
		}
		w.Header().Set("X-Amzn-Errortype", f.code)
		m.write(w, restProtocol{}, id, f)
		return
	}
	b, err := json.Marshal(output)
	if err != nil {
		panic(err) // a struct that has no JSON: a defect
	}
	m.send(w, restProtocol{}, id, http.StatusOK, b)
}

// maxRESTBody bounds bodies, of which there should be none.
const maxRESTBody = 1 << 20

func (m *Mux) runREST(w http.ResponseWriter, r *http.Request, svc *RESTService, id string) (any, error) {
	body, err := readBody(w, r, maxRESTBody)
	if err != nil {
		var over *http.MaxBytesError
		if errors.As(err, &over) {
			return nil, &Error{Code: "RequestTooLargeException", Status: http.StatusRequestEntityTooLarge, Message: "The body is larger than " + strconv.FormatInt(over.Limit, 10) + " bytes."}
		}
		return nil, err
	}
	ctx, err := m.options.Authenticate(r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)), body)
	if err != nil {
		return nil, err
	}
	return svc.Handler(ctx, r)
}

// restProtocol writes errors as restJson1 does; their code is in a header too.
type restProtocol struct{ jsonProtocol }

// word is the JSON protocol's, except that who is not known is forbidden.
func (restProtocol) word(r reason) word {
	w := words[r].json
	if r >= missingToken {
		w.status = http.StatusForbidden
	}
	return w
}

func (restProtocol) contentType() string { return "application/json" }

func (restProtocol) encodeFailure(f *failure, _ string) []byte {
	b, err := json.Marshal(map[string]string{"Type": "User", "Message": f.message})
	if err != nil {
		panic(err)
	}
	return b
}
