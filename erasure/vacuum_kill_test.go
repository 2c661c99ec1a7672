package erasure_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"lethe/erasure"
	"lethe/object"
	"lethe/object/disk"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// lookedStore also counts the calls by which a vacuum looks at an object.
type lookedStore struct{ killedStore }

func (s lookedStore) Head(ctx context.Context, bucket, key string) (o object.Object, err error) {
	err = s.k.around(func() error { o, err = s.Store.Head(ctx, bucket, key); return err })
	return o, err
}

func (s lookedStore) Describe(ctx context.Context, bucket, key, version string) (d object.Details, err error) {
	err = s.k.around(func() error { d, err = s.Store.Describe(ctx, bucket, key, version); return err })
	return d, err
}

// TestVacuumKillChild is TestVacuumKill's child, and no test without it.
func TestVacuumKillChild(t *testing.T) {
	dir := os.Getenv(eraseKillDir)
	if dir == "" {
		return
	}
	at, err := strconv.ParseInt(os.Getenv(eraseKillAt), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	k := &killer{at: at}
	l := newVacuumLake(t, dir, disk.Options{}, func(c *erasure.Config) {
		c.Store, c.Index, c.AtOnce = lookedStore{killedStore{c.Store, k}}, killedIndex{c.Index, k}, 1
	})
	l.must(l.Resume(t.Context()))
	vs, err := l.Vacuums(t.Context())
	l.must(err)
	id := ""
	if len(vs) > 0 {
		id = vs[0].ID
	} else {
		v, err := l.StartVacuum(as("officer"), erasure.VacuumScope{})
		l.must(err)
		id = v.ID
	}
	if v := l.vacuumed(id); v.State != erasure.Vacuumed {
		t.Fatalf("%+v", v)
	}
	fmt.Printf("calls %d\n", k.calls.Load())
}

// TestVacuumKill: whenever the program dies while it vacuums, also twice, the vacuum
// comes to its end when it runs again: no blank record is left, all others are there in
// their order, each counted once, and the index has them by their new numbers.
func TestVacuumKill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	prepared := t.TempDir()
	l := newVacuumLake(t, prepared, disk.Options{}, nil)
	l.reviews("blank")
	l.jsonTable("reviews")
	l.must(l.store.CreateBucket(t.Context(), "versions"))
	l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "versions", types.BucketVersioningStatusEnabled))
	m := people("reviews")
	m.Name, m.Database, m.Table, m.Location, m.Format = "versions", "", "", "s3://versions/", "jsonl"
	m.Mode = "blank"
	l.must(l.PutMapping(t.Context(), m))
	l.write("reviews/a.json", hers, somebody, `{"user_id":"cy"}`, hers, somebody)
	l.write("reviews/all.json", hers, hers)
	text := strings.Join([]string{somebody, hers, somebody}, "\n") + "\n"
	_, err = l.store.Put(t.Context(), "versions", "v.json", strings.NewReader(text), object.Header{}, object.Condition{})
	l.must(err)
	l.build()
	for _, at := range []string{"lake/reviews/a.json", "lake/reviews/all.json", "versions/v.json"} {
		bucket, key, _ := strings.Cut(at, "/")
		_, err := l.Erase(t.Context(), ada, bucket, key)
		l.must(err)
	}
	l.close()

	child := func(dir string, at int) (calls int, ended bool) {
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestVacuumKillChild$", "-test.count=1")
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
		for _, at := range kills {
			if _, ended := child(dir, at); ended {
				break
			}
		}
		calls, ended := child(dir, 0)
		if !ended {
			t.Fatal("a child that nobody kills is killed")
		}
		checkVacuumed(t, dir, kills)
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
	seed := rand.Uint64()
	t.Logf("%d calls, seed %d", calls, seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	rng.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	for i, at := range points[:min(vacuumKillPoints, len(points))] {
		if i%3 == 0 {
			run(at, points[rng.IntN(len(points))])
		} else {
			run(at)
		}
	}
}

// checkVacuumed checks what is left in a lake that was vacuumed.
func checkVacuumed(t *testing.T, dir string, kills []int) {
	t.Helper()
	l := newVacuumLake(t, dir, disk.Options{}, nil)
	defer l.close()
	vs, err := l.Vacuums(t.Context())
	l.must(err)
	if len(vs) != 1 || vs[0].Records != 5 || vs[0].Changed != 3 || vs[0].Kept != 0 {
		t.Errorf("killed at %v: the vacuum is %+v", kills, vs)
	}
	if b, err := l.Blanked(t.Context()); err != nil || b.Objects != 0 {
		t.Errorf("killed at %v: %+v, %v", kills, b, err)
	}
	l.wantLines("reviews/a.json", somebody, `{"user_id":"cy"}`, somebody)
	if left := l.lines("reviews/all.json"); left != nil {
		t.Errorf("killed at %v: all.json holds %q", kills, left)
	}
	if got := string(l.text("s3://versions/v.json")); got != somebody+"\n"+somebody+"\n" {
		t.Errorf("killed at %v: v.json holds %q", kills, got)
	}
	got := l.at("user_id", "bob")
	want := []string{"reviews/a.json[0 2]", "v.json[0 1]", "v.json[0 2]"} // the last of an old version
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("killed at %v: the index has %q, want %q", kills, got, want)
	}
}
