package dialect

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func init() {
	withZone := func(name string, f func(z *zone, micros int64) int64) {
		define(name, "isi", func(a args) (any, error) {
			z, ok := zoneOf(a.s(1))
			if !ok {
				return nil, badArgument("'%s' is not a valid time zone", a.s(1))
			}
			return f(z, a.i(0)), nil
		})
	}
	withZone("local", func(z *zone, us int64) int64 { return z.local(us) })
	define("instant", "isi", func(a args) (any, error) {
		z, ok := zoneOf(a.s(1))
		if !ok {
			return nil, badArgument("'%s' is not a valid time zone", a.s(1))
		}
		us := z.instant(a.i(0))
		if us >= maxInstant || us < -maxInstant {
			return nil, badArgument("Millis overflow: %d", us/1000)
		}
		return us, nil
	})
	define("zone", "ss", func(a args) (any, error) {
		z, ok := zoneOf(a.s(0))
		if !ok {
			return nil, badArgument("'%s' is not a valid time zone", a.s(0))
		}
		return z.name, nil
	})
	define("zone_minutes", "si", func(a args) (any, error) {
		z, ok := zoneOf(a.s(0))
		if !ok {
			return nil, badArgument("'%s' is not a valid time zone", a.s(0))
		}
		return z.at(time.Now().UnixMicro()) / (60 * microsPerSecond), nil
	})
	define("offset_zone", "is", func(a args) (any, error) {
		if n := a.i(0); n > 14*60 || n < -14*60 {
			return nil, badArgument("Invalid offset minutes %d", n)
		}
		return offsetName(int(a.i(0))), nil
	})
	define("date_text", "is", func(a args) (any, error) { return dateText(a.i(0)), nil })
	define("timestamp_text", "iiis", func(a args) (any, error) { return timestampText(a.i(0), a.i(1), int(a.i(2))), nil })
	define("time_text", "iis", func(a args) (any, error) { return timeText(a.i(0), int(a.i(1))), nil })
	define("offset_text", "is", func(a args) (any, error) { return offsetText(a.i(0)), nil })
	define("interval_day_text", "is", func(a args) (any, error) { return intervalDayText(a.i(0)), nil })
	define("interval_year_text", "is", func(a args) (any, error) {
		n, sign := a.i(0), ""
		if n < 0 {
			n, sign = -n, "-"
		}
		return fmt.Sprintf("%s%d-%d", sign, n/12, n%12), nil
	})
	define("parse_date", "si", func(a args) (any, error) {
		days, ok := parseDate(a.s(0))
		if !ok {
			return nil, badCast("Value cannot be cast to date: %s", a.s(0))
		}
		return days, nil
	})
	withMoment := func(name, result string, f func(m moment) any) {
		define(name, "si"+result, func(a args) (any, error) {
			m, ok := parseTimestamp(strings.TrimSpace(a.s(0)))
			if !ok {
				return nil, badCast("Value cannot be cast to timestamp: %s", a.s(0))
			}
			return f(m.round(int(a.i(1)))), nil
		})
	}
	define("parse_timestamp", "sii", func(a args) (any, error) {
		m, ok := parseTimestamp(strings.TrimSpace(a.s(0)))
		if ok && m.zone != "" { // checked, and dropped
			_, ok = zoneOf(m.zone)
		}
		if !ok {
			return nil, badCast("Value cannot be cast to timestamp: %s", a.s(0))
		}
		return m.round(int(a.i(1))).micros, nil
	})
	withMoment("parse_picos", "i", func(m moment) any { return m.picos })
	define("parse_instant", "sisi", func(a args) (any, error) {
		m, ok := parseTimestamp(strings.TrimSpace(a.s(0)))
		us, _, zok := m.round(int(a.i(1))).instantOf(a.s(2))
		if !ok || !zok {
			return nil, badCast("Value cannot be cast to timestamp with time zone: %s", a.s(0))
		}
		return us, nil
	})
	define("parse_zone", "sss", func(a args) (any, error) {
		m, _ := parseTimestamp(strings.TrimSpace(a.s(0)))
		_, name, _ := m.instantOf(a.s(1))
		return name, nil
	})
	define("parse_time", "sii", func(a args) (any, error) {
		picos, _, _, zoned, ok := parseTime(a.s(0))
		if !ok || zoned {
			return nil, badCast("Value cannot be cast to time: %s", a.s(0))
		}
		return roundTime(picos, int(a.i(1))), nil
	})
	define("parse_timetz", "sii", func(a args) (any, error) {
		picos, _, _, _, ok := parseTime(a.s(0))
		if !ok {
			return nil, badCast("Value cannot be cast to time with time zone: %s", a.s(0))
		}
		return roundTime(picos, int(a.i(1))), nil
	})
	define("parse_offset", "si", func(a args) (any, error) {
		_, _, offset, _, _ := parseTime(a.s(0))
		return int64(offset), nil
	})
	quiet("parse_date")
	quiet("parse_timestamp")
	define("parse_duration", "si", func(a args) (any, error) { return parseDuration(a.s(0)) })
	define("iso_date", "si", func(a args) (any, error) {
		m, ok := parseISO(a.s(0))
		if !ok {
			return nil, badArgument("Invalid format: \"%s\"", a.s(0))
		}
		return floorDiv(m.micros, microsPerDay), nil
	})
	define("iso_instant", "sisi", func(a args) (any, error) {
		m, ok := parseISO(a.s(0))
		us, _, zok := m.round(int(a.i(1))).instantOf(a.s(2))
		if !ok || !zok {
			return nil, badArgument("Invalid format: \"%s\"", a.s(0))
		}
		return us, nil
	})
	define("iso_picos", "sii", func(a args) (any, error) {
		m, _ := parseISO(a.s(0))
		return m.round(int(a.i(1))).picos, nil
	})
	define("iso_zone", "sss", func(a args) (any, error) {
		m, _ := parseISO(a.s(0))
		_, name, _ := m.instantOf(a.s(1))
		return name, nil
	})
	define("iso_offset", "iss", func(a args) (any, error) {
		z, ok := zoneOf(a.s(1))
		if !ok {
			return nil, badArgument("'%s' is not a valid time zone", a.s(1))
		}
		minutes := z.at(a.i(0)) / (60 * microsPerSecond)
		if minutes == 0 {
			return "Z", nil
		}
		return offsetText(minutes), nil
	})
	define("month_sequence", "iiiI", func(a args) (any, error) { return monthSequence(a.i(0), a.i(1), a.i(2)) })
	define("check_step", "iiib", func(a args) (any, error) {
		start, stop, step := a.i(0), a.i(1), a.i(2)
		if step == 0 || (step > 0) != (start <= stop) && start != stop {
			return nil, badArgument("sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start")
		}
		if n := (float64(stop) - float64(start)) / float64(step); n >= maxSequence {
			return nil, badArgument("result of sequence function must not have more than %d entries", maxSequence)
		}
		return true, nil
	})
}

