package objecttest

import (
	"bytes"
	"context"
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
func testRandom(t *testing.T, s *under) {
	var run atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		n := run.Add(1)
		if s.suite.Far && n > 15 {
			return
		}
		m := &model{s: s, ctx: context.Background(), bucket: fmt.Sprintf("random-%d", n), objects: map[string][]byte{}, etags: map[string]string{},
			keys: keyGen.Filter(func(k string) bool { return s.suite.NoKey == nil || s.suite.NoKey(k) == "" }), noList: s.suite.NoList}
		if err := s.CreateBucket(m.ctx, m.bucket); err != nil {
			t.Fatal(err)
		}
		t.Repeat(map[string]func(*rapid.T){
			"put":    m.put,
			"delete": m.delete,
			"commit": m.commit,
			"splice": m.splice,
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
	etags   map[string]string
	keys    *rapid.Generator[string]
	noList  func(object.ListOptions) string
}

var (
	// Few letters make collisions; those that a path or an index might mistake.
	keyGen  = rapid.StringOfN(rapid.RuneFrom([]rune("ab/.\x00\x01é")), 1, 6, -1)
	dataGen = rapid.SliceOfN(rapid.Byte(), 0, 50)
)

// etag is the ETag of what is there, or one that nothing has.
func (m *model) etag(key string) string {
	if _, there := m.objects[key]; there {
		return m.etags[key]
	}
	return `"00000000000000000000000000000000"`
}

func (m *model) put(t *rapid.T) {
	key, data := m.keys.Draw(t, "key"), dataGen.Draw(t, "data")
	_, there := m.objects[key]
	var c object.Condition
	holds := true
	switch rapid.IntRange(0, 3).Draw(t, "condition") {
	case 1:
		c.IfNoneMatch, holds = true, !there
	case 2:
		c.IfMatch, holds = m.etag(key), there
	case 3:
		c.IfMatch, holds = `"00000000000000000000000000000000"`, false
	}
	o, err := m.s.Put(m.ctx, m.bucket, key, bytes.NewReader(data), object.Header{}, c)
	m.expect(t, err, holds)
	if holds {
		m.objects[key], m.etags[key] = data, o.ETag
	}
}

func (m *model) splice(t *rapid.T) {
	key := m.keys.Draw(t, "key")
	old, there := m.objects[key]
	etag := m.etag(key)
	holds := there && rapid.IntRange(0, 4).Draw(t, "condition") > 0
	if !holds {
		etag = `"00000000000000000000000000000000"`
	}
	edits, want := drawEdits(t, old)
	o, err := m.s.Splice(m.ctx, m.bucket, key, etag, edits)
	m.expect(t, err, holds)
	if holds {
		m.objects[key], m.etags[key] = want, o.ETag
	}
}

// drawEdits draws edits of data, in any order, and what they make of it.
func drawEdits(t *rapid.T, data []byte) (edits []object.Edit, after []byte) {
	after = bytes.Clone(data)
	for end := len(data); end >= 0; {
		off := rapid.IntRange(0, end).Draw(t, "off")
		n := rapid.IntRange(0, end-off).Draw(t, "len")
		with := dataGen.Draw(t, "with")
		edits = append(edits, object.Edit{Off: int64(off), Len: int64(n), Data: bytes.NewReader(with)})
		after = slices.Concat(after[:off], with, after[off+n:])
		if end = off - 1; rapid.Bool().Draw(t, "enough") {
			break
		}
	}
	if rapid.Bool().Draw(t, "other order") {
		slices.Reverse(edits)
	}
	return edits, after
}

func (m *model) delete(t *rapid.T) {
	key := m.keys.Draw(t, "key")
	_, there := m.objects[key]
	var c object.Condition
	holds := true
	if rapid.Bool().Draw(t, "conditional") {
		c.IfMatch, holds = m.etag(key), there
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
	keys := rapid.SliceOfNDistinct(m.keys, 0, 6, rapid.ID[string]).Draw(t, "keys")
	n := rapid.IntRange(0, len(keys)).Draw(t, "puts")
	var puts []object.Named
	after, etags := maps.Clone(m.objects), maps.Clone(m.etags)
	for _, k := range keys[:n] {
		data := dataGen.Draw(t, "data")
		g, err := m.s.Stage(m.ctx, m.bucket, bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		puts = append(puts, object.Named{Key: k, Staged: g})
		after[k] = data
		etags[k] = g.ETag()
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
	m.objects, m.etags = after, etags
}

func (m *model) list(t *rapid.T) {
	o := object.ListOptions{
		Prefix:    rapid.OneOf(rapid.Just(""), m.keys).Draw(t, "prefix"),
		Delimiter: rapid.SampledFrom([]string{"", "/", "a", "b/", "\x00"}).Draw(t, "delimiter"),
		After:     rapid.OneOf(rapid.Just(""), m.keys).Draw(t, "after"),
		Limit:     rapid.IntRange(0, 5).Draw(t, "limit"),
	}
	if m.noList != nil && m.noList(o) != "" {
		t.Skip()
	}
	checkList(t, m.s, m.bucket, slices.Sorted(maps.Keys(m.objects)), o)
}

func (m *model) open(t *rapid.T) {
	key := m.keys.Draw(t, "key")
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
	if !bytes.Equal(got, want) || o.ETag != m.etags[key] || o.Size != int64(len(data)) {
		t.Fatalf("%q from %d, %d: got %x of %+v, want %x", key, off, n, got, o, want)
	}
}
