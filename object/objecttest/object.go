package objecttest

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/object"
)

func testBuckets(t *testing.T, s *under) {
	ctx := context.Background()
	list, err := s.Buckets(ctx)
	must(t, err)
	if len(list) != 0 {
		t.Fatalf("a new store has buckets: %v", list)
	}
	for _, name := range []string{"b-two", "a.one", "c33"} {
		must(t, s.CreateBucket(ctx, name))
	}
	wantKind(t, s.CreateBucket(ctx, "c33"), lethe.Exists, "create a bucket twice")
	for _, bad := range []string{"", "a", "Upper", "under_score", "a/b", "..", "-x-", strings.Repeat("x", 64), "x\x00y"} {
		wantKind(t, s.CreateBucket(ctx, bad), lethe.Invalid, fmt.Sprintf("create bucket %q", bad))
	}
	list, err = s.Buckets(ctx)
	must(t, err)
	var names []string
	for _, b := range list {
		names = append(names, b.Name)
		if d := time.Since(b.Created); d < -time.Minute || d > time.Hour {
			t.Errorf("%s was created %v ago", b.Name, d)
		}
	}
	if !slices.Equal(names, []string{"a.one", "b-two", "c33"}) {
		t.Errorf("buckets %v, want them sorted", names)
	}
	_, err = s.Put(ctx, "c33", "k", strings.NewReader("x"), object.Header{}, object.Condition{})
	must(t, err)
	wantKind(t, s.DeleteBucket(ctx, "c33"), lethe.Conflict, "delete a bucket that is not empty")
	must(t, s.Delete(ctx, "c33", "k", object.Condition{}))
	must(t, s.DeleteBucket(ctx, "c33"))
	wantKind(t, s.DeleteBucket(ctx, "c33"), lethe.NotFound, "delete a bucket twice")
	_, err = s.Head(ctx, "c33", "k")
	wantKind(t, err, lethe.NotFound, "head in a deleted bucket")
	must(t, s.CreateBucket(ctx, "c33"))
}

func testObjects(t *testing.T, s *under) {
	ctx := prepare(t, s)
	for _, size := range []int{0, 1, 4096, 256<<10 - 1, 256 << 10, 256<<10 + 1, 3 << 20} {
		data := noise(size)
		key := fmt.Sprint("size/", size)
		h := object.Header{ContentType: "text/x-size", Metadata: map[string]string{"Size": fmt.Sprint(size), "utf8": "größe"}}
		before := time.Now()
		o, err := s.Put(ctx, bucket, key, bytes.NewReader(data), h, object.Condition{})
		must(t, err)
		etag := fmt.Sprintf(`"%x"`, md5.Sum(data))
		if o.Size != int64(size) || o.ETag != etag || o.Key != key || o.Bucket != bucket || o.ContentType != h.ContentType {
			t.Errorf("put of %d bytes: %+v", size, o)
		}
		if o.Modified.Before(before.Add(-time.Minute)) || o.Modified.After(time.Now().Add(time.Minute)) {
			t.Errorf("modified %v", o.Modified)
		}
		if m := map[string]string{"size": fmt.Sprint(size), "utf8": "größe"}; !maps.Equal(o.Metadata, m) {
			t.Errorf("metadata %v, want %v (names in lower case)", o.Metadata, m)
		}
		head, err := s.Head(ctx, bucket, key)
		must(t, err)
		if d := head.Modified.Sub(o.Modified).Abs(); d > time.Minute {
			t.Errorf("head and put differ by %v in the time of modification", d)
		}
		head.Modified = o.Modified
		if fmt.Sprint(head) != fmt.Sprint(o) {
			t.Errorf("head says %+v, put said %+v", head, o)
		}
		if got, _ := get(t, s, key); !bytes.Equal(got, data) {
			t.Errorf("%d bytes came back wrong", size)
		}
	}
	// A replacement replaces the header too.
	_, err := s.Put(ctx, bucket, "size/1", strings.NewReader("new"), object.Header{}, object.Condition{})
	must(t, err)
	o, err := s.Head(ctx, bucket, "size/1")
	must(t, err)
	if o.Size != 3 || o.ContentType != s.suite.OwnType || len(o.Metadata) != 0 {
		t.Errorf("after the replacement: %+v", o)
	}
}

