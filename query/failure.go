package query

import (
	"errors"
	"regexp"
	"strings"

	"lethe"
	"lethe/lib/trinosql"
)

// failureTypes are the numbers that Athena gives for Trino's error codes, where
// they are known from the service's answers; other errors of users are 1000.
var failureTypes = map[string]int{
	"TABLE_NOT_FOUND":       1301,
	"SCHEMA_NOT_FOUND":      1301,
	"COLUMN_NOT_FOUND":      1006,
	"CATALOG_NOT_FOUND":     1006,
	"TYPE_MISMATCH":         1002,
	"FUNCTION_NOT_FOUND":    1303,
	"DIVISION_BY_ZERO":      1001,
	"INVALID_CAST_ARGUMENT": 1100,
	"NOT_SUPPORTED":         1200,
}

var trinoCode = regexp.MustCompile(`^([A-Z][A-Z0-9_]+): `)

// failure puts an error into Athena's classes. The message begins with Trino's
// code, as "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved".
func failure(err error) *Failure {
	msg := message(err)
	code := ""
	if m := trinoCode.FindStringSubmatch(msg); m != nil {
		code = m[1]
	}
	f := &Failure{Category: 2, Type: 1000, Message: msg}
	if n, ok := failureTypes[code]; ok {
		f.Type = n
	}
	switch kind := lethe.KindOf(err); kind {
	case lethe.Internal:
		var te *trinosql.Error
		if errors.As(err, &te) {
			return f
		}
		*f = Failure{Category: 1, Type: 200, Message: "internal error: " + msg}
	case lethe.Exhausted:
		*f = Failure{Category: 1, Type: 100, Retryable: true, Message: msg}
	case lethe.Conflict:
		f.Retryable = true
	case lethe.Denied:
		f.Type = 1103
	case lethe.Unsupported:
		if code == "" {
			f.Type, f.Message = 1200, "NOT_SUPPORTED: "+msg
		}
	case lethe.BadData:
		if code == "" {
			f.Message = "HIVE_BAD_DATA: " + msg
		}
	}
	return f
}

// message is an error's text with Trino's code before it.
func message(err error) string {
	var te *trinosql.Error
	if !errors.As(err, &te) {
		return err.Error()
	}
	if te.Err != nil {
		if le := (*lethe.Error)(nil); errors.As(te.Err, &le) && le.Kind != lethe.NotFound {
			text := le.Error()
			code := trinoCode.FindString(text)
			return code + te.Pos.String() + ": " + text[len(code):]
		}
	}
	if te.Code == "" {
		return te.Error()
	}
	return string(te.Code) + ": " + te.Error()
}

// syntax turns a parser's error into one for whoever sent the statement.
func syntax(err error) error {
	var te *trinosql.Error
	if !errors.As(err, &te) {
		return err
	}
	kind := lethe.Syntax
	if te.Code == trinosql.NotSupported {
		kind = lethe.Unsupported
	}
	return &lethe.Error{Kind: kind, Message: strings.TrimSpace(te.Error()), Cause: err}
}
