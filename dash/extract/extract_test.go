package extract_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/dash"
	"lethe/dash/extract"
)

func TestRefresh(t *testing.T) {
	l := newLake(1, 2)
	s := start(t, l)
	if got := s.rows(); got != "not found" {
		t.Errorf("before the first refresh: %s", got)
	}
	r := s.refresh(false)
	if r.State != dash.Refreshed || r.Rows != 2 || r.Bytes == 0 || r.Done != 1 || r.By != "arn:test" {
		t.Errorf("the refresh: %+v", r)
	}
	i, err := s.Info(t.Context(), "cases")
	if err != nil || i.Rows != 2 || i.Bytes != r.Bytes || i.ID == "" || i.Running != nil || !i.AsOf.Equal(s.time()) {
		t.Errorf("info: %+v, %v", i, err)
	}
	l.set(func() { l.rows[3] = "row 3" })
	if got := s.rows(); got != "1 2" {
		t.Errorf("before the second refresh: %s", got)
	}
	s.pass(time.Hour)
	s.refresh(false)
	if got := s.rows(); got != "1 2 3" {
		t.Errorf("after the second refresh: %s", got)
	}
	if _, at, err := s.Ask(t.Context(), "cases", "", 1); err != nil || !at.Equal(s.time()) {
		t.Errorf("as of %v, %v", at, err)
	}
	until(t, "the old file is gone, and nobody reads it", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(s.onDisk()) == 1 && l.dropped[i.ID]
	})
	if h, err := s.History(t.Context(), "cases", 10); err != nil || len(h) != 2 || h[0].Rows != 3 || h[1].Rows != 2 {
		t.Errorf("history %+v, %v", h, err)
	}
	if st, err := s.Status(t.Context()); err != nil || st.Extracts != 1 || st.Rows != 3 || st.Bytes != s.last().Bytes || !st.Oldest.Equal(s.time()) || st.Waiting+st.Running+st.Failed != 0 {
		t.Errorf("status %+v, %v", st, err)
	}
	for _, bad := range []string{"", "..", "a/b", "../x", ".a"} {
		if _, err := s.Refresh(t.Context(), bad, dash.RefreshOptions{}); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("data set %q: %v", bad, err)
		}
	}
}

// TestIncrement: rows outside the window stay as they were, those within are those of now.
func TestIncrement(t *testing.T) {
	l := newLake(1, 2, 3, 4)
	l.increment = &dash.Narrowed{Statement: dash.Statement{SQL: "3"}, Replaces: "3"}
	s := start(t, l)
	if r := s.refresh(true); r.State != dash.Refreshed || r.Increment {
		t.Errorf("the first refresh is whole: %+v", r)
	}
	l.set(func() { delete(l.rows, 1); delete(l.rows, 4); l.rows[5] = "row 5" })
	if r := s.refresh(true); !r.Increment || r.Rows != 4 {
		t.Errorf("an increment: %+v", r)
	}
	if got := s.rows(); got != "1 2 3 5" {
		t.Errorf("after the increment: %s", got)
	}
	l.set(func() { l.columns = []dash.Column{{Name: "n", Type: "double"}} })
	if r := s.refresh(true); r.Increment || r.Rows != 3 {
		t.Errorf("other columns: %+v", r)
	}
	if got := s.rows(); got != "2 3 5" {
		t.Errorf("after other columns: %s", got)
	}
	l.set(func() { delete(l.rows, 2); l.revision++ })
	if r := s.refresh(true); r.Increment || s.rows() != "3 5" {
		t.Errorf("another revision: %+v, %s", r, s.rows())
	}
	until(t, "the old files are gone", func() bool { return len(s.onDisk()) == 1 })
}

