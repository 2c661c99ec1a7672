package daemon

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Process is a server that was started or adopted.
type Process struct {
	pid     int
	started uint64 // as of stat
	rec     record
	done    chan struct{}

	mu   sync.Mutex
	fd   *os.File // nil once it has ended or was released
	exit string
}

// living are the processes that this program has started or adopted and that have not
// ended. However often one is adopted, it is the same.
var living = struct {
	sync.Mutex
	by map[identity]*Process
}{by: map[identity]*Process{}}

type identity struct {
	pid     int
	started uint64
}

// join returns the Process that has been there for this one, or else p, which then is.
func (p *Process) join() *Process {
	living.Lock()
	defer living.Unlock()
	id := identity{p.pid, p.started}
	if other := living.by[id]; other != nil {
		return other
	}
	living.by[id] = p
	return p
}

// Adopt takes up the server of a pid file, whoever started it. It returns ErrNotRunning
// if there is none.
func Adopt(pidFile string) (*Process, error) {
	f, err := os.OpenFile(pidFile, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotRunning
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := ours(f); err != nil {
		return nil, err
	}
	r, was, err := read(f)
	if err != nil {
		return nil, err
	}
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	if boot != r.Boot {
		return nil, ErrNotRunning
	}
	p := &Process{pid: was.pid, started: was.started, rec: r, done: make(chan struct{})}
	if p.fd, err = pidfd(was.pid); err != nil {
		return nil, err
	}
	// From here on the id is that of one process, which is looked at now.
	if err := p.same(); err != nil {
		p.release()
		return nil, err
	}
	if other := p.join(); other != p {
		p.release()
		return other, nil
	}
	go p.watch(p.fd)
	return p, nil
}

// read reads a pid file. While somebody is about to start a server, and has not yet
// written all of it, it waits.
func read(f *os.File) (r record, was stat, err error) {
	for end := time.Now().Add(wait); ; time.Sleep(2 * time.Millisecond) {
		free := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) == nil
		if free {
			_ = unix.Flock(int(f.Fd()), unix.LOCK_UN)
		}
		text, err := io.ReadAll(io.NewSectionReader(f, 0, 64<<10))
		if err != nil {
			return r, was, err
		}
		first, second, _ := bytes.Cut(text, []byte("\n"))
		if json.Unmarshal(first, &r) == nil && bytes.HasSuffix(second, []byte("\n")) {
			if was, err = parseStat(second); err == nil {
				return r, was, nil
			}
		}
		if free || time.Now().After(end) {
			return r, was, ErrNotRunning
		}
	}
}

// same returns ErrNotRunning if the process is not the one of the record.
func (p *Process) same() error {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		return ErrNotRunning
	}
	is, err := parseStat(text)
	if err != nil {
		return err
	}
	if is.started != p.started || is.state == 'Z' || is.state == 'X' {
		return ErrNotRunning
	}
	info, err := os.Stat(fmt.Sprintf("/proc/%d", p.pid))
	if err != nil {
		return ErrNotRunning
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != p.rec.UID {
		return ErrNotRunning
	}
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.pid))
	if err != nil {
		return ErrNotRunning
	}
	exe = strings.TrimSuffix(exe, " (deleted)") // it was upgraded meanwhile
	if exe == p.rec.Path {
		return nil
	}
	// It has been written down and is about to become the server.
	if sh, err := filepath.EvalSymlinks("/bin/sh"); err == nil && exe == sh {
		return nil
	}
	return ErrNotRunning
}

func pidfd(pid int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err == unix.ESRCH {
		return nil, ErrNotRunning
	}
	if err != nil {
		return nil, os.NewSyscallError("pidfd_open", err)
	}
	return os.NewFile(uintptr(fd), "pidfd"), nil
}

// child is the Process of a command that this program has started.
func child(cmd *exec.Cmd, r record) (*Process, error) {
	p := &Process{pid: cmd.Process.Pid, rec: r, done: make(chan struct{})}
	var err error
	if p.fd, err = pidfd(p.pid); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		return nil, err
	}
	is, err := parseStat(text)
	if err != nil {
		return nil, err
	}
	p.started = is.started
	p.join()
	go func() {
		cmd.Wait() // reaps it
		p.mu.Lock()
		p.exit = cmd.ProcessState.String()
		p.mu.Unlock()
		p.ended()
	}()
	return p, nil
}

