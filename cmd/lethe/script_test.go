package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	testlake "lethe/test/lake"
)

// TestScripts runs the command lines in testdata as a person would type them,
// against the real program.
func TestScripts(t *testing.T) {
	bin := testlake.Binary(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			dir := e.Getenv("WORK") + "/.bin"
			if err := os.Mkdir(dir, 0o755); err != nil {
				return err
			}
			if err := os.Symlink(bin, filepath.Join(dir, "lethe")); err != nil {
				return err
			}
			e.Setenv("PATH", dir+string(os.PathListSeparator)+e.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// keep NAME puts what the last command printed into a variable.
			"keep": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
			},
			// ready DIR waits until the lake in DIR answers.
			"ready": func(ts *testscript.TestScript, _ bool, args []string) {
				deadline := time.Now().Add(time.Minute)
				for {
					if _, err := os.Stat(ts.MkAbs(filepath.Join(args[0], "lethe.json"))); err == nil {
						return
					}
					if time.Now().After(deadline) {
						ts.Fatalf("the lake in %s does not answer", args[0])
					}
					time.Sleep(10 * time.Millisecond)
				}
			},
		},
	})
}
