package erasure_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lethe/erasure"
	"lethe/object"
)

// Kill tests run this test binary as a child that is killed at its nth call of what it
// works with, before the call or after it, and then again, until what it does is done.

const (
	killDir = "LETHE_ERASURE_KILL_DIR"
	killAt  = "LETHE_ERASURE_KILL_AT" // -n: before the nth call, n: after it; 0: never
)

// killing is a kill test.
type killing struct {
	child    string // the test that is the child, and no test without its parent
	prepared string // the folder that each run has a copy of
	least    int    // calls that it makes at least
	points   int    // at how many of them it is killed, of all there are
	// begin makes what does not die with a run's child, and returns what is to be in the
	// child's environment of it, and what checks the run in the end.
	begin func(t *testing.T) (env []string, check func(*testing.T, killedRun))
}

// only begins runs beside which nothing is, and that are checked alike.
func only(check func(*testing.T, killedRun)) func(*testing.T) ([]string, func(*testing.T, killedRun)) {
	return func(*testing.T) ([]string, func(*testing.T, killedRun)) { return nil, check }
}

// killedRun is a run in which the child is killed some times.
type killedRun struct {
	dir    string
	kills  []int
	starts int // of the child
}

// fail fails a run's test, and says where it was killed.
func (r killedRun) fail(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Errorf("killed at %v: %s", r.kills, fmt.Sprintf(format, args...))
}

// test runs the child without killing it, and then at points by chance, at a third of
// them twice in a row.
func (k killing) test(t *testing.T) {
	calls := k.run(t)
	if calls < k.least {
		t.Fatalf("%d calls: the test does not see what it should", calls)
	}
	seed := uint64(time.Now().UnixNano())
	if v := os.Getenv("LETHE_SEED"); v != "" {
		var err error
		if seed, err = strconv.ParseUint(v, 10, 64); err != nil {
			t.Fatalf("LETHE_SEED: %v", err)
		}
	}
	t.Logf("%d calls, LETHE_SEED=%d", calls, seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var points []int
	for n := 1; n <= calls; n++ {
		points = append(points, n, -n)
	}
	rng.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	for i, at := range points[:min(k.points, len(points))] {
		kills := []int{at}
		if i%3 == 0 {
			kills = append(kills, points[rng.IntN(len(points))])
		}
		// A test of its own, so that it leaves nothing open to those after it.
		if !t.Run(fmt.Sprint(kills), func(t *testing.T) { k.run(t, kills...) }) {
			return
		}
	}
}

// run runs the child until it has ended by itself, and returns its calls in the last run.
func (k killing) run(t *testing.T, kills ...int) (calls int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r, tmp := killedRun{dir: t.TempDir(), kills: kills}, t.TempDir()
	if err := os.CopyFS(r.dir, os.DirFS(k.prepared)); err != nil {
		t.Fatal(err)
	}
	env, check := k.begin(t)
	for _, at := range append(slices.Clone(kills), 0) {
		r.starts++
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+k.child+"$", "-test.count=1")
		// Who is killed leaves what they made for a while.
		cmd.Env = append(append(os.Environ(), "TMPDIR="+tmp, killDir+"="+r.dir, killAt+"="+strconv.Itoa(at)), env...)
		out, err := cmd.CombinedOutput()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && at != 0 && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
			continue
		}
		if err != nil {
			t.Fatalf("killed at %v, the child ends with %v: %s", kills, err, out)
		}
		for line := range strings.Lines(string(out)) {
			fmt.Sscanf(line, "calls %d", &calls)
		}
		break
	}
	check(t, r)
	return calls
}

// killed returns the folder of a child and what kills it; false in a process that is none.
func killed(t *testing.T) (dir string, k *killer, child bool) {
	t.Helper()
	dir = os.Getenv(killDir)
	if dir == "" {
		return "", nil, false
	}
	at, err := strconv.ParseInt(os.Getenv(killAt), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return dir, &killer{at: at}, true
}

// told tells the parent that the child has ended, and after how many calls.
func (k *killer) told() { fmt.Printf("calls %d\n", k.calls.Load()) }

// killer kills its process at a call.
type killer struct {
	at    int64
	calls atomic.Int64
}

// around calls do, which changes or reads what is kept.
func (k *killer) around(do func() error) error {
	last := k.call()
	err := do()
	if last {
		k.die()
	}
	return err
}

// call begins a call, unless the process dies before it, and says whether it dies
// after it.
func (k *killer) call() (last bool) {
	n := k.calls.Add(1)
	if k.at == -n {
		k.die()
	}
	return k.at == n
}

func (k *killer) die() {
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// killedStore has the calls that an erasure makes.
type killedStore struct {
	object.Store
	k *killer
}

func (s killedStore) ListVersions(ctx context.Context, bucket string, o object.VersionOptions) (l object.VersionListing, err error) {
	err = s.k.around(func() error { l, err = s.Store.ListVersions(ctx, bucket, o); return err })
	return l, err
}

func (s killedStore) OpenVersion(ctx context.Context, bucket, key, version string, off, n int64) (r io.ReadCloser, o object.Object, err error) {
	err = s.k.around(func() error { r, o, err = s.Store.OpenVersion(ctx, bucket, key, version, off, n); return err })
	return r, o, err
}

func (s killedStore) Put(ctx context.Context, bucket, key string, r io.Reader, h object.Header, c object.Condition) (o object.Object, err error) {
	err = s.k.around(func() error { o, err = s.Store.Put(ctx, bucket, key, r, h, c); return err })
	return o, err
}

func (s killedStore) Splice(ctx context.Context, bucket, key, etag string, edits []object.Edit) (o object.Object, err error) {
	err = s.k.around(func() error { o, err = s.Store.Splice(ctx, bucket, key, etag, edits); return err })
	return o, err
}

func (s killedStore) Delete(ctx context.Context, bucket, key string, c object.Condition) error {
	return s.k.around(func() error { return s.Store.Delete(ctx, bucket, key, c) })
}

func (s killedStore) DeleteVersion(ctx context.Context, bucket, key, version string) error {
	return s.k.around(func() error { return s.Store.DeleteVersion(ctx, bucket, key, version) })
}

type killedIndex struct {
	erasure.Index
	k *killer
}

func (x killedIndex) Put(ctx context.Context, objects iter.Seq2[*erasure.Indexed, error]) error {
	return x.k.around(func() error { return x.Index.Put(ctx, objects) })
}

func (x killedIndex) Forget(ctx context.Context, o erasure.ObjectVersion) error {
	return x.k.around(func() error { return x.Index.Forget(ctx, o) })
}

func (x killedIndex) Erase(ctx context.Context, hs []erasure.Hash) error {
	return x.k.around(func() error { return x.Index.Erase(ctx, hs) })
}
