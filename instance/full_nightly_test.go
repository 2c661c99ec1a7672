//go:build nightly

package instance_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	"golang.org/x/sys/unix"
)

// TestDiskFull fills the disk of one of two instances, which has one of its own.
func TestDiskFull(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a small disk")
	}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) { diskFull(t, k) })
	}
}

func diskFull(t *testing.T, k kind) {
	l := newLake(t, k.engine)
	const password = "one-long-password"
	for _, name := range []string{"small", "other"} {
		_, err := l.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{DBInstanceIdentifier: &name, DBInstanceClass: p("db.t3.medium"), Engine: &k.name,
			AllocatedStorage: p(int32(20)), MasterUsername: p("editor"), MasterUserPassword: p(password), DBName: &k.database, BackupRetentionPeriod: p(int32(0))})
		must(t, err)
	}
	d, o := l.is("small", true), l.is("other", true)
	status := func(name, want string) {
		t.Helper()
		last := ""
		for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			_ = l.Tend(t.Context()) // a full disk may be an error to it
			out, err := l.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name})
			must(t, err)
			if last = *out.DBInstances[0].DBInstanceStatus; last == want {
				return
			}
		}
		t.Fatalf("%s is %s, want %s", name, last, want)
	}

	// Its folder gets a disk of its own, while it is stopped.
	_, err := l.StopDBInstance(t.Context(), &rds.StopDBInstanceInput{DBInstanceIdentifier: p("small")})
	must(t, err)
	status("small", "stopped")
	dir := filepath.Join(l.dir, "servers", *d.DbiResourceId)
	info, err := os.Stat(dir)
	must(t, err)
	must(t, os.Rename(dir, dir+".before"))
	must(t, os.Mkdir(dir, info.Mode()))
	must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=400m"))
	t.Cleanup(func() {
		l.end(true)
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if out, err := exec.Command("cp", "-a", dir+".before/.", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, err = l.StartDBInstance(t.Context(), &rds.StartDBInstanceInput{DBInstanceIdentifier: p("small")})
	must(t, err)
	d = l.is("small", true)

	db, other := l.client(k, d, password), l.client(k, o, password)
	for _, c := range []string{"CREATE TABLE notes (n int PRIMARY KEY)", "CREATE TABLE filler (x text)", "INSERT INTO notes VALUES (1)"} {
		_, err := db.Exec(c)
		must(t, err)
	}
	_, err = other.Exec("CREATE TABLE notes (n int PRIMARY KEY)")
	must(t, err)
	w := write(other)
	column := map[string]string{"postgres": "text", "mariadb": "longtext"}[k.name]
	_, err = db.Exec("ALTER TABLE filler " + map[string]string{"postgres": "ALTER x SET STORAGE EXTERNAL", "mariadb": "MODIFY x " + column}[k.name])
	must(t, err)
	go func() {
		for range 2000 {
			if _, err := db.ExecContext(t.Context(), "INSERT INTO filler VALUES (repeat('x', 1000000))"); err != nil {
				return
			}
		}
	}()
	status("small", "storage-full")
	w.more(t)
	if d := l.is("other", true); *d.DBInstanceStatus != "available" {
		t.Errorf("the other is %s", *d.DBInstanceStatus)
	}

	// There is room again.
	must(t, unix.Mount("", dir, "", unix.MS_REMOUNT, "size=1g"))
	status("small", "available")
	w.more(t)
	w.end(t)
	got, err := values(db)
	if err != nil || !got[1] {
		t.Errorf("it has %v, %v", got, err)
	}
	_, err = db.Exec("INSERT INTO notes VALUES (2)")
	must(t, err)
}
