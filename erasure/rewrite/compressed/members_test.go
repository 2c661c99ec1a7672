package compressed_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/rewrite/compressed"
	"lethe/erasure/rewrite/jsonl"
	"lethe/erasure/rewrite/rewritetest"
)

func cutOf(t *testing.T, user string) erasure.Cut {
	return erasure.Cut{Columns: []string{"user_id"}, Traces: []string{user}, Dir: t.TempDir(),
		Match: func(v [][]string) bool { return slices.Contains(v[0], user) }}
}

func line(user string) string {
	return fmt.Sprintf(`{"user_id":%q,"text":%q}`+"\n", user, strings.Repeat("text ", 20))
}

func plan(t *testing.T, f erasure.Format, obj []byte, c erasure.Cut) (*erasure.Plan, []byte) {
	t.Helper()
	p, err := f.Plan(context.Background(), bytes.NewReader(obj), c)
	if err != nil {
		t.Fatal(err)
	}
	out, err := rewritetest.Apply(obj, p.Edits)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return p, out
}

// members are where the members of a gzip object begin.
func members(t *testing.T, b []byte) (starts []int) {
	t.Helper()
	r := bytes.NewReader(b)
	for r.Len() > 0 {
		starts = append(starts, len(b)-r.Len())
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		z.Multistream(false)
		var out bytes.Buffer
		if _, err := out.ReadFrom(z); err != nil {
			t.Fatal(err)
		}
	}
	return starts
}

// many are n lines of different people.
func many(n int) []byte {
	var b strings.Builder
	r := rand.New(rand.NewPCG(1, 9))
	for i := range n {
		b.WriteString(line(fmt.Sprintf("u%d-%x", i, r.Uint64())))
	}
	return []byte(b.String())
}

// TestOneMemberBecomesMany: an object of one member is written anew once, in
// members that end with a line; the next cut writes one of them.
func TestOneMemberBecomesMany(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	text := many(40_000)
	half := len(text)/2 + bytes.IndexByte(text[len(text)/2:], '\n') + 1
	text = slices.Concat(text[:half], []byte(line("first")), text[half:], []byte(line("second")))
	obj := gzipped(r, text)
	f := compressed.Gzip(jsonl.New(nil))
	p, once := plan(t, f, obj, cutOf(t, "first"))
	starts := members(t, once)
	if len(p.Edits) != 1 || len(starts) < 3 || len(starts) > 6 || bytes.Contains(once, []byte("input.json")) {
		t.Fatalf("%d MB in one member became %d members by %d edits", len(text)>>20, len(starts), len(p.Edits))
	}
	if want := bytes.Replace(text, []byte(line("first")), nil, 1); !bytes.Equal(gunzip(t, once), want) {
		t.Fatal("the rest changed")
	}
	p, twice := plan(t, f, once, cutOf(t, "second"))
	last := starts[len(starts)-1]
	if p.Cut != 1 || p.Written > int64(len(once)-last) || !bytes.Equal(once[:last], twice[:last]) {
		t.Errorf("the second cut wrote %d of %d bytes; the last member has %d", p.Written, len(once), len(once)-last)
	}
}

// TestHeaders: a name in a member's header is a trace too; other members keep
// theirs.
func TestHeaders(t *testing.T) {
	var obj bytes.Buffer
	for _, name := range []string{"alice-42.json", "other.json"} {
		z := gzip.NewWriter(&obj)
		z.Name = name
		// Groups of members smaller than a megabyte are one.
		if _, err := z.Write(many(10_000)); err != nil {
			t.Fatal(err)
		}
		z.Close()
	}
	p, out := plan(t, compressed.Gzip(jsonl.New(nil)), obj.Bytes(), cutOf(t, "Alice-42"))
	if bytes.Contains(out, []byte("alice")) || !bytes.Contains(out, []byte("other.json")) {
		t.Error("the header with the name is there, or the other is not")
	}
	if p.Cut != 0 || !bytes.Equal(gunzip(t, out), gunzip(t, obj.Bytes())) {
		t.Error("records changed")
	}
}

// TestSkippableFrames: they stay, but for those that name the person and the table
// of the seekable format.
func TestSkippableFrames(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	data := zstded(r, many(100), []byte(line("alice")))
	obj := slices.Concat(skippable(1, "kept"), data, skippable(2, "about ALICE"), skippable(0xe, "table"))
	p, out := plan(t, compressed.Zstd(jsonl.New(nil)), obj, cutOf(t, "alice"))
	if !bytes.HasPrefix(out, skippable(1, "kept")) || bytes.Contains(out, []byte("ALICE")) || bytes.Contains(out, []byte("table")) {
		t.Errorf("%q", out[len(out)-40:])
	}
	if p.Cut != 1 || len(p.Notes) != 2 || string(unzstd(t, out)) != string(many(100)) {
		t.Errorf("%d records were cut, with the notes %q", p.Cut, p.Notes)
	}
	_, same := plan(t, compressed.Zstd(jsonl.New(nil)), obj, cutOf(t, "nobody"))
	if !bytes.Equal(same, obj) {
		t.Error("an object without the person changed")
	}
}

