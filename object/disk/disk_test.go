package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"lethe"
	"lethe/event"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/cockroachdb/pebble/v2"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// open opens a store that is checked and closed at the end of the test.
func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	must(t, err)
	t.Cleanup(func() {
		if s.index.enter() == nil {
			s.index.leave()
			check(t, s)
		}
		must(t, s.Close())
	})
	return s
}

const testBucket = "bucket"

func withBucket(t testing.TB, o Options) *Store {
	t.Helper()
	o.NoSync = true
	s := open(t, t.TempDir(), o)
	must(t, s.CreateBucket(ctx, testBucket))
	return s
}

func put(t testing.TB, s *Store, key, data string) object.Object {
	t.Helper()
	o, err := s.Put(ctx, testBucket, key, strings.NewReader(data), object.Header{}, object.Condition{})
	must(t, err)
	return o
}

func read(t testing.TB, s *Store, key string) string {
	t.Helper()
	r, _, err := s.Open(ctx, testBucket, key, 0, -1)
	must(t, err)
	defer r.Close()
	b, err := io.ReadAll(r)
	must(t, err)
	return string(b)
}

// crash closes the store as a kill would leave it.
func crash(t testing.TB, s *Store) {
	t.Helper()
	must(t, s.index.close(nil))
}

func wantKind(t testing.TB, err error, k lethe.Kind, doing string) {
	t.Helper()
	if !lethe.Is(err, k) {
		t.Errorf("%s: %v (kind %q), want kind %q", doing, err, lethe.KindOf(err), k)
	}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		s, err := Open(dir, Options{})
		must(t, err)
		if i == 0 {
			must(t, s.CreateBucket(ctx, testBucket))
		}
		for j := range i {
			if got := read(t, s, fmt.Sprint(j)); got != fmt.Sprint("data ", j) {
				t.Errorf("start %d: %d holds %q", i, j, got)
			}
		}
		put(t, s, fmt.Sprint(i), fmt.Sprint("data ", i))
		check(t, s)
		if i%2 == 0 {
			must(t, s.Close())
		} else {
			crash(t, s)
		}
	}
}

// What a crash can leave behind is gone after the next start.
func TestRecovery(t *testing.T) {
	for name, leave := range map[string]func(t *testing.T, s *Store){
		"staged bytes": func(t *testing.T, s *Store) {
			_, err := s.Stage(ctx, testBucket, strings.NewReader("never committed"))
			must(t, err)
		},
		"half a blob": func(t *testing.T, s *Store) {
			exts, _, _, err := s.store(strings.NewReader("x"))
			must(t, err)
			must(t, os.Chmod(s.blobPath(exts[0].Blob), 0o600))
			must(t, os.Truncate(s.blobPath(exts[0].Blob), 0))
			must(t, os.Chmod(s.blobPath(exts[0].Blob), 0o400))
		},
		"a dropped blob": func(t *testing.T, s *Store) {
			put(t, s, "gone", "secret")
			r, err := s.live(testBucket, "gone")
			must(t, err)
			must(t, s.leases.take(reading, r.Extents))                // as a reader that the crash takes away
			must(t, s.Commit(ctx, testBucket, nil, []string{"gone"})) // waits for nobody
			if len(blobFiles(t, s.dir)) != 2 {
				t.Error("the blob is unlinked already")
			}
		},
	} {
		for _, clean := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", clean end ", clean), func(t *testing.T) {
				dir := t.TempDir()
				s, err := Open(dir, Options{})
				must(t, err)
				must(t, s.CreateBucket(ctx, testBucket))
				put(t, s, "kept", "data")
				leave(t, s)
				if clean {
					must(t, s.Close())
				} else {
					crash(t, s)
				}
				s = open(t, dir, Options{})
				check(t, s)
				if got := read(t, s, "kept"); got != "data" {
					t.Errorf("kept holds %q", got)
				}
				if n := len(blobFiles(t, dir)); n != 1 {
					t.Errorf("%d blobs", n)
				}
			})
		}
	}
}

