package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"lethe/test/need"
)

// TestMakeDemo runs the first of the two commands.
func TestMakeDemo(t *testing.T) {
	need.Command(t, "make", "apt-get install make")
	need.Command(t, "npm", "install Node.js 20")
	data := filepath.Join(t.TempDir(), "lake")
	cmd := exec.Command("make", "demo", "DATA="+data, "ARGS=--aws-addr 127.0.0.1:0 --console-addr 127.0.0.1:0 --hms-addr 127.0.0.1:0")
	cmd.Dir = need.Root()
	// What a make above this test tells its children is not for this one.
	for _, kv := range os.Environ() {
		if name, _, _ := bytes.Cut([]byte(kv), []byte("=")); string(name) != "MAKEFLAGS" && string(name) != "MFLAGS" && string(name) != "MAKELEVEL" {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	deadline := time.After(5 * time.Minute)
	for {
		if _, err := os.Stat(filepath.Join(data, "lethe.json")); err == nil {
			break
		}
		select {
		case <-ended:
			t.Fatalf("make demo ended:\n%s", out.String())
		case <-deadline:
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended
			t.Fatalf("make demo does not answer:\n%s", out.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
	<-ended
	for _, want := range []string{"lethe is ready.", "user admin, password "} {
		if !bytes.Contains(out.Bytes(), []byte(want)) {
			t.Errorf("make demo does not say %q:\n%s", want, out.String())
		}
	}
}
