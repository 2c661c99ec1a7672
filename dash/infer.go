package dash

import (
	"regexp"
	"strings"
	"time"
	"unicode"

	"lethe/lib/trinosql"
)

// propose makes fields of a source's columns, as an author who prepares nothing has
// them: with a role, and what their names and first values say of places and dates.
func propose(columns []Column, tables bool, sample map[string][]any) []Field {
	used := map[string]bool{}
	var out []Field
	for _, c := range columns {
		name, alias := c.Name, ""
		if tables {
			alias, name, _ = strings.Cut(c.Name, ".")
		}
		if used[strings.ToLower(name)] {
			if alias == "" {
				continue // its values cannot be told from those of the first
			}
			name += " (" + alias + ")"
		}
		used[strings.ToLower(name)] = true
		f := Field{Name: name, Column: c.Name, SourceType: c.Type}
		typ := TypeOf(c.Type)
		if typ == Text && isISODates(sample[c.Name]) {
			f.Type, f.Format, typ = Date, "yyyy-MM-dd", Date
		}
		f.Role = roleOf(name, typ)
		f.Geo = geoOf(name, typ, sample[c.Name])
		out = append(out, f)
	}
	return out
}

// words splits a name into its words, in lower case: at signs, and where a capital
// letter begins one.
func wordsOf(name string) []string {
	var all []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			all = append(all, strings.ToLower(string(word)))
			word = nil
		}
	}
	before := ' '
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			end()
		} else {
			if unicode.IsUpper(r) && !unicode.IsUpper(before) {
				end()
			}
			word = append(word, r)
		}
		before = r
	}
	end()
	return all
}

// notSummed are words of names of numbers that group and are not summed.
var notSummed = map[string]bool{"id": true, "key": true, "code": true, "zip": true, "postcode": true, "plz": true, "fips": true, "uid": true,
	"year": true, "quarter": true, "month": true, "week": true, "day": true, "hour": true, "minute": true,
	"lat": true, "latitude": true, "lon": true, "long": true, "lng": true, "longitude": true, "phone": true, "number": true, "no": true}

// roleOf is the role of a field that nobody gave one: numbers are measures, unless their
// name says that they name something.
func roleOf(name string, t Type) Role {
	if !t.numeric() {
		return Dimension
	}
	words := wordsOf(name)
	if len(words) > 0 && (notSummed[words[len(words)-1]] || notSummed[words[0]] && len(words) == 1) {
		return Dimension
	}
	return Measure
}

// geoOf recognises fields of places by their names, and by values where these say
// otherwise.
func geoOf(name string, t Type, values []any) Geo {
	words := wordsOf(name)
	if len(words) == 0 {
		return ""
	}
	last := words[len(words)-1]
	if t.numeric() {
		switch {
		case (last == "lat" || last == "latitude") && within(values, 90):
			return Latitude
		case (last == "lon" || last == "long" || last == "lng" || last == "longitude") && within(values, 180):
			return Longitude
		}
		return ""
	}
	if t != Text {
		return ""
	}
	switch strings.Join(words, " ") {
	case "country", "country region", "country name", "country code", "nation", "country or region", "location country":
		return Country
	case "state", "province", "province state", "state province", "region", "region name", "state name", "province name", "admin1":
		return Region
	}
	return ""
}

// within reports whether no value is farther from 0.
func within(values []any, most float64) bool {
	for _, v := range values {
		if n := float(v); n > most || n < -most {
			return false
		}
	}
	return true
}

var isoDate = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)

// isISODates reports whether all values are dates as 2020-09-10, and there are some.
func isISODates(values []any) bool {
	some := false
	for _, v := range values {
		s, ok := v.(string)
		if !ok || s == "" {
			continue
		}
		if !isoDate.MatchString(s) {
			return false
		}
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return false
		}
		some = true
	}
	return some
}

// sampleSQL reads the columns of a source as they are.
func (a *asking) sampleSQL(columns []Column, rows int) (string, error) {
	from, err := a.sourceSQL()
	if err != nil {
		return "", err
	}
	var items []string
	for _, c := range columns {
		x, err := a.columnSQL(Field{Name: c.Name, Column: c.Name})
		if err != nil {
			return "", err
		}
		t, err := trinosql.ParseType(c.Type)
		if err != nil {
			x = "NULL"
		} else if TypeOf(c.Type) == Text {
			x, _ = asText(x, t)
		}
		items = append(items, x)
	}
	return "SELECT " + strings.Join(items, ", ") + "\nFROM " + from + "\nLIMIT " + itoa(rows), nil
}
