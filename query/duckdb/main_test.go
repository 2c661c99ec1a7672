package duckdb

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/lib/trinosql"
	"lethe/object"
	"lethe/query"
)

// The test binary is its own worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "worker":
			os.Exit(Worker())
		case "worker-without-landlock":
			confine = func(string, string, int64) (int, error) { return 0, errors.New("the kernel has no Landlock") }
			os.Exit(Worker())
		case "server":
			os.Exit(server(os.Args[2]))
		case "worker-crashes":
			os.Exit(misbehave(func(io.Writer) { _ = syscall.Kill(os.Getpid(), syscall.SIGSEGV); time.Sleep(time.Minute) }))
		case "worker-panics":
			os.Exit(misbehave(func(io.Writer) { panic("a fault") }))
		case "worker-lies":
			os.Exit(misbehave(func(w io.Writer) { _, _ = w.Write([]byte("\x00\x00\x00\x04nope")) }))
		case "worker-floods":
			os.Exit(misbehave(func(w io.Writer) { _, _ = w.Write([]byte("\xff\xff\xff\xff")); _, _ = io.Copy(w, endlessZeros{}) }))
		case "escape":
			os.Exit(escape(os.Args[2], os.Args[3]))
		}
	}
	os.Exit(m.Run())
}

// misbehave is a worker that starts well.
func misbehave(f func(out io.Writer)) int {
	var s settings
	var t task
	if readFrame(os.Stdin, maxTask, &s) != nil || writeFrame(os.Stdout, reply{Ready: &ready{}}) != nil || readFrame(os.Stdin, maxTask, &t) != nil {
		return 9
	}
	f(os.Stdout)
	return 0
}

type endlessZeros struct{}

func (endlessZeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// testStore keeps objects as files and links them.
type testStore struct {
	object.Store // the rest is not used
	dir          string

	mu      sync.Mutex
	objects map[string]object.Object // by bucket/key
}

func (s *testStore) Link(_ context.Context, bucket, key, etag, path string) error {
	s.mu.Lock()
	o, ok := s.objects[bucket+"/"+key]
	s.mu.Unlock()
	if !ok {
		return lethe.Errorf(lethe.NotFound, "no object %s/%s", bucket, key)
	}
	if o.ETag != etag {
		return lethe.Errorf(lethe.Conflict, "object %s/%s was replaced", bucket, key)
	}
	return os.Link(s.blob(o), path)
}

func (s *testStore) blob(o object.Object) string {
	return filepath.Join(s.dir, hex.EncodeToString([]byte(o.ETag)))
}

// put stores an object in the bucket lake.
func (s *testStore) put(t testing.TB, key string, content []byte) object.Object {
	t.Helper()
	sum := md5.Sum(append([]byte(key+"\x00"), content...))
	o := object.Object{Bucket: "lake", Key: key, Size: int64(len(content)), ETag: `"` + hex.EncodeToString(sum[:]) + `"`}
	if err := os.WriteFile(s.blob(o), content, 0o600); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.objects[o.Bucket+"/"+o.Key] = o
	s.mu.Unlock()
	return o
}

// lake is an engine over a store, with a bound on time.
type lake struct {
	*Engine
	store *testStore
	ctx   context.Context
}

func newLake(t testing.TB, configure ...func(*Config)) *lake {
	t.Helper()
	dir := t.TempDir()
	s := &testStore{dir: filepath.Join(dir, "blobs"), objects: map[string]object.Object{}}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c := Config{Dir: filepath.Join(dir, "queries"), Store: s, Threads: 2, Memory: 512 << 20, Spill: 4 << 30}
	for _, f := range configure {
		f(&c)
	}
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(func() {
		cancel()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		left, err := os.ReadDir(c.Dir)
		if err != nil || len(left) > 0 {
			t.Errorf("left in the engine's directory: %v %v", left, err)
		}
	})
	return &lake{e, s, ctx}
}

// raw runs statements in a worker, past parser and dialect, over tables lake.t0,
// lake.t1, ... and returns the rows of the SELECT, if there is one.
func (l *lake) raw(setup []string, sql string, scans ...query.Scan) (header []string, rows [][]string, err error) {
	s := &stage{store: l.store}
	k := task{Setup: setup, SQL: sql}
	if sql != "" {
		k.CSV = &csvOutput{}
	}
	for i, scan := range scans {
		var used []column
		for _, c := range scan.Table.Columns() {
			typ, err := trinosql.ParseHiveType(c.Type)
			if err != nil {
				return nil, nil, err
			}
			used = append(used, column{name: c.Name, typ: typ})
		}
		r, err := s.relation(fmt.Sprintf("t%d", i), scan, used)
		if err != nil {
			return nil, nil, err
		}
		k.Relations = append(k.Relations, r)
	}
	o, err := l.run(l.ctx, work{k, s, nil})
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if rerr := o.release(); rerr != nil && err == nil {
			err = rerr
		}
	}()
	if sql == "" {
		return nil, nil, nil
	}
	f, err := os.Open(filepath.Join(o.dir, csvFile))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	rows, err = readResult(f)
	if err != nil || len(rows) == 0 {
		return nil, nil, err
	}
	if int64(len(rows)-1) != o.Rows {
		return nil, nil, fmt.Errorf("%d rows in the file, %d said", len(rows)-1, o.Rows)
	}
	return rows[0], rows[1:], nil
}

