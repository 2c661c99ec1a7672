package ingest_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"lethe"
	"lethe/catalog"
	"lethe/ingest"
	"lethe/object"
)

// steps counts what a run does to the store and the catalog, before and after
// each call, and kills the process at the chosen one, as kill -9 does.
type steps struct{ n, fatal int }

func (s *steps) step() {
	if s.n++; s.n == s.fatal {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // until the signal arrives
	}
}

type fragileStore struct {
	object.Store
	*steps
}

func (f fragileStore) Stage(ctx context.Context, bucket string, r io.Reader) (object.Staged, error) {
	f.step()
	defer f.step()
	return f.Store.Stage(ctx, bucket, r)
}

func (f fragileStore) Commit(ctx context.Context, bucket string, puts []object.Named, deletes []string) error {
	f.step()
	defer f.step()
	return f.Store.Commit(ctx, bucket, puts, deletes)
}

type fragileCatalog struct {
	catalog.Catalog
	*steps
}

func (f fragileCatalog) CreateTable(ctx context.Context, t catalog.Table) error {
	f.step()
	defer f.step()
	return f.Catalog.CreateTable(ctx, t)
}

func (f fragileCatalog) AlterTable(ctx context.Context, database, name string, t catalog.Table) error {
	f.step()
	defer f.step()
	return f.Catalog.AlterTable(ctx, database, name, t)
}

func (f fragileCatalog) DropTable(ctx context.Context, database, name string) error {
	f.step()
	defer f.step()
	return f.Catalog.DropTable(ctx, database, name)
}

func (f fragileCatalog) AddPartitions(ctx context.Context, database, table string, ps []catalog.Partition, ok bool) error {
	f.step()
	defer f.step()
	return f.Catalog.AddPartitions(ctx, database, table, ps, ok)
}

func (f fragileCatalog) DropPartitions(ctx context.Context, database, table string, values [][]string, ok bool) error {
	f.step()
	defer f.step()
	return f.Catalog.DropPartitions(ctx, database, table, values, ok)
}

// killJobs are run one after another; the last one is killed.
var killJobs = map[string][]ingest.Job{
	"new table": {people()},
	"again":     {people(), people(func(j *ingest.Job) { j.Sources = []string{"s3://lake/next/"} })},
	"partitions, bad rows elsewhere": {
		people(func(j *ingest.Job) { j.PartitionBy, j.BadRows = []string{"c"}, "quarantine:s3://aside/bad" }),
		people(func(j *ingest.Job) {
			j.PartitionBy, j.BadRows, j.Sources = []string{"c"}, "quarantine:s3://aside/bad", []string{"s3://lake/next/"}
		}),
	},
	"other partition keys": {
		people(func(j *ingest.Job) { j.PartitionBy, j.BadRows = []string{"c"}, "skip:9" }),
		people(func(j *ingest.Job) { j.BadRows = "skip:9" }),
	},
	"no rows are left": {
		people(func(j *ingest.Job) { j.PartitionBy, j.BadRows = []string{"c"}, "skip:9" }),
		people(func(j *ingest.Job) {
			j.PartitionBy, j.BadRows, j.Sources = []string{"c"}, "skip:9", []string{"s3://lake/none/"}
		}),
	},
}

func fillKillLake(l *lake) {
	l.t.Helper()
	bad := "only one field\n"
	if strings.HasPrefix(filepath.Base(l.dir), "strict") {
		bad = ""
	}
	l.put("in/a.csv", "id,c\n1,x\n2,y\n"+bad)
	l.put("next/a.csv", "id,c\n3,y\n"+bad+"4,z\n")
	l.put("none/a.csv", "id,c\n")
	if err := l.objects.CreateBucket(context.Background(), "aside"); err != nil && !lethe.Is(err, lethe.Exists) {
		l.must(err)
	}
}