// Starts that left nothing leave no folders.
func TestEmptyStartsLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	for i := range 4 {
		s, err := Open(dir, Options{NoSync: true})
		must(t, err)
		if i == 0 {
			must(t, s.CreateBucket(ctx, testBucket))
		}
		put(t, s, "k", "x")
		must(t, s.Delete(ctx, testBucket, "k", object.Condition{}))
		if i%2 == 0 {
			must(t, s.Close())
		} else {
			crash(t, s)
		}
	}
	s := open(t, dir, Options{NoSync: true})
	starts, err := os.ReadDir(filepath.Join(dir, "blobs"))
	must(t, err)
	if len(starts) != 1 || starts[0].Name() != s.epoch {
		t.Errorf("folders left: %v", starts)
	}
}

func TestOneProcess(t *testing.T) {
	if dir := os.Getenv("LETHE_DISK_LOCK_DIR"); dir != "" { // the other process
		_, err := Open(dir, Options{})
		fmt.Printf("kind %q: %v\n", lethe.KindOf(err), err)
		return
	}
	dir := t.TempDir()
	s := open(t, dir, Options{})
	_, err := Open(dir, Options{})
	wantKind(t, err, lethe.Conflict, "open twice in one process")
	cmd := exec.Command(os.Args[0], "-test.run=^TestOneProcess$")
	cmd.Env = append(os.Environ(), "LETHE_DISK_LOCK_DIR="+dir)
	out, err := cmd.CombinedOutput()
	must(t, err)
	if !strings.Contains(string(out), `kind "conflict"`) || !strings.Contains(string(out), dir) {
		t.Errorf("another process got: %s", out)
	}
	must(t, s.CreateBucket(ctx, testBucket)) // ours goes on
}

func TestFormat(t *testing.T) {
	for name, c := range map[string]struct {
		write func(db *pebble.DB) error
		kind  lethe.Kind
	}{
		"newer":   {func(db *pebble.DB) error { return db.Set(tableKey(tabFormat), encode(formatVersion+1), pebble.Sync) }, lethe.Unsupported},
		"none":    {func(db *pebble.DB) error { return db.Delete(tableKey(tabFormat), pebble.Sync) }, lethe.BadData},
		"garbled": {func(db *pebble.DB) error { return db.Set(tableKey(tabFormat), []byte("?"), pebble.Sync) }, lethe.BadData},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := Open(dir, Options{})
			must(t, err)
			must(t, s.CreateBucket(ctx, testBucket))
			must(t, s.index.close(c.write))
			_, err = Open(dir, Options{})
			wantKind(t, err, c.kind, "open")
		})
	}
}