// readResult reads Athena's CSV, with null as ∅.
func readResult(r io.Reader) ([][]string, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var out [][]string
	var row []string
	for s := string(b); s != ""; {
		v := "∅"
		if s[0] == '"' {
			end := 1
			for {
				i := strings.IndexByte(s[end:], '"')
				if i < 0 {
					return nil, fmt.Errorf("a quote is not closed")
				}
				end += i + 1
				if end == len(s) || s[end] != '"' {
					break
				}
				end++
			}
			v = strings.ReplaceAll(s[1:end-1], `""`, `"`)
			s = s[end:]
		}
		row = append(row, v)
		if s == "" || s[0] == '\n' {
			out, row = append(out, row), nil
			s = strings.TrimPrefix(s, "\n")
		} else if s[0] == ',' {
			s = s[1:]
			if s == "" || s[0] == '\n' { // a null at the line's end
				out, row = append(out, append(row, "∅")), nil
				s = strings.TrimPrefix(s, "\n")
			}
		} else {
			return nil, fmt.Errorf("%q after a value", s[0])
		}
	}
	return out, nil
}

// table describes a table for tests: columns as "name type".
func table(format catalog.Format, columns ...string) catalog.Table {
	t := catalog.Table{Database: "default", Name: "t", Type: catalog.ExternalTable, Parameters: map[string]string{}}
	t.Storage = catalog.Storage{InputFormat: format.InputFormat, OutputFormat: format.OutputFormat,
		SerDe: catalog.SerDe{Library: format.SerDe, Parameters: map[string]string{}}}
	for _, c := range columns {
		name, typ, _ := strings.Cut(c, " ")
		t.Storage.Columns = append(t.Storage.Columns, catalog.Column{Name: name, Type: typ})
	}
	return t
}

// scanOf reads objects as a table without partitions.
func scanOf(t catalog.Table, objects ...object.Object) query.Scan {
	return query.Scan{Table: t, Parts: []query.Part{{Storage: t.Storage, Objects: objects}}}
}

// parquet makes a Parquet object from a SELECT.
func (l *lake) parquet(t testing.TB, key, sql string) object.Object {
	t.Helper()
	o, err := l.run(l.ctx, work{task{SQL: sql, Parquet: &parquetOutput{}}, &stage{}, nil})
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(o.dir, outDir, "0.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.release(); err != nil {
		t.Fatal(err)
	}
	return l.store.put(t, key, b)
}

// text shows rows for comparison.
func text(rows [][]string) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(strings.Join(r, "|"))
		b.WriteByte('\n')
	}
	return b.String()
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
