package dialect

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// timeField is a part of a date or time that a format names.
type timeField byte

const (
	literalField     timeField = iota // text as it is
	yearField                         // proleptic year
	shortYearField                    // its last two digits
	monthField                        //
	monthTextField                    // Jan, or January when wide
	dayField                          //
	dayOfYearField                    //
	weekdayField                      // 1 (Monday) to 7
	weekdayTextField                  // Mon, or Monday when wide
	weekYearField                     // the year of the ISO week
	shortWeekYear                     //
	weekField                         // ISO week
	hourField                         // 0-23
	hour24Field                       // 1-24
	hour11Field                       // 0-11
	hour12Field                       // 1-12
	minuteField                       //
	secondField                       //
	fractionField                     // of a second
	halfdayField                      // AM or PM
	eraField                          // AD or BC
	centuryField                      //
	zoneNameField                     // UTC
	zoneOffsetField                   // +0100, +01:00 when wide is 2
	zoneIDField                       // Europe/Berlin
)

// token is one element of a format.
type token struct {
	field timeField
	width int    // digits, padded with zeros; 2 and more mean the long form of text
	text  string // of a literal
}

// timeFormat is a date format that has been read.
type timeFormat struct {
	tokens []token
	pivot  int64 // two-digit years are within 50 years of it
}

var mysqlFormats, jodaFormats cache[result[*timeFormat]]

// formatOf reads a format, MySQL's or with joda that of Java's Joda library.
func formatOf(s string, joda bool) (*timeFormat, error) {
	known, read := &mysqlFormats, readMySQL
	if joda {
		known, read = &jodaFormats, readJoda
	}
	r := known.get(s, func() result[*timeFormat] {
		f, err := read(s)
		return result[*timeFormat]{f, err}
	})
	return r.value, r.err
}

func (f *timeFormat) literal(s string) {
	if n := len(f.tokens); n > 0 && f.tokens[n-1].field == literalField {
		f.tokens[n-1].text += s
		return
	}
	f.tokens = append(f.tokens, token{text: s})
}

var mysqlTokens = map[byte][]token{
	'a': {{field: weekdayTextField, width: 1}}, 'b': {{field: monthTextField, width: 1}}, 'c': {{field: monthField, width: 1}},
	'd': {{field: dayField, width: 2}}, 'e': {{field: dayField, width: 1}}, 'f': {{field: fractionField, width: 6}},
	'H': {{field: hourField, width: 2}}, 'h': {{field: hour12Field, width: 2}}, 'I': {{field: hour12Field, width: 2}},
	'i': {{field: minuteField, width: 2}}, 'j': {{field: dayOfYearField, width: 3}}, 'k': {{field: hourField, width: 1}},
	'l': {{field: hour12Field, width: 1}}, 'M': {{field: monthTextField, width: 2}}, 'm': {{field: monthField, width: 2}},
	'p': {{field: halfdayField}}, 'S': {{field: secondField, width: 2}}, 's': {{field: secondField, width: 2}},
	'r': {{field: hour12Field, width: 2}, {text: ":"}, {field: minuteField, width: 2}, {text: ":"}, {field: secondField, width: 2}, {text: " "}, {field: halfdayField}},
	'T': {{field: hourField, width: 2}, {text: ":"}, {field: minuteField, width: 2}, {text: ":"}, {field: secondField, width: 2}},
	'v': {{field: weekField, width: 2}}, 'W': {{field: weekdayTextField, width: 2}}, 'x': {{field: weekYearField, width: 4}},
	'Y': {{field: yearField, width: 4}}, 'y': {{field: shortYearField, width: 2}},
}

