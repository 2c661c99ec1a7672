package dash

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lethe"
	"lethe/lib/trinosql"
)

// literal writes a value that came as text as a literal of SQL. What is not of the
// type is an error that says so.
func literal(t Type, v string) (string, error) {
	switch t {
	case Integer, Decimal:
		return number(v)
	case Date, Time:
		at, err := instantOf(v)
		if err != nil {
			return "", err
		}
		return instantLiteral(t, at)
	case Boolean:
		if v != "true" && v != "false" {
			return "", lethe.Errorf(lethe.Invalid, "%q is neither true nor false", v)
		}
		return v, nil
	}
	if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
		return "", lethe.Errorf(lethe.Invalid, "a value is not text in UTF-8")
	}
	return trinosql.QuoteString(v), nil
}

// number writes a number: as it is if it is whole.
func number(v string) (string, error) {
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		if n == math.MinInt64 { // its digits alone are no bigint
			return "CAST('" + v + "' AS bigint)", nil
		}
		return strconv.FormatInt(n, 10), nil
	}
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return "", lethe.Errorf(lethe.Invalid, "%q is not a number", v)
	}
	return strconv.FormatFloat(n, 'E', -1, 64), nil
}

// instantOf reads a date or a time in ISO's forms, with a T or a space between.
func instantOf(v string) (time.Time, error) {
	for _, form := range instantForms {
		if t, err := time.Parse(form, v); err == nil {
			return t, nil
		}
	}
	return time.Time{}, lethe.Errorf(lethe.Invalid, "%q is not a date as 2020-09-10, or a time as 2020-09-10T12:00:00", v)
}

// instantLiteral writes a time as a literal of a type.
func instantLiteral(t Type, at time.Time) (string, error) {
	if at.Year() < 1 || at.Year() > 9999 {
		return "", lethe.Errorf(lethe.Invalid, "the year %d is not between 1 and 9999", at.Year())
	}
	if t == Date {
		return at.Format("DATE '2006-01-02'"), nil
	}
	return at.Format("TIMESTAMP '2006-01-02 15:04:05.000'"), nil
}
