package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3response"
)

func scrubbed(t testing.TB, s *Store, o ScrubOptions) (sum ScrubSummary, faults []Fault) {
	t.Helper()
	o.Restart = true
	sum, err := s.Scrub(ctx, o, func(f Fault) { faults = append(faults, f) })
	must(t, err)
	if !sum.Done {
		t.Error("it is not done")
	}
	return sum, faults
}

// checksummed puts objects with every kind of checksum that S3 has.
func checksummed(t testing.TB, s *Store) (keys []string) {
	t.Helper()
	g, bucket := s.Gateway().(*gateway), testBucket
	body := func(n int) *bytes.Reader { return bytes.NewReader(bytes.Repeat([]byte("lethe"), n)) }
	for _, a := range algorithms {
		key := "put/" + string(a)
		_, err := g.PutObject(ctx, s3response.PutObjectInput{Bucket: &bucket, Key: &key, Body: body(200_000), ChecksumAlgorithm: a})
		must(t, err)
		keys = append(keys, key)
		for _, typ := range []types.ChecksumType{types.ChecksumTypeFullObject, types.ChecksumTypeComposite} {
			if a == types.ChecksumAlgorithmCrc64nvme && typ == types.ChecksumTypeComposite {
				continue // S3 has no such
			}
			key := "upload/" + string(a) + "/" + string(typ)
			up, err := g.CreateMultipartUpload(ctx, s3response.CreateMultipartUploadInput{Bucket: &bucket, Key: &key, ChecksumAlgorithm: a, ChecksumType: typ})
			must(t, err)
			var sent []types.CompletedPart
			for i, n := range []int{1 << 20, 1000, 0} {
				in := &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: &up.UploadId, PartNumber: ptr(int32(i + 1)), Body: body(n + 50_000)}
				h := newCheckedBody(body(n+50_000), sums{}, a)
				must(t, h.compute(a, ""))
				_, err := readAll(h)
				must(t, err)
				c := checksumOf(a, "", h.sum())
				in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumCRC64NVME, in.ChecksumSHA1, in.ChecksumSHA256 = c.CRC32, c.CRC32C, c.CRC64NVME, c.SHA1, c.SHA256
				in.ChecksumMD5, in.ChecksumSHA512, in.ChecksumXXHASH64, in.ChecksumXXHASH3, in.ChecksumXXHASH128 = c.MD5, c.SHA512, c.XXHASH64, c.XXHASH3, c.XXHASH128
				out, err := g.UploadPart(ctx, in)
				if err != nil {
					t.Fatal(a, typ, err)
				}
				if i < 2 {
					sent = append(sent, types.CompletedPart{ETag: out.ETag, PartNumber: in.PartNumber, ChecksumCRC32: c.CRC32, ChecksumCRC32C: c.CRC32C,
						ChecksumCRC64NVME: c.CRC64NVME, ChecksumSHA1: c.SHA1, ChecksumSHA256: c.SHA256, ChecksumMD5: c.MD5, ChecksumSHA512: c.SHA512,
						ChecksumXXHASH64: c.XXHASH64, ChecksumXXHASH3: c.XXHASH3, ChecksumXXHASH128: c.XXHASH128})
				}
			}
			_, _, err = g.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: &up.UploadId,
				MultipartUpload: &types.CompletedMultipartUpload{Parts: sent}})
			if err != nil && typ == types.ChecksumTypeFullObject {
				// S3 has no such type for hashes: the upload stays as it is.
				continue
			}
			if err != nil {
				t.Fatal(a, typ, err)
			}
			keys = append(keys, key)
		}
	}
	return keys
}

