package objecttest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lethe/object"
)

// modelList is what a listing of keys, sorted, must be.
func modelList(keys []string, o object.ListOptions) (objs, prefixes []string, more bool) {
	objs, prefixes = []string{}, []string{}
	limit := o.Limit
	if limit == 0 {
		limit = 1000
	}
	for _, k := range keys {
		if !strings.HasPrefix(k, o.Prefix) || o.After != "" && k <= o.After {
			continue
		}
		item, isPrefix := k, false
		if o.Delimiter != "" {
			if i := strings.Index(k[len(o.Prefix):], o.Delimiter); i >= 0 {
				item, isPrefix = k[:len(o.Prefix)+i+len(o.Delimiter)], true
			}
		}
		if isPrefix && (item == o.After || len(prefixes) > 0 && prefixes[len(prefixes)-1] == item) {
			continue
		}
		if len(objs)+len(prefixes) == limit {
			return objs, prefixes, true
		}
		if isPrefix {
			prefixes = append(prefixes, item)
		} else {
			objs = append(objs, k)
		}
	}
	return objs, prefixes, false
}

// checkList compares one page with the model's, and returns where to go on.
func checkList(t fataler, s object.Store, bucket string, keys []string, o object.ListOptions) (next string) {
	t.Helper()
	l, err := s.List(context.Background(), bucket, o)
	if err != nil {
		t.Fatalf("list %+v: %v", o, err)
	}
	objs, prefixes, more := modelList(keys, o)
	got := append([]string{}, l.Prefixes...)
	if u, ok := s.(*under); ok && u.suite.Far && !more && l.Next != "" {
		// S3 may say that there is more and then have nothing.
		rest, err := s.List(context.Background(), bucket, object.ListOptions{Prefix: o.Prefix, Delimiter: o.Delimiter, After: l.Next})
		if err != nil || len(rest.Objects)+len(rest.Prefixes) > 0 {
			t.Fatalf("list %+v goes on after %q with %+v (%v)", o, l.Next, rest, err)
		}
		l.Next = ""
	}
	if !slices.Equal(keysOf(l.Objects), objs) || !slices.Equal(got, prefixes) || (l.Next != "") != more {
		t.Fatalf("list %+v:\n got %s %s next %q\nwant %s %s more %v", o, quoted(keysOf(l.Objects)), quoted(got), l.Next, quoted(objs), quoted(prefixes), more)
	}
	return l.Next
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func testListing(t *testing.T, s *under) {
	prepare(t, s)
	keys := []string{
		"a", "a-b", "a.c", "a/", "a/1", "a/2", "a/2/x", "a/2/y", "a0", "b//c", "b//d", "b/c", "c\x00d", "c\x01", "d/e/f/g", "z", "ä/ö", "ä/ü",
	}
	slices.Sort(keys)
	keys = s.keys(t, keys)
	for _, k := range keys {
		put(t, s, k, []byte(k))
	}
	n := 0
	for _, prefix := range []string{"", "a", "a/", "a/2", "b/", "b//", "c", "d/e", "ä", "zz", "nothing"} {
		for _, delimiter := range []string{"", "/", "-", "//", "2/", "\x00"} {
			for _, after := range append([]string{"", "a/~", "0", "zzz", "a/2/", "d/"}, keys...) {
				if s.suite.NoKey != nil && s.suite.NoKey(after+delimiter) != "" {
					continue
				}
				for _, limit := range []int{0, 1, 2, 5} {
					if n++; s.suite.Far && n%17 != 0 {
						continue
					}
					checkList(t, s, bucket, keys, object.ListOptions{Prefix: prefix, Delimiter: delimiter, After: after, Limit: limit})
				}
			}
		}
	}
	l, err := s.List(context.Background(), bucket, object.ListOptions{Prefix: "a-b"})
	must(t, err)
	if o := l.Objects[0]; o.Bucket != bucket || o.Size != 3 || o.ETag == "" || o.Modified.IsZero() {
		t.Errorf("a listing says %+v", o)
	}
}

func testListingPages(t *testing.T, s *under) {
	prepare(t, s)
	var keys []string
	for i := range 60 {
		keys = append(keys, fmt.Sprintf("p/%02d/%d", i/7, i), fmt.Sprintf("p/%02d", i))
	}
	slices.Sort(keys)
	keys = s.keys(t, keys)
	for _, k := range keys {
		put(t, s, k, nil)
	}
	for _, delimiter := range []string{"", "/"} {
		for _, limit := range []int{1, 2, 7, 1000} {
			o := object.ListOptions{Prefix: "p/", Delimiter: delimiter, Limit: limit}
			for pages := 0; ; pages++ {
				if o.After = checkList(t, s, bucket, keys, o); o.After == "" {
					break
				}
				if pages > len(keys) {
					t.Fatalf("a listing with limit %d does not end", limit)
				}
			}
		}
	}
}

func testAll(t *testing.T, s *under) {
	ctx := prepare(t, s)
	var want []string
	for i := range 25 {
		put(t, s, fmt.Sprintf("in/%02d", i), nil)
		want = append(want, fmt.Sprintf("in/%02d", i))
	}
	put(t, s, "outside", nil)
	var got []string
	for o, err := range object.All(ctx, s, bucket, "in/") {
		must(t, err)
		got = append(got, o.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("all: %s, want %s", quoted(got), quoted(want))
	}
	for _, err := range object.All(ctx, s, "no-such-bucket", "") {
		if err == nil {
			t.Error("all of a missing bucket yields objects")
		}
	}
}
