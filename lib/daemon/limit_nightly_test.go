//go:build nightly && linux

package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The kernel keeps a server within its limits, where control groups of version 2 have the
// controllers; TestLimit has what is written to them.
func TestLimitsHold(t *testing.T) {
	if err := CanLimit(); err != nil {
		t.Skip(err)
	}
	h, err := mounted()
	if err != nil {
		t.Fatal(err)
	}
	s := spec(t)
	s.Path, s.Args = "/bin/sh", []string{"-c", "while :; do :; done"}
	s.Group, s.Limits = "daemon-test-cpu", Limits{CPUs: 0.2, Memory: 256 << 20}
	p := run(t, s)
	defer func() { p.Signal(9); ended(t, p) }()
	group, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", p.PID()))
	if err != nil || !strings.Contains(string(group), "/lethe/daemon-test-cpu\n") {
		t.Fatalf("it is in the group %q, %v", group, err)
	}
	used := func() (us int64) {
		text, err := os.ReadFile(filepath.Join(string(h), "lethe", "daemon-test-cpu", "cpu.stat"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscanf(string(text), "usage_usec %d", &us); err != nil {
			t.Fatal(err)
		}
		return us
	}
	from, began := used(), time.Now()
	time.Sleep(3 * time.Second)
	// A period of 100 ms more than its share may have begun at either end.
	if got, most := used()-from, (time.Since(began)+200*time.Millisecond).Microseconds()/5; got > most {
		t.Errorf("it used %d us of the processors, and %d are its share", got, most)
	}

	s = spec(t)
	s.Path, s.Args = "/bin/sh", []string{"-c", "head -c 300000000 /dev/zero | tail -c 300000000 >/dev/null; sleep 600"}
	s.Group, s.Limits = "daemon-test-memory", Limits{CPUs: 1, Memory: 64 << 20}
	p = run(t, s)
	defer func() { p.Signal(9); ended(t, p) }()
	until(t, func() bool {
		text, err := os.ReadFile(filepath.Join(string(h), "lethe", "daemon-test-memory", "memory.events"))
		return err == nil && strings.Contains(string(text), "\noom_kill ") && !strings.Contains(string(text), "\noom_kill 0\n")
	})
}