// TestFailing: a refresh that fails leaves what answers, says why, and is tried again if
// that may help.
func TestFailing(t *testing.T) {
	l := newLake(1)
	s := start(t, l)
	s.refresh(false)
	l.set(func() {
		l.rows[2] = "row 2"
		l.fail = []error{lethe.Errorf(lethe.Exhausted, "no space is left"), lethe.Errorf(lethe.Exhausted, "no space is left")}
	})
	r, err := s.Refresh(t.Context(), "cases", dash.RefreshOptions{})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "it has failed once", func() bool { l := s.last(); return l.State == dash.Waiting && l.Error == "no space is left" })
	if got := s.rows(); got != "1" {
		t.Errorf("while it fails: %s", got)
	}
	if again, err := s.Refresh(t.Context(), "cases", dash.RefreshOptions{}); err != nil || again.ID != r.ID {
		t.Errorf("another one was begun: %+v, %v", again, err)
	}
	s.pass(11 * time.Second)
	until(t, "it has failed twice", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return len(l.fail) == 0 })
	until(t, "it waits", func() bool { return s.last().State == dash.Waiting })
	s.pass(61 * time.Second)
	until(t, "it is done", func() bool { return s.last().State == dash.Refreshed })
	if got := s.rows(); got != "1 2" || s.last().Error != "" {
		t.Errorf("afterwards: %s, %+v", got, s.last())
	}
	l.set(func() { l.fail = []error{lethe.Errorf(lethe.Denied, "the owner may not read default.cases")} })
	if r := s.refresh(false); r.State != dash.Failed || !strings.Contains(r.Error, "may not read") || r.Ended.IsZero() {
		t.Errorf("denied: %+v", r)
	}
	l.set(func() {
		for range 5 {
			l.fail = append(l.fail, lethe.Errorf(lethe.Internal, "a fault"))
		}
	})
	if _, err := s.Refresh(t.Context(), "cases", dash.RefreshOptions{}); err != nil {
		t.Fatal(err)
	}
	until(t, "it has failed for good", func() bool { s.pass(time.Hour); return s.last().State == dash.Failed && s.last().Error == "a fault" })
	if got := s.rows(); got != "1 2" || len(s.onDisk()) != 1 {
		t.Errorf("after all: %s, %v", got, s.onDisk())
	}
	if st, err := s.Status(t.Context()); err != nil || st.Failed != 1 || st.Extracts != 1 {
		t.Errorf("status %+v, %v", st, err)
	}
}

// TestStopAndDrop: what is stopped or of no use any more leaves nothing.
func TestStopAndDrop(t *testing.T) {
	l := newLake(1)
	s := start(t, l)
	s.refresh(false)
	if err := s.Stop(t.Context(), "cases"); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("nothing to stop: %v", err)
	}
	begun, let := make(chan bool), make(chan bool)
	l.set(func() { l.gate = func(string) { begun <- true; <-let } })
	for _, end := range []func() error{
		func() error { return s.Stop(t.Context(), "cases") },
		func() error { return s.Drop(t.Context(), "cases") },
	} {
		if _, err := s.Refresh(t.Context(), "cases", dash.RefreshOptions{}); err != nil {
			t.Fatal(err)
		}
		<-begun
		if i, err := s.Info(t.Context(), "cases"); err != nil || i.Running == nil || i.Running.State != dash.Refreshing {
			t.Errorf("while it runs: %+v, %v", i, err)
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		let <- true
		if err := s.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r := s.last(); r.ID != "" && r.State != dash.Stopped {
			t.Errorf("after the end: %+v", r)
		}
	}
	if got := s.rows(); got != "not found" || len(s.onDisk()) != 0 || s.last().ID != "" {
		t.Errorf("after Drop: %s, %v, %+v", got, s.onDisk(), s.last())
	}
}

// TestChangedWhileRefreshed: what a data set is when the refresh ends is in the extract in
// the end, although who changed it was told of the refresh under way.
func TestChangedWhileRefreshed(t *testing.T) {
	l := newLake(1)
	s := start(t, l)
	l.set(func() {
		l.read = func(string) {
			l.set(func() { l.read = nil; l.revision++; l.rows[2] = "row 2" })
			if _, err := s.Refresh(context.Background(), "cases", dash.RefreshOptions{By: "arn:changer"}); err != nil {
				t.Error(err)
			}
		}
	})
	if _, err := s.Refresh(t.Context(), "cases", dash.RefreshOptions{By: "arn:first"}); err != nil {
		t.Fatal(err)
	}
	until(t, "the changed data set is read", func() bool { return s.rows() == "1 2" })
}

