package instance

import (
	"context"
	"io"
	"log/slog"
	"time"

	"lethe/lib/seal"
	"lethe/lib/state"
	"lethe/workflow"
)

// Options are what Local stands on.
type Options struct {
	// DB keeps what is known of instances, snapshots, groups and events.
	DB *state.DB
	// Keys seal passwords and private keys in DB.
	Keys *seal.Keyring
	// Workflow runs what is done to instances; Register says to its registry how.
	Workflow workflow.Engine
	// Engines are those of this host.
	Engines []Engine
	// Backups keeps what is saved of instances; nothing is saved if nil.
	Backups Backups
	// Secrets keeps passwords that RDS manages; ManageMasterUserPassword is refused if nil.
	Secrets Secrets
	// Dir is the folder in which each server gets its own, named by its resource id.
	Dir string
	// Host is the address at which servers listen, and which endpoints name.
	Host string
	// Region is that of requests which name none in their rds.Options.
	Region string
	// Scale multiplies a class's memory (and, below 1, its CPUs) into what a server gets
	// on this host; 1, or 0, is the class's own. Answers always have the class's figures.
	Scale float64
	// Memory is what servers may have of this host in all, in bytes; 0 for what the host has.
	Memory int64
	// Now is the clock of windows and retention; time.Now if nil.
	Now func() time.Time
	// Log gets what no caller is told.
	Log *slog.Logger
}

// Backups keeps what is saved of instances, by key: base backups and log files. What Put
// has returned from is durable.
type Backups interface {
	// Put keeps what r has. It replaces what was there whole, or, after an error of r, not at all.
	Put(ctx context.Context, key string, r io.Reader) error
	// Open reads what was put; an error of kind NotFound if there is nothing.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// List returns the keys that begin with prefix, in order.
	List(ctx context.Context, prefix string) ([]string, error)
	// Delete forgets a key. It is no error that it is not there.
	Delete(ctx context.Context, key string) error
}

// Secrets keeps the passwords of masters that are managed (ManageMasterUserPassword).
// Put may be repeated after a crash.
type Secrets interface {
	// Put makes the secret of a name, or gives it another value, a JSON text with username
	// and password, and returns its ARN.
	Put(ctx context.Context, region, name, value string) (arn string, err error)
	// Delete removes the secret. It is no error that it is not there.
	Delete(ctx context.Context, region, name string) error
}

// Local is the Provider that runs engines on this host.
//
// A request's region is that of its options, func(o *rds.Options) { o.Region = "..." },
// as for the SDK's client. Any name is a region; names of instances, snapshots and groups
// are unique in theirs.
type Local struct {
	Options
}
