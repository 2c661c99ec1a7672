package duckdb

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
)

// endless is a SELECT that does not end by itself.
const endless = "SELECT count(*) FROM range(100000000000) a, range(1000) b WHERE hash(a.range, b.range) = 1"

func TestCancel(t *testing.T) {
	l := newLake(t)
	p, err := l.start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.release() }()
	if err := p.await(l.ctx); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(l.ctx)
	reason := errors.New("stopped by a person")
	go func() {
		waitBusy(t, p.cmd.Process.Pid)
		cancel(reason)
	}()
	if _, err := p.run(ctx, task{SQL: endless, CSV: &csvOutput{}}, 1<<30, nil); !errors.Is(err, reason) {
		t.Errorf("error %v", err)
	}
	if err := syscall.Kill(p.cmd.Process.Pid, 0); err == nil {
		t.Error("the worker still runs")
	}
}

// A query that is canceled before it runs leaves nothing.
func TestCanceledBefore(t *testing.T) {
	l := newLake(t)
	ctx, cancel := context.WithCancel(l.ctx)
	cancel()
	l.ctx = ctx
	if _, _, err := l.raw(nil, "SELECT 1"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// Close does not wait for queries; they are told.
func TestCloseEndsQueries(t *testing.T) {
	l := newLake(t)
	ended := make(chan error)
	go func() {
		_, _, err := l.raw(nil, endless)
		ended <- err
	}()
	for deadline := time.Now().Add(30 * time.Second); len(l.slots) == 0 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !lethe.Is(err, lethe.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, _, err := l.raw(nil, "SELECT 1"); !lethe.Is(err, lethe.Canceled) {
		t.Errorf("afterwards: %v", err)
	}
}

// waitBusy waits until a process has used a part of a second of processor time,
// more than it takes to start.
func waitBusy(t testing.TB, pid int) {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			break
		}
		f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if user, err := strconv.Atoi(f[11]); err == nil && user > 50 { // hundredths of a second
			return
		}
	}
	t.Error("the query did not begin to work")
}

func TestTimeout(t *testing.T) {
	l := newLake(t, func(c *Config) { c.Timeout = 300 * time.Millisecond })
	_, _, err := l.raw(nil, endless)
	if !lethe.Is(err, lethe.Exhausted) || !strings.Contains(err.Error(), "longer than 300ms") {
		t.Errorf("error %v of kind %s", err, lethe.KindOf(err))
	}
}

func TestOutOfMemory(t *testing.T) {
	l := newLake(t, func(c *Config) { c.Memory = 64 << 20; c.Spill = 16 << 20 })
	for _, sql := range []string{
		"SELECT list(i) FROM range(50000000) r(i)",
		"SELECT * FROM (SELECT i, md5(i::VARCHAR) m FROM range(10000000) r(i)) ORDER BY m LIMIT 10 OFFSET 9000000",
		"SELECT repeat('x', 200000000) || i FROM range(3) r(i)",
	} {
		_, _, err := l.raw(nil, sql)
		if !lethe.Is(err, lethe.Exhausted) || !strings.Contains(err.Error(), "64 MB") {
			t.Errorf("%s: %v of kind %s", sql, err, lethe.KindOf(err))
		}
	}
	if _, rows, err := l.raw(nil, "SELECT 1"); err != nil || text(rows) != "1\n" {
		t.Errorf("afterwards: %s %v", text(rows), err)
	}
}

// A sort that does not fit in memory goes through temporary files.
func TestSpill(t *testing.T) {
	l := newLake(t, func(c *Config) { c.Memory = 80 << 20 })
	_, rows, err := l.raw([]string{"CREATE TEMP TABLE s AS SELECT i, md5(i::VARCHAR) m FROM range(2000000) r(i) ORDER BY m"}, "SELECT count(*), min(m) FROM s")
	if err != nil || !strings.HasPrefix(text(rows), "2000000|0000") {
		t.Errorf("%s %v", text(rows), err)
	}
}

// A worker that dies takes its query with it and nothing else.
func TestCrash(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"worker-crashes", "worker-panics", "worker-lies", "worker-floods"} {
		l := newLake(t, func(c *Config) { c.Command = []string{exe, how}; c.Pool = -1 })
		_, _, err := l.raw(nil, "SELECT 1")
		var w errWorker
		if !errors.As(err, &w) || !lethe.Is(err, lethe.Internal) {
			t.Errorf("%s: error %v", how, err)
		}
	}
}

