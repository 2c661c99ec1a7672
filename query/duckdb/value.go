package duckdb

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"lethe/lib/trinosql"
)

var decimalText = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$`)

// checkText reports whether a partition's text is a value of a type.
func checkText(v string, t *trinosql.Type) error {
	var err error
	switch t.Kind {
	case trinosql.KindBoolean:
		if !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") {
			err = fmt.Errorf("%q is neither true nor false", v)
		}
	case trinosql.KindTinyint:
		_, err = strconv.ParseInt(v, 10, 8)
	case trinosql.KindSmallint:
		_, err = strconv.ParseInt(v, 10, 16)
	case trinosql.KindInteger:
		_, err = strconv.ParseInt(v, 10, 32)
	case trinosql.KindBigint:
		_, err = strconv.ParseInt(v, 10, 64)
	case trinosql.KindReal, trinosql.KindDouble:
		if strings.ContainsAny(v, "_xXpP") {
			err = fmt.Errorf("%q is not a decimal number", v)
		} else {
			_, err = strconv.ParseFloat(v, 64)
		}
	case trinosql.KindDecimal:
		digits := strings.TrimLeft(strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, v), "0")
		if !decimalText.MatchString(v) || len(digits) > t.Precision {
			err = fmt.Errorf("%q is not a %s", v, t)
		}
	case trinosql.KindDate:
		_, err = time.Parse(time.DateOnly, v)
	case trinosql.KindTimestamp:
		if _, err = time.Parse(time.DateTime, v); err != nil {
			_, err = time.Parse(time.DateOnly, v)
		}
	default:
		err = fmt.Errorf("%s cannot be a partition key", t)
	}
	return err
}
