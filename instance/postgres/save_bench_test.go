package postgres_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lethe/instance"
	"lethe/instance/instancetest"
	"lethe/instance/postgres"
)

var (
	size    = flag.Int("size", 64, "MiB of data that BenchmarkSave saves; 10240 for the figure in the documentation")
	seconds = flag.Int("seconds", 5, "how long pgbench runs each time in BenchmarkByHand")
)

// benched is a server of a benchmark that accepts connections.
func benched(b *testing.B) (e *postgres.Engine, dir string, s instance.Server, v instance.Version, m instance.Master) {
	b.Helper()
	dir, err := os.MkdirTemp("", "bench-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	e = postgres.New(postgres.Options{Dir: filepath.Join(dir, "shared")})
	all, err := e.Versions(b.Context())
	if err != nil {
		b.Skip(err)
	}
	v, m = all[0], instance.Master{User: "chief", Password: "long-enough", Database: "app"}
	s = instance.Server{ID: "db-A", Dir: filepath.Join(dir, "db-A"), Version: v.Number, Host: "127.0.0.1", Port: instancetest.Port(b), Settings: class(1 << 30)}
	ctx := context.Background()
	if err := errors.Join(e.Create(ctx, s, m), e.Start(ctx, s)); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := e.Stop(ctx, s); err != nil {
			b.Error(err)
		}
	})
	return e, dir, s, v, m
}

// BenchmarkSave measures a base backup into a file and its restore, beside cp of the same
// data with a sync.
func BenchmarkSave(b *testing.B) {
	e, dir, s, v, m := benched(b)
	pgbench(b, v, s, m, "-i", "-q", "-s", strconv.Itoa(max(1, *size/15)))
	ctx := context.Background()
	ok := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	var save, restore, plain time.Duration
	var bytes int64
	for i := range b.N {
		file := filepath.Join(dir, "saved")
		from := time.Now()
		f, err := os.Create(file)
		ok(err)
		saved, err := e.Backup(ctx, s, f)
		ok(errors.Join(err, f.Sync(), f.Close()))
		save += time.Since(from)
		bytes = saved.Bytes

		again := s
		again.ID = "db-R" + strconv.Itoa(i)
		again.Dir, again.Port = filepath.Join(dir, again.ID), instancetest.Port(b)
		from = time.Now()
		f, err = os.Open(file)
		ok(err)
		ok(errors.Join(e.Restore(ctx, again, f, instance.Recovery{Backup: saved}), f.Close()))
		restore += time.Since(from)
		// No more than two copies are there at a time.
		ok(errors.Join(os.RemoveAll(again.Dir), os.Remove(file)))

		from = time.Now()
		out, err := exec.Command("sh", "-c", `cp -a "$1" "$2" && sync -f "$2"`, "sh", filepath.Join(s.Dir, "data"), filepath.Join(dir, "copy")).CombinedOutput()
		if err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		plain += time.Since(from)
		ok(os.RemoveAll(filepath.Join(dir, "copy")))
	}
	n := float64(b.N)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(bytes>>20), "MiB")
	b.ReportMetric(save.Seconds()/n, "s/save")
	b.ReportMetric(restore.Seconds()/n, "s/restore")
	b.ReportMetric(plain.Seconds()/n, "s/cp")
}

// BenchmarkByHand compares the server with one of the same settings that is started by
// hand: they take turns.
func BenchmarkByHand(b *testing.B) {
	_, dir, s, v, m := benched(b)
	hand := s
	hand.Port = instancetest.Port(b)
	data := filepath.Join(dir, "hand")
	major, _, _ := strings.Cut(v.Number, ".")
	run := func(name string, args ...string) {
		b.Helper()
		args = append([]string{filepath.Join("/usr/lib/postgresql", major, "bin", name)}, args...)
		if os.Geteuid() == 0 {
			args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
		}
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = "/"
		if err := cmd.Run(); err != nil {
			b.Fatalf("%s: %v", name, err)
		}
	}
	if err := os.Mkdir(data, 0o777); err != nil {
		b.Fatal(err)
	}
	if err := os.Chmod(data, 0o777); err != nil { // for the user of the packages
		b.Fatal(err)
	}
	data = filepath.Join(data, "data")
	run("initdb", "-D", data, "-A", "trust", "-U", m.User, "--no-instructions")
	settings := fmt.Sprintf("-p %d -c listen_addresses=%s -c unix_socket_directories=", hand.Port, hand.Host)
	for name, value := range s.Settings {
		settings += " -c " + name + "=" + value
	}
	run("pg_ctl", "-D", data, "-w", "-l", data+".log", "-o", settings, "start")
	b.Cleanup(func() { run("pg_ctl", "-D", data, "-m", "fast", "stop") })
	handMaster := m
	handMaster.Database = "postgres"
	pgbench(b, v, s, m, "-i", "-q", "-s", "10")
	pgbench(b, v, hand, handMaster, "-i", "-q", "-s", "10")
	var ours, theirs float64
	for range b.N {
		for range 3 {
			ours += pgbench(b, v, s, m, "-c", "4", "-T", strconv.Itoa(*seconds))
			theirs += pgbench(b, v, hand, handMaster, "-c", "4", "-T", strconv.Itoa(*seconds))
		}
	}
	n := float64(3 * b.N)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ours/n, "tps")
	b.ReportMetric(theirs/n, "tps-by-hand")
	b.ReportMetric(ours/theirs, "ratio")
}
