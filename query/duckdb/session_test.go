package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lethe"
	"lethe/lib/trinosql"
)

var wordsColumns = []trinosql.Column{
	{Name: "n", Type: &trinosql.Type{Kind: trinosql.KindBigint}},
	{Name: "word", Type: trinosql.VarcharOf(trinosql.Unbounded)},
	{Name: "price", Type: trinosql.DecimalOf(10, 2)},
	{Name: "day", Type: &trinosql.Type{Kind: trinosql.KindDate}},
	{Name: "at", Type: trinosql.TimestampOf(3)},
}

const wordsSQL = "SELECT i AS n, CASE WHEN i %% 7 = 3 THEN NULL ELSE 'word ' || i END AS word, CAST(i AS DECIMAL(10,2)) / 4 AS x, " +
	"CAST(i / 4.0 AS DECIMAL(10,2)) AS price, DATE '2020-09-10' + CAST(i %% 30 AS INTEGER) AS day, TIMESTAMP '2020-09-10 12:00:00' AS at FROM range(%d) r(i)"

// wordsFile makes a file of words.
func wordsFile(t testing.TB, rows int) SessionFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "words.parquet")
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("COPY (" + fmt.Sprintf(wordsSQL, rows) + ") TO '" + path + "' (FORMAT parquet, COMPRESSION zstd)"); err != nil {
		t.Fatal(err)
	}
	return SessionFile{Key: path, Path: path}
}

// shown are an answer's rows for comparison.
func (a Answer) shown() string {
	var b strings.Builder
	for _, r := range a.Rows {
		for i, v := range r {
			if i > 0 {
				b.WriteByte('|')
			}
			if v == nil {
				b.WriteString("∅")
			} else {
				b.WriteString(*v)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (s testSessions) must(t testing.TB, f SessionFile, text string, limit int) Answer {
	t.Helper()
	a, err := s.ask(t, f, text, wordsColumns, limit)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// session returns the session of a file.
func (s testSessions) session(f SessionFile) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[f.Key]
}

func TestSessionAnswers(t *testing.T) {
	s, f := newSessions(t), wordsFile(t, 100)
	for _, c := range []struct {
		text  string
		limit int
		want  string
		more  bool
	}{
		{`SELECT n, word, price, day, at FROM "extract" WHERE n BETWEEN 2 AND 3 ORDER BY n`, 10,
			"2|word 2|0.50|2020-09-12|2020-09-10 12:00:00.000\n3|∅|0.75|2020-09-13|2020-09-10 12:00:00.000\n", false},
		{`SELECT n FROM "extract" ORDER BY n DESC`, 2, "99\n98\n", true},
		{`SELECT n FROM "extract" WHERE n < 2 ORDER BY n`, 2, "0\n1\n", false},
		{`SELECT count(*), sum(price), avg(CAST(n AS double)) FROM "extract"`, 10, "100|1237.50|49.5\n", false},
		{`SELECT n, n FROM "extract" WHERE n = 1000`, 10, "", false},
		{`SELECT date_trunc('month', day), count(*) FROM "extract" GROUP BY 1 ORDER BY 1`, 10, "2020-09-01|73\n2020-10-01|27\n", false},
	} {
		a := s.must(t, f, c.text, c.limit)
		if a.shown() != c.want || a.More != c.more {
			t.Errorf("%s:\n%smore %v, want\n%smore %v", c.text, a.shown(), a.More, c.want, c.more)
		}
	}
	first := s.session(f)
	if _, err := s.ask(t, f, `SELECT 1 / (n - n) FROM "extract"`, wordsColumns, 10); !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), "DIVISION_BY_ZERO") {
		t.Errorf("a division by zero: %v", err)
	}
	if _, err := s.ask(t, f, `SELECT lpad('', 100000, 'x') FROM "extract"`, wordsColumns, 100); !lethe.Is(err, lethe.Exhausted) {
		t.Errorf("a very long answer: %v", err)
	}
	if s.must(t, f, `SELECT 1 FROM "extract" WHERE n = 5`, 1).shown() != "1\n" || s.session(f) != first {
		t.Error("the session did not stay after errors")
	}
	if _, err := s.ask(t, SessionFile{Key: "none", Path: filepath.Join(t.TempDir(), "none")}, `SELECT 1 FROM "extract"`, wordsColumns, 1); err == nil {
		t.Error("a file that is not there was read")
	}
}

// TestSessionCopies: answers stay the same when they come from the native copy, which is
// made while others are given.
func TestSessionCopies(t *testing.T) {
	s := newSessions(t)
	path := filepath.Join(t.TempDir(), "cases.parquet")
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("COPY (" + casesSQL(200_000) + ") TO '" + path + "' (FORMAT parquet, COMPRESSION zstd)"); err != nil {
		t.Fatal(err)
	}
	f := SessionFile{"cases", path}
	ask := func() string {
		a, err := s.ask(t, f, `SELECT country, sum(confirmed), count(*) FROM "extract" WHERE day < DATE '2020-03-01' GROUP BY 1 ORDER BY 2 DESC, 1`, casesColumns, 1000)
		if err != nil {
			t.Fatal(err)
		}
		return a.shown()
	}
	before := ask()
	x := s.session(f)
	for end := time.Now().Add(time.Minute); !opened(t, x.p, nativeFile); time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(x.p.dir, nativeFile)); err == nil && ask() != before {
			t.Fatal("while the copy was made the answer was another")
		}
		if time.Now().After(end) {
			t.Fatal("no native copy was made")
		}
	}
	for range 20 {
		if ask() != before {
			t.Fatal("the copy answers differently")
		}
	}
}