// TestAllGone: what is left of an object of which every byte went can be read.
func TestAllGone(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	p, out := plan(t, compressed.Gzip(jsonl.New(nil)), gzipped(r, []byte(line("alice"))), cutOf(t, "alice"))
	if !p.Empty || len(out) == 0 || len(gunzip(t, out)) != 0 {
		t.Errorf("gzip: empty %v, %d bytes", p.Empty, len(out))
	}
	p, out = plan(t, compressed.Zstd(jsonl.New(nil)), zstded(rand.New(rand.NewPCG(2, 7)), []byte(line("alice"))), cutOf(t, "alice"))
	if !p.Empty || len(out) == 0 || len(unzstd(t, out)) != 0 {
		t.Errorf("zstd: empty %v, %d bytes", p.Empty, len(out))
	}
}

// TestRefused: what is not gzip or zstd, or asks for too much.
func TestRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	good := gzipped(r, many(10))
	frame := func(window byte) []byte { // a header without content size, with a window
		b := binary.LittleEndian.AppendUint32(nil, 0xfd2fb528)
		return append(b, 0, window, 1, 0, 0)
	}
	z := slices.Clone(zstded(rand.New(rand.NewPCG(2, 7)), many(10)))
	for _, c := range []struct {
		name string
		f    erasure.Format
		obj  []byte
		kind lethe.Kind
	}{
		{"text", compressed.Gzip(jsonl.New(nil)), many(10), lethe.Invalid},
		{"torn", compressed.Gzip(jsonl.New(nil)), good[:len(good)-5], lethe.Invalid},
		{"more after the end", compressed.Gzip(jsonl.New(nil)), append(slices.Clone(good), "more"...), lethe.Invalid},
		{"text", compressed.Zstd(jsonl.New(nil)), many(10), lethe.Invalid},
		{"torn", compressed.Zstd(jsonl.New(nil)), z[:len(z)-5], lethe.Invalid},
		{"a window of 2 GiB", compressed.Zstd(jsonl.New(nil)), frame(21 << 3), lethe.Unsupported},
		{"a dictionary", compressed.Zstd(jsonl.New(nil)), []byte{0x28, 0xb5, 0x2f, 0xfd, 1, 0, 7, 1, 0, 0}, lethe.Unsupported},
	} {
		p, err := c.f.Plan(context.Background(), bytes.NewReader(c.obj), cutOf(t, "alice"))
		if err == nil {
			p.Close()
		}
		if !lethe.Is(err, c.kind) {
			t.Errorf("%s: %v, want %s", c.name, err, c.kind)
		}
	}
}

// TestBomb: what expands a thousandfold costs no more memory, and a line of more
// than the bound is refused.
func TestBomb(t *testing.T) {
	one := gzipped(rand.New(rand.NewPCG(1, 1)), bytes.Repeat([]byte("\n"), 8<<20))
	var zeros bytes.Buffer
	z, err := zstd.NewWriter(&zeros, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	for range 80 {
		if _, err := z.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	z.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := compressed.Gzip(jsonl.New(nil)).Plan(context.Background(), bytes.NewReader(one), cutOf(t, "alice"))
	if err != nil || p.Rows != 8<<20 {
		t.Fatal(p, err)
	}
	runtime.ReadMemStats(&after)
	if all := after.TotalAlloc - before.TotalAlloc; all > 24<<20 {
		t.Errorf("%d kB that expand to 8 MB took %d MB", len(one)>>10, all>>20)
	}
	if _, err := compressed.Zstd(jsonl.New(nil)).Plan(context.Background(), bytes.NewReader(zeros.Bytes()), cutOf(t, "alice")); !lethe.Is(err, lethe.Unsupported) {
		t.Errorf("a line of 80 MB: %v", err)
	}
}

func TestVacuum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	obj := gzipped(r, []byte(line("a")+"{}\n"+line("b")+"{ }\n"))
	p, err := compressed.Gzip(jsonl.New(nil)).Vacuum(context.Background(), bytes.NewReader(obj), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out, err := rewritetest.Apply(obj, p.Edits)
	if err != nil || p.Cut != 2 || string(gunzip(t, out)) != line("a")+line("b") {
		t.Errorf("%v: %d records were dropped: %q", err, p.Cut, gunzip(t, out))
	}
}
