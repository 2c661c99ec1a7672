package objecttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func edit(off, n int, with string) object.Edit {
	return object.Edit{Off: int64(off), Len: int64(n), Data: strings.NewReader(with)}
}

func testSplice(t *testing.T, s *under) {
	ctx := prepare(t, s)
	for _, c := range []struct {
		why, old string
		edits    []object.Edit
		want     string
	}{
		{"one byte", "hello", []object.Edit{edit(0, 1, "j")}, "jello"},
		{"longer", "hello", []object.Edit{edit(1, 1, "EEE")}, "hEEEllo"},
		{"shorter", "hello", []object.Edit{edit(1, 3, "E")}, "hEo"},
		{"gone", "hello", []object.Edit{{Off: 1, Len: 3}}, "ho"},
		{"an insertion", "hello", []object.Edit{edit(2, 0, "--")}, "he--llo"},
		{"at the end", "hello", []object.Edit{edit(5, 0, "!")}, "hello!"},
		{"all", "hello", []object.Edit{edit(0, 5, "bye")}, "bye"},
		{"nothing left", "hello", []object.Edit{{Off: 0, Len: 5}}, ""},
		{"into nothing", "", []object.Edit{edit(0, 0, "new")}, "new"},
		{"several, in no order", "0123456789", []object.Edit{edit(8, 1, "EIGHT"), edit(0, 2, ""), edit(4, 2, "45")}, "234567EIGHT9"},
	} {
		o := put(t, s, "k", []byte(c.old))
		after, err := s.Splice(ctx, bucket, "k", o.ETag, c.edits)
		must(t, err)
		if got, _ := get(t, s, "k"); string(got) != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
		now, err := s.Head(ctx, bucket, "k")
		must(t, err)
		if after.ETag != now.ETag || after.Size != int64(len(c.want)) || now.Size != after.Size || c.want != c.old && now.ETag == o.ETag {
			t.Errorf("%s: answered %+v, found %+v, was %+v", c.why, after, now, o)
		}
	}
	o := put(t, s, "k", []byte("same"))
	after, err := s.Splice(ctx, bucket, "k", o.ETag, nil)
	must(t, err)
	if after.ETag != o.ETag || after.Size != 4 {
		t.Errorf("a splice without edits answers %+v of %+v", after, o)
	}
}

// testSpliceLarge splices an object that need not be moved as a whole, and reads
// it back through a client that verifies the checksum.
func testSpliceLarge(t *testing.T, s *under) {
	ctx := prepare(t, s)
	client := s.admin(t)
	size, rounds := 23<<20, 4
	if s.suite.Far {
		size, rounds = 17<<20, 2
	}
	data := noise(size)
	o := put(t, s, "k", data)
	r := rand.New(rand.NewPCG(7, 7))
	for round := range rounds {
		var edits []object.Edit
		want := bytes.Clone(data)
		at := len(data)
		for range 1 + round {
			n := r.IntN(min(at, 1000) + 1)
			off := at - n - r.IntN(min(at-n+1, 7<<20))
			with := noise(r.IntN(2000))
			switch r.IntN(3) {
			case 0:
				with = noise(n)
			case 1:
				with = noise(6 << 20)
			}
			edits = append(edits, object.Edit{Off: int64(off), Len: int64(n), Data: bytes.NewReader(with)})
			want = slices.Concat(want[:off], with, want[off+n:])
			if at = off - 1; at < 0 {
				break
			}
		}
		var err error
		o, err = s.Splice(ctx, bucket, "k", o.ETag, edits)
		must(t, err)
		out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("k"), ChecksumMode: types.ChecksumModeEnabled})
		must(t, err)
		got, err := io.ReadAll(out.Body) // fails if the checksum is wrong
		must(t, err)
		must(t, out.Body.Close())
		if !bytes.Equal(got, want) {
			t.Fatalf("round %d: other bytes", round)
		}
		if aws.ToString(out.ETag) != o.ETag {
			t.Errorf("round %d: answered %s, found %s", round, o.ETag, aws.ToString(out.ETag))
		}
		data = want
	}
	for u, err := range s.Uploads(ctx, bucket, "") {
		t.Errorf("an upload is left: %+v %v", u, err)
	}
}

