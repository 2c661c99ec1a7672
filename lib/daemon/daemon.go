// Package daemon runs servers that outlive the program which starts them, as another
// user, and takes them up again after it was restarted.
//
//	u, err := daemon.Choose("", "postgres")
//	p, err := daemon.Start(ctx, daemon.Spec{
//		Path: "/usr/lib/postgresql/15/bin/postgres", Args: []string{"-D", data},
//		User: u, Dir: dir, Log: dir + "/log", PIDFile: dir + "/pid",
//	})
//	...
//	p, err = daemon.Adopt(dir + "/pid") // in the next life of the program
//	<-p.Done()
//
// A server has a session of its own, no terminal, nothing on its input, and of the
// program's files only the pid file, on which it and its children hold a lock: while
// any of them lives, none is started in its place. It is written down before it runs:
// a program that is killed at any moment leaves either a server that the pid file
// names or none.
//
// A process is the one that was started if it has the same id, started in the same
// clock tick of the same boot, runs the same executable and belongs to the same user.
// It is then held by a pidfd, so that no signal reaches another that has got its id.
// A pid file counts only if it belongs to the program's own user: the server's user,
// who may own the folder, cannot have another process signalled.
//
// Limits are set by control groups of version 2, below <mount>/lethe, which is outside
// the group of the program itself: a service manager that ends all of the program's
// group leaves servers alone. Where the host has no such hierarchy, or its controllers
// are bound to version 1, or it is not writable, servers run without, and
// [Process.Unlimited] says why.
//
// It is written for Linux 5.11 and later. Elsewhere it returns errors.ErrUnsupported.
package daemon

import (
	"errors"
	"fmt"
)

// Spec says what to run.
type Spec struct {
	Path string   // of the executable
	Args []string // without the name
	Env  []string // all of the environment
	Dir  string   // the working directory
	User User     // as whom
	// Log gets what the server prints, at its end. The server's user makes it.
	Log string
	// PIDFile names the server for Adopt.
	PIDFile string
	// OOMScore is added to the badness by which the kernel chooses whom to end when
	// there is no memory left, -1000 to 1000 (proc(5)). One that the program may not
	// set is left as it is.
	OOMScore int
	// Files is how many files the server may have open, or as many as the host lets it;
	// 0 for as many as the program.
	Files uint64
	// Group names the server's control group. Limits without one are not set.
	Group  string
	Limits Limits
}

// Limits bound a server and its children. What is 0 has no bound.
type Limits struct {
	CPUs   float64
	Memory int64 // bytes
	IO     int64 // bytes a second, each of reading and writing, at the device of Path
	Path   string
}

// Errors that callers tell apart.
var (
	// ErrNotRunning: there is no server of this pid file.
	ErrNotRunning = errors.New("not running")
	// ErrRunning: the server runs already; Adopt takes it up.
	ErrRunning = errors.New("running already")
)

// A FolderError names the folder at which a user's way ends.
type FolderError struct {
	User, Dir string
	// Missing says that the folder does not exist.
	Missing bool
}

// Error says what to do.
func (e *FolderError) Error() string {
	if e.Missing {
		return fmt.Sprintf("the folder %s does not exist", e.Dir)
	}
	return fmt.Sprintf("the user %s cannot enter the folder %s: chmod o+x it, or choose another place", e.User, e.Dir)
}
