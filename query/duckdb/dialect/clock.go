package dialect

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must not depend on the machine
)

// Units of the values that represent times.
const (
	microsPerSecond = int64(1e6)
	microsPerDay    = 86400 * microsPerSecond
	picosPerMicro   = int64(1e6)
	picosPerDay     = microsPerDay * picosPerMicro
	picosPerMinute  = 60 * microsPerSecond * picosPerMicro
)

// floorDiv and floorMod divide rounding down, so that times before 1970 behave.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }

// daysOf returns the days from 1970-01-01 to a date of the proleptic Gregorian
// calendar, and whether there is such a date.
func daysOf(year int64, month, day int) (int64, bool) {
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	y, m := year, int64(month)
	if m <= 2 {
		y--
		m += 12
	}
	era := floorDiv(y, 400)
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + int64(day) - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468, true
}

func daysIn(year int64, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// dateOf is the inverse of daysOf.
func dateOf(days int64) (year int64, month, day int) {
	z := days + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = int(doy - (153*mp+2)/5 + 1)
	month = int(mp + 3)
	if month > 12 {
		month -= 12
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

// dateText writes a date as java.time does: years beyond 9999 have a sign.
func dateText(days int64) string {
	y, m, d := dateOf(days)
	return yearText(y) + fmt.Sprintf("-%02d-%02d", m, d)
}

func yearText(y int64) string {
	switch {
	case y > 9999:
		return "+" + strconv.FormatInt(y, 10)
	case y < 0:
		return fmt.Sprintf("-%04d", -y)
	}
	return fmt.Sprintf("%04d", y)
}

// timeText writes picoseconds of the day with p digits of the second's fraction.
func timeText(picos int64, p int) string {
	s := picos / (microsPerSecond * picosPerMicro)
	out := fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
	if p > 0 {
		out += "." + fmt.Sprintf("%012d", picos%(microsPerSecond*picosPerMicro))[:p]
	}
	return out
}

// timestampText writes a local time, micros from the epoch and picos more, with
// p digits of the second's fraction.
func timestampText(micros, picos int64, p int) string {
	days := floorDiv(micros, microsPerDay)
	y, m, d := dateOf(days)
	return yearText(y) + fmt.Sprintf("-%02d-%02d ", m, d) + timeText(floorMod(micros, microsPerDay)*picosPerMicro+picos, p)
}

// moment is a time as text gives it: a local time, and a zone if the text has one.
type moment struct {
	micros, picos int64 // local, from the epoch; picos below one microsecond
	digits        int   // of the second's fraction
	zone          string
}

var (
	timestampPattern = regexp.MustCompile(`^([-+]?\d{4,})-(\d{1,2})-(\d{1,2})(?: (?:(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?\s*(\S.*)?)?$`)
	timePattern      = regexp.MustCompile(`^(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?(?:\s*([-+])(\d\d):?(\d\d))?$`)
	datePattern      = regexp.MustCompile(`^([-+]?\d+)-(\d{1,2})-(\d{1,2})$`)
)

// parseDate reads yyyy-mm-dd.
func parseDate(s string) (days int64, ok bool) {
	m := datePattern.FindStringSubmatch(strings.Trim(s, javaWhitespace))
	if m == nil {
		return 0, false
	}
	year, err := strconv.ParseInt(m[1], 10, 32)
	month, _ := strconv.Atoi(m[2])
	day, _ := strconv.Atoi(m[3])
	if err != nil {
		return 0, false
	}
	days, ok = daysOf(year, month, day)
	return days, ok && days > -1<<31 && days < 1<<31-1
}

// fraction reads a second's fraction as picoseconds, rounded to 12 digits.
func fractionPicos(s string) (picos int64, carry int64) {
	digits := s
	if len(digits) > 12 {
		digits = digits[:12]
	}
	n, _ := strconv.ParseInt(digits+strings.Repeat("0", 12-len(digits)), 10, 64)
	if len(s) > 12 && s[12] >= '5' {
		n++
	}
	return n % 1e12, n / 1e12
}

// parseTimestamp reads yyyy-mm-dd[ hh:mm[:ss[.fff]]][ zone].
func parseTimestamp(s string) (moment, bool) {
	m := timestampPattern.FindStringSubmatch(s)
	if m == nil {
		return moment{}, false
	}
	year, err := strconv.ParseInt(m[1], 10, 32)
	if err != nil || year > 290000 || year < -290000 {
		return moment{}, false
	}
	num := func(i int) int { n, _ := strconv.Atoi(m[i]); return n }
	days, ok := daysOf(year, num(2), num(3))
	h, mi, sec := num(4), num(5), num(6)
	if !ok || h > 23 || mi > 59 || sec > 59 {
		return moment{}, false
	}
	frac, carry := fractionPicos(m[7])
	return moment{
		micros: days*microsPerDay + (int64(h)*3600+int64(mi)*60+int64(sec)+carry)*microsPerSecond + frac/picosPerMicro,
		picos:  frac % picosPerMicro,
		digits: len(m[7]),
		zone:   strings.TrimSpace(m[8]),
	}, true
}

// round rounds a moment half up to p digits of the second's fraction.
func (m moment) round(p int) moment {
	if p >= 12 {
		return m
	}
	unit := int64(1)
	for range 12 - p {
		unit *= 10
	}
	within := floorMod(m.micros, microsPerSecond)*picosPerMicro + m.picos
	second := m.micros - floorMod(m.micros, microsPerSecond)
	within = (within + unit/2) / unit * unit
	m.micros, m.picos = second+within/picosPerMicro, within%picosPerMicro
	return m
}

// parseTime reads hh:mm[:ss[.fff]][+hh:mm].
func parseTime(s string) (picos int64, digits int, offset int, zoned, ok bool) {
	m := timePattern.FindStringSubmatch(s)
	if m == nil {
		return
	}
	num := func(i int) int { n, _ := strconv.Atoi(m[i]); return n }
	h, mi, sec := num(1), num(2), num(3)
	frac, carry := fractionPicos(m[4])
	if h > 23 || mi > 59 || sec > 59 || len(m[4]) > 12 {
		return
	}
	if m[5] != "" {
		zoned = true
		if num(7) > 59 {
			return
		}
		offset = num(6)*60 + num(7)
		if offset > 14*60 {
			return
		}
		if m[5] == "-" {
			offset = -offset
		}
	}
	picos = ((int64(h)*3600+int64(mi)*60+int64(sec)+carry)*microsPerSecond*picosPerMicro + frac) % picosPerDay
	return picos, len(m[4]), offset, zoned, true
}

// roundTime rounds picoseconds of the day to p digits, around midnight.
func roundTime(picos int64, p int) int64 {
	unit := int64(1)
	for range 12 - p {
		unit *= 10
	}
	return (picos + unit/2) / unit * unit % picosPerDay
}

// zone is a time zone as Trino knows it.
type zone struct {
	name   string // canonical: UTC, a region, or +hh:mm
	offset int64  // in seconds, when loc is nil
	loc    *time.Location
}

var (
	zones         cache[*zone] // by name as written; nil where there is none
	offsetPattern = regexp.MustCompile(`^(?i:UTC|GMT|UT)?([-+])(\d{1,2})(?::?(\d{2}))?$`)
)

var utcNames = map[string]bool{"utc": true, "z": true, "ut": true, "uct": true, "gmt": true, "gmt0": true, "greenwich": true,
	"universal": true, "zulu": true, "etc/utc": true, "etc/gmt": true, "etc/gmt+0": true, "etc/gmt-0": true, "etc/gmt0": true,
	"etc/uct": true, "etc/universal": true, "etc/zulu": true, "etc/greenwich": true, "gmt+0": true, "gmt-0": true, "+00:00": true, "-00:00": true}

// zoneOf finds a time zone by its name or offset.
func zoneOf(name string) (*zone, bool) {
	z := zones.get(name, func() *zone { return findZone(name) })
	return z, z != nil
}

func findZone(name string) *zone {
	lower := strings.ToLower(name)
	if utcNames[lower] {
		return &zone{name: "UTC"}
	}
	if m := offsetPattern.FindStringSubmatch(name); m != nil {
		h, _ := strconv.ParseInt(m[2], 10, 64)
		mi, _ := strconv.ParseInt("0"+m[3], 10, 64)
		if h > 14 || mi > 59 || h == 14 && mi > 0 {
			return nil
		}
		o := (h*60 + mi) * 60
		if o == 0 {
			return &zone{name: "UTC"}
		}
		if m[1] == "-" {
			o = -o
		}
		return &zone{name: fmt.Sprintf("%s%02d:%02d", m[1], h, mi), offset: o}
	}
	// LoadLocation would read "Local" and paths.
	if name == "" || lower == "local" || strings.ContainsAny(name, ".\\") || name[0] == '/' {
		return nil
	}
	if strings.HasPrefix(lower, "etc/gmt") {
		h, err := strconv.Atoi(lower[len("etc/gmt"):])
		if err != nil || h < -14 || h > 12 {
			return nil
		}
		return &zone{name: fmt.Sprintf("Etc/GMT%+d", h), offset: int64(-h) * 3600}
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return &zone{name: name, loc: loc}
}

// at returns the offset from UTC in microseconds at an instant.
func (z *zone) at(micros int64) int64 {
	if z.loc == nil {
		return z.offset * microsPerSecond
	}
	_, off := time.Unix(floorDiv(micros, microsPerSecond), 0).In(z.loc).Zone()
	return int64(off) * microsPerSecond
}

// local returns the zone's local time at an instant.
func (z *zone) local(micros int64) int64 { return micros + z.at(micros) }

// instant returns the instant of a local time as java.time does: of two the
// earlier; a time that the clocks skip moves forward by the gap.
func (z *zone) instant(local int64) int64 {
	if z.loc == nil {
		return local - z.offset*microsPerSecond
	}
	before, after := z.at(local-microsPerDay), z.at(local+microsPerDay)
	if z.at(local-before) == before {
		return local - before
	}
	if z.at(local-after) == after {
		return local - after
	}
	return local - before
}

// maxInstant bounds timestamps with time zone: Trino keeps milliseconds in 52 bits.
const maxInstant = int64(1) << 51 * 1000

// instantOf returns the instant of a moment and its zone's canonical name; a
// moment without a zone is in the session's.
func (m moment) instantOf(session string) (micros int64, name string, ok bool) {
	if m.zone == "" {
		m.zone = session
	}
	z, ok := zoneOf(m.zone)
	if !ok {
		return 0, "", false
	}
	micros = z.instant(m.micros)
	return micros, z.name, micros < maxInstant && micros >= -maxInstant
}
