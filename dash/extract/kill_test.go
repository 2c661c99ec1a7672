package extract_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"lethe"
	"lethe/dash"
	"lethe/dash/extract"
)

// TestMain: the test binary is also the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("EXTRACT_TEST_DIR"); dir != "" {
		fatal, _ := strconv.Atoi(os.Getenv("EXTRACT_TEST_FATAL"))
		os.Exit(victim(dir, os.Getenv("EXTRACT_TEST_JOB"), fatal))
	}
	os.Exit(m.Run())
}

// killJobs are what is killed, after a whole refresh of rows 1 2 5.
var killJobs = map[string]func(*service) error{
	"whole": func(s *service) error {
		_, err := s.Refresh(context.Background(), "cases", dash.RefreshOptions{})
		return err
	},
	"increment": func(s *service) error {
		_, err := s.Refresh(context.Background(), "cases", dash.RefreshOptions{Increment: true})
		return err
	},
	"erasure": func(s *service) error {
		for x, err := range s.Extracts(context.Background()) {
			if err != nil {
				return err
			}
			return s.EraseExtract(context.Background(), x)
		}
		return nil
	},
	"drop": func(s *service) error { return s.Drop(context.Background(), "cases") },
}

func killLake() *lake {
	l := newLake(1, 2, 5)
	l.increment = &dash.Narrowed{Statement: dash.Statement{SQL: "4"}, Replaces: "4"}
	return l
}

// change is what the lake is like when the second refresh reads it.
func (l *lake) change() {
	l.set(func() { delete(l.rows, 2); l.rows[6] = "row 6" })
}

// victim does a job and kills itself, as kill -9 does, at a moment. It returns 0 if there is no
// such moment.
func victim(dir, job string, fatal int) int {
	moments := 0
	var armed bool
	extract.Reached(func(string) {
		if !armed {
			return
		}
		if moments++; moments == fatal {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until the signal arrives
		}
	})
	t := &testing.T{}
	l := killLake()
	s := open(t, dir, l)
	s.Start(l)
	s.refresh(false)
	l.change()
	if err := s.Settle(context.Background()); err != nil {
		return 2
	}
	armed = true
	if err := killJobs[job](s); err != nil {
		fmt.Println(err)
		return 2
	}
	if job != "drop" {
		until(t, "it is done", func() bool { return s.last().State == dash.Refreshed && s.rows() != "1 2 5" && s.rows() != "not found" })
	}
	s.close()
	return 0
}

// TestKilled kills a process at every moment of a refresh, an erasure and a deletion. After
// the next start what answers is the old extract or the new, no other file is there, and
// what was under way is done.
func TestKilled(t *testing.T) {
	for job, want := range map[string]struct{ between, end string }{
		"whole":     {"1 2 5", "1 5 6"},
		"increment": {"1 2 5", "1 2 5 6"},
		"erasure":   {"", "1 5 6"},
		"drop":      {"", "not found"},
	} {
		t.Run(job, func(t *testing.T) {
			t.Parallel()
			for fatal := 1; ; fatal++ {
				dir := t.TempDir()
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), "EXTRACT_TEST_DIR="+dir, "EXTRACT_TEST_JOB="+job, "EXTRACT_TEST_FATAL="+strconv.Itoa(fatal))
				out, err := cmd.CombinedOutput()
				killed := cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled()
				if err != nil && !killed {
					t.Fatalf("moment %d: %v\n%s", fatal, err, out)
				}
				l := killLake()
				l.change()
				s := open(t, dir, l)
				files, got := s.onDisk(), s.rows()
				if got != want.end && got != want.between && !(want.between == "" && got == "not found") {
					t.Errorf("moment %d: after the start %s", fatal, got)
				}
				if wantFiles := map[bool]int{true: 1, false: 0}[got != "not found"]; len(files) != wantFiles {
					t.Errorf("moment %d: after the start there are %v", fatal, files)
				}
				for _, f := range files {
					if filepath.Ext(f) != ".parquet" {
						t.Errorf("moment %d: %s is left", fatal, f)
					}
				}
				s.Start(l)
				until(t, "what was under way is done", func() bool { return s.rows() == want.end })
				if _, _, err := s.Ask(context.Background(), "cases", "", 1); job == "drop" != lethe.Is(err, lethe.NotFound) {
					t.Errorf("moment %d: %v", fatal, err)
				}
				s.close()
				if !killed {
					if fatal < 3 {
						t.Errorf("there are %d moments only", fatal-1)
					}
					return
				}
			}
		})
	}
}
