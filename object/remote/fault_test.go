package remote_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"lethe"
	"lethe/object"
	"lethe/object/disk"
	"lethe/object/remote"
	"lethe/test/s3server"
)

var ctx = context.Background()

const bucket = "bucket"

// between puts a handler between the client and a server.
func between(t *testing.T, url_ string, h func(next http.Handler) http.HandlerFunc) string {
	t.Helper()
	u, err := url.Parse(url_)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(u)
		r.Out.Host = r.In.Host
		r.Out.URL.RawPath = r.In.URL.EscapedPath()
	}}
	srv := httptest.NewServer(h(proxy))
	t.Cleanup(srv.Close)
	return srv.URL
}

func server(t *testing.T) *s3server.Server {
	t.Helper()
	srv := s3server.Start(t, t.TempDir(), disk.Options{NoSync: true})
	must(t, srv.Store.CreateBucket(ctx, bucket))
	return srv
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, s object.Store, key string, data []byte) object.Object {
	t.Helper()
	o, err := s.Put(ctx, bucket, key, bytes.NewReader(data), object.Header{}, object.Condition{})
	must(t, err)
	return o
}

func uploads(t testing.TB, s object.Store) (n int) {
	t.Helper()
	for _, err := range s.Uploads(ctx, bucket, "") {
		must(t, err)
		n++
	}
	return n
}

func notes(t testing.TB, dir string) int {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(dir, "uploads"))
	must(t, err)
	return len(files)
}

// TestStoresThatIgnoreConditions are not written to under conditions: a store that
// takes no notice of If-Match would lose a concurrent write.
func TestStoresThatIgnoreConditions(t *testing.T) {
	for name, refuses := range map[string]bool{"all": false, "completions of uploads": true} {
		t.Run(name, func(t *testing.T) {
			there := map[string]bool{"/bucket/k": true}
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				q := r.URL.Query()
				w.Header().Set("ETag", `"11111111111111111111111111111111"`)
				switch {
				case r.Method == http.MethodPost && q.Has("uploads"):
					io.WriteString(w, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
				case r.Method == http.MethodPost:
					there[r.URL.Path] = true
					io.WriteString(w, `<CompleteMultipartUploadResult><ETag>"22222222222222222222222222222222-1"</ETag></CompleteMultipartUploadResult>`)
				case q.Has("uploadId"):
				case r.Method == http.MethodDelete:
					delete(there, r.URL.Path)
					w.WriteHeader(http.StatusNoContent)
				case r.Method == http.MethodPut && refuses && r.Header.Get("If-Match") != "":
					w.WriteHeader(http.StatusPreconditionFailed)
				case r.Method == http.MethodPut:
					there[r.URL.Path] = true
				}
			}))
			defer srv.Close()
			s := connect(t, srv.URL)
			for range 2 {
				if _, err := s.Put(ctx, bucket, "k", strings.NewReader("x"), object.Header{}, object.Condition{IfMatch: `"1"`}); !lethe.Is(err, lethe.Unsupported) {
					t.Errorf("a conditional put answers %v", err)
				}
				if _, err := s.Splice(ctx, bucket, "k", `"1"`, []object.Edit{{Off: 0, Len: 1}}); !lethe.Is(err, lethe.Unsupported) {
					t.Errorf("a splice answers %v", err)
				}
			}
			if len(there) != 1 {
				t.Errorf("the probe left %v", there)
			}
			put(t, s, "k", []byte("without a condition"))
		})
	}
}

// TestReadsGoOn: a body that breaks off is read on at the same version.
func TestReadsGoOn(t *testing.T) {
	srv := server(t)
	var breaks atomic.Int64
	u := between(t, srv.URL, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && breaks.Add(-1) >= 0 {
				next.ServeHTTP(&breaking{ResponseWriter: w, left: 300_000}, r)
				return
			}
			next.ServeHTTP(w, r)
		}
	})
	s := connect(t, u)
	data := bytes.Repeat([]byte("0123456789"), 100_000)
	o := put(t, s, "k", data)
	breaks.Store(3)
	r, _, err := s.Open(ctx, bucket, "k", 5, -1)
	must(t, err)
	got, err := io.ReadAll(r)
	must(t, err)
	r.Close()
	if !bytes.Equal(got, data[5:]) {
		t.Errorf("read %d bytes, wrong ones", len(got))
	}
	breaks.Store(2)
	path := filepath.Join(t.TempDir(), "l")
	must(t, s.Link(ctx, bucket, "k", o.ETag, path))
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
		t.Errorf("linked %d bytes, wrong ones (%v)", len(got), err)
	}
	breaks.Store(1_000_000)
	r, _, err = s.Open(ctx, bucket, "k", 900_000, -1)
	must(t, err)
	if _, err := io.ReadAll(r); err != nil {
		t.Error("less than what breaks off cannot be read:", err)
	}
	r.Close()
	path += "2"
	breaks.Store(1)
	u2 := between(t, srv.URL, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && breaks.Add(-1) >= 0 {
				defer put(t, srv.Store, "k", []byte("replaced")) // the proxy panics when the connection breaks
				next.ServeHTTP(&breaking{ResponseWriter: w, left: 300_000}, r)
				return
			}
			next.ServeHTTP(w, r)
		}
	})
	if err := connect(t, u2).Link(ctx, bucket, "k", o.ETag, path); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("link of an object that is replaced half way: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("half a file is left")
	}
}

// breaking ends a response in its middle.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) > b.left {
		b.ResponseWriter.Write(p[:b.left])
		http.NewResponseController(b.ResponseWriter).Flush()
		conn, _, err := http.NewResponseController(b.ResponseWriter).Hijack()
		if err == nil {
			conn.Close()
		}
		b.left = 0
		return 0, errors.New("the connection of the test breaks")
	}
	b.left -= len(p)
	return b.ResponseWriter.Write(p)
}

func (b *breaking) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// TestLostAnswers: a completion whose answer is lost is known to have been made.
func TestLostAnswers(t *testing.T) {
	srv := server(t)
	var lose atomic.Bool
	u := between(t, srv.URL, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && r.URL.Query().Has("uploadId") && lose.CompareAndSwap(true, false) {
				next.ServeHTTP(httptest.NewRecorder(), r)
				if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
					conn.Close()
				}
				return
			}
			next.ServeHTTP(w, r)
		}
	})
	s := connect(t, u)
	data := bytes.Repeat([]byte("0123456789"), 1_000_000)
	lose.Store(true)
	o, err := s.Put(ctx, bucket, "k", bytes.NewReader(data), object.Header{}, object.Condition{})
	must(t, err)
	if now, err := s.Head(ctx, bucket, "k"); err != nil || now.ETag != o.ETag || lose.Load() {
		t.Errorf("put answered %+v, and there is %+v (%v)", o, now, err)
	}
}