func readMySQL(s string) (*timeFormat, error) {
	f := &timeFormat{pivot: 2020}
	for i := 0; i < len(s); i++ {
		if s[i] != '%' || i+1 == len(s) {
			_, n := utf8.DecodeRuneInString(s[i:])
			f.literal(s[i : i+n])
			i += n - 1
			continue
		}
		i++
		c := s[i]
		if tokens, ok := mysqlTokens[c]; ok {
			for _, t := range tokens {
				if t.field == literalField {
					f.literal(t.text)
				} else {
					f.tokens = append(f.tokens, t)
				}
			}
			continue
		}
		if strings.IndexByte("DUuVwX", c) >= 0 {
			return nil, badArgument("%%%c not supported in date format string", c)
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		f.literal(s[i : i+n])
		i += n - 1
	}
	return f, nil
}

func readJoda(s string) (*timeFormat, error) {
	f := &timeFormat{pivot: int64(time.Now().Year()) - 30}
	for i := 0; i < len(s); {
		c := s[i]
		if c == '\'' {
			end := strings.IndexByte(s[i+1:], '\'')
			switch {
			case end == 0:
				f.literal("'")
			case end < 0:
				f.literal(s[i+1:])
				end = len(s) - i - 2
			default:
				f.literal(s[i+1 : i+1+end])
			}
			i += end + 2
			continue
		}
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
			_, n := utf8.DecodeRuneInString(s[i:])
			f.literal(s[i : i+n])
			i += n
			continue
		}
		n := 1
		for i+n < len(s) && s[i+n] == c {
			n++
		}
		i += n
		add := func(field timeField, width int) { f.tokens = append(f.tokens, token{field: field, width: width}) }
		textWidth := 1
		if n >= 4 {
			textWidth = 2
		}
		switch c {
		case 'G':
			add(eraField, n)
		case 'C':
			add(centuryField, n)
		case 'Y', 'y':
			if n == 2 {
				add(shortYearField, 2)
			} else {
				add(yearField, n)
			}
		case 'x':
			if n == 2 {
				add(shortWeekYear, 2)
			} else {
				add(weekYearField, n)
			}
		case 'w':
			add(weekField, n)
		case 'e':
			add(weekdayField, n)
		case 'E':
			add(weekdayTextField, textWidth)
		case 'D':
			add(dayOfYearField, n)
		case 'M':
			if n >= 3 {
				add(monthTextField, textWidth)
			} else {
				add(monthField, n)
			}
		case 'd':
			add(dayField, n)
		case 'a':
			add(halfdayField, n)
		case 'K':
			add(hour11Field, n)
		case 'h':
			add(hour12Field, n)
		case 'H':
			add(hourField, n)
		case 'k':
			add(hour24Field, n)
		case 'm':
			add(minuteField, n)
		case 's':
			add(secondField, n)
		case 'S':
			add(fractionField, n)
		case 'z':
			add(zoneNameField, n)
		case 'Z':
			if n >= 3 {
				add(zoneIDField, n)
			} else {
				add(zoneOffsetField, n)
			}
		default:
			return nil, badArgument("Illegal pattern component: %s", strings.Repeat(string(c), n))
		}
	}
	if len(f.tokens) == 0 {
		return nil, badArgument("Invalid pattern specification")
	}
	return f, nil
}

func zeros(n int64, width int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := strconv.FormatInt(n, 10)
	if len(s) < width {
		s = strings.Repeat("0", width-len(s)) + s
	}
	return sign + s
}

// isoWeek returns the ISO week of a day and the year that the week belongs to.
func isoWeek(days int64) (year int64, week int) {
	thursday := days - floorMod(days+3, 7) + 3
	year, _, _ = dateOf(thursday)
	jan1, _ := daysOf(year, 1, 1)
	return year, int((thursday-jan1)/7) + 1
}

