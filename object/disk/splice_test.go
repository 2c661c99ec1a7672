package disk

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"pgregory.net/rapid"
)

func TestShiftOfCRC32(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOf(rapid.Byte()).Draw(t, "a"), rapid.SliceOf(rapid.Byte()).Draw(t, "b")
		whole := crc32.ChecksumIEEE(append(bytes.Clone(a), b...))
		if got := shift(crc32.ChecksumIEEE(a), int64(len(b))) ^ crc32.ChecksumIEEE(b); got != whole {
			t.Fatalf("%08x, want %08x", got, whole)
		}
	})
}

func TestMarksAreReadBack(t *testing.T) {
	data := noise(1 << 20)
	w := newMarker()
	w.every = 1000
	for rest := data; len(rest) > 0; {
		n := min(len(rest), 1+rand.IntN(5000))
		w.Write(rest[:n])
		rest = rest[n:]
	}
	m := w.end()
	if len(m) < maxMarks/2 || len(m) > maxMarks+1 {
		t.Errorf("%d marks", len(m))
	}
	b := m.encode()
	if got := decodeMarks(b, int64(len(data))); fmt.Sprint(got) != fmt.Sprint(m) {
		t.Error("they come back different")
	}
	for _, bad := range [][]byte{nil, b[:3], b[:len(b)-12], append(bytes.Clone(b), 0), flipped(b, 0), flipped(b, len(b)-1)} {
		if decodeMarks(bad, int64(len(data))) != nil {
			t.Error("damaged marks are believed")
		}
	}
	if decodeMarks(b, int64(len(data))+1) != nil {
		t.Error("marks of another size are believed")
	}
	for range 100 {
		off := rand.Int64N(int64(len(data) + 1))
		for _, have := range []marks{m, nil} {
			if got, err := have.running(bytes.NewReader(data), off); err != nil || got != crc32.ChecksumIEEE(data[:off]) {
				t.Fatalf("at %d: %v", off, err)
			}
		}
	}
	if _, err := m.running(bytes.NewReader(data[:100]), 200); err == nil {
		t.Error("a file that is too short is summed up")
	}
}

func flipped(b []byte, i int) []byte {
	b = bytes.Clone(b)
	b[i] ^= 1
	return b
}

func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

// TestSplicesOfSplices: splices after one another of a large object, also of one
// in parts and of one without marks, have the bytes and the checksum that they must.
func TestSplicesOfSplices(t *testing.T) {
	s := withBucket(t, Options{})
	data := noise(5 << 20)
	put(t, s, "k", string(data))
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 30 {
		o, err := s.Head(ctx, testBucket, "k")
		must(t, err)
		var edits []object.Edit
		want := bytes.Clone(data)
		at := len(data)
		for range 1 + r.IntN(4) {
			n := r.IntN(min(at, 300_000) + 1)
			off := at - n - r.IntN(at-n+1)
			sizes := []int{n, n / 2, n + 4096, n + 7}
			with := noise(sizes[r.IntN(len(sizes))])
			edits = append(edits, object.Edit{Off: int64(off), Len: int64(n), Data: bytes.NewReader(with)})
			want = append(append(bytes.Clone(want[:off]), with...), want[off+n:]...)
			if at = off - 1; at < 0 {
				break
			}
		}
		after, err := s.Splice(ctx, testBucket, "k", o.ETag, edits)
		must(t, err)
		if read(t, s, "k") != string(want) {
			t.Fatalf("round %d: other bytes", round)
		}
		v, err := s.newest(testBucket, "k")
		must(t, err)
		sum := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(want)))
		if v.Checksum.Type != types.ChecksumTypeFullObject || value(v.Checksum) != sum {
			t.Fatalf("round %d: checksum %s, want %s", round, value(v.Checksum), sum)
		}
		if after.ETag == o.ETag || after.Size != int64(len(want)) {
			t.Errorf("round %d: %+v", round, after)
		}
		if data = want; round%7 == 3 { // a blob from before there were marks
			f, err := os.Open(s.blobPath(v.Extents[0].Blob))
			must(t, err)
			_ = setAttr(f, marksAttr, nil)
			f.Close()
		}
	}
}

