package disk

import (
	"context"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

// blobFiles returns the blobs that lie in the store's folder.
func blobFiles(t testing.TB, dir string) map[string]bool {
	t.Helper()
	files := map[string]bool{}
	root := filepath.Join(dir, "blobs")
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o222 != 0 {
			t.Errorf("blob %s can be written: %v", p, info.Mode())
		}
		rel, err := filepath.Rel(root, p)
		epoch, rest, _ := strings.Cut(filepath.ToSlash(rel), "/")
		files[epoch+"."+rest[strings.Index(rest, "/")+1:]] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// check holds the store against its invariants, while nobody uses it: every
// blob is counted as often as records hold it, lies in the folder, and nothing
// else does; every byte that the index promises can be read.
func check(t testing.TB, s *Store) {
	t.Helper()
	held := map[string]int{}
	must(t, s.index.scan(tableKey(tabVersion), func(k, v []byte) error {
		x, err := decodeVersion(k, v)
		if err != nil {
			return err
		}
		var size int64
		for _, e := range x.Extents {
			held[e.Blob]++
			size += e.Len
		}
		if size != x.Size {
			t.Errorf("%q: %d bytes in blobs, size %d", x.key, size, x.Size)
		}
		r, err := s.open(x.Extents, 0, x.Size)
		if err != nil {
			return err
		}
		defer r.Close()
		if n, err := io.Copy(io.Discard, r); err != nil || n != x.Size {
			t.Errorf("%q: read %d of %d bytes: %v", x.key, n, x.Size, err)
		}
		return nil
	}))
	must(t, s.index.scan(tableKey(tabPart), func(k, v []byte) error {
		var p part
		if err := decode(k, v, &p); err != nil {
			return err
		}
		for _, e := range p.Extents {
			held[e.Blob]++
		}
		return nil
	}))
	counted := map[string]int{}
	must(t, s.index.scan(tableKey(tabRefs), func(k, v []byte) error {
		var n int
		err := decode(k, v, &n)
		counted[string(k[1:])] = n
		return err
	}))
	if !maps.Equal(held, counted) {
		t.Errorf("records hold %d blobs, %d are counted:\n%v\n%v", len(held), len(counted), held, counted)
	}
	files := blobFiles(t, s.dir)
	for b := range held {
		if !files[b] {
			t.Errorf("blob %s is missing", b)
		}
		delete(files, b)
	}
	for b := range files {
		t.Errorf("blob %s is nobody's", b)
	}
	must(t, s.index.scan(tableKey(tabDead), func(k, _ []byte) error {
		t.Errorf("blob %s waits to be unlinked", k[1:])
		return nil
	}))
	must(t, s.index.scan(tableKey(tabEpoch), func(k, _ []byte) error {
		if string(k[1:]) != s.epoch {
			t.Errorf("start %s was not cleaned up", k[1:])
		}
		return nil
	}))
	if n := s.fresh.count(); n != 0 {
		t.Errorf("%d blobs without a home", n)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var ctx = context.Background()