// A warm worker that died while it waited is not given a query.
func TestWarmWorkerDied(t *testing.T) {
	l := newLake(t)
	p := <-l.warm
	if err := p.await(l.ctx); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(p.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_, _ = p.out.ReadByte()     // the end of its output
	for back := false; !back; { // in the place of the next one
		select {
		case l.warm <- p:
			back = true
		case other := <-l.warm:
			if err := other.release(); err != nil {
				t.Error(err)
			}
		}
	}
	if _, rows, err := l.raw(nil, "SELECT 1"); err != nil || text(rows) != "1\n" {
		t.Errorf("%s %v", text(rows), err)
	}
}

func TestConcurrentQueries(t *testing.T) {
	l := newLake(t, func(c *Config) { c.MaxConcurrent = 3 })
	o := l.parquet(t, "p", "SELECT i FROM range(100000) r(i)")
	scan := scanOf(table(catalog.Parquet, "i bigint"), o)
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			_, rows, err := l.raw(nil, fmt.Sprintf("SELECT sum(i) + %d FROM lake.t0", i), scan)
			if err != nil || text(rows) != fmt.Sprintf("%d\n", 4999950000+i) {
				t.Errorf("%s %v", text(rows), err)
			}
		})
	}
	wg.Wait()
}

// An object that was replaced or removed after it was listed is a conflict.
func TestObjectChanged(t *testing.T) {
	l := newLake(t)
	scan := scanOf(table(catalog.TextFile, "a string"), l.store.put(t, "f", []byte("old\n")))
	l.store.put(t, "f", []byte("new\n"))
	_, _, err := l.raw(nil, "SELECT * FROM lake.t0", scan)
	if !lethe.Is(err, lethe.Conflict) || !strings.Contains(err.Error(), "s3://lake/f changed") {
		t.Errorf("error %v of kind %s", err, lethe.KindOf(err))
	}
}

// What an earlier process left is gone after the start; other files stay.
func TestStartRemovesOldQueries(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, dirPrefix+"old", inDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "other"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := New(Config{Dir: dir, Pool: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "other" {
		t.Errorf("%v %v", left, err)
	}
}

// Workers exit when the server is killed, also in the middle of a query.
func TestWorkersDieWithTheServer(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "server", t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	line, err := bufio.NewReader(out).ReadString('\n')
	if _, serr := fmt.Sscan(line, &pid); err != nil || serr != nil {
		t.Fatalf("%q %v %v", line, err, serr)
	}
	waitBusy(t, pid)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for deadline := time.Now().Add(10 * time.Second); syscall.Kill(pid, 0) == nil && !zombie(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("the worker still runs")
		}
	}
}

func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || bytes.Contains(b, []byte(") Z "))
}

// server runs an endless query, and prints its worker's process id.
func server(dir string) int {
	e, err := New(Config{Dir: dir, Pool: -1, Threads: 1, Memory: 256 << 20})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	p, err := e.start()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	if err := p.await(context.Background()); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(p.cmd.Process.Pid)
	_, err = p.run(context.Background(), task{SQL: endless, CSV: &csvOutput{}}, 1<<30, nil)
	fmt.Println(err)
	return 1
}

// A line of 2 GB is an error within the query's memory, in every text format.
func TestHugeLine(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: writes sparse files of 2 GB")
	}
	l := newLake(t, func(c *Config) { c.Memory = 256 << 20 })
	for name, f := range map[string]struct{ before, after string }{
		"alone":      {"", ""},
		"at the end": {strings.Repeat("1,2\n", 1000), ""},
		"ended":      {strings.Repeat("1,2\n", 1000), "\n"},
		"in between": {strings.Repeat("1,2\n", 1000), "\n" + strings.Repeat("3,4\n", 1000)},
	} {
		o := l.store.put(t, "f/huge", []byte(f.before))
		w, err := os.OpenFile(l.store.blob(o), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.WriteAt([]byte(f.after), int64(len(f.before))+2<<30); err != nil {
			t.Fatal(err)
		}
		o.Size = int64(len(f.before)) + 2<<30 + int64(len(f.after)) // the hole is a line of NULs
		if err := errors.Join(w.Truncate(o.Size), w.Close()); err != nil {
			t.Fatal(err)
		}
		for _, format := range []catalog.Format{catalog.TextFile, catalog.OpenCSV, catalog.JSON} {
			_, _, err := l.raw(nil, "SELECT count(a) FROM lake.t0", scanOf(table(format, "a string"), o))
			if !lethe.Is(err, lethe.BadData) || !strings.Contains(err.Error(), "s3://lake/f/huge") {
				t.Errorf("%s, %s: %v of kind %s", name, format.SerDe, err, lethe.KindOf(err))
			}
		}
	}
}

// As long as DuckDB reads what it should, a compressed file is no different.
func TestLongLineCompressed(t *testing.T) {
	l := newLake(t)
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte("1,2\n"))
	for range 24 { // half as much again as is allowed
		_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
	}
	_ = w.Close()
	o := l.store.put(t, "f/long.csv.gz", b.Bytes())
	for _, format := range []catalog.Format{catalog.TextFile, catalog.OpenCSV} {
		_, _, err := l.raw(nil, "SELECT count(a) FROM lake.t0", scanOf(table(format, "a string"), o))
		if !lethe.Is(err, lethe.BadData) || !strings.Contains(err.Error(), "Line 2 of file s3://lake/f/long.csv.gz is longer than 16 MB") {
			t.Errorf("%s: %v of kind %s", format.SerDe, err, lethe.KindOf(err))
		}
	}
}
