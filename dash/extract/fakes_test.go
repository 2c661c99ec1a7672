package extract_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/dash"
	"lethe/dash/extract"
	"lethe/lib/state"
)

// lake is a source of numbered rows, and maker, reader and preparer over it. A file holds
// its rows as JSON; SQL is not read, and a statement means all rows, or those from the
// number that it is.
type lake struct {
	mu        sync.Mutex
	rows      map[int]string
	columns   []dash.Column
	fail      []error          // of the next writes
	gate      func(sql string) // before a write reads
	read      func(sql string) // after it has read
	schedules []dash.Schedule
	increment *dash.Narrowed
	revision  int64
	gone      bool
	deleted   bool // the data sets
	dropped   map[string]bool
	most, now int // writes at once
}

func newLake(rows ...int) *lake {
	l := &lake{rows: map[int]string{}, columns: []dash.Column{{Name: "n", Type: "bigint"}}, revision: 1, dropped: map[string]bool{}}
	for _, r := range rows {
		l.rows[r] = "row " + strconv.Itoa(r)
	}
	return l
}

func (l *lake) set(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

func (l *lake) Write(ctx context.Context, s dash.Statement, path string, progress func(float64)) (f extract.File, err error) {
	l.mu.Lock()
	gate, read := l.gate, l.read
	l.now++
	l.most = max(l.most, l.now)
	l.mu.Unlock()
	defer l.set(func() { l.now-- })
	if gate != nil {
		gate(s.SQL)
	}
	if ctx.Err() != nil {
		return f, context.Cause(ctx)
	}
	l.mu.Lock()
	if len(l.fail) > 0 {
		err, l.fail = l.fail[0], l.fail[1:]
		l.mu.Unlock()
		return f, err
	}
	from, _ := strconv.Atoi(s.SQL)
	rows := map[int]string{}
	for n, v := range l.rows {
		if n >= from {
			rows[n] = v
		}
	}
	f.Columns = l.columns
	l.mu.Unlock()
	if read != nil {
		read(s.SQL)
	}
	progress(0.5)
	f.Rows = int64(len(rows))
	return f, save(path, rows)
}

func (l *lake) Merge(_ context.Context, old, fresh extract.File, replaces, path string, progress func(float64)) (f extract.File, err error) {
	kept, err := load(old.Path)
	if err != nil {
		return f, lethe.Errorf(lethe.Conflict, "what was there is gone: %w", err)
	}
	from, _ := strconv.Atoi(replaces)
	maps.DeleteFunc(kept, func(n int, _ string) bool { return n >= from })
	rows, err := load(fresh.Path)
	if err != nil {
		return f, err
	}
	maps.Copy(kept, rows)
	f.Rows = int64(len(kept))
	return f, save(path, kept)
}

func save(path string, rows map[int]string) error {
	b, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

func load(path string) (rows map[int]string, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return rows, json.Unmarshal(b, &rows)
}

func (l *lake) Open(extract.File) {}

func (l *lake) Ask(_ context.Context, f extract.File, _ string, _ int) (r dash.Rows, err error) {
	rows, err := load(f.Path)
	if os.IsNotExist(err) {
		return r, lethe.Errorf(lethe.NotFound, "gone")
	}
	if err != nil {
		return r, err
	}
	var c dash.AnswerColumn
	for _, n := range slices.Sorted(maps.Keys(rows)) {
		c.Values = append(c.Values, rows[n])
	}
	return dash.Rows{Columns: []dash.AnswerColumn{c}, N: len(rows)}, nil
}

func (l *lake) Drop(_ context.Context, f extract.File) error {
	l.set(func() { l.dropped[f.ID] = true })
	return nil
}

func (l *lake) Rows(_ context.Context, f extract.File) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		rows, err := load(f.Path)
		if err != nil {
			yield(nil, err)
			return
		}
		if !yield([]string{"n"}, nil) {
			return
		}
		for _, n := range slices.Sorted(maps.Keys(rows)) {
			if !yield([]string{rows[n]}, nil) {
				return
			}
		}
	}
}

func (l *lake) Prepared(context.Context, string, time.Time) (p dash.Prepared, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone {
		return p, lethe.Errorf(lethe.NotFound, "no such data set")
	}
	return dash.Prepared{Statement: dash.Statement{SQL: "0"}, Increment: l.increment, Schedules: l.schedules, Revision: l.revision}, nil
}

func (l *lake) Extracted(context.Context) ([]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deleted {
		return nil, nil
	}
	return []string{"cases", "a", "b", "c", "d", "e"}, nil
}

// service is a service over a lake, with a clock of its own.
type service struct {
	*extract.Service
	t    testing.TB
	lake *lake
	dir  string
	db   *state.DB

	mu  sync.Mutex
	now time.Time
}

func (s *service) time() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *service) pass(d time.Duration) {
	s.mu.Lock()
	s.now = s.now.Add(d)
	s.mu.Unlock()
	s.Look()
}

// open opens a service in a folder; it is not started.
func open(t testing.TB, dir string, l *lake) *service {
	t.Helper()
	db, err := state.Open(context.Background(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	s := &service{t: t, lake: l, dir: dir, db: db, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	s.Service, err = extract.Open(context.Background(), extract.Config{DB: db, Dir: filepath.Join(dir, "extracts"), Maker: l, Reader: l, Now: s.time})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *service) close() {
	if err := s.Close(); err != nil {
		s.t.Error(err)
	}
	if err := s.db.Close(); err != nil {
		s.t.Error(err)
	}
}

// start is open and Start, until the test ends.
func start(t testing.TB, l *lake) *service {
	s := open(t, t.TempDir(), l)
	s.Start(l)
	t.Cleanup(s.close)
	return s
}

// until waits for a condition.
func until(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain waited until %s", what)
		}
	}
}

// last is the last refresh.
func (s *service) last() dash.Refresh {
	s.t.Helper()
	rs, err := s.History(context.Background(), "cases", 1)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(rs) == 0 {
		return dash.Refresh{}
	}
	return rs[0]
}

// refresh refreshes and waits for the end.
func (s *service) refresh(increment bool) dash.Refresh {
	s.t.Helper()
	r, err := s.Refresh(context.Background(), "cases", dash.RefreshOptions{Increment: increment, By: "arn:test"})
	if err != nil {
		s.t.Fatal(err)
	}
	until(s.t, "a refresh has ended", func() bool { l := s.last(); return l.ID == r.ID && l.State.Final() })
	return s.last()
}

// rows are what an extract answers.
func (s *service) rows() string {
	s.t.Helper()
	r, _, err := s.Ask(context.Background(), "cases", "SELECT", 100)
	if err != nil {
		return string(lethe.KindOf(err))
	}
	var all []string
	for _, v := range r.Columns[0].Values {
		all = append(all, strings.TrimPrefix(fmt.Sprint(v), "row "))
	}
	return strings.Join(all, " ")
}

// onDisk are the files of extracts.
func (s *service) onDisk() (files []string) {
	s.t.Helper()
	err := filepath.WalkDir(filepath.Join(s.dir, "extracts"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return files
}

// known says whether the schedules have been looked at.
func (s *service) known() bool {
	var n int
	err := s.db.View(context.Background(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(context.Background(), `SELECT count(*) FROM extract_schedules`).Scan(&n)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n > 0
}
