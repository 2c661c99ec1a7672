// Package aws is the one port for AWS clients: it verifies who signed a request and
// hands it to the service that it is for, or to S3.
package aws

import (
	"context"
	"log/slog"
	"net/http"

	"lethe"
	"lethe/access"
	"lethe/lib/awsproto"
	"lethe/lib/sigv4"
)

// Config introduces the port to its neighbours.
type Config struct {
	Keys access.Keys
	// S3 answers everything that is not for one of the services, and verifies its
	// signatures itself.
	S3 http.Handler
	// REST are the services that speak restJson1.
	REST []*awsproto.RESTService
	Log  *slog.Logger
}

// New returns the port's handler. The context that reaches a service names the
// principal whose key signed the request, and the request (access.Request).
func New(c Config, services ...*awsproto.Service) (http.Handler, error) {
	return awsproto.NewMux(awsproto.MuxOptions{
		Authenticate: authenticate(c.Keys),
		S3:           c.S3,
		REST:         c.REST,
		Log:          c.Log,
		RequestID:    lethe.NewID,
	}, services...)
}

// keyKey carries the key from its lookup to the end of authentication, so that it is
// read once a request.
type keyKey struct{}

func authenticate(keys access.Keys) func(*http.Request, []byte) (context.Context, error) {
	verifier := sigv4.Verifier{Lookup: func(ctx context.Context, id string) (sigv4.Key, bool, error) {
		k, err := keys.Key(ctx, id)
		if lethe.Is(err, lethe.NotFound) {
			return sigv4.Key{}, false, nil
		}
		if err != nil {
			return sigv4.Key{}, false, err
		}
		*ctx.Value(keyKey{}).(*access.Key) = k
		return sigv4.Key{Secret: k.Secret, SessionToken: k.SessionToken, Expires: k.Expires}, true, nil
	}}
	return func(r *http.Request, body []byte) (context.Context, error) {
		var k access.Key
		ctx := r.Context()
		id, err := verifier.Verify(r.WithContext(context.WithValue(ctx, keyKey{}, &k)), body)
		if err != nil {
			return nil, err
		}
		keys.Used(id.AccessKey, id.Service, id.Region)
		ctx = access.WithRequest(ctx, &access.Request{
			ID: awsproto.RequestID(ctx), SourceIP: access.HostOf(r.RemoteAddr), Secure: r.TLS != nil, UserAgent: r.UserAgent(), Region: id.Region,
		})
		return lethe.WithPrincipal(ctx, k.Principal), nil
	}
}
