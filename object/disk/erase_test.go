package disk

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3response"
)

// long is a Grace that no test outlasts, short one that none notices.
const long, short = time.Hour, time.Millisecond

// await waits until something is so.
func await(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain: " + what)
		}
	}
}

// deleting deletes k for good and returns when the deletion is made; the answer
// comes later.
func deleting(t testing.TB, s *Store) (answer chan error) {
	t.Helper()
	answer = make(chan error, 1)
	go func() { answer <- s.Delete(ctx, testBucket, "k", object.Condition{}) }()
	await(t, "the deletion", func() bool {
		_, err := s.Head(ctx, testBucket, "k")
		return lethe.Is(err, lethe.NotFound)
	})
	return answer
}

// A deletion for good answers when its readers have ended, and they read all.
func TestDeletionWaitsForReaders(t *testing.T) {
	for _, parts := range [][]string{{"all of it"}, {"all ", "of ", "it"}} {
		t.Run(fmt.Sprint(len(parts)), func(t *testing.T) {
			s := withBucket(t, Options{Grace: long})
			multipart(t, s, "k", parts...)
			r, _, err := s.Open(ctx, testBucket, "k", 0, -1)
			must(t, err)
			answer := deleting(t, s)
			if len(blobFiles(t, s.dir)) != len(parts) {
				t.Error("blobs are gone under a reader")
			}
			b, err := io.ReadAll(r)
			must(t, err)
			if string(b) != "all of it" {
				t.Errorf("read %q", b)
			}
			select {
			case err := <-answer:
				t.Errorf("answered before the reader ended: %v", err)
			default:
			}
			must(t, r.Close())
			must(t, <-answer)
			if n := len(blobFiles(t, s.dir)); n != 0 {
				t.Errorf("%d blobs left", n)
			}
		})
	}
}

// A reader that does not end loses the bytes, and is told so.
func TestDeletionCutsReaders(t *testing.T) {
	big := strings.Repeat("x", 1<<20)
	for _, parts := range [][]string{{big}, {big, big}} {
		t.Run(fmt.Sprint(len(parts)), func(t *testing.T) {
			s := withBucket(t, Options{Grace: short})
			multipart(t, s, "k", parts...)
			var rs []io.ReadCloser
			for range 3 {
				r, _, err := s.Open(ctx, testBucket, "k", 10, -1)
				must(t, err)
				_, err = io.ReadFull(r, make([]byte, 1000))
				must(t, err)
				rs = append(rs, r)
			}
			must(t, s.Delete(ctx, testBucket, "k", object.Condition{}))
			if n := len(blobFiles(t, s.dir)); n != 0 {
				t.Errorf("%d blobs left", n)
			}
			for i, r := range rs {
				if info, err := r.(*reader).f.Stat(); err != nil || info.Size() != 0 {
					t.Errorf("the open file has %d bytes, %v", info.Size(), err)
				}
				var n int64
				var err error
				if i == 0 {
					n, err = io.Copy(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r})
				} else {
					n, err = r.(io.WriterTo).WriteTo(io.Discard)
				}
				if !errors.Is(err, errErased) || n != 0 {
					t.Errorf("read on: %d bytes, %v", n, err)
				}
				must(t, r.Close())
			}
		})
	}
}

// A replacement, by a put or a commit, neither waits for readers nor disturbs
// them; a deletion after it ends those of the replaced object too.
func TestReplacementLeavesReaders(t *testing.T) {
	s := withBucket(t, Options{Grace: short})
	open := func() io.ReadCloser {
		r, _, err := s.Open(ctx, testBucket, "k", 0, -1)
		must(t, err)
		return r
	}
	put(t, s, "k", "first")
	one, two := open(), open()
	put(t, s, "k", "second")
	three := open()
	if b, err := io.ReadAll(one); err != nil || string(b) != "first" {
		t.Errorf("read %q, %v", b, err)
	}
	must(t, one.Close())
	must(t, s.Commit(ctx, testBucket, nil, []string{"k"}))
	put(t, s, "k", "third")
	put(t, s, "other", "stays")
	must(t, s.Delete(ctx, testBucket, "k", object.Condition{}))
	for _, r := range []io.ReadCloser{two, three} {
		if _, err := io.ReadAll(r); !errors.Is(err, errErased) {
			t.Errorf("read on after the deletion: %v", err)
		}
		must(t, r.Close())
	}
	if n := len(blobFiles(t, s.dir)); n != 1 {
		t.Errorf("%d blobs, want 1", n)
	}
}

