package console_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lethe"
)

const lakeObjects = "/api/v1/buckets/lake/objects"

func TestBuckets(t *testing.T) {
	c := serve(t).as("admin")
	c.want(c.do("PUT", "/api/v1/buckets/second-lake", ""), http.StatusCreated)
	c.problem(c.do("PUT", "/api/v1/buckets/second-lake", ""), http.StatusConflict, lethe.Exists)
	c.problem(c.do("PUT", "/api/v1/buckets/x", ""), http.StatusBadRequest, lethe.Invalid)
	if a := c.do("GET", "/api/v1/buckets", ""); !strings.Contains(a.body, `"second-lake"`) {
		t.Error(a.body)
	}
	c.want(c.do("DELETE", "/api/v1/buckets/second-lake", ""), http.StatusNoContent)
	c.problem(c.do("DELETE", "/api/v1/buckets/lake", ""), http.StatusConflict, lethe.Conflict)
}

func TestListingWalksAllEntriesOnce(t *testing.T) {
	c := serve(t).as("admin")
	count := func(query string) (objects, prefixes int) {
		for after := ""; ; {
			p := decode[struct {
				Objects  []struct{ Key string }
				Prefixes []string
				Next     string
			}](c, c.do("GET", lakeObjects+"?"+query+"&after="+after, ""))
			objects += len(p.Objects)
			prefixes += len(p.Prefixes)
			if after = p.Next; after == "" {
				return objects, prefixes
			}
		}
	}
	if o, p := count("delimiter=/"); o != 1 || p != 5 {
		t.Errorf("at the top %d objects and %d prefixes", o, p)
	}
	if o, p := count("delimiter=/&prefix=logs/&limit=400"); o != 1500 || p != 0 {
		t.Errorf("in logs/ %d objects and %d prefixes", o, p)
	}
}

// Keys are names, not paths: what a path would drop or fold stays.
func TestKeysStayAsTheyAre(t *testing.T) {
	c := serve(t).as("admin")
	// A slash may come escaped, as it must where a path would be cleaned.
	for _, key := range []string{"a//b", "a/../b", "./a", "/a"} {
		escaped := url.PathEscape("keys/" + key)
		a := c.do("PUT", lakeObjects+"/"+escaped, "x")
		c.want(a, http.StatusCreated)
		if got := decode[struct{ Key string }](c, a).Key; got != "keys/"+key {
			t.Errorf("wrote %q, want %q", got, "keys/"+key)
		}
	}
	for _, key := range []string{"a b+c%25d", "ä/ö", "with?question", "with#hash", "a%2Fb", "trailing/", "semi;colon&and=equals"} {
		escaped := strings.NewReplacer("%", "%25", " ", "%20", "?", "%3F", "#", "%23").Replace(key)
		a := c.do("PUT", lakeObjects+"/keys/"+escaped, "x")
		c.want(a, http.StatusCreated)
		if got := decode[struct{ Key string }](c, a).Key; got != "keys/"+key {
			t.Errorf("wrote %q, want %q", got, "keys/"+key)
		}
		c.want(c.do("GET", lakeObjects+"/keys/"+escaped, ""), http.StatusOK)
		c.want(c.do("DELETE", lakeObjects+"/keys/"+escaped, ""), http.StatusNoContent)
		c.problem(c.do("GET", lakeObjects+"/keys/"+escaped, ""), http.StatusNotFound, lethe.NotFound)
	}
}

func TestUpload(t *testing.T) {
	c := serve(t).as("admin")
	body := strings.Repeat("0123456789", 100_000)
	c.want(c.do("PUT", lakeObjects+"/up.bin", body, "Content-Type", "application/x-thing", "If-None-Match", "*"), http.StatusCreated)
	c.problem(c.do("PUT", lakeObjects+"/up.bin", "other", "If-None-Match", "*"), http.StatusConflict, lethe.Conflict)
	a := c.do("GET", lakeObjects+"/up.bin", "")
	if a.body != body {
		t.Errorf("read %d bytes", len(a.body))
	}
	c.want(c.do("PUT", lakeObjects+"/up.bin", "other"), http.StatusCreated)
	c.problem(c.do("PUT", "/api/v1/buckets/nope/objects/x", "x"), http.StatusNotFound, lethe.NotFound)
	c.problem(c.do("PUT", lakeObjects+"/up.bin", "x", "If-None-Match", `"etag"`), http.StatusBadRequest, lethe.Invalid)
}

func TestDownloadsNeverRunInTheBrowser(t *testing.T) {
	c := serve(t).as("admin")
	c.want(c.do("PUT", lakeObjects+"/evil.html", "<script>alert(1)</script>", "Content-Type", "text/html"), http.StatusCreated)
	a := c.do("GET", lakeObjects+"/evil.html", "")
	h := a.res.Header
	if h.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") ||
		h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%v", h)
	}
}

