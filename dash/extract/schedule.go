package extract

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"lethe"
	"lethe/dash"
)

// Next returns the first time after a moment at which a schedule refreshes; an error of
// kind Invalid says what of it is none.
//
// Times of day are those of clocks in the zone. One that a clock skips in spring is
// refreshed at an hour sooner or later, and one that it shows twice in autumn once.
func Next(s dash.Schedule, after time.Time) (time.Time, error) {
	zone, err := time.LoadLocation(s.Zone) // "" is UTC
	if err != nil || s.Zone == "Local" {
		return time.Time{}, lethe.Errorf(lethe.Invalid, "%q is not a time zone", s.Zone).WithHint("write it as Europe/Rome")
	}
	h, m, ok := strings.Cut(s.At, ":")
	hour, err1 := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil || len(h) > 2 || len(m) != 2 || hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return time.Time{}, lethe.Errorf(lethe.Invalid, "%q is not a time of day", s.At).WithHint("write it as 06:30")
	}
	if s.Every == "hourly" {
		return nextMinute(after.In(zone), minute), nil
	}
	on, err := days(s)
	if err != nil {
		return time.Time{}, err
	}
	y, mo, d := after.In(zone).Date()
	for i := -1; i < 63; i++ { // a month's day comes within two months
		t := time.Date(y, mo, d+i, hour, minute, 0, 0, zone)
		// A time that is skipped can move to the day before or after.
		if noon := time.Date(y, mo, d+i, 12, 0, 0, 0, zone); on(noon) && t.After(after) {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("the schedule %+v has no next time", s)
}

// nextMinute is the first moment after another at which a clock shows a minute of an hour.
func nextMinute(after time.Time, minute int) time.Time {
	t := after.Truncate(time.Minute)
	for {
		// Zones are whole minutes from UTC, and step by halves and wholes of hours.
		t = t.Add(time.Duration((minute-t.Minute()+59)%60+1) * time.Minute)
		if t.Minute() == minute {
			return t.UTC()
		}
	}
}

var weekdays = map[string]time.Weekday{
	"monday": time.Monday, "tuesday": time.Tuesday, "wednesday": time.Wednesday, "thursday": time.Thursday,
	"friday": time.Friday, "saturday": time.Saturday, "sunday": time.Sunday,
}

// days tells on which days a schedule refreshes.
func days(s dash.Schedule) (func(time.Time) bool, error) {
	switch s.Every {
	case "daily":
		return func(time.Time) bool { return true }, nil
	case "weekly":
		w, ok := weekdays[strings.ToLower(s.Day)]
		if !ok {
			return nil, lethe.Errorf(lethe.Invalid, "%q is not a day of the week", s.Day).WithHint("write it as monday")
		}
		return func(t time.Time) bool { return t.Weekday() == w }, nil
	case "monthly":
		n, err := strconv.Atoi(s.Day)
		if err != nil || n < 1 || n > 28 {
			return nil, lethe.Errorf(lethe.Invalid, "%q is not a day of each month", s.Day).WithHint("write a number from 1 to 28")
		}
		return func(t time.Time) bool { return t.Day() == n }, nil
	}
	return nil, lethe.Errorf(lethe.Invalid, "an extract is refreshed hourly, daily, weekly or monthly, not %q", s.Every)
}

// nextOf is the first time of several schedules; zero if there are none.
func nextOf(ss []dash.Schedule, after time.Time) (first time.Time, err error) {
	for _, s := range ss {
		t, err := Next(s, after)
		if err != nil {
			return time.Time{}, err
		}
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	return first, nil
}

// lastOf is the last time of several schedules after one moment and not after another,
// and whether the extract is then to be refreshed whole, because any that passed says so.
func lastOf(ss []dash.Schedule, after, until time.Time) (last time.Time, whole bool, err error) {
	for _, s := range ss {
		// Of a long absence only the end counts: two months hold a time of every schedule.
		from := after
		if early := until.AddDate(0, 0, -63); from.Before(early) {
			from = early
		}
		for t := from; ; {
			if t, err = Next(s, t); err != nil {
				return last, whole, err
			}
			if t.After(until) {
				break
			}
			whole = whole || s.Whole
			if t.After(last) {
				last = t
			}
		}
	}
	return last, whole, nil
}

// schedule makes refreshes of the slots that have come, and drops what is of data sets
// that are not there any more: their deletion may have been killed.
func (s *Service) schedule(ctx context.Context) error {
	held, err := s.held(ctx) // before it is asked which there are: a data set is there before its extract
	if err != nil {
		return err
	}
	sets, err := s.preparer.Extracted(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, set := range held {
		if !slices.Contains(sets, set) {
			errs = append(errs, s.Drop(ctx, set))
		}
	}
	for _, set := range sets {
		if err := s.scheduleOne(ctx, set); err != nil && !lethe.Is(err, lethe.NotFound) {
			errs = append(errs, fmt.Errorf("data set %s: %w", set, err))
		}
	}
	return errors.Join(errs...)
}

func (s *Service) scheduleOne(ctx context.Context, dataSet string) error {
	now := s.now()
	p, err := s.preparer.Prepared(ctx, dataSet, now)
	s.mu.Lock()
	if len(p.Schedules) > 0 {
		s.schedules[dataSet] = p.Schedules
	} else {
		delete(s.schedules, dataSet)
	}
	s.mu.Unlock()
	if err != nil || len(p.Schedules) == 0 {
		return err
	}
	var since sql.NullInt64
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT max(until) FROM extract_schedules WHERE data_set = $1`, dataSet).Scan(&since)
	})
	if err != nil {
		return err
	}
	var slot time.Time
	var whole bool
	if since.Valid {
		if slot, whole, err = lastOf(p.Schedules, time.UnixMicro(since.Int64), now); err != nil || slot.IsZero() {
			return err
		}
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if !slot.IsZero() {
			// It waits for a refresh that is under way, which may have read too early.
			if _, under, err := active(ctx, tx, dataSet); err != nil || under {
				return err
			}
			var n int
			if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM extract_refreshes WHERE data_set = $1 AND slot >= $2`, dataSet, slot.UnixMicro()).Scan(&n); err != nil {
				return err
			}
			if n == 0 {
				if _, err := s.begin(ctx, tx, dataSet, dash.RefreshOptions{Increment: p.Increment != nil && !whole, By: "schedule", Slot: slot}); err != nil {
					return err
				}
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO extract_schedules (data_set, until) VALUES ($1, $2) ON CONFLICT (data_set) DO UPDATE SET until = excluded.until WHERE excluded.until > extract_schedules.until`,
			dataSet, now.UnixMicro())
		return err
	})
}
