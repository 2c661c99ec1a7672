package dash

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lethe"
)

// The bounds of what can be sent. Those of analyses are QuickSight's quotas where it has
// one (QuickSight User Guide, "Service quotas"); a statement's is Athena's.
const (
	maxDocument    = 1 << 20 // bytes, as JSON
	maxName        = 128     // characters
	maxText        = 20_000  // characters of a description, a text visual, an expression
	maxSQL         = 262_144 // bytes
	maxFields      = 2000
	maxTables      = 32
	maxPairs       = 16 // of a join
	maxParts       = 200
	maxSchedules   = 5
	maxValues      = 1000 // of a filter
	maxValue       = 2047 // characters
	maxDataSets    = 50   // of an analysis
	maxSheets      = 20
	maxVisuals     = 50 // of a sheet
	maxWindow      = 3650
	maxRows        = 10_000 // of the grid of a sheet
	maxVisualGroup = 100_000
)

// wrong is what is wrong with a document, at a place in it.
type wrong struct {
	at, what string
}

func (w *wrong) Error() string { return w.at + ": " + w.what }

// invalid makes the error of a request of it.
func (w *wrong) invalid() error {
	return &lethe.Error{Kind: lethe.Invalid, Message: w.Error(), Cause: w}
}

// check collects the first thing that is wrong.
type check struct{ first *wrong }

// fail notes that something is wrong at a place, which is that of JSON with the parts' names and
// numbers: fields[2].name.
func (c *check) fail(at, format string, args ...any) {
	if c.first == nil {
		c.first = &wrong{at, fmt.Sprintf(format, args...)}
	}
}

func (c *check) err() error {
	if c.first == nil {
		return nil
	}
	return c.first.invalid()
}

func (c *check) most(at string, n, most int) {
	if n > most {
		c.fail(at, "%d are too many; %d are allowed", n, most)
	}
}

// name holds a name that people read against the rules.
func (c *check) name(at, name string) {
	switch {
	case strings.TrimSpace(name) == "":
		c.fail(at, "it must not be empty")
	case strings.TrimSpace(name) != name:
		c.fail(at, "%q begins or ends with a space", name)
	default:
		c.text(at, name, maxName)
		if strings.ContainsFunc(name, unicode.IsControl) {
			c.fail(at, "it must be one line, without control characters")
		}
	}
}

func (c *check) text(at, text string, most int) {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		c.fail(at, "it is not text in UTF-8")
	}
	if n := utf8.RuneCountInString(text); n > most {
		c.fail(at, "it has %d characters; %d are allowed", n, most)
	}
}

var (
	wordForm  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)
	idForm    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	colorForm = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)
	clockForm = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
)

// word holds a name that stands in expressions and statements against the rules.
func (c *check) word(at, word string) {
	if !wordForm.MatchString(word) {
		c.fail(at, "%q must be 1 to 63 letters, digits and underscores, and not begin with a digit", word)
	}
}

func (c *check) id(at, id string) {
	if !idForm.MatchString(id) {
		c.fail(at, "%q must be 1 to 64 letters, digits, hyphens and underscores", id)
	}
}

// oneOf holds a word against those that there are; "" is one only if it is among them.
func oneOf[T ~string](c *check, at string, v T, all ...T) {
	if slices.Contains(all, v) {
		return
	}
	words := make([]string, 0, len(all))
	for _, a := range all {
		if a != "" {
			words = append(words, string(a))
		}
	}
	c.fail(at, "%q is none of %s", string(v), strings.Join(words, ", "))
}

// names finds names that stand twice, case apart.
type names map[string]string

func (n names) add(c *check, at, name string) {
	key := strings.ToLower(name)
	if before, ok := n[key]; ok {
		c.fail(at, "the name %q is at %s already", name, before)
	}
	n[key] = at
}

func (n names) has(name string) bool {
	_, ok := n[strings.ToLower(name)]
	return ok
}

// size holds a whole document against the bound.
func (c *check) size(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		c.fail("document", "it cannot be kept: %v", err)
	} else if len(b) > maxDocument {
		c.fail("document", "it has %d bytes; %d are allowed", len(b), maxDocument)
	}
}

var grains = []Grain{Year, Quarter, Month, Week, Day, Hour, Minute}

var aggregations = []Aggregation{Sum, Average, Minimum, Maximum, Count, CountDistinct, Median, Percentile95, Deviation, Variance}

var kinds = []FilterKind{Category, NumericEquality, NumericRange, TimeEquality, TimeRange, RelativeDates, TopBottom, Nulls}

