package daemon

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func (u User) credential() *syscall.Credential {
	if u.UID == os.Geteuid() {
		return nil
	}
	c := &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(u.GID)}
	for _, g := range u.Groups {
		c.Groups = append(c.Groups, uint32(g))
	}
	return c
}

// Command is a tool that runs as a user and ends with the program: what makes a
// server's files or copies them.
type Command struct {
	Path   string
	Args   []string // without the name
	Env    []string // all of the environment
	Dir    string
	User   User
	Stdin  io.Reader
	Stdout io.Writer // nil for the output to be returned
}

// Run runs the tool and returns what it printed, at most 64 KiB of it: its output, if
// it has no Stdout, and its errors. An error has the end of that.
func (c Command) Run(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Env, cmd.Dir, cmd.Stdin = c.Env, c.Dir, c.Stdin
	if cmd.Env == nil {
		cmd.Env = []string{}
	}
	cmd.WaitDelay = wait
	printed := &tail{}
	cmd.Stdout, cmd.Stderr = printed, printed
	if c.Stdout != nil {
		cmd.Stdout = c.Stdout
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.User.credential(), Setpgid: true, Pdeathsig: unix.SIGKILL}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	result := make(chan error, 1)
	go func() {
		// A child gets its signal when the thread ends that made it. This one stays
		// until then.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		result <- cmd.Run()
	}()
	err := <-result
	text := string(printed.text)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		end := strings.TrimSpace(text)
		if len(end) > 2000 {
			end = "..." + end[len(end)-2000:]
		}
		return text, fmt.Errorf("%s: %w: %s", filepath.Base(c.Path), err, end)
	}
	return text, nil
}

// tail keeps the last 64 KiB of what is written.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 64 << 10
	t.text = append(t.text, p...)
	if n := len(t.text) - most; n > 0 {
		t.text = append(t.text[:0], t.text[n:]...)
	}
	return len(p), nil
}

// Reach returns a *FolderError if the user cannot enter dir or one of its parents. The
// kernel is asked, as that user, so that access lists count too.
func (u User) Reach(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	var way []string
	for d := dir; ; d = filepath.Dir(d) {
		way = append([]string{d}, way...)
		if d == filepath.Dir(d) {
			break
		}
	}
	var out bytes.Buffer
	const look = `for d; do test -x "$d" || { printf %s "$d"; exit 3; }; done`
	_, err = Command{Path: "/bin/sh", Args: append([]string{"-c", look, "sh"}, way...), Dir: "/", User: u, Stdout: &out}.Run(context.Background())
	if err != nil && out.Len() > 0 {
		_, missing := os.Stat(out.String())
		return &FolderError{User: u.Name, Dir: out.String(), Missing: os.IsNotExist(missing)}
	}
	return err
}