func TestDiskFull(t *testing.T) {
	s := withBucket(t, Options{})
	put(t, s, "k", "before")
	s.reserve = 1 << 62 // as if the disk were full
	_, err := s.Put(ctx, testBucket, "k", strings.NewReader("x"), object.Header{}, object.Condition{})
	wantKind(t, err, lethe.Exhausted, "put")
	_, err = s.Stage(ctx, testBucket, strings.NewReader("x"))
	wantKind(t, err, lethe.Exhausted, "stage")
	_, err = s.Gateway().PutObject(ctx, s3response.PutObjectInput{Bucket: ptr(testBucket), Key: ptr("k"), Body: strings.NewReader("x")})
	if e, ok := err.(s3err.S3Error); !ok || e.StatusCode() != s3err.GetAPIError(s3err.ErrNoSpaceLeftOnDevice).HTTPStatusCode {
		t.Errorf("S3 put: %v", err)
	}
	if got := read(t, s, "k"); got != "before" {
		t.Errorf("k holds %q", got)
	}
	must(t, s.Delete(ctx, testBucket, "k", object.Condition{})) // always possible
	// Also in the middle of a long write.
	s.reserve = 0
	full := &onRead{r: io.LimitReader(zeros{}, 64<<20), after: 20 << 20, do: func() { s.reserve = 1 << 62 }}
	_, err = s.Put(ctx, testBucket, "k", full, object.Header{}, object.Condition{})
	wantKind(t, err, lethe.Exhausted, "a long put")
	if n := len(blobFiles(t, s.dir)); n != 0 {
		t.Errorf("%d blobs left", n)
	}
	for _, errno := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		wantKind(t, s.plain(noSpace(fmt.Errorf("write: %w", errno)), testBucket, "k"), lethe.Exhausted, errno.Error())
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// onRead does something once so many bytes were read.
type onRead struct {
	r     io.Reader
	n     int
	after int
	do    func()
}

func (o *onRead) Read(p []byte) (int, error) {
	n, err := o.r.Read(p)
	if o.n += n; o.n >= o.after && o.do != nil {
		o.do()
		o.do = nil
	}
	return n, err
}

// After Close, every call is an error and none a panic; a reader goes on.
func TestUseAfterClose(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{NoSync: true})
	must(t, err)
	must(t, s.CreateBucket(ctx, testBucket))
	big := strings.Repeat("x", 3<<20)
	o := put(t, s, "k", big)
	staged, err := s.Stage(ctx, testBucket, strings.NewReader("waiting"))
	must(t, err)
	r, _, err := s.Open(ctx, testBucket, "k", 0, -1)
	must(t, err)
	must(t, s.Close())
	must(t, s.Close())
	if b, err := io.ReadAll(r); err != nil || string(b) != big {
		t.Errorf("the reader got %d bytes, %v", len(b), err)
	}
	r.Close()
	for name, f := range map[string]func() error{
		"Head": func() error { _, err := s.Head(ctx, testBucket, "k"); return err },
		"Open": func() error { _, _, err := s.Open(ctx, testBucket, "k", 0, -1); return err },
		"Put": func() error {
			_, err := s.Put(ctx, testBucket, "k", strings.NewReader("x"), object.Header{}, object.Condition{})
			return err
		},
		"Delete":       func() error { return s.Delete(ctx, testBucket, "k", object.Condition{}) },
		"List":         func() error { _, err := s.List(ctx, testBucket, object.ListOptions{}); return err },
		"Stage":        func() error { _, err := s.Stage(ctx, testBucket, strings.NewReader("x")); return err },
		"Commit":       func() error { return s.Commit(ctx, testBucket, []object.Named{{Key: "c", Staged: staged}}, nil) },
		"Link":         func() error { return s.Link(ctx, testBucket, "k", o.ETag, filepath.Join(t.TempDir(), "l")) },
		"CreateBucket": func() error { return s.CreateBucket(ctx, "another") },
		"S3 PutObject": func() error {
			_, err := s.Gateway().PutObject(ctx, s3response.PutObjectInput{Bucket: ptr(testBucket), Key: ptr("k"), Body: strings.NewReader("x")})
			return err
		},
	} {
		if err := f(); !errors.Is(err, errClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	staged.Discard()
	s = open(t, dir, Options{NoSync: true})
	check(t, s)
	if read(t, s, "k") != big {
		t.Error("k holds something else")
	}
}

func TestOutbox(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{NoSync: true, Events: true})
	must(t, err)
	must(t, s.CreateBucket(ctx, testBucket))
	events := func(s *Store, after uint64) (names []string, last uint64) {
		must(t, s.Outbox(after, func(seq uint64, e event.Event) error {
			names = append(names, e.Name+" "+e.Key)
			last = seq
			return nil
		}))
		return names, last
	}
	put(t, s, "a", "x")
	g, err := s.Stage(ctx, testBucket, strings.NewReader("y"))
	must(t, err)
	must(t, s.Commit(ctx, testBucket, []object.Named{{Key: "b", Staged: g}}, []string{"a", "never"}))
	names, last := events(s, 0)
	if got := strings.Join(names, ", "); got != "ObjectCreated:Put a, ObjectCreated:Put b, ObjectRemoved:Delete a" {
		t.Errorf("events: %s", got)
	}
	must(t, s.Forget(last-1))
	if names, _ := events(s, 0); len(names) != 1 {
		t.Errorf("after forgetting: %v", names)
	}
	crash(t, s)
	s = open(t, dir, Options{NoSync: true, Events: true})
	put(t, s, "c", "x")
	names, end := events(s, last)
	if len(names) != 1 || names[0] != "ObjectCreated:Put c" {
		t.Errorf("after a restart: %v", names)
	}
	must(t, s.Forget(end))
	must(t, s.Close())
	s = open(t, dir, Options{NoSync: true, Events: true})
	put(t, s, "d", "x")
	if names, _ := events(s, end); len(names) != 1 {
		t.Errorf("numbers do not go on once all is forgotten: %v", names)
	}
}

// A change that gets its number first may be committed last; the events after
// it wait for it.
func TestOutboxHasNoGaps(t *testing.T) {
	var o outbox
	o.open = map[uint64]uint64{}
	a, b := o.begin(2), o.begin(1)
	if got := o.settled(); got != 0 {
		t.Errorf("settled %d while all are open", got)
	}
	o.end(b)
	if got := o.settled(); got != 0 {
		t.Errorf("settled %d while the first is open", got)
	}
	o.end(a)
	if got := o.settled(); got != 3 {
		t.Errorf("settled %d, want 3", got)
	}
}

// In a bucket that keeps versions, lethe's own writes make versions too, and
// its deletions markers.
func TestVersions(t *testing.T) {
	s := withBucket(t, Options{})
	g, bucket := s.Gateway(), testBucket
	versions := func() (n, markers int) {
		l, err := g.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket, MaxKeys: ptr(int32(100))})
		must(t, err)
		return len(l.Versions), len(l.DeleteMarkers)
	}
	if o := put(t, s, "k", "null"); o.Version != "" {
		t.Errorf("version %q without versions", o.Version)
	}
	must(t, g.PutBucketVersioning(ctx, bucket, types.BucketVersioningStatusEnabled))
	one := put(t, s, "k", "one")
	two := put(t, s, "k", "two")
	if one.Version == "" || one.Version == two.Version {
		t.Errorf("versions %q, %q", one.Version, two.Version)
	}
	must(t, s.Delete(ctx, bucket, "k", object.Condition{IfMatch: two.ETag}))
	must(t, s.Delete(ctx, bucket, "k", object.Condition{})) // nothing there: no second marker
	wantKind(t, s.Delete(ctx, bucket, "k", object.Condition{IfMatch: two.ETag}), lethe.Conflict, "delete under a marker")
	if n, m := versions(); n != 3 || m != 1 {
		t.Errorf("%d versions, %d markers", n, m)
	}
	_, err := s.Head(ctx, bucket, "k")
	wantKind(t, err, lethe.NotFound, "head under a marker")
	if l, err := s.List(ctx, bucket, object.ListOptions{}); err != nil || len(l.Objects) != 0 {
		t.Errorf("listed under a marker: %v %v", l.Objects, err)
	}
	wantKind(t, s.DeleteBucket(ctx, bucket), lethe.Conflict, "delete a bucket with old versions")
	must(t, g.PutBucketVersioning(ctx, bucket, types.BucketVersioningStatusSuspended))
	put(t, s, "k", "null again") // replaces the null version at the bottom
	if n, m := versions(); n != 3 || m != 1 {
		t.Errorf("suspended: %d versions, %d markers", n, m)
	}
	must(t, s.Delete(ctx, bucket, "k", object.Condition{}))
	if n, m := versions(); n != 2 || m != 2 {
		t.Errorf("suspended and deleted: %d versions, %d markers", n, m)
	}
}

