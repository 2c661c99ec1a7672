// Package lake runs the real program for tests: a lake in a temporary folder,
// started, killed and stopped as a person would.
package lake

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lethe/config"
	"lethe/test/need"
)

// Lake is a process that runs a lake.
type Lake struct {
	Data string
	config.Endpoints

	cmd  *exec.Cmd
	done chan struct{}
	out  *log
}

// log keeps what a process prints.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var build = sync.OnceValues(func() (string, error) {
	if bin := os.Getenv("LETHE_BIN"); bin != "" {
		return bin, nil
	}
	dir, err := os.MkdirTemp("", "lethe-bin")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "lethe")
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/lethe")
	cmd.Dir = need.Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return bin, nil
})

// Binary returns the path of the program: LETHE_BIN, or one built for the test.
func Binary(t testing.TB) string {
	t.Helper()
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// ready bounds how long a lake may take until it answers.
const ready = 2 * time.Minute

// Start runs a command (serve or demo, with further flags) on a folder and
// returns when the lake answers. The lake is stopped with the test.
func Start(t testing.TB, data, command string, flags ...string) *Lake {
	t.Helper()
	l := &Lake{Data: data, done: make(chan struct{}), out: &log{}}
	args := append([]string{command, "--data", data, "--aws-addr", "127.0.0.1:0", "--console-addr", "127.0.0.1:0", "--hms-addr", "127.0.0.1:0"}, flags...)
	l.cmd = exec.Command(Binary(t), args...)
	l.cmd.Stdout, l.cmd.Stderr = l.out, l.out
	l.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		l.cmd.Wait()
		close(l.done)
	}()
	t.Cleanup(func() {
		l.Kill()
		if t.Failed() {
			t.Logf("the lake said:\n%s", tail(l.out.String(), 8000))
		}
	})
	deadline := time.Now().Add(ready)
	for {
		text, err := os.ReadFile(filepath.Join(data, "lethe.json"))
		if err == nil && json.Unmarshal(text, &l.Endpoints) == nil && l.PID == l.cmd.Process.Pid {
			return l
		}
		select {
		case <-l.done:
			t.Fatalf("the lake ended before it answered:\n%s", l.out)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("the lake does not answer after %v:\n%s", ready, l.out)
		}
	}
}

func tail(s string, n int) string {
	if len(s) > n {
		return "..." + s[len(s)-n:]
	}
	return s
}

// Output returns what the process has printed so far.
func (l *Lake) Output() string { return l.out.String() }

// Process returns the process's id.
func (l *Lake) Process() int { return l.cmd.Process.Pid }

// Kill ends the process as a power cut would, and waits until it is gone.
func (l *Lake) Kill() {
	l.cmd.Process.Kill()
	<-l.done
}

// Stop ends the process as an operator would, and fails the test if it does not
// end well.
func (l *Lake) Stop(t testing.TB) {
	t.Helper()
	l.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-l.done:
	case <-time.After(time.Minute):
		t.Fatal("the lake does not stop")
	}
	if !l.cmd.ProcessState.Success() {
		t.Errorf("the lake ended with %v:\n%s", l.cmd.ProcessState, tail(l.out.String(), 4000))
	}
}

// Alive reports whether the process still runs.
func (l *Lake) Alive() bool {
	select {
	case <-l.done:
		return false
	default:
		return true
	}
}

// Env is an environment in which AWS clients talk to the lake, and to it only.
func (l *Lake) Env() []string {
	env := []string{
		"AWS_CONFIG_FILE=" + filepath.Join(l.Data, "aws", "config"),
		"AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(l.Data, "aws", "credentials"),
		"AWS_PROFILE=lethe", "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_ENDPOINT=" + l.AWS,
	}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "AWS_") {
			env = append(env, kv)
		}
	}
	return env
}

// Run runs a program in the lake's environment and returns what it prints. It
// fails the test if the program does.
func (l *Lake) Run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := l.Try(name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// Try is Run for programs that may fail. On failure the text is what the
// program wrote on standard error.
func (l *Lake) Try(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = l.Env()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return errs.String() + out.String(), err
	}
	return out.String(), nil
}
