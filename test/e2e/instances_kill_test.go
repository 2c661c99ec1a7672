package e2e_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"lethe/test/lake"
)

// settled waits until nothing is done to instances any more, and returns those of a region
// by name.
func settled(t *testing.T, c *rds.Client) map[string]types.DBInstance {
	t.Helper()
	all := map[string]types.DBInstance{}
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		out, err := c.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
		if err != nil {
			t.Fatal(err)
		}
		clear(all)
		still := true
		for _, d := range out.DBInstances {
			all[*d.DBInstanceIdentifier] = d
			still = still && slices.Contains([]string{"available", "stopped", "storage-full", "failed", "incompatible-parameters", "incompatible-restore"}, *d.DBInstanceStatus)
		}
		if still {
			return all
		}
	}
	t.Fatalf("there is always something done: %+v", all)
	return nil
}

// whole checks that each folder and each process of a server belongs to an instance, and
// that each instance that is available has both.
func whole(t *testing.T, data string, c *rds.Client) {
	t.Helper()
	var problems []string
	// A standby is made after its instance is available again, and one that is no more goes.
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		all, running := settled(t, c), processes(t, data)
		problems = nil
		known := map[string]bool{}
		for name, d := range all {
			first, second := *d.DbiResourceId, *d.DbiResourceId+"-b"
			known[first], known[second] = true, true
			up := len(running[first]) + len(running[second])
			if want := map[string]int{"available": 1 + map[bool]int{true: 1}[aws.ToBool(d.MultiAZ)]}[*d.DBInstanceStatus]; up != want {
				problems = append(problems, name+", "+*d.DBInstanceStatus+", has "+strconv.Itoa(up)+" servers")
			}
		}
		for id := range running {
			if !known[id] {
				problems = append(problems, "the server "+id+" belongs to nobody")
			}
		}
		folders, err := filepath.Glob(filepath.Join(data, "instances", "db-*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range folders {
			if !known[filepath.Base(f)] {
				problems = append(problems, "the folder "+f+" belongs to nobody")
			}
		}
		if problems == nil {
			return
		}
	}
	t.Errorf("%s", strings.Join(problems, "; "))
}

// processes are the servers that run in the folders of a lake's instances, by folder: those
// processes that work there and whose parents do not.
func processes(t *testing.T, data string) map[string][]int {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.EvalSymlinks(data)
	if err != nil {
		t.Fatal(err)
	}
	of, parents := map[string]string{}, map[string]string{}
	for _, dir := range dirs {
		cwd, err := os.Readlink(filepath.Join(dir, "cwd"))
		if err != nil {
			continue // it has ended, or is another user's
		}
		at, err := filepath.Rel(filepath.Join(root, "instances"), cwd)
		if err != nil || !strings.HasPrefix(at, "db-") {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue
		}
		// "pid (name) state parent ...", and a name may have anything (proc_pid_stat(5)).
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if fields[0] == "Z" {
			continue
		}
		id, _, _ := strings.Cut(at, string(filepath.Separator))
		of[filepath.Base(dir)], parents[filepath.Base(dir)] = id, fields[1]
	}
	servers := map[string][]int{}
	for pid, id := range of {
		if of[parents[pid]] != "" {
			continue
		}
		n, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		servers[id] = append(servers[id], n)
	}
	return servers
}

// nothingLeft checks that nothing is left of instances that were deleted with their
// backups.
func nothingLeft(t *testing.T, l *lake.Lake, data string) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(data, "instances", "db-*")); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	if left := processes(t, data); len(left) > 0 {
		t.Errorf("%v run", left)
	}
	out, err := l.S3(t).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("lethe-instances-000000000000-eu-central-1")})
	if missing := new(s3types.NoSuchBucket); err != nil && !errors.As(err, &missing) {
		t.Fatal(err)
	}
	if out != nil {
		for _, o := range out.Contents {
			t.Errorf("%s is left of the backups", *o.Key)
		}
	}
}