// Whatever happens at once, in the end every blob is held by something, and
// after the deletions none is left.
func TestNoBlobLeaks(t *testing.T) {
	s := withBucket(t, Options{})
	g, bucket, dir := s.Gateway(), testBucket, t.TempDir()
	must(t, g.PutBucketVersioning(ctx, bucket, types.BucketVersioningStatusEnabled))
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 7))
			for i := range 150 {
				key, from := fmt.Sprint("k", r.IntN(3)), fmt.Sprint(bucket, "/k", r.IntN(3))
				switch r.IntN(6) {
				case 0, 1:
					if _, err := s.Put(ctx, bucket, key, strings.NewReader(key), object.Header{}, object.Condition{}); err != nil {
						t.Error(err)
					}
				case 2: // shares a blob, or finds the source gone
					owner := "x"
					g.CopyObject(ctx, s3response.CopyObjectInput{Bucket: &bucket, Key: &key, CopySource: &from, ExpectedBucketOwner: &owner, MetadataDirective: types.MetadataDirectiveReplace})
				case 3:
					l, err := g.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket, MaxKeys: ptr(int32(5))})
					if err != nil {
						t.Error(err)
					}
					for _, v := range l.Versions {
						g.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: v.Key, VersionId: v.VersionId})
					}
				case 4:
					multipart(t, s, key, "part one", "part two")
				case 5:
					if o, err := s.Head(ctx, bucket, key); err == nil {
						err := s.Link(ctx, bucket, key, o.ETag, filepath.Join(dir, fmt.Sprint(w, "-", i)))
						if err != nil && !lethe.Is(err, lethe.Conflict) && !lethe.Is(err, lethe.NotFound) {
							t.Error(err)
						}
					}
				}
			}
		})
	}
	wg.Wait()
	check(t, s)
	l, err := g.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket, MaxKeys: ptr(int32(100000))})
	must(t, err)
	for _, v := range l.Versions {
		_, err := g.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: v.Key, VersionId: v.VersionId})
		must(t, err)
	}
	if n := len(blobFiles(t, s.dir)); n != 0 {
		t.Errorf("%d blobs left", n)
	}
}

