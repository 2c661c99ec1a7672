package instance

import (
	"log/slog"
	"time"

	"lethe/lib/state"
)

// Options are what Local stands on.
type Options struct {
	// DB keeps what is known of instances, snapshots, groups and events.
	DB *state.DB
	// Engines are those of this host.
	Engines []Engine
	// Dir is the folder in which each server gets its own, named by its resource id.
	Dir string
	// Host is the address at which servers listen, and which endpoints name.
	Host string
	// Scale multiplies a class's memory (and, below 1, its CPUs) into what a server gets
	// on this host; 1 is the class's own. Answers always have the class's figures.
	Scale float64
	// Now is the clock of windows and retention; time.Now if nil.
	Now func() time.Time
	// Log gets what no caller is told.
	Log *slog.Logger
}

// Local is the Provider that runs engines on this host.
type Local struct {
	Options
}