// TestNothingIsLeft: a write that fails in its middle leaves no upload, and what
// a killed process left is aborted by the next.
func TestNothingIsLeft(t *testing.T) {
	srv := server(t)
	var failing atomic.Bool
	u := between(t, srv.URL, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if failing.Load() && r.URL.Query().Get("partNumber") == "2" {
				io.Copy(io.Discard, r.Body)
				http.Error(w, "no", http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		}
	})
	dir := t.TempDir()
	open := func() *remote.Store {
		s, err := remote.New(ctx, remote.Config{Name: "test", Endpoint: u, Region: lethe.DefaultRegion, PathStyle: true,
			AccessKeyID: s3server.AccessKeyID, SecretAccessKey: s3server.SecretAccessKey, Dir: dir, Attempts: 1})
		must(t, err)
		return s
	}
	s := open()
	data := make([]byte, 20<<20)
	o := put(t, s, "k", data)
	failing.Store(true)
	if _, err := s.Put(ctx, bucket, "new", bytes.NewReader(data), object.Header{}, object.Condition{}); !lethe.Is(err, lethe.Denied) {
		t.Errorf("put: %v", err)
	}
	if _, err := s.Splice(ctx, bucket, "k", o.ETag, []object.Edit{{Off: 10 << 20, Len: 1, Data: strings.NewReader("x")}}); !lethe.Is(err, lethe.Denied) {
		t.Errorf("splice: %v", err)
	}
	g, err := s.Stage(ctx, bucket, bytes.NewReader(data))
	must(t, err)
	if err := s.Commit(ctx, bucket, []object.Named{{Key: "new", Staged: g}}, []string{"k"}); !lethe.Is(err, lethe.Denied) {
		t.Errorf("commit: %v", err)
	}
	if n := uploads(t, s); n != 0 || notes(t, dir) != 0 {
		t.Errorf("%d uploads and %d notes are left", n, notes(t, dir))
	}
	l, err := s.List(ctx, bucket, object.ListOptions{})
	must(t, err)
	if len(l.Objects) != 1 || l.Objects[0].ETag != o.ETag {
		t.Errorf("the bucket holds %+v", l.Objects)
	}
	failing.Store(false)
	must(t, s.Commit(ctx, bucket, []object.Named{{Key: "new", Staged: g}}, []string{"k"})) // the bytes are good still

	// A kill in the middle of an upload: its reader never returns.
	begun, hold := make(chan struct{}), make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Put(ctx, bucket, "half", io.MultiReader(bytes.NewReader(data), waiting{begun, hold}), object.Header{}, object.Condition{})
	}()
	<-begun
	if notes(t, dir) != 1 || uploads(t, s) != 1 {
		t.Fatalf("%d notes of %d uploads", notes(t, dir), uploads(t, s))
	}
	next := open()
	must(t, os.WriteFile(filepath.Join(dir, "uploads", "torn.json"), []byte(`{"Buc`), 0o600))
	must(t, open().Sweep(ctx))
	if n := uploads(t, next); n != 0 || notes(t, dir) != 0 {
		t.Errorf("after the sweep %d uploads and %d notes are left", n, notes(t, dir))
	}
	close(hold)
	<-ended
	if _, err := s.Head(ctx, bucket, "half"); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("the object of an aborted upload: %v", err)
	}
}

type waiting struct{ begun, hold chan struct{} }

func (w waiting) Read([]byte) (int, error) {
	close(w.begun)
	<-w.hold
	return 0, errors.New("killed")
}

// TestMessagesNameTheStore and do not show secrets.
func TestMessagesNameTheStore(t *testing.T) {
	srv := server(t)
	s, err := remote.New(ctx, remote.Config{Name: "partner", Endpoint: srv.URL, Region: lethe.DefaultRegion, PathStyle: true,
		AccessKeyID: s3server.AccessKeyID, SecretAccessKey: "a-wrong-secret", Dir: t.TempDir(), Attempts: 1})
	must(t, err)
	_, err = s.List(ctx, bucket, object.ListOptions{})
	if !lethe.Is(err, lethe.Denied) || !strings.Contains(err.Error(), "store partner refuses it") || strings.Contains(err.Error(), "a-wrong-secret") {
		t.Errorf("%v", err)
	}
	s, err = remote.New(ctx, remote.Config{Name: "away", Endpoint: "http://127.0.0.1:1", Region: lethe.DefaultRegion, PathStyle: true,
		AccessKeyID: "k", SecretAccessKey: "s", Dir: t.TempDir(), Attempts: 1})
	must(t, err)
	if _, err = s.Head(ctx, bucket, "k"); !lethe.Is(err, lethe.Internal) || !strings.Contains(err.Error(), "store away cannot be reached") {
		t.Errorf("%v", err)
	}
}
