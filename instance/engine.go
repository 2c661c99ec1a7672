package instance

import (
	"context"
	"io"
	"time"
)

// Engine makes and runs servers of one database engine, from what the host's packages
// have installed. instancetest holds what all of them do.
//
// A server is its folder: no method needs more than the [Server] it is given. Every
// method may be called again after a crash of lethe at any line and then goes on or
// finds its work done. Servers outlive lethe: Start adopts one that runs already.
//
// Errors are of kind Unsupported where the host lacks something, and name the package
// or the folder; of kind Invalid where a setting or a backup is at fault; Exhausted
// where there is no room on the disk.
type Engine interface {
	// Name is RDS's name of the engine: postgres, mariadb, mysql.
	Name() string
	// Versions are those installed, the newest first.
	Versions(ctx context.Context) ([]Version, error)
	// Parameters describes a family's settings, with the values RDS gives them by
	// default: formulas over the class in braces.
	Parameters(family string) ([]Parameter, error)

	// Create makes the server's data, with its first user and database.
	Create(ctx context.Context, s Server, m Master) error
	// Start returns when the server accepts connections of clients.
	Start(ctx context.Context, s Server) error
	// Stop returns when the server has ended. What it was doing is undone or kept, as
	// it would be for clients that go away. It is no error that it does not run.
	Stop(ctx context.Context, s Server) error
	// Ended returns a channel that is closed when the server's process has ended, by
	// whatever cause, or that is closed already if it does not run.
	Ended(s Server) <-chan struct{}
	// Apply puts s.Settings into effect and returns the names of those that a running
	// server takes only when it is started again.
	Apply(ctx context.Context, s Server) (pending []string, err error)
	// SetPassword gives the first user another password.
	SetPassword(ctx context.Context, s Server, m Master) error
	// Metrics measures a running server.
	Metrics(ctx context.Context, s Server) (Metrics, error)

	// Backup writes a whole base backup of a running server to w, in a form that is the
	// engine's own, compressed.
	Backup(ctx context.Context, s Server, w io.Writer) (Backup, error)
	// Restore makes a server's data from a backup and the logs since then. The server
	// does not run afterwards; Start with any class's settings is the caller's next step.
	Restore(ctx context.Context, s Server, r io.Reader, how Recovery) error
	// Closed returns the log files (write-ahead or binary) that are complete and were not
	// yet passed to Release, in order. If rotate is true, the current one is ended first.
	Closed(ctx context.Context, s Server, rotate bool) ([]Log, error)
	// Release lets go of a log file, which is kept elsewhere now.
	Release(ctx context.Context, s Server, l Log) error

	// Follow makes s's data as a copy of the running server of, and s its replica once
	// started. If wait is true, of's commits wait for s from then on, while s is there.
	Follow(ctx context.Context, s, of Server, wait bool) error
	// Unfollow ends what Follow made at of, so that of no longer keeps anything for s.
	Unfollow(ctx context.Context, s, of Server) error
	// Synced reports whether s, which of's commits wait for, has all that of has told its
	// clients is committed, so that s can take its place. Of may have died. It is false where
	// that is not certain: before s has caught up, and after it was away. A server that was
	// promoted since is.
	Synced(ctx context.Context, s, of Server) (bool, error)
	// Promote makes a replica a server of its own, which accepts writes at s.Port when
	// Promote returns. It need not run before.
	Promote(ctx context.Context, s Server) error
}

// Version is an engine's version.
type Version struct {
	Number string // as RDS has it: 15.18, 10.11.19
	Family string // of parameter groups: postgres15, mariadb10.11
	Title  string // PostgreSQL 15.18
}

// Server is all that an engine needs to know of a server.
type Server struct {
	ID      string // the resource id, db-...; names it for good
	Dir     string // its folder, which the engine's user owns; the engine chooses what is in it
	Version string // one of Versions' numbers
	Host    string // the address it listens at
	Port    int
	TLS     TLS
	Limits  Limits
	// Settings are the parameters that are set, by name, in the engine's own words and
	// units, formulas resolved. The engine adds what it needs to be a server of lethe.
	Settings map[string]string
	// Archive says that log files are kept until Release.
	Archive bool
}

// TLS is a server's certificate, in PEM, and that of who signed it.
type TLS struct{ Cert, Key, CA []byte }

// Limits are what a class may use of its host, by cgroup where the host has one.
type Limits struct {
	CPUs   float64 // 0 for no bound
	Memory int64   // bytes
	IO     int64   // bytes a second, each of reading and writing
}

// Master is a server's first user.
type Master struct {
	User, Password string
	Database       string // that is made for it, "" for none but the engine's own
}

// Parameter describes a setting of an engine, as DescribeDBParameters does.
type Parameter struct {
	Name, Description string
	Value             string // by default; a formula in braces or a value; "" for the engine's own
	Type              string // integer, float, string, boolean, list
	Allowed           string // 6-8388607, or a list with commas; "" for anything
	Static            bool   // takes effect when the server is started
	Fixed             bool   // cannot be modified by users
}

// Backup describes a base backup.
type Backup struct {
	Mark    string    // where the logs go on, in the engine's words
	End     time.Time // the earliest moment that it can be recovered to
	Bytes   int64     // of data, before compression
	Version string
	// Settings are those that a recovery must not be below (PostgreSQL documentation,
	// hot standby: max_connections and others).
	Settings map[string]string
}

// Recovery says how far to recover.
type Recovery struct {
	Backup Backup
	Logs   string    // a folder with the log files since the backup, "" for none
	Until  time.Time // to the second; zero for all that the logs have
	Master *Master   // if not nil, the first user gets this password
}

// Log is a log file of a server.
type Log struct {
	Name string // sorts in order
	Path string
	Last time.Time // everything before it is in this file or those before
	Size int64
}

// Metrics are measured at one moment.
type Metrics struct {
	Connections int
	Commits     int64 // transactions since it was started
	Reads, Hits int64 // blocks from outside and inside the engine's cache since then
	Bytes       int64 // of data
	Lag         time.Duration
	HasLag      bool // it is a replica
	Started     time.Time
	MemoryInUse int64 // bytes, resident, of all its processes
}
