package objecttest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"lethe"
	"lethe/object"
)

func testCommit(t *testing.T, s *under) {
	ctx := prepare(t, s)
	put(t, s, "t/old1", []byte("old"))
	put(t, s, "t/old2", []byte("old"))
	put(t, s, "t/kept", []byte("kept"))
	big := noise(1 << 20)
	a, b := stage(t, s, big), stage(t, s, []byte("replacement"))
	if a.Size() != 1<<20 || b.ETag() == "" || b.ETag()[0] != '"' {
		t.Errorf("staged: size %d, ETag %s", a.Size(), b.ETag())
	}
	if l, err := s.List(ctx, bucket, object.ListOptions{}); err != nil || len(l.Objects) != 3 {
		t.Errorf("staged bytes are listed: %v %v", quoted(keysOf(l.Objects)), err)
	}
	must(t, s.Commit(ctx, bucket, []object.Named{
		{Key: "t/new", Staged: a, Header: object.Header{ContentType: "x/y", Metadata: map[string]string{"A": "b"}}},
		{Key: "t/old1", Staged: b},
	}, []string{"t/old2", "t/never"}))
	l, err := s.List(ctx, bucket, object.ListOptions{})
	must(t, err)
	if got := keysOf(l.Objects); !slices.Equal(got, []string{"t/kept", "t/new", "t/old1"}) {
		t.Errorf("after the commit: %s", quoted(got))
	}
	if got, _ := get(t, s, "t/new"); !bytes.Equal(got, big) {
		t.Error("the new object holds other bytes")
	}
	if got, _ := get(t, s, "t/old1"); string(got) != "replacement" {
		t.Errorf("the replaced object holds %q", got)
	}
	o, err := s.Head(ctx, bucket, "t/new")
	must(t, err)
	if o.ContentType != "x/y" || o.Metadata["a"] != "b" || o.ETag != a.ETag() {
		t.Errorf("the new object: %+v", o)
	}
	a.Discard() // does nothing now
	if _, ok := get(t, s, "t/new"); !ok {
		t.Error("discard after the commit took the object")
	}
	must(t, s.Commit(ctx, bucket, nil, nil))
}

// testCommitLarge: large objects and small ones in one commit; the ETags are
// known beforehand.
func testCommitLarge(t *testing.T, s *under) {
	ctx := prepare(t, s)
	var puts []object.Named
	for i, size := range []int{8<<20 - 1, 8 << 20, 16<<20 + 1} {
		puts = append(puts, object.Named{Key: fmt.Sprint("k", i), Staged: stage(t, s, noise(size)), Header: object.Header{Metadata: map[string]string{"n": fmt.Sprint(i)}}})
	}
	must(t, s.Commit(ctx, bucket, puts, nil))
	for i, p := range puts {
		o, err := s.Head(ctx, bucket, p.Key)
		must(t, err)
		if o.ETag != p.Staged.ETag() || o.Size != p.Staged.Size() || o.Metadata["n"] != fmt.Sprint(i) {
			t.Errorf("committed %s of %d bytes, found %+v", p.Staged.ETag(), p.Staged.Size(), o)
		}
		if got, _ := get(t, s, p.Key); !bytes.Equal(got, noise(int(o.Size))) {
			t.Errorf("%s holds other bytes", p.Key)
		}
	}
}

func testCommitRefuses(t *testing.T, s *under) {
	ctx := prepare(t, s)
	must(t, s.CreateBucket(ctx, "other-bucket"))
	put(t, s, "there", []byte("x"))
	g := stage(t, s, []byte("bytes"))
	spent := stage(t, s, []byte("spent"))
	must(t, s.Commit(ctx, bucket, []object.Named{{Key: "spent", Staged: spent}}, nil))
	gone := stage(t, s, []byte("gone"))
	gone.Discard()
	more := stage(t, s, nil)
	defer more.Discard()
	for _, c := range []struct {
		why     string
		puts    []object.Named
		deletes []string
	}{
		{"a key put twice", []object.Named{{Key: "k", Staged: g}, {Key: "k", Staged: more}}, nil},
		{"a key put and deleted", []object.Named{{Key: "k", Staged: g}}, []string{"k"}},
		{"a key deleted twice", nil, []string{"there", "there"}},
		{"bytes for two keys", []object.Named{{Key: "k", Staged: g}, {Key: "l", Staged: g}}, nil},
		{"bytes committed before", []object.Named{{Key: "k", Staged: g}, {Key: "l", Staged: spent}}, nil},
		{"bytes discarded before", []object.Named{{Key: "k", Staged: g}, {Key: "l", Staged: gone}}, []string{"there"}},
		{"no bytes", []object.Named{{Key: "k"}}, nil},
	} {
		wantKind(t, s.Commit(ctx, bucket, c.puts, c.deletes), lethe.Invalid, c.why)
	}
	wantKind(t, s.Commit(ctx, "other-bucket", []object.Named{{Key: "k", Staged: g}}, nil), lethe.Invalid, "bytes of another bucket")
	l, err := s.List(ctx, bucket, object.ListOptions{})
	must(t, err)
	if got := keysOf(l.Objects); !slices.Equal(got, []string{"spent", "there"}) {
		t.Errorf("a refused commit changed the bucket: %s", quoted(got))
	}
	must(t, s.Commit(ctx, bucket, []object.Named{{Key: "k", Staged: g}}, nil)) // still good
	if got, _ := get(t, s, "k"); string(got) != "bytes" {
		t.Errorf("k holds %q", got)
	}
}

