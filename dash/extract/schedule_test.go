package extract_test

import (
	"testing"
	"time"

	"lethe"
	"lethe/dash"
	"lethe/dash/extract"
)

func TestNext(t *testing.T) {
	for _, c := range []struct {
		s           dash.Schedule
		after, want string
	}{
		{dash.Schedule{Every: "hourly", At: "00:15"}, "2026-03-01T10:15:00Z", "2026-03-01T11:15:00Z"},
		{dash.Schedule{Every: "hourly", At: "07:15"}, "2026-03-01T10:14:59Z", "2026-03-01T10:15:00Z"},
		{dash.Schedule{Every: "hourly", At: "00:15", Zone: "Asia/Kolkata"}, "2026-03-01T10:00:00Z", "2026-03-01T10:45:00Z"},
		{dash.Schedule{Every: "hourly", At: "00:15", Zone: "Europe/Rome"}, "2026-03-29T00:15:00Z", "2026-03-29T01:15:00Z"},
		{dash.Schedule{Every: "daily", At: "06:30"}, "2026-03-01T06:30:00Z", "2026-03-02T06:30:00Z"},
		{dash.Schedule{Every: "daily", At: "6:30", Zone: "Europe/Rome"}, "2026-03-01T00:00:00Z", "2026-03-01T05:30:00Z"},
		// Clocks in Rome go from 02:00 to 03:00 on 2026-03-29, and back from 03:00 on 2026-10-25.
		{dash.Schedule{Every: "daily", At: "06:30", Zone: "Europe/Rome"}, "2026-03-28T05:30:00Z", "2026-03-29T04:30:00Z"},
		{dash.Schedule{Every: "daily", At: "02:30", Zone: "Europe/Rome"}, "2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z"},
		{dash.Schedule{Every: "daily", At: "02:30", Zone: "Europe/Rome"}, "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"},
		{dash.Schedule{Every: "daily", At: "02:30", Zone: "Europe/Rome"}, "2026-10-24T00:30:00Z", "2026-10-25T01:30:00Z"},
		{dash.Schedule{Every: "daily", At: "02:30", Zone: "Europe/Rome"}, "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"},
		{dash.Schedule{Every: "daily", At: "23:30", Zone: "America/New_York"}, "2026-03-01T05:00:00Z", "2026-03-02T04:30:00Z"},
		{dash.Schedule{Every: "weekly", At: "08:00", Day: "monday"}, "2026-03-01T00:00:00Z", "2026-03-02T08:00:00Z"},
		{dash.Schedule{Every: "weekly", At: "08:00", Day: "Sunday"}, "2026-03-01T08:00:00Z", "2026-03-08T08:00:00Z"},
		{dash.Schedule{Every: "weekly", At: "00:30", Day: "monday", Zone: "Asia/Tokyo"}, "2026-03-01T00:00:00Z", "2026-03-01T15:30:00Z"},
		{dash.Schedule{Every: "monthly", At: "00:00", Day: "1"}, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{dash.Schedule{Every: "monthly", At: "12:00", Day: "28"}, "2026-01-29T00:00:00Z", "2026-02-28T12:00:00Z"},
	} {
		after, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		got, err := extract.Next(c.s, after)
		if err != nil || got.Format(time.RFC3339) != c.want {
			t.Errorf("%+v after %s: %s, %v; want %s", c.s, c.after, got.Format(time.RFC3339), err, c.want)
		}
	}
	for _, s := range []dash.Schedule{
		{Every: "never", At: "01:00"}, {Every: "daily", At: "24:00"}, {Every: "daily", At: "1"}, {Every: "daily", At: "01:60"}, {Every: "daily", At: ""},
		{Every: "daily", At: "01:00", Zone: "Mars/Olympus"}, {Every: "daily", At: "01:00", Zone: "Local"},
		{Every: "weekly", At: "01:00"}, {Every: "monthly", At: "01:00", Day: "31"}, {Every: "monthly", At: "01:00"},
	} {
		if _, err := extract.Next(s, time.Now()); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// TestNextGoesOn: over years of every kind of schedule, in zones with odd steps, the times
// come one after the other, and those of a day once each day.
func TestNextGoesOn(t *testing.T) {
	for _, zone := range []string{"UTC", "Europe/Rome", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca"} {
		l, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []string{"00:00", "01:45", "02:15", "23:59"} {
			s := dash.Schedule{Every: "daily", At: at, Zone: zone}
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, l).Add(-time.Nanosecond)
			for day := range 730 {
				next, err := extract.Next(s, now)
				if err != nil || !next.After(now) {
					t.Fatalf("%s %s: %v after %v, %v", zone, at, next, now, err)
				}
				if want := time.Date(2026, 1, 1+day, 12, 0, 0, 0, l).YearDay(); next.In(l).YearDay() != want {
					t.Fatalf("%s %s: day %d is %v", zone, at, day, next.In(l))
				}
				now = next
			}
		}
	}
}