// image is all that a client can see of a table and its places; names that
// differ from run to run are left out.
func (l *lake) image() string {
	l.t.Helper()
	ctx := context.Background()
	var b strings.Builder
	def, err := l.catalog.Table(ctx, "default", "people")
	if lethe.Is(err, lethe.NotFound) {
		b.WriteString("no table\n")
	} else {
		l.must(err)
		fmt.Fprintln(&b, def.Storage.Columns, def.Partitions, def.Storage.Location)
		names, err := l.catalog.PartitionNames(ctx, "default", "people", catalog.PartitionPage{})
		l.must(err)
		fmt.Fprintln(&b, names)
		fmt.Fprintln(&b, strings.Join(l.rows("people"), "\n"))
	}
	fmt.Fprintln(&b, len(l.keys("out/")), "objects")
	for o, err := range object.All(ctx, l.objects, "aside", "") {
		l.must(err)
		fmt.Fprintln(&b, "aside", o.Size)
	}
	return b.String()
}

// TestKilled kills a process at every step of a run, and opens its lake again:
// the run has happened whole or not at all, nothing is left of it otherwise,
// and it can be run again.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("INGEST_TEST_DIR"); dir != "" {
		killed(t, dir)
		return
	}
	if testing.Short() {
		t.Skip("short")
	}
	for name, jobs := range killJobs {
		t.Run(name, func(t *testing.T) {
			kind := "strict"
			if jobs[0].BadRows != "" {
				kind = "lenient"
			}
			lakeAfter := func(n int) (dir, image string) {
				dir = filepath.Join(t.TempDir(), kind)
				l := openLake(t, dir)
				defer l.close()
				fillKillLake(l)
				for _, j := range jobs[:n] {
					_, err := l.do(j)
					l.must(err)
				}
				return dir, l.image()
			}
			master, before := lakeAfter(len(jobs) - 1)
			_, after := lakeAfter(len(jobs))
			seen := map[string]int{}
			for fatal := 1; ; fatal++ {
				if fatal > 200 {
					t.Fatal("the run does not end")
				}
				dir := filepath.Join(t.TempDir(), kind)
				if err := os.CopyFS(dir, os.DirFS(master)); err != nil {
					t.Fatal(err)
				}
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
				cmd.Env = append(os.Environ(), "INGEST_TEST_DIR="+dir, "INGEST_TEST_JOB="+name, "INGEST_TEST_STEP="+strconv.Itoa(fatal))
				out, err := cmd.CombinedOutput()
				survived := err == nil
				if err != nil && cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
					t.Fatalf("step %d: %v\n%s", fatal, err, out)
				}

				l := openLake(t, dir)
				image := l.image()
				switch image {
				case before:
					seen["before"]++
				case after:
					seen["after"]++
				default:
					t.Fatalf("killed at step %d, the lake is\n%s\nbefore the run it was\n%s\nafter\n%s", fatal, image, before, after)
				}
				runs, err := l.Runs(t.Context(), 1)
				l.must(err)
				if (runs[0].Phase == ingest.Done) != (image == after) || !runs[0].Phase.Final() || runs[0].Ended.IsZero() {
					t.Errorf("killed at step %d, the run is %+v", fatal, runs[0])
				}
				if survived && image != after {
					t.Error("a run that ended did not happen")
				}
				if left, _ := os.ReadDir(filepath.Join(dir, "ingest")); len(left) > 0 {
					t.Errorf("killed at step %d: temporary files are left: %v", fatal, left)
				}
				_, err = l.do(jobs[len(jobs)-1])
				l.must(err)
				if again := l.image(); again != after {
					t.Errorf("killed at step %d and run again, the lake is\n%s\nwant\n%s", fatal, again, after)
				}
				l.close()
				if survived {
					break
				}
			}
			// A run without rows has nothing to store before it happens.
			if seen["before"] == 0 && name != "no rows are left" || seen["after"] < 2 {
				t.Errorf("steps were %v: the test missed one side", seen)
			}
		})
	}
}

// killed is the process that runs a job and is killed.
func killed(t *testing.T, dir string) {
	fatal, err := strconv.Atoi(os.Getenv("INGEST_TEST_STEP"))
	if err != nil {
		t.Fatal(err)
	}
	s := &steps{fatal: fatal}
	l := openLake(t, dir, func(c *ingest.Config) {
		c.Store, c.Catalog = fragileStore{c.Store, s}, fragileCatalog{c.Catalog, s}
	})
	jobs := killJobs[os.Getenv("INGEST_TEST_JOB")]
	if _, err := l.do(jobs[len(jobs)-1]); err != nil {
		t.Fatal(err)
	}
}