// TestDeletionKilled: what is of a data set that is not there any more goes by itself.
func TestDeletionKilled(t *testing.T) {
	l := newLake(1)
	s := start(t, l)
	s.refresh(false)
	l.set(func() { l.deleted = true })
	until(t, "nothing is left", func() bool { s.Look(); return len(s.onDisk()) == 0 && s.last().ID == "" && s.rows() == "not found" })
}

// TestTwoAtOnce: refreshes of many data sets run two at once, one of each.
func TestTwoAtOnce(t *testing.T) {
	l := newLake(1)
	s := start(t, l)
	l.set(func() { l.gate = func(string) { time.Sleep(5 * time.Millisecond) } })
	var wg sync.WaitGroup
	for _, set := range []string{"a", "b", "c", "d", "e"} {
		for range 3 {
			wg.Go(func() {
				if _, err := s.Refresh(context.Background(), set, dash.RefreshOptions{}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	until(t, "all are done", func() bool {
		for _, set := range []string{"a", "b", "c", "d", "e"} {
			if i, err := s.Info(t.Context(), set); err != nil || i.ID == "" || i.Running != nil {
				return false
			}
		}
		return true
	})
	if l.most > 2 {
		t.Errorf("%d at once", l.most)
	}
}

// TestRestored: a lake whose extracts were left out of its backup makes them again, and
// what nothing names is deleted.
func TestRestored(t *testing.T) {
	l := newLake(1)
	dir := t.TempDir()
	s := open(t, dir, l)
	s.Start(l)
	s.refresh(false)
	s.close()
	if err := os.RemoveAll(filepath.Join(dir, "extracts")); err != nil {
		t.Fatal(err)
	}
	for _, stray := range []string{"cases/x.new", "gone/y.parquet"} {
		path := filepath.Join(dir, "extracts", stray)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, dir, l)
	defer s.close()
	if got := s.onDisk(); len(got) != 0 || s.rows() != "not found" {
		t.Errorf("after the start: %v, %s", got, s.rows())
	}
	s.Start(l)
	until(t, "it is made again", func() bool { return s.rows() == "1" })
	if r := s.last(); r.By != "restore" {
		t.Errorf("%+v", r)
	}
}

// TestErased: an extract that names somebody is gone when EraseExtract returns, and what
// comes in its place was read afterwards.
func TestErased(t *testing.T) {
	l := newLake(1, 2)
	s := start(t, l)
	s.refresh(false)
	find := func(text string) (x dash.ExtractFile, found bool) {
		for f, err := range s.Extracts(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			for row, err := range s.Rows(t.Context(), f) {
				if err != nil {
					t.Fatal(err)
				}
				if row[0] == text {
					x, found = f, true
				}
			}
		}
		return x, found
	}
	x, found := find("row 2")
	if !found || x.DataSet != "cases" || !x.Made.Equal(s.time()) {
		t.Fatalf("%+v %v", x, found)
	}
	l.set(func() { delete(l.rows, 2) })
	for range 2 { // again is no error
		if err := s.EraseExtract(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	if !l.dropped[x.ID] {
		t.Error("it is still read")
	}
	until(t, "another is there", func() bool { return s.rows() == "1" })
	if _, found := find("row 2"); found || s.last().By != "erasure" {
		t.Errorf("found %v, %+v", found, s.last())
	}
	if err := s.EraseExtract(t.Context(), dash.ExtractFile{ID: "../../etc", DataSet: "cases"}); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("%v", err)
	}
}

// TestErasedWhileRefreshed: a refresh that read somebody before they were erased does not
// bring them back, neither what it read nor what an increment kept.
func TestErasedWhileRefreshed(t *testing.T) {
	for _, increment := range []bool{false, true} {
		l := newLake(1, 2, 8)
		l.increment = &dash.Narrowed{Statement: dash.Statement{SQL: "5"}, Replaces: "5"}
		s := start(t, l)
		s.refresh(false)
		began, let := make(chan bool), make(chan bool)
		l.set(func() { l.read = func(string) { began <- true; <-let } })
		if _, err := s.Refresh(t.Context(), "cases", dash.RefreshOptions{Increment: increment}); err != nil {
			t.Fatal(err)
		}
		<-began // it has read row 2, or will keep it
		l.set(func() { delete(l.rows, 2); l.read = nil })
		settled := make(chan error, 1)
		erase := func() {
			for x, err := range s.Extracts(t.Context()) {
				if err == nil {
					err = s.EraseExtract(t.Context(), x)
				}
				if err != nil {
					t.Error(err)
				}
			}
		}
		if increment {
			erase() // what it keeps rows of
		}
		go func() { settled <- s.Settle(t.Context()) }()
		let <- true
		if err := <-settled; err != nil {
			t.Fatal(err)
		}
		if !increment {
			if got := s.rows(); got != "1 2 8" {
				t.Fatalf("after Settle what was read is in an extract: %s", got)
			}
			erase()
		}
		until(t, "an extract without them is there", func() bool {
			s.pass(time.Minute)
			got := s.rows()
			if strings.Contains(got, "2") {
				t.Fatalf("increment %v: they came back: %s", increment, got)
			}
			return got == "1 8"
		})
	}
}

func TestRedactTexts(t *testing.T) {
	l := newLake(1)
	s := start(t, l)
	l.set(func() { l.fail = []error{lethe.Errorf(lethe.BadData, "'Grace Hopper' is no number")} })
	s.refresh(false)
	without := func(text string) string { return strings.ReplaceAll(text, "Grace Hopper", "[erased]") }
	for _, dry := range []bool{true, false} {
		if n, err := s.RedactTexts(t.Context(), dry, without); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	if r := s.last(); r.Error != "'[erased]' is no number" {
		t.Errorf("%+v", r)
	}
	if n, err := s.RedactTexts(t.Context(), false, without); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
}

// TestSlots: a slot runs once, also over a restart; those that were missed run as one.
func TestSlots(t *testing.T) {
	l := newLake(1)
	l.schedules = []dash.Schedule{{Every: "daily", At: "13:00"}, {Every: "hourly", At: "00:30", Whole: true}}
	dir := t.TempDir()
	s := open(t, dir, l) // at 12:00
	s.Start(l)
	slots := func() (at []string) {
		rs, err := s.History(context.Background(), "cases", 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rs {
			if r.By != "schedule" || !r.State.Final() {
				t.Fatalf("%+v", r)
			}
			at = append([]string{r.Slot.UTC().Format("02 15:04")}, at...)
		}
		return at
	}
	next := func() string {
		i, err := s.Info(t.Context(), "cases")
		if err != nil {
			t.Fatal(err)
		}
		return i.Next.Format("02 15:04")
	}
	// When the schedules are first looked at nothing is due.
	until(t, "the schedule is known", func() bool { s.Look(); return s.known() })
	if got := next(); got != "01 12:30" || s.last().ID != "" {
		t.Errorf("next %s, %+v", got, s.last())
	}
	s.pass(31 * time.Minute)
	until(t, "the first slot has run", func() bool { return s.last().State == dash.Refreshed })
	for range 5 {
		s.Look()
	}
	s.close()
	was := s.time()
	s = open(t, dir, l)
	s.now = was.Add(26 * time.Hour)
	s.Start(l)
	defer s.close()
	until(t, "what was missed has run", func() bool { r := s.last(); return r.Slot.Day() == 2 && r.State == dash.Refreshed })
	if got := strings.Join(slots(), ", "); got != "01 12:30, 02 14:30" {
		t.Errorf("slots: %s", got)
	}
	if got := next(); got != "02 15:30" {
		t.Errorf("next %s", got)
	}
	l.set(func() { l.gone = true })
	until(t, "it is known that there is no schedule any more", func() bool {
		s.Look()
		i, err := s.Info(t.Context(), "cases")
		return err == nil && i.Next.IsZero()
	})
}

var _ dash.Extracts = (*extract.Service)(nil)
