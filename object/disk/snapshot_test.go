package disk

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lethe"
	"lethe/object"
)

// TestSnapshotUnderWriters: a snapshot is a store that has all that was answered
// before it was begun, as it was or as a later write made it, and nothing torn; what
// is deleted meanwhile, and the deleted files, are gone from the store afterwards.
func TestSnapshotUnderWriters(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	dir := t.TempDir()
	s, err := Open(filepath.Join(dir, "store"), Options{NoSync: true})
	must(t, err)
	must(t, s.CreateBucket(ctx, testBucket))
	body := func(key string, n int) string { return strings.Repeat(fmt.Sprintf("%s %d\n", key, n), 1+n%50) }
	const keys = 40
	for i := range keys {
		put(t, s, fmt.Sprintf("kept/%d", i), body("kept", i))
		put(t, s, fmt.Sprintf("changed/%d", i), body("changed", 0))
	}
	stop := make(chan struct{})
	began := make(chan struct{}, 4)
	var writers sync.WaitGroup
	for w := range 4 {
		own := rand.New(rand.NewPCG(rng.Uint64(), uint64(w)))
		writers.Go(func() {
			for n := 1; ; n++ {
				if n == 3 {
					began <- struct{}{}
				}
				select {
				case <-stop:
					return
				default:
				}
				key := fmt.Sprintf("changed/%d", own.IntN(keys))
				var err error
				if own.IntN(3) == 0 {
					err = s.Delete(ctx, testBucket, key, object.Condition{})
				} else {
					_, err = s.Put(ctx, testBucket, key, strings.NewReader(body("changed", n)), object.Header{}, object.Condition{})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 4 {
		<-began
	}
	var taken []string
	for i := range 5 {
		to := filepath.Join(dir, fmt.Sprint("snapshot", i))
		put(t, s, "last", fmt.Sprint(i))
		sum, err := s.Snapshot(ctx, to)
		must(t, err)
		if len(sum.Missing) > 0 || sum.Blobs < keys {
			t.Errorf("%+v", sum)
		}
		taken = append(taken, to)
	}
	close(stop)
	writers.Wait()
	check(t, s) // no file is left that belongs to nothing
	must(t, s.Close())
	for i, to := range taken {
		c := open(t, to, Options{NoSync: true}) // checked at the end
		for k := range keys {
			if got := read(t, c, fmt.Sprintf("kept/%d", k)); got != body("kept", k) {
				t.Errorf("kept/%d is %q", k, got)
			}
		}
		if got := read(t, c, "last"); got != fmt.Sprint(i) {
			t.Errorf("snapshot %d has what was written last as %q", i, got)
		}
		for o, err := range object.All(ctx, c, testBucket, "changed/") {
			must(t, err)
			got := read(t, c, o.Key)
			line, _, _ := strings.Cut(got, "\n")
			var n int
			if _, err := fmt.Sscanf(line, "changed %d", &n); err != nil || got != body("changed", n) {
				t.Errorf("%s is %q", o.Key, got)
			}
		}
	}
}

// TestSnapshotKeepsWhatIsDeleted: the links of a snapshot have their bytes after the
// objects were deleted for good, and the store's own files are gone.
func TestSnapshotKeepsWhatIsDeleted(t *testing.T) {
	s := withBucket(t, Options{})
	put(t, s, "a", "alpha")
	to := filepath.Join(filepath.Dir(s.dir), "snapshot")
	_, err := s.Snapshot(ctx, to)
	must(t, err)
	if _, err := s.Snapshot(ctx, to); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("into a folder that is there: %v", err)
	}
	must(t, s.Delete(ctx, testBucket, "a", object.Condition{}))
	must(t, s.Purge(ctx))
	c := open(t, to, Options{NoSync: true})
	if got := read(t, c, "a"); got != "alpha" {
		t.Errorf("the snapshot has %q", got)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	put(t, s, "b", "beta")
	if _, err := s.Snapshot(gone, to+"2"); !lethe.Is(err, lethe.Canceled) {
		t.Errorf("after its context: %v", err)
	}
	must(t, s.Delete(ctx, testBucket, "b", object.Condition{}))
	check(t, s)
}
