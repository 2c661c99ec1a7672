package duckdb

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func runSelf(t *testing.T, dir string, args ...string) string {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Dir, cmd.Env = dir, []string{}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v: %s", err, stderr.String())
	}
	return string(out)
}

// escape confines itself as a worker does, and then tries to get out.
func escape(address, parent string) int {
	if _, err := confine("in", "work", 1<<20); err != nil {
		fmt.Println("not confined:", err)
		return 1
	}
	pid, _ := strconv.Atoi(parent)
	try := func(what string, err error) {
		if err == nil {
			fmt.Println("done:", what)
		} else {
			fmt.Println("refused:", what, err)
		}
	}
	open := func(path string, flag int) error {
		f, err := os.OpenFile(path, flag, 0o600)
		if err == nil {
			f.Close()
		}
		return err
	}
	try("read /etc/passwd", open("/etc/passwd", os.O_RDONLY))
	try("read through a symbolic link", open("in/symlink", os.O_RDONLY))
	try("list /", func() error { _, err := os.ReadDir("/"); return err }())
	try("read its parent's memory map", open("/proc/"+parent+"/maps", os.O_RDONLY))
	try("write an object", open("in/link", os.O_WRONLY))
	try("append to an object", open("in/link", os.O_WRONLY|os.O_APPEND))
	try("truncate an object by opening it", open("in/link", os.O_RDONLY|os.O_TRUNC))
	try("truncate an object", os.Truncate("in/link", 0))
	try("remove a link", os.Remove("in/link"))
	try("rename a link", os.Rename("in/link", "work/mine"))
	try("link into work", os.Link("in/link", "work/mine"))
	try("make a symbolic link", os.Symlink("/etc/passwd", "work/passwd"))
	try("change an object's mode", os.Chmod("in/link", 0o777))
	try("change an object's owner", os.Chown("in/link", 1, 1))
	try("change an object's times", os.Chtimes("in/link", time.Unix(0, 0), time.Unix(0, 0)))
	try("set an attribute", unix.Setxattr("in/link", "user.x", []byte("x"), 0))
	try("make a file beside the link", open("in/new", os.O_WRONLY|os.O_CREATE))
	try("make a file elsewhere", open("../new", os.O_WRONLY|os.O_CREATE))
	try("make a file in /dev/shm", open("/dev/shm/lethe-test", os.O_WRONLY|os.O_CREATE))
	try("make a pipe", unix.Mkfifo("work/fifo", 0o600))
	try("dial", func() error {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			c.Close()
		}
		return err
	}())
	for _, s := range []struct {
		name                   string
		family, kind, protocol int
	}{{"TCP", unix.AF_INET, unix.SOCK_STREAM, 0}, {"UDP", unix.AF_INET, unix.SOCK_DGRAM, 0}, {"MPTCP", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP},
		{"unix", unix.AF_UNIX, unix.SOCK_STREAM, 0}, {"netlink", unix.AF_NETLINK, unix.SOCK_RAW, 0}, {"IPv6", unix.AF_INET6, unix.SOCK_STREAM, 0}} {
		_, err := unix.Socket(s.family, s.kind, s.protocol)
		try("make a socket of "+s.name, err)
	}
	try("set up io_uring", errno(unix.Syscall(unix.SYS_IO_URING_SETUP, 1, 0, 0)))
	try("signal its parent", syscall.Kill(pid, 0))
	try("signal its parent's thread", unix.Tgkill(pid, pid, 0))
	try("trace its parent", unix.PtraceAttach(pid))
	try("open its parent", func() error { _, err := unix.PidfdOpen(pid, 0); return err }())
	try("change its parent's limits", unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 8, Max: 8}, nil))
	try("run a program", exec.Command("/bin/true").Run())
	try("fork", errno(unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0)))
	try("make a namespace", unix.Unshare(unix.CLONE_NEWUSER))
	try("mount", unix.Mount("none", "work", "tmpfs", 0, ""))
	try("write more than it may", os.WriteFile("work/large", make([]byte, 2<<20), 0o600))
	if err := os.WriteFile("work/small", []byte("x"), 0o600); err != nil {
		fmt.Println("done: nothing at all:", err)
	}
	if b, err := os.ReadFile("in/link"); err != nil || string(b) != "whole" {
		fmt.Println("done: nothing at all:", err)
	}
	fmt.Println("end")
	return 0
}

// errno is a raw call's error. A child that a call made ends at once.
func errno(r, _ uintptr, e unix.Errno) error {
	if e != 0 {
		return e
	}
	if r == 0 {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	return nil
}