func testRanges(t *testing.T, s *under) {
	ctx := prepare(t, s)
	data := noise(1000)
	put(t, s, "k", data)
	for _, c := range []struct {
		off, n     int64
		begin, end int
	}{
		{0, -1, 0, 1000}, {0, 1000, 0, 1000}, {0, 0, 0, 0}, {0, 1, 0, 1}, {999, 1, 999, 1000},
		{500, -1, 500, 1000}, {500, 9999, 500, 1000}, {1000, -1, 1000, 1000}, {1000, 5, 1000, 1000}, {10, 90, 10, 100},
	} {
		r, o, err := s.Open(ctx, bucket, "k", c.off, c.n)
		must(t, err)
		got, err := io.ReadAll(r)
		must(t, err)
		must(t, r.Close())
		if !bytes.Equal(got, data[c.begin:c.end]) || o.Size != 1000 {
			t.Errorf("range %d+%d: %d bytes of %d", c.off, c.n, len(got), o.Size)
		}
	}
	for _, off := range []int64{-1, 1001} {
		_, _, err := s.Open(ctx, bucket, "k", off, 1)
		wantKind(t, err, lethe.Invalid, fmt.Sprint("open at ", off))
	}
}

func testMissing(t *testing.T, s *under) {
	ctx := prepare(t, s)
	for _, b := range []string{bucket, "no-such-bucket"} {
		_, err := s.Head(ctx, b, "k")
		wantKind(t, err, lethe.NotFound, "head in "+b)
		_, _, err = s.Open(ctx, b, "k", 0, -1)
		wantKind(t, err, lethe.NotFound, "open in "+b)
		wantKind(t, s.Link(ctx, b, "k", `"x"`, t.TempDir()+"/l"), lethe.NotFound, "link in "+b)
	}
	_, err := s.Put(ctx, "no-such-bucket", "k", strings.NewReader("x"), object.Header{}, object.Condition{})
	wantKind(t, err, lethe.NotFound, "put")
	_, err = s.Put(ctx, "no-such-bucket", "k", strings.NewReader("x"), object.Header{}, object.Condition{IfMatch: `"x"`})
	wantKind(t, err, lethe.NotFound, "conditional put")
	wantKind(t, s.Delete(ctx, "no-such-bucket", "k", object.Condition{}), lethe.NotFound, "delete")
	_, err = s.List(ctx, "no-such-bucket", object.ListOptions{})
	wantKind(t, err, lethe.NotFound, "list")
	_, err = s.Stage(ctx, "no-such-bucket", strings.NewReader("x"))
	wantKind(t, err, lethe.NotFound, "stage")
	wantKind(t, s.Commit(ctx, "no-such-bucket", nil, []string{"k"}), lethe.NotFound, "commit")
	must(t, s.Delete(ctx, bucket, "never there", object.Condition{}))
}

func testBadArguments(t *testing.T, s *under) {
	ctx := prepare(t, s)
	for _, key := range []string{"", strings.Repeat("k", 1025), "not\xffutf8"} {
		_, err := s.Put(ctx, bucket, key, strings.NewReader("x"), object.Header{}, object.Condition{})
		wantKind(t, err, lethe.Invalid, fmt.Sprintf("put of key %.20q", key))
		g := stage(t, s, []byte("x"))
		wantKind(t, s.Commit(ctx, bucket, []object.Named{{Key: key, Staged: g}}, nil), lethe.Invalid, fmt.Sprintf("commit of key %.20q", key))
		g.Discard()
	}
	_, err := s.Put(ctx, bucket, "k", strings.NewReader("x"), object.Header{}, object.Condition{IfMatch: `"x"`, IfNoneMatch: true})
	wantKind(t, err, lethe.Invalid, "put with both conditions")
	_, err = s.List(ctx, bucket, object.ListOptions{Limit: -1})
	wantKind(t, err, lethe.Invalid, "list with a negative limit")
	if _, ok := get(t, s, "k"); ok {
		t.Error("a refused put wrote")
	}
}

func testConditions(t *testing.T, s *under) {
	ctx := prepare(t, s)
	try := func(data string, c object.Condition) error {
		_, err := s.Put(ctx, bucket, "k", strings.NewReader(data), object.Header{}, c)
		return err
	}
	one := fmt.Sprintf(`"%x"`, md5.Sum([]byte("one")))
	two := fmt.Sprintf(`"%x"`, md5.Sum([]byte("two")))
	wantKind(t, try("one", object.Condition{IfMatch: one}), lethe.Conflict, "If-Match where nothing is")
	must(t, try("one", object.Condition{IfNoneMatch: true}))
	wantKind(t, try("two", object.Condition{IfNoneMatch: true}), lethe.Conflict, "If-None-Match where something is")
	wantKind(t, try("two", object.Condition{IfMatch: two}), lethe.Conflict, "If-Match of another ETag")
	if got, _ := get(t, s, "k"); string(got) != "one" {
		t.Fatalf("a refused put wrote: %q", got)
	}
	must(t, try("two", object.Condition{IfMatch: one}))
	wantKind(t, s.Delete(ctx, bucket, "k", object.Condition{IfMatch: one}), lethe.Conflict, "delete of another ETag")
	if got, _ := get(t, s, "k"); string(got) != "two" {
		t.Fatalf("a refused delete deleted: %q", got)
	}
	must(t, s.Delete(ctx, bucket, "k", object.Condition{IfMatch: two}))
	if _, ok := get(t, s, "k"); ok {
		t.Error("the delete did not delete")
	}
	wantKind(t, s.Delete(ctx, bucket, "k", object.Condition{IfMatch: two}), lethe.Conflict, "conditional delete of nothing")
	wantKind(t, try("x", object.Condition{IfMatch: two}), lethe.Conflict, "If-Match after the deletion")
	must(t, try("x", object.Condition{IfNoneMatch: true}))
}