// Those who read through links are waited for, then stopped, then cut. Links of
// others are theirs.
func TestDeletionAndLinks(t *testing.T) {
	link := func(t *testing.T, s *Store, dir string) (path string) {
		o, err := s.Head(ctx, testBucket, "k")
		must(t, err)
		path = filepath.Join(dir, "link")
		must(t, s.Link(ctx, testBucket, "k", o.ETag, path))
		return path
	}
	never := func(t *testing.T) func(error) { return func(err error) { t.Errorf("stopped: %v", err) } }
	t.Run("waited for", func(t *testing.T) {
		s, dir := withBucket(t, Options{Grace: long}), t.TempDir()
		multipart(t, s, "k", "secret", "parts")
		release := s.Hold(dir, never(t))
		must(t, os.Mkdir(filepath.Join(dir, "in"), 0o700))
		path := link(t, s, filepath.Join(dir, "in"))
		answer := deleting(t, s)
		if b, err := os.ReadFile(path); err != nil || string(b) != "secretparts" {
			t.Errorf("the link holds %q, %v", b, err)
		}
		must(t, os.Remove(path))
		release()
		must(t, <-answer)
		release() // does nothing
	})
	t.Run("stopped", func(t *testing.T) {
		s, dir := withBucket(t, Options{Grace: 200 * time.Millisecond}), t.TempDir()
		put(t, s, "k", "secret")
		stopped := make(chan error, 1)
		release := s.Hold(dir, func(err error) { stopped <- err })
		path := link(t, s, dir)
		answer := deleting(t, s)
		wantKind(t, <-stopped, lethe.Conflict, "what the holder is told")
		must(t, os.Remove(path))
		release()
		must(t, <-answer)
		if n := len(blobFiles(t, s.dir)); n != 0 {
			t.Errorf("%d blobs left", n)
		}
	})
	t.Run("cut", func(t *testing.T) {
		s, dir := withBucket(t, Options{Grace: short}), t.TempDir()
		put(t, s, "k", "secret")
		release := s.Hold(dir, func(error) {}) // does not care
		path := link(t, s, dir)
		must(t, s.Delete(ctx, testBucket, "k", object.Condition{}))
		if b, err := os.ReadFile(path); err != nil || len(b) != 0 {
			t.Errorf("the link holds %q, %v", b, err)
		}
		release()
	})
	t.Run("nobody's", func(t *testing.T) {
		s, dir, mine := withBucket(t, Options{Grace: short}), t.TempDir(), t.TempDir()
		put(t, s, "k", "kept by me")
		release := s.Hold(dir, func(error) {})
		link(t, s, dir)
		path := link(t, s, mine)
		must(t, s.Delete(ctx, testBucket, "k", object.Condition{}))
		if b, err := os.ReadFile(path); err != nil || string(b) != "kept by me" {
			t.Errorf("the link holds %q, %v", b, err)
		}
		release()
	})
	t.Run("replaced", func(t *testing.T) {
		s, dir := withBucket(t, Options{Grace: short}), t.TempDir()
		put(t, s, "k", "snapshot")
		release := s.Hold(dir, never(t))
		path := link(t, s, dir)
		put(t, s, "k", "new")
		if b, err := os.ReadFile(path); err != nil || string(b) != "snapshot" {
			t.Errorf("the link holds %q, %v", b, err)
		}
		must(t, os.Remove(path))
		release()
		if n := len(blobFiles(t, s.dir)); n != 1 {
			t.Errorf("%d blobs", n)
		}
	})
}

