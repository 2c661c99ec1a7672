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
//	LETHE_CONSOLE_SERVE=127.0.0.1:8099 go test ./wire/console -run TestServeForBrowser
func TestServeForBrowser(t *testing.T) {
	addr := os.Getenv("LETHE_CONSOLE_SERVE")
	if addr == "" {
		t.Skip("set LETHE_CONSOLE_SERVE=ADDRESS to serve the console over doubles")
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	h := console.New(newLake(slog.New(slog.NewTextHandler(os.Stderr, nil))).Options)
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	t.Logf("http://%s, admin, %s", ln.Addr(), password)
	srv.Serve(ln)
}
