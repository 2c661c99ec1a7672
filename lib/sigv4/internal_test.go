package sigv4

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestCanonicalPath(t *testing.T) {
	for path, want := range map[string]string{
		"":               "/",
		"/":              "/",
		"//":             "/",
		"/./":            "/",
		"/a/..":          "/",
		"/../../etc":     "/etc",
		"/a/./b/../c/":   "/a/c/",
		"//a//b":         "/a/b",
		"/a/b/.":         "/a/b/",
		"/a%20b":         "/a%2520b",
		"/a%2Fb":         "/a%252Fb",
		"/~-_.":          "/~-_.",
		"/documents and": "/documents%20and",
	} {
		if got := canonicalPath(path); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
}

func TestCanonicalQuery(t *testing.T) {
	for query, want := range map[string]string{
		"":                    "",
		"b=2&a=1":             "a=1&b=2",
		"a=2&a=1":             "a=1&a=2",
		"a-b=1&a=2":           "a=2&a-b=1",
		"x":                   "x=",
		"&&x=&":               "x=",
		"x=a+b":               "x=a%20b",
		"x=%2f%zz%":           "x=%2F%25zz%25",
		"X-Amz-Signature=0&a": "a=",
		"é=€":                 "%C3%A9=%E2%82%AC",
	} {
		if got := canonicalQuery(query); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

func FuzzParseAuthorization(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/iam/aws4_request, SignedHeaders=host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")
	f.Add("AWS4-HMAC-SHA256 Credential=a/b/c/d/e/aws4_request,SignedHeaders=,Signature=")
	f.Add("AWS4-HMAC-SHA256 ,,=,==")
	f.Fuzz(func(t *testing.T, header string) {
		s, err := parseAuthorization(header)
		if (s == nil) == (err == nil) {
			t.Fatal(s, err)
		}
		r := &http.Request{Header: http.Header{"Authorization": {header}}, URL: &url.URL{Path: "/"}}
		scope, ok := ParseScope(r)
		if err != nil {
			return
		}
		if !ok || scope != s.scope {
			t.Fatalf("routed by %v, verified as %v", scope, s.scope)
		}
		if s.scope.AccessKey == "" || strings.Contains(s.scope.Service, "/") || len(s.signature) != 64 || len(s.signed) == 0 {
			t.Fatalf("accepted %q as %+v", header, s)
		}
	})
}

func FuzzCanonicalQuery(f *testing.F) {
	f.Add("b=2&a=1&X-Amz-Signature=0")
	f.Add("a=%&b=%zz&+")
	f.Fuzz(func(t *testing.T, query string) {
		once := canonicalQuery(query)
		if twice := canonicalQuery(once); twice != once {
			t.Fatalf("%q is not canonical: %q", once, twice)
		}
	})
}
