package erasure_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"lethe"
	"lethe/erasure"
	"lethe/object"
	"lethe/object/disk"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// The kill test runs this test binary as a child that is killed at its nth call of
// the store or the index, before the call or after it, and then again, until the
// request is done.

const (
	eraseKillDir = "LETHE_ERASURE_KILL_DIR"
	eraseKillAt  = "LETHE_ERASURE_KILL_AT" // -n: before the nth call, n: after it
)

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

// TestEraseKillChild is TestEraseKill's child, and no test without it.
func TestEraseKillChild(t *testing.T) {
	dir := os.Getenv(eraseKillDir)
	if dir == "" {
		return
	}
	at, err := strconv.ParseInt(os.Getenv(eraseKillAt), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	k := &killer{at: at}
	l := openLake(t, dir, disk.Options{}, func(c *erasure.Config) {
		c.Store, c.Index, c.AtOnce = killedStore{c.Store, k}, killedIndex{c.Index, k}, 1
	})
	all, err := l.Requests(t.Context())
	l.must(err)
	id := all[0].ID
	if all[0].State != erasure.Done {
		// Somebody puts back what they read before, each time the program starts.
		l.write("reviews/back.json", append(l.lines("reviews/back.json"), hers, somebody)...)
		l.must(l.Resume(t.Context()))
		if r := l.untilAny(id, erasure.Reported, erasure.Erasing, erasure.Done); r.State == erasure.Reported {
			for _, who := range []string{"b", "c"} {
				err := l.Decide(as(who), id, erasure.Decision{Approve: true, Digest: r.Digest})
				if !lethe.Is(err, lethe.Conflict) { // who has decided before has
					l.must(err)
				}
			}
		}
		l.until(id, erasure.Done)
	}
	fmt.Printf("calls %d\n", k.calls.Load())
}

// untilAny waits until a request is in one of some states.
func (l *lake) untilAny(id string, states ...erasure.State) (r erasure.Request) {
	l.t.Helper()
	l.waitFor(id, func(now erasure.Request) bool {
		r = now
		return slices.Contains(states, now.State)
	})
	return r
}

// TestEraseKill: whenever the program dies while it erases, also twice, the request
// comes to its end when it runs again: nothing of the person's is left in any
// version or file, nothing of others' is lost, and the certificate holds.
func TestEraseKill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	prepared := t.TempDir()
	l := openLake(t, prepared, disk.Options{}, nil)
	l.types()
	l.table("reviews")
	l.must(l.PutMapping(t.Context(), people("reviews")))
	l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "lake", types.BucketVersioningStatusEnabled))
	l.write("reviews/a.json", hers, somebody)
	l.write("reviews/a.json", somebody, hers, somebody)
	l.write("reviews/all.json", hers, hers)
	l.write("reviews/none.json", somebody)
	l.write("reviews/back.json", hers, somebody)
	l.ask(ada...)
	l.until(l.only().ID, erasure.Reported)
	l.close()

	child := func(dir string, at int) (calls int, ended bool) {
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestEraseKillChild$", "-test.count=1")
		cmd.Env = append(os.Environ(), eraseKillDir+"="+dir, eraseKillAt+"="+strconv.Itoa(at))
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
			return 0, false
		}
		if err != nil {
			t.Fatalf("killed at %d, the child ends with %v: %s", at, err, out)
		}
		for line := range strings.Lines(string(out)) {
			fmt.Sscanf(line, "calls %d", &calls)
		}
		return calls, true
	}
	run := func(kills ...int) int {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(prepared)); err != nil {
			t.Fatal(err)
		}
		began := 0
		for _, at := range kills {
			began++
			if _, ended := child(dir, at); ended {
				break
			}
		}
		calls, ended := child(dir, 0)
		if !ended {
			t.Fatal("a child that nobody kills is killed")
		}
		checkErased(t, dir, began+1, kills)
		return calls
	}
	calls := run()
	if calls < 20 {
		t.Fatalf("%d calls: the test does not see what it should", calls)
	}
	var points []int
	for n := 1; n <= calls; n++ {
		points = append(points, n, -n)
	}
	rand.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	for i, at := range points[:min(killPoints, len(points))] {
		if i%3 == 0 {
			run(at, points[rand.IntN(len(points))])
		} else {
			run(at)
		}
	}
	t.Logf("%d calls", calls)
}

// only returns the only request.
func (l *lake) only() erasure.Request {
	l.t.Helper()
	all, err := l.Requests(l.t.Context())
	l.must(err)
	if len(all) != 1 {
		l.t.Fatalf("%d requests", len(all))
	}
	return all[0]
}

// checkErased checks what is left in a lake in which ada was erased by a program
// that began so often.
func checkErased(t *testing.T, dir string, starts int, kills []int) {
	t.Helper()
	l := openLake(t, dir, disk.Options{}, nil)
	defer l.close()
	r := l.only()
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("killed at %v: %s", kills, fmt.Sprintf(format, args...))
	}
	if r.State != erasure.Done || r.Exceptions != 0 {
		fail("the request is %+v", r)
	}
	signed, err := l.CertificateOf(t.Context(), r.ID)
	l.must(err)
	if check, err := l.VerifyCertificate(t.Context(), signed); err != nil || check.Found != 0 || check.Unread != 0 {
		fail("%+v %v", check, err)
	}
	for key, want := range map[string]int{"a.json": 2, "all.json": 0, "none.json": 1} {
		if got := l.lines("reviews/" + key); len(got) != want {
			fail("%s holds %q, want %d lines of others", key, got, want)
		}
	}
	if got := len(l.lines("reviews/back.json")); got < 2 || got > starts+1 {
		fail("back.json has %d lines, and others wrote %d at most", got, starts+1)
	}
	for v, err := range object.AllVersions(t.Context(), l.store, "lake", "reviews/") {
		l.must(err)
		if v.Marker {
			continue
		}
		o, _, err := l.store.OpenVersion(t.Context(), "lake", v.Key, v.Version, 0, -1)
		l.must(err)
		text, err := io.ReadAll(o)
		l.must(errors.Join(err, o.Close()))
		if strings.Contains(string(text), `"hers"`) {
			fail("version %s of %s holds her: %s", v.Version, v.Key, text)
		}
	}
	l.close() // so that no file comes or goes
	l.must(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, text := range []string{"ada@example.org", `"body":"hers"`} {
			if bytes.Contains(raw, []byte(text)) {
				fail("%s holds %q", path, text)
			}
		}
		return err
	}))
	raw, err := json.Marshal(r)
	l.must(err)
	if bytes.Contains(raw, []byte("ada@")) {
		fail("the request holds her: %s", raw)
	}
}