// Nothing is wrong with a store in which nothing is wrong.
func TestScrubFindsNothing(t *testing.T) {
	s := withBucket(t, Options{})
	keys := checksummed(t, s)
	multipart(t, s, "etag only", "one", "two") // of which the ETag is made up: see below
	v, err := s.live(testBucket, "etag only")
	must(t, err)
	etag := newETag(promise{etag: "-"})
	for _, p := range []string{"one", "two"} {
		_, err := etag.part(strings.NewReader(p))
		must(t, err)
	}
	v.ETag = `"` + strings.TrimPrefix(etag.text(), "MD5 ") + `"`
	must(t, s.index.db.Set(versionKey(testBucket, v.key, v.id), encode(v), s.index.write))
	multipart(t, s, "empty")
	must(t, s.Delete(ctx, testBucket, "empty", object.Condition{}))
	g := s.Gateway()
	must(t, g.PutBucketVersioning(ctx, testBucket, types.BucketVersioningStatusEnabled))
	o := put(t, s, "spliced", strings.Repeat("x", 3<<20))
	_, err = s.Splice(ctx, testBucket, "spliced", o.ETag, []object.Edit{{Off: 100, Len: 5, Data: strings.NewReader("hello")}})
	must(t, err)
	must(t, s.Delete(ctx, testBucket, "spliced", object.Condition{}))
	held, err := s.Stage(ctx, testBucket, strings.NewReader("not a stray"))
	must(t, err)
	defer held.Discard()
	r, _, err := s.Open(ctx, testBucket, keys[0], 0, -1)
	must(t, err)
	defer r.Close()
	put(t, s, keys[0], "replaced") // under a reader: not a stray either
	sum, faults := scrubbed(t, s, ScrubOptions{})
	for _, f := range faults {
		t.Errorf("%+v", f)
	}
	if want := int64(len(keys) + 4); sum.Versions != want || sum.Bytes < 100<<20 {
		t.Errorf("%+v, want %d versions", sum, want)
	}
}

// Whatever is damaged is found, and nothing else.
func TestScrubFindsDamage(t *testing.T) {
	s, err := Open(t.TempDir(), Options{NoSync: true})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	must(t, s.CreateBucket(ctx, testBucket))
	g, bucket := s.Gateway().(*gateway), testBucket
	must(t, g.PutBucketVersioning(ctx, bucket, types.BucketVersioningStatusEnabled))
	blob := func(key string, i int) string {
		v, err := s.live(bucket, key)
		must(t, err)
		return s.blobPath(v.Extents[i].Blob)
	}
	want := map[string]string{}
	fault := func(kind FaultKind, key, path string) { want[string(kind)+" "+key] = path }
	put(t, s, "good", "bytes")
	for _, n := range []int{3, 1 << 20} {
		for _, at := range []int{0, n / 2, n - 1} {
			key := fmt.Sprint("flipped ", n, at)
			put(t, s, key, strings.Repeat("x", n))
			alter(t, blob(key, 0), func(b []byte) []byte { b[at] ^= 4; return b })
			fault(Damaged, key, blob(key, 0))
		}
	}
	put(t, s, "old", "damaged")
	alter(t, blob("old", 0), func(b []byte) []byte { return []byte("DAMAGED") })
	fault(Damaged, "old", blob("old", 0))
	put(t, s, "old", "whole")
	put(t, s, "short", "will be cut")
	alter(t, blob("short", 0), func(b []byte) []byte { return b[:4] })
	fault(Damaged, "short", blob("short", 0))
	put(t, s, "gone", "will be removed")
	must(t, os.Remove(blob("gone", 0)))
	fault(Missing, "gone", blob("gone", 0))
	sum := powerUpload(t, g, "upload", [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("the end")})
	_ = sum
	alter(t, blob("upload", 1), func(b []byte) []byte { return []byte("THE end") })
	fault(Damaged, "upload", "")
	powerUpload(t, g, "upload gone", [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("the end")})
	must(t, os.Remove(blob("upload gone", 1)))
	fault(Missing, "upload gone", blob("upload gone", 1))
	up, err := g.CreateMultipartUpload(ctx, s3response.CreateMultipartUploadInput{Bucket: &bucket, Key: ptr("unfinished")})
	must(t, err)
	_, err = g.UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: ptr("unfinished"), UploadId: &up.UploadId, PartNumber: ptr(int32(300)), Body: strings.NewReader("part")})
	must(t, err)
	must(t, g.parts(up.UploadId, func(p *part) error {
		path := s.blobPath(p.Extents[0].Blob)
		alter(t, path, func(b []byte) []byte { return []byte("PART") })
		fault(Damaged, up.UploadId+" 300", path)
		return nil
	}))
	dir := filepath.Dir(blob("good", 0))
	name := filepath.Base(blob("good", 0))
	strays := []string{filepath.Join(s.dir, "blobs", "README"), filepath.Join(filepath.Dir(dir), "note"),
		filepath.Join(dir, "x"), filepath.Join(dir, name[:31]+"g")}
	for _, path := range strays {
		must(t, os.WriteFile(path, []byte("left here"), 0o400))
		fault(Stray, path, path)
	}
	for i := range 2 {
		sum, faults := scrubbed(t, s, ScrubOptions{RemoveStrays: i == 0})
		left := len(want)
		for _, f := range faults {
			id := f.Key
			if f.Upload != "" {
				id = fmt.Sprint(f.Upload, " ", f.Part)
			} else if f.Kind == Stray {
				id = f.Path
			} else if f.Bucket != bucket || f.Version == "" {
				t.Errorf("%+v", f)
			}
			path, ok := want[string(f.Kind)+" "+id]
			if !ok || path != f.Path {
				t.Errorf("found %+v, wanted %v %q", f, ok, path)
			}
			left--
		}
		if left != 0 {
			t.Errorf("%d faults, want %d", len(faults), len(want))
		}
		if n := sum.Damaged + sum.Missing + sum.Strays; n != int64(len(want)) {
			t.Errorf("%+v", sum)
		}
		delete(want, "stray "+strays[3]) // removed: it had the name of a blob
	}
}