func testSpliceRefuses(t *testing.T, s *under) {
	ctx := prepare(t, s)
	old := put(t, s, "k", []byte("old"))
	now := put(t, s, "k", []byte("now"))
	one := []object.Edit{edit(0, 1, "x")}
	for why, etag := range map[string]string{"another ETag": old.ETag, "no ETag": ""} {
		_, err := s.Splice(ctx, bucket, "k", etag, one)
		wantKind(t, err, lethe.Conflict, "splice with "+why)
	}
	_, err := s.Splice(ctx, bucket, "nothing", now.ETag, one)
	wantKind(t, err, lethe.Conflict, "splice of nothing")
	_, err = s.Splice(ctx, "no-such-bucket", "k", now.ETag, one)
	wantKind(t, err, lethe.NotFound, "splice in a missing bucket")
	for why, edits := range map[string][]object.Edit{
		"beyond the end": {edit(3, 1, "x")}, "overlapping": {edit(0, 2, "x"), edit(1, 1, "y")}, "a negative offset": {edit(-1, 1, "x")},
	} {
		_, err := s.Splice(ctx, bucket, "k", now.ETag, edits)
		wantKind(t, err, lethe.Invalid, "splice "+why)
	}
	broken := errors.New("broken disk of the test")
	_, err = s.Splice(ctx, bucket, "k", now.ETag, []object.Edit{{Off: 0, Len: 1, Data: unreadable{broken}}})
	if !errors.Is(err, broken) {
		t.Errorf("the splice returned %v, want the content's error", err)
	}
	_, err = s.Splice(ctx, bucket, "k", now.ETag, []object.Edit{{Off: 0, Len: 1, Data: short{}}})
	wantKind(t, err, lethe.Invalid, "splice of content that ends early")
	if got, _ := get(t, s, "k"); string(got) != "now" {
		t.Errorf("a refused splice wrote: %q", got)
	}
}

type unreadable struct{ err error }

func (unreadable) Size() int64                         { return 10 }
func (u unreadable) ReadAt([]byte, int64) (int, error) { return 0, u.err }

type short struct{}

func (short) Size() int64                       { return 10 }
func (short) ReadAt([]byte, int64) (int, error) { return 0, io.EOF }

// testSpliceKeeps: what is said of an object outlives its splices, of small and
// large ones.
func testSpliceKeeps(t *testing.T, s *under) {
	ctx := context.Background()
	client := s.admin(t)
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket), ObjectLockEnabledForBucket: aws.Bool(true)})
	must(t, err)
	until := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
	for _, size := range []int{100, 12 << 20} {
		key := fmt.Sprint("größe ", size)
		put, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(noise(size)),
			ContentType: aws.String("text/x-a"), ContentEncoding: aws.String("x-none"), ContentLanguage: aws.String("de"),
			ContentDisposition: aws.String(`attachment; filename="a b"`), CacheControl: aws.String("max-age=7"), Expires: aws.Time(until),
			Metadata: map[string]string{"a": "b", "c-d": "e f"}, Tagging: aws.String("x=1&y=a%20%2B-b"),
			ObjectLockMode: types.ObjectLockModeGovernance, ObjectLockRetainUntilDate: &until, ObjectLockLegalHoldStatus: types.ObjectLockLegalHoldStatusOn})
		must(t, err)
		before, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: &key})
		must(t, err)
		o, err := s.Splice(ctx, bucket, key, *put.ETag, []object.Edit{edit(50, 1, "new")})
		must(t, err)
		after, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: &key})
		must(t, err)
		said := func(h *s3.HeadObjectOutput) string {
			str := aws.ToString
			return fmt.Sprint(str(h.ContentType), str(h.ContentEncoding), str(h.ContentLanguage), str(h.ContentDisposition), str(h.CacheControl),
				str(h.ExpiresString), h.Metadata, h.ObjectLockMode, h.ObjectLockRetainUntilDate.Unix(), h.ObjectLockLegalHoldStatus)
		}
		if said(before) != said(after) {
			t.Errorf("%d bytes: it was said %s\nand now %s", size, said(before), said(after))
		}
		if aws.ToString(after.VersionId) == aws.ToString(before.VersionId) || o.Version != aws.ToString(after.VersionId) {
			t.Errorf("versions: before %s, after %s, answered %s", *before.VersionId, *after.VersionId, o.Version)
		}
		d, err := s.Describe(ctx, bucket, key, "")
		must(t, err)
		if len(d.Tags) != 2 || d.Tags["x"] != "1" || d.Tags["y"] != "a +-b" || !d.Lock.Hold || d.Lock.Mode != "GOVERNANCE" || !d.Lock.Until.Equal(until) {
			t.Errorf("%d bytes: described as %+v", size, d)
		}
	}
}