// format writes a local time in a zone.
func (f *timeFormat) format(local int64, z *zone, instant int64) (string, error) {
	days := floorDiv(local, microsPerDay)
	clock := floorMod(local, microsPerDay)
	year, month, day := dateOf(days)
	hour := clock / (3600 * microsPerSecond)
	weekday := floorMod(days+3, 7) // 0 is Monday
	var b strings.Builder
	for _, t := range f.tokens {
		switch t.field {
		case literalField:
			b.WriteString(t.text)
		case yearField:
			b.WriteString(zeros(year, t.width))
		case shortYearField:
			b.WriteString(zeros(floorMod(year, 100), 2))
		case monthField:
			b.WriteString(zeros(int64(month), t.width))
		case monthTextField:
			s := time.Month(month).String()
			if t.width < 2 {
				s = s[:3]
			}
			b.WriteString(s)
		case dayField:
			b.WriteString(zeros(int64(day), t.width))
		case dayOfYearField:
			jan1, _ := daysOf(year, 1, 1)
			b.WriteString(zeros(days-jan1+1, t.width))
		case weekdayField:
			b.WriteString(zeros(weekday+1, t.width))
		case weekdayTextField:
			s := time.Weekday((weekday + 1) % 7).String()
			if t.width < 2 {
				s = s[:3]
			}
			b.WriteString(s)
		case weekYearField, shortWeekYear:
			y, _ := isoWeek(days)
			if t.field == shortWeekYear {
				y = floorMod(y, 100)
			}
			b.WriteString(zeros(y, t.width))
		case weekField:
			_, w := isoWeek(days)
			b.WriteString(zeros(int64(w), t.width))
		case hourField:
			b.WriteString(zeros(hour, t.width))
		case hour24Field:
			b.WriteString(zeros((hour+23)%24+1, t.width))
		case hour11Field:
			b.WriteString(zeros(hour%12, t.width))
		case hour12Field:
			b.WriteString(zeros((hour+11)%12+1, t.width))
		case minuteField:
			b.WriteString(zeros(clock/(60*microsPerSecond)%60, t.width))
		case secondField:
			b.WriteString(zeros(clock/microsPerSecond%60, t.width))
		case fractionField:
			s := zeros(clock%microsPerSecond, 6)
			for len(s) < t.width {
				s += "0"
			}
			b.WriteString(s[:t.width])
		case halfdayField:
			b.WriteString(map[bool]string{true: "PM", false: "AM"}[hour >= 12])
		case eraField:
			b.WriteString(map[bool]string{true: "AD", false: "BC"}[year > 0])
		case centuryField:
			b.WriteString(zeros(floorDiv(year, 100), t.width))
		case zoneOffsetField:
			minutes := z.at(instant) / (60 * microsPerSecond)
			s := offsetText(minutes)
			if t.width == 1 {
				s = strings.Replace(s, ":", "", 1)
			}
			b.WriteString(s)
		case zoneIDField:
			b.WriteString(z.name)
		case zoneNameField:
			if z.name != "UTC" {
				return "", &failure{"NOT_SUPPORTED", "the name of time zone " + z.name + " in a date format is not supported"}
			}
			if t.width >= 4 {
				b.WriteString("Coordinated Universal Time")
			} else {
				b.WriteString("UTC")
			}
		}
	}
	return b.String(), nil
}

// numeric reports whether a field is read as digits.
func (t token) numeric() bool {
	switch t.field {
	case literalField, monthTextField, weekdayTextField, halfdayField, eraField, zoneNameField, zoneOffsetField, zoneIDField:
		return false
	}
	return true
}

// maxDigits are the digits a field may have where nothing limits it.
func (t token) maxDigits() int {
	switch t.field {
	case yearField, weekYearField, centuryField:
		return 9
	case dayOfYearField:
		return 3
	case fractionField:
		return 9
	}
	return 2
}

