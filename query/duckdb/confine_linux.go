package duckdb

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// confineProcess gives up, for the whole process and for good, everything a query does
// not need. It returns the version of the kernel's Landlock ABI, 0 without.
//
// Three fences stand inside one another, so that a fault in DuckDB, which reads
// bytes that strangers wrote, stays in its directory:
//
//   - Landlock: of all files only those below in can be read and only those
//     below work written. It sees paths and not modes, so it holds for root too,
//     and it is what keeps a hard-linked object from being written through its
//     link.
//   - seccomp: no sockets, no other programs, and none of the calls that change
//     a file without opening it, which old Landlock versions let through.
//   - limits: no core files, no file larger than the query may spill.
//
// All threads are confined, also those that C code started.
func confineProcess(in, work string, fileSize int64) (abi int, err error) {
	// The first process to go when the machine runs out of memory.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("900"), 0)
	// A file that grows beyond its bound is an error to its writer, not a signal.
	signal.Ignore(syscall.SIGXFSZ)
	limits := map[int]uint64{unix.RLIMIT_CORE: 0}
	if fileSize > 0 {
		limits[unix.RLIMIT_FSIZE] = uint64(fileSize)
	}
	for what, n := range limits {
		if err := unix.Setrlimit(what, &unix.Rlimit{Cur: n, Max: n}); err != nil {
			return 0, fmt.Errorf("setrlimit: %w", err)
		}
	}
	if abi, err = ll.LandlockGetABIVersion(); err != nil || abi < 1 {
		return 0, errors.New("the kernel has no Landlock (Linux 5.13 with landlock in /sys/kernel/security/lsm)")
	}
	const (
		read  = ll.AccessFSReadFile | ll.AccessFSReadDir
		write = ll.AccessFSWriteFile | ll.AccessFSTruncate | ll.AccessFSMakeReg | ll.AccessFSMakeDir |
			ll.AccessFSRemoveFile | ll.AccessFSRemoveDir
	)
	if err := landlock.V11.BestEffort().Restrict(
		landlock.PathAccess(read, in),
		landlock.PathAccess(read|write, work),
	); err != nil {
		return 0, err
	}
	if err := filterCalls(); err != nil {
		return 0, fmt.Errorf("seccomp: %w", err)
	}
	return abi, nil
}

// deniedCalls answer EPERM. Reading, writing, memory, threads and time remain.
var deniedCalls = append([]uintptr{
	// Other machines and processes.
	unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_IO_URING_SETUP,
	unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_KILL, unix.SYS_TKILL,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV,
	unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_GETFD, unix.SYS_PIDFD_SEND_SIGNAL,
	unix.SYS_SHMGET, unix.SYS_MSGGET, unix.SYS_SEMGET, unix.SYS_MQ_OPEN,
	// Changes to files by path or mode, which need no file open for writing.
	unix.SYS_TRUNCATE, unix.SYS_FCHMOD, unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2,
	unix.SYS_FCHOWN, unix.SYS_FCHOWNAT, unix.SYS_UTIMENSAT,
	unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR,
	unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR,
	unix.SYS_LINKAT, unix.SYS_SYMLINKAT, unix.SYS_MKNODAT,
	unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_OPEN_BY_HANDLE_AT,
	// The system.
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT,
	unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
	unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD,
	unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_SYSLOG,
	unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME, unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_CLOCK_ADJTIME, unix.SYS_ADJTIMEX,
}, deniedCallsArch...)

// filterCalls installs the seccomp filter on every thread.
func filterCalls() error {
	const (
		offCall = 0 // struct seccomp_data: nr, arch, instruction pointer, args
		offArch = 4
		offArg0 = 16 // the lower half, on the little-endian machines that lethe runs on
	)
	deny := unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	var f []unix.SockFilter
	stmt := func(code uint16, k uint32) { f = append(f, unix.SockFilter{Code: code, K: k}) }
	jump := func(code uint16, k uint32, t, e uint8) {
		f = append(f, unix.SockFilter{Code: unix.BPF_JMP | code | unix.BPF_K, Jt: t, Jf: e, K: k})
	}
	load := func(off uint32) { stmt(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, off) }
	ret := func(k uint32) { stmt(unix.BPF_RET|unix.BPF_K, k) }

	load(offArch)
	jump(unix.BPF_JEQ, auditArch, 1, 0)
	ret(unix.SECCOMP_RET_KILL_PROCESS) // 32-bit calls have other numbers
	load(offCall)
	jump(unix.BPF_JGE, 0x40000000, 0, 1) // x32
	ret(deny)
	for _, nr := range deniedCalls {
		jump(unix.BPF_JEQ, uint32(nr), 0, 1)
		ret(deny)
	}
	// clone3 hides its flags in memory: the C library falls back to clone, which
	// may make threads only.
	jump(unix.BPF_JEQ, unix.SYS_CLONE3, 0, 1)
	ret(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS))
	jump(unix.BPF_JEQ, unix.SYS_CLONE, 0, 4)
	load(offArg0)
	jump(unix.BPF_JSET, unix.CLONE_THREAD, 1, 0)
	ret(deny)
	ret(unix.SECCOMP_RET_ALLOW)
	// Signals within the process only; its own limits only.
	for nr, own := range map[uint32]uint32{unix.SYS_TGKILL: uint32(os.Getpid()), unix.SYS_RT_TGSIGQUEUEINFO: uint32(os.Getpid()),
		unix.SYS_RT_SIGQUEUEINFO: uint32(os.Getpid()), unix.SYS_PRLIMIT64: 0} {
		jump(unix.BPF_JEQ, nr, 0, 4)
		load(offArg0)
		jump(unix.BPF_JEQ, own, 1, 0)
		ret(deny)
		ret(unix.SECCOMP_RET_ALLOW)
	}
	ret(unix.SECCOMP_RET_ALLOW)

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	prog := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	r, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	switch {
	case e != 0:
		return e
	case r != 0:
		return errors.New("thread " + strconv.Itoa(int(r)) + " does not take the filter")
	}
	return nil
}