// multipart puts an object of several blobs. (Parts of S3 uploads are larger;
// here they are made without that rule.)
func multipart(t testing.TB, s *Store, key string, parts ...string) object.Object {
	t.Helper()
	v := &version{}
	for _, p := range parts {
		exts, n, _, err := s.store(strings.NewReader(p))
		must(t, err)
		v.Extents, v.Size = append(v.Extents, exts...), v.Size+n
		v.Parts = append(v.Parts, v.Size)
	}
	v.ETag = fmt.Sprintf(`"%032x-%d"`, v.Size, len(parts))
	_, err := s.publish(ctx, testBucket, key, v, "ObjectCreated:CompleteMultipartUpload", nil, nil, func(c *change) error {
		c.own(v.Extents)
		return nil
	})
	must(t, err)
	return describe(testBucket, key, v)
}

func TestSeveralBlobs(t *testing.T) {
	s := withBucket(t, Options{})
	parts := []string{"", "abc", "", "defgh", strings.Repeat("x", 300<<10), "", "end"}
	whole := strings.Join(parts, "")
	multipart(t, s, "k", parts...)
	for _, c := range [][2]int{{0, len(whole)}, {0, 0}, {0, 3}, {2, 3}, {3, 5}, {7, 1000}, {8, 300 << 10}, {len(whole) - 4, 4}, {len(whole), 0}} {
		r, _, err := s.Open(ctx, testBucket, "k", int64(c[0]), int64(c[1]))
		must(t, err)
		b, err := io.ReadAll(r)
		must(t, err)
		must(t, r.Close())
		if string(b) != whole[c[0]:c[0]+c[1]] {
			t.Errorf("%v: %d bytes", c, len(b))
		}
	}
}

// A reader of several blobs stays on its version too, and what it kept from
// being unlinked goes when it ends.
func TestReaderKeepsBlobs(t *testing.T) {
	s := withBucket(t, Options{})
	multipart(t, s, "k", "one ", "two ", "three")
	r, _, err := s.Open(ctx, testBucket, "k", 0, -1)
	must(t, err)
	r2, _, err := s.Open(ctx, testBucket, "k", 4, -1)
	must(t, err)
	put(t, s, "k", "replaced")
	b, err := io.ReadAll(r)
	must(t, err)
	if string(b) != "one two three" {
		t.Errorf("read %q", b)
	}
	must(t, r.Close())
	must(t, r.Close())
	if n := len(blobFiles(t, s.dir)); n != 3 {
		t.Errorf("%d blobs while one reader is left, that needs two of three", n)
	}
	b, err = io.ReadAll(r2)
	must(t, err)
	if string(b) != "two three" {
		t.Errorf("read %q", b)
	}
	must(t, r2.Close())
	if n := len(blobFiles(t, s.dir)); n != 1 {
		t.Errorf("%d blobs left", n)
	}
}

