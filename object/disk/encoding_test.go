package disk

import (
	"encoding/xml"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever a key holds, its encoding decodes to it and its token comes through XML.
func FuzzListedKeys(f *testing.F) {
	for _, k := range []string{"", "a/b", "a+b c%2F", "\x00\x01\n\r\t", "base64:", "base64:YQ", "ü€😀\uffff\ufeff", "<&>\"'"} {
		f.Add(k)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if !utf8.ValidString(key) {
			t.Skip("no key")
		}
		coded := encoding(true).text(key)
		for name, decode := range map[string]func(string) (string, error){"path": url.PathUnescape, "query": url.QueryUnescape} {
			if got, err := decode(coded); err != nil || got != key {
				t.Errorf("%q is encoded as %q, which a %s decoder reads as %q (%v)", key, coded, name, got, err)
			}
		}
		type page struct{ Token string }
		text, err := xml.Marshal(page{token(key)})
		must(t, err)
		var got page
		must(t, xml.Unmarshal(text, &got))
		if back, err := untoken(got.Token); err != nil || back != key {
			t.Errorf("%q came back as %q (%v)", key, back, err)
		}
	})
}

func TestTags(t *testing.T) {
	long := strings.Repeat("ü", maxTagValue)
	tags, err := parseTags("a=1&b=" + url.QueryEscape(long) + "&c&d=x+y%2Fz")
	must(t, err)
	if len(tags) != 4 || tags["b"] != long || tags["c"] != "" || tags["d"] != "x y/z" {
		t.Errorf("%q", tags)
	}
	for name, header := range map[string]string{
		"a key twice":         "a=1&a=2",
		"no key":              "=1",
		"a broken percentage": "a=%zz",
		"a long key":          strings.Repeat("k", maxTagKey+1) + "=1",
		"a long value":        "a=" + strings.Repeat("v", maxTagValue+1),
		"eleven":              "a&b&c&d&e&f&g&h&i&j&k",
		"a character":         "a=%00",
	} {
		if tags, err := parseTags(header); err == nil {
			t.Errorf("%s is taken as %q", name, tags)
		}
	}
}