// parse reads a text; the result is a local time and the zone in the text, if any.
func (f *timeFormat) parse(s string) (moment, error) {
	bad := func(rest string) error {
		if rest == "" {
			return badArgument("Invalid format: \"%s\" is too short", s)
		}
		if rest == s {
			return badArgument("Invalid format: \"%s\"", s)
		}
		return badArgument("Invalid format: \"%s\" is malformed at \"%s\"", s, rest)
	}
	value := map[timeField]int64{}
	rest := s
	zoneText := ""
	for i, t := range f.tokens {
		switch {
		case t.field == literalField:
			if len(rest) < len(t.text) || !strings.EqualFold(rest[:len(t.text)], t.text) {
				return moment{}, bad(rest)
			}
			rest = rest[len(t.text):]
		case t.field == monthTextField, t.field == weekdayTextField:
			n, w := nameIn(rest, t.field == monthTextField)
			if w == 0 {
				return moment{}, bad(rest)
			}
			value[t.field] = int64(n)
			rest = rest[w:]
		case t.field == halfdayField, t.field == eraField:
			names := []string{"AM", "PM"}
			if t.field == eraField {
				names = []string{"BC", "AD"}
			}
			if len(rest) < 2 {
				return moment{}, bad(rest)
			}
			switch {
			case strings.EqualFold(rest[:2], names[0]):
				value[t.field] = 0
			case strings.EqualFold(rest[:2], names[1]):
				value[t.field] = 1
			default:
				return moment{}, bad(rest)
			}
			rest = rest[2:]
		case !t.numeric():
			w := zoneIn(rest)
			if w == 0 {
				return moment{}, bad(rest)
			}
			zoneText, rest = rest[:w], rest[w:]
		default:
			limit := t.maxDigits()
			if i+1 < len(f.tokens) && f.tokens[i+1].numeric() && t.field != fractionField {
				limit = max(1, t.width)
			}
			w, neg := 0, false
			if (t.field == yearField || t.field == weekYearField) && rest != "" && (rest[0] == '-' || rest[0] == '+') {
				neg = rest[0] == '-'
				rest = rest[1:]
			}
			for w < limit && w < len(rest) && rest[w] >= '0' && rest[w] <= '9' {
				w++
			}
			if w == 0 || (t.field == shortYearField || t.field == shortWeekYear) && w < 2 {
				return moment{}, bad(rest)
			}
			digits := rest[:w]
			if t.field == fractionField {
				digits += strings.Repeat("0", 9-w)
			}
			n, _ := strconv.ParseInt(digits, 10, 64)
			if neg {
				n = -n
			}
			if !inRange(t.field, n) {
				return moment{}, badArgument("Cannot parse \"%s\": Value %d for a field is out of range", s, n)
			}
			field := t.field
			if field == shortYearField || field == shortWeekYear {
				low := f.pivot - 50
				n += low - floorMod(low, 100)
				if n < low {
					n += 100
				}
				field -= 1
				if t.field == shortWeekYear {
					field = weekYearField
				}
			}
			value[field] = n
			rest = rest[w:]
		}
	}
	if rest != "" {
		return moment{}, bad(rest)
	}
	return f.assemble(s, value, zoneText)
}

func inRange(f timeField, n int64) bool {
	switch f {
	case monthField:
		return n >= 1 && n <= 12
	case dayField:
		return n >= 1 && n <= 31
	case dayOfYearField:
		return n >= 1 && n <= 366
	case weekField:
		return n >= 1 && n <= 53
	case weekdayField:
		return n >= 1 && n <= 7
	case hourField:
		return n <= 23
	case hour24Field:
		return n >= 1 && n <= 24
	case hour11Field:
		return n <= 11
	case hour12Field:
		return n >= 1 && n <= 12
	case minuteField, secondField:
		return n <= 59
	case yearField, weekYearField:
		return n <= 290000 && n >= -290000
	}
	return true
}

