package parquet

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"lethe/erasure"
)

// FuzzStructure: what is decoded is written as it was read, and read again as it
// was written.
func FuzzStructure(f *testing.F) {
	f.Add([]byte{0x15, 0x04, 0x19, 0x2c, 0x18, 0x01, 'a', 0x00, 0x11, 0x00, 0x00})
	f.Add([]byte{0x19, 0xf1, 0x10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		v, n, err := decode(b)
		if err != nil {
			return
		}
		if n > len(b) {
			t.Fatalf("%d bytes of %d", n, len(b))
		}
		first := appendNode(nil, &v)
		again, n, err := decode(first)
		if err != nil || n != len(first) {
			t.Fatalf("% x was written as % x: %d bytes, %v", b, first, n, err)
		}
		if second := appendNode(nil, &again); !bytes.Equal(first, second) {
			t.Fatalf("% x and then % x", first, second)
		}
	})
}

// types are columns of every physical type.
var types = []leaf{
	{physical: boolean, size: 1}, {physical: int32Type, size: 4, order: signedOrder}, {physical: int64Type, size: 8, order: signedOrder},
	{physical: int96, size: 12}, {physical: floatType, size: 4, order: floatOrder}, {physical: doubleType, size: 8, order: totalOrder},
	{physical: byteArray, order: bytesOrder, converted: -1}, {physical: fixed, size: 5, order: numberOrder, logical: logicalDecimal, scale: 2},
}

// FuzzValues: values in any encoding are those that were decoded, also after others
// were cut out of them.
func FuzzValues(f *testing.F) {
	for e := range byte(10) {
		for l := range types {
			f.Add(e, byte(l), byte(3), []byte{2, 0, 0, 0, 2, 1, 1, 7, 9, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9})
		}
	}
	f.Add(byte(deltaPacked), byte(1), byte(5), appendDeltas(nil, 5, true, func(i int) int64 { return int64(i * i * 99) }))
	f.Add(byte(deltaBytes), byte(6), byte(2), appendPrefixes(nil, &values{n: 2, data: []byte("abcabd"), off: []uint32{0, 3, 6}}))
	f.Fuzz(func(t *testing.T, encoding, kind, count byte, b []byte) {
		l := types[int(kind)%len(types)]
		dict := &values{n: 3, size: l.size, data: make([]byte, 3*max(l.size, 1))}
		if l.size == 0 {
			dict.off = []uint32{0, 1, 2, 3}
		}
		v, err := decodeValues(&l, int64(encoding), b, int(count), dict)
		if err != nil {
			return
		}
		read := func(v *values) (all [][]byte) {
			for i := range v.n {
				all = append(all, bytes.Clone(v.at(i)))
			}
			return all
		}
		want := read(v)
		for _, x := range want {
			l.appendTexts(nil, x)
		}
		bounds := newBounds(&l)
		bounds.addAll(v)
		again := func() [][]byte {
			out, err := appendValues(nil, &l, int64(encoding), v)
			if err != nil {
				t.Fatal(err)
			}
			w, err := decodeValues(&l, int64(encoding), out, v.n, dict)
			if err != nil {
				t.Fatalf("% x: %v", out, err)
			}
			return read(w)
		}
		equal := func(got [][]byte) {
			t.Helper()
			if !slices.EqualFunc(got, want, bytes.Equal) {
				t.Fatalf("%q, not %q", got, want)
			}
		}
		equal(again())
		if v.n > 2 {
			if err := v.apply([]cut{{1, 2, 0}}, nil, 0); err != nil {
				t.Fatal(err)
			}
			want = slices.Delete(want, 1, 2)
			equal(again())
		}
	})
}

// FuzzHybrid: runs are as they were written, and any bytes are read within bounds.
func FuzzHybrid(f *testing.F) {
	f.Add([]byte{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3}, byte(3))
	f.Add([]byte{3, 0x88, 0xc6, 0xfa}, byte(3))
	f.Fuzz(func(t *testing.T, b []byte, w byte) {
		bits := int(w)%32 + 1
		if err := decodeHybrid(make([]uint32, 100), b, bits); err != nil && len(b) > 1<<20 {
			t.Fatal(err)
		}
		v := make([]uint32, len(b))
		for i, x := range b {
			v[i] = uint32(x) & (1<<bits - 1)
		}
		out := make([]uint32, len(v))
		if err := decodeHybrid(out, appendHybrid(nil, v, bits), bits); err != nil || !slices.Equal(out, v) {
			t.Fatalf("%v, not %v: %v", out, v, err)
		}
	})
}

// FuzzFile: any bytes are refused, or cut, within bounds.
func FuzzFile(f *testing.F) {
	names, err := filepath.Glob("testdata/*.parquet")
	if err != nil || len(names) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, byte(0))
		f.Add(b, byte(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, mode byte) {
		odd := false
		p, err := Format{}.Plan(context.Background(), bytes.NewReader(b), erasure.Cut{Columns: []string{"id"}, Dir: t.TempDir(), Mode: erasure.Mode(mode % 2), Traces: []string{"m0000001x"},
			Match: func([][]string) bool { odd = !odd; return odd }})
		if err == nil {
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
