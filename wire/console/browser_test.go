//go:build browser

package console_test

import (
	"log/slog"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"lethe/wire/console"
)

// TestServeForBrowser serves the console over the doubles until it is stopped,
// for working on the pages without a lake:
//
//	go test -tags browser -timeout 0 -v -run TestServeForBrowser ./wire/console
func TestServeForBrowser(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:8099")
	if err != nil {
		t.Fatal(err)
	}
	h := console.New(newLake(slog.New(slog.NewTextHandler(os.Stderr, nil))).Options)
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	t.Logf("http://%s, admin, %s", ln.Addr(), password)
	srv.Serve(ln)
}