// assemble makes a local time of the fields found; others are those of the epoch.
func (f *timeFormat) assemble(s string, v map[timeField]int64, zoneText string) (moment, error) {
	get := func(field timeField, or int64) int64 {
		if n, ok := v[field]; ok {
			return n
		}
		return or
	}
	year := get(yearField, 1970)
	if era, ok := v[eraField]; ok && era == 0 {
		year = 1 - year
	}
	month := get(monthField, get(monthTextField, 1))
	days, ok := daysOf(year, int(month), int(get(dayField, 1)))
	if !ok {
		return moment{}, badArgument("Cannot parse \"%s\": Value %d for dayOfMonth must be in the range [1,%d]", s, get(dayField, 1), daysIn(year, int(month)))
	}
	if n, has := v[dayOfYearField]; has {
		jan1, _ := daysOf(year, 1, 1)
		days = jan1 + n - 1
		if y, _, _ := dateOf(days); y != year {
			return moment{}, badArgument("Cannot parse \"%s\": Value %d for dayOfYear must be in the range [1,365]", s, n)
		}
	}
	_, hasWeek := v[weekField]
	weekYear, hasWeekYear := v[weekYearField]
	weekday, hasWeekday := v[weekdayField]
	if n, ok := v[weekdayTextField]; ok {
		weekday, hasWeekday = n, true
	}
	switch {
	case hasWeek || hasWeekYear:
		if !hasWeekYear {
			weekYear = year
		}
		jan4, _ := daysOf(weekYear, 1, 4)
		days = jan4 - floorMod(jan4+3, 7) + (get(weekField, 1)-1)*7
		if hasWeekday {
			days += weekday - 1
		} else if !hasWeek {
			days = jan4 - floorMod(jan4+3, 7)
		}
	case hasWeekday && floorMod(days+3, 7)+1 != weekday:
		if _, hasDay := v[dayField]; hasDay {
			// Joda moves the date within its week; that is hardly what is meant.
			return moment{}, &failure{"NOT_SUPPORTED", "a day of the week that is not the date's: " + s}
		}
		days += weekday - 1 - floorMod(days+3, 7)
	}
	hour := get(hourField, 0)
	if n, ok := v[hour24Field]; ok {
		hour = n % 24
	}
	half := get(halfdayField, 0)
	if n, ok := v[hour12Field]; ok {
		hour = n%12 + 12*half
	} else if n, ok := v[hour11Field]; ok {
		hour = n + 12*half
	} else if _, ok := v[halfdayField]; ok && v[hourField] == 0 {
		hour += 12 * half
	}
	nanos := get(fractionField, 0)
	return moment{
		micros: days*microsPerDay + (hour*3600+get(minuteField, 0)*60+get(secondField, 0))*microsPerSecond + nanos/1e6*1000,
		zone:   zoneText,
	}, nil
}

// nameIn returns the number of the month or weekday whose name s begins with, and
// the name's length; the longer form goes first.
func nameIn(s string, month bool) (n, width int) {
	count := 7
	if month {
		count = 12
	}
	for _, short := range []bool{false, true} {
		for i := 1; i <= count; i++ {
			name := time.Weekday(i % 7).String()
			if month {
				name = time.Month(i).String()
			}
			if short {
				name = name[:3]
			}
			if len(s) >= len(name) && strings.EqualFold(s[:len(name)], name) {
				return i, len(name)
			}
		}
	}
	return 0, 0
}

// zoneIn returns the length of the zone name or offset that s begins with.
func zoneIn(s string) int {
	end := len(s)
	for i, r := range s {
		if !(unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("+-:/_", r)) {
			end = i
			break
		}
	}
	for ; end > 0; end-- {
		if _, ok := zoneOf(s[:end]); ok {
			return end
		}
	}
	return 0
}

func init() {
	define("date_format", "iss", func(a args) (any, error) {
		f, err := formatOf(a.s(1), false)
		if err != nil {
			return nil, err
		}
		return f.format(a.i(0), &zone{name: "UTC"}, a.i(0))
	})
	define("date_parse", "ssi", func(a args) (any, error) {
		f, err := formatOf(a.s(1), false)
		if err != nil {
			return nil, err
		}
		m, err := f.parse(a.s(0))
		return m.micros, err
	})
	define("format_datetime", "isss", func(a args) (any, error) {
		f, err := formatOf(a.s(2), true)
		if err != nil {
			return nil, err
		}
		z, ok := zoneOf(a.s(1))
		if !ok {
			return nil, badArgument("'%s' is not a valid time zone", a.s(1))
		}
		return f.format(z.local(a.i(0)), z, a.i(0))
	})
	parse := func(a args) (int64, string, error) {
		f, err := formatOf(a.s(1), true)
		if err != nil {
			return 0, "", err
		}
		m, err := f.parse(a.s(0))
		if err != nil {
			return 0, "", err
		}
		us, name, _ := m.instantOf(a.s(2))
		return us, name, nil
	}
	define("parse_datetime", "sssi", func(a args) (any, error) { us, _, err := parse(a); return us, err })
	define("parse_datetime_zone", "ssss", func(a args) (any, error) { _, name, err := parse(a); return name, err })
}
