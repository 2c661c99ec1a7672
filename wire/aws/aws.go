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
	S3  http.Handler
	Log *slog.Logger
}

// New returns the port's handler. The context that reaches a service names the
// principal whose key signed the request.
func New(c Config, services ...*awsproto.Service) (http.Handler, error) {
	return awsproto.NewMux(awsproto.MuxOptions{
		Authenticate: authenticate(c.Keys),
		S3:           c.S3,
		Log:          c.Log,
		RequestID:    lethe.NewID,
	}, services...)
}

// principalKey carries the principal from the key's lookup to the end of
// authentication, so that a key is read once a request.
type principalKey struct{}

func authenticate(keys access.Keys) func(*http.Request, []byte) (context.Context, error) {
	verifier := sigv4.Verifier{Lookup: func(ctx context.Context, id string) (sigv4.Key, bool, error) {
		secret, p, err := keys.Secret(ctx, id)
		if lethe.Is(err, lethe.NotFound) {
			return sigv4.Key{}, false, nil
		}
		if err != nil {
			return sigv4.Key{}, false, err
		}
		*ctx.Value(principalKey{}).(*lethe.Principal) = p
		return sigv4.Key{Secret: secret}, true, nil
	}}
	return func(r *http.Request, body []byte) (context.Context, error) {
		var p lethe.Principal
		ctx := r.Context()
		if _, err := verifier.Verify(r.WithContext(context.WithValue(ctx, principalKey{}, &p)), body); err != nil {
			return nil, err
		}
		return lethe.WithPrincipal(ctx, p), nil
	}
}
