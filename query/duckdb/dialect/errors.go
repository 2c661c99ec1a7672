package dialect

import (
	"regexp"
	"strings"

	"lethe"
)

// Overflowed reports whether a message of DuckDB is one after which the wide
// form of a statement gives the answer.
func Overflowed(message string) bool {
	return strings.Contains(message, " of DECIMAL(18)")
}

var (
	codePattern     = regexp.MustCompile(`^[A-Z_]+$`)
	castPattern     = regexp.MustCompile(`Could not convert string ['"](.*)['"] to (\w+)`)
	valuePattern    = regexp.MustCompile(`(?:Type \w+ with value|Could not cast value) (\S+)`)
	integerOverflow = regexp.MustCompile(`Overflow in (\w+) of (U?INT\d+|HUGEINT|DECIMAL\(\d+\)|\w+) ?\(?(.*?)\)?[!.]?$`)
	pathPattern     = regexp.MustCompile(`"?/[^\s"':,)]+"?`)
)

// MapError turns DuckDB's message about a statement of this package into an
// error in Trino's words: "DIVISION_BY_ZERO: Division by zero". Its text shows no
// local path. Nil means that the message is not one of a user's making: it may be
// about a file, or an inner error, and the caller knows more.
func MapError(message string) *lethe.Error {
	if i := strings.Index(message, mark); i >= 0 {
		code, text, ok := strings.Cut(message[i+len(mark):], "!")
		if ok && codePattern.MatchString(code) {
			kind := lethe.Invalid
			if code == "NOT_SUPPORTED" {
				kind = lethe.Unsupported
			}
			return lethe.Errorf(kind, "%s: %s", code, text)
		}
	}
	message, _, _ = strings.Cut(message, "\n")
	switch {
	case strings.Contains(message, "More than one row returned by a subquery"):
		return lethe.Errorf(lethe.Invalid, "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows")
	case strings.Contains(message, "of DECIMAL("):
		return lethe.Errorf(lethe.Invalid, "NUMERIC_VALUE_OUT_OF_RANGE: Decimal overflow")
	case strings.Contains(message, "Out of Range Error"), strings.Contains(message, "Overflow on abs"):
		return lethe.Errorf(lethe.Invalid, "NUMERIC_VALUE_OUT_OF_RANGE: %s", overflow(message))
	case strings.Contains(message, "Conversion Error"):
		return conversion(message)
	case strings.Contains(message, "Binder Error"), strings.Contains(message, "Not implemented Error"),
		strings.Contains(message, "Parser Error"):
		// What DuckDB refuses although the emitter thought that it would not.
		return lethe.Errorf(lethe.Unsupported, "the statement uses a combination of features that is not supported").
			WithHint("compute parts of it in subqueries")
	}
	return nil
}

var intNames = map[string]string{"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint", "INT128": "decimal"}

// overflow words an arithmetic overflow as Trino: "bigint addition overflow: 1 + 2".
func overflow(message string) string {
	if m := integerOverflow.FindStringSubmatch(message); m != nil {
		name := intNames[m[2]]
		if name == "" {
			name = "value"
		}
		s := name + " " + m[1] + " overflow"
		if m[3] != "" {
			s += ": " + m[3]
		}
		return s
	}
	if _, rest, ok := strings.Cut(message, "Out of Range Error: "); ok {
		message = rest
	}
	return pathPattern.ReplaceAllString(message, "")
}

func conversion(message string) *lethe.Error {
	if m := castPattern.FindStringSubmatch(message); m != nil {
		name := map[string]string{"INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INT", "INT64": "BIGINT"}[m[2]]
		if name == "" {
			name = m[2]
		}
		return lethe.Errorf(lethe.Invalid, "INVALID_CAST_ARGUMENT: Cannot cast '%s' to %s", m[1], name)
	}
	if m := valuePattern.FindStringSubmatch(message); m != nil {
		return lethe.Errorf(lethe.Invalid, "NUMERIC_VALUE_OUT_OF_RANGE: Value out of range: %s", m[1])
	}
	_, rest, _ := strings.Cut(message, "Conversion Error: ")
	return lethe.Errorf(lethe.Invalid, "INVALID_CAST_ARGUMENT: %s", pathPattern.ReplaceAllString(rest, ""))
}
