package s3

import (
	"encoding/xml"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"lethe"
)

// Proxy returns a handler that hands requests to the gateway at addr. The
// signature covers the host, the path and the query as they were sent, so these
// go on byte for byte, neither cleaned nor encoded again; bodies stream.
func Proxy(addr string, log *slog.Logger) http.Handler {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return newProxy(addr, transport(), "", log)
}

// transport keeps connections to the gateway.
func transport() *http.Transport {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		MaxIdleConnsPerHost:   1024,
		DisableCompression:    true, // the bytes are the client's business
		ExpectContinueTimeout: time.Second,
		ReadBufferSize:        64 << 10,
		WriteBufferSize:       256 << 10,
	}
}

func newProxy(addr string, t *http.Transport, from peer, log *slog.Logger) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			verbatim(r, addr)
			if from != "" {
				from.tell(r.Out.Header, r.In)
			}
		},
		Transport:  t,
		BufferPool: &pool{},
		ErrorLog:   slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil {
				return // the client went away
			}
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				fail(w, http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size.")
				return
			}
			log.Warn("S3 gateway did not answer", "method", r.Method, "path", r.URL.Path, "err", err)
			fail(w, http.StatusServiceUnavailable, "ServiceUnavailable", "The object store did not answer. Please try again.")
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { proxy.ServeHTTP(&answer{ResponseWriter: w}, r) })
}

// answer writes a response's header as the gateway meant it.
type answer struct{ http.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	asSent(a.Header())
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// asSent undoes what reading a response did to its header: the names of user
// metadata are lower case on the wire, and clients (boto3) hand them to their
// users as they come. The gateway sends its ids twice.
func asSent(h http.Header) {
	for k, v := range h {
		if strings.HasPrefix(k, "X-Amz-Meta-") {
			delete(h, k)
			h[strings.ToLower(k)] = v
		}
	}
	for _, k := range []string{"X-Amz-Request-Id", "X-Amz-Id-2"} {
		if len(h[k]) > 1 {
			h[k] = h[k][:1]
		}
	}
}

// verbatim sends r.In on as it came.
func verbatim(r *httputil.ProxyRequest, addr string) {
	u := &url.URL{Scheme: "http", Host: addr}
	if target := r.In.RequestURI; strings.HasPrefix(target, "/") {
		path, query, has := strings.Cut(target, "?")
		u.Opaque, u.RawQuery, u.ForceQuery = path, query, has && query == ""
		if strings.HasPrefix(path, "//") {
			// As an opaque part it would read as //host/path; with the host it
			// is sent whole, which means the same to the gateway.
			u.Opaque = "http://" + r.In.Host + path
		}
	} else { // the absolute form, which clients of forward proxies send
		u.Path, u.RawPath, u.RawQuery, u.ForceQuery = r.In.URL.Path, r.In.URL.RawPath, r.In.URL.RawQuery, r.In.URL.ForceQuery
	}
	r.Out.URL, r.Out.Host = u, r.In.Host
	// ReverseProxy took these from the copy; they may be signed.
	for _, h := range []string{"Te", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if v, ok := r.In.Header[h]; ok {
			r.Out.Header[h] = v
		}
	}
}

// fail answers with an error in S3's form.
func fail(w http.ResponseWriter, status int, code, message string) {
	body, err := xml.Marshal(struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		RequestId string
	}{Code: code, Message: message, RequestId: lethe.NewID()})
	if err != nil {
		http.Error(w, message, status)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xml.Header), body...)) // the client may be gone
}

// pool lends the buffers that bodies are copied through.
type pool struct{ p sync.Pool }

const copySize = 256 << 10

func (p *pool) Get() []byte {
	if b, ok := p.p.Get().(*[copySize]byte); ok {
		return b[:]
	}
	return make([]byte, copySize)
}

func (p *pool) Put(b []byte) { p.p.Put((*[copySize]byte)(b)) }
