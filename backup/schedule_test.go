package backup_test

import (
	"path/filepath"
	"testing"
	"time"

	"lethe"
	"lethe/backup"
	"lethe/lib/state"
)

// TestSlots: slots come at the same time of day, before 1970 too.
func TestSlots(t *testing.T) {
	const h = time.Hour
	for _, c := range []struct {
		every, at time.Duration
		now, want string
	}{
		{24 * h, 2*h + 30*time.Minute, "2026-11-23T02:30:00Z", "2026-11-23T02:30:00Z"},
		{24 * h, 2*h + 30*time.Minute, "2026-11-23T02:29:59Z", "2026-11-22T02:30:00Z"},
		{6 * h, h, "2026-11-23T13:05:00Z", "2026-11-23T13:00:00Z"},
		{6 * h, h, "2026-11-23T00:59:00Z", "2026-11-22T19:00:00Z"},
		{168 * h, 0, "2026-11-23T00:59:00Z", "2026-11-19T00:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := (backup.Schedule{Every: c.every, At: c.at}).Slot(now).Format(time.RFC3339); got != c.want {
			t.Errorf("every %s at %s the slot of %s is %s, not %s", c.every, c.at, c.now, got, c.want)
		}
	}
}

// TestDue: a new schedule is due at once, a slot until its backup is made, also if one has
// failed or its entry is dropped, and then the next; of many that passed the last is.
func TestDue(t *testing.T) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l, err := backup.OpenLedger(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	s := backup.Schedule{Place: "/vault", Every: 24 * time.Hour, Keep: 48 * time.Hour}
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	due := func(now time.Time, want time.Time) {
		t.Helper()
		if slot, err := l.Due(t.Context(), s, now); err != nil || !slot.Equal(want) {
			t.Errorf("at %s the slot %s is due, not %s: %v", now, slot, want, err)
		}
	}
	put := func(state backup.State, slot time.Time) string {
		t.Helper()
		e := backup.Entry{ID: lethe.NewOrderedID(), Place: s.Place, State: state}
		if err := l.PutScheduled(t.Context(), e, s, slot); err != nil {
			t.Fatal(err)
		}
		return e.ID
	}
	monday := noon.Truncate(24 * time.Hour)
	due(noon, monday)
	put(backup.Making, monday)
	put(backup.Failed, monday)
	due(noon, monday)
	id := put(backup.Made, monday)
	due(noon, time.Time{})
	if err := l.Drop(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	due(noon.Add(11*time.Hour), time.Time{})
	due(noon.Add(-24*time.Hour), time.Time{}) // a clock was set back
	due(noon.Add(12*time.Hour), monday.AddDate(0, 0, 1))
	thursday := monday.AddDate(0, 0, 3)
	due(noon.AddDate(0, 0, 3), thursday)
	put(backup.Made, thursday)
	put(backup.Made, monday) // it was long
	due(noon.AddDate(0, 0, 3), time.Time{})
	s.Place = "s3://vault/"
	due(noon, monday)
}