// watch waits in the runtime's poller until the pidfd is readable, which it is when the
// process has ended (pidfd_open(2)).
func (p *Process) watch(fd *os.File) {
	if c, err := fd.SyscallConn(); err == nil {
		err = c.Read(func(fd uintptr) bool {
			fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			n, err := unix.Poll(fds, 0)
			return err == nil && n > 0
		})
		if err != nil {
			return // released
		}
	}
	p.ended()
}

func (p *Process) ended() {
	p.release()
	living.Lock()
	delete(living.by, identity{p.pid, p.started})
	living.Unlock()
	if p.rec.Group != "" {
		os.Remove(p.rec.Group) // which fails while children are in it
	}
	close(p.done)
}

func (p *Process) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd != nil {
		p.fd.Close()
		p.fd = nil
	}
}

// PID is the process's id, for people to read.
func (p *Process) PID() int { return p.pid }

// Done returns a channel that is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit tells how a process has ended that this program started: "exit status 1",
// "signal: killed". It is "" before, and for one that was adopted.
func (p *Process) Exit() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exit
}

// Signal sends a signal to the process, and to none else that may have got its id. It
// returns os.ErrProcessDone if it has ended.
func (p *Process) Signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd == nil {
		return os.ErrProcessDone
	}
	err := unix.PidfdSendSignal(int(p.fd.Fd()), sig, nil, 0)
	if err == unix.ESRCH {
		return os.ErrProcessDone
	}
	return os.NewSyscallError("pidfd_send_signal", err)
}

// Unlimited says why a process has not all of the limits that it was to have, or is "".
func (p *Process) Unlimited() string { return p.rec.Unlimited }

// Memory is the resident memory of the process and all of its children, in bytes. What
// they share among them counts once.
func (p *Process) Memory() (int64, error) {
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	children := map[int][]int{}
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		if s, err := parseStat(text); err == nil {
			children[s.parent] = append(children[s.parent], s.pid)
		}
	}
	var own, shared int64
	for tree := []int{p.pid}; len(tree) > 0; tree = tree[1:] {
		anonymous, mapped := resident(tree[0])
		own += anonymous
		shared = max(shared, mapped)
		tree = append(tree, children[tree[0]]...)
	}
	if own == 0 {
		return 0, ErrNotRunning
	}
	return own + shared, nil
}

// resident returns the process's own pages, and those of files and shared memory, in
// bytes (proc_pid_status(5)).
func resident(pid int) (own, shared int64) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			continue
		}
		switch name {
		case "RssAnon":
			own += n << 10
		case "RssFile", "RssShmem":
			shared += n << 10
		}
	}
	return own, shared
}

// stat is some of /proc/PID/stat.
type stat struct {
	pid, parent int
	state       byte
	started     uint64 // clock ticks since the boot
}

// parseStat reads a line of /proc/PID/stat (proc_pid_stat(5)). The command's name, in
// parentheses, may itself have any character.
func parseStat(line []byte) (stat, error) {
	open, end := bytes.IndexByte(line, '('), bytes.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return stat{}, fmt.Errorf("no stat of a process: %.40q", line)
	}
	var s stat
	var err error
	if s.pid, err = strconv.Atoi(string(bytes.TrimSpace(line[:open]))); err != nil {
		return stat{}, err
	}
	rest := bytes.Fields(line[end+1:]) // from the third field on
	if len(rest) < 20 || len(rest[0]) != 1 {
		return stat{}, fmt.Errorf("no stat of a process: %.40q", line)
	}
	s.state = rest[0][0]
	if s.parent, err = strconv.Atoi(string(rest[1])); err != nil {
		return stat{}, err
	}
	s.started, err = strconv.ParseUint(string(rest[19]), 10, 64)
	return s, err
}

// wait is how long a tool that was told to end may take, and a start to be written down.
const wait = 10 * time.Second
