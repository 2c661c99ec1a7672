package orderkey_test

import (
	"bytes"
	"cmp"
	"testing"

	"lethe/lib/orderkey"

	"pgregory.net/rapid"
)

var texts = rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 'a', 0xFE, 0xFF}), 0, 6), func(b []byte) string { return string(b) })

func TestKeysSortAsTheirStrings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := texts.Draw(t, "a"), texts.Draw(t, "b")
		ka, kb := orderkey.End(orderkey.Append(nil, a)), orderkey.End(orderkey.Append(nil, b))
		if bytes.Compare(ka, kb) != cmp.Compare(a, b) {
			t.Errorf("%q, %q become %x, %x", a, b, ka, kb)
		}
		if a != b && bytes.HasPrefix(kb, ka) {
			t.Errorf("%q is a prefix of %q", ka, kb)
		}
		s, rest, ok := orderkey.Cut(append(bytes.Clone(ka), kb...))
		if !ok || s != a || !bytes.Equal(rest, kb) {
			t.Errorf("%x is cut into %q, %x, %v", ka, s, rest, ok)
		}
		if got := orderkey.Text(orderkey.Append(nil, a)); got != a {
			t.Errorf("%q comes back as %q", a, got)
		}
	})
}

func TestCutOfWhatHasNoEnd(t *testing.T) {
	for _, k := range []string{"", "abc", "a\x00", "a\x00\xff", "a\x00\xff\x01"} {
		if s, _, ok := orderkey.Cut([]byte(k)); ok {
			t.Errorf("%q is cut at %q", k, s)
		}
	}
}

func TestAfter(t *testing.T) {
	for in, want := range map[string]string{"a": "b", "a\xff": "b", "\x00": "\x01", "a\x00\xff": "a\x01"} {
		if got := string(orderkey.After([]byte(in))); got != want {
			t.Errorf("after %q comes %q, want %q", in, got, want)
		}
	}
	if got := orderkey.After([]byte("\xff\xff")); got != nil {
		t.Errorf("after the last keys comes %q", got)
	}
}
