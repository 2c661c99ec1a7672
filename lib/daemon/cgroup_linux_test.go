package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The files of a hierarchy are plain ones here: what is written is what counts.
func TestLimit(t *testing.T) {
	h := hierarchy(t.TempDir())
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(string(h), path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("cgroup.controllers", "cpuset hugetlb\n")
	write("cgroup.subtree_control", "")
	if _, err := h.limit("db-1", Limits{CPUs: 1}); err == nil || !strings.Contains(err.Error(), "no controller for cpu") {
		t.Errorf("without controllers: %v", err)
	}
	for _, dir := range []string{"", "lethe"} {
		write(dir+"/cgroup.controllers", "cpuset cpu io memory pids\n")
		write(dir+"/cgroup.subtree_control", "cpu io\n")
	}
	for _, bad := range []string{"", "..", "a/b", ".x"} {
		if _, err := h.limit(bad, Limits{CPUs: 1}); err == nil {
			t.Errorf("the name %q is taken", bad)
		}
	}
	f, err := h.limit("db-1", Limits{CPUs: 0.25, Memory: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	for file, want := range map[string]string{
		"cgroup.subtree_control": "+memory", "lethe/cgroup.subtree_control": "+memory",
		"lethe/db-1/cpu.max": "25000 100000", "lethe/db-1/memory.max": "1073741824", "lethe/db-1/memory.high": "1006632960",
	} {
		if got, err := os.ReadFile(filepath.Join(string(h), file)); err != nil || string(got) != want {
			t.Errorf("%s has %q, want %q (%v)", file, got, want, err)
		}
	}
	// What it was made with before does not stay.
	write("lethe/cgroup.subtree_control", "cpu io memory\n")
	write("cgroup.subtree_control", "cpu io memory\n")
	if f, err = h.limit("db-1", Limits{CPUs: 2, IO: 1 << 20, Path: "/proc"}); f == nil || err == nil || !strings.Contains(err.Error(), "/proc") {
		t.Errorf("a rate where there is no device: %v", err)
	} else {
		f.Close()
	}
	if got, _ := os.ReadFile(filepath.Join(string(h), "lethe/db-1/memory.max")); string(got) != "max" {
		t.Errorf("the bound stays at %q", got)
	}
}

// What this host says is said of the server too.
func TestUnlimited(t *testing.T) {
	s := spec(t)
	s.Group, s.Limits = "daemon-test", Limits{CPUs: 1, Memory: 256 << 20}
	p := run(t, s)
	says(t, s)
	can := CanLimit()
	if can == nil != (p.Unlimited() == "") {
		t.Errorf("can limit: %v; unlimited: %q", can, p.Unlimited())
	}
	again, err := Adopt(s.PIDFile)
	if err != nil || again.Unlimited() != p.Unlimited() {
		t.Errorf("adopted, it says %q, not %q (%v)", again.Unlimited(), p.Unlimited(), err)
	}
	t.Logf("unlimited: %q", p.Unlimited())
}