// filter holds a filter against the rules. has tells which fields there are; nil if that is not
// known here.
func (c *check) filter(at string, f *Filter, has func(string) bool) {
	oneOf(c, at+".kind", f.Kind, kinds...)
	c.name(at+".field", f.Field)
	if has != nil && !has(f.Field) {
		c.fail(at+".field", "there is no field %q", f.Field)
	}
	if f.ID != "" {
		c.id(at+".id", f.ID)
	}
	numeric := f.Kind == NumericEquality || f.Kind == NumericRange
	if f.Aggregation != "" {
		if oneOf(c, at+".aggregation", f.Aggregation, aggregations...); !numeric {
			c.fail(at+".aggregation", "only numeric_equality and numeric_range filter what is aggregated")
		}
	}
	c.most(at+".values", len(f.Values), maxValues)
	for i, v := range f.Values {
		where := fmt.Sprintf("%s.values[%d]", at, i)
		c.text(where, v, maxValue)
		switch f.Kind {
		case NumericEquality:
			c.number(where, v)
		case TimeEquality:
			c.instant(where, v)
		}
	}
	c.text(at+".contains", f.Contains, maxValue)
	for _, b := range []struct{ name, value string }{{"from", f.From}, {"to", f.To}} {
		switch {
		case b.value == "":
		case f.Kind == NumericRange:
			c.number(at+"."+b.name, b.value)
		case f.Kind == TimeRange:
			c.instant(at+"."+b.name, b.value)
		default:
			c.fail(at+"."+b.name, "only ranges have bounds")
		}
	}
	if f.Anchor != "" {
		c.instant(at+".anchor", f.Anchor)
	}
	if f.N < 0 || f.N > maxVisualGroup {
		c.fail(at+".n", "%d is not between 0 and %d", f.N, maxVisualGroup)
	}
	switch f.Kind {
	case RelativeDates:
		oneOf(c, at+".relative", f.Relative, "this", "last", "next", "to_date")
		oneOf(c, at+".grain", f.Grain, grains...)
		if f.N == 0 && (f.Relative == "last" || f.Relative == "next") {
			c.fail(at+".n", "say how many, from 1")
		}
	case TopBottom:
		if f.N == 0 {
			c.fail(at+".n", "say how many, from 1")
		}
		if f.By == nil {
			c.fail(at+".by", "say by which measure")
		} else {
			c.of(at+".by", *f.By)
			if has != nil && f.By.Field != "*" && !has(f.By.Field) {
				c.fail(at+".by.field", "there is no field %q", f.By.Field)
			}
		}
	}
	oneOf(c, at+".nulls", f.Nulls, "", "only", "keep", "leave_out")
	c.most(at+".visuals", len(f.Visuals), maxVisuals*maxSheets)
	for i, v := range f.Visuals {
		c.id(fmt.Sprintf("%s.visuals[%d]", at, i), v)
	}
}

func (c *check) of(at string, o Of) {
	if oneOf(c, at+".aggregation", o.Aggregation, append([]Aggregation{""}, aggregations...)...); o.Field == "*" {
		if o.Aggregation != Count {
			c.fail(at+".aggregation", "of * only rows can be counted")
		}
		return
	}
	c.name(at+".field", o.Field)
}

func (c *check) number(at, v string) {
	if n, err := strconv.ParseFloat(v, 64); err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		c.fail(at, "%q is not a number", v)
	}
}

// instantForms are those of dates and times: ISO's, with a T or a space between.
var instantForms = []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02 15:04:05"}

func (c *check) instant(at, v string) {
	for _, form := range instantForms {
		if _, err := time.Parse(form, v); err == nil { // fractions of seconds are accepted
			return
		}
	}
	c.fail(at, "%q is not a date as 2020-09-10, or a time as 2020-09-10T12:00:00", v)
}

// value holds a text against a type.
func (c *check) value(at string, t Type, v string) {
	c.text(at, v, maxValue)
	switch t {
	case Integer:
		if _, err := strconv.ParseInt(v, 10, 64); err != nil {
			c.fail(at, "%q is not a whole number of 64 bits", v)
		}
	case Decimal:
		c.number(at, v)
	case Date, Time:
		c.instant(at, v)
	case Boolean:
		oneOf(c, at, v, "true", "false")
	}
}

func (c *check) edited(e *Edited) {
	c.name("name", e.Name)
	c.text("description", e.Description, maxText)
}
