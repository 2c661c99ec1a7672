// Package need tells tests whether this machine has what they need. A test that
// lacks something is skipped with a word on how to have it; where LETHE_REQUIRE
// is 1, as in CI, it fails instead.
package need

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// absent skips the test, or fails it where nothing may be absent.
func absent(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("LETHE_REQUIRE") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// Root returns the repository's root.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Shared returns the path of a file or folder in LETHE_SHARED (../shared unless
// set), which holds public data and cases that are no part of the project. It
// skips the test where it is absent, also in CI.
func Shared(t testing.TB, name ...string) string {
	t.Helper()
	dir := os.Getenv("LETHE_SHARED")
	if dir == "" {
		dir = filepath.Join(Root(), "..", "shared")
	}
	path := filepath.Join(append([]string{dir}, name...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("absent: %s; set LETHE_SHARED", filepath.Join(name...))
	}
	return path
}

// Command returns the path of a program on PATH.
func Command(t testing.TB, name, install string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		absent(t, "needs %s: %s", name, install)
	}
	return path
}

// DebianAWS returns Debian's AWS command line, version 2.
func DebianAWS(t testing.TB) string {
	t.Helper()
	const path = "/usr/bin/aws"
	if _, err := os.Stat(path); err != nil {
		absent(t, "needs %s: apt-get install awscli", path)
	}
	return path
}

// Venv returns a program of the project's Python environment, which .ci/run makes.
func Venv(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(Root(), ".venv", "bin", name)
	if _, err := os.Stat(path); err != nil {
		absent(t, "needs %s: python3 -m venv .venv && .venv/bin/pip install boto3 awscli tpchgen-cli 'moto[server]' 'pyiceberg[hive,pyarrow]'", filepath.Join(".venv", "bin", name))
	}
	return path
}