// A copy of many deletions waits for their readers once, not one after the other.
func TestManyDeletionsWaitOnce(t *testing.T) {
	s := withBucket(t, Options{Grace: 100 * time.Millisecond})
	in := &s3.DeleteObjectsInput{Bucket: ptr(testBucket), Delete: &types.Delete{}}
	for i := range 100 {
		key := fmt.Sprint(i)
		put(t, s, key, "x")
		r, _, err := s.Open(ctx, testBucket, key, 0, -1)
		must(t, err)
		defer r.Close()
		in.Delete.Objects = append(in.Delete.Objects, types.ObjectIdentifier{Key: &key})
	}
	began := time.Now()
	out, err := s.Gateway().DeleteObjects(ctx, in)
	must(t, err)
	if len(out.Deleted) != 100 || len(blobFiles(t, s.dir)) != 0 {
		t.Errorf("%d deleted, %d blobs left", len(out.Deleted), len(blobFiles(t, s.dir)))
	}
	if took := time.Since(began); took > 9*time.Second {
		t.Errorf("it took %v", took)
	}
}

// holds says which of the needles a file below dir holds, in its name or bytes.
func holds(t testing.TB, dir string, needles []string) (found []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, n := range needles {
			if strings.Contains(path, n) || bytes.Contains(b, []byte(n)) || bytes.Contains(b, []byte(hex.EncodeToString([]byte(n)))) {
				found = append(found, fmt.Sprintf("%s in %s", n, path))
			}
		}
		return err
	}))
	return found
}