func testSpliceVersions(t *testing.T, s *under) {
	ctx := prepare(t, s)
	versioning(t, s, types.BucketVersioningStatusEnabled)
	o := put(t, s, "k", []byte("one"))
	after, err := s.Splice(ctx, bucket, "k", o.ETag, []object.Edit{edit(0, 1, "O")})
	must(t, err)
	if after.Version == "" || after.Version == o.Version {
		t.Errorf("the splice made version %q of %q", after.Version, o.Version)
	}
	for v, want := range map[string]string{o.Version: "one", after.Version: "One"} {
		if got := string(getVersion(t, s, "k", v)); got != want {
			t.Errorf("version %s holds %q, want %q", v, got, want)
		}
	}
	must(t, s.Delete(ctx, bucket, "k", object.Condition{}))
	_, err = s.Splice(ctx, bucket, "k", after.ETag, []object.Edit{edit(0, 1, "x")})
	wantKind(t, err, lethe.Conflict, "splice below a delete marker")
}

// testSpliceRaces: splices and puts of one object, all conditional, lose nothing:
// each that succeeded is in the object's history, one after the other.
func testSpliceRaces(t *testing.T, s *under) {
	ctx := prepare(t, s)
	const size = 6 << 20 // large enough for parts
	o := put(t, s, "k", bytes.Repeat([]byte{'.'}, size))
	rounds := 25
	if s.suite.Far {
		rounds = 3
	}
	var mu sync.Mutex
	won := map[string]string{} // ETag: the one before
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range rounds {
				now, err := s.Head(ctx, bucket, "k")
				if err != nil {
					t.Error(err)
					return
				}
				// Of two splices by the same bytes only one can win, so say who it is.
				after, err := s.Splice(ctx, bucket, "k", now.ETag, []object.Edit{edit(100*w, 8, fmt.Sprintf("%d-%06d", w, i))})
				if lethe.Is(err, lethe.Conflict) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if _, twice := won[after.ETag]; twice {
					t.Errorf("two splices made %s", after.ETag)
				}
				won[after.ETag] = now.ETag
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	now, err := s.Head(ctx, bucket, "k")
	must(t, err)
	n := 0
	for etag := now.ETag; etag != o.ETag; n++ {
		before, ok := won[etag]
		if !ok {
			t.Fatalf("%s has no splice that made it", etag)
		}
		etag = before
	}
	if n != len(won) || n == 0 {
		t.Errorf("%d splices succeeded, and %d are in the object", len(won), n)
	}
	for u, err := range s.Uploads(ctx, bucket, "") {
		t.Errorf("an upload is left: %+v %v", u, err)
	}
}