func testDiscard(t *testing.T, s *under) {
	ctx := prepare(t, s)
	g := stage(t, s, noise(100))
	g.Discard()
	g.Discard()
	l, err := s.List(ctx, bucket, object.ListOptions{})
	must(t, err)
	if len(l.Objects) != 0 {
		t.Errorf("discarded bytes are listed: %s", quoted(keysOf(l.Objects)))
	}
}

// testCommitIsAtomic lets commits replace one generation of files by the next,
// as a table's rewrite does, and looks whether a listing ever sees two
// generations or a part of one.
func testCommitIsAtomic(t *testing.T, s *under) {
	ctx := prepare(t, s)
	files, generations := 12, 30
	if s.suite.Far {
		files, generations = 5, 6
	}
	name := func(g, i int) string { return fmt.Sprintf("t/%02d-g%03d", (i*7)%files, g) }
	var last []string
	commit := func(g int) {
		var puts []object.Named
		var keys []string
		for i := range files {
			puts = append(puts, object.Named{Key: name(g, i), Staged: stage(t, s, []byte(fmt.Sprint(g)))})
			keys = append(keys, name(g, i))
		}
		puts = append(puts, object.Named{Key: "t/current", Staged: stage(t, s, []byte(fmt.Sprint(g)))})
		must(t, s.Commit(ctx, bucket, puts, last))
		last = keys
	}
	commit(0)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for seen := 0; ; {
				l, err := s.List(ctx, bucket, object.ListOptions{Prefix: "t/"})
				if err != nil {
					t.Error(err)
					return
				}
				gens := map[string]int{}
				for _, o := range l.Objects {
					if _, g, ok := strings.Cut(o.Key, "-g"); ok {
						gens[g]++
					}
				}
				if len(gens) != 1 || len(l.Objects) != files+1 {
					t.Errorf("a listing saw a part of a commit: %s", quoted(keysOf(l.Objects)))
					return
				}
				for g := range gens {
					var n int
					fmt.Sscanf(g, "%d", &n)
					if n < seen {
						t.Errorf("a listing saw generation %d after %d", n, seen)
						return
					}
					seen = n
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for g := 1; g < generations && !t.Failed(); g++ {
		commit(g)
	}
	close(done)
	readers.Wait()
	if got, _ := get(t, s, "t/current"); string(got) != fmt.Sprint(generations-1) {
		t.Errorf("current is %s", got)
	}
}

// testOneWinner: of many conditional writes at once, one wins.
func testOneWinner(t *testing.T, s *under) {
	ctx := prepare(t, s)
	const n = 64
	round := 0
	race := func(key string, c object.Condition) (winner string) {
		round++ // so that no write has the ETag that was there
		var mu sync.Mutex
		var wg sync.WaitGroup
		wins := 0
		for i := range n {
			wg.Go(func() {
				data := fmt.Sprint(key, " ", round, " ", i)
				_, err := s.Put(ctx, bucket, key, strings.NewReader(data), object.Header{}, c)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					wins++
					winner = data
				case !lethe.Is(err, lethe.Conflict):
					t.Errorf("a loser got %v", err)
				}
			})
		}
		wg.Wait()
		if wins != 1 {
			t.Errorf("%+v: %d winners", c, wins)
		}
		return winner
	}
	winner := race("k", object.Condition{IfNoneMatch: true})
	if got, _ := get(t, s, "k"); string(got) != winner {
		t.Errorf("%q won, %q is there", winner, got)
	}
	o, err := s.Head(ctx, bucket, "k")
	must(t, err)
	winner = race("k", object.Condition{IfMatch: o.ETag})
	if got, _ := get(t, s, "k"); string(got) != winner {
		t.Errorf("%q won, %q is there", winner, got)
	}
}

// testOneDeleteWins: of many conditional deletes at once, one wins.
func testOneDeleteWins(t *testing.T, s *under) {
	ctx := prepare(t, s)
	const n = 64
	put(t, s, "k", []byte("x"))
	o, err := s.Head(ctx, bucket, "k")
	must(t, err)
	var wins sync.Map
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := s.Delete(ctx, bucket, "k", object.Condition{IfMatch: o.ETag}); err == nil {
				wins.Store(i, true)
			} else if !lethe.Is(err, lethe.Conflict) {
				t.Errorf("a loser got %v", err)
			}
		})
	}
	wg.Wait()
	count := 0
	wins.Range(func(any, any) bool { count++; return true })
	if count != 1 {
		t.Errorf("%d deletes won", count)
	}
}

// testReadersSeeWhole: whoever reads while others write sees one version whole.
func testReadersSeeWhole(t *testing.T, s *under) {
	ctx := prepare(t, s)
	body := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 1+(i*7919)%300000) }
	put(t, s, "k", body(0))
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for w := range 2 {
		writers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			n := 60
			if s.suite.Far {
				n = 20
			}
			for range n {
				if i := r.IntN(256); i%16 == 0 {
					if err := s.Delete(ctx, bucket, "k", object.Condition{}); err != nil {
						t.Error(err)
					}
				} else if _, err := s.Put(ctx, bucket, "k", bytes.NewReader(body(i)), object.Header{}, object.Condition{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 3 {
		readers.Go(func() {
			for {
				if got, ok := get(t, s, "k"); ok && (len(got) == 0 || !bytes.Equal(got, body(int(got[0])))) {
					t.Error("a reader saw a mixture")
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}
