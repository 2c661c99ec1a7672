package dash

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"time"

	"lethe"
	"lethe/access"
	"lethe/lib/state"
)

// Access is what dash asks of access control.
type Access interface {
	access.Decider
	access.Viewer
	User(ctx context.Context, name string) (access.User, error)
	Role(ctx context.Context, name string) (access.Role, error)
	Group(ctx context.Context, name string) (access.Group, []access.User, error)
	Groups(ctx context.Context) ([]access.Group, error)
	// Self returns what rules can know of a principal.
	Self(ctx context.Context, p lethe.Principal) (access.Self, error)
}

// Config introduces the service to its neighbours.
type Config struct {
	DB     *state.DB
	Access Access
	Asker  Asker
	// Extracts keeps the extracts; nil if there are none: then every data set is live.
	Extracts Extracts
	Region   string
	Log      *slog.Logger
	Now      func() time.Time // nil is time.Now
}

// Service keeps data sets, analyses and dashboards, and asks them. It is safe for
// concurrent use.
//
// Its methods act for the principal of the context. Whether it may do so the caller has
// asked access control; what a method decides beside, because only it knows which
// resources are concerned, its documentation says.
type Service struct {
	Config
	// granted are the grants after so many changes.
	granted atomic.Pointer[grantsAt]
	changes atomic.Int64
	asked   asked
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
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Config: c}, c.DB.Migrate(ctx, "dash", set)
}

// now is the time in the precision that is kept.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }
