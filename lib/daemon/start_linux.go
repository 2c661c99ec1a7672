package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// record is the first line of a pid file. The second is the process's /proc/PID/stat,
// written by the process itself.
type record struct {
	Path  string // of the executable, without symbolic links
	UID   int
	Boot  string // the boot's id
	Group string // the folder of its control group, "" if it has none
	// Unlimited says why the limits are not in force.
	Unlimited string
}

// shell runs between fork and the server, as the server's user: it writes down what
// process it is, waits for a word that the starter, who may have died, has done what
// it must, and becomes the server. It has the pid file as 3, the log as $0. A server's
// memory holds passwords, so that there is to be no core file.
const shell = `umask 077
ulimit -c 0
files=$1; shift
[ "$files" = 0 ] || ulimit -S -n "$files" 2>/dev/null || ulimit -S -n "$(ulimit -H -n)"
IFS= read -r stat </proc/self/stat && printf '%s\n' "$stat" >&3 || exit 1
IFS= read -r go || exit 1
exec "$@" </dev/null >>"$0" 2>&1
`

// Start runs a server and returns when its process is there. It waits until the children
// of one that has ended are gone too, and returns ErrRunning if one runs. How a server
// that could not run has ended, the log and [Process.Exit] tell.
func Start(ctx context.Context, s Spec) (*Process, error) {
	path, err := filepath.EvalSymlinks(s.Path)
	if err != nil {
		return nil, err
	}
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	f, err := lock(ctx, s.PIDFile)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the server has it now
	r := record{Path: path, UID: s.User.UID, Boot: boot}
	attr := &syscall.SysProcAttr{Setsid: true, Credential: s.User.credential()}
	if s.Group != "" && s.Limits != (Limits{}) {
		group, err := limit(s.Group, s.Limits)
		if err != nil {
			r.Unlimited = err.Error()
		}
		if group != nil {
			defer group.Close()
			r.Group = group.Name()
			attr.UseCgroupFD, attr.CgroupFD = true, int(group.Fd())
		}
	}
	line, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(0); err != nil {
		return nil, err
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return nil, err
	}
	// Files that the program itself was started with are not passed on.
	if err := unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("close_range", err)
	}
	in, word, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer word.Close()
	complaint, out, err := os.Pipe()
	if err != nil {
		in.Close()
		return nil, err
	}
	defer complaint.Close()
	cmd := exec.Command("/bin/sh", append([]string{"-c", shell, s.Log, strconv.FormatUint(s.Files, 10), s.Path}, s.Args...)...)
	cmd.Env, cmd.Dir, cmd.SysProcAttr = s.Env, s.Dir, attr
	if cmd.Env == nil {
		cmd.Env = []string{} // not the program's
	}
	cmd.Stdin, cmd.Stderr, cmd.ExtraFiles = in, out, []*os.File{f}
	err = cmd.Start()
	in.Close()
	out.Close()
	if err != nil {
		return nil, err
	}
	p, err := child(cmd, r)
	if err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return nil, err
	}
	if err := s.score(p.pid); err != nil {
		p.Signal(unix.SIGKILL)
		return nil, err
	}
	if _, err := io.WriteString(word, "go\n"); err != nil && !errors.Is(err, syscall.EPIPE) {
		p.Signal(unix.SIGKILL)
		return nil, err
	}
	// What the shell complains of ends when it becomes the server.
	text, _ := io.ReadAll(io.LimitReader(complaint, 4<<10))
	if len(text) > 0 {
		p.Signal(unix.SIGKILL)
		<-p.Done()
		return nil, fmt.Errorf("%s as %s: %s", s.Path, s.User.Name, strings.TrimSpace(string(text)))
	}
	return p, nil
}

// score sets what only the program may, if at all.
func (s Spec) score(pid int) error {
	if s.OOMScore != 0 {
		err := os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), fmt.Append(nil, s.OOMScore), 0)
		if err != nil && !errors.Is(err, os.ErrPermission) {
			return err
		}
	}
	return nil
}

// lock opens the pid file when no process of a former server holds it.
func lock(ctx context.Context, path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := ours(f); err != nil {
		f.Close()
		return nil, err
	}
	for {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
			return f, nil
		}
		if err != unix.EWOULDBLOCK && err != unix.EINTR {
			break
		}
		p, err2 := Adopt(path)
		if err2 == nil {
			err = fmt.Errorf("process %d: %w", p.pid, ErrRunning)
			break
		}
		if !errors.Is(err2, ErrNotRunning) {
			err = err2
			break
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("children of the former process still hold %s: %w", path, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	f.Close()
	return nil, err
}

// ours returns an error if the file is not one that this program's user has made.
func ours(f *os.File) error {
	i, err := f.Stat()
	if err != nil {
		return err
	}
	if st, ok := i.Sys().(*syscall.Stat_t); !i.Mode().IsRegular() || !ok || int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%s is no file of the user %d, as whom this program runs", f.Name(), os.Geteuid())
	}
	return nil
}

func bootID() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b)), err
}
