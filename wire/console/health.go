package console

import (
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"strings"

	"lethe"
)

// healthz says that the process runs.
func (s *server) healthz(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") }

// readyz says whether the lake can answer.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.Ready != nil {
		if err := s.Ready(r.Context()); err != nil {
			why := ""
			if e, ok := errors.AsType[*lethe.Error](err); ok { // made for people
				why = ": " + e.Message
			}
			plain(w, http.StatusServiceUnavailable, "not ready"+why+"\n")
			return
		}
	}
	plain(w, http.StatusOK, "ready\n")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write([]byte(text)) // nobody to tell if it fails
}

func (s *server) metrics(w http.ResponseWriter, r *http.Request) {
	if s.Metrics == nil {
		s.fail(w, r, lethe.Errorf(lethe.NotFound, "this server publishes no metrics"))
		return
	}
	if !s.mayReadMetrics(r) {
		s.fail(w, r, unauthenticated{lethe.Errorf(lethe.Denied, "metrics are for loopback clients and for those that bring the metrics token").
			WithHint("send Authorization: Bearer with the token that the server's configuration names")})
		return
	}
	s.Metrics.ServeHTTP(w, r)
}

func (s *server) mayReadMetrics(r *http.Request) bool {
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && s.MetricsToken != "" {
		return subtle.ConstantTimeCompare([]byte(t), []byte(s.MetricsToken)) == 1
	}
	// A page of another site can reach loopback by a name of its own that
	// resolves there, and a proxy comes from loopback too: both show.
	return loopback(clientOf(r)) && loopback(hostOnly(r.Host)) && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == ""
}

func hostOnly(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return strings.Trim(hostport, "[]")
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