func TestDownloadRanges(t *testing.T) {
	c := serve(t).as("admin")
	c.want(c.do("PUT", lakeObjects+"/digits", "0123456789"), http.StatusCreated)
	whole := c.do("GET", lakeObjects+"/digits", "")
	etag := whole.res.Header.Get("ETag")
	tests := []struct {
		headers []string
		status  int
		body    string
	}{
		{[]string{"Range", "bytes=2-4"}, http.StatusPartialContent, "234"},
		{[]string{"Range", "bytes=7-"}, http.StatusPartialContent, "789"},
		{[]string{"Range", "bytes=-2"}, http.StatusPartialContent, "89"},
		{[]string{"Range", "bytes=2-4", "If-Range", etag}, http.StatusPartialContent, "234"},
		{[]string{"Range", "bytes=2-4", "If-Range", `"old"`}, http.StatusOK, "0123456789"},
		{[]string{"If-None-Match", etag}, http.StatusNotModified, ""},
	}
	for _, tt := range tests {
		a := c.do("GET", lakeObjects+"/digits", "", tt.headers...)
		if a.res.StatusCode != tt.status || a.body != tt.body {
			t.Errorf("%v: %d %q", tt.headers, a.res.StatusCode, a.body)
		}
	}
	if a := c.do("GET", lakeObjects+"/digits", "", "Range", "bytes=50-"); a.res.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("past the end: %d", a.res.StatusCode)
	}
}

func TestPreview(t *testing.T) {
	c := serve(t).as("admin")
	put := func(key, text string) { c.want(c.do("PUT", lakeObjects+"/p/"+key, text), http.StatusCreated) }
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write([]byte(strings.Repeat("a,b\n", 200_000)))
	z.Close()

	put("a.csv", "\xef\xbb\xbfa,b\n1,2\n")
	put("a.json", "{\n \"a\": 1\n}")
	put("lines.json", "{\"a\":1}\n{\"a\":2}\n")
	put("plain", "hello, wörld")
	put("lines", "{\"a\":1}\n{\"a\":2}\n")
	put("bytes", "a\x00b")
	put("latin1.csv", "caf\xe9,1\n")
	put("x.parquet", "PAR1....PAR1")
	put("big.csv.gz", zipped.String())
	put("broken.gz", "\x1f\x8bnope")
	put("empty", "")
	put("long.txt", strings.Repeat("ä", 100_000))

	type preview struct {
		Kind, Text string
		Truncated  bool
		Object     struct{ Size int64 }
	}
	get := func(key string) preview {
		return decode[preview](c, c.do("GET", "/api/v1/buckets/lake/preview/p/"+key, ""))
	}
	for key, kind := range map[string]string{"a.csv": "csv", "a.json": "json", "lines.json": "jsonl", "plain": "text", "lines": "jsonl",
		"bytes": "binary", "latin1.csv": "binary", "x.parquet": "parquet", "big.csv.gz": "csv", "empty": "text", "long.txt": "text"} {
		if got := get(key); got.Kind != kind {
			t.Errorf("%s is %s, want %s", key, got.Kind, kind)
		}
	}
	if p := get("a.csv"); p.Text != "a,b\n1,2\n" || p.Truncated {
		t.Errorf("%+v", p)
	}
	if p := get("big.csv.gz"); !p.Truncated || len(p.Text) == 0 || !strings.HasSuffix(p.Text, "a,b\n") || p.Object.Size != int64(zipped.Len()) {
		t.Errorf("gzip: %d characters, truncated %t", len(p.Text), p.Truncated)
	}
	if p := get("long.txt"); !p.Truncated || strings.Trim(p.Text, "ä") != "" {
		t.Error("text is cut inside a character")
	}
	if p := get("bytes"); p.Text != "" {
		t.Errorf("bytes are shown: %q", p.Text)
	}
	if a := c.do("GET", "/api/v1/buckets/lake/preview/p/x.parquet", ""); !strings.Contains(a.body, `["US",null]`) {
		t.Error(a.body)
	}
	// A file that cannot be read is described all the same.
	if a := c.do("GET", "/api/v1/buckets/lake/preview/covid_data/parquet/broken.parquet", ""); !strings.Contains(a.body, `"kind":"bad data"`) || !strings.Contains(a.body, `"size":5`) {
		t.Error(a.body)
	}
	c.problem(c.do("GET", "/api/v1/buckets/lake/preview/p/broken.gz", ""), http.StatusUnprocessableEntity, lethe.BadData)
	c.problem(c.do("GET", "/api/v1/buckets/lake/preview/p/nope", ""), http.StatusNotFound, lethe.NotFound)
}