// Linking an object of several blobs joins them, once, and nobody notices.
func TestLinkJoins(t *testing.T) {
	s := withBucket(t, Options{})
	dir := t.TempDir()
	parts := []string{strings.Repeat("a", 1<<20), strings.Repeat("b", 1<<20), "c"}
	o := multipart(t, s, "k", parts...)
	reader, _, err := s.Open(ctx, testBucket, "k", 0, -1) // before the join
	must(t, err)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if err := s.Link(ctx, testBucket, "k", o.ETag, filepath.Join(dir, fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	whole := strings.Join(parts, "")
	var first os.FileInfo
	for i := range 8 {
		path := filepath.Join(dir, fmt.Sprint(i))
		b, err := os.ReadFile(path)
		must(t, err)
		info, err := os.Stat(path)
		must(t, err)
		if string(b) != whole {
			t.Errorf("link %d holds other bytes", i)
		}
		if first == nil {
			first = info
		} else if !os.SameFile(first, info) {
			t.Error("the parts were joined twice")
		}
	}
	now, err := s.Head(ctx, testBucket, "k")
	must(t, err)
	if fmt.Sprint(now) != fmt.Sprint(o) {
		t.Errorf("the join changed the object: %+v, was %+v", now, o)
	}
	b, err := io.ReadAll(reader)
	must(t, err)
	must(t, reader.Close())
	if string(b) != whole {
		t.Error("the reader lost its version")
	}
	if n := len(blobFiles(t, s.dir)); n != 1 {
		t.Errorf("%d blobs", n)
	}
	// Parts can still be asked for by number.
	out, err := s.Gateway().GetObject(ctx, &s3.GetObjectInput{Bucket: ptr(testBucket), Key: ptr("k"), PartNumber: ptr(int32(2))})
	must(t, err)
	b, err = io.ReadAll(out.Body)
	must(t, err)
	must(t, out.Body.Close())
	if string(b) != parts[1] {
		t.Errorf("part 2 has %d bytes", len(b))
	}
	// An object without a byte has no blob at all.
	empty := multipart(t, s, "empty")
	must(t, s.Link(ctx, testBucket, "empty", empty.ETag, filepath.Join(dir, "empty")))
	if b, err := os.ReadFile(filepath.Join(dir, "empty")); err != nil || len(b) != 0 {
		t.Errorf("empty: %d bytes, %v", len(b), err)
	}
}

// A blob that is missing, or shorter than the index says, is an error and
// neither an endless search nor a short object.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{NoSync: true})
	must(t, err)
	defer s.Close()
	must(t, s.CreateBucket(ctx, testBucket))
	o := put(t, s, "lost", "bytes")
	v, err := s.live(testBucket, "lost")
	must(t, err)
	must(t, os.Remove(s.blobPath(v.Extents[0].Blob)))
	_, _, err = s.Open(ctx, testBucket, "lost", 0, -1)
	wantKind(t, err, lethe.Internal, "open")
	wantKind(t, s.Link(ctx, testBucket, "lost", o.ETag, filepath.Join(t.TempDir(), "l")), lethe.Internal, "link")

	o = multipart(t, s, "short", "first", "second")
	v, err = s.live(testBucket, "short")
	must(t, err)
	path := s.blobPath(v.Extents[1].Blob)
	must(t, os.Chmod(path, 0o600))
	must(t, os.Truncate(path, 3))
	r, _, err := s.Open(ctx, testBucket, "short", 0, -1)
	must(t, err)
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a short blob reads as %q, %v", b.String(), err)
	}
	must(t, r.Close())
	wantKind(t, s.Link(ctx, testBucket, "short", o.ETag, filepath.Join(t.TempDir(), "l")), lethe.BadData, "link of a short blob")
}
