//go:build !linux

package daemon

import (
	"context"
	"errors"
	"io"
	"syscall"
)

// Process is a server that was started or adopted.
type Process struct{}

// Start runs a server.
func Start(context.Context, Spec) (*Process, error) { return nil, errors.ErrUnsupported }

// Adopt takes up a server.
func Adopt(string) (*Process, error) { return nil, ErrNotRunning }

// PID is the process's id.
func (*Process) PID() int { return 0 }

// Done is closed when the process has ended.
func (*Process) Done() <-chan struct{} { return nil }

// Exit tells how a process has ended that this program started.
func (*Process) Exit() string { return "" }

// Signal sends a signal.
func (*Process) Signal(syscall.Signal) error { return errors.ErrUnsupported }

// Memory is the resident memory of the process and its children.
func (*Process) Memory() (int64, error) { return 0, errors.ErrUnsupported }

// Unlimited says why the limits are not in force.
func (*Process) Unlimited() string { return "" }

// CanLimit says why servers cannot be limited.
func CanLimit() error { return errors.ErrUnsupported }

// Reach returns a FolderError.
func (User) Reach(string) error { return errors.ErrUnsupported }

// Command is a tool to run.
type Command struct {
	Path   string
	Args   []string
	Env    []string
	Dir    string
	User   User
	Stdin  io.Reader
	Stdout io.Writer
}

// Run runs it.
func (Command) Run(context.Context) (string, error) { return "", errors.ErrUnsupported }
