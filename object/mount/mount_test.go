package mount_test

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"lethe"
	"lethe/object"
	"lethe/object/disk"
	"lethe/object/mount"
)

var ctx = context.Background()

func open(t *testing.T, buckets ...string) *disk.Store {
	t.Helper()
	s, err := disk.Open(t.TempDir(), disk.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for _, b := range buckets {
		if err := s.CreateBucket(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestEveryBucketIsInItsStore(t *testing.T) {
	local, other := open(t, "here"), open(t, "there", "not-mounted")
	s, err := mount.New(ctx, local, map[string]object.Store{"there": other})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []string{"here", "there"} {
		o, err := s.Put(ctx, b, "k", strings.NewReader("of "+b), object.Header{}, object.Condition{})
		if err != nil {
			t.Fatal(err)
		}
		if o, err = s.Splice(ctx, b, "k", o.ETag, []object.Edit{{Off: 0, Len: 2, Data: strings.NewReader("in")}}); err != nil {
			t.Fatal(err)
		}
		if err := s.Link(ctx, b, "k", o.ETag, filepath.Join(t.TempDir(), "k")); err != nil {
			t.Error(err)
		}
		g, err := s.Stage(ctx, b, strings.NewReader("staged"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(ctx, b, []object.Named{{Key: "l", Staged: g}}, nil); err != nil {
			t.Error(err)
		}
		of := map[string]*disk.Store{"here": local, "there": other}[b]
		r, _, err := of.Open(ctx, b, "k", 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := io.ReadAll(r); string(text) != "in "+b {
			t.Errorf("%s holds %q", b, text)
		}
		r.Close()
		n := 0
		for _, err := range object.AllVersions(ctx, s, b, "") {
			if n++; err != nil {
				t.Error(err)
			}
		}
		if n != 2 {
			t.Errorf("%s has %d objects", b, n)
		}
	}
	if _, err := s.Head(ctx, "not-mounted", "k"); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("head in a bucket that is not mounted: %v", err)
	}
	if err := s.CreateBucket(ctx, "there"); !lethe.Is(err, lethe.Exists) {
		t.Errorf("create a mounted bucket: %v", err)
	}
	if err := s.DeleteBucket(ctx, "there"); !lethe.Is(err, lethe.Unsupported) {
		t.Errorf("delete a mounted bucket: %v", err)
	}
	var names []string
	bs, err := s.Buckets(ctx)
	for _, b := range bs {
		names = append(names, b.Name)
	}
	if err != nil || strings.Join(names, " ") != "here there" {
		t.Errorf("buckets %v %v", names, err)
	}
}

func TestNoBucketIsHidden(t *testing.T) {
	if _, err := mount.New(ctx, open(t, "both"), map[string]object.Store{"both": open(t, "both")}); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("%v", err)
	}
}
