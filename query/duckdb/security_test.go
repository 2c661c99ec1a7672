package duckdb

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"lethe"
	"lethe/catalog"
)

// Statements go straight to a worker, as if parser and dialect had let them pass.
func TestWorkerRefuses(t *testing.T) {
	l := newLake(t)
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("a,b\n1,2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	object := l.store.put(t, "t/1.csv", []byte("1,2\n"))
	scan := scanOf(table(catalog.OpenCSV, "a string", "b string"), object)
	const file = "in/t0/0.csv"
	if _, rows, err := l.raw(nil, "SELECT content FROM read_text('"+file+"')", scan); err != nil || text(rows) != "1,2\n\n" {
		t.Fatalf("the query's own file must be there, for what follows to mean something: %q %v", text(rows), err)
	}

	var dialed atomic.Int32
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			dialed.Add(1)
			c.Close()
		}
	}()
	url := "http://" + listener.Addr().String()

	for _, sql := range []string{
		"SELECT * FROM '/etc/passwd'",
		"SELECT * FROM read_text('/etc/passwd')",
		"SELECT * FROM read_blob('/proc/self/environ')",
		"SELECT * FROM read_csv('/etc/passwd')",
		"SELECT * FROM read_csv('" + outside + "')",
		"SELECT * FROM read_text('file://" + outside + "')",
		"SELECT * FROM read_json('/etc/hostname')",
		"SELECT * FROM read_ndjson_objects('/etc/hostname')",
		"SELECT * FROM read_parquet('/etc/passwd')",
		"SELECT * FROM sniff_csv('/etc/passwd')",
		"SELECT * FROM parquet_metadata('/etc/passwd')",
		"SELECT * FROM parquet_schema('/etc/passwd')",
		"SELECT * FROM glob('/*')",
		"SELECT * FROM glob('/etc/*')",
		"SELECT * FROM glob('../*')",
		"SELECT * FROM read_text('in/../../../etc/passwd')",
		"SELECT * FROM read_text('../../blobs/*')",
		"SELECT * FROM read_text('in/t0/../../../../outside')",
		"SELECT * FROM read_text('" + url + "/x')",
		"SELECT * FROM read_csv('s3://lake/t/1.csv')",
		"SELECT * FROM read_parquet('hf://datasets/x/y.parquet')",
		"COPY (SELECT 1) TO '" + elsewhere + "/x'",
		"COPY (SELECT 1) TO '" + outside + "'",
		"COPY (SELECT 1) TO '" + file + "'",
		"COPY (SELECT 1) TO 'in/new.csv'",
		"COPY (SELECT 1 a) TO 'in/new' (FORMAT parquet, PARTITION_BY (a))",
		"COPY (SELECT 1) TO 'work/../in/new.csv'",
		"COPY (SELECT 1) TO 'work/../../x'",
		"ATTACH '" + outside + "'",
		"ATTACH 'in/x.db'",
		"ATTACH '" + url + "/x.db'",
		"EXPORT DATABASE '" + elsewhere + "/x'",
		"EXPORT DATABASE 'in/x'",
		"IMPORT DATABASE '" + elsewhere + "'",
		"INSTALL httpfs",
		"INSTALL x FROM '" + url + "'",
		"FORCE INSTALL x FROM '" + url + "'",
		"INSTALL '" + outside + "'",
		"LOAD httpfs",
		"LOAD '" + outside + "'",
		"SET lock_configuration=false",
		"SET enable_external_access=true",
		"RESET enable_external_access",
		"SET allowed_directories=['/']",
		"SET memory_limit='100GB'",
		"SET threads=64",
		"SET temp_directory='" + elsewhere + "'",
		"SET extension_directory='" + elsewhere + "'",
		"SET home_directory='/'",
		"SET custom_extension_repository='" + url + "'",
		"SET TimeZone='Europe/Berlin'",
		"PRAGMA memory_limit='10GB'",
		"PRAGMA enable_profiling='json'",
		"PRAGMA profile_output='in/p.json'",
		"SET GLOBAL log_query_path='in/log'",
		"CALL enable_logging(storage='file', storage_config={'path': 'in'})",
		"CREATE PERSISTENT SECRET s (TYPE http)",
	} {
		if _, _, err := l.raw([]string{sql}, "SELECT 1", scan); err == nil {
			t.Errorf("a worker did: %s", sql)
		} else if lethe.Is(err, lethe.Exhausted) {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if n := dialed.Load(); n > 0 {
		t.Errorf("%d connections left a worker", n)
	}
	if b, err := os.ReadFile(l.store.blob(object)); err != nil || string(b) != "1,2\n" {
		t.Errorf("the object is now %q, %v", b, err)
	}
	if left, err := os.ReadDir(elsewhere); err != nil || len(left) > 0 {
		t.Errorf("files outside: %v %v", left, err)
	}
}

// What native code in a worker could do, should DuckDB be taken over, is tried
// by a process that confined itself the same way.
func TestConfinement(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"d/in", "d/work"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	blob := filepath.Join(dir, "blob")
	if err := os.WriteFile(blob, []byte("whole"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(blob, filepath.Join(dir, "d/in/link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "d/in/symlink")); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	out := runSelf(t, filepath.Join(dir, "d"), "escape", listener.Addr().String(), fmt.Sprint(os.Getpid()))
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "done: ") {
			t.Errorf("a confined process could %s", strings.TrimPrefix(line, "done: "))
		}
	}
	if !strings.HasSuffix(out, "end\n") || strings.Count(out, "refused: ") < 20 {
		t.Errorf("the attempts did not run:\n%s", out)
	}
	if b, err := os.ReadFile(blob); err != nil || string(b) != "whole" {
		t.Errorf("the object is now %q, %v", b, err)
	}
	if i, err := os.Stat(blob); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("the object's mode is now %v, %v", i.Mode(), err)
	}
}

// A worker has nothing of its parent's environment to take credentials from.
func TestEnvironment(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	l := newLake(t)
	p, err := l.start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.release() }()
	if err := p.await(l.ctx); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.cmd.Process.Pid))
	if err != nil || string(b) != "GOGC=off\x00" {
		t.Errorf("environment %q, %v", b, err)
	}
}

// Without Landlock a worker refuses, and says what to do.
func TestRefusesUnconfined(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, allow := range []bool{false, true} {
		l := newLake(t, func(c *Config) {
			c.Command = []string{exe, "worker-without-landlock"}
			c.AllowNoLandlock = allow
		})
		_, _, err := l.raw(nil, "SELECT 1")
		if allow && err != nil {
			t.Errorf("where it is allowed: %v", err)
		}
		if !allow && (err == nil || !strings.Contains(err.Error(), "Landlock")) {
			t.Errorf("error %v", err)
		}
	}
}