// failing fails, instead of killing, at one step.
type failing struct {
	catalog.Catalog
	object.Store
	left *int
	err  error
}

func (f failing) fail() error {
	if *f.left--; *f.left == 0 {
		return f.err
	}
	return nil
}

func (f failing) CreateTable(ctx context.Context, t catalog.Table) error {
	if err := f.fail(); err != nil {
		return err
	}
	return f.Catalog.CreateTable(ctx, t)
}

func (f failing) Commit(ctx context.Context, bucket string, puts []object.Named, deletes []string) error {
	if err := f.fail(); err != nil {
		return err
	}
	return f.Store.Commit(ctx, bucket, puts, deletes)
}

// TestFailures: where the store or the catalog refuses, the run is undone, or
// finished by the next one.
func TestFailures(t *testing.T) {
	for _, c := range []struct {
		name string
		left int // calls of Commit and CreateTable up to the failing one
		err  error
		then ingest.Phase // of the failed run, after a start
	}{
		{"store", 1, lethe.Errorf(lethe.Exhausted, "the disk is full"), ingest.Failed},
		{"catalog is broken", 2, lethe.Errorf(lethe.Internal, "disk I/O error"), ingest.Done},
		{"catalog refuses", 2, lethe.Errorf(lethe.Invalid, "no such table for me"), ingest.Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			left := c.left
			l := openLake(t, dir, func(cfg *ingest.Config) {
				f := failing{Catalog: cfg.Catalog, Store: cfg.Store, left: &left, err: c.err}
				cfg.Catalog, cfg.Store = f, f
			})
			l.put("in/p.csv", "id\n1\n")
			_, err := l.do(people())
			if lethe.KindOf(err) != lethe.KindOf(c.err) {
				t.Fatalf("error is %v", err)
			}
			if c.name == "store" {
				if _, err := l.do(people()); !lethe.Is(err, lethe.Conflict) {
					t.Errorf("an ingest after one in doubt: %v", err)
				}
			}
			l.close()
			l = openLake(t, dir)
			runs, err := l.Runs(t.Context(), 0)
			l.must(err)
			if len(runs) != 1 || runs[0].Phase != c.then {
				t.Fatalf("runs are %+v", runs)
			}
			_, err = l.catalog.Table(t.Context(), "default", "people")
			if there := err == nil; there != (c.then == ingest.Done) || len(l.keys("out/")) > 0 != there {
				t.Errorf("table: %v, objects: %q", err, l.keys("out/"))
			}
		})
	}
}

// TestOneAtATime: two runs of one table, or of overlapping locations, are
// refused while one works.
func TestOneAtATime(t *testing.T) {
	l := openLake(t, t.TempDir())
	l.put("in/p.csv", "id\n"+strings.Repeat("1\n", 1<<20))
	run, err := l.Start(t.Context(), people())
	l.must(err)
	for name, j := range map[string]ingest.Job{
		"same table":     people(func(j *ingest.Job) { j.Location = "s3://lake/elsewhere" }),
		"same location":  people(func(j *ingest.Job) { j.Table = "other" }),
		"location below": people(func(j *ingest.Job) { j.Table, j.Location = "other", "s3://lake/out/people/x" }),
		"location above": people(func(j *ingest.Job) { j.Table, j.Location = "other", "s3://lake/out" }),
	} {
		if _, err := l.do(j); !lethe.Is(err, lethe.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l.must(l.Cancel(t.Context(), run.ID))
	run, err = l.Wait(t.Context(), run.ID)
	l.must(err)
	if run.Phase != ingest.Failed || !slices.Contains([]string{string(lethe.Canceled)}, run.Kind) {
		t.Errorf("run is %+v", run)
	}
	l.put("in/p.csv", "id\n1\n")
	_, err = l.do(people())
	l.must(err)
}
