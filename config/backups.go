package config

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"lethe"
)

// ScheduledBackup has a running lake back itself up to one place, again and again.
type ScheduledBackup struct {
	// To is an absolute path, or s3://bucket/prefix with a bucket of Stores.
	To string `yaml:"to"`
	// Every is how often, a part of a day in whole hours or a number of whole days; 0 means
	// each day.
	Every time.Duration `yaml:"every"`
	// At is the time of day, in UTC, from which on that counts, as 02:30; "" means 00:00.
	At string `yaml:"at"`
	// Keep is after how long one is deleted; 0 means 35 days.
	Keep time.Duration `yaml:"keep"`
}

const day = 24 * time.Hour

// Offset is At as a time after midnight.
func (b ScheduledBackup) Offset() (time.Duration, error) {
	if b.At == "" {
		return 0, nil
	}
	t, err := time.Parse("15:04", b.At)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err
}

// checkBackups reports the first field of them that cannot be used, and fills in what is
// not said.
func (c *Config) checkBackups() error {
	seen := map[string]bool{}
	for i := range c.Backups {
		b := &c.Backups[i]
		bad := func(field, value, reason string) error {
			return &Error{fmt.Sprintf("backups[%d].%s", i, field), value, reason}
		}
		if strings.HasPrefix(b.To, "s3://") {
			if _, err := lethe.ParseLocation(b.To); err != nil {
				return bad("to", b.To, "must be a location s3://bucket/prefix")
			}
		} else if !filepath.IsAbs(b.To) {
			return bad("to", b.To, "must be an absolute path, or s3://bucket/prefix")
		}
		if seen[b.To] {
			return bad("to", b.To, "is there twice")
		}
		seen[b.To] = true
		if b.Every == 0 {
			b.Every = day
		}
		if b.Every < time.Hour || b.Every%time.Hour != 0 || day%b.Every != 0 && b.Every%day != 0 {
			return bad("every", b.Every.String(), "must be 1h, 2h, 3h, 4h, 6h, 8h, 12h, or a number of whole days, as 24h or 168h")
		}
		if _, err := b.Offset(); err != nil {
			return bad("at", b.At, "must be a time of day in UTC, as 02:30")
		}
		if b.Keep == 0 {
			b.Keep = 35 * day
		}
		if b.Keep < b.Every {
			return bad("keep", b.Keep.String(), "must be as long as every at least, or there would be times without a backup")
		}
	}
	return nil
}
