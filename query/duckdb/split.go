package duckdb

import (
	"strings"

	"lethe/lib/delimited"
)

// joint stands between the fields that a function hands back to DuckDB. It is the
// noncharacter that separates columns where lines are read, so no line holds it.
const joint = "\U0010FFFF"

// jointSQL is joint in SQL.
const jointSQL = "chr(1114111)"

// splitQuoted cuts a line as OpenCSVSerde does and joins the fields.
func splitQuoted(line, sep, quote, esc string) (string, error) {
	var out strings.Builder
	err := delimited.SplitQuoted([]byte(line), sep, quote, esc, func(from, _ int, text []byte) {
		if from > 0 {
			out.WriteString(joint)
		}
		out.Write(text)
	})
	if err != nil {
		return "", err
	}
	return out.String(), nil
}

// splitEscaped cuts a line as LazySimpleSerDe with an escape character does and
// joins the fields. A field is the letter n if it is null, else v and its text.
// Null is recognized before escapes are undone.
func splitEscaped(line, sep, esc, null string) string {
	var out strings.Builder
	delimited.SplitEscaped([]byte(line), sep, esc, func(from, to int, text []byte) {
		if from > 0 {
			out.WriteString(joint)
		}
		if line[from:to] == null {
			out.WriteByte('n')
			return
		}
		out.WriteByte('v')
		out.Write(text)
	})
	return out.String()
}