var oddKeys = []string{
	"/", "//", "x//y", "x/y", "./x", "../x", "p/../q", ".", "..", "dir/", "dir", "dir/child", "dir//",
	"n", "n/child", "a b", "a+b", "a%20b", "a%2Fb", "q?x=1&y=2#z", "back\\slash", "new\nline", "tab\t", "\x01", "\x00", "a\x00b", "a\x00", "a",
	"größe", "großartig/日本", "👻", "\u00e9", "e\u0301", "~", "\u007f", "\U0010ffff", "trailing ", " leading", "*", "<&>\"'",
	strings.Repeat("k", 1024), strings.Repeat("s/", 512), strings.Repeat("é", 512),
}

func testOddKeys(t *testing.T, s *under) {
	ctx := prepare(t, s)
	oddKeys := s.keys(t, oddKeys)
	for _, k := range oddKeys {
		put(t, s, k, []byte("of "+k))
	}
	want := slices.Sorted(slices.Values(oddKeys))
	l, err := s.List(ctx, bucket, object.ListOptions{})
	must(t, err)
	if got := keysOf(l.Objects); !slices.Equal(got, want) {
		t.Errorf("listed %s\n  want %s", quoted(got), quoted(want))
	}
	for i, k := range oddKeys {
		if got, _ := get(t, s, k); string(got) != "of "+k {
			t.Errorf("%q holds %q", k, got)
		}
		must(t, s.Delete(ctx, bucket, k, object.Condition{}))
		if _, ok := get(t, s, k); ok {
			t.Errorf("%q is still there", k)
		}
		for _, other := range oddKeys[i+1:] {
			if _, err := s.Head(ctx, bucket, other); err != nil {
				t.Fatalf("deleting %q took %q: %v", k, other, err)
			}
		}
	}
}

func testReaderFails(t *testing.T, s *under) {
	ctx := prepare(t, s)
	broken := errors.New("broken pipe of the test")
	for _, n := range []int{0, 10, 5 << 20} {
		_, err := s.Put(ctx, bucket, "k", &failing{n, broken}, object.Header{}, object.Condition{})
		if !errors.Is(err, broken) {
			t.Errorf("put returned %v, want the reader's error", err)
		}
		_, err = s.Stage(ctx, bucket, &failing{n, broken})
		if !errors.Is(err, broken) {
			t.Errorf("stage returned %v, want the reader's error", err)
		}
	}
	if _, ok := get(t, s, "k"); ok {
		t.Error("a failed put wrote")
	}
}

func testOpenStays(t *testing.T, s *under) {
	ctx := prepare(t, s)
	old := noise(3 << 20)
	put(t, s, "k", old)
	put(t, s, "gone", old)
	for _, key := range []string{"k", "gone"} {
		r, o, err := s.Open(ctx, bucket, key, 0, -1)
		must(t, err)
		head := make([]byte, 1000)
		_, err = io.ReadFull(r, head)
		must(t, err)
		deleted := make(chan error, 1)
		if key == "k" {
			put(t, s, key, []byte("new"))
			deleted <- nil
		} else { // which may wait for readers
			go func() { deleted <- s.Delete(ctx, bucket, key, object.Condition{}) }()
		}
		rest, err := io.ReadAll(r)
		must(t, err)
		must(t, r.Close())
		must(t, <-deleted)
		if !bytes.Equal(append(head, rest...), old) || o.Size != int64(len(old)) {
			t.Errorf("%s: the reader did not stay on its version", key)
		}
	}
}

func testCanceled(t *testing.T, s *under) {
	prepare(t, s)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.Put(ctx, bucket, "k", strings.NewReader("x"), object.Header{}, object.Condition{})
	wantKind(t, err, lethe.Canceled, "put")
	_, err = s.Stage(ctx, bucket, strings.NewReader("x"))
	wantKind(t, err, lethe.Canceled, "stage")
	if _, ok := get(t, s, "k"); ok {
		t.Error("a canceled put wrote")
	}
}
