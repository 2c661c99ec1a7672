package console_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"lethe"
	"lethe/wire/console"
)

func TestHealth(t *testing.T) {
	ready := errors.New("the catalog is being migrated")
	c := serve(t, func(o *console.Options) { o.Ready = func(context.Context) error { return ready } })
	c.want(c.do("GET", "/healthz", ""), http.StatusOK)
	c.want(c.do("GET", "/readyz", ""), http.StatusServiceUnavailable)
	ready = nil
	c.want(c.do("GET", "/readyz", ""), http.StatusOK)
}

func TestMetrics(t *testing.T) {
	figures := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "lethe_up 1\n") })
	none := serve(t)
	none.problem(none.do("GET", "/metrics", ""), http.StatusNotFound, lethe.NotFound)

	c := serve(t, func(o *console.Options) { o.Metrics, o.MetricsToken = figures, "tok" })
	c.want(c.do("GET", "/metrics", ""), http.StatusOK)
	c.want(c.do("GET", "/metrics", "", "Authorization", "Bearer tok", "Host", "lake.example"), http.StatusOK)
	c.want(c.do("GET", "/metrics", "", "Authorization", "Bearer wrong"), http.StatusUnauthorized)
	// A name that resolves to loopback is how another site's page would come.
	c.want(c.do("GET", "/metrics", "", "Host", "rebound.example"), http.StatusUnauthorized)
	// From loopback, but on behalf of somebody else.
	c.want(c.do("GET", "/metrics", "", "X-Forwarded-For", "203.0.113.7"), http.StatusUnauthorized)
}