// alter writes a blob's file anew.
func alter(t testing.TB, path string, f func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	must(t, os.Chmod(path, 0o600))
	must(t, os.WriteFile(path, f(b), 0o600))
	must(t, os.Chmod(path, 0o400))
}

// A scrub that is interrupted goes on where it was, also after a restart and
// after deletions, and a bounded one takes its time.
func TestScrubGoesOn(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{NoSync: true})
	must(t, err)
	must(t, s.CreateBucket(ctx, testBucket))
	const n = 60
	for i := range n {
		put(t, s, fmt.Sprintf("%03d", i), strings.Repeat("x", 10_000+i))
	}
	stop := errors.New("stop")
	var sum ScrubSummary
	rounds := 0
	for ; !sum.Done; rounds++ {
		some, cancel := context.WithCancelCause(ctx)
		s.scrubbed = func(done ScrubSummary) {
			if done.Versions%20 == 10 {
				cancel(stop)
			}
		}
		if sum, err = s.Scrub(some, ScrubOptions{}, func(f Fault) { t.Errorf("%+v", f) }); err != nil && err != stop {
			t.Fatal(err)
		}
		cancel(nil)
		if rounds == 1 { // where it stopped is no more
			must(t, s.Delete(ctx, testBucket, fmt.Sprintf("%03d", sum.Versions-1), object.Condition{}))
			must(t, s.Purge(ctx))
			if found := holds(t, dir, []string{fmt.Sprintf("%03d", sum.Versions-1) + "\x00\x01"}); len(found) > 0 {
				t.Errorf("found %q", found)
			}
		}
		must(t, s.Close())
		s, err = Open(dir, Options{NoSync: true})
		must(t, err)
	}
	defer s.Close()
	if rounds != 4 || sum.Versions != n {
		t.Errorf("%d rounds: %+v", rounds, sum)
	}
	// The next begins anew.
	began := time.Now()
	if sum, err = s.Scrub(ctx, ScrubOptions{Rate: 2 << 20}, func(Fault) {}); err != nil || sum.Versions != n-1 {
		t.Errorf("%+v %v", sum, err)
	}
	if took, least := time.Since(began), time.Duration(sum.Bytes-scrubChunk)*time.Second/(2<<20); took < least {
		t.Errorf("%d bytes in %v, want at least %v", sum.Bytes, took, least)
	}
}

// Deletions and writes go on beside a scrub and are not reported as faults; a
// deletion does not wait for it.
func TestScrubBesideWork(t *testing.T) {
	s := withBucket(t, Options{Grace: long})
	big := strings.Repeat("x", 1<<20)
	var done atomic.Bool
	go func() {
		defer done.Store(true)
		for i := range 50 {
			key := fmt.Sprint(i % 7)
			switch i % 3 {
			case 0:
				put(t, s, key, big)
			case 1:
				multipart(t, s, key, big, big)
			case 2:
				must(t, s.Delete(ctx, testBucket, key, object.Condition{}))
			}
		}
	}()
	var faults []Fault
	for !done.Load() {
		_, f := scrubbed(t, s, ScrubOptions{})
		faults = append(faults, f...)
	}
	// The helper multipart makes up ETags, and gives no checksum: only those differ.
	faults = slices.DeleteFunc(faults, func(f Fault) bool { return strings.HasPrefix(f.Detail, "the checksum is MD5") })
	if len(faults) > 0 {
		t.Errorf("%+v", faults)
	}
	s.scrubbing.Lock()
	_, err := s.Scrub(ctx, ScrubOptions{}, func(Fault) {})
	wantKind(t, err, lethe.Conflict, "a second scrub")
	s.scrubbing.Unlock()
}