// Once every version of an object is deleted, its bytes are in no file of the
// store, and after a purge its key, metadata and tags are not either.
func TestNothingStays(t *testing.T) {
	const body, name, note = "needle-in-a-body", "needle-in-a-key", "needle-in-a-note"
	for what, hide := range map[string]func(t *testing.T, s *Store, g *gateway){
		"a put": func(t *testing.T, s *Store, g *gateway) { hidePut(t, g, name, body, note) },
		"an overwritten put": func(t *testing.T, s *Store, g *gateway) {
			hidePut(t, g, name, body, note)
			hidePut(t, g, name, "innocent", "")
		},
		"versions": func(t *testing.T, s *Store, g *gateway) {
			hidePut(t, g, name, body, note)
			must(t, g.PutBucketVersioning(ctx, testBucket, types.BucketVersioningStatusEnabled))
			for i := range 3 {
				hidePut(t, g, name, fmt.Sprint(body, i), note)
			}
			must(t, s.Delete(ctx, testBucket, name, object.Condition{}))
			must(t, g.PutBucketVersioning(ctx, testBucket, types.BucketVersioningStatusSuspended))
			hidePut(t, g, name, body+"null", note)
			must(t, s.Delete(ctx, testBucket, name, object.Condition{}))
			must(t, g.PutBucketVersioning(ctx, testBucket, types.BucketVersioningStatusEnabled))
			hidePut(t, g, name, body, note)
		},
		"a copy": func(t *testing.T, s *Store, g *gateway) {
			hidePut(t, g, name, body, note)
			owner := "x"
			_, err := g.CopyObject(ctx, s3response.CopyObjectInput{Bucket: ptr(testBucket), Key: ptr(name + "2"), CopySource: ptr(testBucket + "/" + name), ExpectedBucketOwner: &owner})
			must(t, err)
		},
		"a multipart upload": func(t *testing.T, s *Store, g *gateway) { hideUpload(t, g, name, body, note, true) },
		"a joined multipart upload": func(t *testing.T, s *Store, g *gateway) {
			hideUpload(t, g, name, body, note, true)
			o, err := s.Head(ctx, testBucket, name)
			must(t, err)
			path := filepath.Join(t.TempDir(), "link")
			must(t, s.Link(ctx, testBucket, name, o.ETag, path))
			must(t, os.Remove(path))
		},
		"an aborted multipart upload": func(t *testing.T, s *Store, g *gateway) { hideUpload(t, g, name, body, note, false) },
		"staged and discarded": func(t *testing.T, s *Store, g *gateway) {
			st, err := s.Stage(ctx, testBucket, strings.NewReader(body))
			must(t, err)
			st.Discard()
		},
		"a put that failed": func(t *testing.T, s *Store, g *gateway) {
			hidePut(t, g, name, "there", "")
			_, err := s.Put(ctx, testBucket, name, strings.NewReader(body), object.Header{}, object.Condition{IfMatch: `"x"`})
			wantKind(t, err, lethe.Conflict, "put")
			r := io.MultiReader(strings.NewReader(strings.Repeat(body, 100_000)), failing{})
			_, err = s.Put(ctx, testBucket, name, r, object.Header{}, object.Condition{})
			if err == nil {
				t.Error("a failing reader was put")
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, Options{NoSync: true, Grace: short})
			must(t, s.CreateBucket(ctx, testBucket))
			for i := range 100 { // something for the index to hold beside it
				put(t, s, fmt.Sprintf("%d-other", i%50*100), fmt.Sprint(i))
			}
			must(t, s.index.db.Flush())
			g := s.Gateway().(*gateway)
			hide(t, s, g)
			if i := len(what) % 3; i > 0 { // in the log, in a table, or in several
				must(t, s.index.db.Flush())
			}
			deleteAll(t, g, "needle")
			if found := holds(t, filepath.Join(dir, "blobs"), []string{body}); len(found) > 0 {
				t.Errorf("found after the deletion: %q", found)
			}
			must(t, s.Purge(ctx))
			if found := holds(t, dir, []string{body, name, note}); len(found) > 0 {
				t.Errorf("found after the purge: %q", found)
			}
			for i := range 50 {
				read(t, s, fmt.Sprintf("%d-other", i*100))
			}
		})
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the client went away") }

func hidePut(t *testing.T, g *gateway, key, body, note string) {
	t.Helper()
	in := s3response.PutObjectInput{Bucket: ptr(testBucket), Key: &key, Body: strings.NewReader(body)}
	if note != "" {
		in.Metadata, in.Tagging, in.ContentType = map[string]string{"note": note}, ptr("tag="+note+"-tag"), ptr("text/"+note)
	}
	_, err := g.PutObject(ctx, in)
	must(t, err)
}

func hideUpload(t *testing.T, g *gateway, key, body, note string, complete bool) {
	t.Helper()
	bucket := testBucket
	up, err := g.CreateMultipartUpload(ctx, s3response.CreateMultipartUploadInput{Bucket: &bucket, Key: &key, Metadata: map[string]string{"note": note}})
	must(t, err)
	var done []types.CompletedPart
	for i, p := range []string{strings.Repeat(body, 5<<20/len(body)+1), body, body} {
		if i == 2 {
			i = 1 // again, in place of the second
		}
		out, err := g.UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: &up.UploadId, PartNumber: ptr(int32(i + 1)), Body: strings.NewReader(p)})
		must(t, err)
		done = append(done[:i], types.CompletedPart{ETag: out.ETag, PartNumber: ptr(int32(i + 1))})
	}
	if !complete {
		must(t, g.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: &up.UploadId}))
		return
	}
	_, _, err = g.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: &up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: done}})
	must(t, err)
}

// deleteAll deletes every version of every key with a prefix.
func deleteAll(t testing.TB, g *gateway, prefix string) {
	t.Helper()
	bucket := testBucket
	l, err := g.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &prefix, MaxKeys: ptr(int32(1000))})
	must(t, err)
	for _, v := range l.Versions {
		_, err := g.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: v.Key, VersionId: v.VersionId})
		must(t, err)
	}
	for _, m := range l.DeleteMarkers {
		_, err := g.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: m.Key, VersionId: m.VersionId})
		must(t, err)
	}
}

// A purge while others write and list loses nothing, and ends.
func TestPurgeBesideWork(t *testing.T) {
	s := withBucket(t, Options{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 300 {
			put(t, s, fmt.Sprint(i), "x")
			if i%50 == 0 {
				must(t, s.index.db.Flush())
			}
		}
	}()
	for going := true; going; {
		select {
		case <-done:
			going = false
		default:
		}
		must(t, s.Purge(ctx))
	}
	n := 0
	for _, err := range object.All(ctx, s, testBucket, "") {
		must(t, err)
		n++
	}
	if n != 300 {
		t.Errorf("%d objects", n)
	}
}
