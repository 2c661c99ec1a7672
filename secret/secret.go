// Package secret keeps secrets as AWS Secrets Manager does: named values with versions,
// which labels (stages) point at.
//
// A secret's value is that of the version labelled AWSCURRENT. A new value takes that
// label, and the version that had it becomes AWSPREVIOUS. Versions without a label are
// deprecated: they can still be read by their ids, and the oldest of them give way when
// there are more than a hundred. A version never changes: its id is the token of the
// request that made it, so that the same request again does nothing, and another with
// the same token is refused.
//
// Values lie in the state database, sealed (package seal) and bound to their secret and
// version. What is deleted for good is overwritten there, and in its log.
//
// Names, limits, labels and errors are those of the AWS Secrets Manager API Reference
// (2017-10-17) and of its User Guide.
//
// # Rotation
//
// Rotating makes a new value, labelled AWSPENDING, makes it count where the secret is
// used, and then labels it AWSCURRENT. Where AWS runs a Lambda function, this asks a
// Rotator by the name of a function; other functions are refused.
package secret

import (
	"context"
	"embed"
	"io/fs"
	"sync"
	"time"

	"lethe"
	"lethe/lib/seal"
	"lethe/lib/state"
)

// The labels that have a meaning here.
const (
	Current  = "AWSCURRENT"
	Previous = "AWSPREVIOUS"
	Pending  = "AWSPENDING"
)

// Secret is what is known of a secret beside its value.
type Secret struct {
	ID          string // stable, also beyond a deletion and a new secret of the name
	Name, ARN   string
	Description string
	Created     time.Time
	Changed     time.Time
	Accessed    time.Time // the day when a value was last read; zero if never
	Deleted     time.Time // when it was marked for deletion; zero if it was not
	Purge       time.Time // when it will be gone, if it was
	Tags        []Tag
	Stages      map[string]string // version ids by label
	Rotation    Rotation
}

// Tag is a label on a secret.
type Tag struct{ Key, Value string }

// Version is one value's description.
type Version struct {
	ID       string
	Stages   []string // sorted; none if it is deprecated
	Created  time.Time
	Accessed time.Time
}

// Value is what is secret: a text or bytes.
type Value struct {
	Text   string
	Binary []byte // if not nil, Text is ""
}

// Zero reports whether there is none.
func (v Value) Zero() bool { return v.Text == "" && v.Binary == nil }

func (v Value) equal(w Value) bool {
	return v.Text == w.Text && string(v.Binary) == string(w.Binary) && (v.Binary == nil) == (w.Binary == nil)
}

// String hides the value.
func (v Value) String() string { return "(hidden)" }

// GoString hides the value.
func (v Value) GoString() string { return v.String() }

// Config introduces the service to its neighbours.
type Config struct {
	DB     *state.DB
	Keys   *seal.Keyring
	Region string
	// Rotators by the names of their functions.
	Rotators map[string]Rotator
}

// Service keeps secrets. It is safe for concurrent use.
type Service struct {
	Config
	now func() time.Time

	rotation sync.Mutex // one at a time
	mu       sync.Mutex
	dirty    bool // the log may hold what was deleted for good
}

//go:embed migrations/*.sql
var migrations embed.FS

// Open brings the tables up to date.
func Open(ctx context.Context, c Config) (*Service, error) {
	set, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if c.Region == "" {
		c.Region = lethe.DefaultRegion
	}
	// What a killed process deleted may be in the log still.
	return &Service{Config: c, now: time.Now, dirty: true}, c.DB.Migrate(ctx, "secret", set)
}
