package dash

import (
	"time"

	"lethe"
)

// span is a time from a start to an end, which is not in it.
type span struct{ start, end time.Time }

// sql is the condition that x, of a type, lies in the span.
func (s span) sql(x string, typ Type) (string, error) {
	for _, at := range []time.Time{s.start, s.end} { // years of four digits are read
		if _, err := instantLiteral(typ, at); err != nil {
			return "", err
		}
	}
	bound := instantBound(typ)
	const form = "2006-01-02T15:04:05"
	start, err := bound(s.start.Format(form))
	if err != nil {
		return "", err
	}
	end, err := bound(s.end.Format(form))
	return x + " >= " + start + " AND " + x + " < " + end, err
}

// oneDay reports whether the span lies within a day.
func (s span) oneDay() bool {
	day := s.start.Truncate(24 * time.Hour)
	return !s.end.After(day.AddDate(0, 0, 1))
}

// floor returns the start of the grain that holds a time.
func (g Grain) floor(t time.Time) (time.Time, error) {
	t = t.UTC()
	y, m, d := t.Date()
	switch g {
	case Year:
		return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC), nil
	case Quarter:
		return time.Date(y, (m-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC), nil
	case Month:
		return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC), nil
	case Week:
		return time.Date(y, m, d-(int(t.Weekday())+6)%7, 0, 0, 0, 0, time.UTC), nil
	case Day:
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC), nil
	case Hour:
		return t.Truncate(time.Hour), nil
	case Minute:
		return t.Truncate(time.Minute), nil
	}
	return t, lethe.Errorf(lethe.Invalid, "there is no grain %q", g)
}

// add returns a grain's start n grains later.
func (g Grain) add(t time.Time, n int) time.Time {
	switch g {
	case Year:
		return t.AddDate(n, 0, 0)
	case Quarter:
		return t.AddDate(0, 3*n, 0)
	case Month:
		return t.AddDate(0, n, 0)
	case Week:
		return t.AddDate(0, 0, 7*n)
	case Day:
		return t.AddDate(0, 0, n)
	case Hour:
		return t.Add(time.Duration(n) * time.Hour)
	}
	return t.Add(time.Duration(n) * time.Minute)
}

// relative returns the time that a filter of relative dates means. Grains are whole:
// the last 7 days end with today, the next 7 begin with tomorrow.
func relative(f Filter, now time.Time) (span, error) {
	if f.Anchor != "" {
		at, err := instantOf(f.Anchor)
		if err != nil {
			return span{}, err
		}
		now = at
	}
	start, err := f.Grain.floor(now)
	if err != nil {
		return span{}, err
	}
	n := max(f.N, 1)
	if n > maxVisualGroup {
		return span{}, lethe.Errorf(lethe.Invalid, "%d grains are too many", n)
	}
	after := f.Grain.add(start, 1)
	switch f.Relative {
	case "this":
		return span{start, after}, nil
	case "last":
		return span{f.Grain.add(start, 1-n), after}, nil
	case "next":
		return span{after, f.Grain.add(after, n)}, nil
	case "to_date":
		today, _ := Day.floor(now)
		return span{start, Day.add(today, 1)}, nil
	}
	return span{}, lethe.Errorf(lethe.Invalid, "%q is none of this, last, next, to_date", f.Relative)
}
