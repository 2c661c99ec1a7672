package remote

import (
	"bytes"
	"testing"

	"lethe/object"

	"pgregory.net/rapid"
)

// TestPlansAreRight: whatever the edits, a plan's parts are such that S3 takes
// them, and laid one after the other they are the spliced object.
func TestPlansAreRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := limits{minPart: 5, maxParts: rapid.IntRange(3, 40).Draw(t, "max parts")}
		l.maxCopy = int64(rapid.IntRange(10, 50).Draw(t, "max copy"))
		l.target = int64(rapid.IntRange(5, 12).Draw(t, "target"))
		old := rapid.SliceOfN(rapid.Byte(), 0, 400).Draw(t, "old")
		edits := drawEdits(t, len(old))
		want := spliced(old, edits)
		parts, ok := l.plan(int64(len(old)), edits)
		if !ok {
			return
		}
		var got []byte
		var moved int64
		if len(parts) > l.maxParts {
			t.Fatalf("%d parts", len(parts))
		}
		for i, p := range parts {
			n := len(got)
			if p.sent == nil {
				got = append(got, old[p.off:p.off+p.len]...)
				if p.len > l.maxCopy {
					t.Fatalf("part %d copies %d bytes", i+1, p.len)
				}
			}
			for _, x := range p.sent {
				moved += x.Len
				if x.Data == nil {
					moved += x.Len
					got = append(got, old[x.Off:x.Off+x.Len]...)
					continue
				}
				b := make([]byte, x.Len)
				x.Data.ReadAt(b, x.Off)
				got = append(got, b...)
			}
			if n = len(got) - n; n == 0 || n < int(l.minPart) && i < len(parts)-1 {
				t.Fatalf("part %d of %d has %d bytes", i+1, len(parts), n)
			}
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("made  %x\nwant %x", got, want)
		}
		kept := int64(len(old))
		for _, e := range edits {
			kept -= e.Len
		}
		if moved >= kept+int64(len(want)) {
			t.Fatalf("moves %d bytes; a rewrite moves %d", moved, kept+int64(len(want)))
		}
	})
}

func drawEdits(t *rapid.T, size int) (edits []object.Edit) {
	for at := 0; ; {
		off := at + rapid.IntRange(0, max(0, min(60, size-at))).Draw(t, "gap")
		n := rapid.IntRange(0, min(20, size-off)).Draw(t, "len")
		data := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "data")
		edits = append(edits, object.Edit{Off: int64(off), Len: int64(n), Data: bytes.NewReader(data)})
		if at = off + n + 1; at > size || rapid.IntRange(0, 4).Draw(t, "more") == 0 {
			return edits
		}
	}
}

func spliced(old []byte, edits []object.Edit) (b []byte) {
	for _, p := range object.Pieces(int64(len(old)), edits) {
		if p.Data == nil {
			b = append(b, old[p.Off:p.Off+p.Len]...)
			continue
		}
		x := make([]byte, p.Len)
		p.Data.ReadAt(x, p.Off)
		b = append(b, x...)
	}
	return b
}

// TestPlansMoveLittle says how many bytes of a 200 MB object usual edits move.
func TestPlansMoveLittle(t *testing.T) {
	const size, mb = 200 << 20, int64(1 << 20)
	data := func(n int64) object.Content { return zeros(n) }
	for _, c := range []struct {
		what  string
		edits []object.Edit
		most  int64 // bytes fetched and sent
		parts int
	}{
		{"a record in the middle", []object.Edit{{Off: size / 2, Len: 200, Data: data(200)}}, 10*mb + 200, 3},
		{"a record near the begin", []object.Edit{{Off: 1000, Len: 200, Data: data(200)}}, 10*mb + 200, 2},
		{"a record near the end", []object.Edit{{Off: size - 1000, Len: 200, Data: data(200)}}, 2000, 2},
		{"ten records in a megabyte", func() (e []object.Edit) {
			for i := range int64(10) {
				e = append(e, object.Edit{Off: size/2 + i*100_000, Len: 200, Data: data(200)})
			}
			return e
		}(), 11 * mb, 3},
		{"a row group and the footer", []object.Edit{{Off: size / 2, Len: 8 * mb, Data: data(7 * mb)}, {Off: size - 20_000, Len: 20_000, Data: data(19_000)}}, 7*mb + 20_000, 4},
		{"an appendix", []object.Edit{{Off: size, Data: data(100)}}, 100, 2},
		{"a cut at the begin", []object.Edit{{Off: 0, Len: 100}}, 10 * mb, 2},
		{"a cut at the end", []object.Edit{{Off: size - 100, Len: 100}}, 0, 1},
	} {
		parts, ok := s3Limits.plan(size, c.edits)
		var moved int64
		for _, p := range parts {
			for _, x := range p.sent {
				if moved += x.Len; x.Data == nil {
					moved += x.Len
				}
			}
		}
		if !ok || len(parts) != c.parts || moved > c.most {
			t.Errorf("%s: %d parts that move %d bytes (ok %v), want %d that move at most %d", c.what, len(parts), moved, ok, c.parts, c.most)
		}
	}
	var many []object.Edit
	for i := range int64(12_000) {
		many = append(many, object.Edit{Off: i * 20 * mb, Len: 6 * mb, Data: data(6 * mb)})
	}
	if _, ok := s3Limits.plan(12_000*20*mb, many); ok {
		t.Error("24,000 parts are planned")
	}
	if parts, ok := s3Limits.plan(4*mb, []object.Edit{{Off: 0, Len: 1, Data: data(1)}}); ok {
		t.Errorf("a small object is spliced: %+v", parts)
	}
}

// zeros is content of n zero bytes.
type zeros int64

func (z zeros) Size() int64                             { return int64(z) }
func (z zeros) ReadAt(p []byte, off int64) (int, error) { clear(p); return len(p), nil }
