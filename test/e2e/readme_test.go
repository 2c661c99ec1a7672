package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lethe/test/lake"
	"lethe/test/need"
)

var commands = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestTheReadmesCommands runs every block of commands in the README and in guides,
// in order and in one folder, beside a running sample lake.
func TestTheReadmesCommands(t *testing.T) {
	for _, c := range []struct {
		document string
		blocks   int // at least
		wants    []string
	}{
		{"README.md", 5, []string{"PRE csv/", "QueryExecutionId", "default.cities: 3 rows", "Italy    3604057", "the person is in 0 of 1 object versions", "u2  Bob   Turin", "db.m6g.large  postgres", "current_user", "ok       lake"}},
		{"docs/guide/access.md", 4, []string{"covid_confirmed_cases", "is seen through rule italy", "no listing", "not authorized to perform: lambda:InvokeFunction", "sales", `{"username":"engineer","password":"`, "AWSCURRENT", "not yours", "sealed with master key", "assumed-role/loader/ingest is not authorized to perform: glue:CreateTable", "not yet", "default.staff: 1 rows"}},
	} {
		t.Run(c.document, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(need.Root(), c.document))
			if err != nil {
				t.Fatal(err)
			}
			aws := need.Venv(t, "aws")
			dir := t.TempDir()
			// Databases run as a user of their own, who must be able to go there.
			if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755)); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(lake.Binary(t), filepath.Join(dir, "bin", "lethe")); err != nil {
				t.Fatal(err)
			}
			l := lake.Start(t, filepath.Join(dir, "lake-demo"), "demo")
			blocks := commands.FindAllStringSubmatch(string(text), -1)
			if len(blocks) < c.blocks {
				t.Fatalf("it has %d blocks of commands", len(blocks))
			}
			script := "set -e\n"
			for _, b := range blocks {
				script += b[1]
			}
			cmd := exec.Command("bash", "-c", script)
			cmd.Dir = dir
			cmd.Env = append(l.Env(), "PATH="+filepath.Dir(aws)+":"+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, want := range c.wants {
				if !strings.Contains(string(out), want) {
					t.Errorf("%q is missing in\n%s", want, out)
				}
			}
		})
	}
}