// TestSpliceLeavesNothing: after a splice, what it took out is in no file.
func TestSpliceLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{NoSync: true})
	must(t, s.CreateBucket(ctx, testBucket))
	const secret = "the name of a person who is to be forgotten"
	data := strings.Repeat("kept ", 100_000) + secret + strings.Repeat(" kept", 100_000)
	o := put(t, s, "k", data)
	at := int64(strings.Index(data, secret))
	_, err := s.Splice(ctx, testBucket, "k", o.ETag, []object.Edit{{Off: at, Len: int64(len(secret)), Data: strings.NewReader(strings.Repeat("*", len(secret)))}})
	must(t, err)
	files := 0
	must(t, filepath.Walk(filepath.Join(dir, "blobs"), func(path string, i os.FileInfo, err error) error {
		if err != nil || i.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("%s holds it still", path)
		}
		return err
	}))
	if files != 1 {
		t.Errorf("%d blobs are left", files)
	}
}

// TestSpliceThatLoses leaves no blob behind.
func TestSpliceThatLoses(t *testing.T) {
	s := withBucket(t, Options{})
	o := put(t, s, "k", "one")
	edits := []object.Edit{{Off: 0, Len: 1, Data: during{strings.NewReader("O"), func() { put(t, s, "k", "two") }}}}
	if _, err := s.Splice(ctx, testBucket, "k", o.ETag, edits); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("the splice of a replaced object: %v", err)
	}
	if got := read(t, s, "k"); got != "two" {
		t.Errorf("it holds %q", got)
	}
	if n := s.fresh.count(); n != 0 {
		t.Errorf("%d blobs have no home", n)
	}
}

// during is content that does something while it is read.
type during struct {
	*strings.Reader
	do func()
}

func (d during) ReadAt(p []byte, off int64) (int, error) {
	d.do()
	return d.Reader.ReadAt(p, off)
}

// TestSpliceSurvivesACrash: what was answered is there after a kill, and nothing
// else is.
func TestSpliceSurvivesACrash(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{NoSync: true})
	must(t, err)
	must(t, s.CreateBucket(ctx, testBucket))
	o := put(t, s, "k", strings.Repeat("x", 1<<20))
	o, err = s.Splice(ctx, testBucket, "k", o.ETag, []object.Edit{{Off: 10, Len: 1, Data: strings.NewReader("y")}})
	must(t, err)
	crash(t, s)
	s = open(t, dir, Options{NoSync: true})
	now, err := s.Head(ctx, testBucket, "k")
	must(t, err)
	if now.ETag != o.ETag || read(t, s, "k")[9:12] != "xyx" {
		t.Errorf("after the crash there is %+v, and was %+v", now, o)
	}
	blobs := 0
	must(t, filepath.Walk(filepath.Join(dir, "blobs"), func(_ string, i os.FileInfo, err error) error {
		if err == nil && !i.IsDir() {
			blobs++
		}
		return err
	}))
	if blobs != 1 {
		t.Errorf("%d blobs are left", blobs)
	}
}

// TestSpliceTakesTheTagsOfTheEnd: tags that change while a splice is made are the
// object's after it.
func TestSpliceTakesTheTagsOfTheEnd(t *testing.T) {
	s := withBucket(t, Options{})
	o := put(t, s, "k", "one")
	tag := func() { must(t, s.Gateway().PutObjectTagging(ctx, testBucket, "k", "", map[string]string{"a": "b"})) }
	_, err := s.Splice(ctx, testBucket, "k", o.ETag, []object.Edit{{Off: 0, Len: 1, Data: during{strings.NewReader("O"), tag}}})
	must(t, err)
	d, err := s.Describe(ctx, testBucket, "k", "")
	must(t, err)
	if d.Tags["a"] != "b" || read(t, s, "k") != "One" {
		t.Errorf("%+v", d)
	}
}

// TestSpliceOfParts: an object whose parts lie in several blobs is spliced across
// their borders.
func TestSpliceOfParts(t *testing.T) {
	s := withBucket(t, Options{})
	one, two := string(noise(5<<20)), string(noise(1<<20))
	whole := one + two
	multipart(t, s, "k", one, two)
	v, err := s.newest(testBucket, "k")
	must(t, err)
	if len(v.Extents) != 2 {
		t.Fatalf("%d extents", len(v.Extents))
	}
	_, err = s.Splice(ctx, testBucket, "k", v.ETag, []object.Edit{{Off: 5<<20 - 3, Len: 6, Data: strings.NewReader("border")}, {Off: 100, Len: 5}})
	must(t, err)
	want := whole[:100] + whole[105:5<<20-3] + "border" + whole[5<<20+3:]
	if read(t, s, "k") != want {
		t.Error("other bytes")
	}
	v, err = s.newest(testBucket, "k")
	must(t, err)
	if sum := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(want)))); value(v.Checksum) != sum {
		t.Errorf("checksum %s, want %s", value(v.Checksum), sum)
	}
}
