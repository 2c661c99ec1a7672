package objecttest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lethe"
	"lethe/object"
)

func testLink(t *testing.T, s *under) {
	ctx := prepare(t, s)
	dir := t.TempDir()
	for _, size := range []int{0, 10, 1 << 20} {
		data := noise(size)
		key := fmt.Sprint("k", size)
		o := put(t, s, key, data)
		path := filepath.Join(dir, key)
		must(t, s.Link(ctx, bucket, key, o.ETag, path))
		check := func(when string) {
			t.Helper()
			got, err := os.ReadFile(path)
			must(t, err)
			if !bytes.Equal(got, data) {
				t.Errorf("%s: the file of %s holds other bytes", when, key)
			}
		}
		check("linked")
		must(t, s.Link(ctx, bucket, key, o.ETag, path+"-again"))
		put(t, s, key, []byte("something else"))
		check("after a replacement")
		must(t, s.Delete(ctx, bucket, key, object.Condition{}))
		check("after a deletion")
		must(t, os.Remove(path)) // ours to remove
	}
	// Removing a link leaves the object.
	o := put(t, s, "k", []byte("stays"))
	must(t, s.Link(ctx, bucket, "k", o.ETag, filepath.Join(dir, "l")))
	must(t, os.Remove(filepath.Join(dir, "l")))
	if got, _ := get(t, s, "k"); string(got) != "stays" {
		t.Errorf("after removing a link the object holds %q", got)
	}
}

func testLinkRefuses(t *testing.T, s *under) {
	ctx := prepare(t, s)
	dir := t.TempDir()
	old := put(t, s, "k", []byte("old"))
	now := put(t, s, "k", []byte("new"))
	wantKind(t, s.Link(ctx, bucket, "k", old.ETag, filepath.Join(dir, "l")), lethe.Conflict, "link of a replaced version")
	must(t, os.WriteFile(filepath.Join(dir, "there"), []byte("mine"), 0o600))
	wantKind(t, s.Link(ctx, bucket, "k", now.ETag, filepath.Join(dir, "there")), lethe.Exists, "link over a file")
	if b, _ := os.ReadFile(filepath.Join(dir, "there")); string(b) != "mine" {
		t.Errorf("the file in the way now holds %q", b)
	}
	wantKind(t, s.Link(ctx, bucket, "k", now.ETag, filepath.Join(dir, "no", "folder")), lethe.Invalid, "link into a missing folder")
	must(t, s.Delete(ctx, bucket, "k", object.Condition{}))
	wantKind(t, s.Link(ctx, bucket, "k", now.ETag, filepath.Join(dir, "l")), lethe.NotFound, "link of a deleted object")
}

// testLinkRaces: a link made while the object is replaced has the bytes of the
// version it asked for, or there is none.
func testLinkRaces(t *testing.T, s *under) {
	ctx := prepare(t, s)
	dir := t.TempDir()
	put(t, s, "k", []byte("0"))
	var writer, linkers sync.WaitGroup
	done := make(chan struct{})
	writer.Go(func() {
		n := 150
		if s.suite.Far {
			n = 40
		}
		for i := range n {
			if _, err := s.Put(ctx, bucket, "k", strings.NewReader(fmt.Sprint(i)), object.Header{ContentType: fmt.Sprint(i)}, object.Condition{}); err != nil {
				t.Error(err)
			}
		}
	})
	for w := range 2 {
		linkers.Go(func() {
			for i := 0; ; i++ {
				o, err := s.Head(ctx, bucket, "k")
				must(t, err)
				path := filepath.Join(dir, fmt.Sprint(w, "-", i))
				switch err := s.Link(ctx, bucket, "k", o.ETag, path); {
				case err == nil:
					if got, err := os.ReadFile(path); err != nil || o.ContentType != s.suite.OwnType && string(got) != o.ContentType {
						t.Errorf("linked %q, asked for %q: %v", got, o.ContentType, err)
					}
				case !lethe.Is(err, lethe.Conflict):
					t.Errorf("link: %v", err)
				default:
					if _, err := os.Stat(path); err == nil {
						t.Error("a refused link made a file")
					}
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writer.Wait()
	close(done)
	linkers.Wait()
}
