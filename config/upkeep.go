package config

import (
	"fmt"
	"time"
)

// Upkeep configures what a lake does by itself to stay in order.
type Upkeep struct {
	// Lifecycle is how often the lifecycle rules of buckets are applied, which count
	// in whole days; 0 means never.
	Lifecycle time.Duration `yaml:"lifecycle"`
	// Scrub is how long after one scrub, which reads every stored byte and compares
	// checksums, the next begins; 0 means never.
	Scrub time.Duration `yaml:"scrub"`
	// ScrubRate bounds the bytes that a scrub reads in a second; 0 is no bound.
	ScrubRate Bytes `yaml:"scrub_rate"`
}

// DefaultUpkeep returns the configuration unless set.
func DefaultUpkeep() Upkeep {
	return Upkeep{Lifecycle: time.Hour, Scrub: 7 * 24 * time.Hour, ScrubRate: 20 << 20}
}

func (u Upkeep) check() error {
	for field, d := range map[string]time.Duration{"upkeep.lifecycle": u.Lifecycle, "upkeep.scrub": u.Scrub} {
		if d < 0 || d > 0 && d < time.Minute {
			return &Error{field, d.String(), "must be at least a minute, or 0 for never"}
		}
	}
	if u.ScrubRate < 0 {
		return &Error{"upkeep.scrub_rate", fmt.Sprint(int64(u.ScrubRate)), "must be at least 0"}
	}
	return nil
}
