package objecttest

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync/atomic"
	"testing"

	"lethe"
	"lethe/object"

	"pgregory.net/rapid"
)

// testRandom runs random operations against the store and a map, and compares.
func testRandom(t *testing.T, s object.Store) {
	var run atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		m := &model{s: s, ctx: context.Background(), bucket: fmt.Sprintf("random-%d", run.Add(1)), objects: map[string][]byte{}}
		if err := s.CreateBucket(m.ctx, m.bucket); err != nil {
			t.Fatal(err)
		}
		t.Repeat(map[string]func(*rapid.T){
			"put":    m.put,
			"delete": m.delete,
			"commit": m.commit,
			"list":   m.list,
			"open":   m.open,
		})
	})
}

type model struct {
	s       object.Store
	ctx     context.Context
	bucket  string
	objects map[string][]byte
}

var (
	// Few letters make collisions; those that a path or an index might mistake.
	keyGen  = rapid.StringOfN(rapid.RuneFrom([]rune("ab/.\x00\x01é")), 1, 6, -1)
	dataGen = rapid.SliceOfN(rapid.Byte(), 0, 50)
)

func etagOf(data []byte) string { return fmt.Sprintf(`"%x"`, md5.Sum(data)) }

func (m *model) put(t *rapid.T) {
	key, data := keyGen.Draw(t, "key"), dataGen.Draw(t, "data")
	old, there := m.objects[key]
	var c object.Condition
	holds := true
	switch rapid.IntRange(0, 3).Draw(t, "condition") {
	case 1:
		c.IfNoneMatch, holds = true, !there
	case 2:
		c.IfMatch, holds = etagOf(old), there
	case 3:
		c.IfMatch, holds = `"00000000000000000000000000000000"`, false
	}
	_, err := m.s.Put(m.ctx, m.bucket, key, bytes.NewReader(data), object.Header{}, c)
	m.expect(t, err, holds)
	if holds {
		m.objects[key] = data
	}
}

func (m *model) delete(t *rapid.T) {
	key := keyGen.Draw(t, "key")
	old, there := m.objects[key]
	var c object.Condition
	holds := true
	if rapid.Bool().Draw(t, "conditional") {
		c.IfMatch, holds = etagOf(old), there
	}
	m.expect(t, m.s.Delete(m.ctx, m.bucket, key, c), holds)
	if holds {
		delete(m.objects, key)
	}
}

func (m *model) expect(t *rapid.T, err error, holds bool) {
	if holds && err != nil || !holds && !lethe.Is(err, lethe.Conflict) {
		t.Fatalf("condition holds: %v, answer: %v", holds, err)
	}
}

func (m *model) commit(t *rapid.T) {
	keys := rapid.SliceOfNDistinct(keyGen, 0, 6, rapid.ID[string]).Draw(t, "keys")
	n := rapid.IntRange(0, len(keys)).Draw(t, "puts")
	var puts []object.Named
	after := maps.Clone(m.objects)
	for _, k := range keys[:n] {
		data := dataGen.Draw(t, "data")
		g, err := m.s.Stage(m.ctx, m.bucket, bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		puts = append(puts, object.Named{Key: k, Staged: g})
		after[k] = data
	}
	if rapid.IntRange(0, 4).Draw(t, "discard") == 0 {
		for _, p := range puts {
			p.Staged.Discard()
		}
		return
	}
	for _, k := range keys[n:] {
		delete(after, k)
	}
	if err := m.s.Commit(m.ctx, m.bucket, puts, keys[n:]); err != nil {
		t.Fatal(err)
	}
	m.objects = after
}

func (m *model) list(t *rapid.T) {
	checkList(t, m.s, m.bucket, slices.Sorted(maps.Keys(m.objects)), object.ListOptions{
		Prefix:    rapid.OneOf(rapid.Just(""), keyGen).Draw(t, "prefix"),
		Delimiter: rapid.SampledFrom([]string{"", "/", "a", "b/", "\x00"}).Draw(t, "delimiter"),
		After:     rapid.OneOf(rapid.Just(""), keyGen).Draw(t, "after"),
		Limit:     rapid.IntRange(0, 5).Draw(t, "limit"),
	})
}

func (m *model) open(t *rapid.T) {
	key := keyGen.Draw(t, "key")
	data, there := m.objects[key]
	off := rapid.IntRange(0, len(data)).Draw(t, "off")
	n := rapid.IntRange(-1, 60).Draw(t, "n")
	r, o, err := m.s.Open(m.ctx, m.bucket, key, int64(off), int64(n))
	if !there {
		if !lethe.Is(err, lethe.NotFound) {
			t.Fatalf("open of nothing: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	want := data[off:]
	if n >= 0 {
		want = want[:min(n, len(want))]
	}
	if !bytes.Equal(got, want) || o.ETag != etagOf(data) || o.Size != int64(len(data)) {
		t.Fatalf("%q from %d, %d: got %x of %+v, want %x", key, off, n, got, o, want)
	}
}
