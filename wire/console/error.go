package console

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"lethe"
	"lethe/access"
)

// unauthenticated is the error of a call that carries no valid login.
type unauthenticated struct{ error }

func (e unauthenticated) Unwrap() error { return e.error }

// limited is the error of a client that must wait.
type limited struct {
	error
	wait time.Duration
}

func (e limited) Unwrap() error { return e.error }

// problem is an error as the API writes it.
type problem struct {
	Kind    lethe.Kind `json:"kind"`
	Message string     `json:"message"`
	Hint    string     `json:"hint,omitempty"`
	// ID of the request, in the server's log and the audit too.
	ID string `json:"id"`
	// Line and Column in the statement that the request brought, from 1.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
}

var statusOf = map[lethe.Kind]int{
	lethe.Internal:    http.StatusInternalServerError,
	lethe.Invalid:     http.StatusBadRequest,
	lethe.Syntax:      http.StatusBadRequest,
	lethe.Unsupported: http.StatusNotImplemented,
	lethe.NotFound:    http.StatusNotFound,
	lethe.Exists:      http.StatusConflict,
	lethe.Conflict:    http.StatusConflict,
	lethe.Denied:      http.StatusForbidden,
	lethe.BadData:     http.StatusUnprocessableEntity,
	lethe.Exhausted:   http.StatusServiceUnavailable,
	lethe.Canceled:    http.StatusRequestTimeout,
}

// fail answers with an error. It is the only place that turns one into HTTP.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errAnswered) {
		s.problemOf(r, err)         // for the log
		panic(http.ErrAbortHandler) // cut the connection: the body so far is not the whole
	}
	p := s.problemOf(r, err)
	status := statusOf[p.Kind]
	if _, ok := errors.AsType[unauthenticated](err); ok {
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Bearer realm="lethe"`)
	}
	if e, ok := errors.AsType[limited](err); ok {
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(int(e.wait.Seconds())+1))
	}
	h := w.Header()
	for _, k := range []string{"Content-Disposition", "Content-Length", "ETag", "Last-Modified", "Accept-Ranges"} {
		h.Del(k)
	}
	_ = reply(w, status, map[string]problem{"error": p})
}

// problemOf words an error for people, and logs one that is lethe's own fault.
func (s *server) problemOf(r *http.Request, err error) problem {
	p := problem{Kind: lethe.KindOf(err), ID: lethe.NewID()}
	if known := access.RequestOf(r.Context()); known != nil {
		p.ID = known.ID
	}
	if e, ok := errors.AsType[*lethe.Error](err); ok {
		p.Message, p.Hint = e.Message, e.Hint
	} else {
		// Its text was not made for people and may hold what they must not see.
		p.Message = "lethe could not do this because of a fault of its own"
		p.Hint = "try again; if it stays, ask the operator to look for this id in the server's log"
		if p.Kind == lethe.Exhausted {
			p.Message, p.Hint = "this took too long and was ended", "ask for less, or try again later"
		}
	}
	if p.Kind == lethe.Syntax || p.Kind == lethe.Unsupported {
		p.Line, p.Column = place(p.Message)
	}
	if p.Kind == lethe.Internal && r.Context().Err() == nil {
		s.Log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelError, "console answered with an error",
			slog.String("id", p.ID), slog.String("method", r.Method), slog.String("path", r.URL.Path),
			slog.String("principal", lethe.PrincipalOf(r.Context()).ARN), slog.Any("error", err))
	}
	return p
}

// errAnswered marks an error after the answer's status has been sent.
var errAnswered = errors.New("the answer had begun")

func (s *server) noSuchOperation(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, lethe.Errorf(lethe.NotFound, "there is no operation %s %s", r.Method, r.URL.Path).
		WithHint("GET /api/v1/openapi.json lists them"))
}
