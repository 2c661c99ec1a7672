package config

import (
	"strings"
	"testing"
	"time"
)

// TestBackups: what is not said of a scheduled backup is each day, at midnight, for 35 days,
// and what cannot be is named.
func TestBackups(t *testing.T) {
	for name, c := range map[string]struct {
		b    ScheduledBackup
		says string // "" if it is fine
	}{
		"a folder":          {b: ScheduledBackup{To: "/vault"}},
		"a bucket":          {b: ScheduledBackup{To: "s3://vault/lake/", Every: 6 * time.Hour, At: "23:59", Keep: 48 * time.Hour}},
		"each week":         {b: ScheduledBackup{To: "/vault", Every: 168 * time.Hour}},
		"nowhere":           {ScheduledBackup{}, "backups[0].to"},
		"a relative folder": {ScheduledBackup{To: "vault"}, "backups[0].to"},
		"no bucket":         {ScheduledBackup{To: "s3://"}, "backups[0].to"},
		"each minute":       {ScheduledBackup{To: "/vault", Every: time.Minute}, "backups[0].every"},
		"five a day":        {ScheduledBackup{To: "/vault", Every: 5 * time.Hour}, "backups[0].every"},
		"a day and a half":  {ScheduledBackup{To: "/vault", Every: 36 * time.Hour}, "backups[0].every"},
		"no time of day":    {ScheduledBackup{To: "/vault", At: "25:00"}, "backups[0].at"},
		"kept too short":    {ScheduledBackup{To: "/vault", Keep: time.Hour}, "backups[0].keep"},
	} {
		cfg := Default()
		cfg.Backups = []ScheduledBackup{c.b}
		err := cfg.Check()
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
		if b := cfg.Backups[0]; c.says == "" && (b.Every == 0 || b.Keep == 0) {
			t.Errorf("%s: %+v", name, b)
		}
	}
	cfg := Default()
	cfg.Backups = []ScheduledBackup{{To: "/vault"}, {To: "/vault"}}
	if err := cfg.Check(); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Error(err)
	}
}
