package instance

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// Window is a time that comes again: each day, in which backups are made, or each week,
// in which changes are.
type Window struct {
	start, length int // minutes since Monday or midnight, UTC
	period        int // minutes of a week or a day
}

const (
	day         = 24 * 60
	week        = 7 * day
	leastWindow = 30
)

// days are those of windows, in their order.
var days = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// ParseMaintenanceWindow reads a weekly window, as sun:23:45-mon:00:15. It has at least
// 30 minutes and less than a day (RDS API Reference, CreateDBInstance).
func ParseMaintenanceWindow(s string) (Window, error) {
	malformed := invalidValue("Invalid maintenance window format: %s. Should be specified as a range ddd:hh24:mi-ddd:hh24:mi (24H Clock UTC). Example: Sun:23:45-Mon:00:15", s)
	from, to, ok := strings.Cut(strings.ToLower(s), "-")
	if !ok {
		return Window{}, malformed
	}
	start, ok1 := weekMinute(from)
	end, ok2 := weekMinute(to)
	for _, s := range []string{from, to} {
		if _, ok := weekMinute(s); !ok && len(s) == len("ddd:hh24:mi")-2 {
			return Window{}, invalidValue("Invalid day:hour:minute value: %s. Should be specified as a range ddd:hh24:mi-ddd:hh24:mi (24H Clock UTC). Example: Sun:23:45-Mon:00:15", s)
		}
	}
	if !ok1 || !ok2 {
		return Window{}, malformed
	}
	w := Window{start, (end - start + week) % week, week}
	switch {
	case w.length < leastWindow:
		return Window{}, invalidValue("The maintenance window must be at least 30 minutes.")
	case w.length >= day:
		return Window{}, invalidValue("Maintenance window must be less than 24 hours.")
	}
	return w, nil
}

// ParseBackupWindow reads a daily window, as 23:45-00:15, of at least 30 minutes.
func ParseBackupWindow(s string) (Window, error) {
	malformed := invalidValue("Invalid backup window format: %s. Should be specified as a range hh24:mi-hh24:mi (24H Clock UTC). Example: 09:00-09:30", s)
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		return Window{}, malformed
	}
	start, ok1 := dayMinute(from)
	end, ok2 := dayMinute(to)
	if !ok1 || !ok2 {
		return Window{}, malformed
	}
	w := Window{start, (end - start + day) % day, day}
	if w.length < leastWindow {
		return Window{}, invalidValue("The backup window must be at least 30 minutes.")
	}
	return w, nil
}

func weekMinute(s string) (int, bool) {
	name, clock, _ := strings.Cut(s, ":")
	m, ok := dayMinute(clock)
	for i, d := range days {
		if d == name {
			return i*day + m, ok
		}
	}
	return 0, false
}

func dayMinute(s string) (int, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	digit := func(i int) int { return int(s[i]) - '0' }
	for _, i := range []int{0, 1, 3, 4} {
		if d := digit(i); d < 0 || d > 9 {
			return 0, false
		}
	}
	h, m := digit(0)*10+digit(1), digit(3)*10+digit(4)
	return h*60 + m, h < 24 && m < 60
}

// String returns the window in the form that it is parsed from, in small letters.
func (w Window) String() string {
	if w.period == 0 {
		return ""
	}
	end := (w.start + w.length) % w.period
	clock := func(m int) string { return fmt.Sprintf("%02d:%02d", m/60%24, m%60) }
	if w.period == day {
		return clock(w.start) + "-" + clock(end)
	}
	return days[w.start/day] + ":" + clock(w.start) + "-" + days[end/day] + ":" + clock(end)
}

// since returns how long before t the window opened last.
func (w Window) since(t time.Time) time.Duration {
	t = t.UTC()
	weekday := (int(t.Weekday()) + 6) % 7 // since Monday
	midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	in := t.Sub(midnight) + time.Duration(weekday*day)*time.Minute
	period := time.Duration(w.period) * time.Minute
	return (in - time.Duration(w.start)*time.Minute + week*time.Minute) % period
}

// Open reports whether t is in the window. Its end is not.
func (w Window) Open(t time.Time) bool {
	return w.period > 0 && w.since(t) < time.Duration(w.length)*time.Minute
}

// Next returns when the window opens next, after t.
func (w Window) Next(t time.Time) time.Time {
	return t.UTC().Add(time.Duration(w.period)*time.Minute - w.since(t))
}

// Opened returns when the window opened last, at t or before.
func (w Window) Opened(t time.Time) time.Time { return t.UTC().Add(-w.since(t)) }

// Overlaps reports whether there is a moment in both windows.
func (w Window) Overlaps(o Window) bool {
	if w.period > o.period {
		w, o = o, w
	}
	if w.period == 0 {
		return false
	}
	// Minutes from an opening of w to one of o, within w's period.
	d := ((o.start-w.start)%w.period + w.period) % w.period
	return d < w.length || w.period-d < o.length
}

// CheckWindows refuses windows that overlap. An empty one does not.
func CheckWindows(backup, maintenance Window) error {
	if backup.Overlaps(maintenance) {
		return invalidValue("The backup window and maintenance window must not overlap.")
	}
	return nil
}

// blocks are the hours of the 8-hour block in which a region's windows are chosen if
// nobody chooses them (RDS User Guide, "Backup window" and "DB instance maintenance
// window").
var blocks = map[string]int{
	"us-east-1": 3, "us-east-2": 3, "us-west-1": 6, "us-west-2": 6, "ca-central-1": 3, "sa-east-1": 0,
	"eu-central-1": 20, "eu-north-1": 23, "eu-west-1": 22, "eu-west-2": 22, "eu-west-3": 7,
	"ap-east-1": 6, "ap-south-1": 16, "ap-southeast-1": 14, "ap-southeast-2": 12, "ap-northeast-1": 13, "ap-northeast-2": 13, "ap-northeast-3": 22,
}

// DefaultWindows returns the windows of an instance for which nobody chose any: half an
// hour each, within the region's block, the maintenance window's on one day of the week.
// What they are depends on the instance's resource id alone. Where one is given, the
// other keeps out of its way.
func DefaultWindows(region, id string, backup, maintenance *Window) (b, m Window) {
	h := fnv.New32a()
	h.Write([]byte(id))
	n := int(h.Sum32() >> 1)
	block, ok := blocks[region]
	if !ok {
		block = 22
	}
	const slots = 8 * 60 / leastWindow
	// The half hours of the block, each region's instances spread over them, and then
	// those of the rest of the day: a window that was given may cover the block.
	candidate := func(i int) int {
		if i < slots {
			i = (n + i) % slots
		}
		return (block*60 + i*leastWindow) % day
	}
	b = Window{candidate(0), leastWindow, day}
	m = Window{n/slots%7*day + candidate(1), leastWindow, week}
	if backup != nil {
		b = *backup
	}
	if maintenance != nil {
		m = *maintenance
	}
	for i := range day / leastWindow {
		switch {
		case !b.Overlaps(m):
			return b, m
		case maintenance == nil:
			m.start = n/slots%7*day + candidate(i)
		case backup == nil:
			b.start = candidate(i)
		}
	}
	return b, m // which CheckWindows refuses
}