// maxSequence is Trino's bound on the length of a sequence.
const maxSequence = 10000

func offsetText(minutes int64) string {
	sign := '+'
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	return fmt.Sprintf("%c%02d:%02d", sign, minutes/60, minutes%60)
}

func intervalDayText(ms int64) string {
	sign := ""
	u := uint64(ms)
	if ms < 0 {
		sign, u = "-", uint64(-ms)
	}
	return fmt.Sprintf("%s%d %02d:%02d:%02d.%03d", sign, u/millisPerDay, u/3600000%24, u/60000%60, u/1000%60, u%1000)
}

var durationPattern = regexp.MustCompile(`^\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*$`)

// parseDuration reads 3.81 d, 5m, ... as milliseconds.
func parseDuration(s string) (any, error) {
	m := durationPattern.FindStringSubmatch(s)
	if m == nil {
		return nil, badArgument("duration is not a valid data duration string: %s", s)
	}
	ms, ok := map[string]float64{"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1000, "m": 60000, "h": 3600000, "d": millisPerDay}[m[2]]
	if !ok {
		return nil, badArgument("Unknown time unit: %s", m[2])
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil || v*ms > 9e18 {
		return nil, badArgument("duration is not a valid data duration string: %s", s)
	}
	return int64(v*ms + 0.5), nil
}

// monthSequence returns the local times from start to stop in steps of months.
func monthSequence(start, stop, months int64) (any, error) {
	if months == 0 || (months > 0) != (start <= stop) && start != stop {
		return nil, badArgument("sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start")
	}
	out := []int64{}
	for n := int64(0); ; n++ {
		at := addMonths(start, n*months)
		if months > 0 && at > stop || months < 0 && at < stop {
			return out, nil
		}
		if len(out) >= maxSequence {
			return nil, badArgument("result of sequence function must not have more than %d entries", maxSequence)
		}
		out = append(out, at)
	}
}

// addMonths adds months to a local time; the day moves back to the month's last.
func addMonths(micros, months int64) int64 {
	days := floorDiv(micros, microsPerDay)
	y, m, d := dateOf(days)
	total := y*12 + int64(m) - 1 + months
	y, m = floorDiv(total, 12), int(floorMod(total, 12))+1
	to, _ := daysOf(y, m, min(d, daysIn(y, m)))
	return to*microsPerDay + floorMod(micros, microsPerDay)
}

var isoPattern = regexp.MustCompile(`^([-+]?\d{4,})(?:-(\d{1,2})(?:-(\d{1,2}))?|-W(\d{1,2})(?:-(\d))?|-(\d{3}))?(?:T(?:(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?)?)?\s*(Z|[-+]\d{1,2}(?::?\d{2})?|[A-Za-z][\w/+-]*)?)?$`)

// parseISO reads a date, or a date and time, of ISO 8601.
func parseISO(s string) (moment, bool) {
	m := isoPattern.FindStringSubmatch(s)
	if m == nil {
		return moment{}, false
	}
	num := func(i, or int) int {
		if m[i] == "" {
			return or
		}
		n, _ := strconv.Atoi(m[i])
		return n
	}
	year, err := strconv.ParseInt(m[1], 10, 32)
	if err != nil || year > 290000 || year < -290000 {
		return moment{}, false
	}
	var days int64
	var ok bool
	switch {
	case m[4] != "": // week date
		jan4, _ := daysOf(year, 1, 4)
		monday := jan4 - floorMod(jan4+3, 7)
		w, d := num(4, 1), num(5, 1)
		ok = w >= 1 && w <= 53 && d >= 1 && d <= 7
		days = monday + int64(w-1)*7 + int64(d-1)
	case m[6] != "":
		jan1, _ := daysOf(year, 1, 1)
		days = jan1 + int64(num(6, 1)) - 1
		ok = num(6, 1) >= 1 && num(6, 1) <= 366
	default:
		days, ok = daysOf(year, num(2, 1), num(3, 1))
	}
	h, mi, sec := num(7, 0), num(8, 0), num(9, 0)
	if !ok || h > 23 || mi > 59 || sec > 59 {
		return moment{}, false
	}
	frac, carry := fractionPicos(m[10])
	return moment{
		micros: days*microsPerDay + (int64(h)*3600+int64(mi)*60+int64(sec)+carry)*microsPerSecond + frac/picosPerMicro,
		picos:  frac % picosPerMicro,
		digits: len(m[10]),
		zone:   m[11],
	}, true
}
