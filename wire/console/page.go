package console

import (
	"bytes"
	"crypto/rand"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"lethe/web"
)

// pages serves the single-page application: hashed assets that never change,
// from their compressed copies, and index.html for every other path, because
// the application has its own routes.
type pages struct {
	dist  fs.FS
	index []byte // nil in a binary built without the console
}

func newPages() http.Handler {
	p := &pages{dist: web.Dist()}
	if web.Built() {
		b, err := fs.ReadFile(p.dist, "index.html")
		if err != nil {
			panic(err) // embedded: it was there at compile time
		}
		p.index = b
	}
	return p
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		plain(w, http.StatusMethodNotAllowed, "pages are only read\n")
		return
	}
	if p.index == nil {
		plain(w, http.StatusNotFound, "console not built: make build\n")
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if name == "assets" || strings.HasPrefix(name, "assets/") || name != "index.html" && path.Ext(name) != "" && fs.ValidPath(name) && exists(p.dist, name) {
		p.asset(w, r, name)
		return
	}
	p.entry(w)
}

// entry answers the entry page. Its nonce, new for each answer, is what lets
// the application's style elements through the policy; nothing inline runs
// without it.
func (p *pages) entry(w http.ResponseWriter) {
	nonce := rand.Text()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'self'; script-src 'self' 'nonce-"+nonce+"'; style-src 'self' 'nonce-"+nonce+"'; "+
		"img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	w.Write(bytes.ReplaceAll(p.index, []byte(web.Nonce), []byte(nonce))) // nobody to tell if it fails
}

var encodings = []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

func (p *pages) asset(w http.ResponseWriter, r *http.Request, name string) {
	if !fs.ValidPath(name) || !exists(p.dist, name) || strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz") {
		plain(w, http.StatusNotFound, "no such file\n")
		return
	}
	h := w.Header()
	t := mime.TypeByExtension(path.Ext(name))
	if known, ok := assetTypes[path.Ext(name)]; ok {
		t = known // the machine's own table may differ
	}
	h.Set("Content-Type", t)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	file := name
	for _, e := range encodings {
		if accepts(r.Header.Get("Accept-Encoding"), e.name) && exists(p.dist, name+e.suffix) {
			h.Set("Content-Encoding", e.name)
			file += e.suffix
			break
		}
	}
	f, err := p.dist.Open(file)
	if err != nil {
		plain(w, http.StatusNotFound, "no such file\n")
		return
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil {
		h.Set("Content-Length", strconv.FormatInt(st.Size(), 10))
	}
	if r.Method == http.MethodHead {
		return
	}
	_, _ = io.Copy(w, f) // nobody to tell if it fails
}

var assetTypes = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
	".woff2": "font/woff2", ".json": "application/json", ".map": "application/json", ".txt": "text/plain; charset=utf-8",
}

// accepts reports whether an Accept-Encoding header allows an encoding.
func accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			q, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			v, err := strconv.ParseFloat(q, 64)
			return !ok || err == nil && v > 0
		}
	}
	return false
}

func exists(fsys fs.FS, name string) bool {
	st, err := fs.Stat(fsys, name)
	return err == nil && !st.IsDir()
}
