package console

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"lethe/web"
)

// site is what a build leaves, in small.
func site() *pages {
	return &pages{
		index: []byte(`<script nonce="` + web.Nonce + `"></script>`),
		dist: fstest.MapFS{
			"index.html":          {Data: []byte("index")},
			"icon.svg":            {Data: []byte("<svg/>")},
			"assets/a-1.js":       {Data: []byte("plain")},
			"assets/a-1.js.br":    {Data: []byte("br")},
			"assets/a-1.js.gz":    {Data: []byte("gz")},
			"assets/font.woff2":   {Data: []byte("font")},
			"assets/only.css":     {Data: []byte("css")},
			"assets/only.css.gz":  {Data: []byte("cssgz")},
			"assets/sub/deep.txt": {Data: []byte("deep")},
		},
	}
}

func TestPages(t *testing.T) {
	tests := []struct {
		path, accept         string
		status               int
		body, encoding, kind string
		immutable            bool
	}{
		{"/assets/a-1.js", "gzip, deflate, br", 200, "br", "br", "text/javascript; charset=utf-8", true},
		{"/assets/a-1.js", "gzip", 200, "gz", "gzip", "text/javascript; charset=utf-8", true},
		{"/assets/a-1.js", "", 200, "plain", "", "text/javascript; charset=utf-8", true},
		{"/assets/a-1.js", "br;q=0, gzip;q=0.5", 200, "gz", "gzip", "text/javascript; charset=utf-8", true},
		{"/assets/only.css", "br, gzip", 200, "cssgz", "gzip", "text/css; charset=utf-8", true},
		{"/assets/font.woff2", "br", 200, "font", "", "font/woff2", true},
		{"/icon.svg", "br", 200, "<svg/>", "", "image/svg+xml", false},
		{"/assets/missing.js", "", 404, "no such file\n", "", "text/plain; charset=utf-8", false},
		{"/assets/a-1.js.br", "", 404, "no such file\n", "", "text/plain; charset=utf-8", false},
		{"/assets/", "", 404, "no such file\n", "", "text/plain; charset=utf-8", false},
		{"/assets/sub", "", 404, "no such file\n", "", "text/plain; charset=utf-8", false},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", tt.path, nil)
		r.Header.Set("Accept-Encoding", tt.accept)
		w := httptest.NewRecorder()
		site().ServeHTTP(w, r)
		h := w.Header()
		if w.Code != tt.status || w.Body.String() != tt.body || h.Get("Content-Encoding") != tt.encoding || h.Get("Content-Type") != tt.kind {
			t.Errorf("%s (%s): %d %q %v", tt.path, tt.accept, w.Code, w.Body, h)
		}
		if got := strings.Contains(h.Get("Cache-Control"), "immutable"); got != tt.immutable {
			t.Errorf("%s: Cache-Control %s", tt.path, h.Get("Cache-Control"))
		}
	}
}

// Addresses are the application's own, and hold names with dots.
func TestEveryOtherAddressIsTheApplication(t *testing.T) {
	for _, path := range []string{"/", "/query?run=1", "/catalog/a/b/c", "/buckets/logs.example.com", "/index.html", "/index.html/../catalog", "/..%2f..%2fetc/passwd"} {
		w := httptest.NewRecorder()
		site().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 200 || !strings.HasPrefix(w.Body.String(), "<script nonce=") {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
	}
}

func TestEachEntryPageHasItsOwnNonce(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		w := httptest.NewRecorder()
		site().ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		m := regexp.MustCompile(`nonce="([A-Z0-9]{20,})"`).FindStringSubmatch(w.Body.String())
		policy := w.Header().Get("Content-Security-Policy")
		if m == nil || !strings.Contains(policy, "'nonce-"+m[1]+"'") || strings.Contains(policy, "unsafe") {
			t.Fatalf("page %q, policy %q", w.Body, policy)
		}
		if seen[m[1]] {
			t.Error("a nonce came twice")
		}
		seen[m[1]] = true
	}
}

func TestBinaryWithoutConsoleSaysSo(t *testing.T) {
	w := httptest.NewRecorder()
	(&pages{dist: fstest.MapFS{}}).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Body.String() != "console not built: make build\n" {
		t.Errorf("%q", w.Body)
	}
}

func TestPagesAreOnlyRead(t *testing.T) {
	w := httptest.NewRecorder()
	site().ServeHTTP(w, httptest.NewRequest("POST", "/", nil))
	if w.Code != 405 {
		t.Errorf("%d", w.Code)
	}
}