// TestSessionOpened: a session that was opened ahead answers the first question, and takes
// the place of no other.
func TestSessionOpened(t *testing.T) {
	s := newSessions(t, func(c *SessionConfig) { c.Most = 1 })
	f, other := wordsFile(t, 100), wordsFile(t, 10)
	s.Open(f)
	x := s.session(f)
	s.Open(f)
	s.Open(other)
	if got := s.must(t, f, `SELECT count(*) FROM "extract"`, 1).shown(); got != "100\n" || s.session(f) != x {
		t.Errorf("%q, of another session: %v", got, s.session(f) != x)
	}
	if s.session(other) != nil {
		t.Error("one that nobody asked was opened in place of one that was")
	}
	if got := s.must(t, other, `SELECT count(*) FROM "extract"`, 1).shown(); got != "10\n" {
		t.Error(got)
	}
}

// TestSessionInterrupted: a statement that nobody waits for any more ends, and the
// session answers the next.
func TestSessionInterrupted(t *testing.T) {
	s, f := newSessions(t), wordsFile(t, 100_000)
	s.must(t, f, `SELECT 1 FROM "extract" LIMIT 1`, 1)
	x := s.session(f)
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := s.askIn(ctx, f, `SELECT count(*) FROM "extract" a JOIN "extract" b ON a.n + b.n > 5 OR a.word < b.word`, wordsColumns, 1)
		cancel()
		if err == nil {
			t.Fatal("a long statement ended")
		}
	}
	if got := s.must(t, f, `SELECT count(*) FROM "extract"`, 1).shown(); got != "100000\n" {
		t.Errorf("afterwards: %s", got)
	}
	if s.session(f) != x {
		t.Error("the session was lost")
	}
}

// TestSessionCrashes: who waits for a session that is killed gets an answer from
// another one.
func TestSessionCrashes(t *testing.T) {
	s, f := newSessions(t), wordsFile(t, 100)
	for range 3 {
		s.must(t, f, `SELECT 1 FROM "extract" LIMIT 1`, 1)
		x := s.session(f)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				a, err := s.ask(t, f, `SELECT count(*) FROM "extract"`, wordsColumns, 1)
				if err != nil || a.shown() != "100\n" {
					t.Errorf("%s, %v", a.shown(), err)
				}
			})
		}
		if err := syscall.Kill(x.p.cmd.Process.Pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		<-x.ended
		if _, err := os.Stat(x.p.dir); !os.IsNotExist(err) {
			t.Errorf("the directory of the killed session: %v", err)
		}
	}
}

// TestSessionsMakePlace: there are never more than Most, an unused one ends, and one
// that is dropped is gone when Drop returns.
func TestSessionsMakePlace(t *testing.T) {
	s := newSessions(t, func(c *SessionConfig) { c.Most = 2; c.Idle = time.Hour })
	files := []SessionFile{wordsFile(t, 1), wordsFile(t, 2), wordsFile(t, 3)}
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			f := files[i%3]
			if got := s.must(t, f, `SELECT count(*) FROM "extract"`, 1).shown(); got != fmt.Sprintf("%d\n", i%3+1) {
				t.Errorf("file %d: %s", i%3, got)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.open) > 2 {
				t.Errorf("%d sessions are open", len(s.open))
			}
		})
	}
	wg.Wait()
	s.must(t, files[0], `SELECT 1 FROM "extract"`, 1)
	x := s.session(files[0])
	if err := s.Drop(t.Context(), files[0].Key); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(x.p.dir); !os.IsNotExist(err) || s.session(files[0]) != nil {
		t.Errorf("after Drop its directory is there: %v", err)
	}
	s.mu.Lock()
	s.idle = 10 * time.Millisecond
	s.mu.Unlock()
	s.must(t, files[1], `SELECT 1 FROM "extract"`, 1)
	x = s.session(files[1])
	<-x.ended
}

// opened reports whether a session has its native copy attached: it holds it open for
// reading only.
func opened(t testing.TB, p *process, file string) bool {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid)
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range all {
		to, err := os.Readlink(filepath.Join(dir, fd.Name()))
		i, ierr := os.Lstat(filepath.Join(dir, fd.Name()))
		if err == nil && ierr == nil && strings.HasSuffix(to, file) && i.Mode().Perm()&0o200 == 0 {
			return true
		}
	}
	return false
}
