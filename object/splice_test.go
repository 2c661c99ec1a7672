package object_test

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lethe"
	"lethe/object"
)

func TestEditsAreChecked(t *testing.T) {
	data := strings.NewReader("new")
	for _, c := range []struct {
		why   string
		edits []object.Edit
	}{
		{"before the object", []object.Edit{{Off: -1, Len: 1}}},
		{"beyond its end", []object.Edit{{Off: 9, Len: 2}}},
		{"after its end", []object.Edit{{Off: 11, Data: data}}},
		{"a negative length", []object.Edit{{Off: 5, Len: -1}}},
		{"a sum that overflows", []object.Edit{{Off: 5, Len: 1<<63 - 1}}},
		{"an overlap", []object.Edit{{Off: 4, Len: 2}, {Off: 2, Len: 3}}},
		{"one place twice", []object.Edit{{Off: 4, Len: 2}, {Off: 4, Len: 2}}},
		{"an insertion into what another replaces", []object.Edit{{Off: 4, Len: 2}, {Off: 5, Data: data}}},
	} {
		if _, _, err := object.Edits(10, c.edits); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%s: %v", c.why, err)
		}
	}
	sorted, n, err := object.Edits(10, []object.Edit{{Off: 10, Data: data}, {Off: 4, Len: 2}, {Off: 4, Data: data}, {Off: 0, Len: 4}})
	if err != nil || n != 10 || sorted[0].Len != 4 || sorted[1].Data == nil || sorted[2].Len != 2 || sorted[3].Off != 10 {
		t.Errorf("%+v of %d bytes: %v", sorted, n, err)
	}
}

// TestPieces: the pieces, laid one after the other, are the old bytes with the
// edits made one by one from the end.
func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "old")
		want := bytes.Clone(old)
		var edits []object.Edit
		for end := len(old); ; {
			begin := rapid.IntRange(0, end).Draw(t, "begin")
			n := rapid.IntRange(0, end-begin).Draw(t, "len")
			data := rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "data")
			edits = append(edits, object.Edit{Off: int64(begin), Len: int64(n), Data: bytes.NewReader(data)})
			want = append(append(bytes.Clone(want[:begin]), data...), want[begin+n:]...)
			if end = begin - 1; end < 0 || rapid.Bool().Draw(t, "enough") {
				break
			}
		}
		sorted, size, err := object.Edits(int64(len(old)), edits)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for _, p := range object.Pieces(int64(len(old)), sorted) {
			if p.Len == 0 {
				t.Fatal("an empty piece")
			}
			if p.Data == nil {
				got = append(got, old[p.Off:p.Off+p.Len]...)
				continue
			}
			b := make([]byte, p.Len)
			if n, _ := p.Data.ReadAt(b, p.Off); n != len(b) {
				t.Fatalf("the data ends after %d of %d bytes", n, len(b))
			}
			got = append(got, b...)
		}
		if !bytes.Equal(got, want) || size != int64(len(want)) {
			t.Fatalf("got %x, size %d; want %x", got, size, want)
		}
	})
}
